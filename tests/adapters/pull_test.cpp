// Pull from databases: by itself, in :find, along an index; on every engine.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <datolite/adapters/db_source.hpp>
#include <datolite/adapters/traced_source.hpp>
#include <datolite/core/edn.hpp>
#include <datolite/datoms/connection.hpp>
#include <datolite/query/index_pull.hpp>
#include <datolite/query/pull.hpp>
#include <datolite/query/query.hpp>

#include <datoms/stores.hpp>

#include <gtest/gtest.h>

namespace datolite_test {
namespace pull_test {

using namespace datolite::literals;

constexpr std::string_view schema = R"([
  {:db/ident :name :db/valueType :db.type/string :db/cardinality :db.cardinality/one :db/unique :db.unique/identity}
  {:db/ident :age :db/valueType :db.type/long :db/cardinality :db.cardinality/one :db/index true}
  {:db/ident :tag :db/valueType :db.type/string :db/cardinality :db.cardinality/many :db/index true}
  {:db/ident :mood :db/valueType :db.type/ref :db/cardinality :db.cardinality/one}
  {:db/ident :friend :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}
  {:db/ident :home :db/valueType :db.type/ref :db/cardinality :db.cardinality/one :db/isComponent true}
  {:db/ident :city :db/valueType :db.type/string :db/cardinality :db.cardinality/one}
  {:db/ident :mood/good}])";

constexpr std::string_view people = R"([
  {:db/id "ivan" :name "Ivan" :age 15 :tag ["a" "b"] :mood :mood/good :friend ["petr" "anna"] :home {:city "Oslo"}}
  {:db/id "petr" :name "Petr" :age 37 :tag ["b"] :friend ["ivan"]}
  {:db/id "anna" :name "Anna" :age 22 :home {:city "Bergen"}}
  {:db/id "olga" :name "Olga" :age 37}])";

std::string plain(const value& v) { return to_edn(v, edn_style::plain); }

struct world {
  explicit world(any_storage engine = new_memory()) : conn{std::move(engine)} {
    conn.transact(read_edn(schema));
    conn.transact(read_edn(people));
  }
  std::string pulled(const char* pattern, const char* entity) const {
    return plain(pull(conn.db(), pattern, read_edn(entity)));
  }
  template <class... A>
  std::string asked(const char* query, const A&... arguments) const {
    return plain(q(query, conn.db(), arguments...).as_value());
  }

  connection conn;
};

TEST(pull_from_a_db, is_the_same_on_every_engine) {
  for (const store& one : all_stores()) {
    const world w{one.open()};
    EXPECT_EQ(
        w.pulled("[:name :age {:friend [:name]} {:_friend [:name]}]", R"([:name "Ivan"])"),
        R"({:_friend [{:name "Petr"}], :age 15, :friend [{:name "Petr"} {:name "Anna"}], :name "Ivan"})")
        << one.name;
    EXPECT_EQ(w.pulled("[:tag :home]", R"([:name "Anna"])").substr(0, 8), "{:home {") << one.name;
    EXPECT_EQ(w.pulled("[{:home [:city]} (:tag :default 0)]", R"([:name "Anna"])"),
              R"({:home {:city "Bergen"}, :tag 0})")
        << one.name;
    EXPECT_EQ(w.pulled("[:name {:friend ...}]", R"([:name "Petr"])"),
              R"({:friend [{:friend [{:friend [{:db/id )" +
                  std::to_string(*w.conn.db().entid(R"([:name "Ivan"])"_edn)) +
                  R"(}], :name "Petr"} {:name "Anna"}], :name "Ivan"}], :name "Petr"})")
        << one.name;
  }
}

TEST(pull_from_a_db, the_schema_is_data_too) {
  const world w;
  EXPECT_EQ(w.pulled("[:db/valueType :db/ident {:db/cardinality [:db/ident]}]", ":age"),
            "{:db/cardinality {:db/ident :db.cardinality/one}, :db/ident :age, "
            ":db/valueType {:db/id 22, :db/ident :db.type/long}}");
  EXPECT_EQ(w.pulled("[:mood]", R"([:name "Ivan"])").find(":db/ident :mood/good") != std::string::npos, true);
}

TEST(pull_from_a_db, shows_the_moment_that_the_db_shows_and_no_history) {
  world w;
  const db before = w.conn.db();
  const auto report =
      w.conn.transact(R"([{:name "Ivan" :age 16 :tag "c"} [:db/retract [:name "Ivan"] :tag "a"]])"_edn);
  const value ivan = R"([:name "Ivan"])"_edn;
  const db now = w.conn.db();
  EXPECT_EQ(plain(pull(before, "[:age :tag]", ivan)), R"({:age 15, :tag ["a" "b"]})");
  EXPECT_EQ(plain(pull(now, "[:age :tag]", ivan)), R"({:age 16, :tag ["b" "c"]})");
  EXPECT_EQ(plain(pull(now.as_of(report.t - 1), "[:age :tag]", ivan)), R"({:age 15, :tag ["a" "b"]})");
  const value id = value::ref(*now.entid(ivan));
  EXPECT_EQ(plain(pull(now.since(report.t - 1), "[:age :tag :name]", id)), R"({:age 16, :tag ["c"]})");
  try {
    pull(now.history(), "[:age]", id);
    FAIL() << "pulled from a history";
  } catch (const error& e) {
    EXPECT_EQ(e.code(), "db.error/history-db");
  }
  EXPECT_THROW(q("[:find (pull ?e [:age]) :where [?e :name]]", now.history()), error);
}

TEST(pull_from_a_db, what_was_pulled_can_be_transacted) {
  world w;
  const value found = pull(w.conn.db(), "[*]", R"([:name "Ivan"])"_edn);
  const auto report = w.conn.transact(value::vector({found}));
  EXPECT_EQ(report.tx_data.size(), 1u);  // the transaction's own instant: nothing is new
}

// ---- in :find

TEST(pull_in_find, stands_beside_variables_and_aggregates) {
  const world w;
  EXPECT_EQ(w.asked("[:find ?n (pull ?e [:age]) :where [?e :name ?n] [?e :mood]]"),
            R"([["Ivan" {:age 15}]])");
  EXPECT_EQ(w.asked("[:find (pull ?e [:name]) ?e :where [?e :age 22]]").substr(0, 18),
            R"([[{:name "Anna"} 1)");
  EXPECT_EQ(w.asked("[:find (pull ?e [:name]) (count ?t) :where [?e :tag ?t] [?e :mood]]"),
            R"([[{:name "Ivan"} 2]])");
  EXPECT_EQ(w.asked("[:find (pull ?e [:name]) (pull ?f [:age]) :where [?e :age 37] [?e :friend ?f]]"),
            R"([[{:name "Petr"} {:age 15}]])");
}

TEST(pull_in_find, has_every_shape) {
  const world w;
  EXPECT_EQ(w.asked("[:find (pull ?e [:name]) . :where [?e :age 22]]"), R"({:name "Anna"})");
  EXPECT_EQ(w.asked("[:find [(pull ?e [:name]) ...] :where [?e :age 22]]"), R"([{:name "Anna"}])");
  EXPECT_EQ(w.asked("[:find [(pull ?e [:name]) ?a] :where [?e :age ?a] [?e :mood]]"),
            R"([{:name "Ivan"} 15])");
  EXPECT_EQ(w.asked("[:find (pull ?e [:name]) :keys who :where [?e :age 22]]"), R"([{:who {:name "Anna"}}])");
  EXPECT_EQ(w.asked("[:find (pull ?e [:name]) . :where [?e :age 99]]"), "nil");
}

TEST(pull_in_find, two_entities_that_look_the_same_are_two_rows) {
  const world w;
  EXPECT_EQ(w.asked("[:find (pull ?e [:age]) :where [?e :age 37]]"), "[[{:age 37}] [{:age 37}]]");
}

TEST(pull_in_find, names_its_source) {
  const world w, other;
  const auto found =
      q("[:find (pull $b ?e [:name]) . :in $a $b :where [$a ?e :age 22]]", w.conn.db(), other.conn.db());
  EXPECT_EQ(plain(*found.scalar()), R"({:name "Anna"})");
}

TEST(pull_in_find, takes_its_pattern_as_an_input) {
  const world w;
  EXPECT_EQ(w.asked("[:find (pull ?e pattern) . :in $ pattern :where [?e :age 22]]", "[:name]"_edn),
            R"({:name "Anna"})");
  EXPECT_EQ(w.asked("[:find (pull ?e ?p) . :in $ ?p :where [?e :age 22]]", "[:name {:home [:city]}]"),
            R"({:home {:city "Bergen"}, :name "Anna"})");
  EXPECT_EQ(w.asked("[:find (pull ?e \"[:name]\") . :where [?e :age 22]]"), R"({:name "Anna"})");
  EXPECT_THROW(w.asked("[:find (pull ?e p) . :in $ p :where [?e :age 22]]", 5), error);
}

TEST(pull_in_find, pulls_inputs_and_whatever_names_an_entity) {
  const world w;
  EXPECT_EQ(w.asked("[:find (pull ?e [:age]) . :in $ ?e]", R"([:name "Anna"])"_edn), "{:age 22}");
  EXPECT_EQ(w.asked("[:find (pull ?e [:db/ident]) :in $ [?e ...]]", "[:age :nobody]"_edn),
            "[[{:db/ident :age}] [nil]]");
  try {
    w.asked("[:find (pull ?n [:age]) :where [_ :name ?n]]");
    FAIL() << "pulled a string";
  } catch (const error& e) {
    EXPECT_NE(e.message().find("(pull ?n [:age])"), std::string::npos) << e.message();
  }
}

/// What is shown first cancels the query: nothing that would have to be read after it is pulled.
TEST(pull_in_find, stops_where_the_query_must) {
  const world w;
  static std::optional<query::cancellation> stop;
  static int calls;
  query::register_function("test/stops", [](const value&) {
    ++calls;
    stop->cancel();
    return value{};
  });
  for (const char* text :
       {"[:find (pull ?e [(:age :xform test/stops)]) :where [?e :name]]",
        "[:find (pull ?e [(:age :xform test/stops) {:friend ...}]) . :where [?e :age 15]]"}) {
    stop.emplace();
    calls = 0;
    try {
      q({.query = text, .args = {w.conn.db()}, .cancel = stop});
      ADD_FAILURE() << "answered " << text;
    } catch (const error& e) {
      EXPECT_EQ(e.code(), "db.error/cancelled") << text;
    }
    EXPECT_EQ(calls, 1) << text;
  }
}

TEST(pull_in_find, goes_through_the_source_s_public_door_and_is_counted) {
  const world w;
  const db seen = w.conn.db();
  const adapters::traced_source traced{seen};
  EXPECT_EQ(plain(q("[:find (pull ?e [:name]) . :where [?e :age 22]]", traced).as_value()),
            R"({:name "Anna"})");
  io_counters io;
  const auto found =
      q({.query = "[:find (pull ?e [:name]) . :where [?e :age 22]]", .args = {seen}, .io = &io});
  EXPECT_GE(io.of(index_order::eavt).reads, 1u);
  EXPECT_EQ(io.of(index_order::eavt).seeks, 1u);
}

// ---- along an index

std::string walked(const db& from, index_pull_request request, std::size_t most = 100) {
  std::vector<value> out;
  for (const value& v : index_pull(from, request)) {
    out.push_back(v);
    if (out.size() == most) break;
  }
  return plain(value::vector(out));
}

TEST(index_pull, goes_along_avet_by_value_from_a_start_either_way) {
  for (const store& one : all_stores()) {
    const world w{one.open()};
    const db now = w.conn.db();
    EXPECT_EQ(walked(now, {.selector = "[:name]", .start = "[:age]"_edn}),
              R"([{:name "Ivan"} {:name "Anna"} {:name "Petr"} {:name "Olga"}])");
    EXPECT_EQ(walked(now, {.selector = "[:name]", .start = "[:age 20]"_edn}),
              R"([{:name "Anna"} {:name "Petr"} {:name "Olga"}])");
    EXPECT_EQ(walked(now, {.selector = "[:name]", .start = "[:age 22]"_edn, .reverse = true}),
              R"([{:name "Anna"} {:name "Ivan"}])");
    EXPECT_EQ(walked(now, {.selector = "[:name]", .start = "[:age]"_edn, .reverse = true}, 2),
              R"([{:name "Olga"} {:name "Petr"}])");
    EXPECT_EQ(walked(now, {.selector = "[:name]", .start = R"([:age 37 [:name "Olga"]])"_edn}),
              R"([{:name "Olga"}])");
    EXPECT_EQ(
        walked(now, {.selector = "[:name]", .start = R"([:age 37 [:name "Petr"]])"_edn, .reverse = true}),
        R"([{:name "Petr"} {:name "Anna"} {:name "Ivan"}])");
    EXPECT_EQ(walked(now, {.selector = "[:age]", .start = R"([:tag "b"])"_edn}), "[{:age 15} {:age 37}]");
  }
}

TEST(index_pull, goes_along_aevt_by_entity_and_pulls_what_it_refers_to) {
  const world w;
  const db now = w.conn.db();
  EXPECT_EQ(walked(now, {.index = index_order::aevt, .selector = "[:name]", .start = "[:friend]"_edn}),
            R"([{:name "Petr"} {:name "Anna"} {:name "Ivan"}])");
  EXPECT_EQ(walked(now, {.index = index_order::aevt,
                         .selector = "[:name]",
                         .start = R"([:friend [:name "Ivan"] [:name "Anna"]])"_edn}),
            R"([{:name "Anna"} {:name "Ivan"}])");
  EXPECT_EQ(walked(now, {.index = index_order::aevt,
                         .selector = "[:name]",
                         .start = R"([:friend [:name "Ivan"]])"_edn,
                         .reverse = true}),
            R"([{:name "Anna"} {:name "Petr"}])");
}

TEST(index_pull, reads_no_more_than_is_gone_through) {
  world w;
  std::vector<value> many;
  for (int i = 0; i < 3000; ++i) {
    many.push_back(make_map({{"name"_kw, value{"n" + std::to_string(i)}}, {"age"_kw, value{1000 + i}}}));
  }
  w.conn.transact(value::vector(many));
  const db now = w.conn.db();
  io_counters io;
  int seen = 0;
  for (const value& v : index_pull(now, {.selector = "[:name]", .start = "[:age 1000]"_edn}, &io)) {
    EXPECT_EQ(*find_keyword(v, "name"), value{"n" + std::to_string(seen)});
    if (++seen == 5) break;
  }
  EXPECT_LE(io.total().reads, 40u);
  seen = 0;
  for ([[maybe_unused]] const value& v :
       index_pull(w.conn.db(), {.selector = "[:name]", .start = "[:age]"_edn}))
    ++seen;
  EXPECT_EQ(seen, 3004);
}

TEST(index_pull, a_walk_that_makes_no_sense_is_refused) {
  const world w;
  const auto code = [&](index_order index, const char* start, bool history = false) {
    try {
      walked(history ? w.conn.db().history() : w.conn.db(),
             {.index = index, .selector = "[:name]", .start = read_edn(start)});
    } catch (const error& e) {
      return e.code();
    }
    return std::string{"done"};
  };
  const auto avet = index_order::avet, aevt = index_order::aevt;
  EXPECT_EQ(code(index_order::eavt, "[:age]"), "db.error/invalid-index-pull");
  EXPECT_EQ(code(avet, "[]"), "db.error/invalid-index-pull");
  EXPECT_EQ(code(avet, ":age"), "db.error/invalid-index-pull");
  EXPECT_EQ(code(avet, "[:age 1 2 3]"), "db.error/invalid-index-pull");
  EXPECT_EQ(code(avet, "[:unknown]"), "db.error/not-an-attribute");
  EXPECT_EQ(code(avet, "[:city]"), "db.error/attribute-not-indexed");
  EXPECT_EQ(code(avet, "[:tag]"), "db.error/invalid-index-pull");
  EXPECT_EQ(code(avet, "[:age \"x\"]"), "db.error/wrong-type-for-attribute");
  EXPECT_EQ(code(avet, "[:age 1 :nobody]"), "db.error/not-an-entity");
  EXPECT_EQ(code(aevt, "[:age]"), "db.error/invalid-index-pull");
  EXPECT_EQ(code(avet, "[:age]", true), "db.error/history-db");
}

}  // namespace pull_test
}  // namespace datolite_test
