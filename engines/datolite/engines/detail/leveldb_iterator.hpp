// An ordered position in a LevelDB database.
//
// It ends for no other cause than the end: what LevelDB failed to read is thrown before anything behind it is
// shown. See leveldb_trails.hpp for the moves after which LevelDB need not be asked.
#pragma once

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
#include <datolite/engines/detail/leveldb_trails.hpp>

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
    key_ = other.key_, value_ = other.value_;
    trails_ = other.trails_, place_ = other.place_;
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
    use_->check_usable();
    it_->Next();
    if (!it_->Valid()) [[unlikely]]
      return check(), stand_at_end();
    show();
    const bool inside = !within_.upper || key_ < bytes_view{*within_.upper};
    if (trails_.step(key_, value_) && inside) [[likely]]
      return;
    check();
    if (!inside) stand_at_end();
  }
  void prev() {
    start();
    it_->Prev();
    arrive();
    trails_.forget();
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

  void start() const { use_->check_usable(); }
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
    trails_.start(value_);
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
  void check() {
    const ::leveldb::Status status = it_->status();
    if (status.ok()) [[likely]]
      return;
    place_ = place::lost;
    detail::throw_leveldb(status, "cannot read on in " + use_->path());
  }
  [[noreturn]] void throw_lost() const {
    throw error{error_category::unavailable, "db.error/iterator-lost",
                "the last move of this iterator of " + use_->path() + " failed: open another"};
  }

  void abandon_if_forked() noexcept {
    if (it_ != nullptr && use_->forked())
      (void)it_.release();  // its locks may be held for ever in this process
  }

  detail::leveldb_hold use_;
  bounds within_;
  std::unique_ptr<::leveldb::Iterator> it_;
  bytes_view key_, value_;
  detail::leveldb_trails trails_;
  place place_ = place::end;
};

}  // namespace datolite::engines
