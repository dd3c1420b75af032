// memory: the engine that lives in this process, on a `sorted_map`.
//
//   datolite::engines::memory store;
//   auto shown = store.snapshot();      // never changes; some tens of nanoseconds, whatever the size
//   auto other = store.fork();          // a store of its own with the same contents, as cheap
//
// A commit builds the next state beside the present one, sharing all that stays, and publishes it by swapping
// one pointer. What can fail comes before the swap, so that a commit happens whole or not at all.
//
// Threads: all of it may be used by many threads at once; a handle is moved from and destroyed by one.
// Commits happen one after another. Readers never wait for a commit's work: they share a lock with it that
// covers one pointer copy.
//
// Memory: a state lives until the last snapshot, iterator or storage-level pinned that shows it goes.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <datolite/core/bounds.hpp>
#include <datolite/core/commit_checks.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/reader.hpp>
#include <datolite/core/sorted_map.hpp>
#include <datolite/core/storage.hpp>

namespace datolite::engines {

namespace detail {

/// One published state: never written again.
struct memory_state {
  sorted_map<bytes, bytes> map;
  synctag_t tag{};
  std::shared_ptr<std::atomic<bool>> closed = std::make_shared<std::atomic<bool>>(false);

  void check_open() const {
    if (!closed->load(std::memory_order_acquire)) return;
    throw error{error_category::unavailable, "db.error/closed",
                "this in-memory store was closed: open a new one, or close it later"};
  }
};

using memory_state_ptr = std::shared_ptr<const memory_state>;

}  // namespace detail

/// Models Iterator. Keeps the state that it shows.
class memory_iterator {
 public:
  memory_iterator(detail::memory_state_ptr state, const bounds& within)
      : state_{std::move(state)}, bounds_{within}, empty_{within.upper && *within.upper <= within.lower} {}

  void seek(bytes_view key) {
    state_->check_open();
    at_ = state_->map.lower_bound(key < bytes_view{bounds_.lower} ? bytes_view{bounds_.lower} : key);
    stop_at_end();
  }
  void seek_for_prev(bytes_view key) {
    state_->check_open();
    if (bounds_.upper && key >= bytes_view{*bounds_.upper}) return seek_last();
    at_ = state_->map.upper_bound(key);
    step_back();
  }
  void seek_first() { seek(bounds_.lower); }
  void seek_last() {
    state_->check_open();
    at_ = bounds_.upper ? state_->map.lower_bound(*bounds_.upper) : state_->map.end();
    step_back();
  }
  void next() {
    state_->check_open();
    ++at_;
    stop_at_end();
  }
  void prev() {
    state_->check_open();
    step_back();
  }
  bool valid() const noexcept { return valid_; }
  bytes_view key() const noexcept { return at_.key(); }
  bytes_view value() const noexcept { return at_.mapped(); }

 private:
  void stop_at_end() noexcept {
    valid_ = !at_.at_end() && !empty_ && (!bounds_.upper || at_.key() < bytes_view{*bounds_.upper});
  }
  void step_back() noexcept { valid_ = !empty_ && at_.step_back() && at_.key() >= bytes_view{bounds_.lower}; }

  detail::memory_state_ptr state_;
  bounds bounds_;
  bool empty_;
  bool valid_ = false;
  sorted_map<bytes, bytes>::iterator at_;
};

/// Models Snapshot. Copyable; a copy costs nothing.
class memory_snapshot {
 public:
  explicit memory_snapshot(detail::memory_state_ptr state) noexcept : state_{std::move(state)} {}

  std::optional<pinned_view> get(bytes_view key) const& {
    state_->check_open();
    const auto found = state_->map.find(key);
    if (!found) return std::nullopt;
    return pinned_view{*found};
  }
  memory_iterator open_iterator(const bounds& within) const& {
    state_->check_open();
    return {state_, within};
  }
  std::optional<pinned_view> get(bytes_view) const&& = delete;  // its view would outlive the snapshot
  memory_iterator open_iterator(const bounds&) const&& = delete;

  synctag_t synctag() const noexcept { return state_->tag; }

 private:
  detail::memory_state_ptr state_;
};

/// What reading the newest state returns: it keeps that state, so that its view lives as long as it does.
class memory_pinned {
 public:
  memory_pinned(detail::memory_state_ptr state, bytes_view shown) noexcept
      : state_{std::move(state)}, shown_{shown} {}
  bytes_view view() const noexcept { return shown_; }

 private:
  detail::memory_state_ptr state_;
  bytes_view shown_;
};

/// Models Storage and BulkLoader. A movable handle; a moved-from one may only be assigned to or destroyed.
class memory {
 public:
  static constexpr std::string_view name = "memory";
  static constexpr bool zero_copy = true;
  static constexpr bool multi_process = false;

  memory() : memory{std::make_shared<const detail::memory_state>()} {}

  memory_snapshot snapshot() const { return memory_snapshot{open_state()}; }
  /// A store of its own that starts with the present contents. O(1). Neither sees what is done to the other.
  memory fork() const {
    const detail::memory_state_ptr now = open_state();
    return memory{std::make_shared<const detail::memory_state>(detail::memory_state{.map = now->map})};
  }
  synctag_t synctag() const { return open_state()->tag; }

  std::optional<memory_pinned> get(bytes_view key) const {
    detail::memory_state_ptr now = open_state();
    const auto found = now->map.find(key);
    if (!found) return std::nullopt;
    return memory_pinned{std::move(now), *found};
  }
  memory_iterator open_iterator(const bounds& within) const { return {open_state(), within}; }

  synctag_t commit(std::span<const change> changes, const demands& wanted = {});

  /// Loads a strictly ascending run; into an empty store as fast as memory is written.
  template <class Next>
  synctag_t bulk_load(Next&& next) {
    return edit({}, [&](sorted_map<bytes, bytes>& map) {
      bytes before;
      bool any = false;
      for (std::optional<change> c = next(); c; c = next(), any = true) {
        const change two[] = {{before, std::nullopt}, *c};
        check_changes(std::span{two}.subspan(any ? 0 : 1), min_key_size(), max_key_size());
        apply(map, *c);
        before.assign(c->key);
      }
      return any;
    });
  }

  /// Later reads and commits through this, its snapshots and iterators are `unavailable`. Forks are stores of
  /// their own and stay open.
  void close() noexcept {
    const std::lock_guard committing{shared_->committing};
    shared_->now->closed->store(true, std::memory_order_release);
  }

  durability_level durability() const noexcept { return durability_level::memory; }
  std::size_t min_key_size() const noexcept { return 0; }
  std::size_t max_key_size() const noexcept { return std::size_t{1} << 30; }
  std::size_t preferred_value_size() const noexcept { return 100; }

 private:
  struct shared {
    std::mutex committing;        ///< held for a commit's work
    mutable std::mutex swapping;  ///< held while `now` is read or swapped, and for nothing else
    detail::memory_state_ptr now;
  };

  explicit memory(detail::memory_state_ptr first) : shared_{std::make_unique<shared>()} {
    shared_->now = std::move(first);
  }

  detail::memory_state_ptr open_state() const {
    detail::memory_state_ptr now;
    {
      const std::lock_guard swapping{shared_->swapping};
      now = shared_->now;
    }
    now->check_open();
    return now;
  }

  static void apply(sorted_map<bytes, bytes>& map, const change& c);

  /// Publishes what `change_map`, which tells whether there was anything to change, makes of the present
  /// state.
  template <class Change>
  synctag_t edit(const demands& wanted, Change change_map) try {
    const std::lock_guard committing{shared_->committing};
    const detail::memory_state_ptr now = shared_->now;  // only a holder of `committing` swaps it
    now->check_open();
    check_demands(memory_snapshot{now}, now->tag, wanted);
    auto next = std::make_shared<detail::memory_state>(*now);
    if (!change_map(next->map)) return now->tag;
    next->tag = synctag_t{static_cast<std::uint64_t>(now->tag) + 1};
    const synctag_t tag = next->tag;
    detail::memory_state_ptr published = std::move(next);
    {
      const std::lock_guard swapping{shared_->swapping};
      shared_->now.swap(published);
    }
    return tag;
  } catch (const std::bad_alloc&) {
    throw error{error_category::exhausted, "db.error/out-of-memory",
                "memory ran out during a commit to an in-memory store; nothing was committed"};
  }

  std::unique_ptr<shared> shared_;
};

}  // namespace datolite::engines

#ifndef DATOLITE_COMPILED
#include <datolite/engines/detail/memory.hpp>
#endif
