// flat_key: the bytes of the flat layout, one engine pair a datom an index. docs/datoms.md specifies them.
//
//   key    tag, then the components in the index's order; a past row's T of assertion at the end
//   value  checksum (4), T of assertion, a past row's T of retraction, and for a cut value its whole encoding
//
// e is 8 bytes big-endian, a 4, v as encode.hpp has it, so that bytewise order is the index's order. A value
// whose encoding is longer than `value_limit` is cut: its first bytes, then 16 bytes of hash. Then rows with
// the same beginning may stand in another order than their values; the cursor sorts such a group as it reads
// it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <datolite/core/bytes.hpp>
#include <datolite/core/datom.hpp>
#include <datolite/core/encode.hpp>
#include <datolite/core/error.hpp>
#include <datolite/datoms/detail/hash.hpp>
#include <datolite/datoms/detail/varint.hpp>

namespace datolite::datoms::flat {

inline constexpr char current_tag = 0x10;  ///< + index_order
inline constexpr char past_tag = 0x20;     ///< + index_order
inline constexpr char counts_tag = 0x02;   ///< the one key with the number of current datoms by attribute

constexpr char tag_of(index_order order, bool past) noexcept {
  return static_cast<char>((past ? past_tag : current_tag) + static_cast<char>(order));
}

inline constexpr std::size_t e_size = 8, a_size = 4, t_size = 8, checksum_size = 4;
inline constexpr std::size_t around_value = 1 + e_size + a_size + t_size;  ///< key bytes besides the value

/// How long a value's bytes in a key may be, where keys may have `max_key_size` bytes. The layout of LMDB's
/// limit is used wherever there is room for it.
constexpr std::size_t value_limit_for(std::size_t max_key_size) noexcept {
  constexpr std::size_t lmdb_keys = 511;
  const std::size_t room = max_key_size < lmdb_keys ? max_key_size : lmdb_keys;
  return room < around_value + 2 * detail::digest_size ? 0 : room - around_value;
}

/// Of a cut value, how many bytes of its encoding stand in the key.
constexpr std::size_t kept_of(std::size_t value_limit) noexcept { return value_limit - detail::digest_size; }

/// A value as it stands in keys.
struct value_part {
  bytes in_key;
  bytes whole;  ///< its whole encoding if it had to be cut, else empty

  /// Replaces this by the part of `v`. Reuses what is allocated.
  void assign(const value& v, std::size_t value_limit) {
    in_key.clear(), whole.clear();
    encode_value(in_key, v);
    if (in_key.size() <= value_limit) return;
    whole.swap(in_key);
    in_key.assign(whole, 0, kept_of(value_limit));
    detail::put_digest(in_key, whole);
  }
};

inline void put_e(bytes& out, entity_id e) { append_u64(out, static_cast<std::uint64_t>(e)); }
inline void put_a(bytes& out, attribute_id a) { append_u32(out, a); }

/// Replaces `out` by the key of a row; of a past row, without its T.
inline void make_key(bytes& out, index_order order, bool past, entity_id e, attribute_id a, bytes_view v) {
  out.assign(1, tag_of(order, past));
  switch (order) {
    case index_order::eavt: put_e(out, e), put_a(out, a), out.append(v); break;
    case index_order::aevt: put_a(out, a), put_e(out, e), out.append(v); break;
    case index_order::avet: put_a(out, a), out.append(v), put_e(out, e); break;
    case index_order::vaet: out.append(v), put_a(out, a), put_e(out, e); break;
  }
}

/// Makes a row's value, by the checksum under which it is found again.
inline void make_payload(bytes& out, bytes_view key, std::int64_t t_added,
                         std::optional<std::int64_t> t_retracted, bytes_view whole) {
  out.assign(checksum_size, '\0');
  detail::put_varint(out, static_cast<std::uint64_t>(t_added));
  if (t_retracted) detail::put_varint(out, static_cast<std::uint64_t>(*t_retracted - t_added));
  out.append(whole);
  const std::uint64_t sum = detail::checksum(key, bytes_view{out}.substr(checksum_size));
  for (std::size_t i = 0; i < checksum_size; ++i) out[i] = static_cast<char>(sum >> (8 * i));
}

/// What stands in a row; the views are into its key and value.
struct row {
  entity_id e = 0;
  attribute_id a = 0;
  bytes_view v;      ///< the value's bytes in the key
  bytes_view whole;  ///< a cut value's whole encoding, else empty
  bytes_view body;   ///< the key without tag and T: rows of current and past compare by it
  std::int64_t t_added = 0;
  std::int64_t t_retracted = 0;  ///< of a past row
};

namespace detail {

using namespace datolite::datoms::detail;

inline std::string hex(bytes_view raw) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const char c : raw.substr(0, 64)) {
    out.push_back(digits[static_cast<unsigned char>(c) >> 4]);
    out.push_back(digits[c & 15]);
  }
  if (raw.size() > 64) out += "…";
  return out;
}

[[noreturn]] inline void throw_corrupt(bytes_view key, std::string_view why) {
  throw error{error_category::corrupt, "db.error/corrupt",
              "the store is damaged: the entry with the key 0x" + hex(key) + " " + std::string{why} +
                  "; restore it from a backup, or export what is still readable"};
}

inline void check_sum(bytes_view key, bytes_view payload) {
  if (payload.size() < checksum_size) throw_corrupt(key, "is too short");
  std::uint32_t stored = 0;
  for (std::size_t i = checksum_size; i-- > 0;) stored = stored << 8 | static_cast<unsigned char>(payload[i]);
  if (stored != static_cast<std::uint32_t>(checksum(key, payload.substr(checksum_size)))) {
    throw_corrupt(key, "does not match its checksum");
  }
}

}  // namespace detail

/// Takes a row apart. Throws `corrupt` if its checksum does not match its key and value, or they are
/// malformed.
inline row parse_row(index_order order, bool past, bytes_view key, bytes_view payload) {
  detail::check_sum(key, payload);
  const std::size_t tail = past ? t_size : 0;
  if (key.size() < 1 + e_size + a_size + tail) detail::throw_corrupt(key, "has a key that is too short");
  row r;
  r.body = key.substr(1, key.size() - 1 - tail);
  const char* const at = r.body.data();
  const std::size_t n = r.body.size();
  std::size_t e = 0, a = 0, v = e_size + a_size;  // where the components begin
  switch (order) {
    case index_order::eavt: a = e_size; break;
    case index_order::aevt: e = a_size; break;
    case index_order::avet: v = a_size, e = n - e_size; break;
    case index_order::vaet: v = 0, e = n - e_size, a = n - e_size - a_size; break;
  }
  r.e = static_cast<entity_id>(detail::big_endian<e_size>(at + e));
  r.a = static_cast<attribute_id>(detail::big_endian<a_size>(at + a));
  r.v = r.body.substr(v, n - e_size - a_size);
  payload.remove_prefix(checksum_size);
  const auto added = detail::take_varint(payload);
  const auto lasted = past ? detail::take_varint(payload) : std::optional<std::uint64_t>{0};
  if (!added || !lasted) detail::throw_corrupt(key, "is cut short");
  r.t_added = static_cast<std::int64_t>(*added);
  r.t_retracted = r.t_added + static_cast<std::int64_t>(*lasted);
  r.whole = payload;
  return r;
}

/// The value of a row. Throws `corrupt` if its bytes are none.
inline value value_of(const row& r) {
  bytes_view in = r.whole.empty() ? r.v : r.whole;
  try {
    value v = decode_value(in);
    if (in.empty()) return v;
  } catch (const error&) {  // reported below, with the place
  }
  detail::throw_corrupt(r.body, "holds a malformed value");
}

}  // namespace datolite::datoms::flat
