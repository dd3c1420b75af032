// The read transactions of one LMDB environment, kept and used again.
//
// Beginning one takes a lock that all processes share and searches the reader table; renewing one is two
// stores. So those that snapshots let go are kept, up to a few, each with its slot in the table; a kept one
// pins no pages.
//
// Invariants:
//   1. a place is in the stack of idle ones, or in the list of bare ones, or held by a snapshot
//   2. an idle place has a transaction that was reset; a bare one has none
//   3. `head_` packs the number of idle places, the top one, and a tag that changes with each move, so that a
//      place that left the stack and came back is not taken for one that stayed
//
// Threads: take and give may be called by many at once. Neither waits, unless a transaction has to be begun
// or ended.
#pragma once

#include <lmdb.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace datolite::engines::detail {

/// One read transaction and the number of those that share it.
struct lmdb_place {
  MDB_txn* txn = nullptr;
  std::atomic<std::uint32_t> sharers{0};
  std::atomic<std::uint32_t> below{0};  // in the stack: one more than the index of the next place, 0 for none
  std::uint32_t index = 0;
};

class lmdb_readers {
 public:
  explicit lmdb_readers(MDB_env* env) : env_{env} { bare_.reserve(chunks * chunk_size); }

  /// A place whose transaction shows the newest state, and LMDB's code. Null if that is not MDB_SUCCESS.
  lmdb_place* take(int& rc) {
    lmdb_place* place = pop();
    rc = place ? mdb_txn_renew(place->txn) : MDB_SUCCESS;
    if (!place) place = begin(rc);
    if (rc == MDB_SUCCESS) rc = settle(place->txn);
    if (rc == MDB_SUCCESS) {
      place->sharers.store(1, std::memory_order_relaxed);
      return place;
    }
    if (place) end(*place);
    return nullptr;
  }

  /// REQUIRES: `place` was taken, and nobody reads through it any more.
  void give(lmdb_place& place) noexcept {
    mdb_txn_reset(place.txn);
    if (!push(place)) end(place);
  }

  /// Ends every idle transaction. REQUIRES: no place is taken, and nobody takes one meanwhile.
  void clear() noexcept {
    while (lmdb_place* place = pop()) mdb_txn_abort(place->txn);
  }

 private:
  static constexpr std::size_t chunk_size = 64, chunks = 64;
  static constexpr std::uint64_t most_idle = 16;
  // head_: 24 bits of tag, 20 of the number of idle places, 20 of one more than the index of the top one
  static constexpr int count_at = 20, tag_at = 40;
  static constexpr std::uint64_t part = (1u << 20) - 1;
  static std::uint64_t pack(std::uint64_t tag, std::uint64_t count, std::uint64_t top) {
    return tag << tag_at | count << count_at | top;
  }

  lmdb_place& at(std::uint32_t index) const { return chunks_[index / chunk_size][index % chunk_size]; }

  lmdb_place* pop() noexcept {
    std::uint64_t head = head_.load(std::memory_order_acquire);
    while (const std::uint64_t top = head & part) {
      lmdb_place& place = at(static_cast<std::uint32_t>(top - 1));
      const std::uint64_t rest = pack((head >> tag_at) + 1, (head >> count_at & part) - 1,
                                      place.below.load(std::memory_order_relaxed));
      if (head_.compare_exchange_weak(head, rest, std::memory_order_acquire)) return &place;
    }
    return nullptr;
  }

  bool push(lmdb_place& place) noexcept {
    std::uint64_t head = head_.load(std::memory_order_relaxed);
    for (;;) {
      const std::uint64_t count = head >> count_at & part;
      if (count >= most_idle) return false;
      place.below.store(static_cast<std::uint32_t>(head & part), std::memory_order_relaxed);
      const std::uint64_t more = pack((head >> tag_at) + 1, count + 1, place.index + 1);
      if (head_.compare_exchange_weak(head, more, std::memory_order_release, std::memory_order_relaxed))
        return true;
    }
  }

  /// A place with a new transaction; null if there is none to be had.
  lmdb_place* begin(int& rc) {
    const std::lock_guard hold{mutex_};
    if (bare_.empty() && !add_chunk()) {
      rc = MDB_READERS_FULL;
      return nullptr;
    }
    lmdb_place& place = at(bare_.back());
    rc = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &place.txn);
    if (rc == MDB_READERS_FULL) {
      int dead = 0;
      mdb_reader_check(env_, &dead);  // slots of processes that were killed
      if (dead > 0) rc = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &place.txn);
    }
    if (rc != MDB_SUCCESS) return nullptr;
    bare_.pop_back();
    return &place;
  }

  void end(lmdb_place& place) noexcept {
    const std::lock_guard hold{mutex_};
    mdb_txn_abort(place.txn);
    place.txn = nullptr;
    bare_.push_back(place.index);  // has room: every index fits
  }

  bool add_chunk() {
    if (made_ == chunks) return false;
    auto chunk = std::make_unique<lmdb_place[]>(chunk_size);
    for (std::size_t i = chunk_size; i-- > 0;) {
      chunk[i].index = static_cast<std::uint32_t>(made_ * chunk_size + i);
      bare_.push_back(chunk[i].index);
    }
    chunks_[made_++] = std::move(chunk);
    return true;
  }

  /// LMDB reads the number of the newest state and then that state's root, one of two in turn. A thread that
  /// was held up between the two for two commits would have the root of another state than its number says.
  int settle(MDB_txn* txn) const {
    for (;;) {
      MDB_envinfo info;
      mdb_env_info(env_, &info);
      if (info.me_last_txnid < mdb_txn_id(txn) + 2) return MDB_SUCCESS;
      mdb_txn_reset(txn);
      if (const int rc = mdb_txn_renew(txn)) return rc;
    }
  }

  MDB_env* env_;
  std::array<std::unique_ptr<lmdb_place[]>, chunks> chunks_;
  std::mutex mutex_;  // guards made_, bare_ and the making of chunks
  std::size_t made_ = 0;
  std::vector<std::uint32_t> bare_;
  alignas(64) std::atomic<std::uint64_t> head_{0};
};

}  // namespace datolite::engines::detail
