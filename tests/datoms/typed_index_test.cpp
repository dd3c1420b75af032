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
using datoms::typed::word_place;

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
  const attribute_id attributes[] = {70, 71, 72, (1u << 19) - 1, 1u << 19, (1u << 20) - 1, 1u << 20};
  const auto entity = [&] { return entities[random() % std::size(entities)]; };
  for (int i = 0; i < 100'000; ++i) {
    const auto order = static_cast<index_order>(random() % 4);
    const auto made = [&] {
      value v = order == index_order::vaet ? value::ref(entity()) : values[random() % values.size()];
      return row{entity(),     attributes[random() % std::size(attributes)], order,
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
    if (p.behind) continue;
    const word_place probe{p};
    ASSERT_EQ(probe.word, prefix::of(p));
    if (prefix::is_before(probe) && prefix::of(x) == probe.word) {
      ASSERT_TRUE(row_less{}(p, x)) << static_cast<int>(order) << " " << to_edn(p.v) << " " << to_edn(x.v);
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

/// A thousand entities in the trees, or in blocks; others that came later; and a tail that changes some of
/// them.
void fill_with_friends(connection& conn, std::mt19937& random) {
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  const auto id = [](int i) { return std::to_string(datoms::entid_at(datoms::part_user, 5000 + i)); };
  transact(conn, schema);
  const auto add = [&](int first, int end) {
    std::string many;
    for (int i = first; i < end; ++i) {
      many += "{:db/id " + id(i) + " :age " + std::to_string(i % 90 - 5) + " :friend [";
      for (int n = below(4); n > 0; --n) many += id(i % 100 == 7 ? below(1000) : below(20)) + " ";
      many += "]}";
    }
    transact(conn, "[" + many + "]");
  };
  add(0, 1000);
  conn.merge();
  add(950, 1100);
  for (int i = 0; i < 25; ++i) {
    transact(conn, "[[:db/add " + id(below(1000)) + " :age " + std::to_string(below(90)) + "][:db/add " +
                       id(below(1000)) + " :friend " + id(below(20)) + "][:db/retract " + id(below(1000)) +
                       " :friend]]");
  }
}

TEST(TypedIndex, ManyRunsReadAtOnceAreThoseReadOneByOneAlsoInBlocks) {
  const auto typed = index_layout::typed, packed = index_layout::packed;
  // Merged, all rows stand in blocks, and none of the past elsewhere: then runs go over the ends of blocks.
  for (const auto& [layout, merged] : {std::pair{typed, false}, {packed, false}, {packed, true}}) {
    std::mt19937 random{3};
    const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    connection conn{new_memory(),
                    {.layout = layout, .merge = merging::when_asked, .merge_least = 10, .block_bytes = 400}};
    fill_with_friends(conn, random);
    if (merged) conn.merge();
    const db now = conn.db();
    const attribute_id age = now.attribute(kw("age"))->id, to = now.attribute(kw("friend"))->id;
    const value someone = value::ref(1), one{1};
    const std::pair<datom_range, components> forms[] = {
        {{.index = index_order::eavt, .e = 1}, components::e},
        {{.index = index_order::eavt, .e = 1, .a = to}, components::e},
        {{.index = index_order::aevt, .e = 1, .a = to}, components::e},
        {{.index = index_order::avet, .a = age, .v = one}, components::v},
        {{.index = index_order::vaet, .v = someone}, components::v},
        {{.index = index_order::vaet, .a = to, .v = someone}, components::v},
        {{.index = index_order::aevt, .e = 1, .a = age, .v = one}, components::e},
        {{.index = index_order::aevt, .e = 1, .a = age, .stop = range_bound{value{40}}}, components::e}};
    const std::int64_t t = now.basis_t();
    for (const db& in : {now, now.as_of(t - 9), now.since(t - 12), now.since(t - 27), now.history()}) {
      for (const auto& [range, by] : forms) {
        for (int i = 0; i < 20; ++i) {
          const bool ages = range.index == index_order::avet;
          std::set<std::int64_t> words;
          for (int n = below(60); n >= 0; --n)
            words.insert(ages ? below(100) - 10 : datoms::entid_at(datoms::part_user, 4990 + below(1120)));
          run_limits limits{.enough = below(2) == 0 ? run_limits::all : static_cast<std::size_t>(below(60)),
                            .each = below(2) == 0
                                        ? run_limits::all
                                        : static_cast<std::size_t>(1 + below(below(4) == 0 ? 150 : 5))};
          const attribute_id wanted[] = {std::min(age, to), std::max(age, to)};
          if (range.index == index_order::eavt && !range.a)
            limits.attributes = std::span{wanted}.subspan(static_cast<std::size_t>(below(2)),
                                                          static_cast<std::size_t>(below(2)));
          expect_same_runs(in, range, by, std::vector(words.begin(), words.end()), limits);
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

TEST(TypedIndex, LeavesAttributesOutOfRunsThatAreNotCutShort) {
  for (const index_layout layout : {index_layout::typed, index_layout::packed}) {
    connection conn{new_memory(), {.layout = layout, .merge = merging::when_asked}};
    transact(conn, schema);
    const auto id = [](int i) { return datoms::entid_at(datoms::part_user, 5000 + i); };
    std::string friends;
    for (int i = 0; i < 300; ++i) friends += std::to_string(id(100 + i)) + " ";
    transact(conn, "[{:db/id " + std::to_string(id(0)) + " :age 1 :friend [" + friends + "]} {:db/id " +
                       std::to_string(id(1)) + " :age 2 :friend " + std::to_string(id(0)) + "}]");
    if (layout == index_layout::packed) conn.merge();
    const db now = conn.db();
    const attribute_id wanted[] = {now.attribute(kw("age"))->id, now.attribute(kw("friend"))->id};
    const std::int64_t words[] = {id(0), id(1)};
    for (const std::size_t each :
         {std::size_t{2}, std::size_t{3}, std::size_t{200}, std::size_t{302}, run_limits::all}) {
      for (const std::size_t only : {0u, 1u}) {
        const auto cursor = now.access().open_cursor(index_order::eavt, components::a | components::v);
        datom_columns found;
        std::vector<std::size_t> ends;
        cursor->read_runs({.e = 0}, components::e, words,
                          {.each = each, .attributes = std::span{wanted}.subspan(only, 1)}, found, ends);
        const std::size_t first = each <= 301 ? each : only == 0 ? 1 : 300, second = each == 2 ? 2 : 1;
        ASSERT_EQ(ends, (std::vector{first, first + second})) << each;
        for (std::size_t i = each <= 301 ? first : 0; each > 2 && i < found.size; ++i)
          ASSERT_EQ(found.a[i], wanted[only]) << each;
        ASSERT_EQ(found.v.size(), found.size);
      }
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
