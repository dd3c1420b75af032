// How a LevelDB database is opened: the directory, the lock, the look at its files, then LevelDB.
#pragma once

#include <sys/stat.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/filter_policy.h>
#include <leveldb/options.h>

#include <datolite/core/error.hpp>
#include <datolite/core/storage.hpp>
#include <datolite/engines/detail/directory_lock.hpp>
#include <datolite/engines/detail/leveldb_files.hpp>
#include <datolite/engines/detail/leveldb_status.hpp>
#include <datolite/engines/detail/leveldb_store.hpp>
#include <datolite/engines/detail/process_mark.hpp>
#include <datolite/engines/detail/system_error.hpp>

namespace datolite::engines {

/// How to open a LevelDB database. Sizes are bytes.
struct leveldb_options {
  bool create_if_missing = true;  ///< the directory, not its parents
  /// What a commit that returned survives: `disk` syncs the log at every commit, `process` leaves it to the
  /// operating system. Others are refused.
  durability_level durability = durability_level::disk;
  bool compress = true;                                  ///< blocks, with snappy
  std::size_t block_cache_size = std::size_t{32} << 20;  ///< uncompressed blocks kept in memory
  std::size_t block_size = 4096;                         ///< what is read and compressed at once
  std::size_t write_buffer_size = std::size_t{4}
                                  << 20;  ///< kept in memory and the log before it is sorted into a table
  int bloom_bits_per_key = 10;            ///< of a filter that spares most reads of absent keys; 0: none
  int max_open_files = 1000;
};

namespace detail {

/// The directory's full path, so that a later chdir() changes nothing; made if it may be.
inline std::string leveldb_directory(std::string_view path, bool create) {
  const std::string given{path};
  const std::string doing = "cannot open the LevelDB database " + (given.empty() ? "\"\"" : given);
  struct stat found;
  if (::stat(given.c_str(), &found) != 0) {
    if (errno != ENOENT || !create || given.empty()) throw_system_error(errno, doing);
    if (::mkdir(given.c_str(), 0755) != 0 && errno != EEXIST) throw_system_error(errno, doing);
  } else if (!S_ISDIR(found.st_mode)) {
    throw_system_error(ENOTDIR, doing);
  }
  const std::unique_ptr<char, decltype(&std::free)> full{::realpath(given.c_str(), nullptr), &std::free};
  if (full == nullptr) throw_system_error(errno, doing);
  return full.get();
}

/// LevelDB works with one background thread a process, which a forked child does not have.
inline void refuse_leveldb_after_fork(const std::string& directory) {
  static const process_mark first_use;
  if (first_use.here()) return;
  throw error{
      error_category::unavailable, "db.error/forked",
      "cannot open " + directory +
          ": this process was forked from one that had used LevelDB, whose background thread it lacks; "
          "exec a program first, or fork before the first use"};
}

inline leveldb_parts make_leveldb(const std::string& directory, const leveldb_options& wanted) {
  leveldb_parts made;
  made.cache.reset(::leveldb::NewLRUCache(wanted.block_cache_size));
  if (wanted.bloom_bits_per_key > 0)
    made.filter.reset(::leveldb::NewBloomFilterPolicy(wanted.bloom_bits_per_key));
  ::leveldb::Options options;
  options.create_if_missing = wanted.create_if_missing;
  options.paranoid_checks = true;
  options.block_cache = made.cache.get();
  options.filter_policy = made.filter.get();
  options.block_size = wanted.block_size;
  options.write_buffer_size = wanted.write_buffer_size;
  options.max_open_files = wanted.max_open_files;
  options.compression = wanted.compress ? ::leveldb::kSnappyCompression : ::leveldb::kNoCompression;
  ::leveldb::DB* db = nullptr;
  const ::leveldb::Status status = ::leveldb::DB::Open(options, directory, &db);
  if (!status.ok()) throw_leveldb(status, "cannot open the LevelDB database " + directory);
  made.db.reset(db);
  return made;
}

inline std::shared_ptr<leveldb_store> open_leveldb(std::string_view path, const leveldb_options& wanted) {
  if (wanted.durability != durability_level::disk && wanted.durability != durability_level::process) {
    throw error{error_category::unsupported, "db.error/unsupported-durability",
                "LevelDB cannot give the durability " + std::string{to_string(wanted.durability)} +
                    ": ask for disk or process"};
  }
  std::string directory = leveldb_directory(path, wanted.create_if_missing);
  if (!wanted.create_if_missing && !exists(directory + "/CURRENT")) {
    check_leveldb_files(directory);
    throw error{error_category::not_found, "db.error/no-such-file",
                "there is no LevelDB database in " + directory + ": check the path, or allow it to be made"};
  }
  directory_lock lock{directory};
  refuse_leveldb_after_fork(directory);
  check_leveldb_files(directory);
  leveldb_parts parts = make_leveldb(directory, wanted);
  return std::make_shared<leveldb_store>(std::move(directory), std::move(lock), std::move(parts),
                                         wanted.durability == durability_level::disk, wanted.block_size);
}

}  // namespace detail
}  // namespace datolite::engines
