// plan_bodies: the executor's planning: what sources promise, what they want bound, and the plan made of
// that.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <datolite/query/detail/refuse.hpp>
#include <datolite/query/executor.hpp>
#include <datolite/query/order.hpp>
#include <datolite/query/plan.hpp>

namespace datolite::query {

namespace detail {

/// Whether `v` may name something else, as an ident or a lookup ref does.
inline bool is_name(const value& v) noexcept { return v.is(kind::keyword) || v.is_sequential(); }

/// Whether the body has a relation, or a call that gives a value.
inline bool may_give_names(const body& of) {
  return std::any_of(of.clauses.begin(), of.clauses.end(), [](const body_clause& c) {
    const auto* call = std::get_if<call_clause>(&c.is);
    return std::holds_alternative<relation_clause>(c.is) || (call != nullptr && call->result);
  });
}

}  // namespace detail

inline double executor::estimate(const body& of, std::size_t clause, std::size_t callers) const {
  const body_clause& c = of.clauses[clause];
  if (const auto* known = std::get_if<relation_clause>(&c.is))
    return static_cast<double>(rows_of(*known).size());
  const auto& pattern = std::get<pattern_clause>(c.is);
  const bound_pattern bound{of.patterns[clause], env_.values};
  const clause_pattern view = bound.view(nullptr);
  const any_source& asked = source(pattern.source, callers, c.form);
  std::optional<double> told;
  detail::naming_clause(c.form, [&] { told = asked.estimate(view); });
  if (told) return *told;
  double guess = 1e6;
  for (std::size_t i = 0; i < view.size(); ++i) {
    if (view.consts[i]) guess /= 30;
    if (view.starts[i] || view.whiles[i]) guess /= 4;
  }
  return guess;
}

inline double executor::estimates::rows(const body& in, std::size_t clause) const {
  const auto at = std::find(of.begin(), of.end(), std::pair{&in, clause});
  return at == of.end() ? 0 : basis.sizes[static_cast<std::size_t>(at - of.begin())].rows();
}

inline slot_set executor::required(const body& of, std::size_t clause, std::size_t callers) const {
  const auto& pattern = std::get<pattern_clause>(of.clauses[clause].is);
  const any_source& asked = source(pattern.source, callers, of.clauses[clause].form);
  slot_set out;
  if (!asked.may_require()) return out;
  const bound_pattern bound{of.patterns[clause], env_.values};
  detail::naming_clause(of.clauses[clause].form, [&] { out = asked.required(bound.view(nullptr)); });
  return out;
}

/// Whether a relation of the body has names in the column of `v`, or a call may give one. A call that can
/// only give a number is not among them.
inline bool executor::gives_names(const body& of, var_id v) const {
  const auto has = [v](const std::vector<slot_term>& terms) {
    return std::find_if(terms.begin(), terms.end(),
                        [v](const slot_term& t) { return t.is_variable() && t.id == v; });
  };
  for (const body_clause& c : of.clauses) {
    if (const auto* call = std::get_if<call_clause>(&c.is)) {
      if (call->result && has(call->result->columns) != call->result->columns.end()) return true;
    }
    const auto* known = std::get_if<relation_clause>(&c.is);
    const auto at = known != nullptr ? has(known->columns) : std::vector<slot_term>::const_iterator{};
    if (known == nullptr || at == known->columns.end()) continue;
    const auto values =
        rows_of(*known).column(static_cast<std::size_t>(at - known->columns.begin())).values();
    if (std::any_of(values.begin(), values.end(), detail::is_name)) return true;
  }
  return false;
}

/// The slots of a data pattern that other clauses may give other names for, which its source resolves.
inline slot_set executor::waits(const body& of, std::size_t clause, std::size_t callers) const {
  const auto& pattern = std::get<pattern_clause>(of.clauses[clause].is);
  const any_source& asked = source(pattern.source, callers, of.clauses[clause].form);
  slot_set out;
  if (!asked.may_resolve()) return out;
  slot_set resolved;
  const bound_pattern bound{of.patterns[clause], env_.values};
  detail::naming_clause(of.clauses[clause].form, [&] { resolved = asked.resolves(bound.view(nullptr)); });
  for (std::size_t slot = 0; slot < pattern.terms.size(); ++slot) {
    const slot_term& t = pattern.terms[slot];
    if (resolved.contains(slot) && t.is_variable() && gives_names(of, t.id)) out.insert(slot);
  }
  return out;
}

/// What all patterns of a body and its negations require and wait for.
inline void executor::add_needs(const body& of, std::size_t source, plan_basis& out) const {
  const bool may_wait = detail::may_give_names(of);
  for (std::size_t i = 0; i < of.clauses.size(); ++i) {
    if (std::holds_alternative<pattern_clause>(of.clauses[i].is)) {
      out.required.push_back(required(of, i, source).bits());
      out.waits.push_back(may_wait ? waits(of, i, source).bits() : 0);
    } else if (const auto* no = std::get_if<not_clause>(&of.clauses[i].is)) {
      add_needs(*no->inner, source, out);
    }
  }
}

inline void executor::estimate_all(const body& of, std::size_t source, estimates& out) const {
  for (std::size_t i = 0; i < of.clauses.size(); ++i) {
    const auto& is = of.clauses[i].is;
    if (std::holds_alternative<pattern_clause>(is) || std::holds_alternative<relation_clause>(is)) {
      out.of.emplace_back(&of, i);
      out.basis.sizes.emplace_back(estimate(of, i, source));
    } else if (const auto* no = std::get_if<not_clause>(&is)) {
      estimate_all(*no->inner, source, out);
    }
  }
}

namespace detail {

/// Whether no estimate can change the order: at most one clause asks a source, and what else there is is
/// known.
inline bool has_one_order(const body& of) {
  std::size_t asked = 0;
  for (const body_clause& c : of.clauses) {
    const auto* known = std::get_if<relation_clause>(&c.is);
    if (std::holds_alternative<pattern_clause>(c.is)) ++asked;
    if (std::holds_alternative<rule_clause>(c.is) || std::holds_alternative<not_clause>(c.is)) asked += 2;
    if (known != nullptr && known->input) asked += 2;
  }
  return asked < 2;
}

}  // namespace detail

inline std::shared_ptr<const body_plan> executor::plan(const std::shared_ptr<const body>& of,
                                                       std::vector<var_id> columns_in,
                                                       std::size_t source) const {
  estimates all;
  const bool one_order = detail::has_one_order(*of);
  if (!one_order) estimate_all(*of, source, all);
  add_needs(*of, source, all.basis);
  const auto none = [](std::uint64_t slots) { return slots == 0; };
  for (auto* needs : {&all.basis.required, &all.basis.waits}) {
    if (std::all_of(needs->begin(), needs->end(), none)) needs->clear();
  }
  if (auto known = env_.plans->find(of.get(), columns_in, source, all.basis)) return known;
  detail::orderer orderer{env_.of->rules,
                          [&](const body& in, std::size_t clause) {
                            return one_order ? estimate(in, clause, source) : all.rows(in, clause);
                          },
                          [&](const body& in, std::size_t clause) { return required(in, clause, source); },
                          [&](const body& in, std::size_t clause) { return waits(in, clause, source); }};
  var_set bound(of->names.size());
  for (const var_id v : columns_in) bound[v] = true;
  auto made = make_plan(of, orderer.run(*of, std::move(bound)), columns_in);
  env_.plans->keep(columns_in, source, std::move(all.basis), made);
  return made;
}

}  // namespace datolite::query
