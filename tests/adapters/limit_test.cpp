// A query with a limit and without an order reads no more than it must: joins stop when there are rows
// enough; and what it gives are different answers of the query, as many as there should be.
#include <algorithm>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <datolite/adapters/sorted_source.hpp>
#include <datolite/datolite.hpp>
#include <datolite/query/forced_way.hpp>

#include <gtest/gtest.h>

namespace limit_test {

using namespace datolite;
using namespace datolite::literals;
using query::detail::forced_way;
using query::detail::way;

constexpr int people = 2000;

const db& world() {
  static const db now = [] {
    connection conn{engines::memory{}};
    conn.transact(R"([
      {:db/ident :name :db/valueType :db.type/string :db/cardinality :db.cardinality/one}
      {:db/ident :age :db/valueType :db.type/long :db/cardinality :db.cardinality/one :db/index true}
      {:db/ident :friend :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}])"_edn);
    const std::int64_t first = (std::int64_t{4} << 42) + 2000;
    std::mt19937 random{3};
    std::string facts = "[";
    for (int i = 0; i < people; ++i) {
      facts += "{:db/id " + std::to_string(first + i) + " :name \"n" + std::to_string(i) + "\" :age " +
               std::to_string(random() % 40) + " :friend " + std::to_string(first + random() % people) + "}";
    }
    return conn.transact(read_edn(facts + "]")).db_after;
  }();
  return now;
}

const std::vector<std::tuple<int, int>> pairs = [] {
  std::vector<std::tuple<int, int>> out;
  for (int i = 0; i < 2000; ++i) out.emplace_back(i % 40, i);
  std::sort(out.begin(), out.end());
  return out;
}();

const std::string rules = "[[(knows ?a ?b) [?a :friend ?b]] [(knows ?a ?b) [?a :friend ?c] (knows ?c ?b)]]";

std::vector<query::argument> arguments() { return {world(), adapters::sorted(pairs), rules}; }

std::uint64_t reads(const std::string& find, const std::string& rest) {
  io_counters io;
  q({.query = query::prepared{read_edn("[:find " + find + " :in $ $s % :where " + rest + "]")},
     .args = arguments(),
     .io = &io});
  return io.total().reads;
}

TEST(limit, stops_reading_when_there_are_rows_enough) {
  const std::vector<std::pair<const char*, const char*>> asked{
      {"?n", "[?e :name ?n]"},
      {"?n ?a", "[?e :name ?n] [?e :age ?a]"},
      {"?n ?m", "[?e :friend ?f] [?e :name ?n] [?f :name ?m]"},
      {"?a", "[_ :age ?a]"},
      {"?n", "[?e :name ?n] (not [?e :age 3])"},
      {"?x ?y", "[$s ?x ?y]"},
      {"?n ?y", "[?e :age ?a] [?e :name ?n] [$s ?a ?y]"},
      {"[?n ...]", "[?e :age ?a] [?e :name ?n] [(< 20 ?a)]"},
      {"(pull ?e [:name])", "[?e :age ?a] [(< 20 ?a)]"}};
  for (const auto& [find, where] : asked) {
    const auto all = reads(find, where), few = reads(find, std::string{where} + " :limit 5 :offset 5");
    EXPECT_LT(few * 3, all * 2) << where << ": " << few << " of " << all;
  }
  EXPECT_EQ(reads("?n", "[?e :name ?n] :limit 5 :order-by ?n"), reads("?n", "[?e :name ?n]"));
  EXPECT_EQ(reads("(count ?n)", "[?e :name ?n] :limit 5"), reads("(count ?n)", "[?e :name ?n]"));
}

TEST(limit, gives_so_many_different_answers_of_the_query) {
  const std::vector<std::pair<const char*, const char*>> asked{
      {"?n", "[?e :name ?n]"},
      {"?a", "[_ :age ?a]"},
      {"?a ?b", "[?e :age ?a] [?e :friend ?f] [?f :age ?b]"},
      {"?n", "[?e :age 7] [?e :friend ?f] [?f :age 8] [?f :name ?n]"},
      {"?n", "[?e :age ?a] [?e :name ?n] [?e :friend ?f] [?f :age ?a] [?f :friend ?g] [?g :age 3]"},
      {"?n", "[?e :name ?n] (not [?e :age ?a] [?e :friend ?f] [?f :age ?b] [(< ?a ?b)])"},
      {"?a ?y", "[?e :age ?a] [$s ?a ?y] [(< ?y 50)] [?e :name \"n17\"]"},
      {"?m", "[?e :name \"n3\"] (knows ?e ?f) [?f :name ?m]"},
      {"?n", "[?e :age 40] [?e :name ?n]"},
      {"?n", "(or [?e :age 1] [?e :age 2]) [?e :name ?n]"}};
  for (const auto& [find, where] : asked) {
    const std::string text = std::string{"[:find "} + find + " :in $ $s % :where " + where;
    const value all = q({.query = query::prepared{read_edn(text + "]")}, .args = arguments()}).as_value();
    for (const auto& [limit, offset] :
         {std::pair{1, 0}, {3, 0}, {3, 30}, {40, 1}, {41, 0}, {300, 7}, {100'000, 0}}) {
      const std::string limited =
          text + " :limit " + std::to_string(limit) + " :offset " + std::to_string(offset) + "]";
      for (const way forced : {way::cheapest, way::scan, way::hash}) {
        forced_way = forced;
        const value got = q({.query = query::prepared{read_edn(limited)}, .args = arguments()}).as_value();
        forced_way = way::cheapest;
        const std::size_t there = all.elements().size(), skipped = std::min<std::size_t>(there, offset);
        EXPECT_EQ(got.elements().size(), std::min<std::size_t>(limit, there - skipped)) << limited;
        for (const value& row : got.elements())
          ASSERT_TRUE(std::binary_search(all.elements().begin(), all.elements().end(), row)) << limited;
      }
    }
  }
}

TEST(limit, counts_answers_and_not_the_rows_of_a_source_that_repeats_them) {
  std::vector<std::tuple<int, int>> repeated;
  for (int i = 0; i < 3000; ++i) repeated.emplace_back(i / 1000, i / 1000 + 1);
  const auto size = [&](const char* text) { return q(text, repeated).size(); };
  EXPECT_EQ(size("[:find ?a ?b :where [?a ?b] :limit 2]"), 2u);
  EXPECT_EQ(size("[:find ?a ?b :where [?a ?b] :limit 9]"), 3u);
  EXPECT_EQ(size("[:find ?a ?c :where [?a ?b] [?b ?c] :limit 2]"), 2u);
  EXPECT_EQ(size("[:find ?b :where [?a ?b] [(+ ?a 1) ?c] [(< 0 ?c)] :limit 2 :offset 1]"), 2u);
  EXPECT_EQ(size("[:find ?b :with ?a :where [?a ?b] :limit 2]"), 2u);
}

}  // namespace limit_test
