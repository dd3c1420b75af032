// forced_way: which way a query is answered, where there are several.
//
// Every way gives the same answer; the tests force each in turn and compare. Nobody else sets it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace datolite::query::detail {

enum class way : std::uint8_t {
  cheapest,     ///< as the estimates say
  search,       ///< an index is searched once a binding, however many there are
  search_any,   ///< the same, taking the bindings as values and not as words
  scan,         ///< an index is read once for all bindings; merged where both sides ascend
  hash_words,   ///< the same, never merged: hashed by word
  hash,         ///< the same, hashed by value
  cycle,        ///< two clauses that close a cycle are one step, however few rows there are
  worst_order,  ///< the clause that promises the most rows is next
  plain_rules,  ///< answers of rules are kept by what was asked, never by origin
  count
};

/// Of this thread. Plans and variants of rules are remembered with a query: force before it is asked first.
inline constinit thread_local way forced_way = way::cheapest;

/// The clauses of a query's own body, by number, in the order in which they are answered as far as they can
/// be; null: as estimates say. Of this thread.
inline constinit thread_local const std::vector<std::size_t>* forced_order = nullptr;

inline bool is_forced(way w) noexcept { return forced_way == w; }

/// Whether an index is to be read once for all bindings.
inline bool scan_is_forced() noexcept {
  return is_forced(way::scan) || is_forced(way::hash_words) || is_forced(way::hash);
}
inline bool search_is_forced() noexcept { return is_forced(way::search) || is_forced(way::search_any); }

/// Whether to search once a binding, if that `is_cheaper`.
inline bool searches(bool is_cheaper) noexcept {
  return search_is_forced() || (is_cheaper && !scan_is_forced());
}

}  // namespace datolite::query::detail
