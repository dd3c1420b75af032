// hash: mixing words and bytes, seeded once a process so that nobody can prepare colliding input.
#pragma once

#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>

namespace datolite::detail {

__extension__ using wide_word = unsigned __int128;

/// Multiplies to 128 bits and folds.
inline std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
  const wide_word product = static_cast<wide_word>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// Different in each process, as far as the system places stack and heap at random.
inline std::uint64_t hash_seed() noexcept {
  static const std::uint64_t seed = [] {
    const int on_stack = 0;
    void* const on_heap = ::operator new(1);
    const auto places = fold(reinterpret_cast<std::uintptr_t>(&on_stack) ^ 0x9E37'79B9'7F4A'7C15u,
                             reinterpret_cast<std::uintptr_t>(on_heap) ^ 0xD1B5'4A32'D192'ED03u);
    ::operator delete(on_heap);
    return places;
  }();
  return seed;
}

inline std::uint64_t hash_both(std::uint64_t a, std::uint64_t b) noexcept {
  return fold(a ^ 0xA076'1D64'78BD'642Fu, b ^ 0xE703'7ED1'A0B4'28DBu);
}

inline std::uint64_t hash_word(std::uint64_t word) noexcept {
  return hash_both(word ^ hash_seed(), 0x8EBC'6AF0'9C88'C6E3u);
}

inline std::uint64_t hash_bytes(std::string_view bytes, std::uint64_t salt) noexcept {
  std::uint64_t hash = hash_seed() ^ fold(salt + 1, 0x5895'8CB7'9D2F'3A41u) ^ bytes.size();
  const auto word_at = [&bytes](std::size_t i, std::size_t size) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, size);
    return word;
  };
  std::size_t i = 0;
  for (; i + 16 <= bytes.size(); i += 16) hash = hash_both(hash ^ word_at(i, 8), word_at(i + 8, 8));
  const std::size_t left = bytes.size() - i;
  if (left > 8) return hash_both(hash ^ word_at(i, 8), word_at(i + 8, left - 8));
  return hash_both(hash ^ (left == 0 ? 0 : word_at(i, left)), 0x1D8E'4E27'C47D'124Fu);
}

}  // namespace datolite::detail
