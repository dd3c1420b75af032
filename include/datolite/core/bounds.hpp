// Bounds: the half-open interval of keys that an iterator may visit.
#pragma once

#include <optional>
#include <utility>

#include <datolite/core/bytes.hpp>

namespace datolite {

/// The keys k with lower <= k < upper. An absent upper bound means "until the end". An interval whose upper
/// bound is not above its lower bound is empty, not an error. Owns its bytes.
struct bounds {
  bytes lower;
  std::optional<bytes> upper;

  /// Does `key` lie inside? O(length of the shorter).
  bool contains(bytes_view key) const { return key >= bytes_view{lower} && (!upper || key < bytes_view{*upper}); }

  friend bool operator==(const bounds&, const bounds&) = default;
};

/// Every key.
inline bounds everything() { return {}; }

/// Every key that starts with `start`.
inline bounds prefix(bytes_view start) {
  bytes end = prefix_successor(start);
  if (end.empty()) return {bytes{start}, std::nullopt};
  return {bytes{start}, std::move(end)};
}

/// first <= key < last.
inline bounds between(bytes_view first, bytes_view last) { return {bytes{first}, bytes{last}}; }

/// first <= key.
inline bounds from(bytes_view first) { return {bytes{first}, std::nullopt}; }

/// key < last.
inline bounds until(bytes_view last) { return {bytes{}, bytes{last}}; }

}  // namespace datolite
