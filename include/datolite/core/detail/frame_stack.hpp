// frame_stack: the explicit stack of a walk through nested values.
//
// Values can be nested deeper than the machine's stack allows recursion, so every walk keeps its own frames:
// the first few here, where they cost no allocation, the rest on the heap.
#pragma once

#include <cstddef>
#include <vector>

namespace datolite::detail {

/// REQUIRES: Frame is trivially copyable. Not copyable; used by one thread.
template <class Frame, std::size_t Near = 8>
class frame_stack {
 public:
  frame_stack() noexcept {}
  frame_stack(const frame_stack&) = delete;
  frame_stack& operator=(const frame_stack&) = delete;

  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }

  void push(const Frame& frame) {
    if (size_ < Near) {
      near_[size_] = frame;
    } else {
      far_.push_back(frame);
    }
    ++size_;
  }

  Frame& top() noexcept { return size_ <= Near ? near_[size_ - 1] : far_.back(); }  ///< REQUIRES: !empty()

  void pop() noexcept {  ///< REQUIRES: !empty()
    if (size_ > Near) far_.pop_back();
    --size_;
  }

 private:
  std::size_t size_ = 0;
  Frame near_[Near];
  std::vector<Frame> far_;
};

}  // namespace datolite::detail
