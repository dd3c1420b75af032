#include <datolite/core/sorted_map.hpp>

#include <gtest/gtest.h>

#include <iterator>
#include <map>
#include <optional>
#include <random>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace datolite;

static_assert(std::ranges::bidirectional_range<sorted_map<bytes, bytes>>);
static_assert(std::ranges::bidirectional_range<sorted_map<int, std::string>>);
static_assert(std::ranges::bidirectional_range<sorted_set<bytes>>);
static_assert(std::ranges::bidirectional_range<sorted_set<int>>);
static_assert(std::is_nothrow_copy_constructible_v<sorted_map<bytes, bytes>>);

template <class Map, class Model>
void expect_same(const Map& map, const Model& model) {
  ASSERT_EQ(map.size(), model.size());
  auto at = map.begin();
  for (const auto& [key, mapped] : model) {
    ASSERT_EQ((*at).first, key);
    ASSERT_EQ((*at).second, mapped);
    ++at;
  }
  ASSERT_EQ(at, map.end());
  for (auto back = model.rbegin(); back != model.rend(); ++back) {
    --at;
    ASSERT_EQ((*at).first, back->first);
    ASSERT_EQ((*at).second, back->second);
  }
  ASSERT_EQ(at, map.begin());
}

template <class Key, class T, class MakeKey, class MakeMapped>
void run_history(MakeKey make_key, MakeMapped make_mapped, int steps, unsigned seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random{seed};
  sorted_map<Key, T> map, held;
  std::map<Key, T> model, held_model;
  for (int step = 0; step < steps; ++step) {
    const Key key = make_key(random);
    if (random() % 3 != 0) {
      const T mapped = make_mapped(random);
      map = std::move(map).insert_or_assign(key, mapped);
      model[key] = mapped;
    } else {
      map = std::move(map).erase(key);
      model.erase(key);
    }
    ASSERT_EQ(map.size(), model.size());
    const Key low = make_key(random), high = make_key(random);
    ASSERT_EQ(map.contains(low), model.contains(low));
    if (step % 32 == 0) {
      const auto in_model = low < high ? std::distance(model.lower_bound(low), model.lower_bound(high)) : 0;
      ASSERT_EQ(map.count_range(low, high), static_cast<std::size_t>(in_model));
      const auto above = map.upper_bound(low),
                 near = map.lower_bound(high, above == map.end() ? map.begin() : above);
      ASSERT_EQ(near, map.lower_bound(high));
      ASSERT_EQ(map.nth(map.rank(above)), above);
    }
    if (step % 1000 == 0) {
      expect_same(map, model);
      expect_same(held, held_model);
      held = map, held_model = model;
    }
  }
  while (!model.empty()) {
    const Key key = model.size() % 2 != 0 ? model.begin()->first : std::prev(model.end())->first;
    model.erase(key);
    map = std::move(map).erase(key);
    if (model.size() % 512 == 0) expect_same(map, model);
  }
  expect_same(held, held_model);
}

std::string some_text(std::mt19937_64& random) {
  return random() % 4 != 0 ? std::to_string(random() % 5000)
                           : std::string(300, 'x') + std::to_string(random() % 500);
}

TEST(sorted_map, of_bytes_agrees_with_std_map_and_copies_keep_their_state) {
  run_history<bytes, bytes>(
      some_text, [](auto& r) { return std::string(r() % 300, 'v') + std::to_string(r()); }, 20000, 1);
}
TEST(sorted_map, of_optional_bytes_agrees_with_std_map_and_copies_keep_their_state) {
  run_history<bytes, std::optional<bytes>>(
      some_text, [](auto& r) { return r() % 2 != 0 ? std::optional<bytes>{} : std::to_string(r()); }, 20000,
      2);
}
TEST(sorted_map, of_integers_agrees_with_std_map_and_copies_keep_their_state) {
  run_history<int, int>([](auto& r) { return static_cast<int>(r() % 10000) - 5000; },
                        [](auto& r) { return static_cast<int>(r()); }, 40000, 3);
}
TEST(sorted_map, of_objects_agrees_with_std_map_and_copies_keep_their_state) {
  run_history<std::int64_t, std::string>(
      [](auto& r) { return static_cast<std::int64_t>(r() % 10000) - 5000; },
      [](auto& r) { return std::to_string(r()); }, 20000, 4);
}

}  // namespace
