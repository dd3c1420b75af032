// tree_words: eight bytes of each key of a node, searched before the keys are.
//
// `locate(n, probe)` names the run of the n keys that the words cannot tell from the probe: all before it are
// less, all behind it greater. `key_at(i)` shows the node's own i-th key; a table is told of a change after
// its node has made it.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <type_traits>

#include <datolite/core/bytes.hpp>
#include <datolite/core/detail/tree_slots.hpp>
#include <datolite/core/sort_prefix.hpp>

namespace datolite::detail {

struct key_run {
  std::size_t low, high;
  bool equal = false;   ///< all in it equal the probe
  bool behind = false;  ///< all in it are greater than the probe
};

/// For keys without a prefix: says nothing.
struct no_words {
  template <class Probe>
  key_run locate(std::size_t n, const Probe&) const noexcept {
    return {0, n};
  }
  template <class KeyAt>
  void insert(std::size_t, std::size_t, KeyAt) noexcept {}
  template <class KeyAt>
  void insert(std::size_t, std::size_t, std::size_t, KeyAt) noexcept {}
  template <class KeyAt>
  void replace(std::size_t, std::size_t, KeyAt) noexcept {}
  void erase(std::size_t, std::size_t, std::size_t = 1) noexcept {}
  void splice(std::size_t, std::size_t, no_words&, std::size_t, std::size_t, std::size_t) noexcept {}
  template <class KeyAt>
  void settle(std::size_t, KeyAt) noexcept {}
  void copy(const no_words&, std::size_t) noexcept {}
};

/// For keys with a sort_prefix.
template <class Key, class Compare, std::size_t N>
class prefix_words {
 public:
  template <class Probe>
  key_run locate(std::size_t n, const Probe& probe) const noexcept {
    if constexpr (has_sort_prefix<Key, Compare, Probe>) {
      key_run run = locate_word(n, sort_prefix<Key, Compare>::of(probe));
      if constexpr (tells_behind<Key, Compare, Probe>)
        run.behind = sort_prefix<Key, Compare>::is_before(probe);
      return run;
    } else {
      return {0, n};
    }
  }
  template <class KeyAt>
  void insert(std::size_t n, std::size_t i, KeyAt key_at) noexcept {
    words_.insert(n, i, sort_prefix<Key, Compare>::of(key_at(i)));
  }
  /// The same for `count` keys from the i-th on.
  template <class KeyAt>
  void insert(std::size_t n, std::size_t i, std::size_t count, KeyAt key_at) noexcept {
    relocate(words_.at(i), n - i, words_.at(i + count));
    for (std::size_t at = i; at < i + count; ++at) words_[at] = sort_prefix<Key, Compare>::of(key_at(at));
  }
  template <class KeyAt>
  void replace(std::size_t, std::size_t i, KeyAt key_at) noexcept {
    words_[i] = sort_prefix<Key, Compare>::of(key_at(i));
  }
  void erase(std::size_t n, std::size_t i, std::size_t count = 1) noexcept { words_.erase(n, i, count); }
  void splice(std::size_t n, std::size_t to, prefix_words& from, std::size_t first, std::size_t count,
              std::size_t from_n) noexcept {
    words_.splice(n, to, from.words_, first, count, from_n);
  }
  template <class KeyAt>
  void settle(std::size_t, KeyAt) noexcept {}
  void copy(const prefix_words& o, std::size_t n) noexcept { words_.copy(o.words_, n); }

 private:
  key_run locate_word(std::size_t n, std::uint64_t word) const noexcept {
    const std::size_t low = count_before(n, [&](std::size_t i) { return words_[i] < word; });
    std::size_t high = low;
    while (high < n && words_[high] == word) ++high;
    return {low, high, sort_prefix<Key, Compare>::exact};
  }

  slots<std::uint64_t, N> words_;
};

/// For byte strings: the words start behind what all keys of the node have in common, so that they tell keys
/// apart even where all begin alike, as the keys of an index do.
template <std::size_t N>
class byte_words {
 public:
  key_run locate(std::size_t n, bytes_view probe) const noexcept {
    if (skip_ != 0) {
      if (probe.empty()) return {0, 0};
      const std::size_t m = std::min<std::size_t>(probe.size(), skip_);
      const int side = std::memcmp(probe.data(), common_, m);
      if (side < 0 || (side == 0 && m < skip_)) return {0, 0};
      if (side > 0) return {n, n};
      probe.remove_prefix(skip_);
    }
    const std::uint64_t word = leading_bytes(probe);
    const std::size_t low = count_before(n, [&](std::size_t i) { return words_[i] < word; });
    std::size_t high = low;
    while (high < n && words_[high] == word) ++high;
    return {low, high};
  }
  template <class KeyAt>
  void insert(std::size_t n, std::size_t i, KeyAt key_at) noexcept {
    if (n == 0) keep_common(key_at(0), key_at(0));
    words_.insert(n, i, word_of(key_at(i)));
    if (skip_ != 0 && (i == 0 || i == n)) shrink(n + 1, key_at(i), key_at);
  }
  template <class KeyAt>
  void replace(std::size_t n, std::size_t i, KeyAt key_at) noexcept {
    words_[i] = word_of(key_at(i));
    if (skip_ != 0) shrink(n, key_at(i), key_at);
  }
  void erase(std::size_t n, std::size_t i, std::size_t count = 1) noexcept { words_.erase(n, i, count); }
  /// REQUIRES: settle() of both before they are searched.
  void splice(std::size_t n, std::size_t to, byte_words& from, std::size_t first, std::size_t count,
              std::size_t from_n) noexcept {
    words_.splice(n, to, from.words_, first, count, from_n);
    if (skip_ != from.skip_) stale_ = from.stale_ = true;
  }
  template <class KeyAt>
  void settle(std::size_t n, KeyAt key_at) noexcept {
    const std::uint32_t before = skip_;
    if (n > 0) keep_common(key_at(0), key_at(n - 1));
    if (stale_ || skip_ != before) rebuild(n, key_at);
  }
  void copy(const byte_words& o, std::size_t n) noexcept {
    skip_ = o.skip_, stale_ = o.stale_;
    std::memcpy(common_, o.common_, longest);
    words_.copy(o.words_, n);
  }

 private:
  static constexpr std::size_t longest = 32;

  static std::size_t same(bytes_view a, bytes_view b) noexcept {
    const std::size_t most = std::min({a.size(), b.size(), longest});
    std::size_t i = 0;
    while (i < most && a[i] == b[i]) ++i;
    return i;
  }
  std::uint64_t word_of(bytes_view key) const noexcept {
    return leading_bytes(key.substr(std::min<std::size_t>(key.size(), skip_)));
  }
  void keep_common(bytes_view first, bytes_view last) noexcept {
    skip_ = static_cast<std::uint32_t>(same(first, last));
    if (skip_ != 0) std::memcpy(common_, first.data(), skip_);
  }
  template <class KeyAt>
  void shrink(std::size_t n, bytes_view key, KeyAt key_at) noexcept {
    const std::size_t left = same(key, {common_, skip_});
    if (left == skip_) return;
    skip_ = static_cast<std::uint32_t>(left);
    rebuild(n, key_at);
  }
  template <class KeyAt>
  void rebuild(std::size_t n, KeyAt key_at) noexcept {
    for (std::size_t i = 0; i < n; ++i) words_[i] = word_of(key_at(i));
    stale_ = false;
  }

  std::uint32_t skip_ = 0;  ///< bytes that all keys have in common, or fewer
  bool stale_ = false;      ///< the words came from tables with different skips
  char common_[longest] = {};
  slots<std::uint64_t, N> words_;
};

template <class Key, class Compare>
concept byte_ordered = std::convertible_to<const Key&, bytes_view> && std::same_as<Compare, std::less<>>;

/// Keeping words of arithmetic keys beside the keys themselves would gain nothing.
template <class Key, class Compare, std::size_t N, bool keys_in_node>
using words_for = std::conditional_t<
    byte_ordered<Key, Compare>, byte_words<N>,
    std::conditional_t<has_sort_prefix<Key, Compare, Key> && !(keys_in_node && std::is_arithmetic_v<Key>),
                       prefix_words<Key, Compare, N>, no_words>>;

/// How many of the n keys are less than `probe` (at_most: not greater than it).
template <bool at_most, class Probe, class Compare, class KeyAt, class Words>
std::size_t search_keys(std::size_t n, const Probe& probe, const Compare& less, KeyAt key_at,
                        const Words& words) {
  const key_run run = words.locate(n, probe);
  if (run.behind) return run.low;
  if (run.equal) return at_most ? run.high : run.low;
  return run.low + count_before(run.high - run.low, [&](std::size_t i) {
           if constexpr (at_most) {
             return !less(probe, key_at(run.low + i));
           } else {
             return less(key_at(run.low + i), probe);
           }
         });
}

}  // namespace datolite::detail
