// group: the rows of a query with aggregates, from the rows of its variables.
#pragma once

#include <cstddef>
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
    for (std::size_t row = 0; row < rows_.size(); ++row) group_of(row).push_back(row);
    relation out{of_.find.size()};
    std::vector<value> values;
    for (const auto& members : groups_) {
      for (std::size_t e = 0; e < of_.find.size(); ++e) {
        if (of_.find[e].is != find_element::type::aggregate) {
          out.put(e, at(members[0], e));
          continue;
        }
        values.clear();
        for (const std::size_t row : members) values.push_back(at(row, e));
        naming_clause(of_.find[e].form, [&] { out.put(e, aggregated(of_.find[e], values)); });
      }
      out.commit_row();
    }
    return out;
  }

 private:
  const value& at(std::size_t row, std::size_t element) const {
    const std::size_t column = columns_[element];
    return column < rows_.width() ? rows_.row(row)[column] : fixed_[column - rows_.width()];
  }

  std::vector<std::size_t>& group_of(std::size_t row) {
    std::size_t hash = 0;
    for (std::size_t e = 0; e < of_.find.size(); ++e) {
      if (of_.find[e].is != find_element::type::aggregate) hash = hash_with(hash, at(row, e));
    }
    std::size_t found = groups_.size();
    index_.any(hash, [&](std::size_t group) {
      const std::size_t other = groups_[group][0];
      for (std::size_t e = 0; e < of_.find.size(); ++e) {
        if (of_.find[e].is != find_element::type::aggregate && !same(at(row, e), at(other, e))) return false;
      }
      found = group;
      return true;
    });
    if (found == groups_.size()) {
      groups_.emplace_back();
      index_.add(hash);
    }
    return groups_[found];
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
  row_index index_;
  std::vector<std::vector<std::size_t>> groups_;  // row numbers
};

}  // namespace datolite::query::detail
