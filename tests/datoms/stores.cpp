// The definitions of stores.hpp, compiled once: the engines cost more to compile than most tests that run on
// them.
#include "stores.hpp"

#include <datolite/engines/faulty.hpp>
#include <datolite/engines/leveldb.hpp>
#include <datolite/engines/lmdb.hpp>
#include <datolite/engines/memory.hpp>
#include <engines/temporary_directory.hpp>

namespace datolite_test {

store memory_store() {
  const any_storage kept = new_memory();
  return {"memory", [kept] { return kept; }};
}

any_storage new_memory() { return any_storage{engines::memory{}}; }

store flat_store(std::optional<std::size_t> max_key_size) {
  engines::faulty_limits limits;
  if (max_key_size) limits.max_key_size = *max_key_size;
  const any_storage kept{engines::faulty{engines::memory{}, limits}};
  connection{kept, {.layout = index_layout::flat}};
  return {max_key_size ? "narrow" : "flat", [kept] { return kept; }};
}

store lmdb_store(index_layout layout) {
  const auto place = std::make_shared<datolite::testing::temporary_directory>();
  const auto open = [place] {
    return any_storage{engines::lmdb{*place / "it.db", {.durability = durability_level::process}}};
  };
  connection{open(), {.layout = layout}}.close();
  return {layout == index_layout::typed ? "typed lmdb" : "lmdb", open};
}

store leveldb_store() {
  const auto place = std::make_shared<datolite::testing::temporary_directory>();
  return {"leveldb", [place] {
            return any_storage{engines::leveldb{*place / "it", {.durability = durability_level::process}}};
          }};
}

std::vector<store> all_stores() {
  return {memory_store(), flat_store(), flat_store(80), lmdb_store(), lmdb_store(index_layout::typed),
          leveldb_store()};
}

}  // namespace datolite_test
