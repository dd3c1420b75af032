// datom: one fact, and columns of facts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <datolite/core/value.hpp>

namespace datolite {

using entity_id = std::int64_t;      ///< Datomic's: sign (temporary), unused bit, 20 bits partition, 42 bits counter
using attribute_id = std::uint32_t;  ///< an attribute's entity id: attributes live in partition 0

/// "Entity `e` has (or no longer has) the value `v` for attribute `a`, says transaction `t`." 40 bytes.
struct datom {
  entity_id e = 0;
  attribute_id a = 0;
  value v;
  std::int64_t t_op = 0;  ///< t << 1 | added

  std::int64_t t() const noexcept { return t_op >> 1; }
  bool added() const noexcept { return (t_op & 1) != 0; }
};

static_assert(sizeof(datom) <= 40);

constexpr std::int64_t make_t_op(std::int64_t t, bool added) noexcept { return t << 1 | (added ? 1 : 0); }

/// The four orders in which datoms are kept; T breaks ties, ascending. AVET holds the attributes that are indexed
/// or unique, VAET those of type ref.
enum class index_order : std::uint8_t { eavt, aevt, avet, vaet };

/// Which components of a datom a reader wants; a cursor may leave the columns of the others empty.
enum class components : std::uint8_t { none = 0, e = 1, a = 2, v = 4, t = 8, all = 15 };
constexpr components operator|(components x, components y) noexcept {
  return static_cast<components>(static_cast<std::uint8_t>(x) | static_cast<std::uint8_t>(y));
}
constexpr bool includes(components set, components one) noexcept {
  return (static_cast<std::uint8_t>(set) & static_cast<std::uint8_t>(one)) != 0;
}

/// A batch of datoms by column. Reused from batch to batch, so that reading allocates only while it grows.
struct datom_columns {
  std::size_t size = 0;  ///< rows; a column that was not wanted is empty
  std::vector<entity_id> e;
  std::vector<attribute_id> a;
  std::vector<value> v;
  std::vector<std::int64_t> t_op;

  void clear() noexcept;

  /// Adds the rows of `more`, whose values it takes.
  void append(datom_columns& more);

  /// Leaves out the rows from `from` on whose attribute is none of `attributes`, which ascend. REQUIRES: a was
  /// wanted.
  void keep_attributes(std::size_t from, std::span<const attribute_id> attributes);
};

/// Moves to the front the elements of `rows` whose attribute, `attribute_of` of it, is one of `attributes`; both
/// ascend by it. Their number.
template <class Row, class AttributeOf>
std::size_t keep_attributes(std::span<Row> rows, std::span<const attribute_id> attributes,
                            AttributeOf&& attribute_of) {
  std::size_t kept = 0;
  auto next = attributes.begin();
  for (const Row row : rows) {
    const attribute_id a = attribute_of(row);
    while (next != attributes.end() && *next < a) ++next;
    if (next == attributes.end()) break;
    if (*next == a) rows[kept++] = row;
  }
  return kept;
}

}  // namespace datolite

#ifndef DATOLITE_COMPILED
#include <datolite/core/detail/datom.hpp>
#endif
