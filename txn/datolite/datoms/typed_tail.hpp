// typed_tail: the newest facts of a typed index, beside its trees.
//
// Editing a tree that an older state still holds copies a path of nodes an index. So a transaction's few rows
// go into a small array first, and into the trees many at a time. The array is shared by successive states:
// each sees a prefix of it, and one of them may write behind that prefix; a second one that wants to, copies
// the array.
//
// Beside each row stands its sort prefix in each index that lists it, which mostly tells where it goes.
//
// Invariants: rows [0, size) never change while the tail lives; `current` lists, by index order, those that
// are true, `past` those that are not any more, whether they came to be in the tail or hide a row of a tree.
//
// Threads: any number may read and copy a tail; two tails that share an array are independent.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>

#include <datolite/core/datom.hpp>
#include <datolite/datoms/typed_row.hpp>

namespace datolite::datoms::typed {

class tail {
 public:
  static constexpr std::size_t capacity = 250;

  /// Positions of rows, sorted by one index's order.
  class listing {
   public:
    std::size_t size() const noexcept { return size_; }
    std::uint8_t operator[](std::size_t i) const noexcept { return at_[i]; }
    void insert(std::size_t i, std::uint8_t row) noexcept {
      std::copy_backward(at_.begin() + i, at_.begin() + size_, at_.begin() + size_ + 1);
      at_[i] = row, ++size_;
    }
    void erase(std::size_t i) noexcept {
      std::copy(at_.begin() + i + 1, at_.begin() + size_, at_.begin() + i);
      --size_;
    }

   private:
    std::array<std::uint8_t, capacity> at_{};
    std::uint8_t size_ = 0;
  };

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  std::size_t room() const noexcept { return capacity - size_; }

  const listing& current(index_order order) const noexcept { return current_[index_of(order)]; }
  const listing& past(index_order order) const noexcept { return past_[index_of(order)]; }

  /// REQUIRES: at < size(). Which index it stands in, its `order` does not say.
  const row& operator[](std::size_t at) const noexcept { return array_->rows[at]; }
  /// Does the past row at `at` stand for one that is still in the trees as current?
  bool hides(std::size_t at) const noexcept { return array_->hides[at]; }
  /// Is the past row at `at` only there to hide one of the trees?
  bool forgotten(std::size_t at) const noexcept { return array_->rows[at].forgotten; }

  /// The first position in a listing whose row is not before `x` (a row or a place of that listing's index).
  template <class X>
  std::size_t lower_bound(const listing& in, index_order order, const X& x) const {
    return in.size() == 0 ? 0 : lower_bound(in, order, x, word_of(x, order));
  }

  /// Adds a fact that is true from now on, to the indexes `in`. REQUIRES: room() > 0.
  void add(const datom& d, std::span<const index_order> in) {
    const auto at = push({d.e, d.a, index_order::eavt, d.v, d.t(), 0}, false);
    first_t_ = std::min(first_t_, d.t());
    for (const index_order order : in) list(current_[index_of(order)], order, at);
  }

  /// Says that the fact `d`, true since d.t(), ended at `t_retracted`. Where it stands in the tail itself, it
  /// is current no more. Without `remember`, nothing will tell that it was. REQUIRES: room() > 0.
  void end(const datom& d, std::int64_t t_retracted, std::span<const index_order> in, bool remember) {
    row ended{d.e, d.a, index_order::eavt, d.v, d.t(), t_retracted};
    ended.forgotten = !remember;
    bool here = false;
    for (const index_order order : d.t() < first_t_ ? std::span<const index_order>{} : in) {
      listing& listed = current_[index_of(order)];
      const std::size_t i = lower_bound(listed, order, ended);
      if (i == listed.size() || compare(array_->rows[listed[i]], ended, order) != 0) continue;
      listed.erase(i);
      here = true;
    }
    if (here && !remember) return;
    const auto at = push(std::move(ended), !here);
    for (const index_order order : in) list(past_[index_of(order)], order, at);
  }

 private:
  struct array {
    std::atomic<std::size_t> used{0};
    std::array<row, capacity> rows;
    std::array<bool, capacity> hides{};
    std::array<std::array<std::uint64_t, capacity>, 4> words;  // by index; of the rows that it lists
  };

  static std::size_t index_of(index_order order) noexcept { return static_cast<std::size_t>(order); }

  /// A place for one more row that no other tail sees.
  std::uint8_t push(row r, bool hides) {
    std::size_t expected = size_;
    if (array_ == nullptr || !array_->used.compare_exchange_strong(expected, size_ + 1)) {
      auto copy = std::make_shared<array>();
      for (std::size_t i = 0; i < size_; ++i) {
        copy->rows[i] = array_->rows[i], copy->hides[i] = array_->hides[i];
      }
      for (std::size_t order = 0; size_ > 0 && order < copy->words.size(); ++order)
        std::copy_n(array_->words[order].begin(), size_, copy->words[order].begin());
      copy->used = size_ + 1;
      array_ = std::move(copy);
    }
    array_->rows[size_] = std::move(r);
    array_->hides[size_] = hides;
    return static_cast<std::uint8_t>(size_++);
  }

  void list(listing& in, index_order order, std::uint8_t at) {
    const row& listed = array_->rows[at];
    const std::uint64_t word = array_->words[index_of(order)][at] = word_of(listed, order);
    in.insert(lower_bound(in, order, listed, word), at);
  }

  static std::uint64_t word_of(const row& x, index_order order) noexcept {
    return prefix_of(x, order, 3, false);
  }
  static std::uint64_t word_of(const place& x, index_order order) noexcept {
    return prefix_of(x, order, x.given, x.behind);
  }
  template <class X>
  std::size_t lower_bound(const listing& in, index_order order, const X& x, std::uint64_t word) const {
    const auto& words = array_->words[index_of(order)];
    std::size_t low = 0, high = in.size();
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      const std::uint64_t other = words[in[middle]];
      if (other != word ? other < word : compare(array_->rows[in[middle]], x, order) < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  std::shared_ptr<array> array_;
  std::size_t size_ = 0;
  std::int64_t first_t_ = std::numeric_limits<std::int64_t>::max();  // what is true since before is not here
  std::array<listing, 4> current_, past_;
};

}  // namespace datolite::datoms::typed
