// sqlite_triples: SQLite as a store of triples, by its C interface: what a user would write instead.
//
// A table e, a, v, tx with the primary key (e, a, v) and covering indexes AEVT and AVET; prepared statements.
// A new value of an attribute of cardinality one replaces the old one; retracting an entity removes what
// refers to it, too. In memory, or in a file with write-ahead logging and without waiting for the disk.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace datolite::bench {

class sqlite_triples {
 public:
  /// `path` empty: in memory.
  explicit sqlite_triples(const std::string& path) {
    must(sqlite3_open(path.empty() ? ":memory:" : path.c_str(), &db_));
    execute(path.empty() ? "PRAGMA journal_mode=MEMORY" : "PRAGMA journal_mode=WAL");
    execute("PRAGMA synchronous=OFF; PRAGMA cache_size=-1000000");
    execute(
        "CREATE TABLE datoms(e INTEGER NOT NULL, a INTEGER NOT NULL, v NOT NULL, tx INTEGER NOT NULL, "
        "PRIMARY KEY(e, a, v)) WITHOUT ROWID;"
        "CREATE INDEX aevt ON datoms(a, e, v, tx); CREATE INDEX avet ON datoms(a, v, e, tx)");
    const auto prepare = [this](const char* text) {
      sqlite3_stmt* made = nullptr;
      must(sqlite3_prepare_v3(db_, text, -1, SQLITE_PREPARE_PERSISTENT, &made, nullptr));
      return made;
    };
    begin_ = prepare("BEGIN"), commit_ = prepare("COMMIT");
    old_ = prepare("SELECT v FROM datoms WHERE e=?1 AND a=?2");
    replace_ = prepare("DELETE FROM datoms WHERE e=?1 AND a=?2");
    insert_ = prepare("INSERT OR IGNORE INTO datoms VALUES(?1, ?2, ?3, ?4)");
    about_ = prepare("DELETE FROM datoms WHERE e=?1");
    towards_ = prepare("DELETE FROM datoms WHERE a=?1 AND v=?2");
    count_ = prepare("SELECT count(*) FROM datoms");
  }
  sqlite_triples(const sqlite_triples&) = delete;
  sqlite_triples& operator=(const sqlite_triples&) = delete;
  ~sqlite_triples() {
    for (sqlite3_stmt* one : {begin_, commit_, old_, replace_, insert_, about_, towards_, count_})
      sqlite3_finalize(one);
    sqlite3_close(db_);
  }

  void begin() { run(begin_); }
  void commit() { run(commit_); }

  /// A value: a number, or a text if `text` has one.
  struct triple {
    std::int64_t e = 0;
    int a = 0;
    bool many = false;
    bool is_number = false;
    std::int64_t number = 0;
    std::string text{};
  };

  void add(const triple& x, std::int64_t tx) {
    if (!x.many) {
      bind(old_, 1, x.e), bind(old_, 2, x.a);
      if (sqlite3_step(old_) == SQLITE_ROW) bind(replace_, 1, x.e), bind(replace_, 2, x.a), run(replace_);
      sqlite3_reset(old_);
    }
    bind(insert_, 1, x.e), bind(insert_, 2, x.a), bind(insert_, 4, tx);
    if (x.is_number) {
      bind(insert_, 3, x.number);
    } else {
      sqlite3_bind_text(insert_, 3, x.text.data(), static_cast<int>(x.text.size()), SQLITE_STATIC);
    }
    run(insert_);
  }
  void retract_entity(std::int64_t e, int ref_attribute) {
    bind(about_, 1, e), run(about_);
    bind(towards_, 1, ref_attribute), bind(towards_, 2, e), run(towards_);
  }
  std::int64_t size() {
    sqlite3_step(count_);
    const std::int64_t n = sqlite3_column_int64(count_, 0);
    sqlite3_reset(count_);
    return n;
  }

 private:
  void must(int rc) {
    if (rc == SQLITE_OK || rc == SQLITE_DONE || rc == SQLITE_ROW) return;
    std::fprintf(stderr, "SQLite: %s\n", sqlite3_errmsg(db_));
    std::abort();
  }
  void execute(const char* text) { must(sqlite3_exec(db_, text, nullptr, nullptr, nullptr)); }
  void bind(sqlite3_stmt* to, int at, std::int64_t n) { must(sqlite3_bind_int64(to, at, n)); }
  void run(sqlite3_stmt* one) {
    int rc = SQLITE_ROW;
    while (rc == SQLITE_ROW) rc = sqlite3_step(one);
    must(rc);
    sqlite3_reset(one);
  }

  sqlite3* db_ = nullptr;
  sqlite3_stmt *begin_, *commit_, *old_, *replace_, *insert_, *about_, *towards_, *count_;
};

}  // namespace datolite::bench
