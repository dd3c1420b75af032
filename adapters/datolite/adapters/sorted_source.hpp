// sorted_source: a sorted random-access range of rows, searched instead of read through.
//
//   std::vector<std::tuple<int, std::string, std::string>> rows = …;   // sorted
//   q("[:find ?j :in $ :where [?i ?j ?k] [(< 10 ?i)] [(< ?i 13)]]", adapters::sorted(rows));
//
// REQUIRES: the rows ascend, slot by slot, in stored order (value_order.hpp). For rows of one C++ tuple type
// of integers, texts and booleans that is the order of `<`.
//
// Cost: O(log n) a search, then the rows of the subrange that constants, starts and whiles leave. A join
// whose bound slot comes next in the order searches once a bound row, where these are few. Lifetime: refers
// to the rows. Threads: many may query one source at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <ranges>
#include <utility>

#include <datolite/adapters/bound_conversion.hpp>
#include <datolite/adapters/kept_pattern.hpp>
#include <datolite/core/value.hpp>
#include <datolite/core/value_order.hpp>
#include <datolite/query/forced_way.hpp>
#include <datolite/query/join_spec.hpp>
#include <datolite/query/relation.hpp>
#include <datolite/query/row_joiner.hpp>
#include <datolite/query/rows.hpp>
#include <datolite/query/source.hpp>

namespace datolite::adapters {

/// The rows of a sorted range that one data pattern asks for; searched for at the join.
template <query::ConstRowRange R>
requires std::ranges::random_access_range<const R>
class sorted_rows {
  using position = std::ranges::iterator_t<const R>;

 public:
  sorted_rows(const R& rows, const query::clause_pattern& pattern) : rows_{&rows}, pattern_{pattern} {}

  query::relation join_project_with(const query::relation& ys, const query::join_spec& spec) const {
    query::row_joiner join{ys, spec};
    if (join.done()) return std::move(join).finish();
    io_counts io;
    run all{std::ranges::begin(*rows_), std::ranges::end(*rows_), 0};
    narrow(all, io);
    const std::optional<std::size_t> y = joined(spec, all.slot);
    if (y && query::detail::searches(ys.size() * steps_a_search < all.size())) {
      search_each(all, ys, *y, join, io);
    } else {
      read(all, join, io, [&join](const auto& x) { join.add(x); });
    }
    if (pattern_.io() != nullptr) pattern_.io()->other += io;
    return std::move(join).finish();
  }

 private:
  static constexpr std::size_t steps_a_search = 16;

  /// Rows that agree in the slots before `slot`.
  struct run {
    position first;
    position last;
    std::size_t slot;
    std::size_t size() const { return static_cast<std::size_t>(last - first); }
  };

  static std::optional<std::size_t> joined(const query::join_spec& spec, std::size_t slot) {
    for (const query::join_pair& p : spec.join) {
      if (p.x == slot) return p.y;
    }
    return std::nullopt;
  }

  void search_each(const run& all, const query::relation& ys, std::size_t y, query::row_joiner& join,
                   io_counts& io) const {
    for (std::size_t i = 0; i < ys.size() && !join.done(); ++i) {
      run one = all;
      if (fix(one, ys[i][y], io)) narrow(one, io);
      read(one, join, io, [&join, i](const auto& x) { join.add(x, i); });
    }
  }

  /// The kind of all values of the next slot, if it is one: in stored order a kind's values stand together.
  static std::optional<kind> kind_in(const run& r) {
    if (r.first == r.last) return std::nullopt;
    auto&& first = *r.first;
    auto&& last = *(r.last - 1);
    const auto least = query::as_row(first);
    const auto greatest = query::as_row(last);
    if (r.slot >= least.size() || r.slot >= greatest.size()) return std::nullopt;
    const value& a = least[r.slot];
    const value& b = greatest[r.slot];
    return a.kind() == b.kind() ? std::optional{a.kind()} : std::nullopt;
  }

  /// Whether the row at `at` stands before `bound` in the next slot (or on it, if `past` is asked for).
  /// REQUIRES: both are of one kind.
  static bool before(position at, std::size_t slot, const value& bound, bool past) {
    auto&& raw = *at;
    const auto row = query::as_row(raw);
    if (slot >= row.size()) return true;
    if constexpr (requires { row.holds(query::comparison::less, slot, bound); }) {
      if (bound.is(kind::long_) || bound.is(kind::string)) {  // here stored order is that of the predicates
        return row.holds(past ? query::comparison::less_equal : query::comparison::less, slot, bound);
      }
    }
    const auto order = stored_order(row[slot], bound);
    return past ? order <= 0 : order < 0;
  }

  /// The first position of the run that is not before `bound`.
  static position search(const run& r, const value& bound, bool past, io_counts& io) {
    ++io.seeks;
    position from = r.first;
    for (auto left = r.last - r.first; left > 0;) {
      const auto half = left / 2;
      if (before(from + half, r.slot, bound, past)) {
        from += half + 1;
        left -= half + 1;
      } else {
        left = half;
      }
    }
    return from;
  }

  /// The same from the run's start by doubling steps: O(log of the distance), for ends that are near.
  static position gallop(const run& r, const value& bound, bool past, io_counts& io) {
    run rest = r;
    for (std::ptrdiff_t step = 1; step < rest.last - rest.first; step *= 2) {
      if (!before(rest.first + step - 1, r.slot, bound, past)) {
        rest.last = rest.first + step;
        break;
      }
      rest.first += step;
    }
    return search(rest, bound, past, io);
  }

  /// Keeps the rows whose next slot is query-equal to `wanted`; false if there is no next slot to go on with.
  static bool fix(run& r, const value& wanted, io_counts& io) {
    const auto k = kind_in(r);
    if (!k) return false;
    const search_key key = key_for(*k, wanted);
    if (key.found == search_key::outcome::impossible) r.last = r.first;
    if (key.found != search_key::outcome::exact) return false;
    r.first = search(r, key.key, false, io);
    r.last = gallop(r, key.key, true, io);
    ++r.slot;
    return true;
  }

  /// Follows the constants as far as they reach, then the bounds of the slot after them.
  void narrow(run& r, io_counts& io) const {
    while (r.slot < pattern_.size() && pattern_.constant(r.slot)) {
      if (!fix(r, *pattern_.constant(r.slot), io)) return;
    }
    const auto k = r.slot < pattern_.size() ? kind_in(r) : std::nullopt;
    if (!k) return;
    if (const auto start = pattern_.start(r.slot, *k)) r.first = search(r, start->at, !start->inclusive, io);
    if (const auto stop = pattern_.stop(r.slot, *k)) r.last = gallop(r, stop->at, stop->inclusive, io);
  }

  template <class F>
  void read(const run& r, const query::row_joiner& join, io_counts& io, F&& each) const {
    for (position at = r.first; at != r.last && !join.done(); ++at) {
      ++io.reads;
      auto&& raw = *at;
      const auto row = query::as_row(raw);
      if (pattern_.matches(row, r.slot)) each(row);
    }
  }

  const R* rows_;
  kept_pattern pattern_;
};

/// A datasource over a sorted range; see `sorted`.
template <query::ConstRowRange R>
requires std::ranges::random_access_range<const R>
class sorted_source {
 public:
  explicit sorted_source(const R& rows) noexcept : rows_{&rows} {}

  sorted_rows<R> extrel(const query::clause_pattern& pattern) const { return {*rows_, pattern}; }

  double estimate(const query::clause_pattern& pattern) const {
    const auto all = static_cast<double>(std::ranges::size(*rows_));
    const bool narrowed =
        pattern.size() != 0 && (pattern.consts[0] || pattern.starts[0] || pattern.whiles[0]);
    return narrowed ? all / 16 : all;
  }

  query::slot_set gives_names(const query::clause_pattern& pattern) const {
    return query::gives_names_of(*rows_, pattern);
  }

 private:
  const R* rows_;
};

/// `rows` as a datasource that is searched. They must ascend in stored order, and outlive every use.
template <query::ConstRowRange R>
requires std::ranges::random_access_range<const R> sorted_source<R> sorted(const R& rows) {
  return sorted_source<R>{rows};
}

template <class R>
void sorted(const R&& rows) = delete;  // the rows would be gone when they are read

}  // namespace datolite::adapters
