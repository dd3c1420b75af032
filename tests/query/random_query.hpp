// random_query: queries that are made up, with the rules, rows and inputs that go with them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <datolite/core/edn.hpp>
#include <datolite/core/value.hpp>

#include <query/reference_evaluator.hpp>

namespace random_test {

using datolite::value;

class generator {
 public:
  explicit generator(std::uint32_t number) : random_{number} {}

  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>{0, n - 1}(random_); }
  bool chance(std::size_t in) { return below(in) == 0; }
  template <class T>
  const T& any(const std::vector<T>& of) {
    return of[below(of.size())];
  }

  std::string var() { return any(variables_); }
  std::string number() { return std::to_string(below(5)); }
  std::string constant() { return any(constants_); }
  std::string term() { return chance(3) ? constant() : chance(6) ? "_" : var(); }

  reference::rows table(std::size_t width) {
    reference::rows out;
    for (std::size_t i = 2 + below(14); i > 0; --i) {
      std::string text = "[" + number() + " " + any(attributes_);
      for (std::size_t w = 2; w < width; ++w) text += " " + (chance(4) ? constant() : number());
      const value row = datolite::read_edn(text + "]");
      out.insert({row.elements().begin(), row.elements().end()});
    }
    return out;
  }

  std::string pattern() {
    if (chance(4)) return "[$s " + term() + " " + term() + "]";
    std::string out = "[" + (chance(4) ? term() : var()) + " " + (chance(3) ? term() : any(attributes_));
    return out + (chance(5) ? "]" : " " + term() + "]");
  }

  std::string comparison() {
    const std::string first = chance(3) ? var() : chance(4) ? constant() : number();
    if (chance(12))
      return "[(clojure.string/starts-with? " + var() + " " + (chance(2) ? "\"x\"" : first) + ")]";
    return "[(" + any(operators_) + " " + first + " " + var() + (chance(8) ? " " + number() : "") + ")]";
  }

  /// A call with constant arguments and any form of binding.
  std::string ground() {
    switch (below(5)) {
      case 0: return "[(ground [" + number() + " " + constant() + "]) [" + var() + " " + var() + "]]";
      case 1:
        return "[(ground [[" + number() + " " + number() + "] [" + number() + " " + constant() + "]]) [[" +
               var() + " " + var() + "]]]";
      case 2:
        return "[(ground [[" + number() + " [" + number() + " " + number() + "]] [" + constant() +
               " []]]) [[" + var() + " [" + var() + " ...]]]]";
      default: return "[(ground [" + number() + " " + number() + "]) [" + var() + " ...]]";
    }
  }

  /// Branches that have the same variables, or name those that matter.
  std::string either(int depth) {
    const std::string v = var(), w = var();
    const std::string one = "[" + v + " " + any(attributes_) + " " + w + "]";
    const std::string two = "[" + w + " " + any(attributes_) + " " + v + "]";
    switch (below(5)) {
      case 0: return "(or " + one + " (and " + two + " [" + v + " _ " + (chance(2) ? w : "_") + "]))";
      case 1:
        if (v == w) return "(or-join [[" + v + "]] " + one + " " + clause(depth) + ")";
        return "(or-join [[" + v + "] " + w + "] " + one + " (and " + two + " " + clause(depth) + "))";
      case 2:
        if (v == w) break;
        return "(or-join [" + v + " " + w + "] (and " + one + " " + clause(depth) + ") (and " +
               clause(depth) + " " + clause(depth) + "))";
      default: break;
    }
    return "(or-join [" + v + "] " + clause(depth) + " (and " + pattern() + " " + clause(depth) + "))";
  }

  std::string denied(int depth) {
    const std::string v = var(), w = var();
    const std::string inside = clauses(1 + below(2), depth) + ")";
    if (chance(2)) return "(not " + inside;
    return "(not-join [" + v + (v != w && chance(2) ? " " + w : "") + "] " + inside;
  }

  std::string clause(int depth = 0) {
    switch (below(depth < 2 ? 16 : 7)) {
      case 7: return comparison();
      case 8: return "[(+ " + var() + " 1) " + var() + "]";
      case 9: return ground();
      case 10:
      case 11: return denied(depth + 1);
      case 12: return either(depth + 1);
      case 13: return "(" + any(rules_) + " " + term() + " " + term() + ")";
      case 14: return "($s pair " + term() + " " + term() + ")";
      case 15:
        return "[(tuple " + var() + " " + var() + ") [" + var() + " " + (chance(2) ? "_" : var()) + "]]";
      default: return pattern();
    }
  }

  std::string clauses(std::size_t n, int depth) {
    std::string out;
    for (; n > 0; --n) out += (out.empty() ? "" : " ") + clause(depth);
    return out;
  }

  std::string rule_set() {
    const std::vector<std::string> steps{"[?a :r ?c] (reach ?c ?b)", "(reach ?a ?c) [?c :r ?b]",
                                         "(reach ?a ?c) (reach ?c ?b)", "[?c :r ?b] (reach ?a ?c)",
                                         "(other ?a ?c) (reach ?c ?b)"};
    return "[[(reach ?a ?b) [?a :r ?b]] [(reach ?a ?b) " + any(steps) + "]" + " [(other ?a ?b) [?b :r ?a] " +
           (chance(2) ? "(not [?a :s ?b])" : "[?a _]") + "]" + " [(other ?x ?y) " + any(steps_of_other_) +
           " (reach ?z ?y)] [(pair ?x ?y) [?x ?y]] [(pair ?x ?y) [?x ?z] (pair ?z ?y)]]";
  }

  std::vector<std::string> shuffled(std::vector<std::string> of) {
    std::shuffle(of.begin(), of.end(), random_);
    return of;
  }

 private:
  std::mt19937 random_;
  const std::vector<std::string> variables_{"?a", "?b", "?c", "?d"};
  const std::vector<std::string> attributes_{":r", ":s", ":r"};
  const std::vector<std::string> constants_{"0",     "1",   "2",     "3",      "1.0",
                                            "false", "nil", "\"x\"", "\"xy\"", ":s"};
  const std::vector<std::string> operators_{"<", "<=", "=", ">=", ">", "not="};
  const std::vector<std::string> rules_{"reach", "reach", "other"};
  const std::vector<std::string> steps_of_other_{"[?x :s ?z]", "[$s ?x ?z]", "(other ?x ?z)"};
};

struct trial {
  std::string find, in, rules, tail;
  std::vector<std::string> clauses;
  reference::evaluator by;
  std::vector<reference::binding> inputs;
  std::vector<value> extra;     // arguments after the sources and rules
  std::set<std::string> names;  // of what they bind

  /// The query's text, with its clauses in this order.
  std::string text(const std::vector<std::string>& in_order) const {
    std::string out = find + in + " :where";
    for (const std::string& c : in_order) out += " " + c;
    return out + tail + "]";
  }
};

/// Adds an input of one form or another, and what it binds.
inline void add_input(trial& t, generator& g) {
  const std::string one = g.var(), two = g.var();
  const auto taken = [&](const std::string& form, const std::string& given) {
    t.in += " " + form;
    t.extra.push_back(datolite::read_edn(given));
    t.names = {one};
    return t.extra.back();
  };
  t.inputs.clear();
  switch (g.below(one == two ? 2 : 4)) {
    case 0: t.inputs.push_back({{one, taken(one, g.constant())}}); break;
    case 1: {
      const value all = taken("[" + one + " ...]", "[" + g.number() + " " + g.constant() + "]");
      for (const value& v : all.elements()) t.inputs.push_back({{one, v}});
      break;
    }
    case 2: {
      const value all = taken("[" + one + " " + two + "]", "[" + g.number() + " " + g.constant() + "]");
      t.inputs.push_back({{one, all.elements()[0]}, {two, all.elements()[1]}});
      t.names.insert(two);
      break;
    }
    default: {
      const std::string row = "[" + g.number() + " nil ";
      const value all =
          taken("[[" + one + " _ " + two + "]]", "[" + row + g.constant() + "] " + row + g.number() + "]]");
      for (const value& v : all.elements())
        t.inputs.push_back({{one, v.elements()[0]}, {two, v.elements()[2]}});
      t.names.insert(two);
    }
  }
}

inline trial make(generator& g) {
  trial t;
  t.by.sources = {{"$", g.table(3)}, {"$s", g.table(2)}};
  t.rules = g.rule_set();
  const value rules = datolite::read_edn(t.rules);
  for (const value& branch : rules.elements()) {
    t.by.rules[std::string{branch.elements()[0].elements()[0].raw()}].push_back(branch);
  }
  const std::string first = g.var(), second = g.var();
  t.clauses.push_back("[" + first + " " + (g.chance(3) ? "_" : ":r") + " " + second + "]");
  for (std::size_t n = g.below(4); n > 0; --n) t.clauses.push_back(g.clause());
  t.find = "[:find " + first + (g.chance(2) ? " " + (g.chance(3) ? g.var() : second) : "");
  t.in = " :in $ $s %";
  t.inputs = {{}};
  if (g.chance(2)) add_input(t, g);
  return t;
}

}  // namespace random_test
