// overlay: the changes that a transaction has not committed, as an ordered persistent map.
//
// A value: copying is O(1), copies share what they have in common, and editing one never shows in another.
// Keys and values stand in an arena that the copies share; the map holds views of them, so that a node of the
// map is copied without touching the bytes.
//
// A removed key stays in the map, marked: it hides the key of the snapshot below.
#pragma once

#include <cstddef>
#include <cstdint>

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

  void put(bytes_view key, bytes_view value, change_form form);
  void erase(bytes_view key) { put(key, {}, change_form::removal); }

 private:
  static constexpr std::size_t never_compact_below = 1024 * 1024;  // bytes

  /// Leaves behind the bytes that later changes have replaced, if they are more than half of all. Called when
  /// the arena has doubled since the last time, so that its cost, spread over the changes, is O(log n) each.
  void compact();

  map changes_;
  byte_arena arena_;
  std::size_t compact_above_ = never_compact_below;
};

}  // namespace datolite::txn::detail

#ifndef DATOLITE_COMPILED
#include <datolite/txn/detail/overlay_put.hpp>
#endif
