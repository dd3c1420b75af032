// word_run: where the rows of a range stand among the rows of an index, and runs of rows that differ in one
// number.
//
// A join that looks for many entities, or for many numbers as values, reads as many runs: they ascend, and
// most of them are short.
//
// Threads: used by one. None may outlive the tail that it reads.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <datolite/core/datom.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/value.hpp>
#include <datolite/datoms/datom_range.hpp>
#include <datolite/datoms/typed_row.hpp>
#include <datolite/datoms/typed_tail.hpp>

namespace datolite::datoms::typed {

/// The places around a range: its rows lie between them.
struct place_range {
  place low, high;
  bool empty = false;  ///< the bounds cross
};

namespace detail {

inline void bound_by(place& at, components c, const range_bound& by, bool behind) {
  ++at.given;
  at.behind = behind;
  if (c == components::e) at.e = id_of_bound(by.at);
  if (c == components::a) at.a = id_of_bound(by.at);
  if (c == components::v) at.v = by.at;
}

}  // namespace detail

/// Throws `incorrect` if the components given are no prefix of the index's order, or there is nothing to
/// bound.
inline place_range make_place_range(const datom_range& range) {
  place_range out;
  const components next = bounded_component(range);
  place& low = out.low;
  low.order = range.index;
  for (const components c : order_of(range.index)) low.given += is_given(range, c) ? 1 : 0;
  if (range.e) low.e = *range.e;
  if (range.a) low.a = *range.a;
  if (range.v) low.v = *range.v;
  out.high = low;
  out.high.behind = true;
  if (range.start) detail::bound_by(out.low, next, *range.start, !range.start->inclusive);
  if (range.stop) detail::bound_by(out.high, next, *range.stop, range.stop->inclusive);
  if (range.start && range.stop) {
    const auto order = detail::compare_component(out.low, out.high, next);
    out.empty = order > 0 || (order == 0 && (out.low.behind || !out.high.behind));
  }
  return out;
}

/// Room for some rows of `words` runs, short ones as most are, until there are `enough`.
inline void reserve_runs(datom_columns& out, components wanted, std::size_t words, std::size_t enough) {
  const std::size_t n = out.size + std::min(2 * words, enough);
  if (includes(wanted, components::e)) out.e.reserve(n);
  if (includes(wanted, components::a)) out.a.reserve(n);
  if (includes(wanted, components::v)) out.v.reserve(n);
  if (includes(wanted, components::t)) out.t_op.reserve(n);
}

/// One of many runs that differ in one number, `word`: the entity's id, or a value that is a ref or a long.
class word_run {
 public:
  /// Whether the runs of `range` are told apart by the number alone, once what stands before it in the index
  /// is given.
  static bool serves(const datom_range& range, components in) noexcept {
    const bool all_given = in == components::e ? range.v.has_value() : range.e.has_value();
    return !all_given && !range.start && !range.stop && !range.descending;
  }

  /// REQUIRES: serves(range, in), and `range` gives that component.
  word_run(const datom_range& range, components in)
      : low_{make_place_range(range).low},
        by_e_{in == components::e},
        a_{range.a},
        kind_{range.v ? range.v->kind() : kind::nil} {}

  /// The place before the run of a word.
  place at(std::int64_t word) const {
    place out = low_;
    if (by_e_)
      out.e = word;
    else
      out.v = kind_ == kind::ref ? value::ref(word) : value{word};
    return out;
  }

  void set(std::int64_t word) noexcept { word_ = word; }
  /// Whether `r`, which is not before the run of the word set, is in it.
  bool has(const row& r) const noexcept {
    if (a_ && r.a != *a_) return false;
    return by_e_ ? r.e == word_ : r.v.is(kind_) && r.v.word() == word_;
  }

 private:
  place low_;
  bool by_e_;
  std::optional<attribute_id> a_;
  kind kind_;
  std::int64_t word_ = 0;
};

/// Tells of runs that ascend whether a tail has rows of them.
class tail_ahead {
 public:
  /// `first`: the place before the first run.
  tail_ahead(const tail& of, index_order order, const place& first) : tail_{of}, order_{order} {
    if (tail_.empty()) return;
    parts_[0] = {&tail_.current(order), tail_.lower_bound(tail_.current(order), order, first)};
    parts_[1] = {&tail_.past(order), tail_.lower_bound(tail_.past(order), order, first)};
  }

  /// O(1), but for the rows of the tail that it leaves behind.
  bool has(const place& low) { return !tail_.empty() && (has(parts_[0], low) || has(parts_[1], low)); }

 private:
  struct part {
    const tail::listing* in = nullptr;
    std::size_t at = 0;
  };

  bool has(part& p, const place& low) const {
    const auto row_at = [&]() -> const row& { return tail_[(*p.in)[p.at]]; };
    while (p.at < p.in->size() && compare(row_at(), low, order_) < 0) ++p.at;
    if (p.at == p.in->size()) return false;
    place high = low;
    high.behind = true;
    return compare(row_at(), high, order_) < 0;
  }

  const tail& tail_;
  const index_order order_;
  std::array<part, 2> parts_;
};

}  // namespace datolite::datoms::typed
