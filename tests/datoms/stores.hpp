// The engines that the tests of datoms run on, each in a place of its own that can be opened again.
//
// Include this rather than an engine where any will do: it costs little to compile.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <datolite/core/any_storage.hpp>
#include <datolite/datoms/connection.hpp>

namespace datolite_test {

using namespace datolite;

/// `open()` opens the same place again; whatever it gave before must be gone then, but for the memory
/// engines.
struct store {
  std::string name;
  std::function<any_storage()> open;
};

/// A fresh memory engine.
any_storage new_memory();

store memory_store();
/// In memory, but with the indexes in the engine; perhaps with keys so short that most strings are cut.
store flat_store(std::optional<std::size_t> max_key_size = {});
store lmdb_store(index_layout layout = index_layout::automatic);
store leveldb_store(index_layout layout = index_layout::automatic);
/// In memory, as blocks that are merged every few datoms; perhaps with keys so short that separators are cut.
store packed_store(std::optional<std::size_t> max_key_size = {});

/// Every engine, and every layout of the indexes.
std::vector<store> all_stores();

}  // namespace datolite_test
