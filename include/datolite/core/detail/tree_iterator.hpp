// tree_iterator: the bidirectional iterator of sorted_map and sorted_set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <span>
#include <type_traits>

#include <datolite/core/detail/tree.hpp>

namespace datolite::detail {

template <class L>
class tree_iterator {
  /// What operator-> of an iterator that makes its references returns.
  struct arrow {
    typename L::reference shown;
    const typename L::reference* operator->() const noexcept { return &shown; }
  };
  static constexpr bool is_real = std::is_reference_v<typename L::reference>;

 public:
  using iterator_concept = std::bidirectional_iterator_tag;
  using iterator_category =
      std::conditional_t<is_real, std::bidirectional_iterator_tag, std::input_iterator_tag>;
  using reference = typename L::reference;
  using value_type = std::remove_cvref_t<reference>;
  using difference_type = std::ptrdiff_t;
  using pointer = std::conditional_t<is_real, std::remove_reference_t<reference>*, arrow>;

  tree_iterator() noexcept = default;
  explicit tree_iterator(const position<L>& at) noexcept : at_{at} {}

  reference operator*() const noexcept {
    if constexpr (L::is_set) {
      return key();
    } else {
      return reference{key(), mapped()};
    }
  }
  pointer operator->() const noexcept {
    if constexpr (is_real) {
      return std::addressof(**this);
    } else {
      return {**this};
    }
  }
  typename L::key_ref key() const noexcept { return at_.leaf->entries.key(at_.slot); }
  typename L::mapped_ref mapped() const noexcept { return at_.leaf->entries.mapped(at_.slot); }

  /// The entries from here on that lie side by side in memory; empty only at end(). For sets whose keys stand
  /// in the leaves.
  std::span<const typename L::key_type> side_by_side() const noexcept {
    if (at_end()) return {};
    return {std::addressof(key()), at_.leaf->entries.size() - at_.slot};
  }
  /// The same before `until`, which is not before this.
  std::span<const typename L::key_type> side_by_side(const tree_iterator& until) const noexcept {
    const auto all = side_by_side();
    return at_.leaf == until.at_.leaf && !all.empty() ? all.first(until.at_.slot - at_.slot) : all;
  }
  /// On by `n` entries. REQUIRES: n <= side_by_side().size().
  void skip(std::size_t n) noexcept {
    at_.slot += static_cast<std::uint32_t>(n);
    if (n > 0 && at_.slot == at_.leaf->entries.size()) at_.next_leaf();
  }

  /// Is this end()? Needs no map to compare with.
  bool at_end() const noexcept { return at_.at_end_of_leaf(); }
  /// To the entry before; false, and no move, if there is none.
  bool step_back() noexcept { return at_.previous(); }

  tree_iterator& operator++() noexcept {
    at_.next();
    return *this;
  }
  tree_iterator operator++(int) noexcept {
    tree_iterator old = *this;
    at_.next();
    return old;
  }
  tree_iterator& operator--() noexcept {
    at_.previous();
    return *this;
  }
  tree_iterator operator--(int) noexcept {
    tree_iterator old = *this;
    at_.previous();
    return old;
  }
  friend bool operator==(const tree_iterator& a, const tree_iterator& b) noexcept {
    return a.at_.leaf == b.at_.leaf && a.at_.slot == b.at_.slot;
  }

 private:
  template <class>
  friend class sorted_base;

  position<L> at_;
};

}  // namespace datolite::detail
