// sought_rows: the rows that a pattern asks of a sorted source which offers a cursor; it needs no join of its
// own.
//
// A source that says by which slots its rows ascend (`sorted_by()`) and gives a position among them that can
// be moved (`cursor(pattern)`) is joined by this. Constants in the first of these slots are followed, then
//   * the bounds of the next slot: one run from its start to its stop, hashed against what is bound; or
//   * the values to which the join binds that slot, in their order: from one to the next by a few steps, and
//     where these do not suffice, by a seek. So a run through neighbours is a merge, and among many rows each
//     binding is one seek; nobody has to know how many rows there are.
//
// Cost: O(seek) for a binding at most, and the rows that have it. Threads: as the source; each join opens a
// cursor.
#pragma once

#include <algorithm>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <datolite/core/io_stats.hpp>
#include <datolite/core/value.hpp>
#include <datolite/core/value_order.hpp>
#include <datolite/query/bound_conversion.hpp>
#include <datolite/query/forced_way.hpp>
#include <datolite/query/join_spec.hpp>
#include <datolite/query/kept_pattern.hpp>
#include <datolite/query/relation.hpp>
#include <datolite/query/row_joiner.hpp>
#include <datolite/query/rows.hpp>

namespace datolite::query {

/// A slot by which rows ascend in stored order, and the kind that all its values are of.
struct sorted_slot {
  std::size_t slot = 0;
  kind is = kind::long_;
};

/// A position among rows that ascend by some slots. Laws: after `seek(key)` it stands at the first row whose
/// first `key.size()` of these slots are not before `key`, in stored order, and after `next()` at the row
/// after that one; it is not `valid()` behind the last. The key's values are of the kinds that `sorted_by`
/// says. Used by one thread.
template <class C>
concept RowCursor = requires(C& c, const C& at, std::span<const value> key) {
  c.seek(key);
  c.next();
  { at.valid() } -> std::convertible_to<bool>;
  at.row();
}
&&(Row<std::remove_cvref_t<decltype(std::declval<const C&>().row())>> ||
   SlotRow<std::remove_cvref_t<decltype(std::declval<const C&>().row())>>);

/// Models IJoin. `Ask` says `sorted_by(source)` and `cursor(source, pattern)`.
template <class S, class Ask>
class sought_rows {
 public:
  sought_rows(const S& of, const clause_pattern& pattern) : of_{&of}, pattern_{pattern} {}

  relation join_project_with(const relation& ys, const join_spec& spec) const {
    row_joiner join{ys, spec};
    if (join.done()) return std::move(join).finish();
    reading state{Ask::cursor(*of_, pattern_.view()), Ask::sorted_by(*of_), {}};
    std::vector<value> key;
    if (follow_constants(state.by, key)) {
      const std::optional<std::size_t> y = joined(spec, state.by, key.size());
      std::vector<binding> bindings;
      if (y && bind(ys.column(*y), state.by[key.size()].is, bindings)) {
        seek_each(state, key, bindings, join);
      } else {
        read(state, key, join);
      }
    }
    if (pattern_.io() != nullptr) pattern_.io()->other += state.io;
    return std::move(join).finish();
  }

 private:
  static constexpr std::size_t steps_before_a_seek = 8;

  /// A key of the slot that the join binds, and the row of ys that has it.
  struct binding {
    value key;
    std::size_t y;
  };

  /// One join: the cursor, and what moving it has cost.
  struct reading {
    decltype(Ask::cursor(std::declval<const S&>(), std::declval<const clause_pattern&>())) at;
    std::vector<sorted_slot> by;
    io_counts io;

    void seek(std::span<const value> key) { ++io.seeks, at.seek(key); }
    void next() { ++io.steps, at.next(); }

    /// Calls `f` with the row at the cursor.
    template <class F>
    decltype(auto) with_row(F&& f) const {
      auto&& raw = at.row();
      return f(as_row(raw));
    }

    /// How the first sorted slots of the row at the cursor stand to `key`.
    std::strong_ordering order(std::span<const value> key) const {
      return with_row([&](const auto& row) {
        for (std::size_t i = 0; i < key.size(); ++i) {
          if (by[i].slot >= row.size()) return std::strong_ordering::less;
          const auto order = stored_order(row[by[i].slot], key[i]);
          if (order != 0) return order;
        }
        return std::strong_ordering::equal;
      });
    }
  };

  /// Appends the constants of the next sorted slots to `key`; false if no row has them.
  bool follow_constants(const std::vector<sorted_slot>& by, std::vector<value>& key) const {
    while (key.size() < by.size()) {
      const auto [slot, is] = by[key.size()];
      if (slot >= pattern_.size() || !pattern_.constant(slot)) return true;
      search_key found = key_for(is, *pattern_.constant(slot));
      if (found.found == search_key::outcome::impossible) return false;
      if (found.found == search_key::outcome::unknown) return true;
      key.push_back(std::move(found.key));
    }
    return true;
  }

  /// The slot of ys that is joined with the sorted slot numbered `at`.
  static std::optional<std::size_t> joined(const join_spec& spec, const std::vector<sorted_slot>& by,
                                           std::size_t at) {
    if (at >= by.size() || detail::is_forced(detail::way::hash) || detail::is_forced(detail::way::hash_words))
      return std::nullopt;
    for (const join_pair& p : spec.join) {
      if (p.x == by[at].slot) return p.y;
    }
    return std::nullopt;
  }

  /// The keys of a column, ascending; false if the order does not help to find one of them.
  static bool bind(const column& from, kind is, std::vector<binding>& out) {
    out.reserve(from.size());
    for (std::size_t y = 0; y < from.size(); ++y) {
      search_key found = key_for(is, from[y]);
      if (found.found == search_key::outcome::unknown) return false;
      if (found.found == search_key::outcome::exact) out.push_back({std::move(found.key), y});
    }
    std::stable_sort(out.begin(), out.end(),
                     [](const binding& a, const binding& b) { return stored_order(a.key, b.key) < 0; });
    return true;
  }

  /// One run for each distinct key behind the constants in `key`.
  void seek_each(reading& state, std::vector<value>& key, const std::vector<binding>& bindings,
                 row_joiner& join) const {
    const std::size_t place = key.size();
    key.emplace_back();
    if (!follow_constants(state.by, key)) return;
    const std::size_t patience = detail::search_is_forced() ? 0
                                 : detail::scan_is_forced() ? static_cast<std::size_t>(-1)
                                                            : steps_before_a_seek;
    for (std::size_t from = 0, to = 0; from < bindings.size() && !join.done(); from = to) {
      key[place] = bindings[from].key;
      for (to = from; to < bindings.size() && stored_order(bindings[to].key, key[place]) == 0;) ++to;
      bool there = from > 0;
      for (std::size_t steps = 0; there && state.at.valid() && state.order(key) < 0; ++steps) {
        there = steps < patience;
        if (there) state.next();
      }
      if (!there) state.seek(key);
      for (; state.at.valid() && state.order(key) == 0 && !join.done(); state.next()) {
        add(state, [&](const auto& row) {
          for (std::size_t i = from; i < to; ++i) join.add(row, bindings[i].y);
        });
      }
      if (!state.at.valid()) return;
    }
  }

  /// One run through all rows that have the constants, between the bounds of the slot after these.
  void read(reading& state, std::vector<value>& key, row_joiner& join) const {
    const std::size_t place = key.size();
    const bool bounded = place < state.by.size() && state.by[place].slot < pattern_.size();
    std::optional<range_bound> start, stop;
    if (bounded) {
      start = pattern_.start(state.by[place].slot, state.by[place].is);
      stop = pattern_.stop(state.by[place].slot, state.by[place].is);
    }
    if (start) key.push_back(start->at);
    state.seek(key);
    key.resize(place);
    if (stop) key.push_back(stop->at);
    for (; state.at.valid() && !join.done(); state.next()) {
      const auto order = state.order(key);
      if (order > 0 || (order == 0 && stop && !stop->inclusive)) return;
      add(state, [&](const auto& row) { join.add(row); });
    }
  }

  template <class F>
  void add(reading& state, F&& each) const {
    ++state.io.reads;
    state.with_row([&](const auto& row) {
      if (pattern_.matches(row)) each(row);
    });
  }

  const S* of_;
  kept_pattern pattern_;
};

}  // namespace datolite::query
