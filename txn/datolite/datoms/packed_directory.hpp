// packed_directory: where a packed index's blocks are: in memory, and in the engine. docs/format.md specifies
// the bytes.
//
// Each of the eight trees (four orders, current and past apart) has its blocks in one sequence. An entry of
// the directory says of a block under which key the engine has it, how many rows it holds, and a row from
// which on its rows are: the least of them, or one above all of the block before. Entries come in chunks,
// which are what is written, read, and shared by one generation and the next; the manifest names the chunks.
//
// Threads: immutable, but for the mark that a block was verified, and what a cache keeps of it.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <datolite/core/bytes.hpp>
#include <datolite/core/encode.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/sort_prefix.hpp>
#include <datolite/datoms/cached_block.hpp>
#include <datolite/datoms/detail/hash.hpp>
#include <datolite/datoms/detail/varint.hpp>
#include <datolite/datoms/flat_key.hpp>
#include <datolite/datoms/ordered_datoms.hpp>
#include <datolite/datoms/packed_block.hpp>
#include <datolite/datoms/packed_column.hpp>
#include <datolite/datoms/typed_row.hpp>

namespace datolite::datoms::packed {

inline constexpr char manifest_tag = 0x03, chunk_tag = 0x04, fold_tag = 0x05;
inline constexpr char current_tag = 0x40, past_tag = 0x50;  ///< + index_order
inline constexpr unsigned char directory_version = 1;

/// One of the eight sequences of blocks.
struct tree_id {
  index_order order = index_order::eavt;
  bool past = false;
  constexpr std::size_t number() const noexcept {
    return static_cast<std::size_t>(order) * 2 + (past ? 1 : 0);
  }
};
inline constexpr std::size_t tree_count = 8;
constexpr tree_id tree_of(std::size_t number) noexcept {
  return {static_cast<index_order>(number / 2), number % 2 != 0};
}

struct entry {
  row low;
  std::uint32_t rows = 0, size = 0;
  bytes key;
  mutable std::atomic<bool> verified{false};  ///< was the block read, and found whole?
  mutable cached_block cached;                ///< where a cache keeps it

  entry() = default;
  entry(row least, std::uint32_t n, std::uint32_t n_bytes, bytes stands_under)
      : low{std::move(least)}, rows{n}, size{n_bytes}, key{std::move(stands_under)} {}
};
using entry_ptr = std::shared_ptr<const entry>;

/// Entries that are kept together. `number` names the engine's pair.
struct chunk {
  static constexpr std::size_t most = 256;  ///< entries

  std::uint64_t number = 0;
  std::vector<entry_ptr> entries;
};
using chunk_ptr = std::shared_ptr<const chunk>;

inline bytes manifest_key() { return bytes(1, manifest_tag); }
/// Stands there while blocks are written that no directory names yet, or names no more (packed_fold.hpp).
inline bytes fold_mark_key() { return bytes(1, fold_tag); }
inline bytes chunk_key(tree_id of, std::uint64_t number) {
  bytes key{chunk_tag, static_cast<char>(of.number())};
  append_u64(key, number);
  return key;
}

/// The blocks of one tree, in order.
class directory {
 public:
  directory() = default;
  explicit directory(std::vector<chunk_ptr> chunks) : chunks_{std::move(chunks)} {
    std::size_t n = 0;
    for (const chunk_ptr& one : chunks_) n += one->entries.size();
    entries_.reserve(n), words_.reserve(n), before_.reserve(n);
    for (const chunk_ptr& one : chunks_) {
      for (const entry_ptr& e : one->entries) {
        entries_.push_back(&e);
        words_.push_back(prefix::of(e->low));
        before_.push_back(rows_);
        rows_ += e->rows, bytes_ += e->size;
      }
    }
  }
  const std::vector<chunk_ptr>& chunks() const noexcept { return chunks_; }
  std::size_t size() const noexcept { return entries_.size(); }  ///< blocks
  std::uint64_t rows() const noexcept { return rows_; }
  std::uint64_t bytes_held() const noexcept { return bytes_; }
  const entry& operator[](std::size_t i) const noexcept { return **entries_[i]; }
  const entry_ptr& shared(std::size_t i) const noexcept { return *entries_[i]; }
  std::uint64_t rows_before(std::size_t i) const noexcept { return i < before_.size() ? before_[i] : rows_; }

  /// The block in which `x`, a place or a row, lies: the last whose low is before it; 0 if none is. O(log n).
  template <class X>
  std::size_t find(const X& x) const {
    const auto [low, high] = std::equal_range(words_.begin(), words_.end(), prefix::of(x));
    std::size_t from = static_cast<std::size_t>(low - words_.begin());
    std::size_t to = static_cast<std::size_t>(high - words_.begin());
    while (from < to) {
      const std::size_t middle = (from + to) / 2;
      if (is_before((*this)[middle].low, x)) {
        from = middle + 1;
      } else {
        to = middle;
      }
    }
    return from == 0 ? 0 : from - 1;
  }
  /// The same, looked for from the block `from` on: O(log of how many blocks away it is).
  /// REQUIRES: `find` would not give one before it.
  template <class X>
  std::size_t find_from(std::size_t from, const X& x) const {
    const std::uint64_t word = prefix::of(x);
    const std::size_t next = detail::gallop(from + 1, size(), [&](std::size_t i) {
      return words_[i] < word || (words_[i] == word && is_before((*this)[i].low, x));
    });
    return next - 1;
  }
  /// Would `find` give `i`? O(1).
  template <class X>
  bool is_in(std::size_t i, const X& x) const {
    return (i == 0 || is_before((*this)[i].low, x)) && (i + 1 == size() || !is_before((*this)[i + 1].low, x));
  }

 private:
  using prefix = sort_prefix<row, typed::row_less>;
  static bool is_before(const row& low, const place& x) { return typed::row_less{}(low, x); }
  static bool is_before(const row& low, const row& x) { return !typed::row_less{}(x, low); }

  std::vector<chunk_ptr> chunks_;
  std::vector<const entry_ptr*> entries_;  // in the chunks
  std::vector<std::uint64_t> words_, before_;
  std::uint64_t rows_ = 0, bytes_ = 0;
};

/// What the blocks of one generation are, and what they hold.
struct manifest {
  std::uint64_t generation = 0;   ///< how many merges there were
  std::int64_t t = -1;            ///< the blocks hold all transactions up to this one
  std::uint64_t next_number = 1;  ///< of the next chunk or cut key
  std::array<std::vector<std::uint64_t>, tree_count> chunks;  ///< their numbers, by tree
};

namespace detail {

inline bytes sealed(bytes_view key, bytes body) {
  body.insert(0, 9, '\0');
  body[8] = static_cast<char>(directory_version);
  store_le(body.data(), datoms::detail::checksum(key, bytes_view{body}.substr(8)));
  return body;
}

/// Reads what `sealed` made.
class opened {
 public:
  opened(bytes_view key, bytes_view stored) : key_{key}, in_{stored} {
    if (in_.size() < 9) fail("is too short");
    const auto version = static_cast<unsigned char>(in_[8]);
    if (version > directory_version) {
      throw error{error_category::unsupported, "db.error/newer-format",
                  "the directory of blocks has the format version " + std::to_string(version) +
                      "; this library knows versions up to " + std::to_string(directory_version) +
                      ": use a newer one"};
    }
    if (load_le<std::uint64_t>(in_.data()) != datoms::detail::checksum(key, in_.substr(8)))
      fail("does not match its checksum");
    if (version == 0) fail("names the format version 0, which there never was");
    in_.remove_prefix(9);
  }
  std::uint64_t number() {
    const auto n = datoms::detail::take_varint(in_);
    if (!n) fail("is cut short");
    return *n;
  }
  bytes_view text() {
    const std::uint64_t n = number();
    if (n > in_.size()) fail("is cut short");
    const bytes_view out = in_.substr(0, n);
    in_.remove_prefix(n);
    return out;
  }
  value next_value() { return decode_value(in_); }
  bool at_end() const noexcept { return in_.empty(); }
  [[noreturn]] void fail(std::string_view why) const { throw_corrupt(key_, why); }

 private:
  bytes_view key_, in_;
};

}  // namespace detail

inline bytes encode_manifest(const manifest& m) {
  bytes body;
  const auto put = [&](std::uint64_t n) { datoms::detail::put_varint(body, n); };
  put(m.generation), put(static_cast<std::uint64_t>(m.t)), put(m.next_number);
  for (const auto& numbers : m.chunks) {
    put(numbers.size());
    for (const std::uint64_t n : numbers) put(n);
  }
  return detail::sealed(manifest_key(), std::move(body));
}

inline manifest decode_manifest(bytes_view stored) {
  const bytes key = manifest_key();
  detail::opened in{key, stored};
  manifest m;
  m.generation = in.number(), m.t = static_cast<std::int64_t>(in.number()), m.next_number = in.number();
  for (auto& numbers : m.chunks) {
    const std::uint64_t n = in.number();
    if (n > stored.size()) in.fail("claims more chunks than it has room for");
    numbers.resize(n);
    for (std::uint64_t& one : numbers) one = in.number();
  }
  if (!in.at_end()) in.fail("is longer than it should be");
  return m;
}

inline bytes encode_chunk(tree_id of, const chunk& c) {
  bytes body;
  const auto put = [&](std::uint64_t n) { datoms::detail::put_varint(body, n); };
  put(c.entries.size());
  entity_id last = 0;
  for (const entry_ptr& e : c.entries) {
    put(e->key.size() - 1);
    body.append(e->key, 1);
    put(datoms::detail::zigzag(e->low.e - std::exchange(last, e->low.e)));
    put(e->low.a);
    encode_value(body, e->low.v);
    put(static_cast<std::uint64_t>(e->low.t_added));
    put(e->rows), put(e->size);
  }
  return detail::sealed(chunk_key(of, c.number), std::move(body));
}

inline chunk decode_chunk(tree_id of, std::uint64_t number, bytes_view stored) {
  const bytes key = chunk_key(of, number);
  detail::opened in{key, stored};
  chunk c;
  c.number = number;
  const std::uint64_t n = in.number();
  if (n > stored.size()) in.fail("claims more entries than it has room for");
  c.entries.reserve(n);
  entity_id last = 0;
  for (std::uint64_t i = 0; i < n; ++i) {
    auto e = std::make_shared<entry>();
    e->key.assign(1, static_cast<char>((of.past ? past_tag : current_tag) + static_cast<char>(of.order)));
    e->key.append(in.text());
    e->low.order = of.order;
    e->low.e = last += datoms::detail::unzigzag(in.number());
    e->low.a = static_cast<attribute_id>(in.number());
    e->low.v = in.next_value();
    e->low.t_added = static_cast<std::int64_t>(in.number());
    e->rows = static_cast<std::uint32_t>(in.number());
    e->size = static_cast<std::uint32_t>(in.number());
    c.entries.push_back(std::move(e));
  }
  if (!in.at_end()) in.fail("is longer than it should be");
  return c;
}

// -- separators

/// What sorts rows in the engine's keys: the components in the index's order, then T of assertion.
inline void put_row_bytes(bytes& out, const row& r, index_order order) {
  out.clear();
  for (const components c : order_of(order)) {
    if (c == components::e) {
      flat::put_e(out, r.e);
    } else if (c == components::a) {
      flat::put_a(out, r.a);
    } else {
      encode_value(out, r.v);
    }
  }
  append_u64(out, static_cast<std::uint64_t>(r.t_added));
}

/// The shortest bytes that are not below those of `last`, and below those of `next`.
inline bytes upper_separator(bytes_view last, bytes_view next) {
  const auto [x, y] = std::mismatch(last.begin(), last.end(), next.begin(), next.end());
  const auto common = static_cast<std::size_t>(y - next.begin());
  if (common + 1 < next.size()) return bytes{next.substr(0, common + 1)};
  return bytes{last};
}

/// A row that is above `last`, not above `next`, and keeps as little of a long text as it can.
inline row lower_separator(const row& last, const row& next) {
  row low = next;
  low.t_retracted = 0, low.forgotten = false;
  if (!low.v.is_text() || low.v.raw().size() <= value::inline_capacity || last.v.kind() != low.v.kind())
    return low;
  const auto x = last.v.raw(), y = low.v.raw();
  const auto common =
      static_cast<std::size_t>(std::mismatch(x.begin(), x.end(), y.begin(), y.end()).second - y.begin());
  if (common + 1 >= y.size()) return low;
  row cut = low;
  cut.v = value::from_raw(low.v.kind(), y.substr(0, common + 1));
  return typed::compare(cut, last, next.order) > 0 ? cut : low;
}

}  // namespace datolite::datoms::packed
