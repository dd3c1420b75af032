// What reading the indexes costs, by layout and engine: the full Debian graph (63,666 packages), in one
// transaction.
//
//   bench_index [--small] [--datoms N] [--dir PATH] [--wall] [Google Benchmark's options]
//
// Layouts: flat/lmdb, packed/memory, packed/lmdb, packed/leveldb, and beside each what the typed layout in
// memory takes for the same (`vs_typed`). By CPU time of the thread unless --wall. Rows, `ns` for each datom
// or each operation:
//   scan_int, scan_ref, scan_text, avet_int    one attribute of AEVT or AVET into columns e and v, warm
//   scan_int_1, scan_int_10                    the same with 1 % or 10 % of its facts replaced and not merged
//   entity, attribute_of, value_of             1,000 random entities; (e, a); (a, v)
//   range_1                                    1 % of AVET by value
//   open                                       connecting to the database
//   merge_1                                    merging 1 % of novelty
//   load                                       a bulk load of copies of the graph, of N datoms (1,000,000),
//                                              beside that of one; and the memory that it held
//   open_empty, open_tail, cache               of what was loaded: opening it, with 20,000 datoms not merged;
//                                              the cache after everything was read
//   written                                    bytes put into the engine, and kept, a datom
// `size` says bytes a datom: blocks of current facts, and all that the engine's file takes.
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>

#include <datolite/datoms/connection.hpp>
#include <datolite/datoms/store_figures.hpp>
#include <datolite/engines/leveldb.hpp>
#include <datolite/engines/lmdb.hpp>
#include <datolite/engines/memory.hpp>

#include <data_sets.hpp>
#include <load_rows.hpp>
#include <ratio.hpp>
#include <stored_run.hpp>

namespace {

using namespace datolite;
namespace files = std::filesystem;

bool small = false;
bench::stored_run run{.program = "bench_index [--small] [--wall]",
                      .counts = "datoms",
                      .size = 1'000'000,
                      .least = 1000,
                      .by = bench::clock::thread_cpu};

const bench::data_set& data() {
  static const bench::data_set made = small ? bench::small_debian() : bench::full_debian();
  return made;
}

/// A database of one layout on one engine; `replaced` per cent of the integer facts are novelty.
struct database {
  std::string name;
  files::path place;
  std::unique_ptr<connection> conn;
  std::unique_ptr<db> now;

  database(const std::string& called, int replaced) : name{called} {
    static int number = 0;
    place = run.directory / ("db" + std::to_string(++number));
    open();
    conn->transact(data().schema);
    conn->transact(data().whole);
    conn->merge();
    if (replaced > 0) replace(replaced);
    now = std::make_unique<db>(conn->db());
  }

  any_storage engine() const {
    const auto process = durability_level::process;
    if (name.ends_with("lmdb")) return any_storage{engines::lmdb{place.string(), {.durability = process}}};
    if (name.ends_with("leveldb"))
      return any_storage{engines::leveldb{place.string(), {.durability = process}}};
    return any_storage{engines::memory{}};
  }
  void open() {
    const index_layout layout = name.starts_with("flat")     ? index_layout::flat
                                : name.starts_with("packed") ? index_layout::packed
                                                             : index_layout::typed;
    conn = std::make_unique<connection>(engine(),
                                        connection_options{.layout = layout, .merge = merging::when_asked});
  }
  void close() {
    now.reset();
    conn->close();
    conn.reset();
  }

  void replace(int percent) {
    std::mt19937 random{3};
    std::vector<value> forms;
    const attribute_id size = attribute("installed-size");
    for (const datom& d : conn->db().datoms({.index = index_order::aevt, .a = size})) {
      if (static_cast<int>(random() % 100) >= percent) continue;
      forms.push_back(
          value::vector({value::keyword("db/add"), value{d.e}, value::keyword("package/installed-size"),
                         value{static_cast<std::int64_t>(random() % 100'000)}}));
    }
    conn->transact(value::vector(std::span<const value>{forms}));
  }

  attribute_id attribute(const char* of) const {
    return conn->db().attribute(value::keyword(std::string{"package/"} + of))->id;
  }
};

database& made(const std::string& name, int replaced = 0) {
  static std::map<std::pair<std::string, int>, std::unique_ptr<database>> all;
  auto& one = all[{name, replaced}];
  if (one == nullptr) one = std::make_unique<database>(name, replaced);
  return *one;
}

std::uint64_t scan(const db& in, const datom_range& range) {
  const auto cursor = in.access().open_cursor(range.index, components::e | components::v);
  cursor->seek(range);
  std::uint64_t sum = 0;
  for (datom_columns batch; cursor->next_batch(batch, 1024);) {
    sum += batch.size + static_cast<std::uint64_t>(batch.e.front()) % 2;
  }
  benchmark::DoNotOptimize(sum);
  return sum;
}

using work = std::function<void(const db&)>;

void add_row(const std::string& row, const std::string& on, int replaced,
             std::function<double(database&)> operations, std::function<work(database&)> make) {
  bench::row(row + "/" + on, [=](benchmark::State& state) {
    database &ours = made(on, replaced), &typed = made("typed/memory", replaced);
    const work mine = make(ours), theirs = make(typed);
    bench::compare(state, operations(ours),
                   {{"ours", [&] { mine(*ours.now); }}, {"typed", [&] { theirs(*typed.now); }}},
                   {.enough = bench::seconds{0.5}, .by = run.by});
  });
}

void add_scan(const std::string& row, const std::string& on, const char* attribute, index_order order,
              int replaced) {
  const auto range_of = [=](database& in) {
    datom_range range;
    range.index = order;
    range.a = in.attribute(attribute);
    return range;
  };
  add_row(
      row, on, replaced, [=](database& in) { return static_cast<double>(in.now->count(range_of(in))); },
      [=](database& in) -> work { return [range = range_of(in)](const db& now) { scan(now, range); }; });
}

std::vector<datom> sample(database& in, const char* attribute) {
  auto all = in.now->datoms({.index = index_order::aevt, .a = in.attribute(attribute)});
  std::mt19937 random{9};
  std::shuffle(all.begin(), all.end(), random);
  all.resize(std::min<std::size_t>(all.size(), 1000));
  return all;
}

void add_lookups(const std::string& on) {
  const auto thousand = [](database& in) { return static_cast<double>(sample(in, "installed-size").size()); };
  add_row("entity", on, 0, thousand, [](database& in) -> work {
    return [all = sample(in, "installed-size")](const db& now) {
      const auto cursor = now.access().open_cursor(index_order::eavt, components::a | components::v);
      datom_columns batch;
      for (const datom& d : all)
        cursor->seek({.index = index_order::eavt, .e = d.e}), cursor->next_batch(batch, 64);
    };
  });
  add_row("attribute_of", on, 0, thousand, [](database& in) -> work {
    return [all = sample(in, "installed-size")](const db& now) {
      const auto cursor = now.access().open_cursor(index_order::eavt, components::v);
      datom_columns batch;
      for (const datom& d : all) {
        cursor->seek({.index = index_order::eavt, .e = d.e, .a = d.a}), cursor->next_batch(batch, 1);
      }
    };
  });
  add_row("value_of", on, 0, thousand, [](database& in) -> work {
    return [all = sample(in, "name")](const db& now) {
      const auto cursor = now.access().open_cursor(index_order::avet, components::e);
      datom_columns batch;
      for (const datom& d : all) {
        cursor->seek({.index = index_order::avet, .a = d.a, .v = d.v}), cursor->next_batch(batch, 1);
      }
    };
  });
  const auto one_percent = [](database& in) {
    const attribute_id a = in.attribute("installed-size");
    const auto all = in.now->datoms({.index = index_order::avet, .a = a});
    const std::size_t from = all.size() / 2;
    return datom_range{.index = index_order::avet,
                       .a = a,
                       .start = range_bound{all[from].v, true},
                       .stop = range_bound{all[from + all.size() / 100].v, true}};
  };
  add_row(
      "range_1", on, 0, [](database&) { return 1.0; },
      [=](database& in) -> work { return [range = one_percent(in)](const db& now) { scan(now, range); }; });
}

void add_sizes(const std::string& on) {
  bench::row("size/" + on, [=](benchmark::State& state) {
    database& in = made(on);
    for (auto _ : state) state.SetIterationTime(1e-9);
    const auto datoms = static_cast<double>(in.now->count({}));
    if (const auto f = datoms::figures_of(*in.now)) {
      double current = 0, past = 0;
      for (std::size_t i = 0; i < 4; ++i) {
        current += static_cast<double>(f->current[i].bytes), past += static_cast<double>(f->past[i].bytes);
      }
      state.counters["current"] = current / datoms;
      state.counters["past"] = past / datoms;
    }
    double on_disk = 0;
    if (files::is_regular_file(in.place)) on_disk = static_cast<double>(files::file_size(in.place));
    if (files::is_directory(in.place)) {
      for (const auto& one : files::recursive_directory_iterator{in.place})
        on_disk += static_cast<double>(one.file_size());
    }
    state.counters["file"] = on_disk / datoms;
  });
}

void add_open_and_merge(const std::string& on) {
  const auto once = [](benchmark::State& state, std::function<bench::seconds()> slice) {
    std::vector<double> took;
    for (auto _ : state) {
      for (int i = 0; i < 5; ++i) took.push_back(slice().count());
      state.SetIterationTime(bench::median(took));
    }
    state.counters["ms"] = bench::median(took) * 1e3;
  };
  if (!on.ends_with("memory")) {
    bench::row("open/" + on, [=](benchmark::State& state) {
      database in{on, 0};
      once(state, [&] {
        in.close();
        return bench::timed([&] { in.open(); });
      });
    });
  }
  if (on.starts_with("packed")) {
    bench::row("merge_1/" + on, [=](benchmark::State& state) {
      database in{on, 0};
      once(state, [&] {
        in.replace(1);
        return bench::timed([&] { in.conn->merge(); });
      });
    });
  }
}

/// Takes the options off the command line that are this program's alone.
void read_own_options(int& count, char** arguments) {
  int kept = 1;
  for (int i = 1; i < count; ++i) {
    const std::string_view option{arguments[i]};
    if (option == "--small") {
      small = true;
    } else if (option == "--wall") {
      run.by = bench::clock::wall;
    } else {
      arguments[kept++] = arguments[i];
    }
  }
  count = kept;
}

}  // namespace

int main(int argc, char** argv) {
  read_own_options(argc, argv);
  return bench::perform(run, argc, argv, [] {
    for (const std::string on : {"flat/lmdb", "packed/memory", "packed/lmdb", "packed/leveldb"}) {
      add_scan("scan_int", on, "installed-size", index_order::aevt, 0);
      add_scan("scan_ref", on, "depends", index_order::aevt, 0);
      add_scan("scan_text", on, "section", index_order::aevt, 0);
      add_scan("avet_int", on, "installed-size", index_order::avet, 0);
      add_scan("scan_int_1", on, "installed-size", index_order::aevt, 1);
      add_scan("scan_int_10", on, "installed-size", index_order::aevt, 10);
      add_lookups(on);
      add_sizes(on);
      add_open_and_merge(on);
    }
    bench::add_written_rows(data);
    for (const std::string on : {"lmdb", "leveldb"}) bench::add_load_rows(on, data, run);
  });
}
