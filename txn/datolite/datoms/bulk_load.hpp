// bulk_load: many transactions at once, sorted once and written as full blocks, within a bound of memory.
//
//   bulk_load load{conn, {.memory_bytes = 64 << 20}};
//   for (const value& tx_data : all) load.transact(tx_data);
//   load.finish();                              // from now on the connection shows them
//
// A transaction of a load is worked out and logged as any other; only its datoms enter the blocks later. What
// is new is kept in memory up to the bound, then written into a sorted run, a temporary file
// (packed_run.hpp); `finish` merges the runs and the blocks that there are into the next generation
// (packed_fold.hpp). docs/packed-index.md says how it holds together.
//
// The log is written up to a megabyte at a time: `transact` returns before the engine has its record. A load
// that ends otherwise than by `finish`, be it by a crash, leaves the transactions that the log has, whole and
// in order, and no trace else: who opens the database next plays them into memory as what is new, or, if they
// are many, makes blocks of them first (detail/long_tail.hpp).
//
// Until `finish` the connection shows what it showed before. Who transacts meanwhile, through whatever
// connection, interrupts the load: its next commit throws `conflict` (`db.error/load-interrupted`). The load
// may `resume` then.
//
// Where the layout is not packed, transactions are done plainly, at once.
//
// Memory: what is new and the buffers of reading and writing stay within `memory_bytes`, but for what a
// single transaction takes; beside that the directory of blocks, some 300 bytes for each 4 KB written.
// Threads: used by one.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <datolite/core/value.hpp>
#include <datolite/datoms/change_batch.hpp>
#include <datolite/datoms/connection.hpp>
#include <datolite/datoms/db.hpp>
#include <datolite/datoms/tempid_bindings.hpp>

namespace datolite {

namespace datoms {

struct prepared;

namespace packed {

class block_cache;
struct fold_options;
class stack;
class stack_model;

}  // namespace packed

}  // namespace datoms

/// How far a bulk load is.
struct bulk_progress {
  enum class phase : std::uint8_t {
    transacting,  ///< `done` datoms were taken so far; `total` is the same
    building,     ///< of `total` rows of all indexes, `done` were merged into blocks
    finished,     ///< done == total, as in the phase before
  };
  phase at = phase::transacting;
  std::uint64_t done = 0, total = 0;
  std::size_t bytes_held = 0;  ///< of memory, by the load's own count
};

struct bulk_options {
  /// How much memory the load may take; below some megabytes it writes very small runs.
  std::size_t memory_bytes = std::size_t{256} << 20;
  /// Where sorted runs are spilled; empty: what TMPDIR names, or /tmp. They take about as much as the blocks
  /// will. A directory that itself lives in memory would defeat the bound.
  std::string spill_directory{};
  /// Called after each transaction and, while blocks are written, before each commit. What it throws comes
  /// out of the call that called it.
  std::function<void(const bulk_progress&)> progress{};
};

/// What a transaction of a bulk load did.
struct bulk_report {
  std::int64_t t = 0;
  std::size_t datoms = 0;
  std::vector<std::pair<value, entity_id>> tempids;  ///< as in tx_report
};

class bulk_load {
 public:
  /// Begins a load through `conn`. Throws as connection::sync.
  explicit bulk_load(connection conn, bulk_options options = {});
  bulk_load(const bulk_load&) = delete;
  /// Without `finish`: the transactions that the log has, stay.
  ~bulk_load() = default;

  /// Applies transaction data as connection::transact does, and throws what it throws if it is refused: then
  /// the load goes on. After any other error it does not: all further calls throw `unavailable`.
  bulk_report transact(const value& tx_data) { return transact_with(tx_data, nullptr); }
  /// The same for one of several transactions whose string tempids name the same entities.
  bulk_report transact(const value& tx_data, const datoms::tempid_bindings& earlier) {
    return transact_with(tx_data, &earlier);
  }

  /// Gives the log all that was transacted: when it returns, that survives what a commit survives.
  void flush();

  /// Makes blocks of all that was transacted, and lets the connection show it. If it throws, the database is
  /// whole, and it may be called again. A load may go on after it.
  void finish();

  /// The newest transaction of this load, or before it, that the log has.
  std::int64_t logged_t() const noexcept;
  /// After `load-interrupted`: goes on upon what the log has now, the transactions of others included. Those
  /// of this load that the log does not have, all after the T that it returns (`logged_t` as it was), are to
  /// be transacted again. What was spilled becomes blocks first, so memory stays within its bound.
  std::int64_t resume();

  /// What the next transaction will be worked out from. Who holds it, holds the memory and the runs that it
  /// shows; it is not affected by the end of the load.
  datolite::db db() const { return datolite::db{state_}; }
  /// How many bytes of memory it takes, by its own count; and how many runs were written so far.
  std::size_t bytes_held() const noexcept;
  std::size_t spills() const noexcept { return spills_; }

 private:
  using stack = datoms::packed::stack;

  bulk_report transact_with(const value& tx_data, const datoms::tempid_bindings* earlier);
  bulk_report transact_plainly(const value& tx_data, const datoms::tempid_bindings* earlier);
  bulk_report take(datoms::prepared made);
  void advance(const datoms::prepared& made);
  void begin();
  void check_usable() const;
  void show(std::shared_ptr<stack> index);
  void spill();
  void write_run();
  void unite_runs();
  bool fold_in_memory(const datoms::packed::fold_options& how, std::uint64_t token, std::uint64_t& done,
                      std::uint64_t& total);
  void fold();
  datoms::packed::fold_options how_to_fold(const std::uint64_t& done, const std::uint64_t& total);
  void tell(bulk_progress::phase at, std::uint64_t done, std::uint64_t total) const;
  template <class Step>
  void or_fail(Step&& step);

  connection conn_;
  bulk_options options_;
  bool packed_ = false, failed_ = false;
  std::optional<std::int64_t> interrupted_;             // what the log had of the load then
  std::shared_ptr<datoms::packed::block_cache> cache_;  // of the runs
  std::shared_ptr<std::atomic<bool>> closed_ = std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<const datoms::packed::stack_model> model_;
  std::shared_ptr<stack> index_;  // that state_ shows
  datoms::state_ptr state_;
  datoms::change_batch pending_;  // records that the log does not have yet
  std::int64_t first_pending_ = 0;
  std::size_t fresh_bytes_ = 0;  // of the index's novelty
  std::size_t spills_ = 0;
  std::uint64_t datoms_ = 0;
};

}  // namespace datolite

#ifndef DATOLITE_COMPILED
#include <datolite/datoms/detail/bulk_load.hpp>
#endif
