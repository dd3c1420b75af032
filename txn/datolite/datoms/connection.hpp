// connection: a database in a storage, to transact with.
//
// A fresh storage becomes a database when it is first connected to; one that holds anything else is refused.
// The connection keeps the newest state it knows of; `db()` hands it out, `transact` makes the next one by
// one commit of the engine.
//
// If a commit's outcome is unknown, `transact` says so (`unknown-outcome`), and the connection reads the log
// again before it does anything further: whether the transaction happened shows in the next db().
//
// Several connections, in one process or several, may share one storage that allows it. A transaction is
// always applied to the newest state: when another writer was faster, the log has moved, and it is worked out
// again.
//
// Copies of a connection share everything. Threads: all may be called by many threads; transactions happen
// one after another.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <datolite/core/any_storage.hpp>
#include <datolite/core/datom.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/value.hpp>
#include <datolite/datoms/datom_index.hpp>
#include <datolite/datoms/db.hpp>
#include <datolite/datoms/store_format.hpp>
#include <datolite/datoms/tempid_bindings.hpp>
#include <datolite/datoms/tx_functions.hpp>
#include <datolite/datoms/tx_log.hpp>
#include <datolite/datoms/tx_report.hpp>

namespace datolite {

/// How a new database keeps its indexes.
enum class index_layout : std::uint8_t {
  automatic,  ///< typed where the engine itself lives in memory, flat elsewhere
  flat,       ///< in the engine, one pair a datom an index
  typed,      ///< in memory, made from the log when the database is opened
};

struct connection_options {
  /// Of a new database: may transactions name attributes that were not declared? They get cardinality one,
  /// and take values of any type but collections. An existing database stays as it was made.
  bool open_schema = false;

  /// Of a new database. An existing one stays as it was made.
  index_layout layout = index_layout::automatic;

  /// What transactions may name: functions, and the predicates that schema attributes ask for.
  std::shared_ptr<const tx_functions> functions{};
};

class connection {
 public:
  /// Connects to the database in `storage`, or makes one if it is empty. Throws `incorrect` if it holds
  /// something else, `unsupported` if a newer library wrote it, `corrupt` if it is damaged.
  explicit connection(any_storage storage, connection_options options = {});

  /// The newest database known. O(1).
  datolite::db db() const;

  /// Applies transaction data (a vector of forms), all or nothing. Throws `incorrect`, `conflict` or
  /// `not-found`, naming the form, if it is refused; the engine's errors if it cannot be kept;
  /// `unknown-outcome` if that cannot be known. A transaction that did not happen uses up no T.
  tx_report transact(const value& tx_data);

  /// The same for one of several transactions whose string tempids name the same entities. Afterwards, add
  /// the report's tempids to `earlier`.
  tx_report transact(const value& tx_data, const datoms::tempid_bindings& earlier);

  /// Takes note of what other writers have committed, and returns the newest database.
  datolite::db sync();

  /// Calls `each(const datoms::log_record&)` with the transactions in [start, end) that are known now, in
  /// order, until it returns false. Each is a T or a transaction's id; db::tx_range takes instants as well.
  template <class Each>
  void tx_range(std::int64_t start, std::int64_t end, Each&& each) const {
    const datoms::state_ptr now = known();
    datoms::read_log(now->snapshot, datoms::t_of_moment(start),
                     std::min(datoms::t_of_moment(end), now->at.next_t), std::forward<Each>(each));
  }

  /// A connection to a copy of this database, storage and all; what is transacted through one does not show
  /// in the other. O(1). Throws `unsupported` where the engine cannot be copied: memory can.
  connection fork() const;

  /// Closes the storage: later use of this connection and its dbs throws `unavailable`.
  void close();

  const any_storage& storage() const noexcept;

 private:
  struct shared;
  explicit connection(std::shared_ptr<shared> made) noexcept : shared_{std::move(made)} {}
  tx_report transact_with(const value& tx_data, const datoms::tempid_bindings* earlier);

  datoms::state_ptr known() const;

  std::shared_ptr<shared> shared_;
};

}  // namespace datolite

#include <datolite/datoms/detail/connection.hpp>
