// io_stats: what reading cost, counted where it happens.
//
// A reader of datoms is given a place to count in, or none; there is no hidden or global state. Not atomic: one
// place to count is used by one thread.
#pragma once

#include <array>
#include <cstdint>

#include <datolite/core/datom.hpp>

namespace datolite {

/// The cost of reading one index, or of one engine.
struct io_counts {
  std::uint64_t seeks = 0;  ///< an ordered search from the root of an index
  std::uint64_t steps = 0;  ///< moves to a neighbouring entry
  std::uint64_t reads = 0;  ///< datoms (or rows) handed out
  std::uint64_t blocks = 0;  ///< blocks of datoms opened; zero where the layout has none

  io_counts& operator+=(const io_counts& o) noexcept {
    seeks += o.seeks, steps += o.steps, reads += o.reads, blocks += o.blocks;
    return *this;
  }
  friend bool operator==(const io_counts&, const io_counts&) = default;
};

/// The cost of one query, by index; `other` counts sources that are no datom index.
struct io_counters {
  std::array<io_counts, 4> by_index{};  ///< by index_order
  io_counts other;

  io_counts& of(index_order index) noexcept { return by_index[static_cast<std::size_t>(index)]; }
  io_counts total() const noexcept {
    io_counts sum = other;
    for (const io_counts& one : by_index) sum += one;
    return sum;
  }
};

}  // namespace datolite
