// Positions sorted by words, against a stable sort by their keys.
#include "support.hpp"

#include <datolite/datoms/word_order.hpp>

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>

namespace word_order_test {

using namespace datolite_test;

constexpr std::size_t sizes[] = {0, 1, 2, 17, 300, 3000};

std::vector<value> values_of(int which, std::mt19937_64& random, std::size_t n) {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  const double doubles[] = {-infinite, -1e300, -1.5, -1e-300, 0.0, 1e-300, 2.5, 1e300, infinite};
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
