// sort_prefix: eight bytes of a key that sort as the key does. And what else a key type may say of itself to
// a `sorted_map`.
//
// A node of a `sorted_map` keeps these words of its keys side by side and searches them first, so that most
// searches touch no key but the one they find. A key type without one is searched by its comparator alone.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <functional>
#include <type_traits>

#include <datolite/core/bytes.hpp>

namespace datolite {

/// Specialise it for a key type and comparator of your own:
///
///     template <>
///     struct sort_prefix<point, by_x> {
///       static std::uint64_t of(const point& p) noexcept;
///       static constexpr bool exact = false;
///     };
///
/// Law: less(a, b) implies of(a) <= of(b). `exact` promises more: of(a) == of(b) implies that neither is
/// less. `of` may be overloaded for other types that the comparator accepts (the law then holds across them);
/// where it is not, lookups by such a type use the comparator alone. `of` must not throw. For such a type
/// `is_before(probe)` may say that the probe is less than every key with of(key) == of(probe): then no key
/// needs to be looked at.
template <class Key, class Compare>
struct sort_prefix {};

/// May keys of this type be moved as bytes, the old place then being forgotten? Specialise it for a type of
/// your own none of which points into itself, and of which nobody knows where it stands.
template <class Key>
inline constexpr bool moves_as_bytes = std::is_trivially_copyable_v<Key>;

template <class Key, class Compare, class Probe>
concept has_sort_prefix = requires(const Probe& probe) {
  { sort_prefix<Key, Compare>::of(probe) }
  noexcept->std::same_as<std::uint64_t>;
};

template <class Key, class Compare, class Probe>
concept tells_behind = requires(const Probe& probe) {
  { sort_prefix<Key, Compare>::is_before(probe) }
  noexcept->std::same_as<bool>;
};

/// The first eight bytes of `text` as a big-endian number, padded with zeros: monotone in the order of bytes.
inline std::uint64_t leading_bytes(bytes_view text) noexcept {
  std::uint64_t word = 0;
  if (text.size() >= sizeof(word)) {
    std::memcpy(&word, text.data(), sizeof(word));
    if constexpr (std::endian::native == std::endian::little) word = __builtin_bswap64(word);
    return word;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    word |= static_cast<std::uint64_t>(static_cast<unsigned char>(text[i])) << (56 - 8 * i);
  }
  return word;
}

template <class Key>
requires std::convertible_to<const Key&, bytes_view>
struct sort_prefix<Key, std::less<>> {
  static std::uint64_t of(bytes_view key) noexcept { return leading_bytes(key); }
  static constexpr bool exact = false;
};

template <std::integral Key>
struct sort_prefix<Key, std::less<>> {
  static constexpr std::uint64_t of(std::same_as<Key> auto key) noexcept {
    if constexpr (std::is_signed_v<Key>) {
      return static_cast<std::uint64_t>(static_cast<std::int64_t>(key)) ^ (std::uint64_t{1} << 63);
    } else {
      return static_cast<std::uint64_t>(key);
    }
  }
  static constexpr bool exact = true;
};

}  // namespace datolite
