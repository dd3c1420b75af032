#include <datolite/core/edn.hpp>

#include <datolite/core/big_number.hpp>
#include <datolite/core/value_order.hpp>

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include "support/value_printing.hpp"

namespace edn_test {

using namespace datolite;
using namespace datolite::literals;
using namespace std::string_literals;

struct reading {
  std::string text;
  value expected;
};

TEST(edn, reads_every_kind_of_atom) {
  const reading table[] = {
      {"nil", {}},
      {"true", true},
      {"false", false},
      {"0", 0},
      {"-0", 0},
      {"+7", 7},
      {"9223372036854775807", std::numeric_limits<std::int64_t>::max()},
      {"-9223372036854775808", std::numeric_limits<std::int64_t>::min()},
      {"9223372036854775808", parse_bigint("9223372036854775808")},
      {"-9223372036854775809", parse_bigint("-9223372036854775809")},
      {"5N", make_bigint(5)},
      {"-0N", make_bigint(0)},
      {"1.50M", make_bigdec(150, 2)},
      {"1M", make_bigdec(1)},
      {"1e3M", make_bigdec(1, -3)},
      {"1.5", 1.5},
      {"-1.5e-3", -0.0015},
      {"+1E5", 1e5},
      {"1e+5", 1e5},
      {"-0.0", 0.0},
      {"1e-400", 0.0},
      {"0e999999999999999999999", 0.0},
      {"0.000000000000000000000000000001e30", 1.0},
      {"4.9e-324", std::numeric_limits<double>::denorm_min()},
      {"1.7976931348623157e308", std::numeric_limits<double>::max()},
      {"##Inf", std::numeric_limits<double>::infinity()},
      {"##-Inf", -std::numeric_limits<double>::infinity()},
      {"##NaN", std::numeric_limits<double>::quiet_NaN()},
      {"\"\"", ""},
      {R"("a\t\r\n\\\"\b\fz")", "a\t\r\n\\\"\b\fz"},
      {R"("\u00e9\uD83D\uDE00\u0000")", "\xC3\xA9\xF0\x9F\x98\x80\0"s},
      {R"("\0\101\377\18")",
       "\0A\xC3\xBF\1"
       "8"s},
      {"\"a\nb\"", "a\nb"},
      {"\\a", value::character(U'a')},
      {"\\(", value::character(U'(')},
      {"\\\\", value::character(U'\\')},
      {"\\\"", value::character(U'"')},
      {"\\;", value::character(U';')},
      {"\\u", value::character(U'u')},
      {"\\u0041", value::character(U'A')},
      {"\\newline", value::character(U'\n')},
      {"\\return", value::character(U'\r')},
      {"\\space", value::character(U' ')},
      {"\\tab", value::character(U'\t')},
      {"\\formfeed", value::character(U'\f')},
      {"\\backspace", value::character(U'\b')},
      {"\\\xF0\x9F\x98\x80", value::character(U'\U0001F600')},
      {":a", value::keyword("a")},
      {":a.b/c-d", value::keyword("a.b/c-d")},
      {":1", value::keyword("1")},
      {":a:b", value::keyword("a:b")},
      {":\xC3\xA9", value::keyword("\xC3\xA9")},
  };
  for (const reading& r : table) {
    EXPECT_EQ(read_edn(r.text), r.expected) << r.text;
  }
}

TEST(edn, reads_every_symbol_that_queries_are_made_of) {
  for (const char* text : {"?e",     "$",       "$src",  "%",   "...", ".",   "-",       "+",
                           "+x",     "-x",      "<=",    ">=",  "!=",  "=",   "foo/bar", "_",
                           "*",      "/",       "a'",    "a#",  "a:b", ".a",  "-a1",     "nil?",
                           "truely", "or-join", "foo/+", "->x", "&",   "a|b", "!",       "\xCE\xBB"}) {
    EXPECT_EQ(read_edn(text), value::symbol(text));
    EXPECT_EQ(to_edn(value::symbol(text)), text);
  }
  EXPECT_EQ(to_edn(read_edn("[:find ?e . :in $ % [?x ...] :where [?e :a/b _] (not [(< ?x 5)])]")),
            "[:find ?e . :in $ % [?x ...] :where [?e :a/b _] (not [(< ?x 5)])]");
}

TEST(edn, reads_collections_and_what_stands_between) {
  EXPECT_EQ("[1 (2 3) #{4} {5 6}]"_edn,
            value::vector({1, value::list({2, 3}), make_set({4}), make_map({{5, 6}})}));
  EXPECT_EQ("[,1,,2\t\f\v;comment ] \n 3;]\r\n]"_edn, value::vector({1, 2, 3}));
  EXPECT_EQ("[1 #_2 #_ #_ 3 4 #_[5 {6 7}] 8 #_9]"_edn, value::vector({1, 8}));
  EXPECT_EQ("#_a #_b c ; end"_edn, value::symbol("c"));
}

TEST(edn, tags_make_tagged_values_unless_they_are_known) {
  EXPECT_EQ("#db/id[:db.part/user -1]"_edn,
            value::tagged(value::symbol("db/id"), value::vector({"db.part/user"_kw, -1})));
  EXPECT_EQ("#a #b c"_edn,
            value::tagged(value::symbol("a"), value::tagged(value::symbol("b"), value::symbol("c"))));
  EXPECT_EQ("[#a #_x {1 2}]"_edn, value::vector({value::tagged(value::symbol("a"), make_map({{1, 2}}))}));
  EXPECT_EQ("#inst \"1970\""_edn, value::instant(0));
  EXPECT_EQ("#datolite/ref 5"_edn, value::ref(5));
  EXPECT_EQ("#datolite/tuple [1 nil]"_edn, value::tuple({1, value{}}));
  EXPECT_EQ("#datolite/bytes \"00fF\""_edn, value::bytes("\0\xFF"s));
  EXPECT_EQ("#datolite/float 0.1"_edn, value{0.1f});
  EXPECT_EQ("#uuid \"F81D4FAE-7dec-11d0-a765-00a0c91e6bf6\""_edn,
            "#uuid \"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\""_edn);
}

TEST(edn, instants_may_be_given_to_any_precision_and_offset) {
  const std::pair<const char*, std::int64_t> table[] = {
      {"1970", 0},
      {"1970-02", 31LL * 86'400'000},
      {"1970-01-02", 86'400'000},
      {"1970-01-01T01", 3'600'000},
      {"1970-01-01T00:01", 60'000},
      {"1970-01-01T00:00:01", 1'000},
      {"1970-01-01T00:00:00.5", 500},
      {"1970-01-01T00:00:00.123456789", 123},
      {"1970-01-01T00:00:00.000999Z", 0},
      {"1970-01-01t00:00:00z", 0},
      {"1970Z", 0},
      {"1970-01-01T00:00:00-00:00", 0},
      {"1970-01-01T01:30+01:30", 0},
      {"1969-12-31T23:00-01:00", 0},
      {"1969-12-31T23:59:59.999Z", -1},
      {"2000-02-29", 951'782'400'000},
      {"2016-12-31T23:59:60Z", 1'483'228'800'000},
      {"0000-01-01", -62'167'219'200'000},
      {"9999-12-31T23:59:59.999Z", 253'402'300'799'999},
      {"0000-01-01T00:00+23:59", -62'167'219'200'000 - 86'340'000},
  };
  for (const auto& [text, milliseconds] : table) {
    EXPECT_EQ(read_edn("#inst \"" + std::string{text} + "\""), value::instant(milliseconds)) << text;
  }
}

TEST(edn, every_day_of_four_hundred_years_prints_and_reads) {
  for (std::int64_t day = -73'049; day <= 73'049; ++day) {
    const value v = value::instant(day * 86'400'000 + 1);
    ASSERT_EQ(read_edn(to_edn(v)), v) << day;
  }
}

TEST(edn, prints_what_other_readers_expect) {
  const std::pair<value, const char*> table[] = {
      {1.0, "1.0"},
      {1e21, "1e+21"},
      {0.1, "0.1"},
      {-0.0, "0.0"},
      {5e-324, "5e-324"},
      {0.1f, "#datolite/float 0.1"},
      {"a\"b\\\n\x01\x7F\xC3\xA9", R"("a\"b\\\n\u0001\u007fé")"},
      {value::character(U' '), "\\space"},
      {value::character(1), "\\u0001"},
      {value::character(0xA0), "\\u00a0"},
      {value::character(0x1F600), "\\😀"},
      {value::character(0xD800), "#datolite/character 55296"},
      {value::keyword("a b"), "#datolite/keyword \"a b\""},
      {value::keyword(""), "#datolite/keyword \"\""},
      {value::symbol("nil"), "#datolite/symbol \"nil\""},
      {value::symbol("-1"), "#datolite/symbol \"-1\""},
      {value::symbol("\xFF"), "#datolite/symbol #datolite/bytes \"ff\""},
      {value{"\xFF"}, "#datolite/string #datolite/bytes \"ff\""},
      {value::uri("https://x.org"), "#datolite/uri \"https://x.org\""},
      {value::instant(1'000), "#inst \"1970-01-01T00:00:01.000Z\""},
      {value::instant(std::numeric_limits<std::int64_t>::min()), "#datolite/instant -9223372036854775808"},
      {value::tagged(value::symbol("inst"), 1), "#datolite/tagged [inst 1]"},
      {value::tagged(value::symbol("_a"), 1), "#datolite/tagged [_a 1]"},
      {value::tagged(value::symbol("a/b"), value::list({})), "#a/b ()"},
      {value::tuple({1, value{}}), "#datolite/tuple [1 nil]"},
      {make_map({{1, make_map({})}, {2, make_set({})}}), "{1 {}, 2 #{}}"},
  };
  for (const auto& [v, text] : table) {
    EXPECT_EQ(to_edn(v), text);
    EXPECT_EQ(read_edn(text), v);
  }
}

TEST(edn, plain_style_is_the_nearest_edn) {
  EXPECT_EQ(to_edn("[#datolite/ref 5 #datolite/float 0.1 #datolite/uri \"u\" #datolite/tuple [1]]"_edn,
                   edn_style::plain),
            "[5 0.1 \"u\" [1]]");
}

TEST(edn, floats_of_all_magnitudes_read_back) {
  for (std::uint32_t bits = 1; bits < 0x7F80'0000u; bits += 0x1'0007u) {
    const auto f = std::bit_cast<float>(bits);
    ASSERT_EQ(read_edn(to_edn(value{f})), value{f}) << bits;
    ASSERT_EQ(read_edn(to_edn(value{-f})), value{-f}) << bits;
  }
}

TEST(edn, reader_gives_forms_in_turn_with_their_places) {
  edn_reader reader{"\xEF\xBB\xBF:a ; one\n #_ x  [1\n2] \"\xC3\xA9\" #t\n5", "f"};
  EXPECT_EQ(reader.next(), ":a"_edn);
  EXPECT_EQ(reader.offset(), 3u);
  EXPECT_EQ(reader.next(), "[1 2]"_edn);
  EXPECT_EQ(reader.line(), 2u);
  EXPECT_EQ(reader.column(), 8u);
  EXPECT_EQ(reader.next(), "\"\xC3\xA9\""_edn);
  EXPECT_EQ(reader.line(), 3u);
  EXPECT_EQ(reader.column(), 4u);
  EXPECT_EQ(reader.next(), "#t 5"_edn);
  EXPECT_EQ(reader.column(), 8u);
  EXPECT_EQ(reader.next(), std::nullopt);
  EXPECT_EQ(reader.next(), std::nullopt);
}

TEST(edn, a_million_elements_and_a_deep_value_cost_no_stack) {
  std::string text = "[";
  for (int i = 0; i < 1'000'000; ++i) text += "1 ";
  text += "]";
  EXPECT_EQ(read_edn(text).elements().size(), 1'000'000u);
  value deep = 1;
  for (int i = 0; i < 100'000; ++i) deep = value::vector({deep});
  EXPECT_EQ(to_edn(deep).size(), 200'001u);
}

TEST(edn, the_debian_packages_print_and_read_back) {
  std::ifstream in{DATOLITE_TEST_DATA "/debian-packages.edn", std::ios::binary};
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  const value v = read_edn(text, "debian-packages.edn");
  EXPECT_EQ(v.elements().size(), 3000u);
  EXPECT_EQ(read_edn(to_edn(v)), v);
}

}  // namespace edn_test
