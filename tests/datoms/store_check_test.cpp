// Checking: a whole database has no problems; damage of every kind is named, with its place.
#include "random_history.hpp"
#include "stores.hpp"
#include "support.hpp"

#include <datolite/datoms/packed_directory.hpp>
#include <datolite/datoms/store_check.hpp>
#include <datolite/datoms/store_figures.hpp>
#include <datolite/datoms/tx_log.hpp>
#include <support/effort.hpp>

#include <random>

namespace store_check_test {

using namespace datolite_test;

std::vector<std::string> problems_of(const any_storage& in) {
  std::vector<std::string> all;
  datoms::check_store(in, [&](const std::string& what) { all.push_back(what); });
  return all;
}

void fill(const any_storage& in, index_layout layout) {
  connection conn{in, {.layout = layout, .merge_least = 20, .merge_share = 0.0, .block_bytes = 300}};
  transact(conn, history_schema);
  std::mt19937 random{3};
  for (int i = 0; i < 150; ++i) {
    try {
      transact(conn, "[" + some_form(random) + some_form(random) + "]");
    } catch (const error&) {  // two of a kind
    }
    if (i == 70) transact(conn, "[[:db/add :tag :db/index true]]");
    if (i == 110) transact(conn, "[[:db/add :age :db/index false]]");
  }
}

TEST(StoreCheck, AWholeDatabaseHasNoProblems) {
  for (const store& in : all_stores()) {
    SCOPED_TRACE(in.name);
    const any_storage kept = in.open();
    fill(kept, index_layout::automatic);
    EXPECT_EQ(problems_of(kept), std::vector<std::string>{});
  }
}

TEST(StoreCheck, DamageAndLossAreNamedWhereverTheyAre) {
  std::mt19937 random{5};
  any_storage good = new_memory();
  fill(good, index_layout::packed);
  ASSERT_TRUE(problems_of(good).empty());
  const auto pairs = pairs_of(good);
  const bytes newest = datoms::log_key(connection{good}.db().basis_t());
  std::size_t at = 0;
  for (const auto& [key, stored] : pairs) {
    if (at++ % test::stride(std::size_t{1}) != 0) continue;
    const std::string name = datoms::flat::detail::hex(key);
    for (const bool lost : {false, true}) {
      if (lost && key == newest) continue;  // what is left is a whole database, one transaction younger
      any_storage damaged = good.fork();
      bytes changed = stored;
      changed[random() % changed.size()] ^= static_cast<char>(1 << random() % 8);
      const change one[] = {{key, lost ? std::nullopt : std::optional<bytes_view>{changed}}};
      damaged.commit(one);
      const auto found = problems_of(damaged);
      ASSERT_FALSE(found.empty()) << name << (lost ? " lost" : " changed");
      if (lost) continue;
      std::string all;
      for (const std::string& what : found) all += what + "\n";
      EXPECT_TRUE(all.find(name) != std::string::npos || all.find("newer") != std::string::npos)
          << name << "\n"
          << all;
    }
  }
}

TEST(StoreCheck, AnIndexThatSaysOtherThanTheLogIsNamed) {
  any_storage in = new_memory();
  fill(in, index_layout::flat);
  for (const char tag : {'\x10', '\x11', '\x20'}) {
    any_storage wrong = in.fork();
    auto it = wrong.open_iterator(prefix(bytes(1, tag)));
    it.seek_last();
    const bytes key{it.key()};
    const change one[] = {{key, std::nullopt}};
    wrong.commit(one);
    const auto found = problems_of(wrong);
    ASSERT_FALSE(found.empty());
    EXPECT_NE(found.front().find(tag == '\x11' ? "AEVT" : "EAVT"), std::string::npos) << found.front();
  }
}

TEST(StoreFigures, TellHowAPackedDatabaseStands) {
  const any_storage in = new_memory();
  fill(in, index_layout::packed);
  connection conn{in};
  conn.merge();
  const auto f = datoms::figures_of(conn.db());
  ASSERT_TRUE(f);
  EXPECT_GT(f->generation, 3u);
  EXPECT_EQ(f->merged_t, conn.db().basis_t());
  EXPECT_EQ(f->novelty, 0u);
  EXPECT_EQ(f->current[0].rows, conn.db().count({}));
  EXPECT_EQ(f->current[0].rows, f->current[1].rows);
  EXPECT_GT(f->past[0].rows, 0u);
  EXPECT_GT(f->current[0].blocks, 2u);
  EXPECT_FALSE(datoms::figures_of(connection{new_memory()}.db()));
}

}  // namespace store_check_test
