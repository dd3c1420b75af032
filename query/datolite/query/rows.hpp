// rows: what counts as a row, and how its slots are read.
//
// A row is a std::tuple, pair or array; any random-access sequence of values or of C++ scalars, such as a
// std::vector; an EDN vector, list or tuple (as a `value`); an entry of an EDN map; a row of a relation.
// `as_row` shows any of these as an object with `size()` and `row[slot]`, which gives a value or a reference
// to one.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <ranges>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <datolite/core/value.hpp>
#include <datolite/query/conversion.hpp>
#include <datolite/query/pattern.hpp>
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
concept TupleLike = requires {
  std::tuple_size<T>::value;
}
&&detail::all_scalar<T>(std::make_index_sequence<std::tuple_size<T>::value>{});

/// A random-access sequence of scalars, such as std::vector<value>.
template <class T>
concept SlotSequence = !Scalar<T> && std::ranges::random_access_range<const T> &&
                       std::ranges::sized_range<const T> && Scalar<std::ranges::range_value_t<const T>>;

/// Something with `size()` and `row[slot]`.
template <class T>
concept SlotRow = requires(const T& row, std::size_t slot) {
  { row.size() } -> std::convertible_to<std::size_t>;
  { row[slot] } -> std::convertible_to<const value&>;
};

namespace detail {

/// Whether `x op v` for a C++ scalar.
template <Scalar T>
bool native_holds(comparison op, const T& x, const value& v) {
  if constexpr (std::integral<T> && std::is_signed_v<T> && !std::same_as<T, bool>) {
    if (is_integral(v.kind())) {
      return op != comparison::starts_with && holds_for(op, static_cast<std::int64_t>(x) <=> v.word());
    }
  } else if constexpr (Texty<T>) {
    const std::string_view text{x};
    if (v.is(kind::string)) {
      if (op == comparison::starts_with) return text.starts_with(v.raw());
      if (op == comparison::equal) return same_text(text, v.raw());
      return holds_for(op, text <=> v.raw());
    }
  }
  return query::holds(op, to_value(x), v);
}

template <Scalar T>
bool native_equal(const T& x, const value& v) {
  if constexpr (std::integral<T> && std::is_signed_v<T> && !std::same_as<T, bool>) {
    if (is_integral(v.kind())) return static_cast<std::int64_t>(x) == v.word();
  } else if constexpr (Texty<T>) {
    if (v.is(kind::string)) return same_text(std::string_view{x}, v.raw());
  }
  return same(to_value(x), v);
}

template <TupleLike T>
class tuple_row {
 public:
  explicit tuple_row(const T& of) noexcept : of_{&of} {}
  static constexpr std::size_t size() noexcept { return std::tuple_size_v<T>; }
  value operator[](std::size_t slot) const { return at<0>(slot); }

  /// Whether the slot's value `op v`, without making a value of it where that can be seen.
  bool holds(comparison op, std::size_t slot, const value& v) const { return holds_at<0>(op, slot, v); }
  bool equals(std::size_t slot, const value& v) const { return equals_at<0>(slot, v); }

 private:
  template <std::size_t I>
  value at(std::size_t slot) const {
    using std::get;
    if constexpr (I + 1 >= size()) {
      return value{to_value(get<I>(*of_))};
    } else {
      if (slot == I) return value{to_value(get<I>(*of_))};
      return at<I + 1>(slot);
    }
  }

  template <std::size_t I>
  bool equals_at(std::size_t slot, const value& v) const {
    using std::get;
    if constexpr (I + 1 < size()) {
      if (slot != I) return equals_at<I + 1>(slot, v);
    }
    return native_equal(get<I>(*of_), v);
  }

  template <std::size_t I>
  bool holds_at(comparison op, std::size_t slot, const value& v) const {
    using std::get;
    if constexpr (I + 1 < size()) {
      if (slot != I) return holds_at<I + 1>(op, slot, v);
    }
    return native_holds(op, get<I>(*of_), v);
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

namespace detail {

/// Stands where a predicate looks at no row.
struct no_row {
  std::size_t size() const noexcept { return 0; }
  value operator[](std::size_t) const noexcept { return {}; }
};

}  // namespace detail

/// Whether `row[slot] op v`.
template <SlotRow R>
bool slot_holds(comparison op, const R& row, std::size_t slot, const value& v) {
  if constexpr (requires { row.holds(op, slot, v); }) {
    return op == comparison::equal ? row.equals(slot, v) : row.holds(op, slot, v);
  } else {
    return holds(op, row[slot], v);
  }
}

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
concept RowRange =
    !Scalar<R> && std::ranges::input_range<R> && Row<std::remove_cvref_t<std::ranges::range_reference_t<R>>>;

namespace detail {

/// Whether what `to_value` makes of a T may be a keyword or a sequence.
template <class T>
inline constexpr bool may_be_a_name = !(std::integral<T> || std::floating_point<T> || Texty<T>);
template <class T>
inline constexpr bool may_be_a_name<std::optional<T>> = may_be_a_name<T>;

/// The slots of rows of this type that may hold a keyword or a sequence.
template <Row T>
constexpr slot_set slots_with_names() {
  slot_set out;
  if constexpr (TupleLike<T> && !SlotSequence<T>) {
    [&out]<std::size_t... I>(std::index_sequence<I...>) {
      ((may_be_a_name<std::remove_cvref_t<std::tuple_element_t<I, T>>> && I < slot_set::capacity
            ? out.insert(I)
            : void()),
       ...);
    }
    (std::make_index_sequence<std::tuple_size_v<T>>{});
  } else if constexpr (SlotSequence<T>) {
    if (may_be_a_name<std::ranges::range_value_t<const T>>) out = slot_set{~std::uint64_t{0}};
  } else {
    out = slot_set{~std::uint64_t{0}};
  }
  return out;
}

}  // namespace detail

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
