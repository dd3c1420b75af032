// index_relation: the datoms that one data pattern asks of a database, read only when they are joined.
//
// At the join the bound values are known, and with them the choice: one run of one index for all, or one
// search a distinct binding. A search costs about as much as `steps_a_search` steps, so searching wins where
// the bindings are few beside the datoms. Bindings are searched in the order of the index, which lets cursors
// seek forward. What is read goes to the join by column, a batch at a time.
//
// Aliases. An ident or a lookup ref stands for its entity in the entity slot, in the attribute slot, and in
// the value slot of reference attributes, whether it came as a constant or is bound by the join; the result
// keeps it as given.
//
// Lifetime: refers to the database, which must outlive it. Threads: joins may run at once only if they count
// in different places.
#pragma once

#include <datolite/adapters/index_pattern.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/query/join_spec.hpp>
#include <datolite/query/pattern.hpp>
#include <datolite/query/relation.hpp>

namespace datolite::adapters {

class index_relation {
 public:
  index_relation(const index_access& db, const query::clause_pattern& pattern)
      : db_{&db}, pattern_{db, pattern} {}

  query::relation join_project_with(const query::relation& ys, const query::join_spec& spec) const;

  /// About how many datoms the pattern asks for.
  double estimate() const {
    if (!pattern_.possible()) return 0;
    return static_cast<double>(db_->count(pattern_.range_of(pattern_.known())));
  }

 private:
  const index_access* db_;
  index_pattern pattern_;
};

}  // namespace datolite::adapters

#ifndef DATOLITE_COMPILED
#include <datolite/adapters/detail/index_relation.hpp>
#endif
