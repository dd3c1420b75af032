// spare_memory: small buffers that a thread gave back, for its next ones.
//
// An execution makes and drops some hundred buffers of a few hundred bytes. Of one size an allocator keeps
// few at hand (glibc seven, and none above a kilobyte); the others are merged with free memory beside them
// and cut from it again, and where the heap is large each of that is a walk through memory that no cache
// holds.
//
// A thread keeps at most `most_kept` buffers of each size, 130 kB in all; they are the allocator's, so that
// any thread may give them back. Under the address sanitizer nothing is kept.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <limits>
#include <new>

namespace datolite::query::detail {

class spare_memory {
 public:
  static constexpr std::size_t least = 32, most = 4096;  ///< bytes of a buffer that is kept
  static constexpr std::size_t most_kept = 16;           ///< of each size
#if defined(__SANITIZE_ADDRESS__)
  static constexpr bool keeps = false;
#elif defined(__has_feature)
  static constexpr bool keeps = !__has_feature(address_sanitizer);
#else
  static constexpr bool keeps = true;
#endif

  static void* take(std::size_t size) {
    if (size > most) return ::operator new(size);
    const std::size_t number = number_of(size);
    list& in = kept_[number];
    if (in.first == nullptr) return ::operator new(least << number);
    buffer* const taken = in.first;
    in.first = taken->next;
    --in.count;
    return taken;
  }
  /// `size` is what `given` was taken for.
  static void give_back(void* given, std::size_t size) noexcept {
    if (size > most || !keep(given, kept_[number_of(size)])) ::operator delete(given);
  }

  /// How many bytes this thread keeps.
  static std::size_t kept_bytes() noexcept {
    std::size_t bytes = 0;
    for (std::size_t number = 0; number < kept_.size(); ++number)
      bytes += kept_[number].count * (least << number);
    return bytes;
  }

 private:
  struct buffer {
    buffer* next;
  };
  struct list {
    buffer* first;
    std::size_t count;
  };
  struct at_thread_end {
    at_thread_end() noexcept = default;
    ~at_thread_end() {
      ended_ = true;
      for (list& in : kept_) {
        while (in.first != nullptr) {
          buffer* const one = in.first;
          in.first = one->next;
          ::operator delete(one);
        }
      }
    }
  };

  /// Buffers of the size `least << number` serve it. REQUIRES: size <= most.
  static std::size_t number_of(std::size_t size) noexcept {
    constexpr auto bits = [](std::size_t n) { return static_cast<std::size_t>(std::bit_width(n)); };
    return size <= least ? 0 : bits(size - 1) - bits(least - 1);
  }
  static bool keep(void* given, list& in) noexcept {
    if (!keeps || in.count == most_kept || ended_) return false;
    thread_local const at_thread_end free_them;
    in.first = ::new (given) buffer{in.first};
    ++in.count;
    return true;
  }

  // Trivially destructible, so that buffers may still be given back after they ended.
  static inline thread_local constinit std::array<list, 8> kept_{};
  static inline thread_local constinit bool ended_ = false;
};

static_assert(spare_memory::least << 7 == spare_memory::most);

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
