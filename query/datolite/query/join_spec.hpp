// join_spec: how a clause's rows (x) are joined with the rows found so far (y).
//
// The join of xs with ys keeps the pairs of rows that agree on the join map (by query equality) and satisfy
// every predicate, and projects each pair to a result row. It is a set: see `distinct`.
//
// Lifetime: a spec and all it refers to are valid during the call of `join_project_with`.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <datolite/core/value.hpp>
#include <datolite/query/detail/refuse.hpp>
#include <datolite/query/function.hpp>
#include <datolite/query/pattern.hpp>
#include <datolite/query/rows.hpp>
#include <datolite/query/watch.hpp>

namespace datolite::query {

/// Slot `x` of the clause's rows goes with slot `y` of the rows found so far.
struct join_pair {
  std::size_t x;
  std::size_t y;
  friend constexpr bool operator==(const join_pair&, const join_pair&) noexcept = default;
};

/// Slot `from` of a row goes to slot `to` of the result.
struct projection {
  std::size_t from;
  std::size_t to;
  friend constexpr bool operator==(const projection&, const projection&) noexcept = default;
};

/// Where a predicate finds one of its arguments.
struct operand {
  enum class source : std::uint8_t { x, y, constant };
  source from = source::constant;
  std::size_t slot = 0;  ///< of the x or y row
  value constant = {};

  static operand x(std::size_t slot) noexcept { return {source::x, slot, {}}; }
  static operand y(std::size_t slot) noexcept { return {source::y, slot, {}}; }
  static operand of(value v) noexcept { return {source::constant, 0, std::move(v)}; }
};

/// A condition on a pair of rows: a comparison of two operands, or a function of any number of them.
class join_predicate {
 public:
  join_predicate(comparison op, operand left, operand right);
  /// `f` must outlive this; the row passes when the result is neither nil nor false. An error that `f` throws
  /// names the clause `form`.
  join_predicate(const function& f, std::vector<operand> operands, value form = {});

  /// Whether it needs the y row.
  bool uses_y() const noexcept { return uses(operand::source::y); }
  bool uses_x() const noexcept { return uses(operand::source::x); }

  /// Null for a comparison.
  const function* opaque() const noexcept { return function_; }
  comparison op() const noexcept { return op_; }  ///< REQUIRES: opaque() is null
  std::span<const operand> operands() const noexcept { return operands_; }

  /// Whether the pair passes. A row is anything with `row[slot]` giving a value or a reference to one.
  template <class X, class Y>
  bool operator()(const X& x, const Y& y) const {
    if (function_ != nullptr) return call(x, y);
    const operand& left = operands_[0];
    const operand& right = operands_[1];
    if (right.from == operand::source::constant) return slot_with(left, op_, x, y, right.constant);
    if (left.from == operand::source::constant && op_ != comparison::starts_with) {
      return slot_with(right, exchanged(op_), x, y, left.constant);
    }
    return with(right, x, y, [&](const value& v) { return slot_with(left, op_, x, y, v); });
  }

 private:
  bool uses(operand::source side) const noexcept;

  template <class X, class Y>
  static bool slot_with(const operand& o, comparison op, const X& x, const Y& y, const value& v) {
    switch (o.from) {
      case operand::source::x: return slot_holds(op, x, o.slot, v);
      case operand::source::y: return slot_holds(op, y, o.slot, v);
      default: return holds(op, o.constant, v);
    }
  }

  template <class X, class Y, class F>
  static auto with(const operand& o, const X& x, const Y& y, F&& f) {
    switch (o.from) {
      case operand::source::x: return f(x[o.slot]);
      case operand::source::y: return f(y[o.slot]);
      default: return f(o.constant);
    }
  }

  template <class X, class Y>
  bool call(const X& x, const Y& y) const {
    constexpr std::size_t on_stack = 8;
    value few[on_stack];
    std::vector<value> many;
    if (operands_.size() > on_stack) many.resize(operands_.size());
    const std::span<value> arguments{many.empty() ? few : many.data(), operands_.size()};
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      arguments[i] = with(operands_[i], x, y, [](const value& v) { return v; });
    }
    bool passes = false;
    detail::naming_clause(form_, [&] { passes = is_true((*function_)(arguments)); });
    return passes;
  }

  comparison op_ = comparison::equal;
  const function* function_ = nullptr;
  std::vector<operand> operands_;
  value form_;
};

/// How to join. The result has `width` slots, and each of them is the target of exactly one projection.
struct join_spec {
  std::span<const join_pair> join;             ///< equal slots
  std::span<const projection> project_x;       ///< x slot to result slot
  std::span<const projection> project_y;       ///< y slot to result slot
  std::span<const join_predicate> predicates;  ///< all must hold; also those that were advice to `extrel`
  std::size_t width = 0;
  /// The projection may make rows equal, and the caller wants a set: a join that finds it cheap removes
  /// duplicates and marks its result distinct; otherwise the caller removes them.
  bool distinct = false;
  const watch* limits = nullptr;  ///< to be polled about once a thousand rows; may be null
  /// Advice: once the result has this many rows, different ones where `distinct` is asked for, the join may
  /// stop. 0: all are wanted.
  std::size_t enough = 0;
  /// The x slots of `join` for which ys may have other names that the source is to resolve (source.hpp). For
  /// the others, what looks like a name is compared as it is.
  slot_set named{~std::uint64_t{0}};
};

}  // namespace datolite::query

#ifndef DATOLITE_COMPILED
#include <datolite/query/detail/join_spec.hpp>
#endif
