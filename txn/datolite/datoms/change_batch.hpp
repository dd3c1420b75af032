// change_batch: engine changes that own their bytes, for one commit.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <datolite/core/bytes.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/writer.hpp>

namespace datolite::datoms {

/// Collects changes in any order and shows them in the order that `commit` asks for. Adding is amortised
/// O(bytes).
class change_batch {
 public:
  change_batch() = default;
  change_batch(change_batch&&) = default;
  change_batch& operator=(change_batch&&) = default;

  void put(bytes_view key, bytes_view value) { changes_.push_back({keep(key), keep(value)}); }
  void erase(bytes_view key) { changes_.push_back({keep(key), std::nullopt}); }

  std::size_t size() const noexcept { return changes_.size(); }
  std::size_t bytes_held() const noexcept { return held_; }

  /// The changes by ascending key. O(n) when they were added so, else O(n log n). Throws `incorrect` if two
  /// of them are for one key. Valid until the next change is added.
  std::span<const change> sorted() {
    const auto less = [](const change& x, const change& y) { return x.key < y.key; };
    if (!std::is_sorted(changes_.begin(), changes_.end(), less)) {
      std::sort(changes_.begin(), changes_.end(), less);
    }
    const auto same = [](const change& x, const change& y) { return x.key == y.key; };
    if (std::adjacent_find(changes_.begin(), changes_.end(), same) != changes_.end()) {
      throw error{
          error_category::incorrect, "db.error/key-collision",
          "two facts of one transaction have the same key in the index: two long values with the same "
          "beginning and the same hash; change one of them"};
    }
    return changes_;
  }

 private:
  static constexpr std::size_t block_size = std::size_t{256} << 10;

  bytes_view keep(bytes_view given) {
    if (given.size() > left_) {
      const std::size_t size = std::max(next_size_, given.size());
      next_size_ = std::min(4 * next_size_, block_size);
      blocks_.push_back(std::make_unique_for_overwrite<char[]>(size));
      next_ = blocks_.back().get();
      left_ = size;
    }
    char* const at = next_;
    if (!given.empty()) std::memcpy(at, given.data(), given.size());
    next_ += given.size(), left_ -= given.size(), held_ += given.size();
    return {at, given.size()};
  }

  std::vector<change> changes_;
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t next_size_ = 1000;  // of a block: most batches need no more, and malloc has that at hand
  char* next_ = nullptr;
  std::size_t left_ = 0, held_ = 0;
};

}  // namespace datolite::datoms
