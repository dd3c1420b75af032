// Reading databases directly, and at other moments: what docs/datoms.md and docs/query.md quote.
#include <cstdint>
#include <string>
#include <vector>

#include <datolite/datolite.hpp>

using namespace datolite::literals;
using datolite::db;
using datolite::index_order;
using datolite::q;
using datolite::value;

int failures = 0;

void expect(bool as_said) { failures += as_said ? 0 : 1; }

datolite::connection people() {
  datolite::connection conn{datolite::engines::memory{}};
  conn.transact(R"([
    {:db/ident :person/name :db/valueType :db.type/string :db/cardinality :db.cardinality/one :db/unique :db.unique/identity}
    {:db/ident :person/age  :db/valueType :db.type/long   :db/cardinality :db.cardinality/one :db/index true}
    {:db/ident :person/boss :db/valueType :db.type/ref    :db/cardinality :db.cardinality/one}
    {:db/ident :tx/by       :db/valueType :db.type/string :db/cardinality :db.cardinality/one}])"_edn);
  return conn;
}

void views() {
  datolite::connection conn = people();
  // [views]
  conn.transact(R"([{:person/name "Ivan" :person/age 30} {:db/id "datomic.tx" :tx/by "import"}])"_edn);
  const std::int64_t hired = conn.db().basis_t();
  conn.transact(R"([{:person/name "Ivan" :person/age 31}])"_edn);
  const db now = conn.db();
  const auto ages = "[:find [?age ...] :where [_ :person/age ?age]]";

  expect(q(ages, now.as_of(hired)).collection() == std::vector{value{30}});  // as it was then
  expect(q(ages, now.since(hired)).collection() == std::vector{value{31}});  // what was asserted after
  expect(q("[:find ?age ?added :where [_ :person/age ?age _ ?added]]", now.history()).size() == 3);

  const auto imported = [](const db& in, const datolite::datom& d) {  // what transactions by the import said
    return in.entity(value::ref(datolite::datoms::t_to_tx(d.t())))["tx/by"].first() == value{"import"};
  };
  expect(q(ages, now.filter(imported)).empty());
  expect(q(ages, now.filter(imported).as_of(hired)).size() == 1);
  // [/views]
}

void branch() {
  datolite::connection conn = people();
  conn.transact(R"([{:person/name "Ivan" :person/age 30}])"_edn);
  const std::int64_t hired = conn.db().basis_t();
  conn.transact(R"([{:person/name "Ivan" :person/age 31}])"_edn);
  // [branch]
  const db past = conn.db().as_of(hired);
  const db instead = past.with(R"([{:person/name "Ivan" :person/age 40}])"_edn).db_after;
  const db further =
      instead.with(R"([{:person/name "Anna" :person/boss [:person/name "Ivan"]}])"_edn).db_after;
  const auto age = "[:find ?age . :where [?e :person/name \"Ivan\"] [?e :person/age ?age]]";
  expect(q(age, further).scalar() == value{40});
  expect(q(age, further.as_of(hired)).scalar() == value{30});
  expect(q(age, conn.db()).scalar() == value{31});  // and the storage knows nothing of it
  // [/branch]
}

void reading() {
  datolite::connection conn = people();
  conn.transact(R"([{:db/id "i" :person/name "Ivan" :person/age 30}
                    {:person/name "Anna" :person/age 28 :person/boss "i"}])"_edn);
  const std::int64_t t = conn.db().next_t();
  conn.transact(R"([{:person/name "Petr" :person/age 41 :person/boss [:person/name "Ivan"]}])"_edn);
  // [reading]
  const db now = conn.db();
  for (const datolite::datom& d :
       now.datoms(index_order::eavt, "[:person/name \"Ivan\"]"_edn, "person/age"_kw))
    expect(d.v == value{30});
  expect(now.datoms(index_order::vaet, "[:person/name \"Ivan\"]"_edn, "person/boss"_kw).count() == 2);
  expect(now.index_range("person/age"_kw, 28, 41).to_vector().size() == 2);                  // 28 and 30
  expect(now.rseek_datoms(index_order::avet, "person/age"_kw, 40).first()->v == value{30});  // the next below
  expect(now.count({.index = index_order::aevt, .a = now.attribute("person/age"_kw)->id}) == 3);

  std::vector<datolite::entity_id> recent;  // the entities that transactions from t on made
  const auto first = datolite::datoms::entid_at(datolite::datoms::part_user, t);
  for (const datolite::datom& d : now.seek_datoms(index_order::eavt, first))
    if (recent.empty() || recent.back() != d.e) recent.push_back(d.e);
  expect(recent.size() == 1);
  // [/reading]
}

void walking() {
  datolite::connection conn = people();
  conn.transact(
      R"([{:db/id "i" :person/name "Ivan" :person/age 30} {:person/name "Anna" :person/boss "i"}])"_edn);
  // [walking]
  const datolite::entity anna = conn.db().entity("[:person/name \"Anna\"]"_edn);
  expect(anna["person/boss"]["person/age"].first() == value{30});
  for (const datolite::entity& e : anna["person/boss"].entity()["person/_boss"].entities()) expect(e == anna);
  expect(anna["person/age"].empty() && anna["person/boss"]["person/boss"]["person/name"].empty());
  expect(*find_keyword(anna.touch(), "person/name") == value{"Anna"});
  // [/walking]
}

void log() {
  datolite::connection conn = people();
  const std::int64_t first = conn.transact(R"([{:db/id "i" :person/name "Ivan" :person/age 30}])"_edn).t;
  const std::int64_t second =
      conn.transact(R"([{:person/name "Ivan" :person/age 31} {:db/id "datomic.tx" :tx/by "me"}])"_edn).t;
  const db now = conn.db();
  // [log]
  now.tx_range(first, std::nullopt, [&](const datolite::datoms::log_record& tx) {
    expect(tx.t == first || tx.t == second);
    return true;  // go on
  });
  const auto changes = q(R"([:find ?name ?age ?added
                             :in $ $log
                             :where [?tx :tx/by "me"]
                                    [$log ?e :person/age ?age ?tx ?added]
                                    [?e :person/name ?name]])",
                         now, datolite::adapters::log_source{now});
  expect(changes.as_value() == R"(#{["Ivan" 30 false] ["Ivan" 31 true]})"_edn);
  // [/log]
}

int main() {
  views();
  branch();
  reading();
  walking();
  log();
  return failures;
}
