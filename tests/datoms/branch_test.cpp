// `with`: what would be, as a database of its own on a transaction that nobody commits.
#include "stores.hpp"
#include "support.hpp"

#include <datolite/engines/traced.hpp>

namespace branch_test {

using namespace datolite_test;

constexpr std::string_view schema = R"([
  {:db/ident :name :db/valueType :db.type/string :db/cardinality :db.cardinality/one :db/unique :db.unique/identity}
  {:db/ident :age  :db/valueType :db.type/long   :db/cardinality :db.cardinality/one :db/index true}])";

std::set<std::string> whole(const db& in) {
  std::set<std::string> all;
  for (const index_order order :
       {index_order::eavt, index_order::aevt, index_order::avet, index_order::vaet}) {
    for (const std::string& one : all_facts(in.history(), order))
      all.insert(std::to_string(int(order)) + " " + one);
  }
  return all;
}

TEST(With, SaysWhatTransactWouldDoOnEveryEngine) {
  for (const store& in : all_stores()) {
    SCOPED_TRACE(in.name);
    connection conn{in.open()};
    transact(conn, schema);
    transact(conn, R"([{:db/id "i" :name "Ivan" :age 1} {:name "Petr" :age 2}])");
    db branch = conn.db();
    for (const char* text : {R"([{:name "Ivan" :age 3} {:db/id "o" :name "Oleg"}])",
                             R"([[:db/retractEntity [:name "Petr"]] [:db/add [:name "Oleg"] :age 2]])",
                             R"([[:db/add :age :db/cardinality :db.cardinality/many]])"}) {
      const tx_report guess = branch.with(read_edn(text));
      const tx_report done = transact(conn, text);
      EXPECT_EQ(guess.t, done.t);
      EXPECT_EQ(guess.tempids, done.tempids);
      EXPECT_EQ(whole(guess.db_after), whole(done.db_after));
      EXPECT_EQ(guess.db_after.next_t(), done.db_after.next_t());
      branch = guess.db_after;
    }
  }
}

TEST(With, BranchesDivergeAndNeverTouchTheStorage) {
  engines::traced store{new_memory()};
  const auto counters = store.counters();
  connection conn{any_storage{std::move(store)}};
  transact(conn, schema);
  transact(conn, R"([{:name "Ivan" :age 1}])");
  const auto before = whole(conn.db());
  const auto commits = counters->counts().commits;
  const db one = conn.db().with(read_edn(R"([{:name "Ivan" :age 2}])")).db_after;
  const db other = conn.db().with(read_edn(R"([{:name "Ivan" :age 3}])")).db_after;
  const value ivan = read_edn("[:name \"Ivan\"]");
  EXPECT_EQ(values_of(one, ivan, "age"), "[2]");
  EXPECT_EQ(values_of(other, ivan, "age"), "[3]");
  EXPECT_EQ(values_of(other.as_of(conn.db().basis_t()), ivan, "age"), "[1]");
  EXPECT_EQ(values_of(one.with(read_edn("[]")).db_after, ivan, "age"), "[2]");
  EXPECT_EQ(counters->counts().commits, commits);
  EXPECT_EQ(whole(conn.db()), before);
}

}  // namespace branch_test
