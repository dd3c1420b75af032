// packed_index: datoms as blocks in the engine, and what has come since as novelty in memory.
// docs/packed-index.md says how it holds together, docs/format.md gives the bytes.
//
// A commit puts one record into the log, and nothing else; its datoms enter the novelty, which is a typed
// index of all transactions after the last merge. A merge (packed_merge.hpp) writes novelty and blocks into
// new blocks and so begins the next generation.
//
// Invariants, where B is the T of the last merge: the blocks hold all facts of transactions up to B as they
// stood at B. The novelty holds the facts asserted after B; and as past rows, the facts that ended after B.
// So a row of the blocks is hidden exactly if a past row of the novelty is the same fact with the same T of
// assertion. The rows that AVET's blocks have of a masked attribute, one that began or ceased to be indexed
// after B, are out of date: the novelty has all that AVET shall show of it.
//
// Threads: an index may be read, and built upon, by many threads at once.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <datolite/core/any_storage.hpp>
#include <datolite/core/datom.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/datoms/change_batch.hpp>
#include <datolite/datoms/datom_index.hpp>
#include <datolite/datoms/packed_base.hpp>
#include <datolite/datoms/packed_cursor.hpp>
#include <datolite/datoms/packed_merge.hpp>
#include <datolite/datoms/packed_rows.hpp>
#include <datolite/datoms/typed_index.hpp>

namespace datolite::datoms::packed {

using closed_mark = std::shared_ptr<const std::atomic<bool>>;

class index final : public datom_index {
 public:
  index(base_ptr blocks, closed_mark closed)
      : base_{std::move(blocks)}, novelty_{closed, base_->t()}, closed_{std::move(closed)} {}
  index(base_ptr blocks, const typed::index& novelty, std::vector<attribute_id> masked, closed_mark closed)
      : base_{std::move(blocks)},
        novelty_{novelty, closed},
        masked_{std::move(masked)},
        closed_{std::move(closed)} {}

  std::unique_ptr<datom_cursor> open_cursor(index_order order, components wanted, const time_filter& time,
                                            io_counters* io) const override {
    check_open();
    return std::make_unique<cursor>(parts(), order, wanted, time, io);
  }

  std::uint64_t count(const datom_range& range, const time_filter& time) const override {
    check_open();
    const place_range between = typed::make_place_range(range);
    if (between.empty) return 0;
    const std::uint64_t guess = estimate(between, time);
    if (time == time_filter{} && guess > 2 * exact_count_limit) return guess;
    cursor exact{parts(), range.index, components::none, time, nullptr};
    exact.seek(range);
    datom_columns batch;
    exact.next_batch(batch, exact_count_limit + 1);
    return batch.size <= exact_count_limit ? batch.size : std::max<std::uint64_t>(batch.size, guess);
  }

  /// The index after a transaction.
  std::shared_ptr<const index> after(const novelty& news) const;

  sources parts() const noexcept { return {base_.get(), &novelty_, masked_}; }
  const base_ptr& blocks() const noexcept { return base_; }
  const typed::index& fresh() const noexcept { return novelty_; }
  const std::vector<attribute_id>& masked() const noexcept { return masked_; }
  /// How many rows of EAVT the novelty has: facts that came, and facts that ended.
  std::size_t fresh_size() const noexcept {
    const typed::tail& newest = novelty_.newest();
    std::size_t n = novelty_.current(index_order::eavt).size() + newest.size();
    const typed::runs& past = novelty_.past(index_order::eavt);
    for (std::size_t i = 0; i < past.count(); ++i) n += past[i].size();
    return n;
  }
  void settle() { novelty_.settle(); }

 private:
  void check_open() const {
    if (!closed_->load(std::memory_order_acquire)) return;
    throw error{error_category::unavailable, "db.error/closed",
                "the connection of this database was closed: connect again, or close it later"};
  }

  // -- counting (detail/packed_index.hpp)
  std::uint64_t estimate(const place_range& between, const time_filter& time) const;
  std::uint64_t count_blocks(const place_range& between, bool past) const;

  void gather_indexed(attribute_id a, std::vector<row>& current, std::vector<row>& past) const;

  base_ptr base_;
  typed::index novelty_;
  std::vector<attribute_id> masked_;
  closed_mark closed_;
};

/// How large blocks are, when a merge is due, and how much memory blocks may take.
struct packed_options {
  std::size_t block_bytes;   ///< that a block may take
  std::size_t least_merged;  ///< rows of novelty
  double share_merged;       ///< of the rows in blocks
  std::size_t cache_bytes;   ///< where the engine copies what it reads
};

/// The packed layout in an engine.
class model final : public datom_index_model<any_snapshot> {
 public:
  model(const any_storage& storage, packed_options options)
      : options_{options},
        in_place_{storage.is_zero_copy()},
        shape_{.most_bytes = options.block_bytes,
               .most_key = std::min<std::size_t>(storage.max_key_size(), 511)},
        cache_{std::make_shared<block_cache>(options.cache_bytes)} {}

  std::shared_ptr<const datom_index> open(any_snapshot snapshot) const override {
    auto about = read_manifest(snapshot);
    base_ptr blocks = about ? std::make_shared<const base>(std::move(snapshot), std::move(*about), in_place_,
                                                           cache_, nullptr)
                            : std::make_shared<const base>();
    return std::make_shared<const index>(std::move(blocks), closed_);
  }
  /// A commit writes the log alone.
  void apply(const datom_index&, const novelty&, change_batch&) const override {}
  std::shared_ptr<const datom_index> after(const datom_index& before, const novelty& news,
                                           any_snapshot) const override {
    return static_cast<const index&>(before).after(news);
  }
  std::shared_ptr<const datom_index> share(const datom_index& same, any_snapshot snapshot) const override {
    const auto& its = static_cast<const index&>(same);
    auto about = read_manifest(snapshot);
    if (!about) return std::make_shared<const index>(its.blocks(), its.fresh(), its.masked(), closed_);
    auto blocks = std::make_shared<const base>(std::move(snapshot), std::move(*about), in_place_, cache_,
                                               its.blocks().get());
    return std::make_shared<const index>(std::move(blocks), its.fresh(), its.masked(), closed_);
  }
  void settle(datom_index& sole) const override { static_cast<index&>(sole).settle(); }
  void close() const noexcept override { closed_->store(true, std::memory_order_release); }

  bool reads_snapshots() const noexcept override { return false; }
  std::optional<std::int64_t> opened_t(const datom_index& opened) const override {
    return static_cast<const index&>(opened).blocks()->t();
  }
  std::shared_ptr<const datom_index> reopen(const datom_index& known, any_snapshot snapshot) const override {
    const base_ptr& had = static_cast<const index&>(known).blocks();
    auto about = read_manifest(snapshot);
    if (!about || about->generation == had->about().generation) return nullptr;
    auto blocks =
        std::make_shared<const base>(std::move(snapshot), std::move(*about), in_place_, cache_, had.get());
    return std::make_shared<const index>(std::move(blocks), closed_);
  }
  bool is_merge_due(const datom_index& now) const override {
    const auto& its = static_cast<const index&>(now);
    const auto share = static_cast<std::size_t>(
        options_.share_merged * static_cast<double>(its.blocks()->tree({index_order::eavt, false}).rows()));
    return its.fresh_size() > std::max(options_.least_merged, share);
  }
  bool merge(const datom_index& now, std::int64_t t, change_batch& out,
             merge_demand& demanded) const override {
    const auto& its = static_cast<const index&>(now);
    if (its.fresh_size() == 0) return false;
    merge_blocks(its.parts(), t, shape_, out);
    demanded.key = manifest_key();
    if (its.blocks()->about().generation > 0) demanded.expected = encode_manifest(its.blocks()->about());
    return true;
  }

 private:
  packed_options options_;
  bool in_place_;
  block_shape shape_;
  std::shared_ptr<block_cache> cache_;
  std::shared_ptr<std::atomic<bool>> closed_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace datolite::datoms::packed

#include <datolite/datoms/detail/packed_index.hpp>
