// result: what a query found.
//
// A range of rows; a row is a range of values. Without :with it is a set: no row is there twice, before
// entities are pulled (two may look the same). The order is that in which rows were found: the same for the
// same plan and data, and nothing to rely on unless :order-by says one. By the find spec, it is also a
// collection, one tuple, or one scalar.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <datolite/core/value.hpp>
#include <datolite/core/value_order.hpp>
#include <datolite/query/conversion.hpp>
#include <datolite/query/program.hpp>
#include <datolite/query/relation.hpp>

namespace datolite::query {

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
         std::vector<value> fixed)
      : of_{std::move(of)}, rows_{std::move(rows)}, columns_{std::move(columns)}, fixed_{std::move(fixed)} {
    if (shape() == find_shape::scalar || shape() == find_shape::tuple) rows_.truncate(1);
  }

  find_shape shape() const noexcept { return of_->shape; }
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
  value as_value() const {
    if (shape() == find_shape::scalar) return scalar().value_or(value{});
    if (shape() == find_shape::tuple) return empty() ? value{} : row_value(0);
    std::vector<value> out;
    out.reserve(size());
    for (std::size_t i = 0; i < size(); ++i) {
      out.push_back(shape() == find_shape::collection ? at(i, 0) : row_value(i));
    }
    if (of_->keeps_duplicates || pulls() || ordered_) return value::vector(out);
    sort_unique(out);
    return value::from_ordered(kind::set, out);
  }

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

  bool pulls() const noexcept {
    return std::any_of(of_->find.begin(), of_->find.end(),
                       [](const found& f) { return f.is == find_element::type::pull; });
  }

  std::vector<value> row_values(std::size_t i) const {
    std::vector<value> out;
    out.reserve(width());
    for (std::size_t e = 0; e < width(); ++e) out.push_back(at(i, e));
    return out;
  }

  value row_value(std::size_t i) const {
    const std::vector<value> values = row_values(i);
    if (of_->return_map_keys == kind::nil) return value::vector(values);
    std::vector<map_entry> entries;
    for (std::size_t e = 0; e < values.size(); ++e) entries.push_back({of_->return_map_names[e], values[e]});
    return make_map(entries);
  }

  /// Into stored order; what is query-equal but stored differently (a ref and a long) was made one before.
  static void sort_unique(std::vector<value>& values) {
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
  }

  void refuse_width(std::size_t asked) const {
    if (asked == width()) return;
    throw error{error_category::incorrect, "db.error/wrong-type",
                "the query finds " + std::to_string(width()) + " elements, and rows of " +
                    std::to_string(asked) + " are asked for"};
  }

  std::shared_ptr<const program> of_;
  relation rows_;
  std::vector<std::size_t> columns_;
  std::vector<value> fixed_;
  value query_stats_, io_stats_;
  bool ordered_ = false;
};

}  // namespace datolite::query
