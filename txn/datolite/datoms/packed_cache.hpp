// packed_cache: the blocks that a connection keeps in memory, where its engine copies what is read.
//
// A block stands at its entry of the directory, where any number of threads find it without meeting. The
// cache knows all of them, so as to let go of some: the oldest, but for those that were used since that was
// last considered.
//
// Threads: any number may use a cache.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <datolite/core/any_storage.hpp>
#include <datolite/core/bytes.hpp>
#include <datolite/core/value.hpp>
#include <datolite/datoms/cached_block.hpp>
#include <datolite/datoms/packed_block.hpp>
#include <datolite/datoms/packed_directory.hpp>

namespace datolite::datoms::packed {

/// A block and the bytes that it shows.
struct loaded {
  const entry* of = nullptr;
  std::optional<any_pinned> pinned;  ///< valid as long as its snapshot, or
  bytes copied;                      ///< valid by itself, or
  value stored;                      ///< the same, if values may be parts of it
  block shown;
  mutable std::atomic<std::size_t> made{0};  ///< of its texts, how many values were made; roughly
  mutable std::atomic<const std::vector<value>*> texts{nullptr};  ///< block::kept_texts, once it pays

  loaded() = default;
  loaded(const loaded&) = delete;
  ~loaded() { delete texts.load(std::memory_order_relaxed); }

  /// What values of its texts may be parts of; null: nothing.
  const value* whole() const noexcept { return stored.is_nil() ? nullptr : &stored; }
};

class block_cache {
 public:
  explicit block_cache(std::size_t most_bytes) noexcept : most_{most_bytes} {}

  /// The block of an entry; null if it is not here.
  loaded_ptr find(const entry& of) noexcept {
    loaded_ptr found = of.cached.find();
    (found == nullptr ? misses_ : hits_).fetch_add(1, std::memory_order_relaxed);
    return found;
  }
  void keep(const loaded_ptr& held, const entry_ptr& of, std::size_t size) {
    const std::lock_guard guard{mutex_};
    all_.push_back(of);
    if (of->cached.put(held, size))
      grow(size);
    else
      all_.pop_back();  // another thread was first
  }
  /// The block takes so much more from now on. False, and nothing changes, if it is not here any more.
  bool add(const loaded& held, std::size_t size) {
    const std::lock_guard guard{mutex_};
    if (!held.of->cached.has(held)) return false;
    held.of->cached.grow(size);
    grow(size);
    return true;
  }

  /// Bytes that stand elsewhere and go when their owner gives them back. False if there is no room for them.
  bool take(std::size_t size) {
    const std::lock_guard guard{mutex_};
    if (bytes_ + size > most_) return false;
    bytes_ += size;
    return true;
  }
  void give_back(std::size_t size) {
    const std::lock_guard guard{mutex_};
    bytes_ -= size;
  }

  struct figures {
    std::uint64_t hits, misses, bytes;
  };
  figures counted() const {
    const std::lock_guard guard{mutex_};
    return {hits_.load(std::memory_order_relaxed), misses_.load(std::memory_order_relaxed), bytes_};
  }

  block_cache(const block_cache&) = delete;
  /// Entries may outlive it: they keep nothing then.
  ~block_cache() {
    for (const entry_ptr& one : all_) one->cached.take();
  }

 private:
  /// REQUIRES: the caller has the lock.
  void grow(std::size_t size) {
    bytes_ += size;
    for (std::size_t spared = 0; bytes_ > most_ && all_.size() > 1;) {
      const entry& oldest = *all_.front();
      if (spared < all_.size() && oldest.cached.take_used()) {
        all_.splice(all_.end(), all_, all_.begin());
        ++spared;
        continue;
      }
      bytes_ -= oldest.cached.size();
      oldest.cached.take();
      all_.pop_front();
    }
  }

  const std::size_t most_;
  mutable std::mutex mutex_;
  std::list<entry_ptr> all_;  // the oldest first
  std::size_t bytes_ = 0;
  std::atomic<std::uint64_t> hits_{0}, misses_{0};
};

}  // namespace datolite::datoms::packed
