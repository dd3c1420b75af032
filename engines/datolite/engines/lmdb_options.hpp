// lmdb_options: how an LMDB file is opened.
#pragma once

#include <cstddef>

namespace datolite::engines {

struct lmdb_options {
  /// A commit survives the machine: it is written through (one fdatasync, one synchronous write of the root).
  /// Without it, a commit survives this process, and the operating system writes when it likes: then the
  /// crash of the machine may cost the latest commits and, since nothing orders those writes, the file.
  bool sync = true;

  /// Commits are `unavailable`. The file must exist; its lock file must be writable, or on a read-only file
  /// system.
  bool read_only = false;

  /// Make the file if there is none; its directory must exist.
  bool create_if_missing = true;

  /// How many bytes the file may grow to. Address space of that size, and of a reserve for deletions, is set
  /// aside at opening and never resized; it costs nothing until it is used. 0 stands for 1 TiB, or, where the
  /// process may not have that much, the largest halving of it down to 1 GiB that it may.
  std::size_t max_map_size = 0;
};

}  // namespace datolite::engines
