// transact: a transaction worked out from a database and transaction data. Pure: nothing is written here.
//
// The same work stands behind `connection::transact`, which commits it, and whatever only wants to know what
// would be.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <datolite/core/datom.hpp>
#include <datolite/core/value.hpp>
#include <datolite/core/value_order.hpp>
#include <datolite/datoms/bootstrap.hpp>
#include <datolite/datoms/change_batch.hpp>
#include <datolite/datoms/datom_index.hpp>
#include <datolite/datoms/db.hpp>
#include <datolite/datoms/schema.hpp>
#include <datolite/datoms/tempid_bindings.hpp>
#include <datolite/datoms/tx_facts.hpp>
#include <datolite/datoms/tx_forms.hpp>
#include <datolite/datoms/tx_log.hpp>
#include <datolite/datoms/tx_resolve.hpp>
#include <datolite/datoms/tx_schema.hpp>
#include <datolite/datoms/tx_tempids.hpp>

namespace datolite::datoms {

/// A transaction that could be committed.
struct prepared {
  std::int64_t t = 0;
  std::vector<datom> added;      ///< in EAVT order
  std::vector<datom> retracted;  ///< in EAVT order, as they were asserted
  schema_ptr attributes;         ///< the schema after it
  counters after;
  std::vector<std::pair<value, entity_id>> tempids;  ///< in the order in which they were first named
  std::vector<ensured> ensures;  ///< specs to be checked on the database after (tx_predicates.hpp)

  novelty news(const schema& before) const noexcept {
    return {t, added, retracted, &before, attributes.get()};
  }
};

namespace detail {

inline bool before_in_eavt(const datom& x, const datom& y) {
  if (x.e != y.e) return x.e < y.e;
  if (x.a != y.a) return x.a < y.a;
  return stored_order(x.v, y.v) < 0;
}

/// The transaction's own instant: as the data says, or now, but never before the last one.
inline void stamp(prepared& made, std::int64_t last, std::int64_t now) {
  const entity_id tx = t_to_tx(made.t);
  made.after.instant = std::max(now, last);
  for (const datom& d : made.retracted) {
    if (d.a == ids::tx_instant) {
      throw error{error_category::incorrect, "db.error/invalid-tx-instant",
                  "when a transaction was made cannot be retracted"};
    }
  }
  for (const datom& d : made.added) {
    if (d.a != ids::tx_instant) continue;
    if (d.e != tx) {
      throw error{
          error_category::incorrect, "db.error/invalid-tx-instant",
          ":db/txInstant says when the present transaction was made, and can be told of \"datomic.tx\" only"};
    }
    if (d.v.word() < last) {
      throw error{error_category::incorrect, "db.error/past-tx-instant",
                  "the instant " + shown(d.v) + " lies before that of the last transaction, " +
                      shown(value::instant(last))};
    }
    made.after.instant = d.v.word();
    return;
  }
  datom stamp{tx, ids::tx_instant, value::instant(made.after.instant), make_t_op(made.t, true)};
  made.added.insert(std::upper_bound(made.added.begin(), made.added.end(), stamp, before_in_eavt),
                    std::move(stamp));
}

/// Every datom of a transaction, and so its schema: retractions first where they replace.
inline std::vector<datom> all_datoms(const prepared& made) {
  std::vector<datom> all;
  all.reserve(made.added.size() + made.retracted.size());
  auto gone = made.retracted.begin();
  const auto take_gone = [&] {
    all.push_back({gone->e, gone->a, gone->v, make_t_op(made.t, false)}), ++gone;
  };
  for (const datom& d : made.added) {
    while (gone != made.retracted.end() && std::pair{gone->e, gone->a} <= std::pair{d.e, d.a}) take_gone();
    all.push_back(d);
  }
  while (gone != made.retracted.end()) take_gone();
  return all;
}

}  // namespace detail

/// Works out what `tx_data` does to the current database `before`, at the instant `now` (milliseconds).
/// Throws, and has no effect, if it is refused. With `earlier`, the data is one part of several.
inline prepared prepare(const db_view& before, const value& tx_data, std::int64_t now,
                        const tempid_bindings* earlier = nullptr) {
  const db_state& state = before.state();
  prepared made;
  made.t = state.at.next_t;
  made.after = state.at;
  made.after.basis_t = made.t;
  made.after.next_t = made.t + 1;
  tempid_table tempids;
  form_reader forms{before, tempids, made.t};
  forms.read(tx_data);
  if (earlier != nullptr) tempids.recall(*earlier);
  id_resolver{before, tempids, forms}.resolve(made.after);
  fact_maker facts{before, made.t};
  facts.make(std::move(forms.operations()), forms.expected());
  made.added = std::move(facts.added());
  made.retracted = std::move(facts.retracted());
  made.ensures = std::move(forms.ensures());
  detail::stamp(made, state.at.instant, now);
  const auto touches_schema = [](const datom& d) { return is_schema_attribute(d.a); };
  made.attributes = state.attributes;
  if (std::any_of(made.added.begin(), made.added.end(), touches_schema) ||
      std::any_of(made.retracted.begin(), made.retracted.end(), touches_schema)) {
    made.attributes = schema::after(state.attributes, detail::all_datoms(made));
    schema_check{before, *made.attributes}.check(made.added, made.retracted);
  }
  for (const tempid_table::entry& one : tempids.entries()) {
    const entity_id id =
        tempids.resolve(tempid_table::code_of(static_cast<std::size_t>(&one - tempids.entries().data())));
    if (!one.name.is_nil() && id >= 0) made.tempids.emplace_back(one.name, id);
  }
  return made;
}

/// The transaction's record in the log; `before` are the counters that the transaction before it left.
inline log_record record_of(const prepared& made, const counters& before) {
  log_record record;
  record.t = made.t;
  record.previous_t = before.basis_t;
  record.previous_sum = before.log_sum;
  record.instant = made.after.instant;
  record.next_t = made.after.next_t;
  record.next_element = made.after.next_element;
  record.datoms = detail::all_datoms(made);
  record.retracted.reserve(made.retracted.size());
  for (const datom& d : made.retracted) record.retracted.push_back(d.t());
  return record;
}

}  // namespace datolite::datoms
