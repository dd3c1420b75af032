// Functions and predicates that transactions name. Each test's name states a rule.
#include "stores.hpp"
#include "support.hpp"

#include <stdexcept>

#include <datolite/datoms/tempid.hpp>
#include <datolite/datoms/tx_functions.hpp>
#include <datolite/datoms/tx_predicates.hpp>

namespace tx_functions_test {

using namespace datolite_test;
using arguments = std::span<const value>;

constexpr std::string_view schema = R"([
  {:db/ident :name   :db/valueType :db.type/string :db/cardinality :db.cardinality/one :db/unique :db.unique/identity}
  {:db/ident :age    :db/valueType :db.type/long   :db/cardinality :db.cardinality/one}
  {:db/ident :friend :db/valueType :db.type/ref    :db/cardinality :db.cardinality/many}
  {:db/ident :email  :db/valueType :db.type/string :db/cardinality :db.cardinality/one :db.attr/preds [my/short? my/at?]}
  {:db/ident :odd    :db/valueType :db.type/long   :db/cardinality :db.cardinality/many :db.attr/preds my/odd?}])";

value increment(const db& before, arguments args) {
  std::vector<value> held;
  const attribute_facts* const a = before.attribute(args[1]);
  before.access().read(*before.entid(args[0]), a->id, held);
  const std::int64_t now = held.empty() ? 0 : held[0].word();
  return value::vector({value::vector({kw("db/add"), args[0], args[1], value{now + args[2].word()}})});
}

std::shared_ptr<tx_functions> functions() {
  auto made = std::make_shared<tx_functions>();
  made->add("my/inc", increment);
  made->add("my/nothing", [](const db&, arguments) { return value{}; });
  made->add("my/data", [](const db&, arguments args) { return args[0]; });
  made->add("my/throws", [](const db&, arguments) -> value { throw std::runtime_error{"no luck"}; });
  made->add("my/refuses", [](const db&, arguments) -> value {
    throw error{error_category::conflict, "my.error/no", "not today", "{:until :tomorrow}"};
  });
  made->add("my/number", [](const db&, arguments) { return value{7}; });
  made->add("my/forever", [](const db&, arguments) {
    return value::vector({value::vector({kw("my/forever")}), value::vector({kw("my/forever")})});
  });
  made->add("my/down", [](const db&, arguments args) {
    const std::int64_t n = args[0].word();
    if (n == 0) return read_edn(R"([{:name "bottom"}])");
    return value::vector({value::vector({kw("my/down"), value{n - 1}})});
  });
  made->add("my/make", [](const db&, arguments args) {
    const value e{datoms::tempid(datoms::part_user)};
    return value::vector({value::vector({kw("db/add"), e, kw("name"), args[0]}),
                          value::vector({kw("db/add"), args[1], kw("friend"), e})});
  });
  made->add_attribute_predicate("my/short?", [](const value& v) { return v.raw().size() < 20; });
  made->add_attribute_predicate("my/at?",
                                [](const value& v) { return v.raw().find('@') != std::string_view::npos; });
  made->add_attribute_predicate("my/odd?", [](const value& v) {
    if (v.word() == 13) throw std::runtime_error{"unlucky"};
    return v.word() % 2 != 0 ? value{true} : kw("even");
  });
  made->add_entity_predicate("my/grown?", [](const db& after, entity_id e) {
    return values_of(after, e, "age") != "[]" && values_of(after, e, "age") >= "[18]";
  });
  return made;
}

class TxFunctions : public testing::Test {
 protected:
  void SetUp() override {
    transact(conn, schema);
    transact(conn, R"([{:db/id 101 :name "Ivan" :age 15} {:db/id 102 :name "Petr"}
      {:db/ident :spec/person :db.entity/attrs [:name :age]}
      {:db/ident :spec/grown  :db.entity/attrs :name :db.entity/preds my/grown?}
      {:db/ident :spec/none   :db/doc "no spec"}
      {:db/ident :spec/lost   :db.entity/preds my/unknown?}])");
  }
  std::string of(const value& e, std::string_view a) { return values_of(conn.db(), e, a); }
  void refused(std::string_view text, std::string_view code, std::string_view words = {}) {
    expect_refused(conn, text, code, words);
  }

  connection conn{new_memory(), {.functions = functions()}};
};

TEST_F(TxFunctions, AreCalledByKeywordOrSymbol) {
  transact(conn, "[[:my/inc 101 :age 1] (my/inc 102 :age 5)]");
  EXPECT_EQ(of(101, "age"), "[16]");
  EXPECT_EQ(of(102, "age"), "[5]");
}

TEST_F(TxFunctions, SeeTheDatabaseBeforeAndNotOneAnother) {
  transact(conn, "[[:my/inc 101 :age 1] [:my/inc 101 :age 1]]");
  EXPECT_EQ(of(101, "age"), "[16]");
  refused("[[:my/inc 101 :age 1] [:my/inc 101 :age 2]]", "db.error/datoms-conflict");
}

TEST_F(TxFunctions, MayReturnNothing) { EXPECT_EQ(transact(conn, "[[:my/nothing]]").tx_data.size(), 1u); }

TEST_F(TxFunctions, MayReturnAnyTransactionData) {
  transact(conn, R"([[:my/data #{{:name "Oleg" :friend [[:name "Ivan"] "x"]} [:db/retract 101 :age]
                                 [:my/inc 102 :age 1] {:db/id "x" :name "X"}}]])");
  EXPECT_EQ(of(read_edn("[:name \"Oleg\"]"), "friend").find("[101 "), 0u);
  EXPECT_EQ(of(101, "age"), "[]");
  EXPECT_EQ(of(102, "age"), "[1]");
}

TEST_F(TxFunctions, ShareStringTempidsWithTheirCaller) {
  const auto report = transact(conn, R"([{:db/id "x" :name "X"} [:my/data [[:db/add "x" :age 3]]]])");
  EXPECT_EQ(of(*report.resolve_tempid("x"), "age"), "[3]");
}

TEST_F(TxFunctions, DrawTempidsFromARangeOfTheirOwn) {
  const value mine{datoms::tempid(datoms::part_user)};
  const value call = value::vector({kw("my/make"), value{"made"}, mine});
  const auto report =
      conn.transact(value::vector({call, value::vector({kw("db/add"), mine, kw("name"), "mine"})}));
  ASSERT_EQ(report.tempids.size(), 2u);
  EXPECT_EQ(of(*report.resolve_tempid(mine), "name"), "[\"mine\"]");
  for (const auto& [name, e] : report.tempids) {
    const std::int64_t index = datoms::tempid_index(name.word());
    EXPECT_EQ(index <= datoms::first_function_index, name != mine) << index;
  }
}

TEST_F(TxFunctions, MayCallOneAnotherToADepth) {
  transact(conn, "[[:my/down 200]]");
  EXPECT_NE(conn.db().entid(read_edn("[:name \"bottom\"]")), std::nullopt);
  refused("[[:my/down 1000]]", "db.error/endless-tx-function", "[:my/down 1000]");
  refused("[[:my/forever]]", "db.error/endless-tx-function", "[:my/forever]");
}

TEST_F(TxFunctions, ThatThrowAreAnErrorThatNamesTheCall) {
  refused("[[:my/throws 1 2]]", "db.error/tx-function-failed", "no luck, in [:my/throws 1 2]");
  refused("[[:my/refuses]]", "my.error/no", "not today, in [:my/refuses]");
}

TEST_F(TxFunctions, ErrorsOfTheirOwnKeepCategoryCodeAndDetails) {
  try {
    transact(conn, "[[:my/refuses]]");
    ADD_FAILURE() << "was not refused";
  } catch (const error& e) {
    EXPECT_EQ(e.category(), error_category::conflict);
    EXPECT_EQ(e.details(), "{:until :tomorrow}");
  }
}

TEST_F(TxFunctions, ThatReturnNonsenseAreAnErrorThatNamesTheCall) {
  refused("[[:my/number]]", "db.error/invalid-tx-data", "[:my/number]");
  refused("[[:my/data [17]]]", "db.error/invalid-tx-form", "returned by [:my/data [17]]");
  refused("[[:my/data [[:my/data [[:db/add 101 :age \"x\"]]]]]]", "db.error/wrong-type-for-attribute",
          "returned by [:my/data [[:my/data");
}

TEST_F(TxFunctions, ThatAreUnknownAreRefusedByName) {
  refused("[[:my/unknown 1]]", "db.error/unknown-operation", "[:my/unknown 1]");
  refused("[[\"my/inc\" 101 :age 1]]", "db.error/unknown-operation");
}

TEST_F(TxFunctions, GoWithTheDatabase) {
  const db branch = conn.db().with(read_edn("[[:my/inc 101 :age 1]]")).db_after;
  EXPECT_EQ(values_of(branch.with(read_edn("[[:my/inc 101 :age 1]]")).db_after, 101, "age"), "[17]");
  EXPECT_EQ(of(101, "age"), "[15]");
}

TEST_F(TxFunctions, SeeThePastThatABranchIsMadeOf) {
  const std::int64_t then = conn.db().basis_t();
  transact(conn, "[[:db/add 101 :age 50]]");
  const db past = conn.db().as_of(then);
  EXPECT_EQ(values_of(past.with(read_edn("[[:my/inc 101 :age 1]]")).db_after, 101, "age"), "[16]");
  EXPECT_THROW(past.with(read_edn("[{:db/id 101 :age 17 :db/ensure :spec/grown}]")), error);
  EXPECT_THROW(past.with(read_edn("[[:db/add 101 :odd 4]]")), error);
}

// -- predicates of attributes

TEST_F(TxFunctions, EveryNewValuePassesItsAttributesPredicates) {
  transact(conn, R"([{:db/id 101 :email "ivan@x" :odd [1 3]}])");
  EXPECT_EQ(of(101, "email"), R"(["ivan@x"])");
  refused(R"([[:db/add 101 :email "ivan"]])", "db.error/attr-pred", "\"ivan\" of the attribute :email");
  refused(R"([[:db/add 101 :email "ivan"]])", "db.error/attr-pred", "my/at?, which returned false");
  refused(R"([{:db/id 101 :email "a.very.long.address@example.org"}])", "db.error/attr-pred", "my/short?");
  refused(R"([[:my/data [{:db/id 101 :odd [5 7 8]}]]])", "db.error/attr-pred", "8");
}

TEST_F(TxFunctions, OnlyTruePassesAPredicate) {
  refused("[[:db/add 101 :odd 4]]", "db.error/attr-pred", "returned :even");
  refused("[[:db/add 101 :odd 13]]", "db.error/attr-pred", "it threw unlucky");
}

TEST_F(TxFunctions, PredicatesAreNotAskedOfWhatIsTrueAlreadyOrGoes) {
  transact(conn, "[[:db/add 101 :age 4]]");
  transact(conn, "[[:db/add :age :db.attr/preds my/odd?]]");
  transact(conn, "[[:db/add 101 :age 4]]");
  refused("[[:db/add 102 :age 4]]", "db.error/attr-pred");
  transact(conn, "[[:db/retract 101 :age 4]]");
  transact(conn, "[[:db/retract :age :db.attr/preds my/odd?]]");
  transact(conn, "[[:db/add 102 :age 4]]");
}

TEST_F(TxFunctions, APredicateThatNobodyGaveRefuses) {
  transact(conn, "[[:db/add :age :db.attr/preds my/who?]]");
  refused("[[:db/add 101 :age 4]]", "db.error/unknown-predicate", "my/who? of the attribute :age");
}

// -- specs of entities

TEST_F(TxFunctions, EnsureDemandsTheAttributesOfASpec) {
  transact(conn, R"([{:name "Oleg" :age 3 :db/ensure :spec/person}])");
  refused(R"([{:name "Olga" :db/ensure :spec/person}])", "db.error/entity-attr", ":spec/person: :age");
  refused(R"([[:db/add 102 :db/ensure :spec/person]])", "db.error/entity-attr", "102");
  refused(R"([[:db/retract 101 :age] [:db/add 101 :db/ensure :spec/person]])", "db.error/entity-attr",
          ":age");
}

TEST_F(TxFunctions, EnsureAsksPredicatesOfTheDatabaseAfter) {
  transact(conn, "[{:db/id 101 :age 18 :db/ensure :spec/grown}]");
  refused("[{:db/id 101 :age 17 :db/ensure [:spec/person :spec/grown]}]", "db.error/entity-pred",
          "my/grown? of the spec :spec/grown, which returned false");
  refused("[[:db/add 101 :db/ensure :spec/lost]]", "db.error/unknown-predicate", "my/unknown?");
  EXPECT_THROW(conn.db().with(read_edn("[{:db/id 101 :age 17 :db/ensure :spec/grown}]")), error);
}

TEST_F(TxFunctions, EnsureIsKeptNowhere) {
  const auto report = transact(conn, "[[:db/add 101 :db/ensure :spec/person]]");
  EXPECT_EQ(report.tx_data.size(), 1u);
  transact(conn, "[[:db/retract 101 :age]]");  // what was ensured once binds nobody later
  refused("[[:db/retract 101 :db/ensure :spec/person]]", "db.error/invalid-tx-form");
  refused("[{:db/id :spec/person :db/_ensure 101}]", "db.error/invalid-tx-form");
}

TEST_F(TxFunctions, EnsureNamesASpecThatExists) {
  refused("[[:db/add 101 :db/ensure :spec/none]]", "db.error/not-a-spec", ":spec/none");
  refused("[[:db/add 101 :db/ensure :spec/which]]", "db.error/not-an-entity", ":spec/which");
  refused("[{:db/id \"s\" :db.entity/attrs :name} [:db/add 101 :db/ensure \"s\"]]", "db.error/not-a-spec");
  refused("[[:db/add \"t\" :db/ensure :spec/person]]", "db.error/tempid-not-an-entity", "\"t\"");
}

TEST_F(TxFunctions, EnsureFollowsATempidToItsEntity) {
  transact(conn, R"([{:db/id "t" :name "Ivan" :db/ensure :spec/person}])");
  refused(R"([{:db/id "t" :name "Petr" :db/ensure :spec/person}])", "db.error/entity-attr", "102");
}

TEST(TxFunctionsThat, UseTheirOwnConnectionAreRefused) {
  connection* own = nullptr;
  auto made = std::make_shared<tx_functions>();
  made->add("my/transacts", [&](const db&, arguments) -> value {
    own->transact(value::vector({}));
    return {};
  });
  made->add("my/syncs", [&](const db&, arguments) -> value {
    own->sync();
    return {};
  });
  connection conn{new_memory(), {.functions = made}};
  own = &conn;
  expect_refused(conn, "[[:my/transacts]]", "db.error/transact-in-function", "cannot use its connection");
  expect_refused(conn, "[[:my/syncs]]", "db.error/transact-in-function", "cannot use its connection");
}

}  // namespace tx_functions_test
