#include <datolite/core/value.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <datolite/core/value_order.hpp>

namespace value_test {

using namespace datolite;
using namespace datolite::literals;

TEST(value, short_and_long_texts_read_back) {
  for (std::size_t n : {0, 1, 13, 14, 15, 16, 1000}) {
    const std::string text(n, 'x');
    const value made{text};
    const value copied = made;
    EXPECT_EQ(copied.as_string(), text);
  }
}

TEST(value, a_wrong_kind_is_named) {
  try {
    value{1.5}.as_long();
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), "db.error/wrong-type");
    EXPECT_EQ(e.message(), "expected a long, found a double");
  }
}

TEST(value, a_chain_of_a_million_collections_dies_without_recursion) {
  value chain;
  for (int i = 0; i < 1'000'000; ++i) chain = value::vector({1, chain, "a text too long to stand inline"});
  const value shared = chain;
  chain = value{};
  EXPECT_EQ(shared.elements().size(), 3u);
}

TEST(value, a_part_of_a_text_says_what_stands_there_in_its_own_kind) {
  std::mt19937_64 random{3};
  const kind kinds[] = {kind::string, kind::keyword, kind::uri, kind::bytes};
  for (const std::size_t size : {0, 14, 15, 40, 70'000, 200'000}) {
    std::string text(size, ' ');
    for (char& c : text) c = static_cast<char>('a' + random() % 26);
    value whole{text};
    std::vector<std::pair<value, std::string>> parts{{whole, text}};
    const auto add = [&](const value& of, const std::string& says, std::size_t from, std::size_t n) {
      parts.emplace_back(of.part(kinds[random() % 4], from, n), says.substr(from, n));
    };
    for (const std::size_t n : {0, 14, 15, 0xFFFF, 0x10000}) {
      if (n <= size) add(whole, text, size - n, n);
    }
    for (int i = 0; i < 50; ++i) {
      const auto [of, says] = parts[random() % parts.size()];  // a part of a part too
      const std::size_t from = random() % (says.size() + 1);
      add(of, says, from, random() % (says.size() - from + 1));
    }
    whole = value{};
    std::shuffle(parts.begin(), parts.end(), random);
    while (!parts.empty()) {
      for (const auto& [part, says] : parts) {
        ASSERT_EQ(part.raw(), says);
        const value alone = value::from_raw(part.kind(), says);
        ASSERT_EQ(part, alone);
        ASSERT_TRUE(stored_order(part, alone) == 0);
        ASSERT_TRUE(part.elements().empty());
      }
      parts.resize(parts.size() / 2);  // who is left keeps the text alive
    }
  }
}

TEST(value, a_part_of_a_text_is_no_copy_unless_it_is_too_short_or_too_long) {
  const value whole{std::string(100'000, 'x')};
  const auto stands_inside = [&](const value& part) {
    return part.raw().data() >= whole.raw().data() && part.raw().data() < whole.raw().data() + 100'000;
  };
  EXPECT_TRUE(stands_inside(whole.part(kind::string, 1, 15)));
  EXPECT_TRUE(stands_inside(whole.part(kind::string, 1, 0xFFFF)));
  EXPECT_FALSE(stands_inside(whole.part(kind::string, 1, 14)));
  EXPECT_FALSE(stands_inside(whole.part(kind::string, 1, 0x10000)));
}

TEST(value, finds_a_keyword_in_a_map) {
  const std::vector<value> flat{"a"_kw, 1, "b"_kw, "x"};
  const value m = value::from_ordered(kind::map, flat);
  ASSERT_NE(find_keyword(m, "b"), nullptr);
  EXPECT_EQ(find_keyword(m, "b")->as_string(), "x");
  EXPECT_EQ(find_keyword(m, "c"), nullptr);
}

}  // namespace value_test
