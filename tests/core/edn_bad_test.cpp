// What the EDN reader refuses: with which code, at which line and column, in which words.
#include <datolite/core/edn.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "support/value_printing.hpp"

namespace edn_bad_test {

using namespace datolite;
using namespace std::string_literals;

struct refusal {
  std::string text;
  std::string place;  ///< line:column
  std::string code;   ///< after edn.error/
  std::string words;  ///< part of the message
};

error refused(std::string_view text) {
  try {
    const value v = read_edn(text, "file.edn");
    ADD_FAILURE() << text << " was read as " << to_edn(v);
  } catch (const error& e) {
    return e;
  }
  return {error_category::unsupported, "", ""};
}

void expect_refused(const refusal& r) {
  const error e = refused(r.text);
  EXPECT_EQ(e.category(), error_category::incorrect) << r.text;
  EXPECT_EQ(e.code(), "edn.error/" + r.code) << r.text;
  EXPECT_TRUE(e.message().starts_with("file.edn:" + r.place + ": ")) << r.text << "\n" << e.message();
  EXPECT_NE(e.message().find(r.words), std::string::npos) << r.text << "\n" << e.message();
}

TEST(bad_edn, structure_is_refused_with_its_place) {
  const refusal table[] = {
      {"", "1:1", "empty", "no form"},
      {" ; only a comment", "1:1", "empty", "no form"},
      {"#_ gone", "1:1", "empty", "no form"},
      {"1 2", "1:3", "extra", "second"},
      {"[1]\n  [2]", "2:3", "extra", "second"},
      {"[1 2", "1:1", "unclosed", "[ is never closed"},
      {"(a\n (b)", "1:1", "unclosed", "( is never closed"},
      {"{:a\n {:b 1}\n #{1", "3:2", "unclosed", "#{ is never closed"},
      {"{", "1:1", "unclosed", "{ is never closed"},
      {"\"abc", "1:1", "unclosed", "string"},
      {"[\"abc\\\"\n", "1:2", "unclosed", "string"},
      {"]", "1:1", "unmatched", "nothing is open"},
      {"(1 2]", "1:5", "unmatched", "expected ) to close what opens at 1:1, found ]"},
      {"[\n{:a 1\n]", "3:1", "unmatched", "expected } to close what opens at 2:1"},
      {"{:a}", "1:1", "odd-map", "key :a without a value"},
      {"[{1 2 3}]", "1:2", "odd-map", "key 3"},
      {"{:a 1 :b 2 :a 3}", "1:1", "duplicate-key", "key :a twice"},
      {"{[1] 1 [1] 2}", "1:1", "duplicate-key", "[1] twice"},
      {"#{1 2 1}", "1:1", "duplicate-element", "1 twice"},
      {"[#{0.0 -0.0}]", "1:2", "duplicate-element", "0.0 twice"},
      {"[1 #_]", "1:4", "unfinished", "#_ has no form"},
      {"#_", "1:1", "unfinished", "#_ has no form"},
      {"[#foo]", "1:2", "unfinished", "tag has no form"},
      {"#foo", "1:1", "unfinished", "before the tagged form"},
      {"#foo #_ 1", "1:1", "unfinished", "before the tagged form"},
  };
  for (const refusal& r : table) expect_refused(r);
}

TEST(bad_edn, atoms_are_refused_with_their_place) {
  const refusal table[] = {
      {"[1 01]", "1:4", "number", "01 is no number"},
      {"1.", "1:1", "number", "1."},
      {"-1.e5", "1:1", "number", "-1.e5"},
      {"1e", "1:1", "number", "1e"},
      {"0x1F", "1:1", "number", "0x1F"},
      {"1/2", "1:1", "number", "no ratios"},
      {"1.5N", "1:1", "number", "1.5N"},
      {"1NN", "1:1", "number", "1NN"},
      {"12abc", "1:1", "number", "12abc"},
      {"1e400", "1:1", "number-size", "too large for a double"},
      {"-123456789e999999999999999999999", "1:1", "number-size", "too large"},
      {"1e2000000000M", "1:1", "number-size", "1000000000"},
      {std::string(100'001, '7'), "1:1", "number-size", "100000 digits"},
      {"##Infinity", "1:1", "number", "##Inf"},
      {"[##]", "1:2", "number", "##Inf"},
      {"::a", "1:1", "keyword", "::a is no keyword"},
      {":", "1:1", "keyword", ": is no keyword"},
      {"[: a]", "1:2", "keyword", ": is no keyword"},
      {":a/", "1:1", "keyword", ":a/"},
      {":/a", "1:1", "keyword", ":/a"},
      {":a/b/c", "1:1", "keyword", ":a/b/c"},
      {"a/", "1:1", "symbol", "a/"},
      {"/a", "1:1", "symbol", "/a"},
      {"a/b/c", "1:1", "symbol", "a/b/c"},
      {".5", "1:1", "symbol", ".5"},
      {"'a", "1:1", "symbol", "'a"},
      {"@a", "1:1", "syntax", "EDN has no @"},
      {"^a b", "1:1", "syntax", "EDN has no ^"},
      {"~a", "1:1", "syntax", "EDN has no ~"},
      {"`a", "1:1", "syntax", "EDN has no `"},
      {"[\x01]", "1:2", "syntax", "control character"},
      {"\0"s, "1:1", "syntax", "control character"},
      {"#", "1:1", "tag", "none of these"},
      {"#(a)", "1:1", "tag", "none of these"},
      {"#\"a+\"", "1:1", "tag", "none of these"},
      {"#1 2", "1:1", "tag", "#1 is no tag"},
      {"#:a{:b 1}", "1:1", "tag", "is no tag"},
      {"#nil 1", "1:1", "tag", "is no tag"},
      {"\\", "1:1", "character", "no character"},
      {"\\ a", "1:1", "character", "no character"},
      {"[\\abc]", "1:2", "character", "\\abc is no character"},
      {"\\ud800", "1:1", "character", "surrogate"},
      {"\\u12", "1:1", "character", "\\u12"},
      {"\\u12G4", "1:1", "escape", "hexadecimal"},
      {"\"a\\qb\"", "1:3", "escape", "no escape \\q"},
      {"\"\\\xC3\xA9\"", "1:2", "escape", "no escape \\\xC3\xA9"},
      {"\"\\u12\"", "1:2", "escape", "four hexadecimal"},
      {"\"\\ud83d\"", "1:2", "escape", "surrogate"},
      {"\"\\ud83d\\u0041\"", "1:2", "escape", "surrogate"},
      {"\"\\ude00\"", "1:2", "escape", "surrogate"},
      {"\"\\400\"", "1:2", "escape", "\\377"},
      {"\"\\", "1:2", "escape", "no escape"},
  };
  for (const refusal& r : table) expect_refused(r);
}

TEST(bad_edn, tags_are_refused_with_their_place) {
  const refusal table[] = {
      {"#inst \"2021-02-29\"", "1:1", "instant", "date that exists"},
      {"[1 #inst 5]", "1:4", "instant", "not 5"},
      {"#uuid \"f81d4fae-7dec-11d0-a765\"", "1:1", "uuid", "8-4-4-4-12"},
      {"#uuid nil", "1:1", "uuid", "not nil"},
      {"#datolite/nothing 1", "1:1", "tag", "reserved"},
      {"#datolite/ref \"1\"", "1:1", "tag", "takes a long"},
      {"#datolite/float 1", "1:1", "tag", "takes a double"},
      {"#datolite/bytes \"0\"", "1:1", "tag", "hexadecimal"},
      {"#datolite/bytes \"0g\"", "1:1", "tag", "hexadecimal"},
      {"#datolite/tuple (1)", "1:1", "tag", "takes a vector"},
      {"#datolite/tagged [a]", "1:1", "tag", "tag and form"},
      {"#datolite/character -1", "1:1", "tag", "character's number"},
      {"#datolite/uri :a", "1:1", "tag", "takes a string"},
  };
  for (const refusal& r : table) expect_refused(r);
}

TEST(bad_edn, dates_that_do_not_exist_are_refused) {
  for (const char* text : {"",
                           "20",
                           "2020-",
                           "2020-13",
                           "2020-00",
                           "2020-01-32",
                           "2020-01-00",
                           "2021-02-29",
                           "1900-02-29",
                           "2020-04-31",
                           "2020-01-01T",
                           "2020-01-01T24",
                           "2020-01-01T1:00",
                           "2020-01-01T00:60",
                           "2020-01-01T00:00:60",
                           "2020-01-01T00:59:61",
                           "2020-01-01T00:00:00.",
                           "2020-01-01T00:00:00.5x",
                           "2020-01-01T00:00+5",
                           "2020-01-01T00:00+24:00",
                           "2020-01-01T00:00+01:60",
                           "2020-01-01T00:00+01:00Z",
                           "2020-01-01T00:00+00:00Z",
                           "2020-01-01 00:00",
                           "2020/01/01",
                           "+2020",
                           "02020",
                           "2020-1-1",
                           "2020-01-01T00:00:00.1234567890ZZ"}) {
    EXPECT_EQ(refused("#inst \"" + std::string{text} + "\"").code(), "edn.error/instant") << text;
  }
}

TEST(bad_edn, text_that_is_no_utf8_is_refused_where_it_stops_being_so) {
  const refusal table[] = {
      {"\"\xFF\"", "1:2", "utf-8", "UTF-8"},
      {"[1\n \"\xC3\xA9\xC3\"]", "2:4", "utf-8", "UTF-8"},
      {"; a comment is checked too \x80\n1", "1:28", "utf-8", "UTF-8"},
      {"\xC0\xAF", "1:1", "utf-8", "UTF-8"},          // overlong
      {"\xE0\x80\xAF", "1:1", "utf-8", "UTF-8"},      // overlong
      {"\xED\xA0\x80", "1:1", "utf-8", "UTF-8"},      // a surrogate
      {"\xF4\x90\x80\x80", "1:1", "utf-8", "UTF-8"},  // beyond 0x10FFFF
      {"\xF0\x9F\x98", "1:1", "utf-8", "UTF-8"},      // cut short
  };
  for (const refusal& r : table) expect_refused(r);
}

TEST(bad_edn, columns_count_characters) {
  expect_refused({"[\"\xC3\xA9\xF0\x9F\x98\x80\" ::a]", "1:7", "keyword", "::a"});
  expect_refused({"[1\r\n\t::a]", "2:2", "keyword", "::a"});
}

TEST(bad_edn, nesting_is_bounded_in_constant_stack) {
  for (const std::string& open : std::vector<std::string>{"[", "(", "{", "#{", "#t ", "#_", "[#_ #t "}) {
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += open;
    EXPECT_EQ(refused(text).code(), "edn.error/nesting") << open;
  }
  EXPECT_EQ(read_edn(std::string(512, '[') + std::string(512, ']')).elements().size(), 1u);
  expect_refused({std::string(513, '[') + std::string(513, ']'), "1:513", "nesting", "512"});
}

TEST(bad_edn, every_truncation_is_refused_or_read) {
  const std::string text =
      R"([{:a "b\u00e9\n" #inst "2020" #{1 2.5 3M 4N} \newline (nil true)} #_x #t sym ##Inf])";
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_EQ(refused(std::string_view{text}.substr(0, size)).category(), error_category::incorrect);
  }
}

TEST(bad_edn, error_data_says_what_the_error_says) {
  const value data = error_data(refused("[1\n ::a]"));
  EXPECT_EQ(to_edn(data),
            "{:category :incorrect, :column 2, :db/error :edn.error/keyword, :line 2, "
            ":message \"file.edn:2:2: ::a is no keyword\"}");
  EXPECT_EQ(to_edn(error_data({error_category::busy, "db.error/x", "m", "{:category 1 :e 17}"})),
            "{:category :busy, :db/error :db.error/x, :e 17, :message \"m\"}");
  EXPECT_EQ(
      to_edn(error_data({error_category::unknown_outcome, "not a keyword", "m", "{broken"})),
      "{:category :unknown-outcome, :db/error \"not a keyword\", :details \"{broken\", :message \"m\"}");
}

}  // namespace edn_bad_test
