// What the operating system refused, as a datolite::error.
#pragma once

#include <cerrno>
#include <cstring>
#include <string>

#include <datolite/core/error.hpp>

namespace datolite::engines::detail {

/// How a program should react to `errno`.
inline error_category category_of(int reason) noexcept {
  switch (reason) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
      return error_category::exhausted;
    case ENOENT:
      return error_category::not_found;
    case ENOTDIR:
    case ENAMETOOLONG:
    case ELOOP:
      return error_category::incorrect;
    default:
      return error_category::unavailable;
  }
}

/// The keyword that goes with it.
inline const char* code_of(error_category category) noexcept {
  switch (category) {
    case error_category::exhausted:
      return "db.error/storage-exhausted";
    case error_category::not_found:
      return "db.error/storage-not-found";
    case error_category::incorrect:
      return "db.error/not-a-storage";
    case error_category::corrupt:
      return "db.error/storage-corrupt";
    case error_category::busy:
      return "db.error/storage-busy";
    case error_category::unsupported:
      return "db.error/unsupported-operation";
    case error_category::unknown_outcome:
      return "db.error/unknown-outcome";
    default:
      return "db.error/storage-unavailable";
  }
}

/// What the user can do about it.
inline const char* advice_for(error_category category) noexcept {
  switch (category) {
    case error_category::exhausted:
      return "make room, or raise the limit, then open it again";
    case error_category::not_found:
      return "check the path";
    case error_category::incorrect:
      return "check the path";
    case error_category::corrupt:
      return "restore it from a copy";
    default:
      return "check the permissions and the device";
  }
}

[[noreturn]] inline void throw_system_error(int reason, std::string doing) {
  const error_category category = category_of(reason);
  doing.append(": ").append(std::strerror(reason)).append("; ").append(advice_for(category));
  throw error{category, code_of(category), std::move(doing)};
}

}  // namespace datolite::engines::detail
