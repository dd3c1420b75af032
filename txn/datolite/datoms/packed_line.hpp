// packed_line: the generations of one database, and what becomes of old ones.
//
// Who holds an old db value holds its generation, and by it a snapshot: pages that the engine cannot use
// again. So of the older generations only the newest few are kept. One beyond them is retired: its snapshot
// goes, and db values of it are answered from the newest index, as of their own T. What they show stays the
// same, but for what later transactions made the store forget: ended facts of attributes without history, and
// AVET of attributes that are not indexed any more.
//
// The newest generation changes its snapshot for newer ones as the engine moves on, since all snapshots show
// its blocks until the next merge: else whatever commits free would stay pinned as long.
//
// Threads: all may be called by many threads at once.
#pragma once

#include <time.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <datolite/core/any_storage.hpp>
#include <datolite/core/sole_holder.hpp>
#include <datolite/datoms/packed_base.hpp>

namespace datolite::datoms::packed {

class index;

/// A base, until it is retired. All states of a generation read through the one that it has now.
class generation {
 public:
  explicit generation(base_ptr blocks) noexcept : blocks_{std::move(blocks)} {}
  /// Null if it was retired.
  base_ptr blocks() const {
    const std::lock_guard guard{mutex_};
    return blocks_;
  }
  void retire() noexcept {
    base_ptr gone;  // it ends after the lock
    const std::lock_guard guard{mutex_};
    gone.swap(blocks_);
  }
  /// From now on the blocks are read through `newer`, unless they are not `had` any more.
  void renew(const base_ptr& had, base_ptr newer) noexcept {  // what was had ends after the lock
    const std::lock_guard guard{mutex_};
    if (blocks_ == had) blocks_.swap(newer);
  }

 private:
  mutable std::mutex mutex_;
  base_ptr blocks_;
};
using generation_ptr = std::shared_ptr<generation>;

/// The snapshots of the engine that db values of one connection hold: one a generation.
struct snapshots_held {
  std::size_t number = 0;
  std::int64_t oldest_milliseconds = 0;  ///< how long ago the oldest of them was taken; 0 if there is none
};

class line {
 public:
  /// How many generations before the newest keep their snapshots for db values.
  explicit line(std::size_t kept) noexcept : kept_{kept} {}

  std::shared_ptr<const index> newest() const {
    const std::lock_guard guard{mutex_};
    return newest_;
  }

  /// `now`, of the generation `of`, is what the connection shows from now on. Where memory runs out, the
  /// generation is never retired.
  void publish(std::shared_ptr<const index> now, const generation_ptr& of) noexcept {
    const std::lock_guard guard{mutex_};
    newest_.swap(now);
    if (!generations_.empty() && generations_.back().lock() == of) return;
    try {
      generations_.push_back(of);
      if (const base_ptr blocks = of->blocks()) note(blocks);
    } catch (...) {
      return;
    }
    for (; generations_.size() > kept_ + 1; generations_.pop_front()) {
      if (const generation_ptr old = generations_.front().lock()) old->retire();
    }
  }

  /// The states of `of` read the blocks of `had` from `snapshot` from now on, a newer one of that generation:
  /// the engine may use again what its commits have freed since.
  void renew(generation& of, const base_ptr& had, any_snapshot snapshot) {
    const auto newer = std::make_shared<const base>(*had, std::move(snapshot));
    {
      const std::lock_guard guard{mutex_};
      note(newer);
    }
    of.renew(had, newer);
  }

  snapshots_held held() const {
    const std::lock_guard guard{mutex_};
    snapshots_held out;
    for (const taken& one : taken_) {
      const base_ptr by = one.by.lock();
      if (by == nullptr || by->about().generation == 0) continue;  // of none, or gone
      ++out.number;
      out.oldest_milliseconds = std::max(out.oldest_milliseconds, milliseconds_now() - one.at);
    }
    return out;
  }

  /// Calls `edit()` if `holders` pointers besides the line's, and no others, hold `sole`; meanwhile nobody
  /// gets it here.
  template <class Edit>
  void edit_alone(const std::shared_ptr<const index>& sole, long holders, Edit&& edit) {
    const std::lock_guard guard{mutex_};
    if (is_sole_holder(sole, holders + (newest_ == sole ? 1 : 0))) edit();
  }

 private:
  struct taken {
    std::weak_ptr<const base> by;
    std::int64_t at;
  };
  /// REQUIRES: the lock is held.
  void note(const base_ptr& blocks) {
    std::erase_if(taken_, [](const taken& one) { return one.by.expired(); });
    taken_.push_back({blocks, milliseconds_now()});
  }
  static std::int64_t milliseconds_now() noexcept {
    std::timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
  }

  const std::size_t kept_;
  mutable std::mutex mutex_;
  std::shared_ptr<const index> newest_;
  std::deque<std::weak_ptr<generation>> generations_;  // the newest and those kept, oldest first
  std::vector<taken> taken_;                           // snapshots, oldest first, perhaps gone again
};

}  // namespace datolite::datoms::packed
