// Writer: something that takes a batch of changes, all or nothing.
//
// Intuition. One verb, `commit`. Building up changes is the transaction map's job, the same for every engine.
//
// Laws, where `m` are the contents before:
//   1. w.commit(changes, demands) makes the contents m with every change applied, or throws and leaves them m.
//      Only `unknown-outcome` leaves open which of the two it was.
//   2. it throws `conflict`, before anything is written, iff a demand does not hold of m
//   3. it throws `exhausted` or `incorrect`, before anything is written, if a key is longer than max_key_size()
//      or shorter than min_key_size(), and `incorrect` if the keys do not ascend strictly: the order is cheap to
//      check, and a wrong one would be lost data in an engine that trusts it
//   4. on return, every reader opened afterwards sees the new contents; readers opened before see what they saw
//   5. it returns the synctag of the new state, different from every earlier one; a commit that leaves the contents
//      as they are (no changes, or removals of what is absent) may return the present one
//   6. a condition's key may have any size: a key that the storage could not hold is absent
//
// The views that changes and conditions hold need only live during the call.
// Threads: many threads may call commit at once; the commits happen one after another.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>

#include <datolite/core/bytes.hpp>

namespace datolite {

/// One key's new value, or its removal (`value` absent). Removing an absent key is no error.
struct change {
  bytes_view key;
  std::optional<bytes_view> value;
};

/// Demands that `key` now has the value `expected`, or is absent.
struct condition {
  bytes_view key;
  std::optional<bytes_view> expected;
};

/// Names a state of a storage. Opaque: only equality means anything, and only within one opened storage.
enum class synctag_t : std::uint64_t {};

/// What must be true of the storage for a commit to happen.
struct demands {
  std::span<const condition> conditions{};
  std::optional<synctag_t> unmoved_since{};  ///< no commit since this state
};

template <class W>
concept Writer = requires(W& w, std::span<const change> changes, const demands& d) {
  { w.commit(changes, d) } -> std::convertible_to<synctag_t>;
};

}  // namespace datolite
