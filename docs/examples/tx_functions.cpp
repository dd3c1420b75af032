// docs/datoms.md quotes it.
#include <datolite/core/edn.hpp>
#include <datolite/datoms/connection.hpp>
#include <datolite/datoms/tx_functions.hpp>
#include <datolite/engines/memory.hpp>
using namespace datolite::literals;
using datolite::value;

int main() {
  // [tx_functions]
  auto functions = std::make_shared<datolite::tx_functions>();
  functions->add("account/deposit", [](const datolite::db& before, std::span<const value> args) {
    std::vector<value> balance;  // args: an entity, an amount
    before.access().read(*before.entid(args[0]), before.attribute("account/balance"_kw)->id, balance);
    return value::vector({value::vector({"db/cas"_kw, args[0], "account/balance"_kw, balance.at(0),
                                         value{balance.at(0).as_long() + args[1].as_long()}})});
  });
  functions->add_attribute_predicate("account/solvent?", [](const value& v) { return v.as_long() >= 0; });

  datolite::connection conn{datolite::engines::memory{}, {.functions = functions}};
  conn.transact(R"([{:db/ident :account/balance :db/valueType :db.type/long
                     :db/cardinality :db.cardinality/one :db.attr/preds account/solvent?}])"_edn);
  conn.transact(R"([{:db/ident :account/mine :account/balance 100}])"_edn);
  conn.transact("[[:account/deposit :account/mine 20]]"_edn);
  // [/tx_functions]
  try {
    conn.transact("[[:account/deposit :account/mine -200]]"_edn);
  } catch (const datolite::error& e) {
    std::vector<value> balance;
    const datolite::db db = conn.db();
    db.access().read(*db.entid("account/mine"_kw), db.attribute("account/balance"_kw)->id, balance);
    return e.code() == "db.error/attr-pred" && balance.at(0) == value{120} ? 0 : 1;
  }
  return 1;
}
