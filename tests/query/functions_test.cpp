// The functions that queries call: regular expressions in linear time, collections, texts, queries within
// queries.
#include <random>
#include <regex>
#include <string>
#include <tuple>
#include <vector>

#include <datolite/query/detail/regex.hpp>
#include <datolite/query/query.hpp>

#include <support/error_code.hpp>

#include <gtest/gtest.h>

namespace functions_test {

using datolite::q;
using datolite::value;
using namespace datolite::literals;
namespace detail = datolite::query::detail;

/// What `(call)` gives, in a query of its own.
value result_of(const std::string& call) {
  return q("[:find ?x . :in ?in :where [(" + call + ") ?x]]", 0).as_value();
}
std::string shown(const std::string& call) { return datolite::to_edn(result_of(call)); }
std::string code_of(const std::string& call) {
  return datolite::test::code_of([&] { result_of(call); });
}

TEST(re_find, gives_the_match_or_the_match_and_its_groups) {
  EXPECT_EQ(shown("re-find \"[a-c]+\" \"xxabcabx\""), "\"abcab\"");
  EXPECT_EQ(shown("re-find \"(\\\\w+)@(\\\\w+)\\\\.org\" \"to ivan@x.org\""),
            "[\"ivan@x.org\" \"ivan\" \"x\"]");
  EXPECT_EQ(shown("re-find \"(a)|(b)\" \"b\""), "[\"b\" nil \"b\"]");
  EXPECT_EQ(shown("re-find \"q\" \"xyz\""), "nil");
  EXPECT_EQ(shown("re-matches \"a+\" \"aab\""), "nil");
  EXPECT_EQ(shown("re-matches \"a+b\" \"aab\""), "\"aab\"");
  EXPECT_EQ(shown("re-seq \"\\\\d+\" \"1 22 x 333\""), "(\"1\" \"22\" \"333\")");
  EXPECT_EQ(shown("re-find \"(?i)IVAN\" \"ivan\""), "\"ivan\"");
  EXPECT_EQ(shown("re-seq \"\\\\bcat\" \"concat cat cats\""), "(\"cat\" \"cat\")");
  EXPECT_EQ(shown("re-seq \"cat\\\\b\" \"concat cat cats\""), "(\"cat\" \"cat\")");
  EXPECT_EQ(shown("re-seq \"\\\\Bcat\" \"concat cat cats\""), "(\"cat\")");
  EXPECT_EQ(shown("re-find \"a.b\" \"a\\nb\""), "nil");
  EXPECT_EQ(shown("re-find \"a$\" \"ab\""), "nil");
  EXPECT_EQ(shown("re-find \"^b\" \"ab\""), "nil");
  EXPECT_EQ(shown("re-find \"^ж.й$\" \"жёй\""), "\"жёй\"");
}

TEST(re_find, prefers_as_a_backtracking_matcher_does) {
  std::mt19937 random{20240611};
  const auto below = [&](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>{0, n - 1}(random);
  };
  const std::vector<std::string> atoms{"a",      "b",        ".",    "[ab]", "[^a]",
                                       "(a|ab)", "(?:b|bc)", "(a*)", "\\w",  "(b+?)"};
  const std::vector<std::string> repetitions{"", "", "", "*", "+", "?", "*?", "+?", "{2}", "{1,2}"};
  for (int trial = 0; trial < 3000; ++trial) {
    std::string pattern;
    for (std::size_t i = 1 + below(4); i > 0; --i) {
      const std::string& atom = atoms[below(atoms.size())];
      pattern += atom + (atom == "(a*)" ? "" : repetitions[below(repetitions.size())]);
      if (below(8) == 0 && i > 1) pattern += "|";
    }
    std::string text;
    for (std::size_t i = below(8); i > 0; --i) text += "abc"[below(3)];
    std::smatch expected;
    const bool found = std::regex_search(text, expected, std::regex{pattern, std::regex::ECMAScript});
    const auto ours = detail::regex{pattern}.find(text);
    ASSERT_EQ(ours.has_value(), found) << pattern << " in " << text;
    if (!found) continue;
    ASSERT_EQ(ours->ends[0], static_cast<std::size_t>(expected.position(0))) << pattern << " in " << text;
    ASSERT_EQ(text.substr(ours->ends[0], ours->ends[1] - ours->ends[0]), expected[0].str())
        << pattern << " in " << text;
  }
}

// A matcher that goes back would not come to an end here.
TEST(re_find, takes_time_linear_in_the_text_whatever_the_pattern) {
  const std::string text(20'000, 'a');
  EXPECT_FALSE(detail::regex{"(a*)*b"}.find(text, 0, true));
  EXPECT_FALSE(detail::regex{"(a|a)*(a|aa)+b$"}.find(text, 0, true));
}

TEST(re_find, a_pattern_that_cannot_be_matched_in_linear_time_is_refused) {
  for (const char* pattern : {"(a)\\\\1", "(?=a)", "(?<!a)", "a*+", "a{2,1}", "[b-a]", "(a", "a)", "[a", "*a",
                              "a{9999}", "((((a{900}){900}){900}))", "\\\\p", "x\\\\"}) {
    EXPECT_EQ(code_of("re-find \"" + std::string{pattern} + "\" \"a\""), "db.error/invalid-pattern")
        << pattern;
  }
  std::string nested = "a";
  for (int i = 0; i < 60; ++i) nested = "(" + nested + ")+";
  EXPECT_EQ(code_of("re-find \"" + nested + "\" \"a\""), "db.error/invalid-pattern");
}

TEST(functions, over_collections) {
  EXPECT_EQ(shown("hash-map :a 1 :b 2 :a 3"), "{:a 3, :b 2}");
  EXPECT_EQ(shown("get {:a 1} :a"), "1");
  EXPECT_EQ(shown("get {:a 1} :b 7"), "7");
  EXPECT_EQ(shown("get [4 5] 1"), "5");
  EXPECT_EQ(shown("contains? #{1 2} 2"), "true");
  EXPECT_EQ(shown("first [4 5]"), "4");
  EXPECT_EQ(shown("last [4 5]"), "5");
  EXPECT_EQ(shown("nth [4 5] 1"), "5");
  EXPECT_EQ(code_of("nth [4 5] 2"), "db.error/arithmetic");
  EXPECT_EQ(shown("empty? []"), "true");
  EXPECT_EQ(shown("set [1 1 2]"), "#{1 2}");
  EXPECT_EQ(shown("range 2 8 3"), "(2 5)");
  EXPECT_EQ(code_of("hash-map 1"), "db.error/wrong-arity");
}

/// Those that nothing else here calls.
TEST(functions, give_what_they_give_in_clojure) {
  const std::pair<const char*, const char*> results[] = {
      {"quot 7 2", "3"},
      {"rem -7 2", "-1"},
      {"mod -7 2", "1"},
      {"/ 7 2", "3"},
      {"/ 7 2.0", "3.5"},
      {"- 5", "-5"},
      {"dec 1", "0"},
      {"max 1 2.5 2", "2.5"},
      {"min 2 1", "1"},
      {"abs -2.5", "2.5"},
      {"double 2", "2.0"},
      {"int 2.9", "2"},
      {"boolean nil", "false"},
      {"boolean 0", "true"},
      {"bit-or 12 10", "14"},
      {"bit-xor 12 10", "6"},
      {"inst-ms #inst \"1970-01-01T00:00:01Z\"", "1000"},
      {"compare 1 2", "-1"},
      {"compare \"b\" \"a\"", "1"},
      {"compare 1 1.0", "0"},
      {"< 1 2 3", "true"},
      {"<= 1 1 0", "false"},
      {"> 2 1 1", "false"},
      {">= 2 1 1", "true"},
      {"not= 1 1 2", "true"},
      {"!= 1 1", "false"},
      {"even? 2", "true"},
      {"odd? 2", "false"},
      {"zero? 0.0", "true"},
      {"pos? -1", "false"},
      {"neg? -1", "true"},
      {"nil? nil", "true"},
      {"some? nil", "false"},
      {"some? false", "true"},
      {"true? 1", "false"},
      {"false? false", "true"},
      {"not nil", "true"},
      {"not 0", "false"},
      {"and 1 nil 2", "nil"},
      {"and 1 2", "2"},
      {"and", "true"},
      {"or nil false", "false"},
      {"or nil 1 2", "1"},
      {"string? \"a\"", "true"},
      {"keyword? :a", "true"},
      {"symbol? (quote a)", "true"},
      {"boolean? false", "true"},
      {"int? 1N", "false"},
      {"integer? 1N", "true"},
      {"number? 1.5M", "true"},
      {"number? \"1\"", "false"},
      {"float? 1.0", "true"},
      {"double? 1", "false"},
      {"inst? #inst \"2000\"", "true"},
      {"uuid? #uuid \"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\"", "true"},
      {"map? {:a 1}", "true"},
      {"set? #{1}", "true"},
      {"vector? [1]", "true"},
      {"vector? (quote (1))", "false"},
      {"sequential? (quote (1))", "true"},
      {"sequential? #{1}", "false"},
      {"coll? {}", "true"},
      {"identity 5", "5"},
      {"type 1.5", ":db.type/double"},
      {"type :a", ":db.type/keyword"},
      {"str nil", "\"\""},
      {"subs \"hello\" 1 3", "\"el\""},
      {"count {:a 1 :b 2}", "2"},
      {"count nil", "0"},
      {"name :a/b", "\"b\""},
      {"namespace :a/b", "\"a\""},
      {"namespace :b", "nil"},
      {"keyword \"a\"", ":a"},
      {"vector 1 [2]", "[1 [2]]"},
      {"list 1 2", "(1 2)"},
      {"second [1 2]", "2"},
      {"rest [1 2 3]", "(2 3)"},
      {"rest []", "()"},
      {"keys {:a 1}", "(:a)"},
      {"vals {:a 1}", "(1)"},
      {"not-empty []", "nil"},
      {"not-empty [1]", "[1]"},
      {"range 3", "(0 1 2)"},
      {"range 3 0 -2", "(3 1)"},
      {"re-pattern \"a+\"", "\"a+\""},
      {"clojure.string/starts-with? \"abc\" \"ab\"", "true"},
      {"clojure.string/ends-with? \"abc\" \"bc\"", "true"},
      {"clojure.string/includes? \"abc\" \"d\"", "false"},
      {"clojure.string/blank? \" \\t\"", "true"},
      {"clojure.string/upper-case \"aB1\"", "\"AB1\""},
      {"clojure.string/lower-case \"aB1\"", "\"ab1\""},
      {"clojure.string/triml \" a \"", "\"a \""},
      {"clojure.string/trimr \" a \"", "\" a\""}};
  for (const auto& [call, result] : results) EXPECT_EQ(shown(call), result) << call;
}

TEST(functions, over_texts_and_numbers) {
  EXPECT_EQ(shown("clojure.string/join \", \" [1 \"a\" :b]"), "\"1, a, :b\"");
  EXPECT_EQ(shown("clojure.string/replace \"a-b-c\" \"-\" \"+\""), "\"a+b+c\"");
  EXPECT_EQ(shown("clojure.string/split \"a1b22c\" \"\\\\d+\""), "[\"a\" \"b\" \"c\"]");
  EXPECT_EQ(shown("clojure.string/trim \"  a b \""), "\"a b\"");
  EXPECT_EQ(shown("clojure.string/capitalize \"iVAN\""), "\"Ivan\"");
  EXPECT_EQ(shown("clojure.string/index-of \"жaж\" \"a\""), "1");
  EXPECT_EQ(shown("clojure.string/reverse \"aжb\""), "\"bжa\"");
  EXPECT_EQ(shown("clojure.core/inc 1"), "2");
  EXPECT_EQ(shown("abs -3"), "3");
  EXPECT_EQ(shown("long 2.9"), "2");
  EXPECT_EQ(shown("bit-and 12 10"), "8");
  EXPECT_EQ(code_of("long 1e300"), "db.error/arithmetic");
  EXPECT_EQ(shown("keyword \"a\" \"b\""), ":a/b");
  EXPECT_EQ(shown("symbol nil \"b\""), "b");
}

TEST(functions, str_shows_values_as_texts_do_and_pr_str_as_edn) {
  EXPECT_EQ(shown("str \"a\" 1 nil :b \\c [\"d\" \\e]"), R"("a1:bc[\"d\" \\e]")");
  EXPECT_EQ(shown("str \\é \\€ \\😀"), "\"é€😀\"");
  EXPECT_EQ(shown("str 5N \" \" 1.50M"), R"("5 1.50")");
  EXPECT_EQ(shown("str #uuid \"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\""),
            R"("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")");
  const std::pair<const char*, const char*> doubles[] = {{"0.0", "0.0"},
                                                         {"1.5", "1.5"},
                                                         {"-2.0", "-2.0"},
                                                         {"0.001", "0.001"},
                                                         {"0.00099", "9.9E-4"},
                                                         {"1e-10", "1.0E-10"},
                                                         {"9999999.0", "9999999.0"},
                                                         {"10000000.0", "1.0E7"},
                                                         {"-123456789.0", "-1.23456789E8"},
                                                         {"1e100", "1.0E100"},
                                                         {"##NaN", "NaN"},
                                                         {"##-Inf", "-Infinity"}};
  for (const auto& [number, text] : doubles) {
    EXPECT_EQ(result_of(std::string{"str "} + number), value{text});
  }
  const std::vector<value> refs{value::ref(5)};
  EXPECT_EQ(q("[:find ?s . :in [?r ...] :where [(pr-str ?r \"a\") ?s]]", refs).as_value(), value{"5 \"a\""});
}

TEST(functions, pr_and_print_write_into_a_string_with_and_without_quotes_and_end_of_line) {
  const std::string arguments = R"( 1 nil "a b" \c [:k ["x" \y] {"z" #{"q"}}] 2.50M)";
  const char* const exact = R"(1 nil "a b" \c [:k ["x" \y] {"z" #{"q"}}] 2.50M)";
  const char* const bare = "1 nil a b c [:k [x y] {z #{q}}] 2.50M";
  EXPECT_EQ(result_of("pr-str" + arguments), value{exact});
  EXPECT_EQ(result_of("prn-str" + arguments), value{std::string{exact} + "\n"});
  EXPECT_EQ(result_of("print-str" + arguments), value{bare});
  EXPECT_EQ(result_of("clojure.core/println-str" + arguments), value{std::string{bare} + "\n"});
  EXPECT_EQ(result_of("print-str"), value{""});
  EXPECT_EQ(result_of("prn-str"), value{"\n"});
}

TEST(functions, a_long_that_overflows_is_an_error_and_no_bigint) {
  const std::string most = " 9223372036854775807", least = " -9223372036854775808";
  for (const std::string& call :
       {"+" + most + " 1", "-" + least + " 1", "-" + least, "*" + most + " 2", "inc" + most, "dec" + least,
        "abs" + least, "quot" + least + " -1", "/" + least + " -1", std::string{"long 9.3e18"},
        std::string{"+ 9223372036854775807N 1N"}}) {
    EXPECT_EQ(code_of(call), "db.error/arithmetic") << call;
  }
  const std::vector<std::int64_t> both{9223372036854775807, 1};
  EXPECT_EQ(datolite::test::code_of([&] { q("[:find (sum ?x) . :in [?x ...]]", both); }),
            "db.error/arithmetic");
}

TEST(functions, two_equal_signs_compare_numbers_by_what_they_amount_to) {
  EXPECT_EQ(shown("== 1 1.0 1M"), "true");
  EXPECT_EQ(shown("== 1 1.5"), "false");
  EXPECT_EQ(shown("== \"a\" \"a\""), "true");
  EXPECT_EQ(shown("== ##NaN ##NaN"), "false");
  EXPECT_EQ(q("[:find [?x ...] :in [?x ...] :where [(== ?x 2)]]", std::vector<double>{1.5, 2.0}).as_value(),
            "#{2.0}"_edn);
}

TEST(functions, compute_with_a_bigint_that_a_long_can_hold_as_with_that_long) {
  EXPECT_EQ(shown("+ 1 2N"), "3");
  EXPECT_EQ(shown("* 2N 1.5"), "3.0");
  EXPECT_EQ(shown("quot -7N 2N"), "-3");
  EXPECT_EQ(shown("even? 2N"), "true");
  EXPECT_EQ(shown("abs -3N"), "3");
  EXPECT_EQ(shown("long 5N"), "5");
  EXPECT_EQ(shown("get [1 2] 1N"), "2");
  EXPECT_EQ(shown("nth [1 2] 1N"), "2");
  EXPECT_EQ(shown("contains? [1 2] 1N"), "true");
  EXPECT_EQ(shown("range 1N 5 2N"), "(1 3)");
  EXPECT_EQ(shown("bit-or 6N 1"), "7");
  EXPECT_EQ(shown("subs \"abc\" 1N"), "\"bc\"");
  EXPECT_EQ(code_of("+ 1 9223372036854775808N"), "db.error/wrong-type");
  EXPECT_EQ(q("[:find [(sum ?x) (avg ?x) (median ?x)] :in [?x ...]]", "[1N 2 3N 4N]"_edn).as_value(),
            "[10 2.5 2.5]"_edn);
}

TEST(functions, a_quoted_form_is_a_constant) {
  EXPECT_EQ(shown("= (quote a) (quote a)"), "true");
  EXPECT_EQ(shown("q (quote [:find (count ?x) . :in [?x ...]]) [1 2]"), "2");
  EXPECT_EQ(code_of("str (quote a b)"), "db.error/invalid-query");
}

const std::vector<std::tuple<std::string, int>> ages{{"Ivan", 15}, {"Petr", 37}, {"Anna", 22}, {"Oleg", 37}};

TEST(nested_query, its_answer_is_bound_as_any_value) {
  EXPECT_EQ(q("[:find [?n ...] :where [(q [:find (max ?a) . :where [_ ?a]] $) ?oldest] [?n ?oldest]]", ages)
                .as_value(),
            "#{\"Oleg\" \"Petr\"}"_edn);
  EXPECT_EQ(
      q("[:find ?n ?c :where [?n ?a] [(q [:find (count ?o) . :in $ ?a :where [?o ?b] [(< ?b ?a)]] $ ?a) ?c]]",
        ages)
          .as_value(),
      "#{[\"Anna\" 1] [\"Oleg\" 2] [\"Petr\" 2]}"_edn);  // nil for Ivan drops the row
  EXPECT_EQ(
      q("[:find ?n ?a :where [(q [:find ?n ?a :where [?n ?a] [(> ?a 30)]] $) [[?n ?a]]]]", ages).as_value(),
      "#{[\"Oleg\" 37] [\"Petr\" 37]}"_edn);
  EXPECT_EQ(q("[:find [?x ...] :in $a $b :where [(q [:find [?n ...] :in $a $b :where [$a ?n ?y] [$b ?y]] $a "
              "$b) [?x ...]]]",
              ages, "[[22] [15]]"_edn)
                .as_value(),
            "#{\"Anna\" \"Ivan\"}"_edn);
}

TEST(nested_query, its_reads_are_counted_where_it_is_asked) {
  datolite::io_counters io;
  q({.query = "[:find ?c . :where [(q [:find (count ?n) . :where [?n _]] $) ?c]]",
     .args = {ages},
     .io = &io});
  EXPECT_EQ(io.total().reads, ages.size());
}

TEST(nested_query, that_is_malformed_is_refused_naming_the_clause) {
  for (const char* text :
       {"[:find ?x :where [(q [:find ?y] $ 1) ?x]]", "[:find ?x :where [(q ?x $) ?y] [?x]]",
        "[:find ?x :where [?x] [(q [:find ?y :where [?y]] $)]]", "[:find ?x :where [(inc $) ?x]]"}) {
    EXPECT_THROW(q(text, ages), datolite::error) << text;
  }
}

}  // namespace functions_test
