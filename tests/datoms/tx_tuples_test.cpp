// Tuples: composite ones, kept in step with their parts, and those that are asserted.
#include "stores.hpp"
#include "support.hpp"

#include <random>

namespace tx_tuples_test {

using namespace datolite_test;

constexpr std::string_view schema = R"([
  {:db/ident :name     :db/valueType :db.type/string :db/cardinality :db.cardinality/one :db/unique :db.unique/identity}
  {:db/ident :student  :db/valueType :db.type/ref    :db/cardinality :db.cardinality/one}
  {:db/ident :course   :db/valueType :db.type/string :db/cardinality :db.cardinality/one}
  {:db/ident :year     :db/valueType :db.type/long   :db/cardinality :db.cardinality/one}
  {:db/ident :tag      :db/valueType :db.type/string :db/cardinality :db.cardinality/many}
  {:db/ident :enrolled :db/valueType :db.type/tuple  :db/cardinality :db.cardinality/one
   :db/tupleAttrs [:student :course :year] :db/unique :db.unique/identity}
  {:db/ident :point    :db/valueType :db.type/tuple  :db/cardinality :db.cardinality/one  :db/tupleType :db.type/long}
  {:db/ident :points   :db/valueType :db.type/tuple  :db/cardinality :db.cardinality/many :db/tupleType :db.type/long}
  {:db/ident :pair     :db/valueType :db.type/tuple  :db/cardinality :db.cardinality/one
   :db/tupleTypes [:db.type/ref :db.type/string] :db/unique :db.unique/identity}])";

class Tuples : public testing::Test {
 protected:
  void SetUp() override {
    transact(conn, schema);
    transact(conn, R"([{:db/id 101 :name "Ivan"} {:db/id 102 :name "Petr"}])");
  }
  std::string of(const value& e, std::string_view a) { return values_of(conn.db(), e, a); }
  void refused(std::string_view text, std::string_view code, std::string_view words = {}) {
    expect_refused(conn, text, code, words);
  }
  connection conn{new_memory()};
};

// -- composite

TEST_F(Tuples, ACompositeFollowsItsPartsOnEveryTransaction) {
  transact(conn, R"([{:db/id 201 :student 101 :course "db" :year 1}])");
  EXPECT_EQ(of(201, "enrolled"), R"([[101 "db" 1]])");
  const auto report = transact(conn, R"([[:db/add 201 :year 2]])");
  EXPECT_EQ(report.tx_data.size(), 5u);
  EXPECT_EQ(of(201, "enrolled"), R"([[101 "db" 2]])");
  transact(conn, R"([[:db/cas 201 :course "db" "os"]])");
  EXPECT_EQ(of(201, "enrolled"), R"([[101 "os" 2]])");
  EXPECT_EQ(values_of(conn.db().as_of(report.t), 201, "enrolled"), R"([[101 "db" 2]])");
}

TEST_F(Tuples, ACompositeIsPaddedWithNil) {
  transact(conn, R"([{:db/id 201 :course "db"}])");
  EXPECT_EQ(of(201, "enrolled"), R"([[nil "db" nil]])");
  transact(conn, R"([[:db/add 201 :year 3] [:db/retract 201 :course "db"]])");
  EXPECT_EQ(of(201, "enrolled"), R"([[nil nil 3]])");
}

TEST_F(Tuples, ACompositeGoesWhenAllItsPartsAreGone) {
  transact(conn, R"([{:db/id 201 :course "db" :year 1}])");
  const auto report = transact(conn, R"([[:db/retract 201 :course] [:db/retract 201 :year 1]])");
  EXPECT_EQ(of(201, "enrolled"), "[]");
  EXPECT_EQ(report.tx_data.size(), 4u);
}

TEST_F(Tuples, ACompositeFollowsTheRetractionOfAnEntityThatAPartNames) {
  transact(conn, R"([{:db/id 201 :student 101 :course "db"}])");
  transact(conn, "[[:db/retractEntity 101]]");
  EXPECT_EQ(of(201, "enrolled"), R"([[nil "db" nil]])");
  transact(conn, "[[:db/retractEntity 201]]");
  EXPECT_EQ(of(201, "enrolled"), "[]");
}

TEST_F(Tuples, ACompositeIsNeverAssertedDirectly) {
  transact(conn, R"([{:db/id 201 :student 101 :course "db" :year 1}])");
  refused(R"([[:db/add 201 :enrolled [101 "os" 1]]])", "db.error/composite-tuple", ":enrolled");
  refused(R"([{:db/id 201 :enrolled [101 "db" 1]}])", "db.error/composite-tuple");
  refused(R"([[:db/retract 201 :enrolled [101 "db" 1]]])", "db.error/composite-tuple");
  refused(R"([[:db/retract 201 :enrolled]])", "db.error/composite-tuple");
  refused(R"([[:db/cas 201 :enrolled nil [101 "db" 1]]])", "db.error/composite-tuple");
}

TEST_F(Tuples, AUniqueCompositeIsUniqueAndDoesNotUpsert) {
  transact(conn, R"([{:db/id 201 :student 101 :course "db" :year 1}])");
  refused(R"([{:db/id "new" :student 101 :course "db" :year 1}])", "db.error/unique-conflict", "201");
  transact(conn, R"([[:db/add 201 :year 2] {:db/id 202 :student 101 :course "db" :year 1}])");  // it moved
  refused("[[:db/add 202 :year 2]]", "db.error/unique-conflict", ":enrolled");
}

TEST_F(Tuples, ALookupRefMayNameACompositeAndTheRefsInItByAnyName) {
  transact(conn,
           R"([{:db/id 201 :student 101 :course "db" :year 1} {:db/id 202 :student 102 :course "db"}])");
  transact(
      conn,
      R"([[:db/add [:enrolled [101 "db" 1]] :tag "a"] [:db/add [:enrolled [[:name "Petr"] "db" nil]] :tag "b"]])");
  EXPECT_EQ(of(201, "tag"), R"(["a"])");
  EXPECT_EQ(of(202, "tag"), R"(["b"])");
  refused(R"([[:db/add [:enrolled [101 "db" 7]] :tag "a"]])", "db.error/not-an-entity");
  refused(R"([[:db/add [:enrolled [101 "db"]] :tag "a"]])", "db.error/not-an-entity");
}

TEST_F(Tuples, ACompositeAddedLaterTakesInWhatIsAssertedAgain) {
  transact(conn, R"([{:db/id 201 :course "db" :year 1} {:db/id 202 :course "os" :year 2}])");
  transact(conn, R"([{:db/ident :cy :db/valueType :db.type/tuple :db/cardinality :db.cardinality/one
                      :db/tupleAttrs [:course :year] :db/index true}])");
  EXPECT_EQ(of(201, "cy"), "[]");
  const auto report = transact(conn, R"([[:db/add 201 :course "db"]])");
  EXPECT_EQ(of(201, "cy"), R"([["db" 1]])");
  EXPECT_EQ(report.tx_data.size(), 2u);
  EXPECT_EQ(of(202, "cy"), "[]");
  transact(conn, "[[:db/retract 202 :year 9]]");  // of what is not; but it speaks of a part
  EXPECT_EQ(of(202, "cy"), R"([["os" 2]])");
}

TEST_F(Tuples, OnePartMayBelongToSeveralComposites) {
  transact(conn, R"([{:db/ident :yc :db/valueType :db.type/tuple :db/cardinality :db.cardinality/one
                      :db/tupleAttrs [:year :course]}])");
  transact(conn, R"([{:db/id "n" :course "db" :year 1 :name "n"} {:db/id 205 :tag "x" :year 4}])");
  EXPECT_EQ(of(read_edn("[:name \"n\"]"), "yc"), R"([[1 "db"]])");
  EXPECT_EQ(of(205, "yc"), "[[4 nil]]");
  EXPECT_EQ(of(205, "enrolled"), "[[nil nil 4]]");
}

TEST_F(Tuples, NilSortsLowest) {
  transact(conn, R"([{:db/id 201 :course "a"} {:db/id 202 :course "a" :year -5} {:db/id 203 :year 0}])");
  datom_range range;
  range.index = index_order::avet;
  range.a = conn.db().attribute(kw("enrolled"))->id;
  std::vector<entity_id> order;
  for (const datom& d : conn.db().datoms(range)) order.push_back(d.e);
  EXPECT_EQ(order, (std::vector<entity_id>{203, 201, 202}));
}

TEST_F(Tuples, ARenamedPartStaysAPart) {
  transact(conn, "[[:db/add :course :db/ident :lecture]]");
  transact(conn, R"([{:db/ident :course :db/valueType :db.type/long :db/cardinality :db.cardinality/one}])");
  transact(conn, R"([{:db/id 201 :lecture "db" :course 7}])");
  EXPECT_EQ(of(201, "enrolled"), R"([[nil "db" nil]])");
}

TEST_F(Tuples, WithKeepsCompositesToo) {
  const db after = conn.db().with(read_edn(R"([{:db/id 201 :course "db"}])")).db_after;
  EXPECT_EQ(values_of(after, 201, "enrolled"), R"([[nil "db" nil]])");
  EXPECT_EQ(of(201, "enrolled"), "[]");
}

TEST_F(Tuples, ABranchOfThePastKeepsCompositesToo) {
  const auto first = transact(conn, R"([{:db/id 201 :course "db"}])");
  transact(conn, "[[:db/add 201 :year 1]]");
  const db past = conn.db().as_of(first.t).with(read_edn("[[:db/add 201 :student 101]]")).db_after;
  EXPECT_EQ(values_of(past, 201, "enrolled"), R"([[101 "db" nil]])");
  EXPECT_EQ(past.entid(read_edn(R"([:enrolled [101 "db" nil]])")), 201);
}

TEST_F(Tuples, AfterAnyHistoryACompositeIsWhatItsPartsAreAtEveryT) {
  const std::vector<std::string> parts = {"student", "course", "year"};
  std::mt19937 random{20};
  const auto pick = [&](int n) { return std::to_string(random() % static_cast<unsigned>(n)); };
  const auto form = [&]() -> std::string {
    const std::string e = "20" + pick(4), v[] = {"10" + pick(4), "\"c" + pick(3) + "\"", pick(3)};
    const std::size_t part = random() % 3;
    switch (random() % 6) {
      case 0: return "[:db/retract " + e + " :" + parts[part] + "] ";
      case 1: return "[:db/retract " + e + " :" + parts[part] + " " + v[part] + "] ";
      case 2: return "[:db/retractEntity " + (random() % 2 ? e : v[0]) + "] ";
      default: return "[:db/add " + e + " :" + parts[part] + " " + v[part] + "] ";
    }
  };
  const auto joined = [&](const db& in, const std::string& e) {
    std::string text = "[[";
    bool any = false;
    for (const std::string& part : parts) {
      const std::string one = values_of(in, read_edn(e), part);
      any = any || one != "[]";
      text += one == "[]" ? "nil " : one.substr(1, one.size() - 2) + " ";
    }
    text.pop_back();
    return any ? text + "]]" : "[]";
  };
  int done = 0;
  for (int round = 0; round < 400; ++round) {
    std::string text = "[";
    for (std::size_t n = 1 + random() % 4; n > 0; --n) text += form();
    try {
      transact(conn, text + "]");
      ++done;
    } catch (const error& e) {
      EXPECT_TRUE(e.code() == "db.error/datoms-conflict" || e.code() == "db.error/unique-conflict")
          << e.message();
      continue;
    }
    for (const std::int64_t t : {conn.db().basis_t(), conn.db().basis_t() - round / 2}) {
      const db at = conn.db().as_of(t);
      if (t < datoms::first_user_t + 1) continue;
      for (const char* e : {"200", "201", "202", "203"}) {
        ASSERT_EQ(values_of(at, read_edn(e), "enrolled"), joined(at, e)) << text << " at " << t;
      }
    }
  }
  EXPECT_GT(done, 150);
}

// -- those that are asserted

TEST_F(Tuples, AHomogeneousTupleHasTwoToEightElementsOfItsTypeOrNil) {
  transact(conn, "[[:db/add 201 :point [1 2]] {:db/id 202 :point (1 nil 3 4 5 6 7 8)}]");
  EXPECT_EQ(of(201, "point"), "[[1 2]]");
  EXPECT_EQ(of(202, "point"), "[[1 nil 3 4 5 6 7 8]]");
  EXPECT_EQ(transact(conn, "[[:db/add 201 :point [1 2]]]").tx_data.size(), 1u);
  refused("[[:db/add 201 :point [1]]]", "db.error/wrong-type-for-attribute", "2 to 8");
  refused("[[:db/add 201 :point [1 2 3 4 5 6 7 8 9]]]", "db.error/wrong-type-for-attribute");
  refused("[[:db/add 201 :point [1 :a]]]", "db.error/wrong-type-for-attribute",
          "element 1 of the attribute :point");
  refused("[[:db/add 201 :point 1]]", "db.error/wrong-type-for-attribute");
  refused("[[:db/add 201 :point nil]]", "db.error/wrong-type-for-attribute");
}

TEST_F(Tuples, AHeterogeneousTupleHasATypeForEachElement) {
  transact(conn, R"([[:db/add 201 :pair [101 "a"]] {:db/id 202 :pair [[:name "Petr"] nil]}])");
  EXPECT_EQ(of(201, "pair"), R"([[101 "a"]])");
  EXPECT_EQ(of(202, "pair"), "[[102 nil]]");
  refused(R"([[:db/add 201 :pair [101 "a" 1]]])", "db.error/wrong-type-for-attribute",
          "tuples of 2 elements");
  refused(R"([[:db/add 201 :pair ["a" "b"]]])", "db.error/tempid-not-an-entity");
}

TEST_F(Tuples, AnAssertedUniqueTupleUpsertsAlsoByTempidsInIt) {
  transact(conn, R"([{:db/id 201 :pair [101 "a"]}])");
  const auto report = transact(conn, R"([{:db/id "t" :pair ["i" "a"] :year 5} {:db/id "i" :name "Ivan"}
                         {:db/id "u" :pair ["n" "a"] :year 6} {:db/id "n" :name "Nina"}])");
  EXPECT_EQ(report.resolve_tempid("t"), 201);
  EXPECT_EQ(of(201, "year"), "[5]");
  EXPECT_EQ(of(*report.resolve_tempid("u"), "pair"),
            "[[" + std::to_string(*report.resolve_tempid("n")) + " \"a\"]]");
}

TEST_F(Tuples, AMapGivesOneTupleOrSeveral) {
  transact(conn, "[{:db/id 201 :points [[1 2] [3 4]]} {:db/id 202 :points [5 6]}]");
  EXPECT_EQ(of(201, "points"), "[[1 2] [3 4]]");
  EXPECT_EQ(of(202, "points"), "[[5 6]]");
}

TEST_F(Tuples, ReplaceOneAnother) {
  transact(conn, "[[:db/add 201 :point [1 2]]]");
  EXPECT_EQ(transact(conn, "[[:db/cas 201 :point [1 2] [1 3]]]").tx_data.size(), 3u);
  refused("[[:db/add 201 :point [1 4]] [:db/add 201 :point [1 5]]]", "db.error/datoms-conflict");
  transact(conn, "[[:db/retract 201 :point [1 3]]]");
  EXPECT_EQ(of(201, "point"), "[]");
}

// -- the schema of tuples

TEST_F(Tuples, ATupleAttributeSaysOnceWhatItIsMadeOf) {
  const auto attribute = [](std::string_view rest) {
    return "[{:db/ident :t :db/cardinality :db.cardinality/one " + std::string{rest} + "}]";
  };
  const auto bad = [&](std::string_view rest, std::string_view words) {
    refused(attribute(rest), "db.error/invalid-attribute", words);
  };
  bad(":db/valueType :db.type/tuple", "exactly one of");
  bad(":db/valueType :db.type/long :db/tupleType :db.type/long", "exactly one of");
  bad(":db/valueType :db.type/tuple :db/tupleType :db.type/long :db/tupleAttrs [:year :course]",
      "exactly one of");
  bad(":db/valueType :db.type/tuple :db/tupleType :db.type/tuple",
      ":db.type/tuple is no type that a tuple's");
  bad(":db/valueType :db.type/tuple :db/tupleType :year", ":year is no type that a tuple's");
  bad(":db/valueType :db.type/tuple :db/tupleTypes [:db.type/long :db.type/lung]", ":db.type/lung");
  bad(":db/valueType :db.type/tuple :db/tupleAttrs [:year :nothing]", ":nothing is not an attribute");
  bad(":db/valueType :db.type/tuple :db/tupleAttrs [:year nil]", "nil is not an attribute");
  bad(":db/valueType :db.type/tuple :db/tupleAttrs [:year :tag]", ":tag cannot be a part");
  bad(":db/valueType :db.type/tuple :db/tupleAttrs [:year :point]", ":point cannot be a part");
  refused(attribute(":db/valueType :db.type/tuple :db/tupleAttrs [:year]"),
          "db.error/wrong-type-for-attribute", "2 to 8");
  refused(R"([{:db/ident :t :db/cardinality :db.cardinality/many :db/valueType :db.type/tuple
               :db/tupleAttrs [:year :course]}])",
          "db.error/invalid-attribute", "cardinality one");
}

TEST_F(Tuples, WhatATupleIsMadeOfNeverChanges) {
  refused("[[:db/add :enrolled :db/tupleAttrs [:course :year]]]", "db.error/invalid-attribute",
          "cannot be changed");
  refused("[[:db/retract :enrolled :db/tupleAttrs]]", "db.error/invalid-attribute", "cannot be changed");
  refused("[[:db/add :point :db/tupleType :db.type/string]]", "db.error/invalid-attribute",
          "cannot be changed");
  refused("[[:db/add :pair :db/tupleTypes [:db.type/ref :db.type/long]]]", "db.error/invalid-attribute");
  refused("[[:db/add :year :db/cardinality :db.cardinality/many]]", "db.error/invalid-attribute",
          "composite");
}

TEST_F(Tuples, ACompositeMayBeDeclaredTogetherWithItsParts) {
  transact(
      conn,
      R"([{:db/ident :ab :db/valueType :db.type/tuple :db/cardinality :db.cardinality/one :db/tupleAttrs [:b :a]}
                     {:db/ident :a :db/valueType :db.type/long :db/cardinality :db.cardinality/one}
                     {:db/ident :b :db/valueType :db.type/double :db/cardinality :db.cardinality/one}])");
  transact(conn, "[{:db/id 201 :a 1 :b 2.5}]");
  EXPECT_EQ(of(201, "ab"), "[[2.5 1]]");
  EXPECT_EQ(of(kw("ab"), "db/tupleAttrs"), "[[:b :a]]");
}

TEST(TuplesStored, AreTheSameAfterReopeningOnEveryEngine) {
  for (const store& in : all_stores()) {
    SCOPED_TRACE(in.name);
    {
      connection conn{in.open()};
      transact(conn, schema);
      transact(conn, R"([{:db/id 201 :course "db" :point [1 nil]}])");
    }
    connection conn{in.open()};
    EXPECT_EQ(values_of(conn.db(), 201, "enrolled"), R"([[nil "db" nil]])");
    transact(conn, R"([[:db/add 201 :year 1]])");
    EXPECT_EQ(values_of(conn.db(), 201, "enrolled"), R"([[nil "db" 1]])");
    EXPECT_EQ(conn.db().entid(read_edn(R"([:enrolled [nil "db" 1]])")), 201);
    expect_refused(conn, "[[:db/add 201 :point [1 :a]]]", "db.error/wrong-type-for-attribute");
  }
}

}  // namespace tx_tuples_test
