// The definitions of pull.hpp.
#pragma once

#include <span>
#include <vector>

#include <datolite/core/index_access.hpp>
#include <datolite/core/io_stats.hpp>
#include <datolite/core/linkage.hpp>
#include <datolite/core/value.hpp>
#include <datolite/query/detail/puller.hpp>
#include <datolite/query/pull.hpp>

namespace datolite::query::detail {

DATOLITE_INLINE std::vector<value> pull_named(const index_access& db, const pull_pattern& pattern,
                                              std::span<const value> names, io_counters* io) {
  puller pull{db, pattern, io};
  std::vector<value> out;
  out.reserve(names.size());
  for (const value& name : names) {
    const auto e = db.entid(name, io);
    out.push_back(e ? pull(*e) : value{});
  }
  return out;
}

}  // namespace datolite::query::detail
