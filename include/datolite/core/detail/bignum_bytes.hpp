// bignum_bytes: the payload bytes of bigints and bigdecs, whose memcmp order is the order of the numbers.
//
// A payload is also the number's encoding (encode.hpp), so that storing, comparing and hashing big numbers
// needs no arithmetic. Each number has one payload, and no payload is a prefix of another.
//
// bigint.  0x80 + n, then n bytes of magnitude, big-endian without leading zeros, for n from 0 (zero) to 119;
//   for more 0xF8, n in four bytes, the magnitude. A negative number has the complement of every byte of its
//   absolute.
// bigdec.  0.d1d2d3… x 10^x with d1 not zero and the last digit not zero is
//   03, x in four bytes (sign bit flipped), the digits two at a time as 1 + (10 d + d'), 00;
//   a negative number 01 and the complements of what follows 03; zero is 02. Then the scale (digits after the
//   point as written) in four bytes, sign bit flipped: the only part in which 1.0M and 1.00M differ.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace datolite::detail {

inline constexpr std::size_t max_big_digits = 100'000;        ///< decimal digits of a big number
inline constexpr std::size_t max_magnitude = 41'525;          ///< bytes that so many digits may need
inline constexpr std::int64_t max_big_scale = 1'000'000'000;  ///< bound on a bigdec's scale, either way
inline constexpr std::size_t short_magnitude = 119;

inline unsigned char byte_of(char c) noexcept { return static_cast<unsigned char>(c); }
inline char char_of(unsigned b) noexcept { return static_cast<char>(static_cast<unsigned char>(b)); }

inline void append_word32(std::string& out, std::uint32_t w) {
  const char all[] = {char_of(w >> 24), char_of(w >> 16), char_of(w >> 8), char_of(w)};
  out.append(all, sizeof all);
}

inline std::uint32_t load_word32(const char* at) noexcept {
  return std::uint32_t{byte_of(at[0])} << 24 | std::uint32_t{byte_of(at[1])} << 16 |
         std::uint32_t{byte_of(at[2])} << 8 | byte_of(at[3]);
}

inline void complement(std::string& in, std::size_t from) noexcept {
  for (std::size_t i = from; i < in.size(); ++i) in[i] = char_of(~byte_of(in[i]) & 0xFFu);
}

// -- bigint

/// REQUIRES: `magnitude` has no leading zero byte and is not empty where `negative`.
inline void append_bigint(std::string& out, bool negative, std::string_view magnitude) {
  const std::size_t start = out.size();
  if (magnitude.size() <= short_magnitude) {
    out.push_back(char_of(0x80u + static_cast<unsigned>(magnitude.size())));
  } else {
    out.push_back(char_of(0xF8));
    append_word32(out, static_cast<std::uint32_t>(magnitude.size()));
  }
  out.append(magnitude);
  if (negative) complement(out, start);
}

inline void append_bigint(std::string& out, std::int64_t n) {
  std::uint64_t rest = n < 0 ? ~static_cast<std::uint64_t>(n) + 1 : static_cast<std::uint64_t>(n);
  char all[8];
  std::size_t first = sizeof all;
  for (; rest != 0; rest >>= 8) all[--first] = char_of(static_cast<unsigned>(rest & 0xFF));
  append_bigint(out, n < 0, {all + first, sizeof all - first});
}

/// The bytes that the bigint at the start of `in` takes; 0 if there is no well-formed one.
inline std::size_t bigint_size(std::string_view in) noexcept {
  if (in.empty()) return 0;
  const bool negative = byte_of(in[0]) < 0x80;
  const unsigned flip = negative ? 0xFF : 0;
  const unsigned head = byte_of(in[0]) ^ flip;
  if (head == 0x80) return negative ? 0 : 1;
  std::size_t start = 1, size = head - 0x80;
  if (head == 0xF8) {
    if (in.size() < 5) return 0;
    start = 5, size = load_word32(in.data() + 1) ^ (negative ? 0xFFFF'FFFFu : 0u);
    if (size <= short_magnitude || size > max_magnitude) return 0;
  } else if (head > 0xF8) {
    return 0;
  }
  if (in.size() - start < size || (byte_of(in[start]) ^ flip) == 0) return 0;
  return start + size;
}

/// A bigint taken apart: its sign, and the bytes of its absolute value, big-endian.
struct bigint_parts {
  bool negative;
  std::string magnitude;
};

inline bigint_parts take_apart_bigint(std::string_view raw) {
  const bool negative = byte_of(raw[0]) < 0x80;
  const bool is_long = byte_of(raw[0]) == (negative ? 0x07 : 0xF8);
  bigint_parts parts{negative, std::string{raw.substr(is_long ? 5 : 1)}};
  if (negative) complement(parts.magnitude, 0);
  return parts;
}

/// How many bits the absolute value has; 0 for zero. O(1).
inline std::size_t bigint_bits(std::string_view raw) noexcept {
  const unsigned flip = byte_of(raw[0]) < 0x80 ? 0xFF : 0;
  const std::size_t start = (byte_of(raw[0]) ^ flip) == 0xF8 ? 5 : 1;
  if (raw.size() == start) return 0;
  return (raw.size() - start - 1) * 8 + static_cast<std::size_t>(std::bit_width(byte_of(raw[start]) ^ flip));
}

/// The number as a long, if it fits. O(1).
inline std::optional<std::int64_t> bigint_to_long(std::string_view raw) noexcept {
  const bool negative = byte_of(raw[0]) < 0x80;
  if (raw.size() > 9) return std::nullopt;
  std::uint64_t magnitude = 0;
  for (const char c : raw.substr(1)) magnitude = magnitude << 8 | (byte_of(c) ^ (negative ? 0xFFu : 0u));
  constexpr auto limit = std::uint64_t{1} << 63;
  if (negative ? magnitude > limit : magnitude >= limit) return std::nullopt;
  return static_cast<std::int64_t>(negative ? ~magnitude + 1 : magnitude);
}

// -- bigdec

/// A bigdec taken apart: +-0.`digits` x 10^`exponent`, written with `scale` digits after the point (a
/// negative scale: so many zeros left out before it). Zero has no digits.
struct bigdec_parts {
  bool negative = false;
  std::string digits;  ///< neither starts nor ends with '0'
  std::int64_t exponent = 0;
  std::int64_t scale = 0;

  /// The digits of the unscaled number: what is written when the point is left out.
  std::int64_t unscaled_size() const noexcept { return digits.empty() ? 1 : exponent + scale; }
};

/// Is this a number within the bounds, in its one form?
inline bool is_well_formed(const bigdec_parts& p) noexcept {
  if (p.scale > max_big_scale || p.scale < -max_big_scale) return false;
  if (p.digits.empty()) return p.exponent == 0 && !p.negative;
  return p.digits.front() != '0' && p.digits.back() != '0' &&
         p.unscaled_size() >= static_cast<std::int64_t>(p.digits.size()) &&
         p.unscaled_size() <= static_cast<std::int64_t>(max_big_digits);
}

/// The part of the payload that says which number it is, whatever its scale.
inline void append_bigdec_number(std::string& out, const bigdec_parts& p) {
  if (p.digits.empty()) {
    out.push_back('\x02');
    return;
  }
  out.push_back(p.negative ? '\x01' : '\x03');
  const std::size_t start = out.size();
  append_word32(out, static_cast<std::uint32_t>(static_cast<std::int32_t>(p.exponent)) ^ 0x8000'0000u);
  for (std::size_t i = 0; i < p.digits.size(); i += 2) {
    const int tens = p.digits[i] - '0', ones = i + 1 < p.digits.size() ? p.digits[i + 1] - '0' : 0;
    out.push_back(static_cast<char>(1 + 10 * tens + ones));
  }
  out.push_back('\0');
  if (p.negative) complement(out, start);
}

/// REQUIRES: is_well_formed(p).
inline void append_bigdec(std::string& out, const bigdec_parts& p) {
  append_bigdec_number(out, p);
  append_word32(out, static_cast<std::uint32_t>(static_cast<std::int32_t>(p.scale)) ^ 0x8000'0000u);
}

/// A bigdec's payload without its scale: equal for equal numbers, and in their order.
inline std::string_view bigdec_number(std::string_view raw) noexcept { return raw.substr(0, raw.size() - 4); }

/// REQUIRES: `raw` is a payload, or its start up to where the digits end and any four bytes.
inline bigdec_parts take_apart_bigdec(std::string_view raw) {
  bigdec_parts p;
  const auto word = [](const char* at, unsigned flip) {
    return std::int64_t{static_cast<std::int32_t>(load_word32(at) ^ 0x8000'0000u ^ flip)};
  };
  p.scale = word(raw.data() + raw.size() - 4, 0);
  if (raw[0] == '\x02') return p;
  p.negative = raw[0] == '\x01';
  p.exponent = word(raw.data() + 1, p.negative ? 0xFFFF'FFFFu : 0u);
  for (const char c : raw.substr(5, raw.size() - 10)) {
    const unsigned pair = (byte_of(c) ^ (p.negative ? 0xFFu : 0u)) - 1;
    p.digits.push_back(static_cast<char>('0' + pair / 10));
    p.digits.push_back(static_cast<char>('0' + pair % 10));
  }
  if (p.digits.back() == '0') p.digits.pop_back();
  return p;
}

/// The bytes that the bigdec at the start of `in` takes; 0 if there is no well-formed one.
inline std::size_t bigdec_size(std::string_view in) {
  if (in.empty()) return 0;
  std::size_t size = 1;
  if (in[0] == '\x01' || in[0] == '\x03') {
    const unsigned flip = in[0] == '\x01' ? 0xFF : 0;
    for (size = 5; size < in.size() && (byte_of(in[size]) ^ flip) != 0; ++size) {
      if ((byte_of(in[size]) ^ flip) > 100) return 0;
    }
    if (size >= in.size() || size == 5 || size > 5 + max_big_digits / 2) return 0;
    ++size;
  } else if (in[0] != '\x02') {
    return 0;
  }
  size += 4;
  if (in.size() < size || !is_well_formed(take_apart_bigdec(in.substr(0, size)))) return 0;
  return size;
}

}  // namespace datolite::detail
