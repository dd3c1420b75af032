// The engines that the tests of datoms run on, each in a place of its own that can be opened again.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <datolite/core/any_storage.hpp>
#include <datolite/engines/faulty.hpp>
#include <datolite/engines/leveldb.hpp>
#include <datolite/engines/lmdb.hpp>
#include <datolite/engines/memory.hpp>
#include <engines/temporary_directory.hpp>

namespace datolite_test {

using namespace datolite;

/// `open()` opens the same place again; whatever it gave before must be gone then, but for the memory
/// engines.
struct store {
  std::string name;
  std::function<any_storage()> open;
};

inline store memory_store(engines::faulty_limits limits = {}) {
  const bool narrow = limits.max_key_size < 1000;
  any_storage kept =
      narrow ? any_storage{engines::faulty{engines::memory{}, limits}} : any_storage{engines::memory{}};
  return {narrow ? "narrow" : "memory", [kept] { return kept; }};
}

inline store lmdb_store() {
  const auto place = std::make_shared<datolite::testing::temporary_directory>();
  return {"lmdb", [place] {
            return any_storage{engines::lmdb{*place / "it.db", {.durability = durability_level::process}}};
          }};
}

inline store leveldb_store() {
  const auto place = std::make_shared<datolite::testing::temporary_directory>();
  return {"leveldb", [place] {
            return any_storage{engines::leveldb{*place / "it", {.durability = durability_level::process}}};
          }};
}

/// Every engine, and one with keys so short that most strings are cut.
inline std::vector<store> all_stores() {
  return {memory_store(), memory_store({.max_key_size = 80}), lmdb_store(), leveldb_store()};
}

}  // namespace datolite_test
