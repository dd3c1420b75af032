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
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <datolite/core/bounds.hpp>
#include <datolite/core/bytes.hpp>
#include <datolite/core/change_source.hpp>
#include <datolite/core/reader.hpp>
#include <datolite/core/sorted_map.hpp>
#include <datolite/core/storage.hpp>

namespace datolite::engines {

namespace detail {

/// One published state: never written again.
struct memory_state {
  memory_state();
  explicit memory_state(sorted_map<bytes, bytes> with);

  sorted_map<bytes, bytes> map;
  synctag_t tag{};
  std::shared_ptr<std::atomic<bool>> closed;

  void check_open() const {
    if (closed->load(std::memory_order_acquire)) refuse_closed();
  }
  [[noreturn]] static void refuse_closed();
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

  memory();
  memory(memory&&) noexcept;
  memory& operator=(memory&&) noexcept;
  ~memory();

  memory_snapshot snapshot() const;
  /// A store of its own that starts with the present contents. O(1). Neither sees what is done to the other.
  memory fork() const;
  synctag_t synctag() const;

  std::optional<memory_pinned> get(bytes_view key) const;
  memory_iterator open_iterator(const bounds& within) const;

  synctag_t commit(std::span<const change> changes, const demands& wanted = {});

  /// Loads a strictly ascending run; into an empty store as fast as memory is written.
  template <class Next>
  synctag_t bulk_load(Next&& next) {
    return load(change_source{next});
  }

  /// Later reads and commits through this, its snapshots and iterators are `unavailable`. Forks are stores of
  /// their own and stay open.
  void close() noexcept;

  durability_level durability() const noexcept { return durability_level::memory; }
  std::size_t min_key_size() const noexcept { return 0; }
  std::size_t max_key_size() const noexcept { return std::size_t{1} << 30; }
  std::size_t preferred_value_size() const noexcept { return 100; }

 private:
  struct shared;

  explicit memory(detail::memory_state_ptr first);

  detail::memory_state_ptr open_state() const;

  static void apply(sorted_map<bytes, bytes>& map, const change& c);

  /// Publishes what `change_map`, which tells whether there was anything to change, makes of the present
  /// state.
  template <class Change>
  synctag_t edit(const demands& wanted, Change change_map);
  synctag_t load(change_source next);

  std::unique_ptr<shared> shared_;
};

}  // namespace datolite::engines

#ifndef DATOLITE_COMPILED
#include <datolite/engines/detail/memory.hpp>
#endif
