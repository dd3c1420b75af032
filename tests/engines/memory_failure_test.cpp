// Memory runs out at every single allocation of a commit to the memory engine: nothing is committed.
#include <datolite/engines/memory.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <new>
#include <optional>
#include <string>
#include <vector>

namespace memory_failure_test {

thread_local long allocations_left = -1;  ///< negative: all succeed

}  // namespace memory_failure_test

void* operator new(std::size_t size) {
  if (memory_failure_test::allocations_left == 0) throw std::bad_alloc{};
  if (memory_failure_test::allocations_left > 0) --memory_failure_test::allocations_left;
  if (void* p = std::malloc(size == 0 ? 1 : size)) return p;
  throw std::bad_alloc{};
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace memory_failure_test {

using namespace datolite;
using model = std::map<bytes, bytes, std::less<>>;

template <Reader R>
model contents(const R& reader) {
  model all;
  auto it = reader.open_iterator(everything());
  for (it.seek_first(); it.valid(); it.next()) all.emplace(it.key(), it.value());
  return all;
}

TEST(memory_failure, a_commit_that_runs_out_of_memory_anywhere_commits_nothing) {
  engines::memory store;
  model before;
  for (int i = 0; i < 500; ++i) before["key " + std::to_string(i)] = std::string(i % 9 == 0 ? 400 : 20, 'v');
  std::vector<change> first;
  for (const auto& [key, value] : before) first.push_back({key, value});
  store.commit(first);

  model after = before, puts;
  for (int i = 0; i < 120; ++i)
    puts["key " + std::to_string(i * 7) + "/" + std::to_string(i)] = std::string(300, 'w');
  std::vector<change> changes;
  for (const auto& [key, value] : before) {
    if (key.ends_with('3')) after.erase(key), changes.push_back({key, std::nullopt});
  }
  for (const auto& [key, value] : puts) after[key] = value, changes.push_back({key, value});
  std::sort(changes.begin(), changes.end(), [](const change& a, const change& b) { return a.key < b.key; });

  const auto held = store.snapshot();
  for (long n = 0;; ++n) {
    const synctag_t tag = store.synctag();
    bool failed = false;
    allocations_left = n;
    try {
      store.commit(changes);
    } catch (const error& e) {
      allocations_left = -1;
      failed = true;
      EXPECT_EQ(e.category(), error_category::exhausted);
    } catch (const std::bad_alloc&) {  // there was not even room for the message
      failed = true;
    }
    allocations_left = -1;
    if (!failed) break;
    ASSERT_EQ(store.synctag(), tag);
    ASSERT_TRUE(contents(store) == before) << "allocation " << n;
  }
  EXPECT_TRUE(contents(store) == after);
  EXPECT_TRUE(contents(held) == before);
}

}  // namespace memory_failure_test
