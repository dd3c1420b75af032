// Who may edit in place: the only holder.
#include <datolite/core/sole_holder.hpp>

#include <memory>

#include <gtest/gtest.h>

namespace sole_holder_test {

using datolite::is_sole_holder;

TEST(sole_holder, is_whoever_shares_with_nobody) {
  const auto one = std::make_shared<int>(1);
  EXPECT_TRUE(is_sole_holder(one));
  auto two = one;
  EXPECT_FALSE(is_sole_holder(one));
  EXPECT_TRUE(is_sole_holder(one, 2));
  EXPECT_FALSE(is_sole_holder(one, 3));
  two.reset();
  EXPECT_TRUE(is_sole_holder(one));
  EXPECT_FALSE(is_sole_holder(two));  // it holds nothing
}

}  // namespace sole_holder_test
