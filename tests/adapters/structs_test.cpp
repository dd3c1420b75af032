#include <datolite/adapters/structs.hpp>

#include <datolite/core/edn.hpp>
#include <datolite/core/scan.hpp>
#include <datolite/engines/memory.hpp>
#include <datolite/query/query.hpp>
#include <datolite/txn/transaction.hpp>

#include <gtest/gtest.h>
#include <boost/hana/adapt_struct.hpp>
#include <boost/hana/define_struct.hpp>
#include <range/v3/algorithm/max_element.hpp>
#include <range/v3/range/conversion.hpp>
#include <range/v3/view/filter.hpp>
#include <range/v3/view/take.hpp>
#include <range/v3/view/transform.hpp>

#include <string>
#include <vector>

namespace structs_test {

struct seat {
  int row;
  std::string place;
};

struct film {
  BOOST_HANA_DEFINE_STRUCT(film, (std::string, title), (std::int64_t, year));
};

}  // namespace structs_test

BOOST_HANA_ADAPT_STRUCT(structs_test::seat, row, place);

namespace structs_test {

using namespace datolite;

TEST(structs, are_a_source_with_a_slot_a_member) {
  const std::vector<seat> seats{{1, "window"}, {2, "aisle"}, {12, "window"}};
  const auto source = adapters::structs(seats);
  EXPECT_EQ(to_edn(q("[:find [?row ...] :where [?row \"window\"] [(< 1 ?row)]]", source).as_value()),
            "#{12}");
  EXPECT_EQ(adapters::member_names<seat>()[1], "place");
}

TEST(structs, are_the_rows_of_a_result) {
  const std::vector<film> films{{"Alien", 1979}, {"Aliens", 1986}};
  const auto found = q("[:find ?t ?y :where [?t ?y] [(< ?y 1980)]]", adapters::structs(films));
  const auto early = adapters::rows_as<film>(found);
  ASSERT_EQ(early.size(), 1u);
  EXPECT_EQ(early[0].title, "Alien");
  EXPECT_EQ(early[0].year, 1979);
}

TEST(structs, a_row_that_does_not_fit_is_refused) {
  const std::vector<film> films{{"Alien", 1979}};
  EXPECT_THROW(adapters::rows_as<film>(q("[:find ?t :where [?t ?y]]", adapters::structs(films))), error);
  EXPECT_THROW(adapters::rows_as<film>(q("[:find ?y ?t :where [?t ?y]]", adapters::structs(films))), error);
}

TEST(range_v3, views_are_sources_and_take_results_and_scans) {
  const std::vector<std::vector<value>> rows{{1, "a"}, {2, "b"}, {3, "c"}, {4, "d"}};
  auto odd = rows | ranges::views::filter([](const auto& row) { return row[0].as_long() % 2 == 1; });
  const auto found = q("[:find ?x ?y :where [?x ?y]]", odd);
  const auto texts =
      found | ranges::views::transform([](const auto& row) { return std::string{row[1].as_string()}; }) |
      ranges::to<std::vector>();
  EXPECT_EQ(texts, (std::vector<std::string>{"a", "c"}));

  engines::memory store;
  auto t = ensure_transaction(store);
  for (const char* key : {"doc-1", "doc-2", "doc-3", "other"}) t = put(std::move(t), key, key);
  commit(store, t);
  const auto seen = store.snapshot();
  auto documents = scan(seen, prefix("doc-"));
  const auto first = documents | ranges::views::take(2) |
                     ranges::views::transform([](const auto& pair) { return std::string{pair.key}; }) |
                     ranges::to<std::vector>();
  EXPECT_EQ(first, (std::vector<std::string>{"doc-1", "doc-2"}));
}

}  // namespace structs_test
