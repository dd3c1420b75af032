// open_url: the engine chosen at run time, by a text such as "lmdb:films.db".
//
//   mem:            a new store in memory, gone with its last holder
//   lmdb:PATH       a file, by LMDB
//   leveldb:PATH    a directory, by LevelDB
//
// PATH is taken as it stands, without escapes. Including this links every engine; a program that knows its
// engine includes that one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <datolite/core/any_storage.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/storage.hpp>
#include <datolite/engines/leveldb.hpp>
#include <datolite/engines/lmdb.hpp>
#include <datolite/engines/memory.hpp>

namespace datolite::engines {

/// What every engine can be asked for.
struct open_options {
  bool create_if_missing = true;
  std::optional<durability_level> durability{};  ///< of a commit; absent: the engine's own choice
};

namespace detail {

[[noreturn]] inline void refuse_url(std::string_view url, const std::string& reason) {
  throw error{error_category::incorrect, "db.error/invalid-url",
              "cannot open \"" + std::string{url} + "\": " + reason +
                  "; write mem: or lmdb:PATH or leveldb:PATH, such as lmdb:films.db"};
}

inline any_storage open_memory(std::string_view url, const open_options& wanted) {
  if (wanted.durability && *wanted.durability != durability_level::memory) {
    throw error{error_category::unsupported, "db.error/unsupported-durability",
                "\"" + std::string{url} + "\" lives in memory and cannot give the durability " +
                    std::string{to_string(*wanted.durability)} + ": use lmdb:PATH or leveldb:PATH"};
  }
  return memory{};
}

template <class Engine, class Options>
any_storage open_at(std::string_view path, const open_options& wanted) {
  Options options;
  options.create_if_missing = wanted.create_if_missing;
  if (wanted.durability) options.durability = *wanted.durability;
  return Engine{path, options};
}

}  // namespace detail

/// Opens what `url` names. Throws `incorrect` if it is no such URL, else what the engine throws.
inline any_storage open_url(std::string_view url, const open_options& wanted = {}) {
  const std::size_t colon = url.find(':');
  if (colon == std::string_view::npos) detail::refuse_url(url, "it does not say which engine");
  const std::string_view scheme = url.substr(0, colon), path = url.substr(colon + 1);
  if (scheme == "mem") {
    if (!path.empty()) detail::refuse_url(url, "a store in memory has no path");
    return detail::open_memory(url, wanted);
  }
  if (scheme != "lmdb" && scheme != "leveldb") {
    detail::refuse_url(url, "there is no engine \"" + std::string{scheme} + "\"");
  }
  if (path.empty()) detail::refuse_url(url, "the path is missing");
  if (path.find('\0') != std::string_view::npos) detail::refuse_url(url, "a path cannot hold a zero byte");
  if (scheme == "lmdb") return detail::open_at<lmdb, lmdb_options>(path, wanted);
  return detail::open_at<leveldb, leveldb_options>(path, wanted);
}

}  // namespace datolite::engines
