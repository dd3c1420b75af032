#include <datolite/adapters/json.hpp>

#include <datolite/core/edn.hpp>

#include <gtest/gtest.h>

#include <string>

namespace json_test {

using namespace datolite;

std::string as_json(const char* edn) { return adapters::to_json(read_edn(edn)).dump(); }

TEST(json, scalars) {
  EXPECT_EQ(as_json("nil"), "null");
  EXPECT_EQ(as_json("true"), "true");
  EXPECT_EQ(as_json("-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(as_json("1.5"), "1.5");
  EXPECT_EQ(as_json("##NaN"), "null");
  EXPECT_EQ(as_json("##-Inf"), "null");
  EXPECT_EQ(as_json("\"a\\\"\\n\\u00e9\""), "\"a\\\"\\n\u00e9\"");
  EXPECT_EQ(as_json("12345678901234567890N"), "\"12345678901234567890\"");
  EXPECT_EQ(as_json("1.50M"), "\"1.50\"");
  EXPECT_EQ(adapters::to_json(value::ref(7)).dump(), "7");
}

TEST(json, names_and_moments_are_texts) {
  EXPECT_EQ(as_json(":film/title"), "\":film/title\"");
  EXPECT_EQ(as_json("sym"), "\"sym\"");
  EXPECT_EQ(as_json("#inst \"2020-01-02T03:04:05.006Z\""), "\"2020-01-02T03:04:05.006Z\"");
  EXPECT_EQ(as_json("#uuid \"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\""),
            "\"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\"");
}

TEST(json, collections) {
  EXPECT_EQ(as_json("[1 (2 3) #{4}]"), "[1,[2,3],[4]]");
  EXPECT_EQ(as_json("{:a 1 \"b\" [nil] 3 4}"), as_json("{3 4 \"b\" [nil] :a 1}"));
  EXPECT_EQ(as_json("{:a {\"b\" []}}"), "{\":a\":{\"b\":[]}}");
}

TEST(json, what_is_too_deep_is_refused) {
  value deep{1};
  for (int i = 0; i < 600; ++i) deep = value::vector({deep});
  EXPECT_THROW(adapters::to_json(deep), error);
}

}  // namespace json_test
