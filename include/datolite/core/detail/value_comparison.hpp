// The definitions of value_comparison.hpp.
#pragma once

#include <compare>

#include <datolite/core/detail/number_order.hpp>
#include <datolite/core/detail/pair_walk.hpp>
#include <datolite/core/linkage.hpp>
#include <datolite/core/value.hpp>
#include <datolite/core/value_comparison.hpp>
#include <datolite/core/value_order.hpp>

namespace datolite {

namespace detail {

struct comparison_policy {
  using ordering = std::partial_ordering;
  bool descends(const value& a, const value& b) const noexcept {
    return a.is_sequential() && b.is_sequential();
  }
  ordering compare(const value& a, const value& b) const {
    if (is_number(a.kind()) && is_number(b.kind())) return order_numbers(a, b);
    if (a.kind() != b.kind()) return ordering::unordered;
    if (is_collection(a.kind())) return a == b ? ordering::equivalent : ordering::unordered;
    return order_alike(a, b);
  }
};

DATOLITE_INLINE std::partial_ordering compare_any(const value& a, const value& b) {
  return walk_pair(a, b, comparison_policy{});
}

}  // namespace detail

}  // namespace datolite
