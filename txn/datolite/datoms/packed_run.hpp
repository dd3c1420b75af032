// packed_run: sorted runs: what some transactions did to the facts, as blocks in a file of their own, for as
// long as a bulk load lasts.
//
// A run of the transactions in (from, to] holds, as the eight trees of a generation do: as current rows the
// facts that they asserted and that are true at `to`; as past rows the facts that they ended, also those that
// were asserted up to `from`. A *forgotten* row, of an attribute without history, is there only to hide what
// lies below: its T of retraction is its T of assertion.
//
// So of a stack of runs on a generation, a current row is hidden exactly if a past row of a later run is the
// same fact with the same T of assertion (docs/packed-index.md, invariant 3).
//
// Threads: a run may be read by many threads; what reads it is used by one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <datolite/core/any_storage.hpp>
#include <datolite/core/bounds.hpp>
#include <datolite/core/bytes.hpp>
#include <datolite/core/io_stats.hpp>
#include <datolite/datoms/packed_base.hpp>
#include <datolite/datoms/packed_directory.hpp>
#include <datolite/datoms/packed_merge.hpp>
#include <datolite/datoms/packed_rows.hpp>
#include <datolite/datoms/spill_file.hpp>

namespace datolite::datoms::packed {

/// The pairs of a run's file, shown as an engine's.
class run_snapshot {
 public:
  struct place {
    std::uint64_t at;
    std::size_t size;
  };
  using places = std::map<bytes, place, std::less<>>;

  /// Nobody walks over a run's pairs: its directory names them.
  struct iterator {
    void seek(bytes_view) noexcept {}
    void seek_for_prev(bytes_view) noexcept {}
    void seek_first() noexcept {}
    void seek_last() noexcept {}
    void next() noexcept {}
    void prev() noexcept {}
    bool valid() const noexcept { return false; }
    bytes_view key() const noexcept { return {}; }
    bytes_view value() const noexcept { return {}; }
  };

  run_snapshot(std::shared_ptr<const spill_file> file, std::shared_ptr<const places> all) noexcept
      : file_{std::move(file)}, places_{std::move(all)} {}

  std::optional<pinned_bytes> get(bytes_view key) const {
    const auto found = places_->find(key);
    if (found == places_->end()) return std::nullopt;
    return pinned_bytes{file_->read(found->second.at, found->second.size)};
  }
  iterator open_iterator(const bounds&) const noexcept { return {}; }
  synctag_t synctag() const noexcept { return {}; }

 private:
  std::shared_ptr<const spill_file> file_;
  std::shared_ptr<const places> places_;
};

/// A run, and what its directory takes in memory, in bytes.
struct run {
  std::int64_t from = -1, to = -1;
  base_ptr blocks;
  std::size_t held = 0;

  /// Rows of all trees.
  std::uint64_t rows() const {
    std::uint64_t n = 0;
    for (std::size_t number = 0; number < tree_count; ++number) n += blocks->tree(tree_of(number)).rows();
    return n;
  }
};
using run_ptr = std::shared_ptr<const run>;

namespace detail {

/// Puts blocks into a file.
class file_sink final : public block_sink {
 public:
  explicit file_sink(const std::string& directory) : file_{std::make_shared<spill_file>(directory)} {}
  void put(bytes_view key, bytes_view stored) override {
    const std::uint64_t at = file_->append(stored);
    places_->insert_or_assign(bytes{key}, run_snapshot::place{at, stored.size()});
    held_ += 2 * key.size() + per_block;
  }
  void erase(bytes_view) override {}

  any_snapshot shown() const { return any_snapshot{run_snapshot{file_, places_}}; }
  std::size_t held() const noexcept { return held_; }

 private:
  static constexpr std::size_t per_block = 320;  // of the map, the entry, and what points to it

  std::shared_ptr<spill_file> file_;
  std::shared_ptr<run_snapshot::places> places_ = std::make_shared<run_snapshot::places>();
  std::size_t held_ = 0;
};

}  // namespace detail

/// How runs are written: larger blocks than an engine's, as the directory of all of them stays in memory.
inline constexpr block_shape run_shape{.most_bytes = std::size_t{32} << 10, .most_key = 511};

/// Writes a run of the transactions in (from, to] into a file in `directory`. `news_of(tree_id)` gives what
/// they did to a tree, forgotten rows included. Throws as spill_file.
template <class NewsOf>
run_ptr make_run(std::int64_t from, std::int64_t to, NewsOf&& news_of, const std::string& directory,
                 const std::shared_ptr<block_cache>& cache) {
  detail::file_sink sink{directory};
  const base nothing;
  manifest about;
  about.generation = 1, about.t = to;
  for (std::size_t number = 0; number < tree_count; ++number) {
    const tree_id of = tree_of(number);
    auto news = news_of(of);
    about.chunks[number] = tree_merger{nothing, {}, of, news, run_shape, about.next_number, sink}.run();
  }
  auto made = std::make_shared<run>();
  made->from = from, made->to = to, made->held = sink.held();
  made->blocks = std::make_shared<const base>(sink.shown(), std::move(about), false, cache, nullptr);
  return made;
}

/// Rows [from, to) of a block.
struct stretch {
  const block* of = nullptr;
  std::size_t from = 0, to = 0;

  std::size_t size() const noexcept { return to - from; }
  /// Ends before `x`. O(log of how far away it is).
  void end_before(const row& x) { to = of->lower_bound_near(x, from, to); }
};

/// The rows of one tree between two places, one at a time, from either end.
class tree_rows {
 public:
  tree_rows(const base& of, tree_id tree, io_counts& io) : run_{of, tree, io} {}

  /// REQUIRES: `between` stays where it is.
  void seek(const place_range& between, bool descending) {
    run_.seek(between, descending);
    load();
  }
  const row* front() const noexcept { return any_ ? &row_ : nullptr; }
  /// REQUIRES: front() is not null, and with it stand so many rows in its block.
  void advance(std::size_t rows = 1) {
    run_.drop(rows);
    load();
  }
  /// The next rows, of one block. REQUIRES: front() is not null; ascending.
  stretch ahead() const { return {&run_.shown(), run_.from(), run_.to()}; }

 private:
  void load() {
    any_ = !run_.at_end();
    if (!any_) return;
    const block& b = run_.shown();
    if (memo_of_ != run_.openings()) {
      memo_of_ = run_.openings();
      memo_.reset();
    }
    row_ = b.at(run_.front(), memo_);
    row_.forgotten = row_.past() && row_.t_retracted == row_.t_added;
  }

  block_run run_;
  block::texts memo_;
  std::size_t memo_of_ = 0;  // as run_.openings() counts
  row row_;
  bool any_ = false;
};

/// The rows of several trees of one order, merged.
class merged_rows {
 public:
  explicit merged_rows(index_order order) noexcept : order_{order} {}
  void add(const base& of, bool past, io_counts& io) { all_.emplace_back(of, tree_id{order_, past}, io); }

  /// REQUIRES: `between` stays where it is.
  void seek(const place_range& between, bool descending) {
    descending_ = descending;
    heap_.clear();
    for (tree_rows& one : all_) {
      one.seek(between, descending);
      if (one.front() != nullptr) heap_.push_back(&one);
    }
    for (std::size_t i = heap_.size() / 2; i-- > 0;) sift(i);
  }
  void clear() noexcept { heap_.clear(); }
  const row* front() const noexcept { return heap_.empty() ? nullptr : heap_.front()->front(); }
  /// The next rows, as far as they stand in one block. REQUIRES: front() is not null; ascending.
  stretch ahead() const {
    stretch rows = heap_.front()->ahead();
    for (std::size_t i = 1; i < std::min<std::size_t>(3, heap_.size()); ++i)
      rows.end_before(*heap_[i]->front());
    return rows;
  }
  /// Leaves rows behind that stand in one block. REQUIRES: front() is not null.
  void advance(std::size_t rows = 1) {
    heap_.front()->advance(rows);
    if (heap_.front()->front() == nullptr) {
      heap_.front() = heap_.back();
      heap_.pop_back();
    }
    if (!heap_.empty()) sift(0);
  }

 private:
  bool before(const tree_rows* x, const tree_rows* y) const {
    const auto order = typed::compare(*x->front(), *y->front(), order_);
    return descending_ ? order > 0 : order < 0;
  }
  /// Moves what stands at `i` below those that come before it.
  void sift(std::size_t i) {
    for (std::size_t child; (child = 2 * i + 1) < heap_.size(); i = child) {
      if (child + 1 < heap_.size() && before(heap_[child + 1], heap_[child])) ++child;
      if (!before(heap_[child], heap_[i])) return;
      std::swap(heap_[i], heap_[child]);
    }
  }

  index_order order_;
  bool descending_ = false;
  std::vector<tree_rows> all_;
  std::vector<tree_rows*> heap_;  // by their fronts
};

/// What runs do to a tree of blocks that hold all transactions up to `since`: shown as tree_news shows it.
/// With `whole`, forgotten rows are put as well.
class run_news {
 public:
  run_news(std::span<const run_ptr> runs, tree_id of, std::int64_t since, bool whole = false,
           std::uint64_t* passed = nullptr)
      : of_{of}, since_{since}, whole_{whole}, passed_{passed} {
    for (const run_ptr& one : runs) {
      ended_.add(*one->blocks, true, unread_);
      if (of.past) continue;
      hiding_.add(*one->blocks, true, unread_), fresh_.add(*one->blocks, false, unread_);
    }
    ended_.seek(all_, false), hiding_.seek(all_, false), fresh_.seek(all_, false);
    settle();
  }
  run_news(const run_news&) = delete;  // the parts point to each other

  const row* put() const noexcept { return of_.past ? ended_.front() : fresh_.front(); }
  void advance_put() {
    of_.past ? next_ended() : next_fresh();
    settle();
  }
  const row* take() const noexcept { return of_.past ? nullptr : ended_.front(); }
  void advance_take() { next_ended(), settle(); }

  /// The next rows to put that stand in one block and before `end`, unless that is null: some, or none where
  /// they are few. So runs that hardly overlap, as those of new entities do, are copied by columns.
  /// REQUIRES: put() is not null.
  stretch put_together(const row* end) {
    if (of_.past || alone_ > 0) {
      alone_ = alone_ > 0 ? alone_ - 1 : 0;
      return {};
    }
    stretch rows = fresh_.ahead();
    if (rows.of->first_t() <= since_) rows.to = rows.from;
    if (hiding_.front() != nullptr) rows.end_before(*hiding_.front());
    if (end != nullptr) rows.end_before(*end);
    if (rows.size() >= least_together) return rows;
    alone_ = least_together;  // where rows come from all sides, to ask for each would cost too much
    return {};
  }
  void advance_put(const stretch& rows) {
    next_fresh(rows.size());
    settle();
  }

 private:
  static constexpr std::size_t least_together = 16;

  void next_fresh(std::size_t rows = 1) {
    fresh_.advance(rows);
    if (passed_ != nullptr) *passed_ += rows;
  }
  void next_ended() {
    ended_.advance();
    if (passed_ != nullptr && of_.past) ++*passed_;
  }
  bool is_idle(const row& ended) const noexcept {
    if (!of_.past) return ended.t_added > since_;
    return ended.forgotten ? !whole_ || ended.t_added > since_ : ended.t_retracted <= since_;
  }
  /// Is the next current row true no more, or in the blocks already?
  bool is_fresh_hidden() {
    const row& r = *fresh_.front();
    if (r.t_added <= since_) return true;
    while (hiding_.front() != nullptr && typed::compare(*hiding_.front(), r, of_.order) < 0)
      hiding_.advance();
    return hiding_.front() != nullptr && typed::compare(*hiding_.front(), r, of_.order) == 0;
  }
  void settle() {
    while (ended_.front() != nullptr && is_idle(*ended_.front())) next_ended();
    while (fresh_.front() != nullptr && is_fresh_hidden()) next_fresh();
  }

  const tree_id of_;
  const std::int64_t since_;
  const bool whole_;
  std::uint64_t* const passed_;
  std::size_t alone_ = 0;  // rows to put before it is asked again whether many go together
  io_counts unread_;
  const place_range all_{{.order = of_.order}, {.order = of_.order, .behind = true}};
  merged_rows fresh_{of_.order}, ended_{of_.order}, hiding_{of_.order};
};

/// One run instead of several that follow each other.
inline run_ptr unite(std::span<const run_ptr> runs, const std::string& directory,
                     const std::shared_ptr<block_cache>& cache) {
  const std::int64_t from = runs.front()->from;
  const auto news_of = [&](tree_id of) { return run_news{runs, of, from, true}; };
  return make_run(from, runs.back()->to, news_of, directory, cache);
}

}  // namespace datolite::datoms::packed
