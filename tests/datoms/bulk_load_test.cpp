// Bulk loads: what they leave is what transacting leaves, within their bound of memory, wherever they break
// off.
#include "random_history.hpp"
#include "stores.hpp"
#include "support.hpp"

#include <support/effort.hpp>

#include <datolite/datoms/bulk_load.hpp>
#include <datolite/datoms/packed_fold.hpp>
#include <datolite/datoms/packed_run.hpp>
#include <datolite/datoms/packed_stack.hpp>
#include <datolite/datoms/spill_file.hpp>
#include <datolite/datoms/store_check.hpp>
#include <datolite/datoms/store_figures.hpp>
#include <datolite/engines/faulty.hpp>
#include <datolite/engines/memory.hpp>

#include <algorithm>
#include <random>

namespace bulk_load_test {

using namespace datolite_test;
using namespace datolite::engines;

connection_options small_blocks() {
  return {.layout = index_layout::packed, .merge = merging::when_asked, .block_bytes = 250};
}

void expect_whole(const any_storage& in) {
  std::string wrong;
  EXPECT_EQ(datoms::check_store(in, [&](const std::string& what) { wrong += what + "\n"; }), 0u) << wrong;
}

/// A random history by bulk load, and plainly: both show the same, in the midst of it, when it is finished,
/// and when it is opened again. `meanwhile(connection, i)` may do as it likes but transact.
template <class Meanwhile>
void expect_what_transacting_leaves(const any_storage& kept, unsigned seed, int transactions,
                                    std::size_t memory, Meanwhile&& meanwhile) {
  std::mt19937 random{seed};
  connection flat{new_memory(), {.layout = index_layout::flat}};
  connection conn{kept, small_blocks()};
  transact(flat, first_transaction()), transact(conn, first_transaction());
  std::optional<bulk_load> load{std::in_place, conn, bulk_options{.memory_bytes = memory}};
  std::size_t spills = 0;
  for (int i = 0; i < transactions; ++i) {
    const std::string text = some_transaction(random, i, 5);
    transact_alike(flat, text, [&] { load->transact(read_edn(text)); });
    meanwhile(conn, i);
    const std::int64_t t = 1000 + static_cast<std::int64_t>(random() % static_cast<unsigned>(transactions));
    SCOPED_TRACE("after " + std::to_string(i) + ", seed " + std::to_string(seed));
    ASSERT_NO_FATAL_FAILURE(expect_same(load->db(), flat.db(), t, random, 2));
    if (i % 37 != 36) continue;
    load->finish();
    ASSERT_NO_FATAL_FAILURE(expect_same(conn.db(), flat.db(), t, random, 20));
    ASSERT_EQ(all_facts(conn.db().history()), all_facts(flat.db().history()));
    ASSERT_NO_FATAL_FAILURE(expect_whole(kept));
    spills += load->spills();
    if (i % 2 == 0) load.emplace(conn, bulk_options{.memory_bytes = memory});
  }
  load->finish();
  EXPECT_EQ(datoms::figures_of(conn.db())->novelty, 0u);
  for (const index_order order : datoms::all_orders) {
    EXPECT_EQ(all_facts(connection{kept}.db().history(), order), all_facts(flat.db().history(), order));
  }
  expect_whole(kept);
  if (memory < 100'000) {
    EXPECT_GT(spills, static_cast<std::size_t>(transactions) / 10);
  }
}

TEST(BulkLoad, LeavesWhatTransactingLeaves) {
  const auto nothing = [](connection&, int) {};
  expect_what_transacting_leaves(new_memory(), 1, test::rounds(300, 3000), 10'000, nothing);
  expect_what_transacting_leaves(new_memory(), 2, 120, 1'000, nothing);       // nearly a run a transaction
  expect_what_transacting_leaves(new_memory(), 3, 120, 10'000'000, nothing);  // no run at all
  expect_what_transacting_leaves(packed_store(40).open(), 4, 120, 10'000, nothing);
}

TEST(BulkLoad, LeavesItOnEachDurableEngine) {
  for (const store& in : {lmdb_store(index_layout::packed), leveldb_store(index_layout::packed)}) {
    SCOPED_TRACE(in.name);
    expect_what_transacting_leaves(in.open(), 5, 100, 10'000, [](connection&, int) {});
  }
}

TEST(BulkLoad, LeavesItIfOthersMergeMeanwhile) {
  std::mt19937 random{6};
  expect_what_transacting_leaves(new_memory(), 6, 200, 10'000, [&](connection& conn, int) {
    if (random() % 10 == 0) {
      conn.sync();
      conn.merge();
    }
  });
}

/// A block whose separator is taken gets a number behind it. The attributes of the bootstrap schema have ids
/// as small as such numbers are: (:db/doc, 43) and the separator :db/doc with the number 43 are the same
/// bytes.
TEST(BulkLoad, NoTwoBlocksGetOneKeyThoughANumberBehindASeparatorReadsLikeALongerOne) {
  const any_storage kept = new_memory();
  connection conn{kept, small_blocks()};
  for (int i = 0; i < 60; ++i) {
    bulk_load load{conn, {.memory_bytes = 10'000}};
    const std::string e = std::to_string(40 + i * 7 % 23);
    load.transact(
        read_edn("[{:db/id " + e + " :db/doc \"" + std::string(120, 'x') + std::to_string(i) + "\"}]"));
    load.finish();
    ASSERT_NO_FATAL_FAILURE(expect_whole(kept)) << "after load " << i;
  }
}

constexpr std::string_view numbers_schema = R"([
  {:db/ident :n :db/valueType :db.type/long :db/cardinality :db.cardinality/one :db/index true}
  {:db/ident :name :db/valueType :db.type/string :db/cardinality :db.cardinality/one :db/unique :db.unique/identity}
  {:db/ident :next :db/valueType :db.type/ref :db/cardinality :db.cardinality/one}])";

std::string some_people(int from, int n) {
  std::string text = "[";
  for (int i = from; i < from + n; ++i) {
    const std::string name = "\"somebody with the number " + std::to_string(i % 900) + "\"";
    text += "{:db/id " + name + " :name " + name + " :n " + std::to_string(i * 7919 % 1000) + " :next \"" +
            "somebody with the number " + std::to_string(std::min(i + 1, from + n - 1) % 900) + "\"}";
  }
  return text + "]";
}

/// A word on every other one of `people`: on the first, or on the second.
std::string every_other_described(const std::string& people, bool first) {
  std::string text = "[";
  const value all = read_edn(people);
  for (const value& one : all.elements()) {
    if (std::exchange(first, !first))
      text += "{:name " + to_edn(*find_keyword(one, "name")) + " :db/doc \"x\"}";
  }
  return text + "]";
}

/// Runs of new people overlap little, so that many rows of one go into blocks together; here blocks may have
/// the first of these already, and others stand between the rows of a run.
TEST(BulkLoad, WhatOthersMergedOfARunIsNotWrittenTwice) {
  for (const int merged_after : {0, 1, 2, 5}) {
    const any_storage kept = new_memory();
    connection conn{kept, small_blocks()};
    connection plain{new_memory(), {.layout = index_layout::flat}};
    transact(conn, numbers_schema), transact(plain, numbers_schema);
    std::size_t spills = 0;
    for (int pass = 0; pass < 2; ++pass) {
      bulk_load load{conn, {.memory_bytes = 100'000}};
      for (int i = 0; i < 12; ++i) {
        const std::string people = some_people(80 * (2 * i + pass), 80);
        load.transact(read_edn(people)), transact(plain, people);
        if (i != merged_after) continue;
        for (const bool first : {true, false}) {
          const std::string described = every_other_described(people, first);
          load.transact(read_edn(described)), transact(plain, described);
          if (first) conn.sync(), conn.merge();
        }
      }
      load.finish();
      spills += load.spills();
      for (const index_order order : datoms::all_orders) {
        ASSERT_EQ(all_facts(conn.db().history(), order), all_facts(plain.db().history(), order));
      }
      ASSERT_NO_FATAL_FAILURE(expect_whole(kept));
    }
    EXPECT_GT(spills, 2u);
  }
}

TEST(BulkLoad, StaysWithinItsMemoryAndTellsHowFarItIs) {
  connection conn{new_memory(), {.layout = index_layout::packed, .merge = merging::when_asked}};
  connection plain{new_memory(), {.layout = index_layout::packed}};
  transact(conn, numbers_schema), transact(plain, numbers_schema);
  constexpr std::size_t memory = 400'000;
  std::size_t most = 0;
  std::vector<bulk_progress> told;
  bulk_load load{conn, {.memory_bytes = memory, .progress = [&](const bulk_progress& p) {
                          most = std::max(most, p.bytes_held);
                          told.push_back(p);
                        }}};
  std::uint64_t datoms = 0;
  for (int i = 0; i < 3000; i += 20) {
    const value data = read_edn(some_people(i, 20));
    datoms += load.transact(data).datoms;
    plain.transact(data);
    ASSERT_EQ(told.back().done, datoms);
  }
  EXPECT_GE(load.spills(), 8u);
  load.finish();
  EXPECT_LE(most, memory);
  EXPECT_GT(most, memory / 4);
  ASSERT_EQ(told.back().at, bulk_progress::phase::finished);
  EXPECT_EQ(told.back().done, told.back().total);
  EXPECT_GE(told.back().total, datoms);
  for (std::size_t i = 1; i < told.size(); ++i) {
    EXPECT_LE(told[i - 1].at, told[i].at);
    EXPECT_LE(told[i].done, told[i].total);
    if (told[i].at == told[i - 1].at) {
      EXPECT_LE(told[i - 1].done, told[i].done);
    }
  }
  EXPECT_EQ(all_facts(conn.db()), all_facts(plain.db()));
  plain.merge();
  const auto loaded = datoms::figures_of(conn.db()), merged = datoms::figures_of(plain.db());
  EXPECT_EQ(loaded->novelty, 0u);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(loaded->current[i].rows, merged->current[i].rows);
    EXPECT_EQ(loaded->past[i].rows, merged->past[i].rows);
    EXPECT_LE(loaded->current[i].blocks, merged->current[i].blocks) << "blocks are full";
  }
}

TEST(BulkLoad, WhoTransactsMeanwhileEndsIt) {
  connection conn{new_memory(), small_blocks()};
  transact(conn, numbers_schema);
  bulk_load load{conn, {.memory_bytes = 1'000'000}};
  load.transact(read_edn("[{:n 1}]"));
  transact(conn, "[{:n 2}]");
  const auto code_of = [](auto&& step) -> std::string {
    try {
      step();
      return "none";
    } catch (const error& e) {
      return std::string{e.code()};
    }
  };
  EXPECT_EQ(code_of([&] { load.finish(); }), "db.error/load-interrupted");
  EXPECT_EQ(code_of([&] { load.transact(read_edn("[{:n 3}]")); }), "db.error/load-failed");
  bulk_load again{conn};
  again.transact(read_edn("[{:n 3}]"));
  again.finish();
  EXPECT_EQ(conn.db().count({.index = index_order::aevt, .a = conn.db().attribute(kw("n"))->id}), 2u);
}

TEST(BulkLoad, ResumedItGoesOnUponWhatOthersTransacted) {
  std::mt19937 random{7};
  for (const std::size_t memory : {4'000u, 40'000u, 1'000'000u}) {
    SCOPED_TRACE("memory " + std::to_string(memory));
    const any_storage kept = new_memory();
    connection conn{kept, small_blocks()}, others{kept, small_blocks()};
    transact(conn, numbers_schema);
    bulk_load load{conn, {.memory_bytes = memory}};
    std::vector<std::pair<std::int64_t, value>> waiting;
    std::size_t done = 0, interrupted = 0, most_held = 0;
    const auto until_it_is_done = [&](auto&& step) {
      for (bool resume = false;; resume = true) {
        try {
          if (resume) {
            const std::int64_t logged = load.resume();
            std::erase_if(waiting, [&](const auto& one) { return one.first >= 0 && one.first <= logged; });
            done = 0;
          }
          for (; done < waiting.size(); ++done) waiting[done].first = load.transact(waiting[done].second).t;
          return step();
        } catch (const error& e) {
          ASSERT_EQ(e.code(), "db.error/load-interrupted");
          for (std::size_t i = done; i < waiting.size(); ++i) waiting[i].first = -1;
          ++interrupted;
        }
      }
    };
    for (int i = 0; i < 200; ++i) {
      const std::string n = std::to_string(i);
      waiting.emplace_back(
          -1, read_edn("[{:name \"mine " + n + "\" :n " + n + "} {:name \"both\" :n " + n + "}]"));
      ASSERT_NO_FATAL_FAILURE(until_it_is_done([] {}));
      most_held = std::max(most_held, load.bytes_held());
      if (random() % 8 == 0) transact(others, "[{:name \"theirs " + n + "\"} {:name \"both\" :n -1}]");
      if (random() % 30 == 0) others.merge();
      if (random() % 60 != 0) continue;
      ASSERT_NO_FATAL_FAILURE(until_it_is_done([&] { load.finish(); }));
    }
    ASSERT_NO_FATAL_FAILURE(until_it_is_done([&] { load.finish(); }));
    EXPECT_GT(interrupted, 2u);
    EXPECT_LE(most_held, std::max<std::size_t>(memory, 40'000));
    expect_whole(kept);
    const db now = connection{kept}.db();
    EXPECT_EQ(all_facts(conn.db().history()), all_facts(now.history()));
    for (int i = 0; i < 200; ++i) {
      const std::string name = "[:name \"mine " + std::to_string(i) + "\"]";
      EXPECT_EQ(values_of(now, read_edn(name), "n"), "[" + std::to_string(i) + "]");
    }
  }
}

TEST(BulkLoad, WhatIsRefusedLeavesNothingAndTheLoadGoesOn) {
  for (const index_layout layout : {index_layout::packed, index_layout::flat, index_layout::typed}) {
    connection conn{new_memory(), {.layout = layout}};
    transact(conn, numbers_schema);
    bulk_load load{conn, {.memory_bytes = 2'000}};
    datoms::tempid_bindings tempids;
    tempids.add(load.transact(read_edn(R"([{:db/id "i" :name "Ivan" :n 1}])")).tempids);
    EXPECT_THROW(load.transact(read_edn(R"([{:name "Petr"} {:none 2}])")), error);
    load.transact(read_edn(R"([{:name "Ivan" :n 5}])"));
    load.transact(read_edn(R"([[:db/add "i" :next "i"]])"), tempids);
    load.finish();
    EXPECT_EQ(values_of(conn.db(), read_edn(R"([:name "Ivan"])"), "n"), "[5]");
    EXPECT_EQ(conn.db().count({.index = index_order::aevt, .a = conn.db().attribute(kw("name"))->id}), 1u);
    EXPECT_EQ(conn.db().count({.index = index_order::vaet,
                               .a = conn.db().attribute(kw("next"))->id,
                               .v = value::ref(*conn.db().entid(read_edn(R"([:name "Ivan"])")))}),
              1u);
    EXPECT_EQ(
        conn.db().as_of(1002).count({.index = index_order::avet, .a = conn.db().attribute(kw("n"))->id}), 1u);
  }
}

TEST(BulkLoad, WithoutRoomForRunsItFailsAndTheLogHasWhatWasTransacted) {
  const any_storage kept = new_memory();
  connection conn{kept, small_blocks()};
  transact(conn, numbers_schema);
  bulk_load load{conn, {.memory_bytes = 100'000, .spill_directory = "/nowhere/at/all"}};
  int done = 0;
  try {
    for (;; ++done) load.transact(read_edn("[{:n " + std::to_string(done) + "}]"));
  } catch (const error& e) {
    EXPECT_EQ(e.code(), "db.error/spill-file");
    EXPECT_NE(e.message().find("/nowhere/at/all"), std::string::npos) << e.message();
  }
  const db now = conn.sync();
  EXPECT_EQ(now.count({.index = index_order::aevt, .a = now.attribute(kw("n"))->id}),
            static_cast<std::uint64_t>(done) + 1);
  expect_whole(kept);
}

/// What a database says after each of some transactions.
struct workload {
  std::vector<value> data;
  std::vector<std::set<std::string>> states;

  workload() {
    data.push_back(read_edn(numbers_schema));
    for (int i = 0; i < 8; ++i) data.push_back(read_edn(some_people(i * 3, 6)));
    data.push_back(read_edn(R"([[:db/retractEntity [:name "somebody with the number 5"]]])"));
    data.push_back(read_edn(R"([{:name "somebody with the number 7" :n 1} {:n 12345}])"));
    connection conn{new_memory()};
    states.push_back(all_facts(conn.db().history()));
    for (const value& one : data) states.push_back(all_facts(conn.transact(one).db_after.history()));
  }
};

/// Loads the workload in two loads with one failure, and what is missing after it with none: nobody knows of
/// the first attempt but the engine. False if the failure lay beyond its end.
bool load_with(const workload& work, const fault_plan& plan) {
  faulty store{new_memory()};
  const auto faults = store.faults();
  const any_storage kept{std::move(store)};
  const bulk_options options{.memory_bytes = 6'000};
  std::size_t flushed = 0;
  faults->arm(plan);
  try {
    connection conn{kept, small_blocks()};
    bulk_load load{conn, options};
    for (std::size_t i = 0; i < work.data.size(); ++i) {
      load.transact(work.data[i]);
      if (i == 6 || i + 1 == work.data.size()) load.finish(), flushed = i + 1;
    }
  } catch (const error&) {
  }
  const bool struck = faults->failures() > 0;
  faults->disarm();
  connection conn{kept, small_blocks()};  // as after a crash
  const auto left = std::find(work.states.begin(), work.states.end(), all_facts(conn.db().history()));
  EXPECT_NE(left, work.states.end()) << "not the work of whole transactions";
  if (left == work.states.end()) return false;
  auto done = static_cast<std::size_t>(left - work.states.begin());
  EXPECT_GE(done, flushed);
  expect_whole(kept);
  bulk_load load{conn, options};
  for (; done < work.data.size(); ++done) load.transact(work.data[done]);
  load.transact(read_edn("[]"));
  load.finish();
  EXPECT_EQ(all_facts(conn.db().history()), work.states.back());
  EXPECT_EQ(all_facts(connection{kept}.db().history()), work.states.back());
  EXPECT_FALSE(kept.get(datoms::packed::fold_mark_key()).has_value());
  expect_whole(kept);
  return struck;
}

TEST(BulkLoad, AFailureOrACrashAtAnyOperationLeavesAPrefixAndNoTrace) {
  const workload work;
  const std::uint64_t stride = datolite::test::stride(std::uint64_t{3});
  for (const fault_when when : {fault_when::before, fault_when::after, fault_when::unknown}) {
    std::uint64_t at = 1 + static_cast<std::uint64_t>(when) % stride;
    for (; load_with(work, {.at = at, .when = when, .seed = at}); at += stride) {
      if (::testing::Test::HasFailure()) break;
    }
    ASSERT_FALSE(::testing::Test::HasFailure())
        << "at operation " << at << ", case " << static_cast<int>(when);
    EXPECT_GT(at, 30u);
  }
}

TEST(BulkLoad, TheLongLogThatABrokenOneLeavesBecomesBlocksWhenTheDatabaseIsOpened) {
  for (const unsigned seed : {31u, 32u, 33u}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    const any_storage kept = new_memory();
    connection flat{new_memory(), {.layout = index_layout::flat}};
    const std::string begin = "[" + instant(2029) + std::string{history_schema.substr(1)};
    transact(flat, begin);
    {
      connection conn{kept, small_blocks()};
      transact(conn, begin);
      bulk_load load{conn, {.memory_bytes = 10'000}};
      for (int i = 0; i < 250; ++i) {
        std::string text = "[" + instant(2030);
        for (unsigned n = 1 + random() % 5; n > 0; --n) text += " " + some_form(random);
        text += "]";
        try {
          load.transact(read_edn(text));
        } catch (const error&) {
          EXPECT_THROW(transact(flat, text), error);
          continue;
        }
        transact(flat, text);
        if (i == 60 && seed == 33) load.finish();
      }
      load.flush();
    }
    EXPECT_GT(datoms::figures_of(connection{kept, small_blocks()}.db())->novelty, 200u) << "who asks merges";
    EXPECT_GT(datoms::figures_of(connection{kept}.db())->novelty, 200u) << "there is room for it in memory";
    connection_options little;
    little.cache_bytes = 12'000, little.merge_least = 50, little.merge_share = 0.0;
    const connection opened{kept, little};
    EXPECT_EQ(datoms::figures_of(opened.db())->novelty, 0u);
    for (const index_order order : datoms::all_orders) {
      EXPECT_EQ(all_facts(opened.db().history(), order), all_facts(flat.db().history(), order));
    }
    ASSERT_NO_FATAL_FAILURE(expect_same(opened.db(), flat.db(), 1100, random, 50));
    expect_whole(kept);
    EXPECT_EQ(datoms::figures_of(connection{kept, small_blocks()}.db())->novelty, 0u);
  }
}

TEST(BulkLoad, WhatAKilledFoldLeftBehindIsClearedAwayWhenTheDatabaseIsOpened) {
  const workload work;
  const bytes mark = datoms::packed::fold_mark_key();
  std::size_t broken = 0;
  for (std::uint64_t at = 2; at < 40; ++at) {
    faulty store{new_memory()};
    const auto faults = store.faults();
    any_storage kept{std::move(store)};
    {
      connection conn{kept, small_blocks()};
      bulk_load load{conn, {.memory_bytes = 6'000}};
      for (const value& one : work.data) load.transact(one);
      load.flush();
      faults->arm({.at = at, .when = fault_when::before, .operations = fault_on::commit, .seed = at});
      try {
        load.finish();
      } catch (const error&) {
      }
      faults->disarm();
    }
    if (!kept.get(mark)) continue;
    ++broken;
    { const connection same{kept}; }
    EXPECT_TRUE(kept.get(mark).has_value()) << "this process lives, so its fold may";
    const bytes dead("\x7f\xff\xff\xff\1\2\3\4", 8);  // of a process that there is not
    const change one[] = {{mark, dead}};
    kept.commit(one);
    { const connection asked{kept, small_blocks()}; }
    EXPECT_TRUE(kept.get(mark).has_value()) << "who asks merges";
    const connection opened{kept};
    EXPECT_FALSE(kept.get(mark).has_value());
    EXPECT_EQ(all_facts(opened.db().history()), work.states.back());
    expect_whole(kept);
  }
  EXPECT_GT(broken, 3u);
}

TEST(BulkLoad, WhatFailedToFinishFinishesWhenCalledAgain) {
  const workload work;
  for (std::uint64_t at = 1;; ++at) {
    faulty store{new_memory()};
    const auto faults = store.faults();
    const any_storage kept{std::move(store)};
    connection conn{kept, small_blocks()};
    bulk_load load{conn, {.memory_bytes = 6'000}};
    for (const value& one : work.data) load.transact(one);
    load.flush();
    faults->arm({.at = at,
                 .when = at % 2 == 0 ? fault_when::before : fault_when::unknown,
                 .operations = fault_on::commit,
                 .seed = at});
    bool failed = false;
    try {
      load.finish();
    } catch (const error&) {
      failed = true;
    }
    const bool struck = faults->failures() > 0;
    faults->disarm();
    if (failed) load.finish();
    EXPECT_EQ(all_facts(conn.db().history()), work.states.back());
    EXPECT_EQ(datoms::figures_of(conn.db())->novelty, 0u);
    expect_whole(kept);
    if (!struck || ::testing::Test::HasFailure()) {
      EXPECT_GT(at, 3u);
      break;
    }
  }
}

}  // namespace bulk_load_test
