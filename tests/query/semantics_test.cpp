// What is easy to get wrong, a test a rule: sets before aggregates, nil and false, unification, scoping,
// arity.
#include <string>
#include <tuple>
#include <vector>

#include <datolite/query/query.hpp>

#include <support/error_code.hpp>

#include <gtest/gtest.h>

namespace semantics_test {

using datolite::kind;
using datolite::q;
using datolite::value;
using datolite::test::code_of;
using namespace datolite::literals;

template <class... A>
std::string ask(const char* text, A&&... arguments) {
  return datolite::to_edn(q(text, std::forward<A>(arguments)...).as_value());
}
std::string edn(const char* text) { return datolite::to_edn(datolite::read_edn(text)); }

const std::vector<std::tuple<std::string, int>> monsters{
    {"Cerberus", 3}, {"Medusa", 1}, {"Cyclops", 1}, {"Chimera", 1}};

TEST(semantics, rows_are_a_set_before_they_are_aggregated) {
  EXPECT_EQ(ask("[:find (sum ?heads) . :where [_ ?heads]]", monsters), "4");
  EXPECT_EQ(ask("[:find (sum ?heads) . :with ?m :where [?m ?heads]]", monsters), "6");
}

TEST(semantics, an_aggregate_over_nothing_is_no_row_and_a_scalar_of_nothing_is_nil) {
  EXPECT_EQ(ask("[:find (count ?m) :where [?m 99]]", monsters), "#{}");
  EXPECT_EQ(ask("[:find (count ?m) . :where [?m 99]]", monsters), "nil");
}

TEST(semantics, a_variable_is_not_both_found_and_with) {
  EXPECT_EQ(code_of([] { q("[:find ?m :with ?m :where [?m]]", monsters); }), "db.error/invalid-query");
}

TEST(semantics, max_n_shows_the_greatest_first_and_min_n_the_least) {
  EXPECT_EQ(ask("[:find [(max 2 ?x) (min 2 ?x)] :in [?x ...]]", "[1 5 3 3]"_edn), "[[5 3] [1 3]]");
  EXPECT_EQ(ask("[:find (rand 5 ?x) . :in [?x ...]]", "[7]"_edn), "[7 7 7 7 7]");
  EXPECT_EQ(ask("[:find (sample 5 ?x) . :in [?x ...]]", "[7]"_edn), "[7]");
  EXPECT_EQ(ask("[:find (max 0 ?x) . :in [?x ...]]", "[7]"_edn), "[]");
}

TEST(semantics, variance_is_of_the_population) {
  EXPECT_EQ(ask("[:find (variance ?x) . :in [?x ...]]", "[1 2 3 4]"_edn), "1.25");
  EXPECT_EQ(ask("[:find (stddev ?x) . :in [?x ...]]", "[1 1 3]"_edn), "1.0");
}

TEST(semantics, the_other_arguments_of_an_aggregate_are_constants_or_inputs) {
  EXPECT_EQ(ask("[:find (max ?n ?h) . :in $ ?n :where [_ ?h]]", monsters, 1), "[3]");
  EXPECT_EQ(code_of([] { q("[:find (max ?h ?m) :where [?m ?h]]", monsters); }), "db.error/invalid-query");
  EXPECT_EQ(code_of([] { q("[:find (max ?n ?h) :in $ [?n ...] :where [?m ?h]]", monsters, "[1]"_edn); }),
            "db.error/invalid-query");
}

TEST(semantics, a_scalar_or_tuple_is_one_of_the_rows_and_a_collection_has_no_two_alike_but_for_with) {
  EXPECT_TRUE(monsters.size() > 1 && q("[:find ?m . :where [?m 1]]", monsters).scalar()->is(kind::string));
  EXPECT_EQ(ask("[:find [?h ?h] :where [?m ?h] [(= ?h 1)]]", monsters), "[1 1]");
  EXPECT_EQ(ask("[:find [?h ...] :where [_ ?h]]", monsters), edn("#{1 3}"));
  const value bag = q("[:find [?h ...] :with ?m :where [?m ?h] :order-by ?h]", monsters).as_value();
  EXPECT_EQ(datolite::to_edn(bag), "[1 1 1 3]");
}

TEST(semantics, rows_that_are_maps_keep_their_order_of_elements) {
  const auto found = q("[:find ?m ?h :keys z a :where [?m ?h] [(= ?h 3)]]", monsters);
  EXPECT_EQ(datolite::to_edn(found.as_value()), edn("#{{:z \"Cerberus\" :a 3}}"));
  EXPECT_EQ(found[0][0], value{"Cerberus"});
  EXPECT_EQ(found[0][1], value{3});
}

TEST(semantics, without_in_there_is_one_source_or_none_if_no_clause_asks_one) {
  EXPECT_EQ(ask("[:find ?x :where [(ground 1) ?x]]"), edn("#{[1]}"));
  EXPECT_EQ(ask("[:find ?x :where [(ground 1) ?x]]", monsters), edn("#{[1]}"));
  EXPECT_EQ(code_of([] { q("[:find ?m :where [?m]]"); }), "db.error/unknown-source");
  EXPECT_EQ(code_of([] { q("[:find ?m :in $a :where [?m]]", monsters); }), "db.error/unknown-source");
}

TEST(semantics, a_function_that_gives_nil_drops_the_row_and_false_is_a_value) {
  EXPECT_EQ(ask("[:find ?x ?y :in [?x ...] :where [(identity ?x) ?y]]", "[1 nil false]"_edn),
            edn("#{[1 1] [false false]}"));
  EXPECT_EQ(ask("[:find ?x :in [?x ...] :where [(identity ?x)]]", "[1 nil false]"_edn), edn("#{[1]}"));
}

TEST(semantics, false_as_a_constant_is_no_wildcard) {
  const std::vector<std::tuple<int, bool>> rows{{1, true}, {2, false}};
  EXPECT_EQ(ask("[:find ?x :where [?x false]]", rows), edn("#{[2]}"));
  EXPECT_EQ(ask("[:find ?x :in $ ?b :where [?x ?b]]", rows, false), edn("#{[2]}"));
}

TEST(semantics, comparisons_are_exact_across_numbers_and_false_across_kinds) {
  EXPECT_EQ(ask("[:find ?x :in [?x ...] :where [(< ?x 1.5)]]", "[1 2 1.25 \"a\" :k nil]"_edn),
            edn("#{[1] [1.25]}"));
  EXPECT_EQ(ask("[:find ?x :in [?x ...] :where [(= ?x 1)]]", "[1 1.0 1N]"_edn), edn("#{[1]}"));
  EXPECT_EQ(ask("[:find ?x :in [?x ...] :where [(<= ?x 9007199254740993)] [(> ?x 9007199254740991.0)]]",
                "[9007199254740992 9007199254740993 9007199254740994]"_edn),
            edn("#{[9007199254740992] [9007199254740993]}"));
}

TEST(semantics, a_blank_never_unifies_even_twice) {
  const std::vector<std::tuple<int, int>> rows{{1, 2}, {3, 3}};
  EXPECT_EQ(ask("[:find (count ?x) . :where [?x _] [_ _]]", rows), "2");
  EXPECT_EQ(ask("[:find ?x :where [?x ?x]]", rows), edn("#{[3]}"));
}

TEST(semantics, a_result_unifies_with_what_is_bound_already) {
  EXPECT_EQ(ask("[:find ?m :where [?m ?h] [(inc 2) ?h]]", monsters), edn("#{[\"Cerberus\"]}"));
}

TEST(semantics, an_empty_input_empties_the_answer_and_an_unrelated_one_multiplies) {
  EXPECT_EQ(ask("[:find ?m :in $ [?x ...] :where [?m 3]]", monsters, "[]"_edn), "#{}");
  EXPECT_EQ(ask("[:find (count ?m) . :with ?x :in $ [?x ...] :where [?m 1]]", monsters, "[1 2]"_edn), "6");
}

TEST(semantics, a_variable_of_two_sources_joins_by_raw_value) {
  EXPECT_EQ(ask("[:find ?m :in $a $b :where [$a ?m ?h] [$b ?h]]", monsters, "[[3.0] [1N]]"_edn),
            edn("#{[\"Medusa\"] [\"Cyclops\"] [\"Chimera\"]}"));
}

TEST(semantics, not_needs_a_variable_bound_outside) {
  EXPECT_EQ(code_of([] { q("[:find ?m :where [?m ?h] (not [?x 3])]", monsters); }),
            "db.error/insufficient-binding");
  EXPECT_EQ(code_of([] { q("[:find ?m :where (not [?m 3])]", monsters); }), "db.error/insufficient-binding");
}

TEST(semantics, not_is_moved_to_where_its_variables_are_bound) {
  EXPECT_EQ(ask("[:find ?m :where (not [?m 1]) [?m _]]", monsters), edn("#{[\"Cerberus\"]}"));
}

TEST(semantics, inner_variables_of_not_join_are_its_own_and_an_empty_inner_keeps_all) {
  EXPECT_EQ(ask("[:find ?m :where [?m ?h] (not-join [?m] [?m ?x] [(< ?x 2)])]", monsters),
            edn("#{[\"Cerberus\"]}"));
  EXPECT_EQ(ask("[:find (count ?m) . :where [?m ?h] (not-join [?m] [?m 99])]", monsters), "4");
}

TEST(semantics, branches_of_or_have_the_same_variables) {
  EXPECT_EQ(code_of([] { q("[:find ?m :where (or [?m 3] [?m ?h])]", monsters); }), "db.error/invalid-query");
  EXPECT_EQ(ask("[:find ?m ?h :where [?m ?h] (or-join [?m] [?m 3] (and [?m ?h] [(< ?h 1)]))]", monsters),
            edn("#{[\"Cerberus\" 3]}"));
}

TEST(semantics, a_branch_that_leaves_a_variable_of_or_join_unbound_is_refused) {
  EXPECT_EQ(code_of([] { q("[:find ?m ?h :where (or-join [?m ?h] [?m ?h] [?m 3])]", monsters); }),
            "db.error/insufficient-binding");
}

TEST(semantics, rules_take_constants_and_blanks_and_their_arity) {
  const value rules = "[[(has ?m ?h) [?m ?h]] [(many ?m) (has ?m ?h) [(< 2 ?h)]]]"_edn;
  EXPECT_EQ(ask("[:find ?m :in $ % :where (has ?m 3)]", monsters, rules), edn("#{[\"Cerberus\"]}"));
  EXPECT_EQ(ask("[:find (count ?m) . :in $ % :where (has ?m _)]", monsters, rules), "4");
  EXPECT_EQ(code_of([&] { q("[:find ?m :in $ % :where (has ?m)]", monsters, rules); }),
            "db.error/wrong-arity");
  EXPECT_EQ(code_of([&] { q("[:find ?m :in $ % :where (had ?m)]", monsters, rules); }),
            "db.error/unknown-rule");
}

TEST(semantics, required_variables_of_a_rule_must_be_bound_by_the_caller) {
  const value rules = "[[(above [?least] ?m) [?m ?h] [(<= ?least ?h)]]]"_edn;
  EXPECT_EQ(ask("[:find ?m :in $ % :where (above 2 ?m)]", monsters, rules), edn("#{[\"Cerberus\"]}"));
  EXPECT_EQ(code_of([&] { q("[:find ?m :in $ % :where (above ?x ?m)]", monsters, rules); }),
            "db.error/insufficient-binding");
}

TEST(semantics, a_predicate_on_what_nothing_binds_is_refused) {
  EXPECT_EQ(code_of([] { q("[:find ?m :where [?m] [(zero? ?x)]]", monsters); }),
            "db.error/insufficient-binding");
  EXPECT_EQ(code_of([] { q("[:find ?m :where [?m ?h] [(fun ?h)]]", monsters); }),
            "db.error/unknown-function");
}

TEST(semantics, inputs_must_be_as_many_as_in_says) {
  EXPECT_EQ(code_of([] { q("[:find ?m :in $ ?h :where [?m ?h]]", monsters); }),
            "db.error/invalid-query-input");
  EXPECT_EQ(code_of([] { q("[:find ?m :where [?m]]", monsters, 1); }), "db.error/invalid-query-input");
}

TEST(semantics, a_tuple_may_have_more_elements_than_are_bound_but_not_fewer) {
  EXPECT_EQ(ask("[:find ?x ?y :in [?x ?y]]", "[1 2 3]"_edn), edn("#{[1 2]}"));
  EXPECT_EQ(ask("[:find ?x ?y :in [[?x ?y]]]", "[[1 2 3] [4 5]]"_edn), edn("#{[1 2] [4 5]}"));
  EXPECT_EQ(ask("[:find ?x :where [(vector 1 2) [?x]]]"), edn("#{[1]}"));
  EXPECT_EQ(code_of([] { q("[:find ?x :in [[?x ?y]]]", "[[1 2] [3]]"_edn); }),
            "db.error/invalid-query-input");
}

TEST(semantics, a_rule_costs_about_what_its_body_does_when_recursion_hands_on) {
  // A chain of 2,000: with answers kept for each start, two million rows; with the origin kept, two thousand.
  std::vector<std::tuple<int, int>> chain;
  for (int i = 0; i < 2000; ++i) chain.emplace_back(i, i + 1);
  const value right = "[[(reach ?a ?b) [?a ?b]] [(reach ?a ?b) [?a ?t] (reach ?t ?b)]]"_edn;
  const auto found =
      q({.query = "[:find ?b :in $ % :where (reach 0 ?b)]", .args = {chain, right}, .memory = 4'000'000});
  EXPECT_EQ(found.size(), 2000u);
}

}  // namespace semantics_test
