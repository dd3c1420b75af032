// One prepared query, one source, the cache of texts: used by many threads at once.
#include <atomic>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include <datolite/core/unique_number.hpp>
#include <datolite/query/query.hpp>

#include <gtest/gtest.h>

namespace threads_test {

TEST(threads, share_prepared_queries_sources_rules_and_the_cache) {
  std::vector<std::tuple<int, int>> edges;
  for (int i = 0; i < 20; ++i) edges.emplace_back(i, i + 1);
  const auto shared = datolite::prepare("[:find ?b :in $ % ?a :where (reach ?a ?b)]");
  const std::string right = "[[(reach ?a ?b) [?a ?b]] [(reach ?a ?b) [?a ?c] (reach ?c ?b)]]";
  const std::string left = "[[(reach ?a ?b) [?a ?b]] [(reach ?a ?b) (reach ?a ?c) [?c ?b]]]";
  std::atomic<int> wrong = 0;
  std::vector<std::thread> all;
  for (int t = 0; t < 4; ++t) {
    all.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        wrong += datolite::q(shared, edges, (i + t) % 2 == 0 ? right : left, i).size() != std::size_t(20 - i);
        const std::string own = "[:find ?b . :where [" + std::to_string(i * 40 + t % 2) + " ?b]]";
        wrong += datolite::q(own, edges).size() != std::size_t(i * 40 + t % 2 < 20 ? 1 : 0);
      }
    });
  }
  for (std::thread& thread : all) thread.join();
  EXPECT_EQ(wrong, 0);
}

/// Rows that say what they show.
struct versioned {
  std::vector<std::tuple<int, int>> rows;
  datolite::unique_number version;
  std::vector<std::tuple<int, int>> extrel(const datolite::query::clause_pattern&) const { return rows; }
  double estimate(const datolite::query::clause_pattern&) const { return static_cast<double>(rows.size()); }
  datolite::query::source_identity identity() const { return {version.get()}; }
};

TEST(threads, share_the_plans_that_were_made_for_sources_that_do_not_change) {
  const auto shared = datolite::prepare("[:find ?a ?c :in $ $r :where [$ ?a ?b] [$r ?b ?c]]");
  versioned few, many;
  for (int i = 0; i < 3; ++i) few.rows.emplace_back(i, i);
  for (int i = 0; i < 30; ++i) many.rows.emplace_back(i, i + 1);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> all;
  for (int t = 0; t < 4; ++t) {
    all.emplace_back([&, t] {
      for (int i = 0; i < 60; ++i) {
        versioned own = few;  // plans are made, kept and dropped while others take them
        own.rows.resize(1);
        wrong += datolite::q(shared, few, many).size() != 3;
        wrong += datolite::q(shared, many, few).size() != 2;
        if ((i + t) % 4 == 0) wrong += datolite::q(shared, own, many).size() != 1;
      }
    });
  }
  for (std::thread& thread : all) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace threads_test
