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
#include <optional>
#include <ranges>
#include <type_traits>
#include <vector>

#include <datolite/core/index_access.hpp>
#include <datolite/core/io_stats.hpp>
#include <datolite/core/value.hpp>
#include <datolite/query/detail/puller.hpp>
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

/// What `pull` gives of the entity that `name` names: nil if there is none.
inline value pull_named(const index_access& db, puller& pull, const value& name, io_counters* io) {
  const auto e = db.entid(name, io);
  return e ? pull(*e) : value{};
}

}  // namespace detail

/// What `pattern` shows of the entity that `entity` (an id, an ident, a lookup ref) names.
template <Pullable Db>
value pull(const Db& db, const pull_pattern& pattern, const value& entity, io_counters* io = nullptr) {
  const index_access& access = detail::access_of(db);
  detail::puller pulls{access, pattern, io};
  return detail::pull_named(access, pulls, entity, io);
}

/// The same of many entities, in their order.
template <Pullable Db, std::ranges::input_range Entities>
std::vector<value> pull_many(const Db& db, const pull_pattern& pattern, const Entities& entities,
                             io_counters* io = nullptr) {
  const index_access& access = detail::access_of(db);
  detail::puller pulls{access, pattern, io};
  std::vector<value> out;
  for (const auto& entity : entities) {
    out.push_back(detail::pull_named(access, pulls, value{entity}, io));
  }
  return out;
}

}  // namespace datolite::query

namespace datolite {

using query::pull;
using query::pull_many;
using query::pull_pattern;

}  // namespace datolite
