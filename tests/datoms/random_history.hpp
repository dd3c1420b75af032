// Random histories that every layout must show as the flat one does.
#pragma once

#include "stores.hpp"
#include "support.hpp"

#include <datolite/datoms/datom_range.hpp>

#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace datolite_test {

inline constexpr std::string_view history_schema = R"([
  {:db/ident :name   :db/valueType :db.type/string :db/cardinality :db.cardinality/one}
  {:db/ident :age    :db/valueType :db.type/long   :db/cardinality :db.cardinality/one :db/index true}
  {:db/ident :tag    :db/valueType :db.type/string :db/cardinality :db.cardinality/many}
  {:db/ident :friend :db/valueType :db.type/ref    :db/cardinality :db.cardinality/many}
  {:db/ident :secret :db/valueType :db.type/long   :db/cardinality :db.cardinality/one :db/noHistory true}])";

inline std::string some_form(std::mt19937& random) {
  const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  const std::string e = std::to_string(100 + below(20));
  switch (below(12)) {
    case 0: return "[:db/retractEntity " + e + "]";
    case 1: return "[:db/retract " + e + " :age]";
    case 2: return "[:db/retract " + e + " :tag \"t" + std::to_string(below(5)) + "\"]";
    case 3: return "[:db/add " + e + " :friend " + std::to_string(100 + below(20)) + "]";
    case 4: return "[:db/add " + e + " :secret " + std::to_string(below(50)) + "]";
    case 5: return "[:db/add " + e + " :name \"n" + std::to_string(below(5)) + "\"]";
    case 6:
    case 7: return "[:db/add " + e + " :tag \"t" + std::to_string(below(5)) + "\"]";
    default: return "[:db/add " + e + " :age " + std::to_string(below(30)) + "]";
  }
}

inline std::vector<std::string> shown(const db& in, const datom_range& range) {
  std::vector<std::string> out;
  for (const datom& d : in.datoms(range)) {
    out.push_back(std::to_string(d.e) + " " + std::to_string(d.a) + " " + to_edn(d.v) + " " +
                  std::to_string(d.t_op));
  }
  return out;
}

inline datom_range some_range(std::mt19937& random, const db& in) {
  const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  const auto a = [&] { return in.attribute(kw(std::vector{"name", "age", "tag", "friend"}[below(4)]))->id; };
  datom_range range{.index = static_cast<index_order>(below(4)), .descending = below(2) == 0};
  const unsigned given = below(4);
  const entity_id e = 98 + below(24);
  const value v =
      range.index == index_order::vaet ? value::ref(98 + below(24)) : value{std::int64_t{below(32)}};
  unsigned n = 0;
  for (const components c : datoms::order_of(range.index)) {
    if (n++ >= given) break;
    if (c == components::e) range.e = e;
    if (c == components::a) range.a = range.index == index_order::avet ? in.attribute(kw("age"))->id : a();
    if (c == components::v) range.v = v;
  }
  const components next = datoms::bounded_component(range);
  const auto bound = [&]() -> std::optional<range_bound> {
    if (next == components::none || below(2) == 0) return std::nullopt;
    if (next == components::e) return range_bound{value::ref(98 + below(24)), below(2) == 0};
    if (next == components::a) return range_bound{value::ref(a()), below(2) == 0};
    if (range.index == index_order::vaet) return range_bound{value::ref(98 + below(24)), below(2) == 0};
    return range_bound{value{std::int64_t{below(32)}}, below(2) == 0};
  };
  range.start = bound(), range.stop = bound();
  return range;
}

/// A random history of transactions, changes of the schema among them, through `options` and through the flat
/// layout: both show the same, over every index, range, time and direction, also when opened again.
/// `each(connection, i)` is called after the i-th.
template <class Each>
void expect_what_the_flat_one_shows(const any_storage& kept, const connection_options& options, unsigned seed,
                                    int transactions, Each&& each) {
  std::mt19937 random{seed};
  std::optional<connection> typed{std::in_place, kept, options};
  connection flat{new_memory(), {.layout = index_layout::flat}};
  const std::string timed =
      "[[:db/add \"datomic.tx\" :db/txInstant #inst \"2029-01-01\"] " + std::string{history_schema.substr(1)};
  transact(*typed, timed), transact(flat, timed);
  std::vector<std::pair<db, db>> held;
  for (int i = 0; i < transactions; ++i) {
    std::string text = "[[:db/add \"datomic.tx\" :db/txInstant #inst \"2030-01-01\"]";
    for (unsigned n = random() % 40 == 0 ? 150 : 1 + random() % 3; n > 0; --n)
      text += " " + some_form(random);
    text += "]";
    const std::string same_time = "[[:db/add \"datomic.tx\" :db/txInstant #inst \"2030-01-01\"] ";
    if (i % 50 == 20) text = same_time + "[:db/add :tag :db/index true]]";
    if (i % 50 == 40) text = same_time + "[:db/add :tag :db/index false]]";
    bool done = true;
    try {
      transact(*typed, text);
    } catch (const error&) {
      done = false;
    }
    if (done) {
      transact(flat, text);
    } else {
      EXPECT_THROW(transact(flat, text), error);
    }
    each(*typed, i);
    held.emplace_back(typed->db(), flat.db());
    if (i % 60 == 59) typed.emplace(kept, options);  // opened again
    const auto& [x, y] = held[random() % held.size()];
    const std::int64_t t = 1000 + static_cast<std::int64_t>(random() % static_cast<unsigned>(transactions));
    for (const auto& [mine, oracle] :
         {std::pair{x, y}, std::pair{x.as_of(t), y.as_of(t)}, std::pair{x.since(t), y.since(t)},
          std::pair{x.history(), y.history()}, std::pair{x.history().as_of(t), y.history().as_of(t)}}) {
      for (int n = 0; n < 6; ++n) {
        const datom_range range = some_range(random, mine);
        if (range.index == index_order::avet && !range.a) continue;
        const auto expected = shown(oracle, range);
        ASSERT_EQ(shown(mine, range), expected) << "after " << i << ", seed " << seed;
        const std::uint64_t counted = mine.count(range);
        if (expected.size() <= datoms::exact_count_limit) {
          ASSERT_EQ(counted, expected.size()) << "after " << i << ", seed " << seed;
        } else {
          ASSERT_GT(counted, datoms::exact_count_limit);
        }
      }
    }
  }
}

}  // namespace datolite_test
