// refuse: how the query layer says no: what is wrong, and in which clause.
#pragma once

#include <string>
#include <string_view>

#include <datolite/core/edn.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/value.hpp>

namespace datolite::query::detail {

inline constexpr std::string_view invalid_query = "db.error/invalid-query";
inline constexpr std::string_view invalid_pull = "db.error/invalid-pull";
inline constexpr std::string_view insufficient_binding = "db.error/insufficient-binding";
inline constexpr std::string_view invalid_data_source = "db.error/invalid-data-source";
inline constexpr std::string_view unknown_function = "db.error/unknown-function";
inline constexpr std::string_view unknown_rule = "db.error/unknown-rule";
inline constexpr std::string_view wrong_arity = "db.error/wrong-arity";
inline constexpr std::string_view wrong_input = "db.error/invalid-query-input";
inline constexpr std::string_view unsupported = "db.error/unsupported";

/// The form as text, cut when it is long.
inline std::string shown(const value& form) {
  constexpr std::size_t longest = 240;
  std::string text = to_edn(form);
  if (text.size() <= longest) return text;
  std::size_t cut = longest;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;  // not inside a character
  text.resize(cut);
  return text += " …";
}

/// Throws "`message`, in `form`".
[[noreturn]] inline void refuse(std::string_view code, std::string message, const value& form) {
  const std::string text = shown(form);
  throw error{error_category::incorrect, code, std::move(message.append(", in ").append(text))};
}

/// Calls `f`; an error that it throws is thrown on with the clause's form (unless nil) in its message, where
/// it does not end with that already.
template <class F>
void naming_clause(const value& form, F&& f) {
  try {
    f();
  } catch (const error& e) {
    const std::string where = ", in " + shown(form);
    if (form.is_nil() || e.message().ends_with(where)) throw;
    throw error{e.category(), e.code(), e.message() + where, e.details()};
  }
}

}  // namespace datolite::query::detail
