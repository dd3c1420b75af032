// hash: checksums of stored bytes, and names for values too long to be keys. Written into files.
#pragma once

#include <cstddef>
#include <cstdint>

#include <datolite/core/bytes.hpp>

namespace datolite::datoms::detail {

/// A checksum of a stored pair: of the value, and of the key that it must stand under.
std::uint64_t checksum(bytes_view key, bytes_view value) noexcept;

inline constexpr std::size_t digest_size = 16;

/// Appends 16 bytes that name `text`.
void put_digest(bytes& out, bytes_view text);

}  // namespace datolite::datoms::detail

#ifndef DATOLITE_COMPILED
#include <datolite/datoms/detail/xxhash.hpp>
#endif
