#include <datolite/core/encode.hpp>

#include <datolite/core/big_number.hpp>
#include <datolite/core/edn.hpp>

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "support/doc_table.hpp"
#include "support/value_printing.hpp"

namespace encode_test {

using namespace datolite;
using namespace datolite::literals;
using namespace std::string_literals;

std::string hex(bytes_view raw) {
  std::string out;
  detail::print_hex(out, raw);
  return out;
}

bytes unhex(std::string_view text) { return detail::parse_hex(text).value(); }

void expect_corrupt(bytes_view encoded) {
  bytes_view in = encoded;
  try {
    const value v = decode_value(in);
    ADD_FAILURE() << hex(encoded) << " was taken for " << to_edn(v);
  } catch (const error& e) {
    EXPECT_EQ(e.category(), error_category::corrupt) << hex(encoded);
  }
}

TEST(encoding, is_that_of_the_documents_vectors) {
  const auto rows = test::doc_table(DATOLITE_DOCS "/encoding.md");
  ASSERT_GE(rows.size(), 50u);
  bytes last;
  for (const auto& row : rows) {
    const value v = read_edn(row.at(0));
    EXPECT_EQ(hex(encode_value(v)), row.at(1)) << row[0];
    const bytes encoded = unhex(row[1]);
    bytes_view in = encoded;
    EXPECT_EQ(decode_value(in), v);
    EXPECT_TRUE(in.empty());
    EXPECT_LT(last, encoded) << row[0];
    last = encoded;
  }
}

TEST(encoding, of_a_prefix_finds_texts_with_that_prefix_and_nothing_else) {
  const std::vector<std::string> texts{"", "a", "a\0"s, "a\0b"s, "a\1"s, "ab", "a\xFF"s, "b"};
  for (const std::string& start : texts) {
    const bytes prefix = encode_text_prefix(kind::string, start);
    for (const std::string& text : texts) {
      EXPECT_EQ(encode_value(value{text}).starts_with(prefix), text.starts_with(start))
          << hex(start) << " " << hex(text);
    }
  }
}

TEST(encoding, refuses_nan_wherever_it_stands) {
  for (const value& v : {"##NaN"_edn, "#datolite/float ##NaN"_edn, "[1 [##NaN]]"_edn}) {
    try {
      encode_value(v);
      FAIL();
    } catch (const error& e) {
      EXPECT_EQ(e.code(), "db.error/nan");
      EXPECT_EQ(e.category(), error_category::incorrect);
    }
  }
}

TEST(encoding, nests_512_deep_and_no_deeper) {
  value v = value::vector({});
  for (int depth = 1; depth < 512; ++depth)
    v = depth % 2 == 0 ? value::vector({v}) : value::tagged(value::symbol("t"), v);
  const bytes encoded = encode_value(v);
  bytes_view in = encoded;
  EXPECT_EQ(decode_value(in), v);
  EXPECT_THROW(encode_value(value::list({v})), error);
  expect_corrupt("\x98" + encoded + "\0"s);
  expect_corrupt(std::string(1'000'000, '\x90'));
  bytes_view deep = in = encoded;
  EXPECT_EQ(take_encoded(deep), encoded);
  const std::string hostile(1'000'000, '\x90');
  bytes_view all = hostile;
  EXPECT_THROW(take_encoded(all), error);
}

TEST(encoding, refuses_bytes_that_no_value_encodes_to) {
  const char* const bad[] = {
      "",  // nothing
      "00",
      "01",
      "07",
      "ff",  // no tag
      "09",
      "12",
      "19",
      "b8",  // between the tags, and beyond
      "18800000",
      "6000",
      "8800",  // too short
      "4061",
      "406100",
      "40610002",
      "4000",  // a text without an end
      "20",
      "2081",
      "208100",
      "207f",
      "207eff",
      "20f9",
      "2006",  // no bigint
      "20f80000000101",
      "20f8ffffffff01",  // a size in the wrong form, one of 4 GiB
      "287fffffff",
      "307fffffffffffffff",  // -0.0
      "30fff8000000000000",
      "28ffc00000",
      "2800000000",  // NaN
      "3804",
      "38028000",
      "3803800000010b0080",                        // no bigdec, and two cut short
      "3803800000010080000000",                    // … without digits
      "380380000001660080000000",                  // … with a pair above 99
      "380380000001020080000000",                  // … with a leading zero
      "3803800000010b010080000000",                // … with a trailing pair of zeros
      "3803800000010c007fffffff",                  // … whose scale is too small for its digits
      "3803ffffffff0b0080000000",                  // … of two billion digits
      "a018800000000000000218800000000000000100",  // a set out of order
      "a018800000000000000118800000000000000100",  // a set with an element twice
      "a80800",
      "a8",
      "a808",          // a key without a value, a map without its end
      "a80808080800",  // a map with a key twice
      "b050780001",
      "b05078000100",
      "b0",  // a tag without its form
  };
  for (const char* text : bad) expect_corrupt(unhex(text));
}

TEST(encoding, keeps_the_order_of_bare_integers) {
  using longs = std::numeric_limits<std::int64_t>;
  bytes last;
  for (const std::int64_t n : {longs::min(), std::int64_t{-256}, std::int64_t{-1}, std::int64_t{0},
                               std::int64_t{255}, std::int64_t{256}, longs::max()}) {
    bytes out;
    append_i64(out, n);
    EXPECT_LT(last, out);
    bytes_view in = out;
    EXPECT_EQ(take_i64(in), n);
    EXPECT_TRUE(in.empty());
    last = out;
  }
  bytes out;
  append_u8(out, 200), append_u32(out, 0xDEADBEEF), append_u64(out, ~std::uint64_t{1});
  EXPECT_EQ(hex(out), "c8deadbeeffffffffffffffffe");
  bytes_view in = out;
  EXPECT_EQ(take_u8(in), 200);
  EXPECT_EQ(take_u32(in), 0xDEADBEEF);
  EXPECT_EQ(take_u64(in), ~std::uint64_t{1});
  EXPECT_THROW(take_u8(in), error);
  EXPECT_THROW(take_u64(in), error);
}

TEST(encoding, of_a_long_text_and_a_large_vector_is_exact) {
  const value text{std::string(1'000'000, '\0')};
  const bytes encoded = encode_value(text);
  EXPECT_EQ(encoded.size(), 1 + 2'000'000u + 2);
  bytes_view in = encoded;
  EXPECT_EQ(decode_value(in), text);
  const std::vector<value> many(100'000, value{"an element that does not stand inline"});
  const value vector = value::vector(many);
  const bytes long_encoded = encode_value(vector);
  in = long_encoded;
  EXPECT_EQ(decode_value(in), vector);
}

}  // namespace encode_test
