// text_hash: so that maps of strings are searched by views.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace datolite::datoms::detail {

struct text_hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept {
    return std::hash<std::string_view>{}(text);
  }
};

}  // namespace datolite::datoms::detail
