// What a query may say beside what it asks: order, offset, limit; and what stops it: time, another thread,
// memory.
#include <chrono>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include <datolite/query/query.hpp>

#include <support/error_code.hpp>

#include <gtest/gtest.h>

namespace options_test {

using datolite::q;
using datolite::value;
using datolite::test::code_of;
using namespace datolite::literals;
namespace query = datolite::query;

const std::vector<std::tuple<std::string, int>> ages{{"Ivan", 15}, {"Petr", 37}, {"Anna", 22}, {"Oleg", 37}};

TEST(options, order_offset_and_limit_stand_in_the_query) {
  EXPECT_EQ(q("[:find ?n ?a :where [?n ?a] :order-by ?a :desc ?n]", ages).as_value(),
            "[[\"Oleg\" 37] [\"Petr\" 37] [\"Anna\" 22] [\"Ivan\" 15]]"_edn);
  EXPECT_EQ(q("[:find [?n ...] :where [?n ?a] :order-by ?n :offset 1 :limit 2]", ages).as_value(),
            "[\"Ivan\" \"Oleg\"]"_edn);
  EXPECT_EQ(q("{:find [?n ?a] :where [[?n ?a]] :order-by [[1 :desc] 0] :limit 1}", ages).as_value(),
            "[[\"Oleg\" 37]]"_edn);
  EXPECT_EQ(q("[:find ?a (count ?n) :where [?n ?a] :order-by (count ?n) :desc ?a :limit 2]", ages).as_value(),
            "[[37 2] [15 1]]"_edn);
  EXPECT_EQ(q("[:find ?n . :where [?n ?a] :order-by ?n :desc]", ages).as_value(), "\"Petr\""_edn);
  EXPECT_EQ(q("[:find ?n :where [?n ?a] :limit 0]", ages).size(), 0u);
  EXPECT_EQ(q("[:find ?n :where [?n ?a] :limit -1]", ages).size(), 4u);
}

TEST(options, of_the_request_come_before_those_of_the_query) {
  EXPECT_EQ(q({.query = "[:find ?n :where [?n ?a] :order-by ?n :limit 3]",
               .args = {ages},
               .order_by = "[?n :desc]"_edn,
               .offset = 1,
               .limit = 2})
                .as_value(),
            "[[\"Oleg\"] [\"Ivan\"]]"_edn);
}

TEST(options, that_mean_nothing_are_refused) {
  for (const char* text : {"[:find ?n :where [?n ?a] :order-by ?a]", "[:find ?n :where [?n] :order-by 1]",
                           "[:find ?n :where [?n] :limit x]", "[:find ?n :where [?n] :limit -2]",
                           "[:find ?n :where [?n] :offset 1 2]", "[:find ?n :where [?n] :timeout \"a\"]"}) {
    EXPECT_EQ(code_of([&] { q(text, ages); }), "db.error/invalid-query") << text;
  }
}

/// Queries that would take long: a product of three, a closure over a ring, a negation, a query within a
/// query.
const std::vector<std::string> endless{
    "[:find (count ?x) . :with ?y ?z :in $ % :where [?x] [?y] [?z] [(< ?x ?y)] [(< ?y ?z)]]",
    "[:find (count ?x) . :with ?y :in $ % :where (reach ?x ?y)]",
    "[:find (count ?x) . :with ?y :in $ % :where [?x] [?y] (not [?x] [?z] [?w] [(+ ?z ?w) ?y])]",
    "[:find ?n . :in $ % :where [(q [:find (count ?x) . :with ?y ?z :where [?x] [?y] [?z] [(< ?x ?y)]] $) "
    "?n]]"};
const value ring_rules =
    "[[(reach ?x ?y) [?x] [(+ ?x 1) ?n] [(mod ?n 3000) ?y]]"
    " [(reach ?x ?y) (reach ?x ?z) (reach ?z ?y)]]"_edn;

std::vector<std::tuple<int>> numbers() {
  std::vector<std::tuple<int>> out;
  for (int i = 0; i < 3000; ++i) out.emplace_back(i);
  return out;
}

TEST(limits, a_timeout_stops_joins_rules_and_negations) {
  const auto all = numbers();
  for (const std::string& text : endless) {
    EXPECT_EQ(code_of([&] {
                q({.query = text, .args = {all, ring_rules}, .timeout = 100});
              }),
              "db.error/timeout")
        << text;
  }
  EXPECT_EQ(code_of([&] { q("[:find ?x ?y ?z :where [?x] [?y] [?z] :timeout 50]", all); }),
            "db.error/timeout");
}

TEST(limits, a_timeout_may_be_as_long_as_a_number_can_say) {
  EXPECT_EQ(q("[:find ?n :where [?n] :timeout 9223372036854775807]", ages).size(), 4u);
  EXPECT_EQ(q({.query = "[:find ?n :where [?n]]", .args = {ages}, .timeout = 9'300'000'000'000}).size(), 4u);
}

/// Its own is shorter or longer than the other's: the shorter counts, and so do all other limits.
TEST(limits, those_of_a_query_hold_in_a_query_within_it_that_has_a_timeout) {
  const auto all = numbers();
  const auto within = [](const char* timeout) {
    return "[:find ?n . :where [(q [:find (count ?x) . :with ?y ?z :where [?x] [?y] [?z] [(< ?x ?y)] "
           ":timeout " +
           std::string{timeout} + "] $) ?n]]";
  };
  EXPECT_EQ(code_of([&] { q({.query = within("100"), .args = {all}, .timeout = 60'000}); }),
            "db.error/timeout");
  EXPECT_EQ(code_of([&] { q({.query = within("60000"), .args = {all}, .memory = 2'000'000}); }),
            "db.error/memory-limit");
  const query::cancellation stop;
  stop.cancel();
  EXPECT_EQ(code_of([&] { q({.query = within("60000"), .args = {all}, .cancel = stop}); }),
            "db.error/cancelled");
  EXPECT_EQ(
      q("[:find ?x :where [(q [:find ?x . :where [?x] :timeout 1] $) ?y] [?x] [?z] :timeout 60000]", ages)
          .size(),
      4u);
}

/// The first call waits until the other query's time is over: the others are not made.
TEST(limits, the_deadline_of_a_query_stops_a_query_within_it_that_has_more_time) {
  static int calls;
  calls = 0;
  query::register_function("test/waits", [](const value&) {
    if (calls++ == 0) std::this_thread::sleep_for(std::chrono::milliseconds{100});
    return value{true};
  });
  std::vector<std::tuple<int>> all;
  for (int i = 0; i < 100'000; ++i) all.emplace_back(i);
  const char* const text =
      "[:find ?n . :where [(q [:find (count ?x) . :where [?x] [(test/waits ?x)] :timeout 60000] $) ?n]]";
  EXPECT_EQ(code_of([&] { q({.query = text, .args = {all}, .timeout = 50}); }), "db.error/timeout");
  EXPECT_LT(calls, 100'000);
  calls = 1;
  EXPECT_EQ(q({.query = text, .args = {all}, .timeout = 60'000}).as_value(), value{100'000});
}

TEST(limits, another_thread_can_stop_a_query) {
  const auto all = numbers();
  for (const std::string& text : endless) {
    const query::cancellation stop;
    std::thread other{[&] {
      std::this_thread::sleep_for(std::chrono::milliseconds{50});
      stop.cancel();
    }};
    EXPECT_EQ(code_of([&] {
                q({.query = text, .args = {all, ring_rules}, .cancel = stop});
              }),
              "db.error/cancelled")
        << text;
    other.join();
  }
}

TEST(limits, a_memory_budget_stops_joins_and_rules) {
  const auto all = numbers();
  for (const std::string& text : {endless[0], endless[1]}) {
    EXPECT_EQ(code_of([&] {
                q({.query = text, .args = {all, ring_rules}, .memory = 2'000'000});
              }),
              "db.error/memory-limit")
        << text;
  }
  EXPECT_EQ(q({.query = "[:find ?x :where [?x]]", .args = {all}, .memory = 2'000'000}).size(), 3000u);
}

/// Two million rows wait for answers that never come, and as many values are asked for; few are answered.
TEST(limits, a_memory_budget_counts_what_waits_in_rules_and_what_they_are_asked) {
  const std::vector<std::tuple<int, int>> none{{-1, -1}};
  const value rules =
      "[[(never [?m ?k]) [?m ?k]]"
      " [(upto ?n) [(ground 0) ?n]]"
      " [(upto ?n) (upto ?m) [(range 1000) [?k ...]] (never ?m ?k) [(inc ?m) ?n]]"
      " [(upto ?n) (upto ?m) [(inc ?m) ?n] [(< ?n 2000)]]]"_edn;
  const char* const text = "[:find (count ?n) . :in $ % :where (upto ?n)]";
  EXPECT_EQ(code_of([&] {
              q({.query = text, .args = {none, rules}, .memory = 4'000'000});
            }),
            "db.error/memory-limit");
}

/// What a rule reads again and again of a source that can only be read whole is kept: a copy for each
/// pattern, of which there is room for one.
TEST(limits, a_memory_budget_counts_the_rows_of_a_source_that_rules_keep) {
  std::vector<std::tuple<int, int>> chain;
  for (int i = 0; i < 100; ++i) chain.emplace_back(i, i + 1);
  for (int i = 0; i < 100'000; ++i) chain.emplace_back(-1 - i, -1);
  const value rules = "[[(reach ?a ?b) [?a ?b]] [(reach ?a ?b) [?a ?x] [?x ?c] (reach ?c ?b)]]"_edn;
  const char* const text = "[:find (count ?b) . :in $ % :where (reach 0 ?b)]";
  EXPECT_EQ(code_of([&] {
              q({.query = text, .args = {chain, rules}, .memory = 3'500'000});
            }),
            "db.error/memory-limit");
  EXPECT_EQ(q({.query = text, .args = {chain, rules}, .memory = 100'000'000}).as_value(), value{50});
}

/// A query within another is asked once a row: what its rules held is free again for the next.
TEST(limits, a_memory_budget_is_given_back_by_the_rules_of_a_query_within) {
  const auto all = numbers();
  const char* const text =
      "[:find (count ?x) . :in $ ?rules :where [?x] [(< ?x 500)]"
      " [(q [:find (count ?n) . :in % ?x :where (upto ?x ?n)] ?rules ?x) ?c]]";
  const value rules = "[[(upto [?x] ?n) [(range 200) [?n ...]] [(< ?n 150)]]]"_edn;
  EXPECT_EQ(q({.query = text, .args = {all, rules}, .memory = 1'000'000}).as_value(), value{500});
}

TEST(limits, a_memory_budget_counts_the_rows_between_the_steps_of_a_query_with_a_limit) {
  const auto all = numbers();
  const char* const text = "[:find ?x ?y ?z :where [?x] [?y] [(+ ?x ?y) ?z] :limit 100000]";
  EXPECT_EQ(code_of([&] { q({.query = text, .args = {all}, .memory = 16'000'000}); }),
            "db.error/memory-limit");
  EXPECT_EQ(q({.query = text, .args = {all}, .memory = 32'000'000}).size(), 100'000u);
}

}  // namespace options_test
