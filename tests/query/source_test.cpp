// The datasource protocol: who is a source, what the built-in joins give, what any_source owns.
#include <array>
#include <list>
#include <map>
#include <set>
#include <tuple>

#include <datolite/query/any_source.hpp>

#include <gtest/gtest.h>

using datolite::value;
namespace query = datolite::query;
using query::clause_pattern;
using query::join_spec;
using query::relation;

namespace mine {

// A source by member, which says what it returns by a plain vector.
struct by_member {
  std::vector<std::tuple<int, int>> extrel(const clause_pattern&) const {
    return {{1, 10}, {2, 20}, {1, 11}};
  }
};

// A source and a joinable by argument-dependent lookup.
struct by_lookup {};
struct lookup_rows {};
lookup_rows extrel(const by_lookup&, const clause_pattern&) { return {}; }
relation join_project_with(const lookup_rows&, const relation&, const join_spec& j) {
  relation out{j.width};
  for (std::size_t slot = 0; slot < j.width; ++slot) out.put(slot, 7);
  out.commit_row();
  return out;
}
double estimate(const by_lookup&, const clause_pattern&) { return 1; }

// An iterable that is a source in another way: the member counts.
struct both : std::vector<std::tuple<int>> {
  std::vector<std::tuple<int>> extrel(const clause_pattern&) const { return {{42}}; }
};

struct returns_nothing {
  void extrel(const clause_pattern&) const {}
};

}  // namespace mine

namespace source_test {

static_assert(query::ExtRel<mine::by_member> && query::ExtRel<mine::by_lookup> && query::ExtRel<mine::both>);
static_assert(query::ExtRel<std::vector<std::tuple<int, std::string>>> &&
              query::ExtRel<std::map<std::string, int>>);
static_assert(query::ExtRel<std::list<std::array<double, 3>>> &&
              query::ExtRel<std::set<std::pair<int, int>>>);
static_assert(query::ExtRel<std::vector<std::vector<value>>> && query::ExtRel<relation>);
static_assert(!query::ExtRel<int> && !query::ExtRel<std::string> && !query::ExtRel<mine::returns_nothing>);
static_assert(!query::ExtRel<std::vector<int>>, "a vector of scalars has no rows");
static_assert(query::IJoin<std::vector<std::tuple<int>>> && query::IJoin<mine::lookup_rows>);

/// The pattern with these consts and no advice.
struct pattern_of {
  explicit pattern_of(std::vector<std::optional<value>> given)
      : consts{std::move(given)}, starts(consts.size()), whiles(consts.size()) {}
  clause_pattern view() const {
    return {consts, starts, whiles, query::slot_set{~std::uint64_t{0}}, {}, nullptr};
  }
  std::vector<std::optional<value>> consts, starts;
  std::vector<std::optional<query::take_while>> whiles;
};

template <class S>
relation all_of(const S& source, std::vector<std::optional<value>> consts) {
  const pattern_of pattern{std::move(consts)};
  std::vector<query::projection> to;
  for (std::size_t i = 0; i < pattern.consts.size(); ++i) to.push_back({i, i});
  const join_spec spec{{}, to, {}, {}, to.size(), true};
  return datolite::join_project_with(datolite::extrel(source, pattern.view()), relation::unit(), spec);
}

std::multiset<std::vector<value>> rows_of(const relation& r) {
  std::multiset<std::vector<value>> out;
  for (auto row : r) {
    std::vector<value> one;
    for (std::size_t i = 0; i < row.size(); ++i) one.push_back(row[i]);
    out.insert(one);
  }
  return out;
}

using rows = std::multiset<std::vector<value>>;

TEST(extrel, consts_select_the_rows_of_every_kind_of_range) {
  const std::vector<std::tuple<int, std::string>> tuples{{1, "a"}, {2, "b"}, {3, "a"}};
  EXPECT_EQ(rows_of(all_of(tuples, {std::nullopt, value{"a"}})), (rows{{1, "a"}, {3, "a"}}));
  const std::map<std::string, int> map{{"x", 1}, {"y", 2}};
  EXPECT_EQ(rows_of(all_of(map, {value{"y"}, std::nullopt})), (rows{{"y", 2}}));
  const std::vector<std::vector<value>> vectors{{1, 2, 3}, {1}, {}, {4, 5, 6}};
  EXPECT_EQ(rows_of(all_of(vectors, {std::nullopt, std::nullopt})), (rows{{1, 2}, {4, 5}}));
  const std::vector<value> edn{value::vector({1, "p"}), value::list({2, "q"})};
  EXPECT_EQ(rows_of(all_of(edn, {value{2}, std::nullopt})), (rows{{2, "q"}}));
}

TEST(extrel, a_const_of_nil_or_false_is_a_constant_and_no_wildcard) {
  const std::vector<std::vector<value>> some{{1, false}, {2, nullptr}, {3, true}};
  EXPECT_EQ(rows_of(all_of(some, {std::nullopt, value{false}})), (rows{{1, false}}));
  EXPECT_EQ(rows_of(all_of(some, {std::nullopt, value{}})), (rows{{2, nullptr}}));
}

TEST(extrel, a_member_counts_before_lookup_and_lookup_before_the_built_in) {
  EXPECT_EQ(rows_of(all_of(mine::by_member{}, {std::nullopt, std::nullopt})),
            (rows{{1, 10}, {2, 20}, {1, 11}}));
  EXPECT_EQ(rows_of(all_of(mine::by_lookup{}, {std::nullopt})), (rows{{7}}));
  EXPECT_EQ(rows_of(all_of(mine::both{}, {std::nullopt})), (rows{{42}}));
}

TEST(join, keeps_the_pairs_that_agree_and_projects_them_as_a_set) {
  const std::vector<std::tuple<int, int, int>> xs{{1, 2, 3}, {1, 2, 4}, {5, 6, 7}, {8, 2, 9}};
  const relation ys{2, {{1, "one"}, {8, "eight"}, {9, "nine"}}};
  const query::join_pair on[] = {{0, 0}};
  const query::projection from_x[] = {{1, 0}}, from_y[] = {{1, 1}};
  const relation joined = datolite::join_project_with(xs, ys, join_spec{on, from_x, from_y, {}, 2, true});
  EXPECT_EQ(rows_of(joined), (rows{{2, "one"}, {2, "eight"}}));
  EXPECT_TRUE(joined.is_distinct());
}

TEST(join, every_predicate_is_applied_on_either_side_and_across) {
  const std::vector<std::tuple<int, int>> xs{{1, 2}, {2, 3}, {3, 4}};
  const relation ys{1, {{2}, {3}}};
  const query::projection from_x[] = {{0, 0}}, from_y[] = {{0, 1}};
  using op = query::operand;
  const query::function odd{[](std::int64_t i) { return i % 2 != 0; }};
  const query::join_predicate x_only[] = {{query::comparison::greater, op::x(1), op::of(2)}};
  EXPECT_EQ(rows_of(datolite::join_project_with(xs, ys, join_spec{{}, from_x, from_y, x_only, 2, true})),
            (rows{{2, 2}, {2, 3}, {3, 2}, {3, 3}}));
  const query::join_predicate across[] = {{query::comparison::less, op::x(0), op::y(0)}, {odd, {op::x(0)}}};
  EXPECT_EQ(rows_of(datolite::join_project_with(xs, ys, join_spec{{}, from_x, from_y, across, 2, true})),
            (rows{{1, 2}, {1, 3}}));
}

TEST(join, a_clause_that_binds_nothing_only_asks_whether_there_is_a_row) {
  const std::vector<std::tuple<int>> many(1000, std::tuple{1});
  const relation ys{1, {{2}, {3}}};
  const query::projection from_y[] = {{0, 0}};
  const relation joined = datolite::join_project_with(many, ys, join_spec{{}, {}, from_y, {}, 1, true});
  EXPECT_EQ(rows_of(joined), (rows{{2}, {3}}));
}

TEST(any_source, refers_to_an_lvalue_and_owns_an_rvalue) {
  std::vector<std::tuple<int>> kept{{1}};
  const query::any_source refers{kept};
  kept.push_back({2});
  EXPECT_EQ(rows_of(all_of(refers, {std::nullopt})), (rows{{1}, {2}}));
  std::optional<query::any_source> owns{std::in_place, std::vector<std::tuple<int>>{{3}}};
  const query::any_source copy = *owns;
  owns.reset();
  EXPECT_EQ(rows_of(all_of(copy, {std::nullopt})), (rows{{3}}));
  EXPECT_EQ(copy.estimate(pattern_of{{std::nullopt}}.view()), 1.0);
  EXPECT_EQ(query::any_source{mine::by_lookup{}}.estimate(pattern_of{{std::nullopt}}.view()), 1.0);
  EXPECT_EQ(query::any_source{mine::by_member{}}.estimate(pattern_of{{std::nullopt}}.view()), std::nullopt);
}

TEST(holds, kinds_that_do_not_compare_are_false_under_every_order) {
  using enum query::comparison;
  for (auto op : {less, less_equal, greater, greater_equal})
    EXPECT_FALSE(query::holds(op, value{"a"}, value{1}));
  EXPECT_TRUE(query::holds(less, value{1}, value{1.5}));
  EXPECT_TRUE(query::holds(less_equal, value{1}, value{1.0}));
  EXPECT_FALSE(query::holds(equal, value{1}, value{1.0}));
  EXPECT_TRUE(query::holds(equal, value{1}, value::ref(1)));
  EXPECT_TRUE(query::holds(starts_with, value{"foobar"}, value{"foo"}));
  EXPECT_FALSE(query::holds(starts_with, value{1}, value{1}));
}

}  // namespace source_test
