// scan: the pairs of a reader as a standard range.
//
//   for (auto [key, value] : scan(reader, prefix("doc-"))) …          ascending
//   for (auto [key, value] : scan_reverse(reader, prefix("doc-"))) …  descending
//
// A scan owns one Iterator and is a single-pass input range over it: std::ranges and range-v3 algorithms take
// it as it is. It costs what the Iterator costs: one seek at begin(), one step a pair, nothing copied.
//
// Lifetime: a scan must not outlive its reader, so a temporary reader is refused. A pair's views are valid
// until the scan moves on. Threads: one at a time, as any Iterator.
#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <utility>

#include <datolite/core/bounds.hpp>
#include <datolite/core/bytes.hpp>
#include <datolite/core/iterator.hpp>
#include <datolite/core/reader.hpp>

namespace datolite {

/// One pair, as a scan shows it: `auto [key, value] = pair`. Its views are valid until the scan moves on.
struct key_value {
  bytes_view key;
  bytes_view value;

  friend bool operator==(const key_value&, const key_value&) = default;
};

enum class scan_direction : bool { ascending, descending };

/// The pairs that `I` visits, in the given direction. Movable, not copyable; its iterators point into it, so
/// they end when it moves. Calling begin() again starts over.
template <Iterator I, scan_direction Direction = scan_direction::ascending>
class scan_range {
 public:
  class iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using iterator_category = std::input_iterator_tag;
    using value_type = key_value;
    using reference = key_value;
    using difference_type = std::ptrdiff_t;
    using pointer = void;

    iterator() = default;

    key_value operator*() const { return {at_->key(), at_->value()}; }
    iterator& operator++() {
      if constexpr (Direction == scan_direction::ascending) {
        at_->next();
      } else {
        at_->prev();
      }
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& it, std::default_sentinel_t) { return !it.at_->valid(); }

   private:
    friend class scan_range;
    explicit iterator(I* at) : at_{at} {}

    I* at_ = nullptr;
  };

  explicit scan_range(I it) : it_{std::move(it)} {}

  /// Seeks to the first pair in this direction. One seek of the Iterator.
  iterator begin() {
    if constexpr (Direction == scan_direction::ascending) {
      it_.seek_first();
    } else {
      it_.seek_last();
    }
    return iterator{std::addressof(it_)};
  }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  I it_;
};

/// The pairs of `reader` with keys inside `within`, ascending.
template <Reader R>
scan_range<iterator_t<R>> scan(const R& reader, const bounds& within = everything()) {
  return scan_range<iterator_t<R>>{reader.open_iterator(within)};
}

/// The pairs of `reader` with keys inside `within`, descending.
template <Reader R>
scan_range<iterator_t<R>, scan_direction::descending> scan_reverse(const R& reader,
                                                                   const bounds& within = everything()) {
  return scan_range<iterator_t<R>, scan_direction::descending>{reader.open_iterator(within)};
}

template <Reader R>
void scan(const R&&, const bounds& = everything()) = delete;  // the scan would outlive its reader
template <Reader R>
void scan_reverse(const R&&, const bounds& = everything()) = delete;

}  // namespace datolite
