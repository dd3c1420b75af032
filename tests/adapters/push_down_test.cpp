// What a query over a database costs the engine: counted, on every engine.
#include <datolite/adapters/db_source.hpp>

#include <datolite/adapters/index_pattern.hpp>
#include <datolite/adapters/index_relation.hpp>
#include <datolite/adapters/word_groups.hpp>
#include <datolite/core/edn.hpp>
#include <datolite/datoms/connection.hpp>
#include <datolite/engines/leveldb.hpp>
#include <datolite/engines/lmdb.hpp>
#include <datolite/engines/memory.hpp>
#include <datolite/engines/traced.hpp>
#include <datolite/query/query.hpp>

#include <engines/temporary_directory.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace push_down_test {

using namespace datolite;

value people() {
  std::vector<value> all;
  for (int i = 0; i < 500; ++i) {
    const std::string n = std::to_string(i);
    all.push_back(read_edn("{:db/id \"p" + n + "\" :name \"n" + n + "\" :age " + std::to_string(i % 100) +
                           " :score " + std::to_string(i) + ".5" +
                           (i > 0 ? " :boss \"p" + std::to_string(i / 2) + "\"" : "") + " :email \"e" + n +
                           "\"}"));
  }
  return value::vector(all);
}

const char* const schema = R"([
  {:db/ident :name  :db/valueType :db.type/string :db/cardinality :db.cardinality/one}
  {:db/ident :email :db/valueType :db.type/string :db/cardinality :db.cardinality/one :db/unique :db.unique/identity}
  {:db/ident :age   :db/valueType :db.type/long   :db/cardinality :db.cardinality/one :db/index true}
  {:db/ident :score :db/valueType :db.type/double :db/cardinality :db.cardinality/one :db/index true}
  {:db/ident :boss  :db/valueType :db.type/ref    :db/cardinality :db.cardinality/one}])";

template <class Engine>
struct database {
  explicit database(Engine engine) : database{engines::traced{std::move(engine)}} {}

  explicit database(engines::traced<Engine> engine)
      : counters{engine.counters()}, conn{any_storage{std::move(engine)}, {.layout = index_layout::flat}} {
    conn.transact(read_edn(schema));
    conn.transact(people());
    now.emplace(conn.db());
  }

  struct cost {
    std::size_t rows;
    std::uint64_t seeks;
    std::uint64_t steps;
  };

  template <class... Argument>
  cost ask(const char* text, Argument&&... more) {
    counters->reset();
    const auto found = q(text, *now, more...);
    return {found.size(), counters->counts().seeks, counters->counts().steps};
  }

  std::shared_ptr<engines::traced_counters> counters;
  connection conn;
  std::optional<db> now;
};

struct in_memory {
  static auto open(const std::string&) { return database{engines::memory{}}; }
};
struct in_lmdb {
  static auto open(const std::string& path) { return database{engines::lmdb{path}}; }
};
struct in_leveldb {
  static auto open(const std::string& path) { return database{engines::leveldb{path}}; }
};

template <class E>
class push_down_on : public ::testing::Test {
 protected:
  datolite::test::temporary_directory place;
  std::string path = place / "db";
};

using all_engines = ::testing::Types<in_memory, in_lmdb, in_leveldb>;
TYPED_TEST_SUITE(push_down_on, all_engines);

TYPED_TEST(push_down_on, a_range_clause_is_one_seek_and_the_steps_inside_the_range) {
  auto data = TypeParam::open(this->path);
  const auto range = data.ask("[:find ?e ?a :where [?e :age ?a] [(<= 10 ?a)] [(< ?a 13)]]");
  EXPECT_EQ(range.rows, 15u);
  EXPECT_EQ(range.seeks, 1u);
  EXPECT_LE(range.steps, 15u);

  const auto rounded = data.ask("[:find ?e :where [?e :score ?s] [(< 10 ?s)] [(< ?s 13)]]");
  EXPECT_EQ(rounded.rows, 3u);
  EXPECT_EQ(rounded.seeks, 1u);
  EXPECT_LE(rounded.steps, 3u);
}

TYPED_TEST(push_down_on, an_opaque_predicate_reads_the_whole_attribute) {
  auto data = TypeParam::open(this->path);
  const auto opaque = data.ask("[:find ?e ?a :in $ ?in-range :where [?e :age ?a] [(?in-range ?a)]]",
                               [](std::int64_t a) { return 10 <= a && a < 13; });
  EXPECT_EQ(opaque.rows, 15u);
  EXPECT_EQ(opaque.seeks, 1u);
  EXPECT_GE(opaque.steps, 499u);
}

TYPED_TEST(push_down_on, a_range_reads_avet_where_an_opaque_predicate_reads_aevt) {
  auto data = TypeParam::open(this->path);
  io_counters range, opaque;
  q({.query = "[:find ?e :where [?e :age ?a] [(<= 10 ?a)] [(< ?a 13)]]", .args = {*data.now}, .io = &range});
  q({.query = "[:find ?e :in $ ?in-range :where [?e :age ?a] [(?in-range ?a)]]",
     .args = {*data.now, [](std::int64_t a) { return 10 <= a && a < 13; }},
     .io = &opaque});
  EXPECT_EQ(range.of(index_order::avet).reads, 15u);
  EXPECT_EQ(range.total().reads, 15u);
  EXPECT_EQ(opaque.of(index_order::aevt).reads, 500u);
  EXPECT_EQ(opaque.total().reads, 500u);
}

TYPED_TEST(push_down_on, a_clause_probed_from_few_entities_seeks_for_each) {
  auto data = TypeParam::open(this->path);
  const auto probed = data.ask("[:find ?n :in $ [?m ...] :where [?e :email ?m] [?e :name ?n]]",
                               std::vector<std::string>{"e3", "e400"});
  EXPECT_EQ(probed.rows, 2u);
  EXPECT_LE(probed.seeks, 4u);
  EXPECT_LE(probed.steps, 4u);
}

TYPED_TEST(push_down_on, an_alias_answers_the_same_as_a_constant_and_through_a_join) {
  auto data = TypeParam::open(this->path);
  const value lookup = read_edn("[:email \"e1\"]");
  const auto boss =
      q("[:find [?n ...] :in $ ?b :where [?e :boss ?b] [?e :name ?n]]", *data.now, lookup).as_value();
  EXPECT_EQ(to_edn(boss), R"(#{"n2" "n3"})");
  const auto joined =
      q("[:find ?b ?n :in $ [?b ...] :where [?e :boss ?b] [?e :name ?n]]", *data.now, value::vector({lookup}))
          .as_value();
  EXPECT_EQ(to_edn(joined), R"(#{[[:email "e1"] "n2"] [[:email "e1"] "n3"]})");
  const auto attribute =
      q("[:find ?a ?v :in $ ?e [?a ...] :where [?e ?a ?v]]", *data.now, lookup, read_edn("[:name :age]"))
          .as_value();
  EXPECT_EQ(to_edn(attribute), R"(#{[:age 1] [:name "n1"]})");
}

TYPED_TEST(push_down_on, an_unknown_attribute_or_alias_matches_nothing) {
  auto data = TypeParam::open(this->path);
  EXPECT_EQ(data.ask("[:find ?e :where [?e :no/such ?v]]").rows, 0u);
  EXPECT_EQ(data.ask("[:find ?e :where [?e :boss [:email \"nobody\"]]]").rows, 0u);
  EXPECT_EQ(data.ask("[:find ?v :in $ ?e :where [?e :name ?v]]", read_edn("[:email \"nobody\"]")).rows, 0u);
}

TYPED_TEST(push_down_on, a_pattern_of_more_than_five_slots_is_refused) {
  auto data = TypeParam::open(this->path);
  EXPECT_THROW(data.ask("[:find ?e :where [?e :name ?v ?t ?o ?x]]"), error);
}

TYPED_TEST(push_down_on, transactions_and_operations_are_slots) {
  auto data = TypeParam::open(this->path);
  data.conn.transact(read_edn("[[:db/add [:email \"e7\"] :name \"new\"]]"));
  const db now = data.conn.db();
  EXPECT_EQ(
      to_edn(q("[:find ?n ?op :where [?e :email \"e7\"] [?e :name ?n ?t ?op]]", now.history()).as_value()),
      R"(#{["n7" false] ["n7" true] ["new" true]})");
  EXPECT_EQ(q("[:find ?t . :where [_ :name \"new\" ?t]]", now).scalar()->word(),
            datoms::t_to_tx(now.basis_t()));
}

TEST(word_groups, have_each_word_once_ascending_and_its_rows_ascending) {
  for (unsigned round = 0; round < 200; ++round) {
    std::vector<std::int64_t> words(round % 17);
    for (std::size_t i = 0; i < words.size(); ++i)
      words[i] = round % 4 == 0 ? static_cast<std::int64_t>(i) * 3
                                : static_cast<std::int64_t>((i + round) * 7919 % 11) - 4;
    if (round % 4 == 1) std::sort(words.begin(), words.end());
    std::map<std::int64_t, std::vector<std::uint32_t>> expected, found;
    for (std::size_t i = 0; i < words.size(); ++i)
      expected[words[i]].push_back(static_cast<std::uint32_t>(i));
    const adapters::word_groups groups{words};
    const auto distinct = groups.distinct();
    EXPECT_TRUE(std::is_sorted(distinct.begin(), distinct.end()));
    EXPECT_EQ(distinct.size(), expected.size());
    for (std::size_t i = 0; i < distinct.size(); ++i)
      found[distinct[i]].assign(groups.rows_of(i).begin(), groups.rows_of(i).end());
    EXPECT_EQ(found, expected);
  }
}

TEST(aliases, a_number_is_one_entity_in_every_plan) {
  connection conn{engines::memory{}};
  conn.transact(read_edn(schema));
  conn.transact(people());
  const db now = conn.db();
  const value e = q("[:find ?e . :where [?e :name \"n7\"]]", now).scalar().value();
  const auto big = [](const value& id) { return to_edn(value{id.word()}) + "N"; };
  const std::string id = big(e),
                    age = big(q("[:find ?a . :where [?a :db/ident :age]]", now).scalar().value());
  const auto size = [&](const std::string& query, const auto&... in) { return q(query, now, in...).size(); };
  EXPECT_EQ(size("[:find ?n :where [" + id + " :name ?n]]"), 1u);
  EXPECT_EQ(size("[:find ?n :where [" + id + " " + age + " ?n]]"), 1u);
  EXPECT_EQ(size("[:find ?n :in $ ?e :where [?e :name ?n]]", read_edn(id)), 1u);
  EXPECT_EQ(size("[:find ?n :in $ [?e ...] :where [?e :name ?n]]", read_edn("[" + id + " 1 2]")), 1u);
  EXPECT_EQ(size("[:find ?e :in $ [?a ...] :where [?e ?a 7]]", read_edn("[" + age + "]")), 5u);
  const value tx = q("[:find ?tx . :where [_ :name \"n7\" ?tx]]", now).scalar().value();
  EXPECT_EQ(size("[:find ?n :in $ ?tx :where [_ :name ?n ?tx]]", read_edn(big(tx))), 500u);
}

TEST(refusals, of_a_source_name_the_clause) {
  const connection conn{engines::memory{}};
  const std::string query = "[:find ?e :where [?e :db/ident _ _ _ ?six]]";
  try {
    q(query, conn.db());
    FAIL() << "answered";
  } catch (const error& e) {
    EXPECT_NE(e.message().find("[?e :db/ident _ _ _ ?six]"), std::string::npos) << e.message();
  }
}

}  // namespace push_down_test
