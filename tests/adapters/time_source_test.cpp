// The moment as a column before the others; a transaction's datoms as a source with idents.
#include <datolite/adapters/as_of_source.hpp>
#include <datolite/adapters/traced_source.hpp>
#include <datolite/adapters/tx_data_source.hpp>
#include <datolite/datolite.hpp>

#include <gtest/gtest.h>

namespace time_source_test {

using namespace datolite;
using namespace datolite::literals;

/// The article's: an entity whose one attribute is touched in the transaction in which the other has its old
/// value.
struct my_things {
  connection conn{engines::memory{}};
  std::int64_t e = 17592186045418, tx = 0, later = 0;
  my_things() {
    conn.transact(R"([{:db/ident :my/attr :db/valueType :db.type/string :db/cardinality :db.cardinality/one}
                      {:db/ident :my/other-attr :db/valueType :db.type/string :db/cardinality :db.cardinality/one}])"_edn);
    conn.transact("[]"_edn), conn.transact("[]"_edn);  // so that the next has the article's number
    tx = datoms::t_to_tx(
        conn.transact(R"([{:db/id 17592186045418 :my/attr "x" :my/other-attr "oldvalue"}])"_edn).t);
    later = datoms::t_to_tx(conn.transact(R"([{:db/id 17592186045418 :my/other-attr "newvalue"}])"_edn).t);
  }
};

TEST(as_of_source, joins_each_row_with_what_was_true_at_its_moment) {
  const my_things made;
  const db now = made.conn.db();
  const auto found =
      q("[:find ?e ?tx ?v :in $ $history :where [$history ?e :my/attr _ ?tx] [$ ?tx ?e :my/other-attr ?v]]",
        adapters::as_of_source{now}, now.history());
  EXPECT_EQ(to_edn(found.as_value(), edn_style::plain), R"(#{[17592186045418 13194139534315 "oldvalue"]})");
}

TEST(as_of_source, takes_a_moment_as_a_constant_or_an_input) {
  const my_things made;
  const adapters::as_of_source past{made.conn.db()};
  EXPECT_EQ(q("[:find ?v . :in $ ?tx :where [$ ?tx _ :my/other-attr ?v]]", past, made.tx).as_value(),
            value{"oldvalue"});
  EXPECT_EQ(q("[:find [?v ...] :in $ [?tx ...] :where [$ ?tx _ :my/other-attr ?v]]", past,
              value::vector({made.tx, made.later, made.tx - 1}))
                .as_value(),
            "#{\"oldvalue\" \"newvalue\"}"_edn);
}

TEST(as_of_source, shows_predicates_the_moment) {
  const my_things made;
  const auto is_first = [&](std::int64_t e, std::int64_t tx) { return e == made.e && tx == made.tx; };
  EXPECT_EQ(q("[:find ?v . :in $ ?p [?tx ...] :where [$ ?tx ?e :my/other-attr ?v] [(?p ?e ?tx)]]",
              adapters::as_of_source{made.conn.db()}, is_first, value::vector({made.tx, made.later}))
                .as_value(),
            value{"oldvalue"});
}

TEST(as_of_source, without_a_moment_is_refused) {
  const my_things made;
  try {
    q("[:find ?v :where [$ ?tx ?e :my/other-attr ?v]]", adapters::as_of_source{made.conn.db()});
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), "db.error/insufficient-binding");
    EXPECT_NE(e.message().find("must be bound"), std::string::npos) << e.message();
  }
}

/// What a rule or a disjunction needs bound because of a source in it, it waits for.
TEST(as_of_source, gets_its_moment_within_rules_and_disjunctions_too) {
  const my_things made;
  const db now = made.conn.db();
  const adapters::as_of_source past{now};
  const char* rules = "[[(had ?tx ?e ?v) [?tx ?e :my/other-attr ?v]] [(any ?tx ?e ?v) (had ?tx ?e ?v)]]";
  for (const char* clause :
       {"($ had ?tx ?e ?v)", "($ any ?tx ?e ?v)", "($ or [?tx ?e :my/other-attr ?v] [?tx ?e :no/such ?v])",
        "[$ ?tx ?e :my/other-attr ?v]"}) {
    // Another clause binds ?e to few values first, and leaves the moments to one that is not linked with it.
    const std::string text = "[:find [?v ...] :in $ $history % :where [(ground [17592186045418]) [?e ...]] " +
                             std::string{clause} + " [$history ?x _ _ ?tx]]";
    EXPECT_EQ(q(text, past, now.history(), rules).as_value(), "#{\"newvalue\" \"oldvalue\"}"_edn) << text;
    // The same query of a source that needs nothing bound.
    const std::vector<std::vector<value>> rows{{1, 17592186045418, "my/other-attr"_kw, "plain"}};
    EXPECT_EQ(q(text, rows, std::vector<std::vector<value>>{{2, 3, 3, 1}, {4, 5, 6, 1}}, rules).as_value(),
              "#{\"plain\"}"_edn)
        << text;
  }
}

TEST(as_of_source, is_named_with_the_slot_or_the_value_that_is_wrong) {
  const my_things made;
  const adapters::as_of_source past{made.conn.db()};
  const auto refused = [&](const char* text, const value& moments) {
    try {
      q(text, past, moments);
    } catch (const error& e) {
      return e.message();
    }
    return std::string{};
  };
  EXPECT_EQ(refused("[:find ?v :in $ [?t ...] :where [_ ?e :my/attr ?v]]", "[1]"_edn),
            "slot 0 must be bound, and is not, in [_ ?e :my/attr ?v]");
  EXPECT_EQ(refused("[:find ?v :in $ [?t ...] :where [?t ?e :my/attr ?v]]", "[\"a\"]"_edn),
            "a moment is a T, a transaction's id, or an instant, not \"a\", in [?t ?e :my/attr ?v]");
}

TEST(tx_data_source, knows_attributes_and_entities_by_their_names) {
  my_things made;
  const auto report = made.conn.transact(R"([{:db/id 17592186045418 :my/other-attr "third"}
                                             {:db/id 17592186045419 :my/attr "y" :db/ident :the/other}])"_edn);
  const adapters::tx_data_source data{report.db_after, report.tx_data};
  EXPECT_EQ(q("[:find ?v ?added :where [17592186045418 :my/other-attr ?v _ ?added]]", data).as_value(),
            "#{[\"newvalue\" false] [\"third\" true]}"_edn);
  EXPECT_EQ(q("[:find ?v . :where [:the/other :my/attr ?v]]", data).as_value(), value{"y"});
  EXPECT_EQ(q("[:find ?v . :in $ [?a ...] :where [_ ?a ?v]]", data, "[:my/attr]"_edn).as_value(), value{"y"});
  EXPECT_EQ(q("[:find ?old ?new :in $data $ :where [$data ?e :my/other-attr ?old _ false] [?e :my/other-attr "
              "?new]]",
              data, report.db_after)
                .as_value(),
            "#{[\"newvalue\" \"third\"]}"_edn);
}

}  // namespace time_source_test
