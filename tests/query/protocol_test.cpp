// What the engine asks of a datasource: extrel once a clause, with consts, starts and whiles; joins with the
// projections and the join map; and that advice may be ignored.
#include <string>
#include <tuple>
#include <vector>

#include <datolite/query/query.hpp>

#include <gtest/gtest.h>

namespace protocol_test {

using datolite::q;
using datolite::value;
using namespace datolite::literals;
namespace query = datolite::query;

/// Everything a source was asked.
struct trace {
  struct call {
    value consts, starts;
    std::vector<std::optional<query::take_while>> whiles;
    query::slot_set wanted;
    std::vector<query::slot_pair> repeated;
  };
  struct join {
    std::size_t ys;
    std::vector<query::join_pair> on;
    std::vector<query::projection> x, y;
    std::size_t predicates;
  };
  std::vector<call> calls;
  std::vector<join> joins;
};

value as_vector(std::span<const std::optional<value>> slots) {
  std::vector<value> out;
  for (const auto& s : slots) out.push_back(s.value_or(value{}));
  return value::vector(out);
}

template <class Rows>
struct traced_rows {
  Rows rows;
  trace* to;
  query::relation join_project_with(const query::relation& ys, const query::join_spec& j) const {
    to->joins.push_back({ys.size(),
                         {j.join.begin(), j.join.end()},
                         {j.project_x.begin(), j.project_x.end()},
                         {j.project_y.begin(), j.project_y.end()},
                         j.predicates.size()});
    return datolite::join_project_with(rows, ys, j);
  }
};

template <class Rows>
traced_rows(Rows, trace*) -> traced_rows<Rows>;

/// Forwards the protocol, and nothing else.
template <class Source>
struct traced {
  const Source& of;
  trace* to;
  auto extrel(const query::clause_pattern& p) const {
    to->calls.push_back({as_vector(p.consts),
                         as_vector(p.starts),
                         {p.whiles.begin(), p.whiles.end()},
                         p.wanted,
                         {p.repeated.begin(), p.repeated.end()}});
    return traced_rows{datolite::extrel(of, p), to};
  }
};
template <class Source>
traced(const Source&, trace*) -> traced<Source>;

const std::vector<std::vector<value>> wide{{"e1", "int"_kw, 1, "extra"}, {"e1", "int"_kw, 2, "extra"},
                                           {"e1", "int"_kw, 3, "extra"}, {"e1", "int"_kw, 4, "extra"},
                                           {"e1", "int"_kw, 5, "extra"}, {"e2", "int"_kw, 2, "extra"}};

TEST(protocol, a_range_becomes_starts_and_whiles_and_two_bindings_one_call) {
  trace seen;
  const auto answer =
      q("[:find ?v ?x :in $ [?e ...] :where [$ ?e :int ?v ?x] [(= \"extra\" ?x)] [(< ?v 4)] [(> ?v 1)]]",
        traced{wide, &seen}, std::vector<std::string>{"e1", "e2"});
  EXPECT_EQ(answer.as_value(), "#{[2 \"extra\"] [3 \"extra\"]}"_edn);
  ASSERT_EQ(seen.calls.size(), 1u);
  EXPECT_EQ(seen.calls[0].consts, "[nil :int nil nil]"_edn);
  EXPECT_EQ(seen.calls[0].starts, "[nil nil 1 \"extra\"]"_edn);
  const auto& until = seen.calls[0].whiles[2];
  ASSERT_TRUE(until.has_value());
  EXPECT_EQ(until->op(), query::comparison::less);
  EXPECT_EQ(until->bound(), value{4});
  for (int i = 0; i <= 3; ++i) EXPECT_TRUE((*until)(value{i}));
  for (int i = 4; i <= 5; ++i) EXPECT_FALSE((*until)(value{i}));
  EXPECT_EQ(seen.calls[0].whiles[3]->op(), query::comparison::equal);
  EXPECT_FALSE(seen.calls[0].whiles[0] || seen.calls[0].whiles[1]);
}

TEST(protocol, a_join_gets_its_map_and_the_projections_of_what_is_needed) {
  trace seen;
  const auto source = "[[1 :p 2] [2 :q 3]]"_edn;
  const std::vector<std::vector<value>> rows{{1, "p"_kw, 2}, {2, "q"_kw, 3}};
  const auto answer =
      q("[:find ?b ?a :in $ [[?a ?x]] :where [?a ?x ?b]]", traced{rows, &seen}, "[[1 :p] [2 :q]]"_edn);
  EXPECT_EQ(answer.as_value(), "#{[2 1] [3 2]}"_edn);
  ASSERT_EQ(seen.joins.size(), 1u);
  EXPECT_EQ(seen.joins[0].ys, 2u);
  EXPECT_EQ(seen.joins[0].on, (std::vector<query::join_pair>{{0, 0}, {1, 1}}));
  EXPECT_EQ(seen.joins[0].x, (std::vector<query::projection>{{2, 0}}));
  EXPECT_EQ(seen.joins[0].y, (std::vector<query::projection>{{0, 1}}));
}

TEST(protocol, the_first_join_is_with_one_empty_row) {
  trace seen;
  q("[:find ?a :where [?a]]", traced{wide, &seen});
  ASSERT_EQ(seen.joins.size(), 1u);
  EXPECT_EQ(seen.joins[0].ys, 1u);
  EXPECT_TRUE(seen.joins[0].on.empty() && seen.joins[0].y.empty());
}

TEST(protocol, scalar_and_tuple_inputs_are_consts_and_collections_are_joined) {
  trace seen;
  const char* text = "[:find ?v :in $ ?e [?a ?x] :where [?e ?a ?v ?x]]";
  EXPECT_EQ(q(text, traced{wide, &seen}, "e2", "[:int \"extra\"]"_edn).as_value(), "#{[2]}"_edn);
  EXPECT_EQ(seen.calls[0].consts, "[\"e2\" :int nil \"extra\"]"_edn);
  q("[:find ?v :in $ [?e ...] :where [?e :int ?v] [(ground 2) ?v]]", traced{wide, &seen},
    std::vector<std::string>{"e2"});
  EXPECT_EQ(seen.calls[1].consts, "[nil :int nil]"_edn);
}

TEST(protocol, bounds_come_from_inputs_too_and_the_narrowest_counts) {
  trace seen;
  const char* text =
      "[:find ?v :in $ ?lo ?hi :where [_ :int ?v] [(<= ?lo ?v)] [(>= ?hi ?v)] [(> ?v 0)] [(< ?v 100)]]";
  EXPECT_EQ(q(text, traced{wide, &seen}, 2, 4).as_value(), "#{[2] [3] [4]}"_edn);
  EXPECT_EQ(seen.calls[0].starts, "[nil nil 2]"_edn);
  EXPECT_EQ(seen.calls[0].whiles[2]->op(), query::comparison::less_equal);
  EXPECT_EQ(seen.calls[0].whiles[2]->bound(), value{4});
  q("[:find ?x :where [_ _ _ ?x] [(clojure.string/starts-with? ?x \"ex\")]]", traced{wide, &seen});
  EXPECT_EQ(seen.calls[1].starts, "[nil nil nil \"ex\"]"_edn);
  EXPECT_TRUE((*seen.calls[1].whiles[3])(value{"extra"}));
  EXPECT_FALSE((*seen.calls[1].whiles[3])(value{"eyes"}));
}

TEST(protocol, a_predicate_between_variables_or_opaque_is_no_advice) {
  trace seen;
  q("[:find ?v :in $ ?p :where [?e _ ?v] [(< ?e ?v)] [(?p ?v)]]", traced{wide, &seen},
    [](std::int64_t) { return true; });
  EXPECT_EQ(seen.calls[0].starts, "[nil nil nil]"_edn);
  for (const auto& w : seen.calls[0].whiles) EXPECT_FALSE(w.has_value());
  EXPECT_EQ(seen.joins[0].predicates, 2u) << "predicates are applied as soon as their variables are bound";
}

TEST(protocol, only_slots_that_matter_are_wanted_and_repeated_variables_are_told) {
  trace seen;
  q("[:find ?v :where [?e ?a ?v _] [?e :int]]", traced{wide, &seen});
  EXPECT_EQ(seen.calls.size(), 2u);
  for (const auto& c : seen.calls) {
    if (c.consts.elements().size() == 4)
      EXPECT_EQ(c.wanted.bits(), 0b101u);
    else
      EXPECT_EQ(c.wanted.bits(), 0b001u);
  }
  q("[:find ?x :where [?x _ ?x]]", traced{wide, &seen});
  EXPECT_EQ(seen.calls[2].repeated, (std::vector<query::slot_pair>{{0, 2}}));
}

TEST(protocol, extrel_is_called_once_a_clause_also_in_rules_and_negations) {
  std::vector<std::tuple<int, int>> chain;
  for (int i = 0; i < 50; ++i) chain.emplace_back(i, i + 1);
  trace seen;
  const auto answer = q("[:find ?b :in $ % :where (reach 0 ?b) (not [?b 3])]", traced{chain, &seen},
                        "[[(reach ?a ?b) [?a ?b]] [(reach ?a ?b) [?a ?c] (reach ?c ?b)]]");
  EXPECT_EQ(answer.size(), 49u);
  EXPECT_EQ(seen.calls.size(), 3u);
}

/// Gives every row it has, whatever the advice, some twice.
struct heedless {
  std::vector<std::vector<value>> rows;
  std::vector<std::vector<value>> extrel(const query::clause_pattern& p) const {
    std::vector<std::vector<value>> out;
    for (const auto& r : rows) {
      bool fits = true;
      for (std::size_t i = 0; i < p.size() && fits; ++i)
        fits = !p.consts[i] || (i < r.size() && *p.consts[i] == r[i]);
      if (fits) out.insert(out.end(), 2, r);
    }
    return out;
  }
};

/// Uses advice as far as it goes: leaves out what the starts and whiles exclude.
struct heedful {
  std::vector<std::vector<value>> rows;
  std::vector<std::vector<value>> extrel(const query::clause_pattern& p) const {
    std::vector<std::vector<value>> out;
    for (const auto& r : heedless{rows}.extrel(p)) {
      bool in_range = true;
      for (std::size_t i = 0; i < p.size(); ++i) {
        in_range =
            in_range && (!p.starts[i] || query::holds(query::comparison::less_equal, *p.starts[i], r[i]));
        in_range = in_range && (!p.whiles[i] || (*p.whiles[i])(r[i]));
      }
      if (in_range) out.push_back(r);
    }
    return out;
  }
};

TEST(protocol, a_source_that_ignores_advice_or_repeats_rows_gives_the_same_answer) {
  for (const char* where :
       {"[?e :int ?v] [(< 1 ?v)] [(<= ?v 3)]", "[?e _ ?v] [(= ?v 2)]", "[?e :int ?v] [(> ?v 5)]",
        "[_ _ ?v ?e] [(clojure.string/starts-with? ?e \"ext\")]", "[?e ?e ?v]"}) {
    const std::string text = std::string{"[:find ?e ?v :where "} + where + "]";
    const value plain = q(text, wide).as_value();
    EXPECT_EQ(q(text, heedless{wide}).as_value(), plain) << text;
    EXPECT_EQ(q(text, heedful{wide}).as_value(), plain) << text;
    trace seen;
    EXPECT_EQ(q(text, traced{wide, &seen}).as_value(), plain) << text;
  }
}

/// What joins wrongly is found out.
struct wrong_width {
  wrong_width extrel(const query::clause_pattern&) const { return {}; }
  query::relation join_project_with(const query::relation&, const query::join_spec&) const {
    return query::relation{7};
  }
};

TEST(protocol, a_join_of_the_wrong_width_is_refused) {
  EXPECT_THROW(q("[:find ?a :where [?a]]", wrong_width{}), datolite::error);
}

TEST(protocol, reads_are_counted_where_they_happen) {
  datolite::io_counters io;
  const auto answer = q({.query = "[:find ?v :where [_ :int ?v] [(< ?v 3)]]",
                         .args = {wide},
                         .query_stats = true,
                         .io_context = "test/reads"_kw,
                         .io = &io});
  EXPECT_EQ(io.other.reads, wide.size());
  EXPECT_EQ(*datolite::find_keyword(answer.io_stats(), "reads"), "{:other 6}"_edn);
  EXPECT_EQ(*datolite::find_keyword(answer.io_stats(), "io-context"), "test/reads"_kw);
  const value phase = datolite::find_keyword(answer.query_stats(), "phases")->elements()[0];
  const value clause = datolite::find_keyword(phase, "clauses")->elements()[0];
  EXPECT_EQ(clause,
            "{:clause [_ :int ?v] :rows-in 1 :rows-out 2 :binds-in () :binds-out [?v] :expansion 1 "
            ":preds ([(< ?v 3)])}"_edn);
  EXPECT_EQ(*datolite::find_keyword(phase, "sched"), "(([_ :int ?v]))"_edn);
}

TEST(protocol, query_stats_warn_of_a_clause_that_reads_everything) {
  const auto answer = q({.query = "[:find ?a :where [?a ?b] [?b 1]]", .args = {wide}, .query_stats = true});
  const value clauses = *datolite::find_keyword(
      datolite::find_keyword(answer.query_stats(), "phases")->elements()[0], "clauses");
  EXPECT_EQ(datolite::find_keyword(clauses.elements()[0], "warnings"), nullptr);
  const auto open = q({.query = "[:find ?a :where [?a ?b]]", .args = {wide}, .query_stats = true});
  const value first =
      datolite::find_keyword(datolite::find_keyword(open.query_stats(), "phases")->elements()[0], "clauses")
          ->elements()[0];
  EXPECT_EQ(*datolite::find_keyword(first, "warnings"), "{:unbound-vars #{?a ?b}}"_edn);
}

TEST(protocol, the_order_of_writing_changes_neither_plan_nor_counts) {
  const std::vector<std::string> clauses{"[?e :int ?v]", "[(< ?v 3)]", "[?e _ ?w]", "[(ground 2) ?w]"};
  std::vector<std::size_t> order{0, 1, 2, 3};
  std::optional<value> stats;
  do {
    std::string text = "[:find ?e ?v :where";
    for (const std::size_t i : order) text += " " + clauses[i];
    const auto answer = q({.query = text + "]", .args = {wide}, .query_stats = true});
    const value mine = *datolite::find_keyword(answer.query_stats(), "phases");
    if (!stats) stats = mine;
    EXPECT_EQ(mine, *stats) << text;
  } while (std::next_permutation(order.begin(), order.end()));
}

}  // namespace protocol_test
