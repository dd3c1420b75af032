// Looks inside a sorted_map or sorted_set: are the invariants of core/detail/tree.hpp kept?
#pragma once

#include <cstddef>
#include <string>

#include <datolite/core/sorted_map.hpp>

namespace datolite::detail {

struct tree_access {
  template <class L>
  static const tree<L>& of(const sorted_base<L>& map) noexcept {
    return map.tree_;
  }
  template <class L>
  static const typename L::compare& less(const sorted_base<L>& map) noexcept {
    return map.less_;
  }
};

template <class L>
class tree_checker {
 public:
  tree_checker(const tree<L>& t, const typename L::compare& less) : less_{less} {
    if (t.root() == nullptr) {
      require(t.size() == 0 && t.height() == 0, "an empty tree has size and height 0");
      return;
    }
    require(visit(t.root(), t.height(), true, true) == t.size(), "the size is that of the leaves");
  }
  const std::string& broken() const noexcept { return broken_; }
  std::size_t leaves() const noexcept { return leaves_; }

 private:
  using leaf = leaf_node<L>;
  using inner = inner_node<L>;

  void require(bool holds, const char* what) {
    if (!holds && broken_.empty()) broken_ = what;
  }
  std::size_t visit(const void* at, unsigned height, bool root, bool right_edge) {
    if (height == 0) return visit_leaf(static_cast<const leaf*>(at)->entries, root || right_edge);
    const auto* node = static_cast<const inner*>(at);
    require(node->n >= 2, "an inner node has at least two children");
    require(root || right_edge || node->n >= inner::capacity / 2, "an inner node is at least half full");
    std::size_t sum = 0;
    for (std::size_t i = 0; i < node->n; ++i) {
      const std::size_t below = visit(node->child[i], height - 1, false, right_edge && i + 1 == node->n);
      require(below == node->count[i], "a count is that of the child");
      sum += below;
      if (i + 1 == node->n) continue;
      require(!(less_(L::key_of(node->separators[i]), last(node->child[i], height - 1)) ||
                !less_(last(node->child[i], height - 1), L::key_of(node->separators[i]))),
              "a separator is above all on its left");
      require(!less_(first(node->child[i + 1], height - 1), L::key_of(node->separators[i])),
              "a separator is not above any on its right");
      if constexpr (L::exact_separators) {
        require(!less_(L::key_of(node->separators[i]), first(node->child[i + 1], height - 1)),
                "a separator is a key that is there");
      }
      if (i > 0) {
        require(less_(L::key_of(node->separators[i - 1]), L::key_of(node->separators[i])),
                "separators ascend");
      }
    }
    return sum;
  }
  std::size_t visit_leaf(const typename L::block& entries, bool may_be_small) {
    ++leaves_;
    require(entries.size() > 0, "no leaf is empty");
    require(may_be_small || entries.size() >= L::block::capacity / 2, "a leaf is at least half full");
    for (std::size_t i = 1; i < entries.size(); ++i) {
      require(less_(entries.key(i - 1), entries.key(i)), "keys ascend");
    }
    return entries.size();
  }
  static typename L::key_ref first(const void* at, unsigned height) {
    for (; height > 0; --height) at = static_cast<const inner*>(at)->child[0];
    return static_cast<const leaf*>(at)->entries.key(0);
  }
  static typename L::key_ref last(const void* at, unsigned height) {
    for (; height > 0; --height)
      at = static_cast<const inner*>(at)->child[static_cast<const inner*>(at)->n - 1];
    const auto& entries = static_cast<const leaf*>(at)->entries;
    return entries.key(entries.size() - 1);
  }

  const typename L::compare& less_;
  std::string broken_;
  std::size_t leaves_ = 0;
};

/// What invariant the tree breaks; empty if none.
template <class L>
std::string broken_invariant(const sorted_base<L>& map) {
  return tree_checker<L>{tree_access::of(map), tree_access::less(map)}.broken();
}
template <class L>
std::size_t leaves_of(const sorted_base<L>& map) {
  return tree_checker<L>{tree_access::of(map), tree_access::less(map)}.leaves();
}

}  // namespace datolite::detail
