// Ids and schema in transactions: partitions, tempids in them, idents, alterations. Each test's name states a
// rule.
#include "stores.hpp"
#include "support.hpp"

#include <thread>

#include <datolite/datoms/tempid.hpp>

namespace tx_schema_test {

using namespace datolite_test;

constexpr std::string_view schema = R"([
  {:db/ident :name   :db/valueType :db.type/string :db/cardinality :db.cardinality/one}
  {:db/ident :email  :db/valueType :db.type/string :db/cardinality :db.cardinality/one :db/unique :db.unique/value}
  {:db/ident :friend :db/valueType :db.type/ref    :db/cardinality :db.cardinality/many}
  {:db/ident :part   :db/valueType :db.type/ref    :db/cardinality :db.cardinality/many :db/isComponent true}])";

class TxSchema : public testing::Test {
 protected:
  void SetUp() override { transact(conn, schema); }
  std::string of(const value& e, std::string_view a) { return values_of(conn.db(), e, a); }
  void refused(std::string_view text, std::string_view code, std::string_view words = {}) {
    expect_refused(conn, text, code, words);
  }
  connection conn{new_memory()};
};

// -- tempids

TEST(Tempid, OfTheUserGoesToMinusAHundredThousand) {
  EXPECT_EQ(datoms::tempid(datoms::part_user, -100), -9223350046622220388);
  EXPECT_EQ(datoms::tempid_index(datoms::tempid(datoms::part_user, -100000)), -100000);
  EXPECT_THROW(datoms::tempid(datoms::part_user, -100001), error);
  EXPECT_THROW(datoms::tempid(datoms::part_user, 0), error);
}

TEST(Tempid, IsDrawnFromMinusOneMillionAndOneDownwards) {
  const std::int64_t first = datoms::tempid_index(datoms::tempid(datoms::part_user));
  EXPECT_LE(first, -1000001);
  EXPECT_LT(datoms::tempid_index(datoms::tempid(datoms::implicit_part(7))), first);
  EXPECT_EQ(datoms::part(datoms::tempid(datoms::implicit_part(7))), datoms::implicit_part(7));
  EXPECT_TRUE(datoms::is_tempid(datoms::tempid(datoms::part_db)));
}

TEST(Tempid, IsNeverDrawnTwiceByTwoThreads) {
  std::vector<std::vector<entity_id>> drawn(2);
  std::vector<std::thread> threads;
  for (auto& mine : drawn) {
    threads.emplace_back([&mine] {
      for (int i = 0; i < 1000; ++i) mine.push_back(datoms::tempid(datoms::part_user));
    });
  }
  for (std::thread& one : threads) one.join();
  std::set<entity_id> all(drawn[0].begin(), drawn[0].end());
  all.insert(drawn[1].begin(), drawn[1].end());
  EXPECT_EQ(all.size(), 2000u);
}

TEST(EntityIdBits, ShowTheFields) {
  EXPECT_EQ(datoms::entity_id_bits(datoms::entid_at(datoms::part_user, 1)),
            "0 0 00000000000000000100 000000000000000000000000000000000000000001 partition 4, counter 1");
  EXPECT_EQ(datoms::entity_id_bits(datoms::tempid(datoms::part_user, -100)),
            "1 0 00000000000000000100 111111111111111111111111111111111110011100 temporary, partition 4, "
            "index -100");
  EXPECT_EQ(
      datoms::entity_id_bits(datoms::entid_at(datoms::implicit_part(3), 5)),
      "0 0 10000000000000000011 000000000000000000000000000000000000000101 implicit partition 3, counter 5");
}

TEST_F(TxSchema, ATempidNumberIsOneEntityHoweverItIsWritten) {
  const std::string number = std::to_string(datoms::tempid(datoms::part_user, -7));
  const auto report =
      transact(conn, "[[:db/add -7 :name \"n\"] [:db/add #db/id[:db.part/user -7] :email \"e\"] [:db/add " +
                         number + " :friend -7]]");
  EXPECT_EQ(report.tempids.size(), 1u);
  const auto e = report.resolve_tempid(-7);
  ASSERT_TRUE(e);
  EXPECT_EQ(of(*e, "email"), "[\"e\"]");
  EXPECT_EQ(of(*e, "friend"), "[" + std::to_string(*e) + "]");
  EXPECT_EQ(report.resolve_tempid(read_edn("#db/id[:db.part/user -7]")), e);
  EXPECT_EQ(report.resolve_tempid(datoms::tempid(datoms::part_user, -7)), e);
  EXPECT_EQ(report.resolve_tempid(-8), std::nullopt);
}

TEST_F(TxSchema, ADbIdLiteralReadsAndPrints) {
  for (const char* text : {"#db/id [:db.part/user]", "#db/id [:db.part/user -1]", "#db/id [4 -1000001]"}) {
    EXPECT_EQ(to_edn(read_edn(text)), text);
  }
  const auto report =
      transact(conn, R"([{:db/id #db/id[:db.part/user] :name "a"} {:db/id #db/id [4 -1000001] :name "b"}])");
  EXPECT_EQ(report.tx_data.size(), 3u);
  refused("[[:db/add #db/id[:db.part/user 1] :name \"a\"]]", "db.error/invalid-tempid");
  refused("[[:db/add #db/id[] :name \"a\"]]", "db.error/not-an-entity");
}

TEST_F(TxSchema, EachDbIdLiteralWithoutAnIndexIsANewEntity) {
  const auto report = transact(
      conn, R"([[:db/add #db/id[:db.part/user] :name "a"] [:db/add #db/id[:db.part/user] :name "b"]])");
  EXPECT_NE(report.tx_data[1].e, report.tx_data[2].e);
}

TEST_F(TxSchema, ATempidOfTheTransactionsPartitionIsTheTransaction) {
  const auto report = transact(
      conn, R"([[:db/add #db/id[:db.part/tx] :db/doc "why"] [:db/add #db/id[:db.part/tx -3] :name "who"]])");
  EXPECT_EQ(of(datoms::t_to_tx(report.t), "db/doc"), R"(["why"])");
  EXPECT_EQ(of(datoms::t_to_tx(report.t), "name"), R"(["who"])");
  EXPECT_EQ(report.resolve_tempid("datomic.tx"), datoms::t_to_tx(report.t));
  EXPECT_EQ(report.resolve_tempid(datoms::tempid(datoms::part_tx, -3)), datoms::t_to_tx(report.t));
}

TEST_F(TxSchema, FactsAboutTheTransactionItselfAreLikeAnyOther) {
  const auto report = transact(
      conn,
      R"([{:db/id "datomic.tx" :name "import" :friend "x"} {:db/id "x" :name "X" :_friend "datomic.tx"}])");
  EXPECT_EQ(of(datoms::t_to_tx(report.t), "friend"), "[" + std::to_string(*report.resolve_tempid("x")) + "]");
  transact(conn, "[[:db/add " + std::to_string(datoms::t_to_tx(report.t)) + " :name \"of old\"]]");
  EXPECT_EQ(of(datoms::t_to_tx(report.t), "name"), R"(["of old"])");
}

// -- partitions

TEST_F(TxSchema, APartitionOfTheUsersIsInstalledAndUsed) {
  const auto made =
      transact(conn, R"([{:db/id "p" :db/ident :part/mine :db.install/_partition :db.part/db}])");
  const entity_id mine = *made.resolve_tempid("p");
  EXPECT_EQ(datoms::part(mine), datoms::part_db);
  const std::int64_t t = conn.db().next_t();
  const auto report = transact(conn, R"([{:db/id #db/id[:part/mine -1] :name "in"}])");
  EXPECT_EQ(report.tempids[0].second, datoms::entid_at(mine, t + 1));
  EXPECT_EQ(datoms::part(report.tempids[0].second), mine);
  const auto drawn = conn.transact(value::vector(
      {value::vector({kw("db/add"), value{datoms::tempid(mine)}, kw("name"), value{"drawn"}})}));
  EXPECT_EQ(datoms::part(drawn.tempids[0].second), mine);
}

TEST_F(TxSchema, APartitionMayBeInstalledByAListForm) {
  transact(conn, R"([[:db/add #db/id[:db.part/db -1] :db/ident :part/mine]
                     [:db/add :db.part/db :db.install/partition #db/id[:db.part/db -1]]])");
  transact(conn, R"([{:db/id #db/id[:part/mine] :name "in"}])");
}

TEST_F(TxSchema, AnImplicitPartitionIsUsedWithoutBeingInstalled) {
  const std::int64_t t = conn.db().next_t();
  const std::string last = std::to_string(datoms::implicit_part(524287));
  const auto report =
      transact(conn, "[{:db/id #db/id[2305847407260205056 -1] :name \"one\"} {:db/id #db/id[" + last +
                         " -1] :name \"last\"}]");
  EXPECT_EQ(report.tempids[0].second, datoms::entid_at(datoms::implicit_part(1), t + 1));
  EXPECT_EQ(report.tempids[1].second, datoms::entid_at(datoms::implicit_part(524287), t + 2));
  const std::string high = std::to_string(datoms::entid_at(datoms::implicit_part(2), 5000));
  transact(conn, "[[:db/add " + high + " :name \"explicit\"]]");
  EXPECT_EQ(conn.db().next_t(), 5001);
}

TEST_F(TxSchema, WhatIsNoPartitionHoldsNoTempids) {
  transact(conn, "[{:db/ident :color/red} {:db/id #db/id[:db.part/db] :db/ident :color/blue}]");
  refused("[{:db/id #db/id[:name -1] :name \"x\"}]", "db.error/not-a-partition", ":name");
  refused("[{:db/id #db/id[:color/red -1] :name \"x\"}]", "db.error/not-a-partition", ":color/red");
  refused("[{:db/id #db/id[:color/blue -1] :name \"x\"}]", "db.error/not-a-partition",
          "db.install/_partition");
  refused("[{:db/id #db/id[\"p\" -1] :name \"x\"}]", "db.error/not-a-partition");
  refused("[{:db/id " + std::to_string(datoms::tempid(500, -1)) + " :name \"x\"}]",
          "db.error/not-a-partition");
}

TEST_F(TxSchema, APartitionHasANameAndStays) {
  refused(R"([[:db/add :db.part/db :db.install/partition "p"] [:db/add "p" :name "x"]])",
          "db.error/invalid-attribute", "cannot be a partition");
  refused("[[:db/add :db.part/db :db.install/partition :name]]", "db.error/invalid-attribute",
          "cannot be a partition");
  refused(R"([{:db/ident :p :db.install/_partition :db.part/user}])", "db.error/invalid-attribute",
          ":db.part/db");
  transact(conn, R"([{:db/ident :part/mine :db.install/_partition :db.part/db}])");
  refused("[[:db/retract :db.part/db :db.install/partition :part/mine]]", "db.error/invalid-attribute",
          "partition stays");
  refused("[[:db/retractEntity :part/mine]]", "db.error/schema-entity");
}

TEST_F(TxSchema, PartitionsAndAttributesShareTheElementCounter) {
  transact(conn, R"([{:db/ident :part/mine :db.install/_partition :db.part/db}])");
  transact(conn, R"([{:db/ident :next :db/valueType :db.type/long :db/cardinality :db.cardinality/one}])");
  EXPECT_EQ(conn.db().entid(kw("part/mine")), 76);
  EXPECT_EQ(conn.db().entid(kw("next")), 77);
  transact(conn,
           R"([{:db/id 90 :db/ident :far :db/valueType :db.type/long :db/cardinality :db.cardinality/one}])");
  transact(conn, R"([{:db/ident :after :db/valueType :db.type/long :db/cardinality :db.cardinality/one}])");
  EXPECT_EQ(conn.db().entid(kw("after")), 91);
}

// -- a fresh database

TEST(FreshDatabase, HasTheFiguresOfDatomic) {
  connection conn{new_memory()};
  EXPECT_EQ(conn.db().basis_t(), 66);
  EXPECT_EQ(conn.db().next_t(), 1000);
  const auto report =
      transact(conn, R"([{:db/ident :a :db/valueType :db.type/long :db/cardinality :db.cardinality/one}])");
  EXPECT_EQ(conn.db().entid(kw("a")), 72);
  EXPECT_EQ(report.tx_data.front().t_op, 2001);
  EXPECT_EQ(conn.db().basis_t(), 1000);
}

// -- idents

TEST_F(TxSchema, ANameMovesToAnotherEntityWhenItIsFree) {
  transact(conn, "[{:db/ident :color/red}]");
  const auto red = conn.db().entid(kw("color/red"));
  refused("[{:db/id 101 :db/ident :color/red}]", "db.error/unique-conflict", ":color/red");
  transact(conn, "[[:db/add :color/red :db/ident :color/crimson]]");
  EXPECT_EQ(conn.db().entid(kw("color/red")), red);  // until another takes it
  transact(conn, "[{:db/id 101 :db/ident :color/red}]");
  EXPECT_EQ(conn.db().entid(kw("color/red")), 101);
  EXPECT_EQ(conn.db().entid(kw("color/crimson")), red);
  EXPECT_EQ(conn.db().ident(101), kw("color/red"));
}

TEST_F(TxSchema, AnEntityWithoutItsNameIsNotFoundByIt) {
  transact(conn, "[{:db/ident :color/red :name \"red\"}]");
  transact(conn, "[[:db/retract :color/red :db/ident :color/red]]");
  EXPECT_EQ(conn.db().entid(kw("color/red")), std::nullopt);
  refused("[[:db/add :color/red :name \"x\"]]", "db.error/not-an-entity", ":color/red");
}

TEST_F(TxSchema, AnAttributeKeepsAName) {
  refused("[[:db/retract :name :db/ident :name]]", "db.error/invalid-attribute");
}

TEST_F(TxSchema, ANameMayNotBeginWithAnUnderscore) {
  refused("[{:db/ident :_x}]", "db.error/invalid-attribute", ":_x");
  refused("[{:db/ident :a/_x}]", "db.error/invalid-attribute", ":a/_x");
}

TEST_F(TxSchema, IdentsAreStringsWithAColonToo) {
  transact(conn, R"([[:db/add ":name" :db/doc "how one is called"]])");
  EXPECT_EQ(of(kw("name"), "db/doc"), R"(["how one is called"])");
}

// -- alterations

TEST_F(TxSchema, UniquenessMayChangeItsSortAndGo) {
  transact(conn, R"([{:db/id 101 :email "a"}])");
  refused(R"([{:db/id "t" :email "a"}])", "db.error/unique-conflict");
  transact(conn, "[[:db/add :email :db/unique :db.unique/identity]]");
  EXPECT_EQ(transact(conn, R"([{:db/id "t" :email "a"}])").resolve_tempid("t"), 101);
  transact(conn, "[[:db/retract :email :db/unique :db.unique/identity]]");
  transact(conn, R"([{:db/id 102 :email "a"}])");
  EXPECT_EQ(of(102, "email"), R"(["a"])");
  refused("[[:db/add :email :db/unique :db.unique/value]]", "db.error/invalid-attribute", "\"a\"");
}

TEST_F(TxSchema, AComponentMayBeOneNoLonger) {
  transact(conn, R"([{:db/id 101 :part [{:db/id 201 :name "p"}]}])");
  transact(conn, "[[:db/add :part :db/isComponent false]]");
  transact(conn, "[[:db/retractEntity 101]]");
  EXPECT_EQ(of(201, "name"), R"(["p"])");
  transact(conn, "[[:db/add :friend :db/isComponent true]]");
  transact(conn, "[[:db/add 102 :friend 201]]");
  transact(conn, "[[:db/retractEntity 102]]");
  EXPECT_EQ(of(201, "name"), "[]");
}

TEST_F(TxSchema, OnlyARefMayBeAComponent) {
  refused("[[:db/add :name :db/isComponent true]]", "db.error/invalid-attribute", ":db.type/ref");
}

TEST_F(TxSchema, AnAttributeOfManyValuesIsNotUnique) {
  refused("[[:db/add :friend :db/unique :db.unique/value]]", "db.error/invalid-attribute", "cardinality one");
  refused("[[:db/add :email :db/cardinality :db.cardinality/many]]", "db.error/invalid-attribute",
          "cardinality one");
}

TEST_F(TxSchema, AnAlterationIsCheckedAgainstTheFactsOfNowOnly) {
  transact(conn, R"([[:db/add 101 :friend 102] [:db/add 101 :friend 103]])");
  transact(conn, R"([[:db/retract 101 :friend 103]])");
  transact(conn, "[[:db/add :friend :db/cardinality :db.cardinality/one]]");
  EXPECT_EQ(conn.db()
                .history()
                .datoms({.index = index_order::aevt, .a = conn.db().attribute(kw("friend"))->id})
                .size(),
            3u);
}

TEST_F(TxSchema, AnAttributeIsNotAlteredAndGivenValuesAtOnce) {
  refused("[[:db/add :name :db/unique :db.unique/value] [:db/add 101 :name \"x\"]]",
          "db.error/invalid-attribute", "make two of it");
}

TEST_F(TxSchema, AnAttributeIsUsableAfterItsTransaction) {
  refused(
      R"([{:db/ident :new :db/valueType :db.type/long :db/cardinality :db.cardinality/one} [:db/add 101 :new 1]])",
      "db.error/not-an-attribute", ":new");
}

TEST_F(TxSchema, TheSchemaIsReadAgainAsItWas) {
  transact(conn, R"([{:db/ident :part/mine :db.install/_partition :db.part/db}
                     {:db/ident :ab :db/valueType :db.type/tuple :db/cardinality :db.cardinality/one :db/tupleAttrs [:name :email]}
                     [:db/add :name :db.attr/preds my/pred]])");
  const auto all = conn.db().history().datoms({});
  std::vector<datom> about;
  for (const datom& d : all) {
    if (datoms::is_schema_attribute(d.a)) about.push_back(d);
  }
  std::stable_sort(about.begin(), about.end(), [](const datom& x, const datom& y) { return x.t() < y.t(); });
  const auto again = datoms::schema::of(about);
  const attribute_id name = again->find(kw("name"))->id, ab = again->find(kw("ab"))->id;
  EXPECT_TRUE(again->is_partition(*again->entid("part/mine")));
  EXPECT_TRUE(again->has_composites() && again->has_predicates());
  EXPECT_EQ(*again->tuple_of(ab), *conn.db().view().state().attributes->tuple_of(ab));
  EXPECT_EQ(again->composites_with(name).size(), 1u);
  EXPECT_EQ(again->predicates_of(name).size(), 1u);
}

// -- open schema

TEST(OpenSchemaTx, AnAttributeMayBeDeclaredWithoutATypeAndUsedAtOnce) {
  connection conn{new_memory(), {.open_schema = true}};
  transact(conn, R"([{:db/ident :tag :db/cardinality :db.cardinality/many}])");
  transact(conn, R"([{:db/id 101 :tag [1 "x" :y] :seen true}])");
  EXPECT_EQ(values_of(conn.db(), 101, "tag"), R"([1 "x" :y])");
  expect_refused(conn, "[{:db/id 101 :seen [1 2]}]", "db.error/wrong-type-for-attribute",
                 ":db.cardinality/many");
}

TEST(OpenSchemaTx, NothingIsDeclaredByARetraction) {
  connection conn{new_memory(), {.open_schema = true}};
  expect_refused(conn, "[[:db/retract 101 :who 1]]", "db.error/not-an-attribute", ":who");
  expect_refused(conn, "[[:db/cas 101 :who nil 1]]", "db.error/not-an-attribute", ":who");
}

}  // namespace tx_schema_test
