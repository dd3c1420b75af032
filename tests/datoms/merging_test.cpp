// Merges beside transactions and readers, on threads.
#include "stores.hpp"
#include "support.hpp"

#include <datolite/datoms/merge_in_background.hpp>
#include <datolite/datoms/store_figures.hpp>

#include <atomic>
#include <thread>

namespace merging_test {

using namespace datolite_test;

TEST(MergeInBackground, NobodyNoticesButTheBlocks) {
  for (const store& in : {packed_store(), lmdb_store(index_layout::packed)}) {
    SCOPED_TRACE(in.name);
    connection conn{in.open(), {.merge = merging::when_asked, .merge_least = 20, .kept_generations = 1}};
    auto merging = merge_in_background(conn);
    transact(
        conn,
        "[{:db/ident :n :db/valueType :db.type/long :db/cardinality :db.cardinality/one :db/index true}]");
    const attribute_id n = conn.db().attribute(kw("n"))->id;
    constexpr int each = 150;
    std::atomic<bool> writing{true};
    std::thread reader{[&] {
      std::vector<std::pair<db, std::size_t>> held;
      while (writing) {
        const db now = conn.db();
        held.emplace_back(now, now.datoms({.index = index_order::avet, .a = n}).size());
        const auto& [older, size] = held[held.size() / 2];
        ASSERT_EQ(older.datoms({.index = index_order::aevt, .a = n}).size(), size);
      }
    }};
    std::vector<std::thread> writers;
    for (int who = 0; who < 2; ++who) {
      writers.emplace_back([&, who] {
        for (int i = 0; i < each; ++i) transact(conn, "[{:n " + std::to_string(who * each + i) + "}]");
      });
    }
    for (std::thread& one : writers) one.join();
    writing = false;
    reader.join();
    while (merging.waiting() > 0) std::this_thread::yield();
    EXPECT_EQ(merging.failures(), 0u);
    const db now = conn.db();
    EXPECT_GE(datoms::figures_of(now)->generation, 1u);
    const auto all = now.datoms({.index = index_order::avet, .a = n});
    ASSERT_EQ(all.size(), static_cast<std::size_t>(2 * each));
    for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i].v, value{static_cast<std::int64_t>(i)});
    EXPECT_EQ(all_facts(connection{conn}.sync()), all_facts(now));
  }
}

}  // namespace merging_test
