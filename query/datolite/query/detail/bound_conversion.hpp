// The definitions of bound_conversion.hpp.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>

#include <datolite/core/bytes.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/linkage.hpp>
#include <datolite/core/value.hpp>
#include <datolite/core/value_equality.hpp>
#include <datolite/query/bound_conversion.hpp>
#include <datolite/query/pattern.hpp>

namespace datolite::query {

namespace detail {

inline bool fits_float(double d) noexcept { return static_cast<double>(static_cast<float>(d)) == d; }

/// A long as the double that is nearest to it on the given side.
inline double long_to_double(std::int64_t n, bool upward) noexcept {
  const auto d = static_cast<double>(n);
  if (d >= 9223372036854775808.0) return upward ? d : std::nextafter(d, 0.0);
  const auto back = static_cast<std::int64_t>(d);
  if (upward ? back >= n : back <= n) return d;
  return std::nextafter(d, upward ? HUGE_VAL : -HUGE_VAL);
}

inline float double_to_float(double d, bool upward) noexcept {
  const auto f = static_cast<float>(d);
  if (upward ? f >= d : f <= d) return f;
  return std::nextafterf(f, upward ? HUGE_VALF : -HUGE_VALF);
}

/// The least long that is not below `d` (upward), or the greatest not above it.
inline std::optional<std::int64_t> double_to_long(double d, bool upward) noexcept {
  const double whole = upward ? std::ceil(d) : std::floor(d);
  if (!(whole >= -9223372036854775808.0 && whole < 9223372036854775808.0)) return std::nullopt;
  return static_cast<std::int64_t>(whole);
}

}  // namespace detail

DATOLITE_INLINE search_key key_for(kind type, const value& constant) {
  using enum search_key::outcome;
  if (type == kind::nil || type == kind::tuple || type == kind::bigint || type == kind::bigdec) return {};
  const bool plain = !constant.is_sequential() && constant.elements().empty();
  const value c = plain ? datolite::detail::canonical_scalar(constant) : constant;
  switch (type) {
    case kind::ref:
      if (!c.is(kind::long_)) return {impossible};
      return {exact, value::ref(c.word())};
    case kind::float_:
      if (!c.is(kind::double_) || !detail::fits_float(c.as_double())) return {impossible};
      return {exact, value{static_cast<float>(c.as_double())}};
    case kind::double_:
      if (!c.is(kind::double_) || std::isnan(c.as_double())) return {impossible};
      return {exact, c};
    default:
      if (c.kind() != type) return {impossible};
      return {exact, c};
  }
}

DATOLITE_INLINE std::optional<range_bound> bound_for(kind type, const value& bound, bool lower,
                                                     bool inclusive) {
  const auto rounded = [](value v) { return range_bound{std::move(v), true}; };
  const auto as_double = [&]() -> std::optional<double> {
    if (bound.is(kind::double_)) return bound.as_double();
    if (bound.is(kind::float_)) return double{bound.as_float()};
    if (bound.is(kind::long_) || bound.is(kind::ref)) return detail::long_to_double(bound.word(), !lower);
    return std::nullopt;
  };
  switch (type) {
    case kind::long_:
    case kind::ref: {
      const auto made = [type](std::int64_t n) { return type == kind::ref ? value::ref(n) : value{n}; };
      if (bound.is(kind::long_) || bound.is(kind::ref)) return range_bound{made(bound.word()), inclusive};
      if (type == kind::ref || !(bound.is(kind::double_) || bound.is(kind::float_))) return std::nullopt;
      const auto n = detail::double_to_long(*as_double(), lower);
      return n ? std::optional{rounded(made(*n))} : std::nullopt;
    }
    case kind::double_:
    case kind::float_: {
      const auto d = as_double();
      if (!d || std::isnan(*d)) return std::nullopt;
      return rounded(type == kind::double_ ? value{*d} : value{detail::double_to_float(*d, !lower)});
    }
    case kind::nil:
    case kind::tuple:
    case kind::bigint:
    case kind::bigdec: return std::nullopt;
    default:
      if (bound.kind() != type) return std::nullopt;
      return range_bound{bound, inclusive};
  }
}

DATOLITE_INLINE std::optional<range_bound> stop_for(kind type, const take_while& until) {
  if (until.op() != comparison::starts_with) {
    return bound_for(type, until.bound(), false, until.op() != comparison::less);
  }
  if (type != kind::string || !until.bound().is(kind::string)) return std::nullopt;
  const bytes after = prefix_successor(until.bound().raw());
  return after.empty() ? std::nullopt : std::optional{range_bound{value{after}, false}};
}

}  // namespace datolite::query
