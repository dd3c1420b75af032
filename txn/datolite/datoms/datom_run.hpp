// datom_run: a run of one index, read lazily.
//
// What `db::datoms`, `seek_datoms`, `rseek_datoms` and `index_range` give: a C++20 input range of datoms.
// Nothing is read before `begin()`; then batches are, which grow, so that looking at the first few costs
// little. Each `begin()` reads anew.
//
// Lifetime: a run keeps what it reads from alive. A datom that an iterator shows is valid until it is moved
// on. Threads: one run may be read by many threads at once, an iterator by one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <datolite/core/datom.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/io_stats.hpp>

namespace datolite {

/// The Ts between which datoms must lie, both inclusive.
struct t_limits {
  std::int64_t low = 0;
  std::int64_t high = std::numeric_limits<std::int64_t>::max();
  bool all() const noexcept { return *this == t_limits{}; }
  friend bool operator==(const t_limits&, const t_limits&) = default;
};

class datom_run {
 public:
  class iterator;

  /// The datoms of `ranges`, which are of one index, one range after another; of the first range only those
  /// within `first`. `io`, if given, counts what is read, and must outlive the iterators.
  datom_run(std::shared_ptr<const index_access> in, std::vector<datom_range> ranges, t_limits first = {},
            io_counters* io = nullptr)
      : in_{std::move(in)}, ranges_{std::move(ranges)}, first_{first}, io_{io} {}

  iterator begin() const;
  std::default_sentinel_t end() const noexcept { return {}; }

  /// Whether there is no datom. One search at most.
  bool empty() const;

  /// The first datom, if there is one.
  std::optional<datom> first() const;

  /// All of them.
  std::vector<datom> to_vector() const;

  /// How many there are, without reading them: exact when they are few, else an estimate.
  std::uint64_t count() const;

  /// The same run, counting what is read in `io`.
  datom_run counted_in(io_counters& io) const;

 private:
  std::shared_ptr<const index_access> in_;
  std::vector<datom_range> ranges_;  // none where there is nothing to read
  t_limits first_;
  io_counters* io_;
};

class datom_run::iterator {
 public:
  using value_type = datom;
  using difference_type = std::ptrdiff_t;
  using reference = const datom&;
  using pointer = const datom*;
  using iterator_concept = std::input_iterator_tag;

  iterator() = default;

  reference operator*() const noexcept { return at_; }
  pointer operator->() const noexcept { return &at_; }
  iterator& operator++() {
    advance();
    return *this;
  }
  void operator++(int) { advance(); }
  friend bool operator==(const iterator& it, std::default_sentinel_t) noexcept { return it.ended_; }

 private:
  friend class datom_run;
  static constexpr std::size_t smallest_batch = 8, largest_batch = 1024;

  iterator(const datom_run& of, std::size_t first_batch);

  void advance() {
    do {
      ended_ = !next();
    } while (!ended_ && range_ == 0 && (at_.t() < first_.low || at_.t() > first_.high));
  }

  bool next() {
    if (row_ == columns_.size && !fill()) return false;
    at_ = {columns_.e[row_], columns_.a[row_], std::move(columns_.v[row_]), columns_.t_op[row_]};
    ++row_;
    return true;
  }
  /// Reads on behind the last row; false at the end.
  bool fill();

  std::shared_ptr<const index_access> in_;  // before the cursor, which must go first
  std::vector<datom_range> ranges_;
  t_limits first_;
  std::unique_ptr<datom_cursor> cursor_;
  datom_columns columns_;
  std::size_t range_ = 0, row_ = 0, batch_ = smallest_batch;
  datom at_;
  bool ended_ = true;
};

}  // namespace datolite

#ifndef DATOLITE_COMPILED
#include <datolite/datoms/detail/datom_run.hpp>
#endif
