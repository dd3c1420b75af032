// make_variant: how a rule is answered for callers that bind certain of its arguments.
//
// A branch that ends by calling its own rule for other values of the bound arguments, and hands on what comes
// back as it is, such as the second of
//
//   [(needs ?a ?b) [?a :depends ?b]]
//   [(needs ?a ?b) [?a :depends ?t] (needs ?t ?b)]        ?a bound
//
// asks for the answers of ever new values, though only those of the first are wanted: with answers kept by
// value, that is quadratic. Where all recursion is of this kind, a seed keeps its origin instead, the value
// that was asked for: the second branch gives new values to look at for the origin, the first the origin's
// answers. So a closure costs what a walk through the graph does; and as what the second looks at is what the
// first answers, one join serves both.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <datolite/query/detail/make_templates.hpp>
#include <datolite/query/forced_way.hpp>
#include <datolite/query/plan_cache.hpp>
#include <datolite/query/program.hpp>

namespace datolite::query::detail {

class variant_maker {
 public:
  variant_maker(const program& of, std::size_t number, std::uint64_t mask)
      : number_{number}, mask_{mask}, rule_{of.rules[number]}, alone_{of.rules[number].recurs_alone} {}

  rule_variant make() const {
    rule_variant out;
    out.keeps_origin = can_keep_origin();
    for (const auto& branch : rule_.branches) {
      out.branches.push_back(out.keeps_origin ? with_origin(*branch) : plain(branch));
    }
    if (out.keeps_origin) unite(out.branches);
    return out;
  }

 private:
  bool is_bound(std::size_t argument) const noexcept { return (mask_ >> argument & 1) != 0; }

  rule_variant::branch plain(const std::shared_ptr<const body>& branch) const {
    rule_variant::branch out{branch, {}, false};
    for (std::size_t i = 0; i < rule_.arity; ++i) {
      if (is_bound(i)) out.columns_in.push_back(branch->head[i]);
    }
    return out;
  }

  /// The number of the clause by which the branch calls its own rule; nothing if it does not.
  std::optional<std::size_t> own_call(const body& branch) const {
    for (std::size_t i = 0; i < branch.clauses.size(); ++i) {
      const auto* call = std::get_if<rule_clause>(&branch.clauses[i].is);
      if (call != nullptr && call->rule == number_) return i;
    }
    return std::nullopt;
  }

  bool can_keep_origin() const {
    if (mask_ == 0 || !alone_ || is_forced(way::plain_rules)) return false;
    bool any = false;
    for (const auto& branch : rule_.branches) {
      const auto call = own_call(*branch);
      if (!call) continue;
      if (!hands_on(*branch, *call)) return false;
      any = true;
    }
    return any;
  }

  /// Whether the call's answers are the branch's: the free arguments are those of the head, and nothing else
  /// looks at them, while the bound ones are variables that other clauses bind.
  bool hands_on(const body& branch, std::size_t number) const {
    const auto& call = std::get<rule_clause>(branch.clauses[number].is);
    if (call.source != callers_source) return false;
    std::vector<bool> elsewhere(branch.names.size());
    for (std::size_t i = 0; i < branch.clauses.size(); ++i) {
      if (i == number) continue;
      const auto* other = std::get_if<rule_clause>(&branch.clauses[i].is);
      if (other != nullptr && other->rule == number_) return false;
      for_each_variable(branch.clauses[i], [&](var_id v) { elsewhere[v] = true; });
    }
    std::vector<bool> bound_before(branch.names.size()), taken(branch.names.size());
    for (std::size_t i = 0; i < rule_.arity; ++i) {
      if (is_bound(i)) bound_before[branch.head[i]] = true;
    }
    for (std::size_t i = 0; i < rule_.arity; ++i) {
      const slot_term& t = call.arguments[i];
      if (!t.is_variable() || taken[t.id]) return false;
      taken[t.id] = true;
      if (is_bound(i) ? !(elsewhere[t.id] || bound_before[t.id])
                      : (t.id != branch.head[i] || elsewhere[t.id]))
        return false;
    }
    return true;
  }

  rule_variant::branch with_origin(const body& branch) const {
    auto changed = std::make_shared<body>(branch);
    rule_variant::branch out{nullptr, {}, false};
    std::vector<var_id> origins, looked_at;
    for (std::size_t i = 0; i < rule_.arity; ++i) {
      if (!is_bound(i)) continue;
      origins.push_back(static_cast<var_id>(changed->names.size()));
      changed->names.push_back(branch.names[branch.head[i]]);
      looked_at.push_back(branch.head[i]);
    }
    out.columns_in = origins;
    out.columns_in.insert(out.columns_in.end(), looked_at.begin(), looked_at.end());
    if (const auto call = own_call(branch)) {
      const auto arguments = std::get<rule_clause>(branch.clauses[*call].is).arguments;
      changed->clauses.erase(changed->clauses.begin() + static_cast<std::ptrdiff_t>(*call));
      changed->head = origins;
      for (std::size_t i = 0; i < rule_.arity; ++i) {
        if (is_bound(i)) changed->head.push_back(arguments[i].id);
      }
      out.continues = true;
    } else {
      std::size_t next = 0;
      for (std::size_t i = 0; i < rule_.arity; ++i) {
        if (is_bound(i)) changed->head[i] = origins[next++];
      }
    }
    complete_body(*changed, out.columns_in, out.continues ? changed->head : std::vector<var_id>{});
    out.is = std::move(changed);
    return out;
  }

  /// A branch that continues by what another answers by, as in `needs`, is not run apart: what the other
  /// finds is read once, as answers and as new seeds.
  static void unite(std::vector<rule_variant::branch>& branches) {
    for (rule_variant::branch& answers : branches) {
      if (answers.continues) continue;
      const auto also =
          std::find_if(branches.begin(), branches.end(), [&](const rule_variant::branch& other) {
            if (!other.continues) return false;
            answers.also_seeds = same_columns(other, answers);
            return !answers.also_seeds.empty();
          });
      if (also == branches.end()) continue;
      also->united = true;
      return;
    }
  }

  /// Where the head of `one` stands in that of `other`, if they differ in the names of variables only; else
  /// nothing.
  static std::vector<std::size_t> same_columns(const rule_variant::branch& one,
                                               const rule_variant::branch& other) {
    std::vector<std::optional<var_id>> to(one.is->names.size()), from(other.is->names.size());
    const auto pair = [&](var_id x, var_id y) {
      if (!to[x] && !from[y]) to[x] = y, from[y] = x;
      return to[x] == y && from[y] == x;
    };
    const auto alike = [&](const slot_term& x, const slot_term& y) {
      if (x.is != y.is) return false;
      return x.is_variable() ? pair(x.id, y.id) : x.id == y.id && x.constant == y.constant;
    };
    const auto patterns = [&](const body_clause& x, const body_clause& y) {
      const auto* p = std::get_if<pattern_clause>(&x.is);
      const auto* q = std::get_if<pattern_clause>(&y.is);
      return p != nullptr && q != nullptr && p->source == q->source &&
             std::equal(p->terms.begin(), p->terms.end(), q->terms.begin(), q->terms.end(), alike);
    };
    const auto& x = one.is->clauses;
    const auto& y = other.is->clauses;
    if (!std::equal(one.columns_in.begin(), one.columns_in.end(), other.columns_in.begin(), pair) ||
        !std::equal(x.begin(), x.end(), y.begin(), y.end(), patterns))
      return {};
    std::vector<std::size_t> out;
    for (const var_id v : one.is->head) {
      const auto& head = other.is->head;
      const auto at = to[v] ? std::find(head.begin(), head.end(), *to[v]) : head.end();
      if (at == head.end()) return {};
      out.push_back(static_cast<std::size_t>(at - head.begin()));
    }
    return out;
  }

  std::size_t number_;
  std::uint64_t mask_;
  const rule& rule_;
  bool alone_;
};

}  // namespace datolite::query::detail
