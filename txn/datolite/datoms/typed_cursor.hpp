// typed_cursor: reads ranges of datoms from a typed index: its trees and its tail merged, past rows where the
// time asks.
//
// Threads: used by one. Must not outlive the index.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <datolite/core/datom.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/io_stats.hpp>
#include <datolite/core/sorted_map.hpp>
#include <datolite/datoms/datom_index.hpp>
#include <datolite/datoms/datom_range.hpp>
#include <datolite/datoms/row_output.hpp>
#include <datolite/datoms/typed_row.hpp>
#include <datolite/datoms/typed_runs.hpp>
#include <datolite/datoms/typed_tail.hpp>
#include <datolite/datoms/word_run.hpp>

namespace datolite::datoms::typed {

using tree = sorted_set<row, row_less>;

/// The rows of one tree between two places, from either end.
class tree_run {
 public:
  /// REQUIRES: `in` is the same tree each time.
  void seek(const tree& in, const place_range& range, bool descending) {
    descending_ = descending;
    const auto low =
        std::exchange(stands_, true) ? in.lower_bound(range.low, at_) : in.lower_bound(range.low);
    const auto high = end_of(in, range, low);
    at_ = descending ? high : low;
    end_ = descending ? low : high;
    settle();
  }
  void clear() noexcept { front_ = nullptr; }
  const row* front() const noexcept { return front_; }
  /// REQUIRES: front() is not null.
  void advance() noexcept {
    if (!descending_) ++at_;
    settle();
  }
  /// The next rows, as many as lie side by side; none at the end. REQUIRES: the run ascends.
  std::span<const row> side_by_side() const noexcept {
    return front_ == nullptr ? std::span<const row>{} : at_.side_by_side(end_);
  }
  /// REQUIRES: n <= side_by_side().size(), and that is not 0.
  void skip(std::size_t n) noexcept {
    at_.skip(n);
    settle();
  }

 private:
  /// Where the rows of the range end: most often, after a few.
  static tree::iterator end_of(const tree& in, const place_range& range, const tree::iterator& low) {
    constexpr std::size_t few = 8;
    const auto rows = low.side_by_side();
    std::size_t n = 0;
    while (n < rows.size() && n < few && row_less{}(rows[n], range.high)) ++n;
    if (n == rows.size() || n == few) return in.lower_bound(range.high, low);
    auto high = low;
    high.skip(n);
    return high;
  }

  void settle() noexcept {
    if (at_ == end_) {
      front_ = nullptr;
      return;
    }
    if (descending_) --at_;
    front_ = &*at_;
  }

  bool descending_ = false;
  bool stands_ = false;  ///< at_ is where the last run was left: the next may be near
  tree::iterator at_, end_;
  const row* front_ = nullptr;
};

/// The same of one listing of a tail.
class tail_run {
 public:
  void seek(const tail& of, const tail::listing& in, const place_range& range, bool descending) {
    tail_ = &of, listing_ = &in, descending_ = descending;
    low_ = of.lower_bound(in, range.low.order, range.low);
    high_ = of.lower_bound(in, range.low.order, range.high);
  }
  void clear() noexcept { low_ = high_ = 0; }
  const row* front() const noexcept { return low_ >= high_ ? nullptr : &(*tail_)[at()]; }
  /// The row's position in the tail. REQUIRES: front() is not null.
  std::size_t at() const noexcept { return (*listing_)[descending_ ? high_ - 1 : low_]; }
  void advance() noexcept { descending_ ? --high_ : ++low_; }

 private:
  const tail* tail_ = nullptr;
  const tail::listing* listing_ = nullptr;
  std::size_t low_ = 0, high_ = 0;
  bool descending_ = false;
};

class cursor final : public datom_cursor {
 public:
  cursor(const tree& current, const runs& past, const tail& newest, index_order order, components wanted,
         const time_filter& time, io_counters* io) noexcept
      : order_{order},
        wanted_{wanted},
        time_{time},
        io_{io == nullptr ? unread_ : io->of(order)},
        current_{current},
        past_{past},
        tail_{newest},
        output_{wanted, time} {}

  void seek(const datom_range& range) override {
    const place_range between = make_place_range(range);
    descending_ = range.descending;
    among_ = range.among;
    output_.begin(descending_);
    in_current_.clear(), in_past_.clear(), tail_current_.clear(), tail_past_.clear();
    if (between.empty) return;
    ++io_.seeks;
    in_current_.seek(current_, between, descending_);
    if (time_.needs_past() && !past_.empty()) in_past_.seek(past_, between.low, between.high, descending_);
    if (tail_.empty()) return;
    tail_current_.seek(tail_, tail_.current(order_), between, descending_);
    tail_past_.seek(tail_, tail_.past(order_), between, descending_);
  }

  bool next_batch(datom_columns& out, std::size_t at_most) override {
    out.clear();
    if (tail_current_.front() != nullptr) output_.reserve(out);
    output_.resume(out, at_most);
    while (out.size < at_most) {
      if (tail_current_.front() == nullptr && tail_past_.front() == nullptr && in_past_.front() == nullptr) {
        if (!next_current(out, at_most)) break;
        continue;
      }
      if (in_current_.front() == nullptr && tail_past_.front() == nullptr && in_past_.front() == nullptr) {
        next_of_tail(out, at_most);
        continue;
      }
      if (!next_merged(out, at_most)) break;
    }
    io_.reads += out.size;
    return out.size > 0;
  }

  void read_runs(datom_range range, components in, std::span<const std::int64_t> words, run_limits limits,
                 datom_columns& out, std::vector<std::size_t>& ends) override {
    const bool too_long = !limits.attributes.empty() && limits.each > taken_rows::room;
    if (words.empty() || !word_run::serves(range, in) || too_long || (time_.needs_past() && !past_.empty()))
      return datom_cursor::read_runs(std::move(range), in, words, limits, out, ends);
    in_current_.clear(), in_past_.clear(), tail_current_.clear(), tail_past_.clear();
    set_word(range, in, words[0]);
    word_run run{range, in};
    tail_ahead later{tail_, order_, run.at(words[0])};
    constexpr std::size_t together = 16;
    std::vector<word_place> lows;
    std::array<tree::iterator, together> found;
    lows.reserve(together);
    reserve_runs(out, wanted_, words.size(), limits.enough);
    taken_rows taken{*this, out};
    for (std::size_t from = 0; from < words.size(); from += together) {
      const auto some = words.subspan(from, std::min(together, words.size() - from));
      lows.clear();
      for (const std::int64_t word : some) lows.emplace_back(run.at(word));
      current_.lower_bounds(std::span<const word_place>{lows}, std::span{found}, near_);
      near_ = found[some.size() - 1];
      for (std::size_t i = 0; i < some.size(); ++i) {
        if (later.has(lows[i].at)) {
          taken.show();
          datom_cursor::read_runs(range, in, some.subspan(i, 1), limits, out, ends);
        } else {
          run.set(some[i]);
          take_run(taken, found[i], run, limits);
          ends.push_back(taken.in_all());
        }
        if (taken.in_all() >= limits.enough) return taken.show();
      }
    }
    taken.show();
  }

 private:
  /// Rows on their way to columns, many at a time.
  class taken_rows {
   public:
    static constexpr std::size_t room = 128;

    taken_rows(const cursor& of, datom_columns& out) noexcept : of_{of}, out_{out} {}
    /// Takes of `rows` the first that `wants` takes and the time shows, `left` at most, which it lowers.
    /// How many were looked at.
    template <class Wants>
    std::size_t add(std::span<const row> rows, std::size_t& left, Wants&& wants) {
      std::size_t n = 0;
      while (n < rows.size() && left > 0) {
        const std::size_t end = n + std::min({rows.size() - n, left, room - n_});
        const row** to = rows_.data() + n_;
        for (; n < end && wants(rows[n]); ++n) {
          *to = &rows[n];
          to += of_.time_.shows(rows[n].t_added) ? 1 : 0;
        }
        const auto taken = static_cast<std::size_t>(to - rows_.data()) - n_;
        n_ += taken, left -= taken;
        if (n_ == room) show();
        if (n < end) break;
      }
      return n;
    }
    void show() { of_.output_.append_current(out_, {rows_.data(), std::exchange(n_, 0)}); }
    std::size_t in_all() const noexcept { return out_.size + n_; }

    /// Sees to it that so many are not shown before the last of them is there. REQUIRES: n <= room.
    void keep_together(std::size_t n) {
      if (n_ + n >= room) show();
    }
    /// Leaves out those of the last `n` that have none of these attributes. REQUIRES: they were kept
    /// together.
    void keep_attributes(std::size_t n, std::span<const attribute_id> attributes) {
      const auto last = std::span{rows_}.subspan(n_ - n, n);
      n_ += datolite::keep_attributes(last, attributes, [](const row* r) { return r->a; }) - n;
    }

   private:
    const cursor& of_;
    datom_columns& out_;
    std::array<const row*, room> rows_;
    std::size_t n_ = 0;
  };

  /// Takes what the limits let through and the time shows of a run of the tree that begins at `at`.
  void take_run(taken_rows& taken, tree::iterator at, const word_run& run, const run_limits& limits) {
    if (!limits.attributes.empty()) taken.keep_together(limits.each);
    const std::size_t before = taken.in_all();
    ++io_.seeks;
    for (std::size_t left = limits.each;;) {
      const auto rows = at.side_by_side();
      const std::size_t n = taken.add(rows, left, [&](const row& r) { return run.has(r); });
      io_.steps += n;
      if (n == 0 || n < rows.size() || left == 0) break;
      at.skip(n);
    }
    const std::size_t n = taken.in_all() - before;
    io_.reads += n;
    if (n < limits.each && !limits.attributes.empty()) taken.keep_attributes(n, limits.attributes);
  }

  /// Takes rows of the tree of current facts while nothing else stands before the end, a column at a time.
  /// False at the end.
  bool next_current(datom_columns& out, std::size_t at_most) {
    if (in_current_.front() == nullptr) return false;
    constexpr std::size_t chunk = 128;
    const row* rows[chunk];
    std::size_t n = 0;
    while (in_current_.front() != nullptr && out.size + n < at_most) {
      const std::size_t room = std::min(chunk - n, at_most - out.size - n);
      n += descending_ ? take_one(rows + n) : take_neighbours(rows + n, room);
      if (n == chunk) output_.append_current(out, {rows, std::exchange(n, 0)});
    }
    output_.append_current(out, {rows, n});
    return true;
  }

  /// Takes rows of the tail's current facts, where there are no others before the end.
  void next_of_tail(datom_columns& out, std::size_t at_most) {
    constexpr std::size_t chunk = 128;
    const row* rows[chunk];
    std::size_t n = 0;
    const std::size_t most = std::min(chunk, at_most - out.size);
    for (; n < most && tail_current_.front() != nullptr; ++io_.steps, tail_current_.advance()) {
      const row* const next = tail_current_.front();
      rows[n] = next;
      n += time_.shows(next->t_added) ? 1 : 0;
    }
    output_.append_current(out, {rows, n});
  }

  /// Of the next rows those that are shown and wanted, looking at `room` at most; how many.
  std::size_t take_neighbours(const row** to, std::size_t room) {
    auto some = in_current_.side_by_side();
    some = some.first(std::min(some.size(), room));
    std::size_t n = 0, shown = 0;
    for (const row& r : some) {
      to[n] = &r;
      const bool shows = time_.shows(r.t_added);
      shown += shows ? 1 : 0;
      n += shows && (among_ == nullptr || among_->contains(r.e)) ? 1 : 0;
    }
    io_.steps += some.size();
    io_.reads += shown - n;  // what is left out counts as read
    in_current_.skip(some.size());
    return n;
  }

  std::size_t take_one(const row** to) {
    const row* const at = in_current_.front();
    *to = at;
    ++io_.steps;
    in_current_.advance();
    return time_.shows(at->t_added) ? 1 : 0;
  }

  /// Takes the next row of all four runs. False at the end.
  bool next_merged(datom_columns& out, std::size_t at_most) {
    const row* next = nullptr;
    const auto consider = [&](const row* other) {
      if (other == nullptr) return;
      if (next == nullptr) {
        next = other;
        return;
      }
      const auto order = compare(*other, *next, order_);
      // Of two that are equal one is current in a tree and the other, in the tail, hides it: the latter
      // counts.
      if (descending_ ? order >= 0 : order <= 0) next = other;
    };
    const row* const in_tree = in_current_.front();
    consider(in_tree), consider(in_past_.front()), consider(tail_current_.front()),
        consider(tail_past_.front());
    if (next == nullptr) return false;
    ++io_.steps;
    if (next == tail_past_.front()) {
      const std::size_t at = tail_past_.at();
      if (tail_.hides(at) && in_tree != nullptr && compare(*in_tree, *next, order_) == 0)
        in_current_.advance();
      if (!tail_.forgotten(at)) output_.emit(out, *next, at_most);
      tail_past_.advance();
      return true;
    }
    output_.emit(out, *next, at_most);
    if (next == in_tree) {
      in_current_.advance();
    } else if (next == tail_current_.front()) {
      tail_current_.advance();
    } else {
      in_past_.advance();
    }
    return true;
  }

  const index_order order_;
  const components wanted_;
  const time_filter time_;
  io_counts unread_;
  io_counts& io_;
  const tree& current_;
  const runs& past_;
  const tail& tail_;
  const entity_set* among_ = nullptr;
  bool descending_ = false;
  row_output output_;
  tree::iterator near_;  ///< where the last of many runs began
  tree_run in_current_;
  runs_reader in_past_;
  tail_run tail_current_, tail_past_;
};

}  // namespace datolite::datoms::typed
