// The definitions of kept_pattern.hpp.
#pragma once

#include <cstddef>
#include <optional>

#include <datolite/core/index_access.hpp>
#include <datolite/core/linkage.hpp>
#include <datolite/core/value.hpp>
#include <datolite/query/bound_conversion.hpp>
#include <datolite/query/kept_pattern.hpp>
#include <datolite/query/pattern.hpp>

namespace datolite::query {

DATOLITE_INLINE kept_pattern::kept_pattern(const clause_pattern& p)
    : consts_{p.consts.begin(), p.consts.end()},
      starts_{p.starts.begin(), p.starts.end()},
      whiles_{p.whiles.begin(), p.whiles.end()},
      repeated_{p.repeated.begin(), p.repeated.end()},
      wanted_{p.wanted},
      past_{p.past},
      io_{p.io} {
  for (std::size_t slot = 0; slot < size(); ++slot) {
    if (consts_[slot]) constants_end_ = slot + 1;
  }
}

DATOLITE_INLINE clause_pattern kept_pattern::view() const noexcept {
  return {consts_, starts_, whiles_, wanted_, repeated_, io_, past_};
}

DATOLITE_INLINE std::optional<range_bound> kept_pattern::start(std::size_t slot, kind type) const {
  const auto& advice = starts_[slot];
  return advice ? bound_for(type, *advice, true, !past_.contains(slot)) : std::nullopt;
}

DATOLITE_INLINE std::optional<range_bound> kept_pattern::stop(std::size_t slot, kind type) const {
  const auto& advice = whiles_[slot];
  return advice ? stop_for(type, *advice) : std::nullopt;
}

}  // namespace datolite::query
