// group: the rows of a query with aggregates, from the rows of its variables.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include <datolite/query/aggregates.hpp>
#include <datolite/query/detail/refuse.hpp>
#include <datolite/query/executor.hpp>
#include <datolite/query/program.hpp>
#include <datolite/query/relation.hpp>
#include <datolite/query/row_index.hpp>

namespace datolite::query::detail {

class grouping {
 public:
  /// `columns[i]` is where find element i's variable is in `rows`, or past its width, in `fixed`.
  grouping(const program& of, const relation& rows, const std::vector<std::size_t>& columns,
           const std::vector<value>& fixed, const environment& env)
      : of_{of}, rows_{rows}, columns_{columns}, fixed_{fixed}, env_{env} {}

  /// One row a group, with a slot a find element.
  relation run() {
    group_rows();
    relation out{of_.find.size()};
    for (std::size_t e = 0; e < of_.find.size(); ++e) {
      const found& element = of_.find[e];
      if (element.is != find_element::type::aggregate) {
        for (const std::uint32_t row : firsts_) out.put(e, at(row, e));
      } else {
        naming_clause(element.form, [&] { aggregate(element, e, out); });
      }
    }
    out.commit_rows(firsts_.size());
    return out;
  }

 private:
  bool is_fixed(std::size_t element) const noexcept { return columns_[element] >= rows_.width(); }
  value at(std::size_t row, std::size_t element) const {
    const std::size_t column = columns_[element];
    return column < rows_.width() ? rows_.row(row)[column] : fixed_[column - rows_.width()];
  }

  bool same_group(const std::vector<std::size_t>& keys, std::size_t row, std::size_t other) const {
    for (const std::size_t slot : keys) {
      if (!same_cell(rows_.column(slot), row, rows_.column(slot), other)) return false;
    }
    return true;
  }

  /// Numbers the groups in the order of their first rows, and lists each one's rows: `members_` from `ends_[g
  /// - 1]` to `ends_[g]`.
  void group_rows() {
    std::vector<std::size_t> keys;
    for (std::size_t e = 0; e < of_.find.size(); ++e) {
      if (of_.find[e].is != find_element::type::aggregate && !is_fixed(e)) keys.push_back(columns_[e]);
    }
    if (keys.empty()) return take_all_as_one();
    std::vector<std::uint32_t> group(rows_.size());
    row_index index;
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      if (row > 0 && same_group(keys, row, row - 1)) {
        group[row] = group[row - 1];
        continue;
      }
      const std::size_t hash = hash_cells(rows_, keys, row);
      const bool known = index.any(hash, [&](std::size_t g) {
        if (!same_group(keys, row, firsts_[g])) return false;
        group[row] = static_cast<std::uint32_t>(g);
        return true;
      });
      if (known) continue;
      group[row] = static_cast<std::uint32_t>(firsts_.size());
      firsts_.push_back(static_cast<std::uint32_t>(row));
      index.add(hash);
    }
    ends_.resize(firsts_.size() + 1);
    for (const std::uint32_t g : group) ++ends_[g + 1];
    for (std::size_t g = 1; g < ends_.size(); ++g) ends_[g] += ends_[g - 1];
    std::vector<std::uint32_t> next{ends_};
    members_.resize(rows_.size());
    for (std::size_t row = 0; row < rows_.size(); ++row)
      members_[next[group[row]]++] = static_cast<std::uint32_t>(row);
  }

  /// Nothing tells groups apart; whoever only counts needs no list of rows.
  void take_all_as_one() {
    ends_.assign(1, 0);
    if (rows_.empty()) return;
    firsts_.push_back(0);
    ends_.push_back(static_cast<std::uint32_t>(rows_.size()));
    const auto lists = [](const found& f) {
      return f.is == find_element::type::aggregate && f.built_in != count_of;
    };
    if (std::none_of(of_.find.begin(), of_.find.end(), lists)) return;
    members_.resize(rows_.size());
    std::iota(members_.begin(), members_.end(), std::uint32_t{0});
  }

  std::size_t group_size(std::size_t group) const noexcept { return ends_[group + 1] - ends_[group]; }
  std::span<const std::uint32_t> members(std::size_t group) const noexcept {
    return {members_.data() + ends_[group], members_.data() + ends_[group + 1]};
  }

  void aggregate(const found& element, std::size_t e, relation& out) const {
    const bool counts = element.built_in == count_of;
    const bool sums = element.built_in == sum_of && !is_fixed(e) && rows_.column(columns_[e]).is_words() &&
                      rows_.column(columns_[e]).word_kind() == kind::long_;
    std::vector<value> values;
    for (std::size_t g = 0; g < firsts_.size(); ++g) {
      if (env_.limits != nullptr) env_.limits->poll();
      if (counts) {
        out.put(e, static_cast<std::int64_t>(group_size(g)));
      } else if (sums) {
        out.put(e, sum_of_words(rows_.column(columns_[e]).words(), members(g)));
      } else {
        values.clear();
        for (const std::uint32_t row : members(g)) values.push_back(at(row, e));
        out.put(e, aggregated(element, values));
      }
    }
  }

  static value sum_of_words(std::span<const std::int64_t> words, std::span<const std::uint32_t> rows) {
    std::int64_t sum = 0;
    for (const std::uint32_t row : rows) {
      if (__builtin_add_overflow(sum, words[row], &sum)) throw_arithmetic("a long overflows");
    }
    return sum;
  }

  value aggregated(const found& element, const std::vector<value>& values) const {
    std::vector<value> given;
    for (const slot_term& t : element.given) {
      given.push_back(t.is == slot_term::type::input ? env_.values.at(t.id) : t.constant);
    }
    if (element.built_in != nullptr) return element.built_in(given, values);
    given.push_back(value::vector(values));
    const function& f = element.custom ? element.custom : env_.functions.at(element.input_function);
    return f(given);
  }

  const program& of_;
  const relation& rows_;
  const std::vector<std::size_t>& columns_;
  const std::vector<value>& fixed_;
  const environment& env_;
  std::vector<std::uint32_t> firsts_;  // the first row of each group
  std::vector<std::uint32_t> ends_, members_;
};

}  // namespace datolite::query::detail
