// tree_far: byte strings that stand outside the leaves of a sorted_map, and those that separate its nodes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include <datolite/core/bytes.hpp>
#include <datolite/core/detail/tree_slots.hpp>

namespace datolite::detail {

/// A counted byte string outside the nodes; empty handle or one holder's share.
class remote_bytes {
 public:
  remote_bytes() noexcept = default;
  explicit remote_bytes(bytes_view text) {
    shared_ = ::new (::operator new(sizeof(shared) + text.size())) shared{{}, text.size()};
    if (!text.empty()) std::memcpy(static_cast<void*>(shared_ + 1), text.data(), text.size());
  }
  remote_bytes(const remote_bytes& o) noexcept : shared_{o.shared_} {
    if (shared_ != nullptr) shared_->holders.retain();
  }
  remote_bytes(remote_bytes&& o) noexcept : shared_{std::exchange(o.shared_, nullptr)} {}
  remote_bytes& operator=(remote_bytes o) noexcept {
    std::swap(shared_, o.shared_);
    return *this;
  }
  ~remote_bytes() {
    if (shared_ == nullptr || !shared_->holders.release()) return;
    std::destroy_at(shared_);
    ::operator delete(shared_);
  }

  explicit operator bool() const noexcept { return shared_ != nullptr; }
  bytes_view view() const noexcept { return {reinterpret_cast<const char*>(shared_ + 1), shared_->size}; }

  /// The share as a plain address in a leaf's heap, and back.
  static constexpr std::size_t stored_size = sizeof(void*);
  void store(char* to) && noexcept {
    std::memcpy(to, &shared_, stored_size);
    shared_ = nullptr;
  }
  static remote_bytes take(const char* from) noexcept {
    remote_bytes r;
    std::memcpy(&r.shared_, from, stored_size);
    return r;
  }
  static bytes_view view_at(const char* from) noexcept {
    const shared* s = nullptr;
    std::memcpy(&s, from, stored_size);
    return {reinterpret_cast<const char*>(s + 1), s->size};
  }
  static void retain_at(const char* from) noexcept {
    const shared* s = nullptr;
    std::memcpy(&s, from, stored_size);
    s->holders.retain();
  }

 private:
  struct shared {
    holder_count holders;
    std::size_t size;
  };
  shared* shared_ = nullptr;
};

/// The key of an inner node: a short byte string inline, a long one counted.
class byte_separator {
 public:
  explicit byte_separator(bytes_view text)
      : size_{static_cast<std::uint32_t>(std::min(text.size(), far_size))} {
    if (size_ <= inline_size) {
      if (size_ != 0) std::memcpy(text_, text.data(), size_);
    } else {
      size_ = far_size;
      remote_bytes{text}.store(text_);
    }
  }
  byte_separator(const byte_separator& o) noexcept { *this = o; }
  byte_separator& operator=(const byte_separator& o) noexcept {
    if (o.far()) remote_bytes::retain_at(o.text_);
    drop();
    std::memcpy(static_cast<void*>(this), &o, sizeof(o));
    return *this;
  }
  ~byte_separator() { drop(); }

  bytes_view view() const noexcept { return far() ? remote_bytes::view_at(text_) : bytes_view{text_, size_}; }

 private:
  static constexpr std::size_t inline_size = 20;
  static constexpr std::size_t far_size = 0xFFFF;
  bool far() const noexcept { return size_ == far_size; }
  void drop() noexcept {
    if (far()) remote_bytes::take(text_);
    size_ = 0;
  }

  std::uint32_t size_ = 0;
  char text_[inline_size];
};

}  // namespace datolite::detail
