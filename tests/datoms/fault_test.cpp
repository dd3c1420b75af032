// A failing engine: a transaction happens wholly or not at all, and the connection goes on from what is true.
#include "stores.hpp"
#include "support.hpp"

#include <datolite/engines/faulty.hpp>

namespace {

using namespace datolite_test;
using namespace datolite::engines;

const std::vector<std::string> workload = {
    R"([{:db/ident :name :db/valueType :db.type/string :db/cardinality :db.cardinality/one :db/unique :db.unique/identity}
        {:db/ident :age :db/valueType :db.type/long :db/cardinality :db.cardinality/one :db/index true}
        {:db/ident :friend :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}])",
    R"([{:db/id "i" :name "Ivan" :age 1} {:db/id "p" :name "Petr" :friend "i"}])",
    R"([{:name "Ivan" :age 2}])",
    R"([[:db/add [:name "Petr"] :age 3] {:db/id "o" :name "Oleg" :friend [[:name "Ivan"] [:name "Petr"]]}])",
    R"([[:db/retractEntity [:name "Ivan"]]])",
    R"([[:db/add :age :db/unique :db.unique/value]])",
};

std::set<std::string> everything(const db& now) {
  auto all = all_facts(now.history());
  all.insert("basis " + std::to_string(now.basis_t()) + " next " + std::to_string(now.next_t()));
  return all;
}

/// What a database says after each of the workload's transactions, when nothing fails.
const std::vector<std::set<std::string>>& states() {
  static const auto made = [] {
    connection conn{new_memory()};
    std::vector<std::set<std::string>> all{everything(conn.db())};
    for (const std::string& text : workload) all.push_back(everything(transact(conn, text).db_after));
    return all;
  }();
  return made;
}

/// Runs the workload with one failure; false if the failure lay beyond its end.
bool run_with(const fault_plan& plan, index_layout layout) {
  faulty store{new_memory()};
  const auto faults = store.faults();
  const any_storage kept{std::move(store)};
  faults->arm(plan);
  std::optional<connection> conn;
  bool struck = false;
  try {
    conn.emplace(kept, connection_options{.layout = layout});
  } catch (const error&) {
    struck = true;
    faults->disarm();
    conn.emplace(kept, connection_options{.layout = layout});
  }
  std::vector<std::pair<std::size_t, db>> acknowledged;
  for (std::size_t done = 0; done < workload.size();) {
    try {
      const tx_report report = transact(*conn, workload[done]);
      acknowledged.emplace_back(++done, report.db_after);
    } catch (const error& e) {
      struck = true;
      faults->disarm();
      const auto now = everything(conn->sync());
      const bool happened = now == states()[done + 1];
      if (happened) {
        EXPECT_EQ(e.category(), error_category::unknown_outcome) << e.message();
        ++done;
      } else {
        EXPECT_EQ(now, states()[done]) << e.message();
      }
    }
    if (::testing::Test::HasFailure()) return false;
  }
  faults->disarm();
  for (const auto& [done, after] : acknowledged) EXPECT_EQ(everything(after), states()[done]);
  EXPECT_EQ(everything(conn->db()), states().back());
  EXPECT_EQ(everything(connection{kept}.db()), states().back());
  return struck;
}

TEST(Faults, LeaveEachTransactionWhollyDoneOrNotAtAll) {
  for (const index_layout layout : {index_layout::typed, index_layout::flat}) {
    for (const fault_when when : {fault_when::before, fault_when::after, fault_when::unknown}) {
      std::uint64_t at = 1;
      for (; run_with({.at = at, .when = when, .seed = at}, layout); ++at) {
        ASSERT_FALSE(HasFailure()) << "at operation " << at << ", case " << static_cast<int>(when);
      }
      ASSERT_FALSE(HasFailure()) << "at operation " << at << ", case " << static_cast<int>(when);
      EXPECT_GT(at, layout == index_layout::flat ? 50u : 20u);  // a typed index asks little of the engine
    }
  }
}

TEST(Faults, AnUnknownOutcomeIsReadFromTheLogBeforeAnythingElse) {
  for (const bool happens : {false, true}) {
    faulty store{new_memory()};
    const auto faults = store.faults();
    connection conn{any_storage{std::move(store)}};
    transact(conn, workload[0]);
    std::uint64_t seed = 0;  // one by which the commit happens, or does not
    for (;; ++seed) {
      faulty probe{new_memory()};
      probe.faults()->arm(
          {.at = 1, .when = fault_when::unknown, .operations = fault_on::commit, .seed = seed});
      const change one[] = {{"k", "v"}};
      try {
        probe.commit(one, {});
      } catch (const error&) {
      }
      probe.faults()->disarm();
      if (probe.get("k").has_value() == happens) break;
    }
    faults->arm({.at = 1, .when = fault_when::unknown, .operations = fault_on::commit, .seed = seed});
    try {
      transact(conn, workload[1]);
      ADD_FAILURE() << "acknowledged";
    } catch (const error& e) {
      EXPECT_EQ(e.category(), error_category::unknown_outcome);
    }
    faults->arm(
        {.at = 1, .operations = fault_on::snapshot});  // the log cannot be read: nothing may be built on it
    EXPECT_THROW(transact(conn, workload[2]), error);
    faults->disarm();
    EXPECT_EQ(everything(conn.sync()), states()[happens ? 2 : 1]);
  }
}

TEST(Writers, WhoComesSecondBuildsOnTheFirst) {
  const any_storage shared = new_memory();
  connection one{shared}, other{shared};
  transact(one, workload[0]);
  const auto report = transact(other, workload[1]);
  EXPECT_EQ(report.t, 1001);
  EXPECT_EQ(everything(other.db()), states()[2]);
  EXPECT_EQ(one.db().basis_t(), 1000);
  EXPECT_EQ(everything(one.sync()), states()[2]);
}

TEST(Writers, ACollisionIsWorkedOutAgain) {
  // The other writer commits between this one's reading and its commit.
  const any_storage shared = new_memory();
  connection one{shared}, other{shared};
  transact(one, workload[0]);
  for (int i = 0; i < 20; ++i) {
    transact(i % 2 == 0 ? one : other, "[{:age " + std::to_string(i) + "}]");
    transact(i % 3 == 0 ? one : other, "[{:name \"n" + std::to_string(i) + "\"}]");
  }
  EXPECT_EQ(one.sync().basis_t(), other.sync().basis_t());
  EXPECT_EQ(one.db().count({.index = index_order::aevt, .a = one.db().attribute(kw("age"))->id}), 20u);
}

}  // namespace
