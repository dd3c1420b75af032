// Random queries over a database give what the reference evaluator gives over its datoms: now, in the past,
// since, over the history, and on a branch that is not committed; few bindings (searched) and many (scanned
// and merged).
#include <random>
#include <string>
#include <vector>

#include <datolite/datolite.hpp>

#include <query/reference_evaluator.hpp>

#include <gtest/gtest.h>

namespace db_random_test {

using namespace datolite;

constexpr std::uint32_t seed = 20240612;
constexpr std::int64_t base = std::int64_t{4} << 42;

class generator {
 public:
  explicit generator(std::uint32_t number) : random_{number} {}
  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>{0, n - 1}(random_); }
  bool chance(std::size_t in) { return below(in) == 0; }
  std::string any(const std::vector<std::string>& of) { return of[below(of.size())]; }

  std::string entity() { return std::to_string(base + 1000 + static_cast<std::int64_t>(below(entities))); }
  std::string number() { return std::to_string(below(8)); }

  std::string e() { return chance(5) ? entity() : any({"?a", "?b", "?c"}); }
  std::string n() { return chance(5) ? number() : any({"?n", "?m"}); }

  /// `history`: patterns may look at the transaction and at what it did.
  std::string pattern(bool history) {
    std::string out = "[" + e();
    switch (below(3)) {
      case 0: out += " :r " + (chance(8) ? "_" : e()); break;
      case 1: out += " :n " + (chance(8) ? "_" : n()); break;
      default: out += std::string{" :s "} + (chance(3) ? "\"a-rather-long-text-1\"" : "?s");
    }
    if (chance(6)) out += " ?t" + (history ? any({"", " true", " false", " ?added"}) : "");
    return out + "]";
  }

  std::string clause(bool history) {
    switch (below(9)) {
      case 0: return "[(" + any({"<", "<=", ">", "not="}) + " " + any({"?n", "?m"}) + " " + n() + ")]";
      case 1: return "(not " + pattern(history) + ")";
      case 2:
        return "(or-join [?a] [?a :n " + number() + "] (and [?a :r ?x] [?x :s \"a-rather-long-text-1\"]))";
      case 3: return "(reach " + e() + " " + e() + ")";
      case 4: return "[(+ ?n 1) ?m]";
      case 5: return "[(not= ?a ?b)]";
      default: return pattern(history);
    }
  }

  /// A transaction of some facts, or retractions of them.
  std::string transaction(std::size_t facts) {
    std::string out = "[";
    std::vector<std::string> of_one;  // entities whose attribute of cardinality one is taken
    for (; facts > 0; --facts) {
      const std::string id = entity();
      const std::size_t kind_of = below(5);
      if (kind_of == 0 && std::find(of_one.begin(), of_one.end(), id) != of_one.end()) continue;
      if (kind_of == 0) of_one.push_back(id);
      const std::string verb = kind_of > 0 && chance(6) ? "[:db/retract " : "[:db/add ";
      const std::string v = kind_of == 0   ? ":n " + number()
                            : kind_of == 1 ? ":s \"a-rather-long-text-" + number() + "\""
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

  static constexpr std::size_t entities = 12;

 private:
  std::mt19937 random_;
  std::set<std::string> seen_;
  int transactions_ = 0;
};

reference::rows rows_of(const db& shown) {
  reference::rows out;
  for (const char* name : {"r", "n", "s"}) {
    const value a = value::keyword(name);
    for (const datom& d : shown.datoms(index_order::aevt, a)) {
      out.insert({value::ref(d.e), a, d.v, value::ref(datoms::t_to_tx(d.t())), value{d.added()}});
    }
  }
  return out;
}

const std::string rules = "[[(reach ?x ?y) [?x :r ?y]] [(reach ?x ?y) [?x :r ?z] (reach ?z ?y)]]";

struct trial {
  std::string find;
  std::vector<std::string> clauses;
  std::string text(const std::vector<std::string>& in_order, const char* in) const {
    std::string out = find + in + " :where";
    for (const std::string& c : in_order) out += " " + c;
    return out + "]";
  }
};

void compare(const db& shown, const reference::rows& rows, const trial& t, generator& g, int& answered) {
  reference::evaluator by;
  by.sources = {{"$", rows}};
  const value branches = read_edn(rules);
  for (const value& branch : branches.elements()) by.rules["reach"].push_back(branch);
  const std::string text = t.text(t.clauses, "");
  reference::rows wanted, got;
  bool stuck = false;
  try {
    wanted = by.answer(read_edn(text), {{}}, {});
  } catch (const reference::stuck&) {
    stuck = true;
  }
  const std::string asked = t.text(g.shuffled(t.clauses), " :in $ %");
  try {
    for (const auto& row : q(asked, shown, rules)) {
      reference::row one;
      for (std::size_t i = 0; i < row.size(); ++i) one.push_back(row[i]);
      ASSERT_TRUE(got.insert(one).second) << "a row stands twice: " << asked;
    }
    ASSERT_FALSE(stuck) << asked;
  } catch (const error& e) {
    ASSERT_EQ(e.code(), "db.error/insufficient-binding") << e.what();
    ASSERT_TRUE(stuck) << asked << e.what();
  }
  const auto same = [](const reference::rows& x, const reference::rows& y) {
    // Constants given as longs come back as longs where a pattern has them; compared as query equality has
    // it.
    if (x.size() != y.size()) return false;
    for (const auto& r : x) {
      const bool met = std::any_of(y.begin(), y.end(), [&](const auto& o) {
        return std::equal(r.begin(), r.end(), o.begin(), o.end(),
                          [](const value& a, const value& b) { return query_equal(a, b); });
      });
      if (!met) return false;
    }
    return true;
  };
  ASSERT_TRUE(same(wanted, got)) << asked << "\nwanted " << wanted.size() << " rows, got " << got.size();
  answered += !wanted.empty();
}

TEST(random_queries_over_a_db, agree_with_the_reference_at_every_time) {
  int answered = 0;
  for (std::uint32_t i = 0; i < 40; ++i) {
    generator g{seed + i};
    connection conn{engines::memory{}};
    conn.transact(read_edn(R"([
      {:db/ident :r :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}
      {:db/ident :n :db/valueType :db.type/long :db/cardinality :db.cardinality/one :db/index true}
      {:db/ident :s :db/valueType :db.type/string :db/cardinality :db.cardinality/many}])"));
    std::vector<std::int64_t> ts;
    for (int tx = 0; tx < 3; ++tx) ts.push_back(conn.transact(read_edn(g.transaction(18))).t);
    const db now = conn.db();
    const std::pair<db, bool> views[] = {{now, false},
                                         {now.as_of(ts[0]), false},
                                         {now.since(ts[0]), false},
                                         {now.history(), true},
                                         {now.with(read_edn(g.transaction(10))).db_after, false}};
    for (const auto& [shown, history] : views) {
      const reference::rows rows = rows_of(shown);
      for (int n = 0; n < 3; ++n) {
        trial t;
        t.clauses.push_back(g.pattern(history));
        for (std::size_t more = g.below(3); more > 0; --more) t.clauses.push_back(g.clause(history));
        t.find = "[:find " + g.any({"?a", "?a", "?b", "?n", "?a ?b", "?a ?n", "?s"});
        compare(shown, rows, t, g, answered);
        if (HasFatalFailure()) {
          FAIL() << "seed " << seed + i;
        }
      }
    }
  }
  EXPECT_GT(answered, 100) << "the generator makes too many queries whose answer is empty";
}

}  // namespace db_random_test
