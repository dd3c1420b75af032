// bench_query: queries and pulls over 20,000 people, trees, and the package graph of Debian, beside SQLite
// and loops by hand.
//
//   bench_query [--small] [--times N] [--engine E] [google benchmark's options]
//   bench_query [--small] [--times N] --write DIRECTORY     the facts as JSON, for other programs
//   (bench/peers)
//
// All sides hold the same facts in memory, are prepared beforehand, and must find the same rows. `vs_sqlite`,
// `vs_floor`: our time over theirs (query_peers.hpp says what they are). With --engine lmdb, or leveldb, the
// same queries run on it beside our memory: `vs_memory`. --times 10 takes ten times the people.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include <nlohmann/json.hpp>

#include <datolite/core/edn.hpp>
#include <datolite/core/value.hpp>

#include "pull_peers.hpp"
#include "query_ours.hpp"
#include "query_peers.hpp"
#include "ratio.hpp"

using namespace datolite;
using namespace datolite::literals;
using bench::floor_facts;
using bench::our_facts;
using bench::parameter;
using bench::shown_rows;
using bench::sqlite_facts;
using bench::triple;

namespace {

constexpr std::int64_t base = std::int64_t{4} << 42;  // of ids in the partition of users

/// Facts in our database and beside it.
struct world {
  std::string name;
  std::unique_ptr<our_facts> ours;
  std::unique_ptr<our_facts> in_memory;  ///< with --engine
  std::unique_ptr<sqlite_facts> sql;
  std::unique_ptr<floor_facts> by_hand;
  bool analyzed = false;
};

struct settings {
  bool small = false;
  int times = 1;
  std::string engine;  ///< empty: memory, beside SQLite and the floor
  std::string write;   ///< where to write the facts, instead of measuring
};
settings chosen;

std::vector<triple> all_triples(const bench::data_set& of) {
  std::vector<triple> out;
  for (const auto& one : of.entities) out.insert(out.end(), one.triples.begin(), one.triples.end());
  return out;
}

// -- trees

enum { t_name, t_follows };

void wide(std::vector<triple>& out, std::int64_t i, int depth, int width) {
  out.push_back({.e = base + i, .a = t_name, .text = "Ivan"});
  if (depth == 0) return;
  for (int k = 0; k < width; ++k) {
    const std::int64_t kid = i * width + k;
    out.push_back({.e = base + i, .a = t_follows, .many = true, .is_number = true, .number = base + kid});
    wide(out, kid, depth - 1, width);
  }
}
void chains(std::vector<triple>& out, int depth, int width) {
  for (int x = 0; x < width; ++x) {
    for (int y = 0; y < depth; ++y) {
      const std::int64_t e = base + x * (depth + 1) + y + 1;
      out.push_back({.e = e, .a = t_name, .text = "Ivan"});
      out.push_back({.e = e, .a = t_follows, .many = true, .is_number = true, .number = e + 1});
    }
  }
}

bench::data_set tree_data(const std::vector<triple>& facts) {
  bench::data_set out;
  out.schema = read_edn(R"([
    {:db/ident :name :db/valueType :db.type/string :db/cardinality :db.cardinality/one}
    {:db/ident :follows :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}])");
  std::vector<value> forms;
  for (const triple& t : facts) {
    forms.push_back(value::vector({"db/add"_kw, value::ref(t.e), t.a == t_name ? "name"_kw : "follows"_kw,
                                   t.is_number ? value::ref(t.number) : value{t.text}}));
  }
  out.whole = value::vector(forms);
  return out;
}

// -- rows

void must_agree(const std::string& name, const shown_rows& ours, const shown_rows& theirs, const char* who) {
  if (ours == theirs) return;
  std::cerr << name << ": " << ours.size() << " rows, and " << theirs.size() << " from " << who << "\n";
  for (std::size_t i = 0; i < std::min<std::size_t>(3, ours.size()); ++i)
    std::cerr << "  ours   " << ours[i] << "\n";
  for (std::size_t i = 0; i < std::min<std::size_t>(3, theirs.size()); ++i)
    std::cerr << "  theirs " << theirs[i] << "\n";
  std::exit(1);
}

/// What the floor finds: numbers and texts by row.
template <class... T>
using floor_rows = std::vector<std::tuple<T...>>;

/// The floor of a row: what is timed, and its rows.
struct floor_side {
  template <class F>
  floor_side(F find)
      : run{[find](const floor_facts& f) {
          const auto found = find(f);
          benchmark::DoNotOptimize(found.data());
        }},
        rows{[find](const floor_facts& f) { return show(find(f)); }} {}
  std::function<void(const floor_facts&)> run;
  std::function<shown_rows(const floor_facts&)> rows;

 private:
  static std::string text(std::string_view x) { return std::string{x} + "\t"; }
  static std::string text(std::int64_t x) { return std::to_string(x) + "\t"; }
  template <class... T>
  static shown_rows show(const floor_rows<T...>& found) {
    shown_rows out;
    for (const auto& row : found)
      out.push_back(std::apply([](const auto&... x) { return (text(x) + ... + ""); }, row));
    std::sort(out.begin(), out.end());
    return out;
  }
};

/// One side's answer, to be timed, and its rows.
struct peer_side {
  const char* name;
  std::function<void()> run;
  std::function<shown_rows()> rows;
};

/// Measures a row: ours beside our memory, with --engine, or else beside the peers that `others()` makes
/// ready.
void measure(benchmark::State& state, const std::string& name, const world& in,
             const std::function<std::unique_ptr<bench::our_query>(const our_facts&)>& ask,
             const std::function<std::vector<peer_side>()>& others) {
  const auto asked = ask(*in.ours);
  const shown_rows ours = asked->rows();
  state.counters["rows"] = static_cast<double>(ours.size());
  std::vector<bench::side> sides{{"ours", [&] { benchmark::DoNotOptimize(asked->run()); }}};
  std::unique_ptr<bench::our_query> memory;
  if (in.in_memory != nullptr) {
    memory = ask(*in.in_memory);
    must_agree(name, ours, memory->rows(), "memory");
    sides.push_back({"memory", [&] { benchmark::DoNotOptimize(memory->run()); }});
  } else {
    for (const peer_side& one : others()) {
      must_agree(name, ours, one.rows(), one.name);
      sides.push_back({one.name, one.run});
    }
  }
  bench::compare(state, 1, std::move(sides), {.by = bench::clock::thread_cpu});
}

/// Registers a row of the report: `query` with `extra` arguments after the database. SQLite's statistics are
/// gathered before the first row that says so: with them, it makes a filter over all edges for each recursive
/// query.
void row(const std::string& name, world& in, const char* query, std::vector<value> extra, const char* sql,
         const char* shape, std::vector<parameter> given, floor_side floor, bool analyze = true) {
  bench::row(name, [=, &in](benchmark::State& state) {
    measure(
        state, name, in, [&](const our_facts& facts) { return facts.ask(query, extra); },
        [&]() -> std::vector<peer_side> {
          if (analyze && !std::exchange(in.analyzed, true)) in.sql->analyze();
          const auto theirs = std::make_shared<bench::sqlite_query>(*in.sql, sql, shape, given);
          return {{"sqlite", [theirs] { benchmark::DoNotOptimize(theirs->run()); },
                   [theirs] { return theirs->rows(); }},
                  {"floor", [&] { floor.run(*in.by_hand); }, [&] { return floor.rows(*in.by_hand); }}};
        });
  });
}

// -- the people

enum { p_name, p_last, p_full, p_alias, p_sex, p_age, p_salary };

void people_rows(world& w) {
  using ints = floor_rows<std::int64_t>;
  using pairs = floor_rows<std::int64_t, std::int64_t>;
  const auto id = [](const floor_facts& f, std::uint32_t e) { return f.ids[e]; };
  row("q1", w, "[:find ?e :where [?e :name \"Ivan\"]]", {}, "SELECT e FROM datoms WHERE a=0 AND v=?1", "i",
      {"Ivan"}, [=](const floor_facts& f) {
        ints out;
        auto [p, end] = f.with_value(p_name, f.find_text("Ivan"));
        out.reserve(static_cast<std::size_t>(end - p));
        for (; p < end; ++p) out.emplace_back(id(f, p->e));
        return out;
      });
  const auto q2 = [=](const floor_facts& f) {
    pairs out;
    auto [p, end] = f.with_value(p_name, f.find_text("Ivan"));
    auto [age, age_end] = f.attribute(p_age);
    for (; p < end; ++p) {
      age = floor_facts::seek(age, age_end, p->e);
      if (age < age_end && age->e == p->e) out.emplace_back(id(f, p->e), static_cast<std::int64_t>(age->v));
    }
    return out;
  };
  row("q2", w, "[:find ?e ?a :where [?e :name \"Ivan\"] [?e :age ?a]]", {},
      "SELECT d1.e, d2.v FROM datoms d1 JOIN datoms d2 ON d2.e=d1.e AND d2.a=5 WHERE d1.a=0 AND d1.v=?1",
      "ii", {"Ivan"}, q2);
  row("q2-switch", w, "[:find ?e ?a :where [?e :age ?a] [?e :name \"Ivan\"]]", {},
      "SELECT d2.e, d2.v FROM datoms d2 JOIN datoms d1 ON d2.e=d1.e AND d2.a=5 WHERE d1.a=0 AND d1.v=?1",
      "ii", {"Ivan"}, q2);
  const auto star = [](const floor_facts& f, bool last, auto&& put) {
    auto [p, end] = f.with_value(p_name, f.find_text("Ivan"));
    auto [age, age_end] = f.attribute(p_age);
    auto [sex, sex_end] = f.with_value(p_sex, f.find_text("male"));
    auto [family, family_end] = f.attribute(p_last);
    for (; p < end; ++p) {
      sex = floor_facts::seek(sex, sex_end, p->e);
      if (sex == sex_end) break;
      if (sex->e != p->e) continue;
      age = floor_facts::seek(age, age_end, p->e);
      if (age == age_end || age->e != p->e) continue;
      if (last) family = floor_facts::seek(family, family_end, p->e);
      put(p->e, last ? family->v : 0, static_cast<std::int64_t>(age->v));
    }
  };
  row("q3", w, "[:find ?e ?a :where [?e :name \"Ivan\"] [?e :age ?a] [?e :sex :male]]", {},
      "SELECT d1.e, d2.v FROM datoms d1 JOIN datoms d2 ON d2.e=d1.e AND d2.a=5 JOIN datoms d3 ON d3.e=d1.e "
      "AND "
      "d3.a=4 AND d3.v=?2 WHERE d1.a=0 AND d1.v=?1",
      "ii", {"Ivan", "male"}, [=](const floor_facts& f) {
        pairs out;
        star(f, false,
             [&](std::uint32_t e, std::uint64_t, std::int64_t age) { out.emplace_back(id(f, e), age); });
        return out;
      });
  row("q4", w, "[:find ?e ?l ?a :where [?e :name \"Ivan\"] [?e :last-name ?l] [?e :age ?a] [?e :sex :male]]",
      {},
      "SELECT d1.e, d4.v, d2.v FROM datoms d1 JOIN datoms d4 ON d4.e=d1.e AND d4.a=1 JOIN datoms d2 ON "
      "d2.e=d1.e "
      "AND d2.a=5 JOIN datoms d3 ON d3.e=d1.e AND d3.a=4 AND d3.v=?2 WHERE d1.a=0 AND d1.v=?1",
      "isi", {"Ivan", "male"}, [=](const floor_facts& f) {
        floor_rows<std::int64_t, std::string_view, std::int64_t> out;
        star(f, true, [&](std::uint32_t e, std::uint64_t l, std::int64_t age) {
          out.emplace_back(id(f, e), f.texts[l], age);
        });
        return out;
      });
  row("q5", w,
      "[:find ?e ?n ?l ?a ?s ?al :in $ ?n ?a :where [?e :name ?n] [?e :age ?a] [?e :last-name ?l] [?e :sex "
      "?s] "
      "[?e :alias ?al]]",
      {"Anastasia", 35},
      "SELECT d1.e, d1.v, d4.v, d2.v, d3.v, d5.v FROM datoms d1 JOIN datoms d2 ON d2.e=d1.e AND d2.a=5 AND "
      "d2.v=?2 "
      "JOIN datoms d4 ON d4.e=d1.e AND d4.a=1 JOIN datoms d3 ON d3.e=d1.e AND d3.a=4 JOIN datoms d5 ON "
      "d5.e=d1.e "
      "AND d5.a=3 WHERE d1.a=0 AND d1.v=?1",
      "ississ", {"Anastasia", std::int64_t{35}}, [=](const floor_facts& f) {
        ints out;
        auto [p, end] = f.with_value(p_name, f.find_text("Anastasia"));
        for (; p < end; ++p) out.emplace_back(id(f, p->e));
        return out;
      });
  const auto rich = [=](const floor_facts& f) {
    pairs out;
    auto [p, end] = f.above(p_salary, 50000);
    out.reserve(static_cast<std::size_t>(end - p));
    for (; p < end; ++p) out.emplace_back(id(f, p->e), static_cast<std::int64_t>(p->v));
    return out;
  };
  row("qpred1", w, "[:find ?e ?s :where [?e :salary ?s] [(> ?s 50000)]]", {},
      "SELECT e, v FROM datoms WHERE a=6 AND v>50000", "ii", {}, rich);
  row("qpred2", w, "[:find ?e ?s :in $ ?min :where [?e :salary ?s] [(> ?s ?min)]]", {50000},
      "SELECT e, v FROM datoms WHERE a=6 AND v>?1", "ii", {std::int64_t{50000}}, rich);
}

// -- pulls

constexpr std::int64_t root = base + 1;  // of the tree of people

/// Registers a row: the tree of people pulled whole by `pattern`, that is, by SQLite's statement and by hand,
/// the attributes `wanted`.
void pull_row(const std::string& name, world& in, const char* pattern, const char* sql,
              const std::vector<int>& wanted) {
  std::vector<bool> marked(bench::people_follows + 1);
  for (const int a : wanted) marked[static_cast<std::size_t>(a)] = true;
  bench::row(name, [=, &in](benchmark::State& state) {
    measure(
        state, name, in, [&](const our_facts& facts) { return facts.pull(pattern, root); },
        [&]() -> std::vector<peer_side> {
          const auto theirs = std::make_shared<bench::sqlite_pull>(*in.sql, sql);
          const auto by_hand = [&] { return bench::pulled_by_hand(*in.by_hand, marked, root); };
          return {{"sqlite", [theirs] { benchmark::DoNotOptimize(theirs->run(root).follows.data()); },
                   [theirs] { return bench::rows_of(theirs->run(root)); }},
                  {"floor", [=] { benchmark::DoNotOptimize(by_hand().follows.data()); },
                   [=] { return bench::rows_of(by_hand()); }}};
        });
  });
}

void pull_rows(world& w) {
  pull_row("pull-one", w, "[:name {:follows ...}]", "SELECT a, v FROM datoms WHERE e=?1 AND a IN (0,8)",
           {0, 8});
  pull_row("pull-many", w, "[:db/id :last-name :alias :sex :age :salary {:follows ...}]",
           "SELECT a, v FROM datoms WHERE e=?1 AND a IN (1,3,4,5,6,8)", {1, 3, 4, 5, 6, 8});
  pull_row("pull-wildcard", w, "[* {:follows ...}]", "SELECT a, v FROM datoms WHERE e=?1",
           {0, 1, 2, 3, 4, 5, 6, 7, 8});
}

// -- rules

void rule_row(world& w) {
  static const value follows =
      "[[(follows ?x ?y) [?x :follows ?y]] [(follows ?x ?y) [?x :follows ?t] (follows ?t ?y)]]"_edn;
  row("rules-" + w.name, w, "[:find ?e ?e2 :in $ % :where (follows ?e ?e2)]", {follows},
      "WITH RECURSIVE f(x,y) AS (SELECT e, v FROM datoms WHERE a=1 UNION SELECT d.e, f.y FROM f CROSS JOIN "
      "datoms d "
      "ON d.a=1 AND d.v=+f.x) SELECT x,y FROM f",
      "ii", {}, [](const floor_facts& f) {
        floor_rows<std::int64_t, std::int64_t> out;
        const auto [b, end] = f.attribute(t_follows);
        const std::uint32_t n = f.entities();
        std::vector<std::uint32_t> start(n + 1), mark(n, ~0u), todo;
        for (auto p = b; p < end; ++p) ++start[p->e + 1];
        for (std::uint32_t i = 0; i < n; ++i) start[i + 1] += start[i];
        for (std::uint32_t x = 0; x < n; ++x) {
          if (start[x] == start[x + 1]) continue;
          todo.assign(1, x);
          while (!todo.empty()) {
            const std::uint32_t y = todo.back();
            todo.pop_back();
            for (std::uint32_t k = start[y]; k < start[y + 1]; ++k) {
              const auto z = static_cast<std::uint32_t>(b[k].v);
              if (mark[z] == x) continue;
              mark[z] = x;
              out.emplace_back(f.ids[x], f.ids[z]);
              todo.push_back(z);
            }
          }
        }
        return out;
      });
}

// -- Debian

enum { d_name, d_version, d_section, d_priority, d_size, d_maintainer, d_depends };

std::uint32_t package(const floor_facts& f, const char* name) {
  return f.with_value(d_name, f.find_text(name)).first->e;
}
std::string_view name_of(const floor_facts& f, std::uint32_t e) { return f.texts[f.one(e, d_name)]; }

floor_rows<std::string_view> walk(const floor_facts& f, const char* from, bool forward) {
  floor_rows<std::string_view> out;
  std::vector<bool> seen(f.entities());
  std::vector<std::uint32_t> todo{package(f, from)};
  while (!todo.empty()) {
    const std::uint32_t y = todo.back();
    todo.pop_back();
    auto [p, end] = forward ? f.of_entity(y, d_depends) : f.with_value(d_depends, y);
    for (; p < end; ++p) {
      const std::uint32_t z = forward ? static_cast<std::uint32_t>(p->v) : p->e;
      if (seen[z]) continue;
      seen[z] = true;
      out.emplace_back(name_of(f, z));
      todo.push_back(z);
    }
  }
  return out;
}

void debian_graph_rows(world& w) {
  static const value right =
      "[[(needs ?a ?b) [?a :package/depends ?b]]"
      " [(needs ?a ?b) [?a :package/depends ?t] (needs ?t ?b)]]"_edn;
  static const value left =
      "[[(needs ?a ?b) [?a :package/depends ?b]]"
      " [(needs ?a ?b) (needs ?a ?t) [?t :package/depends ?b]]]"_edn;
  for (const char* name : {"gnome-core", "libreoffice"}) {
    for (const auto& [kind_of, rules] : {std::pair{"", right}, std::pair{"-left", left}}) {
      row(
          std::string{"closure-"} + name + kind_of, w,
          "[:find ?n :in $ % ?root :where [?r :package/name ?root] (needs ?r ?e) [?e :package/name ?n]]",
          {rules, name},
          "WITH RECURSIVE f(x) AS (SELECT d.v FROM datoms l CROSS JOIN datoms d ON d.e=l.e AND d.a=6 WHERE "
          "l.a=0 AND "
          "l.v=?1 UNION SELECT d.v FROM f CROSS JOIN datoms d ON d.e=f.x AND d.a=6) SELECT n.v FROM f CROSS "
          "JOIN "
          "datoms n ON n.e=f.x AND n.a=0",
          "s", {name}, [=](const floor_facts& f) { return walk(f, name, true); }, false);
    }
  }
  row(
      "all-dependents-libssl3", w,
      "[:find ?n :in $ % ?root :where [?r :package/name ?root] (needs ?e ?r) [?e :package/name ?n]]",
      {right, "libssl3"},
      "WITH RECURSIVE f(x) AS (SELECT d.e FROM datoms l CROSS JOIN datoms d ON d.a=6 AND d.v=+l.e WHERE "
      "l.a=0 AND "
      "l.v='libssl3' UNION SELECT d.e FROM f CROSS JOIN datoms d ON d.a=6 AND d.v=+f.x) SELECT n.v FROM f "
      "CROSS JOIN "
      "datoms n ON n.e=f.x AND n.a=0",
      "s", {}, [](const floor_facts& f) { return walk(f, "libssl3", false); }, false);
}

void debian_join_rows(world& w) {
  for (const char* name : {"libc6", "libssl3"}) {
    row(std::string{"dependents-"} + name, w,
        "[:find ?n :in $ ?t :where [?l :package/name ?t] [?e :package/depends ?l] [?e :package/name ?n]]",
        {name},
        "SELECT n.v FROM datoms l CROSS JOIN datoms d ON d.a=6 AND d.v=+l.e JOIN datoms n ON n.e=d.e AND "
        "n.a=0 WHERE "
        "l.a=0 AND l.v=?1",
        "s", {name}, [=](const floor_facts& f) {
          floor_rows<std::string_view> out;
          auto [p, end] = f.with_value(d_depends, package(f, name));
          auto [n, n_end] = f.attribute(d_name);
          for (; p < end; ++p) n = floor_facts::seek(n, n_end, p->e), out.emplace_back(f.texts[n->v]);
          return out;
        });
  }
  row("two-hop", w,
      "[:find ?na ?nb :in $ ?x ?y ?min :where [?a :package/section ?x] [?a :package/depends ?b] "
      "[?b :package/section ?y] [?b :package/installed-size ?s] [(> ?s ?min)] [?a :package/name ?na] "
      "[?b :package/name ?nb]]",
      {"net", "libs", 5000},
      "SELECT na.v, nb.v FROM datoms x JOIN datoms d ON d.e=x.e AND d.a=6 JOIN datoms y ON y.e=d.v AND y.a=2 "
      "AND "
      "y.v='libs' JOIN datoms z ON z.e=d.v AND z.a=4 AND z.v>5000 JOIN datoms na ON na.e=x.e AND na.a=0 JOIN "
      "datoms nb "
      "ON nb.e=d.v AND nb.a=0 WHERE x.a=2 AND x.v='net'",
      "ss", {}, [](const floor_facts& f) {
        floor_rows<std::string_view, std::string_view> out;
        std::vector<bool> fits(f.entities());
        auto [b, b_end] = f.with_value(d_section, f.find_text("libs"));
        auto [z, z_end] = f.attribute(d_size);
        for (; b < b_end; ++b) {
          z = floor_facts::seek(z, z_end, b->e);
          if (z < z_end && z->e == b->e && z->v > 5000) fits[b->e] = true;
        }
        auto [x, x_end] = f.with_value(d_section, f.find_text("net"));
        auto [d, d_end] = f.attribute(d_depends);
        for (; x < x_end; ++x) {
          for (d = floor_facts::seek(d, d_end, x->e); d < d_end && d->e == x->e; ++d) {
            if (fits[d->v]) out.emplace_back(name_of(f, x->e), name_of(f, static_cast<std::uint32_t>(d->v)));
          }
        }
        return out;
      });
  row("triangles", w,
      "[:find (count ?a) :with ?b ?c :where [?a :package/depends ?b] [?b :package/depends ?c] "
      "[?a :package/depends ?c]]",
      {},
      "SELECT count(*) FROM datoms ab JOIN datoms bc ON bc.e=ab.v AND bc.a=6 JOIN datoms ac ON ac.e=ab.e AND "
      "ac.a=6 AND "
      "ac.v=bc.v WHERE ab.a=6",
      "i", {}, [](const floor_facts& f) {
        const auto [b, end] = f.attribute(d_depends);
        const std::uint32_t n = f.entities();
        std::vector<std::uint32_t> start(n + 1);
        for (auto p = b; p < end; ++p) ++start[p->e + 1];
        for (std::uint32_t i = 0; i < n; ++i) start[i + 1] += start[i];
        std::int64_t found = 0;
        for (auto p = b; p < end; ++p) {
          const auto *x = b + start[p->e], *x_end = b + start[p->e + 1];
          const auto *y = b + start[p->v], *y_end = b + start[p->v + 1];
          while (x < x_end && y < y_end) {
            if (x->v < y->v)
              ++x;
            else if (y->v < x->v)
              ++y;
            else
              ++found, ++x, ++y;
          }
        }
        return floor_rows<std::int64_t>{{found}};
      });
}

template <class F>
floor_rows<std::string_view, std::int64_t> grouped(const floor_facts& f, std::uint32_t by, F&& amount) {
  auto [s, end] = f.attribute(by);
  std::vector<std::int64_t> sums(f.texts.size());
  std::vector<bool> met(f.texts.size());
  std::vector<std::uint64_t> keys;
  for (; s < end; ++s) {
    const auto [counts, n] = amount(s->e);
    if (!counts) continue;
    if (!met[s->v]) keys.push_back(s->v), met[s->v] = true;
    sums[s->v] += n;
  }
  floor_rows<std::string_view, std::int64_t> out;
  for (const std::uint64_t k : keys) out.emplace_back(f.texts[k], sums[k]);
  return out;
}

void debian_group_rows(world& w) {
  row("size-by-section", w,
      "[:find ?s (sum ?z) :with ?e :where [?e :package/section ?s] [?e :package/installed-size ?z]]", {},
      "SELECT s.v, sum(z.v) FROM datoms s JOIN datoms z ON z.e=s.e AND z.a=4 WHERE s.a=2 GROUP BY s.v", "si",
      {}, [](const floor_facts& f) {
        auto [z, z_end] = f.attribute(d_size);
        return grouped(f, d_section, [&, at = z, last = z_end](std::uint32_t e) mutable {
          at = floor_facts::seek(at, last, e);
          const bool has = at < last && at->e == e;
          return std::pair{has, has ? static_cast<std::int64_t>(at->v) : 0};
        });
      });
  row("maintainers", w, "[:find ?m (count ?e) :where [?e :package/maintainer ?m]]", {},
      "SELECT v, count(*) c FROM datoms WHERE a=5 GROUP BY v", "si", {}, [](const floor_facts& f) {
        return grouped(f, d_maintainer, [](std::uint32_t) { return std::pair{true, std::int64_t{1}}; });
      });
}

/// Writes facts as an array of maps, one an entity, the values of one attribute in an array if there are
/// many. Ids count from 1, since not everyone's integers have 64 bits.
void write_facts(const std::string& name, const bench::data_set& data, const std::vector<triple>& facts) {
  std::vector<std::string> attributes;
  for (const value& one : data.schema.elements())
    attributes.emplace_back(find_keyword(one, "db/ident")->raw());
  std::map<std::int64_t, std::int64_t> ids;
  const auto id = [&ids](std::int64_t e) {
    return ids.try_emplace(e, static_cast<std::int64_t>(ids.size()) + 1).first->second;
  };
  std::map<std::int64_t, nlohmann::json> entities;
  for (const triple& t : facts) {
    nlohmann::json& in = entities.try_emplace(id(t.e), nlohmann::json::object()).first->second;
    in["db/id"] = id(t.e);
    const std::string& attribute = attributes[static_cast<std::size_t>(t.a)];
    const bool ref = attribute == "follows" || attribute == "package/depends";
    const nlohmann::json v =
        !t.is_number ? nlohmann::json(t.text) : nlohmann::json(ref ? id(t.number) : t.number);
    if (t.many) {
      in[attribute].push_back(v);
    } else {
      in[attribute] = v;
    }
  }
  nlohmann::json all = nlohmann::json::array();
  for (auto& [e, map] : entities) all.push_back(std::move(map));
  std::ofstream{std::filesystem::path{chosen.write} / (name + ".json")} << all;
}

world make_world(const std::string& name, const bench::data_set& data, const std::vector<triple>& facts,
                 const std::vector<int>& refs) {
  world out;
  out.name = name;
  if (!chosen.write.empty()) {
    write_facts(name, data, facts);
    return out;
  }
  const bool compared = !chosen.engine.empty();
  out.ours = std::make_unique<our_facts>(compared ? chosen.engine : "memory", name, data.schema, data.whole);
  if (compared) out.in_memory = std::make_unique<our_facts>("memory", name, data.schema, data.whole);
  out.sql = std::make_unique<sqlite_facts>(facts);
  out.by_hand = std::make_unique<floor_facts>(facts, refs);
  return out;
}

bool take_option(int& argc, char** argv, const std::string& name, std::string& out, bool has_value) {
  for (int i = 1; i < argc; ++i) {
    if (argv[i] != name) continue;
    const int taken = has_value && i + 1 < argc ? 2 : 1;
    if (taken == 2) out = argv[i + 1];
    for (int j = i; j + taken < argc; ++j) argv[j] = argv[j + taken];
    argc -= taken;
    return true;
  }
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  std::string text;
  chosen.small = take_option(argc, argv, "--small", text, false);
  if (take_option(argc, argv, "--times", text, true)) chosen.times = std::atoi(text.c_str());
  take_option(argc, argv, "--engine", chosen.engine, true);
  take_option(argc, argv, "--write", chosen.write, true);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;

  const auto people_data = bench::people(20'000 * chosen.times);
  world people = make_world("people", people_data, all_triples(people_data), {});
  people_rows(people);

  const auto tree_of_people = bench::people_tree(12'000);
  world pulled =
      make_world("people-tree", tree_of_people, all_triples(tree_of_people), {bench::people_follows});
  pull_rows(pulled);

  std::vector<world> trees;
  trees.reserve(8);
  for (const auto& [depth, width] : {std::pair{3, 3}, {5, 3}, {7, 3}, {4, 6}}) {
    std::vector<triple> facts;
    wide(facts, 1, depth, width);
    trees.push_back(make_world("wide-" + std::to_string(depth) + "x" + std::to_string(width),
                               tree_data(facts), facts, {t_follows}));
  }
  for (const auto& [depth, width] : {std::pair{10, 3}, {30, 3}, {30, 5}}) {
    std::vector<triple> facts;
    chains(facts, depth, width);
    trees.push_back(make_world("long-" + std::to_string(depth) + "x" + std::to_string(width),
                               tree_data(facts), facts, {t_follows}));
  }
  for (world& one : trees) rule_row(one);

  const auto debian_data = chosen.small ? bench::small_debian() : bench::full_debian();
  world debian = make_world("debian", debian_data, all_triples(debian_data), {d_depends});
  debian_graph_rows(debian);
  debian_join_rows(debian);
  debian_group_rows(debian);
  if (chosen.write.empty()) benchmark::RunSpecifiedBenchmarks();
}
