// LMDB's return codes as datolite::error.
#pragma once

#include <lmdb.h>

#include <string>
#include <string_view>

#include <datolite/core/error.hpp>
#include <datolite/engines/detail/system_error.hpp>

namespace datolite::engines::detail {

/// What a return code of LMDB means to a program, and what to do about it. LMDB passes the operating system's
/// on.
inline verdict verdict_on_lmdb(int rc) noexcept {
  using c = error_category;
  switch (rc) {
    case MDB_MAP_FULL:
      return {c::exhausted, "db.error/storage-full",
              "the file has its greatest size: erase something, or open it with a larger max_map_size"};
    case MDB_MAP_RESIZED:
      return {c::exhausted, "db.error/storage-full",
              "another process has made the file larger than this one may map: open it again with a larger "
              "max_map_size"};
    case MDB_READERS_FULL:
      return {c::exhausted, "db.error/too-many-snapshots",
              "every reader slot is held by a live snapshot, iterator or pinned value: let some go"};
    case MDB_TXN_FULL: return {c::exhausted, "db.error/commit-too-large", "commit less at once"};
    case MDB_INVALID: return {c::corrupt, "db.error/corrupt", "it is no LMDB file, or a damaged one"};
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
      return {c::corrupt, "db.error/corrupt", "the file is damaged: restore it from a copy"};
    case MDB_VERSION_MISMATCH:
      return {c::unsupported, "db.error/newer-format", "a newer LMDB has written it: use that one"};
    case MDB_PANIC:
      return {c::unavailable, "db.error/storage-failed",
              "writing the file has failed before: close every handle on it, then open it again"};
    default: return verdict_on(rc);
  }
}

/// Throws what `rc` means. `doing` ends a sentence that starts with "cannot".
[[noreturn]] inline void throw_lmdb(int rc, std::string_view path, std::string_view doing) {
  throw_verdict(verdict_on_lmdb(rc), std::string{path} + ": cannot " + std::string{doing}, mdb_strerror(rc));
}

inline void check_lmdb(int rc, std::string_view path, std::string_view doing) {
  if (rc != MDB_SUCCESS) [[unlikely]]
    throw_lmdb(rc, path, doing);
}

}  // namespace datolite::engines::detail
