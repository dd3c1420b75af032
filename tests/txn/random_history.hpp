// Random histories of transactions against their models: many transactions derived from one another, edited
// in both ways, committed, forked; iterators and pinned values held across it all.
#pragma once

#include <datolite/txn/transaction.hpp>

#include "txn/plain_storage.hpp"

#include <gtest/gtest.h>
#include <algorithm>
#include <random>
#include <vector>

namespace datolite::tests {

class dice {
 public:
  explicit dice(std::uint64_t seed) : engine_{seed} {}
  std::size_t below(std::size_t n) {
    return n == 0 ? 0 : std::uniform_int_distribution<std::size_t>{0, n - 1}(engine_);
  }
  bool one_in(std::size_t n) { return below(n) == 0; }

  /// Few enough that own changes, removals and the snapshot's keys meet all the time.
  bytes key() {
    static constexpr char letters[] = {'a', 'b', '\0', '\xFF'};
    bytes k;
    for (std::size_t n = 1 + below(3); n != 0; --n) k += letters[below(4)];
    return k;
  }
  bytes value() { return bytes(below(one_in(20) ? 5000 : 20), static_cast<char>('A' + below(26))); }
  bounds interval() {
    switch (below(6)) {
      case 0:
        return prefix(key());
      case 1:
        return from(key());
      case 2:
        return until(key());
      case 3:
        return between(key(), key());  // crossed half of the time
      default:
        return everything();
    }
  }

 private:
  std::mt19937_64 engine_;
};

inline contents restricted(const contents& all, const bounds& b) {
  contents inside;
  for (const auto& [k, v] : all) {
    if (b.contains(k)) inside.emplace(k, v);
  }
  return inside;
}

/// An iterator and where the laws say that it stands.
template <Iterator I>
class followed_iterator {
 public:
  followed_iterator(I it, contents shown) : it_{std::move(it)}, shown_{std::move(shown)}, at_{size()} {
    check("fresh");
  }

  void move(dice& d) {
    const bytes key = d.key();
    switch (valid() ? d.below(12) : d.below(4)) {
      case 0:
        return it_.seek(key), at_ = rank(shown_.lower_bound(key)), check("seek " + show_bytes(key));
      case 1:
        it_.seek_for_prev(key), at_ = before(rank(shown_.upper_bound(key)));
        return check("seek_for_prev " + show_bytes(key));
      case 2:
        return it_.seek_first(), at_ = 0, check("seek_first");
      case 3:
        return it_.seek_last(), at_ = before(size()), check("seek_last");
      case 4:
      case 5:
      case 6:
      case 7:
        return it_.next(), ++at_, check("next");
      default:
        return it_.prev(), at_ = before(at_), check("prev");
    }
  }

 private:
  std::size_t size() const { return shown_.size(); }
  bool valid() const { return at_ < size(); }
  std::size_t before(std::size_t i) const { return i == 0 ? size() : i - 1; }
  std::size_t rank(contents::const_iterator i) const {
    return static_cast<std::size_t>(std::distance(shown_.begin(), i));
  }
  void check(const std::string& after) {
    path_ += after + "; ";
    ASSERT_EQ(it_.valid(), valid()) << path_;
    if (!valid()) return;
    const auto expected = std::next(shown_.begin(), static_cast<std::ptrdiff_t>(at_));
    ASSERT_EQ(show_bytes(it_.key()), show_bytes(expected->first)) << path_;
    ASSERT_EQ(it_.value(), expected->second) << path_;
  }

  I it_;
  contents shown_;
  std::size_t at_;
  std::string path_;
};

/// A transaction and what it must show.
template <class T>
struct modelled {
  T t;
  contents shown;                                              // through it
  std::map<bytes, std::optional<bytes>, std::less<>> changed;  // by it
};

template <Reader R>
void expect_shows(const R& reader, const contents& expected, const bounds& b = everything()) {
  const contents inside = restricted(expected, b);
  auto at = inside.begin();
  for (auto [key, value] : scan(reader, b)) {
    ASSERT_NE(at, inside.end()) << "shows " << show_bytes(key) << " which is not there";
    ASSERT_EQ(show_bytes(key), show_bytes(at->first));
    ASSERT_EQ(value, at->second);
    ++at;
  }
  ASSERT_EQ(at, inside.end()) << "misses " << show_bytes(at->first);
  auto back = inside.rbegin();
  for (auto [key, value] : scan_reverse(reader, b)) {
    ASSERT_NE(back, inside.rend()) << "shows " << show_bytes(key) << " which is not there";
    ASSERT_EQ(show_bytes(key), show_bytes(back->first));
    ASSERT_EQ(value, back->second);
    ++back;
  }
  ASSERT_EQ(back, inside.rend());
}

inline void apply_to(contents& to, const std::map<bytes, std::optional<bytes>, std::less<>>& changed) {
  for (const auto& [k, v] : changed) {
    if (v) {
      to.insert_or_assign(k, *v);
    } else {
      to.erase(k);
    }
  }
}

template <Storage S>
class random_history {
  using txn_t = transaction<snapshot_t<S>>;
  using world = modelled<txn_t>;

 public:
  random_history(S& storage, contents held, std::uint64_t seed)
      : storage_{storage}, held_{std::move(held)}, d_{seed} {
    begin();
  }

  void run(int steps) {
    for (int i = 0; i != steps && !testing::Test::HasFatalFailure(); ++i) step();
    for (const world& w : worlds_) {
      expect_shows(w.t, w.shown);
      if (testing::Test::HasFatalFailure()) return;
    }
    expect_shows(storage_, held_);
  }

 private:
  void begin() { worlds_.push_back({ensure_transaction(std::as_const(storage_)), held_, {}}); }

  void step() {
    const std::size_t i = d_.below(worlds_.size());
    switch (d_.below(16)) {
      case 0:
        return begin(), thin();
      case 1:
        return fork(i), thin();
      case 2:
        return commit_one(i);
      case 3:
        return erase_range(i);
      case 4:
      case 5:
        return check_reads(worlds_[i]);
      case 6:
        return open(worlds_[i]);
      case 7:
      case 8:
      case 9:
        return move_iterators();
      default:
        return edit_in_place(worlds_[i]);
    }
  }

  /// lvalue: the result differs, the original does not.
  void fork(std::size_t i) {
    const bytes k = d_.key(), v = d_.value();
    world next = worlds_[i];
    if (d_.one_in(2)) {
      next.t = put(worlds_[i].t, k, v);
      next.shown.insert_or_assign(k, v), next.changed.insert_or_assign(k, v);
    } else {
      next.t = erase(worlds_[i].t, k);
      next.shown.erase(k), next.changed.insert_or_assign(k, std::nullopt);
    }
    ASSERT_NE(next.t.synctag(), worlds_[i].t.synctag());
    check_reads(worlds_[i]);
    worlds_.push_back(std::move(next));
  }

  void edit_in_place(world& w) {
    for (std::size_t n = 1 + d_.below(8); n != 0; --n) {
      const bytes k = d_.key(), v = d_.value();
      if (d_.below(3) != 0) {
        w.t = put(std::move(w.t), k, v);
        w.shown.insert_or_assign(k, v), w.changed.insert_or_assign(k, v);
      } else {
        w.t = erase(std::move(w.t), k);
        w.shown.erase(k), w.changed.insert_or_assign(k, std::nullopt);
      }
    }
  }

  void erase_range(std::size_t i) {
    world& w = worlds_[i];
    const bounds b = between(d_.key(), d_.key());
    w.t = erase(std::move(w.t), b);
    for (const auto& [k, v] : restricted(w.shown, b))
      w.shown.erase(k), w.changed.insert_or_assign(k, std::nullopt);
  }

  void commit_one(std::size_t i) {
    world& w = worlds_[i];
    const bool moved = last_synctag(w.t) != storage_.synctag();
    if (d_.one_in(2) && moved) {
      ASSERT_THROW(commit(storage_, w.t, unmoved(w.t)), error);
    } else {
      const synctag_t after = commit(storage_, w.t);
      ASSERT_EQ(after, storage_.synctag());
      apply_to(held_, w.changed);
    }
    check_reads(w);
  }

  void check_reads(const world& w) {
    const bytes k = d_.key();
    const auto found = get(w.t, k);
    const auto expected = w.shown.find(k);
    ASSERT_EQ(found.has_value(), expected != w.shown.end()) << show_bytes(k);
    if (found) {
      ASSERT_EQ(found->view(), expected->second);
    }
    expect_shows(w.t, w.shown, d_.interval());
    ASSERT_EQ(changes(w.t).size(), w.changed.size());
    auto at = w.changed.begin();
    for (const change& c : changes(w.t)) {
      ASSERT_EQ(c.key, at->first);
      ASSERT_EQ(c.value, at->second ? std::optional<bytes_view>{*at->second} : std::nullopt);
      ++at;
    }
  }

  void open(const world& w) {
    const bounds b = d_.interval();
    open_.emplace_back(w.t.open_iterator(b), restricted(w.shown, b));
    if (open_.size() > 8) open_.erase(open_.begin());
  }

  void move_iterators() {
    for (auto& it : open_) {
      for (std::size_t n = d_.below(6); n != 0; --n) {
        it.move(d_);
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  }

  void thin() {
    if (worlds_.size() > 8)
      worlds_.erase(worlds_.begin() + static_cast<std::ptrdiff_t>(d_.below(worlds_.size())));
  }

  S& storage_;
  contents held_;  // what the storage must hold
  dice d_;
  std::vector<world> worlds_;
  std::vector<followed_iterator<iterator_t<txn_t>>> open_;
};

}  // namespace datolite::tests
