// How large a number the store keeps: a bigint of 8192 bits, a bigdec of 1024 digits. At the limit it is a
// value like any other, on every store; beyond it is refused by name.
#include "stores.hpp"
#include "support.hpp"

#include <datolite/core/bignum.hpp>
#include <datolite/datoms/bulk_load.hpp>

#include <chrono>

namespace number_limits_test {

using namespace datolite_test;

constexpr std::string_view schema = R"([
  {:db/ident :big   :db/valueType :db.type/bigint :db/cardinality :db.cardinality/one :db/unique :db.unique/identity}
  {:db/ident :price :db/valueType :db.type/bigdec :db/cardinality :db.cardinality/one  :db/index true}
  {:db/ident :bigs  :db/valueType :db.type/bigint :db/cardinality :db.cardinality/many :db/index true}
  {:db/ident :age   :db/valueType :db.type/long   :db/cardinality :db.cardinality/one}
  {:db/ident :pair  :db/valueType :db.type/tuple  :db/cardinality :db.cardinality/one
   :db/tupleTypes [:db.type/bigint :db.type/bigdec]}
  {:db/ident :both  :db/valueType :db.type/tuple :db/cardinality :db.cardinality/one :db/tupleAttrs [:big :price]}])";

const big_integer beyond = big_integer{1} << 8192;  // of 8193 bits
const value greatest = make_bigint(big_integer{beyond - 1}), least = make_bigint(big_integer{1 - beyond});

std::string digits(std::size_t n) { return std::string(n, '7'); }
std::string text(const value& v) { return to_edn(v); }

TEST(NumberLimits, ABigintHas8192BitsAndABigdec1024DigitsAndWhatIsBeyondIsRefusedByName) {
  connection conn{new_memory()};
  transact(conn, schema);
  const std::string big = text(make_bigint(beyond)), negative = text(make_bigint(big_integer{-beyond}));
  const auto refused = [&](const std::string& data, std::string_view words) {
    expect_refused(conn, data, "db.error/number-size", words);
  };
  refused("[[:db/add 101 :big " + big + "]]",
          ":big takes no bigint of more than 8192 bits, and this one has 8193");
  refused("[[:db/add 101 :big " + negative + "]]", "in [:db/add 101 :big -1090748");
  refused("[{:db/id 101 :bigs [1 " + big + "]}]", ":bigs");
  refused("[[:db/cas 101 :big nil " + big + "]]", ":big");
  refused("[[:db/retract 101 :big " + big + "]]", ":big");
  refused("[[:db/add 101 :pair [" + big + " nil]]]", "element 0 of the attribute :pair");
  refused("[[:db/add 101 :price " + digits(1025) + "M]]",
          ":price takes no bigdec of more than 1024 digits, and this one has 1025");
  refused("[[:db/add 101 :price -" + digits(1024) + ".0M]]", "1025");
  refused("[[:db/add 101 :pair [1 0." + digits(1025) + "M]]]", "element 1 of the attribute :pair");
  expect_refused(conn, "[[:db/add 101 :age " + big + "]]", "db.error/wrong-type-for-attribute", ":age");
}

TEST(NumberLimits, AnOpenSchemaHasThemToo) {
  connection conn{new_memory(), {.open_schema = true}};
  transact(conn, "[{:db/id 101 :n " + text(greatest) + " :d " + digits(1024) + "M}]");
  expect_refused(conn, "[[:db/add 102 :n " + text(make_bigint(beyond)) + "]]", "db.error/number-size", ":n");
  expect_refused(conn, "[[:db/add 102 :n " + digits(1025) + "M]]", "db.error/number-size", ":n");
}

TEST(NumberLimits, OfABigdecTheDigitsCountAndNeitherPointNorExponent) {
  connection conn{new_memory()};
  transact(conn, schema);
  for (const std::string& one :
       {"0." + digits(1024) + "M", digits(500) + "." + digits(524) + "M", std::string{"0.00M"},
        digits(1024) + "E-1000M", std::string{"1E+1000000M"}, std::string{"1E-1000000M"}}) {
    transact(conn, "[[:db/add 101 :price " + one + "]]");
    EXPECT_EQ(read_edn(values_of(conn.db(), 101, "price")), read_edn("[" + one + "]"));
  }
}

TEST(NumberLimits, ABulkLoadHasThemToo) {
  const any_storage kept = new_memory();
  connection conn{kept, {.layout = index_layout::packed}};
  transact(conn, schema);
  try {
    bulk_load load{conn};
    load.transact(read_edn("[[:db/add 101 :big " + text(greatest) + "]]"));
    load.transact(read_edn("[[:db/add 102 :big " + text(make_bigint(beyond)) + "]]"));
    ADD_FAILURE() << "was not refused";
  } catch (const error& e) {
    EXPECT_EQ(e.code(), "db.error/number-size");
  }
}

TEST(NumberLimits, AtTheLimitANumberIsKeptFoundOrderedAndComparedOnEveryStore) {
  const std::vector<value> ascending = {
      least,          make_bigint(big_integer{2 - beyond}), make_bigint(-1),
      make_bigint(0), make_bigint(big_integer{beyond / 2}), make_bigint(big_integer{beyond - 2}),
      greatest};
  const std::vector<std::string> decimals = {"-" + digits(1024) + "M",   "-0." + digits(1024) + "M",
                                             "0." + digits(1023) + "6M", "0." + digits(1024) + "M",
                                             digits(1023) + "6M",        digits(1024) + "M"};
  for (const store& in : all_stores()) {
    SCOPED_TRACE(in.name);
    std::optional<connection> conn{std::in_place, in.open()};
    transact(*conn, schema);
    for (std::size_t i = ascending.size(); i-- > 0;) {
      const std::string e = std::to_string(100 + i), n = text(ascending[i]);
      transact(*conn, "[[:db/add " + e + " :big " + n + "] [:db/add 99 :bigs " + n + "]]");
    }
    for (std::size_t i = 0; i < decimals.size(); ++i)
      transact(*conn, "[[:db/add " + std::to_string(100 + i) + " :price " + decimals[i] + "]]");
    transact(*conn, "[[:db/add 200 :pair [" + text(greatest) + " " + decimals.back() + "]]]");
    const auto then = conn->db().basis_t();
    transact(*conn, "[[:db/retract 99 :bigs " + text(greatest) + "]]");
    conn.reset(), conn.emplace(in.open());
    const db now = conn->db();
    for (std::size_t i = 0; i < ascending.size(); ++i) {
      EXPECT_EQ(now.entid(value::vector({kw("big"), ascending[i]})), static_cast<entity_id>(100 + i));
      EXPECT_EQ(now.datoms(index_order::avet, kw("bigs"), ascending[i]).to_vector().size(),
                i + 1 < ascending.size());
    }
    const auto found = [](const datom_run& run) {
      std::vector<value> out;
      for (const datom& d : run) out.push_back(d.v);
      return out;
    };
    EXPECT_EQ(found(now.as_of(then).datoms(index_order::avet, kw("bigs"))), ascending);
    EXPECT_EQ(found(now.datoms(index_order::avet, kw("big"))), ascending);
    EXPECT_EQ(found(now.index_range(kw("big"), ascending[1], greatest)).size(), 5u);
    EXPECT_EQ(found(now.index_range(kw("big"), greatest, {})), std::vector{greatest});
    std::vector<value> prices;
    for (const std::string& one : decimals) prices.push_back(read_edn(one));
    EXPECT_EQ(found(now.datoms(index_order::avet, kw("price"))), prices);
    EXPECT_EQ(transact(*conn, "[[:db/add 106 :big " + text(greatest) + "]]").tx_data.size(), 1u);
    EXPECT_EQ(transact(*conn, "[{:db/id \"t\" :big " + text(least) + " :age 1}]").resolve_tempid("t"), 100);
    EXPECT_EQ(transact(*conn, "[[:db/cas 106 :big " + text(greatest) + " 5]]").tx_data.size(),
              5u);  // and :both
  }
}

TEST(NumberLimits, ALookupRefMayWriteABigintAsALongAndAFloatAsADouble) {
  connection conn{new_memory()};
  transact(conn, schema);
  transact(conn, R"([{:db/ident :ratio :db/valueType :db.type/float :db/cardinality :db.cardinality/one
                      :db/unique :db.unique/identity}
                     {:db/ident :bt :db/valueType :db.type/tuple :db/cardinality :db.cardinality/one
                      :db/unique :db.unique/identity :db/tupleAttrs [:big :age]}])");
  transact(conn, "[{:db/id 101 :big 5 :ratio 0.1 :age 1} {:db/id 102 :ratio ##Inf}]");
  for (const char* ref : {"[:big 5]", "[:big 5N]", "[:ratio 0.1]", "[:bt [5 1]]", "[:bt [5N 1]]"}) {
    EXPECT_EQ(conn.db().entid(read_edn(ref)), 101) << ref;
  }
  EXPECT_EQ(conn.db().entid(read_edn("[:ratio 1e300]")), std::nullopt);  // is no float, and so not ##Inf
  transact(conn, "[[:db/add [:big 5] :age 2]]");
  EXPECT_EQ(values_of(conn.db(), 101, "age"), "[2]");
}

/// Reading and refusing must not take a time that grows with the square of the length.
TEST(NumberLimits, AMegabyteOfDigitsIsRefusedAtOnce) {
  const auto start = std::chrono::steady_clock::now();
  for (const char* end : {"", "N", "M", ".5M", "E+3M"}) {
    try {
      read_edn(std::string(1'000'000, '7') + end);
      ADD_FAILURE() << "was not refused";
    } catch (const error& e) {
      EXPECT_EQ(e.code(), "edn.error/number-size") << e.message();
      EXPECT_NE(e.message().find("more than 100000 digits"), std::string::npos) << e.message();
    }
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds{5});
}

}  // namespace number_limits_test
