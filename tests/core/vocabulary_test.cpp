// Datoms, errors, counts, and what index_access gives for free.
#include <datolite/core/datom.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/io_stats.hpp>

#include <gtest/gtest.h>

#include <type_traits>

namespace vocabulary_test {

using namespace datolite;

TEST(datom, a_transaction_and_whether_it_asserts_come_back_from_t_op) {
  for (std::int64_t t : {std::int64_t{0}, std::int64_t{1000}, (std::int64_t{1} << 42) - 1}) {
    for (bool added : {false, true}) {
      const datom d{1, 2, {}, make_t_op(t, added)};
      EXPECT_EQ(d.t(), t);
      EXPECT_EQ(d.added(), added);
    }
  }
  EXPECT_EQ(make_t_op(1000, true), 2001);
}

TEST(datom, the_components_of_a_set_are_those_it_was_made_of) {
  const components set = components::e | components::v;
  EXPECT_TRUE(includes(set, components::e));
  EXPECT_FALSE(includes(set, components::a));
  EXPECT_TRUE(includes(set, components::v));
  EXPECT_FALSE(includes(set, components::t));
  for (components one : {components::e, components::a, components::v, components::t})
    EXPECT_TRUE(includes(components::all, one));
}

TEST(datom, cleared_columns_are_empty_and_keep_their_memory) {
  datom_columns columns;
  columns.size = 1;
  columns.e.push_back(1), columns.a.push_back(2), columns.v.emplace_back("v"), columns.t_op.push_back(3);
  const auto kept = columns.e.capacity();
  columns.clear();
  EXPECT_EQ(columns.size, 0u);
  EXPECT_TRUE(columns.e.empty() && columns.a.empty() && columns.v.empty() && columns.t_op.empty());
  EXPECT_EQ(columns.e.capacity(), kept);
}

TEST(error, says_what_it_was_made_with_and_is_a_std_exception) {
  const error e{error_category::unknown_outcome, "db.error/x", "what happened", "{:a 1}"};
  EXPECT_EQ(e.category(), error_category::unknown_outcome);
  EXPECT_EQ(e.code(), "db.error/x");
  EXPECT_EQ(e.details(), "{:a 1}");
  EXPECT_STREQ(static_cast<const std::exception&>(e).what(), "what happened");
  EXPECT_EQ(to_string(e.category()), "unknown-outcome");
  EXPECT_EQ(to_string(error_category::incorrect), "incorrect");
}

/// Knows the aliases 1 … 9, each entity having its own id twice as values of attribute 7.
struct small_index final : index_access {
  const attribute_facts* attribute(const value&) const override { return nullptr; }
  std::optional<entity_id> entid(const value& alias, io_counters*) const override {
    const auto id = alias.as_long();
    return id < 10 ? std::optional{id} : std::nullopt;
  }
  std::optional<value> ident(entity_id) const override { return std::nullopt; }
  std::unique_ptr<datom_cursor> open_cursor(index_order, components, io_counters*) const override {
    return nullptr;
  }
  std::uint64_t count(const datom_range&) const override { return 0; }
  void read(entity_id e, attribute_id a, std::vector<value>& out, io_counters*) const override {
    out.clear();
    if (a == 7 && e < 10) out.assign({value{e}, value{e + 100}});
  }
};

TEST(index_access, many_aliases_resolve_as_each_would) {
  const value aliases[] = {3, 12, 4};
  std::vector<std::optional<entity_id>> found{1, 2};
  small_index{}.entid_many(aliases, found);
  EXPECT_EQ(found, (std::vector<std::optional<entity_id>>{3, std::nullopt, 4}));
}

TEST(index_access, many_entities_read_as_each_would) {
  const entity_id entities[] = {3, 12, 4};
  std::vector<value> found;
  std::vector<std::size_t> ends;
  small_index{}.read_many(entities, 7, found, ends);
  EXPECT_EQ(ends, (std::vector<std::size_t>{2, 2, 4}));
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[0].as_long(), 3);
  EXPECT_EQ(found[3].as_long(), 104);
}

TEST(io_stats, counts_add_up) {
  io_counts a{1, 2, 3, 4};
  a += io_counts{10, 20, 30, 40};
  EXPECT_EQ(a.seeks, 11u);
  EXPECT_EQ(a.steps, 22u);
  EXPECT_EQ(a.reads, 33u);
  EXPECT_EQ(a.blocks, 44u);
}

}  // namespace vocabulary_test
