// The laws of datasources hold for all sources that are built in, and are broken by sources that break them.
#include <datolite/laws/source.hpp>

#include <datolite/adapters/as_of_source.hpp>
#include <datolite/adapters/key_relation.hpp>
#include <datolite/adapters/log_source.hpp>
#include <datolite/adapters/sorted_source.hpp>
#include <datolite/adapters/traced_source.hpp>
#include <datolite/adapters/tx_data_source.hpp>
#include <datolite/datolite.hpp>

#include <gtest/gtest.h>
#include <support/effort.hpp>

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

namespace source_laws_test {

using namespace datolite;
using namespace datolite::literals;
using laws::check_source;
using laws::report;
using laws::source_row;

const laws::options many{.seed = 11, .commits = test::rounds(400, 4000)};

using pair = std::tuple<std::int64_t, std::string, std::int64_t>;

std::vector<pair> pairs() {
  std::vector<pair> out;
  for (int i = 0; i < 60; ++i) out.emplace_back(i / 7, "t" + std::to_string(i % 5), i % 3);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::vector<source_row> rows_of(const std::vector<pair>& all) {
  std::vector<source_row> out;
  for (const auto& [a, b, c] : all) out.push_back({value{a}, value{b}, value{c}});
  return out;
}

TEST(laws_of_sources, hold_for_ranges_sorted_or_not_and_for_keys) {
  const std::vector<pair> all = pairs();
  EXPECT_EQ(check_source(all, rows_of(all), {}, many), report{});
  // [laws]
  EXPECT_EQ(check_source(adapters::sorted(all), rows_of(all), {}, many), report{});
  // [/laws]
  EXPECT_EQ(check_source(adapters::traced_source{adapters::sorted(all)}, rows_of(all), {}, many), report{});
  const adapters::key_layout layout{"p/", {kind::long_, kind::string, kind::long_}};
  engines::memory store;
  auto t = ensure_transaction(store);
  for (const auto& [a, b, c] : all) t = put(std::move(t), layout.key(a, b, c), "");
  EXPECT_EQ(check_source(adapters::key_relation{layout, t}, rows_of(all), {}, many), report{});
}

TEST(laws_of_sources, hold_for_databases_in_every_time_and_for_the_log) {
  connection conn{engines::memory{}};
  conn.transact(R"([
    {:db/ident :code :db/valueType :db.type/long :db/cardinality :db.cardinality/one :db/unique :db.unique/identity}
    {:db/ident :kin :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}
    {:db/ident :said :db/valueType :db.type/keyword :db/cardinality :db.cardinality/one}
    {:db/ident :pair :db/valueType :db.type/tuple :db/tupleTypes [:db.type/keyword :db.type/long]
     :db/cardinality :db.cardinality/one}])"_edn);
  const std::int64_t first = (std::int64_t{4} << 42) + 2000;
  std::vector<std::int64_t> moments;
  for (int round = 0; round < 2; ++round) {
    std::string facts = "[";
    for (int i = 0; i < 8; ++i) {
      facts += "{:db/id " + std::to_string(first + i) + " :db/ident :e" + std::to_string(i) + " :code " +
               std::to_string(10 * round + i) + " :kin " + std::to_string(first + (i * 3 + round) % 8) +
               " :said :e" + std::to_string((i + round) % 9) + " :pair [:code " + std::to_string(i) + "]}";
    }
    moments.push_back(conn.transact(read_edn(facts + "]")).t);
  }
  const db now = conn.db();
  const auto last = conn.transact(read_edn("[[:db/add " + std::to_string(first) + " :code 99]]"));
  const std::vector<value> names{":e1"_edn, "[:code 12]"_edn, ":nobody"_edn, ":code"_edn, "[:code 77]"_edn};
  const auto rows = [](const auto& datoms, std::optional<value> moment = {}) {
    std::vector<source_row> out;
    for (const datom& d : datoms) {
      out.push_back(
          {value::ref(d.e), value::ref(d.a), d.v, value::ref(datoms::t_to_tx(d.t())), value{d.added()}});
      if (moment) out.back().insert(out.back().begin(), *moment);
    }
    return out;
  };
  for (const db& one :
       {now, last.db_after, now.as_of(now.basis_t() - 1), now.history(), now.since(now.basis_t() - 1)}) {
    const bool may_look_up = one.is_history() || !one.since_t();
    EXPECT_EQ(check_source(one, rows(one.datoms(index_order::eavt)),
                           may_look_up ? names : std::vector<value>{}, many),
              report{});
  }
  EXPECT_EQ(check_source(adapters::traced_source{now}, rows(now.datoms(index_order::eavt)), names, many),
            report{});
  EXPECT_EQ(check_source(adapters::tx_data_source{last.db_after, {last.tx_data.begin(), last.tx_data.end()}},
                         rows(last.tx_data), names, many),
            report{});
  const auto logged = [&](std::optional<value> start, std::optional<value> end) {
    std::vector<datom> out;
    now.tx_range(start, end, [&](const datoms::log_record& tx) {
      out.insert(out.end(), tx.datoms.begin(), tx.datoms.end());
      return true;
    });
    return rows(out);
  };
  const value first_t{moments[0]}, next_t{moments[0] + 1};
  ASSERT_FALSE(logged(first_t, next_t).empty());
  EXPECT_EQ(check_source(adapters::log_source{now}, logged({}, {}), names, many), report{});
  EXPECT_EQ(check_source(adapters::log_source{now, first_t, next_t}, logged(first_t, next_t), names, many),
            report{});
  const value moment{now.basis_t()};
  EXPECT_EQ(
      check_source(adapters::as_of_source{now}, rows(now.datoms(index_order::eavt), moment), names, many),
      report{});
}

/// Leaves a row out, and one in that has not the consts; says of no slot that it gives names.
struct careless {
  std::vector<source_row> rows;
  std::vector<source_row> extrel(const query::clause_pattern& p) const {
    std::vector<source_row> out{rows.begin() + 1, rows.end()};
    if (p.size() == 0 || !p.consts[0]) out.pop_back();
    return out;
  }
  double estimate(const query::clause_pattern&) const { return -1; }
  query::slot_set gives_names(const query::clause_pattern&) const { return {}; }
};

TEST(laws_of_sources, are_broken_by_a_source_that_breaks_them) {
  const report broken = check_source(careless{{{1, "a"_kw}, {2, "b"_kw}, {3, "c"_kw}}},
                                     {{1, "a"_kw}, {2, "b"_kw}, {3, "c"_kw}}, {}, many);
  const auto has = [&](const std::string& law) {
    return std::any_of(broken.begin(), broken.end(),
                       [&](const std::string& one) { return one.starts_with(law); });
  };
  EXPECT_TRUE(has("Source: no row that agrees with the pattern is missing"));
  EXPECT_TRUE(has("Source: every row is one of the source, with the pattern's consts"));
  EXPECT_TRUE(has("Source: rows have names only where gives_names says so"));
  EXPECT_TRUE(has("Source: an estimate is at least 0"));
}

/// A db whose names are resolved as constants only.
struct names_as_constants {
  query::any_source of;
  struct rows {
    query::any_ijoin inner;
    query::relation join_project_with(const query::relation& ys, const query::join_spec& spec) const {
      query::relation plain{ys.width()};
      for (std::size_t i = 0; i < ys.size(); ++i) {
        if (ys.width() == 0 || !ys[i][0].is(kind::keyword)) plain.append(ys[i]);
      }
      return inner.join_project_with(ys.width() == 0 ? ys : plain, spec);
    }
  };
  rows extrel(const query::clause_pattern& p) const { return {of.extrel(p)}; }
  query::slot_set resolves(const query::clause_pattern& p) const { return of.resolves(p); }
};

/// A db that takes for a name whatever looks like one.
struct names_everywhere {
  query::any_source of;
  struct rows {
    query::any_ijoin inner;
    query::relation join_project_with(const query::relation& ys, query::join_spec spec) const {
      spec.named = query::join_spec{}.named;
      return inner.join_project_with(ys, spec);
    }
  };
  rows extrel(const query::clause_pattern& p) const { return {of.extrel(p)}; }
  query::slot_set resolves(const query::clause_pattern& p) const { return of.resolves(p); }
};

TEST(laws_of_sources, tell_of_names_that_are_resolved_in_one_way_only) {
  connection conn{engines::memory{}};
  conn.transact(R"([{:db/ident :a :db/valueType :db.type/long :db/cardinality :db.cardinality/one}])"_edn);
  const db now = conn.transact(R"([{:db/ident :me :a 1}])"_edn).db_after;
  std::vector<source_row> rows;
  for (const datom& d : now.datoms(index_order::eavt))
    rows.push_back({value::ref(d.e), value::ref(d.a), d.v});
  const report broken = check_source(names_as_constants{query::any_source{now}}, rows, {":me"_edn}, many);
  ASSERT_FALSE(broken.empty());
  EXPECT_TRUE(broken[0].starts_with("Source: a name is resolved alike as a const and in a join"))
      << broken[0];
  const report too_much = check_source(names_everywhere{query::any_source{now}}, rows, {":me"_edn}, many);
  ASSERT_FALSE(too_much.empty());
  EXPECT_TRUE(too_much[0].starts_with("Source: what the join says is no name is not resolved"))
      << too_much[0];
}

}  // namespace source_laws_test
