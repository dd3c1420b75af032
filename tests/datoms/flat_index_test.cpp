// The flat layout by itself: keys, ranges, what it refuses.
#include <gtest/gtest.h>

#include <datolite/datoms/flat_cursor.hpp>
#include <datolite/datoms/flat_index.hpp>
#include <datolite/datoms/flat_range.hpp>
#include <datolite/datoms/flat_write.hpp>

namespace flat_index_test {

using namespace datolite;
using namespace datolite::datoms;

TEST(FlatKey, AValueThatFitsStandsWhole) {
  flat::value_part part;
  part.assign(value{"short"}, 490);
  EXPECT_EQ(part.in_key, encode_value(value{"short"}));
  EXPECT_TRUE(part.whole.empty());
}

TEST(FlatKey, ALongValueIsCutToTheLimit) {
  const bytes text(10'000, 'x');
  flat::value_part part;
  part.assign(value{text}, 490);
  EXPECT_EQ(part.in_key.size(), 490u);
  EXPECT_EQ(part.whole, encode_value(value{text}));
}

TEST(FlatKey, HasTheBytesThatTheDocumentSays) {
  flat::value_part part;
  part.assign(value{42}, 490);
  bytes key;
  flat::make_key(key, index_order::eavt, false, 17592186044417, 72, part.in_key);
  EXPECT_EQ(flat::detail::hex(key), "1000001000000000010000004818800000000000002a");
  flat::make_key(key, index_order::avet, true, 17592186044417, 72, part.in_key);
  EXPECT_EQ(flat::detail::hex(key), "220000004818800000000000002a0000100000000001");
  EXPECT_EQ(flat::value_limit_for(511), 490u);
}

TEST(FlatRange, ComponentsThatAreNoPrefixAreRefused) {
  datom_range range;
  range.index = index_order::avet;
  range.v = value{1};
  EXPECT_THROW(flat::make_key_range(range, 490), error);
}

TEST(ChangeBatch, SortsAndRefusesOneKeyTwice) {
  change_batch batch;
  batch.put("b", "2");
  batch.put("a", "1");
  ASSERT_EQ(batch.sorted().size(), 2u);
  EXPECT_EQ(batch.sorted()[0].key, "a");
  batch.erase("a");
  EXPECT_THROW(batch.sorted(), error);
}

}  // namespace flat_index_test
