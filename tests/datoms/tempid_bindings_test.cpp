#include <datolite/datoms/tempid_bindings.hpp>
#include "stores.hpp"

#include <datolite/core/edn.hpp>
#include <datolite/datoms/connection.hpp>

#include <gtest/gtest.h>

namespace tempid_bindings_test {

using namespace datolite;
using datolite_test::new_memory;

struct library {
  library() : conn{any_storage{new_memory()}} {
    conn.transact(read_edn(R"([
      {:db/ident :name :db/valueType :db.type/string :db/cardinality :db.cardinality/one :db/unique :db.unique/identity}
      {:db/ident :needs :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}])"));
  }
  tx_report add(const char* text) {
    tx_report made = conn.transact(read_edn(text), earlier);
    earlier.add(made.tempids);
    return made;
  }
  connection conn;
  datoms::tempid_bindings earlier;
};

TEST(tempid_bindings, a_tempid_means_one_entity_in_all_parts_whichever_comes_first) {
  library lib;
  const entity_id b = *lib.add(R"([{:db/id "a" :name "A" :needs ["b"]}])").resolve_tempid(value{"b"});
  EXPECT_EQ(lib.add(R"([{:db/id "b" :name "B" :needs ["a"]}])").resolve_tempid(value{"b"}), b);
  EXPECT_EQ(lib.conn.db().entid(read_edn(R"([:name "B"])")), b);
  EXPECT_EQ(lib.earlier.size(), 2u);
}

TEST(tempid_bindings, a_tempid_that_an_identity_contradicts_is_refused) {
  library lib;
  lib.conn.transact(read_edn(R"([{:name "B"}])"));
  lib.add(R"([{:name "A" :needs ["b"]}])");
  try {
    lib.add(R"([{:db/id "b" :name "B"}])");
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), "db.error/conflicting-upsert");
  }
}

TEST(tempid_bindings, without_them_a_tempid_used_only_as_a_value_is_refused) {
  library lib;
  EXPECT_THROW(lib.conn.transact(read_edn(R"([{:name "A" :needs ["b"]}])")), error);
}

}  // namespace tempid_bindings_test
