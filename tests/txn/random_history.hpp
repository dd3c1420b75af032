// Random histories of transactions against their models: many transactions derived from one another, edited
// in both ways, committed, forked; iterators and pinned values held across it all.
#pragma once

#include <datolite/txn/transaction.hpp>

#include <datolite/laws/model.hpp>
#include <datolite/laws/reader.hpp>

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace datolite::test {

using laws::contents;
using own_changes = std::map<bytes, std::optional<bytes>, std::less<>>;

/// `reader` shows exactly `expected`, both ways.
template <Reader R>
void expect_shows(const R& reader, const contents& expected) {
  laws::checker c{0};
  c.section("reading does not fail", [&] { laws::detail::check_contents(c, reader, expected); });
  EXPECT_EQ(c.failures(), laws::report{});
}

inline void apply_to(contents& to, const own_changes& changed) {
  for (const auto& [key, value] : changed) {
    if (value) {
      to.insert_or_assign(key, *value);
    } else {
      to.erase(key);
    }
  }
}

/// An iterator, and one that stands where the laws say, over contents of its own.
template <Iterator I>
class followed_iterator {
 public:
  followed_iterator(I it, contents shown, const bounds& b)
      : it_{std::move(it)}, shown_{std::make_unique<contents>(std::move(shown))}, model_{*shown_, b} {
    check("opened");
  }

  void move(laws::dice& d, const bytes& key) {
    switch (d.below(model_.valid() ? 12 : 4)) {
      case 0:
        return both([&](auto& i) { i.seek(key); }, "seek " + show_bytes(key));
      case 1:
        return both([&](auto& i) { i.seek_for_prev(key); }, "seek_for_prev " + show_bytes(key));
      case 2:
        return both([](auto& i) { i.seek_first(); }, "seek_first");
      case 3:
        return both([](auto& i) { i.seek_last(); }, "seek_last");
      case 4:
      case 5:
      case 6:
      case 7:
        return both([](auto& i) { i.next(); }, "next");
      default:
        return both([](auto& i) { i.prev(); }, "prev");
    }
  }

 private:
  template <class Move>
  void both(Move move, const std::string& did) {
    move(it_), move(model_);
    check(did);
  }
  void check(const std::string& did) {
    path_ += did + "; ";
    ASSERT_EQ(it_.valid(), model_.valid()) << path_;
    if (!model_.valid()) return;
    ASSERT_EQ(show_bytes(it_.key()), show_bytes(model_.key())) << path_;
    ASSERT_EQ(it_.value(), model_.value()) << path_;
  }

  I it_;
  std::unique_ptr<contents> shown_;
  laws::model_iterator model_;
  std::string path_;
};

template <Storage S>
class random_history {
  using txn_t = transaction<snapshot_t<S>>;
  struct world {
    txn_t t;
    contents shown;       // through it
    own_changes changed;  // by it
  };
  struct pinned_value {
    txn_t kept;  // a pinned value may not outlive its reader; this copy is never edited
    std::optional<pinned_t<txn_t>> found;
    std::optional<bytes> expected;
  };

 public:
  /// `storage` is new and empty.
  random_history(S& storage, std::uint64_t seed)
      : storage_{storage},
        d_{seed},
        some_{d_, laws::options{}, storage.min_key_size(), storage.max_key_size()} {
    begin();
  }

  void run(int steps) {
    for (int i = 0; i != steps && !failed(); ++i) step();
    for (const world& w : worlds_) {
      if (!failed()) expect_shows(w.t, w.shown);
    }
    if (!failed()) expect_shows(storage_, held_);
  }

 private:
  static bool failed() { return ::testing::Test::HasFailure(); }
  void begin() { worlds_.push_back({ensure_transaction(std::as_const(storage_)), held_, {}}); }

  void step() {
    const std::size_t i = d_.below(worlds_.size());
    switch (d_.below(16)) {
      case 0:
        return begin(), thin();
      case 1:
        return fork(i), thin();
      case 2:
        return commit_one(worlds_[i]);
      case 3:
        return erase_range(worlds_[i]);
      case 4:
        return as_writer(worlds_[i]);
      case 5:
        return check_reads(worlds_[i]);
      case 6:
        return open(worlds_[i]);
      case 7:
      case 8:
        return move_iterators();
      default:
        return edit_in_place(worlds_[i]);
    }
  }

  void note_put(world& w, const bytes& key, const bytes& value) {
    w.shown.insert_or_assign(key, value), w.changed.insert_or_assign(key, value);
  }
  void note_erased(world& w, const bytes& key) {
    w.shown.erase(key), w.changed.insert_or_assign(key, std::nullopt);
  }

  /// From an lvalue: the result differs, the original does not.
  void fork(std::size_t i) {
    const bytes key = some_.key(), value = some_.value();
    world next = worlds_[i];
    if (d_.one_in(2)) {
      next.t = put(worlds_[i].t, key, value);
      note_put(next, key, value);
    } else {
      next.t = erase(worlds_[i].t, key);
      note_erased(next, key);
    }
    ASSERT_NE(next.t.synctag(), worlds_[i].t.synctag());
    check_reads(worlds_[i]);
    worlds_.push_back(std::move(next));
  }

  void edit_in_place(world& w) {
    for (std::size_t n = 1 + d_.below(8); n != 0; --n) {
      const bytes key = some_.key(), value = some_.value();
      if (d_.below(3) != 0) {
        w.t = put(std::move(w.t), key, value);
        note_put(w, key, value);
      } else {
        w.t = erase(std::move(w.t), key);
        note_erased(w, key);
      }
    }
  }

  void erase_range(world& w) {
    const bounds b = some_.some_bounds();
    w.t = erase(std::move(w.t), b);
    std::vector<bytes> gone;
    for (const auto& [key, value] : w.shown) {
      if (b.contains(key)) gone.push_back(key);
    }
    for (const bytes& key : gone) note_erased(w, key);
  }

  void as_writer(world& w) {
    const laws::batch batch = some_.some_batch(10);
    const std::vector<change> all = batch.changes();
    w.t.commit(all, {.unmoved_since = w.t.synctag()});
    batch.apply(w.shown);
    for (const change& c : all) {
      w.changed.insert_or_assign(bytes{c.key}, c.value ? std::optional{bytes{*c.value}} : std::nullopt);
    }
  }

  void commit_one(world& w) {
    if (d_.one_in(2) && last_synctag(w.t) != storage_.synctag()) {
      ASSERT_THROW(commit(storage_, w.t, unmoved(w.t)), error);
    } else {
      const synctag_t after = commit(storage_, w.t);
      ASSERT_EQ(after, storage_.synctag());
      apply_to(held_, w.changed);
    }
    check_reads(w);
  }

  void check_reads(const world& w) {
    const bytes key = some_.probe();
    const auto expected = w.shown.find(key);
    std::optional<bytes> wanted;
    if (expected != w.shown.end()) wanted = expected->second;
    pinned_.push_back({w.t, std::nullopt, wanted});
    pinned_.back().found = get(pinned_.back().kept, key);
    if (pinned_.size() > 6) pinned_.erase(pinned_.begin());
    for (const pinned_value& p : pinned_) {
      ASSERT_EQ(p.found.has_value(), p.expected.has_value());
      if (p.found) {
        ASSERT_EQ(p.found->view(), *p.expected);
      }
    }
    ASSERT_EQ(changes(w.t).size(), w.changed.size());
    auto at = w.changed.begin();
    for (const change& c : changes(w.t)) {
      ASSERT_EQ(c.key, at->first);
      ASSERT_EQ(c.value, at->second ? std::optional<bytes_view>{*at->second} : std::nullopt);
      ++at;
    }
    expect_shows(w.t, w.shown);
  }

  void open(const world& w) {
    const bounds b = some_.some_bounds();
    open_.emplace_back(w.t.open_iterator(b), w.shown, b);
    if (open_.size() > 8) open_.erase(open_.begin());
  }

  void move_iterators() {
    for (auto& it : open_) {
      for (std::size_t n = d_.below(8); n != 0 && !failed(); --n) it.move(d_, some_.probe());
    }
  }

  void thin() {
    if (worlds_.size() > 8) worlds_.erase(worlds_.begin() + static_cast<std::ptrdiff_t>(d_.below(8)));
  }

  S& storage_;
  contents held_;  // what the storage must hold
  laws::dice d_;
  laws::material some_;
  std::vector<world> worlds_;
  std::vector<followed_iterator<iterator_t<txn_t>>> open_;
  std::vector<pinned_value> pinned_;
};

}  // namespace datolite::test
