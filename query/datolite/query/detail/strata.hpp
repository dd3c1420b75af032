// strata: rules that deny what they depend on are refused.
//
// A negation is answered when what it denies is complete. A rule that calls itself through a negation never
// is.
#pragma once

#include <algorithm>
#include <cstddef>
#include <variant>
#include <vector>

#include <datolite/query/detail/refuse.hpp>
#include <datolite/query/program.hpp>

namespace datolite::query::detail {

struct rule_calls {
  std::vector<std::size_t> plain, denied;
};

inline void collect_calls(const body& of, bool denied, rule_calls& out) {
  for (const body_clause& c : of.clauses) {
    if (const auto* call = std::get_if<rule_clause>(&c.is)) {
      (denied ? out.denied : out.plain).push_back(call->rule);
    } else if (const auto* no = std::get_if<not_clause>(&c.is)) {
      collect_calls(*no->inner, true, out);
    }
  }
}

inline bool leads_to(const std::vector<rule_calls>& calls, std::size_t from, std::size_t to) {
  std::vector<bool> seen(calls.size());
  std::vector<std::size_t> open{from};
  while (!open.empty()) {
    const std::size_t at = open.back();
    open.pop_back();
    if (at == to) return true;
    if (seen[at]) continue;
    seen[at] = true;
    open.insert(open.end(), calls[at].plain.begin(), calls[at].plain.end());
    open.insert(open.end(), calls[at].denied.begin(), calls[at].denied.end());
  }
  return false;
}

inline std::vector<rule_calls> calls_of_all(const program& of) {
  std::vector<rule_calls> calls(of.rules.size());
  for (std::size_t i = 0; i < of.rules.size(); ++i) {
    for (const auto& branch : of.rules[i].branches) collect_calls(*branch, false, calls[i]);
  }
  return calls;
}

/// Marks the rules that call themselves, and no other rule that leads back to them.
inline void find_lone_recursion(program& of) {
  const auto calls = calls_of_all(of);
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const auto& plain = calls[i].plain;
    bool alone = std::find(plain.begin(), plain.end(), i) != plain.end();
    for (const std::size_t other : plain) alone = alone && (other == i || !leads_to(calls, other, i));
    of.rules[i].recurs_alone = alone;
  }
}

/// Throws `db.error/unstratified-rules`, naming the two rules.
inline void refuse_unstratified(const program& of) {
  const auto calls = calls_of_all(of);
  const auto name = [&](std::size_t i) {
    return of.rules[i].name.is_nil() ? std::string{"a disjunction"} : "the rule " + shown(of.rules[i].name);
  };
  for (std::size_t i = 0; i < calls.size(); ++i) {
    for (const std::size_t denied : calls[i].denied) {
      if (!leads_to(calls, denied, i)) continue;
      refuse("db.error/unstratified-rules", name(i) + " denies " + name(denied) + ", which depends on it",
             of.rules[i].branches.front()->form);
    }
  }
}

}  // namespace datolite::query::detail
