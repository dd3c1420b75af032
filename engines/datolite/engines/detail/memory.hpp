// The definitions of memory.hpp.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <span>
#include <utility>

#include <datolite/core/bounds.hpp>
#include <datolite/core/bytes.hpp>
#include <datolite/core/change_source.hpp>
#include <datolite/core/commit_checks.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/linkage.hpp>
#include <datolite/core/sorted_map.hpp>
#include <datolite/core/storage.hpp>
#include <datolite/engines/memory.hpp>

namespace datolite::engines {

namespace detail {

DATOLITE_INLINE memory_state::memory_state() : closed{std::make_shared<std::atomic<bool>>(false)} {}

DATOLITE_INLINE memory_state::memory_state(sorted_map<bytes, bytes> with) : memory_state{} {
  map = std::move(with);
}

DATOLITE_INLINE void memory_state::refuse_closed() {
  throw error{error_category::unavailable, "db.error/closed",
              "this in-memory store was closed: open a new one, or close it later"};
}

}  // namespace detail

struct memory::shared {
  std::mutex committing;        ///< held for a commit's work
  mutable std::mutex swapping;  ///< held while `now` is read or swapped, and for nothing else
  detail::memory_state_ptr now;
};

DATOLITE_INLINE memory::memory() : memory{std::make_shared<const detail::memory_state>()} {}
DATOLITE_INLINE memory::memory(detail::memory_state_ptr first) : shared_{std::make_unique<shared>()} {
  shared_->now = std::move(first);
}
DATOLITE_INLINE memory::memory(memory&&) noexcept = default;
DATOLITE_INLINE memory& memory::operator=(memory&&) noexcept = default;
DATOLITE_INLINE memory::~memory() = default;

DATOLITE_INLINE detail::memory_state_ptr memory::open_state() const {
  detail::memory_state_ptr now;
  {
    const std::lock_guard swapping{shared_->swapping};
    now = shared_->now;
  }
  now->check_open();
  return now;
}

DATOLITE_INLINE memory_snapshot memory::snapshot() const { return memory_snapshot{open_state()}; }
DATOLITE_INLINE memory memory::fork() const {
  const detail::memory_state_ptr now = open_state();
  return memory{std::make_shared<const detail::memory_state>(now->map)};
}
DATOLITE_INLINE synctag_t memory::synctag() const { return open_state()->tag; }

DATOLITE_INLINE std::optional<memory_pinned> memory::get(bytes_view key) const {
  detail::memory_state_ptr now = open_state();
  const auto found = now->map.find(key);
  if (!found) return std::nullopt;
  return memory_pinned{std::move(now), *found};
}
DATOLITE_INLINE memory_iterator memory::open_iterator(const bounds& within) const {
  return {open_state(), within};
}

template <class Change>
synctag_t memory::edit(const demands& wanted, Change change_map) try {
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

DATOLITE_INLINE synctag_t memory::commit(std::span<const change> changes, const demands& wanted) {
  check_changes(changes, min_key_size(), max_key_size());
  return edit(wanted, [&](sorted_map<bytes, bytes>& map) {
    for (const change& c : changes) apply(map, c);
    return !changes.empty();
  });
}

DATOLITE_INLINE synctag_t memory::load(change_source next) {
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

DATOLITE_INLINE void memory::close() noexcept {
  const std::lock_guard committing{shared_->committing};
  shared_->now->closed->store(true, std::memory_order_release);
}

DATOLITE_INLINE void memory::apply(sorted_map<bytes, bytes>& map, const change& c) {
  map = c.value ? std::move(map).insert_or_assign(c.key, *c.value) : std::move(map).erase(c.key);
}

}  // namespace datolite::engines
