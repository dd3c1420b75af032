#include <engines/scratch_engine.hpp>

#include <datolite/core/explain.hpp>
#include <datolite/laws/storage.hpp>

#include <gtest/gtest.h>

namespace scratch_test {

namespace laws = datolite::laws;

// [explain]
static_assert(datolite::explain_storage<scratch::engine>());
// [/explain]

// [laws]
TEST(an_engine_from_scratch, keeps_every_law) {
  EXPECT_EQ(laws::check_storage([] { return scratch::engine{}; }), laws::report{});
}
// [/laws]

}  // namespace scratch_test
