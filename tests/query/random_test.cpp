// Random queries give what the reference evaluator gives, whatever the order of their clauses and in
// whichever way they are answered.
#include <algorithm>
#include <iostream>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <string>

#include <datolite/query/forced_way.hpp>
#include <datolite/query/query.hpp>

#include <query/reference_evaluator.hpp>
#include <support/effort.hpp>

#include <gtest/gtest.h>

namespace random_test {

using datolite::value;
using datolite::query::detail::forced_way;
using datolite::query::detail::way;

constexpr std::uint32_t seed = 20240611;

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
    return "[(" + any(operators_) + " " +
           (chance(3)   ? var()
            : chance(4) ? constant()
                        : number()) +
           " " + var() + ")]";
  }

  std::string clause(int depth = 0) {
    switch (below(depth < 2 ? 14 : 7)) {
      case 7: return comparison();
      case 8: return "[(+ " + var() + " 1) " + var() + "]";
      case 9: return "[(ground [" + number() + " " + number() + "]) [" + var() + " ...]]";
      case 10: return "(not " + clauses(1 + below(2), depth + 1) + ")";
      case 11: return "(not-join [" + var() + "] " + clauses(1 + below(2), depth + 1) + ")";
      case 12: {
        const std::string v = var();
        return "(or-join [" + v + "] " + clause(depth + 1) + " (and " + pattern() + " " + clause(depth + 1) +
               "))";
      }
      case 13: return "(" + any(rules_) + " " + term() + " " + term() + ")";
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
           " (reach ?z ?y)]]";
  }

  std::vector<std::string> shuffled(std::vector<std::string> of) {
    std::shuffle(of.begin(), of.end(), random_);
    return of;
  }

 private:
  std::mt19937 random_;
  const std::vector<std::string> variables_{"?a", "?b", "?c", "?d"};
  const std::vector<std::string> attributes_{":r", ":s", ":r"};
  const std::vector<std::string> constants_{"0", "1", "2", "3", "1.0", "false", "nil", "\"x\"", ":s"};
  const std::vector<std::string> operators_{"<", "<=", "=", ">=", ">", "not="};
  const std::vector<std::string> rules_{"reach", "reach", "other"};
  const std::vector<std::string> steps_of_other_{"[?x :s ?z]", "[$s ?x ?z]", "(other ?x ?z)"};
};

struct trial {
  std::string find, in, rules;
  std::vector<std::string> clauses;
  reference::evaluator by;
  std::vector<reference::binding> inputs;
  std::vector<value> extra;         // arguments after the sources and rules
  std::optional<std::string> name;  // of the input that they are
};

trial make(generator& g) {
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
  const std::string name = g.var();
  if (g.chance(4)) {
    t.name = name;
    t.in += " " + name;
    t.extra.push_back(datolite::read_edn(g.constant()));
    t.inputs = {{{name, t.extra[0]}}};
  } else if (g.chance(4)) {
    t.name = name;
    t.in += " [" + name + " ...]";
    t.extra.push_back(datolite::read_edn("[" + g.number() + " " + g.constant() + "]"));
    t.inputs.clear();
    for (const value& v : t.extra[0].elements()) t.inputs.push_back({{name, v}});
  }
  return t;
}

enum class outcome { answered, stuck, skipped };

struct answer {
  outcome how;
  reference::rows rows;
  std::string why;
};

answer by_engine(const trial& t, const std::vector<std::string>& clauses, way forced) {
  std::string text = t.find + t.in + " :where";
  for (const std::string& c : clauses) text += " " + c;
  text += "]";
  const auto& sources = t.by.sources;
  std::vector<datolite::query::argument> arguments{sources.at("$"), sources.at("$s"), t.rules};
  for (const value& v : t.extra) arguments.emplace_back(v);
  struct forcing {
    explicit forcing(way w) { forced_way = w; }
    ~forcing() { forced_way = way::cheapest; }
  } const in_this_way{forced};
  try {
    answer out{outcome::answered, {}, {}};
    const datolite::query::prepared fresh{datolite::read_edn(text)};
    for (auto row : datolite::q({.query = fresh, .args = arguments})) {
      reference::row one;
      for (std::size_t i = 0; i < row.size(); ++i) one.push_back(row[i]);
      EXPECT_TRUE(out.rows.insert(one).second) << "a row stands twice: " << text;
    }
    return out;
  } catch (const datolite::error& e) {
    if (e.code() == "db.error/insufficient-binding") return {outcome::stuck, {}, e.what()};
    if (e.code() == "db.error/wrong-type") return {outcome::skipped, {}, e.what()};
    ADD_FAILURE() << e.what();
    return {outcome::skipped, {}, e.what()};
  }
}

answer by_reference(trial& t) {
  std::string text = t.find + t.in + " :where";
  for (const std::string& c : t.clauses) text += " " + c;
  std::set<std::string> names;
  if (t.name) names.insert(*t.name);
  try {
    return {outcome::answered, t.by.answer(datolite::read_edn(text + "]"), t.inputs, names), {}};
  } catch (const reference::stuck& e) {
    return {outcome::stuck, {}, e.what()};
  } catch (const std::invalid_argument& e) {
    return {outcome::skipped, {}, e.what()};
  }
}

std::string shown(const trial& t) {
  std::string out = t.find + t.in + " :where";
  for (const std::string& c : t.clauses) out += "\n  " + c;
  out += "]\nrules " + t.rules;
  for (const auto& [name, rows] : t.by.sources) {
    out += "\n" + name + " [";
    for (const auto& r : rows) out += datolite::to_edn(value::vector(r));
    out += "]";
  }
  for (const value& v : t.extra) out += "\n" + datolite::to_edn(v);
  return out;
}

std::string shown(const reference::rows& rows) {
  std::string out;
  for (const auto& r : rows) out += datolite::to_edn(value::vector(r));
  return out;
}

/// The queries are asked in parts, so that these may run side by side.
class random_queries : public testing::TestWithParam<std::uint32_t> {};
INSTANTIATE_TEST_SUITE_P(in_parts, random_queries, testing::Range(0u, 2u));

TEST_P(random_queries, agree_with_the_reference_in_every_order_of_clauses_and_every_way) {
  const std::uint32_t asked = datolite::test::rounds(6'500u, 65'000u);
  std::uint32_t answered = 0, with_rows = 0;
  for (std::uint32_t i = GetParam() * asked; i < (GetParam() + 1) * asked; ++i) {
    generator g{seed + i};
    trial t = make(g);
    const answer wanted = by_reference(t);
    const auto turn = static_cast<way>(1 + i % (static_cast<std::uint32_t>(way::count) - 1));
    for (const way forced : {way::cheapest, turn}) {
      const answer got = by_engine(t, forced == turn ? g.shuffled(t.clauses) : t.clauses, forced);
      if (wanted.how == outcome::skipped || got.how == outcome::skipped) continue;
      ASSERT_EQ(wanted.how, got.how) << "seed " << seed + i << " way " << static_cast<int>(forced) << "\n"
                                     << shown(t) << "\n"
                                     << wanted.why << got.why;
      ASSERT_EQ(wanted.rows, got.rows)
          << "seed " << seed + i << " way " << static_cast<int>(forced) << "\n"
          << shown(t) << "\nwanted " << shown(wanted.rows) << "\ngot    " << shown(got.rows) << got.why;
    }
    answered += wanted.how == outcome::answered;
    with_rows += !wanted.rows.empty();
  }
  std::cout << asked << " queries, " << answered << " answered, " << with_rows << " with rows\n";
  EXPECT_GT(answered, asked / 2) << "the generator makes too many queries that have no answer";
  EXPECT_GT(with_rows, asked / 4) << "the generator makes too many queries whose answer is empty";
}

}  // namespace random_test
