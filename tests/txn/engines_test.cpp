// Transactions on every engine and wrapper: the laws of Reader and Iterator, random histories, faults.
#include <datolite/txn/transaction.hpp>

#include <datolite/core/any_storage.hpp>
#include <datolite/core/explain.hpp>
#include <datolite/engines/faulty.hpp>
#include <datolite/engines/leveldb.hpp>
#include <datolite/engines/lmdb.hpp>
#include <datolite/engines/memory.hpp>
#include <datolite/engines/traced.hpp>

#include <engines/temporary_directory.hpp>
#include <txn/random_history.hpp>

#include <gtest/gtest.h>

#include <string>

namespace engines_test {

using namespace datolite;
using namespace datolite::engines;
using datolite::test::contents;
using datolite::test::expect_shows;
using datolite::test::random_history;

struct on_memory {
  memory open() { return memory{}; }
};
struct on_lmdb {
  engines::lmdb open() {
    return engines::lmdb{directory / (std::to_string(++made) + ".db"),
                         {.durability = durability_level::process}};
  }
  datolite::test::temporary_directory directory;
  int made = 0;
};
struct on_leveldb {
  engines::leveldb open() {
    return engines::leveldb{directory / std::to_string(++made), {.durability = durability_level::process}};
  }
  datolite::test::temporary_directory directory;
  int made = 0;
};
template <class Under>
struct on_any {
  any_storage open() { return under.open(); }
  Under under;
};
template <class Place>
struct transactions : ::testing::Test {
  Place place;
};
// Each type costs the sanitizers' build some twenty seconds a suite, so the laws run through any_storage.
using places =
    ::testing::Types<on_memory, on_lmdb, on_leveldb, on_any<on_memory>, on_any<on_lmdb>, on_any<on_leveldb>>;
TYPED_TEST_SUITE(transactions, places);

template <class Place>
struct transactions_on_any : transactions<Place> {};
using any_places = ::testing::Types<on_any<on_memory>, on_any<on_lmdb>, on_any<on_leveldb>>;
TYPED_TEST_SUITE(transactions_on_any, any_places);

TYPED_TEST(transactions, in_random_histories_follow_their_models) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    auto store = this->place.open();
    random_history{store, seed}.run(400);
    if (this->HasFailure()) return;
  }
}

TYPED_TEST(transactions_on_any, keep_the_laws_of_reader_and_iterator) {
  auto store = this->place.open();
  laws::dice d{7};
  laws::material some{d, laws::options{}, store.min_key_size(), store.max_key_size()};
  contents below;
  const laws::batch first = some.some_batch(60);
  store.commit(first.changes(), {});
  first.apply(below);

  auto outer = ensure_transaction(store);
  static_assert(explain_snapshot<decltype(outer)>());
  static_assert(explain_writer<decltype(outer)>());
  expect_shows(outer, below);
  contents shown = below;
  const laws::batch second = some.some_batch(60);
  outer.commit(second.changes());
  second.apply(shown);
  EXPECT_EQ(laws::check_reader(outer, shown), laws::report{}) << "with changes";

  commit(store, outer, unmoved(outer));
  expect_shows(store, shown);
}

TEST(transactions_on_transactions, keep_the_laws_of_reader_and_iterator) {
  memory store;
  laws::dice d{8};
  laws::material some{d, laws::options{}, store.min_key_size(), store.max_key_size()};
  contents shown;
  const laws::batch first = some.some_batch(60), second = some.some_batch(60), third = some.some_batch(60);
  for (const laws::batch* b : {&first, &second, &third}) b->apply(shown);
  store.commit(first.changes());
  auto outer = ensure_transaction(store);
  outer.commit(second.changes());
  auto inner = transaction_on(outer);
  inner.commit(third.changes());
  EXPECT_EQ(laws::check_reader(inner, shown), laws::report{});
  EXPECT_EQ(laws::check_reader(erase(inner, everything()), {}), laws::report{});
  commit(outer, inner, unmoved(inner));
  expect_shows(outer, shown);
}

TYPED_TEST(transactions, hold_their_snapshot_across_commits_and_compactions) {
  auto store = this->place.open();
  auto t = put(ensure_transaction(store), "kept", "0");
  for (int i = 0; i < 300; ++i) t = put(std::move(t), "n" + std::to_string(1000 + i), "old");
  commit(store, t);
  const auto old = put(erase(ensure_transaction(store), "n1000"), "mine", "1");
  for (int round = 0; round < 20; ++round) {
    auto next = ensure_transaction(store);
    for (int i = round % 2; i < 300; i += 2) {
      next = put(std::move(next), "n" + std::to_string(1000 + i), bytes(500, static_cast<char>('a' + round)));
    }
    commit(store, erase(std::move(next), "kept"));
  }
  EXPECT_EQ(get(old, "kept")->view(), "0");
  EXPECT_FALSE(get(old, "n1000"));
  EXPECT_EQ(get(old, "mine")->view(), "1");
  std::size_t seen = 0;
  for (auto [key, value] : scan_reverse(old, prefix("n"))) {
    ASSERT_EQ(value, "old") << key;
    ++seen;
  }
  EXPECT_EQ(seen, 299u);
}

TYPED_TEST(transactions, refuse_a_key_over_the_limit_if_there_is_one_before_anything_is_written) {
  auto store = this->place.open();
  constexpr std::size_t large = 1u << 20;
  if (store.max_key_size() > large) {  // no limit to speak of: what the others refuse is stored
    const bytes key(large, 'k');
    commit(store, put(ensure_transaction(store), key, "fits"));
    EXPECT_EQ(store.get(key)->view(), "fits");
    return;
  }
  const bytes longest(store.max_key_size(), 'k'), longer = longest + "k";
  auto t = put(ensure_transaction(store), longest, "fits");
  EXPECT_THROW(put(t, longer, "does not"), error);
  commit(store, t);
  EXPECT_EQ(store.get(longest)->view(), "fits");
  memory wide;
  const auto elsewhere = put(put(ensure_transaction(wide), "a", "1"), longer, "2");
  EXPECT_THROW(commit(store, elsewhere), error);
  EXPECT_FALSE(store.get("a"));
  expect_shows(elsewhere, {{"a", "1"}, {longer, "2"}});
}

// -- what an engine is asked

TEST(transactions_on_traced, ask_for_one_seek_and_the_steps_inside_the_bounds) {
  traced store{memory{}};
  auto t = ensure_transaction(store);
  for (int i = 0; i < 1000; ++i) t = put(std::move(t), "n" + std::to_string(1000 + i), "0");
  commit(store, t);
  t = put(erase(ensure_transaction(store), "n1105"), "n1107a", "1");
  const auto before = store.counters()->counts();
  std::size_t seen = 0;
  for (auto [key, value] : scan(t, between("n1100", "n1110"))) seen += !key.empty();
  EXPECT_EQ(seen, 10u);
  const auto asked = store.counters()->counts() - before;
  EXPECT_EQ(asked.seeks, 1u);
  EXPECT_EQ(asked.steps, 10u);
  EXPECT_EQ(asked.gets, 0u);
}

TEST(transactions_on_traced, answer_for_their_own_keys_without_asking) {
  traced store{memory{}};
  const auto t = erase(put(ensure_transaction(store), "a", "1"), "b");
  const auto before = store.counters()->counts();
  EXPECT_TRUE(get(t, "a"));
  EXPECT_FALSE(get(t, "b"));
  EXPECT_EQ((store.counters()->counts() - before).gets, 0u);
  EXPECT_FALSE(get(t, "c"));
  EXPECT_EQ((store.counters()->counts() - before).gets, 1u);
  EXPECT_EQ((store.counters()->counts() - before).commits, 0u);
}

TEST(transactions_on_traced, commit_once) {
  traced store{memory{}};
  commit(store, ensure_transaction(store));
  EXPECT_EQ(store.counters()->counts().commits, 0u);
  auto t = ensure_transaction(store);
  for (int i = 0; i < 10; ++i) t = put(std::move(t), std::to_string(i % 5), "v");
  commit(store, t);
  EXPECT_EQ(store.counters()->counts().commits, 1u);
  EXPECT_EQ(store.counters()->counts().changes, 5u);
}

// -- faults

TEST(transactions_on_faulty, stay_as_they_were_when_a_commit_fails) {
  for (const fault_when when : {fault_when::before, fault_when::after, fault_when::unknown}) {
    faulty store{memory{}};
    commit(store, put(ensure_transaction(store), "a", "0"));
    const auto t = put(put(ensure_transaction(store), "a", "1"), "b", "1");
    store.faults()->arm({.at = 1, .when = when, .operations = fault_on::commit});
    try {
      commit(store, t);
      ADD_FAILURE() << "it should have failed";
    } catch (const error& e) {
      EXPECT_EQ(e.category() == error_category::unknown_outcome, when != fault_when::before);
    }
    store.faults()->disarm();
    expect_shows(t, {{"a", "1"}, {"b", "1"}});
    EXPECT_EQ(changes(t).size(), 2u);
    commit(store, t);
    expect_shows(store, {{"a", "1"}, {"b", "1"}});
  }
}

TEST(transactions_on_faulty, throw_wherever_the_engine_does_and_never_show_less) {
  faulty store{memory{}};
  auto t = ensure_transaction(store);
  for (const char* key : {"b", "d", "f", "h", "j"}) t = put(std::move(t), key, "0");
  commit(store, t);
  t = put(put(put(erase(erase(ensure_transaction(store), "d"), "j"), "a", "1"), "e", "1"), "k", "1");
  const auto read = [&] {
    std::string keys;
    for (auto [key, value] : scan(t)) keys += key;
    for (auto [key, value] : scan_reverse(t)) keys += key;
    auto it = t.open_iterator(everything());
    it.seek("e"), it.prev(), it.next();
    keys += it.key();
    keys += get(t, "f")->view();
    const auto without = erase(t, between("b", "g"));
    return keys + std::to_string(changes(without).size());
  };
  const std::string all = read();
  store.faults()->arm({.operations = fault_on::read});
  EXPECT_EQ(read(), all);
  const std::uint64_t operations = store.faults()->operations();
  EXPECT_GT(operations, 15u);
  for (std::uint64_t at = 1; at <= operations; ++at) {
    store.faults()->arm({.at = at, .operations = fault_on::read});
    EXPECT_THROW(read(), error) << at;
    store.faults()->disarm();
    EXPECT_EQ(read(), all) << at;
  }
}

TEST(transactions_on_closed, are_unavailable_below_and_keep_their_own) {
  memory store;
  commit(store, put(ensure_transaction(store), "a", "0"));
  const auto t = put(ensure_transaction(store), "b", "1");
  store.close();
  EXPECT_EQ(get(t, "b")->view(), "1");
  EXPECT_THROW(get(t, "a"), error);
  EXPECT_THROW(t.open_iterator(everything()), error);
  EXPECT_THROW(commit(store, t), error);
}

}  // namespace engines_test
