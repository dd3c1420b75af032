// Which error does a body of code end with?
#pragma once

#include <string>
#include <utility>

#include <datolite/core/error.hpp>

namespace datolite::test {

/// The code of the error that `body` throws; "no error" if it throws none.
template <class Body>
std::string code_of(Body&& body) {
  try {
    std::forward<Body>(body)();
  } catch (const error& e) {
    return std::string{e.code()};
  }
  return "no error";
}

}  // namespace datolite::test
