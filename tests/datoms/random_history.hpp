// Random histories that every layout must show as the flat one does.
#pragma once

#include "stores.hpp"
#include "support.hpp"

#include <datolite/datoms/datom_range.hpp>
#include <datolite/datoms/entity_id.hpp>

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

/// The n-th entity of a history; every fourth stands in a partition of its own.
inline entity_id entity_of(unsigned n) {
  return n % 4 == 3 ? datoms::entid_at(datoms::implicit_part(n / 8), 100 + n) : entity_id{100 + n};
}

inline std::string some_form(std::mt19937& random) {
  const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  const auto text = [&](const char* word) {  // some stand inline in a value, some do not
    const unsigned n = below(5);
    return '"' + (word + std::to_string(n)) + (n % 2 == 0 ? "\"" : " is longer than a value\"");
  };
  const std::string e = std::to_string(entity_of(below(20)));
  switch (below(12)) {
    case 0: return "[:db/retractEntity " + e + "]";
    case 1: return "[:db/retract " + e + " :age]";
    case 2: return "[:db/retract " + e + " :tag " + text("t") + "]";
    case 3: return "[:db/add " + e + " :friend " + std::to_string(entity_of(below(20))) + "]";
    case 4: return "[:db/add " + e + " :secret " + std::to_string(below(50)) + "]";
    case 5: return "[:db/add " + e + " :name " + text("n") + "]";
    case 6:
    case 7: return "[:db/add " + e + " :tag " + text("t") + "]";
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
  const auto one = [&] { return below(3) == 0 ? entity_of(below(20)) : entity_id{98 + below(24)}; };
  const entity_id e = one();
  const value v = range.index == index_order::vaet ? value::ref(one()) : value{std::int64_t{below(32)}};
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
    if (next == components::e) return range_bound{value::ref(one()), below(2) == 0};
    if (next == components::a) return range_bound{value::ref(a()), below(2) == 0};
    if (range.index == index_order::vaet) return range_bound{value::ref(one()), below(2) == 0};
    return range_bound{value{std::int64_t{below(32)}}, below(2) == 0};
  };
  range.start = bound(), range.stop = bound();
  return range;
}

inline std::string instant(int year) {
  return "[:db/add \"datomic.tx\" :db/txInstant #inst \"" + std::to_string(year) + "-01-01\"]";
}

/// The first transaction of a random history, and the i-th after it, of at most `most` forms.
inline std::string first_transaction() {
  return "[" + instant(2029) + " " + std::string{history_schema.substr(1)};
}
inline std::string some_transaction(std::mt19937& random, int i, unsigned most) {
  std::string text = "[" + instant(2030);
  for (unsigned n = 1 + random() % most; n > 0; --n) text += " " + some_form(random);
  if (i % 50 == 20) text = "[" + instant(2030) + " [:db/add :tag :db/index true]";
  if (i % 50 == 40) text = "[" + instant(2030) + " [:db/add :tag :db/index false]";
  return text + "]";
}

/// Transacts by `mine`, and in `oracle`: both do, or both refuse.
template <class Mine>
void transact_alike(connection& oracle, const std::string& text, Mine&& mine) {
  try {
    mine();
  } catch (const error&) {
    EXPECT_THROW(transact(oracle, text), error) << text;
    return;
  }
  transact(oracle, text);
}

/// Both show the same now, as of `t`, since `t` and in their history, in so many random ranges of each.
inline void expect_same(const db& mine, const db& oracle, std::int64_t t, std::mt19937& random, int ranges) {
  for (const auto& [x, y] :
       {std::pair{mine, oracle}, std::pair{mine.as_of(t), oracle.as_of(t)},
        std::pair{mine.since(t), oracle.since(t)}, std::pair{mine.history(), oracle.history()},
        std::pair{mine.history().as_of(t), oracle.history().as_of(t)}}) {
    for (int n = 0; n < ranges; ++n) {
      const datom_range range = some_range(random, x);
      if (range.index == index_order::avet && !range.a) continue;
      const auto expected = shown(y, range);
      ASSERT_EQ(shown(x, range), expected);
      const std::uint64_t counted = x.count(range);
      if (expected.size() <= datoms::exact_count_limit) {
        ASSERT_EQ(counted, expected.size());
      } else {
        ASSERT_GT(counted, datoms::exact_count_limit);
      }
    }
  }
}

/// A random history of transactions, changes of the schema among them, through `options` and through the flat
/// layout: both show the same, over every index, range, time and direction, also when opened again.
/// `each(connection, i)` is called after the i-th.
template <class Each>
void expect_what_the_flat_one_shows(const any_storage& kept, const connection_options& options, unsigned seed,
                                    int transactions, Each&& each) {
  std::mt19937 random{seed};
  std::optional<connection> conn{std::in_place, kept, options};
  connection flat{new_memory(), {.layout = index_layout::flat}};
  transact(*conn, first_transaction()), transact(flat, first_transaction());
  std::vector<std::pair<db, db>> held;
  for (int i = 0; i < transactions; ++i) {
    const std::string text = some_transaction(random, i, random() % 40 == 0 ? 150 : 3);
    transact_alike(flat, text, [&] { transact(*conn, text); });
    each(*conn, i);
    held.emplace_back(conn->db(), flat.db());
    if (i % 60 == 59) conn.emplace(kept, options);  // opened again
    const auto& [mine, oracle] = held[random() % held.size()];
    const std::int64_t t = 1000 + static_cast<std::int64_t>(random() % static_cast<unsigned>(transactions));
    SCOPED_TRACE("after " + std::to_string(i) + ", seed " + std::to_string(seed));
    ASSERT_NO_FATAL_FAILURE(expect_same(mine, oracle, t, random, 6));
  }
}

}  // namespace datolite_test
