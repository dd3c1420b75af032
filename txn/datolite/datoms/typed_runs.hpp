// typed_runs: the past facts of a typed index, as sorted runs.
//
// Past rows only come, many at a time, and are asked for far less often than they come; a tree would copy or
// search a path for each. So each batch is a sorted array of its own, and four arrays of like size are
// united: a row is moved some log₄(n) times in all, and a reader merges at most three times as many runs (a
// log-structured merge, O'Neil et al. 1996, in tiers).
//
// Invariants: a run that is shared never changes; each has more than 4 times as many rows as the third after
// it.
//
// Threads: any number may read and copy runs; an edit needs its own copy alone. Copies share the runs.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include <datolite/core/sole_holder.hpp>
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
  const std::vector<row>& rows() const& noexcept { return rows_; }
  std::vector<row>&& rows() && noexcept { return std::move(rows_); }

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
    if (empty()) {
      all_ = std::make_shared<list>();
    } else if (!is_sole_holder(all_)) {
      all_ = std::make_shared<list>(*all_);
    }
    list& all = *all_;
    all.push_back(std::make_shared<run>(std::move(rows)));
    for (std::size_t n = all.size(); n >= alike && all[n - alike]->size() <= alike * all[n - 1]->size();
         n = all.size()) {
      std::array<std::vector<row>, alike> parts;
      for (std::size_t i = 0; i < alike; ++i) parts[i] = take(all[n - alike + i]);
      all.resize(n - alike);
      all.push_back(std::make_shared<run>(unite(parts)));
    }
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
  static constexpr std::size_t alike = 4;
  using list = std::vector<std::shared_ptr<run>>;

  /// The rows of a run that goes: its own where nobody else has it.
  static std::vector<row> take(const std::shared_ptr<run>& one) {
    return is_sole_holder(one) ? std::move(*one).rows() : one->rows();
  }
  /// Merges by stretches: what retires together often stands together, or behind all that did before.
  static std::vector<row> unite(std::array<std::vector<row>, alike>& parts) {
    std::vector<row> all;
    all.reserve(std::accumulate(parts.begin(), parts.end(), std::size_t{0},
                                [](std::size_t n, const auto& part) { return n + part.size(); }));
    const auto give = [&all](std::span<row> rows) {
      all.insert(all.end(), std::move_iterator{rows.begin()}, std::move_iterator{rows.end()});
    };
    std::array<std::span<row>, alike> left;  // from `first` on by their first rows
    std::copy(parts.begin(), parts.end(), left.begin());
    std::size_t first = alike;
    const auto settle = [&](std::size_t i) {
      for (; i + 1 < alike && row_less{}(left[i + 1].front(), left[i].front()); ++i)
        std::swap(left[i], left[i + 1]);
    };
    while (first > 0) settle(--first);
    while (first + 1 < alike) {
      const std::size_t n = stretch(left[first], left[first + 1].front());
      give(left[first].first(n));
      left[first] = left[first].subspan(n);
      left[first].empty() ? void(++first) : settle(first);
    }
    give(left[first]);
    return all;
  }
  /// How many rows come before `bound`, the first of which does: by doubling steps. O(log of the answer).
  static std::size_t stretch(std::span<const row> rows, const row& bound) {
    std::size_t before = 0, step = 1;
    for (; before + step < rows.size() && row_less{}(rows[before + step], bound); step *= 2) before += step;
    const auto from = rows.begin() + static_cast<std::ptrdiff_t>(before) + 1;
    const auto to = rows.begin() + static_cast<std::ptrdiff_t>(std::min(before + step, rows.size()));
    return static_cast<std::size_t>(std::lower_bound(from, to, bound, row_less{}) - rows.begin());
  }

  std::shared_ptr<list> all_;
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
    for (std::size_t i = parts_.size(); i-- > 0;) settle(i);
  }
  void clear() noexcept { parts_.clear(); }
  const row* front() const noexcept { return parts_.empty() ? nullptr : &head(parts_[0]); }
  /// REQUIRES: front() is not null.
  void advance() {
    part& first = parts_[0];
    descending_ ? --first.to : ++first.from;
    if (first.from == first.to) {
      parts_.erase(parts_.begin());
    } else {
      settle(0);
    }
  }

 private:
  struct part {
    const run* of;
    std::size_t from, to;
  };

  const row& head(const part& p) const noexcept { return (*p.of)[descending_ ? p.to - 1 : p.from]; }

  /// Moves the part at `i` behind those after it whose heads come first.
  void settle(std::size_t i) {
    for (; i + 1 < parts_.size(); ++i) {
      const row &one = head(parts_[i]), &next = head(parts_[i + 1]);
      if (!(descending_ ? row_less{}(one, next) : row_less{}(next, one))) return;
      std::swap(parts_[i], parts_[i + 1]);
    }
  }

  bool descending_ = false;
  std::vector<part> parts_;  // by their heads
};

}  // namespace datolite::datoms::typed
