// Loading much at once: what docs/packed-index.md quotes.
#include <cstdint>
#include <string>

#include <datolite/datolite.hpp>
#include <datolite/datoms/bulk_load.hpp>
#include <datolite/engines/lmdb.hpp>

using namespace datolite::literals;
using datolite::q;
using datolite::value;

int failures = 0;

void expect(bool as_said) { failures += as_said ? 0 : 1; }

/// A chunk of what is to be loaded: any transaction data.
value chunk(int number) {
  std::string text = "[";
  for (int i = number * 100; i < (number + 1) * 100; ++i) {
    text += "{:word/text \"w" + std::to_string(i) + "\" :word/length " + std::to_string(i % 20) + "}";
  }
  return datolite::read_edn(text + "]");
}

int main() {
  datolite::connection conn{datolite::engines::lmdb{"words.db"}};
  conn.transact(R"([
    {:db/ident :word/text   :db/valueType :db.type/string :db/cardinality :db.cardinality/one :db/unique :db.unique/identity}
    {:db/ident :word/length :db/valueType :db.type/long   :db/cardinality :db.cardinality/one :db/index true}])"_edn);
  // [bulk_load]
  std::uint64_t loaded = 0;
  datolite::bulk_load load{conn,
                           {.memory_bytes = 64 << 20,  // beyond it, sorted runs are spilled …
                            .spill_directory = ".",    // … into temporary files here
                            .progress = [&](const datolite::bulk_progress& p) {
                              if (p.at == datolite::bulk_progress::phase::transacting) loaded = p.done;
                            }}};
  for (int i = 0; i < 50; ++i) load.transact(chunk(i));  // each a transaction of its own
  load.finish();                                         // from now on the connection shows them
  // [/bulk_load]
  expect(loaded == 50 * 201);
  expect(q("[:find (count ?w) . :where [?w :word/length 7]]", conn.db()).scalar() == value{250});
  return failures;
}
