// Positions sorted by words, against a stable sort by their keys.
#include "support.hpp"

#include <datolite/datoms/word_order.hpp>

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>

namespace word_order_test {

using namespace datolite_test;
using datoms::worded;

constexpr std::size_t sizes[] = {0,   1,   2,   17,
                                 255, 256, 257, 3000};  // around the size from which digits count

TEST(WordOrder, WordsAreSortedStably) {
  std::mt19937_64 random{1};
  for (const std::size_t n : sizes) {
    for (const std::uint64_t mask : {std::uint64_t{0}, std::uint64_t{7}, std::uint64_t{0x1FF} << 30,
                                     std::uint64_t{0xFF} << 56 | 3, ~std::uint64_t{0}}) {
      std::vector<worded> all(n);
      for (std::size_t i = 0; i < n; ++i) all[i] = {random() & mask, static_cast<std::uint32_t>(i)};
      std::vector<worded> expected = all;
      std::stable_sort(expected.begin(), expected.end(), [](auto& x, auto& y) { return x.word < y.word; });
      datoms::sort_by_word(all);
      for (std::size_t i = 0; i < n; ++i) {
        ASSERT_EQ(all[i].word, expected[i].word) << n << ", mask " << mask;
        ASSERT_EQ(all[i].at, expected[i].at) << n << ", mask " << mask;
      }
    }
  }
}

std::vector<value> values_of(int which, std::mt19937_64& random, std::size_t n) {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  const double doubles[] = {-infinite,
                            -1e300,
                            -1.5,
                            -1e-300,
                            0.0,
                            1e-300,
                            2.5,
                            1e300,
                            infinite,
                            std::numeric_limits<double>::quiet_NaN(),
                            -std::numeric_limits<double>::quiet_NaN()};
  const auto text = [&] {  // many with the same eight bytes, some with zeros behind them
    std::string made(random() % 10, 'a');
    for (std::size_t left = random() % 3; left > 0; --left) made += static_cast<char>(random() % 3 * 100);
    return made;
  };
  std::vector<value> all;
  while (all.size() < n) {
    switch (which == 6 ? random() % 6 : static_cast<std::uint64_t>(which)) {
      case 0: all.push_back(value{static_cast<std::int64_t>(random())}); break;
      case 1: all.push_back(value::ref(static_cast<std::int64_t>(random() % 50))); break;
      case 2: all.push_back(value{text()}); break;
      case 3: all.push_back(value{doubles[random() % std::size(doubles)]}); break;
      case 4: all.push_back(value{static_cast<float>(doubles[random() % std::size(doubles)])}); break;
      default: all.push_back(value::vector({value{static_cast<std::int64_t>(random() % 9)}, value{text()}}));
    }
  }
  return all;
}

TEST(WordOrder, ValuesAreSortedAsTheyAreStored) {
  std::mt19937_64 random{2};
  for (const std::size_t n : sizes) {
    for (int which = 0; which <= 6; ++which) {
      const std::vector<value> values = values_of(which, random, n);
      std::vector<std::uint32_t> positions(n);
      std::iota(positions.begin(), positions.end(), 0u);
      std::vector<std::uint32_t> expected = positions;
      std::stable_sort(expected.begin(), expected.end(),
                       [&](auto x, auto y) { return stored_order(values[x], values[y]) < 0; });
      datoms::sort_by_value(positions, [&](std::uint32_t i) -> const value& { return values[i]; });
      ASSERT_EQ(positions, expected) << n << " values of sort " << which;
    }
  }
}

TEST(WordOrder, AttributesComeBeforeValues) {
  std::mt19937_64 random{3};
  for (const std::size_t n : sizes) {
    const std::vector<value> values = values_of(2, random, n);
    std::vector<attribute_id> attributes(n);
    for (attribute_id& one : attributes) one = static_cast<attribute_id>(random() % 5 * 300);
    std::vector<std::uint32_t> positions(n);
    std::iota(positions.begin(), positions.end(), 0u);
    std::vector<std::uint32_t> expected = positions;
    std::stable_sort(expected.begin(), expected.end(), [&](auto x, auto y) {
      if (attributes[x] != attributes[y]) return attributes[x] < attributes[y];
      return stored_order(values[x], values[y]) < 0;
    });
    datoms::sort_by_attribute_and_value(
        positions, [&](std::uint32_t i) { return attributes[i]; },
        [&](std::uint32_t i) -> const value& { return values[i]; });
    ASSERT_EQ(positions, expected) << n;
  }
}

}  // namespace word_order_test
