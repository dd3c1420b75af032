// Query equality: when two values are the same to a query, and the hash that goes with it.
//
// Intuition. Joins, constants, `=` and the removal of duplicates must not see how a number was stored. Two
// values are query-equal if their canonical forms are the same value (in stored order):
//   ref, bigint    the long of that number, where one can hold it: an entity id joins with a long
//   float          the double of that number
//   bigdec         with the least scale: 1.0M and 1.00M are equal, as in Clojure
//   tuple, list    the vector of the elements' canonical forms
//   set, map       of the canonical forms, put into order again; what has become the same is there once
//   tagged         of the canonical form
//   all others     themselves
// An integer equals no double and no bigdec, nor a double a bigdec. NaN equals itself: the relation removes
// duplicates, so it has to be an equivalence (value_comparison.hpp is where NaN is unordered).
//
// Laws: it is an equivalence; query_equal(a, b) implies query_hash(a) == query_hash(b); a == b implies
// query_equal. Hashes are seeded once a process: they must not be stored, and no order may depend on them.
#pragma once

#include <cstddef>

#include <datolite/core/value.hpp>
#include <datolite/core/value_order.hpp>

namespace datolite {

namespace detail {

/// The canonical form of a value that is no collection. O(its size).
value canonical_scalar(const value& v);

}  // namespace detail

/// The representative of all values that are query-equal to `v`. O(size of v), O(n log n) where sets and maps
/// change.
value query_canonical(const value& v);

/// Are the two the same to a query? O(the shorter); sets and maps that differ are brought into canonical
/// form.
bool query_equal(const value& a, const value& b);

/// Equal for values that are query-equal. O(size of v).
std::size_t query_hash(const value& v);

/// For hash tables.
struct query_equal_to {
  bool operator()(const value& a, const value& b) const { return query_equal(a, b); }
};
struct query_hasher {
  std::size_t operator()(const value& v) const { return query_hash(v); }
};

}  // namespace datolite

#ifndef DATOLITE_COMPILED
#include <datolite/core/detail/value_equality.hpp>
#endif
