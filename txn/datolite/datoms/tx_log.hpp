// tx_log: one record a transaction, under its T. docs/datoms.md specifies the bytes.
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

namespace datolite::datoms {

inline constexpr char log_tag = 0x30;
inline constexpr unsigned char log_version = 1;

/// What a transaction left behind: itself, and where the counters stood after it.
struct log_record {
  std::int64_t t = 0;
  std::int64_t previous_t = 0;
  std::int64_t instant = 0;             ///< its :db/txInstant, milliseconds since 1970
  std::int64_t next_t = 0;              ///< the T of the next transaction
  std::int64_t next_element = 0;        ///< the id of the next attribute or partition
  std::vector<datom> datoms;            ///< its datoms, those that it retracts included
  std::vector<std::int64_t> retracted;  ///< for each retracting datom in turn, the T of the assertion it ends
};

inline bytes log_key(std::int64_t t) {
  bytes key(1, log_tag);
  append_u64(key, static_cast<std::uint64_t>(t));
  return key;
}

inline bytes encode_log_record(const log_record& record) {
  constexpr std::size_t head = 9;  // version, checksum
  bytes out(head, '\0');
  out[0] = static_cast<char>(log_version);
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
  const std::uint64_t sum = detail::checksum(log_key(record.t), bytes_view{out}.substr(head));
  for (int i = 0; i < 8; ++i) out[1 + static_cast<std::size_t>(i)] = static_cast<char>(sum >> (8 * i));
  return out;
}

namespace detail {

/// Reads the varints of a record; remembers where it is, for its errors.
class record_parser {
 public:
  record_parser(bytes_view key, bytes_view record) : key_{key}, in_{record} {
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
    std::uint64_t stored = 0;
    for (std::size_t i = 8; i > 0; --i) stored = stored << 8 | static_cast<unsigned char>(in_[i]);
    in_.remove_prefix(9);
    if (stored != checksum(key, in_)) fail("does not match its checksum");
  }
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
};

}  // namespace detail

/// Throws `corrupt` if `record` is not what was written under `key`, `unsupported` if a newer library wrote
/// it. Without `with_datoms` only the head is read: O(1) but for the checksum.
inline log_record decode_log_record(bytes_view key, bytes_view record, bool with_datoms = true) {
  log_record out;
  if (key.size() != 9) flat::detail::throw_corrupt(key, "has no T for its key");
  out.t = static_cast<std::int64_t>(detail::big_endian<8>(key.data() + 1));
  detail::record_parser in{key, record};
  out.previous_t = in.signed_number();
  out.instant = detail::unzigzag(in.number());
  out.next_t = in.signed_number();
  out.next_element = in.signed_number();
  if (!with_datoms) return out;
  const std::uint64_t size = in.number();
  if (size > record.size()) in.fail("claims more datoms than it has room for");
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

/// The head of the newest transaction's record; empty if the log is.
template <Reader R>
std::optional<log_record> newest_log_record(const R& reader) {
  auto it = reader.open_iterator(prefix(bytes(1, log_tag)));
  it.seek_last();
  if (!it.valid()) return std::nullopt;
  return decode_log_record(it.key(), it.value(), false);
}

/// Calls `each` with the records of the transactions in [start, end), in order, until it returns false.
template <Reader R, class Each>
void read_log(const R& reader, std::int64_t start, std::int64_t end, Each&& each) {
  auto it = reader.open_iterator(between(log_key(start), log_key(end)));
  for (it.seek_first(); it.valid(); it.next()) {
    if (!each(decode_log_record(it.key(), it.value()))) return;
  }
}

}  // namespace datolite::datoms
