// Every value of the table in docs/values.md against every other, in all three relations.
#include <datolite/core/value_comparison.hpp>
#include <datolite/core/value_equality.hpp>
#include <datolite/core/value_order.hpp>

#include <datolite/core/edn.hpp>
#include <datolite/core/encode.hpp>

#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <string>
#include <vector>

#include "support/doc_table.hpp"
#include "support/value_printing.hpp"

namespace value_relations_test {

using namespace datolite;
using namespace datolite::literals;

struct sample {
  value v;
  std::string canonical;
  std::string line;  ///< empty: compares with nothing
  int rank = 0;
};

std::vector<sample> samples() {
  std::vector<sample> all;
  for (const auto& row : test::doc_table(DATOLITE_DOCS "/values.md")) {
    sample s{read_edn(row.at(0)), row.at(1), "", 0};
    if (const std::size_t space = row.at(2).find(' '); space != std::string::npos) {
      s.line = row[2].substr(0, space);
      s.rank = std::stoi(row[2].substr(space));
    }
    all.push_back(std::move(s));
  }
  return all;
}

TEST(value_relations, the_table_has_every_kind) {
  std::set<kind> kinds;
  for (const sample& s : samples()) kinds.insert(s.v.kind());
  EXPECT_EQ(kinds.size(), static_cast<std::size_t>(kind::tagged) + 1);
}

TEST(value_relations, stored_order_is_the_order_of_the_table) {
  const auto all = samples();
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < all.size(); ++j) {
      ASSERT_EQ(stored_order(all[i].v, all[j].v), i <=> j) << to_edn(all[i].v) << " and " << to_edn(all[j].v);
      ASSERT_EQ(all[i].v == all[j].v, i == j);
      ASSERT_EQ(all[i].v <=> all[j].v, i <=> j);
    }
  }
}

TEST(value_relations, query_equality_is_having_the_same_canonical_form) {
  const auto all = samples();
  for (const sample& a : all) {
    EXPECT_EQ(to_edn(query_canonical(a.v)), a.canonical);
    for (const sample& b : all) {
      const bool equal = a.canonical == b.canonical;
      ASSERT_EQ(query_equal(a.v, b.v), equal) << to_edn(a.v) << " and " << to_edn(b.v);
      if (equal) {
        ASSERT_EQ(query_hash(a.v), query_hash(b.v)) << to_edn(a.v) << " and " << to_edn(b.v);
      }
    }
  }
}

TEST(value_relations, comparison_is_by_line_and_rank) {
  const auto all = samples();
  for (const sample& a : all) {
    for (const sample& b : all) {
      const bool compare = !a.line.empty() && a.line == b.line;
      const auto expected = compare ? a.rank <=> b.rank : std::partial_ordering::unordered;
      ASSERT_EQ(compare_values(a.v, b.v), expected) << to_edn(a.v) << " and " << to_edn(b.v);
    }
  }
}

TEST(value_relations, the_encoding_has_the_order_of_the_table) {
  std::string last;
  for (const sample& s : samples()) {
    if (to_edn(s.v).find("##NaN") != std::string::npos) {
      EXPECT_THROW(encode_value(s.v), error);
      continue;
    }
    const bytes encoded = encode_value(s.v);
    EXPECT_LT(last, encoded) << to_edn(s.v);
    last = encoded;
  }
}

TEST(value_relations, long_and_double_are_compared_exactly_at_every_power_of_two) {
  for (int bits = 1; bits < 63; ++bits) {
    for (const std::int64_t near : {-1, 0, 1}) {
      const std::int64_t n = (std::int64_t{1} << bits) + near;
      const double rounded = static_cast<double>(n);
      const auto expected =
          n <=> static_cast<std::int64_t>(rounded);  // the double is a whole number below 2^63
      EXPECT_EQ(compare_values(n, rounded), expected) << n;
      EXPECT_EQ(compare_values(rounded, n), 0 <=> expected) << n;
      EXPECT_EQ(compare_values(-n, -rounded), 0 <=> expected) << n;
      if (bits < 52) {
        EXPECT_EQ(compare_values(n, rounded + 0.5), std::partial_ordering::less) << n;
        EXPECT_EQ(compare_values(-n, -rounded - 0.5), std::partial_ordering::greater) << n;
      }
    }
  }
  EXPECT_EQ(compare_values(std::numeric_limits<std::int64_t>::max(), 9223372036854775808.0),
            std::partial_ordering::less);
  EXPECT_EQ(compare_values(std::numeric_limits<std::int64_t>::min(), -9223372036854775808.0),
            std::partial_ordering::equivalent);
}

TEST(value_relations, decimals_are_compared_with_doubles_exactly) {
  // 0.1 as a double is 0.1000000000000000055511151231257827021181583404541015625
  EXPECT_EQ(compare_values(0.1, "0.1000000000000000055511151231257827021181583404541015625M"_edn),
            std::partial_ordering::equivalent);
  EXPECT_EQ(compare_values(0.1, "0.1000000000000000055511151231257827021181583404541015624M"_edn),
            std::partial_ordering::greater);
  EXPECT_EQ(compare_values(std::numeric_limits<double>::denorm_min(), "1E-330M"_edn),
            std::partial_ordering::greater);
  EXPECT_EQ(compare_values(std::numeric_limits<double>::max(), "1E+309M"_edn), std::partial_ordering::less);
  EXPECT_EQ(compare_values("1E+900000000M"_edn, "-1E+900000000M"_edn), std::partial_ordering::greater);
  EXPECT_EQ(compare_values("1E+900000000M"_edn, std::numeric_limits<std::int64_t>::max()),
            std::partial_ordering::greater);
}

TEST(value_relations, sequences_compare_as_far_as_their_elements_do) {
  EXPECT_EQ(compare_values("[1 2]"_edn, "(1.0 3)"_edn), std::partial_ordering::less);
  EXPECT_EQ(compare_values("[1 2]"_edn, "[1 nil]"_edn), std::partial_ordering::unordered);
  EXPECT_EQ(compare_values("[1 2]"_edn, "[2 nil]"_edn), std::partial_ordering::less);
  EXPECT_EQ(compare_values("[##NaN]"_edn, "[##NaN]"_edn), std::partial_ordering::unordered);
  EXPECT_EQ(compare_values("[nil 1]"_edn, "[nil 2]"_edn), std::partial_ordering::less);
  EXPECT_EQ(compare_values("[[1] [2 3]]"_edn, "[[1] [2]]"_edn), std::partial_ordering::greater);
}

TEST(value_relations, depth_costs_no_stack) {
  const auto nested = [](int depth, value innermost) {
    for (int i = 0; i < depth; ++i) innermost = value::vector({std::move(innermost)});
    return innermost;
  };
  const value a = nested(200'000, 1), b = nested(200'000, value::ref(1)), c = nested(200'000, 1);
  EXPECT_TRUE(a == c);
  EXPECT_EQ(stored_order(a, b), std::strong_ordering::less);
  EXPECT_TRUE(query_equal(a, b));
  EXPECT_EQ(query_hash(a), query_hash(b));
  EXPECT_EQ(compare_values(a, b), std::partial_ordering::equivalent);
  EXPECT_TRUE(query_canonical(b) == a);
  EXPECT_TRUE(query_equal(make_set({a}), make_set({b})));
}

TEST(value_relations, the_hash_of_sets_in_sets_takes_time_by_their_size_and_not_by_its_square) {
  value deep = 1, same = value::ref(1);
  for (int i = 0; i < 50'000; ++i) deep = make_set({deep}), same = make_set({same});
  EXPECT_EQ(query_hash(deep), query_hash(same));
}

TEST(value_relations, shared_parts_are_not_walked_again) {
  value a{1}, b{1};
  for (int i = 0; i < 100; ++i) a = value::vector({a, a}), b = a;
  EXPECT_TRUE(value::vector({a}) == value::vector({b}));
  EXPECT_TRUE(query_equal(value::vector({a}), value::vector({b})));
}

TEST(make_set, sorts_and_refuses_duplicates) {
  EXPECT_EQ(to_edn(make_set({3, 1, 2})), "#{1 2 3}");
  EXPECT_EQ(to_edn(make_set({1.0, 1})), "#{1 1.0}");
  EXPECT_EQ(to_edn(make_map({{"b"_kw, 1}, {"a"_kw, 2}})), "{:a 2, :b 1}");
  EXPECT_THROW(make_set({1, 2, 1}), error);
  EXPECT_THROW(make_map({{"a"_kw, 1}, {"a"_kw, 2}}), error);
}

TEST(find_keyword, finds_every_key_among_keys_of_other_kinds) {
  std::vector<map_entry> entries{{value{}, 0}};
  for (int i = 0; i < 40; ++i) {
    entries.push_back({value::keyword("k" + std::to_string(i)), i});
    entries.push_back({value{i}, i});
    entries.push_back({value::symbol("k" + std::to_string(i)), i});
  }
  const value m = make_map(entries);
  for (int i = 0; i < 40; ++i) {
    const value* found = find_keyword(m, "k" + std::to_string(i));
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(*found, value{i});
  }
  EXPECT_EQ(find_keyword(m, "k"), nullptr);
  EXPECT_EQ(find_keyword(m, "k99"), nullptr);
  EXPECT_EQ(find_keyword(1, "k"), nullptr);
}

}  // namespace value_relations_test
