// db_source: a database value as a datasource.
//
// Include this to name a `db` in a query. Patterns over it have up to five slots, [?e ?a ?v ?tx ?added].
#pragma once

#include <memory>
#include <optional>

#include <datolite/core/linkage.hpp>
#include <datolite/datoms/db.hpp>
#include <datolite/query/any_source.hpp>
#include <datolite/query/pattern.hpp>
#include <datolite/query/source_identity.hpp>

namespace datolite::datoms {

/// The datoms of `source` that `pattern` asks for; they are read at the join (index_relation.hpp).
query::any_ijoin extrel(const db& source, const query::clause_pattern& pattern);

/// About how many datoms that would be.
double estimate(const db& source, const query::clause_pattern& pattern);

/// Where idents and lookup refs stand for entities.
query::slot_set resolves(const db& source, const query::clause_pattern& pattern);

/// Where values may be idents or lookup refs.
query::slot_set gives_names(const db& source, const query::clause_pattern& pattern);

/// The state and the view of it; none where predicates filter it.
std::optional<query::source_identity> identity(const db& source);

}  // namespace datolite::datoms

namespace datolite {

DATOLITE_COMPILED_TEMPLATE(query::any_source::any_source(const db*, std::shared_ptr<const db>));

}  // namespace datolite

#ifndef DATOLITE_COMPILED
#include <datolite/adapters/detail/db_source.hpp>
#endif
