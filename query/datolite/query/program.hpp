// program: a query with its names resolved, before it is decided in which order its clauses are answered.
//
// Variables are numbers within a body; a body is a conjunction of clauses: that of the query, of a branch of
// a rule, of a negation. Scalar and one-tuple inputs are no variables: they are constants that come later
// (`type::input`). A disjunction has become a rule without a name. Immutable once compiled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include <datolite/core/value.hpp>
#include <datolite/query/database_functions.hpp>
#include <datolite/query/function.hpp>
#include <datolite/query/pattern.hpp>
#include <datolite/query/pattern_template.hpp>
#include <datolite/query/pull_pattern.hpp>
#include <datolite/query/query_ast.hpp>
#include <datolite/query/relation.hpp>

namespace datolite::query {

using var_id = std::uint32_t;  ///< of a variable within its body

/// What stands in a slot or as an argument, resolved.
struct slot_term {
  enum class type : std::uint8_t { blank, variable, constant, input, source };
  type is = type::blank;
  std::uint32_t id = 0;  ///< of the variable, the input value or the source
  value constant;

  bool is_variable() const noexcept { return is == type::variable; }
  bool is_fixed() const noexcept { return is == type::constant || is == type::input; }
};

/// Where the parts of a bound value go: the columns of a relation that has one a distinct variable.
struct binding {
  binding_form::type is = binding_form::type::blank;
  std::size_t column = 0;  ///< of a scalar
  bool repeats = false;    ///< the column has been set by an earlier part, which this one must equal
  std::vector<binding> parts;
};

/// A binding and what its columns are called.
struct bound_columns {
  binding form;
  std::vector<slot_term> columns;  ///< variables, or inputs that the column must equal
};

/// The source of a pattern in a rule's body: whichever the rule was called on.
inline constexpr std::size_t callers_source = std::numeric_limits<std::size_t>::max();

struct pattern_clause {
  std::size_t source = 0;
  std::vector<slot_term> terms;
};

/// A comparison that the engine knows.
struct comparison_clause {
  comparison op = comparison::equal;
  slot_term left, right;
};

class prepared;

/// Any other call. Without a result it is a predicate.
struct call_clause {
  function callee;               ///< empty when it comes with the inputs
  std::size_t input_callee = 0;  ///< the number of the input function
  std::vector<slot_term> arguments;
  std::optional<bound_columns> result;
  database_function database = database_function::none;  ///< it is this one; its first argument is the source
  std::shared_ptr<const prepared> nested;  ///< it is `q`: this query, of the arguments after the first
};

/// Rows that are known before the query runs: an input collection, or the result of a call with constant
/// arguments.
struct relation_clause {
  std::optional<std::size_t> input;  ///< the number of the input relation
  relation rows;                     ///< otherwise
  std::vector<slot_term> columns;
};

struct rule_clause {
  std::size_t rule = 0;
  std::size_t source = 0;
  std::vector<slot_term> arguments;
};

struct body;

struct not_clause {
  std::shared_ptr<const body> inner;  ///< its head are the shared variables, as it numbers them
  std::vector<var_id> shared;         ///< as the outer body numbers them
};

struct body_clause {
  value form;
  std::variant<pattern_clause, comparison_clause, call_clause, relation_clause, rule_clause, not_clause> is;
};

/// A conjunction. Its answers are the bindings of `head`.
struct body {
  std::vector<value> names;  ///< by var_id
  std::vector<body_clause> clauses;
  std::vector<pattern_template> patterns;  ///< by clause; empty for what is no data pattern
  std::vector<slot_set> linked;            ///< by clause: slots whose variables stand in another too
  std::vector<var_id> head;                ///< no variable twice
  value form;
};

/// All branches of one rule.
struct rule {
  value name;  ///< nil for a disjunction
  std::size_t arity = 0;
  std::vector<bool> required;  ///< arguments that must be bound by the caller
  bool recurs_alone = false;   ///< it calls itself, by itself only, and never through a negation
  std::vector<std::shared_ptr<const body>> branches;
};

/// One element of :find, resolved: a variable of the main body, or an input value, as it is, aggregated or
/// pulled.
struct found {
  find_element::type is = find_element::type::variable;
  slot_term what;
  value form;
  value (*built_in)(std::span<const value>, std::span<const value>) = nullptr;  ///< the aggregate
  function custom;                      ///< the aggregate, if it is a registered function
  std::size_t input_function = 0;       ///< otherwise the number of the input function
  std::vector<slot_term> given;         ///< the aggregate's arguments but for the last: constants and inputs
  std::optional<pull_pattern> pattern;  ///< of a pull, unless it comes with the inputs
  slot_term pattern_input;
  std::size_t source = 0;  ///< of a pull
};

/// How one argument of the query is taken.
struct input_plan {
  query_input::type is = query_input::type::binding;
  enum class use : std::uint8_t { none, value, tuple, relation, function } as = use::none;
  std::size_t number = 0;             ///< of the source, input value, relation or function
  bound_columns binding;              ///< of a tuple or relation
  std::vector<std::uint32_t> values;  ///< the input value that each column of a tuple is
  value form;
};

class plan_cache;

struct program {
  value form;
  find_shape shape = find_shape::relation;
  std::vector<found> find;
  std::vector<input_plan> inputs;
  std::vector<value> sources;  ///< their names
  std::size_t input_values = 0;
  std::size_t input_relations = 0;
  std::size_t input_functions = 0;
  std::vector<std::uint32_t> planned_values;  ///< the input values that data patterns have: plans go by them
  std::vector<rule> rules;
  std::shared_ptr<const body> main;  ///< its head: the variables of :find and :with
  bool keeps_duplicates = false;     ///< :with
  query_options options;
  kind return_map_keys = kind::nil;
  std::vector<value> return_map_names;
  std::shared_ptr<plan_cache> plans;  ///< made for this program so far
};

/// Calls `f(var_id)` for each variable that `clause` has, some maybe twice.
template <class F>
void for_each_variable(const body_clause& clause, F&& f) {
  const auto in_terms = [&f](const auto& terms) {
    for (const slot_term& t : terms) {
      if (t.is_variable()) f(t.id);
    }
  };
  std::visit(
      [&](const auto& c) {
        using C = std::remove_cvref_t<decltype(c)>;
        if constexpr (std::is_same_v<C, pattern_clause>) {
          in_terms(c.terms);
        } else if constexpr (std::is_same_v<C, comparison_clause>) {
          if (c.left.is_variable()) f(c.left.id);
          if (c.right.is_variable()) f(c.right.id);
        } else if constexpr (std::is_same_v<C, call_clause>) {
          in_terms(c.arguments);
          if (c.result) in_terms(c.result->columns);
        } else if constexpr (std::is_same_v<C, relation_clause>) {
          in_terms(c.columns);
        } else if constexpr (std::is_same_v<C, rule_clause>) {
          in_terms(c.arguments);
        } else {
          for (const var_id v : c.shared) f(v);
        }
      },
      clause.is);
}

/// What stands in the slots of the rows that `clause` is joined with; empty for predicates and negations.
inline std::span<const slot_term> row_terms(const body_clause& clause) {
  if (const auto* p = std::get_if<pattern_clause>(&clause.is)) return p->terms;
  if (const auto* r = std::get_if<relation_clause>(&clause.is)) return r->columns;
  if (const auto* r = std::get_if<rule_clause>(&clause.is)) return r->arguments;
  const auto* call = std::get_if<call_clause>(&clause.is);
  if (call != nullptr && call->result) return call->result->columns;
  return {};
}

}  // namespace datolite::query
