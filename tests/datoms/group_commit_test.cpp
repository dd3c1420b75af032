// Transactions kept together, made without waiting, and listened to.
#include "stores.hpp"
#include "support.hpp"

#include <datolite/datoms/listen.hpp>
#include <datolite/datoms/transact_async.hpp>
#include <datolite/engines/faulty.hpp>
#include <datolite/engines/traced.hpp>

#include <atomic>
#include <thread>

namespace group_commit_test {

using namespace datolite_test;
using engines::fault_when;

constexpr std::string_view schema = R"([
  {:db/ident :n    :db/valueType :db.type/long   :db/cardinality :db.cardinality/one}
  {:db/ident :name :db/valueType :db.type/string :db/cardinality :db.cardinality/one :db/unique :db.unique/value}])";

std::vector<value> forms(std::initializer_list<const char*> texts) {
  std::vector<value> all;
  for (const char* text : texts) all.push_back(read_edn(text));
  return all;
}

/// The category of what refused a transaction.
error_category refused_by(tx_outcome& outcome) {
  try {
    outcome.get();
  } catch (const error& e) {
    return e.category();
  }
  ADD_FAILURE() << "was not refused";
  return error_category::corrupt;
}

TEST(GroupCommit, EachHasItsOwnTAndAllAreOneCommit) {
  for (const store& in : all_stores()) {
    SCOPED_TRACE(in.name);
    engines::traced counting{in.open()};
    const auto counters = counting.counters();
    connection conn{any_storage{std::move(counting)}, {.merge = merging::when_asked}};
    transact(conn, schema);
    counters->reset();
    auto outcomes = conn.transact_each(forms({"[{:db/id 101 :n 1}]", "[[:db/cas 101 :n 1 2] {:name \"a\"}]",
                                              "[{:name \"a\"}]", "[[:db/cas 101 :n 2 3]]"}));
    EXPECT_EQ(counters->counts().commits, 1u);
    ASSERT_EQ(outcomes.size(), 4u);
    EXPECT_EQ(refused_by(outcomes[2]), error_category::conflict);  // of its own doing, which hinders nobody
    const tx_report &one = outcomes[0].get(), &two = outcomes[1].get(), &last = outcomes[3].get();
    EXPECT_LT(one.t, two.t);
    EXPECT_LT(two.t, last.t);
    EXPECT_EQ(two.db_before.basis_t(), one.t);
    EXPECT_EQ(values_of(one.db_after, value{101}, "n"), "[1]");
    EXPECT_EQ(values_of(two.db_after, value{101}, "n"), "[2]");
    EXPECT_EQ(values_of(conn.db(), value{101}, "n"), "[3]");
    EXPECT_EQ(all_facts(conn.db()), all_facts(last.db_after));
    std::vector<std::int64_t> logged;
    conn.tx_range(one.t, last.t + 1, [&](const datoms::log_record& r) {
      logged.push_back(r.t);
      return true;
    });
    EXPECT_EQ(logged, (std::vector{one.t, two.t, last.t}));
    transact(conn, "[[:db/cas 101 :n 3 4]]");  // and it goes on from there
    EXPECT_EQ(conn.sync().basis_t(), conn.db().basis_t());
  }
}

TEST(GroupCommit, AFailingCommitIsTriedOneByOneAndAnUnknownOneIsUnknownToAll) {
  for (const fault_when when : {fault_when::before, fault_when::unknown}) {
    for (std::uint64_t seed = 1; seed < 6; ++seed) {
      engines::faulty failing{new_memory()};
      const auto faults = failing.faults();
      connection conn{any_storage{std::move(failing)}};
      transact(conn, schema);
      const std::int64_t before = conn.db().basis_t();
      faults->arm({.at = 1, .when = when, .operations = engines::fault_on::commit, .seed = seed});
      auto outcomes = conn.transact_each(forms({"[{:n 1}]", "[{:n 2}]"}));
      faults->disarm();
      if (when == fault_when::before) {
        EXPECT_EQ(outcomes[0].get().t, before == datoms::bootstrap_t ? 1000 : conn.db().basis_t() - 2);
        EXPECT_EQ(conn.sync().count({.index = index_order::aevt, .a = conn.db().attribute(kw("n"))->id}), 2u);
      } else {
        EXPECT_EQ(refused_by(outcomes[0]), error_category::unknown_outcome);
        EXPECT_EQ(refused_by(outcomes[1]), error_category::unknown_outcome);
        const auto there =
            conn.sync().count({.index = index_order::aevt, .a = conn.db().attribute(kw("n"))->id});
        EXPECT_TRUE(there == 0 || there == 2) << there;
      }
    }
  }
}

TEST(GroupCommit, ThreadsThatWaitShareCommits) {
  engines::traced counting{new_memory()};
  const auto counters = counting.counters();
  connection conn{any_storage{std::move(counting)}};
  transact(conn, schema);
  counters->reset();
  constexpr int writers = 8, each = 40;
  std::vector<std::thread> all;
  std::atomic<int> done{0};
  for (int who = 0; who < writers; ++who) {
    all.emplace_back([&, who] {
      for (int i = 0; i < each; ++i) {
        const auto report = transact(conn, "[{:db/id \"p\" :n " + std::to_string(who * each + i) + "}]");
        const auto e = report.resolve_tempid(value{"p"});
        if (e && values_of(report.db_after, value{*e}, "n") == "[" + std::to_string(who * each + i) + "]")
          ++done;
      }
    });
  }
  for (std::thread& one : all) one.join();
  EXPECT_EQ(done, writers * each);
  EXPECT_LE(counters->counts().commits, static_cast<std::uint64_t>(writers * each));
  EXPECT_EQ(conn.db().count({.index = index_order::aevt, .a = conn.db().attribute(kw("n"))->id}),
            static_cast<std::uint64_t>(writers * each));
}

TEST(TransactAsync, HappensInTheOrderOfTheCallsAndTellsRefusals) {
  std::vector<std::future<tx_report>> coming;
  const any_storage kept = new_memory();
  {
    connection conn{kept};
    transact(conn, schema);
    for (int i = 0; i < 100; ++i)
      coming.push_back(transact_async(conn, read_edn("[{:n " + std::to_string(i) + "}]")));
    coming.push_back(transact_async(conn, read_edn("[{:no/such 1}]")));
  }  // those that wait are performed first
  std::int64_t last = 0;
  for (int i = 0; i < 100; ++i) {
    const tx_report report = coming[static_cast<std::size_t>(i)].get();
    EXPECT_GT(report.t, last);
    last = report.t;
  }
  EXPECT_THROW(coming.back().get(), error);
  connection again{kept};
  EXPECT_EQ(again.db().count({.index = index_order::aevt, .a = again.db().attribute(kw("n"))->id}), 100u);
}

TEST(Listen, TellsEachInOrderAndNeitherSlowNorThrowingHarms) {
  connection conn{new_memory()};
  transact(conn, schema);
  std::vector<std::int64_t> heard;
  std::atomic<bool> let_go{false};
  {
    auto slow = listen(conn, [&](const tx_report&) {
      while (!let_go) std::this_thread::yield();
    });
    auto throwing = listen(conn, [](const tx_report&) { throw 1; });
    auto told = listen(conn, [&](const tx_report& report) { heard.push_back(report.t); });
    std::vector<std::int64_t> made;
    for (int i = 0; i < 20; ++i) made.push_back(transact(conn, "[{:n " + std::to_string(i) + "}]").t);
    for (auto& outcome : conn.transact_each(forms({"[{:n 1}]", "[{:n 2}]"}))) made.push_back(outcome.get().t);
    EXPECT_THROW(transact(conn, "[{:no/such 1}]"), error);  // a refused one is no report
    while (told.waiting() > 0 || throwing.waiting() > 0) std::this_thread::yield();
    EXPECT_GT(slow.waiting(), 0u);
    EXPECT_EQ(throwing.failures(), 22u);
    let_go = true;
    EXPECT_EQ(heard, made);
  }
  transact(conn, "[{:n 99}]");
  EXPECT_EQ(heard.size(), 22u);  // nobody listens any more
}

TEST(Listen, AListenerMayEndItself) {
  connection conn{new_memory()};
  transact(conn, schema);
  std::atomic<int> calls{0};
  subscription told;
  told = listen(conn, [&](const tx_report&) {
    const subscription ended = std::move(told);
    ++calls;
  });
  transact(conn, "[{:n 1}]");
  while (calls == 0) std::this_thread::yield();
  transact(conn, "[{:n 2}]");
  EXPECT_EQ(calls, 1);
}

TEST(Sync, WaitsForAnothersTransactionOrSaysThatItDidNotCome) {
  const any_storage shared = new_memory();
  connection one{shared}, other{shared};
  transact(one, schema);
  const std::int64_t t = one.db().next_t();
  std::thread late{[&] { transact(one, "[{:n 1}]"); }};
  EXPECT_GE(other.sync(t).basis_t(), t);
  late.join();
  try {
    other.sync(t + 100, 5);
    FAIL() << "came";
  } catch (const error& e) {
    EXPECT_EQ(e.category(), error_category::unavailable);
  }
}

TEST(Durability, IsNamedByTheConnectionAndToldByTheReport) {
  connection conn{lmdb_store().open()};
  EXPECT_EQ(conn.durability(), durability_level::process);
  EXPECT_EQ(transact(conn, schema).durability, durability_level::process);
  EXPECT_EQ(conn.db().with(read_edn("[]")).durability, durability_level::memory);
}

}  // namespace group_commit_test
