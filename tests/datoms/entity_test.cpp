// entity: what walking along attributes finds, both ways, and what it finds where nothing is.
#include "stores.hpp"
#include "support.hpp"

#include <datolite/datoms/entity.hpp>

namespace entity_test {

using namespace datolite_test;

constexpr std::string_view schema = R"([
  {:db/ident :p/name   :db/valueType :db.type/string :db/cardinality :db.cardinality/one :db/unique :db.unique/identity}
  {:db/ident :p/tag    :db/valueType :db.type/string :db/cardinality :db.cardinality/many}
  {:db/ident :p/boss   :db/valueType :db.type/ref    :db/cardinality :db.cardinality/one}
  {:db/ident :p/color  :db/valueType :db.type/ref    :db/cardinality :db.cardinality/one}
  {:db/ident :p/part   :db/valueType :db.type/ref    :db/cardinality :db.cardinality/many :db/isComponent true}
  {:db/ident :plain    :db/valueType :db.type/ref    :db/cardinality :db.cardinality/one}])";

class Entities : public ::testing::Test {
 protected:
  void SetUp() override {
    transact(conn, schema);
    transact(conn, "[{:db/id 200 :db/ident :color/red}]");
    transact(conn, R"([
      {:db/id 201 :p/name "Ivan" :p/tag ["b" "a"] :p/color :color/red}
      {:db/id 202 :p/name "Anna" :p/boss 201 :plain 201}
      {:db/id 203 :p/name "Petr" :p/boss 201 :p/part [{:p/name "hand" :p/part [{:p/name "finger"}]} {:p/name "foot"}]}])");
  }
  entity of(const char* name) const { return conn.db().entity(value::vector({kw("p/name"), value{name}})); }

  connection conn{new_memory()};
};

std::string text(const value& v) { return to_edn(v, edn_style::plain); }

TEST_F(Entities, AreReadByAttribute) {
  const entity ivan = of("Ivan");
  ASSERT_TRUE(ivan);
  EXPECT_EQ(ivan.id(), 201);
  EXPECT_EQ(ivan["p/name"].first(), value{"Ivan"});
  EXPECT_EQ(ivan[":p/name"].first(), value{"Ivan"});
  EXPECT_EQ(ivan.get(kw("p/name")).first(), value{"Ivan"});
  EXPECT_EQ(ivan["p/tag"].size(), 2u);
  std::string tags;
  for (const value& tag : ivan["p/tag"]) tags += tag.as_string();
  EXPECT_EQ(tags, "ab");
  EXPECT_EQ(conn.db().entity(201), ivan);
  EXPECT_EQ(conn.db().entity(kw("color/red")).id(), 200);
}

TEST_F(Entities, AreWalkedAlongReferencesAndBack) {
  EXPECT_EQ(of("Anna")["p/boss"].entity(), of("Ivan"));
  EXPECT_EQ(of("Anna")["p/boss"]["p/name"].first(), value{"Ivan"});
  std::set<entity_id> below;
  for (const entity& e : of("Ivan")["p/_boss"].entities()) below.insert(e.id());
  EXPECT_EQ(below, (std::set<entity_id>{202, 203}));
  EXPECT_EQ(of("Ivan")["_plain"].entity().id(), 202);
  EXPECT_EQ(of("finger")["p/_part"]["p/_part"]["p/name"].first(), value{"Petr"});  // up from part to whole
}

TEST_F(Entities, AreEmptyWhereNothingIs) {
  const entity nobody = of("Nobody"), bare = conn.db().entity(999);
  EXPECT_FALSE(nobody);
  EXPECT_TRUE(bare);
  for (const entity& e : {nobody, bare}) {
    EXPECT_TRUE(e["p/name"].empty());
    EXPECT_TRUE(e["p/_boss"].empty());
    EXPECT_FALSE(e["p/boss"]["p/boss"]["p/name"]);
    EXPECT_EQ(e["p/name"].first(), std::nullopt);
    EXPECT_TRUE(e.keys().empty());
  }
  EXPECT_TRUE(nobody.touch().is_nil());
  EXPECT_EQ(text(bare.touch()), "{:db/id 999}");
  EXPECT_TRUE(of("Ivan")["p/nothing"].empty());
  EXPECT_TRUE(of("Ivan")["p/_nothing"].empty());
  EXPECT_TRUE(of("Ivan")["p/name"].entities().empty());
  EXPECT_FALSE(of("Ivan")["p/name"].entity());
}

TEST_F(Entities, AreRefusedBackAlongWhatIsNoReference) {
  EXPECT_THROW(of("Ivan")["p/_name"], error);
  EXPECT_THROW(conn.db().entity("Ivan"), error);
}

TEST_F(Entities, AreTouchedAsMapsWithTheirComponents) {
  EXPECT_EQ(text(of("Ivan").touch()),
            "{:db/id 201, :p/color :color/red, :p/name \"Ivan\", :p/tag #{\"a\" \"b\"}}");
  EXPECT_EQ(text(of("Anna").touch()),
            "{:db/id 202, :p/boss {:db/id 201}, :p/name \"Anna\", :plain {:db/id 201}}");
  const std::string petr = text(of("Petr").touch());
  EXPECT_NE(petr.find(":p/name \"finger\""), std::string::npos) << petr;
  EXPECT_NE(petr.find(":p/name \"foot\""), std::string::npos) << petr;
  const std::vector<value> keys = of("Petr").keys();
  EXPECT_EQ(keys, (std::vector<value>{kw("p/name"), kw("p/boss"), kw("p/part")}));
}

TEST_F(Entities, AreTouchedOnceWhereComponentsGoInACircleOrDeep) {
  transact(conn, "[[:db/add 301 :p/part 302] [:db/add 302 :p/part 301]]");
  EXPECT_EQ(text(conn.db().entity(301).touch()),
            "{:db/id 301, :p/part #{{:db/id 302, :p/part #{{:db/id 301}}}}}");
  std::string chain = "[";
  for (int i = 0; i < 5000; ++i)
    chain += "[:db/add " + std::to_string(1000 + i) + " :p/part " + std::to_string(1001 + i) + "]";
  transact(conn, chain + "]");
  value at = conn.db().entity(1000).touch();
  int depth = 0;
  for (; find_keyword(at, "p/part") != nullptr; ++depth)
    at = value{find_keyword(at, "p/part")->elements()[0]};
  EXPECT_EQ(depth, entity::deepest_touch);
}

TEST_F(Entities, BelongToOneDbValue) {
  const entity before = of("Ivan");
  const std::int64_t t = conn.db().basis_t();
  transact(conn, "[[:db/add 201 :p/name \"Iwan\"] [:db/retract 203 :p/boss 201]]");
  EXPECT_EQ(before["p/name"].first(), value{"Ivan"});
  EXPECT_EQ(before["p/_boss"].size(), 2u);
  EXPECT_EQ(of("Iwan")["p/_boss"].size(), 1u);
  EXPECT_FALSE(of("Ivan") == before);
  EXPECT_EQ(conn.db().as_of(t).entity(201)["p/name"].first(), value{"Ivan"});
  EXPECT_TRUE(conn.db().since(t).entity(201)["p/tag"].empty());
  const auto names = [](const db& in, const datom& d) { return in.ident(d.a) == kw("p/name"); };
  EXPECT_EQ(text(conn.db().filter(names).entity(201).touch()), "{:db/id 201, :p/name \"Iwan\"}");
}

TEST_F(Entities, AreNotOfAHistory) {
  const db all = conn.db().history();
  EXPECT_THROW(all.entity(201), error);
  EXPECT_THROW(entity(all, 201), error);
}

}  // namespace entity_test
