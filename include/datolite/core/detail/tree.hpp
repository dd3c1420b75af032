// tree: the immutable B+-tree under sorted_map and sorted_set.
//
// A tree holds its root; nodes are counted by their holders (roots and parents). A node may be written only
// while it and every node above it has a single holder: then no other tree reaches it. Everything else is
// copied first. Each step of an edit that can fail leaves a whole tree with the same entries; the last step
// cannot fail.
//
// Invariants: all leaves at one height; no empty leaf; every inner node has at least two children; every node
// is at least half full, but the root and the nodes on the right edge (so that ascending insertion leaves
// full nodes).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <datolite/core/detail/tree_node.hpp>
#include <datolite/core/error.hpp>

namespace datolite::detail {

template <class L>
class tree {
 public:
  using leaf = leaf_node<L>;
  using inner = inner_node<L>;
  using path = position<L>;
  using compare = typename L::compare;
  using staged = typename L::staged;
  static constexpr std::size_t leaf_capacity = L::block::capacity;
  static constexpr std::size_t half_leaf = leaf_capacity / 2;
  static constexpr std::size_t half_inner = inner::capacity / 2;

  tree() noexcept = default;
  tree(void* root, std::size_t size, unsigned height) noexcept : root_{root}, size_{size}, height_{height} {}
  tree(const tree& o) noexcept : root_{o.root_}, size_{o.size_}, height_{o.height_} {
    if (root_ != nullptr) retain(root_, height_);
  }
  tree(tree&& o) noexcept
      : root_{std::exchange(o.root_, nullptr)},
        size_{std::exchange(o.size_, 0)},
        height_{std::exchange(o.height_, 0)} {}
  tree& operator=(tree o) noexcept {
    std::swap(root_, o.root_), std::swap(size_, o.size_), std::swap(height_, o.height_);
    return *this;
  }
  ~tree() {
    if (root_ != nullptr) release(root_, height_);
  }

  std::size_t size() const noexcept { return size_; }
  const void* root() const noexcept { return root_; }
  unsigned height() const noexcept { return height_; }

  path first() const noexcept;
  path end() const noexcept;

  /// The first entry not less than `probe` (above: greater than it). May stand behind the last entry of a
  /// leaf.
  template <bool above, class Probe>
  path descend(const Probe& probe, const compare& less) const;
  /// As descend, and never behind the last entry of any leaf but the last.
  template <bool above, class Probe>
  path bound(const Probe& probe, const compare& less) const {
    path p = descend<above>(probe, less);
    if (p.at_end_of_leaf()) p.leaf == nullptr || p.next_leaf();
    return p;
  }
  template <bool above, class Probe>
  path bound_near(const Probe& probe, const compare& less, path near) const;
  /// The bounds of `probe(i)` for i in [0, n), into `out`. The nearer each is to the one before, and the
  /// first to `near`, the cheaper.
  template <bool above, class Probe>
  void bound_many(std::size_t n, Probe probe, const compare& less, path near, path* out) const;
  template <class Probe>
  const leaf* find(const Probe& probe, const compare& less, std::size_t& slot) const;

  static std::size_t rank(const path& p) noexcept;
  path nth(std::size_t rank) const noexcept;
  /// Where the first entry not less than `key` stands or would stand, in the leaf where it would be put. As
  /// descend, but soonest done where `key` is above all.
  template <class K>
  path descend_to_insert(const K& key, const compare& less) const;

  /// False if the key was there and its entry has been replaced.
  bool insert_or_assign(staged s, const compare& less);
  /// Of a set: inserts the keys, which it moves, but for those that are there; those that meet one leaf
  /// descend once. REQUIRES: they ascend. If it throws, some may be there.
  template <class Key>
  void insert_ascending(Key* first, Key* last, const compare& less);
  /// REQUIRES: the key of `s` is above every key.
  void append(staged s);
  template <class Probe>
  bool erase(const Probe& probe, const compare& less);
  /// As erase for `probe` of each; those that meet one leaf descend once. REQUIRES: the probes ascend.
  template <class It, class Probe>
  void erase_ascending(It first, It last, Probe&& probe, const compare& less);

  static void retain(const void* node, unsigned height) noexcept {
    if (height == 0) {
      static_cast<const leaf*>(node)->holders.retain();
    } else {
      static_cast<const inner*>(node)->holders.retain();
    }
  }
  static void release(void* node, unsigned height) noexcept;

 private:
  // -- reaching nodes
  template <bool above, class Probe>
  void reach_near(path& p, const Probe& probe, const compare& less) const;
  template <bool above, class Probe>
  static std::size_t choose(const inner* at, const Probe& probe, const compare& less) {
    // A probe of the key's own type that equals a separator belongs to its right; one of another type may
    // equal keys on both sides of it.
    if constexpr (above || std::is_same_v<Probe, typename L::key_type> || !L::exact_separators) {
      return at->template search<true>(probe, less);
    } else {
      return at->template search<false>(probe, less);
    }
  }
  void*& holder(path& p, unsigned level) noexcept {
    return level == 0 ? root_ : p.node[level - 1]->child[p.index[level - 1]];
  }
  static void own(void*& node, unsigned height);
  void own_path(path& p, const staged* next, leaf*& retired);
  bool at_right_edge(const path& p) const noexcept;
  const typename L::separator* separator_behind(const path& p) const noexcept;

  // -- growing
  std::unique_ptr<inner> new_root() const { return std::make_unique<inner>(); }
  void put_root(path& p, std::unique_ptr<inner> above) noexcept;
  void link_right(path& p, unsigned level, void* right, std::size_t right_count, typename L::separator&& bar,
                  std::unique_ptr<inner> above) noexcept;
  unsigned split_inner(path& p, unsigned level, bool at_edge);
  void split_full_parents(path& p, bool at_edge);
  void split_leaf(path& p, const staged& next);
  void append_leaf(path& p, staged&& s);
  void insert_at(path& p, staged&& s);
  void insert_first(staged&& s);
  template <class Key>
  Key* insert_in_leaf(path& p, Key* first, Key* last, const compare& less);

  // -- shrinking
  void erase_at(path& p, std::size_t count) noexcept;
  void erase_leaf(path& p) noexcept;

  // -- shrinking
  void rebalance(path& p, unsigned level);
  void rebalance_inner(path& p, unsigned level, std::size_t l);
  void rebalance_leaf(path& p, std::size_t l);
  void shrink_root() noexcept;
  void fix_separator(path& p) noexcept;

  void* root_ = nullptr;
  std::size_t size_ = 0;
  unsigned height_ = 0;  ///< inner nodes above a leaf
};

template <class L>
void tree<L>::release(void* node, unsigned height) noexcept {
  if (height == 0) {
    auto* at = static_cast<leaf*>(node);
    if (at->holders.release()) delete at;
    return;
  }
  auto* at = static_cast<inner*>(node);
  if (!at->holders.release()) return;
  for (std::size_t i = 0; i < at->n; ++i) __builtin_prefetch(at->child[i], 1);
  for (std::size_t i = 0; i < at->n; ++i) release(at->child[i], height - 1);
  delete at;
}

template <class L>
typename tree<L>::path tree<L>::first() const noexcept {
  path p;
  p.height = height_;
  if (root_ == nullptr) return p;
  if (height_ == 0) {
    p.leaf = static_cast<leaf*>(root_);
    return p;
  }
  p.node[0] = static_cast<inner*>(root_);
  p.index[0] = 0;
  p.descend_first(1);
  return p;
}

template <class L>
typename tree<L>::path tree<L>::end() const noexcept {
  path p;
  p.height = height_;
  if (root_ == nullptr) return p;
  if (height_ == 0) {
    p.leaf = static_cast<leaf*>(root_);
  } else {
    p.node[0] = static_cast<inner*>(root_);
    p.index[0] = static_cast<std::uint8_t>(p.node[0]->n - 1);
    p.descend_last(1);
  }
  p.slot = static_cast<std::uint32_t>(p.leaf->entries.size());
  return p;
}

template <class L>
template <bool above, class Probe>
typename tree<L>::path tree<L>::descend(const Probe& probe, const compare& less) const {
  path p;
  p.height = height_;
  if (root_ == nullptr) return p;
  void* at = root_;
  for (unsigned level = 0; level < height_; ++level) {
    p.node[level] = static_cast<inner*>(at);
    const std::size_t i = choose<above>(p.node[level], probe, less);
    p.index[level] = static_cast<std::uint8_t>(i);
    at = p.node[level]->child[i];
    if (level + 1 == height_) static_cast<const leaf*>(at)->entries.prefetch();
  }
  p.leaf = static_cast<leaf*>(at);
  p.slot = static_cast<std::uint32_t>(p.leaf->entries.template search<above>(probe, less));
  return p;
}

template <class L>
template <class K>
typename tree<L>::path tree<L>::descend_to_insert(const K& key, const compare& less) const {
  path p;
  p.height = height_;
  void* at = root_;
  for (unsigned level = 0; level < height_; ++level) {
    inner* node = p.node[level] = static_cast<inner*>(at);
    const std::size_t last = node->n - 1;
    const bool behind = !less(key, L::key_of(node->separators[last - 1]));
    const std::size_t i = behind ? last : node->template search<true>(key, less);
    p.index[level] = static_cast<std::uint8_t>(i);
    at = node->child[i];
    if (level + 1 == height_) static_cast<const leaf*>(at)->entries.prefetch();
  }
  p.leaf = static_cast<leaf*>(at);
  const auto& entries = p.leaf->entries;
  const bool behind = less(entries.key(entries.size() - 1), key);
  p.slot = static_cast<std::uint32_t>(behind ? entries.size() : entries.template search<false>(key, less));
  return p;
}

template <class L>
template <class Probe>
const typename tree<L>::leaf* tree<L>::find(const Probe& probe, const compare& less,
                                            std::size_t& slot) const {
  if (root_ == nullptr) return nullptr;
  if constexpr (!std::is_same_v<Probe, typename L::key_type> && L::exact_separators) {
    const path p = bound<false>(probe, less);
    if (p.at_end_of_leaf() || less(probe, p.leaf->entries.key(p.slot))) return nullptr;
    slot = p.slot;
    return p.leaf;
  } else {
    const void* at = root_;
    for (unsigned level = height_; level > 0; --level) {
      const auto* node = static_cast<const inner*>(at);
      at = node->child[choose<false>(node, probe, less)];
      if (level == 1) static_cast<const leaf*>(at)->entries.prefetch();
    }
    const auto* found = static_cast<const leaf*>(at);
    slot = found->entries.find(probe, less);
    return slot == found->entries.size() ? nullptr : found;
  }
}

/// Sets the path to the leaf where the probe's bound is: climbs until a node covers the probe, then descends.
/// REQUIRES: the path leads to a leaf.
template <class L>
template <bool above, class Probe>
void tree<L>::reach_near(path& p, const Probe& probe, const compare& less) const {
  unsigned level = height_;
  while (level > 0) {
    const inner* at = p.node[--level];
    const std::size_t i = choose<above>(at, probe, less);
    p.index[level] = static_cast<std::uint8_t>(i);
    if (level == 0 || (i > 0 && i + 1 < at->n)) break;
  }
  for (; level < height_; ++level) {
    if (level + 1 == height_) {
      p.leaf = static_cast<leaf*>(p.node[level]->child[p.index[level]]);
    } else {
      p.node[level + 1] = static_cast<inner*>(p.node[level]->child[p.index[level]]);
      p.index[level + 1] = static_cast<std::uint8_t>(choose<above>(p.node[level + 1], probe, less));
    }
  }
}

/// The nearer the path stands, the cheaper.
template <class L>
template <bool above, class Probe>
typename tree<L>::path tree<L>::bound_near(const Probe& probe, const compare& less, path p) const {
  if (p.leaf == nullptr || root_ == nullptr) return bound<above>(probe, less);
  const auto before = [&](typename L::key_ref key) { return above ? !less(probe, key) : less(key, probe); };
  // the leaf itself: the answer is behind its first entry, and not behind its last
  const auto& here = p.leaf->entries;
  if (!before(here.key(0)) || before(here.key(here.size() - 1))) reach_near<above>(p, probe, less);
  p.slot = static_cast<std::uint32_t>(p.leaf->entries.template search<above>(probe, less));
  if (p.at_end_of_leaf()) p.next_leaf();
  return p;
}

/// First all leaves are found, and asked for; then they are searched, and the entries found asked for: so
/// that memory is waited for once for all.
template <class L>
template <bool above, class Probe>
void tree<L>::bound_many(std::size_t n, Probe probe, const compare& less, path near, path* out) const {
  if (root_ == nullptr) return void(std::fill_n(out, n, path{}));
  if (near.leaf == nullptr) near = first();
  for (std::size_t i = 0; i < n; ++i) {
    reach_near<above>(near, probe(i), less);
    near.leaf->entries.prefetch();
    out[i] = near;
  }
  for (std::size_t i = 0; i < n; ++i) {
    path& p = out[i];
    p.slot = static_cast<std::uint32_t>(p.leaf->entries.template search<above>(probe(i), less));
    if (p.at_end_of_leaf()) p.next_leaf();
    if constexpr (std::is_reference_v<typename L::key_ref>) {
      if (!p.at_end_of_leaf()) __builtin_prefetch(std::addressof(p.leaf->entries.key(p.slot)));
    }
  }
}

template <class L>
std::size_t tree<L>::rank(const path& p) noexcept {
  std::size_t sum = p.slot;
  for (unsigned level = 0; level < p.height; ++level) sum += p.node[level]->total_before(p.index[level]);
  return sum;
}

template <class L>
typename tree<L>::path tree<L>::nth(std::size_t rank) const noexcept {
  if (rank >= size_) return end();
  path p;
  p.height = height_;
  void* at = root_;
  for (unsigned level = 0; level < height_; ++level) {
    auto* node = p.node[level] = static_cast<inner*>(at);
    std::size_t i = 0;
    for (; rank >= node->count[i]; ++i) rank -= node->count[i];
    p.index[level] = static_cast<std::uint8_t>(i);
    at = node->child[i];
  }
  p.leaf = static_cast<leaf*>(at);
  p.slot = static_cast<std::uint32_t>(rank);
  return p;
}

}  // namespace datolite::detail

#include <datolite/core/detail/tree_edit.hpp>
