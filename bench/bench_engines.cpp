// The engine adapters against LMDB's and LevelDB's own interfaces doing the same work.
//
//   bench_engines [--keys N] [--dir PATH] [--cpu] [Google Benchmark's options]
//
// Key sets: values100 (16-byte random keys, 100-byte values) and keys8to40 (keys of 8 to 40 bytes, values
// empty). Durability: process, on all sides. Each side has database files of its own, and the sides take
// turns in one run. No bytes are ever written twice.
//   vs_raw       our commit of a sorted batch, or our read, over the raw interface given the same
//   vs_raw_txn   ensure_transaction, put …, commit, over the raw interface given the same pairs in the same
//   order over_raw_ns  for snapshots: what ours costs more
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include <datolite/engines/leveldb.hpp>
#include <datolite/engines/lmdb.hpp>
#include <datolite/txn/transaction.hpp>

#include <ratio.hpp>
#include <raw_engines.hpp>
#include <stored_run.hpp>

namespace {

using namespace datolite;
using bench::seconds;
namespace files = std::filesystem;

constexpr std::size_t batch_size = 1000;
bench::stored_run run{.program = "bench_engines", .counts = "keys", .size = 1'000'000, .least = batch_size};

/// Runs `work` once and says how long it took.
template <class F>
seconds timed(F&& work) {
  if (run.by == bench::clock::wall) return bench::timed(work);
  const auto now = [] {
    timespec at{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return seconds{static_cast<double>(at.tv_sec) + static_cast<double>(at.tv_nsec) * 1e-9};
  };
  const seconds start = now();
  work();
  return now() - start;
}

struct key_set {
  std::string name;
  std::size_t shortest, longest, value_size;
};

/// Pairs that were never seen before, from a fixed seed.
class pair_source {
 public:
  pair_source(const key_set& set, std::uint64_t seed) : set_{set}, random_{seed} {}

  struct pairs {
    std::vector<std::string> keys, values;
    std::vector<change> given, sorted;  ///< in the order made; ascending within each batch
  };
  pairs make(std::size_t n, std::size_t batch) {
    pairs made;
    made.keys.reserve(n), made.values.reserve(n), made.given.reserve(n);
    for (std::size_t i = 0; i < n; ++i) {
      const change c{made.keys.emplace_back(key()), made.values.emplace_back(value())};
      made.given.push_back(c);
    }
    made.sorted = made.given;
    for (std::size_t at = 0; at < n; at += batch) {
      const auto first = made.sorted.begin() + static_cast<std::ptrdiff_t>(at);
      std::sort(first, first + static_cast<std::ptrdiff_t>(std::min(batch, n - at)),
                [](const change& a, const change& b) { return a.key < b.key; });
    }
    return made;
  }

 private:
  std::string key() {
    std::string made(set_.shortest + random_() % (set_.longest - set_.shortest + 1), '\0');
    for (char& c : made) c = static_cast<char>(random_());
    return made;
  }
  std::string value() {  // compresses to about a half, like much data
    std::string made(set_.value_size, 'v');
    for (std::size_t i = 0; i < made.size() / 2; ++i) made[i] = static_cast<char>(random_());
    return made;
  }
  key_set set_;
  std::mt19937_64 random_;
};

struct lmdb_engine {
  static constexpr const char* name = "lmdb";
  using ours = engines::lmdb;
  using raw = bench::raw_lmdb;
  static ours open(const files::path& at) {
    return ours{at.string(), {.durability = durability_level::process, .max_map_size = std::size_t{1} << 40}};
  }
  static void settle(const files::path&, bool) {}
};

struct leveldb_engine {
  static constexpr const char* name = "leveldb";
  using ours = engines::leveldb;
  using raw = bench::raw_leveldb;
  static ours open(const files::path& at) {
    return ours{at.string(), {.durability = durability_level::process}};
  }
  /// Leaves all in one level, or, to be `merged` by a reader, as loading left it; then reads until the
  /// background has nothing left to do, so that copies stay alike.
  static void settle(const files::path& at, bool merged) {
    raw db{at.string()};
    if (!merged) db.compact();
    for (std::string before; before != db.tables();) {
      before = db.tables();
      for (int i = 0; i < 3; ++i) raw::reader{db}.scan({}, SIZE_MAX);
      std::string then;
      for (int quiet = 0; quiet < 3; std::this_thread::sleep_for(std::chrono::milliseconds{100})) {
        std::string now = db.tables();
        quiet = now == then ? quiet + 1 : 0;
        then = std::move(now);
      }
    }
  }
};

void remove_store(const files::path& at) {
  files::remove_all(at);
  files::remove_all(at.string() + "-lock");
}

/// One side of a row, and which other side it is compared with.
struct measured {
  std::string name;  ///< of the counter of its time
  std::function<seconds()> slice;
  std::string quotient;  ///< of the counter of its time over the next side's; empty for the other sides
};

void measure(benchmark::State& state, double operations, std::vector<measured> sides,
             bench::how_long limits = {}) {
  std::vector<std::vector<double>> times(sides.size());
  for (auto _ : state) {
    seconds spent{0};
    for (int round = -1; round < limits.least_rounds || (round < limits.most_rounds && spent < limits.enough);
         ++round) {
      for (std::size_t i = 0; i < sides.size(); ++i) {
        const std::size_t turn = round % 2 == 0 ? i : sides.size() - 1 - i;
        const seconds took = sides[turn].slice();
        if (round < 0 && limits.least_rounds > 3) continue;  // warms up, unless a slice is a whole load
        times[turn].push_back(took.count());
        spent += took;
      }
    }
    state.SetIterationTime(bench::median(times[0]) / operations);
  }
  for (std::size_t i = 0; i < sides.size(); ++i) {
    state.counters[sides[i].name] = bench::median(times[i]) / operations * 1e9;
    if (sides[i].quotient.empty()) continue;
    std::vector<double> quotients(times[i].size());
    std::transform(times[i].begin(), times[i].end(), times[i + 1].begin(), quotients.begin(),
                   std::divides<>{});
    state.counters[sides[i].quotient] = bench::median(std::move(quotients));
  }
}

template <class Ours>
void commit_by_transaction(Ours& store, std::span<const change> pairs) {
  auto t = ensure_transaction(store);
  for (const change& c : pairs) t = put(std::move(t), c.key, *c.value);
  commit(store, t);
}

/// Everything about one engine and one key set. Made once for all its rows.
template <class Engine>
class fixture {
 public:
  using ours = typename Engine::ours;
  using raw = typename Engine::raw;

  explicit fixture(key_set set)
      : set_{std::move(set)}, loaded_{pair_source{set_, 1}.make(run.size, batch_size)} {
    ascending_ = loaded_.given;
    std::sort(ascending_.begin(), ascending_.end(),
              [](const change& a, const change& b) { return a.key < b.key; });
    std::mt19937_64 random{7};
    for (int i = 0; i < 100'000; ++i) order_.push_back(random() % run.size);
  }
  ~fixture() {
    for (const char* name : {"whole", "merged", "ours", "raw", "txn", "given"}) remove_store(place(name));
  }

  // -- loading: each slice into a new database

  void load(benchmark::State& state, const std::vector<change>& sorted, const std::vector<change>& given) {
    const auto batches = [](auto&& each, const std::vector<change>& all) {
      for (std::size_t at = 0; at < all.size(); at += batch_size) {
        each(std::span{all}.subspan(at, std::min(batch_size, all.size() - at)));
      }
    };
    const auto fresh = [&](const char* name) {
      remove_store(place(name));
      return place(name);
    };
    const auto by_raw = [&](const char* name, const std::vector<change>& all) {
      raw store{fresh(name).string()};
      return timed([&] { batches([&](auto batch) { store.commit(batch); }, all); });
    };
    measure(
        state, static_cast<double>(run.size),
        {{"ns",
          [&] {
            ours store = Engine::open(fresh("ours"));
            return timed([&] { batches([&](auto batch) { store.commit(batch, {}); }, sorted); });
          },
          "vs_raw"},
         {"ns_raw", [&] { return by_raw("raw", sorted); }, ""},
         {"ns_txn",
          [&] {
            ours store = Engine::open(fresh("txn"));
            return timed([&] { batches([&](auto batch) { commit_by_transaction(store, batch); }, given); });
          },
          "vs_raw_txn"},
         {"ns_raw_txn", [&] { return by_raw("given", given); }, ""}},
        few_rounds);
  }
  void load_sorted(benchmark::State& state) { load(state, ascending_, ascending_); }
  void load_random(benchmark::State& state) { load(state, loaded_.sorted, loaded_.given); }

  void bulk_load(benchmark::State& state) requires BulkLoader<ours> {
    measure(
        state, static_cast<double>(run.size),
        {{"ns",
          [&] {
            remove_store(place("ours"));
            ours store = Engine::open(place("ours"));
            auto at = ascending_.begin();
            return timed([&] {
              store.bulk_load([&] { return at == ascending_.end() ? std::nullopt : std::optional{*at++}; });
            });
          },
          "vs_raw"},
         {"ns_raw",
          [&] {
            remove_store(place("raw"));
            raw store{place("raw").string()};
            return timed([&] { store.commit(ascending_, MDB_APPEND); });
          },
          ""}},
        few_rounds);
  }

  // -- reading: two copies of one database

  template <class Ours, class Raw>
  void read(benchmark::State& state, double operations, Ours&& by_ours, Raw&& by_raw, bool merged = false) {
    ours mine = Engine::open(copy_of(whole(merged), "ours"));
    raw theirs{copy_of(whole(merged), "raw").string()};
    const auto snapshot = mine.snapshot();
    typename raw::reader reader{theirs};
    std::uint64_t sums[2] = {0, 0};
    measure(state, operations,
            {{"ns", [&] { return timed([&] { sums[0] += by_ours(snapshot); }); }, "vs_raw"},
             {"ns_raw", [&] { return timed([&] { sums[1] += by_raw(reader); }); }, ""}});
    bench::must(sums[0] == sums[1], "reading the same");
  }

  void get(benchmark::State& state) {
    constexpr std::size_t gets = 5000;
    const auto each = [this](std::size_t& at, auto&& one) {
      std::uint64_t sum = 0;
      for (std::size_t i = 0; i < gets; ++i) sum += one(loaded_.keys[order_[at++ % order_.size()]]);
      return sum;
    };
    std::size_t mine = 0, theirs = 0;
    read(
        state, gets,
        [&](const auto& snapshot) {
          return each(mine, [&](bytes_view key) { return bench::touch(key, snapshot.get(key)->view()); });
        },
        [&](const auto& reader) { return each(theirs, [&](bytes_view key) { return reader.get(key); }); });
  }

  static std::uint64_t scan(auto& it, bytes_view from, std::size_t most) {
    std::uint64_t sum = 0;
    if (from.empty()) {
      it.seek_first();
    } else {
      it.seek(from);
    }
    for (; it.valid() && most > 0; it.next(), --most) sum += bench::touch(it.key(), it.value());
    return sum;
  }

  void seek_scan_100(benchmark::State& state) {
    constexpr std::size_t seeks = 500;
    std::size_t mine = 0, theirs = 0;
    read(
        state, seeks,
        [&](const auto& snapshot) {
          std::uint64_t sum = 0;
          auto it = snapshot.open_iterator(everything());
          for (std::size_t i = 0; i < seeks; ++i)
            sum += scan(it, loaded_.keys[order_[mine++ % order_.size()]], 100);
          return sum;
        },
        [&](const auto& reader) {
          std::uint64_t sum = 0;
          for (std::size_t i = 0; i < seeks; ++i) {
            sum += reader.scan(loaded_.keys[order_[theirs++ % order_.size()]], 100);
          }
          return sum;
        });
  }

  void full_scan(benchmark::State& state) { full_scan_of(state, false); }
  void full_scan_merged(benchmark::State& state) { full_scan_of(state, true); }
  void full_scan_of(benchmark::State& state, bool merged) {
    read(
        state, static_cast<double>(run.size),
        [](const auto& snapshot) {
          auto it = snapshot.open_iterator(everything());
          return scan(it, {}, SIZE_MAX);
        },
        [](const auto& reader) { return reader.scan({}, SIZE_MAX); }, merged);
  }

  void snapshot(benchmark::State& state) {
    constexpr std::size_t times = 20'000;
    ours mine = Engine::open(copy_of(whole(), "ours"));
    raw theirs{copy_of(whole(), "raw").string()};
    typename raw::snapshots taken{theirs};
    measure(state, times,
            {{"ns",
              [&] {
                return timed([&] {
                  for (std::size_t i = 0; i < times; ++i) benchmark::DoNotOptimize(mine.snapshot());
                });
              },
              "vs_raw"},
             {"ns_raw",
              [&] {
                return timed([&] {
                  for (std::size_t i = 0; i < times; ++i) taken.once();
                });
              },
              ""}});
    state.counters["over_raw_ns"] = state.counters["ns"] - state.counters["ns_raw"];
  }

  // -- committing: new keys into copies of one database

  void commit_of(benchmark::State& state, std::size_t size, std::size_t commits) {
    ours mine = Engine::open(copy_of(whole(), "ours")), by_txn = Engine::open(copy_of(whole(), "txn"));
    raw theirs{copy_of(whole(), "raw").string()}, given{copy_of(whole(), "given").string()};
    const auto slice = [&](auto&& store_batch, bool sorted) {
      return [=, this, source = pair_source{set_, 1000 + size}]() mutable {
        const auto fresh = source.make(size * commits, size);
        const std::span<const change> all{sorted ? fresh.sorted : fresh.given};
        return timed([&] {
          for (std::size_t i = 0; i < commits; ++i) store_batch(all.subspan(i * size, size));
        });
      };
    };
    measure(state, static_cast<double>(commits),
            {{"ns", slice([&mine](auto batch) { mine.commit(batch, {}); }, true), "vs_raw"},
             {"ns_raw", slice([&theirs](auto batch) { theirs.commit(batch); }, true), ""},
             {"ns_txn", slice([&by_txn](auto batch) { commit_by_transaction(by_txn, batch); }, false),
              "vs_raw_txn"},
             {"ns_raw_txn", slice([&given](auto batch) { given.commit(batch); }, false), ""}},
            {.least_rounds = 15, .most_rounds = 401, .enough = seconds{4}});
  }
  void commit_1(benchmark::State& state) { commit_of(state, 1, 300); }
  void commit_1000(benchmark::State& state) { commit_of(state, batch_size, 2); }

 private:
  static constexpr bench::how_long few_rounds{.least_rounds = 3, .most_rounds = 9, .enough = seconds{2}};

  /// Where a database of this fixture is.
  files::path place(const std::string& name) const {
    return run.directory / (set_.name + "-" + Engine::name + "-" + name);
  }
  files::path copy_of(const files::path& from, const std::string& name) const {
    const files::path to = place(name);
    remove_store(to);
    files::copy(from, to, files::copy_options::recursive);
    return to;
  }

  /// A database that holds all the keys, committed in random order. Closed.
  files::path whole(bool merged = false) {
    const files::path at = place(merged ? "merged" : "whole");
    if (files::exists(at)) return at;
    {
      raw store{at.string()};
      for (std::size_t i = 0; i < run.size; i += batch_size) {
        store.commit(std::span{loaded_.given}.subspan(i, std::min(batch_size, run.size - i)));
      }
    }
    Engine::settle(at, merged);
    remove_store(at.string() + "-lock");
    return at;
  }

  key_set set_;
  pair_source::pairs loaded_;
  std::vector<change> ascending_;
  std::vector<std::size_t> order_;
};

template <class Engine>
void add_rows(const key_set& set) {
  using fixed = fixture<Engine>;
  const auto shared = std::make_shared<std::unique_ptr<fixed>>();
  const auto add = [&](const char* workload, void (fixed::*measure_row)(benchmark::State&)) {
    bench::row(std::string{workload} + "_" + set.name + "/" + Engine::name, [=](benchmark::State& state) {
      static std::unique_ptr<fixed>* present = nullptr;  // one fixture at a time: they are large
      if (present != shared.get()) {
        if (present != nullptr) present->reset();
        present = shared.get();
        *present = std::make_unique<fixed>(set);
      }
      ((**present).*measure_row)(state);
    });
  };
  add("load_sorted", &fixed::load_sorted);
  add("load_random", &fixed::load_random);
  if constexpr (BulkLoader<typename Engine::ours>) add("bulk_load", &fixed::bulk_load);
  add("get", &fixed::get);
  add("seek_scan_100", &fixed::seek_scan_100);
  add("full_scan", &fixed::full_scan);
  if constexpr (std::is_same_v<Engine, leveldb_engine>) add("full_scan_merged", &fixed::full_scan_merged);
  add("snapshot", &fixed::snapshot);
  add("commit_1", &fixed::commit_1);
  add("commit_1000", &fixed::commit_1000);
}

}  // namespace

int main(int argc, char** argv) {
  return bench::perform(run, argc, argv, [] {
    for (const key_set& set : {key_set{"values100", 16, 16, 100}, key_set{"keys8to40", 8, 40, 0}}) {
      add_rows<lmdb_engine>(set);
      add_rows<leveldb_engine>(set);
    }
  });
}
