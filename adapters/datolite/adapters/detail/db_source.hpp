// The definitions of db_source.hpp.
#pragma once

#include <optional>

#include <datolite/adapters/db_source.hpp>
#include <datolite/adapters/index_pattern.hpp>
#include <datolite/adapters/index_relation.hpp>
#include <datolite/core/linkage.hpp>
#include <datolite/datoms/db.hpp>
#include <datolite/query/any_source.hpp>
#include <datolite/query/pattern.hpp>
#include <datolite/query/source_identity.hpp>

namespace datolite::datoms {

DATOLITE_INLINE query::any_ijoin extrel(const db& source, const query::clause_pattern& pattern) {
  return query::any_ijoin{adapters::index_relation{source.access(), pattern}};
}

DATOLITE_INLINE double estimate(const db& source, const query::clause_pattern& pattern) {
  return adapters::index_relation{source.access(), pattern}.estimate();
}

DATOLITE_INLINE query::slot_set resolves(const db& source, const query::clause_pattern& pattern) {
  return adapters::slots_with_names(source.access(), pattern);
}

DATOLITE_INLINE query::slot_set gives_names(const db& source, const query::clause_pattern& pattern) {
  return adapters::slots_giving_names(source.access(), pattern);
}

DATOLITE_INLINE std::optional<query::source_identity> identity(const db& source) {
  const db_view& view = source.view();
  if (view.predicates() != nullptr) return std::nullopt;
  const time_filter& time = view.time();
  return query::source_identity{view.state().number.get(), {time.as_of, time.since, time.history}};
}

}  // namespace datolite::datoms
