// source: the datasource protocol.
//
// ExtRel. Anything that a query can read offers `extrel(source, pattern)`: the rows that one data pattern
// asks of it. It is called once a clause, never once a row. IJoin. What `extrel` returns offers
// `join_project_with(xs, ys, spec)`: its join with the rows found so far. It may be lazy, and choose how to
// read only here, where the bound values are known.
//
// `datolite::extrel` and `datolite::join_project_with` are customization points: a member of that name, else
// a function found by argument-dependent lookup, else the built-in for ranges of rows (rows.hpp): vectors of
// tuples, maps as pairs, relations, views over these. Any such range is an IJoin, so a source may return a
// plain vector.
//
// Laws:
//   1. every row of extrel(s, p) has p.consts in their slots (a source may resolve what a const stands for),
//      and no row of the source that agrees with the consts, the starts and the whiles is missing
//   2. join_project_with(xs, ys, j) is the set that join_spec.hpp describes, in any order; duplicates are
//      allowed unless the relation is marked distinct
//   3. both may be called by many threads at once on one source
//
// Optional: `estimate(source, pattern)` (member or ADL), about how many rows extrel would give: 0 to
// infinity, or an empty optional where the source does not know. `required(source, pattern)` (member or ADL):
// the slots that must be bound, by constants or by other clauses, before the source can answer; the planner
// obeys, or refuses the query with `db.error/insufficient-binding`.
//
// Names. `resolves(source, pattern)` (member or ADL): the slots in which it takes other names for what its
// rows have. `gives_names(source, pattern)` (member or ADL): the slots in which its rows have what another
// source takes for a name, a keyword or a sequence. A source that does not say it has them wherever the C++
// type of its rows allows it. Where no clause gives names for a variable, none are looked up for it.
//   4. for a slot of resolves(s, p) and any value of it, the join of extrel(s, p) with a relation of that
//      value is extrel(s, p with that const), and shows the value as it was given: no plan changes an answer.
//      In a slot that join_spec::named leaves out the value is compared as it is
//   5. no row of extrel(s, p) has a keyword or a sequence in a slot without const, but in those of
//      gives_names(s, p) and resolves(s, p)
//
// Sorted sources. A source whose rows ascend may offer `sorted_by(source)`, the slots by which they do and
// the kinds in them, and `cursor(source, pattern)`, a position among its rows that can be moved (each a
// member or by ADL). It needs no `extrel`: the built-in one seeks or merges, as is cheaper (sought_rows.hpp).
//   6. the rows from cursor(s, p).seek({}) on, but for those that have not p.consts, are the rows of the
//      source that law 1 asks for; they ascend by sorted_by(s), and have the kinds that it says. The cursor
//      may look at p as at advice, and leave out what the pattern does
//   7. seek never goes past a row that is not before its key
//
// `identity(source)` (member or ADL) says when a source shows what it showed before (source_identity.hpp).
//
// Whoever gives names is joined before whoever resolves them, whatever the estimates (order.hpp).
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ranges>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <datolite/query/join_spec.hpp>
#include <datolite/query/pattern.hpp>
#include <datolite/query/relation.hpp>
#include <datolite/query/row_joiner.hpp>
#include <datolite/query/rows.hpp>
#include <datolite/query/sought_rows.hpp>

namespace datolite::query {

namespace detail {

namespace adl {

void extrel() = delete;
void join_project_with() = delete;
void estimate() = delete;
void required() = delete;
void resolves() = delete;
void gives_names() = delete;
void sorted_by() = delete;
void cursor() = delete;

template <class S>
concept HasExtrel = requires(const S& s, const clause_pattern& p) {
  extrel(s, p);
};
template <class X>
concept HasJoin = requires(const X& xs, const relation& ys, const join_spec& j) {
  join_project_with(xs, ys, j);
};
template <class S>
concept HasEstimate = requires(const S& s, const clause_pattern& p) {
  { estimate(s, p) } -> std::convertible_to<std::optional<double>>;
};

template <class S>
concept HasRequired = requires(const S& s, const clause_pattern& p) {
  { required(s, p) } -> std::convertible_to<slot_set>;
};

template <class S>
concept HasResolves = requires(const S& s, const clause_pattern& p) {
  { resolves(s, p) } -> std::convertible_to<slot_set>;
};

template <class S>
concept HasGivesNames = requires(const S& s, const clause_pattern& p) {
  { gives_names(s, p) } -> std::convertible_to<slot_set>;
};

template <class S>
concept HasSortedBy = requires(const S& s) {
  { sorted_by(s) } -> std::convertible_to<std::vector<sorted_slot>>;
};
template <class S>
concept HasCursor = requires(const S& s, const clause_pattern& p) {
  { cursor(s, p) } -> RowCursor;
};

template <class S>
std::vector<sorted_slot> call_sorted_by(const S& s) {
  return sorted_by(s);
}
template <class S>
auto call_cursor(const S& s, const clause_pattern& p) {
  return cursor(s, p);
}

template <class S>
decltype(auto) call_extrel(const S& s, const clause_pattern& p) {
  return extrel(s, p);
}
template <class X>
decltype(auto) call_join(const X& xs, const relation& ys, const join_spec& j) {
  return join_project_with(xs, ys, j);
}
template <class S>
std::optional<double> call_estimate(const S& s, const clause_pattern& p) {
  return estimate(s, p);
}

template <class S>
slot_set call_required(const S& s, const clause_pattern& p) {
  return required(s, p);
}

template <class S>
slot_set call_resolves(const S& s, const clause_pattern& p) {
  return resolves(s, p);
}

template <class S>
slot_set call_gives_names(const S& s, const clause_pattern& p) {
  return gives_names(s, p);
}

}  // namespace adl

template <class S>
concept MemberRequired = requires(const S& s, const clause_pattern& p) {
  { s.required(p) } -> std::convertible_to<slot_set>;
};

template <class S>
concept MemberResolves = requires(const S& s, const clause_pattern& p) {
  { s.resolves(p) } -> std::convertible_to<slot_set>;
};

template <class S>
concept MemberGivesNames = requires(const S& s, const clause_pattern& p) {
  { s.gives_names(p) } -> std::convertible_to<slot_set>;
};

template <class S>
concept MemberExtrel = requires(const S& s, const clause_pattern& p) {
  s.extrel(p);
};
template <class X>
concept MemberJoin = requires(const X& xs, const relation& ys, const join_spec& j) {
  xs.join_project_with(ys, j);
};
template <class S>
concept MemberEstimate = requires(const S& s, const clause_pattern& p) {
  { s.estimate(p) } -> std::convertible_to<std::optional<double>>;
};

template <class S>
concept MemberSortedBy = requires(const S& s) {
  { s.sorted_by() } -> std::convertible_to<std::vector<sorted_slot>>;
};
template <class S>
concept MemberCursor = requires(const S& s, const clause_pattern& p) {
  { s.cursor(p) } -> RowCursor;
};

/// How sought_rows asks a source.
struct ask_sorted {
  template <class S>
  static std::vector<sorted_slot> sorted_by(const S& source) {
    if constexpr (MemberSortedBy<S>) {
      return source.sorted_by();
    } else {
      return adl::call_sorted_by(source);
    }
  }
  template <class S>
  static auto cursor(const S& source, const clause_pattern& pattern) {
    if constexpr (MemberCursor<S>) {
      return source.cursor(pattern);
    } else {
      return adl::call_cursor(source, pattern);
    }
  }
};

/// A sorted source that can be sought in.
template <class S>
concept Seekable = (MemberSortedBy<S> || adl::HasSortedBy<S>)&&(MemberCursor<S> || adl::HasCursor<S>);

template <RowRange R>
relation join_rows(R&& xs, const relation& ys, const join_spec& spec) {
  row_joiner join{ys, spec};
  if (join.done()) return std::move(join).finish();
  for (auto&& row : xs) {
    join.add(as_row(row));
    if (join.done()) break;
  }
  return std::move(join).finish();
}

/// The rows of a range that have a pattern's consts: what `extrel` gives for ranges. It ignores starts and
/// whiles: an unsorted range has nothing to gain by them.
template <ConstRowRange R>
class matching_rows {
 public:
  matching_rows(const R& rows, const clause_pattern& pattern) : rows_{&rows}, io_{pattern.io} {
    for (std::size_t slot = 0; slot < pattern.size(); ++slot) {
      if (pattern.consts[slot]) consts_.emplace_back(slot, *pattern.consts[slot]);
    }
  }

  relation join_project_with(const relation& ys, const join_spec& spec) const {
    row_joiner join{ys, spec};
    std::uint64_t reads = 0;
    for (auto&& raw : *rows_) {
      if (join.done()) break;
      ++reads;
      const auto row = as_row(raw);
      if (matches(row)) join.add(row);
    }
    if (io_ != nullptr) io_->other.reads += reads;
    return std::move(join).finish();
  }

 private:
  template <class X>
  bool matches(const X& row) const {
    for (const auto& [slot, wanted] : consts_) {
      if (slot >= row.size() || !slot_holds(comparison::equal, row, slot, wanted)) return false;
    }
    return true;
  }

  const R* rows_;
  std::vector<std::pair<std::size_t, value>> consts_;
  io_counters* io_;
};

struct extrel_fn {
  template <class S>
  requires(MemberExtrel<S> || adl::HasExtrel<S> || Seekable<S> || ConstRowRange<S>) decltype(auto) operator()(
      const S& source, const clause_pattern& pattern) const {
    if constexpr (MemberExtrel<S>) {
      return source.extrel(pattern);
    } else if constexpr (adl::HasExtrel<S>) {
      return adl::call_extrel(source, pattern);
    } else if constexpr (Seekable<S>) {
      return sought_rows<S, ask_sorted>{source, pattern};
    } else {
      return matching_rows<S>{source, pattern};
    }
  }
};

struct join_project_with_fn {
  template <class X>
  requires(MemberJoin<X> || adl::HasJoin<X> || ConstRowRange<X>) decltype(auto) operator()(
      const X& xs, const relation& ys, const join_spec& spec) const {
    if constexpr (MemberJoin<X>) {
      return xs.join_project_with(ys, spec);
    } else if constexpr (adl::HasJoin<X>) {
      return adl::call_join(xs, ys, spec);
    } else {
      return join_rows(xs, ys, spec);
    }
  }
};

}  // namespace detail

}  // namespace datolite::query

namespace datolite {

inline namespace customization {

/// extrel(source, pattern): the rows of `source` that a data pattern asks for.
inline constexpr query::detail::extrel_fn extrel{};

/// join_project_with(xs, ys, spec): the join of a clause's rows with the relation found so far.
inline constexpr query::detail::join_project_with_fn join_project_with{};

}  // namespace customization

namespace query {

/// Rows that can be joined with a relation.
template <class X>
concept IJoin = requires(const std::remove_cvref_t<X>& xs, const relation& ys, const join_spec& spec) {
  { datolite::join_project_with(xs, ys, spec) } -> std::convertible_to<relation>;
};

/// A datasource.
template <class S>
concept ExtRel = requires(const std::remove_cvref_t<S>& s, const clause_pattern& pattern) {
  { datolite::extrel(s, pattern) } -> IJoin;
};

/// The source's estimate of the rows that `pattern` asks for, if it offers one.
template <class S>
std::optional<double> estimate_of(const S& source, const clause_pattern& pattern) {
  if constexpr (detail::MemberEstimate<S>) {
    return source.estimate(pattern);
  } else if constexpr (detail::adl::HasEstimate<S>) {
    return detail::adl::call_estimate(source, pattern);
  } else if constexpr (std::ranges::sized_range<const S>) {
    auto rows = static_cast<double>(std::ranges::size(source));
    for (const auto& known : pattern.consts) rows /= known ? 10 : 1;
    return rows;
  } else {
    return std::nullopt;
  }
}

/// The slots that must be bound before the source can answer `pattern`.
template <class S>
slot_set required_of(const S& source, const clause_pattern& pattern) {
  if constexpr (detail::MemberRequired<S>) {
    return source.required(pattern);
  } else if constexpr (detail::adl::HasRequired<S>) {
    return detail::adl::call_required(source, pattern);
  } else {
    return {};
  }
}

/// The slots of `pattern` in which the source takes other names, such as idents, for what its rows have
/// there. A name that another clause gives must be there before the pattern is joined.
template <class S>
slot_set resolves_of(const S& source, const clause_pattern& pattern) {
  if constexpr (detail::MemberResolves<S>) {
    return source.resolves(pattern);
  } else if constexpr (detail::adl::HasResolves<S>) {
    return detail::adl::call_resolves(source, pattern);
  } else {
    return {};
  }
}

namespace detail {

/// The slots that may have names by the type of the rows, or by what extrel gives; all where that tells
/// nothing.
template <class S>
constexpr slot_set names_by_type() {
  if constexpr (ConstRowRange<S>) {
    return slots_with_names<std::remove_cvref_t<std::ranges::range_reference_t<const S>>>();
  } else if constexpr (Seekable<S> && !MemberExtrel<S> && !adl::HasExtrel<S>) {
    using row = std::remove_cvref_t<
        decltype(ask_sorted::cursor(std::declval<const S&>(), std::declval<const clause_pattern&>()).row())>;
    if constexpr (Row<row>) {
      return slots_with_names<row>();
    } else {
      return slot_set{~std::uint64_t{0}};
    }
  } else {
    using rows = std::remove_cvref_t<decltype(datolite::extrel(std::declval<const S&>(),
                                                               std::declval<const clause_pattern&>()))>;
    if constexpr (ConstRowRange<rows>) {
      return names_by_type<rows>();
    } else {
      return slot_set{~std::uint64_t{0}};
    }
  }
}

template <class S>
inline constexpr bool says_names = MemberGivesNames<S> || adl::HasGivesNames<S>;

}  // namespace detail

/// Whether rows of the source may have names at all.
template <class S>
inline constexpr bool may_give_names = detail::says_names<S> || !detail::names_by_type<S>().empty();

/// The slots of `pattern` in which rows of the source may have what another source takes for a name: a
/// keyword or a sequence.
template <class S>
slot_set gives_names_of(const S& source, const clause_pattern& pattern) {
  if constexpr (detail::MemberGivesNames<S>) {
    return source.gives_names(pattern);
  } else if constexpr (detail::adl::HasGivesNames<S>) {
    return detail::adl::call_gives_names(source, pattern);
  } else {
    return detail::names_by_type<S>();
  }
}

/// Explains, as compile errors, what keeps `X` from being an IJoin.
template <class X>
consteval bool explain_ijoin() {
  using T = std::remove_cvref_t<X>;
  static_assert(!std::is_void_v<T>, "extrel returns nothing: it must return rows that can be joined");
  if constexpr (!std::is_void_v<T>) {
    constexpr bool joinable = detail::MemberJoin<T> || detail::adl::HasJoin<T> || ConstRowRange<T>;
    static_assert(
        joinable,
        "what extrel returns is not joinable: it must be a range of rows (tuples, pairs, arrays, vectors "
        "of values) or offer join_project_with(const relation&, const join_spec&) const");
    if constexpr (joinable) {
      static_assert(IJoin<T>, "join_project_with must return a datolite::query::relation");
    }
  }
  return true;
}

/// Explains, as compile errors, which refinement `S` has in a form that is not asked.
template <class S>
consteval bool explain_refinements() {
  static_assert(
      detail::MemberEstimate<S> || !requires(S & s, const clause_pattern& p) { s.estimate(p); },
      "estimate(const clause_pattern&) must be const and return a double, or an optional of one");
  static_assert(
      detail::MemberRequired<S> || !requires(S & s, const clause_pattern& p) { s.required(p); },
      "required(const clause_pattern&) must be const and return a slot_set");
  static_assert(
      detail::MemberResolves<S> || !requires(S & s, const clause_pattern& p) { s.resolves(p); },
      "resolves(const clause_pattern&) must be const and return a slot_set");
  static_assert(
      detail::MemberGivesNames<S> || !requires(S & s, const clause_pattern& p) { s.gives_names(p); },
      "gives_names(const clause_pattern&) must be const and return a slot_set");
  if constexpr (requires(S & s, const clause_pattern& p) { s.cursor(p); }) {
    using cursor =
        std::remove_cvref_t<decltype(std::declval<S&>().cursor(std::declval<const clause_pattern&>()))>;
    constexpr bool moves = requires(cursor & c, std::span<const value> key) {
      c.seek(key);
      c.next();
    };
    static_assert(moves, "what cursor(pattern) returns must have seek(std::span<const value>) and next()");
    static_assert(!moves || RowCursor<cursor>,
                  "what cursor(pattern) returns must have valid() const, a bool, and row() const, which "
                  "gives a row: a tuple, "
                  "a pair, an array, a vector of values");
    static_assert(detail::MemberCursor<S> || !RowCursor<cursor>,
                  "cursor(const clause_pattern&) must be const");
    static_assert(
        detail::MemberSortedBy<S> || detail::adl::HasSortedBy<S>,
        "a source with cursor(pattern) must say by which slots its rows ascend: sorted_by() const, a "
        "std::vector<sorted_slot>");
  }
  return true;
}

/// Explains, as compile errors, what keeps `S` from being a datasource.
template <class S>
consteval bool explain_extrel() {
  using T = std::remove_cvref_t<S>;
  static_assert(explain_refinements<T>());
  constexpr bool readable =
      detail::MemberExtrel<T> || detail::adl::HasExtrel<T> || detail::Seekable<T> || ConstRowRange<T>;
  static_assert(
      readable,
      "not a datasource: it must be a range of rows (tuples, pairs, arrays, vectors of values) or offer "
      "extrel(const clause_pattern&) const; or, if it is sorted, cursor(const clause_pattern&) const and "
      "sorted_by() const");
  if constexpr (readable) {
    using rows = decltype(datolite::extrel(std::declval<const T&>(), std::declval<const clause_pattern&>()));
    static_assert(explain_ijoin<rows>());
  }
  return true;
}

}  // namespace query

}  // namespace datolite
