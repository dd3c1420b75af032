// flat_range: a range of datoms as bounds on the flat layout's keys.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

#include <datolite/core/bytes.hpp>
#include <datolite/core/datom.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/datoms/datom_range.hpp>
#include <datolite/datoms/flat_key.hpp>

namespace datolite::datoms::flat {

/// The keys that a range visits: those of current rows in [lower, upper), tag included. Where values were
/// cut, the keys bound their group, and `start`, `stop` and `exact` are asked of each row in it.
struct key_range {
  bytes lower, upper;
  std::optional<range_bound> start, stop;  ///< bounds on v, if v is what the range bounds
  bool exact_v = false;                    ///< v is given; rows must have exactly `exact`
  value_part exact;
};

namespace detail {

/// Narrows `out`, whose bounds are a prefix and its end, by an entity's or an attribute's id.
template <class Id>
void bound_id(key_range& out, const datom_range& range) {
  constexpr std::int64_t highest = std::numeric_limits<Id>::max();
  const auto put = [](bytes& key, std::int64_t id) {
    if constexpr (std::is_same_v<Id, entity_id>)
      put_e(key, id);
    else
      put_a(key, static_cast<attribute_id>(id));
  };
  const bytes prefix = out.lower;
  std::int64_t low = range.start ? id_of_bound(range.start->at) : 0;
  std::int64_t high = range.stop ? id_of_bound(range.stop->at) : highest;
  bool empty = false;
  if (range.start && !range.start->inclusive) low == highest ? void(empty = true) : void(++low);
  if (range.stop && !range.stop->inclusive) high <= 0 ? void(empty = true) : void(--high);
  low = low < 0 ? 0 : low;
  high = high > highest ? highest : high;
  if (empty || low > high) {
    out.upper = out.lower;
    return;
  }
  put(out.lower, low);
  if (!range.stop) return;
  out.upper = prefix;
  put(out.upper, high);
  out.upper = prefix_successor(out.upper);
}

/// The same by a value. A bound that reaches into a group of cut values is widened to the group.
inline void bound_value(key_range& out, const datom_range& range, std::size_t value_limit) {
  const bytes prefix = out.lower;
  const auto widened = [&](bytes& key, const value& at) {
    bytes encoded;
    encode_value(encoded, at);
    const bool into_group = encoded.size() >= kept_of(value_limit);
    key = prefix;
    key.append(encoded, 0, kept_of(value_limit));
    return into_group;
  };
  if (range.start) {
    const bool into_group = widened(out.lower, range.start->at);
    if (!into_group && !range.start->inclusive) out.lower = prefix_successor(out.lower);
    out.start = range.start;
  }
  if (range.stop) {
    const bool into_group = widened(out.upper, range.stop->at);
    if (into_group || range.stop->inclusive) out.upper = prefix_successor(out.upper);
    out.stop = range.stop;
  }
}

}  // namespace detail

/// Throws `incorrect` if the components given are no prefix of the index's order, or there is nothing to
/// bound.
inline key_range make_key_range(const datom_range& range, std::size_t value_limit) {
  key_range out;
  out.lower.assign(1, tag_of(range.index, false));
  const components next = bounded_component(range);
  for (const components c : order_of(range.index)) {
    if (!is_given(range, c)) break;
    if (c == components::e) {
      put_e(out.lower, *range.e);
    } else if (c == components::a) {
      put_a(out.lower, *range.a);
    } else {
      out.exact.assign(*range.v, value_limit);
      out.exact_v = true;
      out.lower += out.exact.in_key;
    }
  }
  out.upper = prefix_successor(out.lower);
  if (!range.start && !range.stop) return out;
  if (next == components::e)
    detail::bound_id<entity_id>(out, range);
  else if (next == components::a)
    detail::bound_id<attribute_id>(out, range);
  else
    detail::bound_value(out, range, value_limit);
  return out;
}

}  // namespace datolite::datoms::flat
