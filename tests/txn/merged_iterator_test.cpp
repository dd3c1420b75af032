// The merged iterator, case by case. The cases that other systems' overlays got wrong bear the number of the
// report (github.com/facebook/rocksdb/issues, unless said otherwise).
#include <datolite/txn/transaction.hpp>

#include <datolite/engines/memory.hpp>

#include <txn/random_history.hpp>

#include <gtest/gtest.h>

namespace merged_iterator_test {

using namespace datolite;
using datolite::test::contents;
using datolite::test::expect_shows;
using engines::memory;

auto over(const contents& below) {
  memory store;
  auto t = ensure_transaction(store);
  for (const auto& [k, v] : below) t = put(std::move(t), k, v);
  commit(store, t);
  return ensure_transaction(store);
}

/// The keys that it stands on while `step` is repeated until the end.
template <class I, class F>
std::string walk(I& it, F step) {
  std::string keys;
  for (; it.valid(); step(it)) keys.append(it.key()).append(" ");
  return keys;
}
constexpr auto next = [](auto& it) { it.next(); };
constexpr auto prev = [](auto& it) { it.prev(); };

template <class T>
std::string forward(const T& t, const bounds& b = everything()) {
  auto it = t.open_iterator(b);
  it.seek_first();
  return walk(it, next);
}
template <class T>
std::string backward(const T& t, const bounds& b = everything()) {
  auto it = t.open_iterator(b);
  it.seek_last();
  return walk(it, prev);
}

TEST(merged, own_changes_stand_among_the_snapshots_pairs) {
  const auto t =
      put(put(erase(put(over({{"b", "0"}, {"d", "0"}, {"f", "0"}}), "a", "1"), "d"), "f", "1"), "g", "1");
  EXPECT_EQ(forward(t), "a b f g ");
  EXPECT_EQ(backward(t), "g f b a ");
  auto it = t.open_iterator(everything());
  EXPECT_FALSE(it.valid()) << "a fresh iterator stands at the end";
  it.seek("f");
  EXPECT_EQ(it.value(), "1") << "the own change, not the one it hides";
}

TEST(merged, everything_removed_is_empty) {
  const auto t = erase(over({{"a", "0"}, {"b", "0"}}), everything());
  auto it = t.open_iterator(everything());
  for (auto move : {+[](decltype(it)& i) { i.seek_first(); }, +[](decltype(it)& i) { i.seek_last(); },
                    +[](decltype(it)& i) { i.seek("a"); }, +[](decltype(it)& i) { i.seek_for_prev("b"); }}) {
    move(it);
    EXPECT_FALSE(it.valid());
  }
}

TEST(merged, rocksdb_571_no_key_that_was_never_put) {
  auto t = over({});
  contents expected;
  for (int i = 0; i < 200; ++i) {
    const bytes key = "key-" + std::to_string(1000 + i);
    t = put(std::move(t), key, "v");
    if (i % 3 == 0) {
      t = erase(std::move(t), key);
    } else {
      expected.emplace(key, "v");
    }
  }
  auto it = t.open_iterator(everything());
  std::size_t seen = 0;
  for (it.seek_first(); it.valid(); it.next(), ++seen) {
    ASSERT_EQ(it.key().size(), 8u);
    ASSERT_TRUE(expected.contains(it.key())) << it.key();
    t = put(std::move(t), "key-0" + std::to_string(seen), bytes(100, 'x'));  // edits while it stands
    t = erase(std::move(t), it.key());
    ASSERT_EQ(it.value(), "v");
  }
  EXPECT_EQ(seen, expected.size());
}

TEST(merged, rocksdb_616_no_key_is_missed_by_a_scan_that_removes_what_it_sees) {
  contents below;
  for (int i = 0; i < 300; i += 2) below.emplace("n" + std::to_string(1000 + i), "0");
  auto t = over(below);
  for (int i = 1; i < 300; i += 2) t = put(std::move(t), "n" + std::to_string(1000 + i), "1");
  std::size_t seen = 0;
  for (auto [key, value] : scan(t, prefix("n"))) {
    ASSERT_EQ(key, "n" + std::to_string(1000 + seen));
    t = erase(std::move(t), key);
    ++seen;
  }
  EXPECT_EQ(seen, 300u);
  EXPECT_EQ(forward(t), "");
}

TEST(merged, rocksdb_5260_what_is_put_after_a_range_was_removed_is_there_and_nothing_else) {
  auto t = erase(over({{"a0", "old"}, {"a2", "old"}, {"c", "old"}}), between("a", "b"));
  for (const char* key : {"a1", "a2", "a3"}) t = put(std::move(t), key, "some value");
  expect_shows(t, {{"a1", "some value"}, {"a2", "some value"}, {"a3", "some value"}, {"c", "old"}});
  expect_shows(erase(t, between("a2", "a3")), {{"a1", "some value"}, {"a3", "some value"}, {"c", "old"}});
}

TEST(merged, rocksdb_14610_a_prefix_bounds_own_keys_too) {
  auto t = over({{"eoo:key9", "0"}, {"foo:key3", "0"}, {"hoo:key1", "0"}});
  for (const char* key : {"foo:key1", "foo:key2", "goo:key1", "eoo:key1"}) t = put(std::move(t), key, "v");
  EXPECT_EQ(forward(t, prefix("foo:")), "foo:key1 foo:key2 foo:key3 ");
  EXPECT_EQ(backward(t, prefix("foo:")), "foo:key3 foo:key2 foo:key1 ");
}

TEST(merged, rocksdb_2343_upper_bound_stops_own_keys_where_the_snapshot_has_none) {
  auto t = over({});
  for (const char* key : {"a", "b", "c", "d"}) t = put(std::move(t), key, "v");
  EXPECT_EQ(forward(t, until("c")), "a b ");
  auto it = t.open_iterator(until("c"));
  it.seek("c");
  EXPECT_FALSE(it.valid());
  it.seek("a");
  EXPECT_EQ(walk(it, next), "a b ") << "a seek after the end starts anew";
}

TEST(merged, rocksdb_4656_seek_for_prev_beyond_the_upper_bound_passes_removed_keys) {
  auto t = over({{"a", "0"}, {"b", "0"}, {"c", "0"}, {"d", "0"}, {"e", "0"}, {"f", "0"}, {"g", "0"}});
  t = erase(erase(put(std::move(t), "ee", "1"), "ee"), "e");
  t = put(std::move(t), "ff", "1");
  auto it = t.open_iterator(until("f"));
  it.seek_for_prev("g");
  ASSERT_TRUE(it.valid());
  EXPECT_EQ(it.key(), "d");
}

TEST(merged, rocksdb_4559_seek_for_prev_finds_the_key_itself) {
  const auto t = put(put(over({{"a", "0"}, {"c", "0"}}), "b", "1"), "c", "1");
  auto it = t.open_iterator(everything());
  for (const char* key : {"a", "b", "c"}) {
    it.seek_for_prev(key);
    ASSERT_TRUE(it.valid());
    EXPECT_EQ(it.key(), key);
  }
}

TEST(merged, cockroach_44512_seek_below_the_lower_bound_stays_inside) {
  const auto t = put(put(put(over({{"a", "0"}, {"m", "0"}}), "b", "1"), "k", "1"), "n", "1");
  auto it = t.open_iterator(between("j", "n"));
  it.seek("a");
  EXPECT_EQ(walk(it, next), "k m ");
  it.seek_for_prev("b");
  EXPECT_FALSE(it.valid());
  it.seek_for_prev("z");
  EXPECT_EQ(walk(it, prev), "m k ");
}

TEST(merged, mysql_5_6_185_own_keys_go_on_after_the_snapshots_end) {
  const auto t = put(put(put(over({{"a", "0"}, {"b", "0"}}), "c", "1"), "d", "1"), "0", "1");
  auto it = t.open_iterator(everything());
  it.seek("b");
  EXPECT_EQ(walk(it, next), "b c d ");
  it.seek("d");
  EXPECT_EQ(walk(it, prev), "d c b a 0 ");
  it.seek_for_prev("0");
  EXPECT_EQ(walk(it, next), "0 a b c d ");
}

TEST(merged, rocksdb_648_turning_round_goes_to_the_neighbour) {
  const contents below{{"b", "0"}, {"d", "0"}, {"f", "0"}, {"h", "0"}};
  auto t = over(below);
  for (const char* key : {"a", "d", "e", "i"}) t = put(std::move(t), key, "1");
  for (const char* key : {"f", "c", "g"}) t = erase(std::move(t), key);
  const std::vector<bytes> keys{"a", "b", "d", "e", "h", "i"};
  for (std::size_t i = 0; i < keys.size(); ++i) {
    for (const bool from_behind : {false, true}) {
      auto it = t.open_iterator(everything());
      const auto seek = [&] { from_behind ? it.seek_for_prev(keys[i]) : it.seek(keys[i]); };
      seek(), it.next();
      ASSERT_EQ(it.valid(), i + 1 < keys.size());
      if (it.valid()) {
        EXPECT_EQ(it.key(), keys[i + 1]);
        it.prev();
        ASSERT_TRUE(it.valid());
        EXPECT_EQ(it.key(), keys[i]);
      }
      seek(), it.prev();
      ASSERT_EQ(it.valid(), i > 0);
      if (it.valid()) {
        EXPECT_EQ(it.key(), keys[i - 1]);
        it.next();
        ASSERT_TRUE(it.valid());
        EXPECT_EQ(it.key(), keys[i]);
      }
    }
  }
}

TEST(merged, seek_for_prev_on_a_removed_key_finds_the_one_before) {
  const auto t = erase(put(over({{"a", "0"}, {"b", "0"}, {"c", "0"}}), "bb", "1"), "b");
  auto it = t.open_iterator(everything());
  it.seek_for_prev("b");
  EXPECT_EQ(it.key(), "a");
  it.next();
  EXPECT_EQ(it.key(), "bb");
  it.seek("b");
  EXPECT_EQ(it.key(), "bb");
}

TEST(merged, crossed_bounds_are_empty) {
  const auto t = put(over({{"m", "0"}}), "n", "1");
  EXPECT_EQ(forward(t, between("z", "a")), "");
  EXPECT_EQ(backward(t, between("z", "a")), "");
  EXPECT_EQ(forward(t, between("n", "n")), "");
}

TEST(merged, shows_the_transaction_as_it_was_when_it_was_opened) {
  auto t = put(over({{"a", "0"}}), "b", "1");
  auto it = t.open_iterator(everything());
  t = over({{"other", "0"}});  // the old one, and its snapshot, have no other holder
  it.seek_first();
  auto moved = std::move(it);
  EXPECT_EQ(walk(moved, next), "a b ");
}

TEST(merged, works_over_a_merged_iterator) {
  const auto outer = put(erase(over({{"a", "0"}, {"b", "0"}, {"c", "0"}}), "b"), "d", "1");
  const auto inner = put(erase(put(transaction_on(outer), "b", "2"), "d"), "e", "2");
  EXPECT_EQ(forward(inner), "a b c e ");
  EXPECT_EQ(backward(inner), "e c b a ");
  EXPECT_EQ(forward(outer), "a c d ");
}

}  // namespace merged_iterator_test
