// spare_memory: the buffers of an execution, kept by the thread for its next one.
//
// An execution makes and drops some hundred buffers of a few hundred bytes. A thread keeps at most 16 of each
// size, 130 kB in all (kept_buffers.hpp says why).
#pragma once

#include <bit>
#include <cstddef>
#include <limits>
#include <new>

#include <datolite/core/kept_buffers.hpp>

namespace datolite::query::detail {

/// Each size twice the one before.
struct spare_sizes {
  static constexpr std::size_t least = 32, most = 4096, count = 8;
  static constexpr std::size_t most_of_a_size = 16;
  static constexpr std::size_t most_bytes = std::numeric_limits<std::size_t>::max();
  static std::size_t number_of(std::size_t n) noexcept {
    constexpr auto bits = [](std::size_t size) { return static_cast<std::size_t>(std::bit_width(size)); };
    return n <= least ? 0 : bits(n - 1) - bits(least - 1);
  }
  static std::size_t size_of(std::size_t number) noexcept { return least << number; }
};
static_assert(spare_sizes::least << (spare_sizes::count - 1) == spare_sizes::most);

using spare_memory = datolite::detail::kept_buffers<spare_sizes>;

/// Gives containers such memory.
template <class T>
struct spare_allocator {
  using value_type = T;

  spare_allocator() noexcept = default;
  template <class U>
  spare_allocator(const spare_allocator<U>&) noexcept {}

  T* allocate(std::size_t n) {
    static_assert(alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
    if (n > std::numeric_limits<std::size_t>::max() / sizeof(T)) throw std::bad_array_new_length{};
    return static_cast<T*>(spare_memory::take(n * sizeof(T)));
  }
  void deallocate(T* given, std::size_t n) noexcept { spare_memory::give_back(given, n * sizeof(T)); }

  template <class U>
  bool operator==(const spare_allocator<U>&) const noexcept {
    return true;
  }
};

}  // namespace datolite::query::detail
