// The tracing wrapper shows what a source is asked: extrel once a clause, with consts, starts and whiles; and
// a query over it is the query over the source inside.
#include <datolite/adapters/traced_source.hpp>

#include <datolite/adapters/db_source.hpp>
#include <datolite/adapters/sorted_source.hpp>
#include <datolite/core/edn.hpp>
#include <datolite/datoms/connection.hpp>
#include <datolite/engines/memory.hpp>
#include <datolite/query/query.hpp>

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

namespace traced_source_test {

using namespace datolite;
using namespace datolite::literals;
using adapters::traced_source;

const std::vector<std::vector<value>> datoms_of_two{
    {"e1", "int"_kw, 0, "extra"}, {"e1", "int"_kw, 1, "extra"}, {"e1", "int"_kw, 2, "extra"},
    {"e1", "int"_kw, 3, "extra"}, {"e1", "int"_kw, 4, "extra"}, {"e1", "int"_kw, 5, "extra"},
    {"e2", "int"_kw, 2, "extra"}};

TEST(traced_source, extrel_is_called_once_for_two_entities_with_starts_and_whiles) {
  const traced_source source{datoms_of_two};
  const auto found =
      q("[:find ?v ?x :in $ [?e ...] :where [?e :int ?v ?x] [(= \"extra\" ?x)] [(< ?v 4)] [(> ?v 1)]]",
        source, std::vector<std::string>{"e1", "e2"});
  EXPECT_EQ(found.as_value(), "#{[2 \"extra\"] [3 \"extra\"]}"_edn);
  const auto calls = source.trace()->calls();
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_EQ(calls[0].starts[2], value{1});
  EXPECT_TRUE(calls[0].past.contains(2));
  EXPECT_FALSE(calls[0].past.contains(3));
  for (int v = 0; v <= 3; ++v) EXPECT_TRUE((*calls[0].whiles[2])(value{v})) << v;
  for (int v = 4; v <= 5; ++v) EXPECT_FALSE((*calls[0].whiles[2])(value{v})) << v;
  const auto joins = source.trace()->joins();
  ASSERT_EQ(joins.size(), 1u);
  EXPECT_EQ(joins[0].cost.reads, 7u);
}

TEST(traced_source, prints_calls_and_joins_as_edn) {
  const traced_source source{datoms_of_two};
  q("[:find ?v :where [\"e1\" _ ?v] [(<= 4 ?v)]]", source);
  std::ostringstream out;
  out << *source.trace();
  EXPECT_EQ(
      out.str(),
      "{:consts [\"e1\" nil nil], :extrel 0, :starts [nil nil 4], :wanted #{2}, :whiles [nil nil nil]}\n"
      "{:distinct true, :join 0, :on [], :predicates [(<= 4 x2)], :project-x [[2 0]], :project-y [], :reads "
      "7, "
      ":rows-in 1, :rows-out 2, :seeks 0, :steps 0}\n");
  source.trace()->clear();
  EXPECT_EQ(source.trace()->as_value(), "[]"_edn);
}

TEST(traced_source, shows_the_articles_joins_with_their_projections_and_join_map) {
  const std::vector<std::vector<value>> others{{"e1", "y1"}, {"e1", "y2"}, {"e2", "y3"}, {"e3", "y4"}};
  const traced_source first{datoms_of_two}, second{others};
  q("[:find ?v ?y :in $ $b :where [?e :int ?v] [$b ?e ?y]]", first, second);
  const auto one = first.trace()->joins(), two = second.trace()->joins();
  ASSERT_TRUE(one.size() == 1 && two.size() == 1);
  EXPECT_TRUE(one[0].on.empty() && one[0].project_y.empty() && one[0].rows_in == 1);  // with one empty row
  EXPECT_EQ(one[0].project_x, (std::vector<query::projection>{{2, 0}, {0, 1}}));
  EXPECT_EQ(two[0].on, (std::vector<query::join_pair>{{0, 1}}));
  EXPECT_EQ(two[0].project_x, (std::vector<query::projection>{{1, 1}}));
  EXPECT_EQ(two[0].project_y, (std::vector<query::projection>{{0, 0}}));
}

TEST(traced_source, every_clause_is_asked_once_whatever_the_rows_between) {
  const traced_source source{datoms_of_two};
  q("[:find ?v ?w :where [?e :int ?v] [?f :int ?w] [?e :int ?w] [(< ?v ?w)]]", source);
  EXPECT_EQ(source.trace()->calls().size(), 3u);
}

TEST(traced_source, a_db_behind_it_gets_the_same_plan_and_the_same_counts) {
  connection conn{engines::memory{}};
  conn.transact(R"([{:db/ident :name :db/valueType :db.type/string :db/cardinality :db.cardinality/one}
                    {:db/ident :age  :db/valueType :db.type/long   :db/cardinality :db.cardinality/one :db/index true}])"_edn);
  for (int i = 0; i < 50; ++i) {
    conn.transact(read_edn("[{:name \"n" + std::to_string(i) + "\" :age " + std::to_string(i) + "}]"));
  }
  const db now = conn.db();
  const traced_source traced{now};
  const char* text = "[:find ?n ?a :where [?e :name ?n] [?e :age ?a] [(< 10 ?a)] [(< ?a 13)]]";
  io_counters plain_io, traced_io;
  const auto plain = q({.query = text, .args = {now}, .query_stats = true, .io = &plain_io});
  const auto seen = q({.query = text, .args = {traced}, .query_stats = true, .io = &traced_io});
  EXPECT_EQ(seen.as_value(), plain.as_value());
  EXPECT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen.query_stats(), plain.query_stats());
  EXPECT_EQ(traced_io.by_index, plain_io.by_index);
  EXPECT_EQ(traced.trace()->calls().size(), 2u);
}

/// A range that rules join again and again is read and kept, also behind a source that only forwards.
TEST(traced_source, rules_read_as_much_through_it_as_they_do_without) {
  std::vector<std::tuple<int, int>> chain;
  for (int i = 0; i < 50; ++i) chain.emplace_back(i, i + 1);
  const value rules =
      "[[(two ?a ?b) [?a ?b]] [(two ?a ?b) [?a ?x] [?x ?c] (two ?c ?b)]"
      " [(end ?b) (two 0 ?b) (not [?b ?x] [?x _])]]"_edn;
  const auto check = [&](const auto& source, const char* text) {
    io_counters plain, through;
    const auto one = q({.query = text, .args = {source, rules}, .query_stats = true, .io = &plain});
    const auto two =
        q({.query = text, .args = {traced_source{source}, rules}, .query_stats = true, .io = &through});
    EXPECT_EQ(two.as_value(), one.as_value());
    EXPECT_EQ(two.query_stats(), one.query_stats());
    EXPECT_EQ(through.total(), plain.total()) << text;
  };
  for (const char* text : {"[:find ?b :in $ % :where (two 0 ?b)]", "[:find ?b :in $ % :where (end ?b)]"}) {
    check(chain, text);
    check(adapters::sorted(chain), text);
  }
}

TEST(traced_source, forwards_the_access_of_a_database) {
  connection conn{engines::memory{}};
  conn.transact(
      R"([{:db/ident :name :db/valueType :db.type/string :db/cardinality :db.cardinality/one}])"_edn);
  conn.transact(R"([{:db/id "a" :name "ada"}])"_edn);
  EXPECT_EQ(q("[:find ?n . :where [?e :name] [(get-else $ ?e :name \"none\") ?n]]", traced_source{conn.db()})
                .as_value(),
            value{"ada"});
  EXPECT_THROW(
      q("[:find ?n . :where [?e] [(get-else $ ?e :name \"none\") ?n]]", traced_source{datoms_of_two}), error);
}

TEST(traced_source, an_excluded_start_is_not_read) {
  const std::vector<std::tuple<int, int>> rows{{1, 1}, {10, 1}, {10, 2}, {11, 1}, {12, 1}, {13, 1}};
  const traced_source source{adapters::sorted(rows)};
  const auto reads = [&](const char* text, auto... more) {
    source.trace()->clear();
    q(text, source, more...);
    return source.trace()->joins().at(0).cost.reads;
  };
  EXPECT_EQ(reads("[:find ?i :where [?i] [(< 10 ?i)] [(< ?i 13)]]"), 2u);
  EXPECT_EQ(reads("[:find ?i :where [?i] [(<= 10 ?i)] [(< ?i 13)]]"), 4u);
  EXPECT_EQ(reads("[:find ?i :where [?i] [(<= 10 ?i)] [(< 10 ?i)] [(< ?i 13)]]"), 2u);
  EXPECT_EQ(reads("[:find ?i :where [?i] [(< 1 ?i)] [(<= 10 ?i)] [(< ?i 13)]]"), 4u);
  EXPECT_EQ(reads("[:find ?i :in $ ?min :where [?i] [(<= 10 ?i)] [(> ?i ?min)] [(< ?i 13)]]", 10), 2u);
  EXPECT_EQ(reads("[:find ?i :in $ ?min :where [?i] [(< 1 ?i)] [(>= ?i ?min)] [(< ?i 13)]]", 10), 4u);
}

}  // namespace traced_source_test
