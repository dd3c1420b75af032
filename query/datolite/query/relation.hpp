// relation: rows of values, materialised, by column.
//
// What joins give and take. The first relation of every query is `relation::unit()`, one empty row; a
// relation of width 0 therefore has a size of its own. Columns hide how they store their values (column.hpp);
// `row(i)[slot]` and `column(slot)[i]` are values, by value.
//
// Threads: as a vector: many may read, or one may write.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

#include <datolite/core/value.hpp>
#include <datolite/query/column.hpp>
#include <datolite/query/spare_memory.hpp>

namespace datolite::query {

class relation {
 public:
  /// One row of a relation, by reference: valid while the relation lives and is not appended to.
  class row_view {
   public:
    row_view(const relation& of, std::size_t at) noexcept : of_{&of}, at_{at} {}
    std::size_t size() const noexcept { return of_->width(); }
    value operator[](std::size_t slot) const noexcept { return of_->columns_[slot][at_]; }

   private:
    const relation* of_;
    std::size_t at_;
  };

  /// No rows, no columns.
  relation() noexcept = default;

  /// No rows of `width` slots.
  explicit relation(std::size_t width) : columns_(width) {}

  /// The rows given, which must all be `width` long.
  relation(std::size_t width, std::initializer_list<std::initializer_list<value>> rows) : relation{width} {
    for (const auto& row : rows) append({row.begin(), row.size()});
  }

  relation(const relation&) = default;
  relation& operator=(const relation&) = default;
  relation(relation&& other) noexcept
      : columns_{std::move(other.columns_)},
        size_{std::exchange(other.size_, 0)},
        distinct_{std::exchange(other.distinct_, false)} {}
  relation& operator=(relation&& other) noexcept {
    columns_ = std::move(other.columns_);
    size_ = std::exchange(other.size_, 0);
    distinct_ = std::exchange(other.distinct_, false);
    return *this;
  }

  /// One row of no slots: what the first join is against.
  static relation unit() {
    relation one;
    one.size_ = 1;
    one.distinct_ = true;
    return one;
  }

  std::size_t width() const noexcept { return columns_.size(); }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  row_view row(std::size_t i) const noexcept { return {*this, i}; }
  row_view operator[](std::size_t i) const noexcept { return row(i); }

  /// The rows in turn, as row_views.
  class iterator {
   public:
    using value_type = row_view;
    using difference_type = std::ptrdiff_t;

    iterator() noexcept = default;
    iterator(const relation& of, std::size_t at) noexcept : of_{&of}, at_{at} {}
    row_view operator*() const noexcept { return {*of_, at_}; }
    iterator& operator++() noexcept { return ++at_, *this; }
    iterator operator++(int) noexcept { return {*of_, at_++}; }
    bool operator==(const iterator&) const noexcept = default;

   private:
    const relation* of_ = nullptr;
    std::size_t at_ = 0;
  };
  iterator begin() const noexcept { return {*this, 0}; }
  iterator end() const noexcept { return {*this, size_}; }

  /// The values of one slot, a row each. Valid until the relation changes.
  const query::column& column(std::size_t slot) const noexcept { return columns_[slot]; }

  /// Known to hold no row twice. A relation that says so is not searched for duplicates again.
  bool is_distinct() const noexcept { return distinct_ || size_ < 2; }
  void mark_distinct() noexcept { distinct_ = true; }

  void reserve(std::size_t rows) {
    for (auto& one : columns_) one.reserve(rows);
  }

  /// Appends one row.  REQUIRES: row.size() == width().
  void append(std::span<const value> row) {
    append_with([row](std::size_t slot) -> const value& { return row[slot]; });
  }
  void append(row_view row) {
    append_with([row](std::size_t slot) { return row[slot]; });
  }

  /// Appends one row whose slot i is `slot_value(i)`.
  template <class F>
  void append_with(F&& slot_value) {
    std::size_t slot = 0;
    for (auto& one : columns_) one.push_back(slot_value(slot++));
    ++size_;
    distinct_ = false;
  }

  /// The same a slot at a time: `put` every slot of the new row, then `commit_row`.
  void put(std::size_t slot, const value& v) { columns_[slot].push_back(v); }
  void put(std::size_t slot, value&& v) { columns_[slot].push_back(std::move(v)); }
  void commit_row() noexcept {
    ++size_;
    distinct_ = false;
  }

  /// The same rows with these of their slots, in this order.  REQUIRES: no slot stands twice.
  relation with_slots(std::span<const std::size_t> slots) && {
    relation out{slots.size()};
    for (std::size_t to = 0; to < slots.size(); ++to) out.columns_[to] = std::move(columns_[slots[to]]);
    out.size_ = size_;
    out.distinct_ = distinct_ && slots.size() == columns_.size();
    return out;
  }

  /// Drops all rows from the `keep`-th on.
  void truncate(std::size_t keep) {
    if (keep >= size_) return;
    for (auto& one : columns_) one.truncate(keep);
    size_ = keep;
  }

  void clear() noexcept {
    for (auto& one : columns_) one.clear();
    size_ = 0;
  }

  /// The column of a slot, to append to; `commit_rows` then says how many rows each has got more.
  query::column& column_to_fill(std::size_t slot) noexcept { return columns_[slot]; }
  void commit_rows(std::size_t rows) noexcept {
    size_ += rows;
    distinct_ = distinct_ && rows == 0;
  }

  /// Bytes of memory held, shared texts left out.
  std::size_t bytes() const noexcept {
    std::size_t sum = 0;
    for (const auto& one : columns_) sum += one.bytes();
    return sum;
  }

 private:
  std::vector<query::column, detail::spare_allocator<query::column>> columns_;
  std::size_t size_ = 0;
  bool distinct_ = false;
};

}  // namespace datolite::query
