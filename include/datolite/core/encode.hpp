// encode: values as bytes whose `memcmp` order is the stored order.
//
// Laws, for all values a and b that can be encoded:
//   1. encode(a) < encode(b) (as bytes) iff stored_order(a, b) < 0
//   2. decode(encode(a)) == a, and consumes exactly encode(a), whatever follows it
//   3. encode(a) is no proper prefix of encode(b): a scan by prefix finds what it should and nothing else
//   4. bytes that decode are what the decoded value encodes to; all others are refused as corrupt
// So encodings can be put behind one another and make a key that sorts component by component. NaN is refused
// (`db.error/nan`), and nesting more than 512 deep (`db.error/nesting`). The bytes are specified, with
// vectors, in docs/encoding.md.
//
// Keys often hold bare integers beside values: `append_…` and `take_…` write and read them in the same order.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

#include <datolite/core/bytes.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/value.hpp>

namespace datolite {

/// Appends the encoding of `v`. O(size). On an error `out` may have grown.
void encode_value(bytes& out, const value& v);
bytes encode_value(const value& v);

/// The value at the start of `in`, which then shows what follows it. O(size). Throws `corrupt`
/// (db.error/corrupt) on bytes that no value encodes to, leaving `in` anywhere.
value decode_value(bytes_view& in);

/// The encoding at the start of `in`, taken off without building the value. Less is checked than by
/// decode_value.
bytes_view take_encoded(bytes_view& in);

namespace detail {

[[noreturn]] inline void throw_corrupt(std::string_view what) {
  throw error{error_category::corrupt, "db.error/corrupt",
              std::string{"an encoded value is corrupt: "}.append(what)};
}

inline void need(bytes_view in, std::size_t size) {
  if (in.size() < size) throw_corrupt("it ends too early");
}

}  // namespace detail

// -- integers of a fixed width, big-endian, the sign bit flipped where there is one

inline void append_u8(bytes& out, std::uint8_t n) { out.push_back(static_cast<char>(n)); }

inline void append_u32(bytes& out, std::uint32_t n) {
  char all[4];
  for (int i = 3; i >= 0; --i, n >>= 8) all[i] = static_cast<char>(static_cast<unsigned char>(n));
  out.append(all, sizeof all);
}

inline void append_u64(bytes& out, std::uint64_t n) {
  char all[8];
  for (int i = 7; i >= 0; --i, n >>= 8) all[i] = static_cast<char>(static_cast<unsigned char>(n));
  out.append(all, sizeof all);
}

inline void append_i64(bytes& out, std::int64_t n) {
  append_u64(out, static_cast<std::uint64_t>(n) ^ std::uint64_t{1} << 63);
}

/// Each `take_…` takes its bytes off the front of `in`; throws `corrupt` if there are too few.
inline std::uint8_t take_u8(bytes_view& in) {
  detail::need(in, 1);
  const auto n = static_cast<std::uint8_t>(in[0]);
  in.remove_prefix(1);
  return n;
}

inline std::uint32_t take_u32(bytes_view& in) {
  detail::need(in, 4);
  std::uint32_t n = 0;
  for (int i = 0; i < 4; ++i) n = n << 8 | static_cast<unsigned char>(in[static_cast<std::size_t>(i)]);
  in.remove_prefix(4);
  return n;
}

inline std::uint64_t take_u64(bytes_view& in) {
  detail::need(in, 8);
  std::uint64_t n = 0;
  for (int i = 0; i < 8; ++i) n = n << 8 | static_cast<unsigned char>(in[static_cast<std::size_t>(i)]);
  in.remove_prefix(8);
  return n;
}

inline std::int64_t take_i64(bytes_view& in) {
  return static_cast<std::int64_t>(take_u64(in) ^ std::uint64_t{1} << 63);
}

// -- what an encoding starts with

/// The first byte of every encoding of kind `k` (of `true`: one more). Ascends with the kind; 0x00 and 0xFF
/// are none.
constexpr std::uint8_t encoding_tag(kind k) noexcept {
  return static_cast<std::uint8_t>(8 * (static_cast<unsigned>(k) + 1));
}

/// The start that all encodings of texts with prefix `text` share, and no others: for prefix scans.
/// REQUIRES: k is a text's kind.
bytes encode_text_prefix(kind k, std::string_view text);

}  // namespace datolite

#include <datolite/core/detail/encode_value.hpp>
