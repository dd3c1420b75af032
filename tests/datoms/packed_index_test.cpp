// The packed layout: it shows what the flat one shows, whatever is merged when, and asks of the engine what
// it says.
#include "random_history.hpp"
#include "stores.hpp"
#include "support.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <datolite/datoms/packed_index.hpp>
#include <datolite/datoms/store_figures.hpp>
#include <datolite/engines/leveldb.hpp>
#include <datolite/engines/lmdb.hpp>
#include <datolite/engines/memory.hpp>
#include <datolite/engines/traced.hpp>
#include <engines/temporary_directory.hpp>
#include <support/effort.hpp>

#include <filesystem>
#include <random>

namespace packed_index_test {

using namespace datolite_test;
using datolite::test::temporary_directory;

connection_options packed_when_asked() {
  return {.layout = index_layout::packed,
          .merge = merging::when_asked,
          .merge_least = 10,
          .merge_share = 0.0,
          .block_bytes = 200};
}

TEST(PackedIndex, ShowsWhatTheFlatOneShows) {
  std::mt19937 random{1};
  auto when_asked = packed_when_asked();
  when_asked.kept_generations = 1000;  // a retired one would have forgotten what has no history
  for (const unsigned seed : {7u, 8u}) {
    expect_what_the_flat_one_shows(new_memory(), when_asked, seed, datolite::test::rounds(300, 3000),
                                   [&](connection& conn, int) {
                                     if (random() % 8 == 0) conn.merge();
                                   });
    if (::testing::Test::HasFatalFailure()) return;
  }
  auto inline_merges = packed_when_asked();
  inline_merges.merge = merging::inline_;
  inline_merges.kept_generations = 1000;
  expect_what_the_flat_one_shows(packed_store(40).open(), inline_merges, 9, 200, [](connection&, int) {});
}

const db& held_among_merges(connection& conn, std::optional<db>& held, int transactions) {
  transact(conn,
           R"([{:db/ident :n :db/valueType :db.type/long :db/cardinality :db.cardinality/one :db/index true}
                     {:db/ident :many :db/valueType :db.type/long :db/cardinality :db.cardinality/many}])");
  for (int i = 0; i < 300; ++i) {
    const std::string e = std::to_string(1000 + i % 100);
    transact(conn, "[[:db/add " + e + " :n " + std::to_string(i) + "] [:db/add " + e + " :many " +
                       std::to_string(i) + "]]");
  }
  held.emplace(conn.db());
  for (int i = 0; i < transactions; ++i) {
    const std::string e = std::to_string(1000 + i * 7 % 150);
    transact(conn, "[[:db/add " + e + " :n " + std::to_string(i) + "]]");
  }
  return *held;
}

TEST(PackedIndex, AnOldValueShowsTheSameWhenItsGenerationIsRetired) {
  auto options = packed_when_asked();
  options.merge = merging::inline_;
  options.kept_generations = 0;
  connection conn{new_memory(), options};
  std::optional<db> held;
  connection oracle{new_memory(), {.layout = index_layout::flat}};
  std::optional<db> same;
  held_among_merges(conn, held, 100), held_among_merges(oracle, same, 0);
  const auto& index = static_cast<const datoms::packed::index&>(*held->view().state().index);
  ASSERT_EQ(index.blocks(), nullptr) << "is not retired";
  for (const index_order order : {index_order::eavt, index_order::aevt, index_order::avet}) {
    EXPECT_EQ(all_facts(*held, order), all_facts(*same, order));
    EXPECT_EQ(all_facts(held->history(), order), all_facts(same->history(), order));
    EXPECT_EQ(all_facts(held->as_of(1100), order), all_facts(same->as_of(1100), order));
    EXPECT_EQ(all_facts(held->since(1100), order), all_facts(same->since(1100), order));
  }
  EXPECT_EQ(held->count({.index = index_order::eavt, .e = 1005}),
            same->count({.index = index_order::eavt, .e = 1005}));
  const auto data = read_edn("[[:db/add 1005 :n 9999] [:db/add 1005 :many 9999]]");
  EXPECT_EQ(all_facts(held->with(data).db_after), all_facts(same->with(data).db_after));
  conn.close();
  EXPECT_THROW(all_facts(*held), error);
}

TEST(PackedIndex, AnOldValueThroughTenThousandTransactionsDoesNotHoldTheEnginesPages) {
  const temporary_directory place;
  const auto size_after = [&](const std::string& name, std::size_t kept, int transactions) {
    auto options = packed_when_asked();
    options.merge = merging::inline_, options.merge_least = 100, options.block_bytes = 0;
    options.kept_generations = kept;
    connection conn{any_storage{engines::lmdb{place / name, {.durability = durability_level::process}}},
                    options};
    std::optional<db> held;
    held_among_merges(conn, held, transactions);
    EXPECT_EQ(held->count({.index = index_order::avet, .a = held->attribute(kw("n"))->id, .v = value{205}}),
              1u);
    const auto size = std::filesystem::file_size(place / name);
    conn.close();
    return size;
  };
  const int transactions = datolite::test::rounds(10'000, 10'000);
  const auto pinned = size_after("pinned", 1'000'000, transactions),
             free = size_after("free", 2, transactions);
  EXPECT_LT(free, 6'000'000u);
  EXPECT_LT(2 * free, pinned);
}

TEST(PackedIndex, CommitsBetweenMergesUseTheEnginesPagesAgainWhoeverHoldsTheGeneration) {
  const temporary_directory place;
  auto options = packed_when_asked();
  options.block_bytes = 0;
  const any_storage store{engines::lmdb{place / "it", {.durability = durability_level::process}}};
  connection conn{store, options};
  std::optional<db> held;
  held_among_merges(conn, held, 0);
  ASSERT_TRUE(conn.merge());
  held.emplace(conn.db());
  connection reader{store, options};
  const auto shown = all_facts(*held);
  const auto data = read_edn("[[:db/add 1000 :many -1]]");
  const auto branched = all_facts(held->with(data).db_after);
  std::vector<value> read, expected;
  for (const datom& d : held->datoms(index_order::eavt)) expected.push_back(d.v);
  const auto run = held->datoms(index_order::eavt);
  datom_run::iterator at;
  for (int i = 0; i < 3000; ++i) {
    transact(conn, "[[:db/add " + std::to_string(1000 + i % 100) + " :n " + std::to_string(i) + "]]");
    if (i % 100 == 0) reader.sync();
    if (i == 2950) at = run.begin();  // it reads on through the snapshot that it began with
    if (i > 2950) read.push_back(at->v), ++at;
  }
  for (; at != run.end(); ++at) read.push_back(at->v);
  EXPECT_LT(std::filesystem::file_size(place / "it"), 4'000'000u) << "60,000,000 if a snapshot is kept";
  EXPECT_EQ(read, expected);
  EXPECT_EQ(all_facts(*held), shown);
  EXPECT_EQ(all_facts(held->with(data).db_after), branched);
  EXPECT_EQ(all_facts(reader.sync()), all_facts(conn.db()));
  EXPECT_EQ(datoms::figures_of(*held)->generation, datoms::figures_of(conn.db())->generation);
  reader.close();
}

TEST(PackedIndex, FiguresTellOfTheSnapshotsThatAreHeld) {
  connection conn{new_memory(), packed_when_asked()};
  const auto merged = [&] {
    transact(conn, "[[:db/add 1000 :db/doc \"" + std::to_string(conn.db().next_t()) + "\"]]");
    ASSERT_TRUE(conn.merge());
  };
  EXPECT_EQ(datoms::figures_of(conn.db())->snapshots.number, 0u) << "before the first merge none is needed";
  merged();
  std::optional<db> held{conn.db()};
  for (int i = 0; i < 5; ++i) merged();
  EXPECT_EQ(datoms::figures_of(conn.db())->snapshots.number, 2u);
  EXPECT_GE(datoms::figures_of(conn.db())->snapshots.oldest_milliseconds, 0);
  held.reset();
  EXPECT_EQ(datoms::figures_of(conn.db())->snapshots.number, 1u);
}

/// A packed database of 200 entities with a text each, all in blocks.
any_storage merged_store() {
  any_storage in = new_memory();
  connection conn{in, packed_when_asked()};
  std::string facts;
  for (int i = 0; i < 200; ++i) facts += "[:db/add " + std::to_string(1000 + i) + " :db/doc \"d\"]";
  transact(conn, "[" + facts + "]");
  conn.merge();
  return in;
}

/// Opening reads what the schema needs, which is AEVT: damage to another directory is met by who reads there.
TEST(PackedIndex, ReadsADirectoryWhenItIsAskedForAndThenNamesItsDamage) {
  any_storage in = merged_store();
  const char chunk_of_eavt[] = {datoms::packed::chunk_tag, 0};
  bytes damaged_key;
  for (auto& [key, stored] : pairs_of(in)) {
    if (!key.starts_with(bytes_view{chunk_of_eavt, 2})) continue;  // of EAVT
    damaged_key = key;
    stored.back() = static_cast<char>(stored.back() ^ 1);
    const change one[] = {{key, stored}};
    in.commit(one);
  }
  ASSERT_FALSE(damaged_key.empty());
  const db now = connection{in, packed_when_asked()}.db();
  EXPECT_GE(now.datoms(datom_range{.index = index_order::aevt}).size(), 200u);
  for (int again = 0; again < 2; ++again) {
    try {
      now.datoms(datom_range{.index = index_order::eavt, .e = 1001});
      FAIL() << "nobody saw it";
    } catch (const error& e) {
      EXPECT_EQ(e.category(), error_category::corrupt);
      EXPECT_NE(e.message().find(datoms::flat::detail::hex(damaged_key)), std::string::npos) << e.message();
    }
  }
}

TEST(PackedIndex, TwoProcessesTransactAndMergeInOneDatabase) {
  const temporary_directory place;
  const std::string path = place / "it.db";
  const auto open = [&] {
    auto options = packed_when_asked();
    options.merge = merging::inline_;
    return connection{any_storage{engines::lmdb{path, {.durability = durability_level::process}}}, options};
  };
  constexpr int each = 150;
  const auto work = [&](connection& conn, int from) {
    for (int i = from; i < from + each; ++i) transact(conn, "[{:n " + std::to_string(i) + "}]");
  };
  {
    connection conn = open();
    transact(
        conn,
        "[{:db/ident :n :db/valueType :db.type/long :db/cardinality :db.cardinality/one :db/index true}]");
    conn.close();
  }
  int started[2];
  ASSERT_EQ(::pipe(started), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    connection conn = open();
    if (::write(started[1], "x", 1) != 1) ::_exit(1);
    work(conn, 0);
    ::_exit(0);
  }
  char ready = 0;
  ASSERT_EQ(::read(started[0], &ready, 1), 1);
  std::set<std::string> expected;
  {
    connection conn = open();
    const db before = conn.db();
    const datom_range all_n{.index = index_order::avet, .a = before.attribute(kw("n"))->id};
    const auto counted = before.count(all_n);
    work(conn, each);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    const auto all = conn.sync().datoms(all_n);
    ASSERT_EQ(all.size(), static_cast<std::size_t>(2 * each));
    for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i].v, value{static_cast<std::int64_t>(i)});
    EXPECT_EQ(before.count(all_n), counted);
    expected = all_facts(conn.db());
    conn.close();
  }
  EXPECT_EQ(all_facts(open().db()), expected);
}

template <class E>
class PackedCost : public ::testing::Test {
 protected:
  static E fresh(const temporary_directory& at) {
    if constexpr (std::same_as<E, engines::memory>)
      return E{};
    else
      return E{at / "it", {.durability = durability_level::process}};
  }
  temporary_directory place;
};
using engines_to_cost = ::testing::Types<engines::memory, engines::lmdb, engines::leveldb>;
TYPED_TEST_SUITE(PackedCost, engines_to_cost);

TYPED_TEST(PackedCost, ARangeReadsTheBlocksItSpansAndACommitWritesTheLog) {
  engines::traced<TypeParam> store{this->fresh(this->place)};
  const auto counters = store.counters();
  auto options = packed_when_asked();
  options.block_bytes = 1000;
  connection conn{any_storage{std::move(store)}, options};
  transact(conn,
           "[{:db/ident :n :db/valueType :db.type/long :db/cardinality :db.cardinality/one :db/index true}]");
  std::vector<value> forms;
  for (int i = 0; i < 5000; ++i)
    forms.push_back(value::vector({kw("db/add"), value{100'000 + i * 7 % 5000}, kw("n"), value{i}}));
  conn.transact(value::vector(std::span<const value>{forms}));
  const auto before = counters->counts();
  transact(conn, "[[:db/add 100001 :n 99999]]");
  const auto commit = counters->counts() - before;
  EXPECT_EQ(commit.commits, 1u);
  EXPECT_EQ(commit.snapshots, 0u);
  EXPECT_EQ(commit.gets + commit.seeks, 0u);
  ASSERT_TRUE(conn.merge());
  const db now = conn.db();
  datom_range range{.index = index_order::avet,
                    .a = now.attribute(kw("n"))->id,
                    .start = range_bound{value{1000}, true},
                    .stop = range_bound{value{1500}, false}};
  io_counters io;
  const auto idle = counters->counts();
  EXPECT_EQ(now.datoms(range, &io).size(), 500u);
  const auto cost = counters->counts() - idle;
  const io_counts& read = io.of(index_order::avet);
  EXPECT_EQ(read.seeks, 1u);
  EXPECT_GE(read.blocks, 2u);
  EXPECT_LE(read.blocks, 6u);
  EXPECT_EQ(cost.gets, read.blocks);
  EXPECT_EQ(cost.seeks + cost.steps, 0u);
  now.datoms(range);
  EXPECT_EQ((counters->counts() - idle).gets, read.blocks) << "blocks are read once";
  std::vector<entity_id> entities;
  for (int i = 0; i < 50; ++i) entities.push_back(100'000 + i * 90);
  std::vector<value> found;
  std::vector<std::size_t> ends;
  io = {};
  now.access().read_many(entities, now.attribute(kw("n"))->id, found, ends, &io);
  EXPECT_EQ(found.size(), 50u);
  EXPECT_LE(io.of(index_order::aevt).seeks, 50u);
  EXPECT_LE(io.of(index_order::aevt).blocks, 50u);
  io = {};
  range.start->at = value{-5}, range.stop->at = value{-1};
  EXPECT_TRUE(now.datoms(range, &io).empty());
  EXPECT_LE(io.of(index_order::avet).blocks, 1u);
  const auto uncounted = counters->counts();
  EXPECT_EQ(now.count({.index = index_order::avet, .a = now.attribute(kw("n"))->id}), 5000u);
  EXPECT_LE((counters->counts() - uncounted).gets, 2u);
}

}  // namespace packed_index_test
