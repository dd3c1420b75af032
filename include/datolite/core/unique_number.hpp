// unique_number: a number that tells an object from all others that the program ever had.
//
// An address does not: another object may stand there later. A member of this type gives its owner an
// identity that needs not keep it alive. Copies, and what is assigned to, get numbers of their own.
//
// Threads: making one is safe anywhere; each is then as an integer.
#pragma once

#include <atomic>
#include <cstdint>

namespace datolite {

class unique_number {
 public:
  unique_number() noexcept : number_{next()} {}
  unique_number(const unique_number&) noexcept : unique_number{} {}
  unique_number& operator=(const unique_number&) noexcept {
    number_ = next();
    return *this;
  }

  /// Never 0.
  std::uint64_t get() const noexcept { return number_; }

 private:
  static std::uint64_t next() noexcept {
    static constinit std::atomic<std::uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
  }

  std::uint64_t number_;
};

}  // namespace datolite
