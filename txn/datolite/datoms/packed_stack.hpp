// packed_stack: the index of a bulk load: a generation of blocks, sorted runs upon it (packed_run.hpp), and
// the newest transactions as novelty in memory.
//
// It is what the transactions of the load are worked out from, and shows what any other index of the same
// transactions would. It is read row by row: a search costs a search in each run, and runs are few.
//
// Threads: an index may be read by many threads at once; `advance` and `settle` ask for one that
// nobody else holds.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <datolite/core/datom.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/io_stats.hpp>
#include <datolite/datoms/change_batch.hpp>
#include <datolite/datoms/datom_index.hpp>
#include <datolite/datoms/packed_base.hpp>
#include <datolite/datoms/packed_rows.hpp>
#include <datolite/datoms/packed_run.hpp>
#include <datolite/datoms/row_output.hpp>
#include <datolite/datoms/typed_index.hpp>

namespace datolite::datoms::packed {

/// A generation and the runs upon it, the oldest first.
struct levels {
  base_ptr bottom;
  std::vector<run_ptr> runs;

  /// The T up to which they hold the log.
  std::int64_t t() const noexcept { return runs.empty() ? bottom->t() : runs.back()->to; }
};

/// Reads levels and novelty, merged.
class stack_cursor final : public datom_cursor {
 public:
  stack_cursor(levels in, const typed::index& novelty, index_order order, components wanted,
               const time_filter& time, io_counters* io)
      : in_{std::move(in)},
        of_novelty_{novelty},
        order_{order},
        needs_past_{time.needs_past()},
        io_{io == nullptr ? unread_ : io->of(order)},
        output_{wanted, time} {
    current_.add(*in_.bottom, false, io_);
    if (needs_past_) past_.add(*in_.bottom, true, io_);
    for (const run_ptr& one : in_.runs)
      current_.add(*one->blocks, false, io_), past_.add(*one->blocks, true, io_);
  }

  void seek(const datom_range& range) override {
    between_ = typed::make_place_range(range);
    descending_ = range.descending;
    output_.begin(descending_);
    current_.seek(between_, descending_), past_.seek(between_, descending_);
    novelty_.seek(of_novelty_, order_, between_, descending_);
  }

  bool next_batch(datom_columns& out, std::size_t at_most) override {
    out.clear();
    output_.resume(out, at_most);
    while (out.size < at_most && next(out, at_most)) {
    }
    io_.reads += out.size;
    return out.size > 0;
  }

 private:
  /// Takes the next row. Of two that are the same fact, asserted at the same T, the current one has ended
  /// since. False at the end.
  bool next(datom_columns& out, std::size_t at_most) {
    const row* first = current_.front();
    const auto consider = [&](const row* r) {
      if (r == nullptr) return;
      const auto order = first == nullptr ? std::strong_ordering::equal : typed::compare(*r, *first, order_);
      if (descending_ ? order >= 0 : order <= 0) first = r;
    };
    consider(past_.front()), consider(novelty_.front());
    if (first == nullptr) return false;
    if (first == current_.front()) {
      output_.emit(out, *first, at_most);
      current_.advance();
      return true;
    }
    if (current_.front() != nullptr && typed::compare(*current_.front(), *first, order_) == 0)
      current_.advance();
    if (!first->forgotten) output_.emit(out, *first, at_most);
    first == novelty_.front() ? novelty_.advance() : past_.advance();
    return true;
  }

  const levels in_;
  const typed::index& of_novelty_;
  const index_order order_;
  const bool needs_past_;
  io_counts unread_;
  io_counts& io_;
  place_range between_;
  bool descending_ = false;
  merged_rows current_{order_}, past_{order_};
  novelty_rows novelty_;
  typed::row_output output_;
};

class stack final : public datom_index {
 public:
  /// `newest` are the transactions after those in `below`.
  stack(levels below, const typed::index& newest) : below_{std::move(below)}, novelty_{newest} {}

  std::unique_ptr<datom_cursor> open_cursor(index_order order, components wanted, const time_filter& time,
                                            io_counters* io) const override {
    return std::make_unique<stack_cursor>(below_, novelty_, order, wanted, time, io);
  }

  /// Exact when it is small, else an estimate by whole blocks.
  std::uint64_t count(const datom_range& range, const time_filter& time) const override {
    stack_cursor exact{below_, novelty_, range.index, components::none, time, nullptr};
    exact.seek(range);
    datom_columns batch;
    exact.next_batch(batch, exact_count_limit + 1);
    if (batch.size <= exact_count_limit) return batch.size;
    const place_range between = typed::make_place_range(range);
    std::uint64_t n = novelty_.current(range.index).count_range(between.low, between.high);
    const auto add = [&](const base& of) {
      const directory& all = of.tree({range.index, false});
      if (all.size() > 0)
        n += all.rows_before(all.find(between.high) + 1) - all.rows_before(all.find(between.low));
    };
    add(*below_.bottom);
    for (const run_ptr& one : below_.runs) add(*one->blocks);
    return std::max<std::uint64_t>(batch.size, n);
  }

  const levels& below() const noexcept { return below_; }
  const typed::index& fresh() const noexcept { return novelty_; }

  /// Becomes the index after a transaction, which changes what is indexed of no attribute that there was.
  void advance(const novelty& news) { novelty_.advance(news); }
  void settle() { novelty_.settle(); }

 private:
  levels below_;
  typed::index novelty_;
};

/// Makes stacks from stacks; nothing of them is committed.
class stack_model final : public datom_index_model<any_snapshot> {
 public:
  std::shared_ptr<const datom_index> open(any_snapshot) const override {
    throw error{error_category::unsupported, "db.error/loading", "the index of a bulk load is not opened"};
  }
  void apply(const datom_index&, const novelty&, change_batch&) const override {}
  std::shared_ptr<const datom_index> after(const datom_index& before, const novelty& news,
                                           any_snapshot) const override {
    auto next = std::make_shared<stack>(static_cast<const stack&>(before));
    next->advance(news);
    return next;
  }
  bool reads_snapshots() const noexcept override { return false; }
};

}  // namespace datolite::datoms::packed
