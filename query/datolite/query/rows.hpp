// rows: what counts as a row, and how its slots are read.
//
// A row is a std::tuple, pair or array; any random-access sequence of values or of C++ scalars, such as a
// std::vector; an EDN vector, list or tuple (as a `value`); an entry of an EDN map; a row of a relation.
// `as_row` shows any of these as an object with `size()` and `row[slot]`, which gives a value or a reference to one.
#pragma once

#include <concepts>
#include <cstddef>
#include <iterator>
#include <ranges>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <datolite/core/value.hpp>
#include <datolite/query/conversion.hpp>
#include <datolite/query/relation.hpp>

namespace datolite::query {

namespace detail {

template <class T, std::size_t... I>
constexpr bool all_scalar(std::index_sequence<I...>) {
  return (Scalar<std::remove_cvref_t<std::tuple_element_t<I, T>>> && ...);
}

}  // namespace detail

/// std::tuple, std::pair, std::array and their like, of scalars.
template <class T>
concept TupleLike = requires { std::tuple_size<T>::value; } &&
                    detail::all_scalar<T>(std::make_index_sequence<std::tuple_size<T>::value>{});

/// A random-access sequence of scalars, such as std::vector<value>.
template <class T>
concept SlotSequence = !Scalar<T> && std::ranges::random_access_range<const T> && std::ranges::sized_range<const T> &&
                       Scalar<std::ranges::range_value_t<const T>>;

/// Something with `size()` and `row[slot]`.
template <class T>
concept SlotRow = requires(const T& row, std::size_t slot) {
  { row.size() } -> std::convertible_to<std::size_t>;
  { row[slot] } -> std::convertible_to<const value&>;
};

namespace detail {

template <TupleLike T>
class tuple_row {
 public:
  explicit tuple_row(const T& of) noexcept : of_{&of} {}
  static constexpr std::size_t size() noexcept { return std::tuple_size_v<T>; }
  value operator[](std::size_t slot) const { return at(slot, std::make_index_sequence<size()>{}); }

 private:
  template <std::size_t... I>
  value at(std::size_t slot, std::index_sequence<I...>) const {
    using std::get;
    value out;
    static_cast<void>(((slot == I ? (out = to_value(get<I>(*of_)), true) : false) || ...));
    return out;
  }

  const T* of_;
};

template <SlotSequence T>
class sequence_row {
 public:
  explicit sequence_row(const T& of) : first_{std::ranges::begin(of)}, size_{std::ranges::size(of)} {}
  std::size_t size() const noexcept { return size_; }
  decltype(auto) operator[](std::size_t slot) const {
    using element = std::ranges::range_reference_t<const T>;
    if constexpr (std::is_reference_v<element>) {
      return to_value(first_[static_cast<std::ptrdiff_t>(slot)]);
    } else {
      return value{to_value(first_[static_cast<std::ptrdiff_t>(slot)])};
    }
  }

 private:
  std::ranges::iterator_t<const T> first_;
  std::size_t size_;
};

}  // namespace detail

/// `row` as something with `size()` and `[slot]`, valid while `row` is.
template <class T>
auto as_row(const T& row) {
  if constexpr (std::same_as<T, value>) {
    return row.elements();
  } else if constexpr (std::same_as<T, map_entry>) {
    return std::span<const value>{&row.key, 2};
  } else if constexpr (SlotSequence<T>) {
    return detail::sequence_row<T>{row};
  } else if constexpr (TupleLike<T>) {
    return detail::tuple_row<T>{row};
  } else {
    return row;
  }
}

/// A type of rows.
template <class T>
concept Row = std::same_as<T, value> || std::same_as<T, map_entry> || SlotSequence<T> || TupleLike<T> ||
              std::same_as<T, relation::row_view>;

/// A range of rows: vectors of tuples, maps (as pairs), relations, views over these.
template <class R>
concept RowRange = !Scalar<R> && std::ranges::input_range<R> &&
                   Row<std::remove_cvref_t<std::ranges::range_reference_t<R>>>;

/// The rows as an EDN vector of vectors. O(their size).
template <RowRange R>
value rows_as_value(R&& rows) {
  std::vector<value> out, one;
  for (auto&& raw : rows) {
    const auto row = as_row(raw);
    one.clear();
    for (std::size_t slot = 0; slot < row.size(); ++slot) one.push_back(row[slot]);
    out.push_back(value::vector(one));
  }
  return value::vector(out);
}

/// A range of rows that can be read through a const reference.
template <class R>
concept ConstRowRange = RowRange<const R>;

}  // namespace datolite::query
