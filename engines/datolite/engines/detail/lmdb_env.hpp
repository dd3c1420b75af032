// One open LMDB file and everyone who uses it.
//
// Invariants:
//   1. the file is mapped as long as anyone uses it: a snapshot, an iterator, a pinned value, a commit that
//      is under way, or the handle, until it is closed. The last one to go closes it
//   2. after close(), or in a child of the process that opened it, check_open() throws; who holds a snapshot
//      may still look at bytes of the map that were handed out before
//   3. in a child of that process nothing of LMDB is touched, for it is the parent's: it is left open for
//      good
//
// Threads: all members may be called by many threads at once.
#pragma once

#include <lmdb.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <datolite/core/error.hpp>
#include <datolite/core/writer.hpp>
#include <datolite/engines/detail/lmdb_errors.hpp>
#include <datolite/engines/detail/lmdb_open.hpp>
#include <datolite/engines/detail/lmdb_readers.hpp>
#include <datolite/engines/detail/process_mark.hpp>
#include <datolite/engines/lmdb_options.hpp>

namespace datolite::engines::detail {

class lmdb_env {
 public:
  lmdb_env(std::string_view path, const lmdb_options& o)
      : file_{open_lmdb(path, o)}, options_{o}, readers_{env()} {}
  lmdb_env(const lmdb_env&) = delete;
  lmdb_env& operator=(const lmdb_env&) = delete;
  ~lmdb_env() { shut(); }

  MDB_env* env() const noexcept { return file_.env.get(); }
  MDB_dbi dbi() const noexcept { return file_.dbi; }
  const lmdb_file& file() const noexcept { return file_; }
  const lmdb_options& options() const noexcept { return options_; }

  /// Throws `unavailable` after close() and in a child process. Costs two loads.
  void check_open() const {
    if (closed_.load(std::memory_order_relaxed) || !mark_.here()) [[unlikely]]
      refuse();
  }

  [[noreturn]] void fail(int rc, std::string_view doing) const { throw_lmdb(rc, file_.path, doing); }
  void check(int rc, std::string_view doing) const {
    if (rc != MDB_SUCCESS) [[unlikely]]
      fail(rc, doing);
  }

  /// A read transaction on the newest state, held until release().
  lmdb_place& snapshot() {
    hold();
    int rc = MDB_SUCCESS;
    lmdb_place* place = nullptr;
    try {
      place = readers_.take(rc);
    } catch (...) {
      let_go();
      throw;
    }
    if (!place) [[unlikely]] {
      let_go();
      fail(rc, "take a snapshot");
    }
    return *place;
  }

  void release(lmdb_place& place) noexcept {
    if (mark_.here()) readers_.give(place);
    let_go();
  }

  /// Keeps the file open. Throws `unavailable` where check_open() does.
  void hold() {
    const std::uint64_t before = users_.fetch_add(one, std::memory_order_relaxed);
    if ((before & closing) || !mark_.here()) [[unlikely]] {
      let_go();
      refuse();
    }
  }

  /// REQUIRES: hold() was called. Deletes this when nobody is left.
  void let_go() noexcept {
    const std::uint64_t left = users_.fetch_sub(one, std::memory_order_acq_rel) - one;
    if (left == (one | closing)) shut();  // only the handle, which has done with it
    if (left < one) delete this;
  }

  /// By the handle, which counts as a user itself and lets go of it later.
  void close() noexcept {
    closed_.store(true, std::memory_order_relaxed);
    if (users_.fetch_or(closing, std::memory_order_acq_rel) == one) shut();
  }

  std::atomic<const void*> writer{nullptr};  ///< names the thread that is writing; for lmdb_write

 private:
  static constexpr std::uint64_t closing = 1, one = 2;  // users_: a flag, then the number of users

  [[noreturn]] void refuse() const {
    if (!mark_.here()) {
      throw error{error_category::unavailable, "db.error/forked",
                  file_.path +
                      ": it was opened before this process was forked, and LMDB's locks stay with the "
                      "parent: open it again in the child"};
    }
    throw error{error_category::unavailable, "db.error/closed",
                file_.path + ": it was closed: open it again, and take new snapshots"};
  }

  void shut() noexcept {
    if (shut_.exchange(true)) return;
    if (!mark_.here()) {
      (void)file_.env.release();
      return;
    }
    readers_.clear();
    open_files& files = open_files::of_process();
    const auto locked = files.lock();  // so that whoever opens it next finds the locks gone
    file_.env.reset();
    files.erase(file_.device, file_.inode);
  }

  lmdb_file file_;
  lmdb_options options_;
  process_mark mark_;
  std::atomic<bool> closed_{false};
  std::atomic<bool> shut_{false};
  lmdb_readers readers_;
  alignas(64) std::atomic<std::uint64_t> users_{one};  // apart from what every read looks at
};

/// A shared hold on a read transaction. Copying it costs one atomic addition.
class lmdb_ref {
 public:
  lmdb_ref() = default;
  explicit lmdb_ref(lmdb_env& env) : env_{&env}, place_{&env.snapshot()} {}
  lmdb_ref(const lmdb_ref& other) noexcept : env_{other.env_}, place_{other.place_} {
    if (place_) place_->sharers.fetch_add(1, std::memory_order_relaxed);
  }
  lmdb_ref(lmdb_ref&& other) noexcept : env_{other.env_}, place_{std::exchange(other.place_, nullptr)} {}
  lmdb_ref& operator=(lmdb_ref other) noexcept {
    std::swap(env_, other.env_);
    std::swap(place_, other.place_);
    return *this;
  }
  ~lmdb_ref() {
    if (!place_) return;
    // The only sharer needs no exchange: nobody else can copy it.
    if (place_->sharers.load(std::memory_order_acquire) == 1 ||
        place_->sharers.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      env_->release(*place_);
    }
  }

  lmdb_env& env() const noexcept { return *env_; }
  MDB_txn* txn() const noexcept { return place_->txn; }
  synctag_t synctag() const noexcept { return synctag_t{mdb_txn_id(place_->txn)}; }

 private:
  lmdb_env* env_ = nullptr;
  lmdb_place* place_ = nullptr;
};

inline bytes_view view_of(const MDB_val& v) noexcept {
  return {static_cast<const char*>(v.mv_data), v.mv_size};
}
inline MDB_val val_of(bytes_view v) noexcept { return {v.size(), const_cast<char*>(v.data())}; }

/// The value of `key` in a transaction, if it has one.
inline bool lmdb_get(const lmdb_env& env, MDB_txn* txn, bytes_view key, bytes_view& found) {
  env.check_open();
  if (key.empty()) return false;  // which LMDB holds to be an error
  MDB_val k = val_of(key), v;
  const int rc = mdb_get(txn, env.dbi(), &k, &v);
  if (rc == MDB_NOTFOUND) return false;
  env.check(rc, "read");
  found = view_of(v);
  return true;
}

}  // namespace datolite::engines::detail
