#include <datolite/adapters/key_relation.hpp>

#include <datolite/core/edn.hpp>
#include <datolite/engines/leveldb.hpp>
#include <datolite/engines/lmdb.hpp>
#include <datolite/engines/memory.hpp>
#include <datolite/engines/traced.hpp>
#include <datolite/query/query.hpp>
#include <datolite/txn/transaction.hpp>

#include <engines/temporary_directory.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace key_relation_test {

using namespace datolite;
using adapters::key_layout;
using adapters::key_relation;

const key_layout grid{"grid/", {kind::long_, kind::string, kind::string}};

/// 1,000 × 4 × 4 tuples, as changes to `t`.
template <class T>
T fill(T t) {
  for (int i = 0; i < 1000; ++i) {
    for (const char* j : {"a", "b", "c", "d"}) {
      for (const char* k : {"a", "b", "c", "d"}) t = put(std::move(t), grid.key(i, j, k), "");
    }
  }
  t = put(std::move(t), "grid", "a neighbour below");
  return put(std::move(t), "gridz", "a neighbour above");
}

const char* const range_query =
    R"([:find ?i ?j ?k :in $ :where [(ground "b") ?k] [?i ?j ?k] [(< 10 ?i)] [(< ?i 13)]])";

template <class E>
class key_relation_on : public ::testing::Test {};

struct in_memory {
  static engines::traced<engines::memory> open(const std::string&) {
    return engines::traced<engines::memory>{engines::memory{}};
  }
};
struct in_lmdb {
  static engines::traced<engines::lmdb> open(const std::string& path) {
    return engines::traced<engines::lmdb>{engines::lmdb{path}};
  }
};
struct in_leveldb {
  static engines::traced<engines::leveldb> open(const std::string& path) {
    return engines::traced<engines::leveldb>{engines::leveldb{path}};
  }
};

using all_engines = ::testing::Types<in_memory, in_lmdb, in_leveldb>;
TYPED_TEST_SUITE(key_relation_on, all_engines);

TYPED_TEST(key_relation_on, a_range_is_one_engine_seek_and_the_steps_inside) {
  const datolite::test::temporary_directory place;
  auto store = TypeParam::open(place / "db");
  commit(store, fill(ensure_transaction(store)));
  const auto seen = store.snapshot();
  const key_relation source{grid, seen};
  store.reset();
  EXPECT_EQ(q(range_query, source).size(), 8u);
  const auto counts = store.counts();
  EXPECT_EQ(counts.seeks, 1u);
  EXPECT_LE(counts.steps, 49u);
}

TEST(key_relation, an_uncommitted_transaction_is_a_source) {
  engines::memory store;
  auto t = ensure_transaction(store);
  t = put(std::move(t), grid.key(1, "a", "b"), "");
  commit(store, t);
  auto changed = ensure_transaction(store);
  changed = put(std::move(changed), grid.key(2, "a", "b"), "");
  changed = erase(std::move(changed), grid.key(1, "a", "b"));
  const key_relation source{grid, changed};
  EXPECT_EQ(to_edn(q("[:find ?i ?j ?k :where [?i ?j ?k]]", source).as_value()), R"(#{[2 "a" "b"]})");
}

TEST(key_relation, constants_and_bound_values_are_followed_as_far_as_they_lead) {
  engines::memory store;
  commit(store, fill(ensure_transaction(store)));
  const auto seen = store.snapshot();
  const key_relation source{grid, seen};
  const auto reads = [&](const char* text, auto&&... more) {
    io_counters io;
    q({.query = text, .args = {source, more...}, .io = &io});
    return io.total().reads;
  };
  EXPECT_EQ(reads("[:find ?k :where [7 \"c\" ?k]]"), 4u);
  EXPECT_EQ(reads("[:find ?j :where [7 ?j \"c\"]]"), 16u);
  EXPECT_EQ(reads("[:find ?j :in $ [?i ...] :where [?i ?j ?k]]", std::vector<int>{4, 5}), 32u);
  EXPECT_EQ(reads("[:find ?j :in $ ?i :where [?i ?j ?k]]", 1.0), 0u);
}

TEST(key_relation, answers_as_the_plain_collection_does) {
  const key_layout mixed{"mixed/", {kind::long_, kind::string, kind::double_, kind::nil}};
  const std::string zeros{"a\0b", 3}, text(40, 'x');
  std::vector<std::vector<value>> rows;
  engines::memory store;
  auto t = ensure_transaction(store);
  for (int i = 0; i < 60; ++i) {
    const value last = i % 3 == 0 ? value{i % 5} : i % 3 == 1 ? value{"t"} : value{2.5};
    rows.push_back({value{i % 7 - 3},
                    value{i % 2 == 0   ? zeros
                          : i % 5 == 0 ? text
                                       : std::string{"a"}},
                    value{(i % 4) / 2.0}, last});
    t = put(std::move(t), mixed.key(rows.back()), "");
  }
  const key_relation source{mixed, t};
  for (const char* text_of_query :
       {"[:find ?a ?b ?c ?d :where [?a ?b ?c ?d]]", "[:find ?a :where [?a ?b ?c ?d]]",
        "[:find ?d :where [2 ?b ?c ?d]]", "[:find ?b :where [?a ?b] [(< -2 ?a)] [(<= ?a 2)]]",
        "[:find ?a ?c :where [?a \"a\" ?c] [(< ?c 1.0)]]", "[:find ?a ?b :where [?a ?b] [(< ?b \"ab\")]]",
        "[:find ?a :where [?a _ _ ?d] [(= 2.5 ?d)]]",
        "[:find ?a ?x :where [?a ?b ?c] [?x ?b ?c] [(< ?a ?x)]]",
        "[:find ?a ?b :where [?a ?b] [(clojure.string/starts-with? ?b \"xx\")]]"}) {
    EXPECT_EQ(to_edn(q(text_of_query, source).as_value()), to_edn(q(text_of_query, rows).as_value()))
        << text_of_query;
  }
}

TEST(key_relation, slots_of_no_kind_hold_all_kinds_and_answer_by_query_equality) {
  const key_layout any{"any/", {kind::nil}};
  engines::memory store;
  auto t = ensure_transaction(store);
  for (const value& v : {value{1}, value{1.0}, value::ref(1), value{"1"}})
    t = put(std::move(t), any.key({v}), "");
  const key_relation source{any, t};
  EXPECT_EQ(q("[:find ?x :in $ ?x :where [?x]]", source, 1).size(), 1u);
  EXPECT_EQ(q("[:find ?x :where [?x] [(< 0 ?x)]]", source).size(), 2u);
}

TEST(key_relation, a_tuple_that_does_not_fit_is_refused) {
  EXPECT_THROW(grid.key(1, "a"), error);
  EXPECT_THROW(grid.key("1", "a", "b"), error);
  engines::memory store;
  const auto seen = store.snapshot();
  const key_relation source{grid, seen};
  EXPECT_THROW(q("[:find ?a :where [?a ?b ?c ?d]]", source), error);
}

TEST(key_relation, a_key_that_is_no_tuple_is_corrupt) {
  engines::memory store;
  auto t = ensure_transaction(store);
  t = put(std::move(t), "grid/\xFE", "");
  const key_relation source{grid, t};
  try {
    q("[:find ?a :where [?a]]", source);
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.category(), error_category::corrupt);
  }
}

}  // namespace key_relation_test
