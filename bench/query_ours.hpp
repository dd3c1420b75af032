// query_ours: our side of bench_query, apart, so that it alone is compiled anew when the engine changes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <datolite/core/value.hpp>

namespace datolite::bench {

/// Rows as text, sorted: how the sides are compared.
using shown_rows = std::vector<std::string>;

/// One prepared query with its arguments.
class our_query {
 public:
  virtual ~our_query() = default;
  virtual std::size_t run() = 0;
  virtual shown_rows rows() = 0;
};

/// A database that holds the facts.
class our_facts {
 public:
  /// `engine`: memory, lmdb or leveldb; `name`: of the files of the latter two.
  our_facts(const std::string& engine, const std::string& name, const value& schema, const value& facts);
  our_facts(our_facts&&) noexcept;
  ~our_facts();

  /// `extra`: the arguments after the database.
  std::unique_ptr<our_query> ask(const std::string& text, std::vector<value> extra) const;

  /// A tree of people pulled from `root`; its rows are the people's.
  std::unique_ptr<our_query> pull(const std::string& pattern, std::int64_t root) const;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace datolite::bench
