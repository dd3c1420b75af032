// Reading a db's indexes directly: datoms, seek_datoms, rseek_datoms, index_range, and how their arguments
// are resolved.
#include "stores.hpp"
#include "support.hpp"

#include <algorithm>
#include <limits>
#include <random>
#include <ranges>

#include <datolite/datoms/datom_run.hpp>
#include <support/effort.hpp>

namespace index_reading_test {

using namespace datolite_test;
using enum index_order;
using lines = std::vector<std::string>;

static_assert(std::ranges::input_range<const datom_run>);

constexpr std::string_view schema = R"([
  {:db/ident :name   :db/valueType :db.type/string :db/cardinality :db.cardinality/one :db/unique :db.unique/identity}
  {:db/ident :age    :db/valueType :db.type/long   :db/cardinality :db.cardinality/one :db/index true}
  {:db/ident :plain  :db/valueType :db.type/long   :db/cardinality :db.cardinality/one}
  {:db/ident :weight :db/valueType :db.type/float  :db/cardinality :db.cardinality/one :db/index true}
  {:db/ident :big    :db/valueType :db.type/bigint :db/cardinality :db.cardinality/one :db/index true}
  {:db/ident :boss   :db/valueType :db.type/ref    :db/cardinality :db.cardinality/one :db/index true}
  {:db/ident :friend :db/valueType :db.type/ref    :db/cardinality :db.cardinality/many}])";

constexpr std::string_view people = R"([
  {:db/id 100 :db/ident :color/red}
  {:db/id 101 :name "a" :age 1} {:db/id 102 :name "b" :age 1 :friend 101} {:db/id 103 :name "c" :age 2 :friend 102}
  {:db/id 104 :name "d" :age 3 :friend 103 :boss 101} {:db/id 105 :name "e" :age 5 :friend [104 100] :boss 102}
  {:db/id 106 :name "f" :age 8 :friend 105 :boss 101 :weight 1.5 :big 7 :plain 6}])";

void make_people(connection& conn) {
  transact(conn, schema);
  transact(conn, people);
}

/// "101 :age 1" and so on, of the people only.
lines shown(const db& in, const datom_run& run) {
  lines out;
  for (const datom& d : run) {
    if (d.e < 101 || d.e > 106) continue;
    out.push_back(std::to_string(d.e) + " " + to_edn(*in.ident(d.a)) + " " + to_edn(d.v, edn_style::plain));
  }
  return out;
}

template <class F>
void expect_refusal(F&& f, std::string_view code, std::string_view words) {
  try {
    f();
    ADD_FAILURE() << "was not refused: " << code;
  } catch (const error& e) {
    EXPECT_EQ(e.code(), code);
    EXPECT_NE(e.message().find(words), std::string::npos) << e.message();
  }
}

TEST(Datoms, HaveTheComponentsThatAreGivenInTheIndexsOrder) {
  connection conn{new_memory()};
  make_people(conn);
  const db now = conn.db();
  EXPECT_EQ(shown(now, now.datoms(eavt, 104)),
            (lines{"104 :name \"d\"", "104 :age 3", "104 :boss 101", "104 :friend 103"}));
  EXPECT_EQ(shown(now, now.datoms(eavt, 104, kw("age"))), (lines{"104 :age 3"}));
  EXPECT_EQ(shown(now, now.datoms(eavt, 104, kw("age"), 3)), (lines{"104 :age 3"}));
  EXPECT_EQ(shown(now, now.datoms(eavt, 104, kw("age"), 4)), lines{});
  EXPECT_EQ(shown(now, now.datoms(aevt, kw("boss"))),
            (lines{"104 :boss 101", "105 :boss 102", "106 :boss 101"}));
  EXPECT_EQ(shown(now, now.datoms(avet, kw("age"), 1)), (lines{"101 :age 1", "102 :age 1"}));
  EXPECT_EQ(shown(now, now.datoms(vaet, 101)), (lines{"104 :boss 101", "106 :boss 101", "102 :friend 101"}));
  EXPECT_EQ(shown(now, now.datoms(vaet, 101, kw("friend"))), (lines{"102 :friend 101"}));
  EXPECT_EQ(now.datoms(eavt).to_vector().size(), now.datoms(datom_range{}).size());
}

TEST(Datoms, NameEntitiesByIdIdentAndLookupRefAndAttributesByIdentAndId) {
  connection conn{new_memory()};
  make_people(conn);
  const db now = conn.db();
  const value age_id{std::int64_t{now.attribute(kw("age"))->id}};
  const value e = read_edn("[:name \"e\"]");
  EXPECT_EQ(shown(now, now.datoms(eavt, e, kw("age"))), (lines{"105 :age 5"}));
  EXPECT_EQ(shown(now, now.datoms(eavt, value::ref(105), age_id)), (lines{"105 :age 5"}));
  EXPECT_EQ(shown(now, now.datoms(vaet, kw("color/red"))), (lines{"105 :friend 100"}));
  EXPECT_EQ(shown(now, now.datoms(avet, kw("boss"), read_edn("[:name \"b\"]"))), (lines{"105 :boss 102"}));
  EXPECT_EQ(shown(now, now.datoms(eavt, 105, kw("friend"), kw("color/red"))), (lines{"105 :friend 100"}));
}

TEST(Datoms, TakeValuesAsTransactionsDo) {
  connection conn{new_memory()};
  make_people(conn);
  const db now = conn.db();
  EXPECT_EQ(shown(now, now.datoms(avet, kw("weight"), 1.5)), (lines{"106 :weight 1.5"}));
  EXPECT_EQ(shown(now, now.datoms(avet, kw("big"), 7)).size(), 1u);
  EXPECT_EQ(shown(now, now.datoms(avet, kw("age"), 1.0)), lines{});  // a long is no double
}

TEST(Datoms, TakeATransactionAsTheFourthComponent) {
  connection conn{new_memory()};
  make_people(conn);
  const std::int64_t t = transact(conn, "[[:db/add 104 :age 4]]").t;
  const db all = conn.db().history();
  EXPECT_EQ(all.datoms(eavt, 104, kw("age"), 3).to_vector().size(), 2u);
  for (const std::int64_t moment : {t, datoms::t_to_tx(t)}) {
    const auto ended = all.datoms(eavt, 104, kw("age"), 3, moment).to_vector();
    ASSERT_EQ(ended.size(), 1u);
    EXPECT_FALSE(ended[0].added());
  }
  EXPECT_EQ(all.datoms(eavt, 104, kw("age"), 3, t).count(), 1u);
}

TEST(Datoms, OfAnAttributeThatThereIsNoneOfAreRefusedAndOfSuchAnEntityNone) {
  connection conn{new_memory()};
  make_people(conn);
  const db now = conn.db();
  const value nobody = read_edn("[:name \"nobody\"]");
  expect_refusal([&] { now.datoms(aevt, kw("agee")); }, "db.error/not-an-attribute", ":agee");
  expect_refusal([&] { now.datoms(eavt, 101, kw("agee")); }, "db.error/not-an-attribute", ":agee");
  expect_refusal([&] { now.datoms(avet, 101); }, "db.error/not-an-attribute", "101");
  expect_refusal([&] { now.seek_datoms(aevt, kw("agee")); }, "db.error/not-an-attribute", ":agee");
  expect_refusal([&] { now.index_range(kw("agee"), 1, 2); }, "db.error/not-an-attribute", ":agee");
  EXPECT_TRUE(now.datoms(eavt, 999).empty());
  EXPECT_TRUE(now.datoms(eavt, nobody).empty());
  EXPECT_TRUE(now.datoms(eavt, kw("no/ident")).empty());
  EXPECT_TRUE(now.datoms(vaet, nobody).empty());
  EXPECT_EQ(now.datoms(eavt, nobody).count(), 0u);
  EXPECT_TRUE(now.datoms({.index = aevt, .a = 100'000}).empty());
  expect_refusal([&] { now.seek_datoms(eavt, nobody); }, "db.error/not-an-entity", "nobody");
  expect_refusal([&] { now.datoms(eavt, "Ivan"); }, "db.error/invalid-entity-alias", "lookup ref");
}

TEST(Datoms, OfAvetAreRefusedForAnAttributeThatIsNotIndexed) {
  connection conn{new_memory()};
  make_people(conn);
  const db now = conn.db();
  const std::string_view code = "db.error/attribute-not-indexed";
  expect_refusal([&] { now.datoms(avet, kw("plain")); }, code, ":plain has neither");
  expect_refusal([&] { now.datoms(avet, kw("plain"), 6); }, code, ":db/index or :db/unique");
  expect_refusal([&] { now.seek_datoms(avet, kw("plain")); }, code, ":plain");
  expect_refusal([&] { now.rseek_datoms(avet, kw("plain")); }, code, ":plain");
  expect_refusal([&] { now.index_range(kw("plain"), 1, 9); }, code, ":plain");
  expect_refusal([&] { now.datoms({.index = avet, .a = now.attribute(kw("plain"))->id}); }, code, ":plain");
}

TEST(IndexRange, IncludesItsStartAndExcludesItsEnd) {
  connection conn{new_memory()};
  make_people(conn);
  const db now = conn.db();
  EXPECT_EQ(shown(now, now.index_range(kw("age"), 1, 3)), (lines{"101 :age 1", "102 :age 1", "103 :age 2"}));
  EXPECT_EQ(shown(now, now.index_range(kw("age"), 4, std::nullopt)), (lines{"105 :age 5", "106 :age 8"}));
  EXPECT_EQ(shown(now, now.index_range(kw("age"), std::nullopt, 2)), (lines{"101 :age 1", "102 :age 1"}));
  EXPECT_EQ(shown(now, now.index_range(kw("age"), 3, 3)), lines{});
  EXPECT_EQ(shown(now, now.index_range(kw("age"), 3, 1)), lines{});
  EXPECT_EQ(now.index_range(kw("age"), std::nullopt, std::nullopt).count(), 6u);
  EXPECT_EQ(now.index_range(kw("age"), 1, 3).count(), 3u);
  EXPECT_EQ(shown(now, now.index_range(kw("boss"), read_edn("[:name \"a\"]"), 102)),
            (lines{"104 :boss 101", "106 :boss 101"}));
}

TEST(DatomRun, ReadsOnlyWhatIsLookedAtAndAgainFromEachBegin) {
  connection conn{new_memory()};
  make_people(conn);
  std::string many = "[";
  for (int i = 0; i < 3000; ++i)
    many += "[:db/add " + std::to_string(20'000 + i) + " :age " + std::to_string(i) + "]";
  transact(conn, many + "]");
  const db now = conn.db();
  io_counters io;
  const datom_run ages = now.datoms(avet, kw("age")).counted_in(io);
  EXPECT_EQ(io.total(), io_counts{});
  EXPECT_EQ(ages.first()->v, value{0});
  EXPECT_EQ(io.total().reads, 1u);
  std::int64_t sum = 0;
  for (const datom& d : ages | std::views::take(20)) sum += d.v.as_long();
  EXPECT_EQ(sum, 111);  // 0 1 1 1 2 2 3 3 4 5 5 6 7 8 8 9 10 11 12 13
  EXPECT_LT(io.total().reads, 60u);
  EXPECT_EQ(ages.to_vector().size(), 3006u);
  EXPECT_EQ(std::ranges::distance(ages), 3006);
}

TEST(DatomRun, KeepsWhatItReadsFromAlive) {
  const auto run = [] {
    connection conn{new_memory()};
    make_people(conn);
    return conn.db().filter([](const db&, const datom& d) { return d.e > 101; }).datoms(avet, kw("age"));
  }();
  EXPECT_EQ(run.to_vector().size(), 5u);
}

// -- seeking, against all datoms of an index

/// How `d` stands to the components, as far as they are given.
std::strong_ordering compare(index_order index, const datom& d, const std::vector<value>& components) {
  constexpr const char* orders[] = {"eavt", "aevt", "avet", "vaet"};
  for (std::size_t i = 0; i < components.size(); ++i) {
    const char c = orders[static_cast<int>(index)][i];
    const auto order = c == 'e'   ? d.e <=> components[i].word()
                       : c == 'a' ? std::int64_t{d.a} <=> components[i].word()
                       : c == 'v' ? stored_order(d.v, components[i])
                                  : d.t() <=> components[i].word();
    if (order != 0) return order;
  }
  return std::strong_ordering::equal;
}

datom_run seek(const db& in, index_order index, const std::vector<value>& c, bool reverse) {
  switch (c.size()) {
    case 0: return reverse ? in.rseek_datoms(index) : in.seek_datoms(index);
    case 1: return reverse ? in.rseek_datoms(index, c[0]) : in.seek_datoms(index, c[0]);
    case 2: return reverse ? in.rseek_datoms(index, c[0], c[1]) : in.seek_datoms(index, c[0], c[1]);
    case 3:
      return reverse ? in.rseek_datoms(index, c[0], c[1], c[2]) : in.seek_datoms(index, c[0], c[1], c[2]);
    default:
      return reverse ? in.rseek_datoms(index, c[0], c[1], c[2], c[3])
                     : in.seek_datoms(index, c[0], c[1], c[2], c[3]);
  }
}

std::vector<std::string> texts(const std::vector<datom>& datoms) {
  std::vector<std::string> out;
  for (const datom& d : datoms) {
    out.push_back(std::to_string(d.e) + " " + std::to_string(d.a) + " " + to_edn(d.v) + " " +
                  std::to_string(d.t_op));
  }
  return out;
}

/// Some datom's components, most often; else some near them.
std::vector<value> some_components(std::mt19937& random, index_order index, const std::vector<datom>& all) {
  constexpr const char* orders[] = {"eavt", "aevt", "avet", "vaet"};
  const datom& d = all[random() % all.size()];
  std::vector<value> out;
  for (std::size_t n = random() % 5, i = 0; i < n; ++i) {
    switch (orders[static_cast<int>(index)][i]) {
      case 'e': out.push_back(value::ref(d.e + static_cast<entity_id>(random() % 3) - 1)); break;
      case 'a': out.push_back(value{std::int64_t{d.a}}); break;
      case 'v':
        out.push_back(d.v.is(kind::long_) && random() % 2 == 0 ? value{d.v.as_long() + 1} : d.v);
        break;
      default: out.push_back(value{d.t() + static_cast<int>(random() % 2)});
    }
    if (out.back().is(kind::ref) && out.back().word() < 0) out.back() = value::ref(0);
  }
  return out;
}

TEST(SeekDatoms, ReadFromTheComponentsToTheEndOfTheIndexOrBackToItsBeginning) {
  for (const store& in : all_stores()) {
    SCOPED_TRACE(in.name);
    connection conn{in.open()};
    make_people(conn);
    transact(conn, "[[:db/add 104 :age 4] [:db/retract 105 :friend 104] [:db/add 101 :plain 3]]");
    transact(conn, "[[:db/add 104 :age 3] [:db/retractEntity 103]]");
    std::mt19937 random{7};
    for (const db& view : {conn.db(), conn.db().as_of(1001), conn.db().history()}) {
      for (const index_order index : {eavt, aevt, avet, vaet}) {
        const std::vector<datom> all = view.datoms(datom_range{.index = index});
        for (int i = 0; i < test::rounds(15, 150); ++i) {
          const auto components = some_components(random, index, all);
          std::vector<datom> after, before;
          for (const datom& d : all) {
            if (compare(index, d, components) >= 0) after.push_back(d);
            if (compare(index, d, components) <= 0) before.insert(before.begin(), d);
          }
          ASSERT_EQ(texts(seek(view, index, components, false).to_vector()), texts(after));
          ASSERT_EQ(texts(seek(view, index, components, true).to_vector()), texts(before));
          ASSERT_EQ(seek(view, index, components, false).empty(), after.empty());
        }
      }
    }
  }
}

TEST(SeekDatoms, FindTheEntitiesMadeSinceAMoment) {
  connection conn{new_memory()};
  make_people(conn);
  transact(conn, R"([{:name "old"}])");
  const std::int64_t t = conn.db().next_t();
  const tx_report report = transact(conn, R"([{:db/id "n" :name "new"} {:db/id "m" :name "newer"}])");
  std::set<entity_id> recent;
  for (const datom& d : conn.db().seek_datoms(eavt, datoms::entid_at(datoms::part_user, t)))
    recent.insert(d.e);
  EXPECT_EQ(recent, (std::set{*report.resolve_tempid("n"), *report.resolve_tempid("m")}));
}

TEST(EntitySet, HoldsWhatItWasMadeOfAndNothingElse) {
  const std::vector<entity_id> some{1'000'070, 1'000'000, 1'000'064, 1'000'063, 1'000'000};
  const auto set = entity_set::of(some);
  ASSERT_TRUE(set);
  for (entity_id e = 999'000; e < 1'001'000; ++e)
    ASSERT_EQ(set->contains(e), std::find(some.begin(), some.end(), e) != some.end()) << e;
  EXPECT_FALSE(set->contains(std::numeric_limits<entity_id>::min()));
  EXPECT_FALSE(set->contains(std::numeric_limits<entity_id>::max()));
  EXPECT_FALSE(entity_set::of({}));
  const std::vector<entity_id> far{std::numeric_limits<entity_id>::min(),
                                   std::numeric_limits<entity_id>::max()};
  EXPECT_FALSE(entity_set::of(far)) << "bits for all between would be too many";
}

TEST(Datoms, OfEntitiesThatNobodyWantsAreLeftWhereTheyStandButCountAsRead) {
  connection conn{lmdb_store(index_layout::packed).open(), {.merge = merging::when_asked}};
  transact(conn, schema);
  std::string forms;
  for (int i = 0; i < 3000; ++i)
    forms += "{:db/id " + std::to_string(2'000'000 + i) + " :name \"n" + std::to_string(i) + "\"}";
  transact(conn, "[" + forms + "]");
  std::vector<entity_id> ids;
  for (int i = 0; i < 3000; i += 1 + i % 5) ids.push_back(2'000'000 + i);
  const auto wanted = entity_set::of(ids);
  ASSERT_TRUE(wanted);
  for (const bool in_blocks : {false, true}) {
    if (in_blocks) conn.merge();
    const db now = conn.db();
    const auto& access = now.access();
    io_counters io;
    const auto cursor = access.open_cursor(aevt, components::e, &io);
    cursor->seek({.index = aevt, .a = access.attribute(kw("name"))->id, .among = &*wanted});
    std::vector<entity_id> found;
    for (datom_columns batch; cursor->next_batch(batch, 100);)
      found.insert(found.end(), batch.e.begin(), batch.e.end());
    EXPECT_EQ(found, ids);
    EXPECT_EQ(io.total().reads, 3000u);
  }
}

}  // namespace index_reading_test
