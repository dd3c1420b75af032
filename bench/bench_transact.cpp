// What transactions cost, beside SQLite's C interface keeping the same facts: its :memory: against our
// memory, its file (write-ahead log, not waiting for the disk) against LMDB and LevelDB (durability:
// process).
//
//   bench_transact [--people N] [--dir PATH] [--cpu] [Google Benchmark's options]
//
// `vs_sqlite` is our time over SQLite's for the same facts in the same transactions. Ours also keep each
// transaction's own facts, the past, and the log. Rows:
//   add_1      one datom a transaction (name, family, sex, age, salary of each person)
//   add_5      one entity a transaction, all of its facts
//   add_all    all people in one
//   retract_5  one entity retracted a transaction, what refers to it included
//   debian     the package graph in one: small 3,000 packages, full 63,666
//   commit_1   add_1 beside the engine's own commits of records as long, one each (`vs_commit`)
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include <datolite/core/any_storage.hpp>
#include <datolite/core/bytes.hpp>
#include <datolite/datoms/connection.hpp>
#include <datolite/datoms/tx_log.hpp>
#include <datolite/engines/leveldb.hpp>
#include <datolite/engines/lmdb.hpp>
#include <datolite/engines/memory.hpp>

#include <data_sets.hpp>
#include <ratio.hpp>
#include <sqlite_triples.hpp>
#include <stored_run.hpp>

namespace {

using namespace datolite;
using bench::data_set;
using bench::sqlite_triples;
namespace files = std::filesystem;

bench::stored_run run{.program = "bench_transact", .counts = "people", .size = 20'000, .least = 1};

/// A place for one database, emptied each time.
files::path fresh(const std::string& name) {
  const files::path at = run.directory / name;
  files::remove_all(at);
  for (const char* more : {"-lock", "-wal", "-shm"}) files::remove_all(at.string() + more);
  return at;
}

any_storage open(std::string_view engine) {
  if (engine == "memory") return any_storage{engines::memory{}};
  const std::string at = fresh(std::string{engine}).string();
  if (engine == "lmdb") return any_storage{engines::lmdb{at, {.durability = durability_level::process}}};
  return any_storage{engines::leveldb{at, {.durability = durability_level::process}}};
}

std::unique_ptr<sqlite_triples> open_sqlite(std::string_view engine) {
  return std::make_unique<sqlite_triples>(engine == "memory" ? std::string{} : fresh("sqlite").string());
}

/// What both sides do, given an empty or (for retract_5) a full database.
struct workload {
  double operations;
  bool full = false;
  std::function<void(connection&)> ours;
  std::function<void(sqlite_triples&)> sqlite;
};

void measure(benchmark::State& state, std::string_view engine, const data_set& data, const workload& work) {
  const auto ours = [&]() -> bench::seconds {
    connection conn{open(engine)};
    conn.transact(data.schema);
    if (work.full) conn.transact(data.whole);
    return bench::timed([&] { work.ours(conn); });
  };
  const auto theirs = [&]() -> bench::seconds {
    const auto db = open_sqlite(engine);
    if (work.full) {
      db->begin();
      for (const auto& one : data.entities)
        for (const auto& t : one.triples) db->add(t, 1);
      db->commit();
    }
    return bench::timed([&] { work.sqlite(*db); });
  };
  bench::compare(state, work.operations, {{"ours", ours}, {"sqlite", theirs}},
                 {.least_rounds = 3, .most_rounds = 9, .enough = bench::seconds{4}, .by = run.by});
}

workload all_at_once(const data_set& data) {
  return {1, false, [&data](connection& conn) { conn.transact(data.whole); },
          [&data](sqlite_triples& db) {
            db.begin();
            for (const auto& one : data.entities)
              for (const auto& t : one.triples) db.add(t, 1);
            db.commit();
          }};
}

workload by_datom(const data_set& data) {
  const auto counts = [](int a) { return a != bench::people_alias && a != bench::people_full_name; };
  double n = 0;
  for (const auto& one : data.entities)
    for (const auto& t : one.triples) n += counts(t.a) ? 1 : 0;
  return {n, false,
          [&data, counts](connection& conn) {
            for (const auto& one : data.entities)
              for (std::size_t i = 0; i < one.facts.size(); ++i)
                if (counts(one.triples[i].a)) conn.transact(one.facts[i]);
          },
          [&data, counts](sqlite_triples& db) {
            std::int64_t tx = 0;
            for (const auto& one : data.entities)
              for (const auto& t : one.triples)
                if (counts(t.a)) db.begin(), db.add(t, ++tx), db.commit();
          }};
}

/// One datom a transaction, beside as many commits of the engine, each of one record under the next key, as
/// long as the log's are.
void measure_commits(benchmark::State& state, std::string_view engine, const data_set& data) {
  const workload work = by_datom(data);
  const std::size_t record_bytes = [&] {
    connection conn{open(engine)};
    conn.transact(data.schema);
    const std::int64_t t = conn.transact(data.entities.front().facts.front()).t;
    const any_snapshot now = conn.storage().snapshot();
    return now.get(datoms::log_key(t))->view().size();
  }();
  const auto ours = [&]() -> bench::seconds {
    connection conn{open(engine)};
    conn.transact(data.schema);
    return bench::timed([&] { work.ours(conn); });
  };
  const auto theirs = [&]() -> bench::seconds {
    any_storage storage = open(engine);
    const bytes record(record_bytes, 'x');
    return bench::timed([&] {
      for (std::int64_t t = 0; t < static_cast<std::int64_t>(work.operations); ++t) {
        const bytes key = datoms::log_key(t);
        const change one[] = {{key, record}};
        storage.commit(one);
      }
    });
  };
  bench::compare(state, work.operations, {{"ours", ours}, {"commit", theirs}},
                 {.least_rounds = 3, .most_rounds = 9, .enough = bench::seconds{4}, .by = run.by});
  state.counters["record_bytes"] = static_cast<double>(record_bytes);
}

workload by_entity(const data_set& data) {
  auto forms = std::make_shared<std::vector<value>>();
  for (const auto& one : data.entities) forms->push_back(value::vector({one.map}));
  return {static_cast<double>(data.entities.size()), false,
          [forms](connection& conn) {
            for (const value& form : *forms) conn.transact(form);
          },
          [&data](sqlite_triples& db) {
            std::int64_t tx = 0;
            for (const auto& one : data.entities) {
              db.begin(), ++tx;
              for (const auto& t : one.triples) db.add(t, tx);
              db.commit();
            }
          }};
}

workload retracting(const data_set& data) {
  auto forms = std::make_shared<std::vector<value>>();
  for (const auto& one : data.entities) {
    forms->push_back(
        value::vector({value::vector({value::keyword("db/retractEntity"), value{one.triples[0].e}})}));
  }
  return {static_cast<double>(data.entities.size()), true,
          [forms](connection& conn) {
            for (std::size_t i = forms->size(); i-- > 0;) conn.transact((*forms)[i]);
          },
          [&data](sqlite_triples& db) {
            for (std::size_t i = data.entities.size(); i-- > 0;) {
              db.begin(), db.retract_entity(data.entities[i].triples[0].e, 8), db.commit();
            }
          }};
}

/// A data set is made when its first row is measured.
class lazily {
 public:
  explicit lazily(std::function<data_set()> make) : make_{std::move(make)} {}
  const data_set& get() {
    if (made_ == nullptr) made_ = std::make_unique<data_set>(make_());
    return *made_;
  }

 private:
  std::function<data_set()> make_;
  std::unique_ptr<data_set> made_;
};

void add_rows(std::string name, const std::shared_ptr<lazily>& data,
              std::function<workload(const data_set&)> make) {
  for (const char* engine : {"memory", "lmdb", "leveldb"}) {
    bench::row(name + "/" + engine,
               [=](benchmark::State& state) { measure(state, engine, data->get(), make(data->get())); });
  }
}

void add_commit_rows(const std::shared_ptr<lazily>& data) {
  for (const char* engine : {"lmdb", "leveldb"}) {
    bench::row(std::string{"commit_1/"} + engine,
               [=](benchmark::State& state) { measure_commits(state, engine, data->get()); });
  }
}

}  // namespace

int main(int argc, char** argv) {
  return bench::perform(run, argc, argv, [] {
    const auto people = std::make_shared<lazily>([] { return bench::people(static_cast<int>(run.size)); });
    add_rows("add_1", people, by_datom);
    add_commit_rows(people);
    add_rows("add_5", people, by_entity);
    add_rows("add_all", people, all_at_once);
    add_rows("retract_5", people, retracting);
    add_rows("debian_small", std::make_shared<lazily>(bench::small_debian), all_at_once);
    add_rows("debian_full", std::make_shared<lazily>(bench::full_debian), all_at_once);
  });
}
