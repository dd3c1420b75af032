// `identity`: sources that say what they show are asked for estimates once, others each time.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>
#include <vector>

#include <datolite/core/edn.hpp>
#include <datolite/core/unique_number.hpp>
#include <datolite/query/query.hpp>

#include <gtest/gtest.h>

namespace plan_identity_test {

using namespace datolite;
using namespace datolite::literals;

using row = std::tuple<std::int64_t, std::int64_t>;

/// Rows that can be exchanged, and how often it was asked for estimates.
struct counted {
  std::vector<row> rows;
  mutable int asked = 0;

  std::vector<row> extrel(const query::clause_pattern& p) const {
    std::vector<row> out;
    for (const auto& [a, b] : rows) {
      if (!p.consts[0] || query_equal(*p.consts[0], value{a})) out.emplace_back(a, b);
    }
    return out;
  }
  double estimate(const query::clause_pattern&) const { return ++asked, static_cast<double>(rows.size()); }
};

/// It says when it has changed.
struct versioned : counted {
  std::optional<unique_number> version;
  std::optional<query::source_identity> identity() const {
    return version ? std::optional{query::source_identity{version->get()}} : std::nullopt;
  }
};
/// The same numbers, of another type.
struct another : versioned {};

}  // namespace plan_identity_test

namespace by_lookup {

struct fixed {
  std::vector<plan_identity_test::row> rows;
  mutable int asked = 0;
};
std::vector<plan_identity_test::row> extrel(const fixed& s, const datolite::query::clause_pattern&) {
  return s.rows;
}
double estimate(const fixed& s, const datolite::query::clause_pattern&) { return ++s.asked, 1; }
datolite::query::source_identity identity(const fixed&) { return {7}; }

}  // namespace by_lookup

namespace plan_identity_test {

const value two = "[:find ?a ?c :in $ $r :where [$ ?a ?b] [$r ?b ?c]]"_edn;

value first_clause(const query::prepared& asked, const query::any_source& s, const query::any_source& r) {
  const value plan = explain({.query = asked, .args = {s, r}}).plan;
  return *find_keyword(find_keyword(plan, "steps")->elements()[0], "clause");
}

TEST(source_identity, spares_the_second_time_what_the_first_has_asked) {
  versioned s{{{{1, 2}}}, unique_number{}}, r{{{{2, 3}, {2, 4}}}, unique_number{}};
  const query::prepared asked{two};
  EXPECT_EQ(q(asked, s, r).size(), 2u);
  EXPECT_EQ(s.asked, 1);
  EXPECT_EQ(q(asked, s, r).size(), 2u);
  EXPECT_EQ(s.asked, 1);
  EXPECT_EQ(r.asked, 1);
  const query::prepared fresh{two};
  EXPECT_EQ(q(fresh, s, r).size(), 2u) << "another query has its own plans";
  EXPECT_EQ(s.asked, 2);
  const by_lookup::fixed f{{{2, 3}}};
  EXPECT_EQ(q(asked, f, f).size(), 0u);
  EXPECT_EQ(q(asked, f, f).size(), 0u);
  EXPECT_EQ(f.asked, 2) << "once a clause";
}

TEST(source_identity, is_asked_anew_of_what_has_changed_or_does_not_say) {
  versioned s{{{{1, 2}}}, unique_number{}}, r{{{{2, 3}, {2, 4}, {2, 5}, {2, 6}}}, unique_number{}};
  const query::prepared asked{two};
  const value by_s = "[$ ?a ?b]"_edn, by_r = "[$r ?b ?c]"_edn;
  const auto first = [&] { return first_clause(asked, query::any_source{s}, query::any_source{r}); };
  EXPECT_EQ(first(), by_s);
  s.rows.resize(40, {8, 8});
  EXPECT_EQ(first(), by_s) << "it says that it has not changed";
  s.version.emplace();
  EXPECT_EQ(first(), by_r);
  s.rows.resize(1);
  s.version.reset();
  EXPECT_EQ(first(), by_s);
  s.rows.resize(40, {8, 8});
  EXPECT_EQ(first(), by_r);
  const int before = r.asked;
  EXPECT_EQ(q(asked, s, r).size(), 4u);
  EXPECT_GT(r.asked, before) << "one source that does not say, and all are asked";
  std::vector<row> plain{{1, 2}};
  EXPECT_EQ(first_clause(asked, query::any_source{plain}, query::any_source{r}), by_s);
  plain.resize(40, {8, 8});
  EXPECT_EQ(first_clause(asked, query::any_source{plain}, query::any_source{r}), by_r);
}

TEST(source_identity, is_of_one_type) {
  versioned r{{{{2, 3}, {2, 4}, {2, 5}, {2, 6}}}, unique_number{}};
  const versioned s{{{{1, 2}}}, unique_number{}};
  another large;
  large.rows.resize(40, {8, 8});
  large.version = s.version;
  EXPECT_NE(large.version->get(), s.version->get()) << "a copy has its own number";
  const query::prepared asked{two};
  struct same_number : counted {
    std::uint64_t number = 0;
    query::source_identity identity() const { return {number}; }
  };
  same_number other;
  other.rows = large.rows;
  other.number = s.version->get();
  EXPECT_EQ(first_clause(asked, query::any_source{s}, query::any_source{r}), "[$ ?a ?b]"_edn);
  EXPECT_EQ(first_clause(asked, query::any_source{other}, query::any_source{r}), "[$r ?b ?c]"_edn);
}

TEST(source_identity, counts_the_inputs_that_patterns_have_and_no_others) {
  versioned s{{{{1, 2}, {5, 6}}}, unique_number{}};
  const query::prepared asked{"[:find ?b :in $ ?a ?f :where [?a ?b] [?b ?c] [(* ?b ?f) ?d]]"_edn};
  const auto ask = [&](int a, int f) {
    static_cast<void>(q(asked, s, a, f));
    return std::exchange(s.asked, 0);
  };
  EXPECT_EQ(ask(1, 1), 2);
  EXPECT_EQ(ask(1, 1), 0);
  EXPECT_EQ(ask(1, 2), 0);
  EXPECT_EQ(ask(5, 2), 2);
  EXPECT_EQ(ask(1, 1), 0);
  for (int a = 10; a < 20; ++a) EXPECT_EQ(ask(a, 1), 2);
  EXPECT_EQ(ask(1, 1), 2) << "a few are kept";
}

}  // namespace plan_identity_test
