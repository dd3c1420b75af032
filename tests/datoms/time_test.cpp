// Views of time, rule by rule: as_of, since, history, filter, and all of them together.
#include "stores.hpp"
#include "support.hpp"

#include <functional>
#include <random>

namespace time_test {

using namespace datolite_test;

constexpr std::string_view schema = R"([
  {:db/ident :name :db/valueType :db.type/string :db/cardinality :db.cardinality/one :db/unique :db.unique/identity}
  {:db/ident :age  :db/valueType :db.type/long   :db/cardinality :db.cardinality/one :db/index true}
  {:db/ident :tag  :db/valueType :db.type/string :db/cardinality :db.cardinality/many}
  {:db/ident :boss :db/valueType :db.type/ref    :db/cardinality :db.cardinality/one}
  {:db/ident :by   :db/valueType :db.type/string :db/cardinality :db.cardinality/one}])";

/// Three transactions about Ivan, 101, and Anna, 102, with the ages 1, 2, 3.
class Time : public ::testing::Test {
 protected:
  void SetUp() override {
    transact(conn, schema);
    for (const char* text :
         {R"([{:db/id 101 :name "Ivan" :age 1 :tag ["a" "b"]} {:db/id "datomic.tx" :by "me"}])",
          R"([{:db/id 101 :age 2} {:db/id 102 :name "Anna" :boss 101}])",
          R"([{:db/id 101 :age 3} [:db/retract 101 :tag "a"] {:db/id "datomic.tx" :by "me"}])"}) {
      t.push_back(transact(conn, text).t);
    }
  }
  db now() const { return conn.db(); }
  std::string age(const db& in) const { return values_of(in, 101, "age"); }

  connection conn{new_memory()};
  std::vector<std::int64_t> t;
};

template <class F>
void expect_refusal(F&& f, error_category category, std::string_view code, std::string_view words) {
  try {
    f();
    ADD_FAILURE() << "was not refused: " << code;
  } catch (const error& e) {
    EXPECT_EQ(e.category(), category);
    EXPECT_EQ(e.code(), code);
    EXPECT_NE(e.message().find(words), std::string::npos) << e.message();
  }
}

TEST_F(Time, AsOfIncludesItsMoment) {
  EXPECT_EQ(age(now().as_of(t[0])), "[1]");
  EXPECT_EQ(age(now().as_of(t[1])), "[2]");
  EXPECT_EQ(age(now().as_of(t[1] - 1)), "[1]");
  EXPECT_EQ(age(now().as_of(t[0] - 1)), "[]");
  EXPECT_EQ(age(now().as_of(datoms::t_to_tx(t[1]))), "[2]");
  EXPECT_EQ(age(now().as_of(value::ref(datoms::t_to_tx(t[1])))), "[2]");
  EXPECT_EQ(now().as_of(t[1]).as_of_t(), t[1]);
}

TEST_F(Time, SinceExcludesItsMoment) {
  EXPECT_EQ(age(now().since(t[1])), "[3]");
  EXPECT_EQ(age(now().since(t[2])), "[]");
  EXPECT_EQ(values_of(now().since(t[0] - 1), 101, "tag"), "[\"b\"]");
  EXPECT_EQ(values_of(now().since(t[0]), 101, "tag"), "[]");
  EXPECT_EQ(now().since(t[1]).since_t(), t[1]);
}

TEST_F(Time, AnInstantIsTheLastTransactionNotAfterItAndTiesGoByT) {
  const auto at = [&](const char* instant, int years) {
    return transact(conn, "[{:db/id \"datomic.tx\" :db/txInstant " + std::string{instant} +
                              "} [:db/add 101 :age " + std::to_string(years) + "]]")
        .t;
  };
  at("#inst \"2090-01-01\"", 10);
  const auto tie = at("#inst \"2091-01-01\"", 11);
  const auto last_of_tie = at("#inst \"2091-01-01\"", 12);
  at("#inst \"2092-01-01\"", 13);
  const auto instant = [](const char* text) { return read_edn(std::string{"#inst \""} + text + "\""); };
  EXPECT_EQ(age(now().as_of(instant("2090-06-01"))), "[10]");
  EXPECT_EQ(age(now().as_of(instant("2091-01-01"))), "[12]");
  EXPECT_EQ(age(now().as_of(tie)), "[11]");
  EXPECT_EQ(now().as_of(instant("2091-01-01")).as_of_t(), last_of_tie);
  EXPECT_EQ(now().since(instant("2091-01-01")).since_t(), last_of_tie);
  EXPECT_EQ(age(now().since(instant("2091-01-01"))), "[13]");
  EXPECT_EQ(age(now().as_of(instant("2200-01-01"))), "[13]");
  EXPECT_EQ(age(now().as_of(instant("1960-01-01"))), "[]");
  EXPECT_EQ(age(now().since(instant("1960-01-01"))), "[13]");
}

TEST_F(Time, WhatIsNoMomentIsRefused) {
  for (const value& wrong :
       {value{"now"}, value{1.5}, value{-1}, value{datoms::entid_at(datoms::part_user, 1)}, value{}}) {
    expect_refusal([&] { now().as_of(wrong); }, error_category::incorrect, "db.error/invalid-moment", "a T");
    expect_refusal([&] { now().since(wrong); }, error_category::incorrect, "db.error/invalid-moment", "a T");
  }
}

TEST_F(Time, ThePastIsReadByTheSchemaOfNow) {
  transact(conn, "[[:db/add :age :db/ident :years] [:db/add :age :db/cardinality :db.cardinality/many]]");
  const db past = now().as_of(t[0]);
  EXPECT_TRUE(past.attribute(kw("years"))->many);
  EXPECT_EQ(values_of(past, 101, "years"), "[1]");
  EXPECT_EQ(values_of(past, 101, "age"), "[1]");  // an old name keeps resolving
}

TEST_F(Time, SinceHidesIdentitiesSoLookupRefsResolveAgainstWhatItShows) {
  const value ivan = read_edn("[:name \"Ivan\"]"), anna = read_edn("[:name \"Anna\"]");
  EXPECT_EQ(now().since(t[0]).entid(ivan), std::nullopt);
  EXPECT_EQ(now().since(t[0]).entid(anna), 102);
  EXPECT_EQ(now().since(t[1]).entid(anna), std::nullopt);
  EXPECT_EQ(now().since(t[0] - 1).entid(ivan), 101);
  EXPECT_EQ(now().since(t[2]).entid(kw("age")), now().entid(kw("age")));  // idents are those of the schema
  EXPECT_EQ(age(now().since(t[1])), "[3]");                               // so: resolve there, read here
}

TEST_F(Time, HistoryShowsBothEndsOfEveryInterval) {
  const auto a = now().attribute(kw("age"))->id;
  std::vector<std::pair<std::string, std::int64_t>> found;
  for (const datom& d : now().history().datoms(index_order::eavt, 101, kw("age"))) {
    EXPECT_EQ(d.a, a);
    found.emplace_back(to_edn(d.v), d.t_op);
  }
  using datoms::t_to_tx;
  EXPECT_EQ(found, (std::vector<std::pair<std::string, std::int64_t>>{{"1", make_t_op(t[0], true)},
                                                                      {"1", make_t_op(t[1], false)},
                                                                      {"2", make_t_op(t[1], true)},
                                                                      {"2", make_t_op(t[2], false)},
                                                                      {"3", make_t_op(t[2], true)}}));
}

TEST_F(Time, OnAHistoryNothingReadsAnEntity) {
  std::vector<value> out;
  std::vector<std::size_t> ends;
  const entity_id e[] = {101};
  const attribute_id a = now().attribute(kw("age"))->id;
  for (const db& all : {now().history(), now().as_of(t[1]).history(), now().history().since(t[0])}) {
    EXPECT_TRUE(all.is_history());
    const auto code = "db.error/history-db";
    expect_refusal([&] { all.access().read(101, a, out); }, error_category::unsupported, code, "history");
    expect_refusal([&] { all.access().read_many(e, a, out, ends); }, error_category::unsupported, code,
                   "history");
  }
}

TEST_F(Time, AFactThatCameBackIsThereOnceAndItsGapStays) {
  const auto away = transact(conn, "[[:db/retract 101 :age 3]]").t;
  const auto back = transact(conn, "[[:db/add 101 :age 3]]").t;
  const auto again = transact(conn, "[[:db/add 101 :age 3]]").t;  // adds nothing
  EXPECT_EQ(age(now().as_of(away - 1)), "[3]");
  EXPECT_EQ(age(now().as_of(away)), "[]");
  EXPECT_EQ(age(now().as_of(back)), "[3]");
  EXPECT_EQ(age(now()), "[3]");
  EXPECT_EQ(age(now().since(back - 1)), "[3]");
  EXPECT_EQ(age(now().since(back)), "[]");
  EXPECT_EQ(now().datoms(index_order::eavt, 101, kw("age")).to_vector().front().t(), back);
  EXPECT_EQ(now().history().datoms(index_order::eavt, 101, kw("age"), 3).to_vector().size(), 3u);
  EXPECT_EQ(again, back + 1);
}

// -- filter

bool is_age(const db& in, const datom& d) { return d.a == in.attribute(kw("age"))->id; }

TEST_F(Time, AFilterShowsOnlyWhatItsPredicateLetsPassInEveryIndex) {
  const db ages = now().filter(is_age);
  EXPECT_TRUE(ages.is_filtered());
  EXPECT_FALSE(now().is_filtered());
  EXPECT_EQ(age(ages), "[3]");
  EXPECT_EQ(values_of(ages, 101, "tag"), "[]");
  EXPECT_EQ(ages.entid(read_edn("[:name \"Ivan\"]")), std::nullopt);
  for (const index_order order :
       {index_order::eavt, index_order::aevt, index_order::avet, index_order::vaet}) {
    for (const bool descending : {false, true}) {
      std::vector<std::string> expected, found;
      datom_range all{.index = order, .descending = descending};
      for (const datom& d : now().datoms(all)) {
        if (is_age(now(), d)) expected.push_back(std::to_string(d.e) + to_edn(d.v));
      }
      for (const datom& d : ages.datoms(all)) found.push_back(std::to_string(d.e) + to_edn(d.v));
      EXPECT_EQ(found, expected);
    }
  }
}

TEST_F(Time, APredicateIsGivenTheUnfilteredDb) {
  // Only what transactions by "me" said: to know that, the predicate reads what the filter hides.
  const auto by_me = [](const db& in, const datom& d) {
    return values_of(in, datoms::t_to_tx(d.t()), "by") == "[\"me\"]" && d.e == 101;
  };
  for (const db& mine :
       {now().filter(by_me), now().since(t[1]).filter(by_me), now().filter(by_me).since(t[1])}) {
    EXPECT_EQ(age(mine), "[3]");
  }
  EXPECT_EQ(age(now().as_of(t[1]).filter(by_me)), "[]");
  EXPECT_EQ(age(now().filter(by_me).as_of(t[0])), "[1]");
  EXPECT_EQ(now().history().filter(by_me).datoms(index_order::eavt, 101, kw("age")).to_vector().size(), 3u);
}

TEST_F(Time, APredicateIsGivenTheDbOfTheFiltersMoment) {
  const auto young = [](const db& in, const datom& d) {
    return d.e == 101 && values_of(in, 101, "age") == "[1]";
  };
  EXPECT_EQ(age(now().filter(young).as_of(t[0])), "[1]");
  EXPECT_EQ(age(now().as_of(t[0]).filter(young)), "[1]");
  EXPECT_EQ(age(now().filter(young)), "[]");
}

TEST_F(Time, FiltersComposeByAnd) {
  const auto is_101 = [](const db&, const datom& d) { return d.e == 101; };
  const auto is_new = [&](const db&, const datom& d) { return d.t() > t[0]; };
  const db both = now().filter(is_101).filter(is_new), other = now().filter(is_new).filter(is_101);
  EXPECT_EQ(all_facts(both), all_facts(other));
  EXPECT_EQ(both.datoms(index_order::eavt).to_vector().size(), 1u);
  EXPECT_EQ(age(both), "[3]");
  EXPECT_EQ(values_of(both, 102, "name"), "[]");
}

TEST_F(Time, CountsOfAFilteredDbAreItsOwn) {
  const auto even = [](const db&, const datom& d) { return d.v.is(kind::long_) && d.v.as_long() % 100 == 0; };
  std::string many = "[";
  for (int i = 0; i < 20'000; ++i)
    many += "[:db/add " + std::to_string(20'000 + i) + " :age " + std::to_string(i) + "]";
  transact(conn, many + "]");
  const db some = now().filter(even);
  const auto a = now().attribute(kw("age"))->id;
  const auto count = [&](int from, int to) {
    return some.count({.index = index_order::avet,
                       .a = a,
                       .start = range_bound{value{from}, true},
                       .stop = range_bound{value{to}, false}});
  };
  EXPECT_EQ(count(0, 1), 1u);
  EXPECT_EQ(count(1, 100), 0u);
  EXPECT_EQ(count(100, 4000), 39u);
  EXPECT_EQ(some.count({.index = index_order::eavt, .e = 102}), 0u);
  const auto all = some.count({.index = index_order::avet, .a = a});
  EXPECT_GT(all, datoms::exact_count_limit);  // 200 of 20,000: too long to read, guessed from a part
  EXPECT_LT(all, 400u);
}

TEST_F(Time, ACountOfThePastIsExactWhenItIsSmallAndNeverLooksExactWhenItIsNot) {
  std::string add = "[", retract = "[";
  for (int i = 0; i < 200; ++i) {
    add += "[:db/add 300 :tag \"" + std::to_string(i) + "\"]";
    retract += "[:db/retract 300 :tag \"" + std::to_string(i) + "\"]";
  }
  const auto full = transact(conn, add + "]").t;
  transact(conn, retract + "]");
  const auto count = [](const db& in) { return in.datoms(index_order::eavt, 300).count(); };
  EXPECT_EQ(count(now()), 0u);
  EXPECT_EQ(count(now().as_of(full - 1)), 0u);
  EXPECT_EQ(count(now().since(full)), 0u);
  EXPECT_GT(count(now().as_of(full)), datoms::exact_count_limit);
  EXPECT_GT(count(now().history()), datoms::exact_count_limit);
}

TEST_F(Time, WhatAPredicateThrowsTheReaderGets) {
  const db broken = now().filter([](const db&, const datom&) -> bool { throw std::runtime_error{"no"}; });
  EXPECT_THROW(broken.datoms(index_order::eavt).to_vector(), std::runtime_error);
}

// -- all together

TEST(TimeViews, CombineInAnyOrder) {
  for (const store& in : all_stores()) {
    SCOPED_TRACE(in.name);
    connection conn{in.open()};
    transact(conn, schema);
    std::mt19937 random{11};
    for (int i = 0; i < 30; ++i) {
      std::string text = "[";
      for (int n = 0; n < 3; ++n) {
        const std::string e = std::to_string(101 + random() % 4), v = std::to_string(random() % 3);
        text += random() % 3 == 0
                    ? "[:db/retract " + e + " :age " + v + "]"
                    : "[:db/add " + e + (random() % 2 == 0 ? " :tag \"" + v + "\"]" : " :boss 10" + v + "]");
      }
      try {
        transact(conn, text + "[:db/add 105 :age " + std::to_string(i) + "]]");
      } catch (const error& e) {
        EXPECT_EQ(e.code(), "db.error/datoms-conflict") << e.message();
      }
    }
    const auto odd = [](const db&, const datom& d) { return d.e % 2 != 0; };
    const auto untagged = [](const db& seen, const datom& d) {
      return values_of(seen, d.e, "tag") != "[\"1\"]";
    };
    const std::int64_t a = 1008, b = 1020, c = 1025;
    using step = std::function<db(const db&)>;
    std::vector<step> steps{[&](const db& d) { return d.as_of(b); }, [&](const db& d) { return d.since(a); },
                            [&](const db& d) { return d.filter(odd); },
                            [&](const db& d) { return d.filter(untagged); },
                            [&](const db& d) { return d.as_of(c); }};
    for (const bool history : {false, true}) {
      if (history) steps.push_back([](const db& d) { return d.history(); });
      std::set<std::string> expected;
      for (int i = 0; i < 12; ++i) {
        std::shuffle(steps.begin(), steps.end(), random);
        db view = conn.db();
        for (const step& one : steps) view = one(view);
        if (i == 0) expected = all_facts(view);
        ASSERT_EQ(all_facts(view), expected);
        ASSERT_EQ(all_facts(view, index_order::aevt), expected);
        ASSERT_EQ(view.is_history(), history);
        ASSERT_EQ(view.as_of_t(), b);
        ASSERT_EQ(view.since_t(), a);
      }
      ASSERT_FALSE(expected.empty());
    }
  }
}

}  // namespace time_test
