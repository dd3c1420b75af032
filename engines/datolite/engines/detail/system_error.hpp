// What the operating system refused, as a datolite::error.
#pragma once

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <datolite/core/error.hpp>

namespace datolite::engines::detail {

/// How a program should react, the keyword that says so, and what the user can do.
struct verdict {
  error_category category;
  const char* code;
  const char* advice;
};

inline verdict verdict_on(int reason) noexcept {
  switch (reason) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return {error_category::exhausted, "db.error/disk-full",
              "the disk, the quota or the allowed file size is full: make room and open it again"};
    case ENOMEM:
      return {error_category::exhausted, "db.error/out-of-memory", "free memory and open it again"};
    case EMFILE:
    case ENFILE:
      return {error_category::exhausted, "db.error/too-many-files", "close some files"};
    case ENOENT:
      return {error_category::not_found, "db.error/no-such-file", "check the path"};
    case ENOTDIR:
    case ENAMETOOLONG:
    case ELOOP:
      return {error_category::incorrect, "db.error/not-a-directory", "check the path"};
    case EACCES:
    case EPERM:
    case EROFS:
      return {error_category::unavailable, "db.error/not-permitted",
              "check the permissions of the directory and what is in it"};
    default:
      return {error_category::unavailable, "db.error/storage-failed", "check the device"};
  }
}

[[noreturn]] inline void throw_verdict(const verdict& found, std::string doing, const std::string& reason) {
  doing.append(": ").append(reason).append("; ").append(found.advice);
  throw error{found.category, found.code, std::move(doing)};
}

[[noreturn]] inline void throw_system_error(int reason, std::string doing) {
  throw_verdict(verdict_on(reason), std::move(doing), std::strerror(reason));
}

}  // namespace datolite::engines::detail
