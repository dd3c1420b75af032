// byte_arena: where a transaction keeps the bytes of its changes.
//
// Bytes are appended to blocks, never move, and are never overwritten, so that views of them may be kept in a
// map and shown to the user. Copies of an arena share its blocks, and may go on appending to the block they
// share: room is handed out by an atomic counter, and no two owners are handed the same. A block goes when
// the last arena that can reach it goes.
//
// Threads: different arenas may be used by different threads even where they share blocks.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

namespace datolite::txn::detail {

class byte_arena {
 public:
  byte_arena() noexcept = default;
  byte_arena(const byte_arena& other) noexcept : head_{other.head_} {
    if (head_ != nullptr) head_->holders.fetch_add(1, std::memory_order_relaxed);
  }
  byte_arena(byte_arena&& other) noexcept : head_{std::exchange(other.head_, nullptr)} {}
  byte_arena& operator=(byte_arena other) noexcept {
    std::swap(head_, other.head_);
    return *this;
  }
  ~byte_arena() { release(head_); }

  /// Room for `size` bytes that nobody else is given. Amortised O(1); one allocation a block.
  char* take(std::size_t size) {
    if (head_ != nullptr) {
      const std::size_t at = head_->advance(size);
      if (at + size <= head_->capacity) return head_->data() + at;
    }
    return take_from_new_block(size);
  }

  /// The bytes of all blocks that this arena keeps alive, used or not.
  std::size_t reserved() const noexcept { return head_ == nullptr ? 0 : head_->reserved; }

 private:
  static constexpr std::size_t first_block = 448;
  static constexpr std::size_t largest_block = 64 * 1024;  // but for a single piece that is larger

  struct block {
    std::atomic<std::uint32_t> holders{1};
    std::atomic<std::size_t> used{0};
    std::size_t capacity;
    std::size_t reserved;  // of this block and all before it
    block* previous;       // this block holds it

    block(std::size_t room, block* before)
        : capacity{room}, reserved{room + (before == nullptr ? 0 : before->reserved)}, previous{before} {}
    char* data() noexcept { return reinterpret_cast<char*>(this + 1); }

    std::size_t advance(std::size_t size) noexcept {
      if (holders.load(std::memory_order_acquire) != 1)
        return used.fetch_add(size, std::memory_order_relaxed);
      const std::size_t at = used.load(std::memory_order_relaxed);  // no other owner: no atomic step needed
      used.store(at + size, std::memory_order_relaxed);
      return at;
    }
  };

  /// Blocks that a thread keeps for its next transaction: giving them back to the system each time would cost
  /// more than all else that a transaction of some hundred changes does.
  class spare_blocks {
   public:
    static block* take(std::size_t size) noexcept {
      if (size > largest_block || count_ == 0) return nullptr;
      return kept_[--count_];
    }
    static bool keep(block* b) noexcept {
      if (b->capacity != largest_block || count_ == most_ || ended_) return false;
      thread_local const at_thread_end free_them;
      kept_[count_++] = b;
      return true;
    }

   private:
    struct at_thread_end {
      at_thread_end() noexcept = default;
      ~at_thread_end() {
        ended_ = true;
        while (count_ != 0) ::operator delete(kept_[--count_]);
      }
    };

    static constexpr std::size_t most_ = 2;
    // Trivially destructible, so that a transaction may still end after they did.
    static inline thread_local constinit block* kept_[most_] = {};
    static inline thread_local constinit std::size_t count_ = 0;
    static inline thread_local constinit bool ended_ = false;
  };

  char* take_from_new_block(std::size_t size) {
    std::size_t room = head_ == nullptr ? first_block : std::min(2 * head_->capacity, largest_block);
    if (size > room / 2) room = size + std::max(size / 8, first_block);  // some slack for small ones after it
    void* place = spare_blocks::take(size);
    if (place != nullptr) {
      room = largest_block;
    } else {
      place = ::operator new(sizeof(block) + room);
    }
    head_ = ::new (place) block{room, head_};  // takes over our hold on the block before
    head_->used.store(size, std::memory_order_relaxed);
    return head_->data();
  }

  static void release(block* last) noexcept {
    while (last != nullptr && last->holders.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      block* before = last->previous;
      if (!spare_blocks::keep(last)) ::operator delete(last);
      last = before;
    }
  }

  block* head_ = nullptr;
};

}  // namespace datolite::txn::detail
