#include <datolite/engines/faulty.hpp>

#include <datolite/core/explain.hpp>
#include <datolite/engines/memory.hpp>
#include <datolite/laws/storage.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace faulty_test {

using namespace datolite;
using engines::faulty, engines::fault_when, engines::memory;
namespace fault_on = engines::fault_on;

static_assert(explain_storage<faulty<memory>>());
static_assert(BulkLoader<faulty<memory>>);

TEST(faulty, keeps_every_law_without_faults) {
  EXPECT_EQ(laws::check_storage([] { return faulty{memory{}}; }), laws::report{});
}

TEST(faulty, keeps_every_law_with_lower_limits) {
  const laws::options small{.histories = 2, .longest_key = 12};
  EXPECT_EQ(laws::check_storage(
                [] {
                  return faulty{memory{}, {.max_key_size = 12}};
                },
                small),
            laws::report{});
}

template <class Body>
std::optional<error_category> category_of(Body&& body) {
  try {
    body();
  } catch (const error& e) {
    return e.category();
  }
  return std::nullopt;
}

synctag_t put(faulty<memory>& store, bytes_view key, bytes_view value) {
  const change one[] = {{key, value}};
  return store.commit(one);
}

TEST(faulty, a_commit_that_fails_before_has_not_happened) {
  faulty store{memory{}};
  store.faults()->arm({.at = 2, .operations = fault_on::commit, .category = error_category::exhausted});
  put(store, "a", "1");
  EXPECT_EQ(category_of([&] { put(store, "b", "2"); }), error_category::exhausted);
  put(store, "c", "3");
  store.faults()->disarm();
  EXPECT_TRUE(store.get("a") && !store.get("b") && store.get("c"));
}

TEST(faulty, a_commit_that_fails_after_has_happened_and_says_unknown_outcome) {
  faulty store{memory{}};
  store.faults()->arm({.at = 1, .when = fault_when::after});
  EXPECT_EQ(category_of([&] { put(store, "a", "1"); }), error_category::unknown_outcome);
  EXPECT_TRUE(store.get("a"));
}

TEST(faulty, an_unknown_outcome_is_either) {
  int happened = 0;
  for (std::uint64_t seed = 1; seed <= 64; ++seed) {
    faulty store{memory{}};
    store.faults()->arm({.at = 1, .when = fault_when::unknown, .seed = seed});
    EXPECT_EQ(category_of([&] { put(store, "a", "1"); }), error_category::unknown_outcome);
    happened += store.get("a").has_value();
  }
  EXPECT_GT(happened, 8);
  EXPECT_LT(happened, 56);
}

TEST(faulty, every_read_operation_can_fail) {
  faulty store{memory{}};
  put(store, "a", "1");
  put(store, "b", "2");
  const auto read = [&] {
    const auto snapshot = store.snapshot();
    auto it = snapshot.open_iterator(everything());
    for (it.seek_first(); it.valid(); it.next()) (void)snapshot.get(it.key());
    (void)store.get("b");
  };
  for (const fault_when when : {fault_when::before, fault_when::after}) {
    store.faults()->arm({.operations = fault_on::read});
    read();
    const std::uint64_t all = store.faults()->operations();
    EXPECT_EQ(all, 8u);  // a snapshot, an iterator, a seek, two steps, three gets
    for (std::uint64_t at = 1; at <= all; ++at) {
      store.faults()->arm({.at = at, .when = when, .operations = fault_on::read});
      EXPECT_EQ(category_of(read), error_category::unavailable) << at;
      EXPECT_EQ(store.faults()->failures(), 1u);
      EXPECT_EQ(store.faults()->operations(), at);
    }
  }
}

TEST(faulty, a_store_that_has_gone_stays_gone_until_disarmed) {
  faulty store{memory{}};
  put(store, "a", "1");
  store.faults()->arm({.at = 2, .from_then_on = true});
  EXPECT_TRUE(store.get("a"));
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(category_of([&] { (void)store.get("a"); }), error_category::unavailable);
  EXPECT_EQ(category_of([&] { put(store, "a", "2"); }), error_category::unavailable);
  store.faults()->disarm();
  EXPECT_EQ(store.get("a")->view(), "1");
}

TEST(faulty, lower_limits_refuse_a_commit_before_anything_is_written) {
  faulty store{memory{}, {.max_key_size = 4, .max_changes = 2, .max_bytes = 12}};
  EXPECT_EQ(store.max_key_size(), 4u);
  const change three[] = {{"a", "1"}, {"b", "1"}, {"c", "1"}}, much[] = {{"a", "1"}, {"b", "0123456789"}},
               long_key[] = {{"a", "1"}, {"bbbbb", "1"}}, fits[] = {{"a", "1"}, {"bbbb", "123456"}};
  EXPECT_EQ(category_of([&] { store.commit(three); }), error_category::exhausted);
  EXPECT_EQ(category_of([&] { store.commit(much); }), error_category::exhausted);
  EXPECT_EQ(category_of([&] { store.commit(long_key); }), error_category::exhausted);
  EXPECT_FALSE(store.get("a"));
  store.commit(fits);
  EXPECT_TRUE(store.get("bbbb"));
}

TEST(faulty, a_bulk_load_that_exceeds_a_limit_keeps_nothing) {
  faulty store{memory{}, {.max_changes = 2}};
  int i = 0;
  const bytes keys[] = {"a", "b", "c"};
  EXPECT_EQ(category_of([&] {
              store.bulk_load([&]() -> std::optional<change> {
                if (i == 3) return std::nullopt;
                return change{keys[i++], "1"};
              });
            }),
            error_category::exhausted);
  EXPECT_FALSE(store.get("a"));
}

}  // namespace faulty_test
