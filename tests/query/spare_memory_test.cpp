// Small buffers that a thread keeps for its next ones: reused, few, and of any thread's.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include <datolite/query/column.hpp>
#include <datolite/query/relation.hpp>
#include <datolite/query/spare_memory.hpp>

namespace spare_memory_test {

using datolite::value;
using datolite::query::relation;
using datolite::query::detail::spare_allocator;
using datolite::query::detail::spare_memory;
using datolite::query::detail::spare_sizes;

TEST(SpareMemory, GivesWhatWasGivenBackOfAboutThatSize) {
  std::thread{[] {  // a thread that keeps nothing yet
    std::vector<std::size_t> sizes{0, 1, spare_sizes::most - 1, spare_sizes::most, spare_sizes::most + 1};
    for (std::size_t size = 2; size <= 2 * spare_sizes::most; size += size < 300 ? 1 : 61)
      sizes.push_back(size);
    for (const std::size_t size : sizes) {
      std::vector<std::pair<void*, std::size_t>> held;
      std::set<void*> different;
      for (std::size_t i = 0; i < 2 * spare_sizes::most_of_a_size; ++i) {
        void* const taken = spare_memory::take(size);
        std::memset(taken, 0x5A, size);  // under a sanitizer: there is room for it
        ASSERT_TRUE(different.insert(taken).second);
        held.emplace_back(taken, size);
      }
      for (const auto& [taken, of] : held) spare_memory::give_back(taken, of);
    }
    // Each size was given back more often than it may be kept.
    const std::size_t of_each = 2 * spare_sizes::most - spare_sizes::least;
    const std::size_t kept = spare_memory::keeps ? spare_sizes::most_of_a_size * of_each : 0;
    EXPECT_EQ(spare_memory::kept_bytes(), kept);
    if (!spare_memory::keeps) return;
    void* const first = spare_memory::take(100);
    spare_memory::give_back(first, 100);
    void* const again = spare_memory::take(128);
    EXPECT_EQ(spare_memory::kept_bytes(), kept - 128);
    EXPECT_EQ(again, first);
    void* const other = spare_memory::take(129);
    EXPECT_NE(other, first);
    spare_memory::give_back(again, 128), spare_memory::give_back(other, 129);
  }}
      .join();
}

TEST(SpareMemory, ContainersGrowShrinkAndMoveBetweenThreads) {
  std::vector<std::size_t, spare_allocator<std::size_t>> all;
  for (std::size_t i = 0; i < 3000; ++i) all.push_back(i);  // through all sizes, and past the largest
  for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i], i);
  relation made{2};
  std::thread{[&] {
    for (int turn = 0; turn < 50; ++turn) {
      relation next{2};
      for (int i = 0; i < 300; ++i)
        next.append(std::vector<value>{value{i}, value{"a text, and a long one"}});
      made = std::move(next);
    }
  }}.join();
  ASSERT_EQ(made.size(), 300u);
  for (std::size_t i = 0; i < 300; ++i) ASSERT_EQ(made[i][0], value{static_cast<std::int64_t>(i)});
  made = relation{};  // given back here, and not where it was taken
}

}  // namespace spare_memory_test
