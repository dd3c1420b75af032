// An engine written from scratch: the example of docs/write-an-engine.md, and the proof that the concepts ask
// for little.
#pragma once

// [engine]
#include <atomic>
#include <map>
#include <memory>
#include <mutex>

#include <datolite/core/commit_checks.hpp>
#include <datolite/core/storage.hpp>

namespace scratch {

using namespace datolite;
using pairs = std::map<bytes, bytes, std::less<>>;

struct state {  // what a snapshot shows: never changes once it is published
  pairs map;
  synctag_t tag{};
  std::shared_ptr<std::atomic<bool>> closed = std::make_shared<std::atomic<bool>>(false);
  void check_open() const {
    if (*closed) throw error{error_category::unavailable, "db.error/closed", "this store was closed"};
  }
};

class iterator {
 public:
  iterator(std::shared_ptr<const state> s, bounds b)
      : state_{std::move(s)}, bounds_{std::move(b)}, at_{state_->map.end()} {}
  void seek(bytes_view key) { go(state_->map.lower_bound(key < bounds_.lower ? bounds_.lower : key)); }
  void seek_for_prev(bytes_view key) {
    if (bounds_.upper && key >= *bounds_.upper) return seek_last();
    before(state_->map.upper_bound(key));
  }
  void seek_first() { seek(bounds_.lower); }
  void seek_last() { before(bounds_.upper ? state_->map.lower_bound(*bounds_.upper) : state_->map.end()); }
  void next() { go(std::next(at_)); }
  void prev() { before(at_); }
  bool valid() const { return at_ != state_->map.end(); }
  bytes_view key() const { return at_->first; }
  bytes_view value() const { return at_->second; }

 private:
  void before(pairs::const_iterator p) { go(p == state_->map.begin() ? state_->map.end() : std::prev(p)); }
  void go(pairs::const_iterator p) {
    state_->check_open();
    at_ = p != state_->map.end() && bounds_.contains(p->first) ? p : state_->map.end();
  }
  std::shared_ptr<const state> state_;
  bounds bounds_;
  pairs::const_iterator at_;
};

struct snapshot {
  std::optional<pinned_bytes> get(bytes_view key) const {
    shown->check_open();
    const auto at = shown->map.find(key);
    return at == shown->map.end() ? std::nullopt : std::optional{pinned_bytes{at->second}};
  }
  iterator open_iterator(const bounds& b) const { return shown->check_open(), iterator{shown, b}; }
  synctag_t synctag() const { return shown->tag; }
  std::shared_ptr<const state> shown;
};

class engine {
 public:
  static constexpr bool zero_copy = false, multi_process = false;
  scratch::snapshot snapshot() const {
    const std::lock_guard hold{*mutex_};
    return now_->check_open(), scratch::snapshot{now_};
  }
  auto get(bytes_view key) const { return snapshot().get(key); }
  auto open_iterator(const bounds& b) const { return snapshot().open_iterator(b); }
  synctag_t synctag() const { return snapshot().synctag(); }
  synctag_t commit(std::span<const change> changes, const demands& d) {
    check_changes(changes, min_key_size(), max_key_size());
    const std::lock_guard hold{*mutex_};
    now_->check_open();
    check_demands(scratch::snapshot{now_}, now_->tag, d);
    auto next = std::make_shared<state>(*now_);  // a copy of the whole map: an engine for tests
    next->tag = synctag_t{static_cast<std::uint64_t>(now_->tag) + 1};
    for (const change& c : changes) {
      if (c.value) next->map.insert_or_assign(bytes{c.key}, bytes{*c.value});
      if (!c.value) next->map.erase(bytes{c.key});
    }
    return (now_ = std::move(next))->tag;
  }
  void close() {
    const std::lock_guard hold{*mutex_};
    *now_->closed = true;
  }
  durability_level durability() const { return durability_level::memory; }
  std::size_t min_key_size() const { return 0; }
  std::size_t max_key_size() const { return 1 << 16; }
  std::size_t preferred_value_size() const { return 100; }

 private:
  std::unique_ptr<std::mutex> mutex_ = std::make_unique<std::mutex>();
  std::shared_ptr<const state> now_ = std::make_shared<state>();
};
}  // namespace scratch
// [/engine]
