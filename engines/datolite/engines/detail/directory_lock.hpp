// directory_lock: one opener of a directory at a time, in this process and in all others.
//
// A lock of the open file description (flock), so that it holds between two openers in one process and
// whatever path they came by. It is released by `unlock`, not merely by closing, because a forked child
// shares the description and would keep it locked.
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include <datolite/engines/detail/system_error.hpp>

namespace datolite::engines::detail {

class directory_lock {
 public:
  directory_lock() = default;

  /// Throws `busy` if another holds it, `unavailable` if the lock's file cannot be made.
  explicit directory_lock(const std::string& directory) {
    const std::string file = directory + "/datolite.lock";
    descriptor_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor_ < 0) throw_system_error(errno, "cannot open the lock " + file);
    int failed = 0;
    while ((failed = ::flock(descriptor_, LOCK_EX | LOCK_NB)) != 0 && errno == EINTR) {
    }
    if (failed == 0) return;
    const int reason = errno;
    ::close(std::exchange(descriptor_, -1));
    if (reason != EWOULDBLOCK) throw_system_error(reason, "cannot lock " + file);
    throw error{error_category::busy, "db.error/already-open",
                "the database " + directory +
                    " is open already, in this process or another, and takes one opener at a time: close it "
                    "there first"};
  }

  directory_lock(directory_lock&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)} {}
  directory_lock& operator=(directory_lock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~directory_lock() { unlock(); }

  void unlock() noexcept {
    if (descriptor_ < 0) return;
    ::flock(descriptor_, LOCK_UN);
    ::close(std::exchange(descriptor_, -1));
  }

  /// Forgets the lock without releasing it: it belongs to the process that this one was forked from.
  void abandon() noexcept { descriptor_ = -1; }

 private:
  int descriptor_ = -1;
};

}  // namespace datolite::engines::detail
