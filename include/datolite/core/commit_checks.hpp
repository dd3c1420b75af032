// commit_checks: what every Writer has to check before it writes, in one wording.
//
// An engine calls these at the head of `commit`, under its writer's lock; the transaction map calls them too,
// so that a program sees the same category, code and message whatever it writes to.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <datolite/core/bytes.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/reader.hpp>
#include <datolite/core/writer.hpp>

namespace datolite {

/// `raw` for people: printable ASCII as it is, the rest as \xNN, cut after `longest` bytes.
inline std::string show_bytes(bytes_view raw, std::size_t longest = 48) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string shown{"\""};
  for (const char c : raw.substr(0, longest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F && c != '"' && c != '\\') {
      shown += c;
    } else {
      shown.append("\\x").append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
    }
  }
  return shown.append(raw.size() > longest ? "\"…" : "\"");
}

/// Throws `exhausted` if `key` is longer than `longest` bytes, `incorrect` if shorter than `shortest`.
inline void check_key_size(bytes_view key, std::size_t shortest, std::size_t longest) {
  if (key.size() > longest) {
    throw error{error_category::exhausted, "db.error/key-too-long",
                "the key " + show_bytes(key) + " has " + std::to_string(key.size()) +
                    " bytes; this storage takes at most " + std::to_string(longest) +
                    ": shorten it, or hash its tail",
                "{:size " + std::to_string(key.size()) + ", :max-key-size " + std::to_string(longest) + "}"};
  }
  if (key.size() < shortest) {
    throw error{error_category::incorrect, "db.error/key-too-short",
                "the key " + show_bytes(key) + " has " + std::to_string(key.size()) +
                    " bytes; this storage takes at least " + std::to_string(shortest),
                "{:size " + std::to_string(key.size()) + ", :min-key-size " + std::to_string(shortest) + "}"};
  }
}

/// What no Writer takes: check_key_size of every change, and `incorrect` unless the keys ascend strictly. O(bytes of
/// the keys).
inline void check_changes(std::span<const change> changes, std::size_t shortest, std::size_t longest) {
  const change* before = nullptr;
  for (const change& c : changes) {
    if (c.key.size() > longest || c.key.size() < shortest) check_key_size(c.key, shortest, longest);
    if (before && !(before->key < c.key)) {
      throw error{error_category::incorrect, "db.error/keys-not-ascending",
                  "the key " + show_bytes(c.key) + " does not come after " + show_bytes(before->key) +
                      " in the same batch: sort the changes by key, one change a key"};
    }
    before = &c;
  }
}

/// Throws `conflict` unless `wanted` holds of `now`, whose state is `state`. One get a condition.
template <Reader R>
void check_demands(const R& now, synctag_t state, const demands& wanted) {
  if (wanted.unmoved_since && *wanted.unmoved_since != state) {
    throw error{error_category::conflict, "db.error/storage-moved",
                "somebody has committed since the state that this commit builds on: read again and retry"};
  }
  for (const condition& c : wanted.conditions) {
    const auto found = now.get(c.key);
    if (found ? (c.expected && *c.expected == found->view()) : !c.expected) continue;
    throw error{error_category::conflict, "db.error/condition-failed",
                "the key " + show_bytes(c.key) + " was to " +
                    (c.expected ? "have the value " + show_bytes(*c.expected) : std::string{"be absent"}) +
                    " and " +
                    (found ? "has the value " + show_bytes(found->view()) : std::string{"is absent"}) +
                    ": read again and retry"};
  }
}

}  // namespace datolite
