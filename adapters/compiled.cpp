// Datasources over databases, and the memory engine as any storage, for `datolite::compiled`.
#include <datolite/adapters/detail/db_source.hpp>
#include <datolite/adapters/detail/index_relation.hpp>
#include <datolite/adapters/detail/log_source.hpp>
#include <datolite/core/any_storage.hpp>
#include <datolite/engines/memory.hpp>

namespace datolite {

template any_storage::any_storage(engines::memory);

}  // namespace datolite
