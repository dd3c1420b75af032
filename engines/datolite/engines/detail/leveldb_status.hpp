// LevelDB's Status as a datolite::error.
//
// LevelDB has five kinds of failure and tells the operating system's reasons apart only in their text.
#pragma once

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

#include <leveldb/status.h>

#include <datolite/core/error.hpp>
#include <datolite/engines/detail/system_error.hpp>

namespace datolite::engines::detail {

/// What kind of failure this is, once a database is there to fail.
inline error_category category_of(const ::leveldb::Status& status) {
  if (status.IsCorruption() || status.IsNotFound())
    return error_category::corrupt;  // a file of its own is gone
  if (status.IsNotSupportedError() || status.IsInvalidArgument()) return error_category::unsupported;
  const std::string text = status.ToString();
  for (const int reason : {ENOSPC, EDQUOT, EFBIG, ENOMEM, EMFILE, ENFILE}) {
    if (text.ends_with(std::strerror(reason))) return error_category::exhausted;
  }
  if (text.ends_with(std::strerror(EINVAL)))
    return error_category::corrupt;  // a table names a place outside itself
  if (text.find("already held by process") != std::string::npos ||
      (text.find("IO error: lock ") != std::string::npos && text.ends_with(std::strerror(EAGAIN)))) {
    return error_category::busy;
  }
  return error_category::unavailable;
}

[[noreturn]] inline void throw_leveldb(const ::leveldb::Status& status, error_category category,
                                       std::string doing) {
  doing.append(": ").append(status.ToString()).append("; ").append(advice_for(category));
  throw error{category, code_of(category), std::move(doing)};
}

/// Does this say that the key is absent? A missing table file has the same kind, but names the file.
inline bool says_absent(const ::leveldb::Status& status) {
  return status.IsNotFound() && status.ToString().size() == std::string_view{"NotFound: "}.size();
}

}  // namespace datolite::engines::detail
