// aggregates: sums, counts and their like over groups of rows.
//
// Rows are made a set of bindings of the :find and :with variables first; then those that agree in the find
// elements that are no aggregates form a group, and each aggregate sees the values of its variable in the
// group. No rows, no groups. Numbers are added as `+` adds them; the average of integers is a double.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <datolite/core/error.hpp>
#include <datolite/core/value.hpp>
#include <datolite/core/value_equality.hpp>
#include <datolite/core/value_order.hpp>
#include <datolite/query/detail/arithmetic.hpp>
#include <datolite/query/pattern.hpp>

namespace datolite::query {

/// An aggregate: `given` are its arguments but for the last, `values` those of the group, at least one.
using aggregate_function = value (*)(std::span<const value> given, std::span<const value> values);

/// The built-in aggregate of that name and number of given arguments; null if there is none.
aggregate_function find_aggregate(std::string_view name, std::size_t given) noexcept;

/// Whether there is a built-in aggregate of that name, whatever it is given. None is given more than a
/// number.
inline bool is_aggregate(std::string_view name) noexcept {
  return find_aggregate(name, 0) != nullptr || find_aggregate(name, 1) != nullptr;
}

// ---------------------------------------------------------------------------------------------------------------

namespace detail {

using values_view = std::span<const value>;

inline value sum_of(values_view, values_view values) { return fold<arithmetic_op::add>(values); }

inline value count_of(values_view, values_view values) { return static_cast<std::int64_t>(values.size()); }

/// What `k` sorts with: all kinds of numbers are one, and so are all kinds of sequences.
constexpr kind sorted_kind(kind k) noexcept {
  using enum kind;
  switch (k) {
    case bigint:
    case float_:
    case double_:
    case bigdec:
    case ref: return long_;
    case tuple:
    case list: return vector;
    default: return k;
  }
}

/// The order of comparison, where values that do not compare are by kind, and NaN is the last of the numbers:
/// less than 0, 0 or more. Sequences whose elements do not compare may be in no order, so sort stably by it.
inline int sorted_order(const value& a, const value& b) {
  const auto order = compare_values(a, b);
  if (order != std::partial_ordering::unordered) return order < 0 ? -1 : order > 0;
  const kind of_a = sorted_kind(a.kind()), of_b = sorted_kind(b.kind());
  if (of_a != of_b) return of_a < of_b ? -1 : 1;
  if (of_a == kind::long_)
    return int{std::is_neq(compare_values(a, a))} - int{std::is_neq(compare_values(b, b))};
  const auto stored = stored_order(a, b);
  return stored < 0 ? -1 : stored > 0;
}

inline bool comes_before(const value& a, const value& b) { return sorted_order(a, b) < 0; }

/// As `comes_before`, but of values that amount to the same only those that are query-equal are in no order,
/// so that which of 1 and 1.0 is the least does not depend on where they stand.
inline bool precedes(const value& a, const value& b) {
  const int order = sorted_order(a, b);
  if (order != 0 || (a.kind() == b.kind() && !a.is_sequential())) return order < 0;
  return stored_order(query_canonical(a), query_canonical(b)) < 0;
}

inline std::vector<value> distinct_values(values_view values) {
  std::vector<value> out{values.begin(), values.end()};
  std::stable_sort(out.begin(), out.end(), precedes);
  out.erase(
      std::unique(out.begin(), out.end(), [](const value& a, const value& b) { return query_equal(a, b); }),
      out.end());
  return out;
}

inline value count_distinct(values_view, values_view values) {
  return static_cast<std::int64_t>(distinct_values(values).size());
}

inline value distinct_set(values_view, values_view values) { return make_set(distinct_values(values)); }

inline value least(values_view, values_view values) {
  return *std::min_element(values.begin(), values.end(), precedes);
}
inline value greatest(values_view, values_view values) {
  return *std::max_element(values.begin(), values.end(), precedes);
}

inline std::size_t how_many(const value& n) {
  if (const auto many = integer_of(n); many && *many >= 0) return static_cast<std::size_t>(*many);
  throw error{error_category::incorrect, "db.error/wrong-type",
              "a number of values is needed, not " + to_edn(n)};
}

/// The `n` first in order, or the `n` last, the greatest first.
template <bool Last>
value several(values_view given, values_view values) {
  std::vector<value> all = distinct_values(values);
  if (Last) std::reverse(all.begin(), all.end());
  all.resize(std::min(all.size(), how_many(given[0])));
  return value::vector(all);
}

inline double mean(values_view values) {
  double total = 0;
  for (const value& v : values) total += real(v);
  return total / static_cast<double>(values.size());
}
inline value average(values_view, values_view values) { return mean(values); }

inline value median(values_view, values_view values) {
  std::vector<value> all{values.begin(), values.end()};
  std::stable_sort(all.begin(), all.end(), precedes);
  const std::size_t middle = all.size() / 2;
  if (all.size() % 2 != 0) return all[middle];
  return (real(all[middle - 1]) + real(all[middle])) / 2;
}

/// Of the whole population.
inline double variance_of(values_view values) {
  const double m = mean(values);
  double total = 0;
  for (const value& v : values) total += (real(v) - m) * (real(v) - m);
  return total / static_cast<double>(values.size());
}
inline value variance(values_view, values_view values) { return variance_of(values); }
inline value deviation(values_view, values_view values) { return std::sqrt(variance_of(values)); }

/// A number below `n`, by a generator a thread.
inline std::size_t random_below(std::size_t n) {
  thread_local std::uint64_t state = reinterpret_cast<std::uintptr_t>(&state) | 1;
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return static_cast<std::size_t>(state % n);
}
inline value any_one(values_view, values_view values) { return values[random_below(values.size())]; }

/// `n` values, the same maybe several times.
inline value any_several(values_view given, values_view values) {
  constexpr std::size_t most = 1'000'000;
  std::size_t n = how_many(given[0]);
  if (n > most) throw_arithmetic("rand gives no more than a million values");
  std::vector<value> out;
  for (; n > 0; --n) out.push_back(values[random_below(values.size())]);
  return value::vector(out);
}

/// Up to `n` different values.
inline value sample(values_view given, values_view values) {
  std::vector<value> all = distinct_values(values);
  const std::size_t n = std::min(all.size(), how_many(given[0]));
  for (std::size_t i = 0; i < n; ++i) std::swap(all[i], all[i + random_below(all.size() - i)]);
  all.resize(n);
  return value::vector(all);
}

}  // namespace detail

inline aggregate_function find_aggregate(std::string_view name, std::size_t given) noexcept {
  struct known {
    std::string_view name;
    std::size_t given;
    aggregate_function is;
  };
  constexpr known all[] = {{"sum", 0, detail::sum_of},
                           {"count", 0, detail::count_of},
                           {"count-distinct", 0, detail::count_distinct},
                           {"distinct", 0, detail::distinct_set},
                           {"min", 0, detail::least},
                           {"max", 0, detail::greatest},
                           {"min", 1, detail::several<false>},
                           {"max", 1, detail::several<true>},
                           {"avg", 0, detail::average},
                           {"median", 0, detail::median},
                           {"variance", 0, detail::variance},
                           {"stddev", 0, detail::deviation},
                           {"rand", 0, detail::any_one},
                           {"rand", 1, detail::any_several},
                           {"sample", 1, detail::sample}};
  for (const known& k : all) {
    if (k.name == name && k.given == given) return k.is;
  }
  return nullptr;
}

}  // namespace datolite::query
