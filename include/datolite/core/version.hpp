// The library's version. The build reads it from here.
#pragma once

namespace datolite {

inline constexpr int version_major = 0;
inline constexpr int version_minor = 1;
inline constexpr int version_patch = 0;

}  // namespace datolite
