// overlay: the changes that a transaction has not committed, as an ordered persistent map.
//
// A value: copying is O(1), copies share what they have in common, and editing one never shows in another.
// Keys and values stand in an arena that the copies share; the map holds views of them, so that a node of the
// map is copied without touching the bytes.
//
// A removed key stays in the map, marked: it hides the key of the snapshot below.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

#include <datolite/core/bytes.hpp>
#include <datolite/core/sorted_map.hpp>
#include <datolite/txn/detail/byte_arena.hpp>

namespace datolite::txn::detail {

/// How a change was written; printing shows it. A reader sees `raw` and `edn` alike.
enum class change_form : std::uint8_t { removal, raw, edn };

/// What is to become of a key. 16 bytes.
class pending {
 public:
  pending() noexcept = default;
  pending(bytes_view value, change_form form) noexcept
      : data_{value.data()},
        size_and_form_{static_cast<std::uint64_t>(value.size()) << 2 | static_cast<std::uint64_t>(form)} {}

  change_form form() const noexcept { return static_cast<change_form>(size_and_form_ & 3); }
  bool removed() const noexcept { return form() == change_form::removal; }
  bytes_view value() const noexcept { return {data_, static_cast<std::size_t>(size_and_form_ >> 2)}; }

 private:
  const char* data_ = nullptr;
  std::uint64_t size_and_form_ = 0;
};

class overlay {
 public:
  using map = sorted_map<bytes_view, pending>;

  bool empty() const noexcept { return changes_.empty(); }
  std::size_t size() const noexcept { return changes_.size(); }
  const map& changes() const noexcept { return changes_; }
  /// Whoever holds a copy keeps the bytes of every change made so far.
  const byte_arena& arena() const noexcept { return arena_; }
  const pending* find(bytes_view key) const { return changes_.find(key); }

  void put(bytes_view key, bytes_view value, change_form form) {
    char* place = arena_.take(key.size() + value.size());
    const bytes_view kept_key = copy(key, place);
    const bytes_view kept_value = copy(value, place + key.size());
    changes_ = std::move(changes_).insert_or_assign(kept_key, pending{kept_value, form});
    if (arena_.reserved() <= compact_above_) return;
    try {
      compact();
    } catch (const std::bad_alloc&) {
      // The change is made, so this may not throw; what was to be given back waits until the arena has
      // doubled.
      compact_above_ = 2 * arena_.reserved();
    }
  }

  void erase(bytes_view key) { put(key, {}, change_form::removal); }

 private:
  static constexpr std::size_t never_compact_below = 1024 * 1024;  // bytes

  static bytes_view copy(bytes_view from, char* to) noexcept {
    if (!from.empty()) std::memcpy(to, from.data(), from.size());
    return {to, from.size()};
  }

  /// Leaves behind the bytes that later changes have replaced, if they are more than half of all. Called when
  /// the arena has doubled since the last time, so that its cost, spread over the changes, is O(log n) each.
  void compact() {
    std::size_t live = 0;
    for (auto&& [key, change] : changes_) live += key.size() + change.value().size();
    if (2 * live < arena_.reserved()) {
      overlay fresh;
      fresh.compact_above_ = SIZE_MAX;
      for (auto&& [key, change] : changes_) fresh.put(key, change.value(), change.form());
      *this = std::move(fresh);
    }
    compact_above_ = std::max(never_compact_below, 2 * arena_.reserved());
  }

  map changes_;
  byte_arena arena_;
  std::size_t compact_above_ = never_compact_below;
};

}  // namespace datolite::txn::detail
