// edn_printer: the implementation of the EDN printer that edn.hpp declares.
#pragma once

#include <charconv>

#include <datolite/core/detail/bignum_text.hpp>
#include <datolite/core/detail/edn_text.hpp>
#include <datolite/core/detail/frame_stack.hpp>
#include <datolite/core/detail/ieee.hpp>
#include <datolite/core/detail/instant_text.hpp>
#include <datolite/core/detail/utf8.hpp>
#include <datolite/core/edn.hpp>
#include <datolite/core/linkage.hpp>

namespace datolite {

namespace detail {

inline void print_hex(std::string& out, std::string_view raw) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (const char c : raw) {
    out.push_back(digits[static_cast<unsigned char>(c) >> 4]);
    out.push_back(digits[static_cast<unsigned char>(c) & 15]);
  }
}

inline void print_long(std::string& out, std::int64_t n) {
  char text[24];
  out.append(text, std::to_chars(text, text + sizeof text, n).ptr);
}

/// A control character as \uXXXX.
inline void print_code(std::string& out, char32_t code) {
  const char both[] = {static_cast<char>(static_cast<unsigned char>(code >> 8)),
                       static_cast<char>(static_cast<unsigned char>(code))};
  print_hex(out.append("\\u"), {both, 2});
}

/// REQUIRES: `text` is UTF-8.
inline void print_quoted(std::string& out, std::string_view text) {
  constexpr std::string_view letters = "ntr\\\"bf", meanings = "\n\t\r\\\"\b\f";
  const auto special = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\' || c == '\x7F';
  };
  out.push_back('"');
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && !special(text[end])) ++end;
    out.append(text.substr(i, end - i));
    if (end == text.size()) break;
    if (const std::size_t which = meanings.find(text[end]); which != meanings.npos) {
      out.push_back('\\');
      out.push_back(letters[which]);
    } else {
      print_code(out, static_cast<unsigned char>(text[end]));
    }
    i = end + 1;
  }
  out.push_back('"');
}

/// A string, or bytes where it is not UTF-8.
inline void print_string(std::string& out, std::string_view text) {
  if (find_bad_utf8(text) == text.npos) return print_quoted(out, text);
  print_hex(out.append("#datolite/bytes \""), text);
  out.push_back('"');
}

/// The shortest text that reads back as this very number.
inline void print_double(std::string& out, double d) {
  if (d != d) return static_cast<void>(out.append("##NaN"));
  if (is_infinite(d)) return static_cast<void>(out.append(d < 0 ? "##-Inf" : "##Inf"));
  char text[32];
  const std::string_view shortest{
      text, static_cast<std::size_t>(std::to_chars(text, text + sizeof text, d).ptr - text)};
  out.append(shortest);
  if (shortest.find_first_of(".e") == shortest.npos) out.append(".0");
}

/// The shortest text of the float, where it is the nearest double's that rounds back to the float; else the
/// double's.
inline void print_float(std::string& out, float f) {
  if (f != f || is_infinite(f)) return print_double(out, f);
  char text[32];
  const char* end = std::to_chars(text, text + sizeof text, f).ptr;
  double d = 0;
  std::from_chars(text, end, d);
  print_double(out, static_cast<float>(d) == f ? d : double{f});
}

inline void print_character(std::string& out, char32_t c) {
  if (!is_scalar_value(c)) return print_long(out.append("#datolite/character "), c);
  for (const character_name& named : character_names) {
    if (named.code == c) return static_cast<void>(out.append("\\").append(named.name));
  }
  if (c < 0x20 || (c >= 0x7F && c <= 0xA0)) return print_code(out, c);
  append_utf8(out.append("\\"), c);
}

inline void print_name(std::string& out, const value& v, bool plain) {
  const std::string_view text = v.raw();
  const bool is_keyword = v.is(kind::keyword);
  const bool spelled = consists_of_symbol_characters(text) &&
                       (is_keyword ? is_keyword_token(text) : is_symbol_token(text)) &&
                       find_bad_utf8(text) == text.npos;
  if (spelled || plain) return static_cast<void>(out.append(is_keyword ? ":" : "").append(text));
  print_string(out.append(is_keyword ? "#datolite/keyword " : "#datolite/symbol "), text);
}

inline void print_instant(std::string& out, std::int64_t milliseconds) {
  if (const auto text = instant_text(milliseconds)) {
    out.append("#inst \"").append(*text).append("\"");
  } else {
    print_long(out.append("#datolite/instant "), milliseconds);
  }
}

inline void print_uuid(std::string& out, std::string_view raw) {
  std::string digits;
  print_hex(digits, raw);
  for (const std::size_t dash : {20, 16, 12, 8}) digits.insert(dash, 1, '-');
  out.append("#uuid \"").append(digits).append("\"");
}

/// REQUIRES: no collection.
inline void print_scalar(std::string& out, const value& v, bool plain) {
  switch (v.kind()) {
    case kind::nil: out.append("nil"); break;
    case kind::boolean: out.append(v.word() != 0 ? "true" : "false"); break;
    case kind::long_: print_long(out, v.word()); break;
    case kind::bigint: out.append(bigint_text(v.raw())).push_back('N'); break;
    case kind::float_: print_float(out.append(plain ? "" : "#datolite/float "), v.as_float()); break;
    case kind::double_: print_double(out, v.as_double()); break;
    case kind::bigdec: out.append(bigdec_text(v.raw())).push_back('M'); break;
    case kind::string:
      if (find_bad_utf8(v.raw()) != std::string_view::npos) out.append("#datolite/string ");
      print_string(out, v.raw());
      break;
    case kind::keyword:
    case kind::symbol: print_name(out, v, plain); break;
    case kind::instant: print_instant(out, v.word()); break;
    case kind::uuid: print_uuid(out, v.raw()); break;
    case kind::uri: print_string(out.append(plain ? "" : "#datolite/uri "), v.raw()); break;
    case kind::bytes:
      print_hex(out.append("#datolite/bytes \""), v.raw());
      out.push_back('"');
      break;
    case kind::ref: print_long(out.append(plain ? "" : "#datolite/ref "), v.word()); break;
    case kind::character: print_character(out, v.as_character()); break;
    default: break;
  }
}

/// A collection that is being printed.
struct printing_frame {
  const value *first, *next, *end;
  char closer;  ///< '\0' for none
  bool pairs;
};

/// Prints a collection's opening.
inline printing_frame open_collection(std::string& out, const value& v, bool plain) {
  const auto elements = v.elements();
  const value* const first = elements.data();
  const auto opened = [&](std::string_view opener, char closer, bool pairs = false) {
    out.append(opener);
    return printing_frame{first, first, first + elements.size(), closer, pairs};
  };
  switch (v.kind()) {
    case kind::list: return opened("(", ')');
    case kind::set: return opened("#{", '}');
    case kind::map: return opened("{", '}', true);
    case kind::tuple: return opened(plain ? "[" : "#datolite/tuple [", ']');
    case kind::tagged: {
      const value& tag = elements[0];
      const bool spelled = tag.is(kind::symbol) && consists_of_symbol_characters(tag.raw()) &&
                           is_tag_token(tag.raw()) && !is_known_tag(tag.raw()) &&
                           find_bad_utf8(tag.raw()) == std::string_view::npos;
      if (!spelled) return opened("#datolite/tagged [", ']');
      out.append("#").append(tag.raw()).push_back(' ');
      return {first + 1, first + 1, first + 2, '\0', false};
    }
    default: return opened("[", ']');
  }
}

}  // namespace detail

DATOLITE_INLINE void print_edn(std::string& out, const value& v, edn_style style) {
  const bool plain = style != edn_style::exact, bare = style == edn_style::bare;
  detail::frame_stack<detail::printing_frame> open;
  const value* current = &v;
  for (;;) {
    if (current->is(kind::tuple) || current->kind() >= kind::vector) {
      open.push(detail::open_collection(out, *current, plain));
    } else if (bare && current->is(kind::string)) {
      out.append(current->raw());
    } else if (bare && current->is(kind::character) && detail::is_scalar_value(current->as_character())) {
      detail::append_utf8(out, current->as_character());
    } else {
      detail::print_scalar(out, *current, plain);
    }
    while (!open.empty() && open.top().next == open.top().end) {
      if (open.top().closer != '\0') out.push_back(open.top().closer);
      open.pop();
    }
    if (open.empty()) return;
    detail::printing_frame& top = open.top();
    if (top.next != top.first) out.append(top.pairs && (top.next - top.first) % 2 == 0 ? ", " : " ");
    current = top.next++;
  }
}

DATOLITE_INLINE std::string to_edn(const value& v, edn_style style) {
  std::string out;
  print_edn(out, v, style);
  return out;
}

}  // namespace datolite
