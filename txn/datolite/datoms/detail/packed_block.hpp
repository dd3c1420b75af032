// The definitions of packed_block.hpp: reading a block's head, and columns of its values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include <datolite/core/bytes.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/value.hpp>
#include <datolite/core/value_batch.hpp>
#include <datolite/datoms/detail/hash.hpp>
#include <datolite/datoms/packed_bits.hpp>
#include <datolite/datoms/packed_block.hpp>

namespace datolite::datoms::packed {

inline block::block(bytes_view key, bytes_view stored, bool verify) {
  const auto fail = [&](std::string_view why) { detail::throw_corrupt(key, why); };
  if (stored.size() < detail::block_head + bits_padding) fail("is too short for a block");
  const char* const head = stored.data();
  const auto version = static_cast<unsigned char>(head[8]);
  if (version > block_version) {
    throw error{error_category::unsupported, "db.error/newer-format",
                "a block of datoms has the format version " + std::to_string(version) +
                    "; this library knows versions up to " + std::to_string(block_version) +
                    ": use a newer one"};
  }
  if (verify && load_le<std::uint64_t>(head) != datoms::detail::checksum(key, stored.substr(8)))
    fail("does not match its checksum");
  const auto form = static_cast<unsigned char>(head[9]);
  if (version == 0 || form > 7) fail("is no block of datoms");
  order_ = static_cast<index_order>(form & 3);
  past_ = (form & 4) != 0;
  const std::size_t groups = load_le<std::uint16_t>(head + 10);
  size_ = load_le<std::uint32_t>(head + 12);
  e_base_ = load_le<std::int64_t>(head + 16);
  t_base_ = load_le<std::int64_t>(head + 24);
  text_count_ = load_le<std::uint32_t>(head + 32);
  const std::size_t text_bytes = load_le<std::uint32_t>(head + 36);
  const auto width = [&](std::size_t at) { return static_cast<unsigned char>(head[40 + at]); };
  std::size_t left = stored.size() - bits_padding;
  const char* at = head;
  const auto skip = [&](std::size_t n) {
    if (n > left) fail("claims more than it has room for");
    at += n, left -= n;
  };
  const auto column = [&](std::size_t n, unsigned w) {
    if (!is_width(w)) fail("has a column of a width that there is not");
    const bits made{at, w};
    skip(bytes_of(n, w));
    return made;
  };
  skip(detail::block_head);
  const char* const group_at = at;
  skip(groups * detail::group_size);
  groups_.resize(groups);
  for (std::size_t i = 0; i < groups; ++i) {
    const char* const one = group_at + i * detail::group_size;
    const auto k = static_cast<unsigned char>(one[4]);
    if (k > static_cast<unsigned char>(kind::tagged)) fail("has a value of a kind that there is not");
    groups_[i] = {load_le<std::uint32_t>(one), static_cast<kind>(k), load_le<std::int64_t>(one + 8)};
  }
  e_ = column(size_, width(0)), t_ = column(size_, width(1));
  lasted_ = column(past_ ? size_ : 0, width(2));
  group_ = column(size_, width(3)), slot_ = column(size_, width(4));
  text_ends_ = column(text_count_, width(5));
  texts_ = at;
  skip(text_bytes);
  if (verify) check_slots(key, text_bytes);
}

/// After this no reading can leave the block.
inline void block::check_slots(bytes_view key, std::size_t text_bytes) const {
  std::uint64_t last = 0;
  for (std::size_t i = 0; i < text_count_; ++i) {
    if (text_ends_[i] < last) detail::throw_corrupt(key, "has texts out of order");
    last = text_ends_[i];
  }
  if (last > text_bytes) detail::throw_corrupt(key, "has a text that ends outside");
  for (std::size_t i = 0; i < size_; ++i) {
    if (group_[i] >= groups_.size() || (!detail::is_word(group_of(i).kind) && slot_[i] >= text_count_)) {
      detail::throw_corrupt(key, "has a row that names what is not there");
    }
  }
}

template <class Row, class EachSlot>
void block::append_values(std::vector<value>& to, std::size_t n, texts& memo, Row&& row,
                          EachSlot&& each_slot) const {
  const std::size_t at = to.size();
  if (groups_.size() != 1) {
    to.reserve(at + n);
    for (std::size_t i = 0; i < n; ++i) {
      const group& in = group_of(row(i));
      const std::uint64_t slot = slot_[row(i)];
      to.push_back(detail::is_word(in.kind) ? value_in(in, slot) : memo.get(*this, in, slot));
    }
    return;
  }
  const group& all = groups_.front();
  to.resize(at + n);
  value* const out = to.data() + at;
  // Each is made where it stands: one that is made elsewhere and moved is written in parts and read as a
  // whole, for which the processor waits.
  const auto fill = [&](auto make) {
    each_slot([out, make](std::size_t i, std::uint64_t slot) {
      ::new (static_cast<void*>(out + i)) value(make(slot));
    });
  };
  if (as_words(all, fill)) return;
  memo.expect(n);
  value_batch_writer by;
  if (const value* const by_slot = memo.all(*this, all, n)) {
    each_slot([&](std::size_t i, std::uint64_t slot) { by.copy(out + i, by_slot[slot]); });
  } else if (memo.shares(*this, all, n)) {
    each_slot([&](std::size_t i, std::uint64_t slot) { by.copy(out + i, memo.shared(*this, all, slot)); });
  } else {
    each_slot([&](std::size_t i, std::uint64_t slot) { memo.make_at(out + i, by, *this, all, slot); });
  }
}

}  // namespace datolite::datoms::packed
