// Values too long for a key of the engine: found, ordered and told apart in every index.
#include "stores.hpp"
#include "support.hpp"

#include <datolite/datoms/flat_key.hpp>

namespace long_value_test {

using namespace datolite_test;
namespace flat = datolite::datoms::flat;

constexpr std::string_view schema = R"([
  {:db/ident :text  :db/valueType :db.type/string :db/cardinality :db.cardinality/many :db/index true}
  {:db/ident :key   :db/valueType :db.type/string :db/cardinality :db.cardinality/one  :db/unique :db.unique/identity}])";

std::string padded(std::size_t size, std::string_view end) {
  return std::string(size, 'x') + std::string{end};
}

tx_report add(connection& conn, entity_id e, std::string_view attribute, const std::string& text) {
  return conn.transact(
      value::vector({value::vector({kw("db/add"), value::ref(e), kw(attribute), value{text}})}));
}

class LongValues : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override { transact(conn, schema); }
  store in = all_stores()[static_cast<std::size_t>(GetParam())];
  connection conn{in.open()};
};

TEST_P(LongValues, AreFoundInEveryIndex) {
  const std::string a = padded(10'000, "a"), b = padded(10'000, "b");
  add(conn, 1001, "text", a);
  add(conn, 1001, "text", b);
  add(conn, 1002, "text", b);
  const attribute_id id = conn.db().attribute(kw("text"))->id;
  datom_range eavt{.e = 1001, .a = id, .v = value{b}};
  datom_range aevt{.index = index_order::aevt, .e = 1002, .a = id, .v = value{b}};
  datom_range avet{.index = index_order::avet, .a = id, .v = value{b}};
  EXPECT_EQ(conn.db().datoms(eavt).size(), 1u);
  EXPECT_EQ(conn.db().datoms(aevt).size(), 1u);
  ASSERT_EQ(conn.db().datoms(avet).size(), 2u);
  EXPECT_EQ(conn.db().datoms(avet)[1].v, value{b});
  avet.v = value{padded(10'000, "c")};
  EXPECT_TRUE(conn.db().datoms(avet).empty());
}

TEST_P(LongValues, StandInTheirOrderInBothDirections) {
  std::vector<std::string> texts;
  for (std::size_t size : {0u, 20u, 400u, 466u, 473u, 480u, 489u, 490u, 491u, 2000u, 10'000u}) {
    for (const char* end : {"", "a", "b", "yy"}) texts.push_back(padded(size, end));
  }
  std::vector<value> forms;
  for (const std::string& text : texts) {
    forms.push_back(value::vector({kw("db/add"), value{1001}, kw("text"), value{text}}));
  }
  conn.transact(value::vector(std::span<const value>{forms}));
  std::sort(texts.begin(), texts.end());
  for (const index_order order : {index_order::eavt, index_order::aevt, index_order::avet}) {
    datom_range range{.index = order, .a = conn.db().attribute(kw("text"))->id};
    if (order == index_order::eavt || order == index_order::aevt) range.e = 1001;
    for (const bool descending : {false, true}) {
      range.descending = descending;
      std::vector<std::string> found;
      for (const datom& d : conn.db().datoms(range)) found.emplace_back(d.v.raw());
      if (descending) std::reverse(found.begin(), found.end());
      EXPECT_EQ(found, texts);
      for (std::size_t i = 0; i < texts.size(); i += 3) {  // and between any two of them
        datom_range part = range;
        part.start = range_bound{value{texts[i]}, false};
        part.stop = range_bound{value{texts[std::min(i + 5, texts.size() - 1)]}, true};
        EXPECT_EQ(conn.db().datoms(part).size(), std::min(i + 5, texts.size() - 1) - i);
      }
    }
  }
}

TEST_P(LongValues, AreIdentitiesLikeAnyOther) {
  const std::string a = padded(10'000, "a"), b = padded(10'000, "b");
  add(conn, 1001, "key", a);
  EXPECT_EQ(conn.db().entid(value::vector({kw("key"), value{a}})), 1001);
  EXPECT_EQ(conn.db().entid(value::vector({kw("key"), value{b}})), std::nullopt);
  EXPECT_THROW(add(conn, 1002, "key", a), error);
  add(conn, 1002, "key", b);
  EXPECT_EQ(conn.db().entid(value::vector({kw("key"), value{b}})), 1002);
}

TEST_P(LongValues, AreRetractedAndRemembered) {
  const std::string a = padded(10'000, "a");
  const auto before = add(conn, 1001, "key", a);
  EXPECT_EQ(add(conn, 1001, "key", a).tx_data.size(), 1u);
  add(conn, 1001, "key", padded(10'000, "b"));
  EXPECT_EQ(conn.db().entid(value::vector({kw("key"), value{a}})), std::nullopt);
  EXPECT_EQ(conn.db().as_of(before.t).entid(value::vector({kw("key"), value{a}})), 1001);
}

TEST_P(LongValues, WithOneHashAreRefusedNotMixedUp) {
  for (const std::string_view layout : {"memory", "typed", "packed"}) {
    if (in.name.starts_with(layout)) return;  // no hash takes the place of a value there
  }
  // Hashes that collide are not to be had, so a row is made that says it holds another value of the same
  // hash.
  const attribute_id id = conn.db().attribute(kw("text"))->id;
  any_storage engine = conn.storage();
  flat::value_part part;
  part.assign(value{padded(10'000, "a")}, flat::value_limit_for(engine.max_key_size()));
  bytes key, payload;
  flat::make_key(key, index_order::eavt, false, 1001, id, part.in_key);
  flat::make_payload(payload, key, 1000, std::nullopt, encode_value(value{padded(10'000, "b")}));
  const change one[] = {{key, payload}};
  engine.commit(one);
  EXPECT_TRUE(conn.sync().datoms({.e = 1001, .a = id, .v = value{padded(10'000, "a")}}).empty());
  try {
    add(conn, 1001, "text", padded(10'000, "a"));
    FAIL() << "took the other's key";
  } catch (const error& e) {
    EXPECT_EQ(e.code(), "db.error/key-collision");
  }
}

INSTANTIATE_TEST_SUITE_P(OnEveryEngine, LongValues, ::testing::Range(0, 10));

}  // namespace long_value_test
