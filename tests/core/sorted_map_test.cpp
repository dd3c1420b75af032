#include <datolite/core/sorted_map.hpp>

#include <core/tree_check.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <ranges>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <datolite/core/datom.hpp>
#include <support/effort.hpp>

namespace sorted_map_test {

using namespace datolite;
using datolite::detail::broken_invariant;
using rng = std::mt19937_64;

static_assert(std::ranges::bidirectional_range<sorted_map<bytes, bytes>>);
static_assert(std::ranges::bidirectional_range<sorted_map<int, std::string>>);
static_assert(std::ranges::bidirectional_range<sorted_set<bytes>>);
static_assert(std::ranges::bidirectional_range<sorted_set<int>>);
static_assert(std::is_nothrow_copy_constructible_v<sorted_map<bytes, bytes>>);
static_assert(std::is_nothrow_move_constructible_v<sorted_map<bytes, bytes>>);

/// Five numbers, ordered by the middle ones: wide, no prefix, a comparator with a meaning of its own.
struct wide_key {
  std::array<int, 5> n{};
  friend bool operator==(const wide_key&, const wide_key&) = default;
};
struct by_middle {
  bool operator()(const wide_key& a, const wide_key& b) const noexcept {
    return a.n[1] != b.n[1] ? a.n[1] < b.n[1] : a.n[3] < b.n[3];
  }
};

// -- models: for each pair of types, keys that collide and values

template <class Key, class T>
struct some;

std::string some_text(rng& r) {
  switch (r() % 8) {
    case 0:
      return std::string(240 + r() % 20, 'x') +
             std::to_string(r() % 300);  // around the longest that stand near
    case 1: return std::string(r() % 10, '\0') + static_cast<char>(r() % 3);
    case 2:
      return "an index of some kind, " + std::to_string(r() % 3) + "/" +
             std::to_string(r() % 2000);  // much in common
    case 3: return "an index of some kind, 1/2" + std::string(r() % 30, '0') + std::to_string(r() % 4);
    default: return std::to_string(r() % 4000);
  }
}
std::string some_value(rng& r) {
  return std::string(r() % 8 == 0 ? 240 + r() % 20 : r() % 40, 'v') + std::to_string(r());
}

template <>
struct some<bytes, bytes> {
  static bytes key(rng& r) { return some_text(r); }
  static bytes mapped(rng& r) { return some_value(r); }
};
template <>
struct some<bytes, std::optional<bytes>> {
  static bytes key(rng& r) { return some_text(r); }
  static std::optional<bytes> mapped(rng& r) {
    return r() % 2 != 0 ? std::nullopt : std::optional{some_value(r)};
  }
};
template <>
struct some<int, int> {
  static int key(rng& r) { return static_cast<int>(r() % 8000) - 4000; }
  static int mapped(rng& r) { return static_cast<int>(r()); }
};
template <>
struct some<std::int64_t, std::string> {
  static std::int64_t key(rng& r) { return static_cast<std::int64_t>(r() % 8000) - 4000; }
  static std::string mapped(rng& r) { return some_value(r); }
};
template <>
struct some<std::string, int> {
  static std::string key(rng& r) { return some_text(r); }
  static int mapped(rng& r) { return static_cast<int>(r()); }
};
template <>
struct some<wide_key, std::shared_ptr<int>> {
  static wide_key key(rng& r) { return {{0, static_cast<int>(r() % 70), 0, static_cast<int>(r() % 90), 0}}; }
  static std::shared_ptr<int> mapped(rng& r) { return std::make_shared<int>(static_cast<int>(r())); }
};

template <class Key, class T>
using compare_for = std::conditional_t<std::is_same_v<Key, wide_key>, by_middle, std::less<>>;

template <class Types>
class sorted_map_of : public testing::Test {
 public:
  using key = typename Types::first_type;
  using mapped = typename Types::second_type;
  using map_type = sorted_map<key, mapped, compare_for<key, mapped>>;
  using model_type = std::map<key, mapped, compare_for<key, mapped>>;

  struct both {
    map_type map;
    model_type model;

    void put(const key& k, const mapped& m) {
      map = std::move(map).insert_or_assign(k, m);
      model.insert_or_assign(k, m);
    }
    void erase(const key& k) {
      map = std::move(map).erase(k);
      model.erase(k);
    }
    void some_edit(rng& r, unsigned puts_of_ten) {
      const key k = some<key, mapped>::key(r);
      r() % 10 < puts_of_ten ? put(k, some<key, mapped>::mapped(r)) : erase(k);
    }
  };

  static void expect_same(const both& b) {
    ASSERT_EQ(broken_invariant(b.map), "");
    ASSERT_EQ(b.map.size(), b.model.size());
    auto at = b.map.begin();
    for (const auto& [k, m] : b.model) {
      ASSERT_EQ((*at).first, k);
      ASSERT_EQ((*at).second, m);
      ++at;
    }
    ASSERT_EQ(at, b.map.end());
    for (auto back = b.model.rbegin(); back != b.model.rend(); ++back) {
      --at;
      ASSERT_EQ(at.key(), back->first);
      ASSERT_EQ(at.mapped(), back->second);
    }
    ASSERT_EQ(at, b.map.begin());
  }
};

using all_types = testing::Types<std::pair<bytes, bytes>, std::pair<bytes, std::optional<bytes>>,
                                 std::pair<int, int>, std::pair<std::int64_t, std::string>,
                                 std::pair<std::string, int>, std::pair<wide_key, std::shared_ptr<int>>>;
struct type_names {
  template <class Types>
  static std::string GetName(int i) {
    return std::array{
        "bytes", "optional_bytes", "ints_in_leaves", "cells", "string_cells", "own_comparator"}[i];
  }
};
TYPED_TEST_SUITE(sorted_map_of, all_types, type_names);

constexpr unsigned seed = 20260701;

TYPED_TEST(sorted_map_of, random_edits_agrees_with_std_map_and_copies_keep_their_state) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  rng r{seed};
  typename TestFixture::both now, held;
  for (int step = 0; step < 12000; ++step) {
    now.some_edit(r, step % 6000 < 4000 ? 7 : 3);
    ASSERT_EQ(now.map.size(), now.model.size());
    if (r() % 1500 == 0) {
      TestFixture::expect_same(now);
      TestFixture::expect_same(held);
      held = now;
    }
  }
  TestFixture::expect_same(now);
  TestFixture::expect_same(held);
}

TYPED_TEST(sorted_map_of, random_edits_finds_and_bounds_as_std_map_does) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  rng r{seed};
  typename TestFixture::both b;
  for (int step = 0; step < 5000; ++step) b.some_edit(r, 6);
  auto near = b.map.begin();
  const auto in_model = [&](auto at) { return static_cast<std::size_t>(std::distance(b.model.begin(), at)); };
  for (int probe = 0; probe < 2000; ++probe) {
    const auto k = some<typename TestFixture::key, typename TestFixture::mapped>::key(r);
    const auto there = b.model.find(k);
    const auto found = b.map.find(k);
    ASSERT_EQ(static_cast<bool>(found), there != b.model.end());
    ASSERT_EQ(b.map.contains(k), there != b.model.end());
    if (found) {
      ASSERT_EQ(*found, there->second);
    }
    const auto low = b.map.lower_bound(k), high = b.map.upper_bound(k);
    ASSERT_EQ(b.map.rank(low), in_model(b.model.lower_bound(k)));
    ASSERT_EQ(b.map.rank(high), in_model(b.model.upper_bound(k)));
    ASSERT_EQ(b.map.rank(k), b.map.rank(low));
    ASSERT_EQ(b.map.nth(b.map.rank(low)), low);
    ASSERT_EQ(b.map.lower_bound(k, near), low);
    ASSERT_EQ(b.map.upper_bound(k, near), high);
    near = r() % 4 == 0 ? b.map.nth(r() % (b.map.size() + 1)) : low;
    const auto other = some<typename TestFixture::key, typename TestFixture::mapped>::key(r);
    const auto less = b.model.key_comp();
    const auto between =
        less(k, other) ? in_model(b.model.lower_bound(other)) - in_model(b.model.lower_bound(k)) : 0;
    ASSERT_EQ(b.map.count_range(k, other), between);
  }
}

TYPED_TEST(sorted_map_of, bounds_of_many_probes_are_those_of_each) {
  rng r{seed};
  typename TestFixture::both b;
  for (const int steps : {0, 1, 40, 5000}) {
    for (int step = 0; step < steps; ++step) b.some_edit(r, 6);
    for (int round = 0; round < 50; ++round) {
      std::vector<typename TestFixture::key> probes;
      for (std::size_t n = r() % 40; n > 0; --n)
        probes.push_back(some<typename TestFixture::key, typename TestFixture::mapped>::key(r));
      if (round % 2 == 0) std::sort(probes.begin(), probes.end(), b.model.key_comp());
      const std::span<const typename TestFixture::key> all{probes};
      std::vector<decltype(b.map.begin())> found(probes.size());
      round % 3 == 0 ? b.map.lower_bounds(all, std::span{found})
                     : b.map.lower_bounds(all, std::span{found}, b.map.nth(r() % (b.map.size() + 1)));
      for (std::size_t i = 0; i < probes.size(); ++i) ASSERT_EQ(found[i], b.map.lower_bound(probes[i]));
    }
  }
}

TYPED_TEST(sorted_map_of, edits_of_an_lvalue_leaves_it_as_it_was) {
  rng r{seed};
  typename TestFixture::both b;
  for (int step = 0; step < 3000; ++step) b.some_edit(r, 7);
  for (int step = 0; step < 300; ++step) {
    typename TestFixture::both next{b.map, b.model};
    const auto k = some<typename TestFixture::key, typename TestFixture::mapped>::key(r);
    if (step % 2 == 0) {
      const auto m = some<typename TestFixture::key, typename TestFixture::mapped>::mapped(r);
      next.map = std::as_const(b.map).insert_or_assign(k, m);
      next.model.insert_or_assign(k, m);
    } else {
      next.map = std::as_const(b.map).erase(k);
      next.model.erase(k);
    }
    if (step % 50 < 2) TestFixture::expect_same(next);
    ASSERT_EQ(b.map.size(), b.model.size());
  }
  TestFixture::expect_same(b);
}

TYPED_TEST(sorted_map_of, ascending_keys_has_full_leaves) {
  rng r{seed};
  typename TestFixture::model_type model;
  while (model.size() < 3000) {
    model.insert_or_assign(some<typename TestFixture::key, typename TestFixture::mapped>::key(r),
                           some<typename TestFixture::key, typename TestFixture::mapped>::mapped(r));
  }
  const auto built = TestFixture::map_type::from_sorted(model);
  TestFixture::expect_same({built, model});
  constexpr std::size_t capacity =
      datolite::detail::layout_for<typename TestFixture::key, typename TestFixture::mapped,
                                   typename TestFixture::map_type::key_compare>::leaf_capacity;
  EXPECT_EQ(datolite::detail::leaves_of(built), (model.size() + capacity - 1) / capacity);
  typename TestFixture::map_type one_by_one;
  for (const auto& [k, m] : model) one_by_one = std::move(one_by_one).insert_or_assign(k, m);
  TestFixture::expect_same({one_by_one, model});
  EXPECT_EQ(datolite::detail::leaves_of(one_by_one), datolite::detail::leaves_of(built));
  EXPECT_TRUE(one_by_one == built);
}

TYPED_TEST(sorted_map_of, all_kinds_of_erasing_shrinks_to_nothing) {
  rng r{seed};
  typename TestFixture::both full;
  for (int step = 0; step < 6000; ++step) full.some_edit(r, 9);
  for (const char* order : {"first", "last", "any", "every third"}) {
    SCOPED_TRACE(order);
    typename TestFixture::both b = full;
    for (std::size_t i = 0; !b.model.empty(); ++i) {
      auto at = b.model.begin();
      if (std::string_view{order} == "last") at = std::prev(b.model.end());
      if (std::string_view{order} == "any")
        at = b.model.lower_bound(some<typename TestFixture::key, typename TestFixture::mapped>::key(r));
      if (std::string_view{order} == "every third")
        at = std::next(at, static_cast<int>(std::min<std::size_t>(i % 3, b.model.size() - 1)));
      if (at == b.model.end()) at = b.model.begin();
      const auto k = at->first;
      b.erase(k);
      ASSERT_EQ(b.map.size(), b.model.size());
      if (i % 701 == 0 || b.model.size() < 3) TestFixture::expect_same(b);
    }
    EXPECT_TRUE(b.map.empty());
    EXPECT_EQ(b.map.begin(), b.map.end());
  }
  TestFixture::expect_same(full);
}

// -- particular promises

TEST(sorted_map, shows_bytes_as_views_and_an_absent_optional_as_nothing) {
  const auto map = sorted_map<bytes, std::optional<bytes>>{}
                       .insert_or_assign("gone", std::nullopt)
                       .insert_or_assign("k", "v");
  const auto gone = map.find("gone"), k = map.find(bytes_view{"k"}), none = map.find(bytes{"none"});
  ASSERT_TRUE(gone);
  EXPECT_FALSE(*gone);
  ASSERT_TRUE(k);
  EXPECT_EQ(*k, bytes_view{"v"});
  EXPECT_FALSE(none);
}

TEST(sorted_map, keeps_zeros_and_empty_keys_apart) {
  using namespace std::string_literals;
  const auto map = sorted_map<bytes, bytes>{}
                       .insert_or_assign("", "0")
                       .insert_or_assign("\0"s, "1")
                       .insert_or_assign("\0\0"s, "2")
                       .insert_or_assign("a", "3")
                       .insert_or_assign("a\0"s, "4");
  std::string values;
  for (const auto& [key, value] : map) values += value;
  EXPECT_EQ(values, "01234");
  EXPECT_EQ(map.find("\0"s), bytes_view{"1"});
  EXPECT_EQ(map.find("a"), bytes_view{"3"});
}

TEST(sorted_map, takes_views_into_itself) {
  rng r{seed};
  sorted_map<bytes, bytes> map;
  std::map<bytes, bytes> model;
  for (int i = 0; i < 500; ++i) {
    const bytes key = some_text(r), value = some_value(r);
    map = std::move(map).insert_or_assign(key, value);
    model[key] = value;
  }
  for (int i = 0; i < 5000; ++i) {
    const auto from = map.nth(r() % map.size()), to = map.nth(r() % map.size());
    const bytes key{from.key()}, value{to.mapped()}, longer = value.size() < 2000 ? value + "more" : "short";
    if (i % 3 == 0) {
      map = std::move(map).insert_or_assign(to.mapped().substr(0, 300), from.key());  // a value becomes a key
      model[value.substr(0, 300)] = key;
    } else if (i % 3 == 1) {
      map = std::move(map).insert_or_assign(from.key(), to.mapped());
      model[key] = value;
    } else {
      map = std::move(map).erase(from.key());
      model.erase(key);
      map = std::move(map).insert_or_assign(longer, value);
      model[longer] = value;
    }
    ASSERT_EQ(map.size(), model.size());
  }
  EXPECT_TRUE(
      std::equal(map.begin(), map.end(), model.begin(), model.end(),
                 [](const auto& a, const auto& b) { return a.first == b.first && a.second == b.second; }));
}

TEST(sorted_map, holds_values_that_cannot_be_copied) {
  sorted_map<int, std::unique_ptr<int>> map;
  for (int i = 0; i < 1000; ++i)
    map = std::move(map).insert_or_assign(i * 7 % 1000, std::make_unique<int>(i * 7 % 1000));
  const auto held = map;
  for (int i = 0; i < 1000; i += 2) map = std::move(map).erase(i);
  ASSERT_EQ(held.size(), 1000u);
  for (const auto& [key, value] : held) ASSERT_EQ(key, *value);
  EXPECT_EQ(map.size(), 500u);
  EXPECT_EQ(broken_invariant(map), "");
}

TEST(sorted_map, lets_go_of_what_is_replaced_or_erased) {
  sorted_map<int, std::shared_ptr<int>> inline_map;
  sorted_map<int, std::pair<std::shared_ptr<int>, std::string>>
      cell_map;  // copying may throw: stands in cells
  std::vector<std::weak_ptr<int>> old;
  const auto fresh = [&] {
    auto p = std::make_shared<int>(1);
    old.push_back(p);
    return p;
  };
  for (int i = 0; i < 1000; ++i) {
    inline_map = std::move(inline_map).insert_or_assign(i, fresh());
    cell_map = std::move(cell_map).insert_or_assign(i, {fresh(), "x"});
  }
  for (int i = 0; i < 1000; ++i) {
    if (i % 2 != 0) {
      inline_map = std::move(inline_map).erase(i);
      cell_map = std::move(cell_map).erase(i);
    } else {
      inline_map = std::move(inline_map).insert_or_assign(i, nullptr);
      cell_map = std::move(cell_map).insert_or_assign(i, {nullptr, "y"});
    }
  }
  EXPECT_TRUE(std::ranges::all_of(old, [](const auto& w) { return w.expired(); }));
}

TEST(sorted_map, edits_in_place_once_no_copy_is_left) {
  sorted_map<bytes, bytes> map;
  for (int i = 0; i < 1000; ++i) map = std::move(map).insert_or_assign(std::to_string(i), "v");
  const auto address = [&] { return map.find("500")->data(); };
  const char* before = address();
  map = std::move(map).insert_or_assign("500", "w");
  EXPECT_EQ(address(), before);
  {
    const auto copy = map;
    map = std::move(map).insert_or_assign("500", "x");
    EXPECT_NE(address(), before);
    EXPECT_EQ(copy.find("500")->data(), before);
    EXPECT_EQ(*copy.find("500"), "w");
  }
  before = address();
  map = std::move(map).insert_or_assign("500", "y");
  EXPECT_EQ(address(), before);
}

TEST(sorted_map, builder_refuses_keys_that_do_not_ascend_and_stays_as_it_was) {
  sorted_map<bytes, bytes>::builder build;
  build.append("b", "1");
  for (const char* key : {"a", "b", ""}) {
    try {
      build.append(key, "2");
      ADD_FAILURE() << key;
    } catch (const error& e) {
      EXPECT_EQ(e.category(), error_category::incorrect);
    }
  }
  build.append("c", "3");
  const auto map = std::move(build).finish();
  EXPECT_EQ(map.size(), 2u);
  EXPECT_EQ(map.find("b"), bytes_view{"1"});
}

TEST(sorted_map, works_with_the_ranges_of_the_standard_library) {
  sorted_map<bytes, bytes> map;
  for (int i = 0; i < 300; ++i) map = std::move(map).insert_or_assign(std::to_string(i), "v");
  std::vector<std::string> backwards;
  for (const auto& [key, value] : map | std::views::reverse | std::views::take(3))
    backwards.emplace_back(key);
  EXPECT_EQ(backwards, (std::vector<std::string>{"99", "98", "97"}));
  EXPECT_EQ((*map.rbegin()).first, "99");
  EXPECT_EQ(std::ranges::distance(map), 300);
}

// -- sets, and probes that know a part of the key

struct by_eav {
  using is_transparent = void;
  bool operator()(const std::pair<int, int>& a, const std::pair<int, int>& b) const noexcept { return a < b; }
  bool operator()(const std::pair<int, int>& a, int first) const noexcept { return a.first < first; }
  bool operator()(int first, const std::pair<int, int>& b) const noexcept { return first < b.first; }
};

TEST(sorted_set, a_partial_probe_bounds_all_keys_that_equal_it) {
  sorted_set<std::pair<int, int>, by_eav> set;
  for (int i = 0; i < 20; ++i) {
    for (int j = 0; j < 300; ++j) set = std::move(set).insert({i * 2, j * 7 % 300});
  }
  ASSERT_EQ(set.size(), 6000u);
  ASSERT_EQ(broken_invariant(set), "");
  for (int i = -1; i < 41; ++i) {
    const bool there = i >= 0 && i < 40 && i % 2 == 0;
    const auto low = set.lower_bound(i), high = set.upper_bound(i);
    ASSERT_EQ(set.rank(high) - set.rank(low), there ? 300u : 0u) << i;
    ASSERT_EQ(set.contains(i), there);
    if (there) {
      ASSERT_EQ(*low, (std::pair{i, 0}));
      ASSERT_EQ(set.lower_bound(i, set.begin()), low);
      ASSERT_EQ(set.upper_bound(i, low), high);
      ASSERT_EQ(*set.find(i), (std::pair{i, 0}));
    }
    const auto in = [](int first) { return first >= 0 && first < 40 && first % 2 == 0 ? 300u : 0u; };
    ASSERT_EQ(set.count_range(i, i + 3), in(i) + in(i + 1) + in(i + 2)) << i;
  }
}

TEST(sorted_set, erases_many_as_one_by_one_and_leaves_copies_alone) {
  const auto check = [](auto set, auto make, std::uint64_t start) {
    rng r{start};
    using key = decltype(make(r));
    std::set<key> model;
    for (int round = 0; round < test::rounds(60, 600); ++round) {
      for (int i = 0; i < 400; ++i) {
        const key k = make(r);
        set = std::move(set).insert(k), model.insert(k);
      }
      std::vector<key> gone;  // some in a row, some apart, some that are not there
      std::size_t n = 0;
      const auto from = r() % (model.size() + 1), to = from + r() % 600;
      for (const key& k : model) {
        if ((n >= from && n < to) || r() % 50 == 0) gone.push_back(k);
        ++n;
      }
      for (int i = 0; i < 30; ++i) gone.push_back(make(r));
      std::sort(gone.begin(), gone.end());
      gone.erase(std::unique(gone.begin(), gone.end()), gone.end());
      const auto before = set;
      const std::set<key> had = model;
      set = std::move(set).erase_ascending(gone);
      for (const key& k : gone) model.erase(k);
      ASSERT_EQ(broken_invariant(set), "") << start;
      ASSERT_TRUE(std::equal(set.begin(), set.end(), model.begin(), model.end())) << start;
      ASSERT_EQ(broken_invariant(before), "");
      ASSERT_TRUE(std::equal(before.begin(), before.end(), had.begin(), had.end())) << start;
    }
    std::vector<key> all(model.begin(), model.end());
    EXPECT_TRUE(std::move(set).erase_ascending(all).empty());
  };
  for (std::uint64_t start = 0; start < 4; ++start) {
    check(
        sorted_set<int>{}, [](rng& r) { return static_cast<int>(r() % 9000); }, start);
    check(
        sorted_set<bytes>{}, [](rng& r) { return bytes{some_text(r)}; }, start);
    check(
        sorted_set<std::string>{}, [](rng& r) { return some_text(r); }, start);
  }
}

/// A key with a prefix that tells some apart.
struct prefixed {
  int n;
  friend auto operator<=>(const prefixed&, const prefixed&) = default;
};

}  // namespace sorted_map_test

template <>
struct datolite::sort_prefix<sorted_map_test::prefixed, std::less<>> {
  static std::uint64_t of(sorted_map_test::prefixed key) noexcept {
    return static_cast<std::uint64_t>(key.n / 8);
  }
  static constexpr bool exact = false;
};

namespace sorted_map_test {

TEST(sorted_set, inserts_many_as_one_by_one_and_leaves_copies_alone) {
  const auto check = [](auto set, auto make, std::uint64_t start) {
    rng r{start};
    using key = std::remove_cvref_t<decltype(*set.begin())>;
    std::set<key> model;
    for (int round = 0; round < test::rounds(60, 600); ++round) {
      std::set<key> more;  // some apart, some in a row, some that are there; often behind all
      for (auto n = r() % 30; n > 0; --n) more.insert(make(static_cast<int>(r() % 9000)));
      for (auto row = r() % 4; row > 0; --row) {
        const auto from = static_cast<int>(r() % 12'000 + (row == 1 ? 20 * round : 0));
        const auto step = static_cast<int>(1 + r() % 2);
        for (auto n = static_cast<int>(r() % 300); n > 0; --n) more.insert(make(from + step * n));
      }
      const auto before = set;
      const std::set<key> had = model;
      std::vector<key> keys(more.begin(), more.end());
      set = std::move(set).insert_ascending(keys);
      model.insert(more.begin(), more.end());
      ASSERT_EQ(broken_invariant(set), "") << start;
      ASSERT_TRUE(std::equal(set.begin(), set.end(), model.begin(), model.end())) << start;
      for (const key& k : more) ASSERT_TRUE(set.contains(k)) << start;
      ASSERT_EQ(broken_invariant(before), "");
      ASSERT_TRUE(std::equal(before.begin(), before.end(), had.begin(), had.end())) << start;
      if (r() % 20 == 0) set = {}, model.clear();
    }
  };
  for (std::uint64_t start = 0; start < 4; ++start) {
    check(
        sorted_set<int>{}, [](int n) { return n; }, start);
    check(
        sorted_set<prefixed>{}, [](int n) { return prefixed{n}; }, start);
  }
}

TEST(sorted_set, erases_whole_leaves_wherever_they_stand) {
  sorted_set<int> all;
  for (int i = 0; i < 10'000; ++i) all = std::move(all).insert(i);
  for (int first = 0; first < 10'000; first += 64) {
    for (const int n : {64, 128, 192}) {
      std::vector<int> gone(static_cast<std::size_t>(n));
      std::iota(gone.begin(), gone.end(), first);
      const auto left = sorted_set<int>{all}.erase_ascending(gone);
      ASSERT_EQ(broken_invariant(left), "") << first << ' ' << n;
      ASSERT_EQ(left.size(), all.size() - static_cast<std::size_t>(std::min(n, 10'000 - first)));
      ASSERT_FALSE(left.contains(first));
    }
  }
}

TEST(sorted_set, of_bytes_shows_views) {
  const auto set = sorted_set<bytes>{}.insert("b").insert("a").insert("b");
  EXPECT_EQ(set.size(), 2u);
  EXPECT_EQ(*set.begin(), bytes_view{"a"});
  EXPECT_EQ(set.find("b"), bytes_view{"b"});
  EXPECT_EQ(set.erase("a").size(), 1u);
}

// -- threads

TEST(sorted_map, may_be_copied_and_read_by_many_threads_while_each_edits_its_own_copy) {
  sorted_map<bytes, bytes> shared;
  for (int i = 0; i < 3000; ++i)
    shared = std::move(shared).insert_or_assign(std::to_string(i), std::to_string(i));
  const auto& original = shared;
  std::vector<std::thread> threads;
  std::array<int, 4> wrong{};
  for (std::size_t id = 0; id < wrong.size(); ++id) {
    threads.emplace_back([&original, id, &bad = wrong[id]] {
      rng r{seed + id};
      for (int round = 0; round < 8; ++round) {
        auto mine = original;
        for (int i = 0; i < 300; ++i) {
          const std::string key = std::to_string(r() % 4000);
          mine = r() % 3 != 0 ? std::move(mine).insert_or_assign(key, "mine") : std::move(mine).erase(key);
          const auto copy = mine;
          bad += copy.size() != mine.size() ? 1 : 0;
        }
        for (const auto& [key, value] : original) bad += key != value ? 1 : 0;
        bad += broken_invariant(mine).empty() ? 0 : 1;
      }
    });
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(wrong, (std::array<int, 4>{}));
  EXPECT_EQ(broken_invariant(shared), "");
}

}  // namespace sorted_map_test
