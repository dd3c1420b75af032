// packed_bits: columns of integers in as few bits as their range needs.
//
// A column keeps each number as its distance from a base (frame of reference), in a fixed number of bits, low
// bits first, one behind another. So the i-th is read by itself: eight bytes loaded, shifted, masked. Widths
// above 56 bits are 64, so that one load always suffices.
//
// REQUIRES of readers: 8 readable bytes behind the column.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <type_traits>
#include <vector>

#include <datolite/core/bytes.hpp>

namespace datolite::datoms::packed {

static_assert(std::endian::native == std::endian::little, "blocks are little-endian, and read as they stand");

inline constexpr std::size_t bits_padding = 8;  ///< bytes that must follow a column

/// How many bits a column of distances up to `most` takes for each.
constexpr std::uint8_t width_of(std::uint64_t most) noexcept {
  const int bits = std::bit_width(most);
  return static_cast<std::uint8_t>(bits > 56 ? 64 : bits);
}
/// The largest distance that a column of that width has room for.
constexpr std::uint64_t widest_of(unsigned width) noexcept {
  return width == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1;
}
constexpr bool is_width(unsigned width) noexcept { return width <= 56 || width == 64; }

/// How many bytes `n` numbers of `width` bits take.
constexpr std::size_t bytes_of(std::size_t n, unsigned width) noexcept { return (n * width + 7) / 8; }

template <class T>
T load_le(const char* at) noexcept {
  T out;
  std::memcpy(&out, at, sizeof out);
  return out;
}
template <class T>
void store_le(char* at, T n) noexcept {
  std::memcpy(at, &n, sizeof n);
}

/// A column to read. The distances; whoever has the base adds it.
class bits {
 public:
  bits() = default;
  bits(const char* data, unsigned width) noexcept : data_{data}, mask_{widest_of(width)}, width_{width} {}

  unsigned width() const noexcept { return width_; }
  std::uint64_t operator[](std::size_t i) const noexcept {
    const std::size_t bit = i * width_;
    return load_le<std::uint64_t>(data_ + bit / 8) >> (bit % 8) & mask_;
  }

  /// Appends what `make` makes of the numbers [from, from + n): each is made where it is to stand.
  template <class T, class Make>
  void append(std::vector<T>& to, std::size_t from, std::size_t n, Make make) const;

  /// Calls `to(i, number)` for i in [from, from + n).
  template <class To>
  void each(std::size_t from, std::size_t n, To&& to) const {
    if (width_ == 0) {
      for (std::size_t i = 0; i < n; ++i) to(i, std::uint64_t{0});
      return;
    }
    // By values of its own: what `to` writes might be members, for all that the compiler knows.
    const bits own = *this;
    std::size_t bit = from * own.width_;
    for (std::size_t i = 0; i < n; ++i, bit += own.width_) {
      to(i, load_le<std::uint64_t>(own.data_ + bit / 8) >> (bit % 8) & own.mask_);
    }
  }

  /// What `make` makes of the numbers from the i-th on, as a vector's insert() reads it.
  template <class Make>
  class iterator;

 private:
  const char* data_ = nullptr;
  std::uint64_t mask_ = 0;
  std::size_t width_ = 0;
};

template <class Make>
class bits::iterator {
 public:
  using iterator_category = std::random_access_iterator_tag;
  using reference = std::invoke_result_t<const Make&, std::uint64_t>;
  using value_type = std::remove_cvref_t<reference>;
  using difference_type = std::ptrdiff_t;
  using pointer = void;

  /// REQUIRES: in.width() > 0.
  iterator(const bits& in, std::size_t i, Make make) : in_{in}, bit_{i * in.width_}, make_{make} {}
  reference operator*() const {
    return make_(load_le<std::uint64_t>(in_.data_ + bit_ / 8) >> (bit_ % 8) & in_.mask_);
  }
  iterator& operator++() { return bit_ += in_.width_, *this; }
  iterator& operator--() { return bit_ -= in_.width_, *this; }
  iterator& operator+=(difference_type n) { return bit_ += static_cast<std::size_t>(n) * in_.width_, *this; }
  friend bool operator==(const iterator& a, const iterator& b) { return a.bit_ == b.bit_; }
  friend difference_type operator-(const iterator& a, const iterator& b) {
    return static_cast<difference_type>(a.bit_ - b.bit_) / static_cast<difference_type>(a.in_.width());
  }

 private:
  bits in_;
  std::size_t bit_;
  [[no_unique_address]] Make make_;
};

template <class T, class Make>
void bits::append(std::vector<T>& to, std::size_t from, std::size_t n, Make make) const {
  if (width_ == 0) {
    to.insert(to.end(), n, make(0));
  } else {
    to.insert(to.end(), iterator<Make>{*this, from, make}, iterator<Make>{*this, from + n, make});
  }
}

/// Writes numbers of `width` bits, one behind another, and then `finish` what is left of them: bytes_of(n,
/// width) bytes, and none behind. (Eight at a time: to load again what was just stored elsewhere would be
/// waited for.)
class bits_writer {
 public:
  bits_writer(char* to, unsigned width) noexcept : to_{to}, width_{width} {}
  void put(std::uint64_t n) noexcept {
    word_ |= n << filled_;
    filled_ += width_;
    if (filled_ < 64) return;
    store_le(to_, word_);
    to_ += sizeof word_, filled_ -= 64;
    word_ = filled_ == 0 ? 0 : n >> (width_ - filled_);
  }
  void finish() noexcept { std::memcpy(to_, &word_, (filled_ + 7) / 8); }

 private:
  char* to_;
  unsigned width_, filled_ = 0;  // bits of word_, always below 64
  std::uint64_t word_ = 0;
};

}  // namespace datolite::datoms::packed
