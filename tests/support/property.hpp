// property: a RapidCheck property within a GoogleTest case, with a fixed seed.
//
// Every run takes the same path, so that what fails on one machine fails on all. The environment variable
// RC_PARAMS
// ("seed=… max_success=…") asks for another.
#pragma once

#include <cstdlib>
#include <sstream>
#include <utility>

#include <rapidcheck.h>
#include <rapidcheck/detail/Configuration.h>

#include <gtest/gtest.h>

namespace datolite::test {

/// Fails the test, with the shrunk counterexample and the seed, unless `law` holds of `cases` arbitrary
/// arguments.
template <class Law>
void check_property(Law&& law, int cases = 1000) {
  rc::detail::TestParams params;
  params.seed = 20200229;
  params.maxSuccess = cases;
  if (std::getenv("RC_PARAMS") != nullptr) params = rc::detail::configuration().testParams;
  const auto result = rc::detail::checkTestable(std::forward<Law>(law), rc::detail::TestMetadata{}, params);
  if (result.template is<rc::detail::SuccessResult>()) return;
  std::ostringstream message;
  rc::detail::printResultMessage(result, message);
  ADD_FAILURE() << message.str() << "\n(seed " << params.seed << ")";
}

}  // namespace datolite::test
