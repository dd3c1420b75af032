// tx_error: refusing a form of transaction data, so that the message shows it.
#pragma once

#include <string>
#include <string_view>

#include <datolite/core/edn.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/value.hpp>

namespace datolite::datoms {

/// A form as EDN, cut short where it is long.
inline std::string shown(const value& form) {
  constexpr std::size_t most = 240;
  std::string text = to_edn(form, edn_style::plain);
  if (text.size() <= most) return text;
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // not inside a character
  return text.substr(0, end) + " …";
}

/// What an error about the form `text` tells tools.
inline std::string details_of(std::string_view text) {
  std::string details = "{:form ";
  print_edn(details, value{text});
  return details += '}';
}

inline std::string form_details(const value& form) { return details_of(shown(form)); }

[[noreturn]] inline void refuse(std::string_view code, std::string what, const value& form,
                                error_category category = error_category::incorrect) {
  const std::string text = shown(form);  // once: a form may be long, and the numbers in it costly to print
  throw error{category, code, std::move(what += ", in ").append(text), details_of(text)};
}

/// The name of an attribute, as people write it.
inline std::string name_of(const value& ident) { return shown(ident); }

}  // namespace datolite::datoms
