// Opening what --db names, and what else is read.
#pragma once

#include <filesystem>
#include <iostream>
#include <sstream>
#include <string>
#include <system_error>

#include <unistd.h>

#include <datolite/core/any_storage.hpp>
#include <datolite/core/error.hpp>
#include <datolite/datoms/connection.hpp>
#include <datolite/engines/url.hpp>

namespace cli {

/// The path in "engine:path"; empty for memory.
inline std::string path_of(const std::string& url) {
  const std::size_t colon = url.find(':');
  return colon == std::string::npos || url.substr(0, colon) == "mem" ? std::string{} : url.substr(colon + 1);
}

/// Opens a database that must exist (but one in memory, which is always new).
inline datolite::connection open_existing(const std::string& url) {
  return datolite::connection{datolite::engines::open_url(url, {.create_if_missing = false})};
}

/// The whole of the standard input.
inline std::string standard_input() {
  std::ostringstream all;
  all << std::cin.rdbuf();
  return all.str();
}

/// Throws if there is no such file, or it is a directory or forbidden; "-" is the standard input.
inline void check_readable(const std::string& file) {
  if (file == "-") return;
  std::error_code failed;
  if (!std::filesystem::exists(file, failed)) {
    throw datolite::error{datolite::error_category::not_found, "cli/no-such-file", "there is no file " + file};
  }
  if (std::filesystem::is_directory(file, failed) || ::access(file.c_str(), R_OK) != 0) {
    throw datolite::error{datolite::error_category::unavailable, "cli/unreadable", "the file " + file +
                          " cannot be read: it is a directory, or its permissions forbid it"};
  }
}

}  // namespace cli
