// pull: a tree of data about an entity, as a pattern says.
//
//   pull(db, "[:name {:friend [:name]}]", 17592186044417)   {:name "Ivan", :friend [{:name "Petr"}]}
//   pull(db, "[*]", value::vector({":email"_kw, "ivan@x.org"}))
//   pull_many(db, pattern, ids)
//
// A database is an index_access, or whatever offers one by `access()`. The pattern's language is told in
// pull_pattern.hpp; make a pull_pattern once to pull by it often.
//
//   * what an entity does not have is left out; a pull that finds nothing is {}, an entity that does not
//   exist nil
//   * refs are {:db/id …}, with :db/ident if the entity has one; components are shown whole
//   * an entity that a nested pattern finds nothing of is left out of its vector, and out of the map where it
//   is alone
//   * a recursion that comes to an entity which it came to already on the same way shows its :db/id only
//   * ids are values of kind ref
//
// Cost: an entity costs a search of EAVT and a step a datom between its first and last attribute wanted, each
// reverse attribute a search of VAET. Nothing recurses on the machine's stack, however deep the data.
//
// Errors: `unsupported` with :db.error/history-db on a history, `incorrect` for a pattern or an entity that
// is none
// (`:db.error/invalid-pull`, as entid throws), what an :xform throws with the attribute's form in the
// message. Threads: many may pull from one database by one pattern.
#pragma once

#include <concepts>
#include <ranges>
#include <span>
#include <utility>
#include <vector>

#include <datolite/core/index_access.hpp>
#include <datolite/core/io_stats.hpp>
#include <datolite/core/value.hpp>
#include <datolite/query/pull_pattern.hpp>

namespace datolite::query {

/// What can be pulled from.
template <class Db>
concept Pullable = std::derived_from<Db, index_access> || requires(const Db& db) {
  { db.access() } -> std::convertible_to<const index_access&>;
};

namespace detail {

template <Pullable Db>
const index_access& access_of(const Db& db) {
  if constexpr (std::derived_from<Db, index_access>) {
    return db;
  } else {
    return db.access();
  }
}

/// What `pattern` shows of the entities that `names` name, in their order: nil of what names none.
std::vector<value> pull_named(const index_access& db, const pull_pattern& pattern,
                              std::span<const value> names, io_counters* io);

}  // namespace detail

/// What `pattern` shows of the entity that `entity` (an id, an ident, a lookup ref) names.
template <Pullable Db>
value pull(const Db& db, const pull_pattern& pattern, const value& entity, io_counters* io = nullptr) {
  return std::move(detail::pull_named(detail::access_of(db), pattern, {&entity, 1}, io).front());
}

/// The same of many entities, in their order.
template <Pullable Db, std::ranges::input_range Entities>
std::vector<value> pull_many(const Db& db, const pull_pattern& pattern, const Entities& entities,
                             io_counters* io = nullptr) {
  std::vector<value> names;
  for (const auto& entity : entities) names.push_back(value{entity});
  return detail::pull_named(detail::access_of(db), pattern, names, io);
}

}  // namespace datolite::query

namespace datolite {

using query::pull;
using query::pull_many;
using query::pull_pattern;

}  // namespace datolite

#ifndef DATOLITE_COMPILED
#include <datolite/query/detail/pull.hpp>
#endif
