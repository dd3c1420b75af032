// What most programs compile: a database in memory, one transaction, one query.
#include <datolite/datolite.hpp>

using namespace datolite::literals;

std::size_t count_of_films() {
  datolite::connection conn{datolite::engines::memory{}};
  conn.transact("[{:db/ident :film/title :db/valueType :db.type/string :db/cardinality :db.cardinality/one}]"_edn);
  return datolite::q("[:find ?t :where [_ :film/title ?t]]", conn.db()).size();
}
