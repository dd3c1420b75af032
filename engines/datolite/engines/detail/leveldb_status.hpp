// LevelDB's Status as a datolite::error.
//
// LevelDB has five kinds of failure and tells the operating system's reasons apart only in their text.
#pragma once

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include <leveldb/status.h>

#include <datolite/core/error.hpp>
#include <datolite/engines/detail/system_error.hpp>

namespace datolite::engines::detail {

/// What kind of failure this is, once a database is there to fail.
inline verdict verdict_on(const ::leveldb::Status& status) {
  const verdict corrupt{error_category::corrupt, "db.error/corrupt",
                        "the database is damaged: restore it from a copy"};
  if (status.IsCorruption() || status.IsNotFound()) return corrupt;  // NotFound: a file of its own is gone
  if (status.IsNotSupportedError() || status.IsInvalidArgument()) {
    return {error_category::unsupported, "db.error/foreign-database",
            "another program has made it: use that one"};
  }
  const std::string text = status.ToString();
  const auto says = [&text](int reason) { return text.ends_with(std::strerror(reason)); };
  if (says(EINVAL)) return corrupt;  // a table names a place outside itself
  if (text.ends_with("already held by process") || (text.starts_with("IO error: lock ") && says(EAGAIN))) {
    return {error_category::busy, "db.error/already-open", "close it there first"};
  }
  for (const int reason : {ENOSPC, EDQUOT, EFBIG, ENOMEM, EMFILE, ENFILE, EACCES, EPERM, EROFS}) {
    if (says(reason)) return verdict_on(reason);
  }
  return verdict_on(EIO);
}

[[noreturn]] inline void throw_leveldb(const ::leveldb::Status& status, std::string doing) {
  throw_verdict(verdict_on(status), std::move(doing), status.ToString());
}

/// Does this say that the key is absent? A missing table file has the same kind, but names the file.
inline bool says_absent(const ::leveldb::Status& status) {
  return status.IsNotFound() && status.ToString().size() == std::string_view{"NotFound: "}.size();
}

}  // namespace datolite::engines::detail
