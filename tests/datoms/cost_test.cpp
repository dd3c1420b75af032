// What reading and writing datoms costs an engine, counted by it.
#include "stores.hpp"
#include "support.hpp"

#include <datolite/engines/leveldb.hpp>
#include <datolite/engines/lmdb.hpp>
#include <datolite/engines/memory.hpp>
#include <datolite/engines/traced.hpp>
#include <engines/temporary_directory.hpp>

namespace cost_test {

using namespace datolite_test;
using engines::traced_counts;

constexpr int people = 1000;

template <class E>
class Cost : public ::testing::Test {
 protected:
  static any_storage made(std::shared_ptr<engines::traced_counters>& counters, E engine) {
    engines::traced<E> store{std::move(engine)};
    counters = store.counters();
    return any_storage{std::move(store)};
  }
  static E fresh(const datolite::test::temporary_directory& at) {
    if constexpr (std::same_as<E, engines::memory>)
      return E{};
    else
      return E{at / "it", {.durability = durability_level::process}};
  }

  void SetUp() override {
    transact(conn, R"([
      {:db/ident :age    :db/valueType :db.type/long :db/cardinality :db.cardinality/one  :db/index true}
      {:db/ident :friend :db/valueType :db.type/ref  :db/cardinality :db.cardinality/many}])");
    std::vector<value> forms;
    for (int i = 0; i < people; ++i) {
      forms.push_back(value::vector({kw("db/add"), value{entity(i)}, kw("age"), value{i}}));
      forms.push_back(value::vector({kw("db/add"), value{entity(i)}, kw("friend"), value{entity(i / 10)}}));
    }
    conn.transact(value::vector(std::span<const value>{forms}));
    age = conn.db().attribute(kw("age"))->id;
  }

  static entity_id entity(int i) { return datoms::entid_at(datoms::part_user, 1 + i); }

  /// What `f` asks of the engine.
  template <class F>
  traced_counts cost(F&& f) {
    const traced_counts before = counters->counts();
    f();
    return counters->counts() - before;
  }

  datolite::test::temporary_directory place;
  std::shared_ptr<engines::traced_counters> counters;
  connection conn{made(counters, fresh(place)), {.layout = index_layout::flat}};
  attribute_id age = 0;
};

using engines_to_cost = ::testing::Types<engines::memory, engines::lmdb, engines::leveldb>;
TYPED_TEST_SUITE(Cost, engines_to_cost);

TYPED_TEST(Cost, ARangeIsOneSeekAndTheStepsInside) {
  const db now = this->conn.db();
  datom_range range{.index = index_order::avet,
                    .a = this->age,
                    .start = range_bound{value{100}, true},
                    .stop = range_bound{value{150}, false}};
  for (const bool descending : {false, true}) {
    range.descending = descending;
    io_counters io;
    const traced_counts c = this->cost([&] { EXPECT_EQ(now.datoms(range, &io).size(), 50u); });
    EXPECT_EQ(c.iterators, 1u);
    EXPECT_EQ(c.seeks, 1u);
    EXPECT_LE(c.steps, 51u);
    EXPECT_EQ(c.gets, 0u);
    EXPECT_EQ(io.of(index_order::avet), (io_counts{.seeks = c.seeks, .steps = c.steps, .reads = 50}));
  }
}

TYPED_TEST(Cost, ARangeWithoutDatomsIsOneSeekAndNoStep) {
  const db now = this->conn.db();
  const traced_counts c = this->cost([&] {
    datom_range range{.index = index_order::avet, .a = this->age, .v = value{people + 1}};
    EXPECT_TRUE(now.datoms(range).empty());
  });
  EXPECT_EQ(c.seeks, 1u);
  EXPECT_EQ(c.steps, 0u);
}

TYPED_TEST(Cost, ReadingAnAttributeIsOneSeek) {
  const db now = this->conn.db();
  std::vector<value> found;
  const traced_counts c = this->cost([&] { now.access().read(this->entity(5), this->age, found); });
  EXPECT_EQ(found.size(), 1u);
  EXPECT_EQ(c.seeks, 1u);
  EXPECT_LE(c.steps, 1u);
}

TYPED_TEST(Cost, ManyProbesOfOneCursorAreAtMostASeekEach) {
  const db now = this->conn.db();
  std::vector<entity_id> entities;
  for (int i = 0; i < 50; ++i) entities.push_back(this->entity(i * 7));
  std::vector<value> found;
  std::vector<std::size_t> ends;
  const traced_counts c = this->cost([&] { now.access().read_many(entities, this->age, found, ends); });
  EXPECT_EQ(found.size(), 50u);
  EXPECT_LE(c.seeks, 50u);
  EXPECT_LE(c.iterators, 2u);
}

TYPED_TEST(Cost, ThePastCostsOneSeekMore) {
  transact(this->conn, "[[:db/add 17592186044517 :age 7]]");  // the one whose age is 100
  const db past = this->conn.db().as_of(this->conn.db().basis_t() - 1);
  datom_range range{.index = index_order::avet,
                    .a = this->age,
                    .start = range_bound{value{100}, true},
                    .stop = range_bound{value{150}, false}};
  const traced_counts c = this->cost([&] { EXPECT_EQ(past.datoms(range).size(), 50u); });
  EXPECT_EQ(c.seeks, 2u);
  EXPECT_LE(c.steps, 52u);
}

TYPED_TEST(Cost, TheSizeOfAnAttributeIsKnownWithoutReading) {
  const db now = this->conn.db();
  const traced_counts c = this->cost([&] {
    EXPECT_EQ(now.count({.index = index_order::aevt, .a = this->age}), std::uint64_t{people});
    EXPECT_EQ(now.count({.index = index_order::avet, .a = this->age}), std::uint64_t{people});
  });
  EXPECT_EQ(c, traced_counts{});
}

TYPED_TEST(Cost, TheSizeOfARangeIsGuessedFromItsEnds) {
  const db now = this->conn.db();
  std::uint64_t guess = 0;
  const traced_counts c = this->cost([&] {
    guess = now.count({.index = index_order::avet,
                       .a = this->age,
                       .start = range_bound{value{200}, true},
                       .stop = range_bound{value{800}, false}});
  });
  EXPECT_GT(guess, 300u);
  EXPECT_LT(guess, 1000u);
  EXPECT_LE(c.seeks, 3u);
  EXPECT_LE(c.steps, 4 * datoms::exact_count_limit);
}

TYPED_TEST(Cost, ATransactionIsOneCommitAndOneSnapshot) {
  const traced_counts c = this->cost([&] { transact(this->conn, "[[:db/add 17592186044417 :age 77]]"); });
  EXPECT_EQ(c.commits, 1u);
  EXPECT_EQ(c.snapshots, 1u);
}

TYPED_TEST(Cost, WhoHoldsAUniqueValueIsAskedOnce) {
  transact(this->conn, R"([{:db/ident :name :db/valueType :db.type/string :db/cardinality :db.cardinality/one
                      :db/unique :db.unique/identity}])");
  transact(this->conn, R"([{:name "a"}])");
  const auto seeks_of = [&](const char* data) {
    return this->cost([&] { transact(this->conn, data); }).seeks;
  };
  const auto fresh = seeks_of(R"([{:age 1}])"), named = seeks_of(R"([{:age 1 :name "b"}])");
  EXPECT_EQ(named - fresh, 1u);
}

TYPED_TEST(Cost, ARefusedTransactionIsNoCommit) {
  const traced_counts c = this->cost([&] {
    EXPECT_THROW(transact(this->conn, "[[:db/add 17592186044417 :age 1] [:db/add 17592186044417 :age 2]]"),
                 error);
  });
  EXPECT_EQ(c.commits, 0u);
}

}  // namespace cost_test
