// tx_values: is a value of an attribute's type, or exactly convertible to it?
//
// A value is stored with its attribute's kind and no other, so that one number is never two keys of an index.
// What is converted is only a long for a bigint, which loses nothing, and a double for a float, since EDN has
// no spelling for floats: it is rounded to the nearest. A long is no double, as in Datomic.
//
// A bigint that is stored has at most 8192 bits, and a bigdec 1024 digits; in queries both may be longer.
#pragma once

#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include <datolite/core/big_number.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/value.hpp>
#include <datolite/datoms/tx_error.hpp>

namespace datolite::datoms {

inline constexpr std::size_t max_bigint_bits = 8192;    ///< of a bigint's absolute value
inline constexpr std::size_t max_bigdec_digits = 1024;  ///< of a bigdec without its point

/// Where a value is to stand: in an attribute, or in an element of its tuples.
struct value_place {
  const attribute_facts& a;
  kind type;
  std::optional<std::size_t> element{};

  std::string name() const {
    return (element ? "element " + std::to_string(*element) + " of " : std::string{}) + "the attribute " +
           name_of(a.ident);
  }
};

/// `v` as a value of `type` if only its spelling differs: a long for a bigint, a double for a float. Else
/// `v`.
inline value spelled_as(kind type, const value& v) {
  constexpr auto most = static_cast<double>(std::numeric_limits<float>::max());
  if (type == kind::bigint && v.is(kind::long_)) return make_bigint(v.word());
  if (type != kind::float_ || !v.is(kind::double_)) return v;
  const double wide = v.as_double();
  return std::isfinite(wide) && std::fabs(wide) > most ? v : value{static_cast<float>(wide)};
}

namespace detail {

[[noreturn]] inline void refuse_type(const value_place& place, const value& v, const value& form) {
  if (place.type == kind::float_ && v.is(kind::double_)) {
    refuse("db.error/wrong-type-for-attribute",
           place.name() + " takes floats, and " + shown(v) + " is too large for one", form);
  }
  std::string what = place.name() + " takes values of type :db.type/" + std::string{to_string(place.type)} +
                     ", and " + shown(v) + " is a " + std::string{to_string(v.kind())};
  refuse("db.error/wrong-type-for-attribute", std::move(what), form);
}

inline bool is_nan(const value& v) {
  return (v.is(kind::double_) && std::isnan(v.as_double())) ||
         (v.is(kind::float_) && std::isnan(v.as_float()));
}

inline void refuse_collection(const value_place& place, const value& v, const value& form) {
  if (!v.is_sequential() && !v.is(kind::set) && !v.is(kind::map) && !v.is(kind::tagged)) return;
  refuse("db.error/wrong-type-for-attribute",
         "a collection is not one value of " + place.name() +
             "; declare it with :db.cardinality/many to give it several",
         form);
}

/// Refuses a number that is too long to be stored.  REQUIRES: a bigint or bigdec.
inline void check_size(const value_place& place, const value& v, const value& form) {
  const auto bounded = [&](std::size_t size, std::size_t most, const char* what) {
    if (size <= most) return;
    refuse("db.error/number-size",
           place.name() + " takes no " + std::string{to_string(v.kind())} + " of more than " +
               std::to_string(most) + " " + what + ", and this one has " + std::to_string(size),
           form);
  };
  if (v.is(kind::bigint)) return bounded(datolite::detail::bigint_bits(v.raw()), max_bigint_bits, "bits");
  const auto digits = datolite::detail::take_apart_bigdec(v.raw()).unscaled_size();
  bounded(static_cast<std::size_t>(digits), max_bigdec_digits, "digits");
}

}  // namespace detail

/// `v` as a value for `place`, whose type is neither ref nor tuple. Throws `incorrect`, naming `form`, if it
/// is none.
inline value convert_value(const value_place& place, const value& v, const value& form) {
  if (v.is_nil()) {
    refuse("db.error/nil-value", "nil is not a value that " + place.name() + " could have", form);
  }
  if (detail::is_nan(v)) {
    refuse("db.error/nan",
           "NaN equals nothing, so no index could find it; " + place.name() + " does not take it", form);
  }
  if (place.type == kind::nil) {  // an open schema's attribute, of any type
    detail::refuse_collection(place, v, form);
  } else if (!v.is(place.type)) {
    value stored = spelled_as(place.type, v);
    if (stored.is(place.type)) return stored;
    detail::refuse_type(place, v, form);
  }
  if (v.is(kind::bigint) || v.is(kind::bigdec)) detail::check_size(place, v, form);
  return v;
}

}  // namespace datolite::datoms
