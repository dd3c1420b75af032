// Joins by column give what a loop over all pairs of rows gives: merged, hashed by word, hashed by value,
// given pair by pair, in batches of any size.
#include <algorithm>
#include <cstdint>
#include <random>
#include <set>
#include <vector>

#include <datolite/core/edn.hpp>
#include <datolite/query/batch_joiner.hpp>
#include <datolite/query/forced_way.hpp>

#include <gtest/gtest.h>
#include <support/effort.hpp>

namespace joins_test {

using namespace datolite;
using namespace datolite::query;
using query::detail::forced_way;
using query::detail::way;
using table = std::vector<std::vector<value>>;

class maker {
 public:
  explicit maker(std::uint32_t seed) : random_{seed} {}
  std::size_t below(std::size_t n) { return random_() % n; }

  /// Rows of a number of the row, a word, and a value of any kind. `ascending`: by the word.
  table rows(std::size_t n, bool ascending) {
    table out;
    for (std::size_t i = 0; i < n; ++i) {
      const auto word = static_cast<std::int64_t>(below(n / 2 + 1));
      const value any[]{word,
                        value{static_cast<double>(word)},
                        read_edn(std::to_string(word) + "N"),
                        value{"a"},
                        value::ref(word),
                        value{}};
      out.push_back({value{static_cast<std::int64_t>(i)},
                     below(9) == 0 && mixed_ ? any[below(6)] : value{word}, any[below(6)]});
    }
    if (ascending) std::stable_sort(out.begin(), out.end(), [](auto& a, auto& b) { return a[1] < b[1]; });
    return out;
  }

  void mix(bool yes) { mixed_ = yes; }

 private:
  std::mt19937 random_;
  bool mixed_ = false;
};

relation relation_of(const table& rows, std::size_t from, std::size_t to) {
  relation out{3};
  for (std::size_t i = from; i < to; ++i) out.append(rows[i]);
  out.mark_distinct();  // the first slot tells the rows apart
  return out;
}

/// What a plain loop gives: each row as often as it is found.
std::multiset<std::vector<value>> by_loop(const table& xs, const table& ys, const join_spec& spec) {
  std::multiset<std::vector<value>> out;
  for (const auto& x : xs) {
    for (const auto& y : ys) {
      bool meet = true;
      for (const join_pair& p : spec.join) meet = meet && query_equal(x[p.x], y[p.y]);
      for (const join_predicate& p : spec.predicates) meet = meet && p(x, y);
      if (!meet) continue;
      std::vector<value> row(spec.width);
      for (const projection& p : spec.project_x) row[p.to] = query_canonical(x[p.from]);
      for (const projection& p : spec.project_y) row[p.to] = query_canonical(y[p.from]);
      out.insert(row);
    }
  }
  return out;
}

std::multiset<std::vector<value>> rows_of(const relation& all) {
  std::multiset<std::vector<value>> out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::vector<value> row;
    for (std::size_t slot = 0; slot < all.width(); ++slot) row.push_back(query_canonical(all.row(i)[slot]));
    out.insert(row);
  }
  return out;
}

std::multiset<std::vector<value>> once(std::multiset<std::vector<value>> all) {
  const std::set<std::vector<value>> set{all.begin(), all.end()};
  return {set.begin(), set.end()};
}

/// Joins `xs`, cut into batches; or, `by_pairs`, every row with every row of ys. `gives_away`: the join may
/// take the values.
relation joined(const table& xs, const relation& ys, const join_spec& spec, std::size_t batch, bool by_pairs,
                bool gives_away) {
  slot_set key;
  key.insert(0);
  batch_joiner join{ys, spec, std::span{&key, 1}};
  for (std::size_t from = 0; from < xs.size() && !join.done(); from += batch) {
    const relation some = relation_of(xs, from, std::min(xs.size(), from + batch));
    std::vector<batch_slot> slots;
    const row_batch rows = batch_of(some, slots);
    std::vector<std::vector<value>> given(some.width());
    for (std::size_t slot = 0; gives_away && slot < some.width(); ++slot) {
      given[slot].assign(some.column(slot).begin(), some.column(slot).end());
      slots[slot] = batch_slot::of_own_values(given[slot].data());
    }
    if (!by_pairs) {
      join.add(rows);
      continue;
    }
    batch_joiner::row_numbers x, y;
    for (std::uint32_t i = 0; i < some.size(); ++i) {
      for (std::uint32_t j = 0; j < ys.size(); ++j) x.push_back(i), y.push_back(j);
    }
    join.add_pairs(rows, x, y, 0);
  }
  return std::move(join).finish();
}

TEST(joins_by_column, are_those_of_a_loop_over_all_pairs) {
  const std::vector<std::vector<join_pair>> maps{{{1, 1}},         {{1, 2}}, {{2, 1}},
                                                 {{1, 1}, {2, 2}}, {{0, 1}}, {}};
  const std::vector<std::vector<projection>> from_x{{{0, 1}}, {{1, 1}}, {{2, 1}}, {{2, 1}, {2, 2}}};
  const std::vector<join_predicate> predicates{{comparison::less, operand::x(0), operand::of(25)},
                                               {comparison::less_equal, operand::x(1), operand::y(0)}};
  for (std::uint32_t seed = 0; seed < test::rounds(30u, 300u); ++seed) {
    maker make{seed};
    make.mix(seed % 3 == 0);
    const table xs = make.rows(5 + make.below(50), seed % 2 == 0),
                ys = make.rows(make.below(40), seed % 4 < 2);
    const relation y = relation_of(ys, 0, ys.size());
    for (const auto& map : maps) {
      const std::vector<projection> from_y{{make.below(3), 0}};
      const auto& x_slots = from_x[make.below(4)];
      const bool set = make.below(2) == 0, x_shown = make.below(3) != 0;
      const join_spec spec{map,
                           x_shown ? std::span<const projection>{x_slots} : std::span<const projection>{},
                           from_y,
                           std::span{predicates}.first(make.below(3)),
                           x_shown ? 1 + x_slots.size() : 1,
                           set};
      const auto wanted = by_loop(xs, ys, spec);
      for (const way forced : {way::cheapest, way::hash_words, way::hash}) {
        for (const std::size_t batch : {1u, 7u, 1000u}) {
          for (const bool by_pairs : {false, true}) {
            forced_way = forced;
            relation got = joined(xs, y, spec, batch, by_pairs, (seed + batch) % 2 == 0);
            forced_way = way::cheapest;
            if (set) got = distinct(std::move(got));
            ASSERT_EQ(rows_of(got), set ? once(wanted) : wanted)
                << "seed " << seed << ", batches of " << batch << ", way " << static_cast<int>(forced);
          }
        }
      }
    }
  }
}

TEST(joins_by_column, take_no_value_that_a_later_row_wants) {
  const table xs(5000, {value{1}, value{2}, value{"text"}});  // more than a join puts into the result at once
  const relation ys = relation_of({{value{1}, value{}, value{}}, {value{2}, value{}, value{}}}, 0, 2);
  const std::vector<projection> from_x{{2, 0}}, from_y{{0, 1}};
  const relation got = joined(xs, ys, join_spec{{}, from_x, from_y, {}, 2, false}, xs.size(), false, true);
  ASSERT_EQ(got.size(), 10'000u);
  for (const auto& row : got) ASSERT_EQ(row[0], value{"text"});
}

}  // namespace joins_test
