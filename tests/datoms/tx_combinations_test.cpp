// Rules of transactions where two of them meet: uniqueness and maps, composites and upserts, names that
// changed, an alteration and the facts that need it. Each test's name states what holds.
#include "two_people.hpp"

#include <datolite/datoms/tx_functions.hpp>

namespace tx_combinations_test {

using namespace datolite_test;

constexpr std::string_view schema = R"([
  {:db/ident :name    :db/valueType :db.type/string  :db/cardinality :db.cardinality/one}
  {:db/ident :email :db/valueType :db.type/string :db/cardinality :db.cardinality/one :db/unique :db.unique/identity}
  {:db/ident :badge :db/valueType :db.type/long :db/cardinality :db.cardinality/one :db/unique :db.unique/value}
  {:db/ident :age     :db/valueType :db.type/long    :db/cardinality :db.cardinality/one :db/index true}
  {:db/ident :score   :db/valueType :db.type/double  :db/cardinality :db.cardinality/one :db/index true}
  {:db/ident :ratio   :db/valueType :db.type/float   :db/cardinality :db.cardinality/one}
  {:db/ident :price   :db/valueType :db.type/bigdec  :db/cardinality :db.cardinality/one :db/index true}
  {:db/ident :tag     :db/valueType :db.type/string  :db/cardinality :db.cardinality/many}
  {:db/ident :boss    :db/valueType :db.type/ref     :db/cardinality :db.cardinality/one}
  {:db/ident :friend  :db/valueType :db.type/ref     :db/cardinality :db.cardinality/many}
  {:db/ident :limb    :db/valueType :db.type/ref     :db/cardinality :db.cardinality/many :db/isComponent true}
  {:db/ident :course  :db/valueType :db.type/string  :db/cardinality :db.cardinality/one}
  {:db/ident :taken   :db/valueType :db.type/tuple   :db/cardinality :db.cardinality/one
   :db/tupleAttrs [:boss :course] :db/unique :db.unique/identity}
  {:db/ident :point :db/valueType :db.type/tuple :db/cardinality :db.cardinality/one :db/tupleType :db.type/double}
  {:db/ident :pair    :db/valueType :db.type/tuple   :db/cardinality :db.cardinality/one
   :db/tupleTypes [:db.type/ref :db.type/string]}])";

std::string text_of(entity_id e) { return std::to_string(e); }

class TxCombinations : public two_people {
 protected:
  TxCombinations() : two_people{schema} {}
  std::vector<value> in_avet(std::string_view a) const {
    std::vector<value> out;
    for (const datom& d : conn.db().datoms(index_order::avet, kw(a))) out.push_back(d.v);
    return out;
  }
};

// -- maps

TEST_F(TxCombinations, AMapGivesAnAttributeOfCardinalityOneOneValueAndNoCollection) {
  const std::string_view wrong = "db.error/wrong-type-for-attribute";
  for (const char* several : {"[1 2]", "[1]", "#{1}", "()", "[]", "{}"}) {
    refused("[{:db/id 101 :age " + std::string{several} + "}]", wrong, ":age");
  }
  refused("[{:db/id 101 :boss [102 103]}]", "db.error/invalid-lookup-ref", "[102 103]");
  refused("[{:db/id 101 :boss [102]}]", "db.error/invalid-entity-alias", "[102]");
  refused("[{:db/id 101 :boss []}]", "db.error/invalid-entity-alias");
  refused("[{:db/id 101 :boss #{102}}]", "db.error/not-an-entity", "#{102}");
  refused("[{:db/id 101 :tag [[\"a\" \"b\"]]}]", wrong, ":tag");
}

TEST_F(TxCombinations, AMapNestsInMapsOnlyWhateverFormsStandBesideIt) {
  for (const char* beside : {"", "{:db/id 101 :age 1}"}) {
    const auto nested = [&](const std::string& form) {
      refused("[" + form + beside + "]", "db.error/invalid-nested-entity", "stands in a map");
      refused("[" + std::string{beside} + form + "]", "db.error/invalid-nested-entity", "stands in a map");
    };
    nested(R"([:db/add 101 :limb {:name "hand"}])");
    nested(R"([:db/add 101 :boss {:email "petr@x"}])");
    nested(R"([:db/cas 101 :boss nil {:email "petr@x"}])");
    nested(R"([:db/retract 101 :boss {:email "petr@x" :age 5}])");
  }
}

TEST_F(TxCombinations, AUniqueValueMovesByMapsAlsoByNestedOnes) {
  transact(conn, R"([{:db/id 101 :email "new@x"} {:db/id 102 :email "ivan@x"}])");
  EXPECT_EQ(of(102, "email"), R"(["ivan@x"])");
  transact(conn, R"([{:db/id 102 :email "petr@x" :boss {:db/id 101 :email "ivan@x"}}])");
  EXPECT_EQ(conn.db().entid(read_edn(R"([:email "ivan@x"])")), 101);
  transact(conn, R"([{:db/id 102 :badge 8} {:db/id [:email "ivan@x"] :badge 7}])");
  EXPECT_EQ(of(101, "badge"), "[7]");
  transact(conn, R"([[:db/cas 101 :badge 7 9] [:db/cas 103 :badge nil 7]])");
  EXPECT_EQ(of(103, "badge"), "[7]");
  refused("[[:db/cas 102 :badge 8 7]]", "db.error/unique-conflict", "103");
}

TEST_F(TxCombinations, MapsWithoutIdsThatGiveOneIdentityAreOneEntity) {
  const auto report =
      transact(conn, R"([{:email "n@x" :age 1} {:email "n@x" :name "N"} {:email "ivan@x" :age 2}])");
  EXPECT_EQ(of(read_edn(R"([:email "n@x"])"), "age"), "[1]");
  EXPECT_EQ(of(read_edn(R"([:email "n@x"])"), "name"), R"(["N"])");
  EXPECT_EQ(of(101, "age"), "[2]");
  EXPECT_EQ(report.db_after.next_t(), report.t + 2);  // one new entity
}

TEST_F(TxCombinations, AComponentIsGivenToItsOwnerInReverse) {
  const auto report =
      transact(conn, R"([{:db/id "f" :name "hand" :_limb 101 :limb {:db/id "g" :name "finger"}}])");
  EXPECT_EQ(of(101, "limb"), "[" + text_of(*report.resolve_tempid("f")) + "]");
  transact(conn, "[[:db/retractEntity 101]]");
  EXPECT_EQ(of(*report.resolve_tempid("g"), "name"), "[]");
  const auto owner = transact(conn, R"([{:db/id 103 :name "hand" :_limb {:db/id "o" :name "owner"}}])");
  EXPECT_EQ(of(*owner.resolve_tempid("o"), "limb"), "[103]");
  transact(conn, R"([{:db/id 104 :name "foot" :_limb {:name "a new owner"}}])");
  EXPECT_EQ(conn.db().datoms(index_order::vaet, 104, kw("limb")).count(), 1u);
}

TEST_F(TxCombinations, DataAndFormsMayBeListsAndDataASet) {
  transact(conn, "((:db/add 101 :age 1) [:db/add 102 :age 2])");
  transact(conn, "#{{:db/id 103 :age 3} (:db/retract 101 :tag \"a\")}");
  EXPECT_EQ(of(101, "age") + of(102, "age") + of(103, "age") + of(101, "tag"), "[1][2][3][\"b\"]");
  refused("nil", "db.error/invalid-tx-data");
}

// -- compare and set

TEST_F(TxCombinations, CasExpectsARefByAnyNameButNoTempid) {
  transact(conn, "[[:db/add 101 :boss 102] {:db/ident :color/red}]");
  transact(conn, R"([[:db/cas 101 :boss [:email "petr@x"] :color/red]])");
  transact(conn, R"([[:db/cas 101 :boss ":color/red" 102]])");
  EXPECT_EQ(of(101, "boss"), "[102]");
  refused(R"([[:db/cas 101 :boss "t" 103] {:db/id "t" :email "petr@x"}])", "db.error/tempid-in-cas", "\"t\"");
  refused(R"([[:db/cas 103 :pair ["t" "a"] nil]])", "db.error/tempid-in-cas");
}

// -- what is no value

TEST_F(TxCombinations, NanIsNoValueInFloatsTuplesAndOpenSchemasEither) {
  refused("[[:db/add 101 :ratio ##NaN]]", "db.error/nan", ":ratio");
  refused("[[:db/add 101 :point [1.0 ##NaN]]]", "db.error/nan", "element 1 of the attribute :point");
  connection open{new_memory(), {.open_schema = true}};
  expect_refused(open, "[{:db/id 101 :n ##NaN}]", "db.error/nan", ":n");
  expect_refused(open, "[{:db/id 101 :n #datolite/float ##NaN}]", "db.error/nan", ":n");
}

TEST_F(TxCombinations, NilIsAValueInsideTuplesOnly) {
  transact(conn, "[[:db/add 101 :point [nil 1.0]] [:db/add 102 :pair [nil nil]]]");
  EXPECT_EQ(of(101, "point"), "[[nil 1.0]]");
  refused("[{:db/id 101 :tag [nil]}]", "db.error/nil-value", ":tag");
  refused("[{:db/id 101 :_friend nil}]", "db.error/nil-value", ":friend");
  refused("[{:db/id nil :age 1}]", "db.error/not-an-entity", "nil");
  refused("[[:db/add [:email nil] :age 1]]", "db.error/not-an-entity");
}

// -- composites

TEST_F(TxCombinations, ACompositeFollowsAnUpsertByAnIdentity) {
  transact(conn, R"([{:db/id "t" :email "ivan@x" :course "db"} {:db/id "u" :email "new@x" :boss "t"}])");
  EXPECT_EQ(of(101, "taken"), R"([[nil "db"]])");
  EXPECT_EQ(of(read_edn(R"([:email "new@x"])"), "taken"), "[[101 nil]]");
}

TEST_F(TxCombinations, AnEntityRetractedAndAssertedAnewHasTheCompositeOfItsNewFacts) {
  transact(conn, R"([{:db/id 201 :boss 101 :course "db"}])");
  const auto report = transact(conn, R"([[:db/retractEntity 201] [:db/add 201 :course "os"]])");
  EXPECT_EQ(of(201, "taken"), R"([[nil "os"]])");
  EXPECT_EQ(report.tx_data.size(), 6u);  // boss, both courses, both composites, the instant
  transact(conn, "[[:db/retract 201 :course]]");
  EXPECT_EQ(of(201, "taken"), "[]");
}

TEST_F(TxCombinations, AUniqueCompositeMaySwapAndBeFreedWithinOneTransaction) {
  transact(conn, R"([{:db/id 201 :boss 101 :course "db"} {:db/id 202 :boss 101 :course "os"}])");
  transact(conn, R"([[:db/add 201 :course "os"] {:db/id 202 :course "db"}])");
  EXPECT_EQ(conn.db().entid(read_edn(R"([:taken [101 "os"]])")), 201);
  transact(conn, R"([[:db/retractEntity 201] {:db/id 203 :boss [:email "ivan@x"] :course "os"}])");
  EXPECT_EQ(conn.db().entid(read_edn(R"([:taken [[:email "ivan@x"] "os"]])")), 203);
  refused(R"([{:db/id 204 :course "os" :boss 101}])", "db.error/unique-conflict", ":taken");
  refused(R"([{:db/id 205 :course "x"} {:db/id 206 :course "x"}])", "db.error/unique-conflict", ":taken");
}

TEST_F(TxCombinations, ATempidInATupleIsTheEntityThatItBecomes) {
  const auto report = transact(conn, R"([{:db/id 201 :pair ["t" "a"]} {:db/id "t" :email "ivan@x"}
                                         {:db/id 202 :pair ["n" "a"]} {:db/id "n" :name "N"}])");
  EXPECT_EQ(of(201, "pair"), R"([[101 "a"]])");
  EXPECT_EQ(of(202, "pair"), "[[" + text_of(*report.resolve_tempid("n")) + " \"a\"]]");
}

// -- names that changed

TEST_F(TxCombinations, AnOldNameOfAnAttributeServesWhereverAnAttributeIsNamed) {
  auto known = std::make_shared<tx_functions>();
  known->add("my/old", [](const db&, std::span<const value>) {
    return read_edn(R"([{:db/id [:email "ivan@x"] :age 5 :_boss 102} [:db/cas 102 :age 37 38]])");
  });
  connection renamed{new_memory(), {.functions = known}};
  transact(renamed, schema);
  transact(renamed, R"([{:db/id 101 :email "ivan@x"} {:db/id 102 :age 37}])");
  transact(renamed, R"([[:db/add :email :db/ident :mail] [:db/add :age :db/ident :years]
                        [:db/add :boss :db/ident :chief]])");
  transact(renamed, "[[:my/old]]");
  EXPECT_EQ(values_of(renamed.db(), 101, "years") + values_of(renamed.db(), 102, "chief"), "[5][101]");
  EXPECT_EQ(values_of(renamed.db(), read_edn(R"([:email "ivan@x"])"), "age"), "[5]");
  EXPECT_EQ(values_of(renamed.db(), read_edn(R"([:mail "ivan@x"])"), "years"), "[5]");
  transact(renamed, R"([{:db/ident :ae :db/valueType :db.type/tuple :db/cardinality :db.cardinality/one
                         :db/tupleAttrs [:age :mail]} {:db/ident :spec :db.entity/attrs [:age :boss]}])");
  transact(renamed, "[[:db/add 101 :age 6]]");
  EXPECT_EQ(values_of(renamed.db(), 101, "ae"), R"([[6 "ivan@x"]])");
  EXPECT_EQ(values_of(renamed.db(), read_edn(R"([:taken [[:email "ivan@x"] nil]])"), "age"), "[38]");
  transact(renamed, R"([{:db/id 102 :db/ensure :spec}])");
  expect_refused(renamed, R"([{:db/id 101 :db/ensure :spec}])", "db.error/entity-attr", ":boss");
}

TEST_F(TxCombinations, AnOldNameOfAnEntityServesAsAValueUntilAnotherTakesIt) {
  transact(conn, "[{:db/id 300 :db/ident :color/red}]");
  transact(conn, "[[:db/add :color/red :db/ident :color/crimson]]");
  transact(conn, "[[:db/add 101 :boss :color/red] [:db/add 102 :pair [:color/red nil]]]");
  EXPECT_EQ(of(101, "boss") + of(102, "pair"), "[300][[300 nil]]");
  transact(conn, "[{:db/id 301 :db/ident :color/red} [:db/add 101 :boss :color/red]]");  // red is 300 as yet
  EXPECT_EQ(of(101, "boss"), "[300]");
  transact(conn, "[[:db/add 101 :boss :color/red]]");
  EXPECT_EQ(of(101, "boss"), "[301]");
}

TEST_F(TxCombinations, NamesMayBeSwappedAndMovedWithinOneTransaction) {
  const auto name = conn.db().entid(kw("name")), course = conn.db().entid(kw("course"));
  transact(conn, "[[:db/add :name :db/ident :course] [:db/add :course :db/ident :name]]");
  EXPECT_EQ(conn.db().entid(kw("name")), course);
  EXPECT_EQ(conn.db().entid(kw("course")), name);
  EXPECT_EQ(of(101, "course"), R"(["Ivan"])");
  transact(conn, "[{:db/id 300 :db/ident :color/red}]");
  transact(conn, "[[:db/retract 300 :db/ident :color/red] {:db/id 301 :db/ident :color/red}]");
  EXPECT_EQ(conn.db().entid(kw("color/red")), 301);
  EXPECT_EQ(conn.db().ident(300), std::nullopt);
  transact(conn, "[[:db/retractEntity :color/red]]");
  EXPECT_EQ(conn.db().entid(kw("color/red")), std::nullopt);
}

// -- alterations and facts at once

TEST_F(TxCombinations, AnAlterationServesTheNextTransactionAndNotItsOwn) {
  refused(
      "[[:db/add :boss :db/cardinality :db.cardinality/many] [:db/add 101 :boss 102] [:db/add 101 :boss "
      "103]]",
      "db.error/datoms-conflict");
  refused("[[:db/retract :badge :db/unique] [:db/add 101 :badge 7]]", "db.error/unique-conflict");
  refused("[[:db/add :friend :db/isComponent true] {:db/id 101 :friend {:name \"x\"}}]",
          "db.error/invalid-nested-entity");
  refused(
      "[{:db/ident :new/one :db/valueType :db.type/long :db/cardinality :db.cardinality/one} {:new/one 1}]",
      "db.error/not-an-attribute", ":new/one");
  transact(conn, "[[:db/retract :badge :db/unique]]");
  transact(conn, "[[:db/add 101 :badge 7]]");
  transact(conn, "[[:db/add :badge :db/index true] [:db/add 103 :badge 7] [:db/retract 102 :badge 7]]");
  EXPECT_EQ(in_avet("badge"), (std::vector<value>{7, 7}));
}

TEST_F(TxCombinations, ThereIsRoomForAttributesUpTo524287AndNoFurther) {
  transact(
      conn,
      R"([{:db/id 524287 :db/ident :last :db/valueType :db.type/long :db/cardinality :db.cardinality/one}])");
  transact(conn, "[[:db/add 101 :last 1]]");
  EXPECT_EQ(of(101, "last"), "[1]");
  refused(R"([{:db/ident :more :db/valueType :db.type/long :db/cardinality :db.cardinality/one}])",
          "db.error/too-many-attributes", "524287");
  refused(
      R"([{:db/id 524288 :db/ident :more :db/valueType :db.type/long :db/cardinality :db.cardinality/one}])",
      "db.error/invalid-attribute");
}

TEST(NoHistory, ForgetsWhatEndsWhileItIsSaidOnEveryStoreAndThroughReopening) {
  for (const store& in : all_stores()) {
    SCOPED_TRACE(in.name);
    std::optional<connection> conn{std::in_place, in.open()};
    transact(*conn, schema);
    std::vector<std::int64_t> t;
    for (const char* text : {"[[:db/add 101 :name \"a\"]]", "[[:db/add 101 :name \"b\"]]",
                             "[[:db/add :name :db/noHistory true]]", "[[:db/add 101 :name \"c\"]]",
                             "[[:db/add :name :db/noHistory false]]", "[[:db/add 101 :name \"d\"]]",
                             "[[:db/retract :name :db/noHistory]]", "[[:db/retract 101 :name]]"})
      t.push_back(transact(*conn, text).t);
    for (int opened = 0; opened < 2; ++opened) {
      const auto at = [&](int i) {
        return values_of(conn->db().as_of(t[static_cast<std::size_t>(i)]), 101, "name");
      };
      EXPECT_EQ(at(0), R"(["a"])");  // what had ended before, stays
      EXPECT_EQ(at(1), "[]");
      EXPECT_EQ(at(3), R"(["c"])");
      EXPECT_EQ(at(5), R"(["d"])");
      EXPECT_EQ(at(7), "[]");
      EXPECT_EQ(conn->db().history().datoms(index_order::eavt, 101, kw("name")).to_vector().size(), 6u);
      conn.reset(), conn.emplace(in.open());
    }
  }
}

// -- partitions

TEST_F(TxCombinations, ATempidOfAPartitionThatUpsertsIsTheEntityWhereverItIs) {
  transact(conn, R"([{:db/ident :part/mine :db.install/_partition :db.part/db}])");
  const entity_id mine = *conn.db().entid(kw("part/mine"));
  const auto report = transact(conn, R"([{:db/id #db/id[:part/mine -1] :email "ivan@x" :age 1}
      {:db/id #db/id[:part/mine -2] :email "new@x"} {:db/id "u" :email "new@x" :age 2}])");
  EXPECT_EQ(report.resolve_tempid(read_edn("#db/id[:part/mine -1]")), 101);
  EXPECT_EQ(report.resolve_tempid("u"), report.resolve_tempid(read_edn("#db/id[:part/mine -2]")));
  const entity_id made = *report.resolve_tempid("u");
  EXPECT_EQ(datoms::part(made), mine);
  transact(conn, "[[:db/add 101 :friend " + text_of(made) + "] [:db/add " + text_of(made) + " :friend 101]]");
  transact(conn, "[[:db/retractEntity " + text_of(made) + "]]");
  EXPECT_EQ(of(101, "friend") + of(made, "email"), "[][]");
}

/// Ids of one partition differ only where the sort prefix of a row has no room for them.
TEST(Partitions, ReferencesIntoThemAreFoundBackwardsOnEveryStore) {
  for (const store& in : all_stores()) {
    SCOPED_TRACE(in.name);
    std::optional<connection> conn{std::in_place, in.open()};
    transact(*conn, schema);
    std::string data = "[";
    for (int i = 0; i < 200; ++i) {
      const entity_id partition = i % 3 == 0   ? datoms::implicit_part(i % 2)
                                  : i % 3 == 1 ? entity_id{500}
                                               : datoms::part_user;
      const entity_id to = datoms::entid_at(partition, 7 + i / 6);
      data += "[:db/add " + std::to_string(1000 + i) + (i % 4 < 2 ? " :limb " : " :friend ") +
              std::to_string(to) + "]";
      if (i % 20 == 19) transact(*conn, data + "]"), data = "[";
    }
    transact(*conn,
             "[[:db/retractEntity " + std::to_string(datoms::entid_at(datoms::implicit_part(0), 8)) + "]]");
    conn.reset(), conn.emplace(in.open());
    const db now = conn->db();
    std::multiset<std::string> forwards, backwards;
    const auto limb = now.attribute(kw("limb"))->id, friends = now.attribute(kw("friend"))->id;
    const auto told = [](const datom& d) { return text_of(d.e) + " " + text_of(d.a) + " " + to_edn(d.v); };
    for (const datom& d : now.datoms(datom_range{.index = index_order::vaet})) {
      if (d.a == limb || d.a == friends) backwards.insert(told(d));
    }
    for (const attribute_id a : {limb, friends}) {
      for (const datom& d : now.datoms(index_order::aevt, value::ref(a))) {
        forwards.insert(told(d));
        EXPECT_EQ(now.datoms(index_order::vaet, d.v, value::ref(a), d.e).count(), 1u) << told(d);
      }
    }
    EXPECT_EQ(backwards, forwards);
    EXPECT_GT(forwards.size(), 180u);
  }
}

TEST_F(TxCombinations, AnIdThatIsWrittenAsAValueRaisesTheCounterToo) {
  std::int64_t n = 5000;
  for (const char* form :
       {"[:db/add 101 :friend @]", "[:db/add 101 :pair [@ nil]]", "{:db/id 101 :_friend @}",
        "{:db/id 101 :limb {:db/id @ :age 1}}", "[:db/cas 103 :boss nil @]"}) {
    std::string data = form;
    n += 1000;
    data.replace(data.find('@'), 1, text_of(datoms::entid_at(datoms::part_user, n)));
    transact(conn, "[" + data + "]");
    EXPECT_EQ(conn.db().next_t(), n + 1) << data;
  }
  transact(conn,
           "[[:db/retract 101 :friend " + text_of(datoms::entid_at(datoms::part_user, n + 9000)) + "]]");
  EXPECT_EQ(conn.db().next_t(), n + 2);  // what is not there, is not named either
}

TEST(LongTuples, AreKeptFoundAndOrderedOnEveryStore) {
  const std::string same(600, 'x');
  for (const store& in : all_stores()) {
    SCOPED_TRACE(in.name);
    std::optional<connection> conn{std::in_place, in.open()};
    transact(*conn, schema);
    const auto course = [&](int i) { return '"' + same + std::to_string(i) + '"'; };
    for (const int i : {3, 1, 4, 2, 0}) {
      const std::string e = std::to_string(200 + i);
      transact(*conn, "[{:db/id " + e + " :boss 101 :course " + course(i) + " :pair [" + e + " " + course(i) +
                          "]}]");
    }
    transact(*conn, "[[:db/add 204 :course " + course(9) + "] [:db/retract 203 :course]]");
    conn.reset(), conn.emplace(in.open());
    std::vector<entity_id> order;
    for (const datom& d : conn->db().datoms(index_order::avet, kw("taken"))) order.push_back(d.e);
    EXPECT_EQ(order, (std::vector<entity_id>{203, 200, 201, 202, 204}));
    EXPECT_EQ(conn->db().entid(read_edn("[:taken [101 " + course(9) + "]]")), 204);
    EXPECT_EQ(conn->db().entid(read_edn("[:taken [101 " + course(4) + "]]")), std::nullopt);
    EXPECT_EQ(conn->db().as_of(conn->db().basis_t() - 1).entid(read_edn("[:taken [101 " + course(4) + "]]")),
              204);
    expect_refused(*conn, "[{:db/id 210 :boss 101 :course " + course(2) + "}]", "db.error/unique-conflict");
    EXPECT_EQ(transact(*conn, "[[:db/add 200 :pair [200 " + course(0) + "]]]").tx_data.size(), 1u);
  }
}

// -- specs

TEST(EnsureAfterWith, DemandsWhatTheBranchHas) {
  connection conn{new_memory()};
  transact(conn, schema);
  transact(conn, "[{:db/ident :spec :db.entity/attrs [:name :age]} {:db/id 101 :name \"Ivan\"}]");
  const db aged = conn.db().with(read_edn("[[:db/add 101 :age 1]]")).db_after;
  EXPECT_NO_THROW(aged.with(read_edn("[[:db/add 101 :db/ensure :spec]]")));
  EXPECT_THROW(aged.with(read_edn("[[:db/retract 101 :age] {:db/id 101 :db/ensure :spec}]")), error);
  const db narrower = aged.with(read_edn("[[:db/add :spec :db.entity/attrs :score]]")).db_after;
  EXPECT_THROW(narrower.with(read_edn("[[:db/add 101 :db/ensure :spec]]")), error);
  expect_refused(conn, "[[:db/add 101 :db/ensure :spec]]", "db.error/entity-attr", ":age");
}

// -- ranges

TEST_F(TxCombinations, ARangeOfValuesEndsWhereItsTypeSays) {
  transact(conn, R"([{:db/id 101 :score ##-Inf :price 1.0M} {:db/id 102 :score -0.0 :price 1.00M}
                     {:db/id 103 :score ##Inf :price 2M}])");
  const auto values = [&](std::string_view a, const std::optional<value>& from,
                          const std::optional<value>& to) {
    std::vector<value> out;
    for (const datom& d : conn.db().index_range(kw(a), from, to)) out.push_back(d.v);
    return to_edn(value::vector(std::span<const value>{out}));
  };
  const auto edn = [](const char* text) { return std::optional{read_edn(text)}; };
  EXPECT_EQ(values("score", edn("##-Inf"), edn("##Inf")), "[##-Inf 0.0]");
  EXPECT_EQ(values("score", edn("0.0"), {}), "[0.0 ##Inf]");
  EXPECT_EQ(values("price", edn("1.0M"), edn("1.00M")), "[1.0M]");
  EXPECT_EQ(values("price", edn("1.00M"), edn("2M")), "[1.00M]");
  EXPECT_EQ(values("age", edn("-9223372036854775808"), edn("9223372036854775807")), "[15 37]");
  EXPECT_EQ(values("email", edn("\"\""), edn("\"petr@x\"")), R"(["ivan@x"])");
}

// -- time

TEST_F(TxCombinations, AnInstantEqualToTheLastOneIsTakenAndOneBeforeItIsNot) {
  const std::string_view at = R"([{:db/id "datomic.tx" :db/txInstant #inst "2095-01-01T00:00:00.001Z"}])";
  transact(conn, at);
  EXPECT_EQ(to_edn(transact(conn, at).tx_data.front().v), R"(#inst "2095-01-01T00:00:00.001Z")");
  refused(R"([{:db/id "datomic.tx" :db/txInstant #inst "2095-01-01T00:00:00.000Z"}])",
          "db.error/past-tx-instant");
  const auto now = transact(conn, "[]");  // the clock is behind
  EXPECT_EQ(to_edn(now.tx_data.front().v), R"(#inst "2095-01-01T00:00:00.001Z")");
}

}  // namespace tx_combinations_test
