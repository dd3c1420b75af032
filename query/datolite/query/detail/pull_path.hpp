// pull_path: the entities that a recursion went to on the way to where it is.
//
// A recursion that meets an entity which is on its way stops there. Recursions within recursions have ways of
// their own: each begins at a position of the path, its start, and sees what stands from there on.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <unordered_set>
#include <vector>

#include <datolite/core/datom.hpp>

namespace datolite::query::detail {

class pull_path {
 public:
  std::size_t size() const noexcept { return steps_.size(); }

  /// REQUIRES: !contains(start, e).
  void push(std::size_t start, entity_id e) {
    steps_.push_back({start, e});
    if (steps_.size() > near) far_.insert({start, e});
  }

  void truncate(std::size_t size) {
    for (; steps_.size() > size; steps_.pop_back()) {
      if (steps_.size() > near) far_.erase(steps_.back());
    }
  }

  /// O(1): the first few are looked through, the others found by hash.
  bool contains(std::size_t start, entity_id e) const {
    const std::size_t end = std::min(steps_.size(), near);
    for (std::size_t i = start; i < end; ++i) {
      if (steps_[i].e == e && steps_[i].start == start) return true;
    }
    return steps_.size() > near && far_.contains({start, e});
  }

 private:
  static constexpr std::size_t near = 32;

  struct step {
    std::size_t start;
    entity_id e;
    bool operator==(const step&) const = default;
  };
  struct step_hash {
    std::size_t operator()(const step& s) const noexcept {
      return std::hash<std::uint64_t>{}(static_cast<std::uint64_t>(s.e) * 0x9E37'79B9'7F4A'7C15u + s.start);
    }
  };

  std::vector<step> steps_;
  std::unordered_set<step, step_hash> far_;  // those beyond the first `near`
};

}  // namespace datolite::query::detail
