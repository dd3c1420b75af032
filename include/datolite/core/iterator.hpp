// Iterator: an ordered position among the keys of a reader.
//
// Intuition. A cursor over key-value pairs in ascending byte order, confined to the bounds it was opened with,
// that stands either on a pair or at the end.
//
// Threads: an iterator is used by one thread at a time; different iterators of one reader may be used by
// different threads. It must not outlive its reader.
//
// Laws, where `b` are the bounds and `m` the reader's contents restricted to them:
//   1. it.seek(k)          stands on the first pair of m with key >= k, else at the end
//   2. it.seek_for_prev(k) stands on the last pair of m with key <= k, else at the end
//   3. it.seek_first() == it.seek(b.lower);  it.seek_last() stands on m's last pair, else at the end
//   4. it.next(), it.prev() move by one pair of m; past either side they stand at the end.  REQUIRES: valid()
//   5. it.valid() is true iff it stands on a pair. False means the end and nothing else: any other cause throws
//   6. it.key(), it.value() show the pair, until the iterator moves or ends.  REQUIRES: valid()
//   7. a fresh iterator stands at the end
#pragma once

#include <concepts>

#include <datolite/core/bytes.hpp>

namespace datolite {

template <class I>
concept Iterator = std::movable<I> && requires(I it, const I& at, bytes_view key) {
  it.seek(key);
  it.seek_for_prev(key);
  it.seek_first();
  it.seek_last();
  it.next();
  it.prev();
  { at.valid() } -> std::same_as<bool>;
  { at.key() } -> std::convertible_to<bytes_view>;
  { at.value() } -> std::convertible_to<bytes_view>;
};

}  // namespace datolite
