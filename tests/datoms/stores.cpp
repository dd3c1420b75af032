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

namespace {

/// Merges so often that tests see it.
connection_options made_with(index_layout layout) {
  connection_options options{.layout = layout};
  if (layout == index_layout::packed)
    options.merge_least = 7, options.merge_share = 0, options.block_bytes = 300;
  return options;
}

std::string named(index_layout layout, const char* engine) {
  const char* const names[] = {"", "flat ", "typed ", "packed "};
  return std::string{names[static_cast<int>(layout)]} + engine;
}

}  // namespace

store packed_store(std::optional<std::size_t> max_key_size) {
  engines::faulty_limits limits;
  if (max_key_size) limits.max_key_size = *max_key_size;
  const any_storage kept{engines::faulty{engines::memory{}, limits}};
  connection{kept, made_with(index_layout::packed)};
  return {max_key_size ? "packed narrow" : "packed", [kept] { return kept; }};
}

store lmdb_store(index_layout layout) {
  const auto place = std::make_shared<datolite::test::temporary_directory>();
  const auto open = [place] {
    return any_storage{engines::lmdb{*place / "it.db", {.durability = durability_level::process}}};
  };
  connection{open(), made_with(layout)}.close();
  return {named(layout, "lmdb"), open};
}

store leveldb_store(index_layout layout) {
  const auto place = std::make_shared<datolite::test::temporary_directory>();
  const auto open = [place] {
    return any_storage{engines::leveldb{*place / "it", {.durability = durability_level::process}}};
  };
  connection{open(), made_with(layout)}.close();
  return {named(layout, "leveldb"), open};
}

std::vector<store> all_stores() {
  return {memory_store(),
          flat_store(),
          flat_store(80),
          packed_store(),
          packed_store(40),
          lmdb_store(index_layout::flat),
          lmdb_store(index_layout::typed),
          lmdb_store(index_layout::packed),
          leveldb_store(index_layout::flat),
          leveldb_store(index_layout::packed)};
}

}  // namespace datolite_test
