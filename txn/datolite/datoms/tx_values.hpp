// tx_values: is a value of an attribute's type, or exactly convertible to it?
//
// A value is stored with its attribute's kind and no other, so that one number is never two keys of an index.
// What is converted is only a long for a bigint, which loses nothing, and a double for a float, since EDN has
// no spelling for floats: it is rounded to the nearest. A long is no double, as in Datomic.
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

namespace detail {

[[noreturn]] inline void refuse_type(const value_place& place, const value& v, const value& form) {
  std::string what = place.name() + " takes values of type :db.type/" + std::string{to_string(place.type)} +
                     ", and " + shown(v) + " is a " + std::string{to_string(v.kind())};
  refuse("db.error/wrong-type-for-attribute", std::move(what), form);
}

inline value float_of(const value_place& place, const value& v, const value& form) {
  const double wide = v.as_double();
  if (std::isfinite(wide) && std::fabs(wide) > static_cast<double>(std::numeric_limits<float>::max())) {
    refuse("db.error/wrong-type-for-attribute",
           place.name() + " takes floats, and " + shown(v) + " is too large for one", form);
  }
  return value{static_cast<float>(wide)};
}

inline bool is_nan(const value& v) {
  return (v.is(kind::double_) && std::isnan(v.as_double())) ||
         (v.is(kind::float_) && std::isnan(v.as_float()));
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
  if (v.is(place.type)) return v;
  switch (place.type) {
    case kind::nil:  // an open schema's attribute, of any type
      if (v.is_sequential() || v.is(kind::set) || v.is(kind::map) || v.is(kind::tagged)) {
        refuse("db.error/wrong-type-for-attribute",
               "a collection is not one value of " + place.name() +
                   "; declare it with :db.cardinality/many to give it several",
               form);
      }
      return v;
    case kind::bigint:
      if (v.is(kind::long_)) return make_bigint(v.word());
      break;
    case kind::float_:
      if (v.is(kind::double_)) return detail::float_of(place, v, form);
      break;
    default: break;
  }
  detail::refuse_type(place, v, form);
}

}  // namespace datolite::datoms
