// The definitions of result.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <datolite/core/error.hpp>
#include <datolite/core/linkage.hpp>
#include <datolite/core/value.hpp>
#include <datolite/core/value_order.hpp>
#include <datolite/query/program.hpp>
#include <datolite/query/result.hpp>

namespace datolite::query {

DATOLITE_INLINE result::result(std::shared_ptr<const program> of, relation rows,
                               std::vector<std::size_t> columns, std::vector<value> fixed)
    : of_{std::move(of)},
      rows_{std::move(rows)},
      columns_{std::move(columns)},
      fixed_{std::move(fixed)},
      shape_{of_->shape} {
  if (shape_ == find_shape::scalar || shape_ == find_shape::tuple) rows_.truncate(1);
}

DATOLITE_INLINE value result::as_value() const {
  if (shape_ == find_shape::scalar) return scalar().value_or(value{});
  if (shape_ == find_shape::tuple) return empty() ? value{} : row_value(0);
  std::vector<value> out;
  out.reserve(size());
  for (std::size_t i = 0; i < size(); ++i) {
    out.push_back(shape_ == find_shape::collection ? at(i, 0) : row_value(i));
  }
  if (of_->keeps_duplicates || pulls() || ordered_) return value::vector(out);
  // what is query-equal but stored differently (a ref and a long) was made one before
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return value::from_ordered(kind::set, out);
}

DATOLITE_INLINE bool result::pulls() const noexcept {
  return std::any_of(of_->find.begin(), of_->find.end(),
                     [](const found& f) { return f.is == find_element::type::pull; });
}

DATOLITE_INLINE std::vector<value> result::row_values(std::size_t i) const {
  std::vector<value> out;
  out.reserve(width());
  for (std::size_t e = 0; e < width(); ++e) out.push_back(at(i, e));
  return out;
}

DATOLITE_INLINE value result::row_value(std::size_t i) const {
  const std::vector<value> values = row_values(i);
  if (of_->return_map_keys == kind::nil) return value::vector(values);
  std::vector<map_entry> entries;
  for (std::size_t e = 0; e < values.size(); ++e) entries.push_back({of_->return_map_names[e], values[e]});
  return make_map(entries);
}

DATOLITE_INLINE void result::refuse_width(std::size_t asked) const {
  if (asked == width()) return;
  throw error{error_category::incorrect, "db.error/wrong-type",
              "the query finds " + std::to_string(width()) + " elements, and rows of " +
                  std::to_string(asked) + " are asked for"};
}

}  // namespace datolite::query
