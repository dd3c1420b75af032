// `with` on any db value: of the past, of what came since, filtered, and again on its result.
//
// The oracle is a connection of its own: what the view shows is transacted into it afresh, and then the same
// transactions; facts are compared but for T.
#include "stores.hpp"
#include "support.hpp"

#include <random>

#include <datolite/engines/traced.hpp>

namespace past_branch_test {

using namespace datolite_test;
using enum index_order;

constexpr std::string_view schema = R"([
  {:db/ident :name   :db/valueType :db.type/string :db/cardinality :db.cardinality/one  :db/unique :db.unique/identity}
  {:db/ident :age    :db/valueType :db.type/long   :db/cardinality :db.cardinality/one  :db/index true}
  {:db/ident :plain  :db/valueType :db.type/long   :db/cardinality :db.cardinality/one}
  {:db/ident :tag    :db/valueType :db.type/string :db/cardinality :db.cardinality/many}
  {:db/ident :secret :db/valueType :db.type/long   :db/cardinality :db.cardinality/one  :db/noHistory true}
  {:db/ident :friend :db/valueType :db.type/ref    :db/cardinality :db.cardinality/many}])";

// :secret has a test of its own: its past is not kept, so a moment of the past does not have it.

/// What a db shows of the entities 1001 to 1006 in one index, in order, without T.
std::vector<std::string> shown(const db& in, index_order order, bool descending = false) {
  std::vector<std::string> out;
  for (const datom& d : in.datoms({.index = order, .descending = descending})) {
    if (d.e < 1001 || d.e > 1006) continue;
    out.push_back(std::to_string(d.e) + to_edn(*in.ident(d.a)) + " " + to_edn(d.v) +
                  (d.added() ? "" : " no more"));
  }
  return out;
}

void expect_same(const db& found, const db& expected) {
  for (const index_order order : {eavt, aevt, avet, vaet}) {
    for (const bool descending : {false, true}) {
      ASSERT_EQ(shown(found, order, descending), shown(expected, order, descending)) << int(order);
    }
  }
}

class past_branches {
 public:
  past_branches(const store& in, unsigned seed) : random_{seed}, conn_{in.open()} { transact(conn_, schema); }

  void run() {
    for (int i = 0; i < 16; ++i) {
      try {
        moments_.push_back(conn_.transact(some_data()).t);
        states_.push_back(conn_.db());
      } catch (const error&) {
      }
    }
    for (std::size_t i = 0; i + 1 < moments_.size(); i += 5) branch_at(i);
    for (std::size_t i = 0; i + 1 < moments_.size(); i += 4) branch_since(i);
  }

 private:
  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }

  value some_data() {
    std::string text = "[";
    for (int n = 1 + below(4); n > 0; --n) {
      const std::string e = std::to_string(1001 + below(6)), v = std::to_string(below(4));
      const char* const attributes[] = {":age ", ":plain ", ":tag \"", ":friend 100", ":name \""};
      const std::size_t a = static_cast<std::size_t>(below(5));
      const std::string fact = e + " " + attributes[a] + v + (a == 2 || a == 4 ? "\"]" : "]");
      const int dice = below(12);
      if (dice == 0) text += "[:db/retractEntity " + e + "]";
      if (dice == 1) text += "[:db/retract " + e + " :tag]";
      if (dice > 1) text += (dice > 8 ? "[:db/retract " : "[:db/add ") + fact;
    }
    return read_edn(text + "]");
  }

  /// A branch of the past is a branch of the db that was current then, but for the numbers of T.
  void branch_at(std::size_t i) {
    db past = conn_.db().as_of(moments_[i]), then = states_[i];
    std::vector<db> stages;
    for (int n = 0; n < 4; ++n) {
      const value data = some_data();
      std::optional<tx_report> expected, found;
      try {
        expected.emplace(then.with(data));
      } catch (const error& e) {
        EXPECT_THROW(past.with(data), error) << to_edn(data);
        continue;
      }
      ASSERT_NO_THROW(found.emplace(past.with(data))) << to_edn(data);
      ASSERT_EQ(found->tx_data.size(), expected->tx_data.size());
      past = found->db_after, then = expected->db_after;
      expect_same(past, then);
      expect_same(past.history(), then.history());
      expect_same(past.as_of(moments_[i]), states_[i]);
      expect_same(past.since(moments_[i]), then.since(moments_[i]));
      expect_same(past.history().since(moments_[i]), then.history().since(moments_[i]));
      count_some(past);
      count_some(past.history());
      stages.push_back(past);
      for (const db& stage : stages) expect_same(past.as_of(stage.basis_t()), stage);
    }
  }

  void count_some(const db& in) {
    for (const index_order order : {eavt, aevt, avet, vaet}) {
      const auto all = in.datoms({.index = order});
      if (all.size() <= datoms::exact_count_limit)
        ASSERT_EQ(in.count({.index = order}), all.size());
      else
        ASSERT_GT(in.count({.index = order}), datoms::exact_count_limit);
    }
    for (int e = 1001; e < 1007; ++e) {
      datom_range range{.index = eavt, .e = e};
      ASSERT_EQ(in.count(range), in.datoms(range).size());
    }
  }

  /// A branch of what came since shows that and its own facts, and nothing hidden comes back.
  void branch_since(std::size_t i) {
    const db recent = conn_.db().since(moments_[i]);
    db branch = recent;
    std::set<std::string> told;
    for (int n = 0; n < 3; ++n) {
      try {
        const tx_report report = branch.with(some_data());
        branch = report.db_after;
      } catch (const error&) {
        continue;
      }
    }
    ASSERT_EQ(all_facts(branch.as_of(conn_.db().basis_t())), all_facts(recent));
    for (const datom& d : branch.datoms(datom_range{})) ASSERT_GT(d.t(), moments_[i]);
  }

  std::mt19937 random_;
  connection conn_;
  std::vector<std::int64_t> moments_;
  std::vector<db> states_;
};

TEST(PastBranch, IsABranchOfTheDbThatWasCurrentThen) {
  for (const store& in : all_stores()) {
    const unsigned seed = 1;
    SCOPED_TRACE(in.name + ", seed " + std::to_string(seed));
    past_branches{in, seed}.run();
    if (::testing::Test::HasFatalFailure()) return;
  }
}

/// A traced memory engine below a connection.
struct counted_connection {
  counted_connection() : counted_connection{engines::traced{new_memory()}} {}
  explicit counted_connection(engines::traced<any_storage> store)
      : counters{store.counters()}, conn{any_storage{std::move(store)}} {
    transact(conn, schema);
    for (const char* text : {R"([{:db/id 1001 :name "Ivan" :age 1 :tag ["a" "b"]}])",
                             R"([{:db/id 1001 :age 2} {:db/id 1002 :name "Anna" :age 5 :friend 1001}])",
                             R"([{:db/id 1001 :age 3} [:db/retract 1001 :tag "a"]])"}) {
      t.push_back(transact(conn, text).t);
    }
  }
  std::shared_ptr<engines::traced_counters> counters;
  connection conn;
  std::vector<std::int64_t> t;
};

TEST(PastBranch, HidesWhatCameAfterAndTakesTheNextTOfNow) {
  counted_connection c;
  const db past = c.conn.db().as_of(c.t[0]);
  const tx_report report =
      past.with(read_edn(R"([{:name "Oleg" :age 9} [:db/add [:name "Ivan"] :tag "c"]])"));
  EXPECT_EQ(report.t, c.conn.db().next_t());
  EXPECT_EQ(report.db_before.as_of_t(), c.t[0]);
  const db branch = report.db_after;
  EXPECT_EQ(branch.basis_t(), report.t);
  EXPECT_EQ(branch.next_t(), report.t + 2);  // Oleg took one
  EXPECT_EQ(branch.as_of_t(), std::nullopt);
  EXPECT_EQ(values_of(branch, 1001, "age"), "[1]");
  EXPECT_EQ(values_of(branch, 1001, "tag"), R"(["a" "b" "c"])");
  EXPECT_EQ(branch.entid(read_edn(R"([:name "Anna"])")), std::nullopt);
  EXPECT_TRUE(branch.entid(read_edn(R"([:name "Oleg"])")));
  EXPECT_EQ(values_of(branch.as_of(c.t[2]), 1001, "age"), "[1]");  // that transaction is not there
}

TEST(PastBranch, HasTheClockOfItsMoment) {
  counted_connection c;
  const auto say = [&](const char* instant, const char* more) {
    return "[{:db/id \"datomic.tx\" :db/txInstant #inst \"" + std::string{instant} + "\"}" + more + "]";
  };
  const auto t = transact(c.conn, say("2090-01-01", "[:db/add 1001 :age 7]")).t;
  transact(c.conn, say("2092-01-01", "[:db/add 1001 :age 8]"));
  const db past = c.conn.db().as_of(t);
  const db branch = past.with(read_edn(say("2091-01-01", "[:db/add 1001 :age 9]"))).db_after;
  EXPECT_EQ(values_of(branch.as_of(read_edn("#inst \"2091-06-01\"")), 1001, "age"), "[9]");
  EXPECT_EQ(values_of(branch.as_of(read_edn("#inst \"2090-06-01\"")), 1001, "age"), "[7]");
  EXPECT_THROW(past.with(read_edn(say("2089-01-01", ""))), error);
  EXPECT_THROW(branch.with(read_edn(say("2090-06-01", ""))), error);
}

TEST(PastBranch, OfASinceViewKnowsNothingOfWhatItHides) {
  counted_connection c;
  const db recent = c.conn.db().since(c.t[0]);
  const tx_report report = recent.with(read_edn(R"([{:name "Ivan" :age 9}])"));  // a new Ivan
  EXPECT_NE(report.db_after.entid(read_edn(R"([:name "Ivan"])")), 1001);
  EXPECT_EQ(values_of(report.db_after, 1001, "age"), "[3]");
  EXPECT_EQ(values_of(report.db_after, 1001, "name"), "[]");
  const db changed = recent.with(read_edn("[[:db/add 1001 :age 4]]")).db_after;
  EXPECT_EQ(values_of(changed, 1001, "age"), "[4]");
}

TEST(PastBranch, OfAFilteredDbShowsItsOwnFactsWhateverThePredicateSays) {
  counted_connection c;
  const db some = c.conn.db().filter([](const db&, const datom& d) { return d.e != 1002; });
  const db branch = some.with(read_edn(R"([{:db/id 1002 :age 6} {:db/id 1001 :age 4}])")).db_after;
  EXPECT_FALSE(branch.is_filtered());
  EXPECT_EQ(values_of(branch, 1002, "age"), "[6]");
  EXPECT_EQ(values_of(branch, 1002, "name"), "[]");
  EXPECT_EQ(values_of(branch, 1001, "age"), "[4]");
  const db again =
      branch.filter([](const db& in, const datom& d) { return values_of(in, d.e, "age") == "[6]"; });
  EXPECT_EQ(values_of(again, 1002, "age"), "[6]");
  EXPECT_EQ(values_of(again, 1001, "age"), "[]");
}

TEST(PastBranch, OfAHistoryIsRefused) {
  counted_connection c;
  for (const db& all : {c.conn.db().history(), c.conn.db().as_of(c.t[0]).history()}) {
    try {
      all.with(read_edn("[]"));
      ADD_FAILURE() << "was not refused";
    } catch (const error& e) {
      EXPECT_EQ(e.code(), "db.error/history-db");
    }
  }
}

TEST(PastBranch, ForgetsWhatItEndsOfAnAttributeWithoutHistory) {
  counted_connection c;
  const auto t = transact(c.conn, "[[:db/add 1001 :secret 1]]").t;
  transact(c.conn, "[[:db/add 1001 :plain 1]]");
  const db one =
      c.conn.db().as_of(t).with(read_edn("[[:db/add 1001 :secret 2] [:db/add 1002 :secret 3]]")).db_after;
  const db two = one.with(read_edn("[[:db/retract 1001 :secret] [:db/add 1002 :secret 4]]")).db_after;
  EXPECT_EQ(values_of(one, 1001, "secret"), "[2]");
  EXPECT_EQ(values_of(one.as_of(t), 1001, "secret"), "[]");
  EXPECT_EQ(one.history().datoms(aevt, kw("secret")).to_vector().size(), 2u);
  EXPECT_EQ(values_of(two, 1001, "secret"), "[]");
  EXPECT_EQ(values_of(two, 1002, "secret"), "[4]");
  EXPECT_EQ(two.history().datoms(aevt, kw("secret")).to_vector().size(), 1u);
}

TEST(PastBranch, MayBeBranchedAgainAtAnyMoment) {
  counted_connection c;
  const db one = c.conn.db().as_of(c.t[0]).with(read_edn("[[:db/add 1001 :age 10]]")).db_after;
  const db two = one.with(read_edn("[[:db/add 1001 :age 11] [:db/retract 1001 :tag \"a\"]]")).db_after;
  const db other = two.as_of(one.basis_t()).with(read_edn("[[:db/add 1001 :plain 1]]")).db_after;
  EXPECT_EQ(values_of(two, 1001, "age"), "[11]");
  EXPECT_EQ(values_of(two.as_of(one.basis_t()), 1001, "age"), "[10]");
  EXPECT_EQ(values_of(two.as_of(c.t[0]), 1001, "age"), "[1]");
  EXPECT_EQ(values_of(other, 1001, "age"), "[10]");
  EXPECT_EQ(values_of(other, 1001, "tag"), R"(["a" "b"])");
  EXPECT_EQ(values_of(other, 1001, "plain"), "[1]");
  EXPECT_EQ(values_of(two, 1001, "plain"), "[]");
}

TEST(PastBranch, MayAlterItsSchemaAndFillsAvet) {
  for (const store& in : all_stores()) {
    SCOPED_TRACE(in.name);
    connection conn{in.open()};
    transact(conn, schema);
    transact(conn, "[[:db/add 1001 :plain 3] [:db/add 1002 :plain 2] [:db/add 1003 :plain 9]]");
    const auto t = transact(conn, "[[:db/add 1001 :plain 4] [:db/retract 1003 :plain 9]]").t;
    transact(conn, "[[:db/add 1001 :plain 5]]");
    const std::vector<const char*> steps{"[[:db/add :plain :db/index true] [:db/add 1004 :plain 1]]",
                                         "[[:db/add 1001 :plain 6]]", "[[:db/add :plain :db/index false]]",
                                         "[[:db/add :plain :db/index true] {:db/ident :more :db/valueType "
                                         ":db.type/long :db/cardinality :db.cardinality/one}]",
                                         "[[:db/add 1002 :more 1] [:db/retract 1002 :plain 2]]"};
    db past = conn.db().as_of(t);
    db now = conn.db().with(read_edn("[[:db/add 1001 :plain 4]]")).db_after;  // the same, but for its past
    for (const char* step : steps) {
      past = past.with(read_edn(step)).db_after, now = now.with(read_edn(step)).db_after;
      expect_same(past, now);
    }
    EXPECT_EQ(past.index_range(kw("plain"), 1, 7).to_vector().size(), 2u);
    EXPECT_EQ(past.history().datoms(avet, kw("plain"), 9).to_vector().size(), 2u);
    EXPECT_EQ(past.history().datoms(avet, kw("plain"), 5).to_vector().size(), 0u);
    EXPECT_EQ(past.as_of(t).datoms(avet, kw("plain")).count(), 2u);
  }
}

TEST(PastBranch, NeverTouchesTheStorage) {
  counted_connection c;
  const auto before = all_facts(c.conn.db().history());
  const auto commits = c.counters->counts().commits;
  for (const db& view : {c.conn.db(), c.conn.db().as_of(c.t[0]), c.conn.db().since(c.t[0]),
                         c.conn.db().filter([](const db&, const datom&) { return true; })}) {
    const db once = view.with(read_edn("[[:db/add 1001 :age 10]]")).db_after;
    once.with(read_edn("[[:db/add 1001 :age 11]]"));
    once.as_of(c.t[0]).with(read_edn("[[:db/add 1001 :age 12]]"));
  }
  EXPECT_EQ(c.counters->counts().commits, commits);
  EXPECT_EQ(all_facts(c.conn.db().history()), before);
}

// -- the log

std::vector<std::int64_t> ts(const db& in, std::optional<value> start = {}, std::optional<value> end = {}) {
  std::vector<std::int64_t> out;
  in.tx_range(start, end, [&](const datoms::log_record& r) {
    out.push_back(r.t);
    return true;
  });
  return out;
}

using numbers = std::vector<std::int64_t>;

TEST(TxRange, IncludesItsStartAndExcludesItsEndByTTxAndInstant) {
  counted_connection c;
  const auto at = [&](const char* instant) {
    return transact(c.conn, "[{:db/id \"datomic.tx\" :db/txInstant #inst \"" + std::string{instant} + "\"}]")
        .t;
  };
  const auto a = at("2090-01-01"), b = at("2091-01-01"), tie = at("2091-01-01"), d = at("2092-01-01");
  const db now = c.conn.db();
  EXPECT_EQ(ts(now, value{a}, value{d}), (numbers{a, b, tie}));
  EXPECT_EQ(ts(now, value{datoms::t_to_tx(b)}, value::ref(datoms::t_to_tx(d))), (numbers{b, tie}));
  EXPECT_EQ(ts(now, read_edn("#inst \"2091-01-01\""), read_edn("#inst \"2092-01-01\"")), (numbers{b, tie}));
  EXPECT_EQ(ts(now, read_edn("#inst \"2090-06-01\"")), (numbers{b, tie, d}));
  EXPECT_EQ(ts(now, value{a}, read_edn("#inst \"2091-01-01\"")), (numbers{a}));
  EXPECT_EQ(ts(now, read_edn("#inst \"2093-01-01\"")), numbers{});
  EXPECT_EQ(ts(now).front(), datoms::bootstrap_t);
  EXPECT_EQ(ts(now).size(), 9u);
  EXPECT_EQ(ts(now, value{d}, value{a}), numbers{});
  numbers by_connection;
  c.conn.tx_range(datoms::t_to_tx(b), datoms::t_to_tx(d), [&](const datoms::log_record& r) {
    by_connection.push_back(r.t);
    return true;
  });
  EXPECT_EQ(by_connection, (numbers{b, tie}));
}

TEST(TxRange, ShowsWhatTheDbShows) {
  counted_connection c;
  const db now = c.conn.db();
  EXPECT_EQ(ts(now.as_of(c.t[1]), value{c.t[0]}), (numbers{c.t[0], c.t[1]}));
  EXPECT_EQ(ts(now.since(c.t[0])), (numbers{c.t[1], c.t[2]}));
  EXPECT_EQ(ts(now.history().as_of(c.t[0]), value{c.t[0]}), (numbers{c.t[0]}));
  const db ages = now.filter([](const db& in, const datom& d) { return d.a == in.attribute(kw("age"))->id; });
  ages.tx_range(value{c.t[2]}, std::nullopt, [&](const datoms::log_record& r) {
    EXPECT_EQ(r.datoms.size(), 2u);  // 2 no more, 3
    EXPECT_EQ(r.retracted, (numbers{c.t[1]}));
    return true;
  });
  int seen = 0;
  now.tx_range(std::nullopt, std::nullopt, [&](const datoms::log_record&) { return ++seen < 2; });
  EXPECT_EQ(seen, 2);
}

TEST(TxRange, OfABranchHasItsOwnTransactions) {
  for (const store& in : all_stores()) {
    SCOPED_TRACE(in.name);
    connection conn{in.open()};
    transact(conn, schema);
    const auto first = transact(conn, "[[:db/add 1001 :age 1]]").t,
               second = transact(conn, "[[:db/add 1001 :age 2]]").t;
    const auto branched = [&](const db& of) {
      return of.with(read_edn("[[:db/add 1001 :age 3]]"))
          .db_after.with(read_edn("[[:db/add 1001 :age 4]]"))
          .db_after;
    };
    const db now = branched(conn.db()), past = branched(conn.db().as_of(first));
    EXPECT_EQ(ts(now, value{first}), (numbers{first, second, second + 1, second + 2}));
    EXPECT_EQ(ts(past, value{first}), (numbers{first, second + 1, second + 2}));
    EXPECT_EQ(ts(past.as_of(second + 1), value{first}), (numbers{first, second + 1}));
    EXPECT_EQ(ts(branched(past.as_of(second + 1)), value{first}),
              (numbers{first, second + 1, second + 3, second + 4}));
    EXPECT_EQ(ts(conn.db(), value{first}), (numbers{first, second}));
    past.tx_range(value{second + 1}, value{second + 2}, [&](const datoms::log_record& r) {
      EXPECT_EQ(r.retracted, (numbers{first}));
      EXPECT_EQ(r.datoms.size(), 3u);
      return true;
    });
  }
}

}  // namespace past_branch_test
