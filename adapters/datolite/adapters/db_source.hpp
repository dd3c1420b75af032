// db_source: a database value as a datasource.
//
// Include this to name a `db` in a query. Patterns over it have up to five slots, [?e ?a ?v ?tx ?added].
#pragma once

#include <optional>

#include <datolite/adapters/index_relation.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/datoms/db.hpp>
#include <datolite/query/pattern.hpp>
#include <datolite/query/source_identity.hpp>

namespace datolite::datoms {

/// The datoms of `source` that `pattern` asks for; they are read at the join.
inline adapters::index_relation extrel(const db& source, const query::clause_pattern& pattern) {
  return {source.access(), pattern};
}

/// About how many datoms that would be.
inline double estimate(const db& source, const query::clause_pattern& pattern) {
  return adapters::index_relation{source.access(), pattern}.estimate();
}

/// Where idents and lookup refs stand for entities.
inline query::slot_set resolves(const db& source, const query::clause_pattern& pattern) {
  return adapters::slots_with_names(source.access(), pattern);
}

/// Where values may be idents or lookup refs.
inline query::slot_set gives_names(const db& source, const query::clause_pattern& pattern) {
  return adapters::slots_giving_names(source.access(), pattern);
}

/// The state and the view of it; none where predicates filter it.
inline std::optional<query::source_identity> identity(const db& source) {
  const db_view& view = source.view();
  if (view.predicates() != nullptr) return std::nullopt;
  const time_filter& time = view.time();
  return query::source_identity{view.state().number.get(), {time.as_of, time.since, time.history}};
}

}  // namespace datolite::datoms
