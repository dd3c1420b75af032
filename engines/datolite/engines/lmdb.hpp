// lmdb: a storage in one file, by LMDB: a copy-on-write tree that reads are views of.
//
// Intuition. A snapshot costs a few dozen nanoseconds and reads nothing; get and iterators show bytes of the
// mapped file, without a copy. One commit happens at a time, over all threads and processes; readers never
// wait for it. There is no log and no recovery: a file is always a committed state.
//
//   auto store = datolite::engines::lmdb{"films.db"};       // and films.db-lock beside it
//
// What a snapshot shows is kept in the file while it lives, so that a very old one makes the file grow: let
// go of it. Keys have 1 to 511 bytes, values up to 4 GiB. Only the unnamed database of the file is used.
//
// Processes: several may open one file, through the same path (symbolic links are resolved; hard links are
// another path). A second opening within one process is `busy`. After fork() the child's use of it is
// `unavailable`, and its handles may be dropped without harm.
//
// Limits: a file that has its greatest size (lmdb_options::max_map_size) refuses puts as `exhausted`, with
// nothing of them kept; a commit that only erases has a reserve. 4,096 snapshots, iterators and pinned values
// of the storage may be alive at once in all processes, more are `exhausted`; iterators and values of one
// snapshot share its slot.
//
// Threads: a storage and its snapshots may be used by many threads at once.
#pragma once

#include <lmdb.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <datolite/core/bounds.hpp>
#include <datolite/core/bytes.hpp>
#include <datolite/core/commit_checks.hpp>
#include <datolite/core/reader.hpp>
#include <datolite/core/storage.hpp>
#include <datolite/core/writer.hpp>
#include <datolite/engines/detail/lmdb_env.hpp>
#include <datolite/engines/detail/lmdb_iterator.hpp>
#include <datolite/engines/detail/lmdb_write.hpp>
#include <datolite/engines/lmdb_options.hpp>

namespace datolite::engines {

/// A state of an lmdb. Copies share it. Reading it copies nothing.
class lmdb_snapshot {
 public:
  /// O(log n). Views the file; valid while this snapshot, or a copy of it, lives.
  std::optional<pinned_view> get(bytes_view key) const& {
    bytes_view found;
    if (!detail::lmdb_get(ref_.env(), ref_.txn(), key, found)) return std::nullopt;
    return pinned_view{found};
  }
  /// O(1), one allocation. Keeps the snapshot alive.
  lmdb_iterator open_iterator(const bounds& b) const& { return lmdb_iterator{ref_, b}; }
  std::optional<pinned_view> get(bytes_view) const&& = delete;  // its view would outlive the snapshot
  lmdb_iterator open_iterator(const bounds&) const&& = delete;

  synctag_t synctag() const noexcept { return ref_.synctag(); }

 private:
  friend class lmdb;
  explicit lmdb_snapshot(detail::lmdb_env& env) : ref_{env} {}
  detail::lmdb_ref ref_;
};

/// What `get` of an lmdb found. Keeps a snapshot alive, and so a reader slot.
class lmdb_pinned {
 public:
  bytes_view view() const noexcept { return shown_; }

 private:
  friend class lmdb;
  lmdb_pinned(detail::lmdb_ref ref, bytes_view shown) noexcept : ref_{std::move(ref)}, shown_{shown} {}
  detail::lmdb_ref ref_;
  bytes_view shown_;
};

/// What an LMDB file is like now.
struct lmdb_info {
  std::string path;                ///< absolute
  std::size_t page_size;           ///< bytes
  std::size_t used_bytes;          ///< of the file, pages that are free again included
  std::size_t max_bytes;           ///< how far puts may take it
  std::uint64_t entries;           ///< keys
  std::size_t reader_slots;        ///< for all processes
  std::size_t reader_slots_taken;  ///< by snapshots, or kept ready for them, in all processes
  std::uint64_t oldest_snapshot;  ///< of all processes: how many commits there were since; 0 if there is none
};

/// A handle on an open file. Movable; after it was moved from, only destroying and assigning it make sense.
class lmdb {
 public:
  static constexpr std::string_view name = "lmdb";
  static constexpr bool zero_copy = true;
  static constexpr bool multi_process = true;

  /// Opens the file at `path`, and makes it if the options say so. Throws not-found, unavailable (not
  /// permitted), busy (open in this process), corrupt (no LMDB file), unsupported (of a newer format),
  /// exhausted.
  explicit lmdb(std::string_view path, const lmdb_options& options = {})
      : env_{new detail::lmdb_env{path, options}} {}

  /// The newest state. Some dozen nanoseconds; no allocation, except for the first ones.
  lmdb_snapshot snapshot() const { return lmdb_snapshot{*env_}; }
  synctag_t synctag() const { return detail::lmdb_ref{*env_}.synctag(); }

  std::optional<lmdb_pinned> get(bytes_view key) const& {
    detail::lmdb_ref ref{*env_};
    bytes_view found;
    if (!detail::lmdb_get(*env_, ref.txn(), key, found)) return std::nullopt;
    return lmdb_pinned{std::move(ref), found};
  }
  lmdb_iterator open_iterator(const bounds& b) const& { return lmdb_iterator{detail::lmdb_ref{*env_}, b}; }

  /// Waits for other commits, of all processes, then makes these changes or none.
  synctag_t commit(std::span<const change> changes, const demands& wanted = {}) {
    check_changes(changes, min_key_size(), max_key_size());
    detail::lmdb_write write{*env_, changes.size() >= 8};
    check_demands(detail::lmdb_txn_reader{*env_, write.txn()}, write.before(), wanted);
    for (const change& c : changes) write.make(c);
    return write.commit();
  }

  /// Makes a strictly ascending run of changes, or none of them. Keys above the last one that is stored fill
  /// pages whole, without a search. No other commit happens meanwhile; `next` may read from this storage.
  template <class Next>
  requires std::convertible_to<std::invoke_result_t<Next&>, std::optional<change>> synctag_t
  bulk_load(Next&& next) {
    detail::lmdb_write write{*env_, true};
    bytes before;
    bool first = true;
    while (std::optional<change> c = next()) {
      check_key_size(c->key, min_key_size(), max_key_size());
      if (!first) {
        const change pair[] = {{before, std::nullopt}, *c};
        check_changes(pair, min_key_size(), max_key_size());
      }
      first = false;
      write.make(*c);
      before.assign(c->key);
    }
    return write.commit();
  }

  /// Later use of this handle and of what it gave out is `unavailable`. The file is closed now, or, while
  /// snapshots, iterators or pinned values of it live, or a commit is under way, with the last of them.
  void close() noexcept { env_->close(); }

  durability_level durability() const { return env_->options().durability; }
  std::size_t min_key_size() const { return 1; }
  std::size_t max_key_size() const { return env_->file().max_key_size; }
  /// What fits a page of its own, behind its header.
  std::size_t preferred_value_size() const { return env_->file().page_size - 16; }

  lmdb_info info() const;

 private:
  struct let_go {
    void operator()(detail::lmdb_env* env) const noexcept { env->let_go(); }
  };
  std::unique_ptr<detail::lmdb_env, let_go> env_;
};

inline lmdb_info lmdb::info() const {
  env_->hold();  // so that the file stays open meanwhile; a slot may not be left
  const std::unique_ptr<detail::lmdb_env, let_go> held{env_.get()};
  const detail::lmdb_file& f = env_->file();
  MDB_envinfo info;
  MDB_stat stat;
  mdb_env_info(env_->env(), &info);
  mdb_env_stat(env_->env(), &stat);
  struct seen {
    std::size_t lines = 0;  // a header, then one for each slot taken: pid, thread, transaction or -
    std::uint64_t oldest = ~std::uint64_t{0};
  } readers;
  mdb_reader_list(
      env_->env(),
      [](const char* line, void* to) {
        auto& all = *static_cast<seen*>(to);
        const std::string_view text{line};
        const char* const last = line + text.find_last_of(' ') + 1;
        std::uint64_t transaction = 0;
        if (all.lines++ > 0 && std::from_chars(last, line + text.size(), transaction).ec == std::errc{})
          all.oldest = std::min(all.oldest, transaction);
        return 0;
      },
      &readers);
  return {f.path,
          f.page_size,
          (info.me_last_pgno + 1) * f.page_size,
          f.growth_limit,
          stat.ms_entries,
          info.me_maxreaders,
          readers.lines > 0 ? readers.lines - 1 : 0,
          info.me_last_txnid - std::min<std::uint64_t>(info.me_last_txnid, readers.oldest)};
}

}  // namespace datolite::engines
