// store_figures: how a packed database stands: its blocks, what is new, its cache.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <datolite/datoms/db.hpp>
#include <datolite/datoms/packed_index.hpp>

namespace datolite::datoms {

struct tree_figures {
  std::uint64_t rows = 0;
  std::uint64_t blocks = 0;
  std::uint64_t bytes = 0;  ///< of its blocks, without their keys
};

struct packed_figures {
  std::uint64_t generation = 0;  ///< how many merges there were
  std::int64_t merged_t = -1;    ///< up to which the blocks hold the log; -1 before the first merge
  std::uint64_t novelty = 0;     ///< datoms that came or ended since
  std::array<tree_figures, 4> current{}, past{};  ///< by index_order
  packed::snapshots_held snapshots{};             ///< that db values of this connection hold; others' not
  packed::block_cache::figures cache{};  ///< of the connection; of texts alone where blocks are read in place
};

/// Of what a db stands on; empty if its layout is another, it is a branch of the past, or its generation was
/// retired.
inline std::optional<packed_figures> figures_of(const db& of) {
  const auto* const index = dynamic_cast<const packed::index*>(of.view().state().index.get());
  const auto* const model = dynamic_cast<const packed::model*>(of.view().state().model.get());
  const packed::base_ptr blocks = index == nullptr ? nullptr : index->blocks();
  if (blocks == nullptr || model == nullptr) return std::nullopt;
  packed_figures out;
  out.generation = blocks->about().generation;
  out.merged_t = blocks->t();
  out.novelty = index->fresh_size();
  out.snapshots = model->snapshots();
  out.cache = model->cache_figures();
  for (std::size_t number = 0; number < packed::tree_count; ++number) {
    const packed::tree_id id = packed::tree_of(number);
    const packed::directory& tree = blocks->tree(id);
    (id.past ? out.past : out.current)[static_cast<std::size_t>(id.order)] = {tree.rows(), tree.size(),
                                                                              tree.bytes_held()};
  }
  return out;
}

}  // namespace datolite::datoms
