// The laws of Storage that only show when many threads read and write at once.
//
// What the threads interleave differs from run to run; what must come out does not. Run these under a thread
// sanitizer too.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <datolite/core/storage.hpp>
#include <datolite/laws/model.hpp>
#include <datolite/laws/reader.hpp>
#include <datolite/laws/report.hpp>
#include <datolite/laws/writer.hpp>

namespace datolite::laws::detail {

/// Runs `body(0)` … `body(n - 1)` on a thread each, to their ends.
template <class Body>
void on_threads(int n, Body&& body) {
  std::vector<std::jthread> threads;
  threads.reserve(static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i) threads.emplace_back([&body, i] { body(i); });
}

/// One snapshot, read by many threads while commits go on around it.
template <Storage S>
void check_shared_snapshot(checker& c, S& s, const options& o) {
  dice d{o.seed};
  material some{d, o, s.min_key_size(), s.max_key_size()};
  contents all;
  batch first = some.some_batch(few(o));
  commit(s, first.changes());
  first.apply(all);
  const auto snapshot = s.snapshot();
  std::atomic<bool> done{false};
  std::jthread writer{[&] {
    c.section("Writer: committing while others read does not fail", [&] {
      dice own{o.seed + 1};
      material other{own, o, s.min_key_size(), s.max_key_size()};
      // Bounded: an engine that keeps old versions beside new ones reads the snapshot slower with every commit.
      for (int i = 0; i < 2000 && !done.load(std::memory_order_relaxed); ++i) {
        commit(s, other.some_batch(few(o)).changes());
      }
    });
  }};
  on_threads(o.threads, [&](int thread) {
    c.section("Reader: many threads may read one snapshot", [&] {
      dice own{o.seed + 100 + static_cast<std::uint64_t>(thread)};
      material probes{own, o, s.min_key_size(), s.max_key_size()};
      for (int i = 0; i < 10 && c.clean(); ++i) {
        check_contents(c, snapshot, all);
        check_walk(c, snapshot, all, own, probes, 60);
      }
    });
  });
  done = true;
}

/// Many threads add to one counter, each commit demanding what it has read; others watch two keys that every
/// commit writes alike.
template <Storage S>
void check_many_writers(checker& c, S& s, const options& o) {
  const bytes counter(s.min_key_size() + 1, 'c'), twin(s.min_key_size() + 1, 't');
  constexpr int rounds = 20;
  std::atomic<int> running{o.threads};
  const auto write = [&](int thread) {
    const bytes own = bytes(s.min_key_size() + 1, 'o') + std::to_string(thread);
    for (int i = 0, lost = 0; i < rounds;) {
      // Whoever loses a round was overtaken by a commit, and there are only so many.
      if (!c.that(lost <= rounds * o.threads, "Writer: conflict iff a demand does not hold",
                  [] { return "a thread met more conflicts than there were commits"; })) {
        return;
      }
      std::optional<bytes> now;
      if (const auto found = s.get(counter)) now = bytes{found->view()};
      const bytes more = std::to_string((now ? std::stoi(*now) : 0) + 1), mine = std::to_string(i);
      const std::vector<condition> as_read{
          {counter, now ? std::optional<bytes_view>{*now} : std::optional<bytes_view>{}}};
      try {
        commit(s, {{counter, more}, {own, mine}, {twin, more}}, demands{as_read, std::nullopt});
        ++i;
      } catch (const error& e) {
        if (e.category() != error_category::conflict) throw;
        ++lost;
      }
    }
  };
  const auto watch = [&] {
    while (running.load() > 0) {
      const auto snapshot = s.snapshot();
      const auto a = snapshot.get(counter), b = snapshot.get(twin);
      c.that(static_cast<bool>(a) == static_cast<bool>(b) && (!a || bytes_view{a->view()} == b->view()),
             "Writer: a commit is seen whole or not at all");
    }
  };
  on_threads(2 * o.threads, [&](int thread) {
    c.section("Writer: many threads may commit at once", [&] {
      if (thread >= o.threads) return watch();
      struct leaves {
        std::atomic<int>& count;
        ~leaves() { --count; }
      } const leaving{running};
      write(thread);
    });
  });
  const auto sum = s.get(counter);
  c.that(sum && sum->view() == std::to_string(rounds * o.threads),
         "Writer: commits happen one after another, each on what the last one left", [&] {
           return std::to_string(rounds * o.threads) + " increments made " +
                  (sum ? std::string{sum->view()} : std::string{"nothing"});
         });
}

}  // namespace datolite::laws::detail
