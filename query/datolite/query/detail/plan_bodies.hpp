// plan_bodies: the executor's planning: what sources promise, what they want bound, and the plan made of
// that.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
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

}  // namespace detail

/// A data pattern with the inputs in it. Valid while this executor and the pattern's body live.
inline clause_pattern executor::pattern_of(const pattern_template& of, io_counters* io) const {
  if (!of.is_late()) return bound_pattern{of, {}}.view(io);
  for (const auto& [known, bound] : late_) {
    if (known == &of) return bound.view(io);
  }
  return late_.emplace_back(&of, bound_pattern{of, env_.values}).second.view(io);
}

inline double executor::estimate(const body& of, std::size_t clause, std::size_t callers) const {
  const body_clause& c = of.clauses[clause];
  if (const auto* known = std::get_if<relation_clause>(&c.is))
    return static_cast<double>(rows_of(*known).size());
  const auto& pattern = std::get<pattern_clause>(c.is);
  const clause_pattern view = pattern_of(of.patterns[clause], nullptr);
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

inline std::vector<refined_size> executor::estimates::refine(const body& in, std::size_t clause) const {
  std::vector<refined_size> out;
  for (const refined& r : refinements) {
    if (r.of == &in && r.clause == clause) out.push_back({r.by, r.variable, r.rows.rows()});
  }
  return out;
}

/// The variable to which a clause binds few values that can be known beforehand: those of a small relation,
/// or the entity that has a value of a unique attribute. Reads nothing.
inline std::optional<var_id> executor::known_variable(const body& of, std::size_t clause,
                                                      std::size_t source) const {
  constexpr std::size_t few = 8;
  if (const auto* known = std::get_if<relation_clause>(&of.clauses[clause].is)) {
    const bool one = known->columns.size() == 1 && known->columns[0].is_variable();
    return one && rows_of(*known).size() <= few ? std::optional{known->columns[0].id} : std::nullopt;
  }
  const auto* pattern = std::get_if<pattern_clause>(&of.clauses[clause].is);
  if (pattern == nullptr || pattern->terms.size() < 3 || !pattern->terms[0].is_variable())
    return std::nullopt;
  const clause_pattern view = pattern_of(of.patterns[clause], nullptr);
  const index_access* const db = this->source(pattern->source, source, of.clauses[clause].form).access();
  if (db == nullptr || !view.consts[1] || !view.consts[2] || db->shows_history()) return std::nullopt;
  const attribute_facts* const facts = db->attribute(*view.consts[1]);
  const bool finds = facts != nullptr && facts->unique != uniqueness::none && facts->type != kind::ref &&
                     facts->type != kind::tuple && view.consts[2]->kind() == facts->type;
  return finds ? std::optional{pattern->terms[0].id} : std::nullopt;
}

/// The values of that variable.
inline std::vector<value> executor::known_values(const body& of, std::size_t clause,
                                                 std::size_t source) const {
  std::vector<value> out;
  if (const auto* known = std::get_if<relation_clause>(&of.clauses[clause].is)) {
    for (std::size_t i = 0; i < rows_of(*known).size(); ++i) out.push_back(rows_of(*known).row(i)[0]);
    return out;
  }
  const auto& pattern = std::get<pattern_clause>(of.clauses[clause].is);
  const clause_pattern view = pattern_of(of.patterns[clause], nullptr);
  const index_access& db = *this->source(pattern.source, source, of.clauses[clause].form).access();
  const value& ident = db.attribute(*view.consts[1])->ident;
  if (const auto e = db.entid(value::vector({ident, *view.consts[2]}))) out.push_back(value::ref(*e));
  return out;
}

/// What a source promises for a pattern with each of the values in a slot, in sum.
inline std::optional<double> executor::refined(const body& of, std::size_t clause, std::size_t slot,
                                               std::span<const value> values, std::size_t source) const {
  clause_pattern view = pattern_of(of.patterns[clause], nullptr);
  const bool names = std::any_of(values.begin(), values.end(), detail::is_name);
  if (names || slot >= view.size() || view.starts[slot] || view.whiles[slot]) return std::nullopt;
  std::vector<std::optional<value>> consts{view.consts.begin(), view.consts.end()};
  view.consts = consts;
  const any_source& asked =
      this->source(std::get<pattern_clause>(of.clauses[clause].is).source, source, of.clauses[clause].form);
  if (asked.access() == nullptr) return std::nullopt;  // others may have to look at all they have
  double sum = 0;
  for (const value& v : values) {
    consts[slot] = v;
    std::optional<double> told;
    detail::naming_clause(of.clauses[clause].form, [&] { told = asked.estimate(view); });
    if (!told) return std::nullopt;
    sum += *told;
  }
  return sum;
}

/// Finds what patterns promise for values that other clauses bind and that can be known beforehand, if that
/// is said of more than one: else it could not change their order, and would cost searches.
inline void executor::refine_all(const body& of, std::size_t source, estimates& out) const {
  struct use {
    std::size_t by, clause, slot;
    var_id variable;
  };
  std::vector<use> uses;
  for (std::size_t by = 0; by < of.clauses.size(); ++by) {
    const auto known = known_variable(of, by, source);
    for (std::size_t i = 0; known && i < of.clauses.size(); ++i) {
      const auto* pattern = std::get_if<pattern_clause>(&of.clauses[i].is);
      for (std::size_t slot = 0; pattern != nullptr && i != by && slot < pattern->terms.size(); ++slot) {
        const slot_term& t = pattern->terms[slot];
        if (t.is_variable() && t.id == *known) uses.push_back({by, i, slot, *known});
      }
    }
  }
  if (uses.size() < 2) return;
  for (const use& u : uses) {
    const auto size = refined(of, u.clause, u.slot, known_values(of, u.by, source), source);
    if (size) out.refinements.push_back({&of, u.clause, u.by, u.variable, rounded_size{*size}});
  }
}

inline slot_set executor::required(const body& of, std::size_t clause, std::size_t callers) const {
  const auto& pattern = std::get<pattern_clause>(of.clauses[clause].is);
  const any_source& asked = source(pattern.source, callers, of.clauses[clause].form);
  slot_set out;
  if (!asked.may_require()) return out;
  const clause_pattern view = pattern_of(of.patterns[clause], nullptr);
  detail::naming_clause(of.clauses[clause].form, [&] { out = asked.required(view); });
  return out;
}

/// The slots of a clause's rows in which names may come: keywords or sequences.
inline slot_set executor::given_names(const body& of, std::size_t clause, std::size_t callers) const {
  const body_clause& c = of.clauses[clause];
  slot_set out;
  if (const auto* known = std::get_if<relation_clause>(&c.is)) {
    for (std::size_t slot = 0; slot < known->columns.size() && slot < slot_set::capacity; ++slot) {
      const auto values = rows_of(*known).column(slot).values();
      if (std::any_of(values.begin(), values.end(), detail::is_name)) out.insert(slot);
    }
  } else if (std::holds_alternative<call_clause>(c.is)) {
    return slot_set{~std::uint64_t{0}};
  } else if (const auto* call = std::get_if<rule_clause>(&c.is)) {
    return names_of_rule(call->rule, call->source == callers_source ? callers : call->source).given;
  } else if (const auto* pattern = std::get_if<pattern_clause>(&c.is)) {
    const any_source& asked = source(pattern->source, callers, c.form);
    if (!asked.may_name()) return out;
    const clause_pattern view = pattern_of(of.patterns[clause], nullptr);
    detail::naming_clause(c.form, [&] { out = asked.gives_names(view); });
  }
  return out;
}

/// The slots of a clause's rows in which names stand for what the rows have.
inline slot_set executor::resolved(const body& of, std::size_t clause, std::size_t callers) const {
  const body_clause& c = of.clauses[clause];
  slot_set out;
  if (const auto* call = std::get_if<rule_clause>(&c.is))
    return names_of_rule(call->rule, call->source == callers_source ? callers : call->source).resolved;
  const auto* pattern = std::get_if<pattern_clause>(&c.is);
  if (pattern == nullptr) return out;
  const any_source& asked = source(pattern->source, callers, c.form);
  if (!asked.may_resolve()) return out;
  const clause_pattern view = pattern_of(of.patterns[clause], nullptr);
  detail::naming_clause(c.form, [&] { out = asked.resolves(view); });
  return out;
}

/// Adds the variables of a body that its clauses give names for, and those that these or its negations
/// resolve, as far as is known.
inline void executor::add_names(const body& of, std::size_t callers, var_set& given, var_set& taken) const {
  given.resize(of.names.size()), taken.resize(of.names.size());
  for (std::size_t i = 0; i < of.clauses.size(); ++i) {
    const auto terms = row_terms(of.clauses[i]);
    if (!terms.empty()) {
      const slot_set gives = given_names(of, i, callers), takes = resolved(of, i, callers);
      for (std::size_t slot = 0; slot < terms.size(); ++slot) {
        if (!terms[slot].is_variable()) continue;
        given[terms[slot].id] = given[terms[slot].id] || gives.contains(slot);
        taken[terms[slot].id] = taken[terms[slot].id] || takes.contains(slot);
      }
    } else if (const auto* no = std::get_if<not_clause>(&of.clauses[i].is)) {
      var_set inner_given, inner_taken;
      add_names(*no->inner, callers, inner_given, inner_taken);
      for (std::size_t v = 0; v < no->shared.size(); ++v) {
        if (inner_taken[no->inner->head[v]]) taken[no->shared[v]] = true;
      }
    }
  }
}

/// What the clauses of a rule's branches say of its arguments, as far as is known.
inline executor::rule_names executor::names_of_branches(std::size_t rule, std::size_t callers) const {
  rule_names out;
  for (const auto& branch : env_.of->rules[rule].branches) {
    var_set given, taken;
    add_names(*branch, callers, given, taken);
    for (std::size_t argument = 0; argument < branch->head.size(); ++argument) {
      if (given[branch->head[argument]]) out.given.insert(argument);
      if (taken[branch->head[argument]]) out.resolved.insert(argument);
    }
  }
  return out;
}

/// The arguments of a rule that it may give names for, and those for which it takes names. Rules that call
/// each other are looked at until nothing changes.
inline executor::rule_names executor::names_of_rule(std::size_t rule, std::size_t callers) const {
  const auto [at, added] = rule_names_.emplace(std::pair{rule, callers}, rule_names{});
  if (!added) return at->second;
  rule_names_change_ = true;
  if (rule_names_settle_) return at->second;
  rule_names_settle_ = true;
  while (std::exchange(rule_names_change_, false)) {
    for (auto& [key, known] : rule_names_) {
      const rule_names now = names_of_branches(key.first, key.second);
      rule_names_change_ = rule_names_change_ || !(now == known);
      known = now;
    }
  }
  rule_names_settle_ = false;
  return at->second;
}

/// Which clauses of a body give names, and which resolve such, in variables that clauses share.
inline name_flow executor::names(const body& of, std::size_t callers) const {
  if (of.linked.empty()) return {};
  const std::size_t n = of.clauses.size();
  name_flow out{std::vector<slot_set>(n), {}, var_set(of.names.size())};
  bool any = false;
  for (std::size_t i = 0; i < n; ++i) {
    if (of.linked[i].empty()) continue;
    out.gives[i] = slot_set{of.linked[i].bits() & given_names(of, i, callers).bits()};
    for (std::size_t slot = 0; slot < out.gives[i].end(); ++slot) {
      if (out.gives[i].contains(slot)) any = out.given[row_terms(of.clauses[i])[slot].id] = true;
    }
  }
  if (!any) return {};
  any = false;
  out.waits.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    const auto terms = row_terms(of.clauses[i]);
    slot_set awaited;
    for (std::size_t slot = 0; slot < of.linked[i].end(); ++slot) {
      if (of.linked[i].contains(slot) && out.given[terms[slot].id]) awaited.insert(slot);
    }
    if (awaited.empty()) continue;
    out.waits[i] = slot_set{awaited.bits() & resolved(of, i, callers).bits()};
    any = any || !out.waits[i].empty();
  }
  if (!any) out.waits.clear();
  return out;
}

/// What all patterns of a body and its negations require, and the names that they give and await.
inline void executor::add_needs(const body& of, std::size_t source, plan_basis& out) const {
  const name_flow flow = names(of, source);
  out.required.reserve(of.clauses.size());
  out.names.insert(out.names.end(), {flow.gives.size(), flow.waits.size()});
  for (const slot_set slots : flow.gives) out.names.push_back(slots.bits());
  for (const slot_set slots : flow.waits) out.names.push_back(slots.bits());
  for (std::size_t i = 0; i < of.clauses.size(); ++i) {
    if (std::holds_alternative<pattern_clause>(of.clauses[i].is)) {
      out.required.push_back(required(of, i, source).bits());
    } else if (const auto* no = std::get_if<not_clause>(&of.clauses[i].is)) {
      add_needs(*no->inner, source, out);
    }
  }
}

inline bool executor::may_require() const {
  return std::any_of(env_.sources.begin(), env_.sources.end(),
                     [](const any_source& one) { return one.may_require(); });
}

/// What the patterns of the rules that a body calls require, `seen` those that are done.
inline void executor::add_needs_of_rules(const body& of, std::size_t source,
                                         std::set<std::pair<std::size_t, std::size_t>>& seen,
                                         plan_basis& out) const {
  for (const body_clause& c : of.clauses) {
    if (const auto* no = std::get_if<not_clause>(&c.is)) add_needs_of_rules(*no->inner, source, seen, out);
    const auto* call = std::get_if<rule_clause>(&c.is);
    if (call == nullptr) continue;
    const std::size_t callers = call->source == callers_source ? source : call->source;
    if (!seen.emplace(call->rule, callers).second) continue;
    for (const auto& branch : env_.of->rules[call->rule].branches) {
      for (std::size_t i = 0; i < branch->clauses.size(); ++i) {
        if (std::holds_alternative<pattern_clause>(branch->clauses[i].is))
          out.required.push_back(required(*branch, i, callers).bits());
      }
      add_needs_of_rules(*branch, callers, seen, out);
    }
  }
}

inline void executor::estimate_all(const body& of, std::size_t source, estimates& out) const {
  out.of.reserve(of.clauses.size()), out.basis.sizes.reserve(of.clauses.size());
  for (std::size_t i = 0; i < of.clauses.size(); ++i) {
    const auto& is = of.clauses[i].is;
    if (std::holds_alternative<pattern_clause>(is) || std::holds_alternative<relation_clause>(is)) {
      out.of.emplace_back(&of, i);
      out.basis.sizes.emplace_back(estimate(of, i, source));
    } else if (const auto* no = std::get_if<not_clause>(&is)) {
      estimate_all(*no->inner, source, out);
    }
  }
  refine_all(of, source, out);
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

/// Whether plans can be found by what they were made for. A relation may be large: it is not kept.
inline bool executor::find_recent() const {
  const bool forced = detail::forced_order != nullptr || !detail::is_forced(detail::way::cheapest);
  if (forced || !env_.relations.empty()) return false;
  unkept_.sources.reserve(env_.sources.size());
  for (const any_source& one : env_.sources) {
    const auto shown = one.identity();  // before it is asked anything: it may change meanwhile
    if (!shown) return false;
    unkept_.sources.push_back(*shown);
  }
  recent_ = env_.plans->recent([this](const recent_plans& plans) { return are_recent(plans); });
  if (recent_ != nullptr) return true;
  for (const std::uint32_t number : env_.of->planned_values) unkept_.values.push_back(env_.values[number]);
  return true;
}

/// Whether they were made for what is asked now.
inline bool executor::are_recent(const recent_plans& plans) const {
  if (plans.sources != unkept_.sources) return false;
  std::size_t at = 0;
  for (const std::uint32_t number : env_.of->planned_values) {
    if (plans.values[at++] != env_.values[number]) return false;
  }
  return true;
}

inline void executor::keep_recent(const std::shared_ptr<const body_plan>& made, std::size_t source) const {
  auto next = std::make_shared<recent_plans>(recent_ != nullptr ? *recent_ : std::move(unkept_));
  next->plans.push_back({source, made});
  recent_ = std::move(next);
  env_.plans->keep_recent(recent_);
}

inline std::shared_ptr<const body_plan> executor::plan(const std::shared_ptr<const body>& of,
                                                       const std::vector<var_id>& columns_in,
                                                       const std::vector<var_id>& named_in,
                                                       std::size_t source) const {
  if (!may_find_recent_) may_find_recent_ = find_recent();
  if (recent_ != nullptr) {
    if (auto known = recent_->find(of.get(), columns_in, named_in, source)) return known;
  }
  auto made = estimated_plan(of, columns_in, named_in, source);
  if (*may_find_recent_) keep_recent(made, source);
  return made;
}

inline std::shared_ptr<const body_plan> executor::estimated_plan(const std::shared_ptr<const body>& of,
                                                                 const std::vector<var_id>& columns_in,
                                                                 const std::vector<var_id>& named_in,
                                                                 std::size_t source) const {
  estimates all;
  all.basis.named_in = named_in;
  const bool one_order = detail::has_one_order(*of);
  if (!one_order) estimate_all(*of, source, all);
  for (const auto& r : all.refinements) {
    all.basis.sizes.push_back(r.rows);
    all.basis.refined.insert(all.basis.refined.end(), {r.clause, r.by});
  }
  add_needs(*of, source, all.basis);
  needs_of_pattern needs;
  if (may_require()) {
    std::set<std::pair<std::size_t, std::size_t>> seen;
    add_needs_of_rules(*of, source, seen, all.basis);
    needs = [&](const body& in, std::size_t clause, std::size_t callers) {
      return required(in, clause, callers);
    };
  }
  const auto none = [](std::uint64_t slots) { return slots == 0; };
  for (auto* part : {&all.basis.required, &all.basis.names}) {
    if (std::all_of(part->begin(), part->end(), none)) part->clear();
  }
  if (auto known = env_.plans->find(of.get(), columns_in, source, all.basis)) return known;
  detail::orderer orderer{env_.of->rules,
                          source,
                          [&](const body& in, std::size_t clause) {
                            return one_order ? estimate(in, clause, source) : all.rows(in, clause);
                          },
                          [&](const body& in, std::size_t clause) { return all.refine(in, clause); },
                          std::move(needs),
                          [&](const body& in) { return names(in, source); }};
  var_set bound(of->names.size());
  for (const var_id v : columns_in) bound[v] = true;
  var_set named(of->names.size());
  for (const var_id v : named_in) named[v] = true;
  const auto* const forced = of == env_.of->main ? detail::forced_order : nullptr;
  auto made =
      make_plan(of, orderer.run(*of, std::move(bound), std::move(named), forced), columns_in, named_in);
  env_.plans->keep(columns_in, source, std::move(all.basis), made);
  return made;
}

}  // namespace datolite::query
