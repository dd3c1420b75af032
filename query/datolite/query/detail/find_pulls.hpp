// find_pulls: the pulls of a query's :find, once its rows are known.
//
// They come after duplicates were removed and aggregates made, so that a pull sees each row once, and reach
// the database as get-else does: through the index_access that its source offers.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include <datolite/query/detail/puller.hpp>
#include <datolite/query/detail/refuse.hpp>
#include <datolite/query/executor.hpp>
#include <datolite/query/program.hpp>
#include <datolite/query/relation.hpp>

namespace datolite::query::detail {

class find_pulls {
 public:
  /// `columns[i]` is where find element i is in `rows`, or past its width, in `fixed`.
  find_pulls(const program& of, const relation& rows, const std::vector<std::size_t>& columns,
             const std::vector<value>& fixed, const environment& env)
      : of_{of}, rows_{rows}, columns_{columns}, fixed_{fixed} {
    for (const found& f : of.find) {
      pulls_.emplace_back();
      if (f.is == find_element::type::pull) naming_clause(f.form, [&] { begin(pulls_.back(), f, env); });
    }
  }

  /// A row a row, with a slot a find element.
  relation run() {
    relation out{of_.find.size()};
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      for (std::size_t e = 0; e < of_.find.size(); ++e) {
        const value v = at(row, e);
        if (pulls_[e].db == nullptr) {
          out.put(e, v);
        } else {
          naming_clause(of_.find[e].form, [&] { out.put(e, pulls_[e].of(v)); });
        }
      }
      out.commit_row();
    }
    return out;
  }

 private:
  /// One pull of :find. Remembers what it pulled last: rows of one entity often stand together.
  struct one_pull {
    const index_access* db = nullptr;
    io_counters* io = nullptr;
    std::unique_ptr<puller> pull;
    std::optional<value> entity;
    value last;

    const value& of(const value& v) {
      if (entity && entity->is_identical(v)) return last;
      const auto e = db->entid(v, io);
      last = e ? (*pull)(*e) : value{};
      entity = v;
      return last;
    }
  };

  static void begin(one_pull& out, const found& f, const environment& env) {
    out.db = env.sources.at(f.source).access();
    if (out.db == nullptr) {
      throw error{
          error_category::incorrect, invalid_data_source,
          "the source " + shown(env.of->sources[f.source]) + " is no database: it offers no access()"};
    }
    out.io = env.io;
    out.pull = std::make_unique<puller>(
        *out.db, f.pattern ? *f.pattern : pull_pattern{env.values.at(f.pattern_input.id)}, env.io,
        env.limits);
  }

  value at(std::size_t row, std::size_t element) const {
    const std::size_t column = columns_[element];
    return column < rows_.width() ? rows_.row(row)[column] : fixed_[column - rows_.width()];
  }

  const program& of_;
  const relation& rows_;
  const std::vector<std::size_t>& columns_;
  const std::vector<value>& fixed_;
  std::vector<one_pull> pulls_;
};

}  // namespace datolite::query::detail
