// make_templates: the data patterns of a body, with the advice that its comparisons give.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <datolite/query/pattern_template.hpp>
#include <datolite/query/program.hpp>

namespace datolite::query::detail {

/// A comparison as seen from its variable `of`: the operator, and the fixed term on the other side.
inline std::optional<std::pair<comparison, const slot_term*>> seen_from(const comparison_clause& c,
                                                                        var_id of) {
  if (c.left.is_variable() && c.left.id == of && c.right.is_fixed()) return {{c.op, &c.right}};
  if (c.right.is_variable() && c.right.id == of && c.left.is_fixed() && c.op != comparison::starts_with) {
    return {{exchanged(c.op), &c.left}};
  }
  return std::nullopt;
}

/// The template of a pattern that stands in `in`. A variable counts as wanted when `matters[var]`.
inline pattern_template make_template(const pattern_clause& pattern, const body& in,
                                      const std::vector<bool>& matters) {
  pattern_template out;
  const std::size_t n = pattern.terms.size();
  out.consts.resize(n), out.starts.resize(n), out.whiles.resize(n);
  for (std::size_t slot = 0; slot < n; ++slot) {
    const slot_term& t = pattern.terms[slot];
    if (t.is == slot_term::type::constant) out.consts[slot] = t.constant;
    if (t.is == slot_term::type::input) out.late_consts.push_back({slot, t.id});
    if (!t.is_variable()) continue;
    if (matters[t.id]) out.wanted.insert(slot);
    for (std::size_t first = 0; first < slot; ++first) {
      if (pattern.terms[first].is_variable() && pattern.terms[first].id == t.id) {
        out.repeated.push_back({first, slot});
        break;
      }
    }
    bool past = false;
    for (const body_clause& other : in.clauses) {
      const auto* c = std::get_if<comparison_clause>(&other.is);
      const auto seen = c != nullptr ? detail::seen_from(*c, t.id) : std::nullopt;
      if (!seen) continue;
      if (seen->second->is == slot_term::type::constant) {
        detail::narrow(out.starts[slot], past, out.whiles[slot], seen->first, seen->second->constant);
      } else {
        out.late_bounds.push_back({slot, seen->first, seen->second->id});
      }
    }
    if (past) out.past.insert(slot);
  }
  return out;
}

/// The templates of all data patterns of `of`, by clause number; empty ones for other clauses. `given` are
/// bound from the start though the head does not have them.
inline std::vector<pattern_template> make_templates(const body& of, const std::vector<var_id>& given = {}) {
  std::vector<std::size_t> uses(of.names.size());
  for (const body_clause& c : of.clauses) for_each_variable(c, [&](var_id v) { ++uses[v]; });
  for (const var_id v : of.head) ++uses[v];
  for (const var_id v : given) ++uses[v];
  std::vector<bool> matters(uses.size());
  for (std::size_t v = 0; v < uses.size(); ++v) matters[v] = uses[v] > 1;
  std::vector<pattern_template> out(of.clauses.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (const auto* p = std::get_if<pattern_clause>(&of.clauses[i].is))
      out[i] = make_template(*p, of, matters);
  }
  return out;
}

/// The slots of each clause's rows whose variables stand in other clauses too, or are handed on: nothing if
/// no clause has any. Predicates do not count: they take values as they are.
inline std::vector<slot_set> linked_slots(const body& of, const std::vector<var_id>& handed_on) {
  constexpr std::size_t none = ~std::size_t{0};
  std::vector<std::size_t> first(of.names.size(), none);  // the first clause of each variable
  std::vector<bool> shared(of.names.size());
  for (std::size_t i = 0; i < of.clauses.size(); ++i) {
    for (const slot_term& t : row_terms(of.clauses[i])) {
      if (!t.is_variable()) continue;
      if (first[t.id] == none) first[t.id] = i;
      if (first[t.id] != i) shared[t.id] = true;
    }
    const auto* no = std::get_if<not_clause>(&of.clauses[i].is);
    for (std::size_t v = 0; no != nullptr && v < no->shared.size(); ++v) shared[no->shared[v]] = true;
  }
  for (const var_id v : handed_on) shared[v] = true;
  std::vector<slot_set> out(of.clauses.size());
  bool any = false;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto terms = row_terms(of.clauses[i]);
    for (std::size_t slot = 0; slot < terms.size() && slot < slot_set::capacity; ++slot) {
      if (terms[slot].is_variable() && shared[terms[slot].id]) out[i].insert(slot), any = true;
    }
  }
  return any ? out : std::vector<slot_set>{};
}

/// What is worked out once for a body whose clauses and head are complete; `given` as for make_templates,
/// `handed_on` as for linked_slots.
inline void complete_body(body& of, const std::vector<var_id>& given = {},
                          const std::vector<var_id>& handed_on = {}) {
  of.patterns = make_templates(of, given);
  of.linked = linked_slots(of, handed_on);
}

}  // namespace datolite::query::detail
