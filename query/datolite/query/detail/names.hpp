// names: what symbols mean in a query.
#pragma once

#include <datolite/core/value.hpp>

namespace datolite::query::detail {

inline bool symbol_starts(const value& v, char first) noexcept {
  return v.is(kind::symbol) && v.raw().starts_with(first);
}
inline bool is_variable(const value& v) noexcept { return symbol_starts(v, '?') && v.raw().size() > 1; }
inline bool is_source(const value& v) noexcept { return symbol_starts(v, '$'); }
inline bool is_blank(const value& v) noexcept { return v.is_symbol("_"); }
/// A symbol that is none of these, nor `%`, `.` or `...`.
inline bool is_plain_symbol(const value& v) noexcept {
  if (!v.is(kind::symbol) || v.raw().starts_with('?') || is_source(v) || is_blank(v)) return false;
  return !v.is_symbol("%") && !v.is_symbol(".") && !v.is_symbol("...");
}
inline bool is_form(const value& v) noexcept { return v.is(kind::list) || v.is(kind::vector); }

inline value default_source() { return value::symbol("$"); }

}  // namespace datolite::query::detail
