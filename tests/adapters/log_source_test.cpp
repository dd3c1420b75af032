// The log as a datasource: what it says, which transactions it reads for it.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include <datolite/adapters/db_source.hpp>
#include <datolite/adapters/log_source.hpp>
#include <datolite/core/edn.hpp>
#include <datolite/datoms/connection.hpp>
#include <datolite/engines/url.hpp>
#include <datolite/query/query.hpp>

namespace log_source_test {

using namespace datolite;
using adapters::log_source;

constexpr std::string_view schema = R"([
  {:db/ident :name   :db/valueType :db.type/string :db/cardinality :db.cardinality/one :db/unique :db.unique/identity}
  {:db/ident :age    :db/valueType :db.type/long   :db/cardinality :db.cardinality/one}
  {:db/ident :hidden :db/valueType :db.type/long   :db/cardinality :db.cardinality/one :db/noHistory true}
  {:db/ident :friend :db/valueType :db.type/ref    :db/cardinality :db.cardinality/many}
  {:db/ident :why    :db/valueType :db.type/string :db/cardinality :db.cardinality/one}])";

class LogSource : public ::testing::Test {
 protected:
  std::int64_t transact(std::string_view text) { return conn.transact(read_edn(text)).t; }

  void SetUp() override {
    transact(schema);
    t.push_back(
        transact(R"([{:db/id 201 :name "Ivan" :age 1 :hidden 1} {:db/id "datomic.tx" :why "import"}])"));
    t.push_back(transact(R"([{:db/id 201 :age 2} {:db/id 202 :name "Anna" :age 2 :friend 201}])"));
    t.push_back(transact(R"([{:db/id 201 :age 3 :hidden 2} {:db/id "datomic.tx" :why "import"}])"));
    t.push_back(transact(R"([[:db/retractEntity 202]])"));
  }

  template <class... Args>
  value ask(std::string_view query, Args&&... args) const {
    return q(query, std::forward<Args>(args)...).as_value();
  }
  static value tx(std::int64_t of) { return value::ref(datoms::t_to_tx(of)); }

  connection conn{engines::open_url("mem:")};
  std::vector<std::int64_t> t;
};

TEST_F(LogSource, HasTheDatomsOfEachTransactionInADatabasesSlots) {
  const log_source log{conn.db()};
  EXPECT_EQ(ask("[:find ?v ?added :in $log ?tx :where [$log 201 :age ?v ?tx ?added]]", log, tx(t[1])),
            read_edn("#{[1 false] [2 true]}"));
  EXPECT_EQ(ask("[:find ?v :in $log :where [$log ?e :age ?v _ false]]", log), read_edn("#{[1] [2]}"));
  EXPECT_EQ(ask("[:find (count ?v) . :in $log :where [$log _ :friend ?v _ false]]", log), value{1});
}

TEST_F(LogSource, KnowsWhatAttributesWithoutHistoryHaveHad) {
  EXPECT_EQ(ask("[:find ?v :in $log :where [$log 201 :hidden ?v _ true]]", log_source{conn.db()}),
            read_edn("#{[1] [2]}"));
  EXPECT_EQ(ask("[:find ?v :in $ :where [201 :hidden ?v _ true]]", conn.db().history()), read_edn("#{[2]}"));
}

TEST_F(LogSource, ResolvesAliasesAsADatabaseDoesAsConstantsAndThroughJoins) {
  const db now = conn.db();
  const log_source log{now};
  const value ivan = read_edn("[:name \"Ivan\"]");
  const value ages = read_edn("#{[1] [2] [3]}");
  EXPECT_EQ(ask("[:find ?v :in $log ?e :where [$log ?e :age ?v _ true]]", log, ivan), ages);
  EXPECT_EQ(ask("[:find ?v :in $log [?e ...] :where [$log ?e :age ?v _ true]]", log,
                read_edn("[[:name \"Ivan\"]]")),
            ages);
  EXPECT_EQ(ask("[:find ?v :in $log [?a ...] :where [$log 201 ?a ?v _ true]]", log, read_edn("[:age :why]")),
            ages);
  EXPECT_EQ(
      to_edn(ask("[:find ?e :in $log :where [$log ?e :friend [:name \"Ivan\"]]]", log), edn_style::plain),
      "#{[202]}");
  EXPECT_EQ(ask("[:find ?v :in $log :where [$log 201 :nothing ?v]]", log), read_edn("#{}"));
}

TEST_F(LogSource, JoinsWithADatabase) {
  const db now = conn.db();
  EXPECT_EQ(
      ask("[:find ?n ?v :in $ $log :where [?tx :why \"import\"] [$log ?e :age ?v ?tx true] [?e :name ?n]]",
          now, log_source{now}),
      read_edn("#{[\"Ivan\" 1] [\"Ivan\" 3]}"));
}

TEST_F(LogSource, ShowsItsRangeAndWhatItsDbShows) {
  const auto ages = [&](const log_source& log) {
    return ask("[:find ?v :in $log :where [$log 201 :age ?v _ true]]", log);
  };
  const db now = conn.db();
  EXPECT_EQ(ages(log_source{now, value{t[1]}, value{t[2]}}), read_edn("#{[2]}"));
  EXPECT_EQ(ages(log_source{now, tx(t[1])}), read_edn("#{[2] [3]}"));
  EXPECT_EQ(ages(log_source{now, std::nullopt, value{t[1]}}), read_edn("#{[1]}"));
  EXPECT_EQ(ages(log_source{now, read_edn("#inst \"2200\"")}), read_edn("#{}"));
  EXPECT_EQ(ages(log_source{now.as_of(t[1])}), read_edn("#{[1] [2]}"));
  EXPECT_EQ(ages(log_source{now.since(t[1])}), read_edn("#{[3]}"));
  EXPECT_EQ(ages(log_source{now.filter([&](const db&, const datom& d) { return d.t() != t[1]; })}),
            read_edn("#{[1] [3]}"));
  const db branch = now.as_of(t[0]).with(read_edn("[[:db/add 201 :age 9]]")).db_after;
  EXPECT_EQ(ages(log_source{branch}), read_edn("#{[1] [9]}"));
}

TEST_F(LogSource, HasTheFirstAndTheLastTransactionOfItsSpanWhereTransactionsAreJoined) {
  const db now = conn.db();
  const value each = value::vector({tx(t[0]), tx(t[1]), tx(t[2]), tx(t[3])});
  const auto told = [&](const log_source& log) {
    return ask("[:find ?a ?v ?op :in $log [?tx ...] :where [$log ?e ?a ?v ?tx ?op] [(string? ?v)]]", log,
               each)
        .elements()
        .size();
  };
  EXPECT_EQ(told(log_source{now, value{t[0]}, value{t[1]}}), 2u);  // Ivan, import
  EXPECT_EQ(told(log_source{now, value{t[1]}, value{t[3]}}), 2u);  // Anna, import
  EXPECT_EQ(told(log_source{now, value{t[3]}}), 1u);               // Anna no more
  EXPECT_EQ(told(log_source{now}), 4u);  // the import of both transactions is one row
}

TEST_F(LogSource, ReadsOnlyTheTransactionsThatAreNamedOrBounded) {
  for (int i = 0; i < 200; ++i) transact("[[:db/add 300 :age " + std::to_string(i) + "]]");
  const db now = conn.db();
  const log_source log{now};
  const auto records = [&](std::string_view query, std::vector<query::argument> args) {
    const auto answer =
        q({.query = value{query}, .args = std::move(args), .io_context = value::keyword("a/b")});
    const value* const steps = find_keyword(*find_keyword(answer.io_stats(), "steps"), "other");
    return steps == nullptr ? 0 : steps->as_long();
  };
  EXPECT_EQ(records("[:find ?v :in $log ?tx :where [$log ?e :age ?v ?tx true]]", {log, tx(t[1])}), 1);
  EXPECT_EQ(records("[:find ?v :in $ $log :where [?tx :why] [$log ?e :age ?v ?tx true]]", {now, log}), 2);
  EXPECT_EQ(records("[:find ?v :in $log ?a ?b :where [$log 300 :age ?v ?tx true] [(<= ?a ?tx)] [(< ?tx ?b)]]",
                    {log, tx(now.basis_t() - 9), tx(now.basis_t())}),
            9);
}

TEST_F(LogSource, SaysWhatHistorySaysOfAnyPattern) {
  std::mt19937 random{3};
  for (int i = 0; i < 60; ++i) {
    const std::string e = std::to_string(401 + random() % 5), v = std::to_string(random() % 4);
    transact(random() % 3 == 0   ? "[[:db/retract " + e + " :age]]"
             : random() % 2 == 0 ? "[[:db/add " + e + " :age " + v + "]]"
                                 : "[[:db/add " + e + " :friend 40" + v + "]]");
  }
  const db now = conn.db();
  const db all = now.history().since(t[3]);
  const log_source log{now.since(t[3])};
  for (const char* where :
       {"[$s ?x ?a ?y ?tx ?op]", "[$s 403 ?a ?y ?tx ?op] [(identity 403) ?x]",
        "[$s ?x :age ?y ?tx ?op] [(identity 0) ?a]", "[$s ?x ?a 402 ?tx ?op] [(identity 0) ?y]",
        "[$s ?x :age 2 ?tx ?op] [(identity 0) ?a] [(identity 0) ?y]",
        "[$s ?x :age ?y ?tx ?op] [(< 1 ?y)] [(identity 0) ?a]",
        "[$s ?x ?a ?y ?tx ?op] [$s ?x ?a ?y ?tx2 ?op2] [(< ?tx ?tx2)]",
        "[$s ?x :friend ?y ?tx ?op] [$s ?y :age ?a ?tx2 true] [(< ?tx2 ?tx)]"}) {
    const std::string query = "[:find ?x ?a ?y ?tx ?op :in $s :where " + std::string{where} + "]";
    EXPECT_EQ(ask(query, log), ask(query, all)) << where;
  }
}

TEST_F(LogSource, RefusesAPatternOfSixSlots) {
  try {
    ask("[:find ?e :in $log :where [$log ?e ?a ?v ?tx ?op ?more]]", log_source{conn.db()});
    ADD_FAILURE() << "was not refused";
  } catch (const error& e) {
    EXPECT_EQ(e.code(), "db.error/invalid-data-pattern");
  }
}

}  // namespace log_source_test
