// packed_base: the blocks of one generation, which is what the last merge left, read from one snapshot of the
// engine.
//
// All database values of a generation share its base, and so one snapshot. A tree's directory is read when it
// is first asked for, and stays in memory. A block is found through it, read by one `get`, and verified the
// first time that this process sees it. Where the engine shows values in place, a block stays known by its
// address as long as the base lives; where it copies them, blocks are kept in a cache of bounded bytes that
// all bases of a connection share. Values of a block's texts are kept with it once they were made often
// enough, as far as there is room for them: in the cache with their block, or counted there and kept by the
// base.
//
// Threads: any number may read a base.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <datolite/core/any_storage.hpp>
#include <datolite/core/bytes.hpp>
#include <datolite/core/error.hpp>
#include <datolite/datoms/packed_block.hpp>
#include <datolite/datoms/packed_cache.hpp>
#include <datolite/datoms/packed_directory.hpp>

namespace datolite::datoms::packed {

/// A block while it is read: by its base, or by this.
struct held_block {
  const block* shown = nullptr;
  const loaded* in = nullptr;
  loaded_ptr kept{};
};

class base {
 public:
  /// What a database is before its first merge.
  base() = default;

  /// The blocks that `m`, the manifest in `snapshot`, tells of. Directories that `earlier` (or null) has read
  /// are read now, but for the chunks that both have, which are shared. Throws `corrupt`.
  base(any_snapshot snapshot, manifest m, bool in_place, std::shared_ptr<block_cache> cache,
       const base* earlier);
  /// The blocks of `same`, read from a newer snapshot of the same generation. Each is looked up once more.
  /// O(1).
  base(const base& same, any_snapshot snapshot)
      : about_{same.about_},
        snapshot_{std::move(snapshot)},
        trees_{same.trees_},
        in_place_{same.in_place_},
        cache_{same.cache_} {}

  const manifest& about() const noexcept { return about_; }
  std::int64_t t() const noexcept { return about_.t; }
  /// Where a tree's blocks are. The first call reads it. Throws `corrupt`.
  const directory& tree(tree_id of) const {
    auto& stands_in = trees_->read[of.number()];
    const directory* const known = stands_in.load(std::memory_order_acquire);
    return known != nullptr ? *known : *remember(stands_in, read_directory(of, nullptr));
  }
  const any_snapshot& snapshot() const noexcept { return *snapshot_; }

  /// The i-th block of a tree. Throws `corrupt` if it is not there or damaged.
  held_block read(tree_id of, std::size_t i) const {
    if (!in_place_) return read_cached(tree(of).shared(i));
    std::atomic<shelves*>& all_stand_in = known_[of.number()];
    shelves* all = all_stand_in.load(std::memory_order_acquire);
    if (all == nullptr) all = remember(all_stand_in, std::make_unique<shelves>(tree(of).size()));
    std::atomic<shelf*>& stands_in = all->of[i / shelf::size];
    shelf* with = stands_in.load(std::memory_order_acquire);
    if (with == nullptr) with = remember(stands_in, std::make_unique<shelf>());
    std::atomic<const loaded*>& known = with->blocks[i % shelf::size];
    const loaded* found = known.load(std::memory_order_acquire);
    if (found == nullptr) {
      auto made = std::make_unique<loaded>();
      load(tree(of)[i], *made);
      found = remember(known, std::unique_ptr<const loaded>{std::move(made)});
    }
    return {&found->shown, found};
  }

  /// Values of the texts of a block that was read here were made, some `n`. Once there were twice as many as
  /// it has texts, values of all are kept with it, as long as it is known and there is room for them.
  void note_made(const loaded& in, std::size_t n) const {
    n += in.made.load(std::memory_order_relaxed);
    const bool pays = n >= 2 * in.shown.text_count();
    in.made.store(pays ? 0 : n, std::memory_order_relaxed);
    if (pays && in.shown.keeps_texts() && in.texts.load(std::memory_order_relaxed) == nullptr) keep_texts(in);
  }

  base(const base&) = delete;
  ~base() {
    if (cache_ != nullptr) cache_->give_back(kept_.load(std::memory_order_relaxed));
    for (const auto& one : known_) delete one.load(std::memory_order_relaxed);
  }

 private:
  /// Some neighbouring blocks that were read in place.
  struct shelf {
    static constexpr std::size_t size = 64;
    std::array<std::atomic<const loaded*>, size> blocks{};
    shelf() = default;
    shelf(const shelf&) = delete;
    ~shelf() {
      for (const auto& one : blocks) delete one.load(std::memory_order_relaxed);
    }
  };
  /// Those of one tree.
  struct shelves {
    explicit shelves(std::size_t blocks)
        : size{(blocks + shelf::size - 1) / shelf::size}, of{std::make_unique<std::atomic<shelf*>[]>(size)} {}
    shelves(const shelves&) = delete;
    ~shelves() {
      for (std::size_t i = 0; i < size; ++i) delete of[i].load(std::memory_order_relaxed);
    }
    const std::size_t size;
    const std::unique_ptr<std::atomic<shelf*>[]> of;
  };
  /// The directories read so far.
  struct directories {
    std::array<std::atomic<const directory*>, tree_count> read{};
    directories() = default;
    directories(const directories&) = delete;
    ~directories() {
      for (const auto& one : read) delete one.load(std::memory_order_relaxed);
    }
  };

  template <class T>
  static T* remember(std::atomic<T*>& known, std::unique_ptr<T> made) {
    T* expected = nullptr;
    if (known.compare_exchange_strong(expected, made.get(), std::memory_order_acq_rel)) return made.release();
    return expected;
  }
  void keep_texts(const loaded& in) const {
    const std::size_t size = in.shown.kept_texts_size(in.whole());
    auto made = std::make_unique<const std::vector<value>>(in.shown.kept_texts(in.whole()));
    if (!(in_place_ ? cache_->take(size) : cache_->add(in, size))) return;
    const auto* const mine = made.get();
    if (remember(in.texts, std::move(made)) != mine) {
      if (in_place_) cache_->give_back(size);
    } else if (in_place_) {
      kept_.fetch_add(size, std::memory_order_relaxed);
    }
  }
  /// Reads a block from the engine: by itself, if it is not to be read in place.
  void load(const entry& e, loaded& made) const {
    auto found = snapshot_->get(e.key);
    if (!found) detail::throw_corrupt(e.key, "is missing: a block of datoms stood there");
    const bool verify = !e.verified.load(std::memory_order_relaxed);
    made.of = &e;
    bytes_view stands;
    if (in_place_) {
      made.pinned = std::move(found);
      stands = made.pinned->view();
    } else if (found->view().size() <= block::texts::most_shared) {
      made.stored = value::bytes(found->view());
      stands = made.stored.raw();
    } else {
      made.copied = found->view();
      stands = made.copied;
    }
    made.shown = block{e.key, stands, verify};
    if (made.shown.size() != e.rows || made.shown.order() != e.low.order ||
        made.shown.past() != (e.key[0] >= past_tag)) {
      detail::throw_corrupt(e.key, "is another block than its directory says");
    }
    e.verified.store(true, std::memory_order_relaxed);
  }
  held_block read_cached(const entry_ptr& e) const {
    loaded_ptr found = cache_->find(*e);
    if (found == nullptr) {
      auto made = std::make_shared<loaded>();
      load(*e, *made);
      found = std::move(made);
      cache_->keep(found, e, e->size + sizeof(loaded) + 64);
    }
    const loaded* const in = found.get();
    return {&in->shown, in, std::move(found)};
  }

  std::unique_ptr<const directory> read_directory(tree_id of, const base* earlier) const;

  manifest about_;
  std::optional<any_snapshot> snapshot_;
  std::shared_ptr<directories> trees_ = std::make_shared<directories>();
  bool in_place_ = true;
  std::shared_ptr<block_cache> cache_;
  mutable std::array<std::atomic<shelves*>, tree_count> known_{};
  mutable std::atomic<std::size_t> kept_{0};  // bytes of texts of `known_`
};
using base_ptr = std::shared_ptr<const base>;

/// What a snapshot's database says of its blocks; empty before its first merge.
inline std::optional<manifest> read_manifest(const any_snapshot& snapshot) {
  const auto found = snapshot.get(manifest_key());
  if (!found) return std::nullopt;
  return decode_manifest(found->view());
}

inline base::base(any_snapshot snapshot, manifest m, bool in_place, std::shared_ptr<block_cache> cache,
                  const base* earlier)
    : about_{std::move(m)}, snapshot_{std::move(snapshot)}, in_place_{in_place}, cache_{std::move(cache)} {
  for (std::size_t number = 0; earlier != nullptr && number < tree_count; ++number) {
    if (earlier->trees_->read[number].load(std::memory_order_acquire) == nullptr) continue;
    trees_->read[number].store(read_directory(tree_of(number), earlier).release(), std::memory_order_release);
  }
}

inline std::unique_ptr<const directory> base::read_directory(tree_id of, const base* earlier) const {
  const std::vector<chunk_ptr> none;
  const std::vector<chunk_ptr>& had = earlier == nullptr ? none : earlier->tree(of).chunks();
  std::vector<chunk_ptr> chunks;
  chunks.reserve(about_.chunks[of.number()].size());
  auto beside = had.begin();  // chunks keep their order, so that one stands near the one before
  for (const std::uint64_t wanted : about_.chunks[of.number()]) {
    const auto is_wanted = [&](const chunk_ptr& c) { return c->number == wanted; };
    if (earlier != nullptr && wanted < earlier->about_.next_number) {
      auto same = std::find_if(beside, had.end(), is_wanted);
      if (same == had.end()) same = std::find_if(had.begin(), beside, is_wanted);
      if (same != had.end() && is_wanted(*same)) {
        chunks.push_back(*same);
        beside = same + 1;
        continue;
      }
    }
    const bytes key = chunk_key(of, wanted);
    const auto found = snapshot_->get(key);
    if (!found) detail::throw_corrupt(key, "is missing: a part of the directory of blocks stood there");
    chunks.push_back(std::make_shared<const chunk>(decode_chunk(of, wanted, found->view())));
  }
  return std::make_unique<const directory>(std::move(chunks));
}

}  // namespace datolite::datoms::packed
