// What a sorted_map does when memory runs out, a comparator throws or a copy throws: nothing.
#include <datolite/core/sorted_map.hpp>

#include <core/tree_check.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <new>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace sorted_map_failure_test {

/// How many more allocations, or comparisons, succeed; negative: all.
thread_local long allocations_left = -1;
thread_local long comparisons_left = -1;

bool use_up(long& left) {
  if (left == 0) return false;
  if (left > 0) --left;
  return true;
}

}  // namespace sorted_map_failure_test

void* operator new(std::size_t size) {
  if (!sorted_map_failure_test::use_up(sorted_map_failure_test::allocations_left)) throw std::bad_alloc{};
  if (void* p = std::malloc(size == 0 ? 1 : size)) return p;
  throw std::bad_alloc{};
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace sorted_map_failure_test {

using namespace datolite;
using datolite::detail::broken_invariant;

struct throwing_less {
  template <class A, class B>
  bool operator()(const A& a, const B& b) const {
    if (!use_up(comparisons_left)) throw std::runtime_error{"comparison"};
    return a < b;
  }
};

/// Copies of it may throw.
struct heavy {
  explicit heavy(int n) : number{std::make_unique<int>(n)} {}
  heavy(const heavy& o) : number{std::make_unique<int>(*o.number)} {}
  heavy(heavy&&) noexcept = default;
  heavy& operator=(const heavy&) = delete;
  std::unique_ptr<int> number;
  friend bool operator==(const heavy& a, const heavy& b) { return *a.number == *b.number; }
};

template <class Map>
std::vector<std::pair<typename Map::key_type, typename Map::mapped_type>> contents(const Map& map) {
  std::vector<std::pair<typename Map::key_type, typename Map::mapped_type>> all;
  for (const auto& [key, value] : map) all.emplace_back(key, value);
  return all;
}

/// Lets `edit` fail at its first, second, third … allocation (or comparison) until it gets through, and
/// checks after each failure that nothing has changed.
template <class Map, class Edit>
void fail_everywhere(Map& map, long& left, Edit edit) {
  const auto before = contents(map);
  for (long n = 0;; ++n) {
    left = n;
    bool failed = false;
    try {
      edit();
    } catch (const std::bad_alloc&) {
      failed = true;
    } catch (const std::runtime_error&) {
      failed = true;
    }
    left = -1;
    ASSERT_EQ(broken_invariant(map), "");
    if (!failed) return;
    ASSERT_TRUE(contents(map) == before) << "failure " << n;
  }
}

template <class Map, class MakeMapped>
void edit_and_fail(long& left, MakeMapped make_mapped, int keys, int steps) {
  using key = typename Map::key_type;
  const auto make_key = [](std::uint64_t n) {
    if constexpr (std::is_same_v<key, int>) {
      return static_cast<int>(n);
    } else {
      return std::string(n % 5 == 0 ? 300 : 1, 'k') + std::to_string(n);
    }
  };
  constexpr unsigned seed = 42;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random{seed};
  Map map;
  for (int i = 0; i < keys; ++i)
    map = std::move(map).insert_or_assign(make_key(static_cast<std::uint64_t>(i) * 2), make_mapped(i));
  std::optional<Map> held;
  for (int step = 0; step < steps; ++step) {
    if (step % 4 == 0) held = map;    // so that the path must be copied
    if (step % 4 == 2) held.reset();  // so that it must not
    const bool grow = step < steps / 2 ? random() % 4 != 0 : random() % 4 == 0;
    // runs of neighbours, so that nodes split and unite
    const auto place =
        make_key(random() % 40 + static_cast<std::uint64_t>(step) / 40 % static_cast<std::uint64_t>(keys));
    if (grow) {
      const auto value = make_mapped(step);
      fail_everywhere(map, left, [&] { map = std::move(map).insert_or_assign(place, value); });
    } else {
      fail_everywhere(map, left, [&] { map = std::move(map).erase(place); });
    }
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(sorted_map_failure, running_out_of_memory_changes_nothing_of_bytes) {
  edit_and_fail<sorted_map<bytes, bytes>>(
      allocations_left, [](int n) { return std::string(n % 7 == 0 ? 400 : 20, 'v'); }, 300, 700);
}
TEST(sorted_map_failure, running_out_of_memory_changes_nothing_of_ints) {
  edit_and_fail<sorted_map<int, int>>(
      allocations_left, [](int n) { return n; }, 600, 900);
}
TEST(sorted_map_failure, running_out_of_memory_changes_nothing_of_cells) {
  edit_and_fail<sorted_map<int, heavy>>(
      allocations_left, [](int n) { return heavy{n}; }, 300, 700);
}
TEST(sorted_map_failure, a_comparator_that_throws_changes_nothing) {
  edit_and_fail<sorted_map<int, int, throwing_less>>(
      comparisons_left, [](int n) { return n; }, 600, 300);
  edit_and_fail<sorted_map<std::string, heavy, throwing_less>>(
      comparisons_left, [](int n) { return heavy{n}; }, 200, 200);
}

TEST(sorted_map_failure, an_edit_of_an_lvalue_that_runs_out_of_memory_changes_nothing) {
  sorted_map<bytes, bytes> map;
  for (int i = 0; i < 500; ++i) map = std::move(map).insert_or_assign(std::to_string(i), "v");
  fail_everywhere(map, allocations_left,
                  [&] { (void)std::as_const(map).insert_or_assign("new", "v").size(); });
  EXPECT_EQ(map.size(), 500u);
}

TEST(sorted_map_failure, fills_and_empties_deep_trees_with_memory_running_out_now_and_then) {
  std::mt19937_64 random{7};
  sorted_map<int, int> map;
  std::vector<int> there;
  for (int i = 0; i < 30000; ++i) {
    allocations_left = random() % 3 == 0 ? static_cast<long>(random() % 3) : -1;
    const bool growing = i < 15000;
    const int key = growing ? i * 7 % 15000 : there.back();
    try {
      map = growing ? std::move(map).insert_or_assign(key, key) : std::move(map).erase(key);
      allocations_left = -1;
      growing ? there.push_back(key) : there.pop_back();
    } catch (const std::bad_alloc&) {
      allocations_left = -1;
      if (!growing) --i;
    }
    ASSERT_EQ(map.size(), there.size());
    if (i % 1000 == 0) {
      ASSERT_EQ(broken_invariant(map), "");
    }
    if (there.empty() && !growing) break;
  }
  EXPECT_TRUE(map.empty());
}

}  // namespace sorted_map_failure_test
