#include <datolite/core/value.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

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

TEST(value, finds_a_keyword_in_a_map) {
  const std::vector<value> flat{"a"_kw, 1, "b"_kw, "x"};
  const value m = value::from_ordered(kind::map, flat);
  ASSERT_NE(find_keyword(m, "b"), nullptr);
  EXPECT_EQ(find_keyword(m, "b")->as_string(), "x");
  EXPECT_EQ(find_keyword(m, "c"), nullptr);
}

}  // namespace value_test
