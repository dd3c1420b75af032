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
#include <datolite/datoms/packed_line.hpp>
#include <datolite/datoms/packed_merge.hpp>
#include <datolite/datoms/packed_rows.hpp>
#include <datolite/datoms/typed_index.hpp>

namespace datolite::datoms::packed {

using closed_mark = std::shared_ptr<const std::atomic<bool>>;

class index final : public datom_index {
 public:
  /// What a generation shows by itself.
  index(generation_ptr of, std::weak_ptr<line> in, closed_mark closed)
      : of_{std::move(of)},
        pinned_{of_->blocks()},
        t_{pinned_->t()},
        novelty_{closed, t_},
        line_{std::move(in)},
        closed_{std::move(closed)} {}
  /// What `same` shows, for another owner; `blocks` are those of the generation `of`.
  index(const index& same, generation_ptr of, base_ptr blocks, std::weak_ptr<line> in, closed_mark closed)
      : of_{std::move(of)},
        pinned_{std::move(blocks)},
        t_{same.t_},
        novelty_{same.novelty_, closed},
        masked_{same.masked_},
        line_{std::move(in)},
        closed_{std::move(closed)} {}

  std::unique_ptr<datom_cursor> open_cursor(index_order order, components wanted, const time_filter& time,
                                            io_counters* io) const override {
    check_open();
    base_ptr here = blocks();
    if (here != nullptr) {
      return std::make_unique<cursor>(sources{std::move(here), &novelty_, masked_}, nullptr, order, wanted,
                                      time, io);
    }
    std::shared_ptr<const index> later;
    sources from = later_sources(later);
    return std::make_unique<cursor>(std::move(from), std::move(later), order, wanted, as_shown(time), io);
  }

  std::uint64_t count(const datom_range& range, const time_filter& time) const override {
    check_open();
    const place_range between = typed::make_place_range(range);
    if (between.empty) return 0;
    if (base_ptr here = blocks())
      return count_in({std::move(here), &novelty_, masked_}, range, between, time);
    std::shared_ptr<const index> later;
    const sources from = later_sources(later);
    return later->count_in(from, range, between, as_shown(time));
  }

  /// The index after a transaction, which is not committed yet. REQUIRES: it was not retired.
  std::shared_ptr<const index> after(const novelty& news) const;

  /// Its blocks; null if its generation was retired.
  base_ptr blocks() const { return pinned_ != nullptr ? pinned_ : of_->blocks(); }
  const generation_ptr& of() const noexcept { return of_; }
  const typed::index& fresh() const noexcept { return novelty_; }
  const std::vector<attribute_id>& masked() const noexcept { return masked_; }
  /// The newest transaction that it shows.
  std::int64_t t() const noexcept { return t_; }
  /// How many rows of EAVT the novelty has: facts that came, and facts that ended.
  std::size_t fresh_size() const noexcept {
    const typed::tail& newest = novelty_.newest();
    std::size_t n = novelty_.current(index_order::eavt).size() + newest.size();
    const typed::runs& past = novelty_.past(index_order::eavt);
    for (std::size_t i = 0; i < past.count(); ++i) n += past[i].size();
    return n;
  }
  void settle() { novelty_.settle(); }

  /// Its transactions are committed: from now on its generation may be retired. REQUIRES: nobody else reads
  /// it yet, or this was done already.
  void let_go() const noexcept {
    if (pinned_ != nullptr) pinned_.reset();
  }

 private:
  void check_open() const {
    if (!closed_->load(std::memory_order_acquire)) return;
    throw error{error_category::unavailable, "db.error/closed",
                "the connection of this database was closed: connect again, or close it later"};
  }

  // -- what a retired index is answered from (detail/packed_index.hpp)
  sources later_sources(std::shared_ptr<const index>& later) const;
  time_filter as_shown(time_filter time) const noexcept {
    time.as_of = std::min(time.as_of, t_);
    return time;
  }

  // -- counting (detail/packed_index.hpp)
  std::uint64_t count_in(const sources& in, const datom_range& range, const place_range& between,
                         const time_filter& time) const;
  std::uint64_t estimate(const sources& in, const place_range& between, const time_filter& time) const;
  static std::uint64_t count_blocks(const base& in, const place_range& between, bool past);

  void gather_indexed(const base& in, attribute_id a, std::vector<row>& current,
                      std::vector<row>& past) const;

  generation_ptr of_;
  mutable base_ptr pinned_;  // of a branch, and until it is published: keeps the blocks whatever is retired
  std::int64_t t_;
  typed::index novelty_;
  std::vector<attribute_id> masked_;
  std::weak_ptr<line> line_;
  closed_mark closed_;
};

/// How large blocks are, when a merge is due, and how much memory blocks may take.
struct packed_options {
  std::size_t block_bytes;   ///< that a block may take
  std::size_t least_merged;  ///< rows of novelty
  double share_merged;       ///< of the rows in blocks
  std::size_t cache_bytes;   ///< of copied blocks and their texts
  std::size_t kept;          ///< older generations that keep their snapshots
};

/// The packed layout in an engine.
class model final : public datom_index_model<any_snapshot> {
 public:
  model(const any_storage& storage, packed_options options)
      : options_{options},
        in_place_{storage.is_zero_copy()},
        shape_{.most_bytes = options.block_bytes,
               .most_key = std::min<std::size_t>(storage.max_key_size(), 511)},
        cache_{std::make_shared<block_cache>(options.cache_bytes)},
        line_{std::make_shared<line>(options.kept)} {}

  std::shared_ptr<const datom_index> open(any_snapshot snapshot) const override {
    auto about = read_manifest(snapshot);
    base_ptr blocks = about ? std::make_shared<const base>(std::move(snapshot), std::move(*about), in_place_,
                                                           cache_, nullptr)
                            : std::make_shared<const base>();
    return made(std::move(blocks));
  }
  /// A commit writes the log alone.
  void apply(const datom_index&, const novelty&, change_batch&) const override {}
  std::shared_ptr<const datom_index> after(const datom_index& before, const novelty& news,
                                           any_snapshot) const override {
    return of(before).after(news);
  }
  std::shared_ptr<const datom_index> share(const datom_index& same, any_snapshot snapshot) const override {
    base_ptr blocks = of(same).blocks();
    if (auto about = read_manifest(snapshot)) {
      blocks = std::make_shared<const base>(std::move(snapshot), std::move(*about), in_place_, cache_,
                                            blocks.get());
    }
    return std::make_shared<const index>(of(same), std::make_shared<generation>(blocks), blocks, line_,
                                         closed_);
  }
  void settle(const std::shared_ptr<const datom_index>& now) const override {
    const auto same = std::static_pointer_cast<const index>(now);  // one more pointer
    line_->edit_alone(same, 2, [&] { const_cast<index&>(*same).settle(); });
  }
  void close() const noexcept override { closed_->store(true, std::memory_order_release); }

  void published(const std::shared_ptr<const datom_index>& now) const noexcept override {
    auto its = std::static_pointer_cast<const index>(now);
    its->let_go();
    const generation_ptr& of_it = its->of();  // which `now` keeps
    line_->publish(std::move(its), of_it);
  }
  void kept(const datom_index& one) const override { of(one).let_go(); }
  std::shared_ptr<const datom_index> built_upon(
      const std::shared_ptr<const datom_index>& one) const override {
    const index& its = of(*one);
    base_ptr blocks = its.blocks();
    if (blocks == nullptr) return nullptr;
    return std::make_shared<const index>(its, its.of(), std::move(blocks), line_, closed_);
  }

  bool reads_snapshots() const noexcept override { return false; }
  std::optional<std::int64_t> opened_t(const datom_index& opened) const override { return of(opened).t(); }
  std::shared_ptr<const datom_index> reopen(const datom_index& known, any_snapshot snapshot) const override {
    const base_ptr had = of(known).blocks();
    auto about = read_manifest(snapshot);
    if (!about || (had != nullptr && about->generation == had->about().generation)) return nullptr;
    return made(
        std::make_shared<const base>(std::move(snapshot), std::move(*about), in_place_, cache_, had.get()));
  }
  /// Where readers look into the engine's own pages, an old snapshot makes each commit take fresh ones, and
  /// LMDB keep a list of all that it freed since: with so few commits that is a single page. A newer snapshot
  /// costs looking the blocks up again.
  bool is_behind(const datom_index& now, synctag_t state) const override {
    if (!in_place_) return false;
    const base_ptr had = of(now).blocks();
    if (had == nullptr || had->about().generation == 0) return false;
    const auto number = [](synctag_t tag) { return static_cast<std::uint64_t>(tag); };
    return number(state) >= number(had->snapshot().synctag()) + renewed_after;
  }
  void renew(const datom_index& now, any_snapshot snapshot) const override {
    const base_ptr had = of(now).blocks();
    const auto about = read_manifest(snapshot);
    if (had == nullptr || !about || about->generation != had->about().generation) return;
    line_->renew(*of(now).of(), had, std::move(snapshot));
  }
  bool is_merge_due(const datom_index& now) const override {
    const std::size_t fresh = of(now).fresh_size();
    return fresh > options_.least_merged && fresh > most_fresh(*of(now).blocks());
  }
  /// With so many rows of novelty no merge is due yet.
  std::size_t most_fresh(const base& blocks) const {
    const auto share = static_cast<std::size_t>(
        options_.share_merged * static_cast<double>(blocks.tree({index_order::eavt, false}).rows()));
    return std::max(options_.least_merged, share);
  }
  bool merge(const datom_index& now, std::int64_t t, change_batch& out,
             merge_demand& demanded) const override {
    const index& its = of(now);
    if (its.fresh_size() == 0) return false;
    const sources from{its.blocks(), &its.fresh(), its.masked()};
    merge_blocks(from, t, shape_, out);
    demanded.key = manifest_key();
    if (from.blocks->about().generation > 0) demanded.expected = encode_manifest(from.blocks->about());
    return true;
  }

  const block_shape& shape() const noexcept { return shape_; }
  snapshots_held snapshots() const { return line_->held(); }
  block_cache::figures cache_figures() const { return cache_->counted(); }

 private:
  static constexpr std::uint64_t renewed_after = 16;  // commits of the engine

  static const index& of(const datom_index& one) noexcept { return static_cast<const index&>(one); }
  std::shared_ptr<const datom_index> made(base_ptr blocks) const {
    return std::make_shared<const index>(std::make_shared<generation>(std::move(blocks)), line_, closed_);
  }

  packed_options options_;
  bool in_place_;
  block_shape shape_;
  std::shared_ptr<block_cache> cache_;
  std::shared_ptr<line> line_;
  std::shared_ptr<std::atomic<bool>> closed_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace datolite::datoms::packed

#include <datolite/datoms/detail/packed_index.hpp>
