// LMDB's return codes as datolite::error.
#pragma once

#include <lmdb.h>

#include <cerrno>
#include <string>
#include <string_view>

#include <datolite/core/error.hpp>
#include <datolite/engines/detail/system_error.hpp>

namespace datolite::engines::detail {

struct lmdb_fault {
  error_category category;
  std::string_view advice;
};

/// What a return code of LMDB means to a program, and what to do about it.
inline lmdb_fault lmdb_fault_of(int rc) {
  using c = error_category;
  switch (rc) {
    case MDB_MAP_FULL:
      return {c::exhausted,
              "the file has its greatest size: erase something, or open it with a larger max_map_size"};
    case MDB_MAP_RESIZED:
      return {c::exhausted,
              "another process has made the file larger than this one may map: open it again with a larger "
              "max_map_size"};
    case MDB_READERS_FULL:
      return {c::exhausted, "every reader slot is held by a live snapshot or iterator: let some go"};
    case MDB_TXN_FULL:
      return {c::exhausted, "commit less at once"};
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return {c::exhausted, "the disk, the quota or the allowed file size is full"};
    case ENOMEM:
      return {c::exhausted, "free memory or address space, or give a smaller max_map_size"};
    case EMFILE:
    case ENFILE:
      return {c::exhausted, "close some files"};
    case MDB_INVALID:
      return {c::corrupt, "it is no LMDB file, or a damaged one"};
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
      return {c::corrupt, "the file is damaged: restore it from a backup"};
    case MDB_VERSION_MISMATCH:
      return {c::unsupported, "a newer LMDB has written it: read it with that one"};
    case MDB_PANIC:
      return {c::unavailable,
              "writing the file has failed before: close every handle on it, then open it again"};
    case ENOENT:
      return {c::not_found, "check the path"};
    case EACCES:
    case EPERM:
    case EROFS:
      return {c::unavailable, "check the permissions of the file and its directory"};
    default:
      return {c::unavailable, "the operating system refused; check the file"};
  }
}

/// Throws what `rc` means. `doing` ends a sentence that starts with "cannot".
[[noreturn]] inline void throw_lmdb(int rc, std::string_view path, std::string_view doing) {
  const lmdb_fault fault = lmdb_fault_of(rc);
  throw error{fault.category, code_of(fault.category),
              std::string{path} + ": cannot " + std::string{doing} + ": " + std::string{fault.advice} +
                  " (LMDB: " + mdb_strerror(rc) + ")"};
}

inline void check_lmdb(int rc, std::string_view path, std::string_view doing) {
  if (rc != MDB_SUCCESS) [[unlikely]]
    throw_lmdb(rc, path, doing);
}

}  // namespace datolite::engines::detail
