// spill_file: bytes that do not fit into memory, in a file that has no name.
//
// The file is gone when the object is, also if the process is killed: it never has a name or, where the
// system knows no such files, loses it as soon as it is open. Nothing of it outlives the process, so it needs
// no format and no recovery.
//
// Threads: any number may read what was appended; one appends.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <datolite/core/bytes.hpp>
#include <datolite/core/error.hpp>

namespace datolite::datoms {

class spill_file {
 public:
  /// A new file in `directory`; where that is empty, in what TMPDIR names, or /tmp. Throws `unavailable`.
  explicit spill_file(const std::string& directory) : in_{directory.empty() ? usual_directory() : directory} {
#ifdef O_TMPFILE
    file_ = ::open(in_.c_str(), O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
    if (file_ >= 0) return;
#endif
    std::string name = in_ + "/datolite-spill-XXXXXX";
    file_ = ::mkstemp(name.data());
    if (file_ < 0) fail("could not be made");
    ::unlink(name.c_str());
  }
  spill_file(const spill_file&) = delete;
  ~spill_file() { ::close(file_); }

  std::uint64_t size() const noexcept { return size_; }

  /// Appends, and returns where. Throws `exhausted` where there is no room.
  std::uint64_t append(bytes_view given) {
    const std::uint64_t at = size_;
    while (!given.empty()) {
      const ::ssize_t n = ::pwrite(file_, given.data(), given.size(), static_cast<::off_t>(size_));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) fail("could not be written");
      size_ += static_cast<std::uint64_t>(n);
      given.remove_prefix(static_cast<std::size_t>(n));
    }
    return at;
  }

  /// The `n` bytes that were appended at `at`.
  bytes read(std::uint64_t at, std::size_t n) const {
    bytes out(n, '\0');
    for (std::size_t done = 0; done < n;) {
      const ::ssize_t got = ::pread(file_, out.data() + done, n - done, static_cast<::off_t>(at + done));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) fail("could not be read");
      done += static_cast<std::size_t>(got);
    }
    return out;
  }

 private:
  static std::string usual_directory() {
    const char* const named = std::getenv("TMPDIR");
    return named != nullptr && *named != '\0' ? named : "/tmp";
  }
  [[noreturn]] void fail(const char* why) const {
    const int reason = errno;
    const bool full = reason == ENOSPC || reason == EDQUOT || reason == EFBIG;
    throw error{full ? error_category::exhausted : error_category::unavailable, "db.error/spill-file",
                "a temporary file in " + in_ + " " + why + ": " + std::system_category().message(reason) +
                    "; name another directory to spill to"};
  }

  std::string in_;
  int file_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace datolite::datoms
