// typed_row: facts as the typed layout keeps them, and the order in which each index has them.
//
// A row is one fact with its interval: true since `t_added`, and, if it is past, until `t_retracted`. Rows of
// all four indexes are of one type, so that one tree serves them all; which index a row stands in, it says
// itself.
//
// A `place` lies between rows: before or behind all those that begin with given components. Ranges are two
// places.
#pragma once

#include <algorithm>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <datolite/core/datom.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/sort_prefix.hpp>
#include <datolite/core/value.hpp>
#include <datolite/core/value_order.hpp>
#include <datolite/datoms/datom_range.hpp>
#include <datolite/datoms/entity_id.hpp>

namespace datolite::datoms::typed {

struct row {
  entity_id e = 0;
  attribute_id a = 0;
  index_order order = index_order::eavt;
  bool forgotten =
      false;  ///< past, and only there to hide the same row of what lies below (packed_index.hpp)
  value v;
  std::int64_t t_added = 0;
  std::int64_t t_retracted = 0;  ///< 0: the fact is still true

  row() = default;
  row(entity_id in_e, attribute_id in_a, index_order in, value in_v, std::int64_t added,
      std::int64_t retracted) noexcept
      : e{in_e}, a{in_a}, order{in}, v{std::move(in_v)}, t_added{added}, t_retracted{retracted} {}

  bool past() const noexcept { return t_retracted != 0; }
};

static_assert(sizeof(row) == 48);

struct place {
  index_order order = index_order::eavt;
  std::uint8_t given = 0;  ///< how many leading components of the order are given
  bool behind = false;     ///< behind all rows that begin so, or before them
  entity_id e = 0;
  std::int64_t a = 0;
  value v{};
};

namespace detail {

/// As stored_order; done at once where the two are one, as those of one fact are in its rows.
inline std::strong_ordering compare_values(const value& x, const value& y) {
  return x.is_identical(y) ? std::strong_ordering::equal : stored_order(x, y);
}

template <class X, class Y>
std::strong_ordering compare_component(const X& x, const Y& y, components c) {
  if (c == components::e) return x.e <=> y.e;
  if (c == components::a) return static_cast<std::int64_t>(x.a) <=> static_cast<std::int64_t>(y.a);
  return stored_order(x.v, y.v);
}

}  // namespace detail

/// How two rows stand in the index `in`, whichever they say they stand in.
inline std::strong_ordering compare(const row& x, const row& y, index_order in) {
  const auto of_eav = [&] {
    if (const auto e = x.e <=> y.e; in != index_order::aevt && e != 0) return e;
    if (const auto a = x.a <=> y.a; a != 0) return a;
    if (const auto e = x.e <=> y.e; e != 0) return e;
    return detail::compare_values(x.v, y.v);
  };
  const auto of_values_first = [&] {
    if (const auto a = x.a <=> y.a; in == index_order::avet && a != 0) return a;
    if (const auto v = detail::compare_values(x.v, y.v); v != 0) return v;
    if (const auto a = x.a <=> y.a; a != 0) return a;
    return x.e <=> y.e;
  };
  const std::strong_ordering order =
      in == index_order::eavt || in == index_order::aevt ? of_eav() : of_values_first();
  return order != 0 ? order : x.t_added <=> y.t_added;
}

/// Never equal: a place is no row.
inline std::strong_ordering compare(const row& x, const place& y, index_order in) {
  const auto leading = order_of(in);
  for (std::size_t at = 0; at < y.given; ++at) {
    const auto order = detail::compare_component(x, y, leading[at]);
    if (order != 0) return order;
  }
  return y.behind ? std::strong_ordering::less : std::strong_ordering::greater;
}

/// A place before rows, with its sort prefix.
struct word_place {
  inline explicit word_place(place of) noexcept;

  place at;
  std::uint64_t word;
  bool tells_all;  ///< all rows with that prefix begin with the components given
};

struct row_less {
  using is_transparent = void;
  bool operator()(const row& x, const row& y) const { return compare(x, y, x.order) < 0; }
  bool operator()(const row& x, const place& y) const { return compare(x, y, x.order) < 0; }
  bool operator()(const place& x, const row& y) const { return compare(y, x, y.order) > 0; }
  bool operator()(const row& x, const word_place& y) const { return (*this)(x, y.at); }
  bool operator()(const word_place& x, const row& y) const { return (*this)(x.at, y); }
  /// Is neither less? What costs nothing to compare decides first.
  bool same(const row& x, const row& y) const {
    return x.e == y.e && x.a == y.a && x.t_added == y.t_added && detail::compare_values(x.v, y.v) == 0;
  }
};

namespace detail {

/// A number from all of int64 as one of `bits` bits, monotone, exact where it is small.
constexpr std::uint64_t narrow(std::int64_t n, int bits) noexcept {
  const std::int64_t middle = std::int64_t{1} << (bits - 2);  // exact in [-middle, middle)
  const int dropped = 66 - bits;
  const auto u = [](std::int64_t x) { return static_cast<std::uint64_t>(x); };
  const std::uint64_t sign = std::uint64_t{1} << 63;
  if (n < -middle) return (u(n) + sign) >> dropped;
  if (n < middle) return u(middle) + u(n + middle);
  return 3 * u(middle) + ((u(n) - u(middle)) >> dropped);
}

/// An entity id as a number of `bits` bits, monotone: exact for the counters that occur in the partitions tx
/// and user.
constexpr std::uint64_t narrow_id(entity_id e, int bits) noexcept {
  const std::uint64_t most = (std::uint64_t{1} << (bits - 2)) - 1;
  const auto within = [&](std::int64_t n) { return std::min(static_cast<std::uint64_t>(n), most); };
  if (e < 0) return 0;
  const std::int64_t partition = e >> counter_bits;
  if (partition < part_tx) return within(e);
  if (partition == part_tx) return (most + 1) | within(counter_of(e));
  if (partition == part_user) return 2 * (most + 1) | within(counter_of(e));
  return 3 * (most + 1) | within((e - entid_at(part_user + 1, 0)) >> (64 - bits));
}

/// An entity id and behind it the attribute `a`, of 20 bits. Where an id may share its number with others,
/// the attribute must not tell them apart: there is more of the id in its place, or the same for all.
constexpr std::uint64_t narrow_id_and(entity_id e, std::uint64_t a) noexcept {
  constexpr entity_id others = entid_at(part_user + 1, 0);
  constexpr std::uint64_t most = (std::uint64_t{1} << 62) - 1;
  if (e < 0) return 0;
  if (e >= others) return 3 * (most + 1) | std::min(static_cast<std::uint64_t>(e - others), most);
  const bool shared = e > max_counter && e < entid_at(part_tx, 0);
  return narrow_id(e, 44) << 20 | (shared ? (std::uint64_t{1} << 20) - 1 : a);
}

/// Does no other entity's id narrow to what `e` narrows to?
constexpr bool narrows_alone(entity_id e, int bits) noexcept {
  const std::int64_t most = (std::int64_t{1} << (bits - 2)) - 1;
  const std::int64_t partition = e >> counter_bits;
  if (partition == part_tx || partition == part_user) return counter_of(e) < most;
  return e > 0 && e < most;
}

/// Does no other attribute's id stand in `bits` bits as `a` does?
constexpr bool stands_alone(std::int64_t a, int bits) noexcept {
  return a >= 0 && a < (std::int64_t{1} << bits) - 1;
}

/// The first 45 bits of a value's place among all values: its kind, then 40 bits of itself.
inline std::uint64_t narrow_value(const value& v) noexcept {
  std::uint64_t word = 0;
  switch (v.kind()) {
    case kind::boolean:
    case kind::long_:
    case kind::character: word = narrow(v.word(), 40); break;
    case kind::instant: word = narrow(v.word() >> 4, 40); break;
    case kind::ref: word = narrow_id(v.word(), 40); break;
    case kind::double_: {
      const auto bits = std::bit_cast<std::uint64_t>(v.as_double());
      word = ((bits >> 63) != 0 ? ~bits : bits | std::uint64_t{1} << 63) >> 24;
      break;
    }
    case kind::float_: {
      const auto bits = std::bit_cast<std::uint32_t>(v.as_float());
      word = std::uint64_t{(bits >> 31) != 0 ? ~bits : bits | 1u << 31} << 8;
      break;
    }
    case kind::string:
    case kind::keyword:
    case kind::symbol:
    case kind::uuid:
    case kind::uri:
    case kind::bytes: word = leading_bytes(v.raw()) >> 24; break;
    default: break;
  }
  return static_cast<std::uint64_t>(v.kind()) << 40 | word;
}

}  // namespace detail

/// The sort prefix of a row (given == 3), or of a place. What stands behind a component in it counts only
/// where no two of that component have the same bits.
template <class X>
std::uint64_t prefix_of(const X& x, index_order order, int given, bool behind) noexcept {
  const auto fill = [behind](int bits) { return behind ? (std::uint64_t{1} << bits) - 1 : std::uint64_t{0}; };
  const auto a = static_cast<std::int64_t>(x.a);
  const auto a_in = [a](int bits) {
    return static_cast<std::uint64_t>(std::clamp<std::int64_t>(a, 0, (std::int64_t{1} << bits) - 1));
  };
  if (given == 0) return behind ? ~std::uint64_t{0} : 0;
  switch (order) {
    case index_order::eavt:
      return x.e < 0 ? 0 : std::min(static_cast<std::uint64_t>(x.e), (std::uint64_t{1} << 62) - 1) << 2;
    case index_order::aevt:
      if (!detail::stands_alone(a, 20)) return a_in(20) << 44;
      return a_in(20) << 44 | (given > 1 ? detail::narrow_id(x.e, 44) : fill(44));
    case index_order::avet:
      if (!detail::stands_alone(a, 19)) return a_in(19) << 45;
      return a_in(19) << 45 | (given > 1 ? detail::narrow_value(x.v) : fill(45));
    default:
      if (!x.v.is(kind::ref)) return x.v.kind() < kind::ref ? 0 : ~std::uint64_t{0};
      return detail::narrow_id_and(x.v.word(), given > 1 ? a_in(20) : fill(20));
  }
}

namespace detail {

/// Does the sort prefix of `p` tell the rows that begin as it says from all others?
inline bool prefix_tells_all(const place& p) noexcept {
  switch (p.order) {
    case index_order::eavt: return p.given == 1 && p.e > 0 && p.e < std::int64_t{1} << 61;
    case index_order::aevt: return p.given == 2 && stands_alone(p.a, 20) && narrows_alone(p.e, 44);
    case index_order::avet: {
      constexpr std::int64_t middle = std::int64_t{1} << 38;
      if (p.given != 2 || !stands_alone(p.a, 19)) return false;
      if (p.v.is(kind::ref)) return narrows_alone(p.v.word(), 40);
      return p.v.is(kind::long_) && -middle <= p.v.word() && p.v.word() < middle;
    }
    default:
      return (p.given == 1 || (p.given == 2 && stands_alone(p.a, 20))) && p.v.is(kind::ref) &&
             narrows_alone(p.v.word(), 44);
  }
}

}  // namespace detail

/// REQUIRES: !of.behind.
inline word_place::word_place(place of) noexcept
    : at{std::move(of)},
      word{prefix_of(at, at.order, at.given, false)},
      tells_all{detail::prefix_tells_all(at)} {}

}  // namespace datolite::datoms::typed

template <>
inline constexpr bool datolite::moves_as_bytes<datolite::datoms::typed::row> = true;

template <>
struct datolite::sort_prefix<datolite::datoms::typed::row, datolite::datoms::typed::row_less> {
  static std::uint64_t of(const datoms::typed::row& r) noexcept {
    return datoms::typed::prefix_of(r, r.order, 3, false);
  }
  static std::uint64_t of(const datoms::typed::place& p) noexcept {
    return datoms::typed::prefix_of(p, p.order, p.given, p.behind);
  }
  static std::uint64_t of(const datoms::typed::word_place& p) noexcept { return p.word; }
  static bool is_before(const datoms::typed::word_place& p) noexcept { return p.tells_all; }
  static constexpr bool exact = false;
};
