// The definitions of argument.hpp.
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <datolite/core/error.hpp>
#include <datolite/core/linkage.hpp>
#include <datolite/core/value.hpp>
#include <datolite/query/any_source.hpp>
#include <datolite/query/argument.hpp>
#include <datolite/query/detail/refuse.hpp>
#include <datolite/query/function.hpp>

namespace datolite::query {

namespace detail {

/// What holds the rows of an EDN collection, or the entries of an EDN map, as a source.
template <class RowType>
class edn_rows {
 public:
  explicit edn_rows(value of) : of_{std::move(of)} {}
  const RowType* begin() const noexcept { return all().data(); }
  const RowType* end() const noexcept { return all().data() + all().size(); }
  std::size_t size() const noexcept { return all().size(); }

 private:
  std::span<const RowType> all() const noexcept {
    if constexpr (std::same_as<RowType, map_entry>) {
      return of_.entries();
    } else {
      return of_.elements();
    }
  }
  value of_;
};

[[noreturn]] inline void refuse_source(const value& name, const std::string& found) {
  throw error{error_category::incorrect, invalid_data_source,
              found + " was given as the source " + shown(name) +
                  "; a source is a database, a collection of tuples, or what offers extrel"};
}

}  // namespace detail

DATOLITE_INLINE any_source argument::as_source(const value& name) const {
  if (source_) return *source_;
  if (value_ && value_->is(kind::map)) return any_source{detail::edn_rows<map_entry>{*value_}};
  const bool collection = value_ && (value_->is_sequential() || value_->is(kind::set));
  if (!collection) detail::refuse_source(name, value_ ? detail::shown(*value_) : "a function");
  for (const value& row : value_->elements()) {
    if (!row.is_sequential()) detail::refuse_source(name, "a collection of " + detail::shown(row));
  }
  return any_source{detail::edn_rows<value>{*value_}};
}

DATOLITE_INLINE value argument::as_value(const value& input) const {
  if (value_) return *value_;
  auto rows = source_ ? source_->rows() : std::nullopt;
  if (!rows) detail::refuse(detail::wrong_input, "a value is needed as the input", input);
  return *std::move(rows);
}

DATOLITE_INLINE const function& argument::as_function(const value& input) const {
  if (!function_) detail::refuse(detail::wrong_input, "a function is needed as the input", input);
  return function_;
}

}  // namespace datolite::query
