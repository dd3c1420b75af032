// One prepared query, one source, the cache of texts: used by many threads at once.
#include <atomic>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

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

}  // namespace threads_test
