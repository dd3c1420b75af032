// How names of entities resolve in views of a database: lookup refs by what the view shows at its moment,
// idents by the schema of now. docs/datoms.md says so in a table, one row a test.
#include "stores.hpp"
#include "support.hpp"

#include <datolite/datoms/entity.hpp>

namespace resolving_test {

using namespace datolite_test;

constexpr std::string_view schema = R"([
  {:db/ident :name  :db/valueType :db.type/string :db/cardinality :db.cardinality/one :db/unique :db.unique/identity}
  {:db/ident :age   :db/valueType :db.type/long   :db/cardinality :db.cardinality/one :db/index true}
  {:db/ident :boss  :db/valueType :db.type/ref    :db/cardinality :db.cardinality/one :db/index true}
  {:db/ident :place :db/valueType :db.type/tuple  :db/cardinality :db.cardinality/one :db/unique :db.unique/value
   :db/tupleTypes [:db.type/ref :db.type/long]}])";

store in_layout(int i) {
  if (i == 0) return memory_store();
  return i == 1 ? flat_store() : i == 2 ? packed_store() : lmdb_store(index_layout::packed);
}

/// The name "x" is 101's, then 102's, then nobody's; the ident :color/red is 300's until it is
/// :color/crimson.
class Resolving : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    conn.emplace(in_layout(GetParam()).open());
    transact(*conn, schema);
    for (
        const char* text :
        {R"([{:db/id 101 :name "x" :age 1} {:db/id 300 :db/ident :color/red} {:db/id 103 :boss 101 :place [101 1]}])",
         R"([{:db/id 101 :name "was x"} {:db/id 102 :name "x" :age 2} [:db/add 300 :db/ident :color/crimson]])",
         R"([[:db/retract 102 :name "x"] {:db/id 104 :boss 102 :place [102 1]} [:db/retract 101 :age 1]])"})
      t.push_back(transact(*conn, text).t);
  }
  db now() const { return conn->db(); }

  const value x = read_edn(R"([:name "x"])"), was_x = read_edn(R"([:name "was x"])");
  std::optional<connection> conn;
  std::vector<std::int64_t> t;
};

using found = std::optional<entity_id>;

TEST_P(Resolving, AsOfFindsWhoHadTheValueThen) {
  EXPECT_EQ(now().as_of(t[0] - 1).entid(x), std::nullopt);
  EXPECT_EQ(now().as_of(t[0]).entid(x), found{101});
  EXPECT_EQ(now().as_of(t[1]).entid(x), found{102});
  EXPECT_EQ(now().as_of(t[2]).entid(x), std::nullopt);
  EXPECT_EQ(now().entid(x), std::nullopt);
}

TEST_P(Resolving, SinceFindsOnlyWhoseValueWasAssertedAfterIt) {
  EXPECT_EQ(now().since(t[0]).entid(was_x), found{101});
  EXPECT_EQ(now().since(t[1]).entid(was_x), std::nullopt);
  EXPECT_EQ(now().as_of(t[1]).since(t[0]).entid(x), found{102});
  EXPECT_EQ(now().as_of(t[1]).since(t[1]).entid(x), std::nullopt);
}

TEST_P(Resolving, AHistoryFindsWhoHasTheValueAtItsEndAndNoneOfThoseBefore) {
  EXPECT_EQ(now().history().entid(x), std::nullopt);
  EXPECT_EQ(now().history().entid(was_x), found{101});
  EXPECT_EQ(now().history().as_of(t[0]).entid(x), found{101});
  EXPECT_EQ(now().as_of(t[1]).history().entid(x), found{102});
  EXPECT_EQ(now().history().since(t[1]).entid(was_x), std::nullopt);
  EXPECT_EQ(now().history().datoms(index_order::eavt, was_x, kw("age")).to_vector().size(), 2u);
}

TEST_P(Resolving, AFilterFindsOnlyByWhatItLetsPass) {
  const db some = now().as_of(t[1]).filter([](const db&, const datom& d) { return d.e != 102; });
  EXPECT_EQ(some.entid(x), std::nullopt);
  EXPECT_EQ(some.entid(was_x), found{101});
  EXPECT_EQ(some.as_of(t[0]).entid(x), found{101});
  EXPECT_EQ(some.history().entid(x), std::nullopt);
}

TEST_P(Resolving, AnIdentIsThatOfTheSchemaOfNowInEveryView) {
  const db at = now();
  for (const db& view :
       {at.as_of(t[0] - 1), at.as_of(t[0]), at.since(t[2]), at.history(), at.history().as_of(t[0]),
        at.filter([](const db&, const datom&) { return false; })}) {
    EXPECT_EQ(view.entid(kw("color/red")), found{300});
    EXPECT_EQ(view.entid(kw("color/crimson")), found{300});
    EXPECT_EQ(view.ident(300), kw("color/crimson"));
    EXPECT_NE(view.attribute(kw("place")), nullptr);
  }
  transact(*conn, "[[:db/retract 300 :db/ident :color/crimson]]");
  EXPECT_EQ(now().as_of(t[1]).entid(kw("color/crimson")), std::nullopt);  // also where it was true
}

TEST_P(Resolving, AnOldDbValueKeepsItsOwnNames) {
  const db old = now();
  transact(*conn, R"([[:db/add 300 :db/ident :color/blue] {:db/id 105 :name "x"}])");
  EXPECT_EQ(old.entid(x), std::nullopt);
  EXPECT_EQ(old.entid(kw("color/blue")), std::nullopt);
  EXPECT_EQ(old.as_of(now().basis_t()).entid(x), std::nullopt);
  EXPECT_EQ(now().entid(x), found{105});
}

TEST_P(Resolving, NamesInsideLookupRefsResolveByTheSameView) {
  const value place = read_edn(R"([:place [[:name "x"] 1]])");
  EXPECT_EQ(now().as_of(t[0]).entid(place), found{103});
  EXPECT_EQ(now().as_of(t[1]).entid(place), std::nullopt);  // x is 102, who is in no place yet
  EXPECT_EQ(now().entid(place), std::nullopt);
  EXPECT_EQ(now().entid(read_edn(R"([:place [[:name "was x"] 1]])")), found{103});
}

TEST_P(Resolving, ComponentsBoundsAndEntitiesResolveByTheViewThatIsRead) {
  using enum index_order;
  const db then = now().as_of(t[1]);
  EXPECT_EQ(then.datoms(eavt, x, kw("age")).first()->v, value{2});
  EXPECT_EQ(now().as_of(t[0]).datoms(vaet, x, kw("boss")).to_vector().size(), 1u);
  EXPECT_EQ(then.datoms(vaet, x).to_vector().size(), 0u);
  EXPECT_EQ(now().as_of(t[0]).index_range(kw("boss"), x, std::nullopt).to_vector().size(), 1u);
  EXPECT_EQ(then.index_range(kw("boss"), x, std::nullopt).to_vector().size(), 0u);
  EXPECT_EQ(then.entity(x)["age"].first(), value{2});
  EXPECT_EQ(now().as_of(t[0]).entity(x)["age"].first(), value{1});
  EXPECT_FALSE(now().entity(x));
  EXPECT_TRUE(now().datoms(eavt, x).empty());
}

TEST_P(Resolving, ABranchResolvesByTheViewThatItIsMadeOf) {
  const auto with = [&](const db& view) {
    return view.with(read_edn(R"([[:db/add [:name "x"] :age 9]])")).db_after;
  };
  EXPECT_EQ(values_of(with(now().as_of(t[0])), 101, "age"), "[9]");
  EXPECT_EQ(values_of(with(now().as_of(t[1])), 102, "age"), "[9]");
  EXPECT_THROW(with(now()), error);
  EXPECT_THROW(with(now().since(t[2])), error);
  const db branch = now().with(read_edn(R"([{:db/id 103 :name "x"}])")).db_after;
  EXPECT_EQ(branch.entid(x), found{103});
  EXPECT_EQ(branch.as_of(t[0]).entid(x), found{101});
  EXPECT_EQ(branch.history().entid(x), found{103});
}

INSTANTIATE_TEST_SUITE_P(InEachLayout, Resolving, ::testing::Range(0, 4));

}  // namespace resolving_test
