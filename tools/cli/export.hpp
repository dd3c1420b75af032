// export: the transactions of a database as EDN, such that importing them into a new one gives the same database.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <ostream>
#include <string>

#include <datolite/core/edn.hpp>
#include <datolite/datoms/bootstrap.hpp>
#include <datolite/datoms/connection.hpp>
#include <datolite/datoms/entity_id.hpp>

namespace cli {

using namespace datolite;

/// The names of attributes as they were before each transaction of a log: those that its data must use to be
/// understood when it is imported.
class names_then {
 public:
  explicit names_then(const db& now) : now_{now} {}

  std::string of(attribute_id a) const {
    const auto known = names_.find(a);
    if (known != names_.end()) return known->second;
    const auto built_in = a < datoms::first_user_element ? now_.ident(a) : std::nullopt;
    return built_in ? to_edn(*built_in) : std::to_string(a);
  }

  /// Goes on to the next transaction.
  void pass(const datoms::log_record& tx) {
    for (const datom& d : tx.datoms) {
      if (d.a == datoms::ids::db_ident && !d.added()) names_.erase(d.e);
    }
    for (const datom& d : tx.datoms) {
      if (d.a == datoms::ids::db_ident && d.added()) names_[d.e] = to_edn(d.v);
    }
  }

 private:
  const db& now_;
  std::map<entity_id, std::string> names_;
};

/// Entities are written by id, attributes by name, the transaction itself as "datomic.tx".
inline std::string datom_form(const names_then& names, const datom& d, std::int64_t t) {
  const auto entity = [t](entity_id e) {
    return e == datoms::t_to_tx(t) ? std::string{"\"datomic.tx\""} : std::to_string(e);
  };
  return std::string{"[:db/"} + (d.added() ? "add " : "retract ") + entity(d.e) + " " + names.of(d.a) + " " +
         (d.v.is(kind::ref) ? entity(d.v.as_ref()) : to_edn(d.v)) + "]";
}

inline void export_transactions(const connection& conn, std::ostream& out) {
  const db now = conn.db();
  names_then names{now};
  conn.tx_range(datoms::first_user_t, std::numeric_limits<std::int64_t>::max(), [&](const datoms::log_record& tx) {
    out << "[";
    const char* between = "";
    for (const datom& d : tx.datoms) {
      out << between << datom_form(names, d, tx.t);
      between = "\n ";
    }
    out << "]\n";
    names.pass(tx);
    return true;
  });
}

}  // namespace cli
