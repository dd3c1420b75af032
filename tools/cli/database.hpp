// Opening what --db names, and reading what files hold.
#pragma once

#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>

#include <datolite/core/any_storage.hpp>
#include <datolite/core/edn.hpp>
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

/// The whole of a file, or of the standard input for "-".
inline std::string contents(const std::string& file) {
  std::ostringstream all;
  if (file == "-") {
    all << std::cin.rdbuf();
    return all.str();
  }
  std::error_code failed;
  if (!std::filesystem::exists(file, failed)) {
    throw datolite::error{datolite::error_category::not_found, "cli/no-such-file", "there is no file " + file};
  }
  std::ifstream in{file, std::ios::binary};
  if (std::filesystem::is_directory(file, failed) || !in) {
    throw datolite::error{datolite::error_category::unavailable, "cli/unreadable", "the file " + file +
                          " cannot be read: it is a directory, or its permissions forbid it"};
  }
  all << in.rdbuf();
  return all.str();
}

}  // namespace cli
