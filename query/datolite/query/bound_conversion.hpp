// bound_conversion: a query's constants and bounds as values of an attribute's type.
//
// An index keeps the values of one attribute under one kind, in stored order; a query compares numbers
// whatever their kind. A constant therefore becomes the one value of the attribute's type that is query-equal
// to it, and a bound the nearest value of that type outside the range that it cuts off: the predicate itself
// is applied again, so a bound may let through too much, never too little.
#pragma once

#include <cstdint>
#include <optional>

#include <datolite/core/index_access.hpp>
#include <datolite/core/value.hpp>
#include <datolite/query/pattern.hpp>

namespace datolite::query {

/// What an index search can do with a constant.
struct search_key {
  enum class outcome : std::uint8_t {
    exact,       ///< `key` is the only stored value that is query-equal to the constant
    impossible,  ///< no value of the attribute's type is
    unknown,     ///< several may be: read the attribute's values and compare each
  };
  outcome found = outcome::unknown;
  value key = {};
};

/// `constant` as the key to search an attribute of type `type` for.
search_key key_for(kind type, const value& constant);

/// A value of type `type` that is not above (`lower`), or not below, any value of that type inside the range
/// that `bound` begins or ends; nothing if the bound is of no use to the index. `exact` tells whether it is
/// the bound.
std::optional<range_bound> bound_for(kind type, const value& bound, bool lower, bool inclusive);

/// Where an index of values of type `type` may stop, by the advice `until`.
std::optional<range_bound> stop_for(kind type, const take_while& until);

}  // namespace datolite::query

#ifndef DATOLITE_COMPILED
#include <datolite/query/detail/bound_conversion.hpp>
#endif
