// kept_buffers: small buffers that a thread gave back, for its next ones.
//
// Of one size an allocator keeps few at hand (glibc seven, and none above a kilobyte); the others are merged
// with free memory beside them and cut from it again, and where the heap is large each of that is a walk
// through memory that no cache holds.
//
// The buffers are the allocator's, so that any thread may give them back, and a thread's are freed when it
// ends. (A pool of std::pmr belongs to one thread and must outlive all that it gave.) Under the address
// sanitizer nothing is kept, so that it sees each use of what was given back.
//
// `Sizes` says which buffers are kept:
//   most              the size of the largest, in bytes
//   count             how many sizes there are
//   number_of(n)      the number of the least size that serves n bytes; REQUIRES: n <= most
//   size_of(number)   in bytes, at least a pointer's
//   most_of_a_size    how many buffers of each size a thread keeps, at most
//   most_bytes        how many bytes in all
#pragma once

#include <array>
#include <cstddef>
#include <new>

namespace datolite::detail {

template <class Sizes>
class kept_buffers {
 public:
#if defined(__SANITIZE_ADDRESS__)
  static constexpr bool keeps = false;
#elif defined(__has_feature)
  static constexpr bool keeps = !__has_feature(address_sanitizer);
#else
  static constexpr bool keeps = true;
#endif

  /// Memory for `size` bytes, as `::operator new` aligns it and throws.
  static void* take(std::size_t size) {
    if (size > Sizes::most) return ::operator new(size);
    const std::size_t number = Sizes::number_of(size);
    list& in = kept_[number];
    if (in.first == nullptr) return ::operator new(Sizes::size_of(number));
    buffer* const taken = in.first;
    in.first = taken->next;
    prefetch(in.first, Sizes::size_of(number));
    --in.count;
    kept_bytes_ -= Sizes::size_of(number);
    return taken;
  }
  /// `size` is what `given` was taken for, by whatever thread.
  static void give_back(void* given, std::size_t size) noexcept {
    if (size > Sizes::most || !keep(given, Sizes::number_of(size))) ::operator delete(given);
  }

  /// How many bytes this thread keeps.
  static std::size_t kept_bytes() noexcept { return kept_bytes_; }

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

  /// Asks memory for the buffer that is taken next, or its beginning: what lies in the list was written long
  /// ago.
  static void prefetch(const buffer* next, std::size_t bytes) noexcept {
    constexpr std::size_t line = 64, most = 8 * line;
    for (std::size_t at = 0; at < bytes && at < most; at += line)
      __builtin_prefetch(reinterpret_cast<const std::byte*>(next) + at, 1);
  }

  static bool keep(void* given, std::size_t number) noexcept {
    list& in = kept_[number];
    const std::size_t bytes = Sizes::size_of(number);
    if (!keeps || in.count == Sizes::most_of_a_size || kept_bytes_ + bytes > Sizes::most_bytes || ended_)
      return false;
    thread_local const at_thread_end free_them;
    in.first = ::new (given) buffer{in.first};
    ++in.count;
    kept_bytes_ += bytes;
    return true;
  }

  // Trivially destructible, so that buffers may still be given back after they ended.
  static inline thread_local constinit std::array<list, Sizes::count> kept_{};
  static inline thread_local constinit std::size_t kept_bytes_ = 0;
  static inline thread_local constinit bool ended_ = false;
};

}  // namespace datolite::detail
