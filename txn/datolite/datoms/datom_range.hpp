// datom_range: what every layout of the indexes asks of a range: its order, what it gives, what it bounds.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>

#include <datolite/core/datom.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/value_order.hpp>

namespace datolite::datoms {

/// The components of each index, in order.
constexpr std::array<components, 3> order_of(index_order order) noexcept {
  using enum components;
  constexpr std::array<components, 3> orders[] = {{e, a, v}, {a, e, v}, {a, v, e}, {v, a, e}};
  return orders[static_cast<std::size_t>(order)];
}

constexpr bool is_given(const datom_range& range, components c) noexcept {
  return c == components::e   ? range.e.has_value()
         : c == components::a ? range.a.has_value()
                              : range.v.has_value();
}

[[noreturn]] inline void refuse_range(const std::string& why) {
  throw error{error_category::incorrect, "db.error/invalid-range", "a range of datoms " + why};
}

/// The first component that `range` does not give, which is what its start and stop bound; `none` if it gives
/// all three. Throws `incorrect` if the components given are no prefix of the index's order, or there is
/// nothing to bound.
inline components bounded_component(const datom_range& range) {
  components next = components::none;
  for (const components c : order_of(range.index)) {
    if (!is_given(range, c)) {
      if (next == components::none) next = c;
    } else if (next != components::none) {
      refuse_range("gives components that are no prefix of its index's order");
    }
  }
  if (next == components::none && (range.start || range.stop)) {
    refuse_range("gives all components and bounds as well");
  }
  return next;
}

/// A bound on entity or attribute ids as a number. Throws `incorrect` if it is none.
inline std::int64_t id_of_bound(const value& at) {
  if (!at.is(kind::long_) && !at.is(kind::ref)) {
    refuse_range("bounds ids by a " + std::string{to_string(at.kind())} + "; give a ref or a long");
  }
  return at.word();
}

/// How `d` stands to the components and bounds of `range`: before it, in it, or after it.
inline std::strong_ordering place_in(const datom_range& range, const datom& d) {
  const auto by = [&d](components c, const value& at) -> std::strong_ordering {
    if (c == components::v) return stored_order(d.v, at);
    return (c == components::e ? d.e : std::int64_t{d.a}) <=> id_of_bound(at);
  };
  for (const components c : order_of(range.index)) {
    if (is_given(range, c)) {
      const std::strong_ordering order = c == components::v   ? stored_order(d.v, *range.v)
                                         : c == components::e ? d.e <=> *range.e
                                                              : d.a <=> *range.a;
      if (order != 0) return order;
      continue;
    }
    if (range.start) {
      const std::strong_ordering order = by(c, range.start->at);
      if (order < 0 || (order == 0 && !range.start->inclusive)) return std::strong_ordering::less;
    }
    if (range.stop) {
      const std::strong_ordering order = by(c, range.stop->at);
      if (order > 0 || (order == 0 && !range.stop->inclusive)) return std::strong_ordering::greater;
    }
    break;
  }
  return std::strong_ordering::equal;
}

}  // namespace datolite::datoms
