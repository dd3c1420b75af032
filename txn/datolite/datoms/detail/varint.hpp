// varint: unsigned integers in as few bytes as they need, seven bits a byte, low bits first; and fixed
// widths.
//
// For values inside records, where order does not matter. Reading never passes the end: what is cut short or
// too long is empty.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <datolite/core/bytes.hpp>

namespace datolite::datoms::detail {

inline void put_varint(bytes& out, std::uint64_t n) {
  char all[10];
  std::size_t size = 0;
  for (; n >= 0x80; n >>= 7) all[size++] = static_cast<char>(n | 0x80);
  all[size++] = static_cast<char>(n);
  out.append(all, size);
}

/// Takes an integer from the front of `in`.
inline std::optional<std::uint64_t> take_varint(bytes_view& in) noexcept {
  std::uint64_t n = 0;
  for (unsigned shift = 0; shift < 64 && !in.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    n |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return n;
  }
  return std::nullopt;
}

/// Signed integers with small magnitudes as small unsigned ones.
constexpr std::uint64_t zigzag(std::int64_t n) noexcept {
  return (static_cast<std::uint64_t>(n) << 1) ^ static_cast<std::uint64_t>(n >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t n) noexcept {
  return static_cast<std::int64_t>(n >> 1) ^ -static_cast<std::int64_t>(n & 1);
}

/// A fixed-width integer of a key.  REQUIRES: `at` has at least `Width` bytes.
template <int Width>
std::uint64_t big_endian(const char* at) noexcept {
  std::uint64_t n = 0;
  for (int i = 0; i < Width; ++i) n = n << 8 | static_cast<unsigned char>(at[i]);
  return n;
}

}  // namespace datolite::datoms::detail
