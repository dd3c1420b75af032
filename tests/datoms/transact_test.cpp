// The rules of transactions, one by one. Each test's name states its rule.
#include "two_people.hpp"

namespace transact_test {

using namespace datolite_test;

constexpr std::string_view schema = R"([
  {:db/ident :name    :db/valueType :db.type/string  :db/cardinality :db.cardinality/one}
  {:db/ident :age     :db/valueType :db.type/long    :db/cardinality :db.cardinality/one  :db/index true}
  {:db/ident :email   :db/valueType :db.type/string  :db/cardinality :db.cardinality/one  :db/unique :db.unique/identity}
  {:db/ident :handle  :db/valueType :db.type/string  :db/cardinality :db.cardinality/one  :db/unique :db.unique/identity}
  {:db/ident :badge   :db/valueType :db.type/long    :db/cardinality :db.cardinality/one  :db/unique :db.unique/value}
  {:db/ident :tag     :db/valueType :db.type/string  :db/cardinality :db.cardinality/many}
  {:db/ident :friend  :db/valueType :db.type/ref     :db/cardinality :db.cardinality/many}
  {:db/ident :boss    :db/valueType :db.type/ref     :db/cardinality :db.cardinality/one}
  {:db/ident :address :db/valueType :db.type/ref     :db/cardinality :db.cardinality/many :db/isComponent true}
  {:db/ident :city    :db/valueType :db.type/string  :db/cardinality :db.cardinality/one}
  {:db/ident :owner   :db/valueType :db.type/ref     :db/cardinality :db.cardinality/one  :db/unique :db.unique/identity}
  {:db/ident :score   :db/valueType :db.type/double  :db/cardinality :db.cardinality/one}
  {:db/ident :ratio   :db/valueType :db.type/float   :db/cardinality :db.cardinality/one}
  {:db/ident :active  :db/valueType :db.type/boolean :db/cardinality :db.cardinality/one}
  {:db/ident :big     :db/valueType :db.type/bigint  :db/cardinality :db.cardinality/one}
  {:db/ident :price   :db/valueType :db.type/bigdec  :db/cardinality :db.cardinality/one}
  {:db/ident :born    :db/valueType :db.type/instant :db/cardinality :db.cardinality/one}
  {:db/ident :key     :db/valueType :db.type/uuid    :db/cardinality :db.cardinality/one}
  {:db/ident :page    :db/valueType :db.type/uri     :db/cardinality :db.cardinality/one}
  {:db/ident :raw     :db/valueType :db.type/bytes   :db/cardinality :db.cardinality/one}
  {:db/ident :sort    :db/valueType :db.type/keyword :db/cardinality :db.cardinality/one}
  {:db/ident :sign    :db/valueType :db.type/symbol  :db/cardinality :db.cardinality/one}
  {:db/ident :ns/part :db/valueType :db.type/ref     :db/cardinality :db.cardinality/one  :db/isComponent true}])";

class Transact : public two_people {
 protected:
  Transact() : two_people{schema} {}
  std::size_t refs_of(std::string_view attribute) {
    datom_range range;
    range.index = index_order::vaet;
    const attribute_id a = conn.db().attribute(kw(attribute))->id;
    const auto refs = conn.db().datoms(range);
    return static_cast<std::size_t>(
        std::count_if(refs.begin(), refs.end(), [a](const datom& d) { return d.a == a; }));
  }
};

// -- forms

TEST_F(Transact, AListFormAddsOneFact) {
  transact(conn, "[[:db/add 101 :age 16]]");
  EXPECT_EQ(of(101, "age"), "[16]");
}

TEST_F(Transact, AMapGivesSeveralValuesInAVectorOrASet) {
  transact(conn, R"([{:db/id 101 :tag ["c" "d"]} {:db/id 102 :tag #{"x" "y"}}])");
  EXPECT_EQ(of(101, "tag"), R"(["a" "b" "c" "d"])");
  EXPECT_EQ(of(102, "tag"), R"(["x" "y"])");
}

TEST_F(Transact, AMapWithoutIdIsANewEntity) {
  const auto report = transact(conn, R"([{:name "Oleg"}])");
  EXPECT_TRUE(report.tempids.empty());
  EXPECT_EQ(of(datoms::entid_at(datoms::part_user, report.t + 1), "name"), R"(["Oleg"])");
}

TEST_F(Transact, RetractWithAValueRetractsThatValueOnly) {
  transact(conn, R"([[:db/retract 101 :tag "a"]])");
  EXPECT_EQ(of(101, "tag"), R"(["b"])");
}

TEST_F(Transact, RetractWithoutAValueRetractsAllValues) {
  transact(conn, "[[:db/retract 101 :tag]]");
  EXPECT_EQ(of(101, "tag"), "[]");
}

TEST_F(Transact, RetractOfWhatIsNotChangesNothing) {
  EXPECT_EQ(size(R"([[:db/retract 101 :tag "q"] [:db/retract 101 :badge] [:db/retract 999 :age 1]])"), 0u);
}

TEST_F(Transact, RetractOfFalseRetractsOnlyFalse) {
  transact(conn, "[[:db/add 101 :active true]]");
  transact(conn, "[[:db/retract 101 :active false]]");
  EXPECT_EQ(of(101, "active"), "[true]");
}

TEST_F(Transact, AMapWithAReverseAttributePointsBack) {
  transact(conn, R"([{:db/id "z" :name "Zoe" :_boss 101 :_friend [101 102]}])");
  EXPECT_EQ(of(101, "boss"), of(101, "friend"));
  EXPECT_NE(of(102, "friend"), "[]");
  transact(conn, R"([{:db/id "p" :city "Oslo" :ns/_part 101}])");
  EXPECT_NE(of(101, "ns/part"), "[]");
}

TEST_F(Transact, AReverseAttributeTakesALookupRefAsOneEntity) {
  transact(conn, R"([{:db/id 103 :_friend [:email "ivan@x"]}])");
  EXPECT_EQ(of(101, "friend"), "[103]");
}

TEST_F(Transact, AReverseAttributeMustBeARef) {
  refused("[{:db/id 101 :_age 102}]", "db.error/reverse-of-no-ref", ":_age 102");
}

TEST_F(Transact, ANestedMapOfAComponentIsANewEntity) {
  transact(conn, R"([{:db/id 101 :address [{:city "Oslo"} {:city "Rome"}]}])");
  EXPECT_EQ(refs_of("address"), 2u);
}

TEST_F(Transact, ANestedMapWithAUniqueAttributeUpserts) {
  transact(conn, R"([{:db/id 101 :boss {:email "petr@x" :age 38}}])");
  EXPECT_EQ(of(101, "boss"), "[102]");
  EXPECT_EQ(of(102, "age"), "[38]");
}

TEST_F(Transact, ANestedMapOfAnyOtherRefIsRefused) {
  refused(R"([{:db/id 101 :boss {:name "Zoe"}}])", "db.error/invalid-nested-entity", "Zoe");
}

TEST_F(Transact, MapsNestDeeply) {
  std::string text = "{:city \"end\"}";
  for (int i = 0; i < 200; ++i) text = "{:city \"" + std::to_string(i) + "\" :ns/part " + text + "}";
  EXPECT_EQ(size("[" + text + "]"), 401u);
}

TEST_F(Transact, AnUnknownFormIsRefusedAndNamed) {
  refused("[[:db/frob 1 2]]", "db.error/unknown-operation", "[:db/frob 1 2]");
  refused("[[:db/add 101 :age]]", "db.error/invalid-tx-form", "[:db/add 101 :age]");
  refused("[17]", "db.error/invalid-tx-form", "17");
  refused("{:name 1}", "db.error/invalid-tx-data");
}

TEST_F(Transact, AnUnknownAttributeIsRefusedAndNamed) {
  refused("[[:db/add 101 :nmae \"x\"]]", "db.error/not-an-attribute", ":nmae");
  refused("[{:db/id 101 :nmae \"x\"}]", "db.error/not-an-attribute", ":nmae");
}

// -- entities

TEST_F(Transact, TempidsLinkEachOther) {
  const auto report = transact(conn, R"([{:db/id "x" :friend "y"} {:db/id "y" :friend "x"}])");
  const auto x = report.resolve_tempid("x"), y = report.resolve_tempid("y");
  ASSERT_TRUE(x && y);
  EXPECT_EQ(of(*x, "friend"), "[" + std::to_string(*y) + "]");
  EXPECT_EQ(of(*y, "friend"), "[" + std::to_string(*x) + "]");
}

TEST_F(Transact, TempidsMayBeNegativeNumbersAndTagged) {
  const auto report =
      transact(conn, R"([{:db/id -1 :name "n"} {:db/id #db/id[:db.part/user -100] :name "t" :friend -1}])");
  ASSERT_EQ(report.tempids.size(), 2u);
  EXPECT_EQ(of(report.tempids[1].second, "friend"), "[" + std::to_string(*report.resolve_tempid(-1)) + "]");
}

TEST_F(Transact, NewEntitiesTakeTheCountersAfterT) {
  const auto report = transact(conn, R"([{:db/id "x" :name "1"} {:db/id "y" :name "2"}])");
  EXPECT_EQ(report.resolve_tempid("x"), datoms::entid_at(datoms::part_user, report.t + 1));
  EXPECT_EQ(report.resolve_tempid("y"), datoms::entid_at(datoms::part_user, report.t + 2));
  EXPECT_EQ(report.db_after.next_t(), report.t + 3);
}

TEST_F(Transact, TheTransactionItselfIsDatomicTx) {
  const auto report = transact(conn, R"([[:db/add "datomic.tx" :db/doc "why"]])");
  EXPECT_EQ(of(datoms::t_to_tx(report.t), "db/doc"), R"(["why"])");
  refused(R"([[:db/add "datomic.other" :db/doc "why"]])", "db.error/reserved-tempid");
}

TEST_F(Transact, ATempidUsedOnlyAsAValueIsRefused) {
  refused(R"([[:db/add 101 :friend "nobody"]])", "db.error/tempid-not-an-entity", "nobody");
}

TEST_F(Transact, ATempidInARetractionIsRefused) {
  refused(R"([[:db/retract "x" :name "y"]])", "db.error/tempid-in-retract");
  refused(R"([[:db/retractEntity "x"]])", "db.error/tempid-in-retract");
}

TEST_F(Transact, AnIdentNamesAnEntityAlsoAsAValue) {
  transact(conn, "[{:db/ident :color/red} [:db/add 101 :age 1]]");
  transact(conn, "[[:db/add 101 :boss :color/red] [:db/add :color/red :name \"red\"]]");
  EXPECT_EQ(of(kw("color/red"), "name"), R"(["red"])");
  EXPECT_EQ(of(101, "boss"), "[" + std::to_string(*conn.db().entid(kw("color/red"))) + "]");
  refused("[[:db/add 101 :boss :color/blue]]", "db.error/not-an-entity", ":color/blue");
}

TEST_F(Transact, ALookupRefNamesAnEntityAlsoAsAValue) {
  transact(conn, R"([[:db/add [:email "ivan@x"] :age 16] [:db/add 102 :boss [:email "ivan@x"]]
                     {:db/id 102 :friend [[:email "ivan@x"] [:email "petr@x"]]}])");
  EXPECT_EQ(of(101, "age"), "[16]");
  EXPECT_EQ(of(102, "boss"), "[101]");
  EXPECT_EQ(of(102, "friend"), "[101 102]");
}

TEST_F(Transact, ALookupRefIsResolvedAsTheDatabaseStoodBefore) {
  refused(R"([{:db/id 103 :email "new@x"} [:db/add [:email "new@x"] :age 1]])", "db.error/not-an-entity",
          "new@x");
}

TEST_F(Transact, ALookupRefNeedsAUniqueAttribute) {
  refused(R"([[:db/add [:name "Ivan"] :age 1]])", "db.error/invalid-lookup-ref", ":name");
}

TEST_F(Transact, AnExplicitIdRaisesTheCounter) {
  const entity_id high = datoms::entid_at(datoms::part_user, 5000);
  transact(conn, "[[:db/add " + std::to_string(high) + " :name \"x\"]]");
  EXPECT_EQ(conn.db().next_t(), 5001);
  const auto report = transact(conn, R"([{:db/id "n" :name "new"}])");
  EXPECT_EQ(report.t, 5001);
  EXPECT_EQ(report.resolve_tempid("n"), datoms::entid_at(datoms::part_user, 5002));
}

TEST_F(Transact, AnExplicitIdIsNotHandedOutInTheSameTransaction) {
  const std::int64_t t = conn.db().next_t();
  const entity_id taken = datoms::entid_at(datoms::part_user, t + 1);
  const auto report =
      transact(conn, "[{:db/id \"n\" :name \"new\"} [:db/add " + std::to_string(taken) + " :age 1]]");
  EXPECT_NE(report.resolve_tempid("n"), taken);
}

TEST_F(Transact, AnImpossibleIdIsRefused) {
  refused("[[:db/add 9223372036854775807 :age 1]]", "db.error/invalid-entity-id");
  refused("[[:db/add nil :age 1]]", "db.error/not-an-entity");
  refused("[[:db/add 1.5 :age 1]]", "db.error/not-an-entity");
}

// -- upsert

TEST_F(Transact, ATempidWithAnIdentityBecomesTheEntityThatHasIt) {
  const auto report = transact(conn, R"([{:db/id "t" :email "ivan@x" :age 99}])");
  EXPECT_EQ(report.resolve_tempid("t"), 101);
  EXPECT_EQ(of(101, "age"), "[99]");
}

TEST_F(Transact, UpsertDoesNotDependOnTheOrderOfForms) {
  const auto report =
      transact(conn, R"([[:db/add "t" :age 98] [:db/add 102 :boss "t"] [:db/add "t" :email "ivan@x"]])");
  EXPECT_EQ(report.resolve_tempid("t"), 101);
  EXPECT_EQ(of(101, "age"), "[98]");
  EXPECT_EQ(of(102, "boss"), "[101]");
}

TEST_F(Transact, TwoTempidsMayBecomeOneEntity) {
  const auto report =
      transact(conn, R"([{:db/id "s" :email "ivan@x" :age 1} {:db/id "t" :email "ivan@x" :name "I"}])");
  EXPECT_EQ(report.resolve_tempid("s"), 101);
  EXPECT_EQ(report.resolve_tempid("t"), 101);
}

TEST_F(Transact, TwoTempidsWithOneNewIdentityAreOneNewEntity) {
  const auto report =
      transact(conn, R"([{:db/id "s" :email "new@x" :age 1} {:db/id "t" :email "new@x" :name "I"}])");
  EXPECT_EQ(report.resolve_tempid("s"), report.resolve_tempid("t"));
  EXPECT_EQ(of(*report.resolve_tempid("s"), "age"), "[1]");
}

TEST_F(Transact, NewIdentitiesAreFoundAlikeWhateverStandsBetweenThem) {
  const auto report = transact(conn, R"([{:db/id "a" :email "new@x"} {:db/id "k" :owner "a" :age 1}
                                         {:db/id "y" :email "other@x"} {:db/id "l" :owner "y" :age 2}
                                         {:db/id "b" :email "new@x"} {:db/id "m" :owner "b" :name "M"}])");
  EXPECT_EQ(report.resolve_tempid("a"), report.resolve_tempid("b"));
  EXPECT_EQ(report.resolve_tempid("k"), report.resolve_tempid("m")) << "through what became one";
  EXPECT_NE(report.resolve_tempid("k"), report.resolve_tempid("l"));
  EXPECT_EQ(of(*report.resolve_tempid("k"), "age"), "[1]");
}

TEST_F(Transact, UpsertByARefFollowsAnotherUpsert) {
  const auto first = transact(conn, R"([{:db/id "c" :owner 101 :name "car"}])");
  const auto report = transact(conn, R"([{:db/id "c" :owner "i" :age 3} {:db/id "i" :email "ivan@x"}])");
  EXPECT_EQ(report.resolve_tempid("c"), first.resolve_tempid("c"));
}

TEST_F(Transact, ATempidThatIsTwoEntitiesIsRefused) {
  refused(R"([{:db/id "t" :email "ivan@x"} [:db/add "t" :email "petr@x"]])", "db.error/conflicting-upsert");
  transact(conn, R"([[:db/add 102 :handle "petr"]])");
  refused(R"([{:db/id "t" :email "ivan@x" :handle "petr"}])", "db.error/conflicting-upsert", "petr");
}

TEST_F(Transact, AnExplicitIdWithAnothersIdentityIsRefused) {
  refused(R"([{:db/id 103 :email "ivan@x"}])", "db.error/unique-conflict", "ivan@x");
}

TEST_F(Transact, UpsertUsesTheDatabaseBefore) {
  refused(R"([[:db/retract 101 :email "ivan@x"] {:db/id "t" :email "ivan@x"}])", "db.error/datoms-conflict");
}

TEST_F(Transact, ADeclaredAttributeIsUpsertedByItsIdent) {
  const auto report = transact(conn, R"([{:db/ident :age :db/doc "in years"}])");
  EXPECT_EQ(of(kw("age"), "db/doc"), R"(["in years"])");
  EXPECT_EQ(report.tx_data.size(), 2u);
}

// -- sets of facts

TEST_F(Transact, ANewValueOfCardinalityOneRetractsTheOldOne) {
  const auto report = transact(conn, "[[:db/add 101 :age 16]]");
  ASSERT_EQ(report.tx_data.size(), 3u);
  EXPECT_FALSE(report.tx_data[0].added());
  EXPECT_EQ(report.tx_data[0].v, value{15});
  EXPECT_TRUE(report.tx_data[1].added());
  EXPECT_EQ(report.tx_data[1].v, value{16});
}

TEST_F(Transact, WhatIsTrueAlreadyAddsNoDatomAndKeepsItsT) {
  const auto before = all_facts(conn.db());
  EXPECT_EQ(size(R"([[:db/add 101 :age 15] [:db/add 101 :tag "a"]])"), 0u);
  EXPECT_EQ(all_facts(conn.db()), before);
}

TEST_F(Transact, AnEmptyTransactionStillHappens) {
  const auto report = transact(conn, "[]");
  ASSERT_EQ(report.tx_data.size(), 1u);
  EXPECT_EQ(report.tx_data[0].a, datoms::ids::tx_instant);
  EXPECT_EQ(conn.db().basis_t(), report.t);
}

TEST_F(Transact, TheSameFactTwiceIsOneDatom) {
  EXPECT_EQ(size(R"([[:db/add 101 :tag "z"] [:db/add 101 :tag "z"] {:db/id 101 :tag ["z"]}])"), 1u);
}

TEST_F(Transact, TwoValuesForOneAttributeOfCardinalityOneContradict) {
  refused("[[:db/add 101 :age 1] [:db/add 101 :age 2]]", "db.error/datoms-conflict", ":age 1");
  refused("[{:db/id 101 :age 15} [:db/add 101 :age 2]]", "db.error/datoms-conflict");
  refused(R"([{:db/id "t" :name "a"} {:db/id "t" :name "b"}])", "db.error/datoms-conflict");
}

TEST_F(Transact, AssertingAndRetractingOneFactContradict) {
  refused(R"([[:db/add 101 :tag "a"] [:db/retract 101 :tag "a"]])", "db.error/datoms-conflict");
  refused(R"([[:db/add 101 :tag "q"] [:db/retract 101 :tag "q"]])", "db.error/datoms-conflict");
}

TEST_F(Transact, RetractingTheOldValueByHandIsNoContradiction) {
  EXPECT_EQ(size("[[:db/retract 101 :age 15] [:db/add 101 :age 16]]"), 2u);
}

TEST_F(Transact, AUniqueValueBelongsToOneEntity) {
  refused("[[:db/add 101 :badge 7]]", "db.error/unique-conflict", "102");
  refused(R"([{:db/id "t" :badge 7}])", "db.error/unique-conflict");
  refused("[[:db/add 101 :badge 8] [:db/add 103 :badge 8]]", "db.error/unique-conflict");
}

TEST_F(Transact, AUniqueValueMayMoveWithinOneTransaction) {
  transact(conn, "[[:db/retract 102 :badge 7] [:db/add 101 :badge 7]]");
  EXPECT_EQ(of(101, "badge"), "[7]");
  transact(conn, "[[:db/add 101 :badge 8] [:db/add 102 :badge 7]]");  // freed by replacement
  EXPECT_EQ(of(102, "badge"), "[7]");
}

TEST_F(Transact, RetractEntityTakesReferencesToIt) {
  transact(conn, "[[:db/add 102 :friend 101] [:db/add 102 :boss 101] [:db/add 101 :friend 102]]");
  transact(conn, "[[:db/retractEntity 101]]");
  EXPECT_EQ(of(101, "name"), "[]");
  EXPECT_EQ(of(102, "friend"), "[]");
  EXPECT_EQ(of(102, "boss"), "[]");
  EXPECT_EQ(of(102, "name"), R"(["Petr"])");
}

TEST_F(Transact, RetractEntityTakesItsComponentsAlsoInACircle) {
  transact(conn, R"([{:db/id 101 :address [{:db/id 201 :city "Oslo"}]} {:db/id 201 :ns/part 202}
                     {:db/id 202 :city "x" :ns/part 101}])");
  transact(conn, "[[:db.fn/retractEntity 101]]");
  EXPECT_EQ(of(201, "city"), "[]");
  EXPECT_EQ(of(202, "city"), "[]");
  EXPECT_EQ(refs_of("address") + refs_of("ns/part"), 0u);
}

TEST_F(Transact, RetractEntityOfTheSchemaIsRefused) {
  refused("[[:db/retractEntity :age]]", "db.error/schema-entity");
  refused("[[:db/retractEntity :db/ident]]", "db.error/schema-entity");
}

TEST_F(Transact, RetractEntityOfNothingChangesNothing) { EXPECT_EQ(size("[[:db/retractEntity 999]]"), 0u); }

TEST_F(Transact, CasReplacesWhatIsExpected) {
  transact(conn, "[[:db/cas 101 :age 15 16] [:db.fn/cas 101 :score nil 1.5]]");
  EXPECT_EQ(of(101, "age"), "[16]");
  EXPECT_EQ(of(101, "score"), "[1.5]");
}

TEST_F(Transact, CasOfAnotherValueIsRefused) {
  refused("[[:db/cas 101 :age 14 16]]", "db.error/cas-failed", "expected 14");
  refused("[[:db/cas 101 :age nil 16]]", "db.error/cas-failed", "15");
  refused("[[:db/cas 101 :score 1.0 2.0]]", "db.error/cas-failed");
  refused("[[:db/cas 101 :tag \"a\" \"c\"]]", "db.error/cas-of-many");
}

// -- values

TEST_F(Transact, ValuesHaveTheAttributesType) {
  refused("[[:db/add 101 :age 1.5]]", "db.error/wrong-type-for-attribute", "[:db/add 101 :age 1.5]");
  refused("[[:db/add 101 :age \"1\"]]", "db.error/wrong-type-for-attribute");
  refused("[[:db/add 101 :score 1]]", "db.error/wrong-type-for-attribute");
  refused("[[:db/add 101 :name :key]]", "db.error/wrong-type-for-attribute");
  refused("[[:db/add 101 :age 10000000000000000000000]]", "db.error/wrong-type-for-attribute");
  refused("[[:db/add 101 :age [1 2]]]", "db.error/wrong-type-for-attribute");
  refused("[[:db/add 101 :tag [\"a\" \"b\"]]]", "db.error/wrong-type-for-attribute");
  refused("[{:db/id 101 :age [1 2]}]", "db.error/wrong-type-for-attribute");
}

TEST_F(Transact, EveryTypeIsStoredAndFoundAgain) {
  transact(conn, R"([{:db/id 103 :big 5 :price 1.50M :born #inst "2020-01-01T00:00:00.000-00:00"
      :key #uuid "f81d4fae-7dec-11d0-a765-00a0c91e6bf6" :page #datolite/uri "http://x" :raw #datolite/bytes "00ff"
      :sort :a/b :sign a/b :ratio 1.5 :score -0.0 :active false}])");
  EXPECT_EQ(of(103, "big"), "[5N]");
  EXPECT_EQ(of(103, "price"), "[1.50M]");
  EXPECT_EQ(of(103, "sort"), "[:a/b]");
  EXPECT_EQ(of(103, "sign"), "[a/b]");
  EXPECT_EQ(of(103, "ratio"), "[1.5]");
  EXPECT_EQ(of(103, "score"), "[0.0]");
  EXPECT_EQ(of(103, "active"), "[false]");
  EXPECT_EQ(of(103, "raw"), "[#datolite/bytes \"00ff\"]");
  EXPECT_EQ(size("[[:db/add 103 :big 5N] [:db/add 103 :score 0.0] [:db/add 103 :price 1.50M]]"), 0u);
}

TEST_F(Transact, NilAndNanAreNoValues) {
  refused("[[:db/add 101 :age nil]]", "db.error/nil-value", ":age");
  refused("[{:db/id 101 :friend nil}]", "db.error/nil-value");
  refused("[[:db/add 101 :score ##NaN]]", "db.error/nan");
}

// -- time

TEST_F(Transact, TheInstantNeverGoesBack) {
  transact(conn, R"([[:db/add "datomic.tx" :db/txInstant #inst "2090-01-01"]])");
  const auto later = transact(conn, "[]");
  EXPECT_EQ(to_edn(later.tx_data[0].v), to_edn(read_edn("#inst \"2090-01-01\"")));
  refused(R"([[:db/add "datomic.tx" :db/txInstant #inst "2089-01-01"]])", "db.error/past-tx-instant");
  refused("[[:db/add 101 :db/txInstant #inst \"2099-01-01\"]]", "db.error/invalid-tx-instant");
}

TEST_F(Transact, AnInstantNamesTheLastTransactionNotAfterIt) {
  const auto early =
      transact(conn, R"([{:db/id "datomic.tx" :db/txInstant #inst "2090-01-01"} [:db/add 101 :age 1]])");
  transact(conn, R"([{:db/id "datomic.tx" :db/txInstant #inst "2091-01-01"} [:db/add 101 :age 2]])");
  EXPECT_EQ(values_of(conn.db().as_of(read_edn("#inst \"2090-06-01\"")), 101, "age"), "[1]");
  EXPECT_EQ(values_of(conn.db().as_of(read_edn("#inst \"2091-01-01\"")), 101, "age"), "[2]");
  EXPECT_EQ(values_of(conn.db().as_of(datoms::t_to_tx(early.t)), 101, "age"), "[1]");
  EXPECT_EQ(values_of(conn.db().as_of(read_edn("#inst \"1960-01-01\"")), 101, "age"), "[]");
}

// -- schema

TEST_F(Transact, AnAttributeNeedsATypeAndACardinality) {
  refused("[{:db/ident :half :db/valueType :db.type/long}]", "db.error/invalid-attribute", ":db/cardinality");
  refused("[{:db/ident :half :db/cardinality :db.cardinality/one}]", "db.error/invalid-attribute");
  refused("[{:db/ident :half :db/valueType :db.type/strong :db/cardinality :db.cardinality/one}]",
          "db.error/not-an-entity", ":db.type/strong");
  refused("[{:db/ident :half :db/valueType :db.cardinality/one :db/cardinality :db.cardinality/one}]",
          "db.error/invalid-attribute", ":db.cardinality/one");
}

TEST_F(Transact, ABuiltInNameStays) {
  refused("[[:db/retract :db.type/string :db/ident]]", "db.error/invalid-attribute", ":db.type/string");
  refused("[[:db/add :db.cardinality/one :db/ident :one]]", "db.error/invalid-attribute",
          ":db.cardinality/one");
}

TEST_F(Transact, AnInstantOfThePastIsNotRetracted) {
  const std::string tx = std::to_string(datoms::t_to_tx(conn.db().basis_t()));
  for (const std::string now : {"", R"([:db/add "datomic.tx" :db/txInstant #inst "2100-01-01"] )"}) {
    refused("[" + now + "[:db/retractEntity " + tx + "]]", "db.error/invalid-tx-instant",
            "cannot be retracted");
  }
}

TEST_F(Transact, ATempidStandsInAPartition) {
  refused("[{:db/id #db/id[:name -1] :age 1}]", "db.error/not-a-partition", ":name");
  refused("[{:db/id #db/id[17592186045418 -1] :age 1}]", "db.error/not-a-partition", "17592186045418");
}

TEST_F(Transact, ARefusalSpeaksOfNamesThatItsReaderWrote) {
  refused("[{:db/ident :half :db/valueType :db.type/long}]", "db.error/invalid-attribute", ":half");
  refused(R"([{:name "Zoe" :address [{}]}])", "db.error/tempid-not-an-entity", "a map without :db/id");
}

TEST_F(Transact, TheTypeOfAnAttributeNeverChanges) {
  refused("[[:db/add :age :db/valueType :db.type/string]]", "db.error/invalid-attribute", ":age");
  refused("[[:db/retract :age :db/valueType :db.type/long]]", "db.error/invalid-attribute");
  refused("[[:db/add :db/doc :db/cardinality :db.cardinality/many]]", "db.error/invalid-attribute");
}

TEST_F(Transact, AnAttributeMayBecomeIndexedAndNoLonger) {
  transact(conn, "[[:db/add 101 :name \"Iwan\"]]");  // a past value of :name
  const db before = conn.db();
  transact(conn, "[[:db/add :name :db/index true] [:db/add 102 :name \"Peter\"]]");
  datom_range range;
  range.index = index_order::avet;
  range.a = conn.db().attribute(kw("name"))->id;
  EXPECT_EQ(conn.db().datoms(range).size(), 2u);
  const auto past = conn.db().as_of(before.basis_t()).datoms(range);
  ASSERT_EQ(past.size(), 2u);
  EXPECT_EQ(past[0].v, value{"Iwan"});
  EXPECT_EQ(past[1].v, value{"Petr"});
  EXPECT_EQ(conn.db().history().datoms(range).size(), 6u);
  transact(conn, "[[:db/add :name :db/index false]]");
  const auto left = conn.db().view().open_cursor(index_order::avet, components::e);
  left->seek(range);
  datom_columns none;
  EXPECT_FALSE(left->next_batch(none, 1));
}

TEST_F(Transact, AnAttributeMayBecomeUniqueIfItsValuesAre) {
  transact(conn, "[[:db/add 102 :name \"Ivan\"]]");
  refused("[[:db/add :name :db/unique :db.unique/identity]]", "db.error/invalid-attribute", "Ivan");
  transact(conn, "[[:db/add 102 :name \"Petr\"]]");
  transact(conn, "[[:db/add :name :db/unique :db.unique/identity]]");
  EXPECT_EQ(conn.db().entid(read_edn("[:name \"Petr\"]")), 102);
}

TEST_F(Transact, CardinalityMayNarrowOnlyWhereItIsKept) {
  refused("[[:db/add :tag :db/cardinality :db.cardinality/one]]", "db.error/invalid-attribute", "101");
  transact(conn, "[[:db/retract 101 :tag \"b\"]]");
  transact(conn, "[[:db/add :tag :db/cardinality :db.cardinality/one]]");
  transact(conn, "[[:db/add 101 :tag \"z\"]]");
  EXPECT_EQ(of(101, "tag"), R"(["z"])");
}

TEST_F(Transact, ARenamedAttributeIsFoundByBothNames) {
  transact(conn, "[[:db/add :age :db/ident :person/age]]");
  EXPECT_EQ(of(101, "person/age"), "[15]");
  EXPECT_EQ(of(101, "age"), "[15]");
  EXPECT_EQ(conn.db().ident(conn.db().attribute(kw("age"))->id), kw("person/age"));
}

TEST_F(Transact, NoHistoryForgetsThePast) {
  transact(conn, "[[:db/add :age :db/noHistory true]]");
  const auto before = transact(conn, "[[:db/add 101 :age 16]]");
  transact(conn, "[[:db/add 101 :age 17]]");
  EXPECT_EQ(values_of(conn.db().as_of(before.t), 101, "age"), "[]");
}

TEST(OpenSchema, AnUnknownAttributeIsDeclaredByItsUse) {
  connection conn{new_memory(), {.open_schema = true}};
  transact(conn, R"([{:db/id "a" :name "Ivan" :age 15} {:db/id "b" :name :petr}])");
  const attribute_facts* const name = conn.db().attribute(kw("name"));
  ASSERT_NE(name, nullptr);
  EXPECT_EQ(name->type, kind::nil);
  transact(conn, R"([{:name 1.5}])");
  datom_range range;
  range.index = index_order::aevt;
  range.a = name->id;
  EXPECT_EQ(conn.db().datoms(range).size(), 3u);
}

}  // namespace transact_test
