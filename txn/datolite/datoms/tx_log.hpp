// tx_log: one record a transaction, under its T. docs/format.md specifies the bytes.
//
// The record of the next T must be absent when a transaction is committed: so of two writers with the same
// basis one is refused, in this process or another, and nothing is ever overwritten. The newest record also
// holds the counters.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <datolite/core/bounds.hpp>
#include <datolite/core/bytes.hpp>
#include <datolite/core/datom.hpp>
#include <datolite/core/encode.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/reader.hpp>
#include <datolite/datoms/detail/hash.hpp>
#include <datolite/datoms/detail/varint.hpp>
#include <datolite/datoms/flat_key.hpp>
#include <datolite/datoms/log_record.hpp>

namespace datolite::datoms {

inline constexpr char log_tag = 0x30;
inline constexpr char log_part_tag = 0x31;  ///< what a long record has beyond its first bytes
inline constexpr unsigned char log_version = 2;
inline constexpr std::size_t log_part_size = std::size_t{1} << 20;

inline bytes log_key(std::int64_t t) {
  bytes key(1, log_tag);
  append_u64(key, static_cast<std::uint64_t>(t));
  return key;
}

inline bytes log_part_key(std::int64_t t, std::uint32_t part) {
  bytes key(1, log_part_tag);
  append_u64(key, static_cast<std::uint64_t>(t));
  append_u32(key, part);
  return key;
}

namespace detail {

inline void put_sum(char* at, std::uint64_t sum) noexcept {
  for (std::size_t i = 0; i < 8; ++i) at[i] = static_cast<char>(sum >> (8 * i));
}
inline std::uint64_t get_sum(bytes_view from, std::size_t at) noexcept {
  std::uint64_t sum = 0;
  for (std::size_t i = 8; i > 0; --i) sum = sum << 8 | static_cast<unsigned char>(from[at + i - 1]);
  return sum;
}

/// Appends what a record says, without its head.
inline void put_log_body(bytes& out, const log_record& record) {
  detail::put_varint(out, static_cast<std::uint64_t>(record.previous_t));
  detail::put_varint(out, detail::zigzag(record.instant));
  detail::put_varint(out, static_cast<std::uint64_t>(record.next_t));
  detail::put_varint(out, static_cast<std::uint64_t>(record.next_element));
  detail::put_varint(out, record.datoms.size());
  entity_id last = 0;
  std::size_t retraction = 0;
  for (const datom& d : record.datoms) {
    detail::put_varint(out, detail::zigzag(d.e - std::exchange(last, d.e)));
    detail::put_varint(out, std::uint64_t{d.a} << 1 | (d.added() ? 1 : 0));
    if (!d.added()) {
      detail::put_varint(out, static_cast<std::uint64_t>(record.t - record.retracted[retraction++]));
    }
    encode_value(out, d.v);
  }
}

constexpr std::size_t log_head = 1 + 8 + 8;  // version, checksum, the checksum of the record before

}  // namespace detail

/// A record as engine pairs: `put(key, value)` is called with each of them, by ascending key. Sets
/// record.sum.
template <class Put>
void write_log_record(log_record& record, Put&& put) {
  const bytes key = log_key(record.t);
  bytes head;
  head.reserve(detail::log_head + 64 + 32 * record.datoms.size());
  head.resize(detail::log_head + 1);  // the number of parts is none, where it is a short one
  detail::put_log_body(head, record);
  bytes body;
  const std::size_t parts = (head.size() - detail::log_head - 2) / log_part_size;
  if (parts > 0) {
    body.assign(head, detail::log_head + 1);
    head.resize(detail::log_head);
    detail::put_varint(head, parts);
    head.append(8, '\0');
    detail::put_sum(head.data() + head.size() - 8, detail::checksum(key, body));
    head.append(body, 0, log_part_size);
  }
  head[0] = static_cast<char>(log_version);
  detail::put_sum(head.data() + 9, record.previous_sum);
  record.sum = detail::checksum(key, bytes_view{head}.substr(9));
  detail::put_sum(head.data() + 1, record.sum);
  put(key, head);
  for (std::size_t i = 1; i <= parts; ++i) {
    const bytes part_key = log_part_key(record.t, static_cast<std::uint32_t>(i));
    bytes part(8, '\0');
    part.append(body, i * log_part_size, log_part_size);
    detail::put_sum(part.data(), detail::checksum(part_key, bytes_view{part}.substr(8)));
    put(part_key, part);
  }
}

namespace detail {

/// Reads the varints of a record; remembers where it is, for its errors. `fetch(part key)` gives an optional
/// with the bytes of a further part.
class record_parser {
 public:
  template <class Fetch>
  record_parser(std::int64_t t, bytes_view key, bytes_view record, bool whole, Fetch&& fetch)
      : key_{key}, in_{record} {
    if (in_.empty()) fail("is empty");
    const auto version = static_cast<unsigned char>(in_[0]);
    if (version > log_version) {
      throw error{error_category::unsupported, "db.error/newer-format",
                  "a transaction in the log has the format version " + std::to_string(version) +
                      "; this library knows versions up to " + std::to_string(log_version) +
                      ": use a newer one"};
    }
    if (version == 0) fail("names the format version 0, which there never was");
    if (in_.size() < 9) fail("is too short");
    sum_ = get_sum(in_, 1);
    in_.remove_prefix(9);
    if (sum_ != checksum(key, in_)) fail("does not match its checksum");
    if (version == 1) return;
    if (in_.size() < 8) fail("is too short");
    previous_sum_ = get_sum(in_, 0);
    in_.remove_prefix(8);
    const std::uint64_t parts = number();
    if (parts == 0) return;
    if (in_.size() < 8) fail("is too short");
    const std::uint64_t of_all = get_sum(in_, 0);
    in_.remove_prefix(8);
    if (!whole) return;
    joined_ = in_;
    for (std::uint64_t i = 1; i <= parts; ++i) {
      const bytes part_key = log_part_key(t, static_cast<std::uint32_t>(i));
      const auto found = fetch(part_key);
      if (!found) flat::detail::throw_corrupt(part_key, "is missing: a part of a transaction stood there");
      const bytes_view part = found->view();
      if (part.size() < 8 || get_sum(part, 0) != checksum(part_key, part.substr(8)))
        flat::detail::throw_corrupt(part_key, "does not match its checksum");
      joined_.append(part.substr(8));
    }
    in_ = joined_;
    if (of_all != checksum(key, in_)) fail("does not match the checksum of all its parts");
  }
  std::size_t left() const noexcept { return in_.size(); }
  std::uint64_t sum() const noexcept { return sum_; }
  std::uint64_t previous_sum() const noexcept { return previous_sum_; }
  std::uint64_t number() {
    const auto n = take_varint(in_);
    if (!n) fail("is cut short");
    return *n;
  }
  std::int64_t signed_number() { return static_cast<std::int64_t>(number()); }
  value next_value() { return decode_value(in_); }
  [[noreturn]] void fail(std::string_view why) const { flat::detail::throw_corrupt(key_, why); }

 private:
  bytes_view key_, in_;
  bytes joined_;  // the parts of a long record, which `in_` is of
  std::uint64_t sum_ = 0, previous_sum_ = 0;
};

}  // namespace detail

/// Throws `corrupt` if `record` is not what was written under `key`, `unsupported` if a newer library wrote
/// it. Without `with_datoms` only the head is read: O(1) but for the checksum of at most `log_part_size`
/// bytes. `fetch(key)` gives an optional Pinned of a further pair.
template <class Fetch>
log_record decode_log_record(bytes_view key, bytes_view record, bool with_datoms, Fetch&& fetch) {
  log_record out;
  if (key.size() != 9) flat::detail::throw_corrupt(key, "has no T for its key");
  out.t = static_cast<std::int64_t>(detail::big_endian<8>(key.data() + 1));
  detail::record_parser in{out.t, key, record, with_datoms, fetch};
  out.sum = in.sum(), out.previous_sum = in.previous_sum();
  out.previous_t = in.signed_number();
  out.instant = detail::unzigzag(in.number());
  out.next_t = in.signed_number();
  out.next_element = in.signed_number();
  if (!with_datoms) return out;
  const std::uint64_t size = in.number();
  if (size > in.left()) in.fail("claims more datoms than it has room for");
  out.datoms.reserve(size);
  entity_id last = 0;
  for (std::uint64_t i = 0; i < size; ++i) {
    datom d;
    d.e = last += detail::unzigzag(in.number());
    const std::uint64_t a = in.number();
    d.a = static_cast<attribute_id>(a >> 1);
    d.t_op = make_t_op(out.t, (a & 1) != 0);
    if (!d.added()) out.retracted.push_back(out.t - in.signed_number());
    d.v = in.next_value();
    out.datoms.push_back(std::move(d));
  }
  return out;
}

/// The record of the transaction `t`; empty if the log has none.
template <Reader R>
std::optional<log_record> log_record_of(const R& reader, std::int64_t t, bool with_datoms) {
  const bytes key = log_key(t);
  const auto found = reader.get(key);
  if (!found) return std::nullopt;
  return decode_log_record(key, found->view(), with_datoms,
                           [&](bytes_view part) { return reader.get(part); });
}

/// The head of the newest transaction's record; empty if the log is.
template <Reader R>
std::optional<log_record> newest_log_record(const R& reader) {
  auto it = reader.open_iterator(prefix(bytes(1, log_tag)));
  it.seek_last();
  if (!it.valid()) return std::nullopt;
  return decode_log_record(it.key(), it.value(), false, [&](bytes_view key) { return reader.get(key); });
}

/// Calls `each` with the records of the transactions in [start, end), in order, until it returns false.
template <Reader R, class Each>
void read_log(const R& reader, std::int64_t start, std::int64_t end, Each&& each) {
  const auto fetch = [&](bytes_view key) { return reader.get(key); };
  auto it = reader.open_iterator(between(log_key(start), log_key(end)));
  for (it.seek_first(); it.valid(); it.next()) {
    if (!each(decode_log_record(it.key(), it.value(), true, fetch))) return;
  }
}

}  // namespace datolite::datoms
