// A failing engine: a transaction happens wholly or not at all, and the connection goes on from what is true.
#include "stores.hpp"
#include "support.hpp"

#include <support/effort.hpp>

#include <datolite/engines/faulty.hpp>

#include <random>

namespace fault_test {

using namespace datolite_test;
using namespace datolite::engines;

const std::vector<std::string> short_history = {
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

/// Transactions, and what a database says after each of them when nothing fails.
struct workload {
  std::vector<std::string> texts;
  std::vector<std::set<std::string>> states;

  explicit workload(std::vector<std::string> given) : texts{std::move(given)} {
    connection conn{new_memory()};
    states.push_back(everything(conn.db()));
    for (const std::string& text : texts) states.push_back(everything(transact(conn, text).db_after));
  }
};

const workload& few() {
  static const workload made{short_history};
  return made;
}

/// 200 transactions on a dozen people, after the schema.
const workload& many() {
  static const workload made{[] {
    std::mt19937 random{5};
    const auto below = [&](unsigned n) { return std::to_string(random() % n); };
    const auto someone = [&] { return "[:name \"p" + below(12) + "\"]"; };
    std::vector<std::string> texts{short_history[0]};
    std::string all = "[";
    for (int i = 0; i < 12; ++i) all += "{:name \"p" + std::to_string(i) + "\"}";
    texts.push_back(all + "]");
    while (texts.size() < 200) {
      switch (random() % 5) {
        case 0: texts.push_back("[[:db/retract " + someone() + " :age]]"); break;
        case 1: texts.push_back("[[:db/add " + someone() + " :friend " + someone() + "]]"); break;
        case 2: texts.push_back("[[:db/retract " + someone() + " :friend " + someone() + "]]"); break;
        default:
          texts.push_back("[[:db/add " + someone() + " :age " + below(9) + "] {:age " + below(99) + "}]");
      }
    }
    return texts;
  }()};
  return made;
}

/// Runs the workload with one failure; false if the failure lay beyond its end.
bool run_with(const workload& work, const fault_plan& plan, index_layout layout) {
  const connection_options options{
      .layout = layout, .merge_least = 5, .merge_share = 0.0, .block_bytes = 250};
  faulty store{new_memory()};
  const auto faults = store.faults();
  const any_storage kept{std::move(store)};
  faults->arm(plan);
  std::optional<connection> conn;
  bool struck = false;
  try {
    conn.emplace(kept, options);
  } catch (const error&) {
    struck = true;
    faults->disarm();
    conn.emplace(kept, options);
  }
  std::vector<std::pair<std::size_t, db>> acknowledged;
  for (std::size_t done = 0; done < work.texts.size();) {
    try {
      const tx_report report = transact(*conn, work.texts[done]);
      if (++done % 16 < 6) acknowledged.emplace_back(done, report.db_after);
    } catch (const error& e) {
      struck = true;
      faults->disarm();
      const auto now = everything(conn->sync());
      const bool happened = now == work.states[done + 1];
      if (happened) {
        EXPECT_EQ(e.category(), error_category::unknown_outcome) << e.message();
        ++done;
      } else {
        EXPECT_EQ(now, work.states[done]) << e.message();
      }
    }
    if (::testing::Test::HasFailure()) return false;
  }
  struck = struck || faults->failures() > 0;  // perhaps in a merge, which nobody is told of
  faults->disarm();
  for (const auto& [done, after] : acknowledged) EXPECT_EQ(everything(after), work.states[done]);
  EXPECT_EQ(everything(conn->db()), work.states.back());
  EXPECT_EQ(everything(connection{kept}.db()), work.states.back());
  return struck;
}

/// Runs the workload with a failure at every `stride`-th operation of the engine, in each way; how many there
/// are.
std::uint64_t sweep(const workload& work, index_layout layout, std::uint64_t stride) {
  std::uint64_t at = 0;
  for (const fault_when when : {fault_when::before, fault_when::after, fault_when::unknown}) {
    for (at = 1; run_with(work, {.at = at, .when = when, .seed = at}, layout); at += stride) {
      if (::testing::Test::HasFailure()) break;
    }
    if (::testing::Test::HasFailure()) {
      ADD_FAILURE() << "at operation " << at << ", case " << static_cast<int>(when);
      break;
    }
  }
  return at;
}

TEST(Faults, LeaveEachTransactionWhollyDoneOrNotAtAll) {
  const auto stride = datolite::test::stride(std::uint64_t{1});
  EXPECT_GT(sweep(few(), index_layout::flat, stride), 50u);
  EXPECT_GT(sweep(few(), index_layout::typed, stride), 15u);   // a typed index asks little of the engine
  EXPECT_GT(sweep(few(), index_layout::packed, stride), 60u);  // faults within merges included
}

TEST(Faults, LeaveEachOf200TransactionsWhollyDoneOrNotAtAll) {
  EXPECT_GT(sweep(many(), index_layout::flat, datolite::test::stride(211u)), 2000u);
  EXPECT_GT(sweep(many(), index_layout::typed, datolite::test::stride(29u)), 200u);
  EXPECT_GT(sweep(many(), index_layout::packed, datolite::test::stride(211u)), 2000u);
}

TEST(Faults, AnUnknownOutcomeIsReadFromTheLogBeforeAnythingElse) {
  for (const bool happens : {false, true}) {
    faulty store{new_memory()};
    const auto faults = store.faults();
    connection conn{any_storage{std::move(store)}};
    transact(conn, short_history[0]);
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
      transact(conn, short_history[1]);
      ADD_FAILURE() << "acknowledged";
    } catch (const error& e) {
      EXPECT_EQ(e.category(), error_category::unknown_outcome);
    }
    faults->arm(
        {.at = 1, .operations = fault_on::snapshot});  // the log cannot be read: nothing may be built on it
    EXPECT_THROW(transact(conn, short_history[2]), error);
    faults->disarm();
    EXPECT_EQ(everything(conn.sync()), few().states[happens ? 2 : 1]);
  }
}

TEST(Writers, WhoComesSecondBuildsOnTheFirst) {
  const any_storage shared = new_memory();
  connection one{shared}, other{shared};
  transact(one, short_history[0]);
  const auto report = transact(other, short_history[1]);
  EXPECT_EQ(report.t, 1001);
  EXPECT_EQ(everything(other.db()), few().states[2]);
  EXPECT_EQ(one.db().basis_t(), 1000);
  EXPECT_EQ(everything(one.sync()), few().states[2]);
}

TEST(Writers, ACollisionIsWorkedOutAgain) {
  // The other writer commits between this one's reading and its commit.
  const any_storage shared = new_memory();
  connection one{shared}, other{shared};
  transact(one, short_history[0]);
  for (int i = 0; i < 20; ++i) {
    transact(i % 2 == 0 ? one : other, "[{:age " + std::to_string(i) + "}]");
    transact(i % 3 == 0 ? one : other, "[{:name \"n" + std::to_string(i) + "\"}]");
  }
  EXPECT_EQ(one.sync().basis_t(), other.sync().basis_t());
  EXPECT_EQ(one.db().count({.index = index_order::aevt, .a = one.db().attribute(kw("age"))->id}), 20u);
}

}  // namespace fault_test
