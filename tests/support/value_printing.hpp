// value_printing: GoogleTest and RapidCheck show values as EDN.
#pragma once

#include <ostream>

#include <datolite/core/edn.hpp>

namespace datolite {

inline void PrintTo(const value& v, std::ostream* out) { *out << to_edn(v); }
inline void showValue(const value& v, std::ostream& out) { out << to_edn(v); }

}  // namespace datolite
