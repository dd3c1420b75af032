// pattern: what one data pattern of a query asks of a datasource.
//
// A data pattern such as [?e :age ?a ?tx] has a slot a position. For each slot the datasource is told a value
// that it must have (`consts`), and advice taken from the query's predicates: where the interesting run of a
// sorted order starts and how long it lasts (`starts`, `whiles`). Only the consts bind: the join applies
// every predicate again, so a source that ignores the advice is slow, never wrong.
//
// Lifetime: a pattern and all it refers to are valid during the call of `extrel`. What a lazy relation needs
// later it copies; `io` lives as long as the query runs.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <datolite/core/io_stats.hpp>
#include <datolite/core/value.hpp>
#include <datolite/core/value_comparison.hpp>
#include <datolite/core/value_equality.hpp>

namespace datolite::query {

/// The comparisons that the engine knows by name, and can therefore push down.
enum class comparison : std::uint8_t {
  less,
  less_equal,
  equal,
  greater_equal,
  greater,
  not_equal,
  starts_with
};

/// The comparison as a query writes it: "<=", "clojure.string/starts-with?".
constexpr std::string_view to_string(comparison op) noexcept {
  constexpr std::string_view names[] = {"<", "<=", "=", ">=", ">", "not=", "clojure.string/starts-with?"};
  return names[static_cast<std::size_t>(op)];
}

/// The comparison that says the same with its operands exchanged. REQUIRES: not starts_with.
constexpr comparison exchanged(comparison op) noexcept {
  switch (op) {
    case comparison::less: return comparison::greater;
    case comparison::less_equal: return comparison::greater_equal;
    case comparison::greater_equal: return comparison::less_equal;
    case comparison::greater: return comparison::less;
    default: return op;
  }
}

namespace detail {

template <class T>
constexpr bool holds_for(comparison op, T order) noexcept {
  switch (op) {
    case comparison::less: return order < 0;
    case comparison::less_equal: return order <= 0;
    case comparison::greater_equal: return order >= 0;
    case comparison::greater: return order > 0;
    case comparison::equal: return order == 0;
    default: return order != 0;
  }
}

constexpr bool is_integral(kind k) noexcept { return k == kind::long_ || k == kind::ref; }

}  // namespace detail

/// Whether two texts are equal. Most texts of a query are short, and most pairs differ at once: no call for
/// these.
inline bool same_text(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  if (a.empty()) return true;
  return a.front() == b.front() && (a.size() == 1 || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

/// Query equality, with what is most common first.
inline bool same(const value& a, const value& b) {
  if (detail::is_integral(a.kind()) && detail::is_integral(b.kind())) return a.word() == b.word();
  if (a.is_text() && a.kind() == b.kind()) return a.is_identical(b) || same_text(a.raw(), b.raw());
  return query_equal(a, b);
}

/// Whether `a op b`. Equality is query equality, order is comparison; kinds that do not compare make every
/// order false. Never throws.
inline bool holds(comparison op, const value& a, const value& b) {
  if (detail::is_integral(a.kind()) && detail::is_integral(b.kind())) {
    return op != comparison::starts_with && detail::holds_for(op, a.word() <=> b.word());
  }
  switch (op) {
    case comparison::equal: return same(a, b);
    case comparison::not_equal: return !same(a, b);
    case comparison::starts_with:
      return a.is(kind::string) && b.is(kind::string) && a.as_string().starts_with(b.as_string());
    default: return detail::holds_for(op, compare_values(a, b));
  }
}

/// "Still in range": callable on a value, and shows its operator and bound, so that a source may turn it into
/// the stop of a subrange. Beginning at the slot's start and going up, the first value for which this is
/// false ends the run, within values of one kind.
class take_while {
 public:
  /// REQUIRES: op is less, less_equal, equal or starts_with.
  take_while(comparison op, value bound) noexcept : bound_{std::move(bound)}, op_{op} {}

  comparison op() const noexcept { return op_; }
  const value& bound() const noexcept { return bound_; }
  bool operator()(const value& v) const { return holds(op_, v, bound_); }

 private:
  value bound_;
  comparison op_;
};

/// A set of slots. A pattern has at most 64.
class slot_set {
 public:
  static constexpr std::size_t capacity = 64;

  constexpr slot_set() noexcept = default;
  constexpr explicit slot_set(std::uint64_t bits) noexcept : bits_{bits} {}

  constexpr void insert(std::size_t slot) noexcept { bits_ |= std::uint64_t{1} << slot; }
  constexpr void erase(std::size_t slot) noexcept { bits_ &= ~(std::uint64_t{1} << slot); }
  constexpr bool contains(std::size_t slot) const noexcept {
    return slot < capacity && (bits_ >> slot & 1) != 0;
  }
  constexpr bool empty() const noexcept { return bits_ == 0; }
  constexpr std::size_t size() const noexcept { return static_cast<std::size_t>(std::popcount(bits_)); }
  /// One past the last slot in the set; 0 when empty.
  constexpr std::size_t end() const noexcept {
    return capacity - static_cast<std::size_t>(std::countl_zero(bits_));
  }
  constexpr std::uint64_t bits() const noexcept { return bits_; }
  friend constexpr bool operator==(slot_set, slot_set) noexcept = default;

 private:
  std::uint64_t bits_ = 0;
};

/// Two slots of one pattern that hold the same variable; `first` is the lower.
struct slot_pair {
  std::size_t first;
  std::size_t second;
  friend constexpr bool operator==(const slot_pair&, const slot_pair&) noexcept = default;
};

/// One data pattern. `consts`, `starts` and `whiles` have the same size, one element a slot; trailing slots
/// that the query did not write are absent, and unconstrained.
struct clause_pattern {
  std::span<const std::optional<value>> consts;  ///< must match: rows that do not are not part of the answer
  std::span<const std::optional<value>> starts;  ///< advice: inclusive lower bound
  std::span<const std::optional<take_while>> whiles;  ///< advice: still in range
  slot_set wanted;  ///< slots that the join will look at; others may be left out (as nil)
  std::span<const slot_pair>
      repeated;               ///< advice: slots that hold the same variable; the join checks it again
  io_counters* io = nullptr;  ///< where to count what is read; may be null; lives as long as the query
  slot_set past = {};  ///< advice: slots of which the start itself is not wanted (it comes from < or >)

  std::size_t size() const noexcept { return consts.size(); }
};

}  // namespace datolite::query
