// word_groups: the rows of a column of words by word, the words ascending.
//
// What a join asks of an index by a word, it asks once for all rows that have the word, and in the order of
// the index. A column that ascends already, each word once, is taken as it is.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace datolite::adapters {

class word_groups {
 public:
  /// Refers to `words`, which must outlive it. O(n log n), and O(n) where they ascend.
  explicit word_groups(std::span<const std::int64_t> words) : distinct_{words}, rows_(words.size()) {
    std::iota(rows_.begin(), rows_.end(), std::uint32_t{0});
    if (std::adjacent_find(words.begin(), words.end(), std::greater_equal<>{}) == words.end()) return;
    std::vector<std::pair<std::int64_t, std::uint32_t>> all(words.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = {words[i], static_cast<std::uint32_t>(i)};
    if (!std::is_sorted(words.begin(), words.end())) std::sort(all.begin(), all.end());
    own_.reserve(all.size()), begins_.reserve(all.size() + 1);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto [word, row] = all[i];
      rows_[i] = row;
      if (!own_.empty() && own_.back() == word) continue;
      own_.push_back(word), begins_.push_back(i);
    }
    begins_.push_back(rows_.size());
    distinct_ = own_;
  }
  word_groups(const word_groups&) = delete;
  word_groups& operator=(const word_groups&) = delete;

  /// The words, each once, ascending.
  std::span<const std::int64_t> distinct() const noexcept { return distinct_; }

  /// The rows that have the i-th of them, ascending.
  std::span<const std::uint32_t> rows_of(std::size_t i) const noexcept {
    const std::span all{rows_};
    return own_.empty() ? all.subspan(i, 1) : all.subspan(begins_[i], begins_[i + 1] - begins_[i]);
  }

 private:
  std::span<const std::int64_t> distinct_;
  std::vector<std::uint32_t> rows_;  // by word
  std::vector<std::int64_t> own_;    // the words, where the column's are not taken
  std::vector<std::size_t> begins_;  // of the rows of each
};

}  // namespace datolite::adapters
