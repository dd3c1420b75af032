// execute_steps: the implementation of the executor.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <datolite/query/detail/refuse.hpp>
#include <datolite/query/executor.hpp>
#include <datolite/query/rule_tables.hpp>

namespace datolite::query {

inline const any_source& executor::source(std::size_t number, std::size_t callers, const value& form) const {
  const std::size_t at = number == callers_source ? callers : number;
  if (at >= env_.sources.size()) detail::refuse("db.error/unknown-source", "there is no source $", form);
  return env_.sources[at];
}

inline join_predicate executor::complete(const predicate_plan& p) const {
  std::vector<operand> operands;
  operands.reserve(p.arguments.size());
  for (const argument_plan& a : p.arguments) {
    operands.push_back({a.from, a.slot, a.from == operand::source::constant ? fixed(a.fixed) : value{}});
  }
  if (p.call != nullptr) return {callee(*p.call), std::move(operands), p.form};
  return {p.op, std::move(operands[0]), std::move(operands[1])};
}

inline bool executor::guards_hold(const body_plan& plan) const {
  for (const predicate_plan& guard : plan.guards) {
    if (!complete(guard)(detail::no_row{}, detail::no_row{})) return false;
  }
  return true;
}

inline join_spec executor::spec(body_frame& frame, std::size_t step) const {
  const join_plan& join = frame.plan->steps[step].join;
  if (!join.late) return join.spec(join.ready);
  step_state& state = frame.states[step];
  if (!std::exchange(state.completed, true)) {
    for (const predicate_plan& p : join.predicates) state.predicates.push_back(complete(p));
  }
  return join.spec(state.predicates);
}

inline relation executor::project_head(const body_plan& plan, relation rows) {
  if (plan.head_is_last) return distinct(std::move(rows));
  relation out{plan.head.size()};
  out.reserve(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    out.append_with([&](std::size_t slot) -> const value& { return rows.row(i)[plan.head[slot]]; });
  }
  return distinct(std::move(out));
}

inline relation executor::run(body_frame& frame, const relation& ys) {
  const body_plan& plan = *frame.plan;
  if (!guards_hold(plan)) return relation{plan.head.size()};
  if (plan.steps.empty()) return project_head(plan, ys);
  relation current;
  const relation* rows = &ys;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const auto* known = std::get_if<relation_step>(&plan.steps[i].is);
    const std::size_t rows_in = rows->size();
    if (known != nullptr && known->as_it_is) {
      rows = &rows_of(*known->clause);
    } else {
      current = apply(frame, i, *rows);
      rows = &current;
    }
    if (observer_ != nullptr && &frame == observed_)
      observer_->step_done(plan.steps[i], rows_in, rows->size());
    if (rows->empty()) return relation{plan.head.size()};
  }
  return project_head(plan, std::move(current));
}

inline relation executor::apply(body_frame& frame, std::size_t step, const relation& ys) {
  const plan_step& s = frame.plan->steps[step];
  const join_spec spec = this->spec(frame, step);
  relation out;
  switch (s.is.index()) {
    case 0: out = filter(ys, spec); break;
    case 1: out = join_pattern(frame, step, ys, spec); break;
    case 2:
      out = datolite::join_project_with(rows_of(*std::get<relation_step>(s.is).clause), ys, spec);
      break;
    case 3: out = join_call(std::get<call_step>(s.is), s.form, frame.source, ys, spec); break;
    case 4:
      out = datolite::join_project_with(frame.tables->answers(std::get<rule_step>(s.is), ys, frame.source),
                                        ys, spec);
      break;
    default: out = deny(frame, step, ys, spec);
  }
  return spec.distinct ? distinct(std::move(out)) : std::move(out);
}

inline relation executor::filter(const relation& ys, const join_spec& spec) const {
  row_joiner join{ys, spec};
  join.add(detail::no_row{});
  return std::move(join).finish();
}

inline relation executor::join_pattern(body_frame& frame, std::size_t step, const relation& ys,
                                       const join_spec& spec) {
  const plan_step& s = frame.plan->steps[step];
  const auto& pattern = std::get<pattern_step>(s.is);
  step_state& state = frame.states[step];
  if (state.kept) return join_kept(state, ys, spec);
  if (!state.rows) {
    const bound_pattern bound{*pattern.pattern, env_.values};
    const any_source& asked = source(pattern.source, frame.source, s.form);
    detail::naming_clause(s.form, [&] { state.rows.emplace(asked.extrel(bound.view(env_.io))); });
  }
  if (frame.runs_again && state.rows->always_scans() && std::exchange(state.joined_before, true)) {
    std::vector<projection> all;
    const std::size_t width = pattern.pattern->wanted.end();
    for (std::size_t i = 0; i < width; ++i) all.push_back({i, i});
    state.kept = state.rows->join_project_with(relation::unit(), join_spec{{}, all, {}, {}, width, false});
    return join_kept(state, ys, spec);
  }
  relation out = state.rows->join_project_with(ys, spec);
  if (out.width() != spec.width) {
    detail::refuse("db.error/invalid-data-source",
                   "join_project_with gave rows of " + std::to_string(out.width()) + " slots instead of " +
                       std::to_string(spec.width),
                   s.form);
  }
  return out;
}

inline relation executor::join_kept(step_state& state, const relation& ys, const join_spec& spec) const {
  const relation& xs = *state.kept;
  if (spec.join.empty()) return datolite::join_project_with(xs, ys, spec);
  detail::extend(state.kept_index, xs, spec.join.size(), [&](std::size_t c) { return spec.join[c].x; });
  row_joiner join{ys, spec};
  for (std::size_t y = 0; y < ys.size(); ++y) {
    std::size_t hash = 0;
    for (const join_pair& p : spec.join) hash = hash_with(hash, ys.row(y)[p.y]);
    state.kept_index.any(hash, [&](std::size_t x) { return join.add(xs.row(x), y), false; });
  }
  return std::move(join).finish();
}

inline relation executor::join_call(const call_step& call, const value& form, std::size_t callers,
                                    const relation& ys, const join_spec& spec) const {
  const bound_columns& result = *call.clause->result;
  std::vector<value> arguments(call.arguments.size());
  const index_access* db = nullptr;
  if (call.clause->database != database_function::none) {
    const std::uint32_t id = call.clause->arguments[0].id;
    const bool is_callers = id == static_cast<std::uint32_t>(callers_source);
    db = source(is_callers ? callers_source : id, callers, form).access();
    if (db == nullptr) {
      detail::refuse(detail::invalid_data_source, "the source is no database: it offers no access()", form);
    }
  }
  relation rows{result.columns.size()};
  row_joiner join{ys, spec};
  detail::naming_clause(form, [&] {
    for (std::size_t y = 0; y < ys.size(); ++y) {
      for (std::size_t i = 0; i < arguments.size(); ++i) {
        const argument_plan& a = call.arguments[i];
        arguments[i] = a.from == operand::source::y ? ys.row(y)[a.slot] : fixed(a.fixed);
      }
      const value found =
          db == nullptr ? callee(*call.clause)(arguments)
                        : query::call(call.clause->database, *db, std::span{arguments}.subspan(1), env_.io);
      if (found.is_nil()) continue;
      rows.clear();
      destructure(found, result.form, rows);
      for (std::size_t x = 0; x < rows.size(); ++x) join.add(rows.row(x), y);
    }
  });
  return std::move(join).finish();
}

inline relation executor::deny(body_frame& frame, std::size_t step, const relation& ys,
                               const join_spec& spec) {
  const auto& no = std::get<not_step>(frame.plan->steps[step].is);
  step_state& state = frame.states[step];
  if (state.inner == nullptr) {
    state.inner = std::make_unique<body_frame>(*no.inner, frame.source, *frame.tables, frame.runs_again);
  }
  relation seeds{no.shared.size()};
  for (std::size_t y = 0; y < ys.size(); ++y) {
    seeds.append_with([&](std::size_t slot) -> const value& { return ys.row(y)[no.shared[slot]]; });
  }
  const relation denied = run(*state.inner, distinct(std::move(seeds)));
  std::vector<join_pair> on;
  for (std::size_t i = 0; i < no.shared.size(); ++i) on.push_back({i, no.shared[i]});
  row_index index;
  detail::extend(index, denied, on.size(), [](std::size_t c) { return c; });
  row_joiner join{ys, spec};
  for (std::size_t y = 0; y < ys.size(); ++y) {
    std::size_t hash = 0;
    for (const join_pair& p : on) hash = hash_with(hash, ys.row(y)[p.y]);
    const bool found = index.any(hash, [&](std::size_t x) {
      for (const join_pair& p : on) {
        if (!query_equal(denied.row(x)[p.x], ys.row(y)[p.y])) return false;
      }
      return true;
    });
    if (!found) join.add(detail::no_row{}, y);
  }
  return std::move(join).finish();
}

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

inline body_order executor::order(const body& of, const std::vector<var_id>& columns_in,
                                  std::size_t source) const {
  detail::orderer orderer{env_.of->rules,
                          [&](const body& in, std::size_t clause) { return estimate(in, clause, source); }};
  var_set bound(of.names.size());
  for (const var_id v : columns_in) bound[v] = true;
  return orderer.run(of, std::move(bound));
}

inline std::shared_ptr<const body_plan> executor::plan(const std::shared_ptr<const body>& of,
                                                       std::vector<var_id> columns_in,
                                                       std::size_t source) const {
  body_order chosen = order(*of, columns_in, source);
  return make_plan(of, std::move(chosen), std::move(columns_in));
}

}  // namespace datolite::query
