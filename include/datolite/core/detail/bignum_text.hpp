// bignum_text: big numbers from decimal text and back, without a library for arithmetic.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <datolite/core/detail/bignum_bytes.hpp>

namespace datolite::detail {

/// The payload of the bigint with these decimal digits (at least one).  REQUIRES: at most max_big_digits of
/// them. O(n^2).
inline std::string bigint_from_digits(bool negative, std::string_view digits) {
  std::vector<std::uint32_t> limbs;  // little-endian
  while (!digits.empty()) {
    const std::size_t size = digits.size() % 9 == 0 ? 9 : digits.size() % 9;
    std::uint64_t carry = 0, scale = 1;
    for (const char c : digits.substr(0, size))
      carry = 10 * carry + static_cast<unsigned>(c - '0'), scale *= 10;
    for (std::uint32_t& limb : limbs) {
      carry += limb * scale;
      limb = static_cast<std::uint32_t>(carry);
      carry >>= 32;
    }
    if (carry != 0) limbs.push_back(static_cast<std::uint32_t>(carry));
    digits.remove_prefix(size);
  }
  std::string magnitude;
  for (std::size_t i = limbs.size(); i-- > 0;) append_word32(magnitude, limbs[i]);
  magnitude.erase(0, magnitude.find_first_not_of('\0') == std::string::npos
                         ? magnitude.size()
                         : magnitude.find_first_not_of('\0'));
  std::string raw;
  append_bigint(raw, negative && !magnitude.empty(), magnitude);
  return raw;
}

/// The decimal digits of a bigint's absolute value: "0" for zero. O(n^2).
inline std::string bigint_digits(std::string_view raw) {
  std::string magnitude = take_apart_bigint(raw).magnitude;
  magnitude.insert(0, (4 - magnitude.size() % 4) % 4, '\0');
  std::vector<std::uint32_t> limbs;  // big-endian
  for (std::size_t i = 0; i < magnitude.size(); i += 4) limbs.push_back(load_word32(magnitude.data() + i));
  std::string reversed;
  for (std::size_t first = 0; first < limbs.size();) {
    std::uint64_t rest = 0;
    for (std::size_t i = first; i < limbs.size(); ++i) {
      rest = rest << 32 | limbs[i];
      limbs[i] = static_cast<std::uint32_t>(rest / 1'000'000'000);
      rest %= 1'000'000'000;
    }
    for (int i = 0; i < 9; ++i, rest /= 10) reversed.push_back(static_cast<char>('0' + rest % 10));
    while (first < limbs.size() && limbs[first] == 0) ++first;
  }
  while (!reversed.empty() && reversed.back() == '0') reversed.pop_back();
  if (reversed.empty()) return "0";
  return {reversed.rbegin(), reversed.rend()};
}

inline std::string bigint_text(std::string_view raw) {
  return (byte_of(raw[0]) < 0x80 ? "-" : "") + bigint_digits(raw);
}

/// The number `digits` x 10^-scale, `digits` being any decimal digits; empty if it is out of bounds.
inline std::optional<bigdec_parts> bigdec_from_digits(bool negative, std::string_view digits,
                                                      std::int64_t scale) {
  bigdec_parts p;
  p.scale = scale;
  digits.remove_prefix(digits.find_first_not_of('0') == digits.npos ? digits.size()
                                                                    : digits.find_first_not_of('0'));
  if (!digits.empty()) {
    p.negative = negative;
    p.exponent = static_cast<std::int64_t>(digits.size()) - scale;
    p.digits = digits.substr(0, digits.find_last_not_of('0') + 1);
  }
  if (!is_well_formed(p)) return std::nullopt;
  return p;
}

/// As Java's BigDecimal prints itself: the text says number and scale.
inline std::string bigdec_text(std::string_view raw) {
  const bigdec_parts p = take_apart_bigdec(raw);
  std::string text = p.digits.empty() ? "0" : p.digits;
  text.resize(static_cast<std::size_t>(p.unscaled_size()), '0');
  const std::int64_t size = static_cast<std::int64_t>(text.size());
  const std::int64_t adjusted = size - 1 - p.scale;
  if (p.scale >= 0 && adjusted >= -6) {
    if (p.scale >= size) text.insert(0, static_cast<std::size_t>(p.scale - size + 1), '0');
    if (p.scale > 0) text.insert(text.size() - static_cast<std::size_t>(p.scale), 1, '.');
  } else {
    if (size > 1) text.insert(1, 1, '.');
    if (adjusted != 0)
      text.append(adjusted < 0 ? "E" : "E+").append(std::to_string(adjusted));
    else
      text.append("E+0");
  }
  return (p.negative ? "-" : "") + text;
}

/// A number as written: [+-]digits[.digits][(e|E)[+-]digits][N|M], taken apart but not judged.
struct number_text {
  bool negative = false;
  std::string_view whole, fraction, exponent;  ///< the exponent with its sign; empty where there is none
  char suffix = '\0';
  std::string_view unsigned_text;  ///< without sign and suffix
};

/// Empty if `text` is no number by EDN's grammar.
inline std::optional<number_text> scan_number(std::string_view text) noexcept {
  const auto digits = [&text] {
    std::size_t size = 0;
    while (size < text.size() && text[size] >= '0' && text[size] <= '9') ++size;
    const std::string_view run = text.substr(0, size);
    text.remove_prefix(size);
    return run;
  };
  number_text n;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    n.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  n.unsigned_text = text;
  n.whole = digits();
  if (n.whole.empty() || (n.whole.size() > 1 && n.whole[0] == '0')) return std::nullopt;
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    n.fraction = digits();
    if (n.fraction.empty()) return std::nullopt;
  }
  if (!text.empty() && (text[0] == 'e' || text[0] == 'E')) {
    const std::string_view from = text.substr(1);
    text = from;
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
    if (digits().empty()) return std::nullopt;
    n.exponent = from.substr(0, from.size() - text.size());
  }
  n.unsigned_text.remove_suffix(text.size());
  if (text == "N" || text == "M") {
    n.suffix = text[0];
    text.remove_prefix(1);
  }
  if (!text.empty()) return std::nullopt;
  if (n.suffix == 'N' && (!n.fraction.empty() || !n.exponent.empty())) return std::nullopt;
  return n;
}

/// The exponent of `n`, held within +-2^40, which is out of every bound.
inline std::int64_t exponent_of(const number_text& n) noexcept {
  std::string_view text = n.exponent;
  if (text.empty()) return 0;
  if (text[0] == '+') text.remove_prefix(1);
  std::int64_t exponent = 0;
  const bool fits = std::from_chars(text.data(), text.data() + text.size(), exponent).ec == std::errc{};
  constexpr std::int64_t bound = std::int64_t{1} << 40;
  if (!fits) return text[0] == '-' ? -bound : bound;
  return exponent < -bound ? -bound : exponent > bound ? bound : exponent;
}

}  // namespace datolite::detail
