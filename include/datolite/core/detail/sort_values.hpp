// sort_values: puts the elements of sets and the entries of maps into stored order.
//
// Not std::sort, because this is instantiated once for elements and entries alike (compile time), moves
// values as bytes, and is quick for what is in order already, as most data is that was printed or encoded.
#pragma once

#include <cstring>
#include <span>
#include <vector>

#include <datolite/core/value.hpp>

namespace datolite::detail {

/// Less, equal or greater than 0 as `a` stands before, at or after `b`; each points to as many values as an
/// item has.
using item_order = int (*)(const value* a, const value* b);

/// Sorts by inserting. An exception of `order` leaves the values in some order.
inline void insertion_sort(value* first, std::size_t count, std::size_t width, item_order order) {
  alignas(value) unsigned char kept[2 * sizeof(value)];
  const std::size_t size = width * sizeof(value);
  for (std::size_t i = 1; i < count; ++i) {
    std::size_t to = i;
    while (to > 0 && order(first + (to - 1) * width, first + i * width) > 0) --to;
    if (to == i) continue;
    std::memcpy(kept, static_cast<void*>(first + i * width), size);
    std::memmove(static_cast<void*>(first + (to + 1) * width), static_cast<void*>(first + to * width),
                 (i - to) * size);
    std::memcpy(static_cast<void*>(first + to * width), kept, size);
  }
}

/// Merges sorted runs of pointers, doubling their length; then moves the values to where their pointers
/// stand.
inline void merge_sort(value* first, std::size_t count, std::size_t width, item_order order) {
  std::vector<const value*> items(count), merged(count);
  for (std::size_t i = 0; i < count; ++i) items[i] = first + i * width;
  for (std::size_t run = 1; run < count; run *= 2) {
    for (std::size_t start = 0; start < count; start += 2 * run) {
      const std::size_t middle = start + run < count ? start + run : count;
      const std::size_t end = start + 2 * run < count ? start + 2 * run : count;
      std::size_t a = start, b = middle;
      for (std::size_t to = start; to < end; ++to) {
        const bool from_a = a < middle && (b == end || order(items[a], items[b]) <= 0);
        merged[to] = items[from_a ? a++ : b++];
      }
    }
    items.swap(merged);
  }
  const std::size_t size = width * sizeof(value);
  std::vector<unsigned char> bytes(count * size);
  for (std::size_t i = 0; i < count; ++i)
    std::memcpy(bytes.data() + i * size, static_cast<const void*>(items[i]), size);
  std::memcpy(static_cast<void*>(first), bytes.data(), bytes.size());
}

/// Sorts `count` items of `width` (1 or 2) values each. O(n) where they are sorted, else O(n log n). Stable.
inline void sort_values(std::span<value> values, std::size_t width, item_order order) {
  const std::size_t count = values.size() / width;
  std::size_t sorted = 1;
  while (sorted < count && order(&values[(sorted - 1) * width], &values[sorted * width]) <= 0) ++sorted;
  if (sorted >= count) return;
  constexpr std::size_t few = 16;
  (count <= few ? insertion_sort : merge_sort)(values.data(), count, width, order);
}

}  // namespace datolite::detail
