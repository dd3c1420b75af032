// pull_peers: trees of people as SQLite and a loop by hand gather them, for bench_query: into structs, one
// statement or one search a person.
#pragma once

#include <sqlite3.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <data_sets.hpp>
#include <query_ours.hpp>
#include <query_peers.hpp>

namespace datolite::bench {

struct pulled_person {
  std::int64_t e = 0;
  std::string name{}, last_name{}, full_name{}, sex{};
  std::vector<std::string> aliases{};
  std::int64_t age = -1, salary = -1, id = -1;
  std::vector<pulled_person> follows{};

  /// Takes the value of attribute `a`, which `number()` or `text()` makes.
  template <class Number, class Text>
  void put(int a, Number&& number, Text&& text) {
    switch (a) {
      case 0: name = text(); break;
      case 1: last_name = text(); break;
      case 2: full_name = text(); break;
      case people_alias: aliases.push_back(text()); break;
      case 4: sex = text(); break;
      case 5: age = number(); break;
      case 6: salary = number(); break;
      case people_id: id = number(); break;
      case people_follows: follows.push_back({.e = number()}); break;
    }
  }
};

/// The people of a tree, a row each.
inline shown_rows rows_of(const pulled_person& root) {
  shown_rows out;
  const auto number = [](std::int64_t n) { return n < 0 ? std::string{} : std::to_string(n); };
  const auto gather = [&](const auto& self, const pulled_person& p) -> void {
    std::string aliases;  // a letter each, and the floor knows no order of texts
    for (const std::string& one : p.aliases) aliases += one;
    std::sort(aliases.begin(), aliases.end());
    std::string row;
    for (const std::string& part :
         {p.name, p.last_name, p.full_name, aliases, p.sex, number(p.age), number(p.salary), number(p.id)})
      row += part + "\t";
    out.push_back(std::move(row));
    for (const pulled_person& one : p.follows) self(self, one);
  };
  gather(gather, root);
  std::sort(out.begin(), out.end());
  return out;
}

/// A statement that selects a and v of the entity ?1.
class sqlite_pull {
 public:
  sqlite_pull(sqlite_facts& in, const char* text) : statement_{in.prepare(text)} {}
  sqlite_pull(const sqlite_pull&) = delete;
  ~sqlite_pull() { sqlite3_finalize(statement_); }

  pulled_person run(std::int64_t root) {
    pulled_person out{.e = root};
    fill(out);
    return out;
  }

 private:
  void fill(pulled_person& p) {
    sqlite3_bind_int64(statement_, 1, p.e);
    while (sqlite3_step(statement_) == SQLITE_ROW) {
      p.put(
          sqlite3_column_int(statement_, 0), [&] { return sqlite3_column_int64(statement_, 1); },
          [&] {
            return std::string{reinterpret_cast<const char*>(sqlite3_column_text(statement_, 1)),
                               static_cast<std::size_t>(sqlite3_column_bytes(statement_, 1))};
          });
    }
    sqlite3_reset(statement_);
    for (pulled_person& one : p.follows) fill(one);
  }
  sqlite3_stmt* statement_;
};

/// The same from sorted facts. `wanted`: by number of attribute.
inline void fill_by_hand(const floor_facts& from, const std::vector<bool>& wanted, pulled_person& p) {
  const auto e = static_cast<std::uint32_t>(p.e);
  auto at = std::lower_bound(from.eav.begin(), from.eav.end(), e,
                             [](const floor_facts::fact& f, std::uint32_t x) { return f.e < x; });
  for (; at != from.eav.end() && at->e == e; ++at) {
    if (!wanted[at->a]) continue;
    p.put(
        static_cast<int>(at->a), [&] { return static_cast<std::int64_t>(at->v); },
        [&] { return from.texts[at->v]; });
  }
  for (pulled_person& one : p.follows) fill_by_hand(from, wanted, one);
}
inline pulled_person pulled_by_hand(const floor_facts& from, const std::vector<bool>& wanted,
                                    std::int64_t root) {
  pulled_person out{.e = from.dense(root)};
  fill_by_hand(from, wanted, out);
  return out;
}

}  // namespace datolite::bench
