// Storage: a place that keeps keys and values, with snapshots and atomic commits.
//
// Intuition. What LevelDB, LMDB and a persistent tree have in common, and no more. What an engine can do beyond it
// is a refined concept or a constant, so that a missing ability is a compile error which names it.
//
// Minimal definition: Reader and Writer, `snapshot()`, `synctag()`, `close()`, `durability()` and the constants
// below.
//
// Laws:
//   1. s.snapshot() is a Reader of the state of the newest commit; it never changes, and stays readable while it
//      lives, whatever is committed
//   2. s.synctag() names the state that s.snapshot() would show if called now
//   3. s.snapshot().synctag() names the state that the snapshot shows
//   4. after s.close(): get, open_iterator, every move of an iterator, snapshot() and commit throw `unavailable`,
//      through s, its snapshots and its iterators. What was handed out before stays readable where it stands: a
//      pinned's view, an iterator's key() and value(). Closing again does nothing. close() may be called while other
//      threads read
//   5. moving a storage leaves its snapshots, iterators and pinned values as they are
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <datolite/core/reader.hpp>
#include <datolite/core/writer.hpp>

namespace datolite {

/// What a commit that returned survives.
enum class durability_level : std::uint8_t {
  memory,   ///< nothing: it lives in this process
  process,  ///< the death of the process, not of the machine
  disk,     ///< the death of the machine
  quorum,   ///< the loss of a minority of machines
};

constexpr std::string_view to_string(durability_level d) noexcept {
  constexpr std::string_view names[] = {"memory", "process", "disk", "quorum"};
  return names[static_cast<std::size_t>(d)];
}

template <class S>
concept Snapshot = Reader<S> && std::movable<S> && requires(const S& s) {
  { s.synctag() } -> std::same_as<synctag_t>;
};

template <class S>
concept Storage = Reader<S> && Writer<S> && requires(S& s, const S& c) {
  { c.snapshot() } -> Snapshot;
  { c.synctag() } -> std::same_as<synctag_t>;
  s.close();
  { c.durability() } -> std::same_as<durability_level>;
  { c.min_key_size() } -> std::convertible_to<std::size_t>;          // bytes
  { c.max_key_size() } -> std::convertible_to<std::size_t>;          // bytes
  { c.preferred_value_size() } -> std::convertible_to<std::size_t>;  // bytes: values near it waste the least
  { S::zero_copy } -> std::convertible_to<bool>;                     // get copies nothing
  { S::multi_process } -> std::convertible_to<bool>;                 // several processes may have it open
};

template <Storage S>
using snapshot_t = decltype(std::declval<const S&>().snapshot());

/// A storage that loads a sorted run of pairs faster than `commit` would, with the same all-or-nothing promise.
/// `next` is any callable that returns the next change, or nothing at the end of the run; its views need only live
/// until it is called again. Keys that do not ascend strictly are `incorrect`. What `next` throws ends the load with
/// nothing kept, and passes through. REQUIRES: `next` does not write to the same storage.
template <class S>
concept BulkLoader = Storage<S> && requires(S& s, std::optional<change> (*next)()) {
  { s.bulk_load(next) } -> std::convertible_to<synctag_t>;
};

}  // namespace datolite
