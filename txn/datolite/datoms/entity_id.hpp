// entity_id: what the bits of an entity id say.
//
// An id is a signed 64-bit number:
//
//   bit 63      sign: a temporary id, a name within one transaction's data
//   bit 62      unused, zero
//   bits 61-42  the partition, 20 bits; its top bit says "implicit"
//   bits 41-0   the counter; for temporary ids a negative index in two's complement
//
// A partition is named by an id as well. An explicit one is an entity of the partition :db.part/db, with a
// small id
// (:db.part/user is 4); an implicit one, of 0 to 524287, is no entity, and its id is that of its member with
// the counter 0. Counters are shared out by T: a transaction takes the next one for itself, and the entities
// that it creates take those after it. Attributes and partitions have a counter of their own, the element
// counter.
//
// The layout and the fixed figures are Datomic's, so that ids may be carried over.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <datolite/core/datom.hpp>

namespace datolite::datoms {

inline constexpr int counter_bits = 42;
inline constexpr std::int64_t counter_mask = (std::int64_t{1} << counter_bits) - 1;
inline constexpr std::int64_t partition_mask = (std::int64_t{1} << 20) - 1;
inline constexpr std::int64_t implicit_mark = std::int64_t{1} << 19;  ///< within the partition bits
inline constexpr std::int64_t implicit_parts = implicit_mark;  ///< how many implicit partitions there are

inline constexpr entity_id part_db = 0;    ///< :db.part/db, attributes and partitions
inline constexpr entity_id part_tx = 3;    ///< :db.part/tx, transactions
inline constexpr entity_id part_user = 4;  ///< :db.part/user, all else

inline constexpr std::int64_t bootstrap_t = 66;         ///< the basis of a fresh database
inline constexpr std::int64_t first_user_t = 1000;      ///< the T of its first transaction
inline constexpr std::int64_t first_user_element = 72;  ///< the id of its first own attribute
inline constexpr std::int64_t max_element = 524287;     ///< the element counter has 19 bits
inline constexpr std::int64_t max_counter = counter_mask;

/// The counter of an id: of a transaction entity, its T.
constexpr std::int64_t counter_of(entity_id e) noexcept { return e & counter_mask; }

namespace detail {

constexpr std::int64_t partition_field(entity_id e) noexcept { return (e >> counter_bits) & partition_mask; }

/// The 20 bits that stand for the partition named by `partition`.
constexpr std::int64_t partition_code(entity_id partition) noexcept {
  const std::int64_t field = partition_field(partition);
  return (field & implicit_mark) != 0 ? field : partition & partition_mask;
}

/// The temporary id of `partition` with a negative `index`.
constexpr entity_id make_tempid(entity_id partition, std::int64_t index) noexcept {
  constexpr auto sign = static_cast<std::int64_t>(std::uint64_t{1} << 63);
  return sign | partition_code(partition) << counter_bits | (index & counter_mask);
}

}  // namespace detail

/// The id with counter `t` in `partition` (its entity id, explicit or implicit).
constexpr entity_id entid_at(entity_id partition, std::int64_t t) noexcept {
  return detail::partition_code(partition) << counter_bits | (t & counter_mask);
}

/// The entity that stands for transaction `t`.
constexpr entity_id t_to_tx(std::int64_t t) noexcept { return entid_at(part_tx, t); }

/// The T of any id: its counter.
constexpr std::int64_t tx_to_t(entity_id e) noexcept { return counter_of(e); }

/// The id of implicit partition `n`, 0 to 524287.
constexpr entity_id implicit_part(std::int64_t n) noexcept {
  return (implicit_mark | (n & (implicit_mark - 1))) << counter_bits;
}

/// Which implicit partition the id `partition` names; empty if it names none.
constexpr std::optional<std::int64_t> implicit_part_id(entity_id partition) noexcept {
  const std::int64_t field = detail::partition_field(partition);
  if (partition < 0 || (field & implicit_mark) == 0 || counter_of(partition) != 0) return std::nullopt;
  return field & (implicit_mark - 1);
}

/// The partition that `e` (which may be temporary) belongs to, as an entity id.
constexpr entity_id part(entity_id e) noexcept {
  const std::int64_t field = detail::partition_field(e);
  return (field & implicit_mark) != 0 ? field << counter_bits : field;
}

/// Is it a name within one transaction's data?
constexpr bool is_tempid(entity_id e) noexcept { return e < 0; }

/// The negative index of a temporary id that names its partition (tempid.hpp makes them).
constexpr std::int64_t tempid_index(entity_id e) noexcept {
  return counter_of(e) - (std::int64_t{1} << counter_bits);
}

/// May `e` stand in a database? Not temporary, and the unused bit is zero.
constexpr bool is_permanent(entity_id e) noexcept { return e >= 0 && (e >> 62) == 0; }

/// The bits of `e` by field, then what they say: "0 0 00000000000000000100 0…01 partition 4, counter 1".
inline std::string entity_id_bits(entity_id e) {
  std::string text;
  for (int bit = 63; bit >= 0; --bit) {
    text += ((static_cast<std::uint64_t>(e) >> bit) & 1) != 0 ? '1' : '0';
    if (bit == 63 || bit == 62 || bit == counter_bits) text += ' ';
  }
  if (is_tempid(e)) text += " temporary,";
  const auto implicit = implicit_part_id(part(e));
  text +=
      implicit ? " implicit partition " + std::to_string(*implicit) : " partition " + std::to_string(part(e));
  return text += is_tempid(e) ? ", index " + std::to_string(tempid_index(e))
                              : ", counter " + std::to_string(counter_of(e));
}

/// The T that a moment is named by: a T, or the id of a transaction entity.
constexpr std::int64_t t_of_moment(std::int64_t t_or_tx) noexcept {
  return part(t_or_tx) == part_tx ? tx_to_t(t_or_tx) : t_or_tx;
}

}  // namespace datolite::datoms
