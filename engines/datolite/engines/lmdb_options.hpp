// lmdb_options: how an LMDB file is opened.
#pragma once

#include <cstddef>

#include <datolite/core/storage.hpp>

namespace datolite::engines {

struct lmdb_options {
  /// What a commit that returned survives: `disk` writes it through (one fdatasync, one synchronous write of
  /// the root); `process` leaves it to the operating system, and then a crash of the machine may cost the
  /// latest commits and, since nothing orders those writes, the file. Others are refused.
  durability_level durability = durability_level::disk;

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
