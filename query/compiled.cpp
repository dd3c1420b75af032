// The evaluator, its functions and pull, for `datolite::compiled`.
#include <datolite/query/detail/argument.hpp>
#include <datolite/query/detail/functions.hpp>
#include <datolite/query/detail/index_pull.hpp>
#include <datolite/query/detail/pull.hpp>
#include <datolite/query/detail/pull_pattern.hpp>
#include <datolite/query/detail/query_impl.hpp>
#include <datolite/query/detail/result.hpp>
