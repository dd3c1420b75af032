// tree_node: the nodes of a sorted_map, and positions among them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <datolite/core/detail/tree_slots.hpp>
#include <datolite/core/detail/tree_words.hpp>

namespace datolite::detail {

template <class L>
struct leaf_node {
  holder_count holders;
  typename L::block entries;

  leaf_node() noexcept = default;
  leaf_node(const leaf_node& o, const typename L::staged* next) : entries{o.entries, next} {}
};

/// Children, how many entries each holds, and between each two of them a separator: above every key on its
/// left, not above any on its right.
template <class L>
struct inner_node {
  static constexpr std::size_t capacity = 32;
  using separator = typename L::separator;

  holder_count holders;
  std::uint32_t n = 0;  ///< children
  [[no_unique_address]] words_for<typename L::key_type, typename L::compare, capacity, L::keys_in_node> words;
  slots<void*, capacity> child;
  slots<std::size_t, capacity> count;
  slots<separator, capacity> separators;

  inner_node() noexcept = default;
  inner_node(const inner_node&) = delete;
  inner_node& operator=(const inner_node&) = delete;
  ~inner_node() {
    if (n > 0) separators.destroy(n - 1);
  }

  template <bool at_most, class Probe>
  std::size_t search(const Probe& probe, const typename L::compare& less) const {
    return search_keys<at_most>(n - 1, probe, less, key_at(), words);
  }
  auto key_at() const noexcept {
    return [this](std::size_t i) -> typename L::key_ref { return L::key_of(separators[i]); };
  }
  std::size_t total() const noexcept {
    std::size_t sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += count[i];
    return sum;
  }
  std::size_t total_before(std::size_t end) const noexcept {
    std::size_t sum = 0;
    for (std::size_t i = 0; i < end; ++i) sum += count[i];
    return sum;
  }

  /// A child to the right of child i, and the separator between the two.
  void insert_after(std::size_t i, void* right, std::size_t right_count, separator&& bar) noexcept {
    insert_separator(n - 1, i, std::move(bar));
    child.insert(n, i + 1, std::move(right)), count.insert(n, i + 1, std::move(right_count));
    ++n;
  }
  void erase_after(std::size_t i) noexcept {
    erase_separator(n - 1, i);
    child.erase(n, i + 1), count.erase(n, i + 1);
    --n;
  }
  void erase_first() noexcept {
    erase_separator(n - 1, 0);
    child.erase(n, 0), count.erase(n, 0);
    --n;
  }
  void set_separator(std::size_t i, separator&& bar) noexcept {
    separators.replace(i, std::move(bar));
    words.replace(n - 1, i, key_at());
  }
  void insert_separator(std::size_t bars, std::size_t i, separator&& bar) noexcept {
    separators.insert(bars, i, std::move(bar));
    words.insert(bars, i, key_at());
  }
  void erase_separator(std::size_t bars, std::size_t i) noexcept {
    words.erase(bars, i), separators.erase(bars, i);
  }
  void splice_separators(std::size_t bars, std::size_t to, inner_node& from, std::size_t first, std::size_t m,
                         std::size_t from_bars) noexcept {
    words.splice(bars, to, from.words, first, m, from_bars);
    separators.splice(bars, to, from.separators, first, m, from_bars);
  }
  void settle() noexcept {
    if (n > 1) words.settle(n - 1, key_at());
  }
  void copy(const inner_node& o) noexcept {
    n = o.n;
    words.copy(o.words, n - 1), separators.copy(o.separators, n - 1);
    child.copy(o.child, n), count.copy(o.count, n);
  }

  /// Appends the children [0, m) of the right neighbour; `bar` lay between the two. Returns the separator
  /// that lies between them now, if any is left there.
  std::optional<separator> take_front(inner_node& right, std::size_t m, separator&& bar) noexcept;
  /// Prepends this node's children [first, n) to the right neighbour; `bar` lay between the two, unless
  /// `right` is empty. Returns the one that lies between them now.
  separator give_back(std::size_t first, inner_node& right, const separator* bar) noexcept;
};

template <class L>
typename L::separator inner_node<L>::give_back(std::size_t first, inner_node& right,
                                               const separator* bar) noexcept {
  const std::size_t m = n - first;  // REQUIRES: first > 0, so that a separator stands before it
  separator between = std::move(separators[first - 1]);
  std::size_t bars = right.n > 0 ? right.n - 1 : 0;
  if (bar != nullptr) right.insert_separator(bars++, 0, separator{*bar});
  right.splice_separators(bars, 0, *this, first, m - 1, n - 1);
  erase_separator(first, first - 1);
  right.child.splice(right.n, 0, child, first, m, n), right.count.splice(right.n, 0, count, first, m, n);
  n -= static_cast<std::uint32_t>(m), right.n += static_cast<std::uint32_t>(m);
  settle(), right.settle();
  return between;
}

template <class L>
std::optional<typename L::separator> inner_node<L>::take_front(inner_node& right, std::size_t m,
                                                               separator&& bar) noexcept {
  std::optional<separator> between;
  const std::size_t bars = n - 1;
  insert_separator(bars, bars, std::move(bar));
  splice_separators(bars + 1, bars + 1, right, 0, m - 1, right.n - 1);
  if (m < right.n) {
    between.emplace(std::move(right.separators[0]));
    right.erase_separator(right.n - m, 0);
  }
  child.splice(n, n, right.child, 0, m, right.n), count.splice(n, n, right.count, 0, m, right.n);
  n += static_cast<std::uint32_t>(m), right.n -= static_cast<std::uint32_t>(m);
  settle(), right.settle();
  return between;
}

/// A tree of at least half-full nodes (but for its right edge) cannot be higher: it would not fit an address
/// space.
inline constexpr unsigned max_height = 10;

/// Where an entry stands or would stand: the inner nodes from the root with the child taken in each, the
/// leaf, and the place in it.
template <class L>
struct position {
  leaf_node<L>* leaf = nullptr;
  std::uint32_t slot = 0;
  std::uint32_t height = 0;  ///< inner nodes on the path
  inner_node<L>* node[max_height];
  std::uint8_t index[max_height];

  bool at_end_of_leaf() const noexcept { return leaf == nullptr || slot == leaf->entries.size(); }

  void descend_first(unsigned level) noexcept {
    descend(level, [](const inner_node<L>*) { return std::size_t{0}; });
  }
  void descend_last(unsigned level) noexcept {
    descend(level, [](const inner_node<L>* at) { return at->n - 1; });
  }

  /// To the next leaf, if there is one.
  bool next_leaf() noexcept {
    for (unsigned level = height; level-- > 0;) {
      if (index[level] + 1u < node[level]->n) {
        ++index[level];
        descend_first(level + 1);
        slot = 0;
        return true;
      }
    }
    return false;
  }
  bool previous_leaf() noexcept {
    for (unsigned level = height; level-- > 0;) {
      if (index[level] > 0) {
        --index[level];
        descend_last(level + 1);
        slot = static_cast<std::uint32_t>(leaf->entries.size());
        return true;
      }
    }
    return false;
  }
  void next() noexcept {
    if (++slot == leaf->entries.size()) next_leaf();
  }
  bool previous() noexcept {
    if (slot == 0 && !previous_leaf()) return false;
    --slot;
    return true;
  }

  /// Fills the path from `level` down; node[level - 1] and index[level - 1] are set.
  template <class Choose>
  void descend(unsigned level, Choose choose) noexcept {
    for (; level < height; ++level) {
      node[level] = static_cast<inner_node<L>*>(node[level - 1]->child[index[level - 1]]);
      index[level] = static_cast<std::uint8_t>(choose(node[level]));
    }
    leaf = static_cast<leaf_node<L>*>(node[height - 1]->child[index[height - 1]]);
  }
};

}  // namespace datolite::detail
