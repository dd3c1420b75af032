// process_mark: is this still the process that opened the file?
//
// After fork() a child has copies of its parent's handles, and using or closing one would change locks and tables
// that the parent relies on. An engine keeps a mark from its opening and asks it before each use; the answer costs one
// relaxed load. Processes made by fork() are seen; what clones itself around the C library is not.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>

namespace datolite::engines::detail {

inline std::atomic<std::uint64_t> forks_seen{0};  // by this process and those it descends from

class process_mark {
 public:
  process_mark() noexcept {
    static const int watching =
        pthread_atfork(nullptr, nullptr, [] { forks_seen.fetch_add(1, std::memory_order_relaxed); });
    (void)watching;
    made_in_ = forks_seen.load(std::memory_order_relaxed);
  }

  /// False in a child of the process that made this mark.
  bool here() const noexcept { return made_in_ == forks_seen.load(std::memory_order_relaxed); }

 private:
  std::uint64_t made_in_;
};

}  // namespace datolite::engines::detail
