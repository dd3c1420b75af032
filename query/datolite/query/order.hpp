// order: in which order a body's clauses are answered.
//
// A clause can be answered when what it needs is bound: all variables of a predicate and of a negation, the
// arguments of a call, what a rule's branches cannot bind by themselves. Among those that can, the one that
// promises the fewest rows is next; estimates come from the sources. The order of writing never decides: ties
// are broken by the order of the body, which is canonical (canonical_order.hpp). When no clause can be
// answered, the query is refused with `db.error/insufficient-binding`.
//
// Names. A source may take other names for what its rows have, idents for entities. Where another clause
// gives such a name, a pattern or a rule that resolves it waits: the other way round, the name would be
// compared with what the row has, and differ. Of clauses that give each other names none waits for the other.
// A variable for which no clause gives names, and which did not come as a name from the caller of a rule, is
// never resolved: what looks like a name is compared as it is, in every order.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include <datolite/query/detail/refuse.hpp>
#include <datolite/query/forced_way.hpp>
#include <datolite/query/program.hpp>

namespace datolite::query {

using var_set = std::vector<bool>;

/// The order of a body's clauses; `inner` those of its negations, by clause; `named` the variables that may
/// come as names.
struct body_order {
  std::vector<std::size_t> clauses;
  std::map<std::size_t, body_order> inner;
  var_set named;
  friend bool operator==(const body_order&, const body_order&) = default;
};

/// About how many rows a data pattern of `in`, the clause numbered so, gives by itself; the other clauses'
/// sizes.
using estimator = std::function<double(const body& in, std::size_t clause_number)>;

/// What is known of a pattern's size once another clause, `by`, has bound a variable of it to the few values
/// that it gives, which are known beforehand.
struct refined_size {
  std::size_t by;
  var_id variable;
  double rows;
};
using refiner = std::function<std::vector<refined_size>(const body& in, std::size_t clause_number)>;

/// The slots of a data pattern that its source wants bound, in a body that is asked of the source `callers`.
/// Empty if no source wants any.
using needs_of_pattern =
    std::function<slot_set(const body& in, std::size_t clause_number, std::size_t callers)>;

/// The slots of a body's clauses that may give names for their variables, and those where names are resolved
/// that other clauses may give; empty if there are none such.
struct name_flow {
  std::vector<slot_set> gives, waits;
  var_set given;  ///< the variables of `gives`; empty if that is
};

using names_of_body = std::function<name_flow(const body& in)>;

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
  binding_analysis(const std::vector<rule>& rules, needs_of_pattern needs)
      : rules_{&rules}, needs_{std::move(needs)} {}

  /// `callers`: the source of which the body is asked.
  bool is_ready(const body& of, std::size_t number, const var_set& bound, std::size_t callers) {
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
          } else if constexpr (std::is_same_v<C, pattern_clause>) {
            return missing_slots(of, number, bound, callers).empty();
          } else if constexpr (std::is_same_v<C, rule_clause>) {
            return can_run(c.rule, bound_arguments(c, bound),
                           c.source == callers_source ? callers : c.source);
          } else if constexpr (std::is_same_v<C, not_clause>) {
            for (const var_id v : c.shared) {
              if (!bound[v]) return false;
            }
            return true;
          } else {
            return true;
          }
        },
        of.clauses[number].is);
  }

  /// The slots of a data pattern that its source wants bound, and that are not.
  slot_set missing_slots(const body& of, std::size_t number, const var_set& bound,
                         std::size_t callers) const {
    slot_set out;
    if (!needs_) return out;
    const auto& terms = std::get<pattern_clause>(of.clauses[number].is).terms;
    const slot_set needed = needs_(of, number, callers);
    for (std::size_t slot = 0; slot < needed.end(); ++slot) {
      if (!needed.contains(slot)) continue;
      const bool known = slot < terms.size() &&
                         (terms[slot].is_fixed() || (terms[slot].is_variable() && bound[terms[slot].id]));
      if (!known) out.insert(slot);
    }
    return out;
  }

  /// Whether all branches of a rule bind all its variables when the caller binds those of `mask`, and calls
  /// it on the source `callers`. A rule that calls itself is judged by its other clauses.
  bool can_run(std::size_t number, std::uint64_t mask, std::size_t callers) {
    const rule& r = (*rules_)[number];
    for (std::size_t i = 0; i < r.arity; ++i) {
      if (r.required[i] && (mask >> i & 1) == 0) return false;
    }
    const auto [at, added] = known_.emplace(std::tuple{number, mask, callers}, true);
    if (!added) return at->second;
    bool all = true;
    for (const auto& branch : r.branches) all = all && binds_all(*branch, mask, callers);
    return at->second = all;
  }

  /// What must be bound for the clause and is not, by name: the variables, and slots where none stands.
  std::string missing(const body& of, std::size_t number, const var_set& bound, std::size_t callers) const {
    std::vector<std::string> names;
    const auto add = [&](const slot_term& t) {
      if (!t.is_variable() || bound[t.id]) return;
      std::string name = shown(of.names[t.id]);
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
    };
    const body_clause& clause = of.clauses[number];
    if (std::holds_alternative<pattern_clause>(clause.is)) {
      const auto& terms = std::get<pattern_clause>(clause.is).terms;
      const slot_set slots = missing_slots(of, number, bound, callers);
      for (std::size_t slot = 0; slot < slots.end(); ++slot) {
        if (!slots.contains(slot)) continue;
        if (slot < terms.size() && terms[slot].is_variable())
          add(terms[slot]);
        else
          names.push_back("slot " + std::to_string(slot));
      }
    } else if (const auto* call = std::get_if<call_clause>(&clause.is)) {
      for (const slot_term& t : call->arguments) add(t);
    } else if (const auto* of_rule = std::get_if<rule_clause>(&clause.is)) {
      const rule& r = (*rules_)[of_rule->rule];
      for (std::size_t i = 0; i < r.arity; ++i) {
        if (r.required[i]) add(of_rule->arguments[i]);
      }
    }
    if (names.empty()) for_each_variable(clause, [&](var_id v) { add({slot_term::type::variable, v, {}}); });
    std::string out;
    for (const std::string& name : names) out += (out.empty() ? "" : " ") + name;
    return out;
  }

 private:
  bool binds_all(const body& branch, std::uint64_t mask, std::size_t callers) {
    var_set bound(branch.names.size());
    for (std::size_t i = 0; i < branch.head.size(); ++i) bound[branch.head[i]] = (mask >> i & 1) != 0;
    std::vector<bool> done(branch.clauses.size());
    for (bool progress = true; progress;) {
      progress = false;
      for (std::size_t i = 0; i < done.size(); ++i) {
        if (done[i] || !is_ready(branch, i, bound, callers)) continue;
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
  needs_of_pattern needs_;
  std::map<std::tuple<std::size_t, std::uint64_t, std::size_t>, bool> known_;
};

/// Puts the clauses of bodies in order.
class orderer {
 public:
  /// `callers`: the source of which the bodies are asked.
  orderer(const std::vector<rule>& rules, std::size_t callers, estimator estimate, refiner refine,
          needs_of_pattern needs, names_of_body names)
      : analysis_{rules, std::move(needs)},
        callers_{callers},
        estimate_{std::move(estimate)},
        refine_{std::move(refine)},
        names_{std::move(names)} {}

  using numbers = std::vector<std::size_t>;

  /// `bound`: the variables known from the start; `named`: those of them that may be names; `forced`: the
  /// order, if not null, as far as it can be.
  body_order run(const body& of, var_set bound, var_set named, const numbers* forced = nullptr) {
    body_order out;
    bound.resize(of.names.size()), named.resize(of.names.size());
    const name_flow flow = names_(of);
    for (std::size_t v = 0; v < flow.given.size(); ++v) named[v] = named[v] || flow.given[v];
    out.named = std::move(named);
    const auto givers = givers_of(of, flow, bound);
    std::vector<bool> done(of.clauses.size());
    std::vector<std::optional<double>> sizes(of.clauses.size());
    while (out.clauses.size() < of.clauses.size()) {
      const auto next = best(of, givers, bound, done, sizes, forced);
      if (!next) refuse_stuck(of, bound, done);
      done[*next] = true;
      out.clauses.push_back(*next);
      if (const auto* no = std::get_if<not_clause>(&of.clauses[*next].is)) {
        var_set inner(no->inner->names.size()), inner_named(no->inner->names.size());
        for (std::size_t i = 0; i < no->shared.size(); ++i) {
          inner[no->inner->head[i]] = true;
          inner_named[no->inner->head[i]] = out.named[no->shared[i]];
        }
        out.inner.emplace(*next, run(*no->inner, std::move(inner), std::move(inner_named)));
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
  std::optional<std::size_t> best(const body& of, const std::vector<numbers>& givers, const var_set& bound,
                                  const std::vector<bool>& done, std::vector<std::optional<double>>& sizes,
                                  const numbers* forced) {
    numbers ready;
    for (std::size_t i = 0; i < of.clauses.size(); ++i) {
      if (!done[i] && analysis_.is_ready(of, i, bound, callers_)) ready.push_back(i);
    }
    if (!givers.empty()) leave_those_that_wait(of, givers, done, ready);
    for (std::size_t i = 0; forced != nullptr && i < forced->size(); ++i) {
      if (std::find(ready.begin(), ready.end(), (*forced)[i]) != ready.end()) return (*forced)[i];
    }
    if (ready.size() == 1) return ready.front();  // an estimate may cost reads, and could not change this

    std::optional<std::size_t> chosen;
    double least = 0;
    for (const std::size_t i : ready) {
      const double cost = this->cost(of, i, bound, done, sizes);
      const bool better = is_forced(way::worst_order) ? cost > least : cost < least;
      if (!chosen || better) chosen = i, least = cost;
    }
    return chosen;
  }

  /// For each clause those that may give names for what it resolves; empty if there are none. What is bound
  /// from the start is a name already, or is none.
  static std::vector<numbers> givers_of(const body& of, const name_flow& flow, const var_set& bound) {
    const std::size_t n = of.clauses.size();
    std::vector<numbers> out;
    if (flow.waits.empty()) return out;
    std::vector<std::vector<bool>> direct(n, std::vector<bool>(n));
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t slot = 0; slot < flow.waits[i].end(); ++slot) {
        const var_id v = row_terms(of.clauses[i])[slot].id;
        if (!flow.waits[i].contains(slot) || bound[v]) continue;
        for (std::size_t j = 0; j < n; ++j) direct[i][j] = direct[i][j] || (j != i && gives(of, flow, j, v));
      }
    }
    auto all = direct;  // also through others
    for (std::size_t by = 0; by < n; ++by) {
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < n; ++j) all[i][j] = all[i][j] || (all[i][by] && all[by][j]);
      }
    }
    out.resize(n);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        if (direct[i][j] && !all[j][i]) out[i].push_back(j);
      }
    }
    return out;
  }

  static bool gives(const body& of, const name_flow& flow, std::size_t clause, var_id v) {
    const auto terms = row_terms(of.clauses[clause]);
    for (std::size_t slot = 0; slot < flow.gives[clause].end(); ++slot) {
      if (flow.gives[clause].contains(slot) && terms[slot].is_variable() && terms[slot].id == v) return true;
    }
    return false;
  }

  /// Takes the clauses that wait for names out of `ready`, unless all do. At the start it keeps the relations
  /// that give such names, if there are any, else what leads to clauses that do: what hangs on those that
  /// wait would be multiplied with it.
  static void leave_those_that_wait(const body& of, const std::vector<numbers>& givers,
                                    const std::vector<bool>& done, numbers& ready) {
    const auto awaited = [&](std::size_t giver) { return !done[giver]; };
    numbers others, relations;
    for (const std::size_t i : ready) {
      if (std::none_of(givers[i].begin(), givers[i].end(), awaited)) others.push_back(i);
      for (const std::size_t giver : givers[i]) {
        if (awaited(giver) && std::holds_alternative<relation_clause>(of.clauses[giver].is))
          relations.push_back(giver);
      }
    }
    if (others.size() == ready.size()) return;
    const bool starts = std::none_of(done.begin(), done.end(), [](bool d) { return d; });
    if (starts && !relations.empty()) {
      std::sort(relations.begin(), relations.end());
      relations.erase(std::unique(relations.begin(), relations.end()), relations.end());
      ready = std::move(relations);
    } else if (!others.empty()) {
      if (starts) keep_those_that_lead(of, givers, others);
      ready = std::move(others);
    }
  }

  /// Keeps those of `some` that are linked, through clauses that do not wait, with one that gives names.
  static void keep_those_that_lead(const body& of, const std::vector<numbers>& givers, numbers& some) {
    const std::size_t n = of.clauses.size();
    std::vector<bool> leads(n), known(of.names.size());
    for (const numbers& each : givers) {
      for (const std::size_t giver : each) leads[giver] = givers[giver].empty();
    }
    for (bool more = true; more;) {
      more = false;
      for (std::size_t i = 0; i < n; ++i) {
        if (!givers[i].empty() || std::holds_alternative<comparison_clause>(of.clauses[i].is)) continue;
        for_each_variable(of.clauses[i], [&](var_id v) { leads[i] = leads[i] || known[v]; });
        if (!leads[i]) continue;
        for_each_variable(of.clauses[i], [&](var_id v) { more = more || !known[v], known[v] = true; });
      }
    }
    numbers kept;
    for (const std::size_t i : some) {
      if (leads[i]) kept.push_back(i);
    }
    if (!kept.empty()) some = std::move(kept);
  }

  double cost(const body& of, std::size_t i, const var_set& bound, const std::vector<bool>& done,
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
    std::optional<var_id> counted;  // the variable whose values the size takes into account
    for (const refined_size& r : refine_(of, i)) {
      if (!done[r.by] || !bound[r.variable] || (counted && r.rows >= size)) continue;
      size = r.rows, counted = r.variable;
    }
    for (std::size_t v = 0; v < bound.size(); ++v) any = any || bound[v];
    const auto link = [&](const slot_term& t, bool counts) {
      if (!counts) return;
      if (t.is_variable()) linked = true;
      if (!counted || !t.is_variable() || t.id != *counted) size /= per_bound_slot;
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

  [[noreturn]] void refuse_stuck(const body& of, const var_set& bound, const std::vector<bool>& done) const {
    for (std::size_t i = 0; i < of.clauses.size(); ++i) {
      if (done[i]) continue;
      const std::string names = analysis_.missing(of, i, bound, callers_);
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
  std::size_t callers_;
  estimator estimate_;
  refiner refine_;
  names_of_body names_;
};

}  // namespace detail

}  // namespace datolite::query
