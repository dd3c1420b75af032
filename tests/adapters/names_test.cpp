// Names of entities that other clauses give, idents and lookup refs in the values of keyword and tuple
// attributes, in collections and in rules, are resolved whichever clause is written first, and whichever
// promises fewer rows.
#include <algorithm>
#include <cstdint>
#include <numeric>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <datolite/adapters/as_of_source.hpp>
#include <datolite/adapters/log_source.hpp>
#include <datolite/adapters/sorted_source.hpp>
#include <datolite/adapters/traced_source.hpp>
#include <datolite/datolite.hpp>
#include <datolite/query/forced_way.hpp>

#include <query/reference_evaluator.hpp>

#include <gtest/gtest.h>
#include <support/effort.hpp>

namespace names_test {

using namespace datolite;
using namespace datolite::literals;
using query::detail::forced_way;
using query::detail::way;

constexpr std::int64_t base = std::int64_t{4} << 42;
constexpr int towns = 9;

/// Towns with idents and unique codes; people who say by keyword, by lookup ref or by reference where they
/// live.
db world() {
  connection conn{engines::memory{}};
  conn.transact(R"([
    {:db/ident :code :db/valueType :db.type/long :db/cardinality :db.cardinality/one :db/unique :db.unique/identity}
    {:db/ident :size :db/valueType :db.type/long :db/cardinality :db.cardinality/one :db/index true}
    {:db/ident :near :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}
    {:db/ident :town :db/valueType :db.type/keyword :db/cardinality :db.cardinality/one}
    {:db/ident :work :db/valueType :db.type/tuple :db/tupleTypes [:db.type/keyword :db.type/long]
     :db/cardinality :db.cardinality/one}
    {:db/ident :age :db/valueType :db.type/long :db/cardinality :db.cardinality/one :db/index true}
    {:db/ident :asks :db/valueType :db.type/keyword :db/cardinality :db.cardinality/one}])"_edn);
  std::string facts = "[";
  const auto id = [](int i) { return std::to_string(base + 2000 + i); };
  for (int i = 0; i < towns; ++i) {
    facts += "{:db/id " + id(i) + " :db/ident :t" + std::to_string(i) + " :code " + std::to_string(i) +
             " :size " + std::to_string(i % 4) + " :near [" + id((i + 1) % towns) + " " + id(i * 2 % towns) +
             "]}";
  }
  for (int i = 0; i < 40; ++i) {
    facts += "{:db/id " + id(100 + i) + " :town :t" + std::to_string(i * 7 % (towns + 3)) + " :work [:code " +
             std::to_string(i % (towns + 2)) + "] :age " + std::to_string(i % 6) + " :asks " +
             (i % 2 == 0 ? ":size" : ":code") + "}";
  }
  return conn.transact(read_edn(facts + "]")).db_after;
}

/// The rows of a db under every name that their entities have: to look a name up is to find such a row.
reference::rows rows_by_all_names(const db& of) {
  const auto names_of = [&](const value& id, bool resolves) {
    std::vector<value> out{id};
    if (!resolves) return out;
    if (const auto ident = of.access().ident(id.word())) out.push_back(*ident);
    std::vector<value> codes;
    of.access().read(id.word(), of.access().attribute("code"_kw)->id, codes);
    for (const value& code : codes) out.push_back(value::vector({"code"_kw, code}));
    return out;
  };
  reference::rows out;
  for (const char* name : {"code", "size", "near", "town", "work", "age", "asks"}) {
    for (const datom& d : of.datoms(index_order::aevt, value::keyword(name))) {
      for (const value& e : names_of(value::ref(d.e), true)) {
        for (const value& a : {value::ref(d.a), value::keyword(name)}) {
          for (const value& v : names_of(d.v, d.v.is(kind::ref))) out.insert({e, a, v});
        }
      }
    }
  }
  return out;
}

const std::vector<std::vector<value>> asked{{1, "t1"_kw}, {2, "t2"_kw}, {3, "nowhere"_kw}, {4, base + 2003}};
const std::vector<std::tuple<std::int64_t, std::int64_t>> counts{
    {0, 1}, {1, 2}, {2, 2}, {3, 5}, {base + 2001, 7}};

const std::string rules =
    "[[(lives ?p ?t) [?p :town ?t]] [(lives ?p ?t) [?p :work ?t]]"
    " [(reach ?x ?y) [?x :near ?y]] [(reach ?x ?y) [?x :near ?z] (reach ?z ?y)]"
    " [(far ?x ?n) (reach ?x ?y) [?y :size ?n]]"
    " [(home ?p ?t ?n) [?t :size ?n] (lives ?p ?t)]]";

struct case_of {
  const char* find;
  std::vector<const char*> clauses;
};

/// Whatever is looked up is given by a clause, so that the reference answers under names that were given.
const std::vector<case_of> cases{
    {"?p ?n", {"[?p :town ?t]", "[?t :size ?n]"}},
    {"?p ?t", {"[?p :town ?t]", "[?t :size 3]"}},
    {"?p ?t", {"[?p :town ?t]", "[?t :code 1]", "[?p :age ?a]", "[(< ?a 3)]"}},
    {"?p ?n", {"[?p :work ?t]", "[?t :size ?n]"}},
    {"?p ?q ?n", {"[?p :town ?t]", "[?q :work ?u]", "[?t :size ?n]", "[?u :size ?n]", "[?p :age 1]"}},
    {"?p ?k", {"[?p :town ?t]", "[?t :near ?k]", "[?p :age 2]", "[?q :town ?k]"}},
    {"?p ?c", {"[?p :asks ?a]", "[?p :town ?t]", "[?t ?a ?c]", "[?p :age 5]"}},
    {"?i ?n", {"[$t ?i ?k]", "[?k :size ?n]"}},
    {"?i ?n ?c", {"[$t ?i ?k]", "[?k :size ?n]", "[$s ?n ?c]"}},
    {"?p ?n", {"(lives ?p ?t)", "[?t :size ?n]", "[?p :age 3]"}},
    {"?p ?n", {"[?p :town ?t]", "(far ?t ?n)", "[?p :age 4]"}},
    {"?i ?y", {"[$t ?i ?x]", "(reach ?x ?y)", "[$t ?j ?y]"}},
    {"?p ?t ?n", {"(home ?p ?t ?n)", "[?p :age 0]"}},
    {"?p ?n", {"(or-join [?p ?t] [?p :town ?t] [?p :work ?t])", "[?t :size ?n]", "[?p :age 1]"}},
    {"?p", {"[?p :town ?t]", "(not [?t :size 2])", "[?t :code ?c]"}},
    {"?i ?k", {"[$t ?i ?k]", "(not [?k :size 1])"}},
    {"?i ?n", {"[$t ?i ?k]", "(not [?k :size 1])", "[?k :size ?n]", "[(< ?n 9)]"}},
};

std::string text_of(const case_of& one, const std::vector<std::size_t>& order, const std::string& in) {
  std::string out = std::string{"[:find "} + one.find + in + " :where";
  for (const std::size_t i : order) out += std::string{" "} + one.clauses[i];
  return out + "]";
}

reference::row canonical(const reference::row& r) {
  reference::row out;
  for (const value& v : r) out.push_back(query_canonical(v));
  return out;
}

reference::rows by_engine(const query::prepared& text, const std::vector<query::argument>& args) {
  reference::rows out;
  for (const auto& row : q({.query = text, .args = args})) {
    reference::row one;
    for (std::size_t i = 0; i < row.size(); ++i) one.push_back(row[i]);
    out.insert(canonical(one));
  }
  return out;
}

std::string shown(const reference::rows& rows) {
  std::string out;
  for (const auto& r : rows) out += to_edn(value::vector(r));
  return out;
}

TEST(names_of_entities, are_resolved_whichever_clause_is_written_first_and_however_it_is_answered) {
  const db now = world();
  reference::evaluator by;
  by.sources["$"] = rows_by_all_names(now);
  for (const auto& row : asked) by.sources["$t"].insert(row);
  for (const auto& [n, c] : counts) by.sources["$s"].insert({value{n}, value{c}});
  const value branches = read_edn(rules);
  for (const value& branch : branches.elements())
    by.rules[std::string{branch.elements()[0].elements()[0].raw()}].push_back(branch);
  const std::vector<query::argument> args{now, asked, counts, rules};
  for (const case_of& one : cases) {
    std::vector<std::size_t> order(one.clauses.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    reference::rows wanted;
    for (const auto& row : by.answer(read_edn(text_of(one, order, "")), {{}}, {}))
      wanted.insert(canonical(row));
    ASSERT_FALSE(wanted.empty()) << text_of(one, order, "");
    std::optional<value> plan;
    std::size_t written = 0;
    do {
      if (written++ % test::stride(std::size_t{1}) != 0) continue;
      const std::string text = text_of(one, order, " :in $ $t $s %");
      const query::prepared fresh{read_edn(text)};
      for (const way forced : {way::cheapest, way::worst_order, way::scan, way::search}) {
        forced_way = forced;
        const reference::rows got = by_engine(query::prepared{read_edn(text)}, args);
        forced_way = way::cheapest;
        ASSERT_EQ(wanted, got) << text << "\nway " << static_cast<int>(forced) << "\nwanted " << shown(wanted)
                               << "\ngot    " << shown(got);
      }
      const value steps = *find_keyword(explain({.query = fresh, .args = args}).plan, "steps");
      if (!plan) plan = steps;
      ASSERT_EQ(*plan, steps) << text;
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

/// The rows of a db as they are, its attributes under both their names.
reference::rows rows_as_they_are(const db& of) {
  reference::rows out;
  for (const datom& d : of.datoms(index_order::eavt)) {
    out.insert({value::ref(d.e), value::ref(d.a), d.v});
    out.insert({value::ref(d.e), *of.access().ident(d.a), d.v});
  }
  return out;
}

/// What is found where no attribute is said: a keyword among it may be the ident of a town, or of `:p1`.
const std::vector<case_of> raw_cases{
    {"?x ?y ?n", {"[?x _ ?y]", "[?y :size ?n]", "[?x :age 1]"}},
    {"?y ?n", {"[17592186046517 _ ?y]", "[?y :size ?n]"}},
    {"?x ?y", {"[?x _ ?y]", "[?y :near _]"}},
    {"?x ?y", {"[?x :age 1]", "[?x _ ?v]", "[?y _ ?v]", "[?y :age 3]"}},
    {"?x ?y ?n", {"[?x _ ?y]", "(far ?y ?n)", "[?x :age 2]"}},
    {"?x ?y", {"[?x :age 1]", "[?x _ ?t]", "(not [?t :size 2])", "[?t _ ?y]"}},
    {"?x ?y", {"[?x :age 1]", "[?x _ ?t]", "(not [?y :near ?t])", "[?y :size 2]"}},
    {"?x ?y", {"[?x :age 1]", "[?x _ ?t]", "(or-join [?y ?t] [?t :near ?y] (and [?t _ ?y] [?y :code ?c]))"}},
    {"?y", {"(walk 17592186046517 ?y)"}},
    {"?x ?y", {"[?x :age 2]", "(walk ?x ?y)", "[?y :size ?n]"}},
    {"?x ?n", {"[?x :age 2]", "[?x _ ?y]", "(walk ?y ?z)", "[?z :size ?n]"}},
};

const std::string raw_rules = rules.substr(0, rules.size() - 1) +
                              " [(walk ?x ?y) [?x _ ?y]] [(walk ?x ?y) [?x _ ?z] (walk ?z ?y)]"
                              " [(hop ?x ?y) [?x :town ?y]] [(hop ?x ?y) [?x :town ?z] (hop ?z ?y)]]";

/// Keywords that are idents of people, people who refer to towns, and a tuple like a lookup ref, of a wrong
/// type.
db world_of_people_with_names() {
  const auto id = [](int i) { return std::to_string(base + 2100 + i); };
  return world()
      .with(
          R"([{:db/ident :pair :db/valueType :db.type/tuple :db/tupleTypes [:db.type/keyword :db.type/string]
               :db/cardinality :db.cardinality/one}])"_edn)
      .db_after
      .with(read_edn("[{:db/id " + id(1) + " :db/ident :p1 :pair [:code \"none\"]} {:db/id " + id(2) +
                     " :db/ident :p2 :town :p1} {:db/id " + id(3) + " :town :p2} {:db/id " + id(7) +
                     " :near :t3} {:db/id " + id(8) + " :near :t4}]"))
      .db_after;
}

TEST(values_of_no_certain_attribute, name_nothing_in_whichever_order_they_are_found) {
  const db now = world_of_people_with_names();
  reference::evaluator by;
  by.sources["$"] = rows_as_they_are(now);
  const value branches = read_edn(raw_rules);
  for (const value& branch : branches.elements())
    by.rules[std::string{branch.elements()[0].elements()[0].raw()}].push_back(branch);
  const std::vector<query::argument> args{now, raw_rules};
  for (const case_of& one : raw_cases) {
    std::vector<std::size_t> order(one.clauses.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    reference::rows wanted;
    for (const auto& row : by.answer(read_edn(text_of(one, order, "")), {{}}, {}))
      wanted.insert(canonical(row));
    const std::string text = text_of(one, order, " :in $ %");
    do {
      for (int forced = 0; forced < static_cast<int>(way::count); ++forced) {
        forced_way = static_cast<way>(forced);
        query::detail::forced_order = forced_way == way::worst_order ? nullptr : &order;
        const reference::rows got = by_engine(query::prepared{read_edn(text)}, args);
        forced_way = way::cheapest;
        query::detail::forced_order = nullptr;
        ASSERT_EQ(wanted, got) << text << "\nway " << forced << "\nwanted " << shown(wanted) << "\ngot    "
                               << shown(got);
      }
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

TEST(values_of_no_certain_attribute, name_nothing_where_a_rule_looks_at_names_as_well) {
  const db now = world_of_people_with_names();
  const std::string more_rules = raw_rules.substr(0, raw_rules.size() - 1) +
                                 " [(turns [?a ?b] ?y) [?a :near ?y] [(= ?b ?b)]]"
                                 " [(turns [?a ?b] ?y) [?a :town ?t] (turns ?b ?t ?y)]"
                                 " [(stroll ?x ?y) [?x _ ?y]]"
                                 " [(stroll ?x ?y) [?x _ ?z] [?z :near ?w] (stroll ?w ?y)]"
                                 " [(calm [?t]) (not [?t :size 2])]]";
  const auto answers = [&](const std::string& where, way forced) {
    forced_way = forced;
    const auto out =
        by_engine(query::prepared{read_edn("[:find ?y :in $ % :where " + where + "]")}, {now, more_rules});
    forced_way = way::cheapest;
    return out;
  };
  const std::string walk = "(walk 17592186046518 ?y)", hop = "[_ :code 7] [:t7 :near ?y]",
                    none = "[17592186046518 :near ?y]";
  const std::vector<std::pair<const char*, std::string>> alike{
      {"(walk :p2 ?y)", walk},  // it begins with a name, and goes on with what is none
      {"[(ground :p2) ?x] (walk ?x ?y)", walk},
      {"[(ground [:p2 :p9]) [?x ...]] (walk ?x ?y)", walk},
      {"[17592186046519 :town ?x] (walk ?x ?y)", walk},
      {"[17592186046519 :town ?x] (hop ?x ?z) [?z :near ?y]", hop},
      {"[17592186046519 _ ?x] (hop ?x ?y)", none},  // the other way round
      {"[17592186046519 _ ?x] (hop ?x ?z) [?z :near ?y]", none},
      {"(stroll :t1 ?y)", "(stroll 17592186046417 ?y)"},
      {"(turns 17592186046519 17592186046518 ?y)", hop},
      {"[(ground [:t1 :t2]) [?x ...]] (calm ?x) [?x :near ?y]",
       "[(ground [:t1 :t2]) [?x ...]] (not [?x :size 2]) [?x :near ?y]"},
      {"[17592186046517 :asks ?k] [_ ?k ?y]", "[_ :code ?y]"},
      {"[17592186046517 _ ?k] [_ ?k ?y]", none},
      {"[17592186046518 _ ?v] [(ground [:t1]) [?x ...]] [?x _ ?v] [?x :near ?y]", none},
      {"[(ground [[:code 2]]) [?v ...]] [(ground [:t1]) [?x ...]] [?x _ ?v] [?x :near ?y]", "[:t1 :near ?y]"},
  };
  ASSERT_EQ(answers(walk, way::cheapest).size(), 6u);
  ASSERT_EQ(answers(hop, way::cheapest).size(), 2u);
  for (const auto& [where, other] : alike) {
    const auto wanted = answers(other, way::cheapest);
    for (int forced = 0; forced < static_cast<int>(way::count); ++forced) {
      const auto got = answers(where, static_cast<way>(forced));
      EXPECT_EQ(wanted, got) << where << "\nway " << forced << "\nwanted " << shown(wanted) << "\ngot    "
                             << shown(got);
    }
  }
  const adapters::traced_source traced{now};
  EXPECT_EQ(q("[:find ?y :in $ % :where (walk :p2 ?y)]", traced, raw_rules).size(), 6u);
  EXPECT_EQ(traced.trace()->calls().size(), 2u) << "a clause is asked for once, though it has two plans";
  traced.trace()->clear();
  const char* const web = "[[(web ?x ?y) [?x :near ?y]] [(web ?x ?y) (web ?x ?z) (web ?z ?y)]]";
  EXPECT_EQ(q("[:find ?y :in $ % :where (web :t1 ?y)]", traced, web).size(), static_cast<std::size_t>(towns));
  EXPECT_EQ(traced.trace()->calls().size(), 1u) << "also where rules are called with names and without";
  const std::string tree = explain({.query = query::prepared{"[:find ?y :in $ % :where (walk :p2 ?y)]"_edn},
                                    .args = {now, raw_rules}})
                               .tree;
  EXPECT_NE(tree.find("asked 7, answered 6"), std::string::npos) << tree;
}

/// The forms of a plan's steps, in order.
std::vector<value> forms(const char* where, const std::vector<query::argument>& args) {
  const std::string text = std::string{"[:find ?n :in $ $t $s % :where "} + where + "]";
  std::vector<value> out;
  const value steps =
      *find_keyword(explain({.query = query::prepared{read_edn(text)}, .args = args}).plan, "steps");
  for (const value& step : steps.elements()) out.push_back(*find_keyword(step, "clause"));
  return out;
}

TEST(names_of_entities, hold_no_pattern_back_where_none_can_come) {
  const db now = world();
  const std::vector<query::argument> args{now, counts, counts, rules};
  EXPECT_EQ(forms("[?p :age ?x] [?x :size ?n] [?x :code 1]", args)[0], "[?x :code 1]"_edn) << "a long";
  EXPECT_EQ(forms("[?y :near ?x] [?x :size ?n] [?x :code 1]", args)[0], "[?x :code 1]"_edn) << "a reference";
  EXPECT_EQ(forms("[$t ?q ?x] [?x :size ?n] [?x :code 1]", args)[0], "[?x :code 1]"_edn) << "a typed column";
  EXPECT_EQ(forms("[?p :town _ ?tx] [?tx :db/txInstant ?n]", args)[0], "[?tx :db/txInstant ?n]"_edn);
  EXPECT_EQ(forms("(reach ?y ?x) [?x :size ?n] [?x :code 1]", args)[0], "[?x :code 1]"_edn) << "a rule";
  EXPECT_EQ(forms("[?p :town ?t] [?t :size ?n] [?p :age 1]", args)[0], "[?p :age 1]"_edn)
      << "what leads to the names may come before them";
  EXPECT_EQ(forms("[?p :town ?t] [?t :size ?n] [$s ?n 7]", args)[0], "[?p :town ?t]"_edn)
      << "what hangs on the names comes after them";
}

/// Forwards what is public, and nothing else.
struct forwarding {
  query::any_source of;
  query::any_ijoin extrel(const query::clause_pattern& p) const { return of.extrel(p); }
  std::optional<double> estimate(const query::clause_pattern& p) const { return of.estimate(p); }
  query::slot_set required(const query::clause_pattern& p) const { return of.required(p); }
  query::slot_set resolves(const query::clause_pattern& p) const { return of.resolves(p); }
  query::slot_set gives_names(const query::clause_pattern& p) const { return of.gives_names(p); }
};

TEST(names_of_entities, are_resolved_by_one_plan_through_sources_that_forward_the_protocol) {
  const db now = world();
  for (const case_of& one : cases) {
    std::vector<std::size_t> order(one.clauses.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    const std::string text = text_of(one, order, " :in $ $t $s %");
    std::vector<std::pair<value, reference::rows>> seen;
    for (const query::argument& db_of : {query::argument{now}, query::argument{adapters::traced_source{now}},
                                         query::argument{forwarding{query::any_source{now}}}}) {
      const query::prepared fresh{read_edn(text)};
      const std::vector<query::argument> args{db_of, asked, counts, rules};
      seen.emplace_back(*find_keyword(explain({.query = fresh, .args = args}).plan, "steps"),
                        by_engine(fresh, args));
      ASSERT_EQ(seen.front(), seen.back()) << text;
    }
  }
}

TEST(names_of_entities, come_from_the_log_and_from_the_past_too) {
  const db now = world();
  const value wanted = q("[:find ?p ?n :in $ :where [?p :town ?t] [?t :size ?n]]", now).as_value();
  EXPECT_GT(wanted.elements().size(), 10u);
  for (const char* text : {"[:find ?p ?n :in $ $h :where [$h ?p :town ?t] [?t :size ?n]]",
                           "[:find ?p ?n :in $ $h :where [?t :size ?n] [$h ?p :town ?t]]"}) {
    EXPECT_EQ(q(text, now, adapters::log_source{now}).as_value(), wanted) << text;
    EXPECT_EQ(q(text, now, now.history()).as_value(), wanted) << text;
  }
  const std::string moment = std::to_string(now.basis_t());
  EXPECT_EQ(q("[:find ?p ?n :in $ $m :where [$m " + moment + " ?p :town ?t] [?t :size ?n]]", now,
              adapters::as_of_source{now})
                .as_value(),
            wanted);
  const std::string twice =
      "[:find ?p ?n :in $m :where [$m " + moment + " ?p :town ?t] [$m " + moment + " ?t :size ?n]]";
  EXPECT_EQ(q(twice, adapters::as_of_source{now}).as_value(), wanted);
}

TEST(lookup_refs, are_resolved_by_the_view_that_a_clause_asks) {
  connection conn{engines::memory{}};
  conn.transact(R"([
    {:db/ident :name :db/valueType :db.type/string :db/cardinality :db.cardinality/one :db/unique :db.unique/identity}
    {:db/ident :age :db/valueType :db.type/long :db/cardinality :db.cardinality/one}])"_edn);
  const auto t = conn.transact(R"([{:db/id 101 :name "x" :age 1} {:db/id 102 :name "y" :age 2}])"_edn).t;
  conn.transact(R"([{:db/id 101 :name "was x"} {:db/id 102 :name "x"}])"_edn);
  const db now = conn.db(), then = now.as_of(t);
  const char* const age = "[:find ?a . :in $ ?e :where [?e :age ?a]]";
  const value x = R"([:name "x"])"_edn, one{1}, two{2};
  EXPECT_EQ(q(age, now, x).as_value(), two);
  EXPECT_EQ(q(age, then, x).as_value(), one);
  EXPECT_EQ(q(age, now.history(), x).as_value(), two);
  EXPECT_EQ(q(age, now.history().as_of(t), x).as_value(), one);
  EXPECT_EQ(q(R"([:find ?a . :in $ :where [[:name "x"] :age ?a]])", then).as_value(), one);
  EXPECT_EQ(q("[:find ?a ?b :in $ $then ?e :where [?e :age ?a] [$then ?e :age ?b]]", now, then, x).as_value(),
            "#{[2 1]}"_edn);
}

TEST(database_functions, read_an_attribute_in_reverse_too) {
  connection conn{engines::memory{}};
  conn.transact(R"([
    {:db/ident :name :db/valueType :db.type/string :db/cardinality :db.cardinality/one :db/unique :db.unique/identity}
    {:db/ident :work/boss :db/valueType :db.type/ref :db/cardinality :db.cardinality/one}])"_edn);
  conn.transact(R"([{:name "Ivan" :work/boss {:name "Anna" :work/boss {:name "Petr"}}}])"_edn);
  const db now = conn.db();
  const auto answer = [&](const char* text) { return q(text, now).as_value(); };
  EXPECT_EQ(answer("[:find ?n . :where [?e :name ?n] [(missing? $ ?e :work/_boss)]]"), value{"Ivan"});
  EXPECT_EQ(answer(R"([:find ?n . :where [(get-else $ [:name "Petr"] :work/_boss 0) ?e] [?e :name ?n]])"),
            value{"Anna"});
  EXPECT_EQ(
      answer("[:find (count ?e) . :where [?e :name] [(missing? $ ?e :_name)] [(missing? $ ?e :_none)]]"),
      value{3});
}

TEST(database_functions, give_one_value_or_a_default_of_any_type_but_nil) {
  connection conn{engines::memory{}};
  conn.transact(R"([
    {:db/ident :name :db/valueType :db.type/string :db/cardinality :db.cardinality/one :db/unique :db.unique/identity}
    {:db/ident :nick :db/valueType :db.type/string :db/cardinality :db.cardinality/many}
    {:db/ident :vip :db/valueType :db.type/boolean :db/cardinality :db.cardinality/one}])"_edn);
  conn.transact(R"([{:name "Ivan" :nick ["I" "Vanya"] :vip false} {:name "Anna"}])"_edn);
  const db now = conn.db();
  const auto answer = [&](const db& of, const char* text) { return q(text, of).as_value(); };
  EXPECT_EQ(answer(now, "[:find ?n ?x :where [?e :name ?n] [(get-else $ ?e :nick 0) ?x]]"),
            R"(#{["Anna" 0] ["Ivan" "I"]})"_edn);
  EXPECT_EQ(answer(now, "[:find ?n ?x :where [?e :name ?n] [(get-else $ ?e :vip :none) ?x]]"),
            R"(#{["Anna" :none] ["Ivan" false]})"_edn);
  EXPECT_EQ(answer(now, "[:find ?n ?a ?x :where [?e :name ?n] [(get-some $ ?e :vip :name) [?a ?x]]]"),
            R"(#{["Anna" :name "Anna"] ["Ivan" :vip false]})"_edn);
  EXPECT_EQ(answer(now, "[:find ?n ?m :where [?e :name ?n] [(missing? $ ?e :vip) ?m]]"),
            R"(#{["Anna" true] ["Ivan" false]})"_edn);
  const auto refused = [&](const db& of, const char* text) {
    try {
      answer(of, text);
    } catch (const error& e) {
      EXPECT_NE(e.message().find("(get-else $ ?e :vip"), std::string::npos) << e.message();
      return std::string{e.code()};
    }
    return std::string{};
  };
  // Also where there is no row to call it for.
  EXPECT_EQ(refused(now, "[:find ?x :where [?e :name \"nobody\"] [(get-else $ ?e :vip nil) ?x]]"),
            "db.error/nil-default");
  EXPECT_EQ(refused(now.history(), "[:find ?x :where [?e :name] [(get-else $ ?e :vip 0) ?x]]"),
            "db.error/history-db");
}

TEST(names_of_entities, come_from_the_slots_that_a_type_allows) {
  const auto slots = [](const auto& source) {
    const std::vector<std::optional<value>> none(2);
    const std::vector<std::optional<query::take_while>> no_whiles(2);
    return query::gives_names_of(source, query::clause_pattern{none, none, no_whiles, {}, {}}).bits() & 3;
  };
  EXPECT_EQ(slots(counts), 0u);
  EXPECT_EQ(slots(asked), 3u);
  EXPECT_EQ(slots(adapters::sorted(counts)), 0u);
  EXPECT_EQ(slots(std::vector<std::pair<std::string, value>>{}), 2u);
  EXPECT_EQ(slots(std::vector<std::tuple<double, std::optional<std::string>>>{}), 0u);
  EXPECT_EQ(slots(std::vector<std::vector<std::string>>{}), 0u);
  EXPECT_EQ(slots("[[1 :a]]"_edn.elements()), 3u);
  static_assert(!query::may_give_names<decltype(counts)> && query::may_give_names<decltype(asked)>);
}

}  // namespace names_test
