// Comparison: the relation of `<`, `<=`, `compare`, `min`, `max` and sorting in queries.
//
// Intuition. What a person means by "less": all numbers compare by what they amount to, exactly, whatever
// their kinds, entity ids included; everything else compares with its own kind only. What does not compare is
// unordered, and so neither less nor greater nor equal: never an error, so no plan changes an answer.
//   long, ref, bigint, float, double, bigdec    one line of numbers; -0.0 is 0.0; NaN is unordered, even to
//   itself tuple, vector, list                         with each other, element by element, the shorter first
//   nil, boolean, string, keyword, symbol, instant, uuid, uri, bytes, character    within the kind, by stored
//   order set, map, tagged                            unordered, but for those that are equal
#pragma once

#include <compare>

#include <datolite/core/value.hpp>
#include <datolite/core/value_order.hpp>

namespace datolite {

namespace detail {

/// `compare_values`, whatever the kinds.
std::partial_ordering compare_any(const value& a, const value& b);

}  // namespace detail

/// How `a` compares with `b`; unordered where they do not compare. O(the shorter), for two numbers of which
/// one is a bigdec or bigint O(their digits); but O(n^2) in the n digits of a bigint that meets a bigdec,
/// since it is written out in decimal for that (100,000 digits: some tenths of a second).
inline std::partial_ordering compare_values(const value& a, const value& b) {
  if (a.is(kind::long_) && b.is(kind::long_)) return a.word() <=> b.word();
  return detail::compare_any(a, b);
}

}  // namespace datolite

#ifndef DATOLITE_COMPILED
#include <datolite/core/detail/value_comparison.hpp>
#endif
