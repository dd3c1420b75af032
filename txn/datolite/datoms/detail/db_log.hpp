// The definitions of db_log.hpp, and db::tx_range.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include <datolite/core/datom.hpp>
#include <datolite/core/linkage.hpp>
#include <datolite/core/value.hpp>
#include <datolite/datoms/branch_index.hpp>
#include <datolite/datoms/db_log.hpp>

namespace datolite {

namespace datoms {

namespace detail {

/// Only what `keep(datom)` keeps of a record.
template <class Keep>
log_record record_of_some(const log_record& all, Keep&& keep) {
  log_record some{all.t, all.previous_t, all.instant, all.next_t, all.next_element, {}, {}};
  std::size_t retraction = 0;
  for (const datom& d : all.datoms) {
    const bool kept = keep(d);
    if (kept) some.datoms.push_back(d);
    if (d.added()) continue;
    if (kept) some.retracted.push_back(all.retracted[retraction]);
    ++retraction;
  }
  return some;
}

}  // namespace detail

DATOLITE_INLINE bool read_log(const db_view& view, std::int64_t start, std::int64_t end,
                              const each_record& each) {
  const db_state& state = view.state();
  start = std::max(start, view.time().since + 1);
  end = std::min(end, state.at.next_t);
  if (view.time().as_of < end) end = view.time().as_of + 1;
  bool more = true;
  const auto shown = [&](const log_record& one) {
    if (view.predicates() == nullptr) return more = each(one);
    const db plain{view.shared_state(), {.as_of = view.time().as_of}};
    return more = each(detail::record_of_some(one, [&](const datom& d) {
             return detail::filtered_cursor::passes(plain, *view.predicates(), d);
           }));
  };
  const auto* const branch = dynamic_cast<const branch_index*>(state.index.get());
  if (branch == nullptr) {
    datoms::read_log(state.snapshot, start, end, shown);
    return more;
  }
  if (!read_log(branch->base(), start, end, shown)) return false;
  for (const auto& one : branch->log()) {
    if (one->t >= start && one->t < end && !shown(*one)) return false;
  }
  return true;
}

}  // namespace datoms

DATOLITE_INLINE void db::tx_range(const std::optional<value>& start, const std::optional<value>& end,
                                  const std::function<bool(const datoms::log_record&)>& each) const {
  datoms::read_log(*view_, start ? t_from(*start) : 0, end ? t_from(*end) : datoms::time_filter::end_of_time,
                   each);
}

}  // namespace datolite
