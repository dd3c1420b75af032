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
// one after another. Those that wait for their turn are then kept together, by one commit of the engine, each
// with its own T.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <datolite/core/any_storage.hpp>
#include <datolite/core/datom.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/value.hpp>
#include <datolite/datoms/datom_index.hpp>
#include <datolite/datoms/db.hpp>
#include <datolite/datoms/log_record.hpp>
#include <datolite/datoms/tempid_bindings.hpp>
#include <datolite/datoms/tx_functions.hpp>
#include <datolite/datoms/tx_report.hpp>

namespace datolite {

/// How a new database keeps its indexes.
enum class index_layout : std::uint8_t {
  automatic,  ///< typed where the engine itself lives in memory, packed elsewhere
  flat,       ///< in the engine, one pair a datom an index
  typed,      ///< in memory, made from the log when the database is opened
  packed,     ///< in the engine, as blocks; what is new in memory until it is merged into them
};

/// When a packed database merges what is new into its blocks.
enum class merging : std::uint8_t {
  inline_,     ///< at the end of the transaction by which it becomes due
  when_asked,  ///< by connection::merge() alone, or on a thread (merge_in_background.hpp)
};

struct connection_options {
  /// Of a new database: may transactions name attributes that were not declared? They get cardinality one,
  /// and take values of any type but collections. An existing database stays as it was made.
  bool open_schema = false;

  /// Of a new database. An existing one stays as it was made.
  index_layout layout = index_layout::automatic;

  /// Where the layout is packed: when this connection merges.
  merging merge = merging::inline_;
  /// A merge is due past both so many datoms that came or ended since the last one, and this share of the
  /// facts in blocks. What a new database is made with, it keeps for those who do not say; else 20,000 and
  /// 0.05.
  std::optional<std::size_t> merge_least{};
  std::optional<double> merge_share{};

  /// Of a new packed database: how many bytes a block may take; 0: as many as suit the engine.
  std::size_t block_bytes = 0;

  /// How many generations before the newest keep their snapshots for those who hold db values of them. Older
  /// ones let the engine have its pages back; their db values are answered from the newest state, as of their
  /// T (docs/packed-index.md says what then may differ).
  std::size_t kept_generations = 8;

  /// How many bytes of blocks this connection keeps, where the engine copies what is read from it; and of
  /// texts that are read from blocks again and again, with every engine.
  std::size_t cache_bytes = std::size_t{64} << 20;

  /// What transactions may name: functions, and the predicates that schema attributes ask for.
  std::shared_ptr<const tx_functions> functions{};
};

/// What became of one transaction of several.
struct tx_outcome {
  std::optional<tx_report> report;
  std::exception_ptr failure;  ///< why there is no report

  /// The report; throws the failure if there is none.
  tx_report& get() {
    if (!report) std::rethrow_exception(failure);
    return *report;
  }
};

namespace datoms::detail {

/// Who is told of each transaction, in order. A call must be quick and may not fail.
class report_sink {
 public:
  virtual ~report_sink() = default;
  virtual void push(const tx_report& report) noexcept = 0;
};

struct tx_request;
struct connection_access;

}  // namespace datoms::detail

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

  /// Several transactions, one after another, each with its own T and its own outcome: one that is refused
  /// does not hinder the next. They are kept by one commit of the engine, which waits for the disk once.
  std::vector<tx_outcome> transact_each(std::span<const value> all);

  /// Takes note of what other writers have committed, and returns the newest database.
  datolite::db sync();

  /// The same, but waits until the transaction `t` is there, whoever makes it. Throws `unavailable` after
  /// `most_milliseconds`.
  datolite::db sync(std::int64_t t, std::int64_t most_milliseconds = 10'000);

  /// What a commit through this connection survives.
  durability_level durability() const { return storage().durability(); }

  /// Calls `each(const datoms::log_record&)` with the transactions in [start, end) that are known now, in
  /// order, until it returns false. Each is a T or a transaction's id; db::tx_range takes instants as well.
  void tx_range(std::int64_t start, std::int64_t end,
                const std::function<bool(const datoms::log_record&)>& each) const;

  /// A connection to a copy of this database, storage and all; what is transacted through one does not show
  /// in the other. O(1). Throws `unsupported` where the engine cannot be copied: memory can.
  connection fork() const;

  /// Moves what is new into the blocks of a packed database, by one commit; readers and older dbs notice
  /// nothing. False if there was nothing to do, or another connection was doing it. Throws the engine's
  /// errors; the database is the same then.
  bool merge();

  /// Closes the storage: later use of this connection and its dbs throws `unavailable`.
  void close();

  const any_storage& storage() const noexcept;

 private:
  struct shared;
  friend struct datoms::detail::connection_access;
  explicit connection(std::shared_ptr<shared> made) noexcept : shared_{std::move(made)} {}
  tx_report transact_with(const value& tx_data, const datoms::tempid_bindings* earlier);

  datoms::state_ptr known() const;

  std::shared_ptr<shared> shared_;
};

}  // namespace datolite

#ifndef DATOLITE_COMPILED
#include <datolite/datoms/detail/connection.hpp>
#endif
