// What `explain` shows: the steps of a query, of its negations and of the branches of its rules.
#include <string>
#include <tuple>
#include <vector>

#include <datolite/query/query.hpp>

#include <gtest/gtest.h>

namespace explain_test {

using datolite::value;
using namespace datolite::literals;

const std::vector<std::tuple<std::string, int>> ages{{"Ivan", 15}, {"Petr", 37}, {"Anna", 22}, {"Oleg", 37}};

using edge = std::tuple<int, int>;
const std::vector<edge> chain{{1, 2}, {2, 3}, {3, 4}, {4, 5}};

std::string tree_of(const char* query, std::vector<datolite::query::argument> args) {
  return datolite::explain({.query = query, .args = std::move(args)}).tree;
}

TEST(explain, shows_each_step_with_what_was_promised_and_what_came) {
  const auto how = datolite::explain(
      {.query = "[:find ?n ?m :where [?n ?a] [?m ?a] [(< ?a 30)] (not [?m 15])]", .args = {ages}});
  const auto& steps = datolite::find_keyword(how.plan, "steps")->elements();
  ASSERT_EQ(steps.size(), 3u);
  EXPECT_EQ(*datolite::find_keyword(steps[0], "by"), "source"_kw);
  EXPECT_EQ(*datolite::find_keyword(steps[0], "estimated"), value{4.0});
  EXPECT_EQ(*datolite::find_keyword(steps[0], "rows-out"), value{2});
  EXPECT_NE(how.tree.find("(not [?m 15])  not, rows 2 -> 1"), std::string::npos) << how.tree;
  EXPECT_NE(how.tree.find("estimated 4, rows 1 -> 2  [(< ?a 30)]"), std::string::npos) << how.tree;
}

TEST(explain, shows_the_branches_of_a_rule_with_rows_in_sum_over_all_runs) {
  // What the second branch looks at is what the first finds: they are one.
  EXPECT_EQ(tree_of("[:find ?b :in $ % :where (path 1 ?b)]",
                    {chain, "[[(path ?a ?b) [?a ?b]] [(path ?a ?b) [?a ?c] (path ?c ?b)]]"_edn}),
            R"(`- (path 1 ?b)  rule, rows 1 -> 4, asked 5, answered 4
   |- [(path ?a ?b) [?a ?b]]  branch, gives answers and questions
   |  `- [?a ?b]  source, estimated 4, rows 5 -> 4 in 5 runs
   `- [(path ?a ?b) [?a ?c] (path ?c ?b)]  branch, gives questions, as another finds them
)");
  EXPECT_EQ(tree_of("[:find ?b :in $ % :where (path 1 ?b)]",
                    {chain, "[[(path ?a ?b) [?a ?b]] [(path ?a ?b) [?a ?x] [?x ?c] (path ?c ?b)]]"_edn}),
            R"(`- (path 1 ?b)  rule, rows 1 -> 2, asked 3, answered 2
   |- [(path ?a ?b) [?a ?b]]  branch, gives answers
   |  `- [?a ?b]  source, estimated 4, rows 3 -> 2 in 3 runs
   `- [(path ?a ?b) [?a ?x] [?x ?c] (path ?c ?b)]  branch, gives questions
      |- [?a ?x]  source, estimated 4, rows 3 -> 2 in 3 runs
      `- [?x ?c]  source, estimated 4, rows 2 -> 2 in 2 runs
)");
}

TEST(explain, branches_that_read_the_same_are_one_however_long_the_names_in_them_are) {
  for (std::size_t length = 1; length < 40; ++length) {
    const std::string name(length, 'n');
    const std::vector<std::tuple<int, value, int>> facts{
        {1, value::keyword(name), 2}, {2, value::keyword(name), 3}, {3, value::keyword("other"), 4}};
    const std::string rules =
        "[[(path ?a ?b) [?a :" + name + " ?b]] [(path ?a ?b) [?a :" + name + " ?c] (path ?c ?b)]]";
    const std::string tree = tree_of("[:find ?b :in $ % :where (path 1 ?b)]", {facts, rules});
    EXPECT_NE(tree.find("rows 1 -> 2, asked 3, answered 2"), std::string::npos) << tree;
    EXPECT_NE(tree.find("branch, gives answers and questions"), std::string::npos) << tree;
  }
}

TEST(explain, shows_what_many_calls_share_once) {
  EXPECT_EQ(tree_of("[:find ?a ?b :in $ % :where (path ?a ?b)]",
                    {chain, "[[(path ?a ?b) [?a ?b]] [(path ?a ?b) (path ?a ?c) (path ?c ?b)]]"_edn}),
            R"(`- (path ?a ?b)  rule, rows 1 -> 10, asked 1, answered 10
   |- [(path ?a ?b) [?a ?b]]  branch, gives answers
   |  `- [?a ?b]  source, estimated 4, rows 1 -> 4
   `- [(path ?a ?b) (path ?a ?c) (path ?c ?b)]  branch, gives answers
      |- (path ?a ?c)  rule, rows 1 -> 10, asked 1, answered 10, as above
      `- (path ?c ?b)  rule, rows 10 -> 10 in 3 runs, asked 1, answered 10, as above
)");
}

TEST(explain, shows_negations_and_disjunctions_within_a_rule) {
  EXPECT_EQ(tree_of("[:find ?a :in $ % :where (end ?a)]",
                    {chain, "[[(end ?a) [_ ?a] (not [?a _])] [(end ?a) [?a _] (or [?a 2] [?a 5])]]"_edn}),
            R"(`- (end ?a)  rule, rows 1 -> 3, asked 1, answered 3
   |- [(end ?a) [?a _] (or [?a 2] [?a 5])]  branch, gives answers
   |  |- [?a _]  source, estimated 4, rows 1 -> 4
   |  `- (or [?a 2] [?a 5])  rule, rows 4 -> 2, asked 4, answered 2
   |     |- (or [?a 2] [?a 5])  branch, gives answers
   |     |  `- [?a 2]  source, estimated 0, rows 4 -> 1
   |     `- (or [?a 2] [?a 5])  branch, gives answers
   |        `- [?a 5]  source, estimated 0, rows 4 -> 1
   `- [(end ?a) [_ ?a] (not [?a _])]  branch, gives answers
      |- [_ ?a]  source, estimated 4, rows 1 -> 4
      `- (not [?a _])  not, rows 4 -> 1
         `- [?a _]  source, estimated 4, rows 4 -> 3
)");
}

TEST(explain, shows_steps_that_nobody_needed_without_rows) {
  EXPECT_EQ(tree_of("[:find ?a :in $ % :where [?a 7] (not [?a 1] (path ?a 2))]",
                    {chain, "[[(path ?a ?b) [?a ?b]]]"_edn}),
            R"(|- [?a 7]  source, estimated 0, rows 1 -> 0
`- (not [?a 1] (path ?a 2))  not
   |- [?a 1]  source
   `- (path ?a 2)  rule
)");
}

}  // namespace explain_test
