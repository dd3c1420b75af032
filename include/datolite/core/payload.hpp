// payload: the shared part of a value that does not stand in 16 bytes.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>

#include <datolite/core/error.hpp>
#include <datolite/core/kept_buffers.hpp>

namespace datolite::detail {

/// Head of a shared payload; `size` bytes or values follow it.
struct shared_payload {
  std::atomic<std::uint32_t> holders;
  std::uint32_t size;
};

/// Payloads that are kept: of up to 512 bytes, 512 KiB by a thread.
struct payload_sizes {
  static constexpr std::size_t step = 16, most = 512, count = most / step;
  static constexpr std::size_t most_of_a_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t most_bytes = std::size_t{512} << 10;
  static std::size_t number_of(std::size_t n) noexcept { return (n - 1) / step; }  // no payload is empty
  static std::size_t size_of(std::size_t number) noexcept { return (number + 1) * step; }
};
using payload_memory = kept_buffers<payload_sizes>;

/// A payload with one holder. Throws `db.error/value-too-large` if `size` does not fit 32 bits.
inline shared_payload* allocate_payload(std::size_t size, std::size_t bytes_needed) {
  if (size > 0xFFFF'FFFFu) {
    throw error{error_category::exhausted, "db.error/value-too-large", "a value holds at most 4 GiB"};
  }
  void* place = payload_memory::take(sizeof(shared_payload) + bytes_needed);
  return ::new (place) shared_payload{{1}, static_cast<std::uint32_t>(size)};
}

/// `bytes_needed`: as it was allocated for.
inline void free_payload(shared_payload* p, std::size_t bytes_needed) noexcept {
  payload_memory::give_back(p, sizeof(shared_payload) + bytes_needed);
}

}  // namespace datolite::detail
