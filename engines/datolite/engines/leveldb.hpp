// leveldb: a database in one directory, by the LevelDB library.
//
// Good at taking many writes; takes keys of up to 64 KiB and values of up to 1 GiB; compresses. One process
// opens it at a time, and only once: a second opener gets `busy`. Reads copy the value. What is on disk is
// checked when it is read (checksums of every block and of the log), and what does not match is `corrupt`,
// never left out; only a log cut short at its very end looks like a crash, and what stood there is gone.
//
// Every commit is one write batch and costs one log record; with `sync` also one fdatasync. LevelDB has no
// faster way to load a sorted run, so this is no BulkLoader. After a commit that failed for want of space or
// by the device, reading goes on, but every later commit is `unavailable` until the database is closed and
// opened again: LevelDB would write on behind a torn record, and lose it all at the next opening.
//
// Threads: the handle, snapshots and pinned values may be used by many; an iterator by one. A closed
// database's files stay open until its last iterator goes.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <datolite/core/bounds.hpp>
#include <datolite/core/bytes.hpp>
#include <datolite/core/commit_checks.hpp>
#include <datolite/core/reader.hpp>
#include <datolite/core/storage.hpp>
#include <datolite/core/writer.hpp>
#include <datolite/engines/detail/leveldb_iterator.hpp>
#include <datolite/engines/detail/leveldb_open.hpp>
#include <datolite/engines/detail/leveldb_store.hpp>

namespace datolite::engines {

/// A state of a LevelDB database. Copies share it. While one lives, the versions that it sees are not
/// compacted away.
class leveldb_snapshot {
 public:
  leveldb_snapshot(const leveldb_snapshot& other) noexcept : store_{other.store_}, at_{other.at_} {
    if (at_ != nullptr) at_->holders.fetch_add(1, std::memory_order_relaxed);
  }
  leveldb_snapshot(leveldb_snapshot&& other) noexcept
      : store_{std::move(other.store_)}, at_{std::exchange(other.at_, nullptr)} {}
  leveldb_snapshot& operator=(leveldb_snapshot other) noexcept {
    std::swap(store_, other.store_);
    std::swap(at_, other.at_);
    return *this;
  }
  ~leveldb_snapshot() {
    if (at_ != nullptr) store_->drop(at_);
  }

  std::optional<pinned_bytes> get(bytes_view key) const& {
    const detail::leveldb_use use{*store_};
    return store_->get(at_, key);
  }
  leveldb_iterator open_iterator(const bounds& b) const& { return {store_, at_, b}; }
  std::optional<pinned_bytes> get(bytes_view) const&& = delete;  // what it returns would outlive its reader
  leveldb_iterator open_iterator(const bounds&) const&& = delete;

  synctag_t synctag() const noexcept { return at_->tag; }

 private:
  friend class leveldb;
  explicit leveldb_snapshot(const std::shared_ptr<detail::leveldb_store>& store)
      : store_{store}, at_{store->hold_newest()} {}

  std::shared_ptr<detail::leveldb_store> store_;
  detail::leveldb_state* at_;
};

/// A handle on one open database. Movable.
class leveldb {
 public:
  static constexpr std::string_view name = "leveldb";
  static constexpr bool zero_copy = false;
  static constexpr bool multi_process = false;

  /// Opens the database in the directory `path`, made if it is missing and the options allow (its parent must
  /// be there). Throws `not_found`, `busy`, `corrupt`, `exhausted`, `incorrect` if `path` is no directory, or
  /// `unavailable`.
  explicit leveldb(std::string_view path, const leveldb_options& options = {})
      : store_{detail::open_leveldb(path, options)} {}

  std::optional<pinned_bytes> get(bytes_view key) const& {
    const detail::leveldb_use use{*store_};
    const leveldb_snapshot now{store_};
    return store_->get(now.at_, key);
  }
  leveldb_iterator open_iterator(const bounds& b) const& {
    const detail::leveldb_use use{*store_};
    const leveldb_snapshot now{store_};
    return now.open_iterator(b);  // LevelDB's own iterator goes on seeing this state without the snapshot
  }
  std::optional<pinned_bytes> get(bytes_view) const&& = delete;  // what it returns would outlive its reader
  leveldb_iterator open_iterator(const bounds&) const&& = delete;

  leveldb_snapshot snapshot() const {
    const detail::leveldb_use use{*store_};
    return leveldb_snapshot{store_};
  }
  synctag_t synctag() const noexcept { return store_->tag(); }

  synctag_t commit(std::span<const change> changes, const demands& d = {}) {
    const detail::leveldb_use use{*store_};
    check_changes(changes, min_key_size(), max_key_size());
    return store_->commit(changes, [&] {
      if (d.unmoved_since || !d.conditions.empty()) check_demands(*this, synctag(), d);
    });
  }

  /// Ends the database: its files and lock are free once the last iterator is gone, snapshots or not.
  void close() noexcept { store_->close(); }

  durability_level durability() const noexcept {
    return store_->syncs() ? durability_level::disk : durability_level::process;
  }
  std::size_t min_key_size() const noexcept { return 0; }
  std::size_t max_key_size() const noexcept { return detail::leveldb_store::max_key_size; }
  std::size_t preferred_value_size() const noexcept { return store_->block_size(); }

 private:
  std::shared_ptr<detail::leveldb_store> store_;
};

static_assert(Storage<leveldb>);

}  // namespace datolite::engines
