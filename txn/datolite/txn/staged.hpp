// staged: a storage whose commits are kept back, and made in the storage below all at once.
//
//   staged stage{store};
//   connection conn{stage};          // or whatever else takes a storage
//   conn.transact(…); conn.transact(…);
//   stage.release();                 // now they happen, by one commit, or throw and have not happened
//
// What was not released is forgotten. A transaction map is what holds it: see transaction.hpp for the costs.
//
// Copies share everything. Threads: as any storage.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>

#include <datolite/core/bounds.hpp>
#include <datolite/core/bytes.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/storage.hpp>
#include <datolite/core/writer.hpp>
#include <datolite/txn/transaction.hpp>

namespace datolite::txn {

template <Storage S>
class staged {
  using state = transaction<snapshot_t<S>>;

 public:
  static constexpr bool zero_copy = S::zero_copy;
  static constexpr bool multi_process = false;

  /// Keeps a value found, and the state that it was found in.
  class pinned {
   public:
    bytes_view view() const noexcept { return found_->view(); }

   private:
    friend class staged;
    explicit pinned(state in) : in_{std::make_unique<const state>(std::move(in))} {}

    std::unique_ptr<const state> in_;
    std::optional<typename state::pinned> found_;
  };

  explicit staged(S below) : shared_{std::make_shared<shared>(std::move(below))} {}

  std::optional<pinned> get(bytes_view key) const {
    pinned out{snapshot()};
    out.found_ = out.in_->get(key);
    return out.found_ ? std::optional{std::move(out)} : std::nullopt;
  }
  auto open_iterator(const bounds& within) const {
    const state now = snapshot();
    return now.open_iterator(within);
  }

  /// The storage below with all that was committed here. O(1).
  state snapshot() const {
    const std::lock_guard guard{shared_->mutex};
    return shared_->current();
  }
  synctag_t synctag() const { return snapshot().synctag(); }

  /// Kept back until `release`.
  synctag_t commit(std::span<const change> changes, const demands& wanted = {}) {
    const std::lock_guard guard{shared_->mutex};
    return shared_->current().commit(changes, wanted);
  }

  /// Makes everything that was committed here in the storage below, all or nothing. Throws `conflict` if that
  /// has moved since this was made.
  void release() {
    const std::lock_guard guard{shared_->mutex};
    const state& now = shared_->current();
    datolite::txn::commit(shared_->below, now, unmoved(now));
    shared_->now.reset();
    try {
      shared_->current();
    } catch (...) {
      // It has happened, so this may not throw: the next use takes the snapshot, or says why it cannot.
    }
  }

  /// Forgets what was not released. The storage below stays open, and snapshots taken here stay readable:
  /// they are values, like every transaction.
  void close() noexcept {
    const std::lock_guard guard{shared_->mutex};
    shared_->closed = true;
  }

  durability_level durability() const noexcept { return durability_level::memory; }
  std::size_t min_key_size() const { return shared_->below.min_key_size(); }
  std::size_t max_key_size() const { return shared_->below.max_key_size(); }
  std::size_t preferred_value_size() const { return shared_->below.preferred_value_size(); }

 private:
  struct shared {
    explicit shared(S given) : below{std::move(given)}, now{ensure_transaction(below)} {}

    state& current() {
      if (closed)
        throw error{error_category::unavailable, "db.error/closed", "this staged storage was closed"};
      if (!now) now.emplace(ensure_transaction(below));
      return *now;
    }

    S below;
    std::mutex mutex;          // guards what follows
    std::optional<state> now;  // none after a release that could not read what it had made
    bool closed = false;
  };

  std::shared_ptr<shared> shared_;
};

}  // namespace datolite::txn

namespace datolite {

using txn::staged;

}  // namespace datolite
