// Stored order: the order of values in indexes and in the encoding, and what `==` means between values.
//
// Intuition. First by kind, then by value. So 1 and 1.0 are different values, and so are 1.0M and 1.00M.
//   nil < booleans (false first) < longs < bigints < floats < doubles < bigdecs < strings < keywords < …
// The kinds follow one another in the order of the enumerators of `kind`. Within a kind:
//   longs, instants, refs, characters, bigints    by number
//   floats, doubles                               by number; NaN after everything else, and equal to itself
//   bigdecs                                       by number, then by scale: 1.0M before 1.00M
//   texts, bytes, uuids                           unsigned, byte by byte, the shorter first
//   collections                                   element by element, the shorter first; maps key, value,
//   key, …
//
// Laws: it is a total order, and the encoding (encode.hpp) has the same. No value holds -0.0 (see `value`).
// Neither depth nor size of a value bounds what can be compared: nothing here recurses.
#pragma once

#include <compare>
#include <initializer_list>
#include <span>
#include <vector>

#include <datolite/core/detail/pair_walk.hpp>
#include <datolite/core/detail/sort_values.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/value.hpp>

namespace datolite {

namespace detail {

template <class Float>
std::strong_ordering order_floating(Float a, Float b) noexcept {
  if (a < b) return std::strong_ordering::less;
  if (a > b) return std::strong_ordering::greater;
  return (a != a) <=> (b != b);
}

/// REQUIRES: one kind, and no collection.
inline std::strong_ordering order_alike(const value& a, const value& b) noexcept {
  switch (a.kind()) {
    case kind::nil: return std::strong_ordering::equal;
    case kind::boolean:
    case kind::long_:
    case kind::instant:
    case kind::ref:
    case kind::character: return a.word() <=> b.word();
    case kind::float_: return order_floating(a.as_float(), b.as_float());
    case kind::double_: return order_floating(a.as_double(), b.as_double());
    default: return a.raw() <=> b.raw();
  }
}

inline bool is_collection(kind k) noexcept { return k == kind::tuple || k >= kind::vector; }

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

}  // namespace detail

/// The stored order of two values. O(the shorter); never fails but for memory, on values nested more than 8
/// deep.
inline std::strong_ordering stored_order(const value& a, const value& b) {
  if (a.kind() != b.kind()) return a.kind() <=> b.kind();
  if (!detail::is_collection(a.kind())) return detail::order_alike(a, b);
  return detail::walk_pair(a, b, detail::stored_policy{});
}

inline bool operator==(const value& a, const value& b) {
  return a.is_identical(b) || stored_order(a, b) == 0;
}
inline std::strong_ordering operator<=>(const value& a, const value& b) { return stored_order(a, b); }

inline bool operator==(const map_entry& a, const map_entry& b) { return a.key == b.key && a.val == b.val; }

/// Makes values the keys of ordered containers.
struct stored_less {
  bool operator()(const value& a, const value& b) const { return stored_order(a, b) < 0; }
};

namespace detail {

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

/// The set of `elements`, in any order. Throws `db.error/duplicate-element` if two are the same. O(n log n).
inline value make_set(std::span<const value> elements) {
  std::vector<value> sorted{elements.begin(), elements.end()};
  if (detail::sort_and_find_twice(sorted, 1) != nullptr) {
    throw error{error_category::incorrect, "db.error/duplicate-element",
                "a set holds the same element twice"};
  }
  return value::from_moved(kind::set, sorted);
}

/// The map of `entries`, in any order. Throws `db.error/duplicate-key` if two keys are the same. O(n log n).
inline value make_map(std::span<const map_entry> entries) {
  std::vector<value> flat;
  flat.reserve(2 * entries.size());
  for (const map_entry& entry : entries) flat.push_back(entry.key), flat.push_back(entry.val);
  if (detail::sort_and_find_twice(flat, 2) != nullptr) {
    throw error{error_category::incorrect, "db.error/duplicate-key", "a map holds the same key twice"};
  }
  return value::from_moved(kind::map, flat);
}

inline value make_set(std::initializer_list<value> elements) {
  return make_set(std::span<const value>{elements.begin(), elements.size()});
}
inline value make_map(std::initializer_list<map_entry> entries) {
  return make_map(std::span<const map_entry>{entries.begin(), entries.size()});
}

}  // namespace datolite
