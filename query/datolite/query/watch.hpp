// watch: what may stop a query while it runs: a deadline, a cancellation, a limit on memory.
//
// Whoever joins many rows asks `poll` now and then, about once a thousand rows. Nothing else is needed: a
// query that must stop throws from there, `interrupted` (`db.error/timeout`, `db.error/cancelled`) or
// `exhausted` (`db.error/memory-limit`), and leaves nothing behind.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <memory>
#include <optional>
#include <utility>

namespace datolite::query {

/// A switch that stops the queries it was given to. Copies share it; any thread may use it.
class cancellation {
 public:
  cancellation() : off_{std::make_shared<std::atomic<bool>>(false)} {}
  void cancel() const noexcept { off_->store(true, std::memory_order_relaxed); }
  bool is_cancelled() const noexcept { return off_->load(std::memory_order_relaxed); }

 private:
  std::shared_ptr<std::atomic<bool>> off_;
};

/// The limits of one execution. Used by the thread that executes.
class watch {
 public:
  std::optional<std::int64_t> deadline{};  ///< by `now()`
  std::optional<cancellation> cancelled{};
  std::optional<std::size_t> most_bytes{};

  /// Nanoseconds of a clock that never goes back.
  static std::int64_t now() noexcept {
    std::timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
  }

  /// Throws if the query must stop. `growing`: the bytes of what the caller is building.
  void poll(std::size_t growing = 0) const;

  /// Counts bytes that stay in use until they are given back.
  void hold(std::size_t bytes) noexcept { held_ += bytes; }
  void give_back(std::size_t bytes) noexcept { held_ -= bytes < held_ ? bytes : held_; }

 private:
  std::size_t held_ = 0;
};

/// Counts bytes as held while it lives.
class holding {
 public:
  /// `limits` may be null.
  holding(watch* limits, std::size_t bytes) noexcept : limits_{limits}, bytes_{bytes} {
    if (limits_ != nullptr) limits_->hold(bytes_);
  }
  holding(const holding&) = delete;
  holding& operator=(const holding&) = delete;
  ~holding() {
    if (limits_ != nullptr) limits_->give_back(bytes_);
  }

 private:
  watch* limits_;
  std::size_t bytes_;
};

}  // namespace datolite::query

#ifndef DATOLITE_COMPILED
#include <datolite/query/detail/watch.hpp>
#endif
