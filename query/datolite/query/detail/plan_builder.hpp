// plan_builder: the implementation of make_plan.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <datolite/query/plan.hpp>

namespace datolite::query {

namespace detail {

class plan_builder {
 public:
  plan_builder(std::shared_ptr<const body> of, body_order order, std::vector<var_id> columns_in,
               std::vector<var_id> named_in)
      : body_{*of}, bound_(body_.names.size()), waiting_uses_(body_.names.size()) {
    out_ = std::make_shared<body_plan>();
    out_->of = std::move(of);
    out_->order = std::move(order);
    out_->columns_in = columns_in;
    out_->named_in = std::move(named_in);
    columns_ = std::move(columns_in);
  }

  std::shared_ptr<const body_plan> build() {
    for (const var_id v : columns_) bound_[v] = true;
    for (const var_id v : body_.head) ++waiting_uses_[v];
    for (const body_clause& c : body_.clauses) for_each_variable(c, [&](var_id v) { ++waiting_uses_[v]; });
    for (const std::size_t i : out_->order.clauses) {
      if (is_predicate(body_.clauses[i]))
        waiting_.push_back(i);
      else
        joins_.push_back(i);
    }
    take_guards();
    if (any_ready()) add_filter();
    for (std::size_t i = 0; i < joins_.size(); ++i) add_step(joins_[i], i + 1 == joins_.size());
    for (const var_id v : body_.head) out_->head.push_back(column(v));
    out_->head_is_last = columns_ == body_.head;
    return out_;
  }

 private:
  static bool is_predicate(const body_clause& c) {
    if (std::holds_alternative<comparison_clause>(c.is)) return true;
    const auto* call = std::get_if<call_clause>(&c.is);
    return call != nullptr && !call->result;
  }

  std::size_t column(var_id v) const {
    return static_cast<std::size_t>(std::find(columns_.begin(), columns_.end(), v) - columns_.begin());
  }

  // -- predicates

  /// A predicate of which nothing is said yet but its clause; its variables are to be found by `place`.
  template <class F>
  predicate_plan predicate(const body_clause& c, F&& place) const {
    predicate_plan out;
    out.form = c.form;
    const auto add = [&](const slot_term& t) { out.arguments.push_back(place(t)); };
    if (const auto* compared = std::get_if<comparison_clause>(&c.is)) {
      out.op = compared->op;
      add(compared->left), add(compared->right);
    } else {
      out.call = &std::get<call_clause>(c.is);
      for (const slot_term& t : out.call->arguments) add(t);
    }
    return out;
  }

  bool all_bound(const body_clause& c, const std::vector<bool>& bound) const {
    bool all = true;
    for_each_variable(c, [&](var_id v) { all = all && bound[v]; });
    return all;
  }

  void take_guards() {
    std::erase_if(waiting_, [&](std::size_t i) {
      bool any = false;
      for_each_variable(body_.clauses[i], [&](var_id) { any = true; });
      if (any) return false;
      out_->guards.push_back(predicate(body_.clauses[i], [](const slot_term& t) {
        return argument_plan{operand::source::constant, 0, t};
      }));
      return true;
    });
  }

  bool any_ready() const {
    return std::any_of(waiting_.begin(), waiting_.end(),
                       [&](std::size_t i) { return all_bound(body_.clauses[i], bound_); });
  }

  /// Moves the predicates that are decidable now into `to`; a variable of the x row is taken from there.
  void attach_predicates(join_plan& to, const std::map<var_id, std::size_t>& x_slots) {
    std::erase_if(waiting_, [&](std::size_t i) {
      const body_clause& c = body_.clauses[i];
      if (!all_bound(c, bound_)) return false;
      to.predicates.push_back(predicate(c, [&](const slot_term& t) -> argument_plan {
        if (!t.is_variable()) return {operand::source::constant, 0, t};
        const auto x = x_slots.find(t.id);
        if (x != x_slots.end()) return {operand::source::x, x->second, {}};
        return {operand::source::y, column(t.id), {}};
      }));
      for_each_variable(c, [&](var_id v) { --waiting_uses_[v]; });
      return true;
    });
  }

  static void finish_predicates(join_plan& of) {
    std::stable_partition(of.predicates.begin(), of.predicates.end(),
                          [](const predicate_plan& p) { return !p.uses(operand::source::y); });
    for (const predicate_plan& p : of.predicates) {
      if (p.call != nullptr && !p.call->callee) of.late = true;
      for (const argument_plan& a : p.arguments) {
        if (a.from == operand::source::constant && a.fixed.is == slot_term::type::input) of.late = true;
      }
    }
    if (of.late) return;
    for (const predicate_plan& p : of.predicates) of.ready.push_back(complete(p));
  }

 public:
  /// The predicate without inputs.
  static join_predicate complete(const predicate_plan& p) {
    std::vector<operand> operands;
    for (const argument_plan& a : p.arguments) operands.push_back({a.from, a.slot, a.fixed.constant});
    if (p.call != nullptr) return {p.call->callee, std::move(operands), p.form};
    return {p.op, std::move(operands[0]), std::move(operands[1])};
  }

 private:
  // -- steps

  void add_filter() {
    plan_step step;
    step.form = body_.form;
    step.is = filter_step{};
    step.binds_in = columns_;
    attach_predicates(step.join, {});
    finish(step, {}, false);
  }

  void add_step(std::size_t number, bool last) {
    const body_clause& c = body_.clauses[number];
    plan_step step;
    step.form = c.form;
    step.binds_in = columns_;
    const auto slots = row_terms(c);
    fill(step, c, number);
    const bool is_pattern = std::holds_alternative<pattern_clause>(c.is);
    std::map<var_id, std::size_t> x_slots;
    bool drops = false;
    for (std::size_t slot = 0; slot < slots.size(); ++slot) {
      const slot_term& t = slots[slot];
      if (t.is_fixed() && !is_pattern) {
        step.join.predicates.push_back(
            made_up({operand::source::x, slot, {}}, {operand::source::constant, 0, t}));
      }
      if (t.is == slot_term::type::blank) drops = true;
      if (!t.is_variable()) continue;
      const auto [first, added] = x_slots.emplace(t.id, slot);
      if (!added) {
        step.join.predicates.push_back(
            made_up({operand::source::x, slot, {}}, {operand::source::x, first->second, {}}));
      } else if (bound_[t.id]) {
        step.join.join.push_back({slot, column(t.id)});
        if (may_be_named(t)) step.join.named.insert(slot);
      }
    }
    for_each_variable(c, [&](var_id v) {
      bound_[v] = true;
      --waiting_uses_[v];
    });
    attach_predicates(step.join, x_slots);
    step.join.distinct = drops || last;
    finish(step, x_slots, last);
  }

  static predicate_plan made_up(argument_plan left, argument_plan right) {
    return {nullptr, comparison::equal, {std::move(left), std::move(right)}, {}};
  }

  /// Decides the columns after the step, and how they are projected.
  void finish(plan_step& step, const std::map<var_id, std::size_t>& x_slots, bool last) {
    std::vector<var_id> after;
    if (last) {
      after = body_.head;
    } else {
      for (const var_id v : columns_) {
        if (waiting_uses_[v] > 0) after.push_back(v);
      }
      for (const auto& [v, slot] : x_slots) {
        if (waiting_uses_[v] > 0 && std::find(columns_.begin(), columns_.end(), v) == columns_.end()) {
          after.push_back(v);
        }
      }
    }
    join_plan& join = step.join;
    for (std::size_t to = 0; to < after.size(); ++to) {
      const std::size_t in_y = column(after[to]);
      if (in_y < columns_.size())
        join.project_y.push_back({in_y, to});
      else
        join.project_x.push_back({x_slots.at(after[to]), to});
    }
    std::size_t all = columns_.size();
    for (const auto& [v, slot] : x_slots) all += column(v) == columns_.size();
    if (after.size() < all) join.distinct = true;
    join.width = after.size();
    auto* r = std::get_if<relation_step>(&step.is);
    if (r != nullptr) {
      r->as_it_is = !last && columns_.empty() && join.predicates.empty() &&
                    join.project_x.size() == r->clause->columns.size();
      for (const projection& p : join.project_x) r->as_it_is = r->as_it_is && p.from == p.to;
    }
    finish_predicates(join);
    columns_ = std::move(after);
    step.binds_out = columns_;
    out_->steps.push_back(std::move(step));
  }

  bool may_be_named(const slot_term& t) const { return t.is_variable() && out_->order.named[t.id]; }

  argument_plan place_in_y(const slot_term& t) const {
    if (!t.is_variable()) return {operand::source::constant, 0, t};
    return {operand::source::y, column(t.id), {}};
  }

  void fill(plan_step& step, const body_clause& c, std::size_t number) {
    std::visit(
        [&](const auto& x) {
          using C = std::remove_cvref_t<decltype(x)>;
          if constexpr (std::is_same_v<C, pattern_clause>) {
            step.is = pattern_step{x.source, number, &body_.patterns[number]};
          } else if constexpr (std::is_same_v<C, relation_clause>) {
            step.is = relation_step{&x, false};
          } else if constexpr (std::is_same_v<C, call_clause>) {
            call_step call{&x, {}};
            for (const slot_term& t : x.arguments) call.arguments.push_back(place_in_y(t));
            step.is = std::move(call);
          } else if constexpr (std::is_same_v<C, rule_clause>) {
            rule_step call{&x, bound_arguments(x, bound_), 0, {}};
            for (std::size_t i = 0; i < x.arguments.size(); ++i) {
              if ((call.mask >> i & 1) == 0) continue;
              call.seeds.push_back(place_in_y(x.arguments[i]));
              if (may_be_named(x.arguments[i])) call.named |= std::uint64_t{1} << i;
            }
            step.is = std::move(call);
          } else if constexpr (std::is_same_v<C, not_clause>) {
            not_step no;
            for (const var_id v : x.shared) no.shared.push_back(column(v));
            no.inner = make_plan(x.inner, out_->order.inner.at(number), x.inner->head, {});
            step.is = std::move(no);
          }
        },
        c.is);
  }

  const body& body_;
  std::shared_ptr<body_plan> out_;
  std::vector<bool> bound_;
  std::vector<std::size_t>
      waiting_uses_;  ///< mentions of each variable in what is not planned yet, and the head
  std::vector<var_id> columns_;
  std::vector<std::size_t> waiting_, joins_;  ///< clauses: predicates that wait, and the others in order
};

}  // namespace detail

inline std::shared_ptr<const body_plan> make_plan(std::shared_ptr<const body> of, body_order order,
                                                  std::vector<var_id> columns_in,
                                                  std::vector<var_id> named_in) {
  return detail::plan_builder{std::move(of), std::move(order), std::move(columns_in), std::move(named_in)}
      .build();
}

}  // namespace datolite::query
