// export: the transactions of a database as EDN, such that importing them into a new one gives the same database.
#pragma once

#include <cstdint>
#include <limits>
#include <ostream>
#include <string>

#include <datolite/core/edn.hpp>
#include <datolite/datoms/connection.hpp>
#include <datolite/datoms/entity_id.hpp>

namespace cli {

using namespace datolite;

/// Entities are written by id, attributes by their present name, the transaction itself as "datomic.tx".
inline std::string datom_form(const db& in, const datom& d, std::int64_t t) {
  const auto entity = [t](entity_id e) {
    return e == datoms::t_to_tx(t) ? std::string{"\"datomic.tx\""} : std::to_string(e);
  };
  const auto name = in.ident(d.a);
  return std::string{"[:db/"} + (d.added() ? "add " : "retract ") + entity(d.e) + " " +
         (name ? to_edn(*name) : std::to_string(d.a)) + " " +
         (d.v.is(kind::ref) ? entity(d.v.as_ref()) : to_edn(d.v)) + "]";
}

inline void export_transactions(const connection& conn, std::ostream& out) {
  const db now = conn.db();
  conn.tx_range(datoms::first_user_t, std::numeric_limits<std::int64_t>::max(), [&](const datoms::log_record& tx) {
    out << "[";
    const char* between = "";
    for (const datom& d : tx.datoms) {
      out << between << datom_form(now, d, tx.t);
      between = "\n ";
    }
    out << "]\n";
    return true;
  });
}

}  // namespace cli
