// Bytes: what every engine stores, and their one order.
//
// A `bytes_view` does not own what it shows; whoever hands one out says how long it stays valid. The order of
// bytes is unsigned and lexicographic (`memcmp`, then the shorter first) in every engine, map and encoding;
// `std::string_view`'s own operators have exactly that order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace datolite {

using bytes = std::string;            ///< owns its bytes; may contain zeros
using bytes_view = std::string_view;  ///< shows bytes that something else owns

/// The least byte string greater than every string that starts with `prefix`; empty if there is none (the
/// prefix is empty or all 0xFF), where "until the end" is meant. O(size of prefix).
inline bytes prefix_successor(bytes_view prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xFF) prefix.remove_suffix(1);
  bytes next{prefix};
  if (!next.empty()) next.back() = static_cast<char>(static_cast<unsigned char>(next.back()) + 1);
  return next;
}

}  // namespace datolite
