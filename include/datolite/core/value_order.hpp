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

/// `stored_order` of two collections of one kind.
std::strong_ordering order_nested(const value& a, const value& b);

}  // namespace detail

/// The stored order of two values. O(the shorter); never fails but for memory, on values nested more than 8
/// deep.
inline std::strong_ordering stored_order(const value& a, const value& b) {
  if (a.kind() != b.kind()) return a.kind() <=> b.kind();
  if (!detail::is_collection(a.kind())) return detail::order_alike(a, b);
  return detail::order_nested(a, b);
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

/// The set of `elements`, in any order. Throws `db.error/duplicate-element` if two are the same. O(n log n).
value make_set(std::span<const value> elements);

/// The map of `entries`, in any order. Throws `db.error/duplicate-key` if two keys are the same. O(n log n).
value make_map(std::span<const map_entry> entries);

inline value make_set(std::initializer_list<value> elements) {
  return make_set(std::span<const value>{elements.begin(), elements.size()});
}
inline value make_map(std::initializer_list<map_entry> entries) {
  return make_map(std::span<const map_entry>{entries.begin(), entries.size()});
}

}  // namespace datolite

#ifndef DATOLITE_COMPILED
#include <datolite/core/detail/value_order.hpp>
#endif
