// The order in which a query's clauses are written decides nothing: one plan, one answer, the same reads.
#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include <datolite/datolite.hpp>

#include <gtest/gtest.h>
#include <support/effort.hpp>

namespace plan_order_test {

using namespace datolite;
using namespace datolite::literals;

constexpr std::int64_t base = std::int64_t{4} << 42;

/// People, of whom :friend and :boss have as many datoms as :name, so that estimates tie.
db people() {
  connection conn{engines::memory{}};
  conn.transact(R"([
    {:db/ident :name :db/valueType :db.type/string :db/cardinality :db.cardinality/one}
    {:db/ident :age :db/valueType :db.type/long :db/cardinality :db.cardinality/one :db/index true}
    {:db/ident :friend :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}
    {:db/ident :boss :db/valueType :db.type/ref :db/cardinality :db.cardinality/one}
    {:db/ident :city :db/valueType :db.type/keyword :db/cardinality :db.cardinality/one :db/index true}])"_edn);
  std::mt19937 random{7};
  std::string facts = "[";
  for (int i = 0; i < 60; ++i) {
    const auto other = [&] { return std::to_string(base + 1000 + static_cast<int>(random() % 60)); };
    facts += "{:db/id " + std::to_string(base + 1000 + i) + " :name \"n" + std::to_string(i % 40) +
             "\" :age " + std::to_string(random() % 30) + " :friend " + other() + " :boss " + other() +
             " :city :c" + std::to_string(random() % 4) + "}";
  }
  return conn.transact(read_edn(facts + "]")).db_after;
}

using pair = std::tuple<std::int64_t, std::int64_t>;
const std::vector<pair> prices{{1, 10}, {2, 20}, {3, 10}, {4, 20}, {5, 10}, {7, 5}, {9, 2}, {20, 7}};

const value rules =
    "[[(knows ?a ?b) [?a :friend ?b]] [(knows ?a ?b) [?a :friend ?c] (knows ?c ?b)]"
    " [(older ?a ?b) [?a :age ?x] [?b :age ?y] [(< ?y ?x)] [?a :boss ?b]]]"_edn;

struct case_of {
  const char* find;
  std::vector<const char*> clauses;
};

const std::vector<case_of> cases{
    // ties: three attributes of as many datoms each
    {"?n ?m", {"[?a :name ?n]", "[?a :friend ?b]", "[?b :boss ?c]", "[?c :name ?m]"}},
    {"?a ?b ?c", {"[?a :friend ?b]", "[?b :friend ?c]", "[?a :boss ?c]"}},
    {"?a", {"[?a :friend ?b]", "[?a :boss ?c]", "[?b :city :c1]", "[?c :city :c1]", "[?a :city :c1]"}},
    // several bounds of one variable, of several kinds; two that exclude each other
    {"?a", {"[?a :age ?x]", "[(< 3 ?x)]", "[(<= 4.0 ?x)]", "[(< ?x 20)]", "[(<= ?x 19)]"}},
    {"?a", {"[?a :age ?x]", "[(= ?x 3)]", "[(= ?x 4)]", "[?a :name ?n]"}},
    {"?a", {"[?a :age ?x]", "[(< \"b\" ?x)]", "[(< 7 ?x)]", "[(< ?x ?in)]", "[(< 3 ?x ?in)]"}},
    // collections, functions, tuples
    {"?a ?p", {"[?a :age ?x]", "[$t ?x ?p]", "[$t ?y ?p]", "[(+ ?x 1) ?y]", "[?b :age ?y]", "[?a :city ?c]"}},
    {"?x ?y", {"[$t ?x ?p]", "[$t ?y ?p]", "[(< ?x ?y)]", "[(ground [10 20]) [?p ...]]"}},
    {"?k ?l", {"[$t ?k ?p]", "[$t ?l ?p]", "[$t ?p ?k]", "[$t ?q ?l]"}},
    // negation, disjunction, rules
    {"?a", {"[?a :city ?c]", "(not [?a :age 5])", "(not [?b :boss ?a] [?b :city ?c])", "[?a :age ?x]"}},
    {"?a ?b",
     {"(or [?a :age 5] [?a :age 7])", "[?a :friend ?b]", "(or-join [?b] [?b :age ?x] [?b :name \"n3\"])"}},
    {"?b", {"[?a :name \"n3\"]", "(knows ?a ?b)", "(older ?b ?c)", "[?c :city :c2]", "[(not= ?a ?b)]"}},
    {"?a ?c",
     {"[?a :city ?c]", "(not-join [?a] (knows ?a ?d) [?d :age 0])", "[(get-else $ ?a :age 0) ?x]",
      "[(even? ?x)]", "[?a :friend ?f]"}},
};

struct outcome {
  value steps, answer, reads, seeks, cursor_steps;
};

/// The query, asked anew: nothing is remembered of another order.
outcome ask(const std::string& text, const db& shown, const value& with_rules) {
  const query::prepared fresh{read_edn(text)};
  const std::vector<int> cities{1, 2};
  const std::vector<query::argument> args{shown, prices, with_rules, value{25}, "[:c1 :c2 :c3]"_edn};
  const auto found = q({.query = fresh, .args = args, .io_context = "order"_kw});
  const value io = found.io_stats();
  return {*find_keyword(explain({.query = fresh, .args = args}).plan, "steps"), found.as_value(),
          *find_keyword(io, "reads"), *find_keyword(io, "seeks"), *find_keyword(io, "steps")};
}

std::string text_of(const char* find, const std::vector<const char*>& clauses) {
  std::string out = std::string{"[:find "} + find + " :in $ $t % ?in [?c ...] :where";
  for (const char* c : clauses) out += std::string{" "} + c;
  return out + "]";
}

TEST(order_of_writing, decides_neither_the_plan_nor_what_is_read) {
  const db shown = people();
  for (const case_of& asked : cases) {
    std::vector<std::size_t> order(asked.clauses.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::optional<outcome> first;
    std::size_t written = 0;
    do {
      if (written++ % test::stride(std::size_t{1}) != 0) continue;
      std::vector<const char*> clauses;
      for (const std::size_t i : order) clauses.push_back(asked.clauses[i]);
      const std::string text = text_of(asked.find, clauses);
      const outcome got = ask(text, shown, rules);
      if (!first) first = got;
      ASSERT_EQ(first->answer, got.answer) << text;
      ASSERT_EQ(first->steps, got.steps) << text << "\n" << to_edn(first->steps) << "\n" << to_edn(got.steps);
      ASSERT_EQ(first->reads, got.reads) << text;
      ASSERT_EQ(first->seeks, got.seeks) << text;
      ASSERT_EQ(first->cursor_steps, got.cursor_steps) << text;
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

/// A plan's steps without the forms that they come from.
value without_forms(const value& steps) {
  std::vector<value> out;
  for (const value& step : steps.elements()) {
    std::vector<value> one;
    for (const char* key : {"by", "estimated", "rows-in", "rows-out", "runs", "asked", "answered", "gives"}) {
      const value* v = find_keyword(step, key);
      one.push_back(v == nullptr ? value{} : *v);
    }
    for (const char* key : {"steps", "branches"}) {
      if (const value* inner = find_keyword(step, key)) one.push_back(without_forms(*inner));
    }
    out.push_back(value::vector(one));
  }
  return value::vector(out);
}

TEST(order_of_writing, decides_nothing_within_negations_disjunctions_and_rules) {
  const db shown = people();
  const std::pair<const char*, const char*> alike[]{
      {"[?a :city ?c] (not [?b :boss ?a] [?b :friend ?f] [?f :city ?c])",
       "[?a :city ?c] (not [?f :city ?c] [?b :friend ?f] [?b :boss ?a])"},
      {"[?a :city ?c] (not [?b :boss ?a] [?b :city ?c]) (not [?b :boss ?a] [?b :age 3])",
       "(not [?b :age 3] [?b :boss ?a]) (not [?b :city ?c] [?b :boss ?a]) [?a :city ?c]"},
      {"(or (and [?a :boss ?b] [?b :age 5]) (and [?a :friend ?b] [?b :name \"n3\"])) [?a :age ?x]",
       "[?a :age ?x] (or (and [?b :name \"n3\"] [?a :friend ?b]) (and [?b :age 5] [?a :boss ?b]))"},
      {"(or-join [?a] (and [?a :boss ?b] [?b :boss ?a]) (and [?a :friend ?b] [?b :boss ?a] [?a :age 4]))",
       "(or-join [?a] (and [?a :age 4] [?b :boss ?a] [?a :friend ?b]) (and [?b :boss ?a] [?a :boss ?b]))"}};
  for (const auto& [one, other] : alike) {
    const outcome a = ask(text_of("?a", {one}), shown, rules), b = ask(text_of("?a", {other}), shown, rules);
    EXPECT_EQ(a.answer, b.answer) << one;
    EXPECT_EQ(without_forms(a.steps), without_forms(b.steps)) << one << "\n"
                                                              << to_edn(a.steps) << "\n"
                                                              << to_edn(b.steps);
    EXPECT_EQ(a.reads, b.reads) << one;
    EXPECT_EQ(a.seeks, b.seeks) << one;
  }
  const value turned =
      "[[(older ?a ?b) [?a :boss ?b] [(< ?y ?x)] [?b :age ?y] [?a :age ?x]]"
      " [(knows ?a ?b) (knows ?c ?b) [?a :friend ?c]] [(knows ?a ?b) [?a :friend ?b]]]"_edn;
  for (const char* where : {"[?a :age 3] (knows ?a ?b)", "(older ?a ?b) [?b :city :c1]",
                            "(knows ?a ?b) (older ?b ?c)", "[?a :age 3] (not (knows ?a ?a))"}) {
    const outcome a = ask(text_of("?a", {where}), shown, rules),
                  b = ask(text_of("?a", {where}), shown, turned);
    EXPECT_EQ(a.answer, b.answer) << where;
    EXPECT_EQ(without_forms(a.steps), without_forms(b.steps)) << where;
    EXPECT_EQ(a.reads, b.reads) << where;
    EXPECT_EQ(a.seeks, b.seeks) << where;
  }
}

/// A name from a collection or a function is compared with no row: it is resolved, however few rows there
/// are.
TEST(order_of_writing, does_not_keep_names_from_being_resolved) {
  const db shown = people();
  const std::string person = std::to_string(base + 1000);
  const value age = q("[:find ?x . :in $ ?e :where [?e :age ?x]]", shown, base + 1000).as_value();
  std::vector<value> names{"age"_kw};
  for (int i = 0; i < 100; ++i) names.push_back(value::keyword("unknown" + std::to_string(i)));
  EXPECT_EQ(q("[:find [?x ...] :in $ [?k ...] :where [" + person + " ?k ?x]]", shown, value::vector(names))
                .as_value(),
            value::from_ordered(kind::set, std::vector{age}));
  EXPECT_EQ(
      q("[:find ?x . :where [" + person + " ?k ?x] [(keyword ?s) ?k] [(ground [\"age\"]) [?s ...]]]", shown)
          .as_value(),
      age);
  const auto asked = prepare("[:find [?x ...] :in $ [?k ...] :where [" + person + " ?k ?x]]");
  std::vector<value> ids{value{shown.access().attribute("age"_kw)->id}};
  for (int i = 0; i < 100; ++i) ids.emplace_back(1'000'000 + i);
  EXPECT_EQ(q(asked, shown, value::vector(ids)).size(), 1u);
  EXPECT_EQ(q(asked, shown, value::vector(names)).size(), 1u) << "the plan made for ids was taken";
  EXPECT_EQ(q("[:find (count ?e) . :in $ [?e ...] :where [?e :db/cardinality _] [?e :db/index true]]", shown,
              "[:age :city :name :nobody]"_edn)
                .as_value(),
            value{2});
}

}  // namespace plan_order_test
