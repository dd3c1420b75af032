// kept_pattern: a data pattern copied, for relations that read later than they are asked.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include <datolite/core/index_access.hpp>
#include <datolite/core/value.hpp>
#include <datolite/query/pattern.hpp>
#include <datolite/query/rows.hpp>

namespace datolite::query {

class kept_pattern {
 public:
  explicit kept_pattern(const clause_pattern& p);

  /// The pattern; valid while this is.
  clause_pattern view() const noexcept;

  std::size_t size() const noexcept { return consts_.size(); }
  const std::optional<value>& constant(std::size_t slot) const noexcept { return consts_[slot]; }

  /// Where an order of values of type `type` in this slot may begin.
  std::optional<range_bound> start(std::size_t slot, kind type) const;

  /// Where it may stop.
  std::optional<range_bound> stop(std::size_t slot, kind type) const;

  /// Whether `row` has the constants from slot `first` on.
  template <class Row>
  bool matches(const Row& row, std::size_t first = 0) const {
    for (std::size_t slot = first; slot < constants_end_; ++slot) {
      const auto& wanted = consts_[slot];
      if (!wanted) continue;
      if (slot >= row.size() || !slot_holds(comparison::equal, row, slot, *wanted)) return false;
    }
    return true;
  }

  io_counters* io() const noexcept { return io_; }

 private:
  std::vector<std::optional<value>> consts_, starts_;
  std::vector<std::optional<take_while>> whiles_;
  std::vector<slot_pair> repeated_;
  std::size_t constants_end_ = 0;  ///< one past the last slot that has one
  slot_set wanted_, past_;
  io_counters* io_;
};

}  // namespace datolite::query

#ifndef DATOLITE_COMPILED
#include <datolite/query/detail/kept_pattern.hpp>
#endif
