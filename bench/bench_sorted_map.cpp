// sorted_map<bytes, bytes> against std::map and absl::btree_map of std::string, on random keys.
//
//   bench_sorted_map [--keys N] [Google Benchmark's options]
//
// Key sets: values100 (16-byte random keys, 100-byte values) and keys8to40 (keys of 8 to 40 bytes, values
// empty).
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <absl/container/btree_map.h>
#include <benchmark/benchmark.h>

#include <datolite/core/sorted_map.hpp>

#include <ratio.hpp>

namespace {

using namespace datolite;
using ours = sorted_map<bytes, bytes>;
using std_map = std::map<std::string, std::string, std::less<>>;
using absl_map = absl::btree_map<std::string, std::string, std::less<>>;

struct key_set {
  std::string name;
  std::size_t shortest, longest, value_size;
  std::string begins_with{};
};

/// Keys, values and the three maps that hold them.
struct fixture {
  std::vector<std::string> keys, sorted;
  std::vector<std::string> hits, misses;  ///< looked up in this order, which is random; they lie side by side
  std::string value;
  ours mine;
  std_map standard;
  absl_map abseil;

  fixture(const key_set& set, std::size_t n) : value(set.value_size, 'v') {
    std::mt19937_64 random{20240501};
    const auto make = [&] {
      std::string key(set.shortest + random() % (set.longest - set.shortest + 1), '\0');
      for (char& c : key) c = static_cast<char>(random());
      return set.begins_with.empty() ? key : set.begins_with + static_cast<char>(random() % 20) + key;
    };
    while (keys.size() < n) keys.push_back(make());
    while (misses.size() < 65536) misses.push_back(make());
    while (hits.size() < 65536) hits.push_back(keys[random() % n]);
    std::vector<std::string> in_order = keys;
    std::sort(in_order.begin(), in_order.end());
    in_order.erase(std::unique(in_order.begin(), in_order.end()), in_order.end());
    sorted = std::vector<std::string>(in_order);  // copied, so that reading them is the same for all sides
    // all three in random order, as a life of edits would leave them
    for (const std::string& key : keys) {
      mine = std::move(mine).insert_or_assign(key, value);
      standard.insert_or_assign(key, value);
      abseil.insert_or_assign(key, value);
    }
  }
};

std::string_view mapped(const std::pair<const std::string, std::string>& entry) { return entry.second; }
std::string_view mapped(const std::pair<bytes_view, bytes_view>& entry) { return entry.second; }

const std::string* find(const std_map& map, const std::string& key) {
  const auto at = map.find(key);
  return at == map.end() ? nullptr : &at->second;
}
const std::string* find(const absl_map& map, const std::string& key) {
  const auto at = map.find(key);
  return at == map.end() ? nullptr : &at->second;
}
ours::found_t find(const ours& map, const std::string& key) { return map.find(key); }

/// Reads the bytes that it is shown, as a user would.
std::uint64_t touch(std::string_view text) {
  return text.empty() ? text.size()
                      : text.size() + static_cast<unsigned char>(text.front()) +
                            static_cast<unsigned char>(text.back());
}

template <class Map>
auto looks_up(const Map& map, const std::vector<std::string>& keys, std::size_t n) {
  return [&map, &keys, n, at = std::size_t{0}]() mutable {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < n; ++i, ++at) {
      if (const auto found = find(map, keys[at % keys.size()])) sum += touch(*found);
    }
    benchmark::DoNotOptimize(sum);
  };
}

template <class Map>
auto scans_from_seeks(const Map& map, const fixture& f, std::size_t n) {
  return [&map, &f, n, at = std::size_t{0}]() mutable {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < n; ++i, ++at) {
      auto it = map.lower_bound(f.hits[at % f.hits.size()]);
      const auto end = map.end();
      for (int step = 0; step < 100 && it != end; ++step, ++it)
        sum += touch((*it).first) + touch(mapped(*it));
    }
    benchmark::DoNotOptimize(sum);
  };
}

template <class Map>
auto scans_all(const Map& map) {
  return [&map] {
    std::uint64_t sum = 0;
    for (const auto& entry : map) sum += touch(entry.first) + touch(mapped(entry));
    benchmark::DoNotOptimize(sum);
  };
}

void put(ours& map, const std::string& key, const std::string& value) {
  map = std::move(map).insert_or_assign(key, value);
}
template <class Map>
void put(Map& map, const std::string& key, const std::string& value) {
  map.insert_or_assign(key, value);
}

/// Fills a new map; making and destroying it do not count.
template <class Map>
auto inserts(const std::vector<std::string>& keys, std::size_t n, const std::string& value) {
  return [&keys, n, &value] {
    Map map;
    const bench::seconds took = bench::timed([&] {
      for (std::size_t i = 0; i < n; ++i) put(map, keys[i], value);
    });
    benchmark::DoNotOptimize(map.size());
    return took;
  };
}

/// Puts one key into a large map whose former state somebody holds: what a commit of one does.
auto edits_held(ours& map, const fixture& f, std::size_t n) {
  return [&map, &f, n, at = std::size_t{0}, value = f.value]() mutable {
    for (std::size_t i = 0; i < n; ++i, ++at) {
      const ours held = map;
      put(map, f.hits[at % f.hits.size()], value);
      benchmark::DoNotOptimize(held.size());
    }
  };
}
template <class Map>
auto edits(Map& map, const fixture& f, std::size_t n) {
  return [&map, &f, n, at = std::size_t{0}, value = f.value]() mutable {
    for (std::size_t i = 0; i < n; ++i, ++at) put(map, f.hits[at % f.hits.size()], value);
  };
}

using bench::how_long;
using bench::seconds;

/// All of this is work of one thread in memory.
void compare_one_thread(benchmark::State& state, double operations, std::vector<bench::side> sides,
                        how_long limits = {}) {
  limits.by = bench::clock::thread_cpu;
  bench::compare(state, operations, std::move(sides), limits);
}

void register_rows(const key_set& set, std::size_t n) {
  auto shared = std::make_shared<std::unique_ptr<fixture>>();
  const auto row = [&](const std::string& workload, auto measure) {
    bench::row(workload + "/" + set.name, [shared, set, n, measure](benchmark::State& state) {
      if (!*shared) *shared = std::make_unique<fixture>(set, n);
      measure(state, **shared);
    });
  };
  row("get_hit", [](benchmark::State& state, fixture& f) {
    compare_one_thread(state, 2000,
                       {{"ours", looks_up(f.mine, f.hits, 2000)},
                        {"std_map", looks_up(f.standard, f.hits, 2000)},
                        {"absl", looks_up(f.abseil, f.hits, 2000)}});
  });
  row("get_miss", [](benchmark::State& state, fixture& f) {
    compare_one_thread(state, 2000,
                       {{"ours", looks_up(f.mine, f.misses, 2000)},
                        {"std_map", looks_up(f.standard, f.misses, 2000)},
                        {"absl", looks_up(f.abseil, f.misses, 2000)}});
  });
  row("seek_scan100", [](benchmark::State& state, fixture& f) {
    compare_one_thread(state, 200,
                       {{"ours", scans_from_seeks(f.mine, f, 200)},
                        {"std_map", scans_from_seeks(f.standard, f, 200)},
                        {"absl", scans_from_seeks(f.abseil, f, 200)}});
  });
  row("full_scan", [](benchmark::State& state, fixture& f) {
    compare_one_thread(
        state, static_cast<double>(f.mine.size()),
        {{"ours", scans_all(f.mine)}, {"std_map", scans_all(f.standard)}, {"absl", scans_all(f.abseil)}});
  });
  row("insert_random", [](benchmark::State& state, fixture& f) {
    const std::size_t many = std::min<std::size_t>(f.keys.size(), 100000);
    compare_one_thread(state, static_cast<double>(many),
                       {{"ours", inserts<ours>(f.keys, many, f.value)},
                        {"std_map", inserts<std_map>(f.keys, many, f.value)},
                        {"absl", inserts<absl_map>(f.keys, many, f.value)}},
                       how_long{.least_rounds = 9});
  });
  row("insert_sorted", [](benchmark::State& state, fixture& f) {
    const std::size_t many = std::min<std::size_t>(f.sorted.size(), 100000);
    compare_one_thread(state, static_cast<double>(many),
                       {{"ours", inserts<ours>(f.sorted, many, f.value)},
                        {"std_map", inserts<std_map>(f.sorted, many, f.value)},
                        {"absl", inserts<absl_map>(f.sorted, many, f.value)}},
                       how_long{.least_rounds = 9});
  });
  // The others' only snapshot is a copy of everything; it is measured on a map of 10,000.
  row("snapshot", [](benchmark::State& state, fixture& f) {
    std_map standard;
    absl_map abseil;
    for (std::size_t i = 0; i < 10000; ++i)
      put(standard, f.keys[i], f.value), put(abseil, f.keys[i], f.value);
    static constexpr int copies = 10000;
    const auto copies_once = [](const auto& map) {
      return [&map] {
        const seconds took = bench::timed([&] {
          auto copy = map;
          benchmark::DoNotOptimize(copy.size());
        });
        return took * copies;
      };
    };
    compare_one_thread(state, copies,
                       {{"ours",
                         [&f] {
                           for (int i = 0; i < copies; ++i) {
                             ours copy = f.mine;
                             benchmark::DoNotOptimize(copy);
                           }
                         }},
                        {"std_map", copies_once(standard)},
                        {"absl", copies_once(abseil)}});
  });
  // The others edit in place and keep no former state: the price of having one.
  row("edit_with_snapshot_held", [](benchmark::State& state, fixture& f) {
    compare_one_thread(state, 500,
                       {{"ours", edits_held(f.mine, f, 500)},
                        {"std_map", edits(f.standard, f, 500)},
                        {"absl", edits(f.abseil, f, 500)}});
  });
  row("edit_in_place", [](benchmark::State& state, fixture& f) {
    compare_one_thread(state, 500,
                       {{"ours", edits(f.mine, f, 500)},
                        {"std_map", edits(f.standard, f, 500)},
                        {"absl", edits(f.abseil, f, 500)}});
  });
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t keys = 1000000;
  for (int i = 1; i + 1 < argc; ++i) {
    const std::string_view text = argv[i + 1];
    if (std::string_view{argv[i]} != "--keys") continue;
    std::from_chars(text.data(), text.data() + text.size(), keys);
    std::rotate(argv + i, argv + i + 2, argv + argc);
    argc -= 2;
    break;
  }
  register_rows({"values100", 16, 16, 100}, keys);
  register_rows({"keys8to40", 8, 40, 0}, keys);
  register_rows({"index_keys", 8, 8, 0, "an index's name"}, keys);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
