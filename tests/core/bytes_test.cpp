#include <datolite/core/bytes.hpp>

#include <datolite/core/bounds.hpp>

#include <gtest/gtest.h>

#include <string>

namespace bytes_test {

using namespace datolite;
using namespace std::string_literals;

TEST(prefix_successor, is_the_least_string_above_all_with_the_prefix) {
  EXPECT_EQ(prefix_successor("doc-"), "doc.");
  EXPECT_EQ(prefix_successor("a\xFF\xFF"), "b");
  EXPECT_EQ(prefix_successor("\0"s), "\x01"s);
}

TEST(prefix_successor, of_nothing_or_all_ones_is_the_end) {
  EXPECT_EQ(prefix_successor(""), "");
  EXPECT_EQ(prefix_successor("\xFF\xFF"), "");
}

TEST(bounds, order_is_unsigned) {
  EXPECT_TRUE(from("\x7F").contains("\x80"));
  EXPECT_FALSE(until("\x80").contains("\xFF"));
}

TEST(bounds, prefix_holds_exactly_what_starts_with_it) {
  const bounds b = prefix("ab");
  EXPECT_TRUE(b.contains("ab"));
  EXPECT_TRUE(b.contains("ab\xFF\xFF"));
  EXPECT_FALSE(b.contains("aa\xFF"));
  EXPECT_FALSE(b.contains("ac"));
  EXPECT_TRUE(prefix("\xFF").contains("\xFF\xFF"));
}

}  // namespace bytes_test
