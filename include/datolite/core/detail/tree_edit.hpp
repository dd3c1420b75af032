// tree_edit: how a tree changes. Included by tree.hpp only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <datolite/core/detail/tree.hpp>

namespace datolite::detail {

// -- owning: replacing shared nodes by copies, which changes no entry

/// Makes the node that `node` points to its alone.
template <class L>
void tree<L>::own(void*& node, unsigned height) {
  if (height == 0) {
    auto* old = static_cast<leaf*>(node);
    if (old->holders.single()) return;
    node = new leaf{*old, nullptr};
    release(old, 0);
  } else {
    auto* old = static_cast<inner*>(node);
    if (old->holders.single()) return;
    auto* copy = new inner;
    for (std::size_t i = 0; i < old->n; ++i) __builtin_prefetch(old->child[i], 1);
    copy->copy(*old);
    for (std::size_t i = 0; i < old->n; ++i) retain(old->child[i], height - 1);
    node = copy;
    release(old, height);
  }
}

/// The leaf that a copy replaced comes back in `retired`, for the caller to release: views into it may be
/// among the arguments of the edit.
template <class L>
void tree<L>::own_path(path& p, const staged* next, leaf*& retired) {
  for (unsigned level = 0; level < height_; ++level) {
    own(holder(p, level), height_ - level);
    p.node[level] = static_cast<inner*>(holder(p, level));
  }
  if (p.leaf->holders.single()) return;
  auto* copy = new leaf{*p.leaf, next};
  retired = p.leaf;
  holder(p, height_) = copy;
  p.leaf = copy;
}

template <class L>
bool tree<L>::at_right_edge(const path& p) const noexcept {
  for (unsigned level = 0; level < height_; ++level) {
    if (p.index[level] + 1u != p.node[level]->n) return false;
  }
  return p.at_end_of_leaf();
}

// -- growing: splitting nodes, which changes no entry either

template <class L>
void tree<L>::put_root(path& p, std::unique_ptr<inner> above) noexcept {
  for (unsigned level = height_; level > 0; --level) {
    p.node[level] = p.node[level - 1], p.index[level] = p.index[level - 1];
  }
  void* old = root_;
  std::size_t all = size_;
  above->child.insert(0, 0, std::move(old)), above->count.insert(0, 0, std::move(all));
  above->n = 1;
  p.node[0] = above.get(), p.index[0] = 0;
  p.height = ++height_;
  root_ = above.release();
}

/// Hangs `right` beside the node at `level`, under their parent, or under the new root `above`.
template <class L>
void tree<L>::link_right(path& p, unsigned level, void* right, std::size_t right_count,
                         typename L::separator&& bar, std::unique_ptr<inner> above) noexcept {
  if (level == 0) put_root(p, std::move(above)), level = 1;
  inner* parent = p.node[level - 1];
  const std::size_t i = p.index[level - 1];
  parent->count[i] -= right_count;
  parent->insert_after(i, right, right_count, std::move(bar));
}

/// Splits the full inner node at `level`; the path keeps naming the same place. Returns by how much the nodes
/// below sank.
template <class L>
unsigned tree<L>::split_inner(path& p, unsigned level, bool at_edge) {
  auto right = std::make_unique<inner>();
  auto above = level == 0 ? new_root() : nullptr;
  inner* left = p.node[level];
  const std::size_t keep = at_edge ? left->n - 2 : left->n / 2;
  auto bar = left->give_back(keep, *right, nullptr);
  const std::size_t right_count = right->total();
  inner* moved = right.get();
  const unsigned sunk = level == 0 ? 1 : 0;
  link_right(p, level, right.release(), right_count, std::move(bar), std::move(above));
  level += sunk;
  if (p.index[level] >= keep) {
    p.node[level] = moved;
    p.index[level] = static_cast<std::uint8_t>(p.index[level] - keep);
    ++p.index[level - 1];
  }
  return sunk;
}

/// Makes room for one more child in the leaf's parent.
template <class L>
void tree<L>::split_full_parents(path& p, bool at_edge) {
  unsigned level = height_;
  while (level > 0 && p.node[level - 1]->n == inner::capacity) --level;
  for (; level < height_; ++level) level += split_inner(p, level, at_edge);
}

template <class L>
void tree<L>::split_leaf(path& p, const staged& next) {
  constexpr std::size_t keep = leaf_capacity - half_leaf;
  auto right = std::make_unique<leaf>();
  auto above = height_ == 0 ? new_root() : nullptr;
  auto& entries = p.leaf->entries;
  auto bar = L::separator_at(entries, keep);
  right->entries.make_room(entries, keep, half_leaf);
  right->entries.splice(0, entries, keep, half_leaf);
  const bool go_right = p.slot > keep || (p.slot == keep && !L::belongs_left(next, bar));
  leaf* moved = right.get();
  link_right(p, height_, right.release(), half_leaf, std::move(bar), std::move(above));
  if (go_right) {
    p.leaf = moved;
    p.slot -= static_cast<std::uint32_t>(keep);
    ++p.index[height_ - 1];
  }
}

/// Puts `s` behind everything, into a leaf of its own.
template <class L>
void tree<L>::append_leaf(path& p, staged&& s) {
  split_full_parents(p, true);
  auto right = std::make_unique<leaf>();
  auto above = height_ == 0 ? new_root() : nullptr;
  auto bar = L::separator_before(p.leaf->entries, s);
  right->entries.make_room_like(p.leaf->entries, s);
  right->entries.insert(0, std::move(s));
  link_right(p, height_, right.release(), 0, std::move(bar), std::move(above));
  p.index[height_ - 1] = static_cast<std::uint8_t>(p.node[height_ - 1]->n - 1);
}

template <class L>
void tree<L>::insert_first(staged&& s) {
  auto only = std::make_unique<leaf>();
  only->entries.make_room(s);
  only->entries.insert(0, std::move(s));
  root_ = only.release(), size_ = 1, height_ = 0;
}

/// Puts `s` where the path, which is this tree's alone, says.
template <class L>
void tree<L>::insert_at(path& p, staged&& s) {
  if (p.leaf->entries.size() == leaf_capacity && at_right_edge(p)) {
    append_leaf(p, std::move(s));
  } else {
    if (p.leaf->entries.size() == leaf_capacity) {
      split_full_parents(p, false);
      split_leaf(p, s);
    }
    p.leaf->entries.make_room(s);
    p.leaf->entries.insert(p.slot, std::move(s));
  }
  for (unsigned level = 0; level < height_; ++level) ++p.node[level]->count[p.index[level]];
  ++size_;
}

/// Keeps the leaf that a copy replaced until the edit is done: the views that came in may point into it.
template <class L>
struct late_release {
  leaf_node<L>* node = nullptr;
  ~late_release() {
    if (node != nullptr) tree<L>::release(node, 0);
  }
};

template <class L>
void tree<L>::append(staged s) {
  if (root_ == nullptr) return insert_first(std::move(s));
  late_release<L> old;
  path p = end();
  own_path(p, &s, old.node);
  insert_at(p, std::move(s));
}

template <class L>
bool tree<L>::insert_or_assign(staged s, const compare& less) {
  if (root_ == nullptr) {
    insert_first(std::move(s));
    return true;
  }
  late_release<L> old;
  const auto& key = s.key();
  path p = descend_to_insert(key, less);
  const bool found = !p.at_end_of_leaf() && !less(key, p.leaf->entries.key(p.slot));
  own_path(p, &s, old.node);
  if (!found) {
    insert_at(p, std::move(s));
    return true;
  }
  p.leaf->entries.make_room_to_assign(p.slot, s);
  p.leaf->entries.assign(p.slot, std::move(s));
  fix_separator(p);
  return false;
}

/// The separator behind the path's leaf; null if no leaf is behind it.
template <class L>
const typename L::separator* tree<L>::separator_behind(const path& p) const noexcept {
  for (unsigned level = height_; level-- > 0;) {
    if (p.index[level] + 1u < p.node[level]->n) return &p.node[level]->separators[p.index[level]];
  }
  return nullptr;
}

/// Puts the first keys of [first, last) into the path's leaf, as many as belong and fit there; returns the
/// next. REQUIRES: the path, which is this tree's alone, says where the first goes, and there is room for it.
template <class L>
template <class Key>
Key* tree<L>::insert_in_leaf(path& p, Key* first, Key* last, const compare& less) {
  auto& entries = p.leaf->entries;
  const auto* const behind = separator_behind(p);
  const auto belongs = [&](const Key& key) { return behind == nullptr || less(key, L::key_of(*behind)); };
  std::size_t added = 0;
  for (;;) {
    const bool at_end = p.slot == entries.size();
    const auto room = static_cast<std::ptrdiff_t>(leaf_capacity - entries.size());
    Key* const most = last - first > room ? first + room : last;
    Key* next = first + 1;  // those up to it go to the same place
    while (next != most && (at_end ? belongs(*next) : less(*next, entries.key(p.slot)))) ++next;
    const auto count = static_cast<std::size_t>(next - first);
    entries.insert(p.slot, first, count);
    added += count, first = next;
    if (first == last || entries.size() == leaf_capacity || at_end || !belongs(*first)) break;
    p.slot = static_cast<std::uint32_t>(entries.template search<false>(*first, less));
    if (!p.at_end_of_leaf() && !less(*first, entries.key(p.slot))) break;
  }
  for (unsigned level = 0; level < height_; ++level) p.node[level]->count[p.index[level]] += added;
  size_ += added;
  return first;
}

template <class L>
template <class Key>
void tree<L>::insert_ascending(Key* first, Key* last, const compare& less) {
  if (first != last && root_ == nullptr) insert_first(L::stage(std::move(*first++), {}));
  while (first != last) {
    path p = descend<false>(*first, less);
    if (!p.at_end_of_leaf() && !less(*first, p.leaf->entries.key(p.slot))) {
      ++first;
      continue;
    }
    leaf* retired = nullptr;
    own_path(p, nullptr, retired);
    if (retired != nullptr) release(retired, 0);
    if (p.leaf->entries.size() == leaf_capacity) {
      insert_at(p, L::stage(std::move(*first++), {}));
    } else {
      first = insert_in_leaf(p, first, last, less);
    }
  }
}

// -- shrinking

/// The separator before a leaf whose first entry changed. Only needed where separators are entries
/// themselves, so that none outlives its removal.
template <class L>
void tree<L>::fix_separator(path& p) noexcept {
  if constexpr (L::exact_separators) {
    if (p.slot != 0) return;
    for (unsigned level = height_; level-- > 0;) {
      if (p.index[level] == 0) continue;
      p.node[level]->set_separator(p.index[level] - 1u, L::separator_at(p.leaf->entries, 0));
      return;
    }
  }
}

/// Fills the node at `level` (> 0) from a neighbour, or unites the two. The path keeps naming the same entry.
template <class L>
void tree<L>::rebalance(path& p, unsigned level) {
  inner* parent = p.node[level - 1];
  const std::size_t i = p.index[level - 1];
  const std::size_t l = i > 0 ? i - 1 : 0;
  own(parent->child[l], height_ - level), own(parent->child[l + 1], height_ - level);
  if (level == height_) {
    p.leaf = static_cast<leaf*>(parent->child[i]);
    rebalance_leaf(p, l);
  } else {
    p.node[level] = static_cast<inner*>(parent->child[i]);
    rebalance_inner(p, level, l);
  }
}

template <class L>
void tree<L>::rebalance_leaf(path& p, std::size_t l) {
  inner* parent = p.node[height_ - 1];
  auto* a = static_cast<leaf*>(parent->child[l]);
  auto* b = static_cast<leaf*>(parent->child[l + 1]);
  const std::size_t had = a->entries.size(), total = had + b->entries.size();
  const std::size_t place = p.slot + (p.leaf == b ? had : 0);
  if (total <= leaf_capacity) {
    a->entries.make_room(b->entries, 0, total - had);
    a->entries.splice(had, b->entries, 0, total - had);
    parent->count[l] = total;
    parent->erase_after(l);
    delete b;
    p.leaf = a, p.slot = static_cast<std::uint32_t>(place),
    p.index[height_ - 1] = static_cast<std::uint8_t>(l);
    return;
  }
  const std::size_t keep = p.leaf == a ? (total + 1) / 2 : total / 2;
  auto bar = keep < had ? L::separator_at(a->entries, keep) : L::separator_at(b->entries, keep - had);
  if (had < keep) {
    a->entries.make_room(b->entries, 0, keep - had);
    a->entries.splice(had, b->entries, 0, keep - had);
  } else {
    b->entries.make_room(a->entries, keep, had - keep);
    b->entries.splice(0, a->entries, keep, had - keep);
  }
  parent->set_separator(l, std::move(bar));
  parent->count[l] = keep, parent->count[l + 1] = total - keep;
  const bool in_right = place >= keep;
  p.leaf = in_right ? b : a, p.slot = static_cast<std::uint32_t>(in_right ? place - keep : place);
  p.index[height_ - 1] = static_cast<std::uint8_t>(in_right ? l + 1 : l);
}

template <class L>
void tree<L>::rebalance_inner(path& p, unsigned level, std::size_t l) {
  inner* parent = p.node[level - 1];
  auto* a = static_cast<inner*>(parent->child[l]);
  auto* b = static_cast<inner*>(parent->child[l + 1]);
  const std::size_t had = a->n, total = had + b->n;
  const std::size_t place = p.index[level] + (p.node[level] == b ? had : 0);
  const std::size_t both = parent->count[l] + parent->count[l + 1];
  const std::size_t keep = total <= inner::capacity ? total : (p.node[level] == a ? total + 1 : total) / 2;
  if (had < keep) {
    auto bar = a->take_front(*b, keep - had, std::move(parent->separators[l]));
    if (bar) parent->set_separator(l, std::move(*bar));
  } else if (had > keep) {
    auto bar = a->give_back(keep, *b, &parent->separators[l]);
    parent->set_separator(l, std::move(bar));
  }
  parent->count[l] = a->total();
  if (b->n == 0) {
    parent->erase_after(l);
    delete b;
  } else {
    parent->count[l + 1] = both - parent->count[l];
  }
  const bool in_right = place >= keep;
  p.node[level] = in_right ? b : a;
  p.index[level] = static_cast<std::uint8_t>(in_right ? place - keep : place);
  p.index[level - 1] = static_cast<std::uint8_t>(in_right ? l + 1 : l);
}

template <class L>
void tree<L>::shrink_root() noexcept {
  while (height_ > 0 && static_cast<inner*>(root_)->n == 1) {
    auto* old = static_cast<inner*>(root_);
    root_ = old->child[0];
    --height_;
    delete old;
  }
}

template <class L>
template <class Probe>
bool tree<L>::erase(const Probe& probe, const compare& less) {
  if (root_ == nullptr) return false;
  path p = bound<false>(probe, less);
  if (p.at_end_of_leaf() || less(probe, p.leaf->entries.key(p.slot))) return false;
  if (size_ == 1) {
    release(std::exchange(root_, nullptr), height_);
    size_ = 0, height_ = 0;
    return true;
  }
  leaf* retired = nullptr;
  own_path(p, nullptr, retired);
  if (retired != nullptr) release(retired, 0);

  // Which nodes on the path will be short of one? Only where a node unites with a neighbour does its parent
  // lose a child. From the top down, each is filled while all of its entries are still there.
  const auto unites = [&](unsigned level, std::size_t n, std::size_t capacity) {
    const inner* parent = p.node[level - 1];
    const std::size_t i = p.index[level - 1], other = i > 0 ? i - 1 : 1;
    const void* neighbour = parent->child[other];
    const std::size_t m = level == height_ ? static_cast<const leaf*>(neighbour)->entries.size()
                                           : static_cast<const inner*>(neighbour)->n;
    return n + m <= capacity;
  };
  unsigned top = height_ + 1;  // the topmost level to fill; none
  if (height_ > 0 && p.leaf->entries.size() <= half_leaf) {
    top = height_;
    bool lost = unites(height_, p.leaf->entries.size(), leaf_capacity);
    while (lost && top > 1 && p.node[top - 1]->n <= half_inner) {
      --top;
      lost = unites(top, p.node[top]->n, inner::capacity);
    }
  }
  for (unsigned level = top; level <= height_; ++level) rebalance(p, level);

  erase_at(p, 1);
  shrink_root();
  return true;
}

/// Erases `count` entries of the path's leaf. REQUIRES: the path is this tree's alone, and its leaf keeps an
/// entry.
template <class L>
void tree<L>::erase_at(path& p, std::size_t count) noexcept {
  for (unsigned level = 0; level < height_; ++level) p.node[level]->count[p.index[level]] -= count;
  p.leaf->entries.erase(p.slot, count);
  size_ -= count;
  fix_separator(p);
}

/// Erases the path's leaf with all that is in it. REQUIRES: the path is this tree's alone, and the leaf's
/// parent may lose a child.
template <class L>
void tree<L>::erase_leaf(path& p) noexcept {
  inner* parent = p.node[height_ - 1];
  const std::size_t i = p.index[height_ - 1], count = p.leaf->entries.size();
  for (unsigned level = 0; level + 1 < height_; ++level) p.node[level]->count[p.index[level]] -= count;
  size_ -= count;
  leaf* const old = p.leaf;
  i == 0 ? parent->erase_first() : parent->erase_after(i - 1);
  if (i == 0) {
    p.leaf = static_cast<leaf*>(parent->child[0]), p.slot = 0;
    fix_separator(p);
  }
  release(old, 0);
}

template <class L>
template <class It, class Probe>
void tree<L>::erase_ascending(It first, It last, Probe&& probe, const compare& less) {
  const auto is_same = [&](const auto& x, const auto& y) {
    if constexpr (requires { less.same(x, y); }) {
      return less.same(x, y);
    } else {
      return !less(x, y) && !less(y, x);
    }
  };
  const auto stands_at = [&](const path& p) {
    return !p.at_end_of_leaf() && is_same(probe(*first), p.leaf->entries.key(p.slot));
  };
  // The next probes, the first of which stands at the path: how many stand in the leaf one after the other?
  const auto stretch = [&](const path& p) {
    const auto& entries = p.leaf->entries;
    const std::size_t most = entries.size() - p.slot;
    std::size_t n = 1;
    for (It next = std::next(first); n < most && next != last; ++n, ++next) {
      if (!is_same(probe(*next), entries.key(p.slot + n))) break;
    }
    return n;
  };
  for (; first != last && root_ != nullptr; ++first) {
    path p = bound<false>(probe(*first), less);
    if (!stands_at(p)) continue;
    const std::size_t size = p.leaf->entries.size();
    std::size_t n = stretch(p);
    const bool whole = n == size && height_ > 0 && p.node[height_ - 1]->n > half_inner;
    if (!whole && size <= half_leaf) {
      erase(probe(*first), less);
      continue;
    }
    leaf* retired = nullptr;
    own_path(p, nullptr, retired);
    if (retired != nullptr) release(retired, 0);
    if (whole) {
      erase_leaf(p);
      std::advance(first, n - 1);
      continue;
    }
    for (;; n = stretch(p)) {
      n = std::min(n, p.leaf->entries.size() - half_leaf);
      erase_at(p, n);
      std::advance(first, n - 1);
      const It next = std::next(first);
      if (p.leaf->entries.size() <= half_leaf || next == last) break;
      p.slot = static_cast<std::uint32_t>(p.leaf->entries.template search<false>(probe(*next), less));
      if (p.at_end_of_leaf() || !is_same(probe(*next), p.leaf->entries.key(p.slot))) break;
      first = next;
    }
  }
}

}  // namespace datolite::detail
