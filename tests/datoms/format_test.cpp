// What is in the store: damage is found and named, newer formats are refused, the log tells what happened.
#include "stores.hpp"
#include "support.hpp"

#include <random>

#include <datolite/datoms/store_format.hpp>
#include <datolite/datoms/tx_log.hpp>
#include <datolite/engines/faulty.hpp>

namespace format_test {

using namespace datolite_test;

void overwrite(any_storage& in, bytes_view key, bytes_view with) {
  const change one[] = {{key, with}};
  in.commit(one, {});
}

/// Reads all there is.
void read_whole(const any_storage& in) {
  const connection conn{in};
  for (int i = 0; i < 4; ++i) {
    datom_range range;
    range.index = static_cast<index_order>(i);
    conn.db().history().datoms(range);
  }
  conn.tx_range(0, 1 << 20, [](const datoms::log_record&) { return true; });
}

any_storage small_database(index_layout layout) {
  any_storage in = new_memory();
  connection conn{in, {.layout = layout, .merge_least = 4, .merge_share = 0.0, .block_bytes = 400}};
  transact(
      conn,
      R"([{:db/ident :name :db/valueType :db.type/string :db/cardinality :db.cardinality/one :db/index true}])");
  transact(conn, R"([{:db/id 101 :name "Ivan"}])");
  transact(conn, "[[:db/add 101 :name \"" + std::string(2000, 'x') + "\"]]");
  transact(conn, "[[:db/retract 101 :name]]");
  return in;
}

/// Flips one bit of each of the database's values in turn, `times` times.
void expect_damage_is_seen(const any_storage& good, int times) {
  const auto pairs = pairs_of(good);
  std::mt19937 random{1};
  for (int i = 0; i < times; ++i) {
    for (const auto& [key, stored] : pairs) {
      any_storage damaged = new_memory();
      std::vector<change> all;
      for (const auto& [k, v] : pairs) all.push_back({k, v});
      damaged.commit(all, {});
      bytes changed = stored;
      const std::size_t at = random() % changed.size();
      changed[at] = static_cast<char>(changed[at] ^ (1 << random() % 8));
      overwrite(damaged, key, changed);
      try {
        read_whole(damaged);
        FAIL() << "nobody saw byte " << at << " of 0x" << datoms::flat::detail::hex(key);
      } catch (const error& e) {
        EXPECT_TRUE(e.category() == error_category::corrupt || e.code() == "db.error/newer-format")
            << e.message();
        const std::string name = datoms::flat::detail::hex(key);
        if (e.category() == error_category::corrupt) {
          EXPECT_NE(e.message().find(name), std::string::npos) << e.message();
        }
      }
    }
  }
}

TEST(Format, ADamagedValueIsCorruptAndNamesItsKey) {
  const any_storage flat = small_database(index_layout::flat);
  ASSERT_GT(pairs_of(flat).size(), 300u);
  expect_damage_is_seen(flat, 1);
  const any_storage only_log = small_database(index_layout::typed);
  ASSERT_EQ(pairs_of(only_log).size(), 6u);  // the header, and five transactions
  expect_damage_is_seen(only_log, 100);
  const any_storage packed = small_database(index_layout::packed);
  ASSERT_GT(pairs_of(packed).size(), 30u);  // the header, the log, blocks, the directory, the manifest
  expect_damage_is_seen(packed, 20);
}

TEST(Format, ANewerFormatIsRefused) {
  any_storage in = small_database(index_layout::flat);
  bytes header{in.get(datoms::format_key())->view()};
  header[8] = 2;
  overwrite(in, datoms::format_key(), header);
  try {
    connection{in};
    FAIL() << "connected";
  } catch (const error& e) {
    EXPECT_EQ(e.category(), error_category::unsupported);
    EXPECT_NE(e.message().find("version 2"), std::string::npos) << e.message();
  }
}

TEST(Format, ARoundTripKeepsAllOfTheHeader) {
  const datoms::store_format f{.open_schema = true, .value_limit = 490};
  const auto back = datoms::decode_format(datoms::encode_format(f));
  EXPECT_TRUE(back.open_schema);
  EXPECT_EQ(back.value_limit, 490u);
}

TEST(Format, AnOpenSchemaStaysOpen) {
  const any_storage in = new_memory();
  { connection{in, {.open_schema = true}}; }
  connection again{in};
  transact(again, "[{:anything 1}]");
}

TEST(Format, AnEngineWithVeryShortKeysIsRefused) {
  const engines::faulty_limits limits{.max_key_size = 30};
  EXPECT_NO_THROW(connection{any_storage{engines::faulty(new_memory(), limits)}});  // holds the log alone
  try {
    connection{any_storage{engines::faulty(new_memory(), limits)}, {.layout = index_layout::flat}};
    FAIL() << "connected";
  } catch (const error& e) {
    EXPECT_EQ(e.category(), error_category::unsupported);
  }
}

TEST(Log, HasARecordForEachTransaction) {
  connection conn{small_database(index_layout::typed)};
  std::vector<datoms::log_record> records;
  conn.tx_range(datoms::first_user_t, 1 << 20, [&](datoms::log_record r) {
    records.push_back(std::move(r));
    return true;
  });
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(records[0].previous_t, datoms::bootstrap_t);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(records[i].previous_t, records[i - 1].t);
  EXPECT_EQ(records[3].next_t, conn.db().next_t());
  const auto& replaced = records[2];
  ASSERT_EQ(replaced.datoms.size(), 3u);
  ASSERT_EQ(replaced.retracted.size(), 1u);
  EXPECT_EQ(replaced.retracted[0], records[1].t);
}

datoms::log_record written_and_read(datoms::log_record record) {
  any_storage in = new_memory();
  std::vector<std::pair<bytes, bytes>> pairs;
  datoms::write_log_record(record,
                           [&](bytes_view key, bytes_view stored) { pairs.emplace_back(key, stored); });
  std::vector<change> changes;
  for (const auto& [key, stored] : pairs) changes.push_back({key, stored});
  in.commit(changes);
  return *datoms::log_record_of(in.snapshot(), record.t, true);
}

TEST(Log, ALongRecordIsKeptInPartsAndDamageToAnyIsSeen) {
  datoms::log_record record;
  record.t = 1000, record.previous_t = 66, record.next_t = 1001, record.previous_sum = 77;
  for (int i = 0; i < 30; ++i) {
    record.datoms.push_back(
        {i, 7, value{std::string(100'000, static_cast<char>('a' + i % 26))}, make_t_op(1000, true)});
  }
  const auto back = written_and_read(record);
  ASSERT_EQ(back.datoms.size(), 30u);
  for (std::size_t i = 0; i < 30; ++i) ASSERT_EQ(back.datoms[i].v, record.datoms[i].v);
  EXPECT_EQ(back.previous_sum, 77u);
  EXPECT_EQ(written_and_read(record).sum, back.sum);
  std::vector<std::pair<bytes, bytes>> pairs;
  datoms::write_log_record(record,
                           [&](bytes_view key, bytes_view stored) { pairs.emplace_back(key, stored); });
  EXPECT_EQ(pairs.size(), 3u);
  for (std::size_t damaged = 0; damaged < pairs.size(); ++damaged) {
    any_storage in = new_memory();
    auto changed = pairs;
    changed[damaged].second[20] = static_cast<char>(changed[damaged].second[20] ^ 4);
    std::vector<change> changes;
    for (const auto& [key, stored] : changed) changes.push_back({key, stored});
    in.commit(changes);
    try {
      datoms::log_record_of(in.snapshot(), 1000, true);
      FAIL() << "nobody saw part " << damaged;
    } catch (const error& e) {
      EXPECT_EQ(e.category(), error_category::corrupt);
      EXPECT_NE(e.message().find(datoms::flat::detail::hex(pairs[damaged].first)), std::string::npos)
          << e.message();
    }
  }
}

TEST(Log, ARecordThatDoesNotFollowTheOneBeforeItIsCorrupt) {
  any_storage in = small_database(index_layout::typed);
  auto record = *datoms::log_record_of(in.snapshot(), 1001, true);
  record.previous_sum ^= 1;
  datoms::write_log_record(record, [&](bytes_view key, bytes_view stored) { overwrite(in, key, stored); });
  try {
    connection{in};
    FAIL() << "connected";
  } catch (const error& e) {
    EXPECT_EQ(e.category(), error_category::corrupt);
    EXPECT_NE(e.message().find("follow"), std::string::npos) << e.message();
  }
}

TEST(Log, ARecordIsReadAsItWasWritten) {
  datoms::log_record record;
  record.t = 1000, record.previous_t = 66, record.instant = -5, record.next_t = 1003,
  record.next_element = 75;
  record.datoms = {{5, 7, value{"a"}, make_t_op(1000, false)},
                   {datoms::t_to_tx(1000), 50, value::instant(-5), make_t_op(1000, true)},
                   {3, 7, value{1.5}, make_t_op(1000, false)}};
  record.retracted = {66, 999};
  const auto back = written_and_read(record);
  EXPECT_EQ(back.t, 1000);
  EXPECT_EQ(back.instant, -5);
  EXPECT_EQ(back.next_element, 75);
  EXPECT_EQ(back.retracted, record.retracted);
  ASSERT_EQ(back.datoms.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(back.datoms[i].e, record.datoms[i].e);
    EXPECT_EQ(back.datoms[i].a, record.datoms[i].a);
    EXPECT_EQ(back.datoms[i].v, record.datoms[i].v);
    EXPECT_EQ(back.datoms[i].t_op, record.datoms[i].t_op);
  }
}

}  // namespace format_test
