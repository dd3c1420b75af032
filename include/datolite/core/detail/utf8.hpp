// utf8: checking and writing UTF-8.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace datolite::detail {

constexpr bool is_scalar_value(char32_t c) noexcept { return c < 0xD800 || (c > 0xDFFF && c <= 0x10FFFF); }

/// REQUIRES: is_scalar_value(c).
inline void append_utf8(std::string& out, char32_t c) {
  const auto put = [&out](char32_t byte) {
    out.push_back(static_cast<char>(static_cast<unsigned char>(byte)));
  };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6), put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18), put(0x80 | (c >> 12 & 0x3F)), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
  }
}

/// The character at the start of `text` and its size in bytes; size 0 if there is no well-formed one
/// (overlong forms, surrogates and numbers over 0x10FFFF are not).  REQUIRES: !text.empty().
struct utf8_character {
  char32_t code;
  std::size_t size;
};
inline utf8_character first_character(std::string_view text) noexcept {
  const auto at = [&text](std::size_t i) {
    return static_cast<char32_t>(static_cast<unsigned char>(text[i]));
  };
  const char32_t head = at(0);
  if (head < 0x80) return {head, 1};
  const std::size_t size = head >= 0xF0 ? 4 : head >= 0xE0 ? 3 : 2;
  if (head < 0xC2 || head > 0xF4 || text.size() < size) return {0, 0};
  char32_t code = head & (0x7Fu >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xC0) != 0x80) return {0, 0};
    code = code << 6 | (at(i) & 0x3F);
  }
  constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < least[size] || !is_scalar_value(code)) return {0, 0};
  return {code, size};
}

/// Where the first byte stands that is no part of well-formed UTF-8; npos if there is none. O(n), eight bytes
/// at a time where they are ASCII.
inline std::size_t find_bad_utf8(std::string_view text) noexcept {
  std::size_t i = 0;
  while (i < text.size()) {
    std::uint64_t eight;
    if (text.size() - i >= sizeof eight) {
      std::memcpy(&eight, text.data() + i, sizeof eight);
      if ((eight & 0x8080'8080'8080'8080u) == 0) {
        i += sizeof eight;
        continue;
      }
    }
    const std::size_t size = first_character(text.substr(i)).size;
    if (size == 0) return i;
    i += size;
  }
  return std::string_view::npos;
}

}  // namespace datolite::detail
