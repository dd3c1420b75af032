// row_joiner: the join of one row after another with a relation.
//
// The built-in join, and the tool for who writes `join_project_with` for a source of their own: give it the
// rows that the source finds, in any order, and take the result.
//
//   row_joiner join{ys, spec};
//   for (auto&& row : my_rows) { join.add(as_row(row)); if (join.done()) break; }
//   return std::move(join).finish();
//
// A source that searches its index for a row of ys at a time says `add(x, y)` instead. Cost: O(1) expected a
// row and a result; one hash table over ys if there is a join map and more than one row.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include <datolite/query/join_spec.hpp>
#include <datolite/query/relation.hpp>
#include <datolite/query/row_index.hpp>
#include <datolite/query/rows.hpp>

namespace datolite::query {

class row_joiner {
 public:
  /// `key`: slots in which no two of the rows to be given are all query-equal; empty if that is not known. It
  /// spares looking for duplicates where there can be none. REQUIRES: `ys` and `spec` live as long as this.
  row_joiner(const relation& ys, const join_spec& spec, slot_set key = {});

  row_joiner(const row_joiner&) = delete;
  row_joiner& operator=(const row_joiner&) = delete;

  /// Joins `x` with all rows of ys. A row too short to have the slots that are looked at joins with none.
  template <class X>
  void add(const X& x) {
    if (!passes_alone(x)) return;
    if (ys_->size() == 1) {
      add_pair(x, 0);
    } else if (spec_->join.empty()) {
      for (std::size_t y = 0; y < ys_->size(); ++y) add_pair(x, y);
    } else {
      if (index_.size() == 0) index_ys();
      std::size_t hash = 0;
      for (const join_pair& p : spec_->join) hash = hash_with(hash, x[p.x]);
      index_.any(hash, [&](std::size_t y) { return add_pair(x, y), false; });
    }
  }

  /// Joins `x` with the row of ys numbered `y` only; the join map is checked here too.
  template <class X>
  void add(const X& x, std::size_t y) {
    if (passes_alone(x)) add_pair(x, y);
  }

  /// Whether no further row can change the result.
  bool done() const {
    poll();
    if (spec_->enough != 0 && result_.size() >= spec_->enough) return true;
    return left_ == 0 || (left_ == 1 && ys_->size() == 1 && spec_->distinct && spec_->project_x.empty() &&
                          result_.size() == 1);
  }

  relation finish() && {
    if (spec_->distinct) result_.mark_distinct();
    return std::move(result_);
  }

 private:
  /// Asks the query's limits about once a thousand rows.
  void poll() const {
    if (spec_->limits != nullptr && (++seen_ & 1023) == 0) spec_->limits->poll(result_.bytes());
  }

  void need(std::size_t slot) noexcept { needed_ = std::max(needed_, slot + 1); }

  /// Whether the result, joined with one row, tells all of `key`.
  bool shows(slot_set key) const noexcept;

  template <class X>
  bool passes_alone(const X& x) const {
    if (x.size() < needed_) return false;
    for (std::size_t i = 0; i < checks_; ++i) {
      const check& c = first_checks_[i];
      if (!slot_holds(c.op, x, c.slot, c.against)) return false;
    }
    for (std::size_t i = checked_; i < x_only_; ++i) {
      if (!spec_->predicates[i](x, detail::no_row{})) return false;
    }
    return true;
  }

  template <class X>
  void add_pair(const X& x, std::size_t y_number) {
    if (once_per_y_ && emitted_[y_number]) return;
    poll();
    const auto y = ys_->row(y_number);
    for (std::size_t i = joined_; i < spec_->join.size(); ++i) {
      const join_pair& p = spec_->join[i];
      if (!slot_holds(comparison::equal, x, p.x, y[p.y])) return;
    }
    for (std::size_t i = x_only_; i < spec_->predicates.size(); ++i) {
      if (!spec_->predicates[i](x, y)) return;
    }
    if (result_.empty()) result_.reserve(8);
    for (const projection& p : spec_->project_x) result_.put(p.to, x[p.from]);
    for (const projection& p : spec_->project_y) result_.put(p.to, y[p.from]);
    result_.commit_row();
    if (once_per_y_) {
      emitted_[y_number] = true;
      --left_;
    }
    if (may_repeat_) known_.keep_last(result_);
  }

  /// What the x row alone decides is laid out flat: the equalities with the only row of ys, and the
  /// comparisons with constants that come before any other predicate.
  void collect_checks();
  void index_ys();

  const relation* ys_;
  const join_spec* spec_;
  relation result_;
  row_index index_;
  row_set known_;
  std::vector<bool> emitted_;

  struct check {
    value against{};
    std::size_t slot = 0;
    comparison op = comparison::equal;
  };
  static constexpr std::size_t most_checks = 8;
  check first_checks_[most_checks];
  std::size_t checks_ = 0;
  std::size_t joined_ = 0;   ///< pairs of the join map that are among the checks
  std::size_t checked_ = 0;  ///< predicates that are
  std::size_t x_only_ = 0;
  std::size_t needed_ = 0;
  std::size_t left_ = 0;
  mutable std::size_t seen_ = 0;
  bool once_per_y_ = false;
  bool may_repeat_ = false;
};

}  // namespace datolite::query

#ifndef DATOLITE_COMPILED
#include <datolite/query/detail/row_joiner.hpp>
#endif
