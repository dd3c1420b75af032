// compile: a query as written, and its rules, with all names resolved.
//
// Refuses, naming the clause: unknown sources, rules and functions, wrong arity, what `or` and `not` do not
// allow. Whether every variable gets bound is seen when the clauses are put in order (order.hpp).
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <datolite/query/aggregates.hpp>
#include <datolite/query/destructure.hpp>
#include <datolite/query/detail/canonical_order.hpp>
#include <datolite/query/detail/make_templates.hpp>
#include <datolite/query/detail/names.hpp>
#include <datolite/query/detail/refuse.hpp>
#include <datolite/query/detail/resolver.hpp>
#include <datolite/query/detail/scope.hpp>
#include <datolite/query/detail/strata.hpp>
#include <datolite/query/functions.hpp>
#include <datolite/query/plan_cache.hpp>
#include <datolite/query/program.hpp>
#include <datolite/query/query_ast.hpp>

namespace datolite::query {

/// The query that `form` says, for a `q` within a query.
std::shared_ptr<const prepared> prepare_nested(const value& form);

/// Resolves `query` with the rules that come as its `%`, if it has one. O(size of both).
program compile(const query_ast& query, const std::vector<rule_branch>& rules);

// ---------------------------------------------------------------------------------------------------------------

namespace detail {

/// Clauses and bodies.
class compiler : private resolver {
 public:
  explicit compiler(const query_ast& query) : resolver{query} {}

  program compile(const std::vector<rule_branch>& rules) {
    out_.form = query_.form;
    out_.shape = query_.shape;
    out_.keeps_duplicates = !query_.with.empty();
    out_.options = query_.options;
    for (const find_element& element : query_.find) {
      if (element.is == find_element::type::aggregate) out_.keeps_duplicates = false;
    }
    out_.return_map_keys = query_.return_map_keys;
    out_.return_map_names = query_.return_map_names;
    declare_inputs();
    const auto branches = in_canonical_order(rules, [](const rule_branch& b) {
      return value::list({b.name, value::vector(b.variables), value::vector(canonical_forms(b.body))});
    });
    declare_rules(branches);
    for (const rule_branch* branch : branches) compile_branch(*branch);
    compile_main();
    refuse_unstratified(out_);
    find_lone_recursion(out_);
    find_planned_values();
    out_.plans = std::make_shared<plan_cache>();
    return std::move(out_);
  }

 private:
  void find_planned_values() {
    find_planned_values(*out_.main);
    for (const rule& r : out_.rules) {
      for (const auto& branch : r.branches) find_planned_values(*branch);
    }
    auto& all = out_.planned_values;
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
  }

  void find_planned_values(const body& in) {
    for (const pattern_template& pattern : in.patterns) {
      for (const auto& late : pattern.late_consts) out_.planned_values.push_back(late.input);
      for (const auto& late : pattern.late_bounds) out_.planned_values.push_back(late.input);
    }
    for (const body_clause& c : in.clauses) {
      if (const auto* no = std::get_if<not_clause>(&c.is)) find_planned_values(*no->inner);
    }
  }

  void append(body& to, const clause& c, name_list& names, const place& at, const name_list& outside) {
    std::visit(
        [&](const auto& x) {
          using X = std::remove_cvref_t<decltype(x)>;
          if constexpr (std::is_same_v<X, data_pattern>) {
            to.clauses.push_back(
                {c.form, pattern_clause{source(x.source, at, c.form), resolve(x.terms, names, at, c.form)}});
          } else if constexpr (std::is_same_v<X, function_call>) {
            append_call(to, c.form, x, names, at);
          } else if constexpr (std::is_same_v<X, rule_call>) {
            append_rule_call(to, c.form, x, names, at);
          } else if constexpr (std::is_same_v<X, negation>) {
            append_negation(to, c.form, x, names, at, outside);
          } else {
            append_disjunction(to, c.form, x, names, at);
          }
        },
        c.is);
  }

  void append_call(body& to, const value& form, const function_call& call, name_list& names,
                   const place& at) const {
    auto arguments = resolve(call.arguments, names, at, form);
    const auto op = is_variable(call.callee) ? std::nullopt : find_comparison(call.callee.raw());
    if (op && call.is_predicate && arguments.size() >= 2 && (arguments.size() == 2 || is_chain(*op))) {
      for (std::size_t i = 1; i < arguments.size(); ++i) {
        to.clauses.push_back({form, comparison_clause{*op, arguments[i - 1], arguments[i]}});
      }
      return;
    }
    call_clause out{{}, 0, std::move(arguments), std::nullopt, database_function::none, nullptr};
    find_callee(out, form, call, at);
    if (out.database == database_function::missing && call.is_predicate) {
      out.result =
          bound_columns{{binding_form::type::scalar, 0, false, {}}, {{slot_term::type::constant, 0, true}}};
    }
    if (call.is_predicate) {
      to.clauses.push_back({form, std::move(out)});
      return;
    }
    out.result = resolve(call.result, names, at, form);
    to.clauses.push_back({form, std::move(out)});
  }

  static bool is_chain(comparison op) noexcept {
    return op != comparison::not_equal && op != comparison::starts_with;
  }

  void find_callee(call_clause& out, const value& form, const function_call& call, const place& at) const {
    if (is_variable(call.callee)) {
      const auto known = functions_.find(call.callee);
      if (known == functions_.end() || !at.knows_inputs) {
        refuse(unknown_function,
               at.knows_inputs ? "no input function is called " + shown(call.callee)
                               : "rules do not see the query's inputs: register the function " +
                                     shown(call.callee) + " under a name",
               form);
      }
      out.input_callee = known->second;
      return;
    }
    out.database = find_database_function(call.callee.raw());
    if (out.database != database_function::none) return refuse_database_call(out, form, call);
    if (call.callee.is_symbol("q")) return find_nested(out, form, call);
    for (const slot_term& t : out.arguments) {
      if (t.is == slot_term::type::source || t.is == slot_term::type::blank)
        refuse(invalid_query, "only get-else, get-some, missing? and q take a source", form);
    }
    out.callee = find_function(call.callee.raw());
    if (!out.callee) refuse(unknown_function, "there is no function " + shown(call.callee), form);
    if (!out.callee.takes(out.arguments.size())) {
      refuse(wrong_arity,
             shown(call.callee) + " does not take " + std::to_string(out.arguments.size()) + " arguments",
             form);
    }
  }

  /// (q query argument …)
  static void find_nested(call_clause& out, const value& form, const function_call& call) {
    if (call.is_predicate) refuse(invalid_query, "q gives a value, which must be bound", form);
    if (out.arguments.empty() || out.arguments[0].is != slot_term::type::constant) {
      refuse(invalid_query, "the first argument of q is a query", form);
    }
    naming_clause(form, [&] { out.nested = prepare_nested(out.arguments[0].constant); });
    out.arguments.erase(out.arguments.begin());
  }

  static void refuse_database_call(const call_clause& out, const value& form, const function_call& call) {
    if (!takes(out.database, out.arguments.size())) {
      refuse(wrong_arity,
             shown(call.callee) + " does not take " + std::to_string(out.arguments.size()) + " arguments",
             form);
    }
    if (out.arguments[0].is != slot_term::type::source) {
      refuse(invalid_query, "the first argument of " + shown(call.callee) + " is a source", form);
    }
    if (call.is_predicate && out.database != database_function::missing) {
      refuse(invalid_query, shown(call.callee) + " gives a value, which must be bound", form);
    }
    if (out.database == database_function::get_else && out.arguments[3].is == slot_term::type::constant)
      naming_clause(form, [&] { refuse_nil_default(out.arguments[3].constant); });
  }

  [[noreturn]] void refuse_rule(const value& name, const value& form) const {
    std::string what = "there is no rule " + shown(name);
    if (find_function(name.raw()) || find_database_function(name.raw()) != database_function::none) {
      what += "; a function is called in a vector, [(" + std::string{name.raw()} + " …)]";
    } else if (rules_.empty()) {
      what += "; rules come as an input, which :in calls %";
    }
    refuse(unknown_rule, what, form);
  }

  void append_rule_call(body& to, const value& form, const rule_call& call, name_list& names,
                        const place& at) const {
    const auto known = rules_.find(call.name);
    if (known == rules_.end()) refuse_rule(call.name, form);
    const std::size_t arity = out_.rules[known->second].arity;
    if (arity != call.arguments.size()) {
      refuse(wrong_arity, "the rule " + shown(call.name) + " takes " + std::to_string(arity) + " arguments",
             form);
    }
    to.clauses.push_back({form, rule_clause{known->second, source_or_none(call.source, at, form),
                                            resolve(call.arguments, names, at, form)}});
  }

  /// A rule can be called in a query that has no source at all, if it reads none.
  std::size_t source_or_none(const value& name, const place& at, const value& form) const {
    if (name == default_source() && !at.in_rule && !find_source(name)) return callers_source;
    return source(name, at, form);
  }

  void append_negation(body& to, const value& form, const negation& no, name_list& names, const place& at,
                       const name_list& outside) {
    name_list inner_names;
    for (const clause* c : in_canonical_order(no.clauses, canonical_form)) mention(*c, inner_names, true);
    const name_list& shared = outside;
    place inside = at;
    std::vector<value> local = at.local != nullptr ? *at.local : std::vector<value>{};
    not_clause out;
    auto inner = std::make_shared<body>();
    inner->form = form;
    name_list inner_scope;
    bool linked = false;
    for (const value& name : no.names_variables ? no.variables : inner_names.names()) {
      const slot_term here = resolve_name(name, names, at, form, no.names_variables || shared.contains(name));
      if (here.is_fixed()) linked = true;
      if (!here.is_variable()) continue;
      out.shared.push_back(here.id);
      inner->head.push_back(inner_scope.number(name));
    }
    if (no.names_variables) {
      for (const value& name : inner_names.names()) {
        if (std::find(no.variables.begin(), no.variables.end(), name) == no.variables.end())
          local.push_back(name);
      }
      inside.local = &local;
    }
    if (out.shared.empty() && !linked) {
      refuse(insufficient_binding, "no variable of it is bound outside", form);
    }
    fill(*inner, no.clauses, inner_scope, inside);
    out.inner = std::move(inner);
    to.clauses.push_back({form, std::move(out)});
  }

  /// What `name` is in the outer body; blank if the outer body does not have it.
  slot_term resolve_name(const value& name, name_list& names, const place& at, const value& form,
                         bool has_it) const {
    if (!has_it && !is_input(name, at)) return {};
    return resolve(term{term::type::variable, name}, names, at, form);
  }

  void append_disjunction(body& to, const value& form, const disjunction& either, name_list& names,
                          const place& at) {
    std::vector<value> head = either.required;
    head.insert(head.end(), either.variables.begin(), either.variables.end());
    if (!either.names_variables) head = common_variables(form, either, at);
    if (head.size() > 64) refuse(invalid_query, "it has more than 64 variables", form);
    place inside = at;
    std::vector<value> local = at.local != nullptr ? *at.local : std::vector<value>{};
    if (either.names_variables) {
      inside.local = &local;
      name_list all;
      for (const auto& branch : either.branches) {
        for (const clause& c : branch) mention(c, all, true);
      }
      for (const value& name : all.names()) {
        if (std::find(head.begin(), head.end(), name) == head.end()) local.push_back(name);
      }
    }
    rule out;
    rule_clause call{0, source_or_none(either.source, at, form), {}};
    std::vector<value> variables;  // of the head, without the inputs
    for (std::size_t i = 0; i < head.size(); ++i) {
      const slot_term here = resolve(term{term::type::variable, head[i]}, names, at, form);
      if (!here.is_variable()) continue;
      variables.push_back(head[i]);
      out.required.push_back(i < either.required.size());
      call.arguments.push_back(here);
    }
    out.arity = variables.size();
    const auto branches = in_canonical_order(
        either.branches, [](const auto& branch) { return value::vector(canonical_forms(branch)); });
    for (const auto* branch : branches) out.branches.push_back(branch_body(form, variables, *branch, inside));
    call.rule = out_.rules.size();
    out_.rules.push_back(std::move(out));
    to.clauses.push_back({form, std::move(call)});
  }

  /// The variables of an `or`: every branch must have the same.
  std::vector<value> common_variables(const value& form, const disjunction& either, const place& at) const {
    std::vector<value> first;
    for (std::size_t i = 0; i < either.branches.size(); ++i) {
      name_list names;
      for (const clause& c : either.branches[i]) mention(c, names, true);
      std::vector<value> mine;
      for (const value& name : names.names()) {
        if (!is_input(name, at)) mine.push_back(name);
      }
      std::sort(mine.begin(), mine.end());
      if (i == 0) first = mine;
      if (mine != first) {
        refuse(invalid_query,
               "all branches of an or must have the same variables (or-join names those that matter)", form);
      }
    }
    return first;
  }

  // -- bodies

  std::shared_ptr<const body> branch_body(const value& form, const std::vector<value>& head,
                                          const std::vector<clause>& clauses, const place& at) {
    auto out = std::make_shared<body>();
    out->form = form;
    name_list names;
    for (const value& v : head) out->head.push_back(names.number(v));
    fill(*out, clauses, names, at);
    return out;
  }

  /// Compiles `clauses` into `to`, in their canonical order; its head must have been set.
  void fill(body& to, const std::vector<clause>& clauses, name_list& names, const place& at) {
    const auto ordered = in_canonical_order(clauses, canonical_form);
    name_list outside = names;  // what a negation may share with its body
    for (const clause* c : ordered) mention(*c, outside, false);
    for (const clause* c : ordered) append(to, *c, names, at, outside);
    ground_calls(to);
    to.names = names.names();
    complete_body(to);
  }

  /// A call whose arguments are constants is made once, now.
  static void ground_calls(body& to) {
    for (body_clause& c : to.clauses) {
      auto* call = std::get_if<call_clause>(&c.is);
      if (call == nullptr || !call->callee || !call->result || call->nested != nullptr) continue;
      std::vector<value> arguments;
      for (const slot_term& t : call->arguments) {
        if (t.is == slot_term::type::constant) arguments.push_back(t.constant);
      }
      if (arguments.size() != call->arguments.size()) continue;
      relation_clause out{std::nullopt, relation{call->result->columns.size()}, call->result->columns};
      naming_clause(c.form, [&] {
        const value found = call->callee(arguments);
        if (!found.is_nil()) destructure(found, call->result->form, out.rows);
      });
      c.is = std::move(out);
    }
  }

  void declare_rules(const std::vector<const rule_branch*>& branches) {
    for (const rule_branch* branch : branches) {
      const auto [at, added] = rules_.emplace(branch->name, out_.rules.size());
      if (!added) continue;
      rule out;
      out.name = branch->name;
      out.arity = branch->variables.size();
      out.required.resize(out.arity);
      out_.rules.push_back(std::move(out));
    }
    for (const rule_branch* branch : branches) {
      auto& required = out_.rules[rules_.at(branch->name)].required;
      for (std::size_t i = 0; i < branch->required; ++i) required[i] = true;
    }
  }

  void compile_branch(const rule_branch& branch) {
    auto compiled = branch_body(branch.form, branch.variables, branch.body, {true, false, nullptr});
    out_.rules[rules_.at(branch.name)].branches.push_back(std::move(compiled));
  }

  void find_aggregate_of(found& out, const find_element& element, name_list& names, const place& at) const {
    out.given = resolve(element.arguments, names, at, element.form);
    for (const slot_term& t : out.given) {
      if (!t.is_fixed())
        refuse(invalid_query, "an aggregate's first arguments are constants or inputs", element.form);
    }
    if (is_variable(element.callee)) {
      const auto known = functions_.find(element.callee);
      if (known == functions_.end()) {
        refuse(unknown_function, "no input function is called " + shown(element.callee), element.form);
      }
      out.input_function = known->second;
      return;
    }
    out.built_in = find_aggregate(element.callee.raw(), out.given.size());
    if (out.built_in == nullptr && is_aggregate(element.callee.raw())) {
      refuse(wrong_arity,
             "the aggregate " + shown(element.callee) + " is not given " + std::to_string(out.given.size()) +
                 " arguments before its variable",
             element.form);
    }
    if (out.built_in != nullptr && !out.given.empty() && out.given[0].is == slot_term::type::constant)
      naming_clause(element.form, [&] { how_many(out.given[0].constant); });
    if (out.built_in == nullptr) out.custom = find_function(element.callee.raw());
    if (out.built_in == nullptr && !out.custom) {
      refuse(unknown_function, "there is no aggregate " + shown(element.callee), element.form);
    }
  }

  void find_pull_of(found& out, const find_element& element, name_list& names, const place& at) const {
    out.source = source(element.source, at, element.form);
    if (!element.pattern.is(kind::symbol)) {
      naming_clause(element.form, [&] { out.pattern.emplace(element.pattern); });
      return;
    }
    if (!is_input(element.pattern, at)) {
      refuse(invalid_query, "the pattern " + shown(element.pattern) + " is not among the query's inputs",
             element.form);
    }
    out.pattern_input = resolve(term{term::type::variable, element.pattern}, names, at, element.form);
  }

  void compile_main() {
    auto main = std::make_shared<body>();
    main->form = query_.form;
    name_list names;
    const place at;
    std::vector<slot_term> basis;
    for (const find_element& element : query_.find) {
      found f;
      f.is = element.is;
      f.form = element.form;
      f.what = resolve(term{term::type::variable, element.variable}, names, at, element.form);
      if (f.is == find_element::type::aggregate) find_aggregate_of(f, element, names, at);
      if (f.is == find_element::type::pull) find_pull_of(f, element, names, at);
      basis.push_back(f.what);
      out_.find.push_back(std::move(f));
    }
    for (const value& v : query_.with)
      basis.push_back(resolve(term{term::type::variable, v}, names, at, out_.form));
    for (const slot_term& t : basis) {
      if (t.is_variable() && std::find(main->head.begin(), main->head.end(), t.id) == main->head.end()) {
        main->head.push_back(t.id);
      }
    }
    for (const auto& [number, columns, form] : relation_inputs_) {
      relation_clause in{number, {}, {}};
      for (const value& name : columns)
        in.columns.push_back({slot_term::type::variable, names.number(name), {}});
      main->clauses.push_back({form, std::move(in)});
    }
    fill(*main, query_.where, names, at);
    out_.main = std::move(main);
  }
};

}  // namespace detail

inline program compile(const query_ast& query, const std::vector<rule_branch>& rules) {
  return detail::compiler{query}.compile(rules);
}

}  // namespace datolite::query
