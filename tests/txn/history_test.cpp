#include "txn/random_history.hpp"

namespace {

using namespace datolite;
using namespace datolite::tests;

TEST(history, of_transactions_forks_and_commits_follows_the_models) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    plain_storage storage;
    random_history history{storage, {}, seed};
    history.run(1500);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
