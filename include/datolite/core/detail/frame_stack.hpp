// frame_stack: the explicit stack of a walk through nested values.
//
// Values can be nested deeper than the machine's stack allows recursion, so every walk keeps its own frames:
// the first few here, where they cost no allocation, then all of them on the heap.
#pragma once

#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>

namespace datolite::detail {

/// Not copyable; used by one thread.
template <class Frame, std::size_t Near = 8>
class frame_stack {
  static_assert(std::is_trivially_copyable_v<Frame> && alignof(Frame) <= alignof(std::max_align_t));

 public:
  frame_stack() noexcept {}
  frame_stack(const frame_stack&) = delete;
  frame_stack& operator=(const frame_stack&) = delete;
  ~frame_stack() {
    if (frames_ != near_) ::operator delete(frames_);
  }

  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }

  void push(const Frame& frame) {
    if (size_ == capacity_) grow();
    frames_[size_++] = frame;
  }
  Frame& top() noexcept { return frames_[size_ - 1]; }  ///< REQUIRES: !empty()
  void pop() noexcept { --size_; }                      ///< REQUIRES: !empty()

 private:
  void grow() {
    auto* larger = static_cast<Frame*>(::operator new(2 * capacity_ * sizeof(Frame)));
    std::memcpy(larger, frames_, size_ * sizeof(Frame));
    if (frames_ != near_) ::operator delete(frames_);
    frames_ = larger;
    capacity_ *= 2;
  }

  Frame near_[Near];
  Frame* frames_ = near_;
  std::size_t size_ = 0;
  std::size_t capacity_ = Near;
};

}  // namespace datolite::detail
