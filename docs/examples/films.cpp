// The README's example: what stands between the markers is the program.
// [films]
#include <datolite/datolite.hpp>
#include <datolite/engines/lmdb.hpp>
#include <iostream>
using namespace datolite::literals;

int main() {
  datolite::connection conn{datolite::engines::lmdb{"films.db"}};  // or datolite::engines::memory{}
  conn.transact(R"([{:db/ident :film/title :db/valueType :db.type/string :db/cardinality :db.cardinality/one}
                    {:db/ident :film/year  :db/valueType :db.type/long   :db/cardinality :db.cardinality/one
                     :db/index true}])"_edn);
  auto report = conn.transact(R"([{:film/title "Alien" :film/year 1979} {:film/title "Ran" :film/year 1985}])"_edn);

  auto db = conn.db();  // a value: what is transacted later does not show in it
  for (auto [title, year] : datolite::q<std::string, int>(
           "[:find ?t ?y :where [?f :film/title ?t] [?f :film/year ?y] [(< 1970 ?y)] [(< ?y 1980)]]", db))
    std::cout << title << " (" << year << ")\n";

  auto past = datolite::q("[:find ?t :where [_ :film/title ?t]]", db.as_of(report.t - 1));  // no films yet
  std::vector<std::tuple<std::string, int>> seats{{"Ran", 12}};  // any range of tuples is a source as well
  auto both = datolite::q("[:find ?t ?y ?n :in $ $s :where [$s ?t ?n] [?f :film/title ?t] [?f :film/year ?y]]", db, seats);
  return past.empty() && both.size() == 1 ? 0 : 1;
}
// [/films]
