// word_order: positions in the order of their keys, many at once.
//
// A position goes with a word that sorts as its key does, so that most of sorting touches no key, which lies
// anywhere in memory: keys are compared only where their words are equal.
//
// Everything here is stable: what is equal keeps its order. O(n log n), and O(n) where all are in order.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <datolite/core/value.hpp>
#include <datolite/core/value_order.hpp>
#include <datolite/datoms/typed_row.hpp>

namespace datolite::datoms {

/// A position and the word of its key.
struct worded {
  std::uint64_t word;
  std::uint32_t at;
};

inline void sort_by_word(std::span<worded> all) {
  const auto less = [](const worded& x, const worded& y) { return x.word < y.word; };
  if (!std::is_sorted(all.begin(), all.end(), less)) std::stable_sort(all.begin(), all.end(), less);
}

/// Sorts positions by the values that `value_at(position)` shows, in stored order. REQUIRES: none is NaN.
template <class ValueAt>
void sort_by_value(std::span<std::uint32_t> positions, const ValueAt& value_at) {
  constexpr std::size_t ahead = 8;  // texts are asked of memory before they are read
  std::vector<worded> all;
  all.reserve(positions.size());
  for (std::size_t i = 0; i < positions.size(); ++i) {
    if (i + ahead < positions.size()) value_at(positions[i + ahead]).prefetch();
    all.push_back({typed::detail::narrow_value(value_at(positions[i])), positions[i]});
  }
  sort_by_word(all);
  const auto less = [&](const worded& x, const worded& y) {
    return stored_order(value_at(x.at), value_at(y.at)) < 0;
  };
  for (auto from = all.begin(); from != all.end();) {
    const auto to = std::find_if(from, all.end(), [&](const worded& x) { return x.word != from->word; });
    if (!std::is_sorted(from, to, less)) std::stable_sort(from, to, less);
    from = to;
  }
  for (std::size_t i = 0; i < all.size(); ++i) positions[i] = all[i].at;
}

/// Sorts positions by `attribute_of(position)`.
template <class AttributeOf>
void sort_by_attribute(std::span<std::uint32_t> positions, const AttributeOf& attribute_of) {
  std::vector<worded> all;
  all.reserve(positions.size());
  for (const std::uint32_t at : positions) all.push_back({static_cast<std::uint64_t>(attribute_of(at)), at});
  sort_by_word(all);
  for (std::size_t i = 0; i < all.size(); ++i) positions[i] = all[i].at;
}

/// Sorts positions by attribute, and within each by value.
template <class AttributeOf, class ValueAt>
void sort_by_attribute_and_value(std::span<std::uint32_t> positions, const AttributeOf& attribute_of,
                                 const ValueAt& value_at) {
  sort_by_attribute(positions, attribute_of);
  for (auto from = positions.begin(); from != positions.end();) {
    const auto a = attribute_of(*from);
    const auto to = std::find_if(from, positions.end(), [&](auto at) { return attribute_of(at) != a; });
    sort_by_value({from, to}, value_at);
    from = to;
  }
}

}  // namespace datolite::datoms
