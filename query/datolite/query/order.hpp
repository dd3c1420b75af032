// order: in which order a body's clauses are answered.
//
// A clause can be answered when what it needs is bound: all variables of a predicate and of a negation, the
// arguments of a call, what a rule's branches cannot bind by themselves. Among those that can, the one that
// promises the fewest rows is next; estimates come from the sources. The order of writing never decides: ties
// are broken by the order of the body, which is canonical (canonical_order.hpp). When no clause can be
// answered, the query is refused with `db.error/insufficient-binding`.
//
// Names. A source may take other names for what its rows have, idents for entities. Where a relation or a
// call gives such a name, the pattern waits for it: the other way round, the name would be compared with what
// the row has, and differ.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <datolite/query/detail/refuse.hpp>
#include <datolite/query/forced_way.hpp>
#include <datolite/query/program.hpp>

namespace datolite::query {

/// The order of a body's clauses; `inner` those of its negations, by clause.
struct body_order {
  std::vector<std::size_t> clauses;
  std::map<std::size_t, body_order> inner;
  friend bool operator==(const body_order&, const body_order&) = default;
};

/// About how many rows a data pattern of `in`, the clause numbered so, gives by itself; the other clauses'
/// sizes.
using estimator = std::function<double(const body& in, std::size_t clause_number)>;

/// The slots of a data pattern that its source wants bound.
using needs_of_pattern = std::function<slot_set(const body& in, std::size_t clause_number)>;

using var_set = std::vector<bool>;

namespace detail {

inline bool is_bound(const slot_term& t, const var_set& bound) { return !t.is_variable() || bound[t.id]; }

/// The arguments of a rule call that are bound, as bits. A blank is not.
inline std::uint64_t bound_arguments(const rule_clause& call, const var_set& bound) {
  std::uint64_t mask = 0;
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    const slot_term& t = call.arguments[i];
    if (t.is_fixed() || (t.is_variable() && bound[t.id])) mask |= std::uint64_t{1} << i;
  }
  return mask;
}

/// Which clauses can be answered with what is bound.
class binding_analysis {
 public:
  explicit binding_analysis(const std::vector<rule>& rules) : rules_{&rules} {}

  bool is_ready(const body_clause& clause, const var_set& bound) {
    return std::visit(
        [&](const auto& c) {
          using C = std::remove_cvref_t<decltype(c)>;
          if constexpr (std::is_same_v<C, comparison_clause>) {
            return is_bound(c.left, bound) && is_bound(c.right, bound);
          } else if constexpr (std::is_same_v<C, call_clause>) {
            for (const slot_term& t : c.arguments) {
              if (!is_bound(t, bound)) return false;
            }
            return true;
          } else if constexpr (std::is_same_v<C, rule_clause>) {
            return can_run(c.rule, bound_arguments(c, bound));
          } else if constexpr (std::is_same_v<C, not_clause>) {
            for (const var_id v : c.shared) {
              if (!bound[v]) return false;
            }
            return true;
          } else {
            return true;
          }
        },
        clause.is);
  }

  /// Whether all branches of a rule bind all its variables when the caller binds those of `mask`. A rule that
  /// calls itself is judged by its other clauses.
  bool can_run(std::size_t number, std::uint64_t mask) {
    const rule& r = (*rules_)[number];
    for (std::size_t i = 0; i < r.arity; ++i) {
      if (r.required[i] && (mask >> i & 1) == 0) return false;
    }
    const auto [at, added] = known_.emplace(std::pair{number, mask}, true);
    if (!added) return at->second;
    bool all = true;
    for (const auto& branch : r.branches) all = all && binds_all(*branch, mask);
    return at->second = all;
  }

 private:
  bool binds_all(const body& branch, std::uint64_t mask) {
    var_set bound(branch.names.size());
    for (std::size_t i = 0; i < branch.head.size(); ++i) bound[branch.head[i]] = (mask >> i & 1) != 0;
    std::vector<bool> done(branch.clauses.size());
    for (bool progress = true; progress;) {
      progress = false;
      for (std::size_t i = 0; i < done.size(); ++i) {
        if (done[i] || !is_ready(branch.clauses[i], bound)) continue;
        done[i] = progress = true;
        for_each_variable(branch.clauses[i], [&](var_id v) { bound[v] = true; });
      }
    }
    for (const bool d : done) {
      if (!d) return false;
    }
    for (const var_id v : branch.head) {
      if (!bound[v]) return false;
    }
    return true;
  }

  const std::vector<rule>* rules_;
  std::map<std::pair<std::size_t, std::uint64_t>, bool> known_;
};

/// Puts the clauses of bodies in order.
class orderer {
 public:
  /// `waits`: the slots of a pattern whose variables may come as names.
  orderer(const std::vector<rule>& rules, estimator estimate, needs_of_pattern needs, needs_of_pattern waits)
      : analysis_{rules},
        estimate_{std::move(estimate)},
        needs_{std::move(needs)},
        waits_{std::move(waits)} {}

  /// `bound`: the variables known from the start.
  body_order run(const body& of, var_set bound) {
    body_order out;
    bound.resize(of.names.size());
    std::vector<bool> done(of.clauses.size());
    std::vector<std::optional<double>> sizes(of.clauses.size());
    while (out.clauses.size() < of.clauses.size()) {
      const auto next = best(of, bound, done, sizes);
      if (!next) refuse_stuck(of, bound, done);
      done[*next] = true;
      out.clauses.push_back(*next);
      if (const auto* no = std::get_if<not_clause>(&of.clauses[*next].is)) {
        var_set inner(no->inner->names.size());
        for (const var_id v : no->inner->head) inner[v] = true;
        out.inner.emplace(*next, run(*no->inner, std::move(inner)));
      }
      for_each_variable(of.clauses[*next], [&](var_id v) { bound[v] = true; });
    }
    for (const var_id v : of.head) {
      if (!bound[v]) {
        refuse(insufficient_binding, "no clause binds " + shown(of.names[v]), of.form);
      }
    }
    return out;
  }

 private:
  std::optional<std::size_t> best(const body& of, const var_set& bound, const std::vector<bool>& done,
                                  std::vector<std::optional<double>>& sizes) {
    std::vector<std::size_t> ready;
    for (std::size_t i = 0; i < of.clauses.size(); ++i) {
      if (!done[i] && analysis_.is_ready(of.clauses[i], bound) && has_needs(of, i, bound)) ready.push_back(i);
    }
    leave_those_that_wait(of, done, ready);
    if (ready.size() == 1) return ready.front();  // an estimate may cost reads, and could not change this

    std::optional<std::size_t> chosen;
    double least = 0;
    for (const std::size_t i : ready) {
      const double cost = this->cost(of, i, bound, sizes);
      const bool better = is_forced(way::worst_order) ? cost > least : cost < least;
      if (!chosen || better) chosen = i, least = cost;
    }
    return chosen;
  }

  /// Takes the clauses that wait for names out of `ready`, unless all do. At the start it keeps only the
  /// relations that give such names, if there are any: they go first.
  void leave_those_that_wait(const body& of, const std::vector<bool>& done,
                             std::vector<std::size_t>& ready) const {
    std::vector<std::size_t> others, givers;
    for (const std::size_t i : ready) {
      bool waits = false;
      for (const std::size_t giver : givers_for(of, i)) {
        if (done[giver]) continue;
        waits = true;
        if (std::holds_alternative<relation_clause>(of.clauses[giver].is)) givers.push_back(giver);
      }
      if (!waits) others.push_back(i);
    }
    if (others.size() == ready.size()) return;
    const bool starts = std::none_of(done.begin(), done.end(), [](bool d) { return d; });
    if (starts && !givers.empty()) {
      std::sort(givers.begin(), givers.end());
      givers.erase(std::unique(givers.begin(), givers.end()), givers.end());
      ready = std::move(givers);
    } else if (!others.empty()) {
      ready = std::move(others);
    }
  }

  /// The relations and calls that may give names for what the pattern numbered `i` has.
  std::vector<std::size_t> givers_for(const body& of, std::size_t i) const {
    std::vector<std::size_t> out;
    const auto* pattern = std::get_if<pattern_clause>(&of.clauses[i].is);
    const slot_set slots = pattern == nullptr ? slot_set{} : waits_(of, i);
    for (std::size_t slot = 0; slot < slots.end(); ++slot) {
      if (!slots.contains(slot)) continue;
      for (std::size_t other = 0; other < of.clauses.size(); ++other) {
        const auto gives = [&](const std::vector<slot_term>& columns) {
          return std::any_of(columns.begin(), columns.end(), [&](const slot_term& t) {
            return t.is_variable() && t.id == pattern->terms[slot].id;
          });
        };
        const auto* known = std::get_if<relation_clause>(&of.clauses[other].is);
        const auto* call = std::get_if<call_clause>(&of.clauses[other].is);
        if ((known != nullptr && gives(known->columns)) ||
            (call != nullptr && call->result && gives(call->result->columns)))
          out.push_back(other);
      }
    }
    return out;
  }

  /// Whether the source of a data pattern has what it requires.
  bool has_needs(const body& of, std::size_t i, const var_set& bound) const {
    const auto* pattern = std::get_if<pattern_clause>(&of.clauses[i].is);
    const slot_set needed = pattern == nullptr ? slot_set{} : needs_(of, i);
    for (std::size_t slot = 0; slot < needed.end(); ++slot) {
      if (!needed.contains(slot)) continue;
      if (slot >= pattern->terms.size()) return false;
      const slot_term& t = pattern->terms[slot];
      if (!t.is_fixed() && !(t.is_variable() && bound[t.id])) return false;
    }
    return true;
  }

  double cost(const body& of, std::size_t i, const var_set& bound,
              std::vector<std::optional<double>>& sizes) {
    const body_clause& clause = of.clauses[i];
    if (std::holds_alternative<comparison_clause>(clause.is)) return -3;
    if (std::holds_alternative<call_clause>(clause.is)) return -2;
    if (std::holds_alternative<not_clause>(clause.is)) return -1;
    if (!sizes[i]) {
      const bool calls = std::holds_alternative<rule_clause>(clause.is);
      sizes[i] = calls ? size_of_a_rule : estimate_(of, i);
    }
    double size = *sizes[i];
    bool linked = false, any = false;
    for (std::size_t v = 0; v < bound.size(); ++v) any = any || bound[v];
    const auto link = [&](const slot_term& t, bool counts) {
      if (!counts) return;
      if (t.is_variable()) linked = true;
      size /= per_bound_slot;
    };
    std::visit(
        [&](const auto& c) {
          using C = std::remove_cvref_t<decltype(c)>;
          if constexpr (std::is_same_v<C, pattern_clause>) {
            for (const slot_term& t : c.terms) link(t, t.is_variable() && bound[t.id]);
          } else if constexpr (std::is_same_v<C, relation_clause>) {
            for (const slot_term& t : c.columns) link(t, t.is_variable() && bound[t.id]);
          } else if constexpr (std::is_same_v<C, rule_clause>) {
            for (const slot_term& t : c.arguments) link(t, t.is_fixed() || (t.is_variable() && bound[t.id]));
          }
        },
        clause.is);
    return any && !linked && *sizes[i] > 1 ? size * unlinked : size;
  }

  [[noreturn]] static void refuse_stuck(const body& of, const var_set& bound, const std::vector<bool>& done) {
    for (std::size_t i = 0; i < of.clauses.size(); ++i) {
      if (done[i]) continue;
      std::string names;
      for_each_variable(of.clauses[i], [&](var_id v) {
        const std::string name = shown(of.names[v]);
        if (!bound[v] && names.find(name) == std::string::npos) names += (names.empty() ? "" : " ") + name;
      });
      refuse(insufficient_binding,
             names.empty() ? "what must be bound is not" : names + " must be bound, and is not",
             of.clauses[i].form);
    }
    refuse(invalid_query, "no order of clauses was found", of.form);
  }

  static constexpr double size_of_a_rule = 1e6;
  static constexpr double per_bound_slot = 1e3;
  static constexpr double unlinked = 1e9;

  binding_analysis analysis_;
  estimator estimate_;
  needs_of_pattern needs_, waits_;
};

}  // namespace detail

}  // namespace datolite::query
