// executor: answers the steps of a plan.
//
// Rows flow from step to step as relations. Everything that lasts as long as one execution, the relations
// that sources gave (`extrel` is called once a clause), predicates with the inputs in them, is kept in a
// frame a body. Used by one thread. The members are in detail/execute_steps.hpp.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include <datolite/query/any_source.hpp>
#include <datolite/query/batch_joiner.hpp>
#include <datolite/query/destructure.hpp>
#include <datolite/query/order.hpp>
#include <datolite/query/plan.hpp>
#include <datolite/query/plan_cache.hpp>
#include <datolite/query/program.hpp>
#include <datolite/query/row_index.hpp>
#include <datolite/query/row_joiner.hpp>
#include <datolite/query/watch.hpp>

namespace datolite::query {

/// What one execution is given.
struct environment {
  const program* of = nullptr;
  std::vector<any_source> sources;
  std::vector<value> values;        ///< of the scalar and tuple inputs
  std::vector<relation> relations;  ///< of the others
  std::vector<function> functions;
  io_counters* io = nullptr;
  watch* limits = nullptr;      ///< may be null
  plan_cache* plans = nullptr;  ///< of the program
};

class rule_tables;
class step_observer;
struct cycle_rows;

/// An argument of a query within a query: a source, or a value.
struct nested_argument {
  const any_source* source = nullptr;
  value given{};
};

/// The answer of a query within a query, under the same limits.
value ask_nested(const prepared& query, const environment& within,
                 std::span<const nested_argument> arguments);

/// How often a step was answered, and the rows that went in and came out in sum.
struct step_rows {
  std::size_t runs = 0, in = 0, out = 0;
  void add(std::size_t rows_in, std::size_t rows_out) noexcept { ++runs, in += rows_in, out += rows_out; }
};

/// What an execution keeps of one step.
struct step_state {
  step_rows done;
  std::optional<any_ijoin> rows;           ///< what extrel gave
  std::vector<join_predicate> predicates;  ///< with the inputs in them, when they need any
  bool completed = false;                  ///< `predicates` is filled
  std::optional<relation> kept;            ///< rows of a source that would read all of them again
  row_index kept_index;
  bool joined_before = false;
  std::unique_ptr<struct body_frame> inner;  ///< of a negation
};

/// What an execution keeps of one body.
struct body_frame {
  body_frame(const body_plan& p, std::size_t s, rule_tables& t, bool again)
      : plan{&p}, source{s}, tables{&t}, runs_again{again}, states(p.steps.size()) {}

  const body_plan* plan;
  std::size_t source;                  ///< the caller's, in a rule
  rule_tables* tables;                 ///< where its calls of rules are answered
  bool runs_again;                     ///< its steps will be answered more than once
  bool absorbed = false;               ///< whoever takes the last step's rows looks for duplicates itself
  body_frame* asked_before = nullptr;  ///< has what the sources gave for these clauses, if not null
  bool only_counts = false;            ///< nobody wants the rows, only how many there are
  std::optional<std::size_t> counted;  ///< how many, if the last step could tell without making them
  std::vector<step_state> states;
};

class executor {
 public:
  explicit executor(const environment& env) : env_{env} {}
  executor(const executor&) = delete;
  executor& operator=(const executor&) = delete;
  ~executor() {
    if (env_.limits != nullptr) env_.limits->give_back(kept_bytes_);
  }

  const environment& env() const noexcept { return env_; }

  /// Tells `observer` of the steps of `frame`.
  void observe(const body_frame& frame, step_observer& observer) noexcept {
    observed_ = &frame;
    observer_ = &observer;
  }

  /// The bindings of the body's head that agree with `ys`; its columns are the plan's columns_in. A set. None
  /// if the frame says how many there are.
  relation run(body_frame& frame, const relation& ys);

  /// The same for the query's own body, if `enough` of them suffice: there may be fewer than all, but not
  /// fewer than that. It is tried with few rows a step first, all that these give being answers; where that
  /// is not enough, it is done again with all of them.
  relation run_for(body_frame& frame, std::size_t enough);

  /// One step, for so many rows if not for all. REQUIRES: it is no call of a rule, or the frame's tables
  /// answer it completely.
  relation apply(body_frame& frame, std::size_t step, const relation& ys, std::size_t enough = 0);

  /// Asks each source for the rows of its pattern, though nobody may read them.
  void ask_sources(body_frame& frame) {
    for (std::size_t i = 0; i < frame.plan->steps.size(); ++i) {
      if (std::holds_alternative<pattern_step>(frame.plan->steps[i].is)) rows_of_pattern(frame, i);
    }
  }

  /// Whether the predicates without variables hold.
  bool guards_hold(const body_plan& plan) const;

  /// The join of a step, with the inputs in it. Valid while the frame lives.
  join_spec spec(body_frame& frame, std::size_t step) const;

  /// Columns in the order of the head. A set.
  static relation project_head(const body_plan& plan, relation rows);

  /// What the source of a data pattern promises, in a rule that was called on the source `callers`.
  double estimated_rows(const body& of, std::size_t clause, std::size_t callers) const {
    return estimate(of, clause, callers);
  }

  /// The value of a constant or an input.
  const value& given(const slot_term& t) const {
    return t.is == slot_term::type::input ? env_.values[t.id] : t.constant;
  }

  /// An order and plan for `of`, made with the sources' estimates, for rows of the columns `columns_in`, of
  /// which `named_in` may come as names.
  std::shared_ptr<const body_plan> plan(const std::shared_ptr<const body>& of,
                                        const std::vector<var_id>& columns_in,
                                        const std::vector<var_id>& named_in, std::size_t source) const;

  /// The arguments of a rule, called on the source `callers`, for which it takes names.
  slot_set resolved_arguments(std::size_t rule, std::size_t callers) const {
    return names_of_rule(rule, callers).resolved;
  }

 private:
  std::shared_ptr<const body_plan> estimated_plan(const std::shared_ptr<const body>& of,
                                                  const std::vector<var_id>& columns_in,
                                                  const std::vector<var_id>& named_in,
                                                  std::size_t source) const;
  bool find_recent() const;
  bool are_recent(const recent_plans& plans) const;
  void keep_recent(const std::shared_ptr<const body_plan>& made, std::size_t source) const;

  /// What the sources think of the clauses of a body and of its negations, rounded.
  struct estimates {
    std::vector<std::pair<const body*, std::size_t>> of;
    plan_basis basis;
    struct refined {
      const body* of;
      std::size_t clause, by;
      var_id variable;
      rounded_size rows;
    };
    std::vector<refined> refinements;
    double rows(const body& in, std::size_t clause) const;
    std::vector<refined_size> refine(const body& in, std::size_t clause) const;
  };
  slot_set required(const body& of, std::size_t clause, std::size_t callers) const;
  slot_set given_names(const body& of, std::size_t clause, std::size_t callers) const;
  slot_set resolved(const body& of, std::size_t clause, std::size_t callers) const;
  name_flow names(const body& of, std::size_t callers) const;
  struct rule_names {
    slot_set given, resolved;
    friend bool operator==(const rule_names&, const rule_names&) = default;
  };
  rule_names names_of_rule(std::size_t rule, std::size_t callers) const;
  void add_names(const body& of, std::size_t callers, var_set& given, var_set& taken) const;
  rule_names names_of_branches(std::size_t rule, std::size_t callers) const;
  void add_needs(const body& of, std::size_t source, plan_basis& out) const;
  bool may_require() const;
  void add_needs_of_rules(const body& of, std::size_t source,
                          std::set<std::pair<std::size_t, std::size_t>>& seen, plan_basis& out) const;
  void estimate_all(const body& of, std::size_t source, estimates& out) const;
  std::optional<var_id> known_variable(const body& of, std::size_t clause, std::size_t source) const;
  std::vector<value> known_values(const body& of, std::size_t clause, std::size_t source) const;
  void refine_all(const body& of, std::size_t source, estimates& out) const;
  std::optional<double> refined(const body& of, std::size_t clause, std::size_t slot,
                                std::span<const value> values, std::size_t source) const;

  const relation& rows_of(const relation_clause& clause) const {
    return clause.input ? env_.relations[*clause.input] : clause.rows;
  }
  const any_source& source(std::size_t number, std::size_t callers, const value& form) const;
  clause_pattern pattern_of(const pattern_template& of, io_counters* io) const;
  value fixed(const slot_term& t) const {
    return t.is == slot_term::type::input ? env_.values[t.id] : t.constant;
  }
  const function& callee(const call_clause& c) const {
    return c.callee ? c.callee : env_.functions[c.input_callee];
  }
  join_predicate complete(const predicate_plan& p) const;
  double estimate(const body& of, std::size_t clause, std::size_t callers) const;
  void poll() const {
    if (env_.limits != nullptr) env_.limits->poll();
  }
  relation filter(const relation& ys, const join_spec& spec) const;
  relation keep_rows(const relation& ys, const join_spec& spec, std::vector<std::uint32_t>& kept) const;
  relation join_pattern(body_frame& frame, std::size_t step, const relation& ys, const join_spec& spec);
  std::optional<cycle_rows> join_cycle(body_frame& frame, std::size_t step, const relation& ys);
  const any_ijoin& rows_of_pattern(body_frame& frame, std::size_t step);
  relation join_kept(step_state& state, const relation& ys, const join_spec& spec) const;
  relation join_call(const call_step& call, const value& form, std::size_t callers, const relation& ys,
                     const join_spec& spec) const;
  value call_value(const call_step& call, const value& form, std::size_t callers, const index_access* db,
                   const relation& ys, std::size_t y, std::vector<value>& arguments) const;
  relation deny(body_frame& frame, std::size_t step, const relation& ys, const join_spec& spec);

  const environment& env_;
  mutable std::optional<bool> may_find_recent_;  ///< known with the first plan
  mutable std::shared_ptr<const recent_plans> recent_;
  mutable recent_plans unkept_;  ///< what they are to be made for
  mutable std::vector<std::pair<const pattern_template*, bound_pattern>> late_;  ///< with the inputs in them
  mutable std::map<std::pair<std::size_t, std::size_t>, rule_names>
      rule_names_;  ///< by rule and caller's source
  mutable bool rule_names_change_ = false, rule_names_settle_ = false;
  std::size_t kept_bytes_ = 0;  ///< of the rows of sources that are kept, as the limits know
  step_observer* observer_ = nullptr;
  const body_frame* observed_ = nullptr;
};

/// Sees each step of the query's own body.
class step_observer {
 public:
  virtual ~step_observer() = default;
  virtual void step_done(const plan_step& step, std::size_t rows_in, std::size_t rows_out) = 0;
};

}  // namespace datolite::query
