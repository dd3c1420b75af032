// The definitions of hash.hpp, by xxHash.
#pragma once

#include <cstdint>

#ifndef XXH_INLINE_ALL
#define XXH_INLINE_ALL  // xxHash's switch for its header-only form
#endif
#include <xxhash.h>

#include <datolite/core/bytes.hpp>
#include <datolite/core/linkage.hpp>
#include <datolite/datoms/detail/hash.hpp>

namespace datolite::datoms::detail {

DATOLITE_INLINE std::uint64_t checksum(bytes_view key, bytes_view value) noexcept {
  return XXH3_64bits_withSeed(value.data(), value.size(), XXH3_64bits(key.data(), key.size()));
}

DATOLITE_INLINE void put_digest(bytes& out, bytes_view text) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(text.data(), text.size()));
  out.append(reinterpret_cast<const char*>(canonical.digest), digest_size);
}

}  // namespace datolite::datoms::detail
