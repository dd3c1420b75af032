// Many values at once are what they would be one by one: the same texts, held as long as anybody holds them.
// (That nothing is freed too early, or never, is what the address sanitizer sees here.)
#include <datolite/core/value_batch.hpp>

#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <datolite/core/value_order.hpp>
#include <support/effort.hpp>

namespace value_batch_test {

using namespace datolite;

std::string some_text(std::mt19937_64& random) {
  std::string made(random() % 40, ' ');
  for (char& c : made) c = static_cast<char>('a' + random() % 26);
  return made;
}

value some_value(std::mt19937_64& random) {
  switch (random() % 5) {
    case 0: return value{static_cast<std::int64_t>(random())};
    case 1: return value{};
    case 2: return value::vector({value{some_text(random)}, value{1}});
    default: return value{some_text(random)};
  }
}

/// Copies of `from` and parts of `whole`, made by one writer, and what each says, made by itself.
std::pair<std::vector<value>, std::vector<value>> some_batch(std::mt19937_64& random,
                                                             std::span<const value> from,
                                                             std::span<const value> wholes) {
  std::vector<value> made(random() % 50), alone(made.size());
  value_batch_writer by;
  for (std::size_t i = 0; i < made.size(); ++i) {
    const value& whole = wholes[random() % wholes.size()];
    if (random() % 2 == 0) {
      const std::size_t at = random() % 100;
      by.part(&made[i], whole, kind::string, at, 15 + at);
      alone[i] = value{whole.raw().substr(at, 15 + at)};
    } else {
      const value& other = from[random() % from.size()];
      by.copy(&made[i], other);
      alone[i] = other.is_text() ? value::from_raw(other.kind(), other.raw()) : other;
    }
  }
  return {std::move(made), std::move(alone)};
}

TEST(ValueBatch, IsWhatItsValuesAreOneByOne) {
  for (int round = 0; round < test::rounds(400, 4000); ++round) {
    std::mt19937_64 random{static_cast<std::uint64_t>(round)};
    std::vector<value> from, wholes;
    for (int i = 0; i < 8; ++i) from.push_back(some_value(random));
    for (int i = 0; i < 2; ++i) wholes.emplace_back(std::string(300, static_cast<char>('a' + random() % 26)));
    std::vector<std::pair<std::vector<value>, std::vector<value>>> batches;
    for (int i = 0; i < 6; ++i) batches.push_back(some_batch(random, from, wholes));
    from.clear(), wholes.clear();
    for (const auto& [is, should_be] : batches) ASSERT_EQ(is, should_be) << round;
    for (; !batches.empty(); batches.pop_back()) {
      auto& [made, alone] = batches[random() % batches.size()];
      std::vector<value> some;  // who is left keeps what it says alive
      for (const value& v : made) {
        if (random() % 4 == 0) some.push_back(v);
      }
      drop_values(made);
      ASSERT_TRUE(made.empty());
      made = alone = some;
      for (const auto& [is, should_be] : batches) ASSERT_EQ(is, should_be) << round;
    }
  }
}

}  // namespace value_batch_test
