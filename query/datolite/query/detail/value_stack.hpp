// value_stack: values on a stack, put and taken away without a call.
//
// The slots beyond its top are nil, so that a value is put by a plain copy of its bytes. Used by one thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <datolite/core/value.hpp>

namespace datolite::query::detail {

class value_stack {
 public:
  std::size_t size() const noexcept { return size_; }
  value& operator[](std::size_t at) noexcept { return slots_[at]; }
  const value& operator[](std::size_t at) const noexcept { return slots_[at]; }

  void push(const value& v) { std::construct_at(free_slot(), v); }
  void push(value&& v) { std::construct_at(free_slot(), std::move(v)); }

  /// Those from `first` on; valid until the next push.
  std::span<value> from(std::size_t first) noexcept {
    return std::span{slots_}.subspan(first, size_ - first);
  }

  /// REQUIRES: those from `size` on are nil, as value::from_moved leaves them.
  void drop_nils(std::size_t size) noexcept { size_ = size; }

  /// Lets go of those from `size` on.
  void truncate(std::size_t size) noexcept {
    while (size_ > size) {
      value& top = slots_[--size_];
      std::destroy_at(&top);
      std::construct_at(&top);
    }
  }

 private:
  /// What is there is nil and holds nothing.
  value* free_slot() {
    if (size_ == slots_.size()) [[unlikely]]
      grow();
    return &slots_[size_++];
  }
  void grow() { slots_.resize(std::max<std::size_t>(64, 2 * size_)); }

  std::vector<value> slots_;
  std::size_t size_ = 0;
};

}  // namespace datolite::query::detail
