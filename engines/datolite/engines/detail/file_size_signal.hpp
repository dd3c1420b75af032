// A write beyond the allowed file size, as an error instead of a deadly signal.
//
// Where RLIMIT_FSIZE is set, a write that starts at the limit raises SIGXFSZ, which ends the process unless
// somebody has said otherwise. A library may not say so for the whole process; it may for its own thread
// while it writes.
#pragma once

#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#include <atomic>
#include <cstdint>

namespace datolite::engines::detail {

/// May this process write only so far into a file? Asking costs a system call, which a small commit would
/// feel, so an answer stands until the coarse clock ticks (some milliseconds), unless a sure one is wanted.
class file_size_rule {
 public:
  bool limited(bool surely) noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    const std::int64_t tick = now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec;
    if (!surely && tick == asked_.load(std::memory_order_relaxed))
      return limited_.load(std::memory_order_relaxed);
    rlimit most{};
    const bool is = ::getrlimit(RLIMIT_FSIZE, &most) == 0 && most.rlim_cur != RLIM_INFINITY;
    limited_.store(is, std::memory_order_relaxed);
    asked_.store(tick, std::memory_order_relaxed);
    return is;
  }

 private:
  std::atomic<std::int64_t> asked_{-1};
  std::atomic<bool> limited_{false};
};
inline file_size_rule file_size_rule_of_process;

/// While it lives, a write beyond the allowed file size is an error to this thread and no deadly signal.
class no_file_size_signal {
 public:
  explicit no_file_size_signal(bool surely) {
    if (!file_size_rule_of_process.limited(surely)) return;
    sigset_t pending;
    sigemptyset(&signal_);
    sigaddset(&signal_, SIGXFSZ);
    if (::sigpending(&pending) != 0 || sigismember(&pending, SIGXFSZ)) return;
    blocked_ = ::pthread_sigmask(SIG_BLOCK, &signal_, &before_) == 0;
  }
  no_file_size_signal(const no_file_size_signal&) = delete;
  no_file_size_signal& operator=(const no_file_size_signal&) = delete;
  ~no_file_size_signal() {
    if (!blocked_) return;
    const timespec at_once{};
    while (::sigtimedwait(&signal_, nullptr, &at_once) > 0) {
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  bool blocked_ = false;
  sigset_t signal_, before_;
};

}  // namespace datolite::engines::detail
