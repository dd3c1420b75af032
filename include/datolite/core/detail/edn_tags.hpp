// edn_tags: the part of the EDN reader that knows what the known tags mean.
#pragma once

#include <array>
#include <cstring>

#include <datolite/core/detail/edn_text.hpp>
#include <datolite/core/detail/instant_text.hpp>
#include <datolite/core/edn.hpp>

namespace datolite {

namespace detail {

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
  std::memcpy(out.data(), raw->data(), out.size());
  return out;
}

}  // namespace detail

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

}  // namespace datolite
