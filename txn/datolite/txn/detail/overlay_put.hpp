// The definitions of overlay.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

#include <datolite/core/bytes.hpp>
#include <datolite/core/linkage.hpp>
#include <datolite/txn/detail/overlay.hpp>

namespace datolite::txn::detail {

inline bytes_view copy(bytes_view from, char* to) noexcept {
  if (!from.empty()) std::memcpy(to, from.data(), from.size());
  return {to, from.size()};
}

DATOLITE_INLINE void overlay::put(bytes_view key, bytes_view value, change_form form) {
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

DATOLITE_INLINE void overlay::compact() {
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

}  // namespace datolite::txn::detail
