// log_source: the log of a database as a datasource.
//
//   q("[:find ?v ?tx :in $ $log :where [?e :person/email \"…\"] [$log ?e :person/name ?v ?tx true]]", db,
//   log_source{db})
//
// Patterns are those of a database: [?e ?a ?v ?tx ?added], with the same aliases. The rows are the datoms of
// the transactions, so it says what `db.history()` says, and also what attributes without history have had.
// But it is read by transaction: where the transaction is known (a constant, bound by a clause before, or
// between bounds), its record is read and no other; where it is not, the log is read through. For what is
// known of one entity ask `history()`, for what happened in a time ask the log.
//
// It shows the transactions that the db shows: `log_source{db.as_of(t)}` ends with t; a branch's has its own.
//
// Threads: as every source, it may be asked by many threads at once.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include <datolite/core/value.hpp>
#include <datolite/datoms/db.hpp>
#include <datolite/query/any_source.hpp>
#include <datolite/query/pattern.hpp>

namespace datolite::adapters {

/// Ts from `first` to `last`, both inclusive.
struct t_span {
  std::int64_t first = 0;
  std::int64_t last = std::numeric_limits<std::int64_t>::max() - 1;
};

/// The transactions of a db from `start`, inclusive, to `end`, exclusive: each a T, a transaction's id, or an
/// instant; without one, from the first or to the last. Keeps the db.
class log_source {
 public:
  explicit log_source(db of, const std::optional<value>& start = {}, const std::optional<value>& end = {});

  query::any_ijoin extrel(const query::clause_pattern& pattern) const;

  query::slot_set resolves(const query::clause_pattern& pattern) const;
  query::slot_set gives_names(const query::clause_pattern& pattern) const;

  /// Known only where the transaction is.
  std::optional<double> estimate(const query::clause_pattern& pattern) const;

 private:
  db db_;
  t_span span_;
};

}  // namespace datolite::adapters

#ifndef DATOLITE_COMPILED
#include <datolite/adapters/detail/log_source.hpp>
#endif
