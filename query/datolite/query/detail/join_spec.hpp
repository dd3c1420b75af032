// The definitions of join_spec.hpp.
#pragma once

#include <utility>
#include <vector>

#include <datolite/core/linkage.hpp>
#include <datolite/core/value.hpp>
#include <datolite/query/function.hpp>
#include <datolite/query/join_spec.hpp>
#include <datolite/query/pattern.hpp>

namespace datolite::query {

DATOLITE_INLINE join_predicate::join_predicate(comparison op, operand left, operand right)
    : op_{op}, operands_{std::move(left), std::move(right)} {}

DATOLITE_INLINE join_predicate::join_predicate(const function& f, std::vector<operand> operands, value form)
    : function_{&f}, operands_{std::move(operands)}, form_{std::move(form)} {}

DATOLITE_INLINE bool join_predicate::uses(operand::source side) const noexcept {
  for (const operand& o : operands_) {
    if (o.from == side) return true;
  }
  return false;
}

}  // namespace datolite::query
