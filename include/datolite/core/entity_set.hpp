// entity_set: entities as one bit each, for ids that lie close together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <datolite/core/datom.hpp>

namespace datolite {

/// Immutable; any number of threads may ask.
class entity_set {
 public:
  /// The set of `ids`, in any order, one or more times each. Nothing where they lie so far apart that their
  /// bits would take more memory than they do, or there are none. O(n), and a bit for each id between the
  /// least and the greatest.
  static std::optional<entity_set> of(std::span<const entity_id> ids);

  bool contains(entity_id e) const noexcept {
    const std::size_t at = place_of(e);  // of an id below the least, far above the greatest's
    return at / 64 < bits_.size() && (bits_[at / 64] >> (at % 64) & 1) != 0;
  }

 private:
  entity_set() = default;
  std::size_t place_of(entity_id e) const noexcept {
    return static_cast<std::size_t>(static_cast<std::uint64_t>(e) - static_cast<std::uint64_t>(least_));
  }

  entity_id least_ = 0;
  std::vector<std::uint64_t> bits_;
};

}  // namespace datolite

#ifndef DATOLITE_COMPILED
#include <datolite/core/detail/entity_set.hpp>
#endif
