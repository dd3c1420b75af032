// functions: what a query can call by name: the built-in functions, and C++ callables registered under a
// name.
//
//   datolite::query::register_function("geo/near?", [](double x, double y) { return x * x + y * y < 1; });
//   q("[:find ?e :where [?e :x ?x] [?e :y ?y] [(geo/near? ?x ?y)]]", db)
//
// Functions must give the same result for the same arguments: the engine calls them as often, and in whatever
// order, it likes. nil drops the row; a predicate passes for everything but nil and false.
//
// Threads: all functions here may be called by many threads at once.
#pragma once

#include <optional>
#include <string_view>
#include <utility>

#include <datolite/query/function.hpp>
#include <datolite/query/pattern.hpp>

namespace datolite::query {

/// The comparison that `name` names, if it is one.
std::optional<comparison> find_comparison(std::string_view name) noexcept;

/// The function known by `name`: built in, or registered. Empty if there is none. O(log n).
function find_function(std::string_view name);

namespace detail {

void register_function(std::string_view name, function made);

}  // namespace detail

/// Makes `callable` known to all queries as `name`, in place of one registered before. A built-in function's
/// name is refused. Queries prepared before keep what they found.
template <class F>
void register_function(std::string_view name, F&& callable) {
  detail::register_function(name, function{std::forward<F>(callable)});
}

}  // namespace datolite::query

#ifndef DATOLITE_COMPILED
#include <datolite/query/detail/functions.hpp>
#endif
