// packed_column: searches of what ascends, onward from where the last one ended.
//
// Threads: immutable. Lifetime: views into a block.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <datolite/datoms/packed_bits.hpp>

namespace datolite::datoms::packed {

namespace detail {

/// The first of [from, to) that is not `before`, where those that are come first: O(log of how far away).
template <class Before>
std::size_t gallop(std::size_t from, std::size_t to, Before&& before) {
  std::size_t probe = from;
  for (std::size_t step = 1; probe < to && before(probe); step *= 2) {
    from = probe + 1;
    probe = std::min(to, probe + step);
  }
  while (from < probe) {
    const std::size_t middle = (from + probe) / 2;
    before(middle) ? from = middle + 1 : probe = middle;
  }
  return from;
}

}  // namespace detail

/// A column of a block that ascends, in which runs of equal numbers are looked for, each onward from the
/// last.
class word_column {
 public:
  /// REQUIRES: the column has `size` numbers, and size > 0.
  word_column(const bits& column, std::int64_t base, std::size_t size) noexcept
      : column_{column}, base_{base}, size_{size}, last_{column[size - 1]} {
    if (last_ > 0) share_ = static_cast<double>(size - 1) / static_cast<double>(last_);
  }

  /// The rows of [from, size) that have `word`. REQUIRES: no row before `from` has it.
  std::pair<std::size_t, std::size_t> run(std::int64_t word, std::size_t from) const noexcept {
    if (word < base_ || from >= size_) return {from, from};
    const std::uint64_t distance = static_cast<std::uint64_t>(word) - static_cast<std::uint64_t>(base_);
    if (distance > last_) return {size_, size_};
    const std::size_t first = lower_bound(distance, from);
    return {first, detail::gallop(first, size_, [&](std::size_t i) { return column_[i] == distance; })};
  }

 private:
  /// From where the number would stand if they were evenly spread: ids of entities nearly are.
  /// REQUIRES: distance <= last_, from < size_.
  std::size_t lower_bound(std::uint64_t distance, std::size_t from) const noexcept {
    const auto before = [&](std::size_t i) { return column_[i] < distance; };
    const auto even = static_cast<std::size_t>(static_cast<double>(distance) * share_);
    std::size_t high = std::clamp(even, from, size_ - 1);
    if (before(high)) return detail::gallop(high + 1, size_, before);
    for (std::size_t step = 1; from < high; step *= 2) {
      const std::size_t probe = high - std::min(step, high - from);
      if (before(probe)) {
        from = probe + 1;
        break;
      }
      high = probe;
    }
    while (from < high) {
      const std::size_t middle = (from + high) / 2;
      before(middle) ? from = middle + 1 : high = middle;
    }
    return from;
  }

  bits column_;
  std::int64_t base_;
  std::size_t size_;
  std::uint64_t last_;
  double share_ = 0;
};

}  // namespace datolite::datoms::packed
