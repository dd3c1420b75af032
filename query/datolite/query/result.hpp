// result: what a query found.
//
// A range of rows; a row is a range of values. Without :with it is a set: no row is there twice, before
// entities are pulled (two may look the same). The order is that in which rows were found: the same for the
// same plan and data, and nothing to rely on unless :order-by says one. By the find spec, it is also a
// collection, one tuple, or one scalar.
#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include <datolite/core/value.hpp>
#include <datolite/query/conversion.hpp>
#include <datolite/query/find_shape.hpp>
#include <datolite/query/relation.hpp>

namespace datolite::query {

struct program;

class result {
 public:
  /// One row found; valid while the result lives.
  class row {
   public:
    row(const result& of, std::size_t at) noexcept : of_{&of}, at_{at} {}
    std::size_t size() const noexcept { return of_->width(); }
    value operator[](std::size_t i) const noexcept { return of_->at(at_, i); }

   private:
    const result* of_;
    std::size_t at_;
  };

  class iterator {
   public:
    using value_type = row;
    using difference_type = std::ptrdiff_t;

    iterator() noexcept = default;
    iterator(const result& of, std::size_t at) noexcept : of_{&of}, at_{at} {}
    row operator*() const noexcept { return {*of_, at_}; }
    iterator& operator++() noexcept { return ++at_, *this; }
    iterator operator++(int) noexcept { return {*of_, at_++}; }
    bool operator==(const iterator&) const noexcept = default;

   private:
    const result* of_ = nullptr;
    std::size_t at_ = 0;
  };

  /// For the engine: `columns[i]` is where find element i is among the columns of `rows`, or past them all
  /// for the inputs in `fixed`.
  result(std::shared_ptr<const program> of, relation rows, std::vector<std::size_t> columns,
         std::vector<value> fixed);

  find_shape shape() const noexcept { return shape_; }
  std::size_t width() const noexcept { return columns_.size(); }  ///< find elements
  std::size_t size() const noexcept { return rows_.size(); }  ///< rows; at most one for a tuple or a scalar
  bool empty() const noexcept { return rows_.empty(); }
  row operator[](std::size_t i) const noexcept { return {*this, i}; }
  iterator begin() const noexcept { return {*this, 0}; }
  iterator end() const noexcept { return {*this, size()}; }

  /// The first value of the first row; empty if nothing was found.
  std::optional<value> scalar() const { return empty() ? std::nullopt : std::optional{at(0, 0)}; }

  /// The first row; empty if nothing was found.
  std::optional<std::vector<value>> tuple() const {
    if (empty()) return std::nullopt;
    return row_values(0);
  }

  /// The first value of every row.
  std::vector<value> collection() const {
    std::vector<value> out;
    out.reserve(size());
    for (std::size_t i = 0; i < size(); ++i) out.push_back(at(i, 0));
    return out;
  }

  /// The rows as C++ tuples. Throws `db.error/wrong-type` where a value is no such thing, and if the query
  /// does not find sizeof...(T) elements.
  template <class... T>
  std::vector<std::tuple<T...>> as() const {
    refuse_width(sizeof...(T));
    std::vector<std::tuple<T...>> out;
    out.reserve(size());
    for (std::size_t i = 0; i < size(); ++i) {
      [&]<std::size_t... I>(std::index_sequence<I...>) { out.emplace_back(from_value<T>(at(i, I))...); }
      (std::index_sequence_for<T...>{});
    }
    return out;
  }

  /// By the find spec: a set of vectors (or of maps, with :keys and its kin), a set of values, a vector or
  /// nil, a value or nil. With :with, :order-by or a pull, vectors in place of the sets.
  value as_value() const;

  /// What was asked for with it: EDN maps, or nil.
  const value& query_stats() const noexcept { return query_stats_; }
  const value& io_stats() const noexcept { return io_stats_; }
  void set_query_stats(value v) noexcept { query_stats_ = std::move(v); }
  void set_io_stats(value v) noexcept { io_stats_ = std::move(v); }

  /// The rows stand in an order that was asked for.
  void set_ordered() noexcept { ordered_ = true; }

 private:
  value at(std::size_t i, std::size_t element) const noexcept {
    const std::size_t column = columns_[element];
    return column < rows_.width() ? rows_.row(i)[column] : fixed_[column - rows_.width()];
  }

  bool pulls() const noexcept;
  std::vector<value> row_values(std::size_t i) const;
  value row_value(std::size_t i) const;
  void refuse_width(std::size_t asked) const;

  std::shared_ptr<const program> of_;
  relation rows_;
  std::vector<std::size_t> columns_;
  std::vector<value> fixed_;
  value query_stats_, io_stats_;
  find_shape shape_;
  bool ordered_ = false;
};

}  // namespace datolite::query

#ifndef DATOLITE_COMPILED
#include <datolite/query/detail/result.hpp>
#endif
