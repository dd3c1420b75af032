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
    if (next_.size() + 1 > heads_.size() / 2) grow();
    const auto row = static_cast<std::uint32_t>(next_.size());
    std::uint32_t& head = heads_[hash & (heads_.size() - 1)];
    next_.push_back(head);
    hashes_.push_back(hash);
    head = row;
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
  void grow() {
    const std::size_t buckets = std::bit_ceil(next_.size() * 4 + 32);
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

/// Keeps a growing relation free of duplicates. It belongs to one relation, whose rows are all known to it.
class row_set {
 public:
  /// Call after appending a row to `rows`: drops it again, and returns false, if it was there already.
  bool keep_last(relation& rows) {
    const std::size_t last = rows.size() - 1;
    if (is_known(rows, last)) {
      rows.truncate(last);
      return false;
    }
    return true;
  }

 private:
  static constexpr std::size_t few = 8;  ///< rows that are compared one by one: cheaper than a table

  bool is_known(const relation& rows, std::size_t last) {
    const auto row = rows.row(last);
    if (last < few) {
      for (std::size_t other = 0; other < last; ++other) {
        if (equal(row, rows.row(other))) return true;
      }
      return false;
    }
    while (index_.size() < last) index_.add(hash(rows.row(index_.size())));
    const std::size_t mine = hash(row);
    if (index_.any(mine, [&](std::size_t other) { return equal(row, rows.row(other)); })) return true;
    index_.add(mine);
    return false;
  }

  static std::size_t hash(const relation::row_view& row) {
    std::size_t out = row.size();
    for (std::size_t slot = 0; slot < row.size(); ++slot) out = hash_with(out, row[slot]);
    return out;
  }

  template <class R>
  static bool equal(const relation::row_view& a, const R& b) {
    for (std::size_t slot = 0; slot < a.size(); ++slot) {
      if (!same(a[slot], b[slot])) return false;
    }
    return true;
  }

  row_index index_;
};

/// `rows` without duplicates, the first of equal rows staying where it is. O(size); nothing if already
/// distinct.
inline relation distinct(relation rows) {
  if (rows.is_distinct()) {
    rows.mark_distinct();
    return rows;
  }
  relation out{rows.width()};
  out.reserve(rows.size());
  row_set known;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    out.append(rows.row(i));
    known.keep_last(out);
  }
  out.mark_distinct();
  return out;
}

}  // namespace datolite::query
