// The definitions of index_access.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <datolite/core/datom.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/io_stats.hpp>
#include <datolite/core/linkage.hpp>
#include <datolite/core/value.hpp>

namespace datolite {

DATOLITE_INLINE void datom_cursor::read_runs(datom_range range, components in,
                                             std::span<const std::int64_t> words, run_limits limits,
                                             datom_columns& out, std::vector<std::size_t>& ends) {
  datom_columns batch;
  for (const std::int64_t word : words) {
    set_word(range, in, word);
    seek(range);
    const std::size_t before = out.size;
    std::size_t left = limits.each;
    while (left > 0 && next_batch(batch, std::min<std::size_t>(left, 1024))) {
      left -= batch.size;
      out.append(batch);
    }
    if (left > 0 && !limits.attributes.empty()) out.keep_attributes(before, limits.attributes);
    ends.push_back(out.size);
    if (out.size >= limits.enough) return;
  }
}

DATOLITE_INLINE void index_access::entid_many(std::span<const value> aliases,
                                              std::vector<std::optional<entity_id>>& out,
                                              io_counters* io) const {
  out.clear();
  for (const value& alias : aliases) out.push_back(entid(alias, io));
}

DATOLITE_INLINE void index_access::read_many(std::span<const entity_id> entities, attribute_id a,
                                             std::vector<value>& out, std::vector<std::size_t>& ends,
                                             io_counters* io) const {
  out.clear(), ends.clear();
  std::vector<value> one;
  for (entity_id e : entities) {
    read(e, a, one, io);
    out.insert(out.end(), one.begin(), one.end());
    ends.push_back(out.size());
  }
}

}  // namespace datolite
