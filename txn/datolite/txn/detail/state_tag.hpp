// state_tag: names for the states that transactions go through, no two the same in the process.
//
// A transaction that was not edited has the tag of the snapshot that it shows. Every edit gives it a tag that
// no transaction had before, out of a run of tags drawn for this one object; a copy draws its own run when it
// is edited. The top bit is set: engines count their commits from below.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include <datolite/core/writer.hpp>

namespace datolite::txn::detail {

class state_tag {
 public:
  explicit state_tag(synctag_t of_snapshot) noexcept : tag_{static_cast<std::uint64_t>(of_snapshot)} {}
  state_tag(const state_tag& other) noexcept : tag_{other.tag_} {}
  state_tag(state_tag&& other) noexcept : tag_{other.tag_}, left_{std::exchange(other.left_, 0)} {}
  state_tag& operator=(const state_tag& other) noexcept {
    tag_ = other.tag_, left_ = 0;
    return *this;
  }
  state_tag& operator=(state_tag&& other) noexcept {
    tag_ = other.tag_, left_ = std::exchange(other.left_, 0);
    return *this;
  }

  synctag_t get() const noexcept { return synctag_t{tag_}; }

  /// To a state that no transaction was in before.
  void advance() noexcept {
    if (left_ == 0) {
      static std::atomic<std::uint64_t> runs{0};
      tag_ = 1ull << 63 | runs.fetch_add(1, std::memory_order_relaxed) * run;
      left_ = run;
    }
    ++tag_, --left_;
  }

 private:
  static constexpr std::uint64_t run = 1 << 20;

  std::uint64_t tag_;
  std::uint64_t left_ = 0;
};

}  // namespace datolite::txn::detail
