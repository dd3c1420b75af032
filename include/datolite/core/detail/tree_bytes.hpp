// tree_bytes: how the leaves of a sorted_map keep entries whose key is a byte string.
//
// Keys and values stand packed in one heap of bytes a leaf, found through a table of offsets: no object and
// no allocation an entry, copying a leaf is copying two arrays, and a scan reads memory in order. Long ones
// live outside, counted, so that a leaf stays small whatever it holds. The separators of inner nodes are the
// shortest strings that separate.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <utility>

#include <datolite/core/bytes.hpp>
#include <datolite/core/detail/tree_far.hpp>
#include <datolite/core/detail/tree_objects.hpp>
#include <datolite/core/detail/tree_slots.hpp>
#include <datolite/core/detail/tree_words.hpp>

namespace datolite::detail {

/// How a mapped type is shown, and what of it is stored.
template <class T>
struct stored_mapped;

struct stored_form {
  bytes_view text;
  bool absent = false;
};

template <>
struct stored_mapped<unit> {
  using shown = unit;
  static stored_form store(unit) noexcept { return {}; }
  static unit show(stored_form) noexcept { return {}; }
};
template <>
struct stored_mapped<bytes> {
  using shown = bytes_view;
  static stored_form store(bytes_view text) noexcept { return {text}; }
  static bytes_view show(stored_form s) noexcept { return s.text; }
};
template <>
struct stored_mapped<std::optional<bytes>> {
  using shown = std::optional<bytes_view>;
  static stored_form store(std::optional<bytes_view> text) noexcept {
    return text ? stored_form{*text} : stored_form{{}, true};
  }
  static std::optional<bytes_view> show(stored_form s) noexcept {
    if (s.absent) return std::nullopt;
    return s.text;
  }
};

/// An entry on its way into a leaf. The views are the caller's; what must not fail later is allocated
/// already. `retired` keeps a replaced heap, to which the views may point, until the entry is in.
struct staged_bytes {
  bytes_view key_text;
  stored_form mapped;
  remote_bytes far_key;
  remote_bytes far_mapped;
  std::unique_ptr<char[]> retired;

  bytes_view key() const noexcept { return key_text; }
};

template <std::size_t N>
class byte_block {
 public:
  static constexpr std::size_t capacity = N;
  static constexpr std::size_t longest_near = 248;  ///< bytes of a key, or of a value, that stand in the leaf

  byte_block() noexcept = default;
  byte_block(const byte_block& o, const staged_bytes* next) {
    copy_from(o, next != nullptr ? stored_size(*next) + o.live_ / 16 : 0);
    for (std::size_t i = 0; i < size_; ++i) retain(table_[i]);
  }
  byte_block& operator=(const byte_block&) = delete;
  ~byte_block() {
    for (std::size_t i = 0; i < size_; ++i) drop(table_[i]);
  }

  std::size_t size() const noexcept { return size_; }
  bytes_view key(std::size_t i) const noexcept {
    const place& p = table_[i];
    const char* at = heap_.get() + p.offset;
    return p.key_size == far ? remote_bytes::view_at(at) : bytes_view{at, p.key_size};
  }
  stored_form mapped(std::size_t i) const noexcept {
    const place& p = table_[i];
    const char* at = heap_.get() + p.offset + near_size(p.key_size);
    if (p.mapped_size == absent) return {{}, true};
    return {p.mapped_size == far ? remote_bytes::view_at(at) : bytes_view{at, p.mapped_size}};
  }
  void prefetch() const noexcept { prefetch_array(this, &table_); }

  auto key_at() const noexcept {
    return [this](std::size_t i) { return key(i); };
  }
  template <bool at_most, class Probe, class Compare>
  std::size_t search(const Probe& probe, const Compare& less) const {
    return search_keys<at_most>(size_, bytes_view{probe}, less, key_at(), words_);
  }

  /// The entry whose key equals `probe`; size() if there is none.
  template <class Compare>
  std::size_t find(bytes_view probe, const Compare& less) const {
    const key_run run = words_.locate(size_, probe);
    const std::size_t i =
        run.high - run.low == 1 ? run.low : search_keys<false>(size_, probe, less, key_at(), words_);
    return i < run.high && key(i) == probe ? i : size_;
  }

  static staged_bytes stage(bytes_view key, stored_form mapped) {
    staged_bytes s{key, mapped, {}, {}, {}};
    if (key.size() > longest_near) s.far_key = remote_bytes{key};
    if (mapped.text.size() > longest_near) s.far_mapped = remote_bytes{mapped.text};
    return s;
  }

  void make_room(staged_bytes& next) {
    if (used_ + stored_size(next) > heap_size_) next.retired = regrow(stored_size(next));
  }
  /// As make_room, for the first entry of a block that will fill as `before` has.
  void make_room_like(const byte_block& before, staged_bytes& next) {
    regrow(std::max<std::size_t>(before.live_, stored_size(next)));
  }
  void make_room_to_assign(std::size_t i, staged_bytes& next) {
    if (!fits(i, next)) make_room(next);
  }
  void make_room(const byte_block& from, std::size_t first, std::size_t count) {
    std::size_t needed = 0;
    for (std::size_t i = first; i < first + count; ++i) needed += stored_size(from.table_[i]);
    if (used_ + needed > heap_size_) regrow(needed);
  }

  void insert(std::size_t i, staged_bytes&& s) noexcept {
    table_.insert(size_, i, put(std::move(s)));
    words_.insert(size_++, i, key_at());
  }
  /// Replaces the value of entry i, in its place if it fits.
  void assign(std::size_t i, staged_bytes&& s) noexcept {
    const place old = table_[i];
    const remote_bytes dropped = old.mapped_size == far ? remote_bytes::take(mapped_at(old)) : remote_bytes{};
    if (fits(i, s)) {
      live_ -= static_cast<std::uint32_t>(near_size(old.mapped_size));
      table_[i].mapped_size = put_mapped(s, mapped_at(old));
      live_ += static_cast<std::uint32_t>(near_size(table_[i].mapped_size));
    } else {
      table_[i] = put(std::move(s));
      forget(old);
      if (old.key_size == far) remote_bytes::take(heap_.get() + old.offset);
    }
  }
  void erase(std::size_t i, std::size_t count) noexcept {
    slots<place, capacity> old;
    words_.erase(size_, i, count), table_.take(size_, i, count, old);
    size_ -= static_cast<std::uint32_t>(count);
    for (std::size_t j = 0; j < count; ++j) forget(old[j]), drop(old[j]);
  }
  void splice(std::size_t to, byte_block& from, std::size_t first, std::size_t count) noexcept {
    words_.splice(size_, to, from.words_, first, count, from.size_);
    table_.splice(size_, to, from.table_, first, count, from.size_);
    size_ += static_cast<std::uint32_t>(count), from.size_ -= static_cast<std::uint32_t>(count);
    for (std::size_t i = to; i < to + count; ++i) {
      from.forget(table_[i]);
      table_[i].offset = put(from.heap_.get() + table_[i].offset, stored_size(table_[i]));
    }
    words_.settle(size_, key_at()), from.words_.settle(from.size_, from.key_at());
  }

 private:
  static constexpr std::uint16_t far = 0xFFFF;
  static constexpr std::uint16_t absent = 0xFFFE;

  struct place {
    std::uint32_t offset;
    std::uint16_t key_size;
    std::uint16_t mapped_size;
  };

  static std::size_t near_size(std::uint16_t size) noexcept {
    return size == far ? remote_bytes::stored_size : size == absent ? 0 : size;
  }
  static std::size_t stored_size(const place& p) noexcept {
    return near_size(p.key_size) + near_size(p.mapped_size);
  }
  static std::size_t stored_size(const staged_bytes& s) noexcept {
    return (s.far_key ? remote_bytes::stored_size : s.key_text.size()) + stored_mapped_size(s);
  }

  static std::size_t stored_mapped_size(const staged_bytes& s) noexcept {
    return s.far_mapped ? remote_bytes::stored_size : s.mapped.text.size();
  }
  bool fits(std::size_t i, const staged_bytes& s) const noexcept {
    return stored_mapped_size(s) <= near_size(table_[i].mapped_size);
  }
  char* mapped_at(const place& p) const noexcept { return heap_.get() + p.offset + near_size(p.key_size); }
  void retain(const place& p) const noexcept {
    if (p.key_size == far) remote_bytes::retain_at(heap_.get() + p.offset);
    if (p.mapped_size == far) remote_bytes::retain_at(mapped_at(p));
  }
  void drop(const place& p) noexcept {
    if (p.key_size == far) remote_bytes::take(heap_.get() + p.offset);
    if (p.mapped_size == far) remote_bytes::take(mapped_at(p));
  }
  void forget(const place& p) noexcept { live_ -= static_cast<std::uint32_t>(stored_size(p)); }

  std::uint32_t put(const char* text, std::size_t size) noexcept {
    if (size != 0) std::memcpy(heap_.get() + used_, text, size);
    const std::uint32_t at = used_;
    used_ += static_cast<std::uint32_t>(size), live_ += static_cast<std::uint32_t>(size);
    return at;
  }
  /// Writes the value (which may stand at that very place) and returns the size that the table keeps of it.
  static std::uint16_t put_mapped(staged_bytes& s, char* to) noexcept {
    if (s.far_mapped) {
      std::move(s.far_mapped).store(to);
      return far;
    }
    if (!s.mapped.text.empty()) std::memmove(to, s.mapped.text.data(), s.mapped.text.size());
    return s.mapped.absent ? absent : static_cast<std::uint16_t>(s.mapped.text.size());
  }
  place put(staged_bytes&& s) noexcept {
    place p{used_, far, 0};
    const auto all = static_cast<std::uint32_t>(stored_size(s));
    char* to = heap_.get() + used_;
    used_ += all, live_ += all;
    if (s.far_key) {
      std::move(s.far_key).store(to);
    } else {
      p.key_size = static_cast<std::uint16_t>(s.key_text.size());
      if (!s.key_text.empty()) std::memcpy(to, s.key_text.data(), s.key_text.size());
    }
    p.mapped_size = put_mapped(s, to + near_size(p.key_size));
    return p;
  }

  /// A heap with room for `needed` more bytes, the live ones packed; returns the old one.
  std::unique_ptr<char[]> regrow(std::size_t needed) {
    const std::size_t wanted = live_ + needed;
    std::unique_ptr<char[]> old;
    const std::size_t typical =
        size_ == 0 ? 0 : wanted * std::min<std::size_t>(N, 2 * size_ + 2) / (size_ + 1);
    auto fresh = std::make_unique_for_overwrite<char[]>(std::max(wanted, typical));
    pack(*this, fresh.get());
    old = std::exchange(heap_, std::move(fresh));
    heap_size_ = static_cast<std::uint32_t>(std::max(wanted, typical)), used_ = live_;
    return old;
  }
  /// A copy with room for `more` bytes, the gaps left out if they are worth it.
  void copy_from(const byte_block& o, std::size_t more) {
    const bool as_it_is = o.used_ - o.live_ <= o.live_ / 4;
    const std::size_t room = (as_it_is ? o.used_ : o.live_) + more;
    heap_ = std::make_unique_for_overwrite<char[]>(room);
    heap_size_ = static_cast<std::uint32_t>(room);
    words_.copy(o.words_, o.size_), table_.copy(o.table_, o.size_);
    size_ = o.size_, live_ = o.live_;
    if (as_it_is) {
      used_ = o.used_;
      if (used_ != 0) std::memcpy(heap_.get(), o.heap_.get(), used_);
    } else {
      used_ = live_;
      pack(o, heap_.get());
    }
  }
  void pack(const byte_block& from, char* to) noexcept {
    std::uint32_t at = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      const auto size = static_cast<std::uint32_t>(stored_size(table_[i]));
      if (size != 0) std::memcpy(to + at, from.heap_.get() + from.table_[i].offset, size);
      table_[i].offset = at, at += size;
    }
  }

  std::uint32_t size_ = 0;
  std::uint32_t used_ = 0;  ///< bytes of the heap, from its front
  std::uint32_t live_ = 0;  ///< those of them that an entry still has
  std::uint32_t heap_size_ = 0;
  std::unique_ptr<char[]> heap_;
  byte_words<N> words_;
  slots<place, N> table_;
};

template <class T, class Compare>
struct byte_layout {
  static constexpr bool is_set = std::is_same_v<T, unit>;
  using codec = stored_mapped<T>;
  using key_type = bytes;
  using compare = Compare;
  using key_ref = bytes_view;
  using mapped_ref = typename codec::shown;
  using found_t = std::optional<std::conditional_t<is_set, bytes_view, mapped_ref>>;
  using reference = std::conditional_t<is_set, bytes_view, std::pair<bytes_view, mapped_ref>>;
  using key_arg = bytes_view;
  using mapped_arg = typename codec::shown;
  using separator = byte_separator;
  static constexpr bool keys_in_node = true;
  using staged = staged_bytes;
  static constexpr bool exact_separators = false;
  static constexpr std::size_t leaf_capacity = 64;

  static bytes_view key_of(const separator& s) noexcept { return s.view(); }

  class block : public byte_block<leaf_capacity> {
   public:
    using byte_block<leaf_capacity>::byte_block;
    mapped_ref mapped(std::size_t i) const noexcept {
      return codec::show(byte_block<leaf_capacity>::mapped(i));
    }
  };

  static staged stage(bytes_view key, mapped_arg mapped) { return block::stage(key, codec::store(mapped)); }

  static separator shortest_between(bytes_view low, bytes_view high) {
    const std::size_t same = static_cast<std::size_t>(
        std::mismatch(low.begin(), low.end(), high.begin(), high.end()).second - high.begin());
    return separator{high.substr(0, same + 1)};
  }
  static separator separator_at(const block& b, std::size_t i) {
    return shortest_between(b.key(i - 1), b.key(i));
  }
  static separator separator_before(const block& left, const staged& next) {
    return shortest_between(left.key(left.size() - 1), next.key());
  }
  static bool belongs_left(const staged& s, const separator& bar) noexcept { return s.key() < bar.view(); }
};

}  // namespace datolite::detail
