// Trees of data pulled from a database: what docs/pull.md quotes.
#include <string>
#include <vector>

#include <datolite/datolite.hpp>

using namespace datolite::literals;
using datolite::index_order;
using datolite::index_pull;
using datolite::pull;
using datolite::pull_many;
using datolite::pull_pattern;
using datolite::q;
using datolite::value;

int failures = 0;

void expect(bool as_said) { failures += as_said ? 0 : 1; }

bool shows(const value& found, std::string_view text) {
  return to_edn(found, datolite::edn_style::plain) == text;
}

datolite::connection some_people() {
  datolite::connection conn{datolite::engines::memory{}};
  conn.transact(R"([
    {:db/ident :name :db/valueType :db.type/string :db/cardinality :db.cardinality/one :db/unique :db.unique/identity}
    {:db/ident :born :db/valueType :db.type/long :db/cardinality :db.cardinality/one :db/index true}
    {:db/ident :nick :db/valueType :db.type/string :db/cardinality :db.cardinality/many}
    {:db/ident :knows :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}
    {:db/ident :boss :db/valueType :db.type/ref :db/cardinality :db.cardinality/one}
    {:db/ident :home :db/valueType :db.type/ref :db/cardinality :db.cardinality/one :db/isComponent true}
    {:db/ident :city :db/valueType :db.type/string :db/cardinality :db.cardinality/one}])"_edn);
  conn.transact(
      R"([{:db/id "i" :name "Ivan" :born 1980 :nick ["I" "Vanya"] :knows ["p" "a"] :home {:city "Oslo"}}
                    {:db/id "p" :name "Petr" :born 1975 :knows ["i"] :boss "i"}
                    {:db/id "a" :name "Anna" :born 1990 :boss "p"}])"_edn);
  return conn;
}

void by_itself(const datolite::db& db) {
  // [pull]
  const value ivan = R"([:name "Ivan"])"_edn;  // or an id, or an ident
  expect(shows(pull(db, "[:name :nick {:home [:city]} {:_boss [:name]}]", ivan),
               R"({:_boss [{:name "Petr"}], :home {:city "Oslo"}, :name "Ivan", :nick ["I" "Vanya"]})"));

  const pull_pattern card = "[:name (:nick :limit 1 :default \"none\" :as :called)]";  // parsed once
  const std::vector<value> both = pull_many(db, card, std::vector{ivan, R"([:name "Anna"])"_edn});
  expect(shows(both[0], R"({:called ["I"], :name "Ivan"})") &&
         shows(both[1], R"({:called "none", :name "Anna"})"));
  // [/pull]
}

void recursions(const datolite::db& db) {
  // [recursion]
  const value anna = R"([:name "Anna"])"_edn;
  expect(shows(pull(db, "[:name {:boss 1}]", anna), R"({:boss {:name "Petr"}, :name "Anna"})"));
  expect(shows(pull(db, "[:name {:boss ...}]", anna),
               R"({:boss {:boss {:name "Ivan"}, :name "Petr"}, :name "Anna"})"));
  // [/recursion]
}

void in_find(const datolite::db& db) {
  // [find]
  const auto found = q("[:find ?b (pull ?e [:name {:boss [:name]}]) :where [?e :born ?b] [?e :boss]]", db);
  for (const auto row : found) expect(row[0].as_long() > 1970 && find_keyword(row[1], "boss") != nullptr);

  const auto names =
      q("[:find [(pull ?e pattern) ...] :in $ pattern :where [?e :born 1990]]", db, "[:name]"_edn);
  expect(shows(names.as_value(), R"([{:name "Anna"}])"));
  // [/find]
  expect(found.size() == 2);
}

void along_an_index(const datolite::db& db) {
  // [index]
  std::vector<value> youngest;
  for (const value& person : index_pull(db, {.index = index_order::avet,
                                            .selector = "[:name :born]",
                                            .start = "[:born]"_edn,
                                            .reverse = true})) {
    youngest.push_back(person);
    if (youngest.size() == 2) break;  // what is not gone through is not read
  }
  expect(shows(youngest[1], R"({:born 1980, :name "Ivan"})"));
  // [/index]
}

int main() {
  const datolite::connection conn = some_people();
  const datolite::db db = conn.db();
  by_itself(db);
  recursions(db);
  in_find(db);
  along_an_index(db);
  return failures;
}
