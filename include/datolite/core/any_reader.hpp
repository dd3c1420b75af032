// any_pinned, any_iterator: what a reader of a type unknown until run time hands out.
//
// They obey the laws of Pinned and Iterator as far as what they hold does. A pinned costs no allocation when
// what it holds is a view or fits the buffer inside; an iterator costs one allocation when it is opened, then
// one virtual call a move: the key is fetched with the move, the value when it is asked for.
//
// Threads: as what they hold.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <datolite/core/bounds.hpp>
#include <datolite/core/bytes.hpp>
#include <datolite/core/iterator.hpp>
#include <datolite/core/reader.hpp>

namespace datolite {

/// A value that `get` found, of any reader. Movable; `view()` is valid while this and its reader live.
class any_pinned {
 public:
  template <class P>
  requires(!std::same_as<P, any_pinned> && Pinned<P>) explicit any_pinned(P held) {
    if constexpr (std::is_trivially_destructible_v<P>) {
      shown_ = held.view();  // owns nothing, so there is nothing to keep
    } else if constexpr (fits<P>) {
      shown_ = (::new (static_cast<void*>(buffer_)) P{std::move(held)})->view();
      keeper_ = &inside<P>;
    } else {
      shown_ = (*::new (static_cast<void*>(buffer_)) P* {new P{std::move(held)}})->view();
      keeper_ = &outside<P>;
    }
  }

  any_pinned(any_pinned&& other) noexcept { take(other); }
  any_pinned& operator=(any_pinned&& other) noexcept {
    if (this != &other) drop(), take(other);
    return *this;
  }
  ~any_pinned() { drop(); }

  bytes_view view() const noexcept { return shown_; }

 private:
  struct keeper {
    bytes_view (*move)(void* from, void* to) noexcept;  // leaves nothing in `from`
    void (*destroy)(void*) noexcept;
  };
  static constexpr std::size_t room = 48;
  template <class P>
  static constexpr bool fits =
      sizeof(P) <= room && alignof(P) <= alignof(std::max_align_t) && std::is_nothrow_move_constructible_v<P>;

  template <class P>
  static constexpr keeper inside{[](void* from, void* to) noexcept -> bytes_view {
                                   P* old = static_cast<P*>(from);
                                   P* moved = ::new (to) P{std::move(*old)};
                                   old->~P();
                                   return moved->view();
                                 },
                                 [](void* at) noexcept { static_cast<P*>(at)->~P(); }};
  template <class P>
  static constexpr keeper outside{[](void* from, void* to) noexcept -> bytes_view {
                                    return (*::new (to) P* {*static_cast<P**>(from)})->view();
                                  },
                                  [](void* at) noexcept { delete *static_cast<P**>(at); }};

  void take(any_pinned& other) noexcept {
    keeper_ = std::exchange(other.keeper_, nullptr);
    shown_ = keeper_ == nullptr ? other.shown_ : keeper_->move(other.buffer_, buffer_);
  }
  void drop() noexcept {
    if (keeper_ != nullptr) keeper_->destroy(buffer_);
    keeper_ = nullptr;
  }

  bytes_view shown_;
  const keeper* keeper_ = nullptr;
  alignas(std::max_align_t) std::byte buffer_[room];
};

namespace detail {

/// An iterator behind virtual calls. A move says whether it ended on a pair, and shows that pair's key.
class erased_iterator {
 public:
  virtual ~erased_iterator() = default;
  virtual bool seek(bytes_view, bytes_view& key) = 0;
  virtual bool seek_for_prev(bytes_view, bytes_view& key) = 0;
  virtual bool seek_first(bytes_view& key) = 0;
  virtual bool seek_last(bytes_view& key) = 0;
  virtual bool next(bytes_view& key) = 0;
  virtual bool prev(bytes_view& key) = 0;
  virtual bool valid() const = 0;
  virtual bytes_view value() const = 0;
};

template <Iterator I>
class iterator_model final : public erased_iterator {
 public:
  explicit iterator_model(I held) : it_{std::move(held)} {}
  bool seek(bytes_view at, bytes_view& key) override { return it_.seek(at), stands(key); }
  bool seek_for_prev(bytes_view at, bytes_view& key) override { return it_.seek_for_prev(at), stands(key); }
  bool seek_first(bytes_view& key) override { return it_.seek_first(), stands(key); }
  bool seek_last(bytes_view& key) override { return it_.seek_last(), stands(key); }
  bool next(bytes_view& key) override { return it_.next(), stands(key); }
  bool prev(bytes_view& key) override { return it_.prev(), stands(key); }
  bool valid() const override { return it_.valid(); }
  bytes_view value() const override { return it_.value(); }

 private:
  bool stands(bytes_view& key) const {
    if (!it_.valid()) return false;
    key = it_.key();
    return true;
  }
  I it_;
};

}  // namespace detail

/// An iterator of any reader. Movable; must not outlive its reader.
class any_iterator {
 public:
  template <class I>
  requires(!std::same_as<I, any_iterator> && Iterator<I>) explicit any_iterator(I held)
      : it_{std::make_unique<detail::iterator_model<I>>(std::move(held))} {}

  void seek(bytes_view at) { moved(it_->seek(at, unsettle())); }
  void seek_for_prev(bytes_view at) { moved(it_->seek_for_prev(at, unsettle())); }
  void seek_first() { moved(it_->seek_first(unsettle())); }
  void seek_last() { moved(it_->seek_last(unsettle())); }
  void next() { moved(it_->next(unsettle())); }
  void prev() { moved(it_->prev(unsettle())); }

  /// REQUIRES of `key` and `value`: valid(). After a move that threw, only another seek makes them usable
  /// again.
  bool valid() const { return place_ == place::unknown ? it_->valid() : place_ == place::pair; }
  bytes_view key() const noexcept { return key_; }
  bytes_view value() const { return it_->value(); }

 private:
  enum class place : unsigned char { end, pair, unknown };

  bytes_view& unsettle() noexcept {
    place_ = place::unknown;
    return key_;
  }
  void moved(bool on_a_pair) noexcept { place_ = on_a_pair ? place::pair : place::end; }

  std::unique_ptr<detail::erased_iterator> it_;
  bytes_view key_;
  place place_ = place::end;  // law 7: a fresh iterator stands at the end
};

namespace detail {

/// A reader behind virtual calls.
class erased_reader {
 public:
  virtual ~erased_reader() = default;
  virtual std::optional<any_pinned> get(bytes_view key) const = 0;
  virtual std::vector<std::optional<any_pinned>> get_many(std::span<const bytes_view> keys) const = 0;
  virtual any_iterator open_iterator(const bounds& b) const = 0;
};

/// The reading half of a model: `Erased` is erased_reader or an interface that extends it.
template <class Erased, Reader R>
class reader_model : public Erased {
 public:
  explicit reader_model(R held) : held_{std::move(held)} {}

  std::optional<any_pinned> get(bytes_view key) const override { return erase(held_.get(key)); }
  std::vector<std::optional<any_pinned>> get_many(std::span<const bytes_view> keys) const override {
    auto found = datolite::get_many(held_, keys);
    std::vector<std::optional<any_pinned>> erased;
    erased.reserve(found.size());
    for (auto& one : found) erased.push_back(erase(std::move(one)));
    return erased;
  }
  any_iterator open_iterator(const bounds& b) const override { return any_iterator{held_.open_iterator(b)}; }

  R held_;

 private:
  static std::optional<any_pinned> erase(std::optional<pinned_t<R>> found) {
    std::optional<any_pinned> erased;
    if (found) erased.emplace(std::move(*found));
    return erased;
  }
};

}  // namespace detail
}  // namespace datolite
