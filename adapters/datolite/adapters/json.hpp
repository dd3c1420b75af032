// json: values as JSON, for programs that do not read EDN.
//
// JSON has fewer types, so this goes one way. nil is null; booleans, longs and finite doubles are themselves; NaN and
// the infinities are null; strings, uris, uuids, instants (RFC 3339), symbols and characters are strings; keywords are
// strings that begin with a colon; big numbers are strings of their digits; refs are numbers; sequences and sets are
// arrays; maps are objects whose keys are strings as above, or else the key's EDN; bytes and tagged literals are the
// text of their EDN.
#pragma once

#include <cmath>
#include <cstddef>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include <datolite/core/edn.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/value.hpp>

namespace datolite::adapters {

using json = nlohmann::ordered_json;

namespace detail {

/// The text between the quotes of a printed tagged literal, #inst "…" or #uuid "…".
inline std::string quoted_part(const std::string& printed) {
  const std::size_t first = printed.find('"');
  return printed.substr(first + 1, printed.rfind('"') - first - 1);
}

inline std::string json_text(const value& v) {
  switch (v.kind()) {
    case kind::string:
    case kind::symbol:
    case kind::uri: return std::string{v.raw()};
    case kind::instant:
    case kind::uuid: return quoted_part(to_edn(v));
    case kind::bigint:
    case kind::bigdec: {
      std::string digits = to_edn(v);
      digits.pop_back();  // N or M
      return digits;
    }
    default: return to_edn(v);
  }
}

inline json json_number(double d) { return std::isfinite(d) ? json(d) : json(nullptr); }

inline json to_json(const value& v, int depth) {
  constexpr int deepest = 512;  // as EDN is read
  if (depth > deepest) {
    throw error{error_category::exhausted, "db.error/nesting", "a value is nested more than 512 deep"};
  }
  switch (v.kind()) {
    case kind::nil: return nullptr;
    case kind::boolean: return v.as_boolean();
    case kind::long_:
    case kind::ref: return v.word();
    case kind::double_: return json_number(v.as_double());
    case kind::float_: return json_number(v.as_float());
    case kind::tuple:
    case kind::vector:
    case kind::list:
    case kind::set: {
      json out = json::array();
      for (const value& element : v.elements()) out.push_back(to_json(element, depth + 1));
      return out;
    }
    case kind::map: {
      json out = json::object();
      for (const map_entry& entry : v.entries()) out[json_text(entry.key)] = to_json(entry.val, depth + 1);
      return out;
    }
    default: return json_text(v);
  }
}

}  // namespace detail

/// `v` as JSON. O(its size). Throws `exhausted` if it is nested more than 512 deep.
inline json to_json(const value& v) { return detail::to_json(v, 0); }

}  // namespace datolite::adapters
