// Two clauses that close a cycle, answered in one step: as rows, and only counted.
#include <algorithm>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <datolite/query/forced_way.hpp>
#include <datolite/query/query.hpp>

#include <support/effort.hpp>
#include <support/error_code.hpp>

#include <gtest/gtest.h>

namespace cycle_test {

using datolite::q;
using datolite::value;
using datolite::query::detail::forced_way;
using datolite::query::detail::way;
using datolite::test::code_of;
namespace query = datolite::query;

using edges = std::vector<std::tuple<std::int64_t, std::int64_t>>;

struct forced_cycles {
  forced_cycles() { forced_way = way::cycle; }
  ~forced_cycles() { forced_way = way::cheapest; }
};

std::set<std::vector<std::int64_t>> triangles(const edges& opening, const edges& between,
                                              const edges& closing) {
  const std::set<std::tuple<std::int64_t, std::int64_t>> ends{closing.begin(), closing.end()};
  std::set<std::vector<std::int64_t>> out;
  for (const auto& [a, b] : opening) {
    for (const auto& [from, c] : between) {
      if (from == b && ends.count({a, c}) != 0) out.insert({a, b, c});
    }
  }
  return out;
}

/// Edges, each once, and it says so.
struct set_of_edges {
  explicit set_of_edges(const edges& of) : rows{once(of)} {}

  struct found {
    edges rows;
    query::relation join_project_with(const query::relation& ys, const query::join_spec& spec) const {
      query::relation out = datolite::join_project_with(rows, ys, spec);
      if (ys.is_distinct() && spec.project_x.size() + spec.join.size() >= 2 &&
          spec.project_y.size() == ys.width())
        out.mark_distinct();
      return out;
    }
  };
  found extrel(const query::clause_pattern&) const { return {rows}; }

  static edges once(edges of) {
    std::sort(of.begin(), of.end());
    of.erase(std::unique(of.begin(), of.end()), of.end());
    return of;
  }
  edges rows;
};

std::set<std::vector<std::int64_t>> rows_of(const query::result& found) {
  std::set<std::vector<std::int64_t>> out;
  for (const auto row : found) {
    std::vector<std::int64_t> numbers;
    for (std::size_t i = 0; i < row.size(); ++i) numbers.push_back(row[i].as_long());
    EXPECT_TRUE(out.insert(numbers).second) << "a row stands twice";
  }
  return out;
}

/// The one count of a query's answer; 0 if there is no group to count.
std::int64_t count_of(const std::string& text, const std::vector<query::argument>& sources) {
  const query::result found = q({.query = text, .args = sources});
  if (found.size() == 0) return 0;
  const std::int64_t count = (*found.begin())[0].as_long();
  EXPECT_NE(count, 0) << "a group without members";
  return count;
}

/// A graph of so many edges, in no order and with some twice; numbers may be negative, one node may be a hub.
edges graph(std::mt19937& random, std::uint32_t nodes, std::uint32_t size) {
  const auto below = [&](std::uint32_t n) { return static_cast<std::int64_t>(random() % n); };
  const std::int64_t low = below(3) * -7;
  const bool hub = below(2) == 0;
  edges out;
  for (std::uint32_t i = 0; i < size; ++i) {
    const std::int64_t from = hub && below(3) == 0 ? low : low + below(nodes);
    out.emplace_back(from, low + below(nodes));
  }
  return out;
}

TEST(cycles, give_and_count_the_rows_of_a_loop_over_all) {
  const forced_cycles now;
  for (std::uint32_t seed = 0; seed < datolite::test::rounds(150u, 1500u); ++seed) {
    std::mt19937 random{seed};
    const std::uint32_t nodes = 2 + random() % 40;
    const edges one = graph(random, nodes, random() % 200), other = graph(random, nodes, random() % 200);
    for (const bool same : {true, false}) {
      std::vector<query::argument> sources{one, same ? one : other};
      const set_of_edges one_set{one}, other_set{other};
      if (seed % 2 == 0) sources = {one_set, same ? one_set : other_set};
      const std::string where = same ? "[?a ?b] [?b ?c] [?a ?c]]" : "[?a ?b] [?b ?c] [$2 ?a ?c]]";
      const auto wanted = triangles(one, one, same ? one : other);
      const auto got = q({.query = "[:find ?a ?b ?c :in $ $2 :where " + where, .args = sources});
      ASSERT_EQ(rows_of(got), wanted) << "seed " << seed;
      std::set<std::vector<std::int64_t>> without_c;
      for (const auto& row : wanted) without_c.insert({row[0], row[1]});
      ASSERT_EQ(count_of("[:find (count ?a) :with ?b ?c :in $ $2 :where " + where, sources),
                static_cast<std::int64_t>(wanted.size()))
          << "seed " << seed;
      ASSERT_EQ(count_of("[:find (count ?b) :with ?a :in $ $2 :where " + where, sources),
                static_cast<std::int64_t>(without_c.size()))
          << "seed " << seed;
    }
  }
}

/// Everyone knows everyone, and more of them than are looked at together.
edges all_pairs(std::int64_t nodes) {
  edges out;
  for (std::int64_t a = 0; a < nodes; ++a) {
    for (std::int64_t b = 0; b < nodes; ++b) out.emplace_back(a, b);
  }
  return out;
}

TEST(cycles, that_are_only_counted_make_no_rows) {
  const set_of_edges all{all_pairs(120)};
  const std::string where = ":where [?a ?b] [?b ?c] [?a ?c]]";
  constexpr std::size_t budget = 8'000'000;  // enough for the edges; the rows would take forty million
  EXPECT_EQ(
      q({.query = "[:find (count ?a) . :with ?b ?c " + where, .args = {all}, .memory = budget}).as_value(),
      value{120 * 120 * 120});
  EXPECT_EQ(q({.query = "[:find (count ?a) (count ?c) :with ?b " + where, .args = {all}, .memory = budget})
                .as_value(),
            datolite::read_edn("#{[1728000 1728000]}"));
  EXPECT_EQ(
      code_of([&] {
        q({.query = "[:find (count-distinct ?a) . :with ?b ?c " + where, .args = {all}, .memory = budget});
      }),
      "db.error/memory-limit");
}

TEST(cycles, of_nodes_with_many_neighbours) {
  edges wheel;
  for (std::int64_t i = 1; i <= 10'000; ++i) wheel.emplace_back(0, i), wheel.emplace_back(i, i % 10'000 + 1);
  for (std::int64_t i = 1; i <= 10'000; ++i) wheel.emplace_back(20'000, i);
  wheel.emplace_back(20'000, 0);
  const std::string where = ":where [?a ?b] [?b ?c] [?a ?c]]";
  EXPECT_EQ(q("[:find (count ?a) . :with ?b ?c " + where, wheel).as_value(), value{30'000});
  EXPECT_EQ(q("[:find ?a ?b ?c " + where, wheel).size(), 30'000u);
}

/// Switches a query off when its last clause is asked.
struct switching_off {
  edges rows;
  query::cancellation off;
  std::size_t clauses;
  mutable std::size_t asked = 0;

  edges extrel(const query::clause_pattern&) const {
    if (++asked == clauses) off.cancel();
    return rows;
  }
};

TEST(cycles, stop_when_they_are_told_to) {
  for (const char* find : {"(count ?a) :with ?b ?c", "?a ?b ?c"}) {
    const query::cancellation off;
    const switching_off source{all_pairs(80), off, 3};
    EXPECT_EQ(code_of([&] {
                q({.query = std::string{"[:find "} + find + " :where [?a ?b] [?b ?c] [?a ?c]]",
                   .args = {source},
                   .cancel = off});
              }),
              "db.error/cancelled")
        << find;
  }
}

}  // namespace cycle_test
