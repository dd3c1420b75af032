// A connection from the outside: a fresh database, a transaction, the past, another store.
#include <gtest/gtest.h>
#include "stores.hpp"

#include <datolite/core/edn.hpp>
#include <datolite/datoms/connection.hpp>

namespace connection_test {

using namespace datolite;
using datolite_test::new_memory;
using namespace datolite::literals;

const value film_schema =
    R"([{:db/ident :film/title :db/valueType :db.type/string :db/cardinality :db.cardinality/one}
  {:db/ident :film/year :db/valueType :db.type/long :db/cardinality :db.cardinality/one :db/index true}])"_edn;

TEST(Connection, AFreshDatabaseHasTheBasisOfDatomic) {
  connection conn{new_memory()};
  EXPECT_EQ(conn.db().basis_t(), 66);
  EXPECT_EQ(conn.db().next_t(), 1000);
  EXPECT_EQ(conn.db().entid(value::keyword("db/doc")), 62);
}

TEST(Connection, TransactsAndReadsThePast) {
  connection conn{new_memory()};
  const tx_report schema = conn.transact(film_schema);
  EXPECT_EQ(schema.t, 1000);
  ASSERT_NE(schema.db_after.attribute(value::keyword("film/title")), nullptr);
  EXPECT_EQ(schema.db_after.attribute(value::keyword("film/title"))->id, 72u);

  const tx_report first = conn.transact(R"([{:db/id "alien" :film/title "Alien" :film/year 1978}])"_edn);
  EXPECT_EQ(first.t, 1001);
  EXPECT_EQ(first.resolve_tempid(value{"alien"}), datoms::entid_at(datoms::part_user, 1002));
  EXPECT_EQ(first.tx_data.size(), 3u);
  const entity_id alien = *first.resolve_tempid(value{"alien"});

  const tx_report second = conn.transact(value::vector({value::vector(
      {value::keyword("db/add"), value::ref(alien), value::keyword("film/year"), value{1979}})}));
  const attribute_id year = conn.db().attribute(value::keyword("film/year"))->id;
  std::vector<value> found;
  conn.db().access().read(alien, year, found);
  EXPECT_EQ(found, std::vector<value>{value{1979}});
  conn.db().as_of(first.t).access().read(alien, year, found);
  EXPECT_EQ(found, std::vector<value>{value{1978}});
  conn.db().as_of(schema.t).access().read(alien, year, found);
  EXPECT_TRUE(found.empty());
  second.db_before.access().read(alien, year, found);
  EXPECT_EQ(found, std::vector<value>{value{1978}});
}

TEST(Connection, OpensWhatAnotherLeft) {
  any_storage store = new_memory();
  { connection{store}.transact(film_schema); }
  connection again{store};
  EXPECT_EQ(again.db().basis_t(), 1000);
  ASSERT_NE(again.db().attribute(value::keyword("film/year")), nullptr);
  EXPECT_TRUE(again.db().attribute(value::keyword("film/year"))->indexed);
}

TEST(Connection, RefusesAStoreOfSomethingElse) {
  any_storage store = new_memory();
  const change one[] = {{"some key", "some value"}};
  store.commit(one, {});
  try {
    connection{store};
    FAIL() << "connected";
  } catch (const error& e) {
    EXPECT_EQ(e.category(), error_category::incorrect);
    EXPECT_EQ(e.code(), "db.error/not-a-database");
  }
}

}  // namespace connection_test
