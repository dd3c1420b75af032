// An ordered position in a LevelDB database.
//
// LevelDB's iterators skip a block that they cannot read, stay valid behind it and keep the failure in their
// status. So an iterator that is to end for no other cause than the end has to ask for the status after every
// move; but asking costs as much as half a step. The one move that needs no asking is the usual one: to the
// next pair of the same block, which is checked whole when it is read.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <leveldb/iterator.h>

#include <datolite/core/bounds.hpp>
#include <datolite/core/bytes.hpp>
#include <datolite/core/error.hpp>
#include <datolite/engines/detail/leveldb_status.hpp>
#include <datolite/engines/detail/leveldb_store.hpp>

namespace datolite::engines {

/// An iterator over one state of a LevelDB database. Movable. Keeps the database's files open.
class leveldb_iterator {
 public:
  leveldb_iterator(std::shared_ptr<detail::leveldb_store> store, const detail::leveldb_state* at,
                   const bounds& b)
      : use_{std::move(store)}, within_{b}, it_{use_->open_iterator(at)} {}
  leveldb_iterator(leveldb_iterator&&) = default;
  leveldb_iterator& operator=(leveldb_iterator&& other) noexcept {
    abandon_if_forked();
    it_ = std::move(other.it_);  // before the use that it needs
    use_ = std::move(other.use_);
    within_ = std::move(other.within_);
    key_ = other.key_, value_ = other.value_, place_ = other.place_;
    return *this;
  }
  ~leveldb_iterator() { abandon_if_forked(); }

  void seek(bytes_view key) {
    start();
    if (key < bytes_view{within_.lower}) key = within_.lower;
    if (within_.upper && !(key < bytes_view{*within_.upper})) return stand_at_end();
    it_->Seek(detail::slice(key));
    arrive();
  }
  void seek_for_prev(bytes_view key) {
    if (within_.upper && !(key < bytes_view{*within_.upper})) return seek_last();
    start();
    it_->Seek(detail::slice(key));
    if (!it_->Valid() || detail::shown(it_->key()) != key) step_back();
    arrive();
  }
  void seek_first() {
    start();
    if (within_.lower.empty()) {
      it_->SeekToFirst();
    } else {
      it_->Seek(within_.lower);
    }
    arrive();
  }
  void seek_last() {
    start();
    if (within_.upper) {
      it_->Seek(*within_.upper);
      step_back();
    } else {
      it_->SeekToLast();
    }
    arrive();
  }
  void next() {
    start();
    const char* const end = value_.data() + value_.size();
    it_->Next();
    if (!it_->Valid()) return check(), stand_at_end();
    show();
    if (!follows_in_block(end, key_, value_)) check();
    place_ = within(key_) ? place::pair : place::end;
  }
  void prev() {
    start();
    it_->Prev();
    arrive();
  }

  bool valid() const {
    if (place_ == place::lost) [[unlikely]]
      throw_lost();
    return place_ == place::pair;
  }
  bytes_view key() const noexcept { return key_; }
  bytes_view value() const noexcept { return value_; }

 private:
  enum class place : unsigned char { end, pair, lost };

  void start() {
    use_->check_usable();
    place_ = place::lost;
  }
  void stand_at_end() noexcept { place_ = place::end; }

  /// From where a seek led to the pair before it, or to the last one.
  void step_back() {
    if (it_->Valid()) {
      it_->Prev();
    } else {
      check();
      it_->SeekToLast();
    }
  }
  void arrive() {
    check();
    if (!it_->Valid()) return stand_at_end();
    show();
    place_ = within(key_) ? place::pair : place::end;
  }
  void show() {
    key_ = detail::shown(it_->key());
    value_ = detail::shown(it_->value());
  }
  bool within(bytes_view key) const noexcept {
    return (within_.lower.empty() || key >= bytes_view{within_.lower}) &&
           (!within_.upper || key < bytes_view{*within_.upper});
  }
  void check() const {
    const ::leveldb::Status status = it_->status();
    if (!status.ok()) detail::throw_leveldb(status, "cannot read on in " + use_->path());
  }
  [[noreturn]] void throw_lost() const {
    throw error{error_category::unavailable, "db.error/iterator-lost",
                "the last move of this iterator of " + use_->path() + " failed: open another"};
  }

  /// Is `value` that of the entry directly behind `end`, where the entry before it ended? An entry of a block
  /// is three varints (bytes of key shared with the one before, bytes of key not shared, bytes of value), the
  /// unshared bytes and the value; a key has eight bytes of LevelDB's own. `end` may be any memory of
  /// LevelDB's: at least seven bytes can be read there in a block, which ends with eight bytes of its own;
  /// elsewhere what is read proves nothing by chance but once in millions, and then the next check sees the
  /// failure. Hence no sanitizer may look.
  [[gnu::no_sanitize("address", "thread", "undefined")]] static bool follows_in_block(
      const char* end, bytes_view key, bytes_view value) noexcept {
    const std::uintptr_t gap =
        reinterpret_cast<std::uintptr_t>(value.data()) - reinterpret_cast<std::uintptr_t>(end);
    if (gap - 4 > 128) return false;
    const auto* header = reinterpret_cast<const unsigned char*>(end);
    const std::size_t shared = header[0], unshared = header[1];
    if ((shared | unshared) >= 128 || shared + unshared != key.size() + 8) return false;
    std::size_t size = header[2] & 0x7F, used = 3;
    for (unsigned shift = 7; header[used - 1] >= 128; shift += 7, ++used) {
      if (used >= 7 || used >= gap) return false;
      size |= static_cast<std::size_t>(header[used] & 0x7F) << shift;
    }
    return size == value.size() && used + unshared == gap;
  }

  void abandon_if_forked() noexcept {
    if (it_ != nullptr && use_->forked())
      (void)it_.release();  // its locks may be held for ever in this process
  }

  detail::leveldb_hold use_;
  bounds within_;
  std::unique_ptr<::leveldb::Iterator> it_;
  bytes_view key_, value_;
  place place_ = place::end;
};

}  // namespace datolite::engines
