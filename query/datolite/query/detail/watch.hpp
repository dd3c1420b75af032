// The definitions of watch.hpp.
#pragma once

#include <cstddef>
#include <string>

#include <datolite/core/error.hpp>
#include <datolite/core/linkage.hpp>
#include <datolite/query/watch.hpp>

namespace datolite::query {

DATOLITE_INLINE void watch::poll(std::size_t growing) const {
  if (cancelled && cancelled->is_cancelled()) {
    throw error{error_category::interrupted, "db.error/cancelled", "the query was cancelled"};
  }
  if (deadline && now() >= *deadline) {
    throw error{error_category::interrupted, "db.error/timeout", "the query took longer than its :timeout"};
  }
  if (most_bytes && held_ + growing > *most_bytes) {
    throw error{
        error_category::exhausted, "db.error/memory-limit",
        "the query's relations need more than the " + std::to_string(*most_bytes) + " bytes that it may use"};
  }
}

}  // namespace datolite::query
