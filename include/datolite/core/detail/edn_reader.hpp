// edn_reader: the implementation of the EDN reader that edn.hpp declares.
//
// One loop, one explicit stack of what is open, one stack of elements waiting for their collection to close.
#pragma once

#include <limits>
#include <span>

#include <datolite/core/detail/edn_atoms.hpp>
#include <datolite/core/detail/edn_tags.hpp>
#include <datolite/core/detail/edn_text.hpp>
#include <datolite/core/detail/utf8.hpp>
#include <datolite/core/detail/value_order.hpp>
#include <datolite/core/edn.hpp>
#include <datolite/core/linkage.hpp>

namespace datolite {

DATOLITE_INLINE edn_reader::edn_reader(std::string_view text, std::string_view source_name)
    : text_{text}, name_{source_name.empty() ? "edn" : source_name} {
  if (const std::size_t bad = detail::find_bad_utf8(text); bad != text.npos) {
    refuse(bad, "utf-8", "this is not UTF-8 text");
  }
  if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
}

DATOLITE_INLINE edn_reader::place edn_reader::place_of(std::size_t offset) const noexcept {
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

DATOLITE_INLINE void edn_reader::refuse(std::size_t at, std::string_view code, std::string_view what) const {
  const place where = place_of(at);
  const std::string line = std::to_string(where.line), column = std::to_string(where.column);
  throw error{error_category::incorrect, std::string{"edn.error/"}.append(code),
              name_ + ":" + line + ":" + column + ": " + std::string{what},
              "{:line " + line + " :column " + column + "}"};
}

DATOLITE_INLINE void edn_reader::refuse_unclosed() const {
  const frame& top = open_.back();
  if (top.what == opened::discard) refuse(top.at, "unfinished", "#_ has no form to discard");
  if (top.what == opened::tag) refuse(top.at, "unfinished", "the text ends before the tagged form");
  constexpr std::string_view openers[] = {"(", "[", "#{", "{"};
  refuse(top.at, "unclosed",
         std::string{"this "}.append(openers[static_cast<std::size_t>(top.what)]).append(" is never closed"));
}

DATOLITE_INLINE std::optional<value> edn_reader::next() {
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

DATOLITE_INLINE void edn_reader::skip_blank() noexcept {
  for (; at_ < text_.size(); ++at_) {
    if (text_[at_] == ';') {
      at_ = text_.find('\n', at_);
      if (at_ == text_.npos) at_ = text_.size();
      if (at_ == text_.size()) return;
    } else if (detail::edn_class_of(text_[at_]) != detail::edn_class::blank) {
      return;
    }
  }
}

/// The run of symbol characters from here on, which may be empty.
DATOLITE_INLINE std::string_view edn_reader::take_token() noexcept {
  const std::size_t start = at_;
  while (at_ < text_.size() && detail::edn_class_of(text_[at_]) == detail::edn_class::symbol) ++at_;
  return text_.substr(start, at_ - start);
}

/// Reads up to the end of a form, or past an opening; true if a form is complete and lies on pending_.
DATOLITE_INLINE bool edn_reader::read_token() {
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
DATOLITE_INLINE bool edn_reader::settle() {
  while (!open_.empty()) {
    const frame top = open_.back();
    if (top.what != opened::tag && top.what != opened::discard) return false;
    open_.pop_back();
    if (top.what == opened::discard) return pending_.pop_back(), false;
    apply_tag(top);
  }
  return true;
}

DATOLITE_INLINE void edn_reader::open(opened what, std::size_t width) {
  if (open_.size() >= detail::max_edn_nesting) refuse(at_, "nesting", "nested more than 512 deep");
  open_.push_back({at_, pending_.size(), what});
  at_ += width;
}

DATOLITE_INLINE bool edn_reader::close(char closer) {
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
  const bool is_map = top.what == opened::map;
  if (is_map && elements.size() % 2 != 0) {
    refuse(top.at, "odd-map",
           "the map has the key " + detail::shown(to_edn(elements.back())) + " without a value");
  }
  if (is_map || top.what == opened::set) {
    if (const value* twice = detail::sort_and_find_twice(elements, is_map ? 2 : 1)) {
      refuse(top.at, is_map ? "duplicate-key" : "duplicate-element",
             (is_map ? "the map has the key " : "the set has the element ") + detail::shown(to_edn(*twice)) +
                 " twice");
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
DATOLITE_INLINE bool edn_reader::read_dispatch() {
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

DATOLITE_INLINE value read_edn(std::string_view text, std::string_view source_name) {
  edn_reader reader{text, source_name};
  auto form = reader.next();
  if (!form) reader.refuse(0, "empty", "there is no form here");
  if (reader.next())
    reader.refuse(reader.offset(), "extra", "one form was expected, and here a second one starts");
  return *std::move(form);
}

DATOLITE_INLINE value error_data(const error& e) {
  const auto fits = [](std::string_view text) {
    return detail::consists_of_symbol_characters(text) && detail::is_keyword_token(text);
  };
  const value own =
      make_map({{value::keyword("db/error"), fits(e.code()) ? value::keyword(e.code()) : value{e.code()}},
                {value::keyword("category"), value::keyword(to_string(e.category()))},
                {value::keyword("message"), e.message()}});
  if (e.details().empty()) return own;
  std::vector<map_entry> entries{own.entries().begin(), own.entries().end()};
  try {
    const value details = read_edn(e.details());
    for (const map_entry& entry : details.entries()) {
      if (!entry.key.is(kind::keyword) || find_keyword(own, entry.key.raw()) == nullptr)
        entries.push_back(entry);
    }
  } catch (const error&) {
    entries.push_back({value::keyword("details"), e.details()});
  }
  return make_map(entries);
}

DATOLITE_INLINE value literals::operator""_edn(const char* text, std::size_t size) {
  return read_edn({text, size});
}

}  // namespace datolite
