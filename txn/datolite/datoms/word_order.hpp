// word_order: positions in the order of their keys, many at once.
//
// A position goes with a word that sorts as its key does. Words are sorted digit by digit, the least
// significant first, which looks at no key (radix sort; Knuth, The Art of Computer Programming 3, 5.2.5).
// Keys are compared only where their words are equal and do not tell all of them.
//
// Everything here is stable: what is equal keeps its order.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <datolite/core/sort_prefix.hpp>
#include <datolite/core/value.hpp>
#include <datolite/core/value_order.hpp>

namespace datolite::datoms {

/// A position and the word of its key.
struct worded {
  std::uint64_t word;
  std::uint32_t at;
};

/// A number as a word.
constexpr std::uint64_t word_of_number(std::int64_t n) noexcept {
  return static_cast<std::uint64_t>(n) ^ std::uint64_t{1} << 63;
}

/// Sorts by word. O(n), times the bytes in which the words differ.
void sort_by_word(std::vector<worded>& all);

/// Sorts positions by the values that `value_at(position)` shows, in stored order. O(n) and, where texts
/// begin with the same eight bytes or kinds mix, O(n log n) comparisons.
template <class ValueAt>
void sort_by_value(std::span<std::uint32_t> positions, const ValueAt& value_at);

/// Sorts positions by `attribute_of(position)`.
template <class AttributeOf>
void sort_by_attribute(std::span<std::uint32_t> positions, const AttributeOf& attribute_of);

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

// ---------------------------------------------------------------------------------------------------------------

namespace detail {

/// Do words of this kind tell all there is to a value?
constexpr bool is_told_by_word(kind k) noexcept {
  return k == kind::long_ || k == kind::ref || k == kind::instant || k == kind::boolean ||
         k == kind::character;
}

/// A number by its bits, which ascend but for the sign; what is no number comes last.
inline std::uint64_t word_of_floating(double d) noexcept {
  constexpr std::uint64_t sign = std::uint64_t{1} << 63;
  const auto bits = std::bit_cast<std::uint64_t>(d);
  if (d != d) return ~std::uint64_t{0};
  return (bits & sign) != 0 ? ~bits : bits | sign;
}

/// The word of a value among others of its kind.
inline std::uint64_t word_of_value(const value& v) noexcept {
  switch (v.kind()) {
    case kind::boolean:
    case kind::long_:
    case kind::instant:
    case kind::ref:
    case kind::character: return word_of_number(v.word());
    case kind::float_: return word_of_floating(v.as_float());
    case kind::double_: return word_of_floating(v.as_double());
    case kind::string:
    case kind::keyword:
    case kind::symbol:
    case kind::uuid:
    case kind::uri:
    case kind::bytes: return leading_bytes(v.raw());
    default: return 0;
  }
}

}  // namespace detail

inline void sort_by_word(std::vector<worded>& all) {
  constexpr std::size_t few = 256;  // for which counting digits costs more
  const auto less = [](const worded& x, const worded& y) { return x.word < y.word; };
  if (std::is_sorted(all.begin(), all.end(), less)) return;
  if (all.size() < few) return std::stable_sort(all.begin(), all.end(), less);
  std::uint64_t differ = 0;
  for (const worded& one : all) differ |= one.word ^ all.front().word;
  std::vector<worded> other(all.size());
  for (int low = std::countr_zero(differ); low < 64 && differ >> low != 0; low += 8) {
    const auto digit = [low](const worded& one) { return static_cast<std::uint8_t>(one.word >> low); };
    if (static_cast<std::uint8_t>(differ >> low) == 0) continue;
    std::array<std::size_t, 256> place{};
    for (const worded& one : all) ++place[digit(one)];
    std::size_t before = 0;
    for (std::size_t& one : place) before += std::exchange(one, before);
    for (const worded& one : all) other[place[digit(one)]++] = one;
    all.swap(other);
  }
}

template <class AttributeOf>
void sort_by_attribute(std::span<std::uint32_t> positions, const AttributeOf& attribute_of) {
  std::vector<worded> all;
  all.reserve(positions.size());
  for (const std::uint32_t at : positions) all.push_back({static_cast<std::uint64_t>(attribute_of(at)), at});
  sort_by_word(all);
  for (std::size_t i = 0; i < all.size(); ++i) positions[i] = all[i].at;
}

template <class ValueAt>
void sort_by_value(std::span<std::uint32_t> positions, const ValueAt& value_at) {
  if (positions.size() < 2) return;
  const kind first = value_at(positions[0]).kind();
  const bool alike =
      std::all_of(positions.begin(), positions.end(), [&](auto at) { return value_at(at).kind() == first; });
  std::vector<worded> all;
  all.reserve(positions.size());
  constexpr std::size_t ahead = 8;
  for (std::size_t i = 0; i < positions.size(); ++i) {
    if (i + ahead < positions.size()) value_at(positions[i + ahead]).prefetch();
    const value& v = value_at(positions[i]);
    all.push_back({alike ? detail::word_of_value(v) : static_cast<std::uint64_t>(v.kind()), positions[i]});
  }
  sort_by_word(all);
  const auto less = [&](const worded& x, const worded& y) {
    return stored_order(value_at(x.at), value_at(y.at)) < 0;
  };
  for (auto from = all.begin(); from != all.end() && !(alike && detail::is_told_by_word(first));) {
    auto to = from + 1;
    while (to != all.end() && to->word == from->word) ++to;
    if (to - from > 1 && !std::is_sorted(from, to, less)) std::stable_sort(from, to, less);
    from = to;
  }
  for (std::size_t i = 0; i < all.size(); ++i) positions[i] = all[i].at;
}

}  // namespace datolite::datoms
