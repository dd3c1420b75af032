// plan: the steps that answer a body, in order, with every variable a column number.
//
// Each step joins the rows found so far (y) with the rows of a clause (x), applies the predicates that can be
// decided by then, and keeps the columns that are needed later. Immutable; shared by executions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include <datolite/core/value.hpp>
#include <datolite/query/join_spec.hpp>
#include <datolite/query/order.hpp>
#include <datolite/query/pattern_template.hpp>
#include <datolite/query/program.hpp>

namespace datolite::query {

/// Where a predicate or call finds an argument.
struct argument_plan {
  operand::source from = operand::source::constant;
  std::size_t slot = 0;  ///< of x or y
  slot_term fixed;       ///< a constant or an input
};

/// A predicate; `call` is null for a comparison.
struct predicate_plan {
  const call_clause* call = nullptr;
  comparison op = comparison::equal;
  std::vector<argument_plan> arguments;
  value form;  ///< nil where the engine made it up

  bool uses(operand::source side) const noexcept {
    for (const argument_plan& a : arguments) {
      if (a.from == side) return true;
    }
    return false;
  }
};

/// The join_spec of a step, and what completes it.
struct join_plan {
  std::vector<join_pair> join;
  std::vector<projection> project_x, project_y;
  std::vector<predicate_plan> predicates;  ///< those that need no y first
  std::vector<join_predicate> ready;       ///< the same, unless `late`
  bool late = false;                       ///< a predicate depends on the inputs
  std::size_t width = 0;
  bool distinct = false;
  slot_set named;  ///< x slots for which names may come

  join_spec spec(std::span<const join_predicate> complete) const noexcept {
    return {join, project_x, project_y, complete, width, distinct, nullptr, 0, named};
  }
};

struct body_plan;

struct filter_step {};

struct pattern_step {
  std::size_t source = 0;
  std::size_t number = 0;  ///< of the clause in its body
  const pattern_template* pattern = nullptr;
};

struct relation_step {
  const relation_clause* clause = nullptr;
  bool as_it_is = false;  ///< the step's result is the relation itself
};

struct call_step {
  const call_clause* clause = nullptr;
  std::vector<argument_plan> arguments;
};

struct rule_step {
  const rule_clause* clause = nullptr;
  std::uint64_t mask = 0;            ///< bound arguments
  std::uint64_t named = 0;           ///< those whose variables may come as names
  std::vector<argument_plan> seeds;  ///< the values of the bound arguments, in order
};

struct not_step {
  std::vector<std::size_t> shared;  ///< y columns that seed the inner body
  std::shared_ptr<const body_plan> inner;
};

struct plan_step {
  value form;
  std::variant<filter_step, pattern_step, relation_step, call_step, rule_step, not_step> is;
  join_plan join;
  std::vector<var_id> binds_in, binds_out;  ///< columns before and after
};

struct body_plan {
  std::shared_ptr<const body> of;
  std::vector<predicate_plan> guards;  ///< predicates without variables
  std::vector<plan_step> steps;
  std::vector<var_id> columns_in;  ///< of the rows that it starts from
  std::vector<var_id> named_in;    ///< those that may come as names
  std::vector<std::size_t> head;   ///< where each head variable is among the last step's columns
  bool head_is_last = false;       ///< the last step's columns are the head
  body_order order;
};

/// The plan of `of` in the order given, for rows that have the columns `columns_in`, of which `named_in` may
/// come as names.
std::shared_ptr<const body_plan> make_plan(std::shared_ptr<const body> of, body_order order,
                                           std::vector<var_id> columns_in, std::vector<var_id> named_in);

}  // namespace datolite::query

#include <datolite/query/detail/plan_builder.hpp>
