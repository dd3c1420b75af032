// collection_functions: functions over EDN collections, regular expressions, and conversions, for queries.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <datolite/core/edn.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/value.hpp>
#include <datolite/core/value_equality.hpp>
#include <datolite/core/value_order.hpp>
#include <datolite/query/conversion.hpp>
#include <datolite/query/detail/arithmetic.hpp>
#include <datolite/query/detail/regex.hpp>
#include <datolite/query/detail/text_functions.hpp>
#include <datolite/query/pattern.hpp>

namespace datolite::query::detail {

[[noreturn]] inline void refuse_argument(std::string_view function_name, std::string_view wanted,
                                         const value& v) {
  throw error{error_category::incorrect, "db.error/wrong-type",
              std::string{function_name}
                  .append(" takes ")
                  .append(wanted)
                  .append(", not the ")
                  .append(to_string(v.kind()))
                  .append(" ")
                  .append(to_edn(v))};
}

// -- collections

inline value hash_map(std::span<const value> a) {
  if (a.size() % 2 != 0) {
    throw error{error_category::incorrect, "db.error/wrong-arity", "hash-map takes keys and values in turn"};
  }
  std::vector<map_entry> entries;
  for (std::size_t i = 0; i < a.size(); i += 2) {
    const auto known = std::find_if(entries.begin(), entries.end(),
                                    [&](const map_entry& e) { return query_equal(e.key, a[i]); });
    if (known != entries.end())
      known->val = a[i + 1];  // the last counts
    else
      entries.push_back({a[i], a[i + 1]});
  }
  return make_map(entries);
}

/// The elements of a sequence or set, a map's entries as vectors, a string's characters; nil has none.
inline std::vector<value> elements_of(const value& v, std::string_view function_name) {
  if (v.is_nil()) return {};
  if (v.is(kind::map)) {
    std::vector<value> out;
    for (const map_entry& e : v.entries()) out.push_back(value::vector({e.key, e.val}));
    return out;
  }
  if (v.is(kind::string)) {
    std::vector<value> out;
    const std::string_view text = v.as_string();
    for (std::size_t at = 0; at < text.size();) out.push_back(value::character(next_character(text, at)));
    return out;
  }
  if (!v.is_sequential() && !v.is(kind::set)) refuse_argument(function_name, "a collection", v);
  return {v.elements().begin(), v.elements().end()};
}

inline value lookup(const value& in, const value& key, const value& otherwise) {
  for (const map_entry& e : in.entries()) {
    if (query_equal(e.key, key)) return e.val;
  }
  if (in.is(kind::set)) {
    for (const value& element : in.elements()) {
      if (query_equal(element, key)) return element;
    }
  }
  const auto at = in.is_sequential() ? integer_of(key) : std::nullopt;
  if (at && *at >= 0 && static_cast<std::size_t>(*at) < in.elements().size())
    return in.elements()[static_cast<std::size_t>(*at)];
  return otherwise;
}
inline value get(std::span<const value> a) { return lookup(a[0], a[1], a.size() > 2 ? a[2] : value{}); }

inline value nth(std::span<const value> a) {
  const auto all = elements_of(a[0], "nth");
  const auto at = integer_of(a[1]);
  if (!at) refuse_argument("nth", "a position", a[1]);
  if (*at >= 0 && static_cast<std::size_t>(*at) < all.size()) return all[static_cast<std::size_t>(*at)];
  if (a.size() > 2) return a[2];
  throw error{error_category::incorrect, "db.error/arithmetic", "nth: there is no element " + to_edn(a[1])};
}

inline value contains(std::span<const value> a) {
  if (a[0].is_sequential()) {
    const auto at = integer_of(a[1]);
    return at && *at >= 0 && static_cast<std::size_t>(*at) < a[0].elements().size();
  }
  for (const map_entry& e : a[0].entries()) {
    if (query_equal(e.key, a[1])) return true;
  }
  if (!a[0].is(kind::set)) return false;
  const auto all = a[0].elements();
  return std::any_of(all.begin(), all.end(), [&](const value& v) { return query_equal(v, a[1]); });
}

inline value first(std::span<const value> a) {
  const auto all = elements_of(a[0], "first");
  return all.empty() ? value{} : all.front();
}
inline value second(std::span<const value> a) {
  const auto all = elements_of(a[0], "second");
  return all.size() < 2 ? value{} : all[1];
}
inline value last(std::span<const value> a) {
  const auto all = elements_of(a[0], "last");
  return all.empty() ? value{} : all.back();
}
inline value rest(std::span<const value> a) {
  const auto all = elements_of(a[0], "rest");
  return value::list(std::span{all}.subspan(all.empty() ? 0 : 1));
}
inline value is_empty(std::span<const value> a) { return elements_of(a[0], "empty?").empty(); }
inline value not_empty(std::span<const value> a) {
  return elements_of(a[0], "not-empty").empty() ? value{} : a[0];
}
inline value make_list(std::span<const value> a) { return value::list(a); }
inline value as_set(std::span<const value> a) {
  std::vector<value> all = elements_of(a[0], "set");
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return make_set(all);
}
inline value keys(std::span<const value> a) {
  std::vector<value> out;
  for (const map_entry& e : a[0].entries()) out.push_back(e.key);
  return out.empty() ? value{} : value::list(out);
}
inline value vals(std::span<const value> a) {
  std::vector<value> out;
  for (const map_entry& e : a[0].entries()) out.push_back(e.val);
  return out.empty() ? value{} : value::list(out);
}

/// (range end), (range start end), (range start end step)
inline value range(std::span<const value> a) {
  constexpr std::size_t most = 1'000'000;
  const auto bound = [](const value& v) {
    const auto n = integer_of(v);
    if (!n) refuse_argument("range", "integers", v);
    return *n;
  };
  const std::int64_t start = a.size() > 1 ? bound(a[0]) : 0;
  const std::int64_t end = bound(a[a.size() > 1 ? 1 : 0]);
  const std::int64_t step = a.size() > 2 ? bound(a[2]) : 1;
  if (step == 0) throw_arithmetic("a range with a step of zero");
  std::vector<value> out;
  for (std::int64_t i = start; step > 0 ? i < end : i > end;) {
    if (out.size() == most) throw_arithmetic("a range of more than a million numbers");
    out.push_back(i);
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  return value::list(out);
}

// -- regular expressions

/// The pattern compiled; the last one is remembered by each thread.
inline const regex& compiled(const value& pattern, std::string_view function_name) {
  thread_local std::string last;
  thread_local std::optional<regex> made;
  const std::string_view text = text_of(pattern, function_name);
  if (!made || last != text) {
    made.emplace(text);
    last = text;
  }
  return *made;
}

/// The match, or a vector of it and its groups if the pattern has any; a group that took no part is nil.
inline value shown_match(const regex& of, const regex::match& m, std::string_view text) {
  std::vector<value> groups;
  for (std::size_t g = 0; g < of.groups(); ++g) {
    const std::size_t from = m.ends[2 * g], to = m.ends[2 * g + 1];
    groups.push_back(to == regex::match::none ? value{} : value{text.substr(from, to - from)});
  }
  return groups.size() == 1 ? groups[0] : value::vector(groups);
}

template <bool Whole>
value re_find(std::span<const value> a) {
  constexpr std::string_view name = Whole ? "re-matches" : "re-find";
  const regex& pattern = compiled(a[0], name);
  const std::string_view text = text_of(a[1], name);
  const auto found = pattern.find(text, 0, Whole);
  return found ? shown_match(pattern, *found, text) : value{};
}

inline value re_seq(std::span<const value> a) {
  const regex& pattern = compiled(a[0], "re-seq");
  const std::string_view text = text_of(a[1], "re-seq");
  std::vector<value> out;
  for (std::size_t at = 0; at <= text.size();) {
    const auto found = pattern.find(text, at);
    if (!found) break;
    out.push_back(shown_match(pattern, *found, text));
    at = found->ends[1];
    if (found->ends[1] == found->ends[0] && at < text.size())
      next_character(text, at);
    else if (found->ends[1] == found->ends[0])
      break;
  }
  return out.empty() ? value{} : value::list(out);
}

inline value re_pattern(std::span<const value> a) {
  compiled(a[0], "re-pattern");
  return a[0];
}

// -- texts

inline value join_text(std::span<const value> a) {
  std::string out;
  bool later = false;
  for (const value& v : elements_of(a.back(), "join")) {
    if (later && a.size() > 1) out.append(str(a.first(1)).as_string());
    out.append(str({&v, 1}).as_string());
    later = true;
  }
  return value{out};
}

inline value replace_text(std::span<const value> a) {
  const std::string_view text = text_of(a[0], "replace"), from = text_of(a[1], "replace"),
                         to = text_of(a[2], "replace");
  if (from.empty()) return a[0];
  std::string out;
  std::size_t at = 0;
  for (std::size_t found; (found = text.find(from, at)) != std::string_view::npos; at = found + from.size())
    out.append(text.substr(at, found - at)).append(to);
  return value{out.append(text.substr(at))};
}

/// At the matches of a regular expression; empty texts at the end are dropped, as in Clojure.
inline value split_text(std::span<const value> a) {
  const std::string_view text = text_of(a[0], "split");
  const regex& pattern = compiled(a[1], "split");
  std::vector<value> out;
  std::size_t from = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto found = pattern.find(text, at);
    if (!found || found->ends[0] >= text.size()) break;
    const std::size_t start = found->ends[0], end = found->ends[1];
    if (end == start) {
      at = start;
      next_character(text, at);
      if (start == 0) continue;
    } else {
      at = end;
    }
    out.push_back(text.substr(from, start - from));
    from = end;
  }
  out.push_back(text.substr(from));
  while (out.size() > 1 && out.back().as_string().empty()) out.pop_back();
  return value::vector(out);
}

template <bool Left, bool Right>
value trim(std::span<const value> a) {
  constexpr std::string_view blanks = " \t\n\r\f\v";
  std::string_view text = text_of(a[0], "trim");
  if (Left) text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  if (Right) text = text.substr(0, text.find_last_not_of(blanks) + 1);
  return value{text};
}

inline value capitalize(std::span<const value> a) {
  std::string out{text_of(a[0], "capitalize")};
  for (std::size_t i = 0; i < out.size(); ++i) {
    char& c = out[i];
    if (i == 0 && c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    if (i > 0 && c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return value{out};
}

inline value index_of(std::span<const value> a) {
  const std::string_view text = text_of(a[0], "index-of");
  const auto at = text.find(text_of(a[1], "index-of"));
  return at == std::string_view::npos ? value{} : value{characters(text.substr(0, at))};
}

inline value reverse_text(std::span<const value> a) {
  const std::string_view text = text_of(a[0], "reverse");
  std::string out;
  for (std::size_t end = text.size(); end > 0;) {
    std::size_t start = end - 1;
    while (start > 0 && !begins_character(text[start])) --start;
    out.append(text.substr(start, end - start));
    end = start;
  }
  return value{out};
}

/// A keyword or symbol of a text, or of a namespace and a name, the first of which may be nil.
template <bool Keyword>
value make_name(std::span<const value> a) {
  if (!a.back().is_text() || !(a[0].is_text() || a[0].is_nil())) return {};
  const bool in_namespace = a.size() == 2 && !a[0].is_nil();
  const std::string whole = (in_namespace ? std::string{a[0].raw()} + "/" : "") + std::string{a.back().raw()};
  return Keyword ? value::keyword(whole) : value::symbol(whole);
}
/// The arguments with spaces between them, as Clojure's `pr` and `print` write them, and `prn` and `println`.
template <edn_style Style, bool EndsLine>
value printed(std::span<const value> a) {
  std::string out;
  for (std::size_t i = 0; i < a.size(); ++i) print_edn(i == 0 ? out : out.append(" "), a[i], Style);
  return value{EndsLine ? out.append("\n") : out};
}

// -- numbers

inline value to_long(std::span<const value> a) {
  if (const auto n = integer_of(a[0])) return value{*n};
  if (a[0].is(kind::instant)) return value{a[0].word()};
  const double d = std::trunc(real(a[0]));
  if (!(d >= -9223372036854775808.0 && d < 9223372036854775808.0)) throw_arithmetic("a long overflows");
  return value{static_cast<std::int64_t>(d)};
}
inline value to_double(std::span<const value> a) { return value{real(a[0])}; }
inline value to_boolean(std::span<const value> a) { return is_true(a[0]); }
inline value absolute(std::span<const value> a) {
  return sign(a[0]) < 0 ? fold<arithmetic_op::subtract>(a) : a[0];
}

template <class Op>
value bitwise(std::span<const value> a) {
  std::optional<std::int64_t> out;
  for (const value& v : a) {
    const auto n = integer_of(v);
    if (!n) refuse_argument("a bitwise function", "integers", v);
    out = out ? Op{}(*out, *n) : *n;
  }
  return *out;
}

}  // namespace datolite::query::detail
