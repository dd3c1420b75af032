// One open LevelDB database, shared by its handle, snapshots and iterators.
//
// Who may still touch the database is counted in `users_`: one for being open, one for every running
// operation, one for every iterator. Closing takes back the first; whoever takes back the last hands LevelDB
// its snapshots and ends it. So close() is safe while others read, and snapshots held after it keep nothing
// open.
//
// A state is published as one LevelDB snapshot with its synctag, taken once a commit: LevelDB alone could not
// tell which tag belongs to what a reader sees. Readers share it by a counter.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/filter_policy.h>
#include <leveldb/write_batch.h>

#include <datolite/core/bytes.hpp>
#include <datolite/core/commit_checks.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/reader.hpp>
#include <datolite/core/storage.hpp>
#include <datolite/core/writer.hpp>
#include <datolite/engines/detail/directory_lock.hpp>
#include <datolite/engines/detail/leveldb_files.hpp>
#include <datolite/engines/detail/leveldb_status.hpp>
#include <datolite/engines/detail/process_mark.hpp>

namespace datolite::engines::detail {

inline ::leveldb::Slice slice(bytes_view shown) noexcept {
  return {shown.data(), shown.size()};
}
inline bytes_view shown(const ::leveldb::Slice& slice) noexcept {
  return {slice.data(), slice.size()};
}

/// A published state. `holders` counts readers, and the store while it is the newest.
struct leveldb_state {
  const ::leveldb::Snapshot* snapshot = nullptr;
  synctag_t tag{};
  std::atomic<std::size_t> holders{0};
};

/// What a LevelDB database needs beside itself; it must go last.
struct leveldb_parts {
  std::unique_ptr<::leveldb::Cache> cache;
  std::unique_ptr<const ::leveldb::FilterPolicy> filter;
  std::unique_ptr<::leveldb::DB> db;
};

class leveldb_store {
 public:
  static constexpr std::size_t max_key_size = std::size_t{1} << 16;
  static constexpr std::size_t max_value_size = std::size_t{1} << 30;

  leveldb_store(std::string path, directory_lock lock, leveldb_parts parts, bool sync, std::size_t block_size)
      : path_{std::move(path)}, lock_{std::move(lock)}, parts_{std::move(parts)}, block_size_{block_size} {
    write_.sync = sync;
    publish(claim());
  }
  leveldb_store(const leveldb_store&) = delete;
  leveldb_store& operator=(const leveldb_store&) = delete;
  ~leveldb_store() {
    if (!process_.here()) {
      // Not ours to end: its threads are in another process. All is left as it is.
      lock_.abandon();
      (void)parts_.db.release(), (void)parts_.filter.release(), (void)parts_.cache.release();
    } else {
      close();
    }
  }

  void close() noexcept {
    if (process_.here() && !closed_.exchange(true)) leave();
  }

  /// Throws unless the database may be used now.
  void check_usable() const {
    if (closed_.load(std::memory_order_seq_cst) || !process_.here()) [[unlikely]]
      throw_unusable();
  }
  void enter() const {
    users_.fetch_add(1);
    try {
      check_usable();
    } catch (...) {
      leave();
      throw;
    }
  }
  void leave() const noexcept {
    if (users_.fetch_sub(1) == 1 && closed_.load() && process_.here()) end();
  }

  leveldb_state* hold_newest() const {
    const std::lock_guard hold{states_mutex_};
    newest_->holders.fetch_add(1, std::memory_order_relaxed);
    return newest_;
  }
  void drop(leveldb_state* state) const noexcept {
    if (state->holders.fetch_sub(1, std::memory_order_acq_rel) != 1 || !process_.here()) return;
    const std::lock_guard hold{states_mutex_};
    retire(state);
  }
  synctag_t tag() const noexcept { return static_cast<synctag_t>(tag_.load(std::memory_order_acquire)); }

  /// REQUIRES of these two: between enter() and leave(), and `at` is held.
  std::optional<pinned_bytes> get(const leveldb_state* at, bytes_view key) const {
    std::string found;
    const ::leveldb::Status status = parts_.db->Get(reading(at), slice(key), &found);
    if (status.ok()) return pinned_bytes{std::move(found)};
    if (says_absent(status)) return std::nullopt;
    throw_leveldb(status, "cannot read the key " + show_bytes(key) + " of " + path_);
  }
  std::unique_ptr<::leveldb::Iterator> open_iterator(const leveldb_state* at) const {
    return std::unique_ptr<::leveldb::Iterator>{parts_.db->NewIterator(reading(at))};
  }

  /// REQUIRES: between enter() and leave(). `check` is called under the writer's lock, before anything is
  /// written.
  template <class Check>
  synctag_t commit(std::span<const change> changes, Check&& check) {
    const std::lock_guard writing{writer_};
    if (broken_) {
      throw error{error_category::unavailable, "db.error/storage-failed",
                  "nothing more can be written to " + path_ + " since a commit failed (" + *broken_ +
                      "): close the database, see to the cause and open it again"};
    }
    check();
    if (changes.empty()) return tag();
    fill(changes);
    leveldb_state* next = claim();
    const ::leveldb::Status status = parts_.db->Write(write_, &batch_);
    if (!status.ok()) fail(status, changes, next);
    if (batch_.ApproximateSize() > kept_batch) batch_ = {};
    return publish(next);
  }

  const std::string& path() const noexcept { return path_; }
  bool forked() const noexcept { return !process_.here(); }
  bool syncs() const noexcept { return write_.sync; }
  std::size_t block_size() const noexcept { return block_size_; }

 private:
  static constexpr std::size_t kept_batch = std::size_t{1} << 20;  // bytes of an emptied batch worth keeping

  static ::leveldb::ReadOptions reading(const leveldb_state* at) noexcept {
    ::leveldb::ReadOptions options;
    options.verify_checksums = true;
    options.snapshot = at->snapshot;
    return options;
  }

  [[noreturn]] void throw_unusable() const {
    if (process_.here()) {
      throw error{error_category::unavailable, "db.error/closed",
                  "the database " + path_ + " is closed: open it again"};
    }
    throw error{error_category::unavailable, "db.error/forked",
                "the database " + path_ +
                    " was opened before fork() and belongs to the parent process: open another"};
  }

  void fill(std::span<const change> changes) {
    batch_.Clear();
    for (const change& c : changes) {
      if (!c.value) {
        batch_.Delete(slice(c.key));
      } else if (c.value->size() <= max_value_size) {
        batch_.Put(slice(c.key), slice(*c.value));
      } else {
        throw error{error_category::exhausted, "db.error/value-too-large",
                    "the value of the key " + show_bytes(c.key) + " has " + std::to_string(c.value->size()) +
                        " bytes; this storage takes at most " + std::to_string(max_value_size) +
                        ": cut it up"};
      }
    }
  }

  /// A state nobody holds, to be published. Taken before a write, so that publishing allocates nothing of
  /// ours.
  leveldb_state* claim() {
    const std::lock_guard hold{states_mutex_};
    if (unused_.empty()) {
      unused_.reserve(states_.size() + 1);
      unused_.push_back(&states_.emplace_back());
    }
    leveldb_state* state = unused_.back();
    unused_.pop_back();
    return state;
  }
  synctag_t publish(leveldb_state* next) {
    const std::lock_guard hold{states_mutex_};
    next->snapshot = parts_.db->GetSnapshot();
    next->tag = static_cast<synctag_t>(tag_.load(std::memory_order_relaxed) + 1);
    next->holders.store(1, std::memory_order_relaxed);
    leveldb_state* before = std::exchange(newest_, next);
    tag_.store(static_cast<std::uint64_t>(next->tag), std::memory_order_release);
    if (before != nullptr && before->holders.fetch_sub(1, std::memory_order_acq_rel) == 1) retire(before);
    return next->tag;
  }
  /// REQUIRES: states_mutex_ is held and nobody holds `state`.
  void retire(leveldb_state* state) const noexcept {
    if (state->snapshot != nullptr) parts_.db->ReleaseSnapshot(std::exchange(state->snapshot, nullptr));
    unused_.push_back(state);
  }

  /// LevelDB goes on appending behind a record that it could not finish, and its recovery then refuses the
  /// whole log: so nothing is written after the first failure. Whether this commit happened is read from the
  /// log.
  [[noreturn]] void fail(const ::leveldb::Status& status, std::span<const change> changes,
                         leveldb_state* next) {
    {
      const std::lock_guard hold{states_mutex_};
      retire(next);
    }
    broken_ = status.ToString();
    verdict found = verdict_on(status);
    if (found.category != error_category::corrupt && landed(changes)) {
      found = {error_category::unknown_outcome, "db.error/unknown-outcome",
               "the changes are in the log, but may not be on the disk: open it again and look"};
    }
    throw_verdict(found, "cannot commit to " + path_, status.ToString());
  }

  /// Does the newest log end with these changes, whole? Then recovery would find them.
  bool landed(std::span<const change> changes) const {
    std::uint64_t newest = 0;
    for (const std::string& name : names_in(path_))
      newest = std::max(newest, numbered(name, ".log").value_or(0));
    if (newest == 0) return false;
    leveldb_log log{log_name(path_ + "/", newest)};
    bool same = false;
    while (const auto record = log.next()) same = holds(*record, changes);
    return same && !log.torn();
  }

  /// Is `record` a write batch of exactly these changes? (Sequence number and count, then a type and texts a
  /// change.)
  static bool holds(bytes_view record, std::span<const change> changes) {
    if (record.size() < 12) return false;
    record.remove_prefix(12);
    const auto take = [&record](bytes_view expected) {
      const bool there = record.starts_with(expected);
      if (there) record.remove_prefix(expected.size());
      return there;
    };
    const auto take_text = [&](bytes_view text) {
      bytes size;
      for (std::size_t n = text.size();; n >>= 7) {
        size += static_cast<char>(n < 0x80 ? n : (n & 0x7F) | 0x80);
        if (n < 0x80) return take(size) && take(text);
      }
    };
    for (const change& c : changes) {
      if (!take(c.value ? bytes_view{"\1", 1} : bytes_view{"\0", 1}) || !take_text(c.key)) return false;
      if (c.value && !take_text(*c.value)) return false;
    }
    return record.empty();
  }

  void end() const noexcept {
    if (ended_.exchange(true)) return;
    {
      const std::lock_guard hold{states_mutex_};
      for (leveldb_state& state : states_) {
        if (state.snapshot != nullptr) parts_.db->ReleaseSnapshot(std::exchange(state.snapshot, nullptr));
      }
    }
    parts_.db.reset();
    parts_.filter.reset();
    parts_.cache.reset();
    lock_.unlock();
  }

  std::string path_;
  process_mark process_;
  mutable directory_lock lock_;
  mutable leveldb_parts parts_;
  std::size_t block_size_;
  ::leveldb::WriteOptions write_;

  mutable std::atomic<std::size_t> users_{1};
  mutable std::atomic<bool> closed_{false}, ended_{false};

  mutable std::mutex states_mutex_;
  mutable std::deque<leveldb_state> states_;    // every state ever needed at once
  mutable std::vector<leveldb_state*> unused_;  // room for all of them
  leveldb_state* newest_ = nullptr;
  std::atomic<std::uint64_t> tag_{0};

  std::mutex writer_;
  ::leveldb::WriteBatch batch_;
  std::optional<std::string> broken_;  // why nothing more may be written
};

/// Keeps a database and its store while it lives: what an iterator holds. Movable.
class leveldb_hold {
 public:
  explicit leveldb_hold(std::shared_ptr<const leveldb_store> store) : store_{std::move(store)} {
    store_->enter();
  }
  leveldb_hold(leveldb_hold&&) noexcept = default;
  leveldb_hold& operator=(leveldb_hold&& other) noexcept {
    std::swap(store_, other.store_);
    return *this;
  }
  ~leveldb_hold() {
    if (store_ != nullptr) store_->leave();
  }
  const leveldb_store* operator->() const noexcept { return store_.get(); }

 private:
  std::shared_ptr<const leveldb_store> store_;
};

/// Keeps a database usable for one operation.
class leveldb_use {
 public:
  explicit leveldb_use(const leveldb_store& store) : store_{store} { store_.enter(); }
  leveldb_use(const leveldb_use&) = delete;
  leveldb_use& operator=(const leveldb_use&) = delete;
  ~leveldb_use() { store_.leave(); }

 private:
  const leveldb_store& store_;
};

}  // namespace datolite::engines::detail
