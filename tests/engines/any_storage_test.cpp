#include <datolite/core/any_storage.hpp>

#include <datolite/core/explain.hpp>
#include <datolite/engines/memory.hpp>
#include <datolite/laws/storage.hpp>
#include <engines/scratch_engine.hpp>

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace any_storage_test {

using namespace datolite;
namespace laws = datolite::laws;

static_assert(explain_storage<any_storage>());
static_assert(Snapshot<any_snapshot> && std::copyable<any_snapshot> && std::copyable<any_storage>);
static_assert(!std::copy_constructible<any_pinned> && std::is_nothrow_move_constructible_v<any_pinned>);

TEST(any_storage, keeps_every_law_over_the_memory_engine) {
  EXPECT_EQ(laws::check_storage([] { return any_storage{engines::memory{}}; }), laws::report{});
}

TEST(any_storage, keeps_every_law_over_an_engine_from_scratch) {
  EXPECT_EQ(laws::check_storage([] { return any_storage{scratch::engine{}}; }), laws::report{});
}

TEST(any_storage, copies_share_one_storage) {
  any_storage one{engines::memory{}};
  any_storage two = one;
  const change c{"k", "v"};
  const synctag_t state = one.commit({&c, 1});
  EXPECT_EQ(two.get("k")->view(), "v");
  EXPECT_EQ(two.synctag(), state);
  two.close();
  EXPECT_THROW(one.snapshot(), error);
}

TEST(any_storage, tells_what_the_engine_is_at_run_time) {
  const any_storage known{engines::memory{}};
  const any_storage unnamed{scratch::engine{}};
  EXPECT_EQ(known.engine_name(), "memory");
  EXPECT_EQ(unnamed.engine_name(), "storage");
  EXPECT_EQ(known.is_zero_copy(), engines::memory::zero_copy);
  EXPECT_EQ(known.is_multi_process(), engines::memory::multi_process);
  EXPECT_EQ(known.durability(), durability_level::memory);
  EXPECT_EQ(known.max_key_size(), engines::memory{}.max_key_size());
  EXPECT_EQ(known.preferred_value_size(), engines::memory{}.preferred_value_size());
  EXPECT_NE(known.target<engines::memory>(), nullptr);
  EXPECT_EQ(known.target<scratch::engine>(), nullptr);
}

TEST(any_storage, forks_where_the_engine_does_and_says_so_where_not) {
  any_storage one{engines::memory{}};
  any_storage other = one.fork();
  const change c{"k", "v"};
  other.commit({&c, 1});
  EXPECT_FALSE(one.get("k"));
  EXPECT_TRUE(other.get("k"));
  try {
    any_storage{scratch::engine{}}.fork();
    FAIL() << "a fork of what cannot fork";
  } catch (const error& e) {
    EXPECT_EQ(e.category(), error_category::unsupported);
  }
}

TEST(any_storage, bulk_load_is_one_commit_where_the_engine_has_none) {
  any_storage store{scratch::engine{}};
  EXPECT_FALSE(store.is_bulk_loader());
  const change old{"b", "old"};
  store.commit({&old, 1});
  int at = 0;
  const synctag_t loaded = store.bulk_load([&]() -> std::optional<change> {
    static bytes key;  // its views live until the next call, no longer
    if (at == 3) return std::nullopt;
    key = std::string(1, static_cast<char>('a' + at));
    return ++at == 2 ? change{key, std::nullopt} : change{key, key};
  });
  EXPECT_EQ(store.synctag(), loaded);
  EXPECT_EQ(store.get("a")->view(), "a");
  EXPECT_FALSE(store.get("b"));
  EXPECT_EQ(store.get("c")->view(), "c");
}

TEST(any_storage, get_many_is_one_call_of_the_engine) {
  any_storage store{engines::memory{}};
  const change batch[] = {{"a", "1"}, {"c", "3"}};
  store.commit(batch);
  const std::array<bytes_view, 3> keys{"a", "b", "c"};
  const auto found = store.get_many(keys);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0]->view(), "1");
  EXPECT_FALSE(found[1]);
  EXPECT_EQ(found[2]->view(), "3");
}

/// Pinned values of every build: small and large, with bytes outside and inside.
struct counted {
  static inline int living = 0;
  counted() { ++living; }
  counted(const counted&) { ++living; }
  counted(counted&&) noexcept { ++living; }
  counted& operator=(const counted&) = default;
  counted& operator=(counted&&) = default;
  ~counted() { --living; }
};
struct outside {
  std::shared_ptr<bytes> kept;
  counted count;
  bytes_view view() const { return *kept; }
};
struct too_large {
  std::array<char, 200> text{};
  counted count;
  bytes_view view() const { return text.data(); }
};
struct moves_its_bytes {
  std::array<char, 16> text{};
  counted count;
  bytes_view view() const { return text.data(); }
};

template <class P>
void check_any_pinned(P held) {
  {
    any_pinned one{std::move(held)};
    EXPECT_EQ(one.view(), "text");
    any_pinned two{std::move(one)};
    EXPECT_EQ(two.view(), "text");
    any_pinned three{pinned_view{"other"}};
    three = std::move(two);
    EXPECT_EQ(three.view(), "text");
    three = any_pinned{pinned_bytes{"more"}};
    EXPECT_EQ(three.view(), "more");
    std::vector<any_pinned> many;
    for (int i = 0; i < 10; ++i) many.emplace_back(pinned_bytes{std::to_string(i)});
    EXPECT_EQ(many[0].view(), "0");
    EXPECT_EQ(many[9].view(), "9");
  }
}

TEST(any_pinned, shows_the_same_bytes_wherever_it_moves) {
  check_any_pinned(pinned_view{"text"});
  check_any_pinned(pinned_bytes{"text"});
  check_any_pinned(outside{std::make_shared<bytes>("text"), {}});
  check_any_pinned(too_large{{"text"}, {}});
  check_any_pinned(moves_its_bytes{{"text"}, {}});
  EXPECT_EQ(counted::living, 0);
}

}  // namespace any_storage_test
