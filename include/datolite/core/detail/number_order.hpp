// number_order: which of two numbers is greater, exactly, whatever their kinds.
//
// Nothing is rounded: a long is not made a double, nor a decimal a fraction. Where a decimal meets another
// kind, the other is written out in decimal, in the payload form whose memcmp order is the order of numbers.
#pragma once

#include <charconv>
#include <compare>
#include <cstdint>
#include <string>

#include <datolite/core/detail/bignum_text.hpp>
#include <datolite/core/detail/ieee.hpp>
#include <datolite/core/value.hpp>

namespace datolite::detail {

inline bool is_integer(kind k) noexcept { return k == kind::long_ || k == kind::ref || k == kind::bigint; }
inline bool is_floating(kind k) noexcept { return k == kind::double_ || k == kind::float_; }
inline bool is_number(kind k) noexcept { return is_integer(k) || is_floating(k) || k == kind::bigdec; }

inline double floating(const value& v) { return v.is(kind::float_) ? double{v.as_float()} : v.as_double(); }

inline std::partial_ordering order_long_double(std::int64_t n, double d) noexcept {
  if (d != d) return std::partial_ordering::unordered;
  constexpr double limit = 9223372036854775808.0;  // 2^63
  if (d >= limit) return std::partial_ordering::less;
  if (d < -limit) return std::partial_ordering::greater;
  const auto whole = static_cast<std::int64_t>(d);
  if (n != whole) return n <=> whole;
  return 0.0 <=> d - static_cast<double>(whole);
}

/// The payload of the bigint equal to `d`.  REQUIRES: d is finite, and a whole number.
inline std::string bigint_from_double(double d) {
  auto [mantissa, exponent] = take_apart(d);
  if (exponent < 0) mantissa >>= -exponent, exponent = 0;
  std::string magnitude(static_cast<std::size_t>(exponent / 8), '\0');  // little-endian, for now
  unsigned carry = 0;
  for (; mantissa != 0; mantissa >>= 8) {
    carry |= static_cast<unsigned>(mantissa & 0xFF) << (exponent % 8);
    magnitude.push_back(char_of(carry & 0xFF));
    carry >>= 8;
  }
  if (carry != 0) magnitude.push_back(char_of(carry));
  std::string raw;
  append_bigint(raw, d < 0, std::string{magnitude.rbegin(), magnitude.rend()});
  return raw;
}

inline std::partial_ordering order_bigint_double(std::string_view raw, double d) {
  if (const auto n = bigint_to_long(raw)) return order_long_double(*n, d);
  if (d != d) return std::partial_ordering::unordered;
  constexpr double limit = 9223372036854775808.0;
  const bool negative = byte_of(raw[0]) < 0x80;
  if (is_infinite(d)) return d < 0 ? std::partial_ordering::greater : std::partial_ordering::less;
  if (d < limit && d >= -limit)
    return negative ? std::partial_ordering::less : std::partial_ordering::greater;
  return raw <=> std::string_view{bigint_from_double(d)};
}

/// The scale-free payload of the decimal equal to `v`.  REQUIRES: v is a number, and finite.
inline std::string decimal_number(const value& v) {
  if (v.is(kind::bigdec)) return std::string{bigdec_number(v.raw())};
  bigdec_parts p;
  std::string digits;
  if (v.is(kind::bigint)) {
    p.negative = byte_of(v.raw()[0]) < 0x80;
    digits = bigint_digits(v.raw());
    p.exponent = static_cast<std::int64_t>(digits.size());
  } else if (is_integer(v.kind())) {
    p.negative = v.word() < 0;
    digits = std::to_string(v.word()).substr(p.negative ? 1 : 0);
    p.exponent = static_cast<std::int64_t>(digits.size());
  } else {
    char text[800];  // a double has at most 767 significant digits
    const double d = floating(v);
    p.negative = d < 0;
    const auto end =
        std::to_chars(text, text + sizeof text, absolute(d), std::chars_format::scientific, 766).ptr;
    const std::string_view all{text, static_cast<std::size_t>(end - text)};
    const std::size_t e = all.find('e');
    digits.append(1, text[0]).append(all.substr(2, e - 2));
    const char* from = text + e + 1 + (text[e + 1] == '+' ? 1 : 0);
    std::from_chars(from, end, p.exponent);
    ++p.exponent;
  }
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.empty()) p = {};
  p.digits = std::move(digits);
  std::string raw;
  append_bigdec_number(raw, p);
  return raw;
}

inline std::partial_ordering order_bigdec(const value& a, const value& b) {
  if (is_floating(a.kind()) || is_floating(b.kind())) {
    const double d = is_floating(a.kind()) ? floating(a) : floating(b);
    if (d != d) return std::partial_ordering::unordered;
    if (is_infinite(d)) return is_floating(a.kind()) ? d <=> 0.0 : 0.0 <=> d;
  }
  return decimal_number(a) <=> decimal_number(b);
}

constexpr std::partial_ordering reversed(std::partial_ordering order) noexcept { return 0 <=> order; }

/// REQUIRES: both are numbers. Unordered only if one is NaN.
inline std::partial_ordering order_numbers(const value& a, const value& b) {
  const kind x = a.kind(), y = b.kind();
  if (x == kind::bigdec || y == kind::bigdec) return order_bigdec(a, b);
  if (is_floating(x) && is_floating(y)) return floating(a) <=> floating(b);
  if (is_floating(x)) return reversed(order_numbers(b, a));
  if (is_floating(y)) {
    return x == kind::bigint ? order_bigint_double(a.raw(), floating(b))
                             : order_long_double(a.word(), floating(b));
  }
  if (x != kind::bigint && y != kind::bigint) return a.word() <=> b.word();
  std::string left, right;
  if (x != kind::bigint) append_bigint(left, a.word());
  if (y != kind::bigint) append_bigint(right, b.word());
  return (x == kind::bigint ? a.raw() : std::string_view{left}) <=>
         (y == kind::bigint ? b.raw() : std::string_view{right});
}

}  // namespace datolite::detail
