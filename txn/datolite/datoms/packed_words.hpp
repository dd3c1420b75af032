// packed_words: values that a column keeps as numbers, monotone within their kind.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

#include <datolite/core/value.hpp>

namespace datolite::datoms::packed::detail {

constexpr bool is_word(kind k) noexcept {
  return k <= kind::double_ ? k != kind::bigint
                            : k == kind::instant || k == kind::ref || k == kind::character;
}
constexpr bool is_nested(kind k) noexcept { return k == kind::tuple || k >= kind::vector; }

/// A value of a kind that `is_word` as a number, monotone within the kind.
inline std::int64_t word_of(const value& v) noexcept {
  switch (v.kind()) {
    case kind::nil: return 0;
    case kind::float_: {
      const auto raw = std::bit_cast<std::int32_t>(v.as_float());
      return raw >= 0 ? raw : ~std::int64_t{raw & 0x7FFFFFFF};
    }
    case kind::double_: {
      const auto raw = std::bit_cast<std::int64_t>(v.as_double());
      return raw >= 0 ? raw : ~(raw & std::numeric_limits<std::int64_t>::max());
    }
    default: return v.word();
  }
}

inline value value_of_word(kind k, std::int64_t word) noexcept {
  switch (k) {
    case kind::boolean: return value{word != 0};
    case kind::long_: return value{word};
    case kind::instant: return value::instant(word);
    case kind::ref: return value::ref(word);
    case kind::character: return value::character(static_cast<char32_t>(word));
    case kind::float_: {
      const auto raw = static_cast<std::uint32_t>(word >= 0 ? word : ~word | std::int64_t{1} << 31);
      return value{std::bit_cast<float>(raw)};
    }
    case kind::double_: {
      constexpr auto sign = std::numeric_limits<std::int64_t>::min();
      return value{std::bit_cast<double>(word >= 0 ? word : ~word | sign)};
    }
    default: return value{};
  }
}

}  // namespace datolite::datoms::packed::detail
