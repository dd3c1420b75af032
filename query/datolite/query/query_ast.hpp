// query_ast: a query as plain data, as it was written.
//
// What `parse_query` and `parse_rules` make of EDN forms, with names as symbols and nothing resolved. Every
// node keeps its form, for messages and for query_stats.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include <datolite/core/value.hpp>
#include <datolite/query/find_shape.hpp>

namespace datolite::query {

/// What stands in a slot or as an argument.
struct term {
  enum class type : std::uint8_t { blank, variable, constant, source };
  type is = type::blank;
  value what;  ///< the variable's or source's symbol, or the constant

  bool is_variable() const noexcept { return is == type::variable; }
};

/// What an input or a function's result is bound to. `parts` are a tuple's elements, or the one element of a
/// collection: [[?a ?b]] is a collection of tuples.
struct binding_form {
  enum class type : std::uint8_t { blank, scalar, tuple, collection };
  type is = type::blank;
  value variable;  ///< of a scalar
  std::vector<binding_form> parts;
};

struct clause;

/// [?e :age ?a], [$src ?e :age ?a ?tx ?op]
struct data_pattern {
  value source;  ///< symbol
  std::vector<term> terms;
};

/// [(< ?a 10)] without a binding, [(+ ?a 10) ?b] with one. `callee` is the function's name, or an input
/// variable.
struct function_call {
  value callee;
  std::vector<term> arguments;
  bool is_predicate = true;
  binding_form result;
};

/// (reach ?a ?b), ($src reach ?a _)
struct rule_call {
  value source;
  value name;
  std::vector<term> arguments;
};

/// (not …) and (not-join [?e] …)
struct negation {
  value source;
  bool names_variables = false;  ///< not-join
  std::vector<value> variables;  ///< of a not-join
  std::vector<clause> clauses;
};

/// (or …) and (or-join [[?required] ?e] …); a branch is a conjunction
struct disjunction {
  value source;
  bool names_variables = false;  ///< or-join
  std::vector<value> required;
  std::vector<value> variables;  ///< the others of an or-join
  std::vector<std::vector<clause>> branches;
};

struct clause {
  value form;
  std::variant<data_pattern, function_call, rule_call, negation, disjunction> is;
};

/// ?x, (count ?x), (max 3 ?x), (pull ?e [:name])
struct find_element {
  enum class type : std::uint8_t { variable, aggregate, pull };
  type is = type::variable;
  value form;
  value variable;               ///< what is found, aggregated or pulled
  value callee;                 ///< of an aggregate
  std::vector<term> arguments;  ///< of an aggregate, all but the last
  value source;                 ///< of a pull
  value pattern;                ///< of a pull: itself, or the name of an input
};

/// $, $other, %, or a binding
struct query_input {
  enum class type : std::uint8_t { source, rules, binding };
  type is = type::binding;
  value form;
  value name;  ///< of a source
  binding_form binding;
};

/// By which find element rows are ordered.
struct ordering {
  std::size_t element = 0;
  bool descending = false;
};

/// What a query says beside what it asks: :order-by, :offset, :limit, :timeout.
struct query_options {
  std::vector<ordering> order;
  std::optional<std::int64_t> offset, limit;  ///< rows
  std::optional<std::int64_t> timeout;        ///< milliseconds
};

struct query_ast {
  value form;
  find_shape shape = find_shape::relation;
  std::vector<find_element> find;
  std::vector<value> with;
  std::vector<query_input> inputs;
  bool inputs_omitted = false;  ///< there was no :in: it is [$]
  std::vector<clause> where;
  kind return_map_keys = kind::nil;  ///< keyword, symbol or string for :keys, :syms, :strs
  std::vector<value> return_map_names;
  query_options options;
};

/// One branch of a rule: [(name [?required …] ?free …) clause …]
struct rule_branch {
  value form;
  value name;
  std::vector<value> variables;  ///< the required ones first
  std::size_t required = 0;
  std::vector<clause> body;
};

}  // namespace datolite::query
