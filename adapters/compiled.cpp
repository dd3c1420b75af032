// Datasources over databases, and a database as any source, for `datolite::compiled`.
#include <datolite/adapters/detail/db_source.hpp>
#include <datolite/adapters/detail/index_relation.hpp>
#include <datolite/adapters/detail/log_source.hpp>
#include <datolite/query/any_source.hpp>

namespace datolite {

template query::any_source::any_source(const db*, std::shared_ptr<const db>);

}  // namespace datolite
