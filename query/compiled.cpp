// The evaluator, its functions and pull, for `datolite::compiled`.
#include <datolite/query/detail/argument.hpp>
#include <datolite/query/detail/bound_conversion.hpp>
#include <datolite/query/detail/column.hpp>
#include <datolite/query/detail/functions.hpp>
#include <datolite/query/detail/index_pull.hpp>
#include <datolite/query/detail/join_spec.hpp>
#include <datolite/query/detail/kept_pattern.hpp>
#include <datolite/query/detail/pull.hpp>
#include <datolite/query/detail/pull_pattern.hpp>
#include <datolite/query/detail/query_impl.hpp>
#include <datolite/query/detail/result.hpp>
#include <datolite/query/detail/row_index.hpp>
#include <datolite/query/detail/row_joiner.hpp>
#include <datolite/query/detail/watch.hpp>
