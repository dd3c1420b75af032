// A process that transacts until it is killed, and says of each transaction that it was acknowledged. For
// crash_test.
//
//   crash_child lmdb|leveldb PATH typed|flat|packed
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>

#include <datolite/core/edn.hpp>
#include <datolite/datoms/connection.hpp>
#include <datolite/engines/leveldb.hpp>
#include <datolite/engines/lmdb.hpp>

int main(int, char** arguments) {
  using namespace datolite;
  const std::string engine = arguments[1], path = arguments[2];
  const durability_level process = durability_level::process;
  any_storage storage = engine == "lmdb" ? any_storage{engines::lmdb{path, {.durability = process}}}
                                         : any_storage{engines::leveldb{path, {.durability = process}}};
  const std::string_view named = arguments[3];
  const index_layout layout = named == "typed"    ? index_layout::typed
                              : named == "packed" ? index_layout::packed
                                                  : index_layout::flat;
  // Merging all the time, so that most are killed in a merge.
  connection conn{storage, {.layout = layout, .merge_least = 10, .merge_share = 0.0, .block_bytes = 500}};
  if (conn.db().attribute(value::keyword("n")) == nullptr) {
    conn.transact(read_edn(R"([
      {:db/ident :n    :db/valueType :db.type/long   :db/cardinality :db.cardinality/one :db/index true}
      {:db/ident :twin :db/valueType :db.type/long   :db/cardinality :db.cardinality/one}
      {:db/ident :last :db/valueType :db.type/long   :db/cardinality :db.cardinality/one}
      {:db/ident :text :db/valueType :db.type/string :db/cardinality :db.cardinality/one}])"));
  }
  for (;;) {
    // Two facts of one new entity, a third that replaces an older one, and at times a long one.
    const std::string n = std::to_string(conn.db().next_t());
    std::string text = "[{:n " + n + " :twin " + n + "} [:db/add 101 :last " + n + "]";
    if (conn.db().next_t() % 7 == 0) text += " [:db/add 101 :text \"" + std::string(3000, 'x') + n + "\"]";
    const std::int64_t t = conn.transact(read_edn(text + "]")).t;
    if (::write(STDOUT_FILENO, &t, sizeof t) != sizeof t) return 1;
  }
}
