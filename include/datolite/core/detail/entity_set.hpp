// The definitions of entity_set.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <datolite/core/datom.hpp>
#include <datolite/core/entity_set.hpp>
#include <datolite/core/linkage.hpp>

namespace datolite {

DATOLITE_INLINE std::optional<entity_set> entity_set::of(std::span<const entity_id> ids) {
  if (ids.empty()) return std::nullopt;
  const auto [least, greatest] = std::minmax_element(ids.begin(), ids.end());
  entity_set out;
  out.least_ = *least;
  const std::uint64_t last = out.place_of(*greatest);
  if (last / 64 > ids.size()) return std::nullopt;
  out.bits_.resize(static_cast<std::size_t>(last / 64 + 1));
  for (const entity_id e : ids) out.bits_[out.place_of(e) / 64] |= std::uint64_t{1} << (out.place_of(e) % 64);
  return out;
}

}  // namespace datolite
