// rule_tables: rules answered to their least fixpoint, driven by what the callers bind.
//
// For each way in which a rule is called (the rule, its source, which arguments are bound) there is a table:
// the values it has been asked for (seeds), and the answers found. A branch of the rule starts from the
// seeds; where it calls a rule, the rows that wait there (the call site) are kept, ask the callee's table for
// their values, and go on with each answer, now or when it is found. Only new rows ever move, so every pair
// of a row and an answer is joined once: recursion may stand anywhere in a body, any number of times, and
// ends on cycles.
//
// Negations within rules are answered by tables of their own, which are complete each time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include <datolite/query/executor.hpp>
#include <datolite/query/plan.hpp>
#include <datolite/query/relation.hpp>
#include <datolite/query/row_index.hpp>

namespace datolite::query {

class rule_tables {
 public:
  explicit rule_tables(executor& with) noexcept : with_{with} {}
  rule_tables(const rule_tables&) = delete;
  rule_tables& operator=(const rule_tables&) = delete;

  /// All answers to the call for the bound values in `ys`, and maybe others. Valid until the next call.
  const relation& answers(const rule_step& call, const relation& ys, std::size_t of_caller);

  /// Tables for what stands under a negation in a rule of these.
  rule_tables& nested() {
    if (nested_ == nullptr) nested_ = std::make_unique<rule_tables>(with_);
    return *nested_;
  }

 private:
  struct table;
  struct branch;

  /// Rows of a branch that wait at a call for answers.
  struct call_site {
    branch* of = nullptr;
    std::size_t step = 0;
    table* callee = nullptr;
    relation rows;
    row_set known;
    row_index rows_index, answer_index;  ///< by the columns that the call joins on
    std::size_t seen = 0;                ///< answers that have been joined with all rows
    bool queued = false;
  };

  struct branch {
    table* of = nullptr;
    std::shared_ptr<const body_plan> plan;
    std::unique_ptr<body_frame> frame;
    std::map<std::size_t, call_site> sites;  ///< by step
  };

  struct table {
    relation seeds;
    row_set known_seeds;
    std::size_t seeds_done = 0;
    bool queued = false;
    relation answers;
    row_set known_answers;
    std::vector<call_site*> callers;
    std::deque<branch> branches;
  };

  using key = std::tuple<std::size_t, std::size_t, std::uint64_t>;  // rule, source, bound arguments

  table& find(const rule_step& call, std::size_t source);
  void make_branches(table& of, const rule& r, std::size_t source, std::uint64_t mask);
  void ask(table& callee, const rule_step& call, const relation& ys, std::size_t first);
  void drain();
  void run(branch& of, std::size_t step, relation rows);
  void finish(branch& of, relation rows);
  relation wait(call_site& site, const relation& rows);
  relation take_new_answers(call_site& site);
  template <class T>
  void enqueue(T& what) {
    if (std::exchange(what.queued, true)) return;
    queue_.push_back(&what);
  }

  executor& with_;
  std::map<key, table> tables_;
  std::deque<std::variant<table*, call_site*>> queue_;
  std::unique_ptr<rule_tables> nested_;
};

// ---------------------------------------------------------------------------------------------------------------

namespace detail {

/// The rows of `all` from the `first`-th on.
inline relation tail(const relation& all, std::size_t first) {
  relation out{all.width()};
  out.reserve(all.size() - first);
  for (std::size_t i = first; i < all.size(); ++i) out.append(all.row(i));
  return out;
}

/// Adds to `index` the rows of `of` that it has not; `column(i)` is the i-th column of the key.
template <class F>
void extend(row_index& index, const relation& of, std::size_t columns, F&& column) {
  for (std::size_t i = index.size(); i < of.size(); ++i) {
    std::size_t hash = 0;
    for (std::size_t c = 0; c < columns; ++c) hash = hash_with(hash, of.row(i)[column(c)]);
    index.add(hash);
  }
}

}  // namespace detail

inline const relation& rule_tables::answers(const rule_step& call, const relation& ys,
                                            std::size_t of_caller) {
  const std::size_t source = call.clause->source == callers_source ? of_caller : call.clause->source;
  table& callee = find(call, source);
  ask(callee, call, ys, 0);
  drain();
  return callee.answers;
}

inline rule_tables::table& rule_tables::find(const rule_step& call, std::size_t source) {
  const auto [at, added] = tables_.try_emplace(key{call.clause->rule, source, call.mask});
  table& found = at->second;
  if (added) {
    const rule& r = with_.env().of->rules[call.clause->rule];
    found.seeds = relation{call.seeds.size()};
    found.answers = relation{r.arity};
    make_branches(found, r, source, call.mask);
  }
  return found;
}

inline void rule_tables::make_branches(table& of, const rule& r, std::size_t source, std::uint64_t mask) {
  for (const auto& compiled : r.branches) {
    std::vector<var_id> columns_in;
    for (std::size_t i = 0; i < r.arity; ++i) {
      if ((mask >> i & 1) != 0) columns_in.push_back(compiled->head[i]);
    }
    branch& b = of.branches.emplace_back();
    b.of = &of;
    b.plan = with_.plan(compiled, std::move(columns_in), source);
    b.frame = std::make_unique<body_frame>(*b.plan, source, nested(), true);
  }
}

/// Asks `callee` for the bound values in the rows of `ys` from the `first`-th on.
inline void rule_tables::ask(table& callee, const rule_step& call, const relation& ys, std::size_t first) {
  const auto& values = with_.env().values;
  const std::size_t before = callee.seeds.size();
  for (std::size_t i = first; i < ys.size(); ++i) {
    const auto row = ys.row(i);
    callee.seeds.append_with([&](std::size_t slot) -> const value& {
      const argument_plan& a = call.seeds[slot];
      if (a.from == operand::source::y) return row[a.slot];
      return a.fixed.is == slot_term::type::input ? values[a.fixed.id] : a.fixed.constant;
    });
    callee.known_seeds.keep_last(callee.seeds);
  }
  if (callee.seeds.size() > before) enqueue(callee);
}

inline void rule_tables::drain() {
  while (!queue_.empty()) {
    const auto next = queue_.front();
    queue_.pop_front();
    if (table* const* t = std::get_if<table*>(&next)) {
      (*t)->queued = false;
      const relation seeds = detail::tail((*t)->seeds, std::exchange((*t)->seeds_done, (*t)->seeds.size()));
      for (branch& b : (*t)->branches) {
        if (with_.guards_hold(*b.plan)) run(b, 0, seeds);
      }
    } else {
      call_site& site = *std::get<call_site*>(next);
      site.queued = false;
      run(*site.of, site.step + 1, take_new_answers(site));
    }
  }
}

inline void rule_tables::run(branch& of, std::size_t step, relation rows) {
  for (; step < of.plan->steps.size() && !rows.empty(); ++step) {
    const auto* call = std::get_if<rule_step>(&of.plan->steps[step].is);
    if (call == nullptr) {
      rows = with_.apply(*of.frame, step, rows);
      continue;
    }
    call_site& site = of.sites[step];
    if (site.callee == nullptr) {
      site.of = &of, site.step = step;
      site.rows = relation{rows.width()};
      const std::size_t source =
          call->clause->source == callers_source ? of.frame->source : call->clause->source;
      site.callee = &find(*call, source);
      site.callee->callers.push_back(&site);
      if (!site.callee->answers.empty()) enqueue(site);
    }
    rows = wait(site, rows);
  }
  if (!rows.empty()) finish(of, std::move(rows));
}

/// Answers of a branch: the new ones go to all who wait for them.
inline void rule_tables::finish(branch& of, relation rows) {
  table& to = *of.of;
  rows = executor::project_head(*of.plan, std::move(rows));
  const std::size_t before = to.answers.size();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    to.answers.append(rows.row(i));
    to.known_answers.keep_last(to.answers);
  }
  if (to.answers.size() == before) return;
  for (call_site* caller : to.callers) enqueue(*caller);
}

/// Lets `rows` wait at the site; gives them joined with the answers that all earlier rows have seen.
inline relation rule_tables::wait(call_site& site, const relation& rows) {
  const std::size_t before = site.rows.size();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    site.rows.append(rows.row(i));
    site.known.keep_last(site.rows);
  }
  const auto& call = std::get<rule_step>(site.of->plan->steps[site.step].is);
  join_spec spec = with_.spec(*site.of->frame, site.step);
  spec.distinct = false;
  const relation fresh = detail::tail(site.rows, before);
  if (fresh.empty()) return relation{spec.width};
  ask(*site.callee, call, fresh, 0);
  row_joiner join{fresh, spec};
  const relation& answers = site.callee->answers;
  detail::extend(site.rows_index, site.rows, spec.join.size(), [&](std::size_t c) { return spec.join[c].y; });
  for (std::size_t y = 0; site.seen > 0 && y < fresh.size(); ++y) {
    std::size_t hash = 0;
    for (const join_pair& p : spec.join) hash = hash_with(hash, fresh.row(y)[p.y]);
    site.answer_index.any(hash, [&](std::size_t x) {
      if (x < site.seen) join.add(answers.row(x), y);
      return false;
    });
  }
  return std::move(join).finish();
}

/// All waiting rows joined with the answers that they have not seen.
inline relation rule_tables::take_new_answers(call_site& site) {
  join_spec spec = with_.spec(*site.of->frame, site.step);
  spec.distinct = false;
  row_joiner join{site.rows, spec};
  const relation& answers = site.callee->answers;
  detail::extend(site.answer_index, answers, spec.join.size(), [&](std::size_t c) { return spec.join[c].x; });
  for (std::size_t x = site.seen; x < answers.size(); ++x) {
    std::size_t hash = 0;
    for (const join_pair& p : spec.join) hash = hash_with(hash, answers.row(x)[p.x]);
    site.rows_index.any(hash, [&](std::size_t y) { return join.add(answers.row(x), y), false; });
  }
  site.seen = answers.size();
  return std::move(join).finish();
}

}  // namespace datolite::query
