// resolver: what a query's names stand for: inputs, sources, functions, variables.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <datolite/query/detail/names.hpp>
#include <datolite/query/detail/refuse.hpp>
#include <datolite/query/detail/scope.hpp>
#include <datolite/query/program.hpp>
#include <datolite/query/query_ast.hpp>

namespace datolite::query::detail {

class resolver {
 protected:
  explicit resolver(const query_ast& query) : query_{query} {}

  /// Where a body stands: whether in a rule, and whether the inputs' names are known there.
  struct place {
    bool in_rule = false;
    bool knows_inputs = true;
    const std::vector<value>* local = nullptr;  ///< names that are variables here though an input has them
  };

  // -- inputs

  void declare_inputs() {
    name_list all;
    for (const query_input& in : query_.inputs) {
      input_plan plan;
      plan.is = in.is;
      plan.form = in.form;
      if (in.is == query_input::type::source) {
        if (find_source(in.name))
          refuse(invalid_query, "the source " + shown(in.name) + " is there twice", out_.form);
        plan.number = out_.sources.size();
        out_.sources.push_back(in.name);
      } else if (in.is == query_input::type::binding) {
        declare_binding(in, plan, all);
      }
      out_.inputs.push_back(std::move(plan));
    }
  }

  void declare_binding(const query_input& in, input_plan& plan, name_list& all) {
    using use = input_plan::use;
    name_list mine;
    mention(in.binding, mine);
    for (const value& name : mine.names()) {
      if (all.contains(name))
        refuse(invalid_query, "the input " + shown(name) + " is there twice", out_.form);
      all.number(name);
    }
    if (in.binding.is == binding_form::type::blank) return;
    if (in.binding.is == binding_form::type::scalar && is_called(in.binding.variable)) {
      plan.as = use::function;
      plan.number = out_.input_functions++;
      functions_.emplace(in.binding.variable, plan.number);
    } else if (is_flat(in.binding)) {
      plan.as = in.binding.is == binding_form::type::scalar ? use::value : use::tuple;
      for (const value& name : mine.names()) {
        plan.values.push_back(static_cast<std::uint32_t>(out_.input_values));
        constants_.emplace(name, static_cast<std::uint32_t>(out_.input_values++));
      }
      plan.binding.form = resolve(in.binding, mine);
    } else {
      plan.as = use::relation;
      plan.number = out_.input_relations++;
      plan.binding.form = resolve(in.binding, mine);
      plan.binding.columns.resize(mine.names().size());
      relation_inputs_.push_back({plan.number, mine.names(), in.form});
    }
  }

  static bool is_flat(const binding_form& b) {
    if (b.is == binding_form::type::collection) return false;
    for (const binding_form& part : b.parts) {
      if (!is_flat(part)) return false;
    }
    return true;
  }

  /// Whether the query calls the input `name`.
  bool is_called(const value& name) const {
    for (const clause& c : query_.where) {
      if (calls(c, name)) return true;
    }
    for (const find_element& element : query_.find) {
      if (element.is == find_element::type::aggregate && element.callee == name) return true;
    }
    return false;
  }

  static bool calls(const clause& c, const value& name) {
    const auto any = [&](const std::vector<clause>& clauses) {
      return std::any_of(clauses.begin(), clauses.end(),
                         [&](const clause& inner) { return calls(inner, name); });
    };
    if (const auto* call = std::get_if<function_call>(&c.is)) return call->callee == name;
    if (const auto* no = std::get_if<negation>(&c.is)) return any(no->clauses);
    if (const auto* either = std::get_if<disjunction>(&c.is)) {
      return std::any_of(either->branches.begin(), either->branches.end(), any);
    }
    return false;
  }

  static binding resolve(const binding_form& form, const name_list& columns) {
    std::vector<bool> seen(columns.names().size());
    return resolve(form, columns, seen);
  }
  static binding resolve(const binding_form& form, const name_list& columns, std::vector<bool>& seen) {
    binding out{form.is, 0, false, {}};
    if (form.is == binding_form::type::scalar) {
      out.column = *columns.find(form.variable);
      out.repeats = seen[out.column];
      seen[out.column] = true;
    }
    for (const binding_form& part : form.parts) out.parts.push_back(resolve(part, columns, seen));
    return out;
  }

  // -- names

  std::optional<std::size_t> find_source(const value& name) const {
    const auto at = std::find(out_.sources.begin(), out_.sources.end(), name);
    if (at == out_.sources.end()) return std::nullopt;
    return static_cast<std::size_t>(at - out_.sources.begin());
  }

  std::size_t source(const value& name, const place& at, const value& form) const {
    if (at.in_rule && name == default_source()) return callers_source;
    if (const auto known = find_source(name)) return *known;
    refuse("db.error/unknown-source", "the source " + shown(name) + " is not among the query's inputs", form);
  }

  bool is_input(const value& name, const place& at) const {
    if (!at.knows_inputs || !constants_.contains(name)) return false;
    return at.local == nullptr || std::find(at.local->begin(), at.local->end(), name) == at.local->end();
  }

  slot_term resolve(const term& t, name_list& names, const place& at, const value& form) const {
    switch (t.is) {
      case term::type::blank: return {};
      case term::type::constant: return {slot_term::type::constant, 0, t.what};
      case term::type::source:
        return {slot_term::type::source, static_cast<std::uint32_t>(source(t.what, at, form)), t.what};
      case term::type::variable: break;
    }
    if (is_input(t.what, at)) return {slot_term::type::input, constants_.at(t.what), {}};
    if (functions_.contains(t.what) && at.knows_inputs) {
      refuse(invalid_query, "the function " + shown(t.what) + " can be called, and nothing else", form);
    }
    return {slot_term::type::variable, names.number(t.what), {}};
  }

  std::vector<slot_term> resolve(const std::vector<term>& terms, name_list& names, const place& at,
                                 const value& form) const {
    std::vector<slot_term> out;
    for (const term& t : terms) out.push_back(resolve(t, names, at, form));
    return out;
  }

  bound_columns resolve(const binding_form& b, name_list& names, const place& at, const value& form) const {
    name_list columns;
    mention(b, columns);
    bound_columns out{resolve(b, columns), {}};
    for (const value& name : columns.names()) {
      out.columns.push_back(resolve(term{term::type::variable, name}, names, at, form));
    }
    return out;
  }

  struct relation_input {
    std::size_t number;
    std::vector<value> columns;
    value form;
  };

  const query_ast& query_;
  program out_;
  std::map<value, std::uint32_t> constants_;  // input values by name
  std::map<value, std::size_t> functions_;    // input functions by name
  std::map<value, std::size_t> rules_;
  std::vector<relation_input> relation_inputs_;
};

}  // namespace datolite::query::detail
