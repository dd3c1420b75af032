#include <datolite/engines/traced.hpp>

#include <datolite/core/any_storage.hpp>
#include <datolite/core/explain.hpp>
#include <datolite/engines/memory.hpp>
#include <datolite/laws/storage.hpp>
#include <engines/scratch_engine.hpp>

#include <gtest/gtest.h>

#include <span>
#include <vector>

namespace traced_test {

using namespace datolite;
using engines::memory, engines::traced, engines::traced_counts;

static_assert(explain_storage<traced<memory>>());
static_assert(BulkLoader<traced<memory>>);
static_assert(!BulkLoader<traced<scratch::engine>>);

TEST(traced, keeps_every_law) {
  EXPECT_EQ(laws::check_storage([] { return traced{memory{}}; }), laws::report{});
}

TEST(traced, keeps_every_law_around_a_foreign_engine) {
  EXPECT_EQ(laws::check_storage([] { return traced{scratch::engine{}}; }, {.histories = 1}), laws::report{});
}

traced<memory> with_three() {
  traced store{memory{}};
  const change three[] = {{"a", "1"}, {"b", "22"}, {"c", "333"}};
  store.commit(three);
  return store;
}

TEST(traced, counts_each_kind_of_operation_where_it_happens) {
  traced store = with_three();
  EXPECT_EQ(store.counts(), (traced_counts{.commits = 1, .changes = 3}));
  store.reset();
  (void)store.get("b");
  (void)store.get("x");
  EXPECT_EQ(store.counts(), (traced_counts{.gets = 2, .bytes = 2}));
  store.reset();
  const auto snapshot = store.snapshot();
  const std::vector<bytes_view> keys{"a", "c", "x"};
  (void)get_many(snapshot, std::span<const bytes_view>{keys});
  EXPECT_EQ(store.counts(), (traced_counts{.gets = 3, .bytes = 4, .snapshots = 1}));
}

TEST(traced, a_subrange_is_one_seek_and_the_steps_inside_it) {
  traced store = with_three();
  store.reset();
  const auto snapshot = store.snapshot();
  auto it = snapshot.open_iterator(between("a", "c"));
  for (it.seek_first(); it.valid(); it.next()) continue;
  EXPECT_EQ(store.counts(),
            (traced_counts{.iterators = 1, .seeks = 1, .steps = 2, .bytes = 5, .snapshots = 1}));
}

TEST(traced, a_commit_that_is_refused_is_not_counted) {
  traced store = with_three();
  const change unsorted[] = {{"b", "1"}, {"a", "1"}};
  store.reset();
  EXPECT_THROW(store.commit(unsorted), error);
  EXPECT_EQ(store.counts(), traced_counts{});
}

TEST(traced, its_counters_are_readable_through_another_handle) {
  traced store = with_three();
  const auto counters = store.counters();
  counters->reset();
  const any_storage any{std::move(store)};
  (void)any.get("a");
  EXPECT_EQ(counters->counts().gets, 1u);
  EXPECT_EQ(any.engine_name(), "memory");
}

}  // namespace traced_test
