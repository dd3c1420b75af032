// xforms: the functions that a pull's :xform can name: all that queries can call, and one more.
#pragma once

#include <span>
#include <string_view>

#include <datolite/core/edn.hpp>
#include <datolite/core/value.hpp>
#include <datolite/query/detail/names.hpp>
#include <datolite/query/detail/text_functions.hpp>
#include <datolite/query/function.hpp>
#include <datolite/query/functions.hpp>

namespace datolite::query::detail {

inline value read_string(std::span<const value> a) {
  return a[0].is_nil() ? value{} : read_edn(text_of(a[0], "read-string"));
}

/// The function called `name`, with or without clojure.core/ before it. Empty if there is none.
inline function find_xform(std::string_view name) {
  name = without_core(name);
  if (function known = find_function(name)) return known;
  if (name == "read-string") return function{read_string, 1, 1};
  return {};
}

}  // namespace datolite::query::detail
