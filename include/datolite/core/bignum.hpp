// bignum: arithmetic with integers and decimals of any size. The only header that includes
// Boost.Multiprecision.
//
// Exact numbers are longs, refs (as their number), bigints and bigdecs. The result's kind:
//   longs and refs               a long, or a bigint where no long can hold it: nothing overflows
//   with a bigint among them     a bigint
//   with a bigdec among them     a bigdec; its scale is Java's: the greater one of a sum, the sum of a
//   product's
// Everything is a function of its arguments and may be called by many threads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <boost/multiprecision/cpp_int.hpp>

#include <datolite/core/big_number.hpp>

namespace datolite {

using big_integer = boost::multiprecision::cpp_int;

/// unscaled x 10^-scale
struct big_decimal {
  big_integer unscaled;
  std::int64_t scale = 0;
};

/// Throws `exhausted` if it has more than 100,000 digits or so.
inline value make_bigint(const big_integer& n) {
  std::string magnitude;
  if (n != 0) boost::multiprecision::export_bits(n, std::back_inserter(magnitude), 8);
  if (magnitude.size() > detail::max_magnitude) detail::throw_number_size();
  std::string raw;
  detail::append_bigint(raw, n < 0, magnitude);
  return value::from_raw(kind::bigint, raw);
}

/// The long of the number, or where none can hold it the bigint.
inline value make_integer(const big_integer& n) {
  using limits = std::numeric_limits<std::int64_t>;
  if (n >= limits::min() && n <= limits::max()) return static_cast<std::int64_t>(n);
  return make_bigint(n);
}

/// Throws `exhausted` if it is out of bounds.
inline value make_bigdec(const big_decimal& d) {
  const bool negative = d.unscaled < 0;
  const std::string digits = d.unscaled.str().substr(negative ? 1 : 0);
  return detail::bigdec_from_parts(detail::bigdec_from_digits(negative, digits, d.scale));
}

/// Throws `incorrect` if `v` is no long, ref or bigint.
inline big_integer to_big_integer(const value& v) {
  if (v.is(kind::long_) || v.is(kind::ref)) return v.word();
  if (!v.is(kind::bigint)) detail::throw_wrong_kind("whole number", v.kind());
  const detail::bigint_parts parts = detail::take_apart_bigint(v.raw());
  big_integer n;
  if (parts.magnitude.empty()) return n;  // import_bits takes no empty range
  boost::multiprecision::import_bits(
      n, reinterpret_cast<const unsigned char*>(parts.magnitude.data()),
      reinterpret_cast<const unsigned char*>(parts.magnitude.data()) + parts.magnitude.size());
  return parts.negative ? big_integer{-n} : n;
}

/// Throws `incorrect` if `v` is no exact number.
inline big_decimal to_big_decimal(const value& v) {
  if (!v.is(kind::bigdec)) return {to_big_integer(v), 0};
  const detail::bigdec_parts parts = detail::take_apart_bigdec(v.raw());
  if (parts.digits.empty()) return {0, parts.scale};
  std::string digits = parts.digits;
  digits.resize(static_cast<std::size_t>(parts.unscaled_size()), '0');
  big_integer unscaled{digits};
  return {parts.negative ? big_integer{-unscaled} : unscaled, parts.scale};
}

namespace detail {

[[noreturn]] inline void throw_arithmetic(std::string_view what) {
  throw error{error_category::incorrect, "db.error/arithmetic", std::string{what}};
}

inline big_integer power_of_ten(std::int64_t exponent) {
  if (exponent > static_cast<std::int64_t>(max_big_digits)) throw_number_size();
  return boost::multiprecision::pow(big_integer{10}, static_cast<unsigned>(exponent));
}

/// Writes both with the greater of their scales.
inline void align(big_decimal& a, big_decimal& b) {
  if (a.scale < b.scale) a.unscaled *= power_of_ten(b.scale - a.scale), a.scale = b.scale;
  if (b.scale < a.scale) b.unscaled *= power_of_ten(a.scale - b.scale), b.scale = a.scale;
}

inline value integer_like(const value& a, const value& b, const big_integer& n) {
  return a.is(kind::bigint) || b.is(kind::bigint) ? make_bigint(n) : make_integer(n);
}

/// Takes every factor 5 out of `n` and says how many there were. By squares of squares, since a number of
/// 100,000 digits may have 140,000 of them.  REQUIRES: n > 0.
inline std::int64_t take_fives(big_integer& n) {
  std::vector<big_integer> powers{5};  // each the square of the one before
  std::int64_t fives = 0;
  big_integer quotient, rest;
  const auto take = [&](std::size_t i) {
    boost::multiprecision::divide_qr(n, powers[i], quotient, rest);
    if (rest != 0) return false;
    n.swap(quotient);
    fives += std::int64_t{1} << i;
    return true;
  };
  std::size_t i = 0;
  while (take(i)) powers.push_back(powers[i] * powers[i]), ++i;
  while (i > 0) take(--i);  // what is left is less than the power that was too much
  return fives;
}

}  // namespace detail

inline value exact_add(const value& a, const value& b) {
  if (!a.is(kind::bigdec) && !b.is(kind::bigdec)) {
    return detail::integer_like(a, b, to_big_integer(a) + to_big_integer(b));
  }
  big_decimal x = to_big_decimal(a), y = to_big_decimal(b);
  detail::align(x, y);
  return make_bigdec(big_decimal{x.unscaled + y.unscaled, x.scale});
}

inline value exact_negate(const value& a) {
  if (!a.is(kind::bigdec)) return detail::integer_like(a, a, -to_big_integer(a));
  const big_decimal x = to_big_decimal(a);
  return make_bigdec(big_decimal{-x.unscaled, x.scale});
}

inline value exact_subtract(const value& a, const value& b) {
  if (!a.is(kind::bigdec) && !b.is(kind::bigdec)) {
    return detail::integer_like(a, b, to_big_integer(a) - to_big_integer(b));
  }
  return exact_add(a, exact_negate(b.is(kind::bigdec) ? b : make_bigdec(to_big_decimal(b))));
}

inline value exact_multiply(const value& a, const value& b) {
  if (!a.is(kind::bigdec) && !b.is(kind::bigdec)) {
    return detail::integer_like(a, b, to_big_integer(a) * to_big_integer(b));
  }
  const big_decimal x = to_big_decimal(a), y = to_big_decimal(b);
  return make_bigdec(big_decimal{x.unscaled * y.unscaled, x.scale + y.scale});
}

/// The quotient and the remainder of whole numbers, as C++ has them: the quotient is cut off towards zero.
/// Throws `db.error/arithmetic` on division by zero.
inline std::pair<value, value> exact_divide_whole(const value& a, const value& b) {
  const big_integer x = to_big_integer(a), y = to_big_integer(b);
  if (y == 0) detail::throw_arithmetic("division by zero");
  return {detail::integer_like(a, b, x / y), detail::integer_like(a, b, x % y)};
}

/// The decimal quotient, exactly, with the least scale from a's less b's on that can hold it. Throws
/// `db.error/arithmetic` on division by zero, and where the quotient's digits never end, as 1M by 3M.
inline value exact_divide(const value& a, const value& b) {
  const big_decimal x = to_big_decimal(a), y = to_big_decimal(b);
  if (y.unscaled == 0) detail::throw_arithmetic("division by zero");
  big_decimal quotient{0, x.scale - y.scale};
  if (x.unscaled == 0) return make_bigdec(quotient);
  const big_integer common = boost::multiprecision::gcd(x.unscaled, y.unscaled);
  big_integer rest = boost::multiprecision::abs(big_integer{y.unscaled / common});
  quotient.unscaled = x.unscaled / common;
  if (y.unscaled < 0) quotient.unscaled = -quotient.unscaled;
  const auto twos = static_cast<std::int64_t>(boost::multiprecision::lsb(rest));
  rest >>= static_cast<unsigned>(twos);
  const std::int64_t fives = detail::take_fives(rest);
  if (rest != 1) detail::throw_arithmetic("the quotient has no end in decimal: divide doubles, or round");
  const std::int64_t more = std::max(twos, fives);
  if (more > static_cast<std::int64_t>(detail::max_big_digits)) detail::throw_number_size();
  quotient.unscaled *= boost::multiprecision::pow(big_integer{2}, static_cast<unsigned>(more - twos));
  quotient.unscaled *= boost::multiprecision::pow(big_integer{5}, static_cast<unsigned>(more - fives));
  quotient.scale += more;
  return make_bigdec(quotient);
}

}  // namespace datolite
