// hash: checksums of stored bytes, and names for values too long to be keys. Written into files.
#pragma once

#include <cstdint>

#ifndef XXH_INLINE_ALL
#define XXH_INLINE_ALL  // xxHash's switch for its header-only form
#endif
#include <xxhash.h>

#include <datolite/core/bytes.hpp>

namespace datolite::datoms::detail {

/// A checksum of a stored pair: of the value, and of the key that it must stand under.
inline std::uint64_t checksum(bytes_view key, bytes_view value) noexcept {
  return XXH3_64bits_withSeed(value.data(), value.size(), XXH3_64bits(key.data(), key.size()));
}

inline constexpr std::size_t digest_size = 16;

/// Appends 16 bytes that name `text`.
inline void put_digest(bytes& out, bytes_view text) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(text.data(), text.size()));
  out.append(reinterpret_cast<const char*>(canonical.digest), digest_size);
}

}  // namespace datolite::datoms::detail
