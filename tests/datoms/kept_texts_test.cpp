// Texts that a packed index keeps with its blocks: once they were read again and again, within a bound, and
// the same for every thread that reads.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include <datolite/core/value.hpp>
#include <datolite/datoms/connection.hpp>
#include <datolite/datoms/store_figures.hpp>

#include "stores.hpp"
#include "support.hpp"

namespace kept_texts_test {

using namespace datolite_test;

connection_options with_cache(std::size_t bytes) {
  connection_options out;
  out.layout = index_layout::packed, out.merge = merging::when_asked;
  out.block_bytes = 1000, out.cache_bytes = bytes;
  return out;
}

std::vector<store> packed_stores() {
  return {memory_store(), lmdb_store(index_layout::packed), leveldb_store(index_layout::packed)};
}

/// Names, most of them too long to stand inline, of 3,000 entities; all in blocks.
void fill(connection& conn) {
  transact(conn, "[{:db/ident :name :db/valueType :db.type/string :db/cardinality :db.cardinality/one}]");
  std::vector<value> forms;
  for (int i = 0; i < 3000; ++i) {
    const std::string name = std::string(static_cast<std::size_t>(i % 40), 'x') + std::to_string(i);
    forms.push_back(value::vector({kw("db/add"), value{100'000 + i}, kw("name"), value{name}}));
  }
  conn.transact(value::vector(std::span<const value>{forms}));
  ASSERT_TRUE(conn.merge());
}

std::vector<value> names_in(const db& in) {
  std::vector<value> out;
  for (const datom& d : in.datoms({.index = index_order::aevt, .a = in.attribute(kw("name"))->id}))
    out.push_back(d.v);
  return out;
}

bool are_identical(const std::vector<value>& x, const std::vector<value>& y) {
  return std::equal(x.begin(), x.end(), y.begin(), y.end(),
                    [](const value& a, const value& b) { return a.is_identical(b); });
}

TEST(KeptTexts, AreMadeOnceWhereThereIsRoomAndStayWithinTheBound) {
  for (const store& in : packed_stores()) {
    for (const std::size_t room : {std::size_t{4} << 20, std::size_t{60'000}, std::size_t{500}}) {
      SCOPED_TRACE(in.name + ", " + std::to_string(room));
      std::vector<value> first, last;
      {
        connection conn{in.open(), with_cache(room)};
        if (conn.db().attribute(kw("name")) == nullptr) fill(conn);
        const db now = conn.db();
        first = names_in(now);
        ASSERT_EQ(first.size(), 3000u);
        for (int again = 0; again < 5; ++again) {
          ASSERT_EQ(names_in(now), first);
          // One block may be more than there is room for.
          ASSERT_LE(datoms::figures_of(now)->cache.bytes, std::max<std::size_t>(room, 5000));
        }
        last = names_in(now);
        EXPECT_EQ(are_identical(last, names_in(now)), room > 1'000'000);
        if (room == 60'000) {
          EXPECT_GT(datoms::figures_of(now)->cache.bytes, room / 2);
        }
      }
      EXPECT_EQ(last, first) << "they outlive the connection";
    }
  }
}

TEST(KeptTexts, AreTheSameForAllThreadsThatReadAtOnce) {
  for (const store& in : packed_stores()) {
    for (const std::size_t room : {std::size_t{4} << 20, std::size_t{60'000}}) {
      SCOPED_TRACE(in.name + ", " + std::to_string(room));
      connection conn{in.open(), with_cache(room)};
      if (conn.db().attribute(kw("name")) == nullptr) fill(conn);
      const db now = conn.db();
      std::atomic<int> wrong{0};
      std::vector<std::thread> readers;
      for (int i = 0; i < 4; ++i) {
        readers.emplace_back([&] {
          for (int turn = 0; turn < 5; ++turn) {
            const std::vector<value> found = names_in(now);
            for (std::size_t at = 0; at < found.size(); ++at) {
              if (found[at].as_string() != std::string(at % 40, 'x') + std::to_string(at)) ++wrong;
            }
            if (found.size() != 3000) ++wrong;
          }
        });
      }
      for (std::thread& one : readers) one.join();
      EXPECT_EQ(wrong, 0);
    }
  }
}

}  // namespace kept_texts_test
