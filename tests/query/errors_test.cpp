// A malformed query, an argument that does not fit, a variable that nothing binds: one error, which names the
// clause.
#include <string>
#include <tuple>
#include <vector>

#include <datolite/query/query.hpp>

#include <support/error_code.hpp>

#include <gtest/gtest.h>

namespace errors_test {

using datolite::value;

const std::vector<std::tuple<int, int>> pairs{{1, 2}, {2, 3}};

struct refusal {
  const char* query;
  const char* code;
  const char* names;  // what the message must say
};

void PrintTo(const refusal& r, std::ostream* out) { *out << r.query; }

class malformed : public testing::TestWithParam<refusal> {};

TEST_P(malformed, is_refused_naming_the_clause) {
  try {
    datolite::q(GetParam().query, pairs);
    FAIL() << "answered";
  } catch (const datolite::error& e) {
    EXPECT_EQ(e.code(), GetParam().code) << e.what();
    EXPECT_EQ(e.category(), datolite::error_category::incorrect);
    EXPECT_NE(e.message().find(GetParam().names), std::string::npos) << e.what();
  }
}

constexpr const char* invalid = "db.error/invalid-query";
constexpr const char* unbound = "db.error/insufficient-binding";

INSTANTIATE_TEST_SUITE_P(
    queries, malformed,
    testing::Values(
        refusal{"42", invalid, "42"}, refusal{"[]", invalid, ":find"},
        refusal{"[?x :find ?x]", invalid, ":find"},
        refusal{"[:find :where [?x]]", invalid, "nothing is to be found"},
        refusal{"[:find ?x :find ?y]", invalid, "twice"},
        refusal{"[:find ?x :whence [?x]]", invalid, ":whence"},
        refusal{"[:find 5 :where [?x]]", invalid, "5"}, refusal{"[:find x :where [?x]]", invalid, "x cannot"},
        refusal{"{:find ?x}", invalid, ":find must be a vector"},
        refusal{"[:find (pull ?x) :where [?x]]", invalid, "(pull ?x)"},
        refusal{"[:find (pull ?x 5) :where [?x]]", invalid, "(pull ?x 5)"},
        refusal{"[:find (pull 5 [:a]) :where [?x]]", invalid, "(pull 5 [:a])"},
        refusal{"[:find (pull ?x [:a]) (pull ?x [:b]) :where [?x]]", invalid, "?x is pulled twice"},
        refusal{"[:find (pull ?x form) :where [?x]]", invalid, "form is not among"},
        refusal{"[:find (pull ?x ?form) :where [?x ?form]]", invalid, "?form is not among"},
        refusal{"[:find (pull $z ?x [:a]) :where [?x]]", "db.error/unknown-source", "(pull $z ?x [:a])"},
        refusal{"[:find (pull ?x [:a 5]) :where [?x]]", "db.error/invalid-pull", "(pull ?x [:a 5])"},
        refusal{"[:find (pull ?x [:a]) :where [?x]]", "db.error/invalid-data-source", "(pull ?x [:a])"},
        refusal{"[:find ?x :where ?x]", invalid, "in ?x"}, refusal{"[:find ?x :where []]", invalid, "in []"},
        refusal{"[:find ?x :where [$]]", invalid, "in [$]"},
        refusal{"[:find ?x :where [?x $foo]]", invalid, "$foo"},
        refusal{"[:find ?x :where [?x ...]]", invalid, "..."},
        refusal{"[:find ?x :where ()]", invalid, "in ()"},
        refusal{"[:find ?x :where [?x] (not)]", invalid, "in (not)"},
        refusal{"[:find ?x :where [?x] (or)]", invalid, "in (or)"},
        refusal{"[:find ?x :where [?x] (not-join [?x])]", invalid, "(not-join [?x])"},
        refusal{"[:find ?x :where [?x] (not-join ?x [?x])]", invalid, "(not-join ?x [?x])"},
        refusal{"[:find ?x :where [?x] (not-join [] [?x])]", invalid, "(not-join [] [?x])"},
        refusal{"[:find ?x :where (or-join [x] [?x])]", invalid, "x is not a variable"},
        refusal{"[:find ?x :where (or [?x 1] [?x ?y])]", invalid, "same variables"},
        refusal{"[:find ?x :where [?x] [()]]", invalid, "[()]"},
        refusal{"[:find ?x :where [?x] [(< ?x (+ 1 2))]]", invalid, "do not nest"},
        refusal{"[:find ?x :where [?x] [(< ?x y)]]", invalid, "y"},
        refusal{"[:find ?y :where [?x] [(inc ?x) ?y ?z]]", invalid, "one binding"},
        refusal{"[:find ?y :where [?x] [(inc ?x) 5]]", invalid, "a binding"},
        refusal{"[:find ?x :in $ 5 :where [?x]]", invalid, "5"},
        refusal{"[:find ?x :in $ $ :where [?x]]", invalid, "$"},
        refusal{"[:find ?x :with x :where [?x]]", invalid, "x is not a variable"},
        refusal{"[:find ?x :with ?x :where [?x]]", invalid, ":find and :with"},
        refusal{"[:find (count ?x) :with ?x :where [?x]]", invalid, ":find and :with"},
        refusal{"[:find ?x :with ?y ?y :where [?x ?y]]", invalid, "?y stands twice"},
        refusal{"[:find ?x :in $ % % :where [?x]]", invalid, "% are there twice"},
        refusal{"[:find ?x :keys a b :where [?x]]", invalid, "as many names"},
        refusal{"[:find ?x . :keys a :where [?x]]", invalid, "maps"},
        refusal{"[:find ?x ?y :keys a a :where [?x ?y 9]]", invalid, "the name :a stands twice"},
        refusal{"[:find ?y :where [?x] [(inc ?x) [?y :k]]]", invalid, ":k, in [(inc ?x) [?y :k]]"},
        refusal{"[:find ?x :in $ [?x [:k]] :where [?x]]", invalid, ":k, in [?x [:k]]"},
        refusal{"[:find (max 1 2 ?x) :where [?x]]", "db.error/wrong-arity", "(max 1 2 ?x)"},
        refusal{"[:find (avg 2 ?x) :where [?x]]", "db.error/wrong-arity", "avg is not given 1 argument"},
        refusal{"[:find (max few ?x) :where [?x 99]]", "db.error/wrong-type", "(max few ?x)"},
        refusal{"[:find (sample -1 ?x) :where [?x 99]]", "db.error/wrong-type", "(sample -1 ?x)"},
        refusal{"[:find (rand 1000001 ?x) :where [?x]]", "db.error/arithmetic", "(rand 1000001 ?x)"},
        refusal{"[:find ?x :where [$z ?x]]", "db.error/unknown-source", "$z"},
        refusal{"[:find ?x :where [?x] [(nope ?x)]]", "db.error/unknown-function", "nope"},
        refusal{"[:find ?x :where [?x] [(?p ?x)]]", "db.error/unknown-function", "?p"},
        refusal{"[:find ?x :where [?x] [(even? ?x ?x)]]", "db.error/wrong-arity", "[(even? ?x ?x)]"},
        refusal{"[:find ?x :where (nope ?x)]", "db.error/unknown-rule", "(nope ?x)"},
        refusal{"[:find ?x :where (nope ?x)]", "db.error/unknown-rule", ":in calls %"},
        refusal{"[:find ?x :where [?x] (even? ?x)]", "db.error/unknown-rule", "[(even? …)]"},
        refusal{"[:find ?x :where [?x] [not [?x 1]]]", invalid, "not stands in parentheses"},
        refusal{"[:find ?x :where [or [?x 1] [?x 2]]]", invalid, "or stands in parentheses"},
        refusal{"[:find ?q :where [?x]]", unbound, "?q"},
        refusal{"[:find ?x :where [?x] [(< ?x ?nowhere)]]", unbound, "?nowhere"},
        refusal{"[:find ?x :where [?x] [(inc ?nowhere) ?y]]", unbound,
                "?nowhere must be bound, and is not, in [(inc ?nowhere) ?y]"},
        refusal{"[:find ?y :where (or-join [[?x] ?y] [?x ?y])]", unbound, "?x must be bound, and is not"},
        refusal{"[:find ?x :where [?x] (not [?y])]", unbound, "(not [?y])"},
        refusal{"[:find ?x :where [?x] (not-join [?y] [?y ?x])]", unbound, "?y"},
        refusal{"[:find ?x :where (or-join [[?x]] [?x 1])]", unbound, "?x"},
        refusal{"[:find ?x :where [?x] [(/ ?x 0) ?y]]", "db.error/arithmetic", "[(/ ?x 0) ?y]"},
        refusal{"[:find ?x :where [?x] [(* ?x 9223372036854775807) ?y]]", "db.error/arithmetic", "overflows"},
        refusal{"[:find ?y :where [?x] [(str ?x) ?s] [(+ 1 ?s) ?y]]", "db.error/wrong-type", "[(+ 1 ?s) ?y]"},
        refusal{"[:find ?a :where [?x] [(inc ?x) [?a ?b]]]", "db.error/invalid-query-input",
                "[(inc ?x) [?a ?b]]"}));

/// The code of what asking throws.
template <class... A>
std::string code_of(const char* text, A&&... arguments) {
  return datolite::test::code_of([&] { datolite::q(text, std::forward<A>(arguments)...); });
}

TEST(inputs, that_do_not_fit_are_refused) {
  EXPECT_EQ(code_of("[:find ?x :in $ ?y :where [?x ?y]]", pairs), "db.error/invalid-query-input");
  EXPECT_EQ(code_of("[:find ?x :where [?x]]", pairs, 3), "db.error/invalid-query-input");
  EXPECT_EQ(code_of("[:find ?x :in $ [?x ...] :where [?x]]", pairs, 3), "db.error/invalid-query-input");
  EXPECT_EQ(code_of("[:find ?x :in $ [?x ?y] :where [?x]]", pairs, std::vector<int>{1}),
            "db.error/invalid-query-input");
  EXPECT_EQ(code_of("[:find ?x :in $ ?p :where [?x] [(?p ?x)]]", pairs, 3), "db.error/invalid-query-input");
  EXPECT_EQ(code_of("[:find ?x :in $ ?y :where [?x ?y]]", pairs, [](int) { return true; }),
            "db.error/invalid-query-input");
}

TEST(inputs, what_is_no_source_is_invalid_data_source) {
  EXPECT_EQ(code_of("[:find ?x :where [?x]]", nullptr), "db.error/invalid-data-source");
  EXPECT_EQ(code_of("[:find ?x :where [?x]]", 5), "db.error/invalid-data-source");
  EXPECT_EQ(code_of("[:find ?x :where [?x]]", "text"), "db.error/invalid-data-source");
  EXPECT_EQ(code_of("[:find ?x :where [?x]]", std::vector<int>{1, 2}), "db.error/invalid-data-source");
  EXPECT_EQ(code_of("[:find ?x :where [?x]]", [](int) { return 1; }), "db.error/invalid-data-source");
}

TEST(rules, that_are_malformed_or_deny_themselves_are_refused) {
  const char* ask = "[:find ?x :in $ % :where (r ?x)]";
  EXPECT_EQ(code_of(ask, pairs, "5"), invalid);
  EXPECT_EQ(code_of(ask, pairs, "[[(r ?x)]]"), invalid);
  EXPECT_EQ(code_of(ask, pairs, "[[r [?x]]]"), invalid);
  EXPECT_EQ(code_of(ask, pairs, "[[(r ?x ?x) [?x]]]"), invalid);
  EXPECT_EQ(code_of(ask, pairs, "[[(r) [?x]]]"), invalid);
  EXPECT_EQ(code_of(ask, pairs, "[[(r ?x) [?x]] [(not ?x) [?x]]]"), invalid);
  EXPECT_EQ(code_of(ask, pairs, "[[(r ?x) [?x]] [(r ?x ?y) [?x ?y]]]"), "db.error/wrong-arity");
  EXPECT_EQ(code_of(ask, pairs, "[[(r ?x ?y) [?x ?y]]]"), "db.error/wrong-arity");
  EXPECT_EQ(code_of(ask, pairs, "[[(r ?x) [?x]] [(r [?x]) [?x]]]"), "db.error/wrong-arity");
  EXPECT_EQ(code_of(ask, pairs, "[[(r ?x) [?y]]]"), unbound);
  EXPECT_EQ(code_of(ask, pairs, "[[(r [?x]) [?x]]]"), unbound);
  EXPECT_EQ(code_of(ask, pairs, "[[(r ?x) [?x] (s ?x)]]"), "db.error/unknown-rule");
  EXPECT_EQ(code_of(ask, pairs, "[[(r ?x) [?x] (not (s ?x))] [(s ?x) [?x] (not (r ?x))]]"),
            "db.error/unstratified-rules");
  EXPECT_EQ(code_of(ask, pairs, "[[(r ?x) [?x] (not (r ?x))]]"), "db.error/unstratified-rules");
  EXPECT_EQ(code_of(ask, pairs, "[[(r ?x) [?x] (not (s ?x))] [(s ?x) [_ ?x]]]"), "no error");
}

TEST(rules, say_that_they_do_not_see_functions_among_the_inputs) {
  try {
    datolite::q("[:find ?x :in $ % ?f :where (r ?x) [(?f ?x)]]", pairs, "[[(r ?x) [?x] [(?f ?x)]]]",
                [](int) { return true; });
    FAIL() << "answered";
  } catch (const datolite::error& e) {
    EXPECT_EQ(e.code(), "db.error/unknown-function");
    EXPECT_NE(e.message().find("rules do not see the query's inputs"), std::string::npos) << e.message();
    EXPECT_NE(e.message().find("in [(?f ?x)]"), std::string::npos) << e.message();
  }
}

TEST(depth, of_a_query_built_in_code_is_bounded) {
  value form = value::vector({value::symbol("?x")});
  for (int i = 0; i < 5000; ++i) form = value::list({value::symbol("and"), form});
  const value query =
      value::vector({value::keyword("find"), value::symbol("?x"), value::keyword("where"), form});
  EXPECT_THROW(datolite::q(query, pairs), datolite::error);
}

TEST(functions, built_in_names_cannot_be_taken) {
  EXPECT_THROW(datolite::query::register_function("+", [](int a) { return a; }), datolite::error);
}

}  // namespace errors_test
