// execute_steps: the implementation of the executor.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <datolite/query/detail/cycle_join.hpp>
#include <datolite/query/detail/plan_bodies.hpp>
#include <datolite/query/detail/refuse.hpp>
#include <datolite/query/executor.hpp>
#include <datolite/query/forced_way.hpp>
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
  step_state& state = frame.states[step];
  if (join.late && !std::exchange(state.completed, true)) {
    for (const predicate_plan& p : join.predicates) state.predicates.push_back(complete(p));
  }
  join_spec out = join.spec(join.late ? std::span<const join_predicate>{state.predicates} : join.ready);
  out.limits = env_.limits;
  return out;
}

inline relation executor::project_head(const body_plan& plan, relation rows) {
  if (plan.head_is_last) return distinct(std::move(rows));
  return distinct(std::move(rows).with_slots(plan.head));
}

inline relation executor::run(body_frame& frame, const relation& ys) {
  const body_plan& plan = *frame.plan;
  if (!guards_hold(plan)) return relation{plan.head.size()};
  if (plan.steps.empty()) return project_head(plan, ys);
  relation current;
  const relation* rows = &ys;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const auto* known = std::get_if<relation_step>(&plan.steps[i].is);
    std::size_t rows_in = rows->size();
    if (known != nullptr && known->as_it_is) {
      rows = &rows_of(*known->clause);
      frame.states[i].done.add(rows_in, rows->size());
    } else {
      poll();
      const holding held{env_.limits, rows->bytes()};
      if (auto closed = join_cycle(frame, i, *rows)) {
        current = std::move(closed->rows);
        frame.states[i].done.add(rows_in, closed->between);
        frame.states[i + 1].done.add(closed->between, closed->found);
        if (observer_ != nullptr && &frame == observed_)
          observer_->step_done(plan.steps[i], rows_in, closed->between), rows_in = closed->between;
        ++i;
        if (closed->counted) {
          frame.counted = closed->found;
          if (observer_ != nullptr && &frame == observed_)
            observer_->step_done(plan.steps[i], rows_in, closed->found);
          return relation{plan.head.size()};
        }
      } else {
        current = apply(frame, i, *rows);
      }
      rows = &current;
    }
    if (observer_ != nullptr && &frame == observed_)
      observer_->step_done(plan.steps[i], rows_in, rows->size());
    if (rows->empty()) return relation{plan.head.size()};
  }
  return project_head(plan, std::move(current));
}

inline relation executor::run_for(body_frame& frame, std::size_t enough) {
  const body_plan& plan = *frame.plan;
  const std::size_t few = std::max<std::size_t>(256, 4 * enough);
  if (plan.steps.empty() || observer_ != nullptr) return run(frame, relation::unit());
  if (!guards_hold(plan)) return relation{plan.head.size()};
  relation rows = relation::unit();
  bool all = true;
  for (std::size_t i = 0; i < plan.steps.size() && !rows.empty(); ++i) {
    poll();
    const std::size_t most = i + 1 == plan.steps.size() ? enough : few;
    {
      const holding held{env_.limits, rows.bytes()};
      rows = apply(frame, i, rows, most);
    }
    if (rows.size() < most) continue;
    all = false;
    if (most == few) rows.truncate(few);
  }
  if (rows.empty() && all) return relation{plan.head.size()};
  relation found = project_head(plan, std::move(rows));
  return all || found.size() >= enough ? std::move(found) : run(frame, relation::unit());
}

inline relation executor::apply(body_frame& frame, std::size_t step, const relation& ys, std::size_t enough) {
  const plan_step& s = frame.plan->steps[step];
  join_spec spec = this->spec(frame, step);
  spec.enough = enough;
  const bool is_last = step + 1 == frame.plan->steps.size();
  if (frame.absorbed && is_last && !spec.project_x.empty()) spec.distinct = false;
  relation out;
  switch (s.is.index()) {
    case 0: out = filter(ys, spec); break;
    case 1: out = join_pattern(frame, step, ys, spec); break;
    case 2: out = join_relation(rows_of(*std::get<relation_step>(s.is).clause), ys, spec); break;
    case 3: out = join_call(std::get<call_step>(s.is), s.form, frame.source, ys, spec); break;
    case 4:
      out = join_relation(frame.tables->answers(std::get<rule_step>(s.is), ys, frame.source), ys, spec);
      break;
    default: out = deny(frame, step, ys, spec);
  }
  if (spec.distinct) out = distinct(std::move(out));
  frame.states[step].done.add(ys.size(), out.size());
  return out;
}

inline relation executor::filter(const relation& ys, const join_spec& spec) const {
  std::vector<std::uint32_t> all(ys.size());
  std::iota(all.begin(), all.end(), std::uint32_t{0});
  return keep_rows(ys, spec, all);
}

/// The rows of ys that `kept` numbers, as the step's result.
inline relation executor::keep_rows(const relation& ys, const join_spec& spec,
                                    std::vector<std::uint32_t>& kept) const {
  batch_joiner join{ys, spec};
  std::vector<std::uint32_t> nothing(kept.size());
  join.add_pairs({}, nothing, kept, 0);
  return std::move(join).finish();
}

/// What the source of a pattern gave; it is asked the first time.
inline const any_ijoin& executor::rows_of_pattern(body_frame& frame, std::size_t step) {
  const plan_step& s = frame.plan->steps[step];
  const auto& pattern = std::get<pattern_step>(s.is);
  if (frame.asked_before != nullptr) {
    const auto& steps = frame.asked_before->plan->steps;
    const auto same = std::find_if(steps.begin(), steps.end(), [&](const plan_step& other) {
      const auto* is = std::get_if<pattern_step>(&other.is);
      return is != nullptr && is->number == pattern.number;
    });
    return rows_of_pattern(*frame.asked_before, static_cast<std::size_t>(same - steps.begin()));
  }
  step_state& state = frame.states[step];
  if (!state.rows) {
    const any_source& asked = source(pattern.source, frame.source, s.form);
    const clause_pattern view = pattern_of(*pattern.pattern, env_.io);
    detail::naming_clause(s.form, [&] { state.rows.emplace(asked.extrel(view)); });
  }
  return *state.rows;
}

/// A step and the next in one, where they close a cycle and there are many rows.
inline std::optional<cycle_rows> executor::join_cycle(body_frame& frame, std::size_t step,
                                                      const relation& ys) {
  const std::size_t few = detail::is_forced(detail::way::cycle) ? 1 : 1024;
  const auto& steps = frame.plan->steps;
  if (ys.size() < few || step + 1 >= steps.size()) return std::nullopt;
  const auto found = detail::find_cycle(steps[step], steps[step + 1]);
  if (!found || !ys.column(found->y_first).is_integral() || !ys.column(found->y_second).is_integral())
    return std::nullopt;
  const auto read = [&](std::size_t at, std::size_t in, std::size_t out) {
    const join_plan two = detail::two_slots(in, out);
    join_spec spec = two.spec({});
    spec.limits = env_.limits;
    relation rows;
    detail::naming_clause(
        steps[at].form, [&] { rows = rows_of_pattern(frame, at).join_project_with(relation::unit(), spec); });
    return distinct(std::move(rows));
  };
  const auto known = step == 1 ? detail::read_before(steps[0], steps[1], *found, ys) : std::nullopt;
  relation opened, closed;
  if (known)
    rows_of_pattern(frame, step);  // each clause is asked for, though it may not be read
  else
    opened = read(step, found->first_in, found->first_out);
  const detail::number_pairs opening = known ? *known : detail::pairs_of(opened);
  if (!detail::are_integral(opening)) return std::nullopt;
  rows_of_pattern(frame, step + 1);
  detail::number_pairs closing = opening;
  if (!detail::reads_the_same(steps[step], steps[step + 1], *found)) {
    closed = read(step + 1, found->second_in, found->second_out);
    closing = detail::pairs_of(closed);
  }
  if (!detail::are_integral(closing)) return std::nullopt;
  const plan_step& last = steps[step + 1];
  const bool counts = frame.only_counts && step + 2 == steps.size() && detail::keeps_a_set(ys, last) &&
                      frame.plan->head.size() == last.join.width;
  auto done = detail::cycle_join{ys, *found, opening, closing, env_.limits}.run(steps[step], last, counts);
  if (done && last.join.distinct && !counts) {
    done->rows = distinct(std::move(done->rows));
    done->found = done->rows.size();
  }
  return done;
}

inline relation executor::join_pattern(body_frame& frame, std::size_t step, const relation& ys,
                                       const join_spec& spec) {
  const plan_step& s = frame.plan->steps[step];
  const auto& pattern = std::get<pattern_step>(s.is);
  step_state& state = frame.states[step];
  if (state.kept) return join_kept(state, ys, spec);
  const any_ijoin& rows = rows_of_pattern(frame, step);
  if (frame.runs_again && rows.always_scans() && std::exchange(state.joined_before, true)) {
    std::vector<projection> all;
    const std::size_t width = pattern.pattern->wanted.end();
    for (std::size_t i = 0; i < width; ++i) all.push_back({i, i});
    const join_spec every{{}, all, {}, {}, width, false, env_.limits};
    detail::naming_clause(s.form, [&] { state.kept = rows.join_project_with(relation::unit(), every); });
    if (env_.limits != nullptr) {
      env_.limits->hold(state.kept->bytes());
      kept_bytes_ += state.kept->bytes();
    }
    return join_kept(state, ys, spec);
  }
  relation out;
  detail::naming_clause(s.form, [&] { out = rows.join_project_with(ys, spec); });
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
  if (spec.join.empty()) return join_relation(xs, ys, spec);
  detail::extend(state.kept_index, xs, xs.size(), spec.join.size(),
                 [&](std::size_t c) { return spec.join[c].x; });
  detail::pair_feeder pairs{xs, ys, spec};
  for (std::size_t y = 0; y < ys.size(); ++y) {
    const std::size_t hash = detail::hash_of_pairs(ys, spec, y, [](const join_pair& p) { return p.y; });
    state.kept_index.any(hash, [&](std::size_t x) { return pairs.add(x, y), false; });
  }
  return std::move(pairs).finish();
}

/// What the call gives for one row.
inline value executor::call_value(const call_step& call, const value& form, std::size_t callers,
                                  const index_access* db, const relation& ys, std::size_t y,
                                  std::vector<value>& arguments) const {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const argument_plan& a = call.arguments[i];
    arguments[i] = a.from == operand::source::y ? ys.row(y)[a.slot] : fixed(a.fixed);
  }
  if (db != nullptr) return query::call(call.clause->database, *db, std::span{arguments}.subspan(1), env_.io);
  if (call.clause->nested == nullptr) return callee(*call.clause)(arguments);
  std::vector<nested_argument> given;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const slot_term& t = call.clause->arguments[i];
    if (t.is == slot_term::type::source) {
      const bool is_callers = t.id == static_cast<std::uint32_t>(callers_source);
      given.push_back({&source(is_callers ? callers_source : t.id, callers, form), {}});
    } else {
      given.push_back({nullptr, arguments[i]});
    }
  }
  return ask_nested(*call.clause->nested, env_, given);
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
  constexpr std::size_t enough = 1024;
  const bool scalar = result.form.is == binding_form::type::scalar;
  batch_joiner join{ys, spec};
  relation rows{result.columns.size()};
  std::vector<std::uint32_t> x, of_y;
  std::vector<batch_slot> slots;
  const auto flush = [&] {
    const row_batch all = batch_of(rows, slots);
    join.add_pairs(all, x, of_y, 0);
    rows.clear();
  };
  detail::naming_clause(form, [&] {
    for (std::size_t y = 0; y < ys.size(); ++y) {
      if ((y & 255) == 0) poll();
      value found = call_value(call, form, callers, db, ys, y, arguments);
      if (found.is_nil()) continue;
      if (scalar) {
        rows.put(0, std::move(found)), rows.commit_row();
      } else {
        destructure(found, result.form, rows);
      }
      while (x.size() < rows.size()) {
        x.push_back(static_cast<std::uint32_t>(x.size())), of_y.push_back(static_cast<std::uint32_t>(y));
      }
      if (rows.size() >= enough) flush();
    }
  });
  flush();
  return std::move(join).finish();
}

inline relation executor::deny(body_frame& frame, std::size_t step, const relation& ys,
                               const join_spec& spec) {
  const auto& no = std::get<not_step>(frame.plan->steps[step].is);
  step_state& state = frame.states[step];
  if (state.inner == nullptr) {
    state.inner = std::make_unique<body_frame>(*no.inner, frame.source, *frame.tables, frame.runs_again);
  }
  std::vector<std::uint32_t> all(ys.size());
  std::iota(all.begin(), all.end(), std::uint32_t{0});
  relation seeds{no.shared.size()};
  for (std::size_t to = 0; to < no.shared.size(); ++to)
    seeds.column_to_fill(to).append(ys.column(no.shared[to]), all);
  seeds.commit_rows(ys.size());
  const relation denied = run(*state.inner, distinct(std::move(seeds)));
  if (denied.empty()) return keep_rows(ys, spec, all);
  row_index index;
  index.reserve(denied.size());
  for (std::size_t i = 0; i < denied.size(); ++i) index.add(hash_row(denied, i));
  std::erase_if(all, [&](std::uint32_t y) {
    return index.any(hash_cells(ys, no.shared, y), [&](std::size_t x) {
      for (std::size_t c = 0; c < no.shared.size(); ++c) {
        if (!same_cell(denied.column(c), x, ys.column(no.shared[c]), y)) return false;
      }
      return true;
    });
  });
  return keep_rows(ys, spec, all);
}

}  // namespace datolite::query
