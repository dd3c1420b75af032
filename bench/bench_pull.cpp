// bench_pull: trees pulled from a database of 110,000 datoms, beside SQLite and a loop by hand.
//
// The tree: 781 people, each following five, five levels deep, among 12,000 others. Pulled whole: one
// attribute of each, six of them, all. SQLite: a table of triples, one prepared statement a person, into
// structs. The floor: the same from a sorted array.
#include <benchmark/benchmark.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <tuple>
#include <vector>

#include <datolite/datolite.hpp>

#include "ratio.hpp"

using namespace datolite;
using namespace datolite::literals;

namespace {

void must(bool holds, const char* what) {
  if (holds) return;
  std::cerr << what << "\n";
  std::exit(1);
}

/// Numbers of attributes, in the order of their names below; what comes from `age` on is a number.
enum attribute : int { name, last_name, full_name, alias, sex, age, salary, number, follows };
constexpr const char* idents[] = {"name", "last-name", "full-name", "alias",  "sex",
                                  "age",  "salary",    "number",    "follows"};

struct fact {
  std::int64_t e;
  int a;
  std::int64_t n;  // of a number or ref
  std::string text;
};

/// The facts, sorted by entity, attribute and value. The same on every machine.
class people {
 public:
  people() {
    tree(1, 4);
    for (int i = 0; i < 12'000; ++i) person(10'000 + i);
    std::sort(facts.begin(), facts.end(), [](const fact& x, const fact& y) {
      return std::tie(x.e, x.a, x.n, x.text) < std::tie(y.e, y.a, y.n, y.text);
    });
  }
  std::vector<fact> facts;

 private:
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  void person(std::int64_t e) {
    const char* names[] = {"Ivan", "Petr", "Sergei", "Oleg", "Yuri", "Dmitry", "Fedor", "Denis"};
    const char* last[] = {"Ivanov", "Petrov", "Sidorov", "Kovalev", "Kuznetsov", "Voronoi"};
    const std::string n = names[next() % 8], l = last[next() % 6];
    facts.push_back({e, name, 0, n}), facts.push_back({e, last_name, 0, l});
    facts.push_back({e, full_name, 0, n + " " + l});
    std::string had;
    for (std::uint64_t i = next() % 11; i > 0; --i) {
      const char a = static_cast<char>('A' + next() % 12);
      if (had.find(a) == had.npos) facts.push_back({e, alias, 0, std::string(1, a)}), had += a;
    }
    facts.push_back({e, sex, 0, next() % 2 == 0 ? "male" : "female"});
    facts.push_back({e, age, static_cast<std::int64_t>(next() % 100), {}});
    facts.push_back({e, salary, static_cast<std::int64_t>(next() % 100001), {}});
  }
  void tree(std::int64_t e, int depth) {
    person(e);
    if (depth == 0) return;
    facts.push_back({e, number, e, {}});
    for (int k = 0; k < 5; ++k) facts.push_back({e, follows, e * 5 + k, {}}), tree(e * 5 + k, depth - 1);
  }
  std::uint64_t state_ = 1;
};

const people& world() {
  static const people made;
  return made;
}

constexpr std::int64_t base = 17592186044416;  // of ids in the partition of users

template <class E>
connection load(E engine) {
  connection conn{std::move(engine)};
  std::string schema = "[";
  for (int a = 0; a <= follows; ++a) {
    schema += std::string{"{:db/ident :"} + idents[a] + " :db/valueType :db.type/" +
              (a == follows ? "ref"
               : a == sex   ? "keyword"
               : a >= age   ? "long"
                            : "string") +
              " :db/cardinality :db.cardinality/" + (a == alias || a == follows ? "many" : "one") + "}";
  }
  conn.transact(read_edn(schema + "]"));
  std::vector<value> tx;
  for (const fact& f : world().facts) {
    const value v = f.a == follows ? value::ref(base + f.n)
                    : f.a == sex   ? value::keyword(f.text)
                    : f.a >= age   ? value{f.n}
                                   : value{f.text};
    tx.push_back(value::vector({"db/add"_kw, value::ref(base + f.e), value::keyword(idents[f.a]), v}));
  }
  conn.transact(value::vector(tx));
  return conn;
}

struct node {
  std::int64_t e = 0, age = 0, salary = 0, number = 0;
  std::string name, last, full, sex;
  std::vector<std::string> alias;
  std::vector<node> kids;
};

void put(node& n, int a, std::int64_t number_of, auto&& text) {
  switch (a) {
    case name: n.name = text(); break;
    case last_name: n.last = text(); break;
    case full_name: n.full = text(); break;
    case alias: n.alias.push_back(text()); break;
    case sex: n.sex = text(); break;
    case age: n.age = number_of; break;
    case salary: n.salary = number_of; break;
    case number: n.number = number_of; break;
    case follows: n.kids.emplace_back().e = number_of; break;
  }
}

struct shape {
  const char* name;
  const char* pattern;
  const char* sql;
  std::vector<int> wanted;
};
const shape shapes[] = {
    {"one", "[:name {:follows ...}]", "SELECT a, v FROM datoms WHERE e=?1 AND a IN (0,8)", {0, 8}},
    {"many",
     "[:db/id :last-name :alias :sex :age :salary {:follows ...}]",
     "SELECT a, v FROM datoms WHERE e=?1 AND a IN (1,3,4,5,6,8)",
     {1, 3, 4, 5, 6, 8}},
    {"wildcard", "[* {:follows ...}]", "SELECT a, v FROM datoms WHERE e=?1", {0, 1, 2, 3, 4, 5, 6, 7, 8}}};

class sqlite {
 public:
  sqlite() {
    must(sqlite3_open(":memory:", &db_) == SQLITE_OK, "SQLite does not open");
    run("CREATE TABLE datoms(e INTEGER NOT NULL, a INTEGER NOT NULL, v NOT NULL, PRIMARY KEY(e, a, v)) "
        "WITHOUT ROWID; BEGIN");
    sqlite3_stmt* insert = prepare("INSERT INTO datoms VALUES(?1, ?2, ?3)");
    for (const fact& f : world().facts) {
      sqlite3_bind_int64(insert, 1, f.e), sqlite3_bind_int(insert, 2, f.a);
      if (f.text.empty())
        sqlite3_bind_int64(insert, 3, f.n);
      else
        sqlite3_bind_text(insert, 3, f.text.data(), static_cast<int>(f.text.size()), SQLITE_STATIC);
      must(sqlite3_step(insert) == SQLITE_DONE, "SQLite does not insert");
      sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    run("COMMIT; ANALYZE");
  }
  sqlite(const sqlite&) = delete;
  ~sqlite() { sqlite3_close_v2(db_); }

  sqlite3_stmt* prepare(const char* text) {
    sqlite3_stmt* made = nullptr;
    must(sqlite3_prepare_v2(db_, text, -1, &made, nullptr) == SQLITE_OK, text);
    return made;
  }
  void run(const char* text) { must(sqlite3_exec(db_, text, nullptr, nullptr, nullptr) == SQLITE_OK, text); }

 private:
  sqlite3* db_ = nullptr;
};

void pull_sqlite(sqlite3_stmt* all, node& n) {
  sqlite3_bind_int64(all, 1, n.e);
  while (sqlite3_step(all) == SQLITE_ROW) {
    put(n, sqlite3_column_int(all, 0), sqlite3_column_int64(all, 1), [&] {
      return std::string{reinterpret_cast<const char*>(sqlite3_column_text(all, 1)),
                         static_cast<std::size_t>(sqlite3_column_bytes(all, 1))};
    });
  }
  sqlite3_reset(all);
  for (node& kid : n.kids) pull_sqlite(all, kid);
}

void pull_by_hand(const shape& s, node& n) {
  const auto& facts = world().facts;
  auto at = std::lower_bound(facts.begin(), facts.end(), n.e,
                             [](const fact& f, std::int64_t e) { return f.e < e; });
  for (; at != facts.end() && at->e == n.e; ++at) {
    if (std::find(s.wanted.begin(), s.wanted.end(), at->a) != s.wanted.end())
      put(n, at->a, at->n, [&] { return at->text; });
  }
  for (node& kid : n.kids) pull_by_hand(s, kid);
}

std::size_t count(const node& n) {
  std::size_t all = 1;
  for (const node& kid : n.kids) all += count(kid);
  return all;
}
std::size_t count(const value& v) {
  std::size_t all = 1;
  if (const value* kids = find_keyword(v, "follows"))
    for (const value& kid : kids->elements()) all += count(kid);
  return all;
}

void measure(benchmark::State& state, const shape& s, const db& from) {
  static sqlite other;
  sqlite3_stmt* all = other.prepare(s.sql);
  const pull_pattern pattern = s.pattern;
  const value root = value::ref(base + 1);
  node n;
  n.e = 1;
  pull_sqlite(all, n);
  must(count(n) == 781 && count(pull(from, pattern, root)) == 781, "the trees differ");
  bench::compare(state, 781,
                 {{"pull", [&] { benchmark::DoNotOptimize(pull(from, pattern, root).word()); }},
                  {"sqlite",
                   [&] {
                     node one;
                     one.e = 1;
                     pull_sqlite(all, one);
                     benchmark::DoNotOptimize(one.kids.data());
                   }},
                  {"floor",
                   [&] {
                     node one;
                     one.e = 1;
                     pull_by_hand(s, one);
                     benchmark::DoNotOptimize(one.kids.data());
                   }}},
                 {.by = bench::clock::thread_cpu});
  sqlite3_finalize(all);
}

}  // namespace

int main(int argc, char** argv) {
  const connection conn = load(engines::memory{});
  const db now = conn.db();
  for (const shape& s : shapes)
    bench::row(std::string{"pull/"} + s.name, [&](auto& state) { measure(state, s, now); });
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
