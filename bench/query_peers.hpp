// query_peers: the same facts in SQLite and in sorted arrays, for bench_query.
//
// SQLite: a table of triples with covering EAVT, AEVT and AVET indexes, in memory, prepared statements. The
// floor: loops written by hand over sorted arrays of numbers, texts as numbers of a table, entities numbered
// densely: no language, no planning, no immutability.
#pragma once

#include <sqlite3.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <data_sets.hpp>
#include <query_ours.hpp>

namespace datolite::bench {

using parameter = std::variant<std::int64_t, std::string>;

class sqlite_facts {
 public:
  explicit sqlite_facts(const std::vector<triple>& facts) {
    must(sqlite3_open(":memory:", &db_) == SQLITE_OK);
    run("PRAGMA cache_size=-1000000; PRAGMA synchronous=OFF; PRAGMA journal_mode=MEMORY;"
        "CREATE TABLE datoms(e INTEGER NOT NULL, a INTEGER NOT NULL, v NOT NULL, tx INTEGER NOT NULL, "
        "PRIMARY KEY(e,a,v)) WITHOUT ROWID;"
        "CREATE INDEX aevt ON datoms(a,e,v,tx); CREATE INDEX avet ON datoms(a,v,e,tx); BEGIN");
    sqlite3_stmt* insert = prepare("INSERT OR IGNORE INTO datoms VALUES(?1,?2,?3,1)");
    for (const triple& t : facts) {
      sqlite3_bind_int64(insert, 1, t.e), sqlite3_bind_int(insert, 2, t.a);
      bind(insert, 3, t.is_number ? parameter{t.number} : parameter{t.text});
      must(sqlite3_step(insert) == SQLITE_DONE);
      sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    run("COMMIT");
  }
  sqlite_facts(const sqlite_facts&) = delete;
  sqlite_facts& operator=(const sqlite_facts&) = delete;
  ~sqlite_facts() { sqlite3_close_v2(db_); }

  void analyze() { run("ANALYZE"); }

  sqlite3_stmt* prepare(const char* text) {
    sqlite3_stmt* made = nullptr;
    must(sqlite3_prepare_v3(db_, text, -1, SQLITE_PREPARE_PERSISTENT, &made, nullptr) == SQLITE_OK);
    return made;
  }

  static void bind(sqlite3_stmt* s, int at, const parameter& p) {
    if (const auto* n = std::get_if<std::int64_t>(&p)) {
      sqlite3_bind_int64(s, at, *n);
    } else {
      const auto& text = std::get<std::string>(p);
      sqlite3_bind_text(s, at, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
    }
  }

 private:
  void run(const char* text) { must(sqlite3_exec(db_, text, nullptr, nullptr, nullptr) == SQLITE_OK); }
  void must(bool holds) {
    if (holds) return;
    std::fprintf(stderr, "SQLite: %s\n", sqlite3_errmsg(db_));
    std::exit(1);
  }
  sqlite3* db_ = nullptr;
};

/// One statement, and its answer by column. `shape`: a letter a column, i for numbers, s for texts.
class sqlite_query {
 public:
  sqlite_query(sqlite_facts& in, const char* text, std::string shape, std::vector<parameter> given)
      : statement_{in.prepare(text)}, shape_{std::move(shape)}, given_{std::move(given)} {}
  sqlite_query(const sqlite_query&) = delete;
  ~sqlite_query() { sqlite3_finalize(statement_); }

  std::size_t run() {
    numbers_.assign(shape_.size(), {}), texts_.assign(shape_.size(), {});
    for (std::size_t i = 0; i < given_.size(); ++i)
      sqlite_facts::bind(statement_, static_cast<int>(i) + 1, given_[i]);
    std::size_t rows = 0;
    for (; sqlite3_step(statement_) == SQLITE_ROW; ++rows) {
      for (std::size_t c = 0; c < shape_.size(); ++c) {
        const int at = static_cast<int>(c);
        if (shape_[c] == 'i') {
          numbers_[c].push_back(sqlite3_column_int64(statement_, at));
        } else {
          const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, at));
          texts_[c].emplace_back(text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, at)));
        }
      }
    }
    sqlite3_reset(statement_);
    return rows;
  }

  shown_rows rows() {
    shown_rows out(run());
    for (std::size_t r = 0; r < out.size(); ++r) {
      for (std::size_t c = 0; c < shape_.size(); ++c)
        out[r] += (shape_[c] == 'i' ? std::to_string(numbers_[c][r]) : texts_[c][r]) + "\t";
    }
    std::sort(out.begin(), out.end());
    return out;
  }

 private:
  sqlite3_stmt* statement_;
  std::string shape_;
  std::vector<parameter> given_;
  std::vector<std::vector<std::int64_t>> numbers_;
  std::vector<std::vector<std::string>> texts_;
};

/// Facts as numbers, sorted three ways.
class floor_facts {
 public:
  struct fact {
    std::uint32_t e, a;
    std::uint64_t v;
  };
  using span = std::pair<const fact*, const fact*>;

  /// `refs`: attributes whose values are entities.
  floor_facts(const std::vector<triple>& facts, const std::vector<int>& refs) {
    for (const triple& t : facts) {
      ids.push_back(t.e);
      if (std::find(refs.begin(), refs.end(), t.a) != refs.end()) ids.push_back(t.number);
    }
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    for (const triple& t : facts) {
      const bool refers = std::find(refs.begin(), refs.end(), t.a) != refs.end();
      const std::uint64_t v = refers        ? dense(t.number)
                              : t.is_number ? static_cast<std::uint64_t>(t.number)
                                            : text_id(t.text);
      eav.push_back({dense(t.e), static_cast<std::uint32_t>(t.a), v});
    }
    std::sort(eav.begin(), eav.end(), by_eav);
    aev = ave = eav;
    std::sort(aev.begin(), aev.end(), by_aev);
    std::sort(ave.begin(), ave.end(), by_ave);
  }

  std::uint32_t dense(std::int64_t id) const {
    return static_cast<std::uint32_t>(std::lower_bound(ids.begin(), ids.end(), id) - ids.begin());
  }
  std::uint64_t find_text(std::string_view t) const {
    const auto at = known_.find(std::string{t});
    return at == known_.end() ? ~std::uint64_t{0} : at->second;
  }
  std::uint32_t entities() const { return static_cast<std::uint32_t>(ids.size()); }

  span attribute(std::uint32_t a) const { return run(aev, by_aev, {0, a, 0}, {~0u, a, ~0ull}); }
  span with_value(std::uint32_t a, std::uint64_t v) const { return run(ave, by_ave, {0, a, v}, {~0u, a, v}); }
  span above(std::uint32_t a, std::uint64_t v) const {
    return run(ave, by_ave, {0, a, v + 1}, {~0u, a, ~0ull});
  }
  span of_entity(std::uint32_t e, std::uint32_t a) const {
    return run(eav, by_eav, {e, a, 0}, {e, a, ~0ull});
  }
  std::uint64_t one(std::uint32_t e, std::uint32_t a) const {
    return std::lower_bound(eav.begin(), eav.end(), fact{e, a, 0}, by_eav)->v;
  }

  /// The first fact from `p` on of entity `e` or later, galloping.
  static const fact* seek(const fact* p, const fact* end, std::uint32_t e) {
    std::ptrdiff_t step = 1;
    const fact* low = p;
    while (end - low > step && low[step].e < e) low += step, step *= 2;
    const fact* high = end - low > step + 1 ? low + step + 1 : end;
    return std::lower_bound(low, high, e, [](const fact& f, std::uint32_t wanted) { return f.e < wanted; });
  }

  std::vector<std::int64_t> ids;  ///< of the entities, by number
  std::vector<std::string> texts;
  std::vector<fact> eav, aev, ave;

 private:
  static bool by_eav(const fact& x, const fact& y) {
    return std::tie(x.e, x.a, x.v) < std::tie(y.e, y.a, y.v);
  }
  static bool by_aev(const fact& x, const fact& y) {
    return std::tie(x.a, x.e, x.v) < std::tie(y.a, y.e, y.v);
  }
  static bool by_ave(const fact& x, const fact& y) {
    return std::tie(x.a, x.v, x.e) < std::tie(y.a, y.v, y.e);
  }
  template <class Less>
  static span run(const std::vector<fact>& in, Less less, fact low, fact high) {
    const auto from = std::lower_bound(in.begin(), in.end(), low, less) - in.begin();
    const auto to = std::upper_bound(in.begin(), in.end(), high, less) - in.begin();
    return {in.data() + from, in.data() + to};
  }
  std::uint64_t text_id(const std::string& t) {
    const auto [at, added] = known_.try_emplace(t, texts.size());
    if (added) texts.push_back(t);
    return at->second;
  }
  std::unordered_map<std::string, std::uint64_t> known_;
};

}  // namespace datolite::bench
