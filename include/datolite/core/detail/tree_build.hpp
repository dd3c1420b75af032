// tree_build: a tree from ascending entries, in one pass, its leaves full.
#pragma once

#include <utility>

#include <datolite/core/detail/tree.hpp>
#include <datolite/core/error.hpp>

namespace datolite::detail {

template <class L>
class tree_builder {
 public:
  void append(typename L::staged s, const typename L::compare& less) {
    if (tree_.size() > 0) {
      const auto last = tree_.end();
      if (!less(last.leaf->entries.key(last.slot - 1), s.key())) {
        throw error{error_category::incorrect, "db.error/unsorted",
                    "keys given in bulk must ascend strictly: one is not above the key before it"};
      }
    }
    tree_.append(std::move(s));
  }
  tree<L> finish() && { return std::move(tree_); }

 private:
  tree<L> tree_;
};

}  // namespace datolite::detail
