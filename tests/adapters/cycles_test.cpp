// Triangles of random graphs are those of three nested loops, in whichever way the clauses are joined.
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <utility>

#include <datolite/datolite.hpp>
#include <datolite/query/forced_way.hpp>

#include <gtest/gtest.h>

namespace cycles_test {

using namespace datolite;
using query::detail::forced_way;
using query::detail::way;

constexpr std::int64_t base = (std::int64_t{4} << 42) + 1000;

TEST(cycles, of_random_graphs_are_those_of_nested_loops) {
  for (std::uint32_t seed = 1; seed < 9; ++seed) {
    std::mt19937 random{seed};
    connection conn{engines::memory{}};
    conn.transact(read_edn(R"([{:db/ident :r :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}
                               {:db/ident :s :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}])"));
    std::set<std::pair<std::int64_t, std::int64_t>> r, s;
    const std::uint32_t nodes = 8 + seed * 10;
    for (std::uint32_t i = 0; i < nodes * 4; ++i) {
      const std::int64_t a = base + random() % nodes, b = base + random() % nodes;
      (i % 3 == 0 ? s : r).emplace(a, b);
    }
    std::string facts = "[";
    for (const auto& [a, b] : r) facts += "[:db/add " + std::to_string(a) + " :r " + std::to_string(b) + "]";
    for (const auto& [a, b] : s) facts += "[:db/add " + std::to_string(a) + " :s " + std::to_string(b) + "]";
    const db graph = conn.transact(read_edn(facts + "]")).db_after;
    using row = std::vector<std::int64_t>;
    std::set<row> of_r, rings, mixed, corners;
    for (const auto& [a, b] : r) {
      for (const auto& [b2, c] : r) {
        if (b2 != b) continue;
        if (r.contains({a, c})) of_r.insert({a, b, c}), corners.insert({a});
        if (r.contains({c, a})) rings.insert({a, b, c});
        if (s.contains({c, a})) mixed.insert({a, b, c});
      }
    }
    const std::pair<const char*, const std::set<row>*> asked[]{
        {"[:find ?a ?b ?c :where [?a :r ?b] [?b :r ?c] [?a :r ?c]]", &of_r},
        {"[:find ?a ?b ?c :where [?a :r ?b] [?b :r ?c] [?c :r ?a]]", &rings},
        {"[:find ?a ?b ?c :where [?a :r ?b] [?b :r ?c] [?c :s ?a]]", &mixed},
        {"[:find ?a :where [?a :r ?b] [?b :r ?c] [?a :r ?c]]", &corners}};
    for (const auto& [text, wanted] : asked) {
      for (int w = 0; w < static_cast<int>(way::count); ++w) {
        forced_way = static_cast<way>(w);
        std::set<row> got;
        for (const auto& found : q({.query = query::prepared{read_edn(text)}, .args = {graph}})) {
          row one;
          for (std::size_t i = 0; i < found.size(); ++i) one.push_back(found[i].word());
          got.insert(one);
        }
        forced_way = way::cheapest;
        ASSERT_EQ(got, *wanted) << text << " seed " << seed << " way " << w;
      }
    }
  }
}

}  // namespace cycles_test
