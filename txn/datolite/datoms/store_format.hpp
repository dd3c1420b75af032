// store_format: the one key that says that an engine holds a database, and in which format.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <datolite/core/bounds.hpp>
#include <datolite/core/bytes.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/reader.hpp>
#include <datolite/datoms/detail/hash.hpp>
#include <datolite/datoms/detail/varint.hpp>
#include <datolite/datoms/flat_key.hpp>

namespace datolite::datoms {

inline constexpr unsigned char format_version = 1;

/// What was decided when the database was made.
struct store_format {
  enum class layout_kind : std::uint8_t {
    flat = 0,      ///< one engine pair a datom an index (flat_index.hpp)
    only_log = 1,  ///< the log alone; the indexes are made from it in memory (typed_index.hpp)
    packed = 2,    ///< blocks of datoms, and the log (packed_index.hpp)
  };

  layout_kind layout = layout_kind::flat;
  bool open_schema = false;
  std::size_t value_limit = 0;  ///< flat_key.hpp
  // Of the packed layout: when a merge is due, unless a connection says otherwise.
  std::size_t merge_least = 20'000;    ///< datoms
  std::uint64_t merge_per_mille = 50;  ///< of the facts in blocks
  std::size_t block_bytes = 4080;      ///< that a block of it may take
};

inline bytes format_key() { return bytes("\x01", 1) + "datolite"; }

/// magic (8) · version (1) · checksum (4) · layout (1) · flags (1) · value limit (varint); of the packed
/// layout also when a merge is due (datoms, and thousandths of the facts in blocks), and the bytes of a block
/// (varints)
inline bytes encode_format(const store_format& f) {
  bytes body;
  body.push_back(static_cast<char>(f.layout));
  body.push_back(f.open_schema ? '\x01' : '\0');
  detail::put_varint(body, f.value_limit);
  if (f.layout == store_format::layout_kind::packed) {
    detail::put_varint(body, f.merge_least);
    detail::put_varint(body, f.merge_per_mille);
    detail::put_varint(body, f.block_bytes);
  }
  bytes out{"datolite"};
  out.push_back(static_cast<char>(format_version));
  const std::uint64_t sum = detail::checksum(format_key(), body);
  for (int i = 0; i < 4; ++i) out.push_back(static_cast<char>(sum >> (8 * i)));
  return out + body;
}

/// Throws `unsupported` if a newer library wrote it, `corrupt` if none did.
inline store_format decode_format(bytes_view in) {
  const bytes key = format_key();
  if (in.size() < 13 || !in.starts_with("datolite"))
    flat::detail::throw_corrupt(key, "is no database's header");
  const auto version = static_cast<unsigned char>(in[8]);
  if (version > format_version) {
    throw error{error_category::unsupported, "db.error/newer-format",
                "the database has the format version " + std::to_string(version) +
                    "; this library knows versions up to " + std::to_string(format_version) +
                    ": use a newer one"};
  }
  if (version == 0) flat::detail::throw_corrupt(key, "names the format version 0, which there never was");
  std::uint32_t stored = 0;
  for (std::size_t i = 4; i-- > 0;) stored = stored << 8 | static_cast<unsigned char>(in[9 + i]);
  in.remove_prefix(13);
  if (stored != static_cast<std::uint32_t>(detail::checksum(key, in))) {
    flat::detail::throw_corrupt(key, "does not match its checksum");
  }
  store_format f;
  const auto layout = in.empty() ? 0xFF : static_cast<unsigned char>(in[0]);
  if (in.size() < 3 || layout > static_cast<unsigned char>(store_format::layout_kind::packed))
    flat::detail::throw_corrupt(key, "names an unknown layout");
  f.layout = static_cast<store_format::layout_kind>(layout);
  f.open_schema = (in[1] & 1) != 0;
  in.remove_prefix(2);
  const auto number = [&] {
    const auto n = detail::take_varint(in);
    if (!n) flat::detail::throw_corrupt(key, "is malformed");
    return *n;
  };
  f.value_limit = static_cast<std::size_t>(number());
  if (f.layout == store_format::layout_kind::packed) {
    f.merge_least = static_cast<std::size_t>(number());
    f.merge_per_mille = number();
    f.block_bytes = static_cast<std::size_t>(number());
  }
  if (!in.empty()) flat::detail::throw_corrupt(key, "is malformed");
  return f;
}

/// The format of the database that `reader` holds; empty if it holds nothing at all. Throws `incorrect` if it
/// holds something else.
template <Reader R>
std::optional<store_format> read_format(const R& reader) {
  if (const auto found = reader.get(format_key())) return decode_format(found->view());
  auto it = reader.open_iterator(everything());
  it.seek_first();
  if (!it.valid()) return std::nullopt;
  throw error{error_category::incorrect, "db.error/not-a-database",
              "the store is not empty, and holds no datolite database: its first key is 0x" +
                  flat::detail::hex(it.key()) + "; give the database a store of its own"};
}

}  // namespace datolite::datoms
