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

#include <algorithm>
#include <compare>
#include <span>
#include <vector>

#include <datolite/core/detail/pair_walk.hpp>
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

/// Sorts in place and returns the first element that stands there twice, or null.
inline const value* sort_set(std::span<value> elements) {
  if (!std::is_sorted(elements.begin(), elements.end(), stored_less{})) {
    std::sort(elements.begin(), elements.end(), stored_less{});
  }
  const auto twice = std::adjacent_find(elements.begin(), elements.end());
  return twice == elements.end() ? nullptr : &*twice;
}

/// The same for a map's entries, by their keys.
inline const value* sort_map(std::span<map_entry> entries) {
  const auto less = [](const map_entry& a, const map_entry& b) { return stored_order(a.key, b.key) < 0; };
  const auto same = [](const map_entry& a, const map_entry& b) { return a.key == b.key; };
  if (!std::is_sorted(entries.begin(), entries.end(), less)) std::sort(entries.begin(), entries.end(), less);
  const auto twice = std::adjacent_find(entries.begin(), entries.end(), same);
  return twice == entries.end() ? nullptr : &twice->key;
}

}  // namespace detail

/// The set of `elements`, in any order. Throws `db.error/duplicate-element` if two are the same. O(n log n).
inline value make_set(std::span<const value> elements) {
  std::vector<value> sorted{elements.begin(), elements.end()};
  if (detail::sort_set(sorted) != nullptr) {
    throw error{error_category::incorrect, "db.error/duplicate-element",
                "a set holds the same element twice"};
  }
  return value::from_moved(kind::set, sorted);
}

/// The map of `entries`, in any order. Throws `db.error/duplicate-key` if two keys are the same. O(n log n).
inline value make_map(std::span<const map_entry> entries) {
  std::vector<map_entry> sorted{entries.begin(), entries.end()};
  if (detail::sort_map(sorted) != nullptr) {
    throw error{error_category::incorrect, "db.error/duplicate-key", "a map holds the same key twice"};
  }
  return value::from_moved(kind::map, {reinterpret_cast<value*>(sorted.data()), 2 * sorted.size()});
}

inline value make_set(std::initializer_list<value> elements) {
  return make_set(std::span<const value>{elements.begin(), elements.size()});
}
inline value make_map(std::initializer_list<map_entry> entries) {
  return make_map(std::span<const map_entry>{entries.begin(), entries.size()});
}

}  // namespace datolite
