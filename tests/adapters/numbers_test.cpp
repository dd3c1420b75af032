// Numbers of every kind meet numbers of every other: as constants, as bound values, as bounds, on every
// built-in source and in every way of joining, with the answer of a plain comparison of the values.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <datolite/adapters/as_of_source.hpp>
#include <datolite/adapters/key_relation.hpp>
#include <datolite/adapters/log_source.hpp>
#include <datolite/adapters/sorted_source.hpp>
#include <datolite/adapters/structs.hpp>
#include <datolite/adapters/tx_data_source.hpp>
#include <datolite/datolite.hpp>
#include <datolite/query/forced_way.hpp>

#include <gtest/gtest.h>
#include <boost/hana/define_struct.hpp>
#include <support/effort.hpp>

namespace numbers_test {

struct measured {
  BOOST_HANA_DEFINE_STRUCT(measured, (std::int64_t, key), (double, size));
};
struct counted {
  BOOST_HANA_DEFINE_STRUCT(counted, (std::int64_t, key), (std::int64_t, size));
};

using namespace datolite;
using namespace datolite::literals;
using query::detail::forced_way;
using query::detail::way;

constexpr std::int64_t base = std::int64_t{4} << 42;

const std::vector<std::pair<kind, std::vector<value>>> numbers{
    {kind::long_,
     {-2, -1, 0, 1, 2, 3, 9007199254740992, 9007199254740993, std::numeric_limits<std::int64_t>::max(),
      std::numeric_limits<std::int64_t>::min(), 4611686018427387904}},
    {kind::double_,
     {-1.5, -1.0, -0.0, 0.0, 0.1, 0.5, 1.0, 1.5, 2.0, 9007199254740992.0, 9223372036854775808.0, 1e300}},
    {kind::float_,
     {value{-1.5F}, value{0.0F}, value{0.1F}, value{0.5F}, value{1.0F}, value{2.0F}, value{16777216.0F}}},
    {kind::bigint,
     {"-1N"_edn, "0N"_edn, "1N"_edn, "2N"_edn, "9007199254740993N"_edn, "9223372036854775807N"_edn,
      "9223372036854775808N"_edn, "-9223372036854775809N"_edn}},
    {kind::bigdec,
     {"-1M"_edn, "0M"_edn, "0.1M"_edn, "1M"_edn, "1.00M"_edn, "1.5M"_edn, "9007199254740993M"_edn,
      "9223372036854775808M"_edn}},
    // No numbers, but words like them: 1 is not the moment a millisecond after the first, nor true.
    {kind::instant,
     {"#inst \"1970-01-01T00:00:00.000Z\""_edn, "#inst \"1970-01-01T00:00:00.001Z\""_edn,
      "#inst \"1969-12-31T23:59:59.999Z\""_edn}},
    {kind::boolean, {false, true}}};

/// All of them, and some that no source holds.
std::vector<value> probes() {
  std::vector<value> out;
  for (const auto& [k, values] : numbers) out.insert(out.end(), values.begin(), values.end());
  for (const double d : {HUGE_VAL, -HUGE_VAL, std::nan("")}) out.emplace_back(d);
  out.emplace_back(base + 1), out.push_back(value::ref(base + 1)),
      out.emplace_back(static_cast<double>(base + 1));
  out.emplace_back("1"), out.emplace_back();
  return out;
}

const std::vector<std::pair<const char*, query::comparison>> operators{
    {"<", query::comparison::less},    {"<=", query::comparison::less_equal},
    {"=", query::comparison::equal},   {">=", query::comparison::greater_equal},
    {">", query::comparison::greater}, {"not=", query::comparison::not_equal}};

bool model(query::comparison op, const value& a, const value& b) {
  const auto order = compare_values(a, b);
  switch (op) {
    case query::comparison::less: return order < 0;
    case query::comparison::less_equal: return order <= 0;
    case query::comparison::greater_equal: return order >= 0;
    case query::comparison::greater: return order > 0;
    case query::comparison::equal: return query_equal(a, b);
    default: return !query_equal(a, b);
  }
}

using table = std::vector<std::pair<value, value>>;  // key, number
using keys = std::set<std::pair<value, value>>;

std::string with(std::string pattern, const std::string& v) {
  return pattern.replace(pattern.find('V'), 1, v);
}

keys found(const std::string& text, const std::vector<query::argument>& args) {
  keys out;
  for (const auto& row : q({.query = query::prepared{read_edn(text)}, .args = args})) {
    const value second = row.size() > 1 ? value{row[1]} : value{};
    out.emplace(query_canonical(row[0]), query_canonical(second));
  }
  return out;
}

/// `pattern` has ?k for the key and V for the number. Of the single numbers, every `step`-th is asked.
void check(const char* name, const query::argument& source, const std::string& pattern, const table& rows,
           std::size_t step = 1) {
  const auto all = probes();
  step = test::stride(step);
  const auto wanted = [&](auto&& passes) {
    keys out;
    for (const auto& [k, v] : rows) {
      if (passes(v)) out.emplace(query_canonical(k), value{});
    }
    return out;
  };
  for (std::size_t i = rows.size() % step; i < all.size(); i += step) {
    const value& p = all[i];
    ASSERT_EQ(found("[:find ?k :in $ ?p :where " + with(pattern, "?p") + "]", {source, p}),
              wanted([&](const value& v) { return query_equal(v, p); }))
        << name << " as a constant " << to_edn(p);
    for (const auto& [op, meaning] : operators) {
      ASSERT_EQ(
          found("[:find ?k :in $ ?p :where " + with(pattern, "?v") + " [(" + op + " ?v ?p)]]", {source, p}),
          wanted([&, m = meaning](const value& v) { return model(m, v, p); }))
          << name << " ?v " << op << " " << to_edn(p);
      if (meaning != query::comparison::less && meaning != query::comparison::greater_equal) continue;
      ASSERT_EQ(
          found("[:find ?k :in $ ?p :where [(" + std::string{op} + " ?p ?v)] " + with(pattern, "?v") + "]",
                {source, p}),
          wanted([&, m = meaning](const value& v) { return model(m, p, v); }))
          << name << " " << to_edn(p) << " " << op << " ?v";
    }
  }
  std::vector<value> listed;
  keys equal, less;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const value number{static_cast<std::int64_t>(i)};
    listed.push_back(value::vector({number, all[i]}));
    for (const auto& [k, v] : rows) {
      if (query_equal(v, all[i])) equal.emplace(query_canonical(k), number);
      if (compare_values(v, all[i]) < 0) less.emplace(query_canonical(k), number);
    }
  }
  for (int w = 0; w < static_cast<int>(way::count); ++w) {
    forced_way = static_cast<way>(w);
    EXPECT_EQ(found("[:find ?k ?i :in $ [[?i ?p]] :where " + with(pattern, "?p") + "]",
                    {source, value::vector(listed)}),
              equal)
        << name << " joined, way " << w;
    EXPECT_EQ(found("[:find ?k ?i :in $ [[?i ?p]] :where " + with(pattern, "?v") + " [(< ?v ?p)]]",
                    {source, value::vector(listed)}),
              less)
        << name << " compared with what is joined, way " << w;
    forced_way = way::cheapest;
  }
}

/// Rows numbered from 0, of numbers of these kinds.
table rows_of(const std::vector<kind>& kinds) {
  table out;
  for (const auto& [k, values] : numbers) {
    if (std::find(kinds.begin(), kinds.end(), k) == kinds.end()) continue;
    for (const value& v : values) out.emplace_back(static_cast<std::int64_t>(out.size()), v);
  }
  return out;
}

const std::vector<kind> every_kind{kind::long_,  kind::double_, kind::float_, kind::bigint,
                                   kind::bigdec, kind::instant, kind::boolean};

TEST(numbers_across_kinds, in_ranges_maps_structs_and_sorted_ranges) {
  const table mixed = rows_of(every_kind);
  check("pairs", mixed, "[?k V]", mixed);
  std::vector<std::vector<value>> turned;
  for (const auto& [k, v] : mixed) turned.push_back({v, k});
  std::sort(turned.begin(), turned.end());
  check("sorted", adapters::sorted(turned), "[V ?k]", mixed);

  const table doubles = rows_of({kind::double_}), floats = rows_of({kind::float_}),
              longs = rows_of({kind::long_});
  std::vector<std::tuple<double, std::int64_t>> of_doubles;
  std::vector<std::tuple<std::int64_t, float>> of_floats;
  std::vector<measured> sizes;
  std::vector<counted> counts;
  std::map<std::int64_t, std::int64_t> by_key;
  for (const auto& [k, v] : doubles) of_doubles.emplace_back(v.as_double(), k.word());
  for (const auto& [k, v] : doubles) sizes.push_back({k.word(), v.as_double()});
  for (const auto& [k, v] : floats) of_floats.emplace_back(k.word(), v.as_float());
  for (const auto& [k, v] : longs)
    counts.push_back({k.word(), v.as_long()}), by_key.emplace(k.word(), v.as_long());
  std::sort(of_doubles.begin(), of_doubles.end(), [](const auto& a, const auto& b) {
    return stored_order(value{std::get<0>(a)}, value{std::get<0>(b)}) < 0;
  });
  check("sorted doubles", adapters::sorted(of_doubles), "[V ?k]", doubles);
  check("tuples of floats", of_floats, "[?k V]", floats);
  check("structs of doubles", adapters::structs(sizes), "[?k V]", doubles);
  check("structs of longs", adapters::structs(counts), "[?k V]", longs);
  check("a map of longs", by_key, "[?k V]", longs);
}

TEST(numbers_across_kinds, as_keys_of_an_engine) {
  for (const kind k : {kind::long_, kind::double_, kind::float_, kind::bigint, kind::bigdec, kind::instant,
                       kind::boolean, kind::nil}) {
    const table rows = rows_of(k == kind::nil ? every_kind : std::vector{k});
    engines::memory store;
    const adapters::key_layout layout{"n/", {k, kind::long_}};
    auto t = ensure_transaction(store);
    for (const auto& [key, v] : rows) t = put(std::move(t), layout.key({v, key}), "");
    check(("keys of " + std::string{to_string(k)}).c_str(), adapters::key_relation{layout, t}, "[V ?k]",
          rows);
  }
}

/// For each kind an attribute whose values AVET has, and one whose it has not.
struct stored_numbers {
  connection conn{engines::memory{}};
  std::map<std::string, table> rows;
  std::vector<datom> last;
  std::int64_t t = 0;

  stored_numbers() {
    std::string schema = "[{:db/ident :ref :db/valueType :db.type/ref :db/cardinality :db.cardinality/one}";
    std::vector<value> facts;
    std::int64_t next = base + 1000;
    for (const kind k : every_kind) {
      for (const char* index : {"true", "false"}) {
        const std::string name = std::string{to_string(k)} + "-" + index;
        schema += " {:db/ident :" + name + " :db/valueType :db.type/" + std::string{to_string(k)} +
                  " :db/cardinality :db.cardinality/one :db/index " + index + "}";
        for (const auto& [key, v] : rows_of({k})) {
          facts.push_back(value::vector({"db/add"_kw, next, value::keyword(name), v}));
          rows[name].emplace_back(next++, v);
        }
      }
    }
    for (const std::int64_t to : {base + 1, base + 2}) {
      facts.push_back(value::vector({"db/add"_kw, next, "ref"_kw, to}));
      rows["ref"].emplace_back(next++, value::ref(to));
    }
    conn.transact(read_edn(schema + "]"));
    const auto report = conn.transact(value::vector(facts));
    t = report.t;
    last = {report.tx_data.begin(), report.tx_data.end()};
  }
};

TEST(numbers_across_kinds, in_databases_their_past_their_log_and_transactions) {
  const stored_numbers made;
  const db now = made.conn.db();
  for (const auto& [name, rows] : made.rows) {
    const std::string pattern = "[?k :" + name + " V]";
    check(name.c_str(), now, pattern, rows);
    check((name + " in the history").c_str(), now.history(), pattern, rows, 4);
    check((name + " in the log").c_str(), adapters::log_source{now}, pattern, rows, 4);
    check((name + " in a transaction").c_str(), adapters::tx_data_source{now, made.last}, pattern, rows, 4);
    check((name + " at a moment").c_str(), adapters::as_of_source{now},
          "[" + std::to_string(made.t) + " ?k :" + name + " V]", rows, 4);
  }
}

}  // namespace numbers_test
