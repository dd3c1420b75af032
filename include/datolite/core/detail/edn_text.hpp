// edn_text: EDN's alphabet, and what makes a symbol, a keyword and a tag: the same for reader and printer.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace datolite::detail {

inline constexpr std::size_t max_edn_nesting = 512;

enum class edn_class : std::uint8_t { other, blank, symbol };

/// A byte's part in EDN. Every byte of a character beyond ASCII may stand in a symbol.
inline constexpr auto edn_classes = [] {
  std::array<edn_class, 256> all{};
  for (const char c : std::string_view{" ,\t\n\r\f\v"}) all[static_cast<unsigned char>(c)] = edn_class::blank;
  for (const char c : std::string_view{"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                       ".*+!-_?$%&=<>/:#'|"}) {
    all[static_cast<unsigned char>(c)] = edn_class::symbol;
  }
  for (std::size_t i = 0x80; i < 256; ++i) all[i] = edn_class::symbol;
  return all;
}();

inline edn_class edn_class_of(char c) noexcept { return edn_classes[static_cast<unsigned char>(c)]; }

struct character_name {
  char32_t code;
  std::string_view name;
};
inline constexpr character_name character_names[] = {{'\n', "newline"},  {'\r', "return"},
                                                     {' ', "space"},     {'\t', "tab"},
                                                     {'\f', "formfeed"}, {'\b', "backspace"}};

inline bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

inline int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// The start of a token, fit for a message.
inline std::string shown(std::string_view token) {
  constexpr std::size_t most = 40;
  if (token.size() <= most) return std::string{token};
  std::size_t size = most;
  while (size > 0 && (static_cast<unsigned char>(token[size]) & 0xC0) == 0x80) --size;
  return std::string{token.substr(0, size)}.append("…");
}

inline bool consists_of_symbol_characters(std::string_view text) noexcept {
  for (const char c : text) {
    if (edn_class_of(c) != edn_class::symbol) return false;
  }
  return true;
}

/// Does `text`, which consists of symbol characters, divide into name, or namespace and name?
inline bool has_name(std::string_view text) noexcept {
  const std::size_t slash = text.find('/');
  if (slash == text.npos) return !text.empty();
  return slash > 0 && slash + 1 < text.size() && text.find('/', slash + 1) == text.npos;
}

/// Is this a symbol, given that it consists of symbol characters?
inline bool is_symbol_token(std::string_view text) noexcept {
  if (text == "/") return true;
  if (!has_name(text) || text == "nil" || text == "true" || text == "false") return false;
  if (text.starts_with("\xEF\xBB\xBF")) return false;  // at the start of a text it is a byte-order mark
  const char first = text[0];
  if (is_digit(first) || first == ':' || first == '#' || first == '\'') return false;
  const bool like_a_number = first == '+' || first == '-' || first == '.';
  return !like_a_number || text.size() == 1 || !is_digit(text[1]);
}

/// The same for a keyword without its colon.
inline bool is_keyword_token(std::string_view text) noexcept { return has_name(text) && text[0] != ':'; }

/// The same for what stands after the # of a tagged literal.
inline bool is_tag_token(std::string_view text) noexcept {
  if (!is_symbol_token(text)) return false;
  const char lower = static_cast<char>(text[0] | 0x20);
  return (lower >= 'a' && lower <= 'z') || static_cast<unsigned char>(text[0]) >= 0x80;
}

/// Tags with a meaning of their own: no tagged value has one of these.
inline bool is_known_tag(std::string_view text) noexcept {
  return text == "inst" || text == "uuid" || text.starts_with("datolite/");
}

}  // namespace datolite::detail
