// typed_index: datoms in memory, as immutable sorted trees of typed rows; nothing is encoded.
//
// Four trees of current facts, one an order, and past facts in four orders as sorted runs (typed_runs.hpp). A
// state shares with the next one all that stays, so keeping a state costs a few pointers, and a branch is a
// copy. The newest rows stand in a tail (typed_tail.hpp) and go into the trees many at a time.
//
// The engine keeps the log alone; the trees are made from it when a database is opened, and move on with each
// transaction. Memory databases live in this layout.
//
// It can also be what has changed since a moment, on top of facts that are kept elsewhere (packed_index.hpp):
// then a past row whose assertion is not after that moment hides the fact below, be it only as a forgotten
// row.
//
// Costs: open_cursor O(1); a seek and a count O(log n); the next state O(rows · log n), less by far for a few
// rows. Threads: an index may be read, and built upon, by many threads at once.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <datolite/core/datom.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/sole_holder.hpp>
#include <datolite/datoms/change_batch.hpp>
#include <datolite/datoms/datom_index.hpp>
#include <datolite/datoms/ordered_datoms.hpp>
#include <datolite/datoms/schema.hpp>
#include <datolite/datoms/typed_cursor.hpp>
#include <datolite/datoms/typed_row.hpp>
#include <datolite/datoms/typed_runs.hpp>
#include <datolite/datoms/typed_tail.hpp>

namespace datolite::datoms::typed {

class index final : public datom_index {
 public:
  /// Of all facts; or, with `below`, of those after the T up to which others keep them.
  explicit index(std::shared_ptr<const std::atomic<bool>> closed, std::int64_t below = -1) noexcept
      : below_{below}, closed_{std::move(closed)} {}
  index(const index&) = default;
  /// What `same` holds, for another owner; O(1).
  index(const index& same, std::shared_ptr<const std::atomic<bool>> closed) : index{same} {
    closed_ = std::move(closed);
  }

  std::unique_ptr<datom_cursor> open_cursor(index_order order, components wanted, const time_filter& time,
                                            io_counters* io) const override {
    check_open();
    return std::make_unique<cursor>(current_[at(order)], past_[at(order)], tail_, order, wanted, time, io);
  }

  std::uint64_t count(const datom_range& range, const time_filter& time) const override {
    check_open();
    const place_range between = make_place_range(range);
    if (between.empty) return 0;
    const std::uint64_t now = count_current(between);
    if (time == time_filter{}) return now;
    cursor exact{current_[at(range.index)],
                 past_[at(range.index)],
                 tail_,
                 range.index,
                 components::none,
                 time,
                 nullptr};
    exact.seek(range);
    datom_columns batch;
    exact.next_batch(batch, exact_count_limit + 1);
    if (batch.size <= exact_count_limit) return batch.size;
    const std::uint64_t past = time.needs_past() ? count_past(between) * (time.history ? 2 : 1) : 0;
    return std::max<std::uint64_t>(batch.size, now + past);
  }

  /// The index after a transaction.
  std::shared_ptr<const index> after(const novelty& news) const;

  /// Appends the facts of an attribute that lie below this, current and past ones, as rows of AVET.
  using rows_below = std::function<void(attribute_id, std::vector<row>& current, std::vector<row>& past)>;

  /// Becomes the index after a transaction. REQUIRES: nobody else sees this. `gather` serves attributes that
  /// begin to be indexed.
  void advance(const novelty& news, const rows_below& gather = {});

  /// Empties the tail into the trees when it is half full: in place, as far as no other index holds their
  /// nodes.
  void settle() {
    if (tail_.room() < tail::capacity / 2) empty_tail();
  }
  /// Moves all rows of the tail into the trees. REQUIRES: nobody else sees this.
  void empty_tail();

  // -- its parts
  const tree& current(index_order order) const noexcept { return current_[at(order)]; }
  const runs& past(index_order order) const noexcept { return past_[at(order)]; }
  const tail& newest() const noexcept { return tail_; }
  std::int64_t below() const noexcept { return below_; }

 private:
  static constexpr std::size_t at(index_order order) noexcept { return static_cast<std::size_t>(order); }

  void check_open() const {
    if (!closed_->load(std::memory_order_acquire)) return;
    throw error{error_category::unavailable, "db.error/closed",
                "the connection of this database was closed: connect again, or close it later"};
  }

  std::uint64_t count_current(const place_range& between) const {
    const index_order order = between.low.order;
    std::uint64_t n = current_[at(order)].count_range(between.low, between.high);
    if (tail_.empty()) return n;
    const auto& added = tail_.current(order);
    n += tail_.lower_bound(added, order, between.high) - tail_.lower_bound(added, order, between.low);
    const auto& ended = tail_.past(order);
    const std::size_t to = tail_.lower_bound(ended, order, between.high);
    for (std::size_t i = tail_.lower_bound(ended, order, between.low); i < to; ++i)
      n -= tail_.hides(ended[i]) ? 1 : 0;
    return n;
  }

  std::uint64_t count_past(const place_range& between) const {
    const index_order order = between.low.order;
    const auto& ended = tail_.past(order);
    return past_[at(order)].count_range(between.low, between.high) +
           tail_.lower_bound(ended, order, between.high) - tail_.lower_bound(ended, order, between.low);
  }

  // -- building the next state; only on an index that nobody else sees yet
  void add_to_tail(const novelty& news);
  void add_to_trees(const novelty& news);
  void move_indexed(const novelty& news, const rows_below& gather);
  /// Is a past row to be kept, and if only so that it hides?
  bool keeps(const row& past) const noexcept { return !past.forgotten || past.t_added <= below_; }
  void put(index_order order, std::vector<row>& rows);
  void take(index_order order, std::vector<row>& rows);

  std::array<tree, 4> current_;
  std::array<runs, 4> past_;
  tail tail_;
  std::int64_t below_;
  std::shared_ptr<const std::atomic<bool>> closed_;
};

/// The typed layout over an engine's log.
template <class Snapshot>
class model final : public datom_index_model<Snapshot> {
 public:
  std::optional<std::int64_t> opened_t(const datom_index&) const override { return 0; }
  bool reads_snapshots() const noexcept override { return false; }

  /// The index before any transaction: the log's are applied to it one by one.
  std::shared_ptr<const datom_index> open(Snapshot) const override {
    return std::make_shared<const index>(closed_);
  }
  void apply(const datom_index&, const novelty&, change_batch&) const override {}
  std::shared_ptr<const datom_index> after(const datom_index& before, const novelty& news,
                                           Snapshot) const override {
    return static_cast<const index&>(before).after(news);
  }
  std::shared_ptr<const datom_index> share(const datom_index& same, Snapshot) const override {
    return std::make_shared<const index>(static_cast<const index&>(same), closed_);
  }
  void settle(const std::shared_ptr<const datom_index>& now) const override {
    if (is_sole_holder(now)) const_cast<index&>(static_cast<const index&>(*now)).settle();
  }
  void close() const noexcept override { closed_->store(true, std::memory_order_release); }

 private:
  std::shared_ptr<std::atomic<bool>> closed_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace datolite::datoms::typed

#include <datolite/datoms/detail/typed_index.hpp>
