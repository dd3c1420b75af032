// Rules of transactions that are easy to get wrong; those on forms stand in transact_test.cpp. Each test's
// name states its rule.
#include "two_people.hpp"

#include <random>

namespace tx_rules_test {

using namespace datolite_test;

constexpr std::string_view schema = R"([
  {:db/ident :name   :db/valueType :db.type/string :db/cardinality :db.cardinality/one}
  {:db/ident :email  :db/valueType :db.type/string :db/cardinality :db.cardinality/one :db/unique :db.unique/identity}
  {:db/ident :badge  :db/valueType :db.type/long   :db/cardinality :db.cardinality/one :db/unique :db.unique/value}
  {:db/ident :raw    :db/valueType :db.type/bytes  :db/cardinality :db.cardinality/one :db/unique :db.unique/identity}
  {:db/ident :age    :db/valueType :db.type/long   :db/cardinality :db.cardinality/one :db/index true}
  {:db/ident :price  :db/valueType :db.type/bigdec :db/cardinality :db.cardinality/one}
  {:db/ident :score  :db/valueType :db.type/double :db/cardinality :db.cardinality/one}
  {:db/ident :tag    :db/valueType :db.type/string :db/cardinality :db.cardinality/many}
  {:db/ident :boss   :db/valueType :db.type/ref    :db/cardinality :db.cardinality/one}
  {:db/ident :friend :db/valueType :db.type/ref    :db/cardinality :db.cardinality/many}
  {:db/ident :limb   :db/valueType :db.type/ref    :db/cardinality :db.cardinality/many :db/isComponent true}])";

class TxRules : public two_people {
 protected:
  TxRules() : two_people{schema} {}
};

// -- the report

TEST_F(TxRules, AReportShowsTheDatabaseBeforeAndAfter) {
  const auto report = transact(conn, R"([[:db/add 101 :age 16]])");
  EXPECT_EQ(values_of(report.db_before, 101, "age"), "[15]");
  EXPECT_EQ(values_of(report.db_after, 101, "age"), "[16]");
  EXPECT_EQ(report.db_after.basis_t(), report.t);
  EXPECT_EQ(report.db_before.next_t(), report.t);
  for (const datom& d : report.tx_data) EXPECT_EQ(d.t(), report.t);
}

TEST_F(TxRules, AReportNamesTempidsInTheOrderOfTheirFirstUse) {
  const auto report =
      transact(conn, R"([[:db/add 101 :friend "b"] {:db/id "a" :name "A"} {:db/id "b" :name "B"}])");
  ASSERT_EQ(report.tempids.size(), 2u);
  EXPECT_EQ(report.tempids[0].first, value{"b"});
  EXPECT_LT(report.tempids[0].second, report.tempids[1].second);
}

// -- an unordered set

TEST_F(TxRules, TheOrderOfFormsMeansNothing) {
  const std::vector<std::string> forms = {"[:db/add 101 :age 1]",        "[:db/add 101 :age 2]",
                                          "[:db/retract 101 :age 15]",   "[:db/retract 101 :age]",
                                          "[:db/retractEntity 102]",     "[:db/add 102 :badge 8]",
                                          "[:db/add 101 :badge 7]",      "[:db/add \"t\" :email \"ivan@x\"]",
                                          "[:db/add \"t\" :tag \"c\"]",  "[:db/retract 102 :badge 7]",
                                          "[:db/add \"t\" :friend 102]", "[:db/cas 101 :age 15 3]",
                                          "[:db/add 102 :boss \"t\"]",   "[:db/retract 101 :tag \"a\"]",
                                          "{:db/id \"t\" :name \"T\"}"};
  std::mt19937 random{7};
  const auto outcome = [&](const std::vector<std::string>& chosen) -> std::string {
    std::string text = "[";
    for (const std::string& one : chosen) text += one + " ";
    try {
      std::string all;
      for (const std::string& fact : all_facts(conn.db().with(read_edn(text + "]")).db_after.history()))
        all += fact + "\n";
      return all;
    } catch (const error& e) {
      return "refused";  // which contradiction is found first may depend on the order
    }
  };
  int refusals = 0;
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> chosen;
    std::sample(forms.begin(), forms.end(), std::back_inserter(chosen), 5, random);
    const std::string first = outcome(chosen);
    refusals += first == "refused";
    for (int again = 0; again < 3; ++again) {
      std::shuffle(chosen.begin(), chosen.end(), random);
      EXPECT_EQ(outcome(chosen), first) << "round " << round;
    }
  }
  EXPECT_GT(refusals, 30);
  EXPECT_LT(refusals, 270);
}

TEST_F(TxRules, AnEntityMayBeRetractedAndAssertedAnewInOtherFacts) {
  transact(conn, R"([[:db/retractEntity 101] [:db/add 101 :age 5]])");
  EXPECT_EQ(of(101, "age"), "[5]");
  EXPECT_EQ(of(101, "name"), "[]");
  refused(R"([[:db/retractEntity 102] [:db/add 102 :name "Petr"]])", "db.error/datoms-conflict", "Petr");
}

TEST_F(TxRules, AFactRetractedTwiceIsRetractedOnce) {
  EXPECT_EQ(size(R"([[:db/retract 101 :tag] [:db/retract 101 :tag "a"] [:db/retractEntity 101]])"), 5u);
}

TEST_F(TxRules, EntitiesThatReferToEachOtherAreRetractedTogether) {
  transact(conn, "[[:db/add 101 :friend 102] [:db/add 102 :friend 101]]");
  transact(conn, "[[:db/retractEntity 101] [:db/retractEntity [:email \"petr@x\"]]]");
  EXPECT_EQ(of(101, "friend"), "[]");
  EXPECT_EQ(of(102, "friend"), "[]");
}

TEST_F(TxRules, RetractEntityTakesWhatRefersToItsComponentsToo) {
  transact(conn, R"([{:db/id 101 :limb {:db/id "l" :name "arm"}} {:db/id 102 :friend "l"}])");
  transact(conn, "[[:db/retractEntity 101]]");
  EXPECT_EQ(of(102, "friend"), "[]");
}

TEST_F(TxRules, ManyIndependentFormsAreOneTransactionOrMany) {
  const std::string age = std::to_string(conn.db().attribute(kw("age"))->id);
  std::vector<std::string> forms;
  for (int i = 0; i < 200; ++i) {
    const std::string n = std::to_string(i), e = std::to_string(1000 + i * 7 % 200);
    const std::string kinds[] = {
        "[:db/add " + e + " :age " + n + "]", "{:db/id " + e + " " + age + " " + n + "}",
        "{:db/id " + e + " :_friend [101 [:email \"petr@x\"]] :tag [\"" + n + "\" \"t\"]}",
        "[:db/add 102 :tag \"" + n + "\"]"};
    forms.push_back(kinds[i % 4]);
  }
  connection other{new_memory()};
  transact(other, schema);
  transact(other, R"([{:db/id 101 :name "Ivan" :age 15 :email "ivan@x" :tag ["a" "b"]}
                      {:db/id 102 :name "Petr" :age 37 :email "petr@x" :badge 7}])");
  std::string all = "[";
  for (const std::string& one : forms) {
    all += one + "\n";
    transact(other, "[" + one + "]");
  }
  transact(conn, all + "]");
  const auto without_t = [](const db& in) {
    std::set<std::string> out;
    for (const std::string& fact : all_facts(in)) out.insert(fact.substr(0, fact.rfind(' ')));
    return out;
  };
  EXPECT_EQ(without_t(conn.db()), without_t(other.db()));
  EXPECT_EQ(without_t(conn.db()).size(), without_t(conn.db().as_of(1001)).size() + 50 + 50 + 50 * 4 + 50);
}

TEST_F(TxRules, ManyTempidsAreManyEntities) {
  std::string text = "[";
  for (int i = 1; i <= 1000; ++i) {
    const std::string n = std::to_string(i);
    text += "{:db/id \"t" + n + "\" :age " + n + "} [:db/add -" + n + " :age " + n + "] [:db/add -" + n +
            " :boss \"t" + n + "\"]";
  }
  const auto report = transact(conn, text + "]");
  EXPECT_EQ(report.tempids.size(), 2000u);
  std::set<entity_id> all;
  for (const auto& [name, e] : report.tempids) all.insert(e);
  EXPECT_EQ(all.size(), 2000u);
  for (const int i : {1, 500, 1000}) {
    const auto t = report.resolve_tempid("t" + std::to_string(i));
    EXPECT_EQ(of(*report.resolve_tempid(-i), "boss"), "[" + std::to_string(*t) + "]");
    EXPECT_EQ(of(*t, "age"), "[" + std::to_string(i) + "]");
  }
}

TEST_F(TxRules, ManyFactsOfOneEntityAreOrderedAndToldApart) {
  std::string text = "[{:db/id 103 :tag [";
  for (int i = 0; i < 100; ++i) text += "\"" + std::to_string(i * 37 % 50) + "\" ";
  EXPECT_EQ(size(text + "]}]"), 50u);
  refused(text + "\"z\"]} [:db/add 103 :tag \"y\"] [:db/retract 103 :tag \"y\"]]", "db.error/datoms-conflict",
          "\"y\"");
}

// -- retractions

TEST_F(TxRules, ARetractionNamesItsEntityLikeAnyForm) {
  transact(conn, R"([[:db/retract [:email "ivan@x"] :tag "a"]])");
  EXPECT_EQ(of(101, "tag"), R"(["b"])");
}

TEST_F(TxRules, ARetractedRefMustNameAnEntity) {
  refused(R"([[:db/retract 101 :friend [:email "nobody@x"]]])", "db.error/not-an-entity", "nobody@x");
  refused(R"([[:db/retract 101 :friend :no/body]])", "db.error/not-an-entity", ":no/body");
}

TEST_F(TxRules, ARetractedValueHasTheAttributesType) {
  refused(R"([[:db/retract 101 :age "15"]])", "db.error/wrong-type-for-attribute");
  refused(R"([[:db/retract 101 :age nil]])", "db.error/nil-value");
}

TEST_F(TxRules, AWholeAttributeIsRetractedAsItWasBefore) {
  transact(conn, R"([[:db/retract 101 :tag] [:db/add 101 :tag "c"]])");
  EXPECT_EQ(of(101, "tag"), R"(["c"])");
  refused(R"([[:db/retract 101 :tag] [:db/add 101 :tag "c"]])", "db.error/datoms-conflict", "\"c\"");
}

// -- compare and set

TEST_F(TxRules, CasComparesAndSetsRefsByAnyName) {
  transact(conn, R"([[:db/cas [:email "ivan@x"] :boss nil [:email "petr@x"]]])");
  EXPECT_EQ(of(101, "boss"), "[102]");
  transact(conn, R"([[:db/cas 101 :boss 102 "new"] {:db/id "new" :name "N"}])");
  EXPECT_NE(of(101, "boss"), "[102]");
}

TEST_F(TxRules, CasNeedsANewValue) { refused("[[:db/cas 101 :age 15 nil]]", "db.error/nil-value"); }

TEST_F(TxRules, CasOfATempidIsRefused) {
  refused(R"([[:db/cas "t" :age nil 1] {:db/id "t" :name "T"}])", "db.error/tempid-in-cas");
}

TEST_F(TxRules, CasToTheSameValueAddsNothing) { EXPECT_EQ(size("[[:db/cas 101 :age 15 15]]"), 0u); }

TEST_F(TxRules, TwoCasOfOneFactContradictUnlessTheyAgree) {
  refused("[[:db/cas 101 :age 15 16] [:db/cas 101 :age 15 17]]", "db.error/datoms-conflict");
  EXPECT_EQ(size("[[:db/cas 101 :age 15 16] [:db/cas 101 :age 15 16]]"), 2u);
}

// -- maps

TEST_F(TxRules, AMapNamesItsEntityByLookupRefOrIdent) {
  transact(conn, R"([{:db/id [:email "ivan@x"] :age 1} {:db/ident :color/red :name "red"}])");
  transact(conn, R"([{:db/id :color/red :name "rot"}])");
  EXPECT_EQ(of(101, "age"), "[1]");
  EXPECT_EQ(of(kw("color/red"), "name"), R"(["rot"])");
}

TEST_F(TxRules, AReverseAttributeTakesNestedMaps) {
  transact(conn, R"([{:db/id 101 :_boss [{:email "petr@x" :age 38} {:email "new@x"}]}])");
  EXPECT_EQ(of(102, "boss"), "[101]");
  EXPECT_EQ(of(102, "age"), "[38]");
  EXPECT_EQ(of(read_edn("[:email \"new@x\"]"), "boss"), "[101]");
  refused(R"([{:db/id 101 :_boss {:name "Zoe"}}])", "db.error/invalid-nested-entity");
}

TEST_F(TxRules, ATwoVectorWithAUniqueAttributeIsOneLookupRef) {
  transact(conn, R"([{:db/id 103 :friend [:email "ivan@x"]} {:db/id 104 :friend [101 102]}])");
  EXPECT_EQ(of(103, "friend"), "[101]");
  EXPECT_EQ(of(104, "friend"), "[101 102]");
}

TEST_F(TxRules, AnEmptyCollectionGivesNothing) { EXPECT_EQ(size("[{:db/id 101 :tag [] :friend #{}}]"), 0u); }

TEST_F(TxRules, AnAttributeIsNamedByItsIdToo) {
  const std::string age = std::to_string(conn.db().attribute(kw("age"))->id);
  transact(conn, "[[:db/add 101 " + age + " 1] {:db/id 102 " + age + " 2}]");
  EXPECT_EQ(of(101, "age"), "[1]");
  EXPECT_EQ(of(102, "age"), "[2]");
}

// -- tempids and upsert

TEST_F(TxRules, ATempidIsOneEntityInAllFormsOfATransactionAndNoOther) {
  const auto first = transact(conn, R"([{:db/id "t" :name "1"} [:db/add "t" :age 1]])");
  const auto second = transact(conn, R"([{:db/id "t" :name "2"}])");
  EXPECT_EQ(of(*first.resolve_tempid("t"), "age"), "[1]");
  EXPECT_NE(first.resolve_tempid("t"), second.resolve_tempid("t"));
}

TEST_F(TxRules, TempidsOfOneEntityMustNotContradict) {
  refused(R"([{:db/id "s" :email "new@x" :age 1} {:db/id "t" :email "new@x" :age 2}])",
          "db.error/datoms-conflict");
  refused(R"([{:db/id "s" :email "ivan@x" :age 1} {:db/id "t" :email "ivan@x" :age 2}])",
          "db.error/datoms-conflict");
}

TEST_F(TxRules, TempidsBecomeOneEntityThroughOthers) {
  const auto report =
      transact(conn, R"([{:db/id "a" :email "ivan@x"} {:db/id "b" :raw #datolite/bytes "01" :age 1}
                                         {:db/id "a" :raw #datolite/bytes "01"}])");
  EXPECT_EQ(report.resolve_tempid("b"), 101);
  EXPECT_EQ(of(101, "age"), "[1]");
}

TEST_F(TxRules, ATempidWithTwoIdentitiesOfOneEntityIsThatEntity) {
  transact(conn, "[[:db/add 101 :raw #datolite/bytes \"02\"]]");
  EXPECT_EQ(transact(conn, R"([{:db/id "t" :email "ivan@x" :raw #datolite/bytes "02"}])").resolve_tempid("t"),
            101);
}

TEST_F(TxRules, AUniqueValueDoesNotUpsert) {
  refused(R"([{:db/id "t" :badge 7 :age 1}])", "db.error/unique-conflict", ":badge");
}

TEST_F(TxRules, AnIdentityMayMoveByExplicitIds) {
  transact(conn, R"([[:db/retract 101 :email "ivan@x"] [:db/add 102 :email "ivan@x"]])");
  EXPECT_EQ(conn.db().entid(read_edn("[:email \"ivan@x\"]")), 102);
  transact(conn, R"([[:db/add 101 :email "petr@x"] [:db/add 102 :email "ivan2@x"]])");
  EXPECT_EQ(conn.db().entid(read_edn("[:email \"petr@x\"]")), 101);
}

TEST_F(TxRules, UniqueValuesMayBeSwapped) {
  transact(conn, R"([[:db/add 101 :email "petr@x"] [:db/add 102 :email "ivan@x"]])");
  EXPECT_EQ(of(101, "email"), R"(["petr@x"])");
  EXPECT_EQ(of(102, "email"), R"(["ivan@x"])");
}

TEST_F(TxRules, BytesAreEqualByTheirContents) {
  transact(conn, "[{:db/id 101 :raw #datolite/bytes \"00ff\"}]");
  EXPECT_EQ(transact(conn, R"([{:db/id "t" :raw #datolite/bytes "00ff"}])").resolve_tempid("t"), 101);
}

// -- values

TEST_F(TxRules, DecimalsOfAnotherScaleAreOtherValues) {
  transact(conn, "[[:db/add 101 :price 1.5M]]");
  EXPECT_EQ(size("[[:db/add 101 :price 1.50M]]"), 2u);
  EXPECT_EQ(of(101, "price"), "[1.50M]");
}

TEST_F(TxRules, NegativeZeroIsZero) {
  transact(conn, "[[:db/add 101 :score 0.0]]");
  EXPECT_EQ(size("[[:db/add 101 :score -0.0]]"), 0u);
}

TEST_F(TxRules, InfinityIsAValue) {
  transact(conn, "[[:db/add 101 :score ##Inf]]");
  EXPECT_EQ(of(101, "score"), "[##Inf]");
}

TEST(TxRulesOpen, OneAndOnePointZeroAreDifferentValues) {
  connection conn{new_memory(), {.open_schema = true}};
  transact(conn, "[{:db/id 101 :n 1}]");
  EXPECT_EQ(transact(conn, "[{:db/id 101 :n 1.0}]").tx_data.size(), 3u);
  expect_refused(conn, "[{:db/id 101 :n 1} {:db/id 101 :n 1.0}]", "db.error/datoms-conflict");
}

TEST(TxRulesOpen, AnAttributeIsNewThroughoutItsFirstTransaction) {
  connection conn{new_memory(), {.open_schema = true}};
  std::string adds;
  for (int i = 0; i < 20; ++i) adds += "[:db/add " + std::to_string(100 + i) + " :new 1] ";
  expect_refused(conn, "[" + adds + "[:db/retract 100 :new 1]]", "db.error/not-an-attribute", ":new");
  expect_refused(conn, "[[:db/retract 100 :new 1] " + adds + "]", "db.error/not-an-attribute", ":new");
  EXPECT_EQ(transact(conn, "[" + adds + "]").tx_data.size(), 23u);
}

// -- time

TEST_F(TxRules, TransactionsOfOneInstantAreOrderedByT) {
  const std::string_view at = R"([:db/add "datomic.tx" :db/txInstant #inst "2095-01-01"])";
  const auto first = transact(conn, "[" + std::string{at} + " [:db/add 101 :age 1]]");
  transact(conn, "[" + std::string{at} + " [:db/add 101 :age 2]]");
  EXPECT_EQ(values_of(conn.db().as_of(first.t), 101, "age"), "[1]");
  EXPECT_EQ(values_of(conn.db().as_of(read_edn("#inst \"2095-01-01\"")), 101, "age"), "[2]");
}

TEST_F(TxRules, AnInstantIsSaidOnce) {
  refused(R"([[:db/add "datomic.tx" :db/txInstant #inst "2095-01-01"]
              [:db/add "datomic.tx" :db/txInstant #inst "2096-01-01"]])",
          "db.error/datoms-conflict");
}

TEST_F(TxRules, ARefusedTransactionUsesUpNothing) {
  const std::int64_t t = conn.db().next_t();
  refused(R"([{:db/id "t" :name "T"} [:db/add 101 :age "x"]])", "db.error/wrong-type-for-attribute");
  EXPECT_EQ(transact(conn, "[]").t, t);
}

}  // namespace tx_rules_test
