// bound_conversion: constants and bounds as values of an attribute's type; query/bound_conversion.hpp, under the
// names of this layer.
#pragma once

#include <datolite/query/bound_conversion.hpp>

namespace datolite::adapters {

using query::bound_for;
using query::key_for;
using query::search_key;
using query::stop_for;

}  // namespace datolite::adapters
