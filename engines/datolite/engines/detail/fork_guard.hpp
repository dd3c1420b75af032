// fork_guard: tells a handle that the process it was opened in is not this one.
//
// A child of fork() has the memory of an engine but not its threads, and some of its locks. It must touch
// none of it. Asking for the process id at every operation would be a system call each; counting forks costs
// one load.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>

namespace datolite::engines::detail {

inline std::atomic<std::uint64_t> forks_seen{0};

/// How many forks lie between the start of the program and this process.
inline std::uint64_t process_generation() noexcept {
  return forks_seen.load(std::memory_order_relaxed);
}

inline const int fork_watch = ::pthread_atfork(nullptr, nullptr, [] { forks_seen.fetch_add(1); });

/// Remembers the process that made it.
class fork_guard {
 public:
  bool elsewhere() const noexcept { return made_in_ != process_generation(); }

 private:
  std::uint64_t made_in_ = process_generation();
};

}  // namespace datolite::engines::detail
