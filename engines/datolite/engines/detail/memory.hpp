// The definitions of memory.hpp.
#pragma once

#include <span>
#include <utility>

#include <datolite/core/commit_checks.hpp>
#include <datolite/core/linkage.hpp>
#include <datolite/core/sorted_map.hpp>
#include <datolite/core/storage.hpp>
#include <datolite/engines/memory.hpp>

namespace datolite::engines {

DATOLITE_INLINE synctag_t memory::commit(std::span<const change> changes, const demands& wanted) {
  check_changes(changes, min_key_size(), max_key_size());
  return edit(wanted, [&](sorted_map<bytes, bytes>& map) {
    for (const change& c : changes) apply(map, c);
    return !changes.empty();
  });
}

DATOLITE_INLINE void memory::apply(sorted_map<bytes, bytes>& map, const change& c) {
  map = c.value ? std::move(map).insert_or_assign(c.key, *c.value) : std::move(map).erase(c.key);
}

}  // namespace datolite::engines
