// edn_atoms: the part of the EDN reader that reads names, numbers, strings and characters.
#pragma once

#include <charconv>

#include <datolite/core/detail/bignum_text.hpp>
#include <datolite/core/detail/edn_text.hpp>
#include <datolite/core/detail/utf8.hpp>
#include <datolite/core/edn.hpp>

namespace datolite {

namespace detail {

/// Does a number this large or small end up as an infinity (and not as zero)?
inline bool overflows(const number_text& n) noexcept {
  std::int64_t exponent = exponent_of(n) + static_cast<std::int64_t>(n.whole.size());
  if (n.whole == "0") {
    const std::size_t first = n.fraction.find_first_not_of('0');
    const std::size_t zeros = first == n.fraction.npos ? n.fraction.size() : first;
    exponent = exponent_of(n) - static_cast<std::int64_t>(zeros);
  }
  return exponent > 0;
}

}  // namespace detail

inline void edn_reader::read_name() {
  const std::size_t start = at_;
  const std::string_view token = take_token();
  if (token == "nil") {
    pending_.emplace_back();
  } else if (token == "true" || token == "false") {
    pending_.emplace_back(token == "true");
  } else if (detail::is_symbol_token(token)) {
    pending_.push_back(value::symbol(token));
  } else {
    refuse(start, "symbol", detail::shown(token) + " is no symbol");
  }
}

inline void edn_reader::read_keyword() {
  const std::size_t start = at_++;
  const std::string_view token = take_token();
  if (!detail::is_keyword_token(token))
    refuse(start, "keyword", ":" + detail::shown(token) + " is no keyword");
  pending_.push_back(value::keyword(token));
}

inline void edn_reader::read_number() {
  const std::size_t start = at_;
  const std::string_view token = take_token();
  const std::string_view digits = token.substr(token[0] == '-' || token[0] == '+' ? 1 : 0);
  if (digits.size() <= 18 && (digits[0] != '0' || digits.size() == 1)) {
    std::int64_t n = 0;
    std::size_t i = 0;
    for (; i < digits.size() && detail::is_digit(digits[i]); ++i) n = 10 * n + (digits[i] - '0');
    if (i == digits.size()) return static_cast<void>(pending_.emplace_back(token[0] == '-' ? -n : n));
  }
  pending_.push_back(big_number(token, start));
}

/// A number that is no plain short integer.
inline value edn_reader::big_number(std::string_view token, std::size_t at) const {
  const auto n = detail::scan_number(token);
  if (!n) {
    const bool ratio = token.find('/') != token.npos;
    refuse(at, "number",
           detail::shown(token) + (ratio ? " is no number: EDN has no ratios" : " is no number"));
  }
  if (n->whole.size() + n->fraction.size() > detail::max_big_digits) {
    refuse(at, "number-size", detail::shown(token) + " has more than 100000 digits");
  }
  if (n->suffix == 'M') {
    const auto parts =
        detail::bigdec_from_digits(n->negative, std::string{n->whole}.append(n->fraction),
                                   static_cast<std::int64_t>(n->fraction.size()) - detail::exponent_of(*n));
    if (!parts) refuse(at, "number-size", detail::shown(token) + " has an exponent beyond 1000000000");
    std::string raw;
    detail::append_bigdec(raw, *parts);
    return value::from_raw(kind::bigdec, raw);
  }
  if (n->suffix == 'N' || (n->fraction.empty() && n->exponent.empty())) {
    const std::string raw = detail::bigint_from_digits(n->negative, n->whole);
    const auto fits = n->suffix == 'N' ? std::nullopt : detail::bigint_to_long(raw);
    return fits ? value{*fits} : value::from_raw(kind::bigint, raw);
  }
  double d = 0;
  const char* first = n->unsigned_text.data();
  const auto read = std::from_chars(first, first + n->unsigned_text.size(), d);
  if (read.ec == std::errc::result_out_of_range) {
    if (detail::overflows(*n)) refuse(at, "number-size", detail::shown(token) + " is too large for a double");
    d = 0;
  }
  return n->negative ? -d : d;
}

inline void edn_reader::read_string() {
  const std::size_t start = at_++;
  const auto plain_end = [this] {
    std::size_t end = at_;
    while (end < text_.size() && text_[end] != '"' && text_[end] != '\\') ++end;
    return end;
  };
  std::size_t end = plain_end();
  if (end < text_.size() && text_[end] == '"') {
    pending_.emplace_back(text_.substr(at_, end - at_));
    at_ = end + 1;
    return;
  }
  std::string unescaped;
  for (;; end = plain_end()) {
    unescaped.append(text_.substr(at_, end - at_));
    at_ = end;
    if (at_ >= text_.size()) refuse(start, "unclosed", "this string is never closed");
    if (text_[at_] == '"') break;
    read_escape(unescaped);
  }
  ++at_;
  pending_.emplace_back(std::string_view{unescaped});
}

/// Four hexadecimal digits at `at`.
inline char32_t edn_reader::read_hex4(std::size_t at) const {
  char32_t code = 0;
  for (std::size_t i = at; i < at + 4; ++i) {
    const int digit = i < text_.size() ? detail::hex_digit(text_[i]) : -1;
    if (digit < 0) refuse(at - 2, "escape", "\\u takes four hexadecimal digits");
    code = code << 4 | static_cast<char32_t>(digit);
  }
  return code;
}

/// An escape within a string, from its backslash on.
inline void edn_reader::read_escape(std::string& out) {
  const std::size_t start = at_++;
  const char c = peek();
  if (c == 'u') {
    char32_t code = read_hex4(at_ + 1);
    at_ += 5;
    if (code >= 0xD800 && code <= 0xDBFF && peek() == '\\' && peek(1) == 'u') {
      const char32_t low = read_hex4(at_ + 2);
      if (low >= 0xDC00 && low <= 0xDFFF) {
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        at_ += 6;
      }
    }
    if (!detail::is_scalar_value(code)) refuse(start, "escape", "half of a surrogate pair stands alone");
    return detail::append_utf8(out, code);
  }
  if (c >= '0' && c <= '7') {
    char32_t code = 0;
    for (int i = 0; i < 3 && peek() >= '0' && peek() <= '7'; ++i)
      code = code * 8 + static_cast<char32_t>(text_[at_++] - '0');
    if (code > 0xFF) refuse(start, "escape", "an octal escape is at most \\377");
    return detail::append_utf8(out, code);
  }
  constexpr std::string_view letters = "ntr\\\"bf", meanings = "\n\t\r\\\"\b\f";
  const std::size_t which = at_ < text_.size() ? letters.find(c) : letters.npos;
  if (which == letters.npos) {
    const auto character = detail::first_character(text_.substr(std::min(at_, text_.size() - 1)));
    refuse(start, "escape",
           std::string{"a string has no escape \\"}.append(text_.substr(at_, character.size)));
  }
  out.push_back(meanings[which]);
  ++at_;
}

inline void edn_reader::read_character() {
  const std::size_t start = at_++;
  const char next = peek();
  if (at_ >= text_.size() || static_cast<unsigned char>(next) <= ' ' || next == '\x7F') {
    refuse(start, "character", "no character follows the backslash");
  }
  const auto first = detail::first_character(text_.substr(at_));
  at_ += first.size;
  take_token();
  const std::string_view token = text_.substr(start + 1, at_ - start - 1);
  char32_t code = first.code;
  if (token.size() > first.size) {
    const detail::character_name* named = nullptr;
    for (const detail::character_name& one : detail::character_names) {
      if (one.name == token) named = &one;
    }
    if (named != nullptr) {
      code = named->code;
    } else if (token.size() == 5 && token[0] == 'u') {
      code = read_hex4(start + 2);
      if (!detail::is_scalar_value(code))
        refuse(start, "character", "half of a surrogate pair is no character");
    } else {
      refuse(start, "character", "\\" + detail::shown(token) + " is no character");
    }
  }
  pending_.push_back(value::character(code));
}

}  // namespace datolite
