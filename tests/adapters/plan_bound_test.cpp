// What a plan reads beside the plan that reads least: every order of a query's clauses is tried, over
// packages of Debian.
#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include <datolite/datolite.hpp>
#include <datolite/query/forced_way.hpp>

#include <support/effort.hpp>

#include <gtest/gtest.h>

namespace plan_bound_test {

using namespace datolite;
using namespace datolite::literals;

value read_data(const std::string& name) {
  std::ifstream in{std::string{DATOLITE_TEST_DATA} + "/" + name};
  return read_edn(std::string{std::istreambuf_iterator<char>{in}, {}}, name);
}

/// 3,000 packages, what they need, and how large they are.
db packages() {
  connection conn{engines::memory{}};
  conn.transact(read_data("debian-schema.edn"));
  return conn.transact(read_data("debian-packages.edn")).db_after;
}

struct asking {
  const char* what;  ///< is hard about it
  std::string find_and_in;
  std::vector<const char*> clauses;
  std::vector<value> extra{};  ///< arguments after the database
};

const value needs =
    "[[(needs ?a ?b) [?a :package/depends ?b]]"
    " [(needs ?a ?b) [?a :package/depends ?t] (needs ?t ?b)]]"_edn;

std::vector<asking> questions(const db& of) {
  std::vector<value> all;
  for (const value& name : q("[:find [?n ...] :where [_ :package/name ?n]]", of).collection())
    all.push_back(name);
  return {{"a selective end two hops away",
           ":find ?n",
           {"[?a :package/depends ?b]", "[?b :package/depends ?c]", "[?c :package/name \"libssl3\"]",
            "[?a :package/section \"net\"]", "[?a :package/name ?n]"}},
          {"two ends, of which one has many neighbours and the other few; their product comes first",
           ":find ?p",
           {"[?x :package/name \"libc6\"]", "[?y :package/name \"libssl3\"]", "[?p :package/depends ?x]",
            "[?p :package/depends ?y]"}},
          {"two small relations at one entity",
           ":find ?e",
           {"[(ground [\"libs\" \"net\"]) [?s ...]]",
            "[(ground [:priority/required :priority/important]) [?p ...]]", "[?e :package/section ?s]",
            "[?e :package/priority ?p]"}},
          {"a range at the far end",
           ":find ?n",
           {"[?a :package/name ?n]", "[?a :package/depends ?b]", "[?b :package/installed-size ?z]",
            "[(< 200000 ?z)]"}},
          {"a small collection, and a range that is smaller",
           ":find ?e ?m :in $ [?s ...]",
           {"[?e :package/section ?s]", "[?e :package/installed-size ?z]", "[(< 300000 ?z)]",
            "[?e :package/maintainer ?m]"},
           {"[\"libs\" \"devel\" \"net\" \"admin\" \"utils\" \"python\"]"_edn}},
          {"a large collection that is joined last",
           ":find ?n :in $ [?n ...]",
           {"[?a :package/name ?n]", "[?a :package/depends ?b]", "[?b :package/name \"libssl3\"]"},
           {value::vector(all)}},
          {"pairs that are both ends of an edge",
           ":find ?a ?b :in $ [[?x ?y]]",
           {"[?a :package/name ?x]", "[?b :package/name ?y]", "[?a :package/depends ?b]"},
           {"[[\"curl\" \"libc6\"] [\"bash\" \"libc6\"] [\"apache2\" \"libssl3\"]]"_edn}},
          {"two sections two hops apart",
           ":find ?a ?b",
           {"[?a :package/section \"net\"]", "[?a :package/depends ?b]", "[?b :package/depends ?c]",
            "[?c :package/section \"oldlibs\"]"}},
          {"a rule between two attributes",
           ":find ?n :in $ %",
           {"(needs ?a ?b)", "[?a :package/section \"games\"]", "[?b :package/priority :priority/required]",
            "[?b :package/name ?n]"},
           {needs}}};
}

/// How many datoms were read, and searches made, in the order given, or in that of the plan; nothing where
/// that takes too much memory.
std::optional<std::uint64_t> read_in_order(const db& from, const asking& of,
                                           const std::vector<std::size_t>* order) {
  std::string text = "[" + of.find_and_in + " :where";
  for (const char* clause : of.clauses) text += std::string{" "} + clause;
  std::vector<query::argument> args{from};
  for (const value& v : of.extra) args.emplace_back(v);
  io_counters io;
  query::detail::forced_order = order;
  bool done = true;
  try {
    q({.query = query::prepared{read_edn(text + "]")}, .args = args, .io = &io, .memory = 2'000'000});
  } catch (const error& e) {
    if (e.category() != error_category::exhausted) throw;
    done = false;
  }
  query::detail::forced_order = nullptr;
  std::uint64_t sum = 0;
  for (const io_counts& counts : io.by_index) sum += counts.reads + counts.seeks;
  return done ? std::optional{sum} : std::nullopt;
}

TEST(plan, reads_at_most_three_times_what_the_best_order_reads) {
  const db from = packages();
  const std::size_t stride = test::stride(std::size_t{1});
  for (const asking& one : questions(from)) {
    const auto planned = read_in_order(from, one, nullptr);
    ASSERT_TRUE(planned) << one.what;
    std::vector<std::size_t> order(one.clauses.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::uint64_t least = *planned;
    std::size_t number = 0;
    do {
      if (number++ % stride == 0) least = std::min(least, read_in_order(from, one, &order).value_or(least));
    } while (std::next_permutation(order.begin(), order.end()));
    EXPECT_LE(*planned, 3 * least) << one.what;
  }
}

}  // namespace plan_bound_test
