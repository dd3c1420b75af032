// lmdb_iterator: an LMDB cursor within bounds.
#pragma once

#include <lmdb.h>

#include <utility>

#include <datolite/core/bounds.hpp>
#include <datolite/core/bytes.hpp>
#include <datolite/core/reader.hpp>
#include <datolite/engines/detail/lmdb_env.hpp>

namespace datolite::engines {

/// Obeys the laws of Iterator. key() and value() are views of the file. Keeps its snapshot alive.
class lmdb_iterator {
 public:
  lmdb_iterator(detail::lmdb_ref ref, const bounds& b) : lmdb_iterator{ref.env(), ref.txn(), b} {
    ref_ = std::move(ref);
  }
  /// REQUIRES: whoever calls keeps `txn` alive.
  lmdb_iterator(const detail::lmdb_env& env, MDB_txn* txn, const bounds& b) : env_{&env}, bounds_{b} {
    env.check_open();
    env.check(mdb_cursor_open(txn, env.dbi(), &cursor_), "open an iterator");
  }
  lmdb_iterator(lmdb_iterator&& other) noexcept
      : ref_{std::move(other.ref_)},
        env_{other.env_},
        cursor_{std::exchange(other.cursor_, nullptr)},
        bounds_{std::move(other.bounds_)},
        key_{other.key_},
        value_{other.value_},
        valid_{other.valid_} {}
  lmdb_iterator& operator=(lmdb_iterator&& other) noexcept {
    if (this == &other) return *this;
    if (cursor_) mdb_cursor_close(cursor_);
    cursor_ = std::exchange(other.cursor_, nullptr);
    ref_ = std::move(other.ref_);
    env_ = other.env_;
    bounds_ = std::move(other.bounds_);
    key_ = other.key_, value_ = other.value_, valid_ = other.valid_;
    return *this;
  }
  ~lmdb_iterator() {
    if (cursor_) mdb_cursor_close(cursor_);  // before its transaction can end
  }

  void seek(bytes_view key) {
    find(key > bytes_view{bounds_.lower} ? key : bytes_view{bounds_.lower});
    valid_ = valid_ && below_upper();
  }
  void seek_for_prev(bytes_view key) {
    if (bounds_.upper && key >= bytes_view{*bounds_.upper}) return seek_last();
    if (key.empty()) return leave();
    find(key);
    if (!valid_) {
      move(MDB_LAST);
    } else if (this->key() != key) {
      move(MDB_PREV);
    }
    valid_ = valid_ && above_lower();
  }
  void seek_first() { seek({}); }
  void seek_last() {
    if (!bounds_.upper) {
      move(MDB_LAST);
    } else if (bounds_.upper->empty()) {
      return leave();
    } else {
      find(*bounds_.upper);
      move(valid_ ? MDB_PREV : MDB_LAST);
    }
    valid_ = valid_ && above_lower();
  }
  void next() {
    move(MDB_NEXT);
    if (bounds_.upper) valid_ = valid_ && below_upper();
  }
  void prev() {
    move(MDB_PREV);
    if (!bounds_.lower.empty()) valid_ = valid_ && above_lower();
  }

  bool valid() const noexcept { return valid_; }
  bytes_view key() const noexcept { return detail::view_of(key_); }
  bytes_view value() const noexcept { return detail::view_of(value_); }

 private:
  bool below_upper() const { return !bounds_.upper || key() < bytes_view{*bounds_.upper}; }
  bool above_lower() const { return key() >= bytes_view{bounds_.lower}; }

  void find(bytes_view key) {
    if (key.empty()) return move(MDB_FIRST);
    key_ = detail::val_of(key);
    move(MDB_SET_RANGE);
  }
  void leave() {
    env_->check_open();
    valid_ = false;
  }
  void move(MDB_cursor_op op) {
    env_->check_open();
    const int rc = mdb_cursor_get(cursor_, &key_, &value_, op);
    valid_ = rc == MDB_SUCCESS;
    if (!valid_ && rc != MDB_NOTFOUND) [[unlikely]]
      env_->fail(rc, "read");
  }

  detail::lmdb_ref ref_;  // none in a write transaction
  const detail::lmdb_env* env_ = nullptr;
  MDB_cursor* cursor_ = nullptr;
  bounds bounds_;
  MDB_val key_{}, value_{};
  bool valid_ = false;
};

namespace detail {

/// What a transaction shows, its own changes included.
class lmdb_txn_reader {
 public:
  lmdb_txn_reader(const lmdb_env& env, MDB_txn* txn) : env_{&env}, txn_{txn} {}
  std::optional<pinned_view> get(bytes_view key) const {
    bytes_view found;
    if (!lmdb_get(*env_, txn_, key, found)) return std::nullopt;
    return pinned_view{found};
  }
  lmdb_iterator open_iterator(const bounds& b) const { return lmdb_iterator{*env_, txn_, b}; }

 private:
  const lmdb_env* env_;
  MDB_txn* txn_;
};

}  // namespace detail

}  // namespace datolite::engines
