// packed_rows: the two things that a packed index reads: runs of blocks, and the novelty beside them.
//
// Threads: used by one. They must not outlive what they read.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>
#include <utility>

#include <datolite/core/datom.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/io_stats.hpp>
#include <datolite/datoms/packed_base.hpp>
#include <datolite/datoms/packed_block.hpp>
#include <datolite/datoms/packed_column.hpp>
#include <datolite/datoms/packed_directory.hpp>
#include <datolite/datoms/typed_cursor.hpp>
#include <datolite/datoms/typed_index.hpp>
#include <datolite/datoms/typed_row.hpp>
#include <datolite/datoms/word_run.hpp>

namespace datolite::datoms::packed {

using typed::place_range;

/// The rows of one tree between two places, a block at a time, from either end.
class block_run {
 public:
  block_run(const base& of, tree_id tree, io_counts& io) noexcept : base_{&of}, tree_{tree}, io_{&io} {}

  /// Stands on the rows of the first block (the last, if descending) that has any. At most one search of the
  /// directory, none where the range begins in the block that was read last.
  void seek(const place_range& between, bool descending) {
    const directory& all = base_->tree(tree_);
    range_ = &between, descending_ = descending;
    from_ = to_ = 0;
    if (between.empty || all.size() == 0) return;
    reach(descending ? between.high : between.low);
    confine();
    if (from_ >= to_) step();
  }
  void clear() noexcept { from_ = to_ = 0; }

  /// The block in which `first` stands, whole; null if there is none. Of its rows none is left to read. At
  /// most one search of the directory, none where it is the block read last.
  const block* reach(const place& first) {
    from_ = to_ = 0;
    if (base_->tree(tree_).size() == 0) return nullptr;
    if (!is_in_last(first)) {
      ++io_->seeks;
      open(base_->tree(tree_).find(first));
    }
    return block_.shown;
  }
  /// Goes on to the block in which `first` stands. False if that is the one read last.
  /// REQUIRES: it is not before that one.
  bool reach_on(const place& first) {
    const std::size_t i = base_->tree(tree_).find_from(at_, first);
    if (i == at_) return false;
    ++io_->seeks;
    open(i);
    return true;
  }
  /// Does a block behind the one read last begin before `end`?
  bool goes_on_before(const place& end) const {
    const directory& all = base_->tree(tree_);
    return at_ + 1 < all.size() && typed::row_less{}(all[at_ + 1].low, end);
  }
  /// Whether the block in which `first` stands is the one read last.
  bool is_in_last(const place& first) const {
    return block_.shown != nullptr && base_->tree(tree_).is_in(at_, first);
  }
  /// The block read last, whole; null if none was.
  const block* last() const noexcept { return block_.shown; }

  bool at_end() const noexcept { return from_ >= to_; }
  /// The present block, and its rows [from, to) that are left of the range. REQUIRES: !at_end().
  const block& shown() const noexcept { return *block_.shown; }
  std::size_t from() const noexcept { return from_; }
  std::size_t to() const noexcept { return to_; }
  /// Makes `memo` that of the block read last. REQUIRES: one was.
  void reset(block::texts& memo) const noexcept {
    memo.reset(block_.in->whole(), block_.in->texts.load(std::memory_order_acquire));
  }
  /// Values of some `n` of its texts were made.
  void note_made(std::size_t n) const { base_->note_made(*block_.in, n); }
  /// Differs when another block is shown.
  std::size_t openings() const noexcept { return openings_; }
  /// The position of the next row. REQUIRES: !at_end().
  std::size_t front() const noexcept { return descending_ ? to_ - 1 : from_; }

  /// Leaves `n` rows of the present block behind. REQUIRES: n <= to() - from().
  void drop(std::size_t n) {
    descending_ ? to_ -= n : from_ += n;
    if (from_ >= to_) step();
  }

  /// Of the rows left in the present block, how many come before `x` in the direction of reading.
  std::size_t count_before(const row& x) const {
    if (!descending_) return shown().lower_bound_near(x, from_, to_) - from_;
    const std::size_t at = shown().lower_bound(x, from_, to_);
    const bool same = at < to_ && shown().compare(at, x) == 0;
    return to_ - at - (same ? 1 : 0);
  }
  /// Is the next row the same fact as `x`, asserted at the same T? REQUIRES: !at_end().
  bool is_front(const row& x) const { return shown().compare(front(), x) == 0; }

 private:
  void open(std::size_t i) {
    block_ = base_->read(tree_, at_ = i);
    ++io_->blocks, ++openings_;
  }

  /// Sets [from, to) to the present block's rows in the range.
  void confine() {
    const directory& all = base_->tree(tree_);
    from_ = 0, to_ = block_.shown->size();
    // All rows of a block are at or after its own low, and before the next one's.
    const bool low_before = at_ > 0 && !typed::row_less{}(all[at_].low, range_->low);
    const bool high_behind = at_ + 1 < all.size() && typed::row_less{}(all[at_ + 1].low, range_->high);
    if (!low_before) from_ = block_.shown->lower_bound(range_->low, 0, to_);
    if (high_behind) return;
    // A range of what two components say ends soon, as a rule.
    to_ = range_->low.given >= 2 && range_->high.given >= 2
              ? block_.shown->lower_bound_near(range_->high, from_, to_)
              : block_.shown->lower_bound(range_->high, from_, to_);
  }

  /// Goes on to the next block with rows of the range, if there is one.
  void step() {
    const directory& all = base_->tree(tree_);
    while (from_ >= to_) {
      if (descending_) {
        if (at_ == 0 || !typed::row_less{}(range_->low, all[at_].low)) break;
        open(at_ - 1);
      } else {
        if (at_ + 1 == all.size() || !typed::row_less{}(all[at_ + 1].low, range_->high)) break;
        open(at_ + 1);
      }
      confine();
    }
  }

  const base* base_;
  tree_id tree_;
  io_counts* io_;
  const place_range* range_ = nullptr;
  bool descending_ = false;
  held_block block_;
  std::size_t at_ = 0, from_ = 0, to_ = 0, openings_ = 0;
};

/// Finds runs that ascend, each in one block of a tree.
class block_runs {
 public:
  /// Must not outlive the two.
  block_runs(block_run& in, const typed::word_run& runs) noexcept : in_{in}, runs_{runs} {}

  /// Is the run of `word` in the present block, and nowhere else? Then [first, end) are its rows: perhaps
  /// none.
  bool find(std::int64_t word) {
    if (!stands_) return false;
    std::tie(first_, end_) = column_ ? column_->run(word, end_) : in_.last()->run(runs_.at(word), end_);
    if (end_ < in_.last()->size()) return true;
    place behind = runs_.at(word);
    behind.behind = true;
    return !in_.goes_on_before(behind);
  }
  /// The same of the block in which the run begins. False if it goes on in the next.
  bool reach(std::int64_t word) {
    const place low = runs_.at(word);
    if (stands_ ? !in_.reach_on(low) : in_.reach(low) == nullptr) return false;
    stands_ = true;
    column_ = in_.last()->column_of(low);
    end_ = 0;
    return find(word);
  }
  /// The present block is another one now.
  void lose() noexcept { stands_ = false; }

  std::size_t first() const noexcept { return first_; }
  std::size_t end() const noexcept { return end_; }

 private:
  block_run& in_;
  const typed::word_run& runs_;
  bool stands_ = false;  // no run sought begins before the present block
  std::optional<word_column> column_;
  std::size_t first_ = 0, end_ = 0;
};

/// Tells of runs that ascend whether a typed index may have rows of them.
class novelty_ahead {
 public:
  /// `first`: the place before the first run.
  novelty_ahead(const typed::index& of, index_order order, const place& first)
      : tree_{of.current(order)},
        tail_{of.newest(), order, first},
        any_past_{!of.past(order).empty()},
        next_{tree_.empty() ? typed::tree::iterator{} : tree_.lower_bound(first)},
        none_{!any_past_ && of.newest().empty() && next_.at_end()} {}

  /// Has it rows of none of them?
  bool none() const noexcept { return none_; }
  bool has(const place& low) {
    if (any_past_ || tail_.has(low)) return true;
    if (next_.at_end()) return false;
    if (typed::row_less{}(*next_, low)) next_ = tree_.lower_bound(low, next_);
    if (next_.at_end()) return false;
    place high = low;
    high.behind = true;
    return typed::row_less{}(*next_, high);
  }

 private:
  const typed::tree& tree_;
  typed::tail_ahead tail_;
  bool any_past_;
  typed::tree::iterator next_;
  bool none_;
};

/// The rows of a typed index between two places, current and past ones merged. A row that has ended is shown
/// once, as past; a forgotten one only if it hides something below.
class novelty_rows {
 public:
  void seek(const typed::index& of, index_order order, const place_range& between, bool descending) {
    order_ = order, descending_ = descending, below_ = of.below(), tail_ = &of.newest();
    in_current_.clear(), in_past_.clear(), tail_current_.clear(), tail_past_.clear();
    front_ = nullptr;
    if (between.empty) return;
    in_current_.seek(of.current(order), between, descending);
    if (!of.past(order).empty()) in_past_.seek(of.past(order), between.low, between.high, descending);
    if (!tail_->empty()) {
      tail_current_.seek(*tail_, tail_->current(order), between, descending);
      tail_past_.seek(*tail_, tail_->past(order), between, descending);
    }
    settle();
  }
  void clear() noexcept { front_ = nullptr; }

  /// Null at the end. Which index it stands in, its `order` does not say.
  const row* front() const noexcept { return front_; }
  /// REQUIRES: front() is not null.
  void advance() {
    leave();
    settle();
  }

  /// Whether all that is left are current facts that stand together. REQUIRES: front() is not null.
  bool is_one_run() const noexcept {
    const bool in_tree = in_current_.front() != nullptr, in_tail = tail_current_.front() != nullptr;
    return in_tree != in_tail && in_past_.front() == nullptr && tail_past_.front() == nullptr;
  }
  /// The next rows, `room` at most, into `to`; how many. REQUIRES: is_one_run().
  std::size_t take(const row** to, std::size_t room) {
    const std::size_t n =
        from_ == part::tree ? take_of(in_current_, to, room) : take_of(tail_current_, to, room);
    settle();
    return n;
  }

 private:
  template <class Run>
  static std::size_t take_of(Run& run, const row** to, std::size_t room) {
    std::size_t n = 0;
    for (; n < room && run.front() != nullptr; run.advance()) to[n++] = run.front();
    return n;
  }

  enum class part { tree, past, tail_current, tail_past };

  void leave() {
    switch (from_) {
      case part::tree: in_current_.advance(); break;
      case part::past: in_past_.advance(); break;
      case part::tail_current: tail_current_.advance(); break;
      case part::tail_past: tail_past_.advance(); break;
    }
  }

  void consider(const row* other, part from) {
    if (other == nullptr) return;
    if (front_ != nullptr) {
      const auto order = typed::compare(*other, *front_, order_);
      // Of two that are equal one is current in the tree and the other, in the tail, hides it: the latter
      // counts.
      if (descending_ ? order < 0 : order > 0) return;
    }
    front_ = other, from_ = from;
  }

  void settle() {
    for (;;) {
      front_ = nullptr;
      const row* const in_tree = in_current_.front();
      consider(in_tree, part::tree), consider(in_past_.front(), part::past);
      consider(tail_current_.front(), part::tail_current), consider(tail_past_.front(), part::tail_past);
      if (front_ == nullptr || from_ != part::tail_past) return;
      if (in_tree != nullptr && typed::compare(*in_tree, *front_, order_) == 0) in_current_.advance();
      if (!front_->forgotten || front_->t_added <= below_) return;
      tail_past_.advance();
    }
  }

  index_order order_ = index_order::eavt;
  bool descending_ = false;
  std::int64_t below_ = -1;
  const typed::tail* tail_ = nullptr;
  typed::tree_run in_current_;
  typed::runs_reader in_past_;
  typed::tail_run tail_current_, tail_past_;
  const row* front_ = nullptr;
  part from_ = part::tree;
};

}  // namespace datolite::datoms::packed
