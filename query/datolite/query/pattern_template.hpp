// pattern_template: a data pattern with its advice, before and after the inputs are known.
//
// The comparisons of a body with constants and inputs become starts and whiles of every pattern slot that
// holds the variable; several combine to the narrowest range.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <datolite/core/value.hpp>
#include <datolite/query/pattern.hpp>

namespace datolite::query {

/// One data pattern of a body. What depends on inputs is listed apart.
struct pattern_template {
  struct late_const {
    std::size_t slot;
    std::uint32_t input;
  };
  struct late_bound {
    std::size_t slot;
    comparison op;  ///< of the slot's value with the input
    std::uint32_t input;
  };

  std::vector<std::optional<value>> consts, starts;
  std::vector<std::optional<take_while>> whiles;
  slot_set wanted, past;
  std::vector<slot_pair> repeated;
  std::vector<late_const> late_consts;
  std::vector<late_bound> late_bounds;

  bool is_late() const noexcept { return !late_consts.empty() || !late_bounds.empty(); }
};

namespace detail {

/// Narrows the range of one slot by "its value `op` bound". `past`: the start itself is not wanted.
inline void narrow(std::optional<value>& start, bool& past, std::optional<take_while>& until, comparison op,
                   const value& bound) {
  using enum comparison;
  if (op == not_equal || (op == starts_with && !bound.is(kind::string))) return;
  if (op == greater || op == greater_equal || op == equal || op == starts_with) {
    if (!start || holds(greater, bound, *start) || (op == greater && holds(greater_equal, bound, *start))) {
      start = bound, past = op == greater;
    }
  }
  if (op == greater || op == greater_equal) return;
  const auto rank = [](comparison c) { return c == equal ? 0 : c == starts_with ? 1 : c == less ? 2 : 3; };
  if (!until || (rank(op) < 2 && rank(op) < rank(until->op()))) {
    until.emplace(op, bound);
  } else if (rank(until->op()) >= 2 && rank(op) >= 2) {
    const bool tighter = holds(less, bound, until->bound()) || (op == less && until->op() == less_equal &&
                                                                holds(less_equal, bound, until->bound()));
    if (tighter) until.emplace(op, bound);
  }
}

}  // namespace detail

/// A template with the inputs' values in it. Shares those of the template's arrays that depend on no inputs.
class bound_pattern {
 public:
  /// REQUIRES: `of` outlives this.
  bound_pattern(const pattern_template& of, std::span<const value> inputs) : of_{&of} {
    if (!of.late_consts.empty()) consts_ = of.consts;
    if (!of.late_bounds.empty()) starts_ = of.starts, whiles_ = of.whiles, past_ = of.past;
    for (const auto& [slot, input] : of.late_consts) consts_[slot] = inputs[input];
    for (const auto& [slot, op, input] : of.late_bounds) {
      bool past = past_.contains(slot);
      detail::narrow(starts_[slot], past, whiles_[slot], op, inputs[input]);
      past ? past_.insert(slot) : past_.erase(slot);
    }
  }

  /// Valid while this and the template live.
  clause_pattern view(io_counters* io) const noexcept {
    const bool has_consts = !of_->late_consts.empty(), has_bounds = !of_->late_bounds.empty();
    return {has_consts ? consts_ : of_->consts,
            has_bounds ? starts_ : of_->starts,
            has_bounds ? whiles_ : of_->whiles,
            of_->wanted,
            of_->repeated,
            io,
            has_bounds ? past_ : of_->past};
  }

 private:
  const pattern_template* of_;
  std::vector<std::optional<value>> consts_, starts_;
  std::vector<std::optional<take_while>> whiles_;
  slot_set past_;
};

}  // namespace datolite::query
