// What the tests of datoms share: transactions as text, facts as text.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <datolite/core/any_storage.hpp>
#include <datolite/core/edn.hpp>
#include <datolite/core/value_order.hpp>
#include <datolite/datoms/connection.hpp>

namespace datolite_test {

using namespace datolite;

inline value kw(std::string_view text) { return value::keyword(text); }

inline tx_report transact(connection& conn, std::string_view text) { return conn.transact(read_edn(text)); }

/// The values of an attribute of an entity (by any alias), in order, as EDN: "[1 2]".
inline std::string values_of(const db& in, const value& entity, std::string_view attribute) {
  const auto e = in.entid(entity);
  const attribute_facts* const a = in.attribute(kw(attribute));
  if (!e || a == nullptr) return "nothing";
  std::vector<value> found;
  in.access().read(*e, a->id, found);
  return to_edn(value::vector(std::span<const value>{found}), edn_style::plain);
}

/// Every datom that `in` shows, but those of the bootstrap and the transactions themselves, as text.
inline std::set<std::string> all_facts(const db& in, index_order order = index_order::eavt) {
  std::set<std::string> out;
  datom_range everything;
  everything.index = order;
  for (const datom& d : in.datoms(everything)) {
    if (d.t() < datoms::first_user_t || datoms::part(d.e) == datoms::part_tx) continue;
    out.insert(std::to_string(d.e) + " " + std::to_string(d.a) + " " + to_edn(d.v) + " " +
               std::to_string(d.t_op));
  }
  return out;
}

/// Many runs that a cursor reads at once are those that it reads one by one, without the attributes that are
/// to be left out, and count as much.
inline void expect_same_runs(const db& in, const datom_range& range, components by,
                             std::span<const std::int64_t> words, run_limits limits) {
  io_counters at_once, each;
  const auto mine = in.access().open_cursor(range.index, components::all, &at_once);
  const auto other = in.access().open_cursor(range.index, components::all, &each);
  datom_columns found, expected;
  std::vector<std::size_t> ends, expected_ends;
  for (int turn = 0; turn < 2; ++turn) {  // the second stands where the first has left it
    found.clear(), expected.clear(), ends.clear(), expected_ends.clear();
    mine->read_runs(range, by, words, limits, found, ends);
    other->datom_cursor::read_runs(range, by, words, limits, expected, expected_ends);
    ASSERT_EQ(ends, expected_ends) << "in " << static_cast<int>(range.index);
    ASSERT_EQ(found.e, expected.e);
    ASSERT_EQ(found.a, expected.a);
    ASSERT_EQ(found.v, expected.v);
    ASSERT_EQ(found.t_op, expected.t_op);
    ASSERT_EQ(found.size, expected.size);
    ASSERT_EQ(at_once.total(), each.total());
  }
}

/// All that an engine holds.
inline std::vector<std::pair<bytes, bytes>> pairs_of(const any_storage& in) {
  std::vector<std::pair<bytes, bytes>> all;
  const any_snapshot now = in.snapshot();
  auto it = now.open_iterator(everything());
  for (it.seek_first(); it.valid(); it.next()) all.emplace_back(bytes{it.key()}, bytes{it.value()});
  return all;
}

/// Expects that `text` is refused with `code`, a message that holds `words`, and that nothing changes.
inline void expect_refused(connection& conn, std::string_view text, std::string_view code,
                           std::string_view words = {}) {
  const db before = conn.db();
  const auto facts = all_facts(before);
  try {
    transact(conn, text);
    ADD_FAILURE() << "was not refused: " << text;
  } catch (const error& e) {
    EXPECT_EQ(e.code(), code) << e.message();
    EXPECT_NE(e.message().find(words), std::string::npos) << e.message();
  }
  EXPECT_EQ(conn.db().basis_t(), before.basis_t());
  EXPECT_EQ(conn.db().next_t(), before.next_t());
  EXPECT_EQ(all_facts(conn.db()), facts);
}

}  // namespace datolite_test
