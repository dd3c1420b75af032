#include <datolite/txn/transaction.hpp>

#include <datolite/core/edn.hpp>
#include <datolite/core/explain.hpp>

#include <datolite/engines/faulty.hpp>
#include <datolite/engines/memory.hpp>

#include <txn/random_history.hpp>

#include <gtest/gtest.h>
#include <sstream>
#include <thread>

namespace transaction_test {

using namespace datolite;
using namespace datolite::literals;
using namespace std::string_literals;
using datolite::test::contents;
using datolite::test::expect_shows;
using engines::memory;

using txn_t = transaction<engines::memory_snapshot>;
static_assert(explain_snapshot<txn_t>());
static_assert(explain_writer<txn_t>());
static_assert(explain_snapshot<transaction<txn_t>>(), "a transaction can stand on a transaction");
static_assert(std::is_nothrow_move_constructible_v<txn_t> && std::copyable<txn_t>);

memory store_with(std::initializer_list<std::pair<const char*, const char*>> pairs) {
  memory store;
  auto t = ensure_transaction(store);
  for (auto [k, v] : pairs) t = put(std::move(t), k, v);
  commit(store, t);
  return store;
}

template <class F>
error thrown_by(F f) {
  try {
    f();
  } catch (const error& e) {
    return e;
  }
  ADD_FAILURE() << "nothing was thrown";
  return error{error_category::incorrect, "", ""};
}

// -- a value

TEST(transaction, operation_on_an_lvalue_leaves_it_as_it_was) {
  const memory store = store_with({{"a", "1"}, {"b", "2"}});
  const auto t = put(ensure_transaction(store), "c", "3");
  const auto with = put(t, "a", "new");
  const auto without = erase(t, "b");
  const auto emptied = erase(t, everything());
  expect_shows(t, {{"a", "1"}, {"b", "2"}, {"c", "3"}});
  expect_shows(with, {{"a", "new"}, {"b", "2"}, {"c", "3"}});
  expect_shows(without, {{"a", "1"}, {"c", "3"}});
  expect_shows(emptied, {});
}

TEST(transaction, nothing_reaches_the_storage_before_commit) {
  memory store;
  auto t = put(ensure_transaction(store), "a", "1");
  EXPECT_FALSE(store.get("a"));
  EXPECT_EQ(store.synctag(), last_synctag(t));
  commit(store, t);
  EXPECT_EQ(store.get("a")->view(), "1");
}

TEST(transaction, forks_go_their_own_ways) {
  memory store = store_with({{"a", "1"}});
  auto left = put(ensure_transaction(store), "b", "2");
  auto right = left;
  for (int i = 0; i < 500; ++i) {
    left = put(std::move(left), "l" + std::to_string(i), "left");
    right = put(std::move(right), "r" + std::to_string(i), "right");
  }
  EXPECT_EQ(changes(left).size(), 501u);
  EXPECT_EQ(changes(right).size(), 501u);
  EXPECT_FALSE(get(left, "r7"));
  EXPECT_FALSE(get(right, "l7"));
  EXPECT_EQ(get(left, "b")->view(), get(right, "b")->view());
}

TEST(transaction, of_a_transaction_is_that_transaction) {
  const memory store = store_with({{"a", "1"}});
  auto t = put(ensure_transaction(store), "b", "2");
  auto copied = ensure_transaction(t);
  static_assert(std::same_as<decltype(copied), txn_t>);
  expect_shows(t, {{"a", "1"}, {"b", "2"}});
  const auto moved = ensure_transaction(std::move(t));
  expect_shows(moved, {{"a", "1"}, {"b", "2"}});
  expect_shows(copied, {{"a", "1"}, {"b", "2"}});
}

TEST(transaction, shows_its_snapshot_whatever_is_committed_meanwhile) {
  memory store = store_with({{"a", "1"}});
  const auto t = put(ensure_transaction(store), "b", "2");
  commit(store, erase(put(ensure_transaction(store), "c", "3"), "a"));
  expect_shows(t, {{"a", "1"}, {"b", "2"}});
  expect_shows(store, {{"c", "3"}});
}

TEST(transaction, get_many_is_get_of_each) {
  const memory store = store_with({{"a", "1"}, {"b", "2"}, {"c", "3"}});
  const auto t = erase(put(ensure_transaction(store), "b", "own"), "c");
  const bytes_view keys[] = {"c", "b", "x", "a", "b"};
  const auto found = get_many(t, keys);
  ASSERT_EQ(found.size(), 5u);
  EXPECT_FALSE(found[0]);
  EXPECT_EQ(found[1]->view(), "own");
  EXPECT_FALSE(found[2]);
  EXPECT_EQ(found[3]->view(), "1");
  EXPECT_EQ(found[4]->view(), "own");
}

// -- lifetimes

TEST(transaction, pinned_values_stay_while_it_is_edited) {
  const memory store = store_with({{"below", "from the snapshot"}});
  auto t = put(ensure_transaction(store), "own", "its own change");
  const auto own = get(t, "own");
  auto below = get(t, "below");
  for (int i = 0; i < 5000; ++i) t = put(std::move(t), "own", bytes(1000, 'x'));  // more than the arena keeps
  t = put(std::move(t), "below", "replaced");
  const auto moved = std::move(below);
  EXPECT_EQ(own->view(), "its own change");
  EXPECT_EQ(moved->view(), "from the snapshot");
}

TEST(transaction, value_read_from_itself_may_be_put_into_itself) {
  const memory store;
  auto t = put(ensure_transaction(store), "a", "text");
  for (int i = 0; i < 20; ++i) {
    const auto found = get(t, "a");
    t = put(std::move(t), "a", bytes{found->view()} + bytes{found->view()});
    t = put(std::move(t), get(t, "a")->view().substr(0, 4), get(t, "a")->view());
  }
  EXPECT_EQ(get(t, "text")->view().size(), 4u << 20);
}

TEST(transaction, memory_is_bounded_by_what_it_would_commit) {
  const memory store;
  txn::detail::overlay own;
  const bytes big(10'000, 'v');
  for (int i = 0; i < 20'000; ++i)
    own.put("key-" + std::to_string(i % 10), big, txn::detail::change_form::raw);
  EXPECT_EQ(own.size(), 10u);
  EXPECT_LT(own.arena().reserved(), 4u << 20);  // of 200 MB written
  for (const auto& [key, what] : own.changes()) EXPECT_EQ(what.value(), big);
}

// -- bytes and EDN values

TEST(transaction, text_is_bytes) {
  const memory store;
  auto t = put(ensure_transaction(store), "literal", "text");
  t = put(std::move(t), "string", "te\0xt"s);
  t = put(std::move(t), "view", bytes_view{"text"});
  t = put(std::move(t), "empty", "");
  EXPECT_EQ(get(t, "literal")->view(), "text");
  EXPECT_EQ(get(t, "string")->view(), "te\0xt"s);
  EXPECT_EQ(get(t, "view")->view(), "text");
  EXPECT_EQ(get(t, "empty")->view(), "");
}

TEST(transaction, edn_values_come_back_as_they_were) {
  memory store;
  const value document =
      read_edn(R"({:title "Alien" :year 1979 :tags #{:space :horror} :cast [["Ripley" 1] nil]})");
  auto t = put(ensure_transaction(store), "document", document);
  t = put(std::move(t), "number", 42);
  t = put(std::move(t), "zero", 0);
  t = put(std::move(t), "truth", true);
  t = put(std::move(t), "nothing", nullptr);
  t = put(std::move(t), "real", 1.5);
  t = put(std::move(t), "string", value{"text"});
  t = put(std::move(t), "keyword", "db/ident"_kw);
  EXPECT_EQ(get_value(t, "document"), document);
  EXPECT_EQ(get_value(t, "number"), value{42});
  EXPECT_EQ(get_value(t, "zero"), value{0});
  EXPECT_EQ(get_value(t, "truth"), value{true});
  EXPECT_EQ(get_value(t, "nothing"), value{});
  EXPECT_EQ(get_value(t, "real"), value{1.5});
  EXPECT_EQ(get_value(t, "string"), value{"text"});
  EXPECT_EQ(get_value(t, "keyword"), "db/ident"_kw);
  EXPECT_FALSE(get_value(t, "absent"));
  commit(store, t);
  EXPECT_EQ(get_value(store, "document"), document) << "and from any reader";
}

TEST(transaction, bytes_that_are_no_value_are_refused_by_name) {
  const memory store;
  const auto t =
      put(put(ensure_transaction(store), "junk", "\xFF\xFF"), "tail", encode_value(value{1}) + "x");
  EXPECT_EQ(thrown_by([&] { get_value(t, "junk"); }).category(), error_category::corrupt);
  const error tail = thrown_by([&] { get_value(t, "tail"); });
  EXPECT_EQ(tail.category(), error_category::corrupt);
  EXPECT_NE(tail.message().find("\"tail\""), std::string::npos) << tail.message();
}

TEST(transaction, prints_its_changes_as_edn) {
  const memory store = store_with({{"doc-0", "old"}});
  auto t = put(ensure_transaction(store), "doc-1", "say \"hi\"");
  t = put(std::move(t), "doc-2", read_edn("{:a [1 nil]}"));
  t = erase(std::move(t), "doc-0");
  t = put(std::move(t), "\xFF", "\x01\xFE");
  std::ostringstream out;
  out << t;
  EXPECT_EQ(read_edn(out.str()), read_edn(R"([[:erase "doc-0"]
                                              [:put "doc-1" "say \"hi\""]
                                              [:put-value "doc-2" {:a [1 nil]}]
                                              [:put #datolite/bytes "ff" #datolite/bytes "01fe"]])"))
      << out.str();
  std::ostringstream none;
  none << ensure_transaction(store);
  EXPECT_EQ(none.str(), "[]");
}

// -- tags, demands, commits

TEST(synctags, name_states) {
  memory store = store_with({{"a", "1"}});
  const auto t = ensure_transaction(store);
  EXPECT_EQ(last_synctag(t), store.synctag());
  EXPECT_EQ(t.synctag(), last_synctag(t)) << "it shows what the storage holds";
  auto edited = put(t, "b", "2");
  const auto other = put(t, "b", "2");
  EXPECT_NE(edited.synctag(), t.synctag());
  EXPECT_NE(edited.synctag(), other.synctag());
  const auto copy = edited;
  EXPECT_EQ(copy.synctag(), edited.synctag());
  const synctag_t before = edited.synctag();
  edited = put(std::move(edited), "b", "2");
  EXPECT_NE(edited.synctag(), before);
  EXPECT_EQ(copy.synctag(), before);
  EXPECT_NE(put(copy, "b", "3").synctag(), edited.synctag()) << "two edits of one state make two states";
  EXPECT_EQ(last_synctag(edited), store.synctag());
  const synctag_t after = commit(store, edited);
  EXPECT_EQ(after, store.synctag());
  EXPECT_NE(after, last_synctag(edited));
}

TEST(commit, of_an_empty_transaction_writes_nothing) {
  memory store = store_with({{"a", "1"}});
  const auto t = ensure_transaction(store);
  EXPECT_EQ(commit(store, t), last_synctag(t));
  EXPECT_EQ(store.synctag(), last_synctag(t));
}

TEST(commit, of_an_empty_transaction_still_checks_its_demands) {
  memory store = store_with({{"a", "1"}});
  const auto t = ensure_transaction(store);
  const condition absent[] = {{"a", std::nullopt}};
  EXPECT_EQ(thrown_by([&] { commit(store, t, {.conditions = absent}); }).category(),
            error_category::conflict);
}

TEST(commit, refuses_when_the_storage_has_moved) {
  memory store = store_with({{"a", "1"}});
  const auto mine = put(ensure_transaction(store), "mine", "1");
  commit(store, mine, unmoved(mine));
  const auto late = put(ensure_transaction(store), "late", "1");
  commit(store, put(ensure_transaction(store), "theirs", "1"));
  const error e = thrown_by([&] { commit(store, late, unmoved(late)); });
  EXPECT_EQ(e.category(), error_category::conflict);
  EXPECT_EQ(e.code(), "db.error/storage-moved");
  expect_shows(store, {{"a", "1"}, {"mine", "1"}, {"theirs", "1"}});
  expect_shows(late, {{"a", "1"}, {"mine", "1"}, {"late", "1"}});
  commit(store, late);  // without the demand it is welcome
  EXPECT_TRUE(store.get("late"));
}

TEST(commit, conditions_are_checked_against_the_storage_not_the_snapshot) {
  memory store = store_with({{"counter", "1"}});
  const auto t = put(ensure_transaction(store), "counter", "2");
  const condition was_one[] = {{"counter", "1"}, {"lock", std::nullopt}};
  commit(store, put(ensure_transaction(store), "counter", "7"));
  EXPECT_EQ(thrown_by([&] { commit(store, t, {.conditions = was_one}); }).code(),
            "db.error/condition-failed");
  expect_shows(store, {{"counter", "7"}});
  commit(store, put(ensure_transaction(store), "counter", "1"));
  commit(store, t, {.conditions = was_one});
  expect_shows(store, {{"counter", "2"}});
}

TEST(commit, may_go_to_another_storage) {
  memory from = store_with({{"a", "1"}}), to = store_with({{"b", "2"}});
  commit(to, put(erase(ensure_transaction(from), "b"), "c", "3"));
  expect_shows(to, {{"c", "3"}});
}

TEST(keys, of_impossible_size_are_refused_where_they_are_put) {
  engines::faulty store{memory{}, {.max_key_size = 8}};
  auto t = put(ensure_transaction(store), "12345678", "fits");
  const error e = thrown_by([&] { t = put(std::move(t), "123456789", "x"); });
  EXPECT_EQ(e.category(), error_category::exhausted);
  EXPECT_NE(e.message().find("123456789"), std::string::npos) << e.message();
  EXPECT_EQ(thrown_by([&] { erase(t, "123456789"); }).category(), error_category::exhausted);
  expect_shows(t, {{"12345678", "fits"}});
  EXPECT_FALSE(get(t, "123456789"));
}

TEST(keys, that_only_the_other_storage_cannot_take_are_refused_at_commit_with_nothing_written) {
  memory wide;
  engines::faulty narrow{memory{}, {.max_key_size = 4}};
  const auto t = put(put(ensure_transaction(wide), "a", "1"), "too long", "2");
  EXPECT_EQ(thrown_by([&] { commit(narrow, t); }).category(), error_category::exhausted);
  expect_shows(narrow, {});
  expect_shows(t, {{"a", "1"}, {"too long", "2"}});
}

// -- as a Writer, and under another transaction

TEST(transaction, is_a_writer) {
  memory store = store_with({{"a", "1"}, {"b", "2"}});
  auto t = put(ensure_transaction(store), "c", "3");
  const change batch[] = {{"a", std::nullopt}, {"c", "33"}, {"d", "4"}};
  const synctag_t before = t.synctag();
  const synctag_t after = t.commit(batch, {.unmoved_since = before});
  EXPECT_EQ(after, t.synctag());
  EXPECT_NE(t.synctag(), before);
  expect_shows(t, {{"b", "2"}, {"c", "33"}, {"d", "4"}});
  expect_shows(store, {{"a", "1"}, {"b", "2"}});
  EXPECT_EQ(thrown_by([&] { t.commit(batch, {.unmoved_since = before}); }).category(),
            error_category::conflict);
  const condition wrong[] = {{"c", "3"}};
  EXPECT_EQ(thrown_by([&] { t.commit(batch, {.conditions = wrong}); }).category(), error_category::conflict);
  const change unsorted[] = {{"b", "1"}, {"a", "1"}};
  EXPECT_EQ(thrown_by([&] { t.commit(unsorted); }).category(), error_category::incorrect);
  expect_shows(t, {{"b", "2"}, {"c", "33"}, {"d", "4"}});
}

TEST(transaction, on_a_transaction_commits_into_it) {
  memory store = store_with({{"a", "1"}, {"b", "2"}, {"c", "3"}});
  auto outer = erase(put(ensure_transaction(store), "d", "4"), "a");
  auto inner = txn::transaction_on(outer);
  inner = put(erase(std::move(inner), "d"), "a", "again");
  inner = put(erase(std::move(inner), "b"), "e", "5");
  expect_shows(inner, {{"a", "again"}, {"c", "3"}, {"e", "5"}});
  expect_shows(outer, {{"b", "2"}, {"c", "3"}, {"d", "4"}});
  EXPECT_EQ(last_synctag(inner), outer.synctag());
  EXPECT_EQ(inner.max_key_size(), store.max_key_size());
  commit(outer, inner, unmoved(inner));
  expect_shows(outer, {{"a", "again"}, {"c", "3"}, {"e", "5"}});
  EXPECT_EQ(thrown_by([&] { commit(outer, inner, unmoved(inner)); }).category(), error_category::conflict);
  commit(store, outer);
  expect_shows(store, {{"a", "again"}, {"c", "3"}, {"e", "5"}});
}

TEST(transaction, may_be_read_by_many_threads_while_copies_are_edited) {
  // run by the thread sanitizer: copies share arena blocks and tree nodes
  const memory store = store_with({{"a", "1"}});
  auto shared = ensure_transaction(store);
  for (int i = 0; i < 300; ++i) shared = put(std::move(shared), "k" + std::to_string(i), "v");
  const auto& t = shared;
  std::vector<std::jthread> threads;
  for (int n = 0; n < 4; ++n) {
    threads.emplace_back([&t, n] {
      auto mine = t;
      for (int i = 0; i < 300; ++i) {
        mine = put(std::move(mine), "k" + std::to_string(i), bytes(20, static_cast<char>('a' + n)));
        ASSERT_EQ(get(t, "k" + std::to_string(i))->view(), "v");
      }
      for (auto [key, value] : scan(mine, prefix("k")))
        ASSERT_EQ(value, bytes(20, static_cast<char>('a' + n))) << key;
    });
  }
}

}  // namespace transaction_test
