// canonical_order: clauses in an order of their own, whatever the order in which they were written.
//
// Whatever a query's meaning leaves open is decided by estimates, and ties by the place of a clause in its
// body. Bodies are compiled in this order, so that the order of writing decides nothing: no plan, no read.
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>
#include <variant>
#include <vector>

#include <datolite/core/value.hpp>
#include <datolite/core/value_order.hpp>
#include <datolite/query/query_ast.hpp>

namespace datolite::query::detail {

value canonical_form(const clause& c);

/// The clauses' forms, ascending.
inline std::vector<value> canonical_forms(const std::vector<clause>& of) {
  std::vector<value> out;
  for (const clause& c : of) out.push_back(canonical_form(c));
  std::sort(out.begin(), out.end());
  return out;
}

/// A form that is the same for clauses that differ only in the order of what stands in them.
inline value canonical_form(const clause& c) {
  if (const auto* no = std::get_if<negation>(&c.is)) {
    return value::list({value::symbol("not"), no->source, value::vector(no->variables),
                        value::vector(canonical_forms(no->clauses))});
  }
  const auto* either = std::get_if<disjunction>(&c.is);
  if (either == nullptr) return c.form;
  std::vector<value> branches;
  for (const auto& branch : either->branches) branches.push_back(value::vector(canonical_forms(branch)));
  std::sort(branches.begin(), branches.end());
  return value::list({value::symbol("or"), either->source, value::vector(either->required),
                      value::vector(either->variables), value::vector(branches)});
}

/// The elements of `all`, ascending by `form(element)`; what is alike stays in the order of writing.
template <class T, class F>
std::vector<const T*> in_canonical_order(const std::vector<T>& all, F&& form) {
  std::vector<std::pair<value, const T*>> keyed;
  for (const T& one : all) keyed.emplace_back(form(one), &one);
  std::stable_sort(keyed.begin(), keyed.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<const T*> out;
  for (const auto& [key, one] : keyed) out.push_back(one);
  return out;
}

}  // namespace datolite::query::detail
