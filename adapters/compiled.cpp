// Datasources over databases, for `datolite::compiled`.
#include <datolite/adapters/detail/index_relation.hpp>
#include <datolite/adapters/detail/log_source.hpp>
