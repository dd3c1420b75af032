// arithmetic: what + - * / quot rem mod inc dec max min do with longs and floating-point numbers.
//
// Integers are exact: a result that no long can hold, and a division by zero, are `db.error/arithmetic`. A
// bigint that a long can hold counts as that long; with others, and with bigdecs, nothing is computed. Where
// a double or float takes part, the result is a double. `/` of two integers is their whole quotient, as in
// Datomic.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <datolite/core/edn.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/value.hpp>
#include <datolite/core/value_equality.hpp>
#include <datolite/query/pattern.hpp>

namespace datolite::query::detail {

[[noreturn]] inline void throw_arithmetic(std::string_view what) {
  throw error{error_category::incorrect, "db.error/arithmetic", std::string{what}};
}

inline bool is_whole(const value& v) noexcept { return is_integral(v.kind()); }

/// A bigint that a long can hold as that long, everything else as it is.
inline value narrowed(const value& v) { return v.is(kind::bigint) ? query_canonical(v) : v; }

/// The integer that `v` is, whatever kind holds it; none where it is no integer, or more than a long can
/// hold.
inline std::optional<std::int64_t> integer_of(const value& v) {
  const value n = narrowed(v);
  return is_whole(n) ? std::optional{n.word()} : std::nullopt;
}

inline double real(const value& v) {
  switch (v.kind()) {
    case kind::double_: return v.as_double();
    case kind::float_: return v.as_float();
    case kind::long_:
    case kind::ref: return static_cast<double>(v.word());
    case kind::bigint:
      if (const value narrow = query_canonical(v); is_whole(narrow))
        return static_cast<double>(narrow.word());
      [[fallthrough]];
    default:
      throw error{error_category::incorrect, "db.error/wrong-type",
                  "no arithmetic is done with the " + std::string{to_string(v.kind())} + " " + to_edn(v)};
  }
}

enum class arithmetic_op { add, subtract, multiply, divide, quot, rem, mod };

inline std::int64_t checked_divisor(std::int64_t dividend, std::int64_t divisor) {
  if (divisor == 0) throw_arithmetic("division by zero");
  if (divisor == -1 && dividend == std::numeric_limits<std::int64_t>::min())
    throw_arithmetic("a long overflows");
  return divisor;
}

inline std::int64_t whole(arithmetic_op op, std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  bool over = false;
  switch (op) {
    case arithmetic_op::add: over = __builtin_add_overflow(a, b, &out); break;
    case arithmetic_op::subtract: over = __builtin_sub_overflow(a, b, &out); break;
    case arithmetic_op::multiply: over = __builtin_mul_overflow(a, b, &out); break;
    case arithmetic_op::divide:
    case arithmetic_op::quot: return a / checked_divisor(a, b);
    case arithmetic_op::rem:
    case arithmetic_op::mod:
      if (b == -1) return 0;
      out = a % checked_divisor(a, b);
      if (op == arithmetic_op::mod && out != 0 && (out < 0) != (b < 0)) out += b;
  }
  if (over) throw_arithmetic("a long overflows");
  return out;
}

inline double floating(arithmetic_op op, double a, double b) {
  if (op >= arithmetic_op::divide && b == 0) throw_arithmetic("division by zero");
  switch (op) {
    case arithmetic_op::add: return a + b;
    case arithmetic_op::subtract: return a - b;
    case arithmetic_op::multiply: return a * b;
    case arithmetic_op::divide: return a / b;
    case arithmetic_op::quot: return std::trunc(a / b);
    case arithmetic_op::rem: return std::fmod(a, b);
    default: {
      const double r = std::fmod(a, b);
      return r != 0 && (r < 0) != (b < 0) ? r + b : r;
    }
  }
}

inline value apply(arithmetic_op op, const value& a, const value& b) {
  if (is_whole(a) && is_whole(b)) return whole(op, a.word(), b.word());
  if (a.is(kind::bigint) || b.is(kind::bigint)) {
    const value x = narrowed(a), y = narrowed(b);
    if (is_whole(x) && is_whole(y)) return whole(op, x.word(), y.word());
  }
  return floating(op, real(a), real(b));
}

/// (op), (op a), (op a b), (op a b c) from the left; `unit` is what a single argument is combined with.
template <arithmetic_op Op>
value fold(std::span<const value> arguments) {
  constexpr bool lone_is_right = Op == arithmetic_op::subtract || Op == arithmetic_op::divide;
  constexpr std::int64_t unit = Op == arithmetic_op::multiply || Op == arithmetic_op::divide ? 1 : 0;
  if (arguments.empty()) return unit;
  if (arguments.size() == 1) {
    return lone_is_right ? apply(Op, value{unit}, arguments[0]) : apply(Op, arguments[0], value{unit});
  }
  value out = arguments[0];
  for (const value& next : arguments.subspan(1)) out = apply(Op, out, next);
  return out;
}

template <arithmetic_op Op>
value twofold(std::span<const value> arguments) {
  return apply(Op, arguments[0], arguments[1]);
}

/// The greatest or least by comparison; the first of those that do not compare.
template <comparison Better>
value extreme(std::span<const value> arguments) {
  const value* best = &arguments[0];
  for (const value& next : arguments.subspan(1)) {
    if (holds(Better, next, *best)) best = &next;
  }
  return *best;
}

/// -1, 0 or 1 by order with zero; 2 when it is no number.
inline int sign(const value& v) {
  if (is_whole(v)) return v.word() < 0 ? -1 : v.word() > 0 ? 1 : 0;
  const auto order = compare_values(v, value{0});
  return order < 0 ? -1 : order > 0 ? 1 : order == 0 ? 0 : 2;
}

}  // namespace datolite::query::detail
