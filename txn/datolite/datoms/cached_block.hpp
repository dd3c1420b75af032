// cached_block: the place at a block's entry in the directory where a cache keeps what was read of it.
//
// Threads: any number may look there at once, while one that holds the cache's lock puts or takes.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <thread>
#include <utility>

namespace datolite::datoms::packed {

struct loaded;
using loaded_ptr = std::shared_ptr<const loaded>;

class cached_block {
 public:
  /// Null if nothing is kept. It counts as used.
  loaded_ptr find() const noexcept {
    const locked here{*this};
    used_ = held_ != nullptr;
    return held_;
  }

  // -- for the cache, under its lock

  /// False, and nothing changes, if something is kept already.
  bool put(const loaded_ptr& held, std::size_t size) noexcept {
    const locked here{*this};
    if (held_ != nullptr) return false;
    held_ = held, size_ = size, used_ = false;
    return true;
  }
  /// Nothing is kept from now on.
  loaded_ptr take() noexcept {
    const locked here{*this};
    return std::exchange(held_, nullptr);
  }
  bool has(const loaded& one) const noexcept {
    const locked here{*this};
    return held_.get() == &one;
  }
  /// Was it used since this was asked last?
  bool take_used() noexcept {
    const locked here{*this};
    return std::exchange(used_, false);
  }
  std::size_t size() const noexcept { return size_; }
  void grow(std::size_t by) noexcept { size_ += by; }

 private:
  /// For so long as it takes to copy a pointer.
  class locked {
   public:
    explicit locked(const cached_block& of) noexcept : of_{of} {
      while (of_.busy_.exchange(true, std::memory_order_acquire)) std::this_thread::yield();
    }
    locked(const locked&) = delete;
    ~locked() { of_.busy_.store(false, std::memory_order_release); }

   private:
    const cached_block& of_;
  };

  mutable std::atomic<bool> busy_{false};
  mutable bool used_ = false;
  loaded_ptr held_;
  std::size_t size_ = 0;  // of what is kept; the cache's
};

}  // namespace datolite::datoms::packed
