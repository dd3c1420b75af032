// tree_slots: what the nodes of a sorted_map are made of: counted holders, raw arrays, and the search in a
// node.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include <datolite/core/sort_prefix.hpp>

namespace datolite::detail {

/// How many hold a node. A thread that sees itself as the only holder may write: nobody else can reach the
/// node, hence nobody can become a holder meanwhile.
class holder_count {
 public:
  holder_count() noexcept = default;
  holder_count(const holder_count&) = delete;
  holder_count& operator=(const holder_count&) = delete;

  void retain() const noexcept { count_.fetch_add(1, std::memory_order_relaxed); }
  bool single() const noexcept { return count_.load(std::memory_order_acquire) == 1; }
  /// True for the last holder, who must destroy.
  bool release() const noexcept { return single() || count_.fetch_sub(1, std::memory_order_acq_rel) == 1; }

 private:
  mutable std::atomic<std::uint32_t> count_{1};
};

/// Moves `n` objects to a place that may overlap theirs, and ends their lives where they were.
template <class X>
void relocate(X* from, std::size_t n, X* to) noexcept {
  static_assert(std::is_nothrow_move_constructible_v<X>);
  if constexpr (moves_as_bytes<X>) {
    if (n != 0) std::memmove(static_cast<void*>(to), static_cast<const void*>(from), n * sizeof(X));
  } else if (to < from) {
    for (std::size_t i = 0; i < n; ++i) {
      std::construct_at(to + i, std::move(from[i]));
      std::destroy_at(from + i);
    }
  } else if (to > from) {
    for (std::size_t i = n; i-- > 0;) {
      std::construct_at(to + i, std::move(from[i]));
      std::destroy_at(from + i);
    }
  }
}

/// Room for N objects; whoever owns it knows which of them live.
template <class X, std::size_t N>
class slots {
 public:
  slots() noexcept {}
  slots(const slots&) = delete;
  slots& operator=(const slots&) = delete;
  ~slots() {}

  X* at(std::size_t i) noexcept { return objects_ + i; }
  const X* at(std::size_t i) const noexcept { return objects_ + i; }
  const X& operator[](std::size_t i) const noexcept { return objects_[i]; }
  X& operator[](std::size_t i) noexcept { return objects_[i]; }

  void insert(std::size_t n, std::size_t i, X&& x) noexcept {
    relocate(at(i), n - i, at(i + 1));
    std::construct_at(at(i), std::move(x));
  }
  /// Moves the `count` objects at `from` to before the i-th of n.
  void insert(std::size_t n, std::size_t i, X* from, std::size_t count) noexcept {
    relocate(at(i), n - i, at(i + count));
    std::uninitialized_move_n(from, count, at(i));
  }
  void erase(std::size_t n, std::size_t i, std::size_t count = 1) noexcept {
    std::destroy_n(at(i), count);
    relocate(at(i + count), n - i - count, at(i));
  }
  /// As erase, but the objects go to the beginning of `to`, and live on.
  void take(std::size_t n, std::size_t i, std::size_t count, slots& to) noexcept {
    relocate(at(i), count, to.at(0));
    relocate(at(i + count), n - i - count, at(i));
  }
  void replace(std::size_t i, X&& x) noexcept {
    [[maybe_unused]] const X old =
        std::move(objects_[i]);  // so that what its destructor does finds the node whole
    std::destroy_at(at(i));
    std::construct_at(at(i), std::move(x));
  }
  /// Takes `count` objects of `from` into a gap that it opens at `to`.
  void splice(std::size_t n, std::size_t to, slots& from, std::size_t first, std::size_t count,
              std::size_t from_n) noexcept {
    relocate(at(to), n - to, at(to + count));
    relocate(from.at(first), count, at(to));
    relocate(from.at(first + count), from_n - first - count, from.at(first));
  }
  void copy(const slots& from, std::size_t n) noexcept { std::uninitialized_copy_n(from.at(0), n, at(0)); }
  void destroy(std::size_t n) noexcept { std::destroy_n(at(0), n); }

 private:
  union {
    X objects_[N];
  };
};

/// Objects without state need no room.
template <class X, std::size_t N>
requires std::is_empty_v<X>
class slots<X, N> {
 public:
  const X& operator[](std::size_t) const noexcept { return only_; }
  void insert(std::size_t, std::size_t, X&&) noexcept {}
  void erase(std::size_t, std::size_t, std::size_t = 1) noexcept {}
  void take(std::size_t, std::size_t, std::size_t, slots&) noexcept {}
  void replace(std::size_t, X&&) noexcept {}
  void splice(std::size_t, std::size_t, slots&, std::size_t, std::size_t, std::size_t) noexcept {}
  void copy(const slots&, std::size_t) noexcept {}
  void destroy(std::size_t) noexcept {}

 private:
  static constexpr X only_{};
};

/// How many leading i in [0, n) have before(i). REQUIRES: they are a prefix of the range. No branch on the
/// answer.
template <class Before>
std::size_t count_before(std::size_t n, Before before) {
  std::size_t low = 0;
  while (n > 1) {
    const std::size_t half = n / 2;
    low += before(low + half - 1) ? half : 0;
    n -= half;
  }
  return low + (n == 1 && before(low) ? 1 : 0);
}

/// Asks for the first lines of an object, up to `until`, before they are searched.
inline void prefetch_array(const void* from, const void* until) noexcept {
  constexpr std::size_t line = 64, most = 9;
  const auto* at = static_cast<const char*>(from);
  const auto* end = static_cast<const char*>(until);
  for (std::size_t i = 0; i < most && at < end; ++i, at += line) __builtin_prefetch(at);
}

}  // namespace datolite::detail
