// names: what symbols mean in a query.
#pragma once

#include <optional>
#include <string>
#include <string_view>

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

/// The name that `name` writes in reverse: ns/a of ns/_a. Empty if it writes none.
inline std::optional<std::string> forward_name(std::string_view name) {
  const std::size_t slash = name.find('/');
  const std::size_t local = slash == name.npos ? 0 : slash + 1;
  if (!name.substr(local).starts_with('_')) return std::nullopt;
  return std::string{name}.erase(local, 1);
}

/// The name of a function without the `clojure.core/` that may stand before it.
inline std::string_view without_core(std::string_view name) noexcept {
  constexpr std::string_view core = "clojure.core/";
  return name.starts_with(core) ? name.substr(core.size()) : name;
}

inline value default_source() { return value::symbol("$"); }

}  // namespace datolite::query::detail
