// typed_runs: the past facts of a typed index, as sorted runs.
//
// Past rows only come, many at a time, and are asked for far less often than they come; a tree would copy or
// search a path for each. So each batch is a sorted array of its own, and arrays are united when they are of
// like size: a row is moved some log₈(n) times in all, and as many runs are merged by a reader (a
// log-structured merge, O'Neil et al. 1996).
//
// Invariants: a run never changes once it is there; each has more than 8 times as many rows as the next.
//
// Threads: any number may read and copy runs; an edit needs its own copy alone. Copies share the runs.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include <datolite/core/sort_prefix.hpp>
#include <datolite/datoms/typed_row.hpp>

namespace datolite::datoms::typed {

class run {
 public:
  explicit run(std::vector<row> ascending) : rows_{std::move(ascending)} {
    words_.reserve(rows_.size());
    for (const row& r : rows_) words_.push_back(prefix::of(r));
  }
  std::size_t size() const noexcept { return rows_.size(); }
  const row& operator[](std::size_t i) const noexcept { return rows_[i]; }

  /// The first row not before `at`. O(log n), mostly among words.
  std::size_t lower_bound(const place& at) const {
    const auto [low, high] = std::equal_range(words_.begin(), words_.end(), prefix::of(at));
    const auto first = rows_.begin() + (low - words_.begin()), last = rows_.begin() + (high - words_.begin());
    const auto before = [](const row& r, const place& p) { return row_less{}(r, p); };
    return static_cast<std::size_t>(std::lower_bound(first, last, at, before) - rows_.begin());
  }
  const std::vector<row>& rows() const noexcept { return rows_; }

 private:
  using prefix = sort_prefix<row, row_less>;
  std::vector<row> rows_;
  std::vector<std::uint64_t> words_;
};

class runs {
 public:
  bool empty() const noexcept { return all_ == nullptr; }
  std::size_t count() const noexcept { return empty() ? 0 : all_->size(); }
  const run& operator[](std::size_t i) const noexcept { return *(*all_)[i]; }

  /// How many rows lie between two places. O(log² n).
  std::size_t count_range(const place& low, const place& high) const {
    std::size_t n = 0;
    for (std::size_t i = 0; i < count(); ++i) n += (*this)[i].lower_bound(high) - (*this)[i].lower_bound(low);
    return n;
  }

  /// Adds rows, which ascend. O(rows · log n) amortised.
  void add(std::vector<row> rows) {
    if (rows.empty()) return;
    auto next = empty() ? std::make_shared<list>() : std::make_shared<list>(*all_);
    while (!next->empty() && next->back()->size() <= ratio * rows.size()) {
      const std::vector<row>& older = next->back()->rows();
      std::vector<row> both;
      both.reserve(older.size() + rows.size());
      std::merge(older.begin(), older.end(), std::make_move_iterator(rows.begin()),
                 std::make_move_iterator(rows.end()), std::back_inserter(both), row_less{});
      rows = std::move(both);
      next->pop_back();
    }
    next->push_back(std::make_shared<const run>(std::move(rows)));
    all_ = std::move(next);
  }

  /// Leaves only the rows that `keep`. O(n).
  template <class Keep>
  void filter(Keep&& keep) {
    std::vector<row> kept;
    for (std::size_t i = 0; i < count(); ++i) {
      for (const row& r : (*this)[i].rows()) {
        if (keep(r)) kept.push_back(r);
      }
    }
    std::sort(kept.begin(), kept.end(), row_less{});
    all_.reset();
    add(std::move(kept));
  }

 private:
  static constexpr std::size_t ratio = 8;
  using list = std::vector<std::shared_ptr<const run>>;
  std::shared_ptr<const list> all_;
};

/// Reads the rows of all runs between two places, merged, from either end.
class runs_reader {
 public:
  void seek(const runs& of, const place& low, const place& high, bool descending) {
    descending_ = descending;
    parts_.clear();
    for (std::size_t i = 0; i < of.count(); ++i) {
      const part one{&of[i], of[i].lower_bound(low), of[i].lower_bound(high)};
      if (one.from < one.to) parts_.push_back(one);
    }
    settle();
  }
  void clear() noexcept { parts_.clear(), front_ = nullptr; }
  const row* front() const noexcept { return front_; }
  /// REQUIRES: front() is not null.
  void advance() {
    part& first = parts_[at_];
    descending_ ? --first.to : ++first.from;
    if (first.from == first.to) parts_.erase(parts_.begin() + static_cast<std::ptrdiff_t>(at_));
    settle();
  }

 private:
  struct part {
    const run* of;
    std::size_t from, to;
  };

  void settle() {
    front_ = nullptr;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      const part& one = parts_[i];
      const row* const r = &(*one.of)[descending_ ? one.to - 1 : one.from];
      if (front_ != nullptr && row_less{}(*r, *front_) == descending_) continue;
      front_ = r, at_ = i;
    }
  }

  bool descending_ = false;
  std::vector<part> parts_;
  std::size_t at_ = 0;
  const row* front_ = nullptr;
};

}  // namespace datolite::datoms::typed
