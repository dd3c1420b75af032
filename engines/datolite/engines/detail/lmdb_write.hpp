// One write transaction of LMDB: changes in ascending order, then commit, or nothing.
//
// Whoever writes holds the lock that all processes share, from the constructor to commit() or the destructor;
// the destructor without commit() forgets every change.
//
// The reserve. LMDB copies what it changes, so that deleting needs room as well, and a full file could not be
// emptied. So a transaction that puts anything is refused unless, with its changes made, the reserve could
// still be had; one that only erases may use it.
#pragma once

#include <lmdb.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <datolite/core/bytes.hpp>
#include <datolite/core/commit_checks.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/writer.hpp>
#include <datolite/engines/detail/file_size_signal.hpp>
#include <datolite/engines/detail/lmdb_env.hpp>

namespace datolite::engines::detail {

class lmdb_write {
 public:
  /// `many`: enough changes are to come that a cursor and the last key are worth getting.
  lmdb_write(lmdb_env& env, bool many)
      : env_{env}, many_{many}, quiet_{many || env.options().durability == durability_level::disk} {
    env.hold();
    try {
      begin();
    } catch (...) {
      env.let_go();
      throw;
    }
  }
  lmdb_write(const lmdb_write&) = delete;
  lmdb_write& operator=(const lmdb_write&) = delete;
  ~lmdb_write() {
    end_cursor();
    if (txn_) mdb_txn_abort(hand_over());
    env_.let_go();
  }

  MDB_txn* txn() const noexcept { return txn_; }
  synctag_t before() const noexcept { return synctag_t{mdb_txn_id(txn_) - 1}; }

  /// REQUIRES: the keys ascend strictly from call to call, and have sizes that LMDB takes.
  void make(const change& c) {
    if (many_ && !cursor_) find_last();
    if (cursor_ && !appending_ && c.key > bytes_view{last_}) appending_ = true;
    if (c.value) {
      put(c.key, *c.value);
    } else if (!appending_) {
      erase(c.key);
    }
  }

  /// Makes the changes the newest state, or throws and leaves what was; `unknown-outcome` says that it may be
  /// either.
  synctag_t commit() {
    end_cursor();
    if (!changed_) return before();
    if (puts_ > 0 && near_limit()) keep_reserve();
    const std::size_t made = mdb_txn_id(txn_);
    if (const int rc = mdb_txn_commit(hand_over())) explain(rc);
    return synctag_t{made};
  }

 private:
  static const void* this_thread() noexcept {
    static thread_local char mark;  // its address is nobody else's while the thread lives
    return &mark;
  }

  void begin() {
    if (env_.options().read_only) {
      throw error{error_category::unavailable, "db.error/read-only",
                  env_.file().path + ": cannot commit: it was opened read_only"};
    }
    if (env_.writer.load(std::memory_order_relaxed) == this_thread()) {
      throw error{
          error_category::incorrect, "db.error/nested-commit",
          env_.file().path + ": a commit inside bulk_load's next() would wait for itself: commit after it"};
    }
    env_.check(mdb_txn_begin(env_.env(), nullptr, 0, &txn_), "begin to write");
    env_.writer.store(this_thread(), std::memory_order_relaxed);
  }

  /// The transaction, to be ended: with it goes the lock, and the mark of who holds it must be gone before.
  MDB_txn* hand_over() noexcept {
    env_.writer.store(nullptr, std::memory_order_relaxed);
    return std::exchange(txn_, nullptr);
  }

  void end_cursor() noexcept {
    if (cursor_) mdb_cursor_close(std::exchange(cursor_, nullptr));
  }

  /// A cursor finds the neighbour of the last change without a search; keys above the last one are appended.
  void find_last() {
    env_.check(mdb_cursor_open(txn_, env_.dbi(), &cursor_), "write");
    MDB_val key, value;
    const int rc = mdb_cursor_get(cursor_, &key, &value, MDB_LAST);
    if (rc == MDB_NOTFOUND) return;  // and no key is below the empty one
    env_.check(rc, "write");
    last_ = view_of(key);
  }

  void put(bytes_view key, bytes_view value) {
    if (value.size() > std::size_t{0xFFFFFFFF}) {
      throw error{error_category::exhausted, "db.error/value-too-large",
                  "the value of " + show_bytes(key) + " has " + std::to_string(value.size()) +
                      " bytes; LMDB takes at most 4294967295: split it"};
    }
    MDB_val k = val_of(key), v = val_of(value);
    env_.check(cursor_ ? mdb_cursor_put(cursor_, &k, &v, appending_ ? MDB_APPEND : 0)
                       : mdb_put(txn_, env_.dbi(), &k, &v, 0),
               "write");
    ++puts_, put_bytes_ += value.size();
    changed_ = true;
  }

  void erase(bytes_view key) {
    MDB_val k = val_of(key);
    const int rc = mdb_del(txn_, env_.dbi(), &k, nullptr);
    if (rc == MDB_NOTFOUND) return;
    env_.check(rc, "erase");
    ++erased_;
    changed_ = true;
  }

  /// Might this transaction reach into the reserve? Counts for each change two new pages on each of eight
  /// levels.
  bool near_limit() const {
    MDB_envinfo info;
    mdb_env_info(env_.env(), &info);
    const lmdb_file& f = env_.file();
    const std::size_t used = (info.me_last_pgno + 1) * f.page_size;
    const std::size_t most = put_bytes_ + (puts_ + erased_ + 16) * 16 * f.page_size;
    return used > f.growth_limit || most > f.growth_limit - used;
  }

  /// Asks for the reserve in a nested transaction, which is then forgotten. Free pages may lie scattered, so
  /// if it cannot be had in one piece, it is asked for in smaller ones.
  void keep_reserve() {
    const lmdb_file& f = env_.file();
    const auto smaller = [&](std::size_t p) { return p > f.page_size ? std::max(f.page_size, p / 16) : 0; };
    int rc = MDB_MAP_FULL;
    for (std::size_t piece = f.reserve; rc == MDB_MAP_FULL && piece > 0; piece = smaller(piece)) {
      MDB_txn* nested = nullptr;
      env_.check(mdb_txn_begin(env_.env(), txn_, 0, &nested), "write");
      rc = MDB_SUCCESS;
      for (std::uint32_t i = 0; rc == MDB_SUCCESS && i * piece < f.reserve; ++i) {
        MDB_val key{sizeof i, &i}, value{piece - 16, nullptr};  // a page's header has 16 bytes
        rc = mdb_put(nested, env_.dbi(), &key, &value, MDB_RESERVE);
      }
      mdb_txn_abort(nested);
    }
    env_.check(rc, "commit");
  }

  /// Throws for a commit that failed with `rc`. LMDB's transaction is gone, so nothing was kept, unless
  /// writing the root failed, after which LMDB refuses to go on.
  [[noreturn]] void explain(int rc) {
    MDB_txn* probe = nullptr;
    const int now = mdb_txn_begin(env_.env(), nullptr, 0, &probe);
    if (now == MDB_SUCCESS) mdb_txn_abort(probe);
    if (now == MDB_PANIC) {
      throw error{error_category::unknown_outcome, "db.error/unknown-outcome",
                  env_.file().path +
                      ": writing the root of a commit failed, so that it may or may not have happened: "
                      "close every handle on the file, open it again and look (LMDB: " +
                      mdb_strerror(rc) + ")"};
    }
    env_.fail(rc == EIO && no_room() ? ENOSPC : rc, "commit");
  }

  /// LMDB says EIO where a write was cut short, which is what happens when the disk or the file gets full.
  bool no_room() const {
    mdb_filehandle_t fd{};
    struct stat file {};
    struct statvfs disk {};
    rlimit most{};
    if (mdb_env_get_fd(env_.env(), &fd) != MDB_SUCCESS || ::fstat(fd, &file) != 0) return false;
    const std::size_t wanted = put_bytes_ + (puts_ + erased_ + 16) * env_.file().page_size;
    if (::getrlimit(RLIMIT_FSIZE, &most) == 0 && most.rlim_cur != RLIM_INFINITY &&
        static_cast<std::size_t>(file.st_size) + wanted > most.rlim_cur) {
      return true;
    }
    return ::fstatvfs(fd, &disk) == 0 && std::size_t{disk.f_bavail} * disk.f_frsize < wanted;
  }

  lmdb_env& env_;
  const bool many_;
  const no_file_size_signal quiet_;
  MDB_txn* txn_ = nullptr;
  MDB_cursor* cursor_ = nullptr;
  bytes last_;
  bool appending_ = false, changed_ = false;
  std::size_t puts_ = 0, erased_ = 0, put_bytes_ = 0;
};

}  // namespace datolite::engines::detail
