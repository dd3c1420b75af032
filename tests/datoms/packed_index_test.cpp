// The packed layout: it shows what the flat one shows, whatever is merged when.
#include "random_history.hpp"
#include "stores.hpp"
#include "support.hpp"

#include <datolite/datoms/packed_index.hpp>
#include <datolite/engines/traced.hpp>

#include <random>

namespace {

using namespace datolite_test;

TEST(PackedIndex, ShowsWhatTheFlatOneShows) {
  connection_options options{.layout = index_layout::packed,
                             .merge = merging::when_asked,
                             .merge_least = 10,
                             .merge_share = 0.0,
                             .block_bytes = 200};
  std::mt19937 random{1};
  for (const unsigned seed : {7u, 8u}) {
    expect_what_the_flat_one_shows(new_memory(), options, seed, 300, [&](connection& conn, int) {
      if (random() % 8 == 0) conn.merge();
    });
    if (::testing::Test::HasFatalFailure()) return;
  }
  options.merge = merging::inline_;
  expect_what_the_flat_one_shows(packed_store(40).open(), options, 9, 200, [](connection&, int) {});
}

}  // namespace
