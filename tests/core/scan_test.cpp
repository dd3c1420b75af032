#include <datolite/core/scan.hpp>

#include <datolite/core/explain.hpp>

#include <gtest/gtest.h>
#include <algorithm>
#include <map>
#include <range/v3/range/concepts.hpp>
#include <range/v3/range/conversion.hpp>
#include <range/v3/view/take.hpp>
#include <range/v3/view/transform.hpp>
#include <ranges>
#include <string>
#include <vector>

namespace scan_test {

using namespace datolite;
using contents = std::map<bytes, bytes, std::less<>>;

/// The plainest Iterator there is, straight from the laws.
class map_iterator {
 public:
  map_iterator(const contents& all, const bounds& b) {
    for (const auto& [key, value] : all) {
      if (b.contains(key)) shown_.emplace_back(key, value);
    }
    at_ = shown_.size();
  }
  void seek(bytes_view k) {
    at_ = first([&](bytes_view key) { return key >= k; });
  }
  void seek_for_prev(bytes_view k) {
    at_ = first([&](bytes_view key) { return key > k; });
    at_ = at_ == 0 ? shown_.size() : at_ - 1;
  }
  void seek_first() { at_ = 0; }
  void seek_last() { at_ = shown_.empty() ? 0 : shown_.size() - 1; }
  void next() { ++at_; }
  void prev() { at_ = at_ == 0 ? shown_.size() : at_ - 1; }
  bool valid() const { return at_ < shown_.size(); }
  bytes_view key() const { return shown_[at_].first; }
  bytes_view value() const { return shown_[at_].second; }

 private:
  template <class P>
  std::size_t first(P p) const {
    return static_cast<std::size_t>(
        std::find_if(shown_.begin(), shown_.end(), [&](const auto& kv) { return p(kv.first); }) -
        shown_.begin());
  }
  std::vector<std::pair<bytes, bytes>> shown_;
  std::size_t at_;
};

struct map_reader {
  contents all;
  std::optional<pinned_view> get(bytes_view key) const {
    const auto found = all.find(key);
    return found == all.end() ? std::nullopt : std::optional{pinned_view{found->second}};
  }
  map_iterator open_iterator(const bounds& b) const { return {all, b}; }
};

static_assert(explain_iterator<map_iterator>());
static_assert(explain_reader<map_reader>());

using forward = scan_range<map_iterator>;
using backward = scan_range<map_iterator, scan_direction::descending>;
static_assert(std::ranges::input_range<forward> && std::ranges::input_range<backward>);
static_assert(std::ranges::input_range<const forward> == false, "begin() moves the iterator inside");
static_assert(ranges::input_range<forward> && ranges::input_range<backward>);

const map_reader docs{{{"a", "0"}, {"doc-1", "x"}, {"doc-2", ""}, {"doc-3", "z"}, {"e", "9"}}};

TEST(scan, shows_every_pair_in_ascending_order) {
  std::vector<std::pair<bytes, bytes>> seen;
  for (auto [key, value] : scan(docs)) seen.emplace_back(key, value);
  EXPECT_EQ(seen, (std::vector<std::pair<bytes, bytes>>{docs.all.begin(), docs.all.end()}));
}

TEST(scan, honours_bounds_in_both_directions) {
  bytes seen;
  for (auto [key, value] : scan(docs, prefix("doc-"))) seen += key.back();
  EXPECT_EQ(seen, "123");
  seen.clear();
  for (auto [key, value] : scan_reverse(docs, prefix("doc-"))) seen += key.back();
  EXPECT_EQ(seen, "321");
}

TEST(scan, of_an_empty_interval_is_empty) {
  auto none = scan(docs, between("b", "c"));
  EXPECT_EQ(none.begin(), none.end());
  auto crossed = scan_reverse(docs, between("z", "a"));
  EXPECT_EQ(crossed.begin(), crossed.end());
}

TEST(scan, starts_over_at_begin) {
  auto all = scan(docs);
  EXPECT_EQ(std::ranges::distance(all), 5);
  EXPECT_EQ(std::ranges::distance(all), 5);
}

TEST(scan, is_taken_by_the_standard_ranges) {
  auto all = scan(docs);
  const auto found = std::ranges::find(all, "doc-2", &key_value::key);
  ASSERT_NE(found, all.end());
  EXPECT_EQ((*found).value, "");
  bytes seen;
  const auto key_of = [](key_value kv) {
    return kv.key;
  };  // a member pointer would dangle: pairs are temporaries
  for (bytes_view key : scan(docs) | std::views::transform(key_of) | std::views::take(2)) seen += key;
  EXPECT_EQ(seen, "adoc-1");
}

TEST(scan, is_taken_by_range_v3) {
  auto all = scan(docs, from("doc-"));
  const auto keys = all | ranges::views::transform([](key_value kv) { return bytes{kv.key}; }) |
                    ranges::views::take(3) | ranges::to<std::vector>();
  EXPECT_EQ(keys, (std::vector<bytes>{"doc-1", "doc-2", "doc-3"}));
}

}  // namespace scan_test
