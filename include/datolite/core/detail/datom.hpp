// The definitions of datom.hpp.
#pragma once

#include <iterator>

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

}  // namespace datolite
