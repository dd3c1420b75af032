// kept_pattern: a data pattern copied; query/kept_pattern.hpp, under the name of this layer.
#pragma once

#include <datolite/adapters/bound_conversion.hpp>
#include <datolite/query/kept_pattern.hpp>

namespace datolite::adapters {

using query::kept_pattern;

}  // namespace datolite::adapters
