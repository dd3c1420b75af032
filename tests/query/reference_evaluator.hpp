// reference_evaluator: Datalog as slowly and plainly as it can be written, to compare the engine with.
//
// An answer is a set of bindings, a binding a map from names to values. Clauses are taken in the order of
// writing, the first whose needs are bound; patterns look at every tuple; rules are recomputed whole until
// nothing changes. It shares with the engine only values and their query equality. Compiled on its own, with
// optimization: it is what takes the time.
#pragma once

#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <datolite/core/value.hpp>
#include <datolite/core/value_order.hpp>

namespace reference {

using datolite::value;
using row = std::vector<value>;
using rows = std::set<row>;  // of canonical values
using binding = std::map<std::string, value>;

/// The query cannot be answered: something is never bound.
struct stuck : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class evaluator {
 public:
  std::map<std::string, rows> sources;              // by name: "$", "$s"
  std::map<std::string, std::vector<value>> rules;  // branches by name: [(head …) clause …]
  std::map<std::string, rows> found;                // what each rule has given so far, by source and name
  std::set<std::string> computed;  // of which sources that is all: the same in every question

  /// `input_names` are bound by every binding of `inputs`.
  rows answer(const value& query, std::vector<binding> inputs, std::set<std::string> input_names);
};

}  // namespace reference
