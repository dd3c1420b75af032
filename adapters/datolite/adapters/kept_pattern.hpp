// kept_pattern: a data pattern copied, for relations that read later than they are asked.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include <datolite/adapters/bound_conversion.hpp>
#include <datolite/core/value.hpp>
#include <datolite/query/pattern.hpp>
#include <datolite/query/rows.hpp>

namespace datolite::adapters {

class kept_pattern {
 public:
  explicit kept_pattern(const query::clause_pattern& pattern) : past_{pattern.past}, io_{pattern.io} {
    slots_.reserve(pattern.size());
    for (std::size_t slot = 0; slot < pattern.size(); ++slot) {
      slots_.push_back({pattern.consts[slot], pattern.starts[slot], pattern.whiles[slot]});
      if (pattern.consts[slot]) constants_end_ = slot + 1;
    }
  }

  std::size_t size() const noexcept { return slots_.size(); }
  const std::optional<value>& constant(std::size_t slot) const noexcept { return slots_[slot].constant; }

  /// Where an order of values of type `type` in this slot may begin.
  std::optional<range_bound> start(std::size_t slot, kind type) const {
    const auto& advice = slots_[slot].start;
    return advice ? bound_for(type, *advice, true, !past_.contains(slot)) : std::nullopt;
  }

  /// Where it may stop.
  std::optional<range_bound> stop(std::size_t slot, kind type) const {
    const auto& advice = slots_[slot].until;
    return advice ? stop_for(type, *advice) : std::nullopt;
  }

  /// Whether `row` has the constants from slot `first` on.
  template <class Row>
  bool matches(const Row& row, std::size_t first = 0) const {
    for (std::size_t slot = first; slot < constants_end_; ++slot) {
      const auto& wanted = slots_[slot].constant;
      if (!wanted) continue;
      if (slot >= row.size() || !query::slot_holds(query::comparison::equal, row, slot, *wanted))
        return false;
    }
    return true;
  }

  io_counters* io() const noexcept { return io_; }

 private:
  struct slot_advice {
    std::optional<value> constant;
    std::optional<value> start;
    std::optional<query::take_while> until;
  };

  std::vector<slot_advice> slots_;
  std::size_t constants_end_ = 0;  ///< one past the last slot that has one
  query::slot_set past_;
  io_counters* io_;
};

}  // namespace datolite::adapters
