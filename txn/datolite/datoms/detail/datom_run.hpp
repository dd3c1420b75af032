// The definitions of datom_run.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <datolite/core/datom.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/io_stats.hpp>
#include <datolite/core/linkage.hpp>
#include <datolite/datoms/datom_run.hpp>

namespace datolite {

DATOLITE_INLINE datom_run::iterator::iterator(const datom_run& of, std::size_t first_batch)
    : in_{of.in_}, ranges_{of.ranges_}, first_{of.first_}, batch_{first_batch} {
  if (ranges_.empty()) return;
  cursor_ = in_->open_cursor(ranges_.front().index, components::all, of.io_);
  cursor_->seek(ranges_.front());
  advance();
}

DATOLITE_INLINE bool datom_run::iterator::fill() {
  while (row_ == columns_.size) {
    row_ = 0;
    if (cursor_->next_batch(columns_, batch_)) {
      batch_ = std::min(batch_ * 4, largest_batch);
    } else {
      columns_.clear();
      if (range_ + 1 == ranges_.size()) return false;
      cursor_->seek(ranges_[++range_]);
    }
  }
  return true;
}

DATOLITE_INLINE datom_run datom_run::counted_in(io_counters& io) const { return {in_, ranges_, first_, &io}; }

DATOLITE_INLINE datom_run::iterator datom_run::begin() const { return {*this, iterator::smallest_batch}; }

DATOLITE_INLINE std::optional<datom> datom_run::first() const {
  const iterator it{*this, 1};
  return it == end() ? std::nullopt : std::optional{*it};
}

DATOLITE_INLINE bool datom_run::empty() const { return !first(); }

DATOLITE_INLINE std::vector<datom> datom_run::to_vector() const {
  std::vector<datom> all;
  for (iterator it{*this, iterator::largest_batch}; it != end(); ++it) all.push_back(*it);
  return all;
}

DATOLITE_INLINE std::uint64_t datom_run::count() const {
  std::uint64_t n = 0;
  if (first_.all()) {
    for (const datom_range& one : ranges_) n += in_->count(one);
  } else {
    for (iterator it{*this, iterator::largest_batch}; it != end(); ++it) ++n;
  }
  return n;
}

}  // namespace datolite
