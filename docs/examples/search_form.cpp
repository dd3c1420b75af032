// A search form: a query assembled clause by clause, from the filters that were filled in. Quoted by
// docs/query.md.
#include <optional>
#include <string>
#include <vector>

#include <datolite/datolite.hpp>

using namespace datolite::literals;
using datolite::value;

int failures = 0;

void expect(bool as_said) { failures += as_said ? 0 : 1; }

// [search]
struct filters {
  std::optional<std::string> city{}, cinema{}, district{}, film{}, genre{};
};

/// The showings that pass every filter: the query is a value, and so are its clauses.
datolite::query::result search(const datolite::db& db, const filters& wanted) {
  std::vector<value> where{"[?showing :showing/film ?f]"_edn, "[?showing :showing/cinema ?c]"_edn,
                           "[?f :film/title ?title]"_edn, "[?c :cinema/name ?name]"_edn};
  std::vector<value> in{"$"_edn};
  std::vector<datolite::query::argument> args{db};
  const auto filter = [&](const char* entity, const char* attribute, const std::optional<std::string>& text) {
    if (!text) return;  // an empty field is no clause
    const value variable = value::symbol("?" + std::to_string(args.size()));
    in.push_back(variable);
    args.emplace_back(*text);
    where.push_back(value::vector({value::symbol(entity), value::keyword(attribute), variable}));
  };
  filter("?c", "cinema/city", wanted.city);
  filter("?c", "cinema/name", wanted.cinema);
  filter("?c", "cinema/district", wanted.district);
  filter("?f", "film/title", wanted.film);
  filter("?f", "film/genre", wanted.genre);
  const value query = datolite::make_map({{"find"_kw, "[?title ?name]"_edn},
                                          {"in"_kw, value::vector(in)},
                                          {"where"_kw, value::vector(where)},
                                          {"order-by"_kw, "[?title ?name]"_edn}});
  return datolite::q({.query = query, .args = std::move(args)});
}
// [/search]

datolite::connection programme() {
  datolite::connection conn{datolite::engines::memory{}};
  conn.transact(R"([
    {:db/ident :film/title :db/valueType :db.type/string :db/cardinality :db.cardinality/one :db/index true}
    {:db/ident :film/genre :db/valueType :db.type/string :db/cardinality :db.cardinality/many}
    {:db/ident :cinema/name :db/valueType :db.type/string :db/cardinality :db.cardinality/one :db/index true}
    {:db/ident :cinema/city :db/valueType :db.type/string :db/cardinality :db.cardinality/one}
    {:db/ident :cinema/district :db/valueType :db.type/string :db/cardinality :db.cardinality/one}
    {:db/ident :showing/film :db/valueType :db.type/ref :db/cardinality :db.cardinality/one}
    {:db/ident :showing/cinema :db/valueType :db.type/ref :db/cardinality :db.cardinality/one}])"_edn);
  conn.transact(R"([
    {:db/id "alien" :film/title "Alien" :film/genre ["horror" "science fiction"]}
    {:db/id "stalker" :film/title "Stalker" :film/genre ["science fiction"]}
    {:db/id "playtime" :film/title "Playtime" :film/genre ["comedy"]}
    {:db/id "rex" :cinema/name "Rex" :cinema/city "Bern" :cinema/district "Altstadt"}
    {:db/id "odeon" :cinema/name "Odeon" :cinema/city "Basel" :cinema/district "Gundeli"}
    {:showing/film "alien" :showing/cinema "rex"} {:showing/film "stalker" :showing/cinema "rex"}
    {:showing/film "stalker" :showing/cinema "odeon"} {:showing/film "playtime" :showing/cinema "odeon"}])"_edn);
  return conn;
}

int main() {
  const auto conn = programme();
  const auto db = conn.db();
  // [use]
  expect(search(db, {}).size() == 4);
  expect(search(db, {.city = "Bern"}).as_value() == R"([["Alien" "Rex"] ["Stalker" "Rex"]])"_edn);
  expect(search(db, {.district = "Gundeli", .genre = "science fiction"}).as_value() ==
         R"([["Stalker" "Odeon"]])"_edn);
  expect(search(db, {.cinema = "Rex", .film = "Playtime"}).empty());
  // [/use]
  return failures;
}
