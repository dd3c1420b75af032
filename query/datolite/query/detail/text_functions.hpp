// text_functions: str, subs, count and the functions of clojure.string.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include <datolite/core/edn.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/value.hpp>
#include <datolite/query/detail/arithmetic.hpp>

namespace datolite::query::detail {

/// The shortest digits that read back as `d`, with a point from 0.001 to ten million, with an exponent
/// beyond.
template <class Floating>
void append_floating(std::string& out, Floating d) {
  if (d != d) return static_cast<void>(out.append("NaN"));
  const Floating size = d < 0 ? -d : d;
  if (size > std::numeric_limits<Floating>::max()) {
    return static_cast<void>(out.append(d < 0 ? "-Infinity" : "Infinity"));
  }
  const bool fixed = size == 0 || (size >= Floating(1e-3) && size < Floating(1e7));
  const auto format = fixed ? std::chars_format::fixed : std::chars_format::scientific;
  char text[64];
  const std::string_view digits{
      text, static_cast<std::size_t>(std::to_chars(text, text + sizeof text, d, format).ptr - text)};
  const std::string_view mantissa = digits.substr(0, digits.find('e'));
  out.append(mantissa);
  if (mantissa.find('.') == mantissa.npos) out.append(".0");
  if (mantissa.size() == digits.size()) return;
  std::string_view exponent = digits.substr(mantissa.size() + 1);  // +08, -05
  out.append(exponent.front() == '-' ? "E-" : "E");
  exponent.remove_prefix(std::min(exponent.find_first_not_of("+-0"), exponent.size() - 1));
  out.append(exponent);
}

/// A character's UTF-8.
inline void append_character(std::string& out, char32_t c) {
  const std::size_t tail = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;  // bytes after the first
  const char32_t mark = tail == 0 ? 0 : (0xFFU << (7 - tail) & 0xFF);           // 110…, 1110…, 11110…
  out.push_back(static_cast<char>(static_cast<unsigned char>(mark | c >> (6 * tail))));
  for (std::size_t i = tail; i-- > 0;) {
    out.push_back(static_cast<char>(static_cast<unsigned char>(0x80 | (c >> (6 * i) & 0x3F))));
  }
}

/// A value as a text shows it: as EDN, but without quotes, tags, and the letters that mark a number's type.
inline void append_shown(std::string& out, const value& v) {
  switch (v.kind()) {
    case kind::nil: return;
    case kind::string:
    case kind::uri: return static_cast<void>(out.append(v.raw()));
    case kind::double_: return append_floating(out, v.as_double());
    case kind::float_: return append_floating(out, v.as_float());
    case kind::character: return append_character(out, v.as_character());
    default: break;
  }
  const std::size_t before = out.size();
  print_edn(out, v, edn_style::plain);
  if (v.is(kind::uuid)) {  // #uuid "…"
    out.erase(before, out.find('"', before) + 1 - before);
    out.pop_back();
  } else if (v.is(kind::bigint) || v.is(kind::bigdec)) {
    out.pop_back();
  }
}

/// Its arguments as texts, one after the other; nil is nothing.
inline value str(std::span<const value> arguments) {
  std::string out;
  for (const value& v : arguments) append_shown(out, v);
  return value{out};
}

inline std::string_view text_of(const value& v, std::string_view function_name) {
  if (v.is(kind::string)) return v.as_string();
  throw error{error_category::incorrect, "db.error/wrong-type",
              std::string{function_name} + " takes strings, not the " + std::string{to_string(v.kind())} +
                  " " + to_edn(v)};
}

inline bool begins_character(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

/// Characters are Unicode scalar values.
inline std::int64_t characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(), begins_character);
}

/// The byte at which the character numbered `n` begins.
inline std::size_t byte_of(std::string_view text, std::int64_t n) {
  std::size_t at = 0;
  for (; n > 0 && at < text.size(); --n) {
    do ++at;
    while (at < text.size() && !begins_character(text[at]));
  }
  if (n != 0) {
    throw error{error_category::incorrect, "db.error/arithmetic", "subs: the string has fewer characters"};
  }
  return at;
}

inline value subs(std::span<const value> arguments) {
  const std::string_view text = text_of(arguments[0], "subs");
  const auto position = [&text](const value& at) {
    const auto n = integer_of(at);
    if (!n || *n < 0) {
      throw error{error_category::incorrect, "db.error/wrong-type",
                  "subs takes positions from 0, not " + to_edn(at)};
    }
    return byte_of(text, *n);
  };
  const std::size_t first = position(arguments[1]);
  const std::size_t last = arguments.size() == 3 ? position(arguments[2]) : text.size();
  if (last < first) {
    throw error{error_category::incorrect, "db.error/arithmetic", "subs: the end lies before the beginning"};
  }
  return value{text.substr(first, last - first)};
}

inline value count(std::span<const value> arguments) {
  const value& v = arguments[0];
  if (v.is_nil()) return 0;
  if (v.is(kind::string)) return characters(v.as_string());
  if (v.is(kind::map)) return static_cast<std::int64_t>(v.entries().size());
  if (v.is_sequential() || v.is(kind::set)) return static_cast<std::int64_t>(v.elements().size());
  throw error{
      error_category::incorrect, "db.error/wrong-type",
      "count takes strings and collections, not the " + std::string{to_string(v.kind())} + " " + to_edn(v)};
}

inline value ends_with(std::span<const value> a) {
  return a[0].is(kind::string) && a[1].is(kind::string) && a[0].as_string().ends_with(a[1].as_string());
}
inline value includes_text(std::span<const value> a) {
  return a[0].is(kind::string) && a[1].is(kind::string) &&
         a[0].as_string().find(a[1].as_string()) != std::string_view::npos;
}
inline value is_blank_text(std::span<const value> a) {
  if (a[0].is_nil()) return true;
  return a[0].is(kind::string) && a[0].as_string().find_first_not_of(" \t\n\r\f\v") == std::string_view::npos;
}

/// ASCII letters change case; every other character stays.
template <char First, char Last, int Step>
value with_case(std::span<const value> a) {
  std::string out{text_of(a[0], Step < 0 ? "upper-case" : "lower-case")};
  for (char& c : out) {
    if (c >= First && c <= Last) c = static_cast<char>(c + Step);
  }
  return value{out};
}

/// The part of a keyword or symbol before its slash, or after it; of a string, `name` is the string.
template <bool Namespace>
value name_part(std::span<const value> a) {
  const value& v = a[0];
  if (!v.is(kind::keyword) && !v.is(kind::symbol)) {
    return Namespace ? value{} : value{text_of(v, "name")};
  }
  const std::string_view text = v.raw();
  const auto slash = text.size() > 1 ? text.find('/') : std::string_view::npos;
  if (Namespace) return slash == std::string_view::npos ? value{} : value{text.substr(0, slash)};
  return value{slash == std::string_view::npos ? text : text.substr(slash + 1)};
}

}  // namespace datolite::query::detail
