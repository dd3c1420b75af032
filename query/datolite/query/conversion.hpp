// conversion: C++ data as values, and values as C++ data.
//
// What a source's tuples hold becomes values (`to_value`), what a result's rows or a callable's parameters
// ask for is made from values (`from_value`). The conversions are exact: a value that does not fit is an
// error, never a rounded or truncated one. Only a double may be asked for where an integer or a float stands.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <datolite/core/error.hpp>
#include <datolite/core/value.hpp>

namespace datolite::query {

namespace detail {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
inline constexpr bool is_vector = false;
template <class T, class A>
inline constexpr bool is_vector<std::vector<T, A>> = true;

template <class T>
concept Texty = !std::same_as<T, std::nullptr_t> && std::convertible_to<const T&, std::string_view>;

}  // namespace detail

/// A type that `to_value` takes: a value, a boolean, a number, a text, or an optional of one of these.
template <class T>
concept Scalar = std::same_as<T, value> || std::same_as<T, bool> ||
                 (std::integral<T> && !std::same_as<T, char>) ||
                 std::floating_point<T> || detail::Texty<T> || detail::is_optional<T>;

/// `x` as a value. Integers become longs, an empty optional nil. O(1) but for texts. A value is passed
/// through by reference.
template <Scalar T>
decltype(auto) to_value(const T& x) {
  if constexpr (std::same_as<T, value>) {
    return (x);
  } else if constexpr (std::unsigned_integral<T> && sizeof(T) == 8 && !std::same_as<T, bool>) {
    if (x > static_cast<T>(std::numeric_limits<std::int64_t>::max())) {
      throw error{error_category::incorrect, "db.error/arithmetic",
                  "the unsigned integer " + std::to_string(x) + " does not fit a long"};
    }
    return value{static_cast<std::int64_t>(x)};
  } else if constexpr (std::integral<T>) {
    return value{x};
  } else if constexpr (std::floating_point<T>) {
    if constexpr (std::same_as<T, long double>) {
      return value{static_cast<double>(x)};
    } else {
      return value{x};
    }
  } else if constexpr (detail::Texty<T>) {
    return value{std::string_view{x}};
  } else {
    return x.has_value() ? value{to_value(*x)} : value{};
  }
}

namespace detail {

[[noreturn]] inline void throw_not_representable(std::string_view wanted, const value& found) {
  throw error{error_category::incorrect, "db.error/wrong-type",
              std::string{"a "}
                  .append(to_string(found.kind()))
                  .append(" was found where ")
                  .append(wanted)
                  .append(" is asked for")};
}

template <std::integral T>
T integer_from(const value& v) {
  if (!v.is(kind::long_) && !v.is(kind::ref) && !v.is(kind::instant))
    throw_not_representable("an integer", v);
  if (!std::in_range<T>(v.word())) throw_not_representable("a smaller integer", v);
  return static_cast<T>(v.word());
}

template <std::floating_point T>
T floating_from(const value& v) {
  if (v.is(kind::float_)) return v.as_float();
  if (v.is(kind::double_) && sizeof(T) >= sizeof(double)) return static_cast<T>(v.as_double());
  if (!v.is(kind::long_)) throw_not_representable("a floating-point number", v);
  const auto d = static_cast<T>(v.word());
  if (d >= T{9223372036854775808.0} || static_cast<std::int64_t>(d) != v.word()) {
    throw_not_representable("a number that a floating-point type holds exactly", v);
  }
  return d;
}

}  // namespace detail

/// `v` as a `T`: a value, boolean, integer (from long, ref or instant), floating-point number, std::string
/// (from any text), vector, or optional (empty for nil) of these. Throws `db.error/wrong-type` when `v` is no
/// such thing. A std::string_view shows the text inside `v`, and lives as long as that object.
template <class T>
T from_value(const value& v) {
  if constexpr (std::same_as<T, value>) {
    return v;
  } else if constexpr (std::same_as<T, bool>) {
    return v.as_boolean();
  } else if constexpr (std::integral<T>) {
    return detail::integer_from<T>(v);
  } else if constexpr (std::floating_point<T>) {
    return detail::floating_from<T>(v);
  } else if constexpr (std::same_as<T, std::string> || std::same_as<T, std::string_view>) {
    if (!v.is_text()) detail::throw_not_representable("a text", v);
    return T{v.raw()};
  } else if constexpr (detail::is_optional<T>) {
    return v.is_nil() ? T{} : T{from_value<typename T::value_type>(v)};
  } else if constexpr (detail::is_vector<T>) {
    T out;
    if (!v.is_sequential() && !v.is(kind::set)) detail::throw_not_representable("a collection", v);
    for (const value& element : v.elements()) out.push_back(from_value<typename T::value_type>(element));
    return out;
  } else {
    static_assert(std::same_as<T, value>,
                  "from_value makes values, booleans, numbers, std::string, and vectors and "
                  "optionals of these");
  }
}

/// What a query counts as true: everything but nil and false.
inline bool is_true(const value& v) noexcept {
  return !v.is_nil() && !(v.is(kind::boolean) && v.word() == 0);
}

}  // namespace datolite::query
