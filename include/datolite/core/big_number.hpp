// big_number: values of kind bigint and bigdec, made, read and printed without a library for arithmetic.
//
// A big number has at most 100,000 decimal digits (a bigdec: written out without point and exponent), and a
// bigdec a scale of at most 1,000,000,000 either way. To compute with them, include bignum.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <datolite/core/detail/bignum_bytes.hpp>
#include <datolite/core/detail/bignum_text.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/value.hpp>

namespace datolite {

namespace detail {

[[noreturn]] inline void throw_number_size() {
  throw error{error_category::exhausted, "db.error/number-size",
              "a big number has at most 100000 digits, and a scale of at most 1000000000"};
}

[[noreturn]] inline void throw_no_number(std::string_view text, std::string_view what) {
  throw error{error_category::incorrect, "db.error/number",
              std::string{"expected "}.append(what).append(", found ").append(text.substr(0, 40))};
}

inline value bigdec_from_parts(const std::optional<bigdec_parts>& parts) {
  if (!parts) throw_number_size();
  std::string raw;
  append_bigdec(raw, *parts);
  return value::from_raw(kind::bigdec, raw);
}

}  // namespace detail

/// The bigint of the number `n`: another value than the long, but query-equal to it.
inline value make_bigint(std::int64_t n) {
  std::string raw;
  detail::append_bigint(raw, n);
  return value::from_raw(kind::bigint, raw);
}

/// The bigdec unscaled x 10^-scale: make_bigdec(150, 2) is 1.50M. Throws `exhausted` if it is out of bounds.
inline value make_bigdec(std::int64_t unscaled, std::int64_t scale = 0) {
  const std::string text = std::to_string(unscaled);
  return detail::bigdec_from_parts(
      detail::bigdec_from_digits(unscaled < 0, std::string_view{text}.substr(unscaled < 0 ? 1 : 0), scale));
}

/// The bigint written as `text`: digits with an optional sign. Throws `incorrect`, or `exhausted` if it is
/// too long.
inline value parse_bigint(std::string_view text) {
  const auto n = detail::scan_number(text);
  if (!n || n->suffix != '\0' || n->whole != n->unsigned_text) detail::throw_no_number(text, "an integer");
  if (n->whole.size() > detail::max_big_digits) detail::throw_number_size();
  return value::from_raw(kind::bigint, detail::bigint_from_digits(n->negative, n->whole));
}

/// The bigdec written as `text` ("1.50", "-2e+7"), with its scale. Throws as `parse_bigint`.
inline value parse_bigdec(std::string_view text) {
  const auto n = detail::scan_number(text);
  if (!n || n->suffix != '\0') detail::throw_no_number(text, "a decimal number");
  if (n->whole.size() + n->fraction.size() > detail::max_big_digits) detail::throw_number_size();
  return detail::bigdec_from_parts(
      detail::bigdec_from_digits(n->negative, std::string{n->whole}.append(n->fraction),
                                 static_cast<std::int64_t>(n->fraction.size()) - detail::exponent_of(*n)));
}

/// The number in decimal, without EDN's N and M. O(n^2) in the digits of a bigint.  REQUIRES: bigint or
/// bigdec.
inline std::string to_decimal_text(const value& v) {
  return v.is(kind::bigint) ? detail::bigint_text(v.raw()) : detail::bigdec_text(v.raw());
}

/// The number as a long, where it is a long, ref or bigint and fits.
inline std::optional<std::int64_t> to_long(const value& v) noexcept {
  if (v.is(kind::long_) || v.is(kind::ref)) return v.word();
  return v.is(kind::bigint) ? detail::bigint_to_long(v.raw()) : std::nullopt;
}

}  // namespace datolite
