// tree_objects: how the leaves of a sorted_map keep entries that are C++ objects.
//
// Entries that copy cheaply and without failing stand in the leaf itself. All others (large ones, those that
// allocate or cannot be copied) live in a cell of their own, shared by every leaf that has the entry, so that
// copying a leaf never copies one of them.
//
// A layout tells the tree its `block` (the contents of a leaf), its `separator` (what an inner node keeps of
// a key; copying and moving it cannot fail) and its `staged` (an entry about to go in; made before anything
// changes).
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <datolite/core/detail/tree_slots.hpp>
#include <datolite/core/detail/tree_words.hpp>

namespace datolite::detail {

/// The mapped type of a set.
struct unit {};

template <class Key, class T>
struct object_types {
  static constexpr bool is_set = std::is_same_v<T, unit>;
  using key_ref = const Key&;
  using mapped_ref = const T&;
  using found_t = std::conditional_t<is_set, const Key*, const T*>;
  using reference = std::conditional_t<is_set, const Key&, std::pair<const Key&, const T&>>;
  using key_arg = Key;
  using mapped_arg = T;
};

template <class Key, class T>
inline constexpr bool fits_in_leaf =
    sizeof(Key) + sizeof(T) <= 64 &&
    std::is_nothrow_copy_constructible_v<Key>&& std::is_nothrow_move_constructible_v<
        Key>&& std::is_nothrow_copy_constructible_v<T>&& std::is_nothrow_move_constructible_v<T>;

template <class Key, class T, class Compare>
struct inline_layout : object_types<Key, T> {
  using key_type = Key;
  using compare = Compare;
  using separator = Key;
  static constexpr bool keys_in_node = true;
  static constexpr bool exact_separators = true;
  static constexpr std::size_t leaf_capacity =
      std::clamp<std::size_t>(2304 / (sizeof(Key) + (std::is_empty_v<T> ? 0 : sizeof(T))), 32, 128);

  static const Key& key_of(const separator& s) noexcept { return s; }

  struct staged {
    Key key_;
    T mapped_;
    const Key& key() const noexcept { return key_; }
  };
  static staged stage(Key key, T mapped) noexcept { return {std::move(key), std::move(mapped)}; }

  class block {
   public:
    static constexpr std::size_t capacity = leaf_capacity;

    block() noexcept = default;
    block(const block& o, const staged*) noexcept : size_{o.size_} {
      words_.copy(o.words_, size_), keys_.copy(o.keys_, size_), mapped_.copy(o.mapped_, size_);
    }
    ~block() { keys_.destroy(size_), mapped_.destroy(size_); }

    std::size_t size() const noexcept { return size_; }
    const Key& key(std::size_t i) const noexcept { return keys_[i]; }
    const T& mapped(std::size_t i) const noexcept { return mapped_[i]; }
    void prefetch() const noexcept { prefetch_array(this, keys_.at(capacity / 2)); }

    auto key_at() const noexcept {
      return [this](std::size_t i) -> const Key& { return key(i); };
    }
    template <bool at_most, class Probe>
    std::size_t search(const Probe& probe, const Compare& less) const {
      return search_keys<at_most>(size_, probe, less, key_at(), words_);
    }

    /// The entry whose key equals `probe`; size() if there is none.
    template <class Probe>
    std::size_t find(const Probe& probe, const Compare& less) const {
      const std::size_t i = search<false>(probe, less);
      return i < size_ && less(probe, key(i)) ? size_ : i;
    }

    void make_room(staged&) noexcept {}
    void make_room_like(const block&, staged&) noexcept {}
    void make_room_to_assign(std::size_t, staged&) noexcept {}
    void make_room(const block&, std::size_t, std::size_t) noexcept {}
    void insert(std::size_t i, staged&& s) noexcept {
      keys_.insert(size_, i, std::move(s.key_)), mapped_.insert(size_, i, std::move(s.mapped_));
      words_.insert(size_++, i, key_at());
    }
    /// Of a set: moves `count` keys to before the i-th.
    void insert(std::size_t i, Key* from, std::size_t count) noexcept {
      keys_.insert(size_, i, from, count);
      words_.insert(size_, i, count, key_at());
      size_ += static_cast<std::uint32_t>(count);
    }
    void assign(std::size_t i, staged&& s) noexcept { mapped_.replace(i, std::move(s.mapped_)); }
    void erase(std::size_t i, std::size_t count) noexcept {
      slots<Key, capacity> old;  // so that what their destructors do finds the block whole
      words_.erase(size_, i, count), keys_.take(size_, i, count, old), mapped_.erase(size_, i, count);
      size_ -= static_cast<std::uint32_t>(count);
      old.destroy(count);
    }
    void splice(std::size_t to, block& from, std::size_t first, std::size_t count) noexcept {
      words_.splice(size_, to, from.words_, first, count, from.size_);
      keys_.splice(size_, to, from.keys_, first, count, from.size_);
      mapped_.splice(size_, to, from.mapped_, first, count, from.size_);
      size_ += static_cast<std::uint32_t>(count), from.size_ -= static_cast<std::uint32_t>(count);
      words_.settle(size_, key_at()), from.words_.settle(from.size_, from.key_at());
    }

   private:
    std::uint32_t size_ = 0;
    [[no_unique_address]] words_for<Key, Compare, capacity, keys_in_node> words_;
    slots<Key, capacity> keys_;
    [[no_unique_address]] slots<T, capacity> mapped_;
  };

  /// Between entry i and the one before it.
  static separator separator_at(const block& b, std::size_t i) noexcept { return b.key(i); }
  static separator separator_before(const block&, const staged& next) noexcept { return next.key_; }
  /// May an entry between two leaves whose separator is `s` go to the left one?
  static bool belongs_left(const staged&, const separator&) noexcept { return true; }
};

/// An entry in a place of its own, held by leaves and inner nodes.
template <class Key, class T>
class cell {
 public:
  template <class K, class M>
  cell(K&& k, M&& m) : entry_{new shared{{}, std::forward<K>(k), std::forward<M>(m)}} {}
  cell(const cell& o) noexcept : entry_{o.entry_} { entry_->holders.retain(); }
  cell(cell&& o) noexcept : entry_{std::exchange(o.entry_, nullptr)} {}
  cell& operator=(cell o) noexcept {
    std::swap(entry_, o.entry_);
    return *this;
  }
  ~cell() {
    if (entry_ != nullptr && entry_->holders.release()) delete entry_;
  }
  const Key& key() const noexcept { return entry_->key; }
  const T& mapped() const noexcept { return entry_->mapped; }
  const void* address() const noexcept { return entry_; }

 private:
  struct shared {
    holder_count holders;
    Key key;
    [[no_unique_address]] T mapped;
  };
  shared* entry_;
};

template <class Key, class T, class Compare>
struct cell_layout : object_types<Key, T> {
  using key_type = Key;
  using compare = Compare;
  using separator = cell<Key, T>;
  static constexpr bool keys_in_node = false;
  static constexpr bool exact_separators = true;
  static constexpr std::size_t leaf_capacity = 64;

  static const Key& key_of(const separator& s) noexcept { return s.key(); }

  struct staged {
    separator entry;
    const Key& key() const noexcept { return entry.key(); }
  };
  static staged stage(Key&& key, T&& mapped) { return {separator{std::move(key), std::move(mapped)}}; }

  class block {
   public:
    static constexpr std::size_t capacity = leaf_capacity;

    block() noexcept = default;
    block(const block& o, const staged*) noexcept : size_{o.size_} {
      for (std::size_t i = 0; i < size_; ++i) __builtin_prefetch(o.entries_[i].address(), 1);
      words_.copy(o.words_, size_), entries_.copy(o.entries_, size_);
    }
    ~block() { entries_.destroy(size_); }

    std::size_t size() const noexcept { return size_; }
    const Key& key(std::size_t i) const noexcept { return entries_[i].key(); }
    const T& mapped(std::size_t i) const noexcept { return entries_[i].mapped(); }
    void prefetch() const noexcept { prefetch_array(this, &entries_); }

    auto key_at() const noexcept {
      return [this](std::size_t i) -> const Key& { return key(i); };
    }
    template <bool at_most, class Probe>
    std::size_t search(const Probe& probe, const Compare& less) const {
      return search_keys<at_most>(size_, probe, less, key_at(), words_);
    }

    /// The entry whose key equals `probe`; size() if there is none.
    template <class Probe>
    std::size_t find(const Probe& probe, const Compare& less) const {
      const std::size_t i = search<false>(probe, less);
      return i < size_ && less(probe, key(i)) ? size_ : i;
    }

    void make_room(staged&) noexcept {}
    void make_room_like(const block&, staged&) noexcept {}
    void make_room_to_assign(std::size_t, staged&) noexcept {}
    void make_room(const block&, std::size_t, std::size_t) noexcept {}
    void insert(std::size_t i, staged&& s) noexcept {
      entries_.insert(size_, i, std::move(s.entry));
      words_.insert(size_++, i, key_at());
    }
    void assign(std::size_t i, staged&& s) noexcept { entries_.replace(i, std::move(s.entry)); }
    void erase(std::size_t i, std::size_t count) noexcept {
      slots<separator, capacity> old;  // so that what their destructors do finds the block whole
      words_.erase(size_, i, count), entries_.take(size_, i, count, old);
      size_ -= static_cast<std::uint32_t>(count);
      old.destroy(count);
    }
    void splice(std::size_t to, block& from, std::size_t first, std::size_t count) noexcept {
      words_.splice(size_, to, from.words_, first, count, from.size_);
      entries_.splice(size_, to, from.entries_, first, count, from.size_);
      size_ += static_cast<std::uint32_t>(count), from.size_ -= static_cast<std::uint32_t>(count);
      words_.settle(size_, key_at()), from.words_.settle(from.size_, from.key_at());
    }
    const separator& entry(std::size_t i) const noexcept { return entries_[i]; }

   private:
    std::uint32_t size_ = 0;
    [[no_unique_address]] words_for<Key, Compare, capacity, keys_in_node> words_;
    slots<separator, capacity> entries_;
  };

  static separator separator_at(const block& b, std::size_t i) noexcept { return b.entry(i); }
  static separator separator_before(const block&, const staged& next) noexcept { return next.entry; }
  static bool belongs_left(const staged&, const separator&) noexcept { return true; }
};

}  // namespace datolite::detail
