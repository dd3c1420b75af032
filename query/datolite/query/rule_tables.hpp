// rule_tables: rules answered to their least fixpoint, driven by what the callers bind.
//
// For each way in which a rule is called (the rule, its source, which arguments are bound, and which of these
// may be names that it looks up) there is a table: the values it has been asked for (seeds), and the answers
// found. A branch of the rule starts from the seeds; where it calls a rule, the rows that wait there (the
// call site) are kept, ask the callee's table for their values, and go on with each answer, now or when it is
// found. Only new rows ever move, so every pair of a row and an answer is joined once: recursion may stand
// anywhere in a body, any number of times, and ends on cycles. Rows move many at a time, by column.
//
// Two shapes are answered with fewer rows: recursion that hands on its answers (make_variant.hpp), and a rule
// of which nothing is bound, which calls itself without binding anything either: all its answers are wanted.
//
// Negations within rules are answered by tables of their own, which are complete each time.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <numeric>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include <datolite/query/detail/make_variant.hpp>
#include <datolite/query/detail/plan_bodies.hpp>
#include <datolite/query/executor.hpp>
#include <datolite/query/plan.hpp>
#include <datolite/query/relation.hpp>
#include <datolite/query/row_index.hpp>
#include <datolite/query/spare_memory.hpp>

namespace datolite::query {

class rule_tables {
 public:
  explicit rule_tables(executor& with) noexcept : with_{with} {}
  rule_tables(const rule_tables&) = delete;
  rule_tables& operator=(const rule_tables&) = delete;
  ~rule_tables() {
    if (with_.env().limits != nullptr) with_.env().limits->give_back(held_);
  }

  /// All answers to the call for the bound values in `ys`, and maybe others. Valid until the next call.
  const relation& answers(const rule_step& call, const relation& ys, std::size_t of_caller);

  /// Tables for what stands under a negation in a rule of these.
  rule_tables& nested() {
    if (nested_ == nullptr) nested_ = std::make_unique<rule_tables>(with_);
    return *nested_;
  }

  /// Rule, source, bound arguments, and those of them that may be names.
  using key = std::tuple<std::size_t, std::size_t, std::uint64_t, std::uint64_t>;

  // -- its parts, for who shows what was done
  struct table;
  struct branch;

  /// Rows of a branch that wait at a call for answers.
  struct call_site {
    branch* of = nullptr;
    std::size_t step = 0;
    table* callee = nullptr;
    relation rows;
    row_set known;
    row_index rows_index, answer_index;  ///< by the columns that the call joins on; of the answers seen
    std::size_t seen = 0;                ///< answers that have been joined with all rows
    std::size_t held = 0;                ///< bytes that the limits know of
    bool queued = false;
  };

  struct branch {
    table* of = nullptr;
    bool continues = false;               ///< what it finds are new seeds
    bool united = false;                  ///< another's answers are its seeds: it is not run
    std::vector<std::size_t> also_seeds;  ///< columns of its answers: new seeds as well
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
    std::size_t rule = 0;
    std::uint64_t mask = 0, named = 0;
    bool keeps_origin = false;
    bool answered_by_one = false;  ///< one branch gives all answers
    std::size_t held = 0;          ///< bytes that the limits know of
    /// Where it keeps origins, and what it finds may be names and what it is asked for not, or the other way
    /// round: has the seeds that are found, and branches for them. All answers are kept here.
    std::unique_ptr<table> later;
  };

  /// The table that answers a call of a query's own body, or of a negation; null if it was never called.
  const table* known(const rule_step& call, std::size_t of_caller) const {
    const std::size_t source = call.clause->source == callers_source ? of_caller : call.clause->source;
    const auto at = tables_.find(key{call.clause->rule, source, call.mask, named_arguments(call, source)});
    return at == tables_.end() ? nullptr : &at->second;
  }

 private:
  std::uint64_t named_arguments(const rule_step& call, std::size_t source) const;
  table& find(std::size_t rule, std::size_t source, std::uint64_t mask, std::uint64_t named);
  void make_branches(table& of, std::size_t source);
  table* called_alike(const table& of, std::size_t source);
  void add_branches(table& to, table& of, table* asked, const rule_variant& variant, std::size_t source);
  static std::uint64_t named_seeds(const table& of, const rule_variant& variant);
  /// Calls `f(argument, column)` for each bound argument of a table and the column of its seeds.
  template <class F>
  static void for_each_bound(const table& of, F&& f) {
    std::size_t column = 0;
    for (std::uint64_t left = of.mask; left != 0; left &= left - 1)
      f(static_cast<std::size_t>(std::countr_zero(left)), column++);
  }
  void ask(table& callee, const rule_step& call, const relation& ys);
  void drain();
  void run(branch& of, std::size_t step, relation rows);
  void finish(branch& of, relation rows);
  void add_seeds(table& to, const relation& rows);
  void hold(std::size_t& held, std::size_t now);
  void hold(table& of) { hold(of.held, of.answers.bytes() + of.seeds.bytes()); }
  relation wait(call_site& site, const relation& rows);
  relation take_new_answers(call_site& site);
  template <class T>
  void enqueue(T& what) {
    if (std::exchange(what.queued, true)) return;
    if (later_.empty()) later_.reserve(32);
    later_.push_back(&what);
  }

  executor& with_;
  std::map<key, table> tables_;
  using waiter = std::variant<table*, call_site*>;
  std::vector<waiter, detail::spare_allocator<waiter>> now_, later_;  ///< who waits, and who behind them
  std::unique_ptr<rule_tables> nested_;
  std::size_t held_ = 0;  ///< bytes of all tables and call sites that the limits know of
};

// ---------------------------------------------------------------------------------------------------------------

namespace detail {

/// The rows of `all` from the `first`-th on.
inline relation tail(const relation& all, std::size_t first) {
  if (first == 0) return all;
  std::vector<std::uint32_t> rows(all.size() - first);
  std::iota(rows.begin(), rows.end(), static_cast<std::uint32_t>(first));
  return gathered(all, rows);
}

/// Adds to `index` the rows of `of` before `end` that it has not; `column(i)` is the i-th column of the key.
template <class F>
void extend(row_index& index, const relation& of, std::size_t end, std::size_t columns, F&& column) {
  index.reserve(end);
  for (std::size_t i = index.size(); i < end; ++i) {
    std::size_t hash = 0;
    for (std::size_t c = 0; c < columns; ++c) hash = hash_cell(hash, of.column(column(c)), i);
    index.add(hash);
  }
}

/// The hash of the cells of a row that a join looks at; `side` says which slot of a pair is meant.
template <class F>
std::size_t hash_of_pairs(const relation& of, const join_spec& spec, std::size_t row, F&& side) {
  std::size_t hash = 0;
  for (const join_pair& p : spec.join) hash = hash_cell(hash, of.column(side(p)), row);
  return hash;
}

/// Gives pairs of rows of two relations to a join, many at a time.
class pair_feeder {
 public:
  /// `expected` pairs, or about so many.
  pair_feeder(const relation& xs, const relation& ys, const join_spec& spec, std::size_t expected = 0)
      : join_{ys, spec}, all_{batch_of(xs, slots_)} {
    x_.reserve(std::min(expected, enough)), y_.reserve(std::min(expected, enough));
  }

  void add(std::size_t x, std::size_t y) {
    x_.push_back(static_cast<std::uint32_t>(x)), y_.push_back(static_cast<std::uint32_t>(y));
    if (x_.size() >= enough) join_.add_pairs(all_, x_, y_, 0);
  }

  relation finish() && {
    join_.add_pairs(all_, x_, y_, 0);
    return std::move(join_).finish();
  }

 private:
  static constexpr std::size_t enough = 2048;

  std::vector<batch_slot> slots_;
  batch_joiner join_;
  row_batch all_;
  std::vector<std::uint32_t> x_, y_;
};

}  // namespace detail

inline const relation& rule_tables::answers(const rule_step& call, const relation& ys,
                                            std::size_t of_caller) {
  const std::size_t source = call.clause->source == callers_source ? of_caller : call.clause->source;
  table& callee = find(call.clause->rule, source, call.mask, named_arguments(call, source));
  ask(callee, call, ys);
  drain();
  return callee.answers;
}

/// The bound arguments of a call on `source` that may be names, where the rule looks names up: constants that
/// are, and variables of which it is known.
inline std::uint64_t rule_tables::named_arguments(const rule_step& call, std::size_t source) const {
  std::uint64_t out = call.named;
  for (std::size_t i = 0; i < call.clause->arguments.size(); ++i) {
    const slot_term& t = call.clause->arguments[i];
    if (t.is_fixed() && detail::is_name(with_.given(t))) out |= std::uint64_t{1} << i;
  }
  out &= call.mask;
  return out == 0 ? 0 : out & with_.resolved_arguments(call.clause->rule, source).bits();
}

inline rule_tables::table& rule_tables::find(std::size_t rule_number, std::size_t source, std::uint64_t mask,
                                             std::uint64_t named) {
  const auto [at, added] = tables_.try_emplace(key{rule_number, source, mask, named});
  table& found = at->second;
  if (added) {
    found.rule = rule_number, found.mask = mask, found.named = named;
    found.answers = relation{with_.env().of->rules[rule_number].arity};
    make_branches(found, source);
  }
  return found;
}

inline void rule_tables::make_branches(table& of, std::size_t source) {
  const program& all = *with_.env().of;
  const auto variant = with_.env().plans->variant(of.rule, of.mask, [&] {
    return detail::variant_maker{all, of.rule, of.mask}.make();
  });
  of.keeps_origin = variant->keeps_origin;
  add_branches(of, of, called_alike(of, source), *variant, source);
  of.answered_by_one = std::count_if(of.branches.begin(), of.branches.end(),
                                     [](const branch& b) { return !b.continues; }) == 1;
  if (!of.keeps_origin) return;
  std::uint64_t found = named_seeds(of, *variant);
  if (found == of.named) return;
  const std::uint64_t resolved = with_.resolved_arguments(of.rule, source).bits();
  found &= resolved;
  if (found == of.named) return;
  table& later = *(of.later = std::make_unique<table>());
  later.rule = of.rule, later.mask = of.mask, later.named = found, later.keeps_origin = true;
  for (std::uint64_t known = ~found; known != later.named;) {
    known = later.named;
    later.branches.clear();
    add_branches(later, of, &of, *variant, source);
    later.named |= named_seeds(later, *variant) & resolved;
  }
}

/// A table that differs from `of` in nothing but what may be names, if there is one.
inline rule_tables::table* rule_tables::called_alike(const table& of, std::size_t source) {
  for (auto at = tables_.lower_bound(key{of.rule, source, of.mask, 0}); at != tables_.end(); ++at) {
    const auto& [rule, asked, mask, named] = at->first;
    if (rule != of.rule || asked != source || mask != of.mask) break;
    if (&at->second != &of) return &at->second;
  }
  return nullptr;
}

/// Fills `to` with branches that answer `of`; `asked` has those for which the sources were asked, if any.
inline void rule_tables::add_branches(table& to, table& of, table* asked, const rule_variant& variant,
                                      std::size_t source) {
  const auto bound = static_cast<std::size_t>(std::popcount(of.mask));
  to.seeds = relation{of.keeps_origin ? 2 * bound : bound};
  for (const rule_variant::branch& made : variant.branches) {
    branch& b = to.branches.emplace_back();
    b.of = &of;
    b.continues = made.continues;
    b.united = made.united;
    b.also_seeds = made.also_seeds;
    std::vector<var_id> named;
    for_each_bound(to, [&](std::size_t argument, std::size_t column) {
      if ((to.named >> argument & 1) == 0) return;
      named.push_back(made.columns_in[column]);
      if (of.keeps_origin) named.push_back(made.columns_in[bound + column]);
    });
    b.plan = with_.plan(made.is, made.columns_in, named, source);
    b.frame = std::make_unique<body_frame>(*b.plan, source, nested(), true);
    b.frame->absorbed = true;
    if (asked != nullptr) b.frame->asked_before = asked->branches[to.branches.size() - 1].frame.get();
    if (b.united) with_.ask_sources(*b.frame);
  }
}

/// The bound arguments that may be names in the seeds that the branches find.
inline std::uint64_t rule_tables::named_seeds(const table& of, const rule_variant& variant) {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < of.branches.size(); ++i) {
    if (!of.branches[i].continues) continue;
    const std::vector<var_id>& head = variant.branches[i].is->head;
    for_each_bound(of, [&](std::size_t argument, std::size_t column) {
      if (of.branches[i].plan->order.named[head[head.size() / 2 + column]])
        out |= std::uint64_t{1} << argument;
    });
  }
  return out;
}

/// Asks `callee` for the bound values in the rows of `ys`.
inline void rule_tables::ask(table& callee, const rule_step& call, const relation& ys) {
  const std::size_t width = callee.seeds.width();
  const std::size_t before = callee.seeds.size();
  relation wanted{width};
  if (width == 0) {
    wanted.commit_rows(1);  // there is one way to ask for everything
  } else {
    std::vector<std::uint32_t> all(ys.size());
    std::iota(all.begin(), all.end(), std::uint32_t{0});
    const auto& values = with_.env().values;
    for (std::size_t slot = 0; slot < width; ++slot) {
      const argument_plan& a = call.seeds[slot % call.seeds.size()];
      column& to = wanted.column_to_fill(slot);
      if (a.from == operand::source::y)
        to.append(ys.column(a.slot), all);
      else
        to.append_many(a.fixed.is == slot_term::type::input ? values[a.fixed.id] : a.fixed.constant,
                       ys.size());
    }
    wanted.commit_rows(ys.size());
  }
  callee.known_seeds.absorb(callee.seeds, wanted);
  if (callee.seeds.size() == before) return;
  enqueue(callee);
  hold(callee);
}

inline void rule_tables::drain() {
  while (!later_.empty()) {
    now_.clear(), now_.swap(later_);
    for (const auto next : now_) {
      if (with_.env().limits != nullptr) with_.env().limits->poll();
      if (table* const* t = std::get_if<table*>(&next)) {
        (*t)->queued = false;
        const relation seeds = detail::tail((*t)->seeds, std::exchange((*t)->seeds_done, (*t)->seeds.size()));
        for (branch& b : (*t)->branches) {
          if (!b.united && with_.guards_hold(*b.plan)) run(b, 0, seeds);
        }
      } else {
        call_site& site = *std::get<call_site*>(next);
        site.queued = false;
        relation fresh = take_new_answers(site);
        site.of->frame->states[site.step].done.out += fresh.size();
        run(*site.of, site.step + 1, std::move(fresh));
      }
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
      const bool all_wanted =
          of.of->mask == 0 && call->clause->rule == of.of->rule && source == of.frame->source;
      site.callee = all_wanted
                        ? &find(call->clause->rule, source, 0, 0)
                        : &find(call->clause->rule, source, call->mask, named_arguments(*call, source));
      site.callee->callers.push_back(&site);
      if (!site.callee->answers.empty()) enqueue(site);
    }
    const std::size_t waiting = rows.size();
    rows = wait(site, rows);
    of.frame->states[step].done.add(waiting, rows.size());
  }
  if (!rows.empty()) finish(of, std::move(rows));
}

/// Answers of a branch: the new ones go to all who wait for them. Of a branch that continues: new seeds.
inline void rule_tables::finish(branch& of, relation rows) {
  table& to = *of.of;
  table& next = to.later != nullptr ? *to.later : to;
  rows = std::move(rows).with_slots(of.plan->head);
  if (of.continues) {
    add_seeds(next, rows);
    return hold(next);
  }
  // What has been answered before gives no new seeds, unless it came from elsewhere.
  const bool by_answers = !of.also_seeds.empty() && to.answered_by_one;
  if (!of.also_seeds.empty() && !by_answers) add_seeds(next, relation{rows}.with_slots(of.also_seeds));
  const std::size_t before = to.answers.size();
  to.known_answers.absorb(to.answers, rows);
  if (by_answers && to.answers.size() > before)
    add_seeds(next, detail::tail(to.answers, before).with_slots(of.also_seeds));
  hold(to), hold(next);
  if (to.answers.size() == before) return;
  for (call_site* caller : to.callers) enqueue(*caller);
}

inline void rule_tables::add_seeds(table& to, const relation& rows) {
  const std::size_t before = to.seeds.size();
  to.known_seeds.absorb(to.seeds, rows);
  if (to.seeds.size() > before) enqueue(to);
}

/// Lets the limits know that what they knew as `held` bytes has grown to `now`.
inline void rule_tables::hold(std::size_t& held, std::size_t now) {
  watch* const limits = with_.env().limits;
  if (limits == nullptr) return;
  if (now > held) {
    limits->hold(now - held);
    held_ += now - held;
    held = now;
  }
  limits->poll();
}

/// Lets `rows` wait at the site; gives them joined with the answers that all earlier rows have seen.
inline relation rule_tables::wait(call_site& site, const relation& rows) {
  const std::size_t before = site.rows.size();
  site.known.absorb(site.rows, rows);
  hold(site.held, site.rows.bytes());
  const auto& call = std::get<rule_step>(site.of->plan->steps[site.step].is);
  join_spec spec = with_.spec(*site.of->frame, site.step);
  spec.distinct = false;
  const relation fresh = detail::tail(site.rows, before);
  if (fresh.empty()) return relation{spec.width};
  ask(*site.callee, call, fresh);
  const relation& answers = site.callee->answers;
  detail::extend(site.rows_index, site.rows, site.rows.size(), spec.join.size(),
                 [&](std::size_t c) { return spec.join[c].y; });
  if (site.seen == 0) return relation{spec.width};
  detail::extend(site.answer_index, answers, site.seen, spec.join.size(),
                 [&](std::size_t c) { return spec.join[c].x; });
  detail::pair_feeder pairs{answers, fresh, spec, fresh.size()};
  for (std::size_t y = 0; y < fresh.size(); ++y) {
    const std::size_t hash = detail::hash_of_pairs(fresh, spec, y, [](const join_pair& p) { return p.y; });
    site.answer_index.any(hash, [&](std::size_t x) { return pairs.add(x, y), false; });
  }
  return std::move(pairs).finish();
}

/// All waiting rows joined with the answers that they have not seen.
inline relation rule_tables::take_new_answers(call_site& site) {
  join_spec spec = with_.spec(*site.of->frame, site.step);
  spec.distinct = false;
  const relation& answers = site.callee->answers;
  detail::pair_feeder pairs{answers, site.rows, spec, answers.size() - site.seen};
  for (std::size_t x = site.seen; x < answers.size(); ++x) {
    const std::size_t hash = detail::hash_of_pairs(answers, spec, x, [](const join_pair& p) { return p.x; });
    site.rows_index.any(hash, [&](std::size_t y) { return pairs.add(x, y), false; });
  }
  site.seen = answers.size();
  return std::move(pairs).finish();
}

}  // namespace datolite::query
