// edn_reader: the implementation of the EDN reader that edn.hpp declares.
//
// One loop, one explicit stack of what is open, one stack of elements waiting for their collection to close.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <span>

#include <datolite/core/detail/bignum_text.hpp>
#include <datolite/core/detail/edn_text.hpp>
#include <datolite/core/detail/instant_text.hpp>
#include <datolite/core/detail/utf8.hpp>
#include <datolite/core/edn.hpp>
#include <datolite/core/value_order.hpp>

namespace datolite {

namespace detail {

/// The start of a token, fit for a message.
inline std::string shown(std::string_view token) {
  constexpr std::size_t most = 40;
  if (token.size() <= most) return std::string{token};
  std::size_t size = most;
  while (size > 0 && (static_cast<unsigned char>(token[size]) & 0xC0) == 0x80) --size;
  return std::string{token.substr(0, size)}.append("…");
}

inline int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

inline std::optional<std::string> parse_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(static_cast<unsigned char>(16 * high + low)));
  }
  return out;
}

inline std::optional<std::array<unsigned char, 16>> parse_uuid(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash != (text[i] == '-')) return std::nullopt;
    if (!dash) digits.push_back(text[i]);
  }
  const auto raw = parse_hex(digits);
  if (!raw) return std::nullopt;
  std::array<unsigned char, 16> out;
  std::copy(raw->begin(), raw->end(), out.begin());
  return out;
}

/// Does a number this large or small end up as an infinity (and not as zero)?
inline bool overflows(const number_text& n) noexcept {
  std::int64_t exponent = exponent_of(n) + static_cast<std::int64_t>(n.whole.size());
  if (n.whole == "0") {
    const std::size_t zeros = std::min(n.fraction.find_first_not_of('0'), n.fraction.size());
    exponent = exponent_of(n) - static_cast<std::int64_t>(zeros);
  }
  return exponent > 0;
}

}  // namespace detail

inline edn_reader::edn_reader(std::string_view text, std::string_view source_name)
    : text_{text}, name_{source_name.empty() ? "edn" : source_name} {
  if (const std::size_t bad = detail::find_bad_utf8(text); bad != text.npos) {
    refuse(bad, "utf-8", "this is not UTF-8 text");
  }
  if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
}

inline edn_reader::place edn_reader::place_of(std::size_t offset) const noexcept {
  if (offset < counted_.offset) counted_ = {0, 1, 1};
  for (; counted_.offset < offset; ++counted_.offset) {
    const char c = text_[counted_.offset];
    if (c == '\n') {
      ++counted_.line, counted_.column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
      ++counted_.column;
    }
  }
  return counted_;
}

inline void edn_reader::refuse(std::size_t at, std::string_view code, std::string_view what) const {
  const place where = place_of(at);
  const std::string line = std::to_string(where.line), column = std::to_string(where.column);
  throw error{error_category::incorrect, std::string{"edn.error/"}.append(code),
              name_ + ":" + line + ":" + column + ": " + std::string{what},
              "{:line " + line + " :column " + column + "}"};
}

inline void edn_reader::refuse_unclosed() const {
  const frame& top = open_.back();
  if (top.what == opened::discard) refuse(top.at, "unfinished", "#_ has no form to discard");
  if (top.what == opened::tag) refuse(top.at, "unfinished", "the text ends before the tagged form");
  constexpr std::string_view openers[] = {"(", "[", "#{", "{"};
  refuse(top.at, "unclosed",
         std::string{"this "}.append(openers[static_cast<std::size_t>(top.what)]).append(" is never closed"));
}

inline std::optional<value> edn_reader::next() {
  pending_.clear(), open_.clear();
  for (;;) {
    skip_blank();
    if (at_ >= text_.size()) {
      if (open_.empty()) return std::nullopt;
      refuse_unclosed();
    }
    if (open_.empty()) form_at_ = at_;
    if (read_token() && settle()) {
      std::optional<value> form{std::move(pending_.back())};
      pending_.clear();
      return form;
    }
  }
}

inline void edn_reader::skip_blank() noexcept {
  for (; at_ < text_.size(); ++at_) {
    if (text_[at_] == ';') {
      at_ = std::min(text_.find('\n', at_), text_.size());
      if (at_ == text_.size()) return;
    } else if (detail::edn_class_of(text_[at_]) != detail::edn_class::blank) {
      return;
    }
  }
}

/// The run of symbol characters from here on, which may be empty.
inline std::string_view edn_reader::take_token() noexcept {
  const std::size_t start = at_;
  while (at_ < text_.size() && detail::edn_class_of(text_[at_]) == detail::edn_class::symbol) ++at_;
  return text_.substr(start, at_ - start);
}

/// Reads up to the end of a form, or past an opening; true if a form is complete and lies on pending_.
inline bool edn_reader::read_token() {
  const char c = text_[at_];
  switch (c) {
    case '(': return open(opened::list, 1), false;
    case '[': return open(opened::vector, 1), false;
    case '{': return open(opened::map, 1), false;
    case ')':
    case ']':
    case '}': return close(c);
    case '"': return read_string(), true;
    case ':': return read_keyword(), true;
    case '\\': return read_character(), true;
    case '#': return read_dispatch();
    default: break;
  }
  const bool is_signed = (c == '-' || c == '+') && detail::is_digit(peek(1));
  if (detail::is_digit(c) || is_signed) return read_number(), true;
  if (detail::edn_class_of(c) == detail::edn_class::symbol) return read_name(), true;
  const bool printable = c > ' ' && c < '\x7F';
  refuse(
      at_, "syntax",
      printable ? std::string{"EDN has no "} + c : std::string{"a control character stands between forms"});
}

/// Hands a complete form to the tags and discards that wait for it; true if it is what the caller asked for.
inline bool edn_reader::settle() {
  while (!open_.empty()) {
    const frame top = open_.back();
    if (top.what != opened::tag && top.what != opened::discard) return false;
    open_.pop_back();
    if (top.what == opened::discard) return pending_.pop_back(), false;
    apply_tag(top);
  }
  return true;
}

inline void edn_reader::open(opened what, std::size_t width) {
  if (open_.size() >= detail::max_edn_nesting) refuse(at_, "nesting", "nested more than 512 deep");
  open_.push_back({at_, pending_.size(), what});
  at_ += width;
}

inline bool edn_reader::close(char closer) {
  if (open_.empty())
    refuse(at_, "unmatched", std::string{"nothing is open that this "} + closer + " could close");
  const frame top = open_.back();
  if (top.what == opened::tag) refuse(top.at, "unfinished", "the tag has no form");
  if (top.what == opened::discard) refuse(top.at, "unfinished", "#_ has no form to discard");
  constexpr char closers[] = {')', ']', '}', '}'};
  if (const char expected = closers[static_cast<std::size_t>(top.what)]; closer != expected) {
    const place opening = place_of(top.at);
    refuse(at_, "unmatched",
           std::string{"expected "} + expected + " to close what opens at " + std::to_string(opening.line) +
               ":" + std::to_string(opening.column) + ", found " + closer);
  }
  const std::span<value> elements = std::span<value>{pending_}.subspan(top.first);
  constexpr kind kinds[] = {kind::list, kind::vector, kind::set, kind::map};
  if (top.what == opened::set) {
    if (const value* twice = detail::sort_set(elements)) {
      refuse(top.at, "duplicate-element",
             "the set has the element " + detail::shown(to_edn(*twice)) + " twice");
    }
  } else if (top.what == opened::map) {
    if (elements.size() % 2 != 0) {
      refuse(top.at, "odd-map",
             "the map has the key " + detail::shown(to_edn(elements.back())) + " without a value");
    }
    if (const value* twice =
            detail::sort_map({reinterpret_cast<map_entry*>(elements.data()), elements.size() / 2})) {
      refuse(top.at, "duplicate-key", "the map has the key " + detail::shown(to_edn(*twice)) + " twice");
    }
  }
  value made = value::from_moved(kinds[static_cast<std::size_t>(top.what)], elements);
  pending_.resize(top.first);
  pending_.push_back(std::move(made));
  open_.pop_back();
  ++at_;
  return true;
}

/// What starts with #: a set, a discard, ##Inf and its kin, a tag.
inline bool edn_reader::read_dispatch() {
  const std::size_t start = at_;
  if (peek(1) == '{') return open(opened::set, 2), false;
  if (peek(1) == '_') return open(opened::discard, 2), false;
  ++at_;
  const std::string_view token = take_token();
  if (token.starts_with('#')) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    if (token == "#Inf") return pending_.emplace_back(infinity), true;
    if (token == "#-Inf") return pending_.emplace_back(-infinity), true;
    if (token == "#NaN") return pending_.emplace_back(std::numeric_limits<double>::quiet_NaN()), true;
    refuse(start, "number", "expected ##Inf, ##-Inf or ##NaN");
  }
  if (!detail::is_tag_token(token)) {
    refuse(start, "tag",
           token.empty() ? "# starts a set, a tag, #_ or ##Inf, and none of these is here"
                         : "#" + detail::shown(token) + " is no tag: a tag starts with a letter");
  }
  const std::size_t end = at_;
  at_ = start;
  open(opened::tag, end - start);
  pending_.push_back(value::symbol(token));
  return false;
}

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
    const bool plain = std::all_of(digits.begin(), digits.end(), [&n](char c) {
      n = 10 * n + (c - '0');
      return detail::is_digit(c);
    });
    if (plain) return static_cast<void>(pending_.emplace_back(token[0] == '-' ? -n : n));
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
    constexpr std::pair<std::string_view, char32_t> names[] = {{"newline", '\n'},  {"return", '\r'},
                                                               {"space", ' '},     {"tab", '\t'},
                                                               {"formfeed", '\f'}, {"backspace", '\b'}};
    const auto named =
        std::find_if(std::begin(names), std::end(names), [&](auto& n) { return n.first == token; });
    if (named != std::end(names)) {
      code = named->second;
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

inline void edn_reader::apply_tag(const frame& at) {
  value form = std::move(pending_.back());
  pending_.pop_back();
  const value tag = std::move(pending_.back());
  pending_.pop_back();
  pending_.push_back(detail::is_known_tag(tag.raw()) ? tagged_value(tag.raw(), form, at.at)
                                                     : value::tagged(tag, form));
}

/// The value of `form` under a tag that is known.
inline value edn_reader::tagged_value(std::string_view tag, value& form, std::size_t at) const {
  const auto expect = [&](bool holds, std::string_view what) {
    if (!holds) {
      refuse(at,
             tag == "inst"   ? "instant"
             : tag == "uuid" ? "uuid"
                             : "tag",
             std::string{"#"}.append(tag).append(" takes ").append(what).append(", not ") +
                 detail::shown(to_edn(form)));
    }
  };
  const auto text_as = [&](kind k) {
    expect(form.is(kind::string) || form.is(kind::bytes), "a string");
    return value::from_raw(k, form.raw());
  };
  if (tag == "inst") {
    const auto instant = form.is(kind::string) ? detail::parse_instant(form.raw()) : std::nullopt;
    expect(instant.has_value(), "an RFC 3339 timestamp of a date that exists");
    return value::instant(*instant);
  }
  if (tag == "uuid") {
    const auto uuid = form.is(kind::string) ? detail::parse_uuid(form.raw()) : std::nullopt;
    expect(uuid.has_value(), "a UUID as 8-4-4-4-12 hexadecimal digits");
    return value::uuid(*uuid);
  }
  const std::string_view name = tag.substr(tag.find('/') + 1);
  if (name == "uri") return text_as(kind::uri);
  if (name == "string") return text_as(kind::string);
  if (name == "keyword") return text_as(kind::keyword);
  if (name == "symbol") return text_as(kind::symbol);
  if (name == "bytes") {
    const auto raw = form.is(kind::string) ? detail::parse_hex(form.raw()) : std::nullopt;
    expect(raw.has_value(), "a string of hexadecimal digits, two a byte");
    return value::bytes(*raw);
  }
  if (name == "float")
    return expect(form.is(kind::double_), "a double"), static_cast<float>(form.as_double());
  if (name == "tuple") {
    expect(form.is(kind::vector), "a vector");
    return value::tuple(form.elements());
  }
  if (name == "tagged") {
    expect(form.is(kind::vector) && form.elements().size() == 2, "a vector of tag and form");
    return value::tagged(form.elements()[0], form.elements()[1]);
  }
  const bool word = name == "ref" || name == "instant" || name == "character";
  if (!word)
    refuse(at, "tag", "the tag #" + detail::shown(tag) + " is not known; the namespace datolite is reserved");
  expect(form.is(kind::long_), "a long");
  if (name == "ref") return value::ref(form.word());
  if (name == "instant") return value::instant(form.word());
  expect(form.word() >= 0 && form.word() <= 0xFFFF'FFFF, "a character's number");
  return value::character(static_cast<char32_t>(form.word()));
}

inline value read_edn(std::string_view text, std::string_view source_name) {
  edn_reader reader{text, source_name};
  auto form = reader.next();
  if (!form) reader.refuse(0, "empty", "there is no form here");
  if (reader.next())
    reader.refuse(reader.offset(), "extra", "one form was expected, and here a second one starts");
  return *std::move(form);
}

inline value error_data(const error& e) {
  const auto fits = [](std::string_view text) {
    return detail::consists_of_symbol_characters(text) && detail::is_keyword_token(text);
  };
  std::vector<map_entry> entries{
      {value::keyword("db/error"), fits(e.code()) ? value::keyword(e.code()) : value{e.code()}},
      {value::keyword("category"), value::keyword(to_string(e.category()))},
      {value::keyword("message"), e.message()}};
  if (!e.details().empty()) {
    try {
      const value details = read_edn(e.details());
      for (const map_entry& entry : details.entries()) {
        const auto same = [&entry](const map_entry& mine) { return mine.key == entry.key; };
        if (std::none_of(entries.begin(), entries.end(), same)) entries.push_back(entry);
      }
    } catch (const error&) {
      entries.push_back({value::keyword("details"), e.details()});
    }
  }
  return make_map(entries);
}

inline value literals::operator""_edn(const char* text, std::size_t size) { return read_edn({text, size}); }

}  // namespace datolite
