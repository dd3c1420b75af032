// changes: what a transaction would commit, as an ordered range.
#pragma once

#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>

#include <datolite/core/writer.hpp>
#include <datolite/txn/detail/overlay.hpp>

namespace datolite::txn {

/// The changes of a transaction at one moment, ascending by key, one a key: a range of `change`. Keeps what
/// it shows, whatever becomes of the transaction; its iterators, and the views they give, are valid while it
/// or a copy of it lives. Copying is O(1).
class change_list {
 public:
  class iterator {
   public:
    using iterator_concept = std::forward_iterator_tag;
    using iterator_category = std::input_iterator_tag;
    using value_type = change;
    using reference = change;
    using difference_type = std::ptrdiff_t;
    using pointer = void;

    iterator() = default;

    change operator*() const {
      const auto& [key, what] = *at_;
      return {key, what.removed() ? std::nullopt : std::optional{what.value()}};
    }
    iterator& operator++() {
      ++at_;
      return *this;
    }
    iterator operator++(int) {
      iterator before = *this;
      ++at_;
      return before;
    }
    friend bool operator==(const iterator& a, const iterator& b) { return a.at_ == b.at_; }

   private:
    friend class change_list;
    using position = decltype(std::declval<const detail::overlay::map&>().begin());
    explicit iterator(position at) : at_{at} {}
    position at_{};
  };

  explicit change_list(detail::overlay kept) : kept_{std::move(kept)} {}

  iterator begin() const { return iterator{kept_.changes().begin()}; }
  iterator end() const { return iterator{kept_.changes().end()}; }
  std::size_t size() const noexcept { return kept_.size(); }
  bool empty() const noexcept { return kept_.empty(); }

 private:
  detail::overlay kept_;
};

}  // namespace datolite::txn
