// ieee: looking into floating-point numbers, without <cmath>.
#pragma once

#include <bit>
#include <cstdint>

namespace datolite::detail {

constexpr bool is_infinite(double d) noexcept { return d == d && d - d != 0; }
constexpr double absolute(double d) noexcept { return d < 0 ? -d : d; }

/// |d| = mantissa x 2^exponent
struct binary_parts {
  std::uint64_t mantissa;
  int exponent;
};

/// REQUIRES: `d` is finite.
constexpr binary_parts take_apart(double d) noexcept {
  const auto bits = std::bit_cast<std::uint64_t>(d);
  const int exponent = static_cast<int>(bits >> 52 & 0x7FF);
  const std::uint64_t fraction = bits & 0xF'FFFF'FFFF'FFFFu;
  if (exponent == 0) return {fraction, -1074};
  return {fraction | std::uint64_t{1} << 52, exponent - 1075};
}

}  // namespace datolite::detail
