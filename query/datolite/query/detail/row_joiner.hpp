// The definitions of row_joiner.hpp.
#pragma once

#include <cstddef>

#include <datolite/core/linkage.hpp>
#include <datolite/query/join_spec.hpp>
#include <datolite/query/pattern.hpp>
#include <datolite/query/relation.hpp>
#include <datolite/query/row_index.hpp>
#include <datolite/query/row_joiner.hpp>

namespace datolite::query {

DATOLITE_INLINE row_joiner::row_joiner(const relation& ys, const join_spec& spec, slot_set key)
    : ys_{&ys}, spec_{&spec}, result_{spec.width} {
  for (const join_pair& p : spec.join) need(p.x);
  for (const projection& p : spec.project_x) need(p.from);
  for (const join_predicate& p : spec.predicates) {
    for (const operand& o : p.operands()) {
      if (o.from == operand::source::x) need(o.slot);
    }
  }
  while (x_only_ < spec.predicates.size() && !spec.predicates[x_only_].uses_y()) ++x_only_;
  collect_checks();
  once_per_y_ = spec.distinct && spec.project_x.empty() && ys.size() > 1;
  if (once_per_y_) emitted_.resize(ys.size());
  left_ = ys.size();
  may_repeat_ = spec.distinct && !(ys.size() == 1 && shows(key));
}

DATOLITE_INLINE bool row_joiner::shows(slot_set key) const noexcept {
  slot_set shown;
  for (const projection& p : spec_->project_x) shown.insert(p.from);
  for (const join_pair& p : spec_->join) shown.insert(p.x);
  return !key.empty() && (key.bits() & ~shown.bits()) == 0;
}

DATOLITE_INLINE void row_joiner::collect_checks() {
  if (ys_->size() == 1) {
    for (; joined_ < spec_->join.size() && checks_ < most_checks; ++joined_) {
      const join_pair& p = spec_->join[joined_];
      first_checks_[checks_++] = {ys_->column(p.y)[0], p.x, comparison::equal};
    }
  }
  for (; checked_ < x_only_ && checks_ < most_checks; ++checked_) {
    const join_predicate& p = spec_->predicates[checked_];
    if (p.opaque() != nullptr) return;
    const operand& left = p.operands()[0];
    const operand& right = p.operands()[1];
    if (left.from == operand::source::x && right.from == operand::source::constant) {
      first_checks_[checks_++] = {right.constant, left.slot, p.op()};
    } else if (left.from == operand::source::constant && right.from == operand::source::x &&
               p.op() != comparison::starts_with) {
      first_checks_[checks_++] = {left.constant, right.slot, exchanged(p.op())};
    } else {
      return;
    }
  }
}

DATOLITE_INLINE void row_joiner::index_ys() {
  for (std::size_t i = 0; i < ys_->size(); ++i) {
    const auto y = ys_->row(i);
    std::size_t hash = 0;
    for (const join_pair& p : spec_->join) hash = hash_with(hash, y[p.y]);
    index_.add(hash);
  }
}

}  // namespace datolite::query
