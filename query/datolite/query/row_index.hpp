// row_index: rows found by hash, for joins and for sets of rows.
//
// An index knows rows by number and hash only; whoever uses it keeps the rows and compares them. Rows are added in
// order of their number and never removed. Not for concurrent writing.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <datolite/core/value_equality.hpp>
#include <datolite/query/relation.hpp>

namespace datolite::query {

/// Mixes the hash of one more slot into `seed`.
inline std::size_t hash_with(std::size_t seed, const value& v) {
  std::uint64_t h = (seed ^ query_hash(v)) * 0x9E37'79B9'7F4A'7C15u;
  return static_cast<std::size_t>(h ^ (h >> 32));
}

class row_index {
 public:
  static constexpr std::uint32_t none = 0xFFFF'FFFF;

  std::size_t size() const noexcept { return next_.size(); }

  void clear() noexcept {
    heads_.clear(), next_.clear(), hashes_.clear();
  }

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
    const auto row = rows.row(last);
    std::size_t hash = row.size();
    for (std::size_t slot = 0; slot < row.size(); ++slot) hash = hash_with(hash, row[slot]);
    const bool known = index_.any(hash, [&](std::size_t other) { return equal(row, rows.row(other)); });
    if (known) {
      rows.truncate(last);
      return false;
    }
    index_.add(hash);
    return true;
  }

  /// Whether `rows` holds the row.
  template <class R>
  bool contains(const relation& rows, const R& row) const {
    std::size_t hash = rows.width();
    for (std::size_t slot = 0; slot < rows.width(); ++slot) hash = hash_with(hash, row[slot]);
    return index_.any(hash, [&](std::size_t other) { return equal(rows.row(other), row); });
  }

 private:
  template <class R>
  static bool equal(const relation::row_view& a, const R& b) {
    for (std::size_t slot = 0; slot < a.size(); ++slot) {
      if (!query_equal(a[slot], b[slot])) return false;
    }
    return true;
  }

  row_index index_;
};

/// `rows` without duplicates, the first of equal rows staying where it is. O(size); nothing if already distinct.
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
