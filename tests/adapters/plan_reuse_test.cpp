// A prepared query keeps its plan for what it was made for, and for nothing else.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <datolite/datolite.hpp>

#include <gtest/gtest.h>

namespace plan_reuse_test {

using namespace datolite;
using namespace datolite::literals;

const value schema = R"([
  {:db/ident :left :db/valueType :db.type/long :db/cardinality :db.cardinality/one :db/index true}
  {:db/ident :right :db/valueType :db.type/long :db/cardinality :db.cardinality/one :db/index true}])"_edn;

/// `left` entities with 1 as :left, and `right` with 1 as :right; one of them has both.
value facts(int left, int right, int number = 1) {
  std::string out = "[{:left " + std::to_string(number) + " :right " + std::to_string(number) + "}";
  for (int i = 1; i < left; ++i) out += " {:left " + std::to_string(number) + "}";
  for (int i = 1; i < right; ++i) out += " {:right " + std::to_string(number) + "}";
  return read_edn(out + "]");
}

const value both = "[:find ?e :in $ ?n :where [?e :left ?n] [?e :right ?n]]"_edn;
const value between = "[:find ?e ?f :in $a $b :where [$a ?e :left 1] [$b ?f :left 1]]"_edn;

using arguments = std::vector<query::argument>;

value plan_of(const query::prepared& asked, const arguments& given) {
  return *find_keyword(explain({.query = asked, .args = given}).plan, "steps");
}
value first_clause(const value& plan) { return *find_keyword(plan.elements()[0], "clause"); }

/// The query that was asked before has the plan, the answer and the reads that it has when asked for the
/// first time. Gives the clause that is answered first.
value as_if_new(const query::prepared& asked, const arguments& given) {
  const value form = asked.form();
  value first;
  for (int time = 0; time < 3; ++time) {
    const query::prepared fresh{form};
    const auto ours = q({.query = asked, .args = given, .query_stats = true, .io_context = "reuse"_kw});
    const auto anew = q({.query = fresh, .args = given, .query_stats = true, .io_context = "reuse"_kw});
    EXPECT_EQ(ours.as_value(), anew.as_value());
    EXPECT_EQ(ours.query_stats(), anew.query_stats());
    for (const char* what : {"reads", "seeks", "steps"})
      EXPECT_EQ(*find_keyword(ours.io_stats(), what), *find_keyword(anew.io_stats(), what));
    const value plan = plan_of(asked, given);
    EXPECT_EQ(plan, plan_of(query::prepared{form}, given)) << to_edn(plan);
    first = first_clause(plan);
  }
  return first;
}

TEST(plan_reuse, is_for_one_state_through_one_view) {
  connection conn{engines::memory{}};
  conn.transact(schema);
  const db few_left = conn.transact(facts(2, 40)).db_after;
  const db few_right = conn.transact(facts(200, 1)).db_after;
  const query::prepared asked{both};
  const std::int64_t then = few_left.basis_t();
  const value left = "[?e :left ?n]"_edn, right = "[?e :right ?n]"_edn;
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(as_if_new(asked, {few_left, 1}), left);
    EXPECT_EQ(as_if_new(asked, {few_right, 1}), right);
    EXPECT_EQ(as_if_new(asked, {few_right.as_of(then), 1}), left);
    EXPECT_EQ(as_if_new(asked, {few_right.since(then), 1}), right);
    EXPECT_EQ(as_if_new(asked, {few_right.history(), 1}), right);
    EXPECT_EQ(as_if_new(asked, {few_right.as_of(then).history(), 1}), left);
    EXPECT_EQ(as_if_new(asked, {few_left.with(facts(200, 1)).db_after, 1}), right);
    EXPECT_EQ(as_if_new(asked, {few_right.with(facts(1, 2000)).db_after, 1}), left);
    as_if_new(asked, {few_right.filter([](const db&, const datom& d) { return d.e % 2 == 0; }), 1});
  }
}

TEST(plan_reuse, is_for_since_and_history_apart) {
  connection conn{engines::memory{}};
  conn.transact(schema);
  const std::int64_t then = conn.transact(facts(40, 1)).db_after.basis_t();
  conn.transact(facts(1, 10));
  const std::int64_t e = q("[:find ?e . :where [?e :right 1]]", conn.db()).as_value().word();
  for (int i = 0; i < 100; ++i)
    conn.transact(read_edn("[{:db/id " + std::to_string(e) + " :right " + std::to_string(i % 2) + "}]"));
  const db now = conn.db();
  const query::prepared asked{both};
  const value left = "[?e :left ?n]"_edn, right = "[?e :right ?n]"_edn;
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(as_if_new(asked, {now, 1}), right);
    EXPECT_EQ(as_if_new(asked, {now.history(), 1}), left);
    EXPECT_EQ(as_if_new(asked, {now.since(then), 1}), left);
  }
}

TEST(plan_reuse, is_not_taken_for_a_state_at_the_place_of_one_that_is_gone) {
  const query::prepared asked{both};
  const value left = "[?e :left ?n]"_edn, right = "[?e :right ?n]"_edn;
  for (int round = 0; round < 40; ++round) {
    connection conn{engines::memory{}};
    conn.transact(schema);
    conn.transact(round % 2 == 0 ? facts(2, 40) : facts(40, 2));
    ASSERT_EQ(first_clause(plan_of(asked, {conn.db(), 1})), round % 2 == 0 ? left : right) << round;
  }
}

TEST(plan_reuse, keeps_no_state_alive) {
  const query::prepared asked{both};
  std::weak_ptr<const datoms::db_state> state;
  {
    connection conn{engines::memory{}};
    conn.transact(schema);
    const db shown = conn.transact(facts(2, 40)).db_after;
    state = shown.view().shared_state();
    EXPECT_EQ(q(asked, shown, 1).size(), 1u);
    EXPECT_EQ(q(asked, shown, 1).size(), 1u);
  }
  EXPECT_TRUE(state.expired());
}

TEST(plan_reuse, goes_by_the_inputs_that_patterns_have) {
  connection conn{engines::memory{}};
  conn.transact(schema);
  conn.transact(facts(2, 40, 1));
  const db shown = conn.transact(facts(40, 2, 2)).db_after;
  const value left = "[?e :left ?n]"_edn, right = "[?e :right ?n]"_edn;
  const query::prepared asked{both};
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(as_if_new(asked, {shown, 1}), left);
    EXPECT_EQ(as_if_new(asked, {shown, 2}), right);
    as_if_new(asked, {shown, 1.0});  // query-equal to no long
    as_if_new(asked, {shown, ":left"_edn});
  }
  // bounds, in a negation and in a branch
  const query::prepared ranges{
      "[:find ?e :in $ [?m ?n] :where [?e :left ?x] [?e :right ?y] [(< ?x ?m)] [(< ?y ?n)]"
      " (not [?e :left ?z] [?e :right ?z] [(< ?n ?z)])]"_edn};
  const query::prepared branches{
      "[:find ?e :in $ ?m ?n :where (or-join [?e] (and [?e :left ?m] [?e :right ?n]) [?e :left 9])]"_edn};
  for (int round = 0; round < 2; ++round) {
    for (const auto& [m, n] : {std::pair{2, 3}, {3, 2}, {9, 1}}) {
      as_if_new(ranges, {shown, value::vector({value{m}, value{n}})});
      as_if_new(branches, {shown, m, n});
    }
  }
}

TEST(plan_reuse, tells_sources_by_their_place_and_collections_by_their_rows) {
  connection conn{engines::memory{}};
  conn.transact(schema);
  const db few = conn.transact(facts(2, 1)).db_after;
  const db many = conn.transact(facts(40, 1)).db_after;
  const query::prepared asked{between};
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(as_if_new(asked, {few, many}), "[$a ?e :left 1]"_edn);
    EXPECT_EQ(as_if_new(asked, {many, few}), "[$b ?f :left 1]"_edn);
  }
  const query::prepared any_of{"[:find ?e :in $ [?n ...] :where [?e :left ?n] [?e :right ?n]]"_edn};
  const query::prepared in_rows{"[:find ?e :in $ $r :where [$ ?e :left ?n] [$r ?n]]"_edn};
  std::vector<std::tuple<int>> rows;
  for (int round = 0; round < 100; round += 33) {
    for (int i = 0; i < round; ++i) rows.emplace_back(i);
    as_if_new(in_rows, {many, rows});
    std::vector<value> numbers;
    for (int i = 0; i <= round; ++i) numbers.emplace_back(i);
    as_if_new(any_of, {many, value::vector(numbers)});
  }
}

TEST(plan_reuse, holds_for_what_calls_of_rules_and_nested_queries_ask) {
  const value rules = R"([[(linked ?a ?b) [?a :left ?n] [?b :right ?n]]
                          [(linked ?a ?b) [?a :left ?n] [?c :right ?n] (linked ?c ?b)]])"_edn;
  const query::prepared calls{"[:find ?b :in $ % ?n :where [?a :left ?n] (linked ?a ?b)]"_edn};
  const query::prepared nested{
      "[:find ?m :in $ ?n :where [(q [:find (count ?e) . :in $ ?n :where [?e :left ?n] [?e :right ?n]] $ ?n) ?m]]"_edn};
  connection conn{engines::memory{}};
  conn.transact(schema);
  for (const auto& [left, right] : {std::pair{2, 9}, {20, 1}, {1, 90}}) {
    const db shown = conn.transact(facts(left, right)).db_after;
    as_if_new(calls, {shown, rules, 1});
    as_if_new(nested, {shown, 1});
  }
}

}  // namespace plan_reuse_test
