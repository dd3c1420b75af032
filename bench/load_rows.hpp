// load_rows: rows of bench_index on how databases come to be: bulk loads of many datoms, opening what was
// loaded, and the bytes that go into the engine for each that stays.
#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include <datolite/core/bounds.hpp>
#include <datolite/datoms/bulk_load.hpp>
#include <datolite/datoms/connection.hpp>
#include <datolite/datoms/store_figures.hpp>
#include <datolite/datoms/tempid_bindings.hpp>
#include <datolite/engines/leveldb.hpp>
#include <datolite/engines/lmdb.hpp>
#include <datolite/engines/memory.hpp>

#include <data_sets.hpp>
#include <ratio.hpp>
#include <stored_run.hpp>

namespace datolite::bench {

namespace detail {

/// A string that names a package in the n-th copy of the graph.
inline value renamed(const value& name, std::size_t copy) {
  return value{std::string{name.raw()} + "#" + std::to_string(copy)};
}

/// The same package in the n-th copy of the graph.
inline value copied(const value& package, std::size_t copy) {
  std::vector<map_entry> entries;
  for (const map_entry& entry : package.entries()) {
    map_entry made = entry;
    if (entry.key.is_keyword("db/id") || entry.key.is_keyword("package/name")) {
      made.val = renamed(entry.val, copy);
    } else if (entry.key.is_keyword("package/depends")) {
      std::vector<value> targets;
      for (const value& one : entry.val.elements()) targets.push_back(renamed(one, copy));
      made.val = value::vector(std::span<const value>{targets});
    }
    entries.push_back(std::move(made));
  }
  return make_map(std::span<const map_entry>{entries});
}

struct load_figures {
  seconds took{};
  std::uint64_t datoms = 0;
  std::size_t most_held = 0, spills = 0;
};

/// Loads copies of the package graph, 4,000 packages a transaction, until there are so many datoms.
inline load_figures load_copies(connection& conn, const data_set& graph, std::uint64_t datoms) {
  constexpr std::size_t chunk = 4000;
  load_figures out;
  conn.transact(graph.schema);
  bulk_load load{conn, {.spill_directory = {}, .progress = [&](const bulk_progress& p) {
                          out.most_held = std::max(out.most_held, p.bytes_held);
                        }}};
  const auto packages = graph.whole.elements();
  for (std::size_t copy = 0; out.datoms < datoms; ++copy) {
    datoms::tempid_bindings tempids;
    for (std::size_t from = 0; from < packages.size() && out.datoms < datoms; from += chunk) {
      std::vector<value> maps;
      for (std::size_t i = from; i < std::min(from + chunk, packages.size()); ++i)
        maps.push_back(copied(packages[i], copy));
      const value data = value::vector(std::span<const value>{maps});
      out.took += timed([&] {
        const bulk_report made = load.transact(data, tempids);
        tempids.add(made.tempids);
        out.datoms += made.datoms;
      });
    }
  }
  out.took += timed([&] { load.finish(); });
  out.spills = load.spills();
  return out;
}

inline any_storage stored_engine(const std::string& name, const std::filesystem::path& place) {
  const auto process = durability_level::process;
  if (name == "lmdb") return any_storage{engines::lmdb{place.string(), {.durability = process}}};
  return any_storage{engines::leveldb{place.string(), {.durability = process}}};
}

inline double milliseconds(seconds s) { return s.count() * 1e3; }

/// The median of a few openings, by the engine alone and by a connection.
struct opening {
  double engine = 0, connection = 0;
};
inline opening time_to_open(const std::string& name, const std::filesystem::path& place) {
  std::vector<double> alone, whole;
  for (int i = 0; i < 5; ++i) {
    alone.push_back(milliseconds(timed([&] { stored_engine(name, place).close(); })));
    std::unique_ptr<connection> conn;
    whole.push_back(milliseconds(timed([&] {
      conn = std::make_unique<connection>(stored_engine(name, place),
                                          connection_options{.merge = merging::when_asked});
    })));
    conn->close();
  }
  return {median(alone), median(whole)};
}

/// Reads something of everything: how many bytes of blocks are kept then.
inline std::uint64_t cache_after_queries(const db& now) {
  for (const index_order order :
       {index_order::eavt, index_order::aevt, index_order::avet, index_order::vaet}) {
    const auto cursor = now.access().open_cursor(order, components::e);
    datom_range all;
    all.index = order;
    cursor->seek(all);
    std::uint64_t seen = 0;
    for (datom_columns batch; seen < 20'000'000 && cursor->next_batch(batch, 4096);) seen += batch.size;
  }
  return datoms::figures_of(now)->cache.bytes;
}

/// Memory, with the bytes counted that are put into it.
struct counted_memory : engines::memory {
  std::shared_ptr<std::uint64_t> written = std::make_shared<std::uint64_t>(0);
  synctag_t commit(std::span<const change> changes, const demands& wanted = {}) {
    for (const change& one : changes)
      if (one.value) *written += one.key.size() + one.value->size();
    return engines::memory::commit(changes, wanted);
  }
};

}  // namespace detail

/// load, open_empty, open_tail and cache: `ns` a datom, milliseconds, megabytes.
inline void add_load_rows(const std::string& name, const data_set& (*graph)(), const stored_run& run) {
  using namespace detail;
  const std::string on = std::to_string(run.size) + "/packed/" + name;
  const auto place = std::make_shared<std::filesystem::path>();
  row("load/" + on, [=, &run](benchmark::State& state) {
    bench::detail::ticking = clock::wall;
    const auto once = [&](const char* called, std::uint64_t datoms) {
      *place = run.directory / (called + name);
      connection conn{stored_engine(name, *place),
                      {.layout = index_layout::packed, .merge = merging::when_asked}};
      const load_figures made = load_copies(conn, graph(), datoms);
      conn.close();
      return made;
    };
    for (auto _ : state) {
      const load_figures one = once("one", graph().whole.elements().size() * 3), all = once("all", run.size);
      const auto ns = [](const load_figures& f) {
        return f.took.count() * 1e9 / static_cast<double>(f.datoms);
      };
      state.SetIterationTime(all.took.count());
      rusage used{};
      ::getrusage(RUSAGE_SELF, &used);
      state.counters["datoms"] = static_cast<double>(all.datoms);
      state.counters["ns"] = ns(all);
      state.counters["ns_debian"] = ns(one);
      state.counters["vs_debian"] = ns(all) / ns(one);
      state.counters["held_mb"] = static_cast<double>(all.most_held) / 1e6;
      state.counters["rss_mb"] = static_cast<double>(used.ru_maxrss) / 1e3;
      state.counters["spills"] = static_cast<double>(all.spills);
    }
  });
  row("open_empty/" + on, [=](benchmark::State& state) {
    const opening took = time_to_open(name, *place);
    for (auto _ : state) state.SetIterationTime(took.connection / 1e3);
    state.counters["ms"] = took.connection, state.counters["ms_engine"] = took.engine;
  });
  row("cache/" + on, [=](benchmark::State& state) {
    connection conn{stored_engine(name, *place), {.merge = merging::when_asked}};
    double held = 0;
    for (auto _ : state)
      state.SetIterationTime(
          timed([&] { held = static_cast<double>(cache_after_queries(conn.db())); }).count());
    state.counters["cache_mb"] = held / 1e6;
    conn.close();
  });
  row("open_tail/" + on, [=](benchmark::State& state) {
    constexpr int tail = 20'000;
    const opening before = time_to_open(name, *place);
    {
      connection conn{stored_engine(name, *place), {.merge = merging::when_asked}};
      for (int from = 0; from < tail; from += 1000) {
        std::vector<value> forms;
        for (int i = from; i < from + 1000; ++i) {
          forms.push_back(make_map({{value::keyword("package/installed-size"), value{std::int64_t{i}}}}));
        }
        conn.transact(value::vector(std::span<const value>{forms}));
      }
      conn.close();
    }
    const opening after = time_to_open(name, *place);
    for (auto _ : state) state.SetIterationTime(after.connection / 1e3);
    state.counters["ms"] = after.connection;
    state.counters["us_a_datom"] = (after.connection - before.connection) * 1e3 / tail;
  });
}

/// written: bytes put into the engine, and what is there at the end, a datom; `times` is the one over the
/// other, `block_times` that of blocks and directory alone.
inline void add_written_row(const std::string& called, std::function<void(connection&)> work) {
  using namespace detail;
  row("written/" + called, [=](benchmark::State& state) {
    for (auto _ : state) {
      counted_memory engine;
      const auto written = engine.written;
      connection conn{any_storage{std::move(engine)}, {.layout = index_layout::packed}};
      state.SetIterationTime(timed([&] { work(conn); }).count());
      conn.merge();
      double log = 0, kept = 0;
      const any_snapshot now = conn.storage().snapshot();
      auto it = now.open_iterator(everything());
      for (it.seek_first(); it.valid(); it.next()) {
        const auto size = static_cast<double>(it.key().size() + it.value().size());
        kept += size;
        if (it.key()[0] == '\x30' || it.key()[0] == '\x31') log += size;
      }
      const auto datoms = static_cast<double>(conn.db().count({}));
      const auto put = static_cast<double>(*written);
      state.counters["written"] = put / datoms, state.counters["kept"] = kept / datoms;
      state.counters["times"] = put / kept;
      state.counters["block_times"] = (put - log) / (kept - log);
      state.counters["merges"] = static_cast<double>(datoms::figures_of(conn.db())->generation);
    }
  });
}

inline void add_written_rows(const data_set& (*graph)()) {
  add_written_row("add_1", [](connection& conn) {
    const data_set all = people(20'000);
    conn.transact(all.schema);
    for (const entity_data& one : all.entities) {
      for (const value& fact : one.facts) conn.transact(fact);
    }
  });
  add_written_row("debian", [=](connection& conn) {
    conn.transact(graph().schema);
    conn.transact(graph().whole);
  });
  add_written_row("debian_bulk", [=](connection& conn) { detail::load_copies(conn, graph(), 1); });
}

}  // namespace datolite::bench
