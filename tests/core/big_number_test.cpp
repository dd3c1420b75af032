#include <datolite/core/big_number.hpp>

#include <datolite/core/bignum.hpp>
#include <datolite/core/edn.hpp>

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "support/value_printing.hpp"

namespace big_number_test {

using namespace datolite;
using namespace datolite::literals;
using longs = std::numeric_limits<std::int64_t>;

TEST(bigint, reads_and_prints_at_every_size) {
  for (int digits = 1; digits < 600; ++digits) {
    for (const std::string& text : {std::string(static_cast<std::size_t>(digits), '9'),
                                    "1" + std::string(static_cast<std::size_t>(digits), '0')}) {
      EXPECT_EQ(to_decimal_text(parse_bigint(text)), text);
      EXPECT_EQ(to_decimal_text(parse_bigint("-" + text)), "-" + text);
      EXPECT_EQ(to_big_integer(parse_bigint(text)).str(), text);
      EXPECT_EQ(make_bigint(big_integer{"-" + text}), parse_bigint("-" + text));
    }
  }
  EXPECT_EQ(to_decimal_text(parse_bigint("-0")), "0");
  EXPECT_EQ(parse_bigint("+7"), make_bigint(7));
}

TEST(bigint, is_a_long_exactly_where_one_can_hold_it) {
  for (const std::int64_t n :
       {longs::min(), longs::min() + 1, std::int64_t{-1}, std::int64_t{0}, longs::max()}) {
    EXPECT_EQ(to_long(make_bigint(n)), n);
  }
  EXPECT_EQ(to_long(parse_bigint("9223372036854775808")), std::nullopt);
  EXPECT_EQ(to_long(parse_bigint("-9223372036854775809")), std::nullopt);
  EXPECT_EQ(make_integer(big_integer{longs::min()}), value{longs::min()});
  EXPECT_EQ(to_edn(make_integer(big_integer{longs::max()} + 1)), "9223372036854775808N");
}

TEST(bigdec, prints_as_javas_big_decimal) {
  const char* const texts[] = {"0",     "0.00",          "0E-7",         "0E+3", "1",
                               "10",    "1E+1",          "1.0",          "-0.5", "0.000001",
                               "1E-7",  "1.23E-8",       "123456.789",   "1E+5", "-1.20E+7",
                               "12.30", "1E-1000000000", "1E+1000000000"};
  for (const char* text : texts) {
    EXPECT_EQ(to_decimal_text(parse_bigdec(text)), text);
  }
  EXPECT_EQ(to_decimal_text(parse_bigdec("100e-2")), "1.00");
  EXPECT_EQ(to_decimal_text(parse_bigdec("0.0012e5")), "1.2E+2");
  EXPECT_EQ(parse_bigdec("1.50"), make_bigdec(150, 2));
  EXPECT_EQ(parse_bigdec("-150"), make_bigdec(-150));
}

TEST(bigdec, is_bounded) {
  EXPECT_THROW(parse_bigdec("1e1000000001"), error);
  EXPECT_THROW(parse_bigdec("1e-99999999999999999999"), error);
  EXPECT_THROW(parse_bigdec(std::string(100'001, '1')), error);
  EXPECT_NO_THROW(parse_bigint(std::string(100'000, '9')));
}

TEST(big_numbers, refuse_what_is_none) {
  for (const char* text : {"", "-", "1.", ".5", "01", "1e", "0x1", "1N", "abc"}) {
    EXPECT_THROW(parse_bigdec(text), error) << text;
    EXPECT_THROW(parse_bigint(text), error) << text;
  }
  EXPECT_THROW(parse_bigint("1.0"), error);
}

TEST(exact_arithmetic, gives_a_long_until_none_can_hold_it) {
  EXPECT_EQ(exact_add(2, value::ref(3)), value{5});
  EXPECT_EQ(exact_add(longs::max(), 1), parse_bigint("9223372036854775808"));
  EXPECT_EQ(exact_negate(longs::min()), parse_bigint("9223372036854775808"));
  EXPECT_EQ(exact_add("1N"_edn, 1), "2N"_edn);
  EXPECT_EQ(exact_multiply("1.50M"_edn, 2), "3.00M"_edn);
  EXPECT_EQ(exact_add("1.5M"_edn, "0.05M"_edn), "1.55M"_edn);
  EXPECT_EQ(exact_subtract(1, "0.25M"_edn), "0.75M"_edn);
  EXPECT_EQ(exact_divide_whole(-7, 2), (std::pair<value, value>{-3, -1}));
}

TEST(exact_arithmetic, divides_decimals_exactly_or_not_at_all) {
  EXPECT_EQ(exact_divide("1M"_edn, 8), "0.125M"_edn);
  EXPECT_EQ(exact_divide("1.00M"_edn, "-2M"_edn), "-0.50M"_edn);
  EXPECT_EQ(exact_divide("0.0M"_edn, 3), "0.0M"_edn);
  EXPECT_EQ(exact_divide(6, 3), "2M"_edn);
  for (const int fives : {1, 2, 3, 7, 8, 9, 1000}) {
    const value power = make_bigint(boost::multiprecision::pow(big_integer{5}, static_cast<unsigned>(fives)));
    EXPECT_EQ(exact_multiply(exact_divide("1M"_edn, power), power),
              make_bigdec(big_decimal{
                  boost::multiprecision::pow(big_integer{10}, static_cast<unsigned>(fives)), fives}));
  }
  for (const value& divisor : {value{3}, value{0}}) {
    try {
      exact_divide(1, divisor);
      FAIL();
    } catch (const error& e) {
      EXPECT_EQ(e.code(), "db.error/arithmetic");
    }
  }
  EXPECT_THROW(exact_divide_whole(1, 0), error);
  const value huge = make_bigint(boost::multiprecision::pow(big_integer{5}, 110'000));
  EXPECT_THROW(exact_divide("1M"_edn, huge), error);  // soon: a factor at a time would take many seconds
  EXPECT_THROW(exact_add(1, 1.5), error);
  EXPECT_THROW(exact_add("1E+1000000M"_edn, "1M"_edn), error);
}

}  // namespace big_number_test
