// Random queries over databases and other sources give what the reference evaluator gives over their rows, in
// whichever way they are answered: now, in the past, since, over the history and the log, on branches that
// are not committed, on the data of one transaction; beside a plain, a sorted and an engine's relation, and
// beside the database at every moment.
#include <algorithm>
#include <iostream>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <datolite/adapters/as_of_source.hpp>
#include <datolite/adapters/key_relation.hpp>
#include <datolite/adapters/log_source.hpp>
#include <datolite/adapters/sorted_source.hpp>
#include <datolite/adapters/tx_data_source.hpp>
#include <datolite/datolite.hpp>
#include <datolite/query/forced_way.hpp>

#include <query/reference_evaluator.hpp>
#include <support/effort.hpp>

#include <gtest/gtest.h>

namespace db_random_test {

using namespace datolite;
using query::detail::forced_way;
using query::detail::way;

constexpr std::uint32_t seed = 20240612;
constexpr std::int64_t base = std::int64_t{4} << 42;
constexpr std::size_t entities = 12;

class generator {
 public:
  explicit generator(std::uint32_t number) : random_{number} {}
  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>{0, n - 1}(random_); }
  bool chance(std::size_t in) { return below(in) == 0; }
  std::string any(const std::vector<std::string>& of) { return of[below(of.size())]; }

  std::string entity() { return std::to_string(base + 1000 + static_cast<std::int64_t>(below(entities))); }
  std::string number() { return std::to_string(below(8)); }

  std::string e() {
    return chance(9) ? entity() : chance(14) ? any({":e0", ":e1"}) : any({"?a", "?b", "?c"});
  }
  std::string n() { return chance(8) ? chance(3) ? any({"2.0", "3N", "1.5"}) : number() : any({"?n", "?m"}); }
  std::string bound() { return chance(3) ? any({"2.5", "3.0", "4N", "1.5M", "\"x\""}) : n(); }
  std::string text() { return chance(3) ? "\"a-rather-long-text-" + number() + "\"" : "?s"; }
  std::string tuple() { return chance(3) ? "[" + number() + " 1.0]" : "?u"; }

  /// `whole`: patterns may look at the transaction and at what it did.
  std::string pattern(bool whole) {
    std::string out = "[" + e();
    switch (below(9)) {
      case 0:
      case 1:
      case 2: out += " :r " + (chance(8) ? "_" : e()); break;
      case 3:
      case 4: out += " :n " + (chance(8) ? "_" : n()); break;
      case 5: out += " :d " + any({"?d", "?d", "1.5", "2", "?n"}); break;
      case 6: out += " :n+d " + tuple(); break;
      case 7: out += " ?k " + any({"?n", "?d", "?a", "?s", "_", "3"}); break;
      default: out += " :s " + text();
    }
    if (chance(6)) out += " ?t" + (whole ? any({"", " true", " false", " ?added"}) : "");
    return out + "]";
  }

  std::string clause(bool whole) {
    switch (below(whole ? 22 : 24)) {
      case 0: return "[(" + comparison() + " " + any({"?n", "?m", "?d"}) + " " + bound() + ")]";
      case 1: return "[(" + comparison() + " " + bound() + " " + any({"?n", "?d"}) + ")]";
      case 2: return "(not " + pattern(whole) + (chance(3) ? " " + pattern(whole) : "") + ")";
      case 3:
        return "(or-join [?a] [?a :n " + number() + "] (and [?a :r ?x] [?x :s \"a-rather-long-text-1\"]))";
      case 4:
      case 5: return "(" + any({"reach", "reach", "alike", "lonely"}) + " " + e() + " " + e() + ")";
      case 6: return "[(+ ?n 1) ?m]";
      case 7: return "[(not= ?a ?b)]";
      case 8: return "[(untuple ?u) [?n ?d]]";
      case 9: return "[(tuple ?n ?d) ?u]";
      case 10: return "[$s ?a " + any({"?n", "?n", "?m", "3", "_"}) + "]";
      case 11: return "[$s ?n ?m]";
      case 12: return "(or [?a :r ?b] (and [?b :r ?a] " + any({"[?a :n _]", "[?b _ ?a]"}) + "))";
      case 13:
        return "(or-join [[?a] ?n] [?a :n ?n] (and [?a :r ?x] [?x :n ?n] " +
               any({"[?x :d ?d]", "[?a :s _]"}) + "))";
      case 14: return "(not-join [?a" + any({"", " ?n"}) + "] [?a :r ?x] [?x :n ?n])";
      case 15: return "[(clojure.string/starts-with? ?s \"a-rather-long-text-" + any({"", "1", "2"}) + "\")]";
      case 22:
        return "[(get-else $ ?a " + any({":n ", ":d "}) + number() + ") " + any({"?n", "?d", "?m"}) + "]";
      case 23: return "[(missing? $ ?a " + any({":n", ":r", ":s", ":n+d"}) + ")]";
      default: return pattern(whole);
    }
  }
  std::string comparison() { return any({"<", "<=", ">", ">=", "not=", "="}); }

  /// A transaction of some facts, or retractions of them.
  std::string transaction(std::size_t facts) {
    std::string out = "[";
    std::set<std::string> taken;  // entities and attributes of cardinality one
    for (; facts > 0; --facts) {
      const std::string id = entity();
      const std::size_t kind_of = below(6);
      if (kind_of < 2 && !taken.insert(id + std::to_string(kind_of)).second) continue;
      const std::string verb = kind_of > 1 && chance(6) ? "[:db/retract " : "[:db/add ";
      const std::string v = kind_of == 0   ? ":n " + number()
                            : kind_of == 1 ? ":d " + number() + any({".0", ".5"})
                            : kind_of == 2 ? ":s \"a-rather-long-text-" + number() + "\""
                                           : ":r " + entity();
      const std::string form = v + "]";
      if (seen_.insert(std::to_string(transactions_) + id + form).second) out += verb + id + " " + form;
    }
    ++transactions_;
    return out + "]";
  }

  std::vector<std::string> shuffled(std::vector<std::string> of) {
    std::shuffle(of.begin(), of.end(), random_);
    return of;
  }

 private:
  std::mt19937 random_;
  std::set<std::string> seen_;
  int transactions_ = 0;
};

const std::vector<std::string> attributes{"r", "n", "d", "s", "n+d"};

reference::row row_of(const datom& d) {
  return {value::ref(d.e), value::ref(d.a), d.v, value::ref(datoms::t_to_tx(d.t())), value{d.added()}};
}

bool is_ours(const db& of, const datom& d) {
  return std::any_of(attributes.begin(), attributes.end(), [&](const std::string& name) {
    const auto* facts = of.access().attribute(value::keyword(name));
    return facts != nullptr && facts->id == d.a;
  });
}

reference::rows rows_of(const db& shown) {
  reference::rows out;
  for (const std::string& name : attributes) {
    for (const datom& d : shown.datoms(index_order::aevt, value::keyword(name))) out.insert(row_of(d));
  }
  return out;
}

reference::rows rows_of(const db& with_names, std::span<const datom> all) {
  reference::rows out;
  for (const datom& d : all) {
    if (is_ours(with_names, d)) out.insert(row_of(d));
  }
  return out;
}

const std::string rules =
    "[[(reach ?x ?y) [?x :r ?y]] [(reach ?x ?y) [?x :r ?z] (reach ?z ?y)]"
    " [(alike ?x ?y) [?x :n ?k] [?y :n ?k]] [(alike ?x ?y) (alike ?x ?z) [?z :r ?y]]"
    " [(lonely ?x ?y) [?x :r ?y] (not (alike ?x ?y))]]";

/// `text` with ids in place of names, which the reference evaluator does not know.
std::string without_names(std::string text, const db& names) {
  const auto replace = [&text](const std::string& from, const std::string& to) {
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
      text.replace(at, from.size(), to);
  };
  for (const std::string& name : attributes) {
    for (const char* after : {" ", "]", ")"}) {
      replace(":" + name + after, std::to_string(names.access().attribute(value::keyword(name))->id) + after);
    }
  }
  replace(":e0", std::to_string(base + 1000));
  replace(":e1", std::to_string(base + 1001));
  return text;
}

/// A source, and its rows.
struct view {
  query::argument shown;
  reference::rows rows;
  bool whole = false;  ///< what transactions did is to be seen
  bool names_entities = true;
};

struct trial {
  std::string find;
  std::vector<std::string> clauses;
  std::string text(const std::vector<std::string>& in_order, const char* in) const {
    std::string out = find + in + " :where";
    for (const std::string& c : in_order) out += " " + c;
    return out + "]";
  }
};

reference::row canonical(const reference::row& r) {
  reference::row out;
  for (const value& v : r) out.push_back(query_canonical(v));
  return out;
}

struct answer {
  reference::rows rows;
  std::string code;
};

answer by_engine(const std::string& text, const std::vector<query::argument>& args, way forced) {
  answer out;
  forced_way = forced;
  try {
    for (const auto& row : q({.query = query::prepared{read_edn(text)}, .args = args})) {
      reference::row one;
      for (std::size_t i = 0; i < row.size(); ++i) one.push_back(row[i]);
      EXPECT_TRUE(out.rows.insert(canonical(one)).second) << "a row stands twice: " << text;
    }
  } catch (const error& e) {
    out.code = e.code();
  }
  forced_way = way::cheapest;
  return out;
}

answer by_reference(const std::string& text, reference::evaluator& by) {
  answer out;
  try {
    for (const auto& row : by.answer(read_edn(text), {{}}, {})) out.rows.insert(canonical(row));
  } catch (const reference::stuck&) {
    out.code = "db.error/insufficient-binding";
  } catch (const std::invalid_argument&) {
    out.code = "skip";
  }
  return out;
}

std::string shown(const reference::rows& rows) {
  std::string out;
  for (const auto& r : rows) out += to_edn(value::vector(r));
  return out;
}

/// One database with its past, the views of it, and the relations that stand beside them.
class world {
 public:
  explicit world(generator& g) : conn_{engines::memory{}} {
    conn_.transact(read_edn(R"([
      {:db/ident :r :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}
      {:db/ident :n :db/valueType :db.type/long :db/cardinality :db.cardinality/one :db/index true}
      {:db/ident :d :db/valueType :db.type/double :db/cardinality :db.cardinality/one :db/index true}
      {:db/ident :s :db/valueType :db.type/string :db/cardinality :db.cardinality/many}
      {:db/ident :n+d :db/tupleAttrs [:n :d] :db/valueType :db.type/tuple :db/cardinality :db.cardinality/one}])"));
    conn_.transact(read_edn("[{:db/id " + std::to_string(base + 1000) + " :db/ident :e0} {:db/id " +
                            std::to_string(base + 1001) + " :db/ident :e1}]"));
    for (int tx = 0; tx < 3; ++tx) {
      const auto report = conn_.transact(read_edn(g.transaction(20)));
      ts_.push_back(report.t);
      last_ = {report.tx_data.begin(), report.tx_data.end()};
    }
    now_ = conn_.db();
    add_views(g);
    add_relations(g);
  }

  const db& now() const { return *now_; }
  std::vector<view>& views() { return views_; }
  const std::vector<std::int64_t>& ts() const { return ts_; }
  const reference::rows& moments() const { return moments_; }
  const reference::rows& pairs() const { return pair_rows_; }

  query::argument beside(std::size_t kind_of) const {
    if (kind_of == 0) return pairs_;
    if (kind_of == 1) return adapters::sorted(pairs_);
    return adapters::key_relation{layout_, *keys_};
  }

 private:
  void add_views(generator& g) {
    const auto add = [&](db of, bool whole) {
      reference::rows rows = rows_of(of);
      views_.push_back({std::move(of), std::move(rows), whole, true});
    };
    const db branch = now_->with(read_edn(g.transaction(10))).db_after;
    add(*now_, false);
    add(now_->as_of(ts_[0]), false);
    add(now_->as_of(ts_[1]), false);
    add(now_->history(), true);
    add(branch, false);
    add(branch.with(read_edn(g.transaction(8))).db_after, false);
    add(branch.history(), true);
    add(now_->as_of(ts_[1]).history(), true);
    views_.push_back({now_->since(ts_[0]), rows_of(now_->since(ts_[0])), false, false});
    views_.push_back({adapters::log_source{*now_}, rows_of(now_->history()), true, true});
    views_.push_back({adapters::tx_data_source{*now_, last_}, rows_of(*now_, last_), true, true});
  }

  void add_relations(generator& g) {
    for (const std::int64_t t : ts_) {
      for (reference::row r : rows_of(now_->as_of(t))) {
        r.insert(r.begin(), value{t});
        moments_.insert(r);
      }
    }
    std::set<pair> pairs;
    for (std::size_t i = 0; i < 12; ++i) {
      pairs.emplace(g.chance(2) ? std::stoll(g.entity()) : static_cast<std::int64_t>(g.below(8)),
                    static_cast<std::int64_t>(g.below(8)));
    }
    pairs_.assign(pairs.begin(), pairs.end());
    keys_ = ensure_transaction(store_);
    for (const auto& [x, y] : pairs_) {
      pair_rows_.insert({value{x}, value{y}});
      keys_ = put(std::move(*keys_), layout_.key(x, y), "");
    }
  }

  using pair = std::tuple<std::int64_t, std::int64_t>;

  connection conn_;
  std::optional<db> now_;
  std::vector<std::int64_t> ts_;
  std::vector<datom> last_;
  std::vector<view> views_;
  std::vector<pair> pairs_;
  engines::memory store_;
  adapters::key_layout layout_{"pairs/", {kind::long_, kind::long_}};
  std::optional<decltype(ensure_transaction(store_))> keys_;
  reference::rows moments_, pair_rows_;
};

/// Mostly, patterns that bind what the clauses use, and something to find among what they bind.
void bind_what_is_used(trial& t, generator& g) {
  const auto mentions = [&t](const std::string& name, char first) {
    return std::any_of(t.clauses.begin(), t.clauses.end(), [&](const std::string& c) {
      return c[0] == first && c[1] != '(' && c.find(name) != std::string::npos;
    });
  };
  const auto used = [&](const std::string& name) {
    return std::any_of(t.clauses.begin(), t.clauses.end(),
                       [&](const std::string& c) { return c.find(name) != std::string::npos; });
  };
  const std::pair<std::string, std::string> binders[]{{"?u", "[?a :n+d ?u]"}, {"?d", "[?a :d ?d]"},
                                                      {"?s", "[?a :s ?s]"},   {"?m", "[?b :n ?m]"},
                                                      {"?n", "[?a :n ?n]"},   {"?b", "[?a :r ?b]"}};
  for (const auto& [name, binder] : binders) {
    if (used(name) && !mentions(name, '[') && !g.chance(12)) t.clauses.push_back(binder);
  }
  // Which attributes there are is not of the rows that are compared.
  if (used("?k")) t.clauses.push_back("[(ground [:r :n :d :s :n+d ]) [?k ...]]");
  std::vector<std::string> bound;
  for (const char* name : {"?a", "?b", "?c", "?n", "?m", "?d", "?s", "?u", "?t"}) {
    if (mentions(name, '[')) bound.emplace_back(name);
  }
  if (bound.empty() || g.chance(20)) bound.emplace_back("?a");
  t.find = "[:find " + g.any(bound) + (g.chance(3) ? " " + g.any(bound) : "");
}

trial make(generator& g, const view& of, const world& in) {
  trial t;
  t.clauses.push_back(g.pattern(of.whole));
  for (std::size_t more = g.below(4); more > 0; --more) t.clauses.push_back(g.clause(of.whole));
  if (g.chance(8)) {
    const std::string moment = std::to_string(in.ts()[g.below(3)]);
    std::string p = g.pattern(false);
    if (p.find("?t") == std::string::npos) {
      if (g.chance(2)) {
        t.clauses.push_back("[$p " + moment + " " + p.substr(1));
      } else {
        t.clauses.push_back("[$p ?w " + p.substr(1));
        t.clauses.push_back("[(ground [" + moment + " " + std::to_string(in.ts()[0]) + "]) [?w ...]]");
      }
    }
  }
  bind_what_is_used(t, g);
  return t;
}

/// The queries are asked in parts, so that these may run side by side.
class random_queries_over_dbs : public testing::TestWithParam<std::uint32_t> {};
INSTANTIATE_TEST_SUITE_P(in_parts, random_queries_over_dbs, testing::Range(0u, 3u));

TEST_P(random_queries_over_dbs, agree_with_the_reference_in_every_way_of_answering) {
  const int wanted_queries = datolite::test::rounds(2'400, 24'000);
  constexpr int queries_a_view = 30;
  int asked = 0, with_rows = 0, stuck = 0, number = 0;
  for (std::uint32_t i = GetParam() * 10'000; asked < wanted_queries; ++i) {
    generator g{seed + i};
    world in{g};
    for (const view& of : in.views()) {
      reference::evaluator by;
      by.sources = {{"$", of.rows}, {"$s", in.pairs()}, {"$p", in.moments()}};
      const value branches = read_edn(without_names(rules, in.now()));
      for (const value& branch : branches.elements()) {
        by.rules[std::string{branch.elements()[0].elements()[0].raw()}].push_back(branch);
      }
      for (int n = 0; n < queries_a_view; ++n, ++number) {
        const trial t = make(g, of, in);
        const std::string plain = t.text(t.clauses, "");
        if (!of.names_entities && plain.find(":e") != std::string::npos) continue;
        const answer wanted = by_reference(without_names(plain, in.now()), by);
        if (wanted.code == "skip") continue;
        const std::vector<query::argument> args{of.shown, in.beside(g.below(3)),
                                                adapters::as_of_source{in.now()}, rules};
        const std::string text = t.text(g.shuffled(t.clauses), " :in $ $s $p %");
        const auto turn = static_cast<way>(1 + number % (static_cast<int>(way::count) - 1));
        for (const way forced : {way::cheapest, turn}) {
          const answer got = by_engine(text, args, forced);
          // What stands for an entity may name none: the reference, which has rows only, does not know.
          if (got.code == "db.error/wrong-type" || got.code == "db.error/invalid-entity-alias" ||
              got.code == "db.error/invalid-lookup-ref")
            continue;
          ASSERT_EQ(wanted.code, got.code) << text << "\nseed " << seed + i << ", query " << number;
          ASSERT_EQ(wanted.rows, got.rows)
              << text << "\nseed " << seed + i << ", query " << number << ", way " << static_cast<int>(forced)
              << "\nwanted " << shown(wanted.rows) << "\ngot    " << shown(got.rows);
        }
        ++asked;
        stuck += !wanted.code.empty();
        with_rows += !wanted.rows.empty();
      }
    }
  }
  std::cout << asked << " queries, " << with_rows << " of them with rows, " << stuck
            << " without an answer\n";
  EXPECT_GT(with_rows, asked / 4) << "the generator makes too many queries whose answer is empty";
}

}  // namespace db_random_test
