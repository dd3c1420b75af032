// A process that transacts until it is killed, and says of each transaction that it was acknowledged. For
// crash_test.
//
//   crash_child lmdb|leveldb PATH typed|flat|packed|bulk
//
// `bulk`: packed, by bulk loads, which acknowledge many at once.
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>

#include <datolite/core/edn.hpp>
#include <datolite/datoms/bulk_load.hpp>
#include <datolite/datoms/connection.hpp>
#include <datolite/engines/leveldb.hpp>
#include <datolite/engines/lmdb.hpp>

namespace {

/// Two facts of one new entity, a third that replaces an older one, and at times a long one.
datolite::value next_data(const datolite::db& now) {
  const std::string n = std::to_string(now.next_t());
  std::string text = "[{:n " + n + " :twin " + n + "} [:db/add 101 :last " + n + "]";
  if (now.next_t() % 7 == 0) text += " [:db/add 101 :text \"" + std::string(3000, 'x') + n + "\"]";
  return datolite::read_edn(text + "]");
}

/// Tells that the transactions up to `t` are kept.
bool acknowledge(std::int64_t t) { return ::write(STDOUT_FILENO, &t, sizeof t) == sizeof t; }

}  // namespace

int main(int, char** arguments) {
  using namespace datolite;
  const std::string engine = arguments[1], path = arguments[2];
  const durability_level process = durability_level::process;
  any_storage storage = engine == "lmdb" ? any_storage{engines::lmdb{path, {.durability = process}}}
                                         : any_storage{engines::leveldb{path, {.durability = process}}};
  const std::string_view named = arguments[3];
  const index_layout layout = named == "typed"  ? index_layout::typed
                              : named == "flat" ? index_layout::flat
                                                : index_layout::packed;
  // Merging all the time, so that most are killed in a merge.
  connection conn{storage, {.layout = layout, .merge_least = 10, .merge_share = 0.0, .block_bytes = 500}};
  if (conn.db().attribute(value::keyword("n")) == nullptr) {
    conn.transact(read_edn(R"([
      {:db/ident :n    :db/valueType :db.type/long   :db/cardinality :db.cardinality/one :db/index true}
      {:db/ident :twin :db/valueType :db.type/long   :db/cardinality :db.cardinality/one}
      {:db/ident :last :db/valueType :db.type/long   :db/cardinality :db.cardinality/one}
      {:db/ident :text :db/valueType :db.type/string :db/cardinality :db.cardinality/one}])"));
  }
  while (named == "bulk") {
    bulk_load load{conn, {.memory_bytes = 40'000}};
    for (int i = 0; i < 25; ++i) load.transact(next_data(load.db()));
    load.finish();
    if (!acknowledge(conn.db().basis_t())) return 1;
  }
  for (;;) {
    if (!acknowledge(conn.transact(next_data(conn.db())).t)) return 1;
  }
}
