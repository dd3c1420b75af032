// Entity ids: the layout's fixed figures, and that its functions agree with one another.
#include <gtest/gtest.h>

#include <datolite/datoms/bootstrap.hpp>
#include <datolite/datoms/entity_id.hpp>
#include <datolite/datoms/tempid.hpp>

namespace entity_id_test {

using namespace datolite;
using namespace datolite::datoms;

TEST(EntityId, HasTheFiguresOfDatomic) {
  EXPECT_EQ(entid_at(part_user, 1), 17592186044417);
  EXPECT_EQ(entid_at(part_tx, 1), 13194139533313);
  EXPECT_EQ(t_to_tx(1000), 13194139534312);
  EXPECT_EQ(tx_to_t(13194139534312), 1000);
  EXPECT_EQ(implicit_part(0), 2305843009213693952);
  EXPECT_EQ(implicit_part(1), 2305847407260205056);
  EXPECT_EQ(tempid(part_user, -100), -9223350046622220388);
  EXPECT_EQ(make_t_op(1000, true), 2001);
  EXPECT_EQ(bootstrap_t, 66);
  EXPECT_EQ(first_user_t, 1000);
  EXPECT_EQ(first_user_element, 72);
}

TEST(EntityId, PartUndoesEntidAt) {
  for (const entity_id partition : {part_db, part_tx, part_user, entity_id{72}, implicit_part(0),
                                    implicit_part(7), implicit_part(implicit_parts - 1)}) {
    for (const std::int64_t t : {std::int64_t{0}, std::int64_t{1}, std::int64_t{1000}, max_counter}) {
      EXPECT_EQ(part(entid_at(partition, t)), partition);
      EXPECT_EQ(counter_of(entid_at(partition, t)), t);
      EXPECT_TRUE(is_permanent(entid_at(partition, t)));
    }
    EXPECT_EQ(part(tempid(partition, -5)), partition);
    EXPECT_EQ(tempid_index(tempid(partition, -5)), -5);
    EXPECT_TRUE(is_tempid(tempid(partition, -5)));
  }
}

TEST(EntityId, OnlyImplicitPartitionsHaveAnImplicitPartId) {
  EXPECT_EQ(implicit_part_id(implicit_part(0)), 0);
  EXPECT_EQ(implicit_part_id(implicit_part(524287)), 524287);
  EXPECT_EQ(implicit_part_id(part_user), std::nullopt);
  EXPECT_EQ(implicit_part_id(entid_at(implicit_part(3), 1)), std::nullopt);
}

TEST(EntityId, AMomentIsATOrATransaction) {
  EXPECT_EQ(t_of_moment(1000), 1000);
  EXPECT_EQ(t_of_moment(t_to_tx(1000)), 1000);
}

TEST(Bootstrap, HasTheIdsOfDatomic) {
  const auto id_of = [](std::string_view ident) {
    for (const datom& d : bootstrap_datoms()) {
      if (d.a == ids::db_ident && d.v.raw() == ident) return d.e;
    }
    return entity_id{-1};
  };
  EXPECT_EQ(id_of("db.part/db"), 0);
  EXPECT_EQ(id_of("db/add"), 1);
  EXPECT_EQ(id_of("db/retract"), 2);
  EXPECT_EQ(id_of("db.part/tx"), 3);
  EXPECT_EQ(id_of("db.part/user"), 4);
  EXPECT_EQ(id_of("db/ident"), 10);
  EXPECT_EQ(id_of("db.type/keyword"), 21);
  EXPECT_EQ(id_of("db.type/long"), 22);
  EXPECT_EQ(id_of("db.cardinality/one"), 35);
  EXPECT_EQ(id_of("db.cardinality/many"), 36);
  EXPECT_EQ(id_of("db.unique/identity"), 38);
  EXPECT_EQ(id_of("db/txInstant"), 50);
  EXPECT_EQ(id_of("db/doc"), 62);
}

}  // namespace entity_id_test
