// Many writers: threads of one connection, connections of one storage, processes of one LMDB file.
#include "stores.hpp"
#include "support.hpp"

#include <support/children.hpp>

#include <atomic>
#include <thread>

namespace writers_test {

using namespace datolite_test;

constexpr std::string_view schema = R"([
  {:db/ident :counter :db/valueType :db.type/long   :db/cardinality :db.cardinality/one}
  {:db/ident :name    :db/valueType :db.type/string :db/cardinality :db.cardinality/one :db/unique :db.unique/identity}])";

std::string add_person(int who, int n) {
  return "[{:name \"" + std::to_string(who) + "-" + std::to_string(n) + "\"}]";
}

/// Adds one to the counter of entity 1001, however many others do the same.
void increment(connection& conn) {
  for (;;) {
    const std::string old = values_of(conn.sync(), 1001, "counter");
    const std::int64_t n = old == "[]" ? 0 : read_edn(old).elements()[0].as_long();
    const value form =
        value::vector({kw("db/cas"), value{1001}, kw("counter"), n == 0 ? value{} : value{n}, value{n + 1}});
    try {
      conn.transact(value::vector({form}));
      return;
    } catch (const error& e) {
      if (e.code() != "db.error/cas-failed") throw;
    }
  }
}

TEST(Readers, AreFirstInADatabaseManyAtOnce) {
  for (const store& in :
       {packed_store(), lmdb_store(index_layout::packed), leveldb_store(index_layout::packed)}) {
    SCOPED_TRACE(in.name);
    const any_storage kept = in.open();
    std::set<std::string> wanted, by_value;
    {
      connection conn{kept};
      transact(conn, schema);
      for (int n = 0; n < 40; ++n) transact(conn, add_person(1, n));
      conn.merge();
      wanted = all_facts(conn.db()), by_value = all_facts(conn.db(), index_order::avet);
    }
    const db now = connection{kept}.db();
    std::atomic<int> ready = 0;
    std::vector<std::thread> readers;
    for (int i = 0; i < 8; ++i) {
      readers.emplace_back([&] {
        for (++ready; ready < 8;) std::this_thread::yield();
        EXPECT_EQ(all_facts(now), wanted);
        EXPECT_EQ(all_facts(now, index_order::avet), by_value);
      });
    }
    for (std::thread& one : readers) one.join();
  }
}

TEST(Writers, ThreadsTransactOneAfterAnotherWhileOthersRead) {
  for (const store& in : {memory_store(), lmdb_store()}) {
    SCOPED_TRACE(in.name);
    connection conn{in.open()};
    transact(conn, schema);
    constexpr int writers = 4, each = 12;
    std::atomic<bool> done = false;
    std::vector<std::thread> all;
    for (int who = 0; who < writers; ++who) {
      all.emplace_back([&, who] {
        for (int n = 0; n < each; ++n) transact(conn, add_person(who, n)), increment(conn);
      });
    }
    std::vector<std::thread> readers;
    for (int i = 0; i < 8; ++i) {
      readers.emplace_back([&] {
        const db old = conn.db();
        const auto then = all_facts(old);
        while (!done) {
          const db now = conn.db();
          const auto seen = all_facts(now);
          EXPECT_EQ(all_facts(now), seen);
          EXPECT_LE(seen.size(), 100u);
          EXPECT_EQ(all_facts(now.as_of(old.basis_t())), then);
          EXPECT_EQ(all_facts(old), then);
        }
      });
    }
    for (std::thread& one : all) one.join();
    done = true;
    for (std::thread& one : readers) one.join();
    EXPECT_EQ(values_of(conn.db(), 1001, "counter"), "[48]");
    EXPECT_EQ(conn.db().count({.index = index_order::aevt, .a = conn.db().attribute(kw("name"))->id}), 48u);
    std::int64_t last = 0;
    int transactions = 0;
    conn.tx_range(0, 1 << 20, [&](const datoms::log_record& r) {
      EXPECT_EQ(r.previous_t, last);
      last = r.t;
      return ++transactions > 0;
    });
    EXPECT_EQ(transactions, 2 + 2 * writers * each);
  }
}

TEST(Writers, ConnectionsOfOneStorageLoseNothing) {
  const any_storage shared = new_memory();
  { connection{shared}.transact(read_edn(schema)); }
  std::vector<std::thread> all;
  for (int who = 0; who < 3; ++who) {
    all.emplace_back([&, who] {
      connection conn{shared};
      for (int n = 0; n < 15; ++n) transact(conn, add_person(who, n)), increment(conn);
    });
  }
  for (std::thread& one : all) one.join();
  EXPECT_EQ(values_of(connection{shared}.db(), 1001, "counter"), "[45]");
}

/// A transaction is told of another that came while it was worked out; of anything else it is not.
TEST(Writers, OnlyATransactionMeanwhileHasOneWorkedOutAgain) {
  for (const bool in_memory : {true, false}) {
    const store in = lmdb_store();
    any_storage shared = in_memory ? new_memory() : in.open();
    connection other{shared};
    other.transact(read_edn(schema));
    int times = 0;
    bool transacts = false;
    auto made = std::make_shared<tx_functions>();
    made->add("my/meanwhile", [&](const db& now, std::span<const value>) {
      const std::string was = values_of(now, 1001, "counter");
      if (++times == 1 && transacts) std::thread{[&] { increment(other); }}.join();
      const change foreign[] = {{"\x7fmine", bytes_view{"yes"}}};
      if (times == 1 && !transacts) shared.commit(foreign);
      return read_edn("[[:db/add 1001 :counter " + std::to_string(was == "[]" ? 10 : 20) + "]]");
    });
    connection conn{shared, {.functions = made}};
    transact(conn, "[[:my/meanwhile]]");
    EXPECT_EQ(times, 1);
    EXPECT_EQ(values_of(other.sync(), 1001, "counter"), "[10]");
    times = 0, transacts = true;
    transact(conn, "[[:my/meanwhile]]");
    EXPECT_EQ(times, 2);
    EXPECT_EQ(values_of(other.sync(), 1001, "counter"), "[20]");
    std::size_t records = 0;
    other.tx_range(1000, 2000, [&](const auto&) { return ++records > 0; });
    EXPECT_EQ(records, 4u);
  }
}

TEST(Writers, ProcessesOfOneLmdbFileLoseNothing) {
  const store in = lmdb_store();
  { connection{in.open()}.transact(read_edn(schema)); }
  constexpr int processes = 3, each = 10;
  const auto work = [&](int who) {
    connection conn{in.open()};
    for (int n = 0; n < each; ++n) transact(conn, add_person(who, n)), increment(conn);
    return true;
  };
  EXPECT_EQ(datolite::test::children_that_fail(processes, work), 0);
  connection conn{in.open()};
  EXPECT_EQ(values_of(conn.db(), 1001, "counter"), "[30]");
  EXPECT_EQ(conn.db().count({.index = index_order::aevt, .a = conn.db().attribute(kw("name"))->id}), 30u);
}

}  // namespace writers_test
