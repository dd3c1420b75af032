// ratio: figures that survive a busy machine.
//
// The sides of a comparison do the same slice of work in turn, A B C C B A A B C…, in one run; what is
// reported is the median of each side's slices and the median of the quotients of neighbouring slices, so
// that a machine that slows down slows down all sides.
//
//   bench::row("get_hit/random16", [&](benchmark::State& state) {
//     bench::compare(state, operations_per_slice, {{"ours", [&] { … }}, {"std_map", [&] { … }}});
//   });
//
// The first side is ours. Counters: `ns` is our time an operation, `ns_<name>` another side's, `vs_<name>`
// our time over theirs: below 1 we are faster.
#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <ctime>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

namespace datolite::bench {

using seconds = std::chrono::duration<double>;

/// What a slice's time is. `thread_cpu` leaves out what other programs take: for work of one thread in memory
/// only.
enum class clock { wall, thread_cpu };

namespace detail {
inline clock ticking = clock::wall;  // of the comparison that runs; one runs at a time
}

/// Runs `work` once and says how long it took by the clock of the comparison.
template <class F>
seconds timed(F&& work) {
  const auto now = [] {
    timespec t{};
    clock_gettime(detail::ticking == clock::wall ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID, &t);
    return seconds{static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9};
  };
  const seconds start = now();
  std::forward<F>(work)();
  return now() - start;
}

/// A slice of work under a name. A callable that returns nothing is timed as a whole; one that has something
/// to prepare, too, returns the `seconds` that count (see timed).
struct side {
  template <std::invocable F>
  side(std::string called, F work) : name{std::move(called)} {
    if constexpr (std::convertible_to<std::invoke_result_t<F&>, seconds>) {
      slice = [f = std::move(work)]() mutable -> seconds { return f(); };
    } else {
      slice = [f = std::move(work)]() mutable { return timed(f); };
    }
  }
  std::string name;
  std::function<seconds()> slice;
};

struct how_long {
  int least_rounds = 7;
  int most_rounds = 201;
  seconds enough{1.0};  ///< stop after this, the least rounds done
  clock by = clock::wall;
};

inline double median(std::vector<double> of) {
  const auto middle = of.begin() + static_cast<std::ptrdiff_t>(of.size() / 2);
  std::nth_element(of.begin(), middle, of.end());
  return *middle;
}

/// Measures `sides`, each slice of which does `operations` operations, and sets the counters of `state`.
inline void compare(benchmark::State& state, double operations, std::vector<side> sides,
                    how_long limits = {}) {
  std::vector<std::vector<double>> times(sides.size());
  detail::ticking = limits.by;
  for (auto _ : state) {
    for (side& one : sides) one.slice();  // caches and branch predictors meet each side once before it counts
    seconds spent{0};
    for (int round = 0; round < limits.least_rounds || (round < limits.most_rounds && spent < limits.enough);
         ++round) {
      for (std::size_t i = 0; i < sides.size(); ++i) {
        const std::size_t turn = round % 2 == 0 ? i : sides.size() - 1 - i;
        const seconds took = sides[turn].slice();
        times[turn].push_back(took.count());
        spent += took;
      }
    }
    state.SetIterationTime(median(times[0]) / operations);
  }
  state.counters["ns"] = median(times[0]) / operations * 1e9;
  for (std::size_t i = 1; i < sides.size(); ++i) {
    std::vector<double> quotients(times[0].size());
    std::transform(times[0].begin(), times[0].end(), times[i].begin(), quotients.begin(), std::divides<>{});
    state.counters["ns_" + sides[i].name] = median(times[i]) / operations * 1e9;
    state.counters["vs_" + sides[i].name] = median(std::move(quotients));
  }
}

/// Registers a row of the report, measured once, by `compare`.
inline void row(const std::string& name, std::function<void(benchmark::State&)> measure) {
  benchmark::RegisterBenchmark(name.c_str(), [m = std::move(measure)](benchmark::State& state) { m(state); })
      ->Iterations(1)
      ->UseManualTime()
      ->Unit(benchmark::kNanosecond);
}

}  // namespace datolite::bench
