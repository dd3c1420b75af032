// The definitions of value_order.hpp.
#pragma once

#include <compare>
#include <span>
#include <vector>

#include <datolite/core/detail/pair_walk.hpp>
#include <datolite/core/detail/sort_values.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/linkage.hpp>
#include <datolite/core/value.hpp>
#include <datolite/core/value_order.hpp>

namespace datolite {

namespace detail {

struct stored_policy {
  using ordering = std::strong_ordering;
  bool descends(const value& a, const value& b) const noexcept {
    return a.kind() == b.kind() && is_collection(a.kind()) && !a.is_identical(b);
  }
  ordering compare(const value& a, const value& b) const noexcept {
    if (a.kind() != b.kind()) return a.kind() <=> b.kind();
    return is_collection(a.kind()) ? ordering::equal : order_alike(a, b);
  }
};

DATOLITE_INLINE std::strong_ordering order_nested(const value& a, const value& b) {
  return walk_pair(a, b, stored_policy{});
}

inline int order_items(const value* a, const value* b) {
  const std::strong_ordering order = stored_order(*a, *b);
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

/// Sorts items of `width` values by their first one, and returns one of them that stands there twice, or
/// null.
inline const value* sort_and_find_twice(std::span<value> values, std::size_t width) {
  sort_values(values, width, order_items);
  for (std::size_t i = width; i < values.size(); i += width) {
    if (values[i - width] == values[i]) return &values[i];
  }
  return nullptr;
}

}  // namespace detail

DATOLITE_INLINE value make_set(std::span<const value> elements) {
  std::vector<value> sorted{elements.begin(), elements.end()};
  if (detail::sort_and_find_twice(sorted, 1) != nullptr) {
    throw error{error_category::incorrect, "db.error/duplicate-element",
                "a set holds the same element twice"};
  }
  return value::from_moved(kind::set, sorted);
}

DATOLITE_INLINE value make_map(std::span<const map_entry> entries) {
  std::vector<value> flat;
  flat.reserve(2 * entries.size());
  for (const map_entry& entry : entries) flat.push_back(entry.key), flat.push_back(entry.val);
  if (detail::sort_and_find_twice(flat, 2) != nullptr) {
    throw error{error_category::incorrect, "db.error/duplicate-key", "a map holds the same key twice"};
  }
  return value::from_moved(kind::map, flat);
}

}  // namespace datolite
