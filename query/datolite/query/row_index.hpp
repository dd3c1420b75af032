// row_index: rows found by hash, for joins and for sets of rows.
//
// An index knows rows by number and hash only; whoever uses it keeps the rows and compares them. Rows are
// added in order of their number and never removed. Not for concurrent writing.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <datolite/core/value.hpp>
#include <datolite/core/value_equality.hpp>
#include <datolite/query/pattern.hpp>
#include <datolite/query/relation.hpp>
#include <datolite/query/spare_memory.hpp>

namespace datolite::query {

namespace detail {

/// The hash of the long that `v`, a bigint, is equal to, or its own.
std::uint64_t hash_of_bigint(const value& v);

}  // namespace detail

/// Mixes a word into `seed`.
inline std::size_t hash_word(std::size_t seed, std::int64_t word) noexcept {
  const std::uint64_t h = (seed ^ static_cast<std::uint64_t>(word)) * 0x9E37'79B9'7F4A'7C15u;
  return static_cast<std::size_t>(h ^ (h >> 32));
}

/// Mixes the hash of one more slot into `seed`. What is query-equal mixes alike.
inline std::size_t hash_with(std::size_t seed, const value& v) {
  const std::uint64_t own = detail::is_integral(v.kind()) ? static_cast<std::uint64_t>(v.word())
                            : v.is(kind::bigint)          ? detail::hash_of_bigint(v)
                                                          : query_hash(v);
  return hash_word(seed, static_cast<std::int64_t>(own));
}

class row_index {
 public:
  static constexpr std::uint32_t none = 0xFFFF'FFFF;

  std::size_t size() const noexcept { return nodes_.size(); }

  /// Adds the row numbered size().
  void add(std::size_t hash) {
    if (nodes_.size() + 1 > heads_.size() / 2) grow(2 * nodes_.size() + 16);
    const auto row = static_cast<std::uint32_t>(nodes_.size());
    std::uint32_t& head = heads_[hash & (heads_.size() - 1)];
    nodes_.push_back({head, static_cast<std::uint32_t>(hash)});
    head = row;
  }

  /// Makes room for `rows` in all.
  void reserve(std::size_t rows) {
    if (rows > heads_.size() / 2) grow(rows);
  }

  /// Calls `f(row)` for each row with that hash, and perhaps a few others, latest first, until it returns
  /// true; whether one did.
  template <class F>
  bool any(std::size_t hash, F&& f) const {
    if (heads_.empty()) return false;
    const auto tag = static_cast<std::uint32_t>(hash);
    for (std::uint32_t row = heads_[hash & (heads_.size() - 1)]; row != none; row = nodes_[row].next) {
      if (nodes_[row].tag == tag && f(static_cast<std::size_t>(row))) return true;
    }
    return false;
  }

 private:
  struct node {
    std::uint32_t next;
    std::uint32_t tag;  ///< half the hash
  };

  void grow(std::size_t rows);

  std::vector<std::uint32_t, detail::spare_allocator<std::uint32_t>> heads_;
  std::vector<node, detail::spare_allocator<node>> nodes_;
};

/// Rows by hash, each once. Half the hash stands beside a row's number, so that it grows without the rows,
/// and a look-up mostly touches one line of memory.
class row_table {
 public:
  std::size_t size() const noexcept { return size_; }

  /// Makes room for `rows` in all.
  void reserve(std::size_t rows) {
    if (rows > entries_.size() / 2) grow(rows);
  }

  /// The number of the row with that hash for which `same(row)`; where there is none, one is added, and its
  /// number is what size() was.
  template <class F>
  std::size_t find_or_add(std::size_t hash, F&& same) {
    if (size_ + 1 > entries_.size() / 2) grow(2 * size_ + 16);
    const auto tag = static_cast<std::uint32_t>(hash);
    const std::size_t mask = entries_.size() - 1;
    std::size_t at = tag & mask;
    for (; entries_[at].row != row_index::none; at = (at + 1) & mask) {
      const std::size_t row = entries_[at].row;
      if (entries_[at].tag == tag && same(row)) return row;
    }
    entries_[at] = {static_cast<std::uint32_t>(size_), tag};
    return size_++;
  }

 private:
  struct entry {
    std::uint32_t row = row_index::none;
    std::uint32_t tag = 0;
  };
  using entries = std::vector<entry, detail::spare_allocator<entry>>;

  void grow(std::size_t rows);

  entries entries_;
  std::size_t size_ = 0;
};

/// Whether two cells are query-equal.
inline bool same_cell(const column& a, std::size_t i, const column& b, std::size_t j) {
  if (a.is_integral() && b.is_integral()) return a.words()[i] == b.words()[j];
  if (!a.is_words() && !b.is_words()) return same(a.values()[i], b.values()[j]);
  return same(a[i], b[j]);
}

/// Mixes a cell into `seed`, as hash_with does its value.
inline std::size_t hash_cell(std::size_t seed, const column& of, std::size_t i) {
  if (of.is_integral()) return hash_word(seed, of.words()[i]);
  return of.is_words() ? hash_with(seed, of[i]) : hash_with(seed, of.values()[i]);
}

std::size_t hash_row(const relation& of, std::size_t i);

/// The hashes of so many rows from `first` on, each as hash_row gives it.
void hash_rows(const relation& of, std::size_t first, std::span<std::size_t> out);

/// Calls `f(row, hash)` for each row in turn.
template <class F>
void for_each_hashed(const relation& of, F&& f) {
  std::array<std::size_t, 256> hashes;
  for (std::size_t first = 0; first < of.size(); first += hashes.size()) {
    const std::span some{hashes.data(), std::min(hashes.size(), of.size() - first)};
    hash_rows(of, first, some);
    for (std::size_t i = 0; i < some.size(); ++i) f(first + i, some[i]);
  }
}

/// The hash of these cells of a row.
std::size_t hash_cells(const relation& of, std::span<const std::size_t> slots, std::size_t i);

bool same_row(const relation& a, std::size_t i, const relation& b, std::size_t j);

/// Keeps a growing relation free of duplicates. It belongs to one relation, whose rows are all known to it.
class row_set {
 public:
  /// Looks at the row appended last; if an equal one was there before, removes it. Whether it stays.
  bool keep_last(relation& rows);

  /// Appends to `rows` those of `more` that it has not, and marks them distinct.  REQUIRES: they are two
  /// relations of one width.
  void absorb(relation& rows, const relation& more);

 private:
  static constexpr std::size_t few = 8;  ///< rows that are compared one by one: cheaper than a table

  /// Sets `fresh_` to the rows of `more` that equal none of the `before` rows known (by `same_old`), nor an
  /// earlier one of `more` (by `same_new`).
  template <class SameOld, class SameNew>
  void take_fresh(const relation& more, std::size_t before, SameOld&& same_old, SameNew&& same_new);

  void catch_up(const relation& rows, std::size_t end);
  bool is_known(const relation& rows, std::size_t last);

  row_table table_;
  std::vector<std::uint32_t, detail::spare_allocator<std::uint32_t>> fresh_;
};

/// The rows of `of` that `rows` numbers.
relation gathered(const relation& of, std::span<const std::uint32_t> rows);

/// `rows` without duplicates, the first of equal rows staying where it is. O(size); nothing if already
/// distinct.
relation distinct(relation rows);

}  // namespace datolite::query

#ifndef DATOLITE_COMPILED
#include <datolite/query/detail/row_index.hpp>
#endif
