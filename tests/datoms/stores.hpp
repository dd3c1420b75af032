// The engines that the tests of datoms run on, each in a place of its own that can be opened again.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <datolite/core/any_storage.hpp>
#include <datolite/datoms/connection.hpp>
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

inline store memory_store() {
  const any_storage kept{engines::memory{}};
  return {"memory", [kept] { return kept; }};
}

/// In memory, but with the indexes in the engine; perhaps with keys so short that most strings are cut.
inline store flat_store(engines::faulty_limits limits = {}) {
  const any_storage kept{engines::faulty{engines::memory{}, limits}};
  connection{kept, {.layout = index_layout::flat}};
  return {limits.max_key_size < 1000 ? "narrow" : "flat", [kept] { return kept; }};
}

inline store lmdb_store(index_layout layout = index_layout::automatic) {
  const auto place = std::make_shared<datolite::testing::temporary_directory>();
  const auto open = [place] {
    return any_storage{engines::lmdb{*place / "it.db", {.durability = durability_level::process}}};
  };
  connection{open(), {.layout = layout}}.close();
  return {layout == index_layout::typed ? "typed lmdb" : "lmdb", open};
}

inline store leveldb_store() {
  const auto place = std::make_shared<datolite::testing::temporary_directory>();
  return {"leveldb", [place] {
            return any_storage{engines::leveldb{*place / "it", {.durability = durability_level::process}}};
          }};
}

/// Every engine, and every layout of the indexes.
inline std::vector<store> all_stores() {
  return {memory_store(),
          flat_store(),
          flat_store({.max_key_size = 80}),
          lmdb_store(),
          lmdb_store(index_layout::typed),
          leveldb_store()};
}

}  // namespace datolite_test
