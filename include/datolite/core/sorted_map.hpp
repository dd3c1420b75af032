// sorted_map and sorted_set: the ordered map and set whose copies cost nothing.
//
// Intuition. A value, as an int is one: a copy shares everything and takes some nanoseconds whatever the
// size, and what is done to one copy is never seen through another. Underneath is a B+-tree whose nodes are
// shared between maps; an edit copies the few nodes on its path that are shared, and writes in place those
// that are this map's alone.
//
//   auto b = a.insert_or_assign("k", "v");             // a is left as it was
//   b = std::move(b).insert_or_assign("l", "w");       // in place, but for nodes that a still needs
//
// Keys and values of type `bytes` stand packed in the leaves and are shown as `bytes_view` (a value of type
// optional<bytes> as optional<bytes_view>); all others are shown by reference. What `find` returns is tested
// and dereferenced like a pointer in each case.
//
// Threads: const operations, copying among them, may run on one map in many threads at once; an edit (&&,
// assignment) needs that map alone. Maps that share nodes need no care: they are independent values.
//
// Lifetime: iterators, references and views into a map are valid until that map is edited, assigned to or
// destroyed; as long as some other copy keeps the same state, those made from that copy stay valid.
//
// Exceptions: an edit that throws (memory, comparator, a copied key or value) leaves the map with the entries
// it had.
//
// Compare: a strict weak order, transparent if lookups by other types are wanted. See sort_prefix for making
// it fast.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include <datolite/core/bytes.hpp>
#include <datolite/core/detail/tree.hpp>
#include <datolite/core/detail/tree_build.hpp>
#include <datolite/core/detail/tree_bytes.hpp>
#include <datolite/core/detail/tree_iterator.hpp>
#include <datolite/core/detail/tree_objects.hpp>

namespace datolite {

namespace detail {

template <class T>
inline constexpr bool is_byte_mapped =
    std::is_same_v<T, unit> || std::is_same_v<T, bytes> || std::is_same_v<T, std::optional<bytes>>;

template <class Key, class T, class Compare>
using layout_for = std::conditional_t<
    std::is_same_v<Key, bytes> && is_byte_mapped<T> &&
        (std::is_same_v<Compare, std::less<>> || std::is_same_v<Compare, std::less<bytes>>),
    byte_layout<T, std::less<>>,
    std::conditional_t<fits_in_leaf<Key, T>, inline_layout<Key, T, Compare>, cell_layout<Key, T, Compare>>>;

template <class Compare>
concept transparent = requires {
  typename Compare::is_transparent;
};

/// What a lookup hands to the tree: byte strings as views, other probes as they are.
template <class L, class Probe>
decltype(auto) as_probe(const Probe& probe) {
  if constexpr (std::is_same_v<typename L::key_type, bytes>) {
    if constexpr (std::is_convertible_v<const Probe&, bytes_view> && !L::exact_separators) {
      return bytes_view{probe};
    } else {
      return (probe);
    }
  } else {
    return (probe);
  }
}

/// What sorted_map and sorted_set have in common.
template <class L>
class sorted_base {
 public:
  using key_type = typename L::key_type;
  using key_compare = typename L::compare;
  using size_type = std::size_t;
  using reference = typename L::reference;
  using iterator = tree_iterator<L>;
  using const_iterator = iterator;

  std::size_t size() const noexcept { return tree_.size(); }
  bool empty() const noexcept { return size() == 0; }
  key_compare key_comp() const { return less_; }

  iterator begin() const noexcept { return iterator{tree_.first()}; }
  iterator end() const noexcept { return iterator{tree_.end()}; }
  std::reverse_iterator<iterator> rbegin() const noexcept { return std::reverse_iterator{end()}; }
  std::reverse_iterator<iterator> rend() const noexcept { return std::reverse_iterator{begin()}; }

  /// The first entry whose key is not less than `probe`; end() if there is none. O(log n).
  template <class Probe = key_type>
  iterator lower_bound(const Probe& probe) const {
    return iterator{tree_.template bound<false>(as_probe<L>(probe), less_)};
  }
  /// The same, sought from `near`: the closer it stands, the cheaper. REQUIRES: `near` is an iterator of this
  /// map.
  template <class Probe = key_type>
  iterator lower_bound(const Probe& probe, const iterator& near) const {
    return iterator{tree_.template bound_near<false>(as_probe<L>(probe), less_, near.at_)};
  }
  /// lower_bound of each of `probes`, into `out`: each is sought from the one before (the first from `near`,
  /// an iterator of this map or none at all), and memory is waited for once for some of them. REQUIRES:
  /// probes.size() <= out.size().
  template <class Probe = key_type>
  void lower_bounds(std::span<const Probe> probes, std::span<iterator> out, const iterator& near = {}) const {
    constexpr std::size_t together = 16;
    std::array<position<L>, together> found;
    position<L> from = near.at_;
    for (std::size_t i = 0; i < probes.size(); i += together) {
      const std::size_t n = std::min(together, probes.size() - i);
      const auto probe = [&](std::size_t j) -> decltype(auto) { return as_probe<L>(probes[i + j]); };
      tree_.template bound_many<false>(n, probe, less_, from, found.data());
      for (std::size_t j = 0; j < n; ++j) out[i + j] = iterator{found[j]};
      from = found[n - 1];
    }
  }
  /// The first entry whose key is greater than `probe`; end() if there is none. O(log n).
  template <class Probe = key_type>
  iterator upper_bound(const Probe& probe) const {
    return iterator{tree_.template bound<true>(as_probe<L>(probe), less_)};
  }
  template <class Probe = key_type>
  iterator upper_bound(const Probe& probe, const iterator& near) const {
    return iterator{tree_.template bound_near<true>(as_probe<L>(probe), less_, near.at_)};
  }

  template <class Probe = key_type>
  bool contains(const Probe& probe) const {
    std::size_t slot = 0;
    return tree_.find(as_probe<L>(probe), less_, slot) != nullptr;
  }

  /// How many entries stand before `at`. O(log n).
  std::size_t rank(const iterator& at) const noexcept { return tree_.rank(at.at_); }
  /// How many keys are less than `probe`. O(log n).
  template <class Probe = key_type>
  requires(!std::is_same_v<Probe, iterator>) std::size_t rank(const Probe& probe)
  const { return tree_.rank(tree_.template descend<false>(as_probe<L>(probe), less_)); }
  /// The entry that `n` others stand before; end() if there is none. O(log n).
  iterator nth(std::size_t n) const noexcept { return iterator{tree_.nth(n)}; }
  /// How many keys k have low <= k < high; 0 if high is not above low. O(log n).
  template <class Low = key_type, class High = key_type>
  std::size_t count_range(const Low& low, const High& high) const {
    const std::size_t below = rank(low), until = rank(high);
    return until > below ? until - below : 0;
  }

 protected:
  sorted_base() = default;
  explicit sorted_base(key_compare less) : less_{std::move(less)} {}
  sorted_base(tree<L> t, key_compare less) : tree_{std::move(t)}, less_{std::move(less)} {}

  tree<L> tree_;
  [[no_unique_address]] key_compare less_{};

  friend struct tree_access;
};

}  // namespace detail

/// An immutable ordered map with O(1) copies. `Key` and `T` may be of any movable type.
template <class Key, class T, class Compare = std::less<>>
class sorted_map : public detail::sorted_base<detail::layout_for<Key, T, Compare>> {
  using layout = detail::layout_for<Key, T, Compare>;
  using base = detail::sorted_base<layout>;

 public:
  using mapped_type = T;
  using key_arg = typename layout::key_arg;        ///< how an edit takes a key: Key, or bytes_view
  using mapped_arg = typename layout::mapped_arg;  ///< how an edit takes a value: T, or a view
  using value_type = typename base::reference;     ///< a pair of references or views
  using found_t = typename layout::found_t;        ///< const T*, or an optional of a view

  sorted_map() = default;
  explicit sorted_map(Compare less) : base{std::move(less)} {}

  /// The map of the pairs of `sorted`, whose keys ascend strictly; throws `incorrect` if they do not. O(n),
  /// leaves full.
  template <class Range>
  static sorted_map from_sorted(Range&& sorted, Compare less = {}) {
    builder b{std::move(less)};
    for (const auto& [key, mapped] : sorted) b.append(key, mapped);
    return std::move(b).finish();
  }

  /// Makes a map out of ascending keys, one by one.
  class builder {
   public:
    explicit builder(Compare less = {}) : less_{std::move(less)} {}
    /// Throws `incorrect` unless `key` is above all keys so far; the builder is then as before. O(1).
    void append(key_arg key, mapped_arg mapped) {
      build_.append(layout::stage(std::forward<key_arg>(key), std::forward<mapped_arg>(mapped)), less_);
    }
    sorted_map finish() && { return sorted_map{std::move(build_).finish(), std::move(less_)}; }

   private:
    detail::tree_builder<layout> build_;
    [[no_unique_address]] typename base::key_compare less_;
  };

  /// The value of `key`, or nothing. O(log n).
  template <class Probe = Key>
  found_t find(const Probe& key) const& {
    std::size_t slot = 0;
    const auto* leaf = this->tree_.find(detail::as_probe<layout>(key), this->less_, slot);
    if (leaf == nullptr) return found_t{};
    if constexpr (std::is_pointer_v<found_t>) {
      return &leaf->entries.mapped(slot);
    } else {
      return found_t{leaf->entries.mapped(slot)};
    }
  }
  template <class Probe = Key>
  found_t find(const Probe& key) const&& = delete;  // what it finds would die with the map

  /// This map with `mapped` for `key`. O(log n).
  [[nodiscard]] sorted_map insert_or_assign(key_arg key, mapped_arg mapped) const& {
    return sorted_map{*this}.insert_or_assign(std::forward<key_arg>(key), std::forward<mapped_arg>(mapped));
  }
  [[nodiscard]] sorted_map insert_or_assign(key_arg key, mapped_arg mapped) && {
    this->tree_.insert_or_assign(layout::stage(std::forward<key_arg>(key), std::forward<mapped_arg>(mapped)),
                                 this->less_);
    return std::move(*this);
  }

  /// This map without `key`, which need not be there. O(log n).
  template <class Probe = Key>
  [[nodiscard]] sorted_map erase(const Probe& key) const& {
    return sorted_map{*this}.erase(key);
  }
  template <class Probe = Key>
  [[nodiscard]] sorted_map erase(const Probe& key) && {
    this->tree_.erase(detail::as_probe<layout>(key), this->less_);
    return std::move(*this);
  }

  friend bool operator==(const sorted_map& a, const sorted_map& b) {
    if (a.tree_.root() == b.tree_.root()) return true;
    if (a.size() != b.size()) return false;
    for (auto i = a.begin(), j = b.begin(), e = a.end(); i != e; ++i, ++j) {
      if (!((*i).first == (*j).first && (*i).second == (*j).second)) return false;
    }
    return true;
  }

 private:
  sorted_map(detail::tree<layout> t, typename base::key_compare less) : base{std::move(t), std::move(less)} {}
};

/// An immutable ordered set with O(1) copies.
template <class Key, class Compare = std::less<>>
class sorted_set : public detail::sorted_base<detail::layout_for<Key, detail::unit, Compare>> {
  using layout = detail::layout_for<Key, detail::unit, Compare>;
  using base = detail::sorted_base<layout>;

 public:
  using key_arg = typename layout::key_arg;
  using value_type = std::remove_cvref_t<typename base::reference>;
  using found_t = typename layout::found_t;  ///< const Key*, or an optional of a view

  sorted_set() = default;
  explicit sorted_set(Compare less) : base{std::move(less)} {}

  /// The set of the keys of `sorted`, which ascend strictly; throws `incorrect` if they do not. O(n), leaves
  /// full.
  template <class Range>
  static sorted_set from_sorted(Range&& sorted, Compare less = {}) {
    builder b{std::move(less)};
    for (const auto& key : sorted) b.append(key);
    return std::move(b).finish();
  }

  /// Makes a set out of ascending keys, one by one.
  class builder {
   public:
    explicit builder(Compare less = {}) : less_{std::move(less)} {}
    /// Throws `incorrect` unless `key` is above all keys so far; the builder is then as before. O(1).
    void append(key_arg key) { build_.append(layout::stage(std::move(key), {}), less_); }
    sorted_set finish() && { return sorted_set{std::move(build_).finish(), std::move(less_)}; }

   private:
    detail::tree_builder<layout> build_;
    [[no_unique_address]] typename base::key_compare less_;
  };

  /// The key in the set that is equivalent to `probe`, or nothing. O(log n).
  template <class Probe = Key>
  found_t find(const Probe& probe) const& {
    std::size_t slot = 0;
    const auto* leaf = this->tree_.find(detail::as_probe<layout>(probe), this->less_, slot);
    if (leaf == nullptr) return found_t{};
    if constexpr (std::is_pointer_v<found_t>) {
      return &leaf->entries.key(slot);
    } else {
      return found_t{leaf->entries.key(slot)};
    }
  }
  template <class Probe = Key>
  found_t find(const Probe& probe) const&& = delete;

  /// This set with `key`. O(log n).
  [[nodiscard]] sorted_set insert(key_arg key) const& {
    return sorted_set{*this}.insert(std::forward<key_arg>(key));
  }
  [[nodiscard]] sorted_set insert(key_arg key) && {
    this->tree_.insert_or_assign(layout::stage(std::forward<key_arg>(key), {}), this->less_);
    return std::move(*this);
  }

  /// This set with `keys`, which ascend; they are moved. As many copies of nodes, and searches, as there are
  /// places in it that they come to. If it throws, some of them may be there.
  [[nodiscard]] sorted_set insert_ascending(std::span<Key> keys) &&
      requires(layout::keys_in_node&& std::is_same_v<key_arg, Key>) {
    this->tree_.insert_ascending(keys.data(), keys.data() + keys.size(), this->less_);
    return std::move(*this);
  }

  /// This set without `key`, which need not be there. O(log n).
  template <class Probe = Key>
  [[nodiscard]] sorted_set erase(const Probe& key) const& {
    return sorted_set{*this}.erase(key);
  }
  template <class Probe = Key>
  [[nodiscard]] sorted_set erase(const Probe& key) && {
    this->tree_.erase(detail::as_probe<layout>(key), this->less_);
    return std::move(*this);
  }

  /// This set without `keys`, which ascend and need not be there. O(m log n), and near O(m) where they stand
  /// close together.
  [[nodiscard]] sorted_set erase_ascending(std::span<const Key> keys) && {
    const auto probe = [](const Key& k) -> decltype(auto) { return detail::as_probe<layout>(k); };
    this->tree_.erase_ascending(keys.begin(), keys.end(), probe, this->less_);
    return std::move(*this);
  }

  friend bool operator==(const sorted_set& a, const sorted_set& b) {
    if (a.tree_.root() == b.tree_.root()) return true;
    if (a.size() != b.size()) return false;
    for (auto i = a.begin(), j = b.begin(), e = a.end(); i != e; ++i, ++j) {
      if (!(*i == *j)) return false;
    }
    return true;
  }

 private:
  sorted_set(detail::tree<layout> t, typename base::key_compare less) : base{std::move(t), std::move(less)} {}
};

}  // namespace datolite
