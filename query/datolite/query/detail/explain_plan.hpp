// explain_plan: how a query was answered, as data and as a tree: what `explain` gives.
//
//   {:query …, :steps [step …]}
//   step    {:clause …, :by :source, :estimated 3.0, :rows-in 1, :rows-out 3, :binds [?e], :preds (…)}
//           of a negation, its own :steps; of a rule's call, {:bound [?r], :asked 4, :answered 5, :branches
//           [branch …]}, where the branches stand only at the first call that these answers serve
//   branch  {:clause …, :by :branch, :gives [:answers], :steps [step …]}
//
// Rows are sums, over :runs runs if there was not just one: a rule's branch is answered again for whatever
// has been newly asked, a negation for whatever it is asked of. A step that was not needed, since nothing was
// left, has no rows. A branch gives answers, or new questions (`:asks`) for the same answers, or both; one
// without steps asks what another branch finds.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <datolite/core/edn.hpp>
#include <datolite/core/value.hpp>
#include <datolite/core/value_order.hpp>
#include <datolite/query/executor.hpp>
#include <datolite/query/rule_tables.hpp>

namespace datolite::query::detail {

/// Shows the frame of a query's own body after it was answered.
class plan_explainer {
 public:
  explicit plan_explainer(const executor& with) : with_{with} {}

  value explain(const body_frame& main) {
    return make_map(
        {{value::keyword("query"), main.plan->of->form}, {value::keyword("steps"), steps(main, nullptr)}});
  }

 private:
  using table = rule_tables::table;
  using fields = std::vector<map_entry>;

  static void put(fields& to, const char* key, value v) { to.push_back({value::keyword(key), std::move(v)}); }
  static value number(std::size_t n) { return static_cast<std::int64_t>(n); }

  /// `branch`: whose frame it is, if it is a rule's.
  value steps(const body_frame& frame, const rule_tables::branch* branch) {
    std::vector<value> out;
    for (std::size_t i = 0; i < frame.plan->steps.size(); ++i) {
      fields one = step(*frame.plan, i);
      const plan_step& is = frame.plan->steps[i];
      const step_state& state = frame.states[i];
      if (const auto* p = std::get_if<pattern_step>(&is.is))
        put(one, "estimated", std::round(with_.estimated_rows(*frame.plan->of, p->number, frame.source)));
      if (state.done.runs > 0)
        put(one, "rows-in", number(state.done.in)), put(one, "rows-out", number(state.done.out));
      if (state.done.runs > 1) put(one, "runs", number(state.done.runs));
      if (const auto* no = std::get_if<not_step>(&is.is))
        put(one, "steps", state.inner != nullptr ? steps(*state.inner, nullptr) : steps_not_run(*no->inner));
      if (const auto* call = std::get_if<rule_step>(&is.is)) {
        put(one, "bound", bound(*frame.plan->of, *call));
        if (const table* of = answers_of(frame, branch, i, *call)) add_table(one, *of);
      }
      out.push_back(make_map(one));
    }
    return value::vector(out);
  }

  static const table* answers_of(const body_frame& frame, const rule_tables::branch* branch, std::size_t step,
                                 const rule_step& call) {
    if (branch == nullptr) return frame.tables->known(call, frame.source);
    const auto site = branch->sites.find(step);
    return site == branch->sites.end() ? nullptr : site->second.callee;
  }

  void add_table(fields& to, const table& of) {
    const std::size_t later = of.later != nullptr ? of.later->seeds.size() : 0;
    put(to, "asked", number(of.seeds.size() + later)), put(to, "answered", number(of.answers.size()));
    if (std::find(shown_.begin(), shown_.end(), &of) != shown_.end()) return;
    shown_.push_back(&of);
    std::vector<value> branches;
    add_branches(branches, of);
    if (of.later != nullptr) add_branches(branches, *of.later);
    put(to, "branches", value::vector(branches));
  }

  void add_branches(std::vector<value>& branches, const table& of) {
    for (const rule_tables::branch& b : of.branches) {
      std::vector<value> gives;
      if (!b.continues) gives.push_back(value::keyword("answers"));
      if (b.continues || !b.also_seeds.empty()) gives.push_back(value::keyword("asks"));
      fields one{{value::keyword("clause"), b.plan->of->form},
                 {value::keyword("by"), value::keyword("branch")}};
      put(one, "gives", value::vector(gives));
      if (!b.united) put(one, "steps", steps(*b.frame, &b));
      branches.push_back(make_map(one));
    }
  }

  static value steps_not_run(const body_plan& plan) {
    std::vector<value> out;
    for (std::size_t i = 0; i < plan.steps.size(); ++i) {
      fields one = step(plan, i);
      if (const auto* no = std::get_if<not_step>(&plan.steps[i].is))
        put(one, "steps", steps_not_run(*no->inner));
      out.push_back(make_map(one));
    }
    return value::vector(out);
  }

  /// What the plan alone says of a step.
  static fields step(const body_plan& plan, std::size_t at) {
    constexpr const char* ways[] = {"filter", "source", "relation", "call", "rule", "not"};
    const plan_step& is = plan.steps[at];
    fields out;
    put(out, "clause", std::holds_alternative<filter_step>(is.is) ? value{} : is.form);
    put(out, "by", value::keyword(ways[is.is.index()]));
    std::vector<value> binds, preds;
    for (const var_id v : is.binds_out) binds.push_back(plan.of->names[v]);
    for (const predicate_plan& p : is.join.predicates) {
      if (!p.form.is_nil()) preds.push_back(p.form);
    }
    put(out, "binds", value::vector(binds));
    if (!preds.empty()) put(out, "preds", value::list(preds));
    return out;
  }

  /// The arguments of a call that are bound, as it names them.
  value bound(const body& in, const rule_step& call) const {
    std::vector<value> out;
    for (std::size_t i = 0; i < call.clause->arguments.size(); ++i) {
      const slot_term& t = call.clause->arguments[i];
      if ((call.mask >> i & 1) == 0) continue;
      out.push_back(t.is_variable() ? in.names[t.id] : with_.given(t));
    }
    return value::vector(out);
  }

  const executor& with_;
  std::vector<const table*> shown_;
};

inline std::string shown_number(const value& of, const char* key) {
  const value* v = find_keyword(of, key);
  return to_edn(v->is(kind::double_) ? value{static_cast<std::int64_t>(v->as_double())} : *v);
}

/// One step, or branch, in a line: what it is, how it is answered, what was promised, what came.
inline std::string explained_line(const value& step) {
  const auto has = [&](const char* key) { return find_keyword(step, key) != nullptr; };
  const auto is = [&](const char* key) { return shown_number(step, key); };
  std::string out =
      to_edn(*find_keyword(step, "clause")) + "  " + std::string{find_keyword(step, "by")->raw()};
  if (has("gives")) {
    const char* before = ", gives ";
    for (const value& what : find_keyword(step, "gives")->elements())
      out.append(std::exchange(before, " and ")).append(what.raw() == "asks" ? "questions" : what.raw());
  }
  if (has("gives") && !has("steps")) out += ", as another finds them";
  if (has("estimated")) out += ", estimated " + is("estimated");
  if (has("rows-in")) out += ", rows " + is("rows-in") + " -> " + is("rows-out");
  if (has("runs")) out += " in " + is("runs") + " runs";
  if (has("asked")) out += ", asked " + is("asked") + ", answered " + is("answered");
  if (has("asked") && !has("branches")) out += ", as above";
  if (has("preds")) {
    for (const value& p : find_keyword(step, "preds")->elements()) out += "  " + to_edn(p);
  }
  return out;
}

/// The steps of an explained plan as a tree, a line each.
inline void print_steps(std::string& out, const value& steps, const std::string& indent) {
  const auto all = steps.elements();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool last = i + 1 == all.size();
    out += indent + (last ? "`- " : "|- ") + explained_line(all[i]) + "\n";
    for (const char* below : {"steps", "branches"}) {
      if (const value* inner = find_keyword(all[i], below))
        print_steps(out, *inner, indent + (last ? "   " : "|  "));
    }
  }
}

}  // namespace datolite::query::detail
