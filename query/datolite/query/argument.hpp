// argument: whatever is passed to a query as an input.
//
// A C++ scalar or a value is a value; any datasource is one; a range of scalars is an EDN vector; a callable
// is a function. A range of rows is both a source and a collection: the query's :in decides which. An EDN
// collection of tuples, or an EDN map, can be a source too.
//
// Lifetime: an lvalue source is referred to, and must live until the query has been answered; an rvalue is
// kept.
#pragma once

#include <concepts>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

#include <datolite/core/value.hpp>
#include <datolite/query/any_source.hpp>
#include <datolite/query/conversion.hpp>
#include <datolite/query/function.hpp>
#include <datolite/query/rows.hpp>

namespace datolite::query {

namespace detail {

/// A range of scalars.
template <class T>
concept ScalarRange = !Scalar<T> && !Row<T> && std::ranges::input_range<const T> &&
                      Scalar<std::remove_cvref_t<std::ranges::range_reference_t<const T>>>;

}  // namespace detail

class argument {
 public:
  template <class T>
  requires Scalar<std::decay_t<T>> argument(T&& v)
      : value_{to_value(static_cast<const std::decay_t<T>&>(v))} {}

  template <class T>
  requires(detail::ScalarRange<std::remove_cvref_t<T>> || SlotSequence<std::remove_cvref_t<T>>)
      argument(T&& range) {
    std::vector<value> elements;
    for (const auto& element : range) elements.push_back(to_value(element));
    value_ = value::vector(elements);
  }

  template <class T>
  requires(TupleLike<std::remove_cvref_t<T>> && !SlotSequence<std::remove_cvref_t<T>>) argument(T&& tuple) {
    const auto row = as_row(std::as_const(tuple));
    std::vector<value> elements;
    for (std::size_t i = 0; i < row.size(); ++i) elements.push_back(row[i]);
    value_ = value::vector(elements);
  }

  template <class T>
  requires(detail::MemberExtrel<std::remove_cvref_t<T>> || detail::adl::HasExtrel<std::remove_cvref_t<T>> ||
           detail::Seekable<std::remove_cvref_t<T>> ||
           (ConstRowRange<std::remove_cvref_t<T>> && !SlotSequence<std::remove_cvref_t<T>>))
      argument(T&& source)
      : source_{std::in_place, std::forward<T>(source)} {}

  /// A view that can be read only once, or only when it is not const: its rows are copied.
  template <class T>
  requires(RowRange<T> && !ConstRowRange<std::remove_cvref_t<T>>) argument(T&& view)
      : value_{rows_as_value(view)} {}

  template <class F>
  requires Callable<std::decay_t<F>> argument(F&& f) : function_{std::forward<F>(f)} {}

  argument(std::nullptr_t) : value_{std::in_place} {}
  argument(function f) : function_{std::move(f)} {}
  argument(any_source source) : source_{std::move(source)} {}

  /// As a source. Throws `db.error/invalid-data-source` if it is none.
  any_source as_source(const value& name) const;

  /// As a value. Throws `db.error/invalid-query-input` if it is none.
  value as_value(const value& input) const;

  /// As a function. Throws `db.error/invalid-query-input` if it is none.
  const function& as_function(const value& input) const;

 private:
  std::optional<value> value_;
  std::optional<any_source> source_;
  function function_;
};

}  // namespace datolite::query

#ifndef DATOLITE_COMPILED
#include <datolite/query/detail/argument.hpp>
#endif
