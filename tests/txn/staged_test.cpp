#include <datolite/txn/staged.hpp>

#include <datolite/core/any_storage.hpp>
#include <datolite/core/scan.hpp>
#include <datolite/engines/faulty.hpp>
#include <datolite/engines/memory.hpp>
#include <datolite/engines/traced.hpp>

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace staged_test {

using namespace datolite;
using counted = engines::traced<engines::memory>;

/// A handle that can be copied: what stands below is shared with the test.
struct shared_store {
  static constexpr bool zero_copy = false;
  static constexpr bool multi_process = false;
  std::shared_ptr<counted> at = std::make_shared<counted>(engines::memory{});

  auto get(bytes_view key) const { return at->get(key); }
  auto open_iterator(const bounds& b) const { return at->open_iterator(b); }
  auto snapshot() const { return at->snapshot(); }
  auto synctag() const { return at->synctag(); }
  auto commit(std::span<const change> c, const demands& d = {}) { return at->commit(c, d); }
  void close() { at->close(); }
  auto durability() const { return at->durability(); }
  auto min_key_size() const { return at->min_key_size(); }
  auto max_key_size() const { return at->max_key_size(); }
  auto preferred_value_size() const { return at->preferred_value_size(); }
};

static_assert(Storage<staged<shared_store>>);

template <class S>
void write(S& store, bytes_view key, std::optional<bytes_view> v) {
  const change one[] = {{key, v}};
  store.commit(one);
}

template <class R>
std::map<std::string, std::string> contents(const R& reader) {
  std::map<std::string, std::string> all;
  for (auto [k, v] : scan(reader, everything())) all.emplace(k, v);
  return all;
}

TEST(staged, shows_its_commits_and_releases_them_by_one) {
  shared_store below;
  write(below, "kept", "1");
  write(below, "gone", "1");
  staged stage{below};
  below.at->reset();
  write(stage, "new", "2");
  write(stage, "kept", "3");
  write(stage, "gone", std::nullopt);
  EXPECT_EQ(stage.get("kept")->view(), "3");
  EXPECT_FALSE(stage.get("gone"));
  const std::map<std::string, std::string> wanted{{"kept", "3"}, {"new", "2"}};
  EXPECT_EQ(contents(stage.snapshot()), wanted);
  EXPECT_EQ(below.at->counts().commits, 0u);
  EXPECT_EQ(below.get("kept")->view(), "1");
  stage.release();
  EXPECT_EQ(below.at->counts().commits, 1u);
  EXPECT_EQ(contents(below.snapshot()), wanted);
  write(stage, "later", "4");
  stage.release();
  EXPECT_EQ(below.get("later")->view(), "4");
}

TEST(staged, what_was_not_released_never_happened) {
  shared_store below;
  {
    staged stage{below};
    write(stage, "a", "1");
  }
  EXPECT_FALSE(below.get("a"));
}

TEST(staged, a_storage_that_moved_refuses_the_release_and_stays_as_it_is) {
  shared_store below;
  staged stage{below};
  write(stage, "a", "1");
  write(below, "b", "2");
  try {
    stage.release();
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.category(), error_category::conflict);
  }
  EXPECT_EQ(contents(below.snapshot()), (std::map<std::string, std::string>{{"b", "2"}}));
}

TEST(staged, a_release_that_happened_does_not_throw_whatever_the_next_reading_does) {
  any_storage at{engines::memory{}};
  engines::faulty flaky{at};
  const auto faults = flaky.faults();
  staged stage{any_storage{std::move(flaky)}};
  write(stage, "a", "1");
  faults->arm({.at = 1, .operations = engines::fault_on::snapshot, .from_then_on = true});
  stage.release();
  EXPECT_EQ(at.get("a")->view(), "1");
  EXPECT_THROW(stage.get("a"), error);
  faults->disarm();
  EXPECT_EQ(stage.get("a")->view(), "1");
  write(stage, "b", "2");
  stage.release();
  EXPECT_EQ(at.get("b")->view(), "2");
}

TEST(staged, snapshots_and_what_was_found_stay_as_they_were) {
  shared_store below;
  staged stage{below};
  write(stage, "a", "1");
  const auto seen = stage.snapshot();
  const auto found = stage.get("a");
  write(stage, "a", "2");
  EXPECT_EQ(seen.get("a")->view(), "1");
  EXPECT_EQ(found->view(), "1");
}

TEST(staged, closed_it_takes_nothing) {
  shared_store below;
  staged stage{below};
  stage.close();
  EXPECT_THROW(write(stage, "a", "1"), error);
  EXPECT_THROW(stage.release(), error);
}

}  // namespace staged_test
