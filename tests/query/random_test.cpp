// Random queries give what the reference evaluator gives, whatever the order of their clauses and in
// whichever way they are answered; and results are made of those rows as the query says.
#include <algorithm>
#include <iostream>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <string>

#include <datolite/query/aggregates.hpp>
#include <datolite/query/forced_way.hpp>
#include <datolite/query/query.hpp>

#include <query/random_query.hpp>
#include <query/reference_evaluator.hpp>
#include <support/effort.hpp>

#include <gtest/gtest.h>

namespace random_test {

using datolite::value;
using datolite::query::detail::forced_way;
using datolite::query::detail::way;

constexpr std::uint32_t seed = 20240611;

enum class outcome { answered, stuck, skipped };

struct answer {
  outcome how;
  reference::rows rows;
  std::string why;
};

answer by_engine(const trial& t, const std::vector<std::string>& clauses, way forced) {
  const std::string text = t.text(clauses);
  const auto& sources = t.by.sources;
  std::vector<datolite::query::argument> arguments{sources.at("$"), sources.at("$s"), t.rules};
  for (const value& v : t.extra) arguments.emplace_back(v);
  struct forcing {
    explicit forcing(way w) { forced_way = w; }
    ~forcing() { forced_way = way::cheapest; }
  } const in_this_way{forced};
  try {
    answer out{outcome::answered, {}, {}};
    const datolite::query::prepared fresh{datolite::read_edn(text)};
    for (auto row : datolite::q({.query = fresh, .args = arguments})) {
      reference::row one;
      for (std::size_t i = 0; i < row.size(); ++i) one.push_back(row[i]);
      EXPECT_TRUE(out.rows.insert(one).second) << "a row stands twice: " << text;
    }
    return out;
  } catch (const datolite::error& e) {
    if (e.code() == "db.error/insufficient-binding") return {outcome::stuck, {}, e.what()};
    if (e.code() == "db.error/wrong-type" || e.code() == "db.error/invalid-query-input")
      return {outcome::skipped, {}, e.what()};
    ADD_FAILURE() << e.what() << "\n" << text;
    return {outcome::skipped, {}, e.what()};
  }
}

answer by_reference(trial& t) {
  try {
    return {outcome::answered, t.by.answer(datolite::read_edn(t.text(t.clauses)), t.inputs, t.names), {}};
  } catch (const reference::stuck& e) {
    return {outcome::stuck, {}, e.what()};
  } catch (const std::invalid_argument& e) {
    return {outcome::skipped, {}, e.what()};
  }
}

std::string shown(const trial& t) {
  std::string out = t.find + t.in + " :where";
  for (const std::string& c : t.clauses) out += "\n  " + c;
  out += "]\nrules " + t.rules;
  for (const auto& [name, rows] : t.by.sources) {
    out += "\n" + name + " [";
    for (const auto& r : rows) out += datolite::to_edn(value::vector(r));
    out += "]";
  }
  for (const value& v : t.extra) out += "\n" + datolite::to_edn(v);
  return out;
}

std::string shown(const reference::rows& rows) {
  std::string out;
  for (const auto& r : rows) out += datolite::to_edn(value::vector(r));
  return out;
}

/// The queries are asked in parts, so that these may run side by side.
class random_queries : public testing::TestWithParam<std::uint32_t> {};
INSTANTIATE_TEST_SUITE_P(in_parts, random_queries, testing::Range(0u, 2u));

TEST_P(random_queries, agree_with_the_reference_in_every_order_of_clauses_and_every_way) {
  const std::uint32_t asked = datolite::test::rounds(6'500u, 65'000u);
  std::uint32_t answered = 0, with_rows = 0;
  for (std::uint32_t i = GetParam() * asked; i < (GetParam() + 1) * asked; ++i) {
    generator g{seed + i};
    trial t = make(g);
    const answer wanted = by_reference(t);
    const auto turn = static_cast<way>(1 + i % (static_cast<std::uint32_t>(way::count) - 1));
    for (const way forced : {way::cheapest, turn}) {
      const answer got = by_engine(t, forced == turn ? g.shuffled(t.clauses) : t.clauses, forced);
      if (wanted.how == outcome::skipped || got.how == outcome::skipped) continue;
      ASSERT_EQ(wanted.how, got.how) << "seed " << seed + i << " way " << static_cast<int>(forced) << "\n"
                                     << shown(t) << "\n"
                                     << wanted.why << got.why;
      ASSERT_EQ(wanted.rows, got.rows)
          << "seed " << seed + i << " way " << static_cast<int>(forced) << "\n"
          << shown(t) << "\nwanted " << shown(wanted.rows) << "\ngot    " << shown(got.rows) << got.why;
    }
    answered += wanted.how == outcome::answered;
    with_rows += !wanted.rows.empty();
  }
  std::cout << asked << " queries, " << answered << " answered, " << with_rows << " with rows\n";
  EXPECT_GT(answered, asked / 2) << "the generator makes too many queries that have no answer";
  EXPECT_GT(with_rows, asked / 4) << "the generator makes too many queries whose answer is empty";
}

/// What an aggregate makes of the values of a group; nothing if these are not all longs and it needs such.
std::optional<value> aggregated(const std::string& name, const std::vector<value>& values) {
  std::set<value> different{values.begin(), values.end()};
  if (name == "count") return static_cast<std::int64_t>(values.size());
  if (name == "count-distinct") return static_cast<std::int64_t>(different.size());
  if (name == "distinct") return datolite::make_set(std::vector<value>{different.begin(), different.end()});
  std::int64_t sum = 0;
  for (const value& v : values) {
    if (!v.is(datolite::kind::long_)) return std::nullopt;
    sum += v.as_long();
  }
  if (name == "sum") return sum;
  if (name == "avg") return static_cast<double>(sum) / static_cast<double>(values.size());
  if (name == "min") return *different.begin();
  if (name == "max") return *different.rbegin();
  std::vector<value> two;
  if (name == "min 2") two.assign(different.begin(), different.end());
  if (name == "max 2") two.assign(different.rbegin(), different.rend());
  two.resize(std::min<std::size_t>(2, two.size()));
  return value::vector(two);
}

using bag = std::multiset<reference::row>;

/// The rows of the engine's answer to `text`; `why` if it refuses to.
std::optional<std::vector<reference::row>> rows_of(const trial& t, const std::string& text,
                                                   std::string& why) {
  const auto& sources = t.by.sources;
  std::vector<datolite::query::argument> arguments{sources.at("$"), sources.at("$s"), t.rules};
  for (const value& v : t.extra) arguments.emplace_back(v);
  try {
    std::vector<reference::row> out;
    for (auto row : datolite::q({.query = datolite::read_edn(text), .args = arguments})) {
      reference::row one;
      for (std::size_t i = 0; i < row.size(); ++i) one.push_back(row[i]);
      out.push_back(std::move(one));
    }
    return out;
  } catch (const datolite::error& e) {
    why = e.what();
    return std::nullopt;
  }
}

/// Groups and their aggregates, with and without :with.
void check_aggregates(trial t, generator& g, const answer& all) {
  // `all` has three columns: what groups, what is aggregated, and what keeps rows apart.
  const bool groups = g.chance(2), with = g.chance(2);
  const std::string name = g.any(std::vector<std::string>{"count", "count-distinct", "distinct", "sum", "avg",
                                                          "min", "max", "min 2", "max 2"});
  const std::string key = "?a", aggregate = "(" + name + " ?b)";
  t.find = "[:find " + (groups ? key + " " : "") + aggregate + (with ? " :with ?c" : "");
  std::map<reference::row, reference::rows> grouped;  // a set of rows before it is aggregated
  for (const reference::row& r : all.rows)
    grouped[groups ? reference::row{r[0]} : reference::row{}].insert(with ? reference::row{r[1], r[2]}
                                                                          : reference::row{r[1]});
  reference::rows wanted;
  for (const auto& [by, rows] : grouped) {
    std::vector<value> values;
    for (const reference::row& r : rows) values.push_back(r[0]);
    const auto one = aggregated(name, values);
    if (!one) return;
    reference::row whole = by;
    whole.push_back(*one);
    wanted.insert(std::move(whole));
  }
  std::string why;
  const auto got = rows_of(t, t.text(t.clauses), why);
  ASSERT_TRUE(got) << why << "\n" << shown(t);
  ASSERT_EQ((bag{got->begin(), got->end()}), (bag{wanted.begin(), wanted.end()}))
      << shown(t) << "\nwanted " << shown(wanted);
}

/// Rows without what is found of them: as many as there are, equal ones too.
void check_bag(trial t, const answer& all) {
  t.find = "[:find ?a :with ?c ?b";
  bag wanted;
  for (const reference::row& r : all.rows) wanted.insert({r[0]});
  std::string why;
  const auto got = rows_of(t, t.text(t.clauses), why);
  ASSERT_TRUE(got) << why << "\n" << shown(t);
  ASSERT_EQ((bag{got->begin(), got->end()}), wanted) << shown(t);
}

/// An order, an offset and a limit: each row stands at a place that its equals in order could have.
void check_order(trial t, generator& g, const answer& all) {
  const bool ordered = !g.chance(3), down = g.chance(2);
  const std::size_t offset = g.below(4), limit = g.below(6);
  t.find = "[:find ?a ?b ?c";
  t.tail = (ordered ? std::string{" :order-by ?b"} + (down ? " :desc" : "") + " ?a" : "") + " :offset " +
           std::to_string(offset) + " :limit " + std::to_string(limit);
  std::string why;
  const auto got = rows_of(t, t.text(t.clauses), why);
  ASSERT_TRUE(got) << why << "\n" << shown(t);
  const std::size_t n = all.rows.size();
  ASSERT_EQ(got->size(), std::min(limit, n - std::min(n, offset))) << shown(t);
  ASSERT_EQ((reference::rows{got->begin(), got->end()}).size(), got->size()) << shown(t);
  const auto before = [&](const reference::row& x, const reference::row& y) {
    if (datolite::query::detail::comes_before(x[1], y[1])) return !down;
    if (datolite::query::detail::comes_before(y[1], x[1])) return down;
    return datolite::query::detail::comes_before(x[0], y[0]);
  };
  for (std::size_t i = 0; i < got->size(); ++i) {
    const reference::row& one = (*got)[i];
    ASSERT_TRUE(all.rows.contains(one)) << shown(t) << "\ngot " << datolite::to_edn(value::vector(one));
    if (!ordered) continue;
    std::size_t first = 0, last = 0;
    for (const reference::row& other : all.rows) first += before(other, one), last += !before(one, other);
    ASSERT_TRUE(first <= offset + i && offset + i < last) << shown(t) << "\nrow " << i;
  }
}

/// The query within another, which hands on its sources, rules and inputs.
void check_nested(trial t, const answer& all) {
  t.find = "[:find ?a ?b ?c";
  const std::string inner = t.text(t.clauses);
  std::string in = "[:find ?x ?y ?z :in $ $s ?rules", call = " :where [(q " + inner + " $ $s ?rules";
  for (std::size_t i = 0; i < t.extra.size(); ++i) {
    const std::string name = " ?input" + std::to_string(i);
    in += name, call += name;
  }
  std::string why;
  const auto got = rows_of(t, in + call + ") [[?x ?y ?z]]]]", why);
  ASSERT_TRUE(got) << why << "\n" << shown(t);
  ASSERT_EQ((reference::rows{got->begin(), got->end()}), all.rows) << shown(t);
}

class random_results : public testing::TestWithParam<std::uint32_t> {};
INSTANTIATE_TEST_SUITE_P(in_parts, random_results, testing::Range(0u, 2u));

TEST_P(random_results, are_grouped_ordered_cut_and_handed_on_as_the_reference_rows_would_be) {
  const std::uint32_t wanted = datolite::test::rounds(800u, 8'000u);
  std::uint32_t checked = 0;
  for (std::uint32_t i = GetParam() * 1'000'000; checked < wanted; ++i) {
    generator g{seed + 7'000'000 + i};
    trial t = make(g);
    t.clauses.push_back("[?a " + std::string{g.chance(2) ? "_" : ":r"} + " ?b]");
    t.clauses.push_back(g.chance(2) ? "[?c _ ?b]" : "[$s ?c _]");
    t.find = "[:find ?a ?b ?c";
    const answer all = by_reference(t);
    if (all.how != outcome::answered || all.rows.empty()) continue;
    std::string why;
    if (!rows_of(t, t.text(t.clauses), why)) continue;  // a function met what it does not take
    ++checked;
    ASSERT_NO_FATAL_FAILURE(check_aggregates(t, g, all));
    ASSERT_NO_FATAL_FAILURE(check_bag(t, all));
    ASSERT_NO_FATAL_FAILURE(check_order(t, g, all));
    ASSERT_NO_FATAL_FAILURE(check_nested(t, all));
  }
}

}  // namespace random_test
