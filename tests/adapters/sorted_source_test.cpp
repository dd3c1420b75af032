#include <datolite/adapters/sorted_source.hpp>

#include <datolite/adapters/bound_conversion.hpp>
#include <datolite/adapters/kept_pattern.hpp>
#include <datolite/core/edn.hpp>
#include <datolite/query/query.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <tuple>
#include <vector>

namespace sorted_source_test {

using namespace datolite;

using row = std::tuple<int, std::string, std::string>;

std::vector<row> grid(int size) {
  std::vector<row> rows;
  for (int i = 0; i < size; ++i) {
    for (const char* j : {"a", "b", "c", "d"}) {
      for (const char* k : {"a", "b", "c", "d"}) rows.emplace_back(i, j, k);
    }
  }
  return rows;
}

TEST(sorted_source, the_16000_row_relation_gives_eight_answers_reading_at_most_49_rows) {
  const std::vector<row> rows = grid(1000);
  const auto source = adapters::sorted(rows);
  io_counters io;
  const auto found =
      q({.query = R"([:find ?i ?j ?k :in $ :where [(ground "b") ?k] [?i ?j ?k] [(< 10 ?i)] [(< ?i 13)]])",
         .args = {source},
         .io = &io});
  EXPECT_EQ(found.size(), 8u);
  EXPECT_LE(io.total().reads, 49u);
}

TEST(sorted_source, a_bound_leading_slot_is_searched_for) {
  const std::vector<row> rows = grid(1000);
  const auto source = adapters::sorted(rows);
  io_counters io;
  const auto found = q({.query = "[:find ?i ?j ?k :in $ [?i ...] :where [?i ?j ?k]]",
                        .args = {source, std::vector<int>{3, 500, 999, 5000}},
                        .io = &io});
  EXPECT_EQ(found.size(), 48u);
  EXPECT_EQ(io.total().reads, 48u);
}

TEST(sorted_source, bounds_of_another_numeric_kind_are_rounded_outward) {
  const std::vector<row> rows = grid(20);
  const auto source = adapters::sorted(rows);
  EXPECT_EQ(q("[:find ?i :in $ :where [?i] [(< 3.5 ?i)] [(<= ?i 5.0)]]", source).size(), 2u);
  EXPECT_EQ(q("[:find ?i :in $ :where [?i] [(<= 4 ?i)] [(< ?i 4.5)]]", source).size(), 1u);
  EXPECT_EQ(q("[:find ?i :in $ :where [?i] [(< ?i 1e300)]]", source).size(), 20u);
}

/// Rows of mixed kinds in the first slot, in stored order.
std::vector<std::vector<value>> mixed_rows(std::mt19937& random, std::size_t size) {
  std::vector<std::vector<value>> rows;
  const auto pick = [&random](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  for (std::size_t i = 0; i < size; ++i) {
    value first;
    switch (pick(3)) {
      case 0: first = pick(10); break;
      case 1: first = pick(20) / 2.0; break;
      default: first = std::string(1, static_cast<char>('a' + pick(5)));
    }
    rows.push_back({first, value{pick(4)}});
  }
  const auto before = [](const auto& a, const auto& b) {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
  };
  std::sort(rows.begin(), rows.end(), before);
  return rows;
}

TEST(sorted_source, answers_as_the_plain_collection_does) {
  const char* queries[] = {"[:find ?a ?b :in $ :where [?a ?b] [(< 3 ?a)]]",
                           "[:find ?a ?b :in $ :where [?a ?b] [(<= ?a 4.5)] [(< 1 ?b)]]",
                           "[:find ?b :in $ :where [3 ?b]]",
                           "[:find ?b :in $ :where [3.0 ?b]]",
                           "[:find ?a :in $ :where [?a 2]]",
                           "[:find ?a ?c :in $ :where [?a ?b] [?b ?c]]",
                           "[:find ?a :in $ :where [?a _] [(= ?a \"c\")]]",
                           "[:find ?a :in $ :where [?a _] [(< \"b\" ?a)]]"};
  std::mt19937 random{7};
  for (int round = 0; round < 30; ++round) {
    const auto rows = mixed_rows(random, 1 + round * 3u);
    for (const char* text : queries) {
      EXPECT_EQ(to_edn(q(text, adapters::sorted(rows)).as_value()), to_edn(q(text, rows).as_value()))
          << text << " round " << round;
    }
  }
}

}  // namespace sorted_source_test
