// find_shape: what the four find specs make of the rows found.
#pragma once

#include <cstdint>

namespace datolite::query {

enum class find_shape : std::uint8_t {
  relation,    ///< [:find ?x ?y]      a set of rows
  collection,  ///< [:find [?x ...]]   a set of values
  tuple,       ///< [:find [?x ?y]]    one row
  scalar,      ///< [:find ?x .]       one value
};

}  // namespace datolite::query
