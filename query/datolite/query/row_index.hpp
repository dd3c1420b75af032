// row_index: rows found by hash, for joins and for sets of rows.
//
// An index knows rows by number and hash only; whoever uses it keeps the rows and compares them. Rows are
// added in order of their number and never removed. Not for concurrent writing.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <datolite/core/value_equality.hpp>
#include <datolite/query/pattern.hpp>
#include <datolite/query/relation.hpp>

namespace datolite::query {

namespace detail {

/// A bigint that a long can hold is query-equal to that long.
inline std::uint64_t hash_of_bigint(const value& v) {
  const value canonical = query_canonical(v);
  return is_integral(canonical.kind()) ? static_cast<std::uint64_t>(canonical.word()) : query_hash(v);
}

}  // namespace detail

/// Mixes the hash of one more slot into `seed`. What is query-equal mixes alike.
inline std::size_t hash_with(std::size_t seed, const value& v) {
  const std::uint64_t own = detail::is_integral(v.kind()) ? static_cast<std::uint64_t>(v.word())
                            : v.is(kind::bigint)          ? detail::hash_of_bigint(v)
                                                          : query_hash(v);
  const std::uint64_t h = (seed ^ own) * 0x9E37'79B9'7F4A'7C15u;
  return static_cast<std::size_t>(h ^ (h >> 32));
}

class row_index {
 public:
  static constexpr std::uint32_t none = 0xFFFF'FFFF;

  std::size_t size() const noexcept { return next_.size(); }

  void clear() noexcept { heads_.clear(), next_.clear(), hashes_.clear(); }

  /// Adds the row numbered size().
  void add(std::size_t hash) {
    if (next_.size() + 1 > heads_.size() / 2) grow(2 * next_.size() + 16);
    const auto row = static_cast<std::uint32_t>(next_.size());
    std::uint32_t& head = heads_[hash & (heads_.size() - 1)];
    next_.push_back(head);
    hashes_.push_back(hash);
    head = row;
  }

  /// Makes room for `rows` in all.
  void reserve(std::size_t rows) {
    if (rows > heads_.size() / 2) grow(rows);
  }

  /// Forgets the row added last.
  void remove_last() noexcept {
    heads_[hashes_.back() & (heads_.size() - 1)] = next_.back();
    next_.pop_back(), hashes_.pop_back();
  }

  /// Calls `f(row)` for each row with that hash, latest first, until it returns true; whether one did.
  template <class F>
  bool any(std::size_t hash, F&& f) const {
    if (heads_.empty()) return false;
    for (std::uint32_t row = heads_[hash & (heads_.size() - 1)]; row != none; row = next_[row]) {
      if (hashes_[row] == hash && f(static_cast<std::size_t>(row))) return true;
    }
    return false;
  }

 private:
  void grow(std::size_t rows) {
    const std::size_t buckets = std::bit_ceil(rows * 2);
    heads_.assign(buckets, none);
    next_.reserve(buckets / 2), hashes_.reserve(buckets / 2);
    for (std::size_t row = 0; row < next_.size(); ++row) {
      std::uint32_t& head = heads_[hashes_[row] & (buckets - 1)];
      next_[row] = head;
      head = static_cast<std::uint32_t>(row);
    }
  }

  std::vector<std::uint32_t> heads_;
  std::vector<std::uint32_t> next_;
  std::vector<std::size_t> hashes_;
};

/// Whether two cells are query-equal.
inline bool same_cell(const column& a, std::size_t i, const column& b, std::size_t j) {
  if (a.is_integral() && b.is_integral()) return a.words()[i] == b.words()[j];
  if (!a.is_words() && !b.is_words()) return same(a.values()[i], b.values()[j]);
  return same(a[i], b[j]);
}

/// Mixes a cell into `seed`, as hash_with does its value.
inline std::size_t hash_cell(std::size_t seed, const column& of, std::size_t i) {
  if (of.is_integral()) {
    const std::uint64_t h = (seed ^ static_cast<std::uint64_t>(of.words()[i])) * 0x9E37'79B9'7F4A'7C15u;
    return static_cast<std::size_t>(h ^ (h >> 32));
  }
  return of.is_words() ? hash_with(seed, of[i]) : hash_with(seed, of.values()[i]);
}

inline std::size_t hash_row(const relation& of, std::size_t i) {
  std::size_t out = of.width();
  for (std::size_t slot = 0; slot < of.width(); ++slot) out = hash_cell(out, of.column(slot), i);
  return out;
}

/// The hash of these cells of a row.
inline std::size_t hash_cells(const relation& of, std::span<const std::size_t> slots, std::size_t i) {
  std::size_t out = slots.size();
  for (const std::size_t slot : slots) out = hash_cell(out, of.column(slot), i);
  return out;
}

inline bool same_row(const relation& a, std::size_t i, const relation& b, std::size_t j) {
  for (std::size_t slot = 0; slot < a.width(); ++slot) {
    if (!same_cell(a.column(slot), i, b.column(slot), j)) return false;
  }
  return true;
}

/// Keeps a growing relation free of duplicates. It belongs to one relation, whose rows are all known to it.
class row_set {
 public:
  /// Looks at the row appended last; if an equal one was there before, removes it. Whether it stays.
  bool keep_last(relation& rows) {
    const std::size_t last = rows.size() - 1;
    if (is_known(rows, last)) {
      rows.truncate(last);
      return false;
    }
    return true;
  }

  /// Appends to `rows` those of `more` that it has not.  REQUIRES: they are two relations of one width.
  void absorb(relation& rows, const relation& more) {
    catch_up(rows, rows.size());
    fresh_.clear();
    std::size_t before = rows.size();
    for (std::size_t i = 0; i < more.size(); ++i) {
      const std::size_t mine = hash_row(more, i);
      const bool known = index_.any(mine, [&](std::size_t other) {
        return other < before ? same_row(more, i, rows, other)
                              : same_row(more, i, more, fresh_[other - before]);
      });
      if (known) continue;
      index_.add(mine);
      fresh_.push_back(static_cast<std::uint32_t>(i));
    }
    for (std::size_t slot = 0; slot < rows.width(); ++slot)
      rows.column_to_fill(slot).append(more.column(slot), fresh_);
    rows.commit_rows(fresh_.size());
  }

 private:
  static constexpr std::size_t few = 8;  ///< rows that are compared one by one: cheaper than a table

  void catch_up(const relation& rows, std::size_t end) {
    while (index_.size() < end) index_.add(hash_row(rows, index_.size()));
  }

  bool is_known(const relation& rows, std::size_t last) {
    if (last < few && index_.size() == 0) {
      for (std::size_t other = 0; other < last; ++other) {
        if (same_row(rows, last, rows, other)) return true;
      }
      return false;
    }
    catch_up(rows, last);
    const std::size_t mine = hash_row(rows, last);
    if (index_.any(mine, [&](std::size_t other) { return same_row(rows, last, rows, other); })) return true;
    index_.add(mine);
    return false;
  }

  row_index index_;
  std::vector<std::uint32_t> fresh_;
};

/// The rows of `of` that `rows` numbers.
inline relation gathered(const relation& of, std::span<const std::uint32_t> rows) {
  relation out{of.width()};
  for (std::size_t slot = 0; slot < of.width(); ++slot)
    out.column_to_fill(slot).append(of.column(slot), rows);
  out.commit_rows(rows.size());
  return out;
}

/// `rows` without duplicates, the first of equal rows staying where it is. O(size); nothing if already
/// distinct.
inline relation distinct(relation rows) {
  if (!rows.is_distinct()) {
    row_index index;
    index.reserve(rows.size());
    std::vector<std::uint32_t> kept;
    kept.reserve(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::size_t mine = hash_row(rows, i);
      if (index.any(mine, [&](std::size_t n) { return same_row(rows, i, rows, kept[n]); })) continue;
      index.add(mine);
      kept.push_back(static_cast<std::uint32_t>(i));
    }
    if (kept.size() < rows.size()) rows = gathered(rows, kept);
  }
  rows.mark_distinct();
  return rows;
}

}  // namespace datolite::query
