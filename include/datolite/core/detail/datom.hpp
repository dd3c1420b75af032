// The definitions of datom.hpp.
#pragma once

#include <cstddef>
#include <iterator>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include <datolite/core/datom.hpp>
#include <datolite/core/linkage.hpp>
#include <datolite/core/value_batch.hpp>

namespace datolite {

DATOLITE_INLINE void datom_columns::clear() noexcept {
  size = 0;
  e.clear(), a.clear(), drop_values(v), t_op.clear();
}

DATOLITE_INLINE void datom_columns::append(datom_columns& more) {
  e.insert(e.end(), more.e.begin(), more.e.end());
  a.insert(a.end(), more.a.begin(), more.a.end());
  v.insert(v.end(), std::move_iterator{more.v.begin()}, std::move_iterator{more.v.end()});
  t_op.insert(t_op.end(), more.t_op.begin(), more.t_op.end());
  size += more.size;
}

DATOLITE_INLINE void datom_columns::keep_attributes(std::size_t from,
                                                    std::span<const attribute_id> attributes) {
  std::vector<std::size_t> rows(size - from);
  std::iota(rows.begin(), rows.end(), from);
  rows.resize(
      datolite::keep_attributes(std::span{rows}, attributes, [&](std::size_t row) { return a[row]; }));
  const auto keep = [&](auto& column) {
    if (column.empty()) return;
    std::size_t to = from;
    for (const std::size_t row : rows) {
      if (row != to) column[to] = std::move(column[row]);
      ++to;
    }
    column.resize(to);
  };
  keep(e), keep(a), keep(v), keep(t_op);
  size = from + rows.size();
}

}  // namespace datolite
