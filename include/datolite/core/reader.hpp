// Reader: something with keys and values to read.
//
// Intuition. A sorted map from bytes to bytes, at one moment. A snapshot, a transaction and a storage itself are
// readers; the first two never change while they live, a storage answers with its newest state each time.
//
// Threads: a reader may be used by many threads at once, unless its type says otherwise.
//
// Minimal definition: `get` and `open_iterator`. `get_many` has a default (a loop); an engine with round trips
// offers its own member.
//
// Laws, where `m` are the reader's contents:
//   1. r.get(k) holds a pinned with view() == m[k] iff k is in m
//   2. the iterator that r.open_iterator(b) returns obeys the laws of Iterator over m and b
//   3. get_many(r, keys)[i] == r.get(keys[i])
//   4. a pinned's view is valid while the pinned and its reader live; moving either keeps it valid
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <datolite/core/bounds.hpp>
#include <datolite/core/iterator.hpp>

namespace datolite {

/// A value that `get` found. Movable; `view()` is valid while this and its reader live.
template <class P>
concept Pinned = std::movable<P> && requires(const P& p) {
  { p.view() } -> std::convertible_to<bytes_view>;
};

/// What a zero-copy reader returns from `get`: the bytes belong to the reader.
class pinned_view {
 public:
  constexpr explicit pinned_view(bytes_view shown) noexcept : shown_{shown} {}
  constexpr bytes_view view() const noexcept { return shown_; }

 private:
  bytes_view shown_;
};

/// What a copying reader returns from `get`: the bytes belong to this object. A short string lives inside its own
/// object and would move with it, against law 4, so it is put on the heap.
class pinned_bytes {
 public:
  explicit pinned_bytes(bytes owned) : owned_{std::move(owned)} {
    const std::size_t inside = bytes{}.capacity();
    if (!owned_.empty() && owned_.capacity() <= inside) owned_.reserve(inside + 1);
  }
  bytes_view view() const noexcept { return owned_; }

 private:
  bytes owned_;
};

template <class R>
concept Reader = requires(const R& r, bytes_view key, const bounds& b) {
  requires Pinned<std::remove_cvref_t<decltype(*r.get(key))>>;
  { static_cast<bool>(r.get(key)) };
  { r.open_iterator(b) } -> Iterator;
};

template <Reader R>
using pinned_t = typename std::remove_cvref_t<decltype(std::declval<const R&>().get(bytes_view{}))>::value_type;

template <Reader R>
using iterator_t = decltype(std::declval<const R&>().open_iterator(std::declval<const bounds&>()));

/// The values of `keys`, in their order. Uses the reader's own `get_many` where it has one.
template <Reader R>
std::vector<std::optional<pinned_t<R>>> get_many(const R& reader, std::span<const bytes_view> keys) {
  if constexpr (requires { reader.get_many(keys); }) {
    return reader.get_many(keys);
  } else {
    std::vector<std::optional<pinned_t<R>>> found;
    found.reserve(keys.size());
    for (bytes_view key : keys) found.push_back(reader.get(key));
    return found;
  }
}

template <Reader R>
void get_many(const R&&, std::span<const bytes_view>) = delete;  // the views would outlive their reader

}  // namespace datolite
