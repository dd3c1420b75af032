// leftovers: what an import that was killed has left beside the database that it was to make.
//
// An import makes a new database under a name of its own, `path`.import-PROCESS (LMDB has `-lock` beside it), and
// removes that if it fails; killed it cannot. The next import of that database does: where the process is gone and
// nobody, in whatever container, has the file or directory open, which its locks tell.
#pragma once

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <sys/types.h>
#include <unistd.h>

namespace cli {

/// The name under which this process makes the database that will stand at `path`.
inline std::string import_name(const std::string& path) { return path + ".import-" + std::to_string(::getpid()); }

namespace detail {

/// Does an engine somewhere hold a lock of this file? One that cannot be asked is taken to be held.
inline bool is_locked(const std::filesystem::path& file) {
  const int opened = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
  if (opened < 0) return errno != ENOENT && errno != ENOTDIR;
  struct flock wanted {};
  wanted.l_type = F_WRLCK, wanted.l_whence = SEEK_SET;
  const bool answered = ::fcntl(opened, F_GETLK, &wanted) == 0;
  ::close(opened);
  return !answered || wanted.l_type != F_UNLCK;
}

inline bool is_gone(std::string_view process) {
  ::pid_t id = 0;
  const auto [end, failed] = std::from_chars(process.data(), process.data() + process.size(), id);
  if (failed != std::errc{} || end != process.data() + process.size() || id <= 0) return false;
  return ::kill(id, 0) != 0 && errno == ESRCH;
}

}  // namespace detail

/// Removes what killed imports into `path` have left. What cannot be removed stays: it is in nobody's way.
inline void remove_leftovers(const std::string& path) {
  namespace files = std::filesystem;
  const files::path at{path};
  const std::string begin = at.filename().string() + ".import-";
  constexpr std::string_view lock = "-lock";
  std::error_code ignored;
  files::directory_iterator beside{at.has_parent_path() ? at.parent_path() : files::path{"."}, ignored};
  std::vector<files::path> stale;
  for (const files::directory_iterator end; !ignored && beside != end; beside.increment(ignored)) {
    const std::string name = beside->path().filename().string();
    if (!name.starts_with(begin)) continue;
    std::string_view process = std::string_view{name}.substr(begin.size());
    if (process.ends_with(lock)) process.remove_suffix(lock.size());
    if (!detail::is_gone(process)) continue;
    const files::path made = at.parent_path() / (begin + std::string{process});
    const bool is_open = detail::is_locked(made.string() + std::string{lock}) || detail::is_locked(made / "LOCK");
    if (!is_open) stale.push_back(beside->path());
  }
  for (const files::path& one : stale) files::remove_all(one, ignored);
}

}  // namespace cli
