// A subrange of a relation, by a query, against a loop written by hand.
//
//   bench_subrange [--large N] [--dir PATH] [Google Benchmark's options]
//
// The relation: N integers, times the strings "a" to "d", times these again; 1,000 integers are 16,000 rows.
// The query keeps the rows of the integers 11 and 12 whose last string is "b": eight answers. It is prepared.
//
// Rows: sorted is a sorted range, key_relation/<engine> the same tuples as keys of an engine. Sides: `floor`,
// a lower_bound and a loop over the sorted vector that collects the eight tuples; `plain`, the same query
// over the vector as an ordinary collection; `engine_floor`, the floor's loop over the engine's iterator,
// which decodes keys and collects tuples; `scan`, that iterator alone. Rows named …/large have N integers
// (1,000,000; --large 0 leaves them out), and the side `small`, the query on 16,000 rows. Counter `rows`:
// those the query read.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <datolite/adapters/key_relation.hpp>
#include <datolite/adapters/sorted_source.hpp>
#include <datolite/core/bounds.hpp>
#include <datolite/core/encode.hpp>
#include <datolite/engines/leveldb.hpp>
#include <datolite/engines/lmdb.hpp>
#include <datolite/engines/memory.hpp>
#include <datolite/query/query.hpp>

#include <ratio.hpp>

namespace {

using namespace datolite;
namespace files = std::filesystem;

using row = std::tuple<std::int64_t, std::string, std::string>;

constexpr std::int64_t small = 1'000;
constexpr std::size_t answers = 8;
constexpr const char* letters[] = {"a", "b", "c", "d"};
constexpr const char* text =
    R"([:find ?i ?j ?k :in $ :where [(ground "b") ?k] [?i ?j ?k] [(< 10 ?i)] [(< ?i 13)]])";

void must(bool held, const char* what) {
  if (held) return;
  std::fprintf(stderr, "bench_subrange: %s\n", what);
  std::abort();
}

std::vector<row> grid(std::int64_t integers) {
  std::vector<row> rows;
  rows.reserve(static_cast<std::size_t>(integers) * 16);
  for (std::int64_t i = 0; i < integers; ++i) {
    for (const char* j : letters) {
      for (const char* k : letters) rows.emplace_back(i, j, k);
    }
  }
  return rows;
}

const std::vector<row>& small_grid() {
  static const std::vector<row> rows = grid(small);
  return rows;
}

/// The query written by hand.
std::vector<row> by_hand(const std::vector<row>& rows) {
  std::vector<row> found;
  const auto before = [](const row& r, std::int64_t i) { return std::get<0>(r) <= i; };
  for (auto at = std::lower_bound(rows.begin(), rows.end(), std::int64_t{10}, before);
       at != rows.end() && std::get<0>(*at) < 13; ++at) {
    if (std::get<2>(*at) == "b") found.push_back(*at);
  }
  return found;
}

const query::prepared& subrange() {
  static const query::prepared made = prepare(text);
  return made;
}

template <class Source>
void set_rows(benchmark::State& state, const Source& source) {
  io_counters io;
  const auto found = q({.query = subrange(), .args = {source}, .io = &io});
  must(found.size() == answers, "the query finds another number of rows");
  state.counters["rows"] = static_cast<double>(io.total().reads);
}

/// `times` queries of `source`.
template <class Source>
bench::side asking(std::string name, const Source& source, int times) {
  return {std::move(name), [&source, times] {
            for (int i = 0; i < times; ++i) {
              const auto found = q(subrange(), source);
              benchmark::DoNotOptimize(found[answers - 1][0].word());
            }
          }};
}

bench::side floor_side(int times) {
  return {"floor", [times] {
            for (int i = 0; i < times; ++i) benchmark::DoNotOptimize(by_hand(small_grid()).data());
          }};
}

constexpr int slice = 50;  // short, so that most slices run undisturbed

void sorted_rows(benchmark::State& state) {
  const auto source = adapters::sorted(small_grid());
  set_rows(state, source);
  bench::compare(state, slice, {asking("sorted", source, slice), floor_side(slice)});
}

void sorted_against_plain(benchmark::State& state) {
  const auto source = adapters::sorted(small_grid());
  set_rows(state, source);
  bench::compare(state, 4, {asking("sorted", source, 4), asking("plain", small_grid(), 4)});
}

void sorted_large(benchmark::State& state, std::int64_t integers) {
  const std::vector<row> rows = grid(integers);
  const auto source = adapters::sorted(rows);
  const auto few = adapters::sorted(small_grid());
  set_rows(state, source);
  bench::compare(state, slice,
                 {asking("large", source, slice), asking("small", few, slice), floor_side(slice)});
}

const adapters::key_layout layout{"grid/", {kind::long_, kind::string, kind::string}};

/// The tuples as keys, in commits of 100,000.
template <class Engine>
void load(Engine& engine, std::int64_t integers) {
  std::vector<bytes> keys;
  const auto flush = [&] {
    std::vector<change> changes;
    for (const bytes& key : keys) changes.push_back({key, bytes_view{}});
    engine.commit(changes, demands{});
    keys.clear();
  };
  for (std::int64_t i = 0; i < integers; ++i) {
    for (const char* j : letters) {
      for (const char* k : letters) keys.push_back(layout.key(i, j, k));
    }
    if (keys.size() >= 100'000) flush();
  }
  flush();
}

bounds eleven_and_twelve() {
  bytes lower = layout.start(), upper = layout.start();
  encode_value(lower, value{11});
  encode_value(upper, value{13});
  return between(lower, upper);
}

/// The query written by hand over an engine.
template <class Reader>
bench::side engine_floor_side(const Reader& reader, int times) {
  return {"engine_floor", [&reader, times, within = eleven_and_twelve()] {
            for (int n = 0; n < times; ++n) {
              std::vector<row> found;
              auto at = reader.open_iterator(within);
              for (at.seek_first(); at.valid(); at.next()) {
                bytes_view rest = at.key().substr(layout.start().size());
                const value i = decode_value(rest), j = decode_value(rest), k = decode_value(rest);
                if (k.as_string() == "b") found.emplace_back(i.as_long(), j.as_string(), k.as_string());
              }
              benchmark::DoNotOptimize(found.data());
            }
          }};
}

/// The keys of the subrange, one after another.
template <class Reader>
bench::side scan_side(const Reader& reader, int times) {
  return {"scan", [&reader, times, within = eleven_and_twelve()] {
            for (int n = 0; n < times; ++n) {
              std::size_t seen = 0;
              auto at = reader.open_iterator(within);
              for (at.seek_first(); at.valid(); at.next()) seen += at.key().size();
              benchmark::DoNotOptimize(seen);
            }
          }};
}

template <class Engine>
void keys(benchmark::State& state, Engine engine) {
  load(engine, small);
  const auto reader = engine.snapshot();
  const adapters::key_relation source{layout, reader};
  set_rows(state, source);
  bench::compare(state, slice,
                 {asking("key_relation", source, slice), floor_side(slice), engine_floor_side(reader, slice),
                  scan_side(reader, slice)});
}

void keys_large(benchmark::State& state, std::int64_t integers) {
  engines::memory store, few;
  load(store, integers);
  load(few, small);
  const auto reader = store.snapshot();
  const auto few_reader = few.snapshot();
  const adapters::key_relation source{layout, reader}, few_source{layout, few_reader};
  set_rows(state, source);
  bench::compare(state, slice,
                 {asking("large", source, slice), asking("small", few_source, slice), floor_side(slice),
                  engine_floor_side(reader, slice)});
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t large = 1'000'000;
  files::path directory =
      files::is_directory("/dev/shm") ? files::path{"/dev/shm"} : files::temp_directory_path();
  int kept = 1;
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    if (option == "--large" && i + 1 < argc) {
      large = std::atoll(argv[++i]);
    } else if (option == "--dir" && i + 1 < argc) {
      directory = argv[++i];
    } else {
      argv[kept++] = argv[i];
    }
  }
  argc = kept;
  directory /= "datolite-bench-" + std::to_string(::getpid());
  files::create_directories(directory);

  bench::row("subrange/sorted", sorted_rows);
  bench::row("subrange/sorted/plain", sorted_against_plain);
  bench::row("subrange/key_relation/memory", [](auto& state) { keys(state, engines::memory{}); });
  bench::row("subrange/key_relation/lmdb",
             [&](auto& state) { keys(state, engines::lmdb{(directory / "lmdb").string()}); });
  bench::row("subrange/key_relation/leveldb",
             [&](auto& state) { keys(state, engines::leveldb{(directory / "leveldb").string()}); });
  if (large > 0) {
    bench::row("subrange/sorted/large", [large](auto& state) { sorted_large(state, large); });
    bench::row("subrange/key_relation/memory/large", [large](auto& state) { keys_large(state, large); });
  }
  benchmark::Initialize(&argc, argv);
  const bool unknown = benchmark::ReportUnrecognizedArguments(argc, argv);
  if (!unknown) benchmark::RunSpecifiedBenchmarks();
  files::remove_all(directory);
  return unknown ? 2 : 0;
}
