// How much random work a test does.
//
// The suite does the usual amount; `tools/test --long` (DATOLITE_LONG) what a night has time for; under a sanitizer
// (DATOLITE_BRIEF, in the presets), where each step costs several times as much, a fifth of the usual.
#pragma once

#include <cstdlib>

namespace datolite::test {

/// Is this a long run?
inline bool is_long() { return std::getenv("DATOLITE_LONG") != nullptr; }

/// How many random things to do.
template <class N>
N rounds(N usual, N in_a_long_run) {
  if (is_long()) return in_a_long_run;
  return std::getenv("DATOLITE_BRIEF") != nullptr ? (usual + 4) / 5 : usual;
}

/// Of what a sweep could do, every how-manieth it does.
template <class N>
N stride(N usual) {
  if (is_long()) return 1;
  return std::getenv("DATOLITE_BRIEF") != nullptr ? 5 * usual : usual;
}

}  // namespace datolite::test
