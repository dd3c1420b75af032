// The typed layout by itself: its order, its tail, its counts, forks; and that it shows what the flat one
// shows.
#include "random_history.hpp"
#include "stores.hpp"
#include "support.hpp"

#include <datolite/datoms/datom_range.hpp>
#include <datolite/datoms/ordered_datoms.hpp>
#include <datolite/datoms/typed_cursor.hpp>
#include <datolite/datoms/typed_index.hpp>
#include <datolite/datoms/typed_row.hpp>
#include <datolite/datoms/typed_tail.hpp>
#include <datolite/engines/traced.hpp>

#include <random>

namespace typed_index_test {

using namespace datolite_test;
using datoms::typed::place;
using datoms::typed::row;
using datoms::typed::row_less;

using prefix = sort_prefix<row, row_less>;

std::vector<value> some_values() {
  constexpr auto least = std::numeric_limits<std::int64_t>::min(),
                 most = std::numeric_limits<std::int64_t>::max();
  std::vector<value> all{value{false},
                         value{true},
                         value{""},
                         value{"a"},
                         value{std::string(30, 'a')},
                         value{std::string(30, 'b')},
                         kw("a/b"),
                         value{-1.5},
                         value{0.0},
                         value{1e300},
                         value{-1e-300},
                         value{1.5f},
                         value{-2.5f},
                         value::ref(0),
                         value::ref(datoms::t_to_tx(1000)),
                         value::ref(datoms::entid_at(datoms::part_user, 5)),
                         value::ref(datoms::implicit_part(7) + 3),
                         value::ref(datoms::entid_at(4, datoms::max_counter)),
                         value::instant(1700000000000)};
  for (const std::int64_t n : {least, least + 1, -(std::int64_t{1} << 39), std::int64_t{-2}, std::int64_t{-1},
                               std::int64_t{0}, std::int64_t{1}, (std::int64_t{1} << 38) - 1,
                               std::int64_t{1} << 38, std::int64_t{1} << 50, most - 1, most}) {
    all.push_back(value{n}), all.push_back(value::instant(n));
  }
  return all;
}

TEST(TypedRow, PrefixesRiseWithRowsAndPlaces) {
  const std::vector<value> values = some_values();
  std::mt19937 random{1};
  const entity_id entities[] = {0,
                                72,
                                datoms::t_to_tx(1000),
                                datoms::entid_at(4, 1),
                                datoms::entid_at(4, 2),
                                datoms::entid_at(4, datoms::max_counter),
                                datoms::implicit_part(1) + 5,
                                datoms::implicit_part(1) + 6,
                                datoms::implicit_part(524287) + datoms::max_counter,
                                datoms::entid_at(90, 5),
                                datoms::entid_at(90, 6),
                                datoms::entid_at(1, 5),
                                datoms::entid_at(2, 6),
                                datoms::max_counter};
  const auto entity = [&] { return entities[random() % std::size(entities)]; };
  for (int i = 0; i < 100'000; ++i) {
    const auto order = static_cast<index_order>(random() % 4);
    const auto made = [&] {
      value v = order == index_order::vaet ? value::ref(entity()) : values[random() % values.size()];
      return row{entity(),     static_cast<attribute_id>(70 + random() % 3), order,
                 std::move(v), static_cast<std::int64_t>(random() % 2),      0};
    };
    const row x = made(), y = made();
    if (row_less{}(x, y)) {
      ASSERT_LE(prefix::of(x), prefix::of(y)) << to_edn(x.v) << " " << to_edn(y.v);
    }
    const place p{order, static_cast<std::uint8_t>(random() % 4), random() % 2 == 0, y.e, y.a, y.v};
    if (row_less{}(x, p)) {
      ASSERT_LE(prefix::of(x), prefix::of(p));
    } else {
      ASSERT_TRUE(row_less{}(p, x));
      ASSERT_LE(prefix::of(p), prefix::of(x));
    }
  }
}

constexpr std::string_view schema = history_schema;

TEST(TypedIndex, ShowsWhatTheFlatOneShows) {
  expect_what_the_flat_one_shows(new_memory(), {}, 7, 300, [](connection&, int) {});
}

TEST(TypedIndex, BatchesOfAnySizeShowTheSame) {
  connection conn{new_memory()};
  transact(conn, schema);
  for (int i = 0; i < 40; ++i) transact(conn, "[[:db/add 101 :age " + std::to_string(i % 3) + "]]");
  for (const bool descending : {false, true}) {
    const datom_range range{.index = index_order::eavt, .e = 101, .descending = descending};
    const db past = conn.db().history();
    const auto whole = past.datoms(range);
    for (const std::size_t size : {1u, 2u, 7u}) {
      const auto cursor = past.access().open_cursor(index_order::eavt, components::t);
      cursor->seek(range);
      std::size_t at = 0;
      for (datom_columns batch; cursor->next_batch(batch, size);) {
        for (const std::int64_t t_op : batch.t_op) ASSERT_EQ(t_op, whole.at(at++).t_op);
      }
      EXPECT_EQ(at, whole.size());
    }
  }
}

TEST(TypedIndex, CountsAnyRangeWithoutReadingTheEngine) {
  engines::traced store{new_memory()};
  const auto counters = store.counters();
  connection conn{any_storage{std::move(store)}};
  transact(conn, schema);
  std::vector<value> forms;
  for (int i = 0; i < 1000; ++i) forms.push_back(read_edn("{:age " + std::to_string(i) + "}"));
  conn.transact(value::vector(std::span<const value>{forms}));
  transact(conn, "[{:age 500} {:age 501}]");
  const db now = conn.db();
  counters->reset();
  EXPECT_EQ(now.count({.index = index_order::avet,
                       .a = now.attribute(kw("age"))->id,
                       .start = range_bound{value{400}, true},
                       .stop = range_bound{value{800}, false}}),
            402u);
  EXPECT_EQ(counters->counts(), engines::traced_counts{});
}

TEST(TypedIndex, EqualTextsOfOneLargeTransactionAreKeptOnce) {
  connection conn{new_memory()};
  transact(
      conn,
      R"([{:db/ident :city :db/valueType :db.type/string :db/cardinality :db.cardinality/one :db/index true}])");
  std::vector<value> forms;
  for (std::int64_t i = 0; i < 1000; ++i) {
    const std::string city = "a city with a long name, " + std::to_string(i % 3);
    forms.push_back(value::vector({kw("db/add"), value{std::to_string(i)}, kw("city"), value{city}}));
  }
  conn.transact(value::vector(forms));
  for (const index_order order : {index_order::eavt, index_order::aevt, index_order::avet}) {
    std::set<const char*> places;
    std::size_t all = 0;
    for (const datom& d : conn.db().datoms(order)) {
      if (d.a != conn.db().attribute(kw("city"))->id) continue;
      places.insert(d.v.raw().data()), ++all;
    }
    EXPECT_EQ(all, 1000u);
    EXPECT_EQ(places.size(), 3u);
  }
}

TEST(TypedIndex, TwoBranchesOfOneStateShareItsTail) {
  connection conn{new_memory()};
  transact(conn, schema);
  transact(conn, "[{:db/id 101 :age 1}]");
  const db base = conn.db();
  const db one = base.with(read_edn("[[:db/add 101 :age 2]]")).db_after;
  const db other = base.with(read_edn("[[:db/add 101 :age 3]]")).db_after;
  EXPECT_EQ(values_of(base, value{101}, "age"), "[1]");
  EXPECT_EQ(values_of(one, value{101}, "age"), "[2]");
  EXPECT_EQ(values_of(other, value{101}, "age"), "[3]");
}

TEST(Fork, BothSidesGoTheirOwnWay) {
  for (const index_layout layout : {index_layout::typed, index_layout::flat, index_layout::packed}) {
    connection one{new_memory(), {.layout = layout, .merge_least = 3, .merge_share = 0.0}};
    transact(one, schema);
    transact(one, "[{:db/id 101 :age 1}]");
    connection other = one.fork();
    EXPECT_EQ(other.db().basis_t(), one.db().basis_t());
    transact(one, "[[:db/add 101 :age 2]]");
    transact(other, "[[:db/add 101 :age 3] [:db/add 101 :name \"other\"]]");
    connection third = other.fork();
    transact(third, "[[:db/retractEntity 101]]");
    EXPECT_EQ(values_of(one.db(), value{101}, "age"), "[2]");
    EXPECT_EQ(values_of(other.db(), value{101}, "age"), "[3]");
    EXPECT_EQ(values_of(other.sync(), value{101}, "name"), "[\"other\"]");
    EXPECT_EQ(values_of(third.db(), value{101}, "name"), "[]");
    one.close();
    EXPECT_THROW(all_facts(one.db()), error);
    EXPECT_EQ(values_of(other.db(), value{101}, "age"), "[3]");
  }
}

TEST(Fork, OfAnEngineThatCannotBeCopiedIsRefused) {
  connection conn{lmdb_store().open()};
  try {
    conn.fork();
    FAIL() << "forked";
  } catch (const error& e) {
    EXPECT_EQ(e.category(), error_category::unsupported);
  }
}

TEST(TypedIndex, ClosedIsUnavailable) {
  connection conn{new_memory()};
  const db before = conn.db();
  conn.close();
  EXPECT_THROW(before.datoms({}).begin(), error);
  EXPECT_THROW(before.count({}), error);
}

}  // namespace typed_index_test
