// A source of one's own that is sorted and offers a cursor, and nothing else, is sought in and merged as a
// built-in one is: it answers as a plain vector of its rows does, and reads no more than it must.
#include <datolite/laws/source.hpp>

#include <datolite/adapters/traced_source.hpp>
#include <datolite/core/edn.hpp>
#include <datolite/query/bound_conversion.hpp>
#include <datolite/query/forced_way.hpp>
#include <datolite/query/kept_pattern.hpp>
#include <datolite/query/query.hpp>
#include <datolite/query/sought_rows.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <tuple>
#include <vector>

namespace cursor_test {

using namespace datolite;
using namespace datolite::literals;
using query::sorted_slot;
using query::detail::forced_way;
using query::detail::way;

using entry = std::tuple<std::int64_t, std::string, double, std::int64_t>;

/// Rows that ascend by their second and third slot.
struct shelf {
  std::vector<entry> rows;

  class position {
   public:
    explicit position(const std::vector<entry>& of) : of_{&of} {}
    void seek(std::span<const value> key) {
      at_ = static_cast<std::size_t>(
          std::partition_point(of_->begin(), of_->end(),
                               [key](const entry& r) {
                                 const value slots[]{value{std::get<1>(r)}, value{std::get<2>(r)}};
                                 return std::lexicographical_compare(slots, slots + key.size(), key.begin(),
                                                                     key.end());
                               }) -
          of_->begin());
    }
    void next() { ++at_; }
    bool valid() const { return at_ < of_->size(); }
    const entry& row() const { return (*of_)[at_]; }

   private:
    const std::vector<entry>* of_;
    std::size_t at_ = 0;
  };

  std::vector<sorted_slot> sorted_by() const { return {{1, kind::string}, {2, kind::double_}}; }
  position cursor(const query::clause_pattern&) const { return position{rows}; }
};

shelf any_shelf(std::uint32_t seed, std::size_t size, int texts) {
  std::mt19937 random{seed};
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  shelf out;
  for (std::size_t i = 0; i < size; ++i)
    out.rows.emplace_back(below(8), "t" + std::to_string(100 + below(texts)), below(6) / 2.0, below(4));
  const auto place = [](const entry& r) { return std::tuple{std::get<1>(r), std::get<2>(r)}; };
  std::sort(out.rows.begin(), out.rows.end(),
            [&](const entry& a, const entry& b) { return place(a) < place(b); });
  return out;
}

std::vector<laws::source_row> rows_of(const shelf& of) {
  std::vector<laws::source_row> out;
  for (const auto& [a, b, c, d] : of.rows) out.push_back({value{a}, value{b}, value{c}, value{d}});
  return out;
}

TEST(cursors, keep_the_laws_of_sources) {
  for (std::uint32_t seed = 1; seed < 5; ++seed) {
    const shelf one = any_shelf(seed, 60, 7);
    EXPECT_EQ(laws::check_source(one, rows_of(one), {}, {.seed = seed, .commits = 200}), laws::report{});
    EXPECT_EQ(
        laws::check_source(adapters::traced_source{one}, rows_of(one), {}, {.seed = seed, .commits = 50}),
        laws::report{});
  }
}

/// Seeks one row too far.
struct hasty : shelf {
  struct position : shelf::position {
    using shelf::position::position;
    void seek(std::span<const value> key) {
      shelf::position::seek(key);
      if (!key.empty() && valid()) next();
    }
  };
  position cursor(const query::clause_pattern&) const { return position{rows}; }
};

TEST(cursors, that_seek_past_a_row_are_found_out) {
  const hasty one{any_shelf(3, 60, 7)};
  const auto broken = laws::check_source(one, rows_of(one), {}, {.seed = 3, .commits = 100});
  EXPECT_TRUE(std::any_of(broken.begin(), broken.end(), [](const std::string& law) {
    return law.starts_with("Source: seek goes to the first row that is not before its key");
  }));
}

/// What a query may ask of a shelf, beside other data.
const std::vector<const char*> wheres{
    "[?a ?b ?c ?d]",
    "[?a \"t103\" ?c ?d]",
    "[?a \"t103\" 1.0 ?d]",
    "[?a \"t103\" 1 ?d]",
    "[?a :no ?c ?d]",
    "[?a ?b 1.0 ?d]",
    "[?a ?b ?c ?d] [(< \"t102\" ?b)] [(<= ?b \"t104\")]",
    "[?a \"t103\" ?c ?d] [(<= 1 ?c)] [(< ?c 2.5)]",
    "[?a ?b ?c ?d] [(clojure.string/starts-with? ?b \"t10\")] [(< ?c 1)]",
    "[$t ?b _] [?a ?b ?c ?d]",
    "[$t ?b ?a] [?a ?b ?c ?d]",
    "[$t ?b _] [?a ?b 0.5 ?d]",
    "[$t ?b ?c] [?a ?b ?c ?d]",
    "[$t _ ?c] [?a \"t101\" ?c ?d]",
    "[$t _ ?c] [?a ?b ?c ?d] [(< ?b \"t103\")]",
    "[$t ?b _] [?a ?b ?c ?d] [(< 0.5 ?c)] [(< ?a ?d)]",
    "[$t ?b ?c] (not [_ ?b ?c]) [?a _ _ ?d]",
    "[?a ?b ?c ?d] [?d ?b ?c ?a]",
};

TEST(cursors, answer_as_the_plain_rows_do_in_every_way) {
  const std::vector<std::vector<value>> beside{{"t101", 1.0}, {"t103", 1}, {"t103", 2},   {"t999", 0.5},
                                               {"t100", 2.5}, {7, 3},      {"t101", 0.5}, {"t001", 1.5}};
  for (std::uint32_t seed = 1; seed < 4; ++seed) {
    const shelf one = any_shelf(seed, seed * 100, 7);
    for (const std::string where : wheres) {
      std::string text = "[:find";
      for (const char* variable : {" ?a", " ?b", " ?c", " ?d"}) {
        if (where.find(variable + 1) != std::string::npos) text += variable;
      }
      text += " :in $ $t :where " + where + "]";
      const value wanted = q(text, one.rows, beside).as_value();
      for (const way forced : {way::cheapest, way::search, way::scan, way::hash, way::worst_order}) {
        forced_way = forced;
        const value got = q({.query = query::prepared{read_edn(text)}, .args = {one, beside}}).as_value();
        forced_way = way::cheapest;
        ASSERT_EQ(got, wanted) << text << " way " << static_cast<int>(forced);
      }
    }
  }
}

TEST(cursors, read_what_is_near_and_seek_what_is_far) {
  const shelf large = any_shelf(5, 20'000, 800);
  const adapters::traced_source source{large};
  const auto cost = [&](const char* text, const auto&... more) {
    source.trace()->clear();
    const auto found = q(text, source, more...);
    const auto joins = source.trace()->joins();
    EXPECT_EQ(found.as_value(), q(text, large.rows, more...).as_value());
    return joins.at(0).cost;
  };
  const char* by_text = "[:find ?b ?d :in $ [?b ...] :where [_ ?b _ ?d]]";
  const auto few = cost(by_text, std::vector<std::string>{"t700", "t101", "t450"});
  EXPECT_EQ(few.seeks, 3u);
  EXPECT_LT(few.reads, 150u);
  std::vector<std::string> all;
  for (int i = 0; i < 800; ++i) all.push_back("t" + std::to_string(100 + i));
  const auto many = cost(by_text, all);
  EXPECT_EQ(many.seeks, 1u) << "neighbours are one run";
  EXPECT_EQ(many.reads, 20'000u);
  const auto bounded = cost("[:find ?b ?d :where [_ ?b _ ?d] [(<= \"t200\" ?b)] [(< ?b \"t202\")]]");
  EXPECT_EQ(bounded.seeks, 1u);
  EXPECT_LT(bounded.reads, 100u);
  EXPECT_EQ(cost("[:find ?d :where [_ 7 _ ?d]]").reads, 0u) << "no text is a number";
  const auto both =
      cost("[:find ?b ?d :in $ [?b ...] :where [_ ?b 1.0 ?d]]", std::vector<std::string>{"t700", "t101"});
  EXPECT_EQ(both.seeks, 2u);
  EXPECT_LT(both.reads, 20u) << "constants behind the bound slot are followed too";
}

/// The same by functions for a type of someone else's.
struct foreign {
  shelf inner;
};
std::vector<sorted_slot> sorted_by(const foreign& of) { return of.inner.sorted_by(); }
shelf::position cursor(const foreign& of, const query::clause_pattern& p) { return of.inner.cursor(p); }
double estimate(const foreign& of, const query::clause_pattern&) {
  return static_cast<double>(of.inner.rows.size());
}

TEST(cursors, may_be_offered_by_functions) {
  const foreign one{any_shelf(9, 300, 20)};
  io_counters io;
  const auto found = q({.query = "[:find ?d :where [_ \"t107\" 1.0 ?d]]", .args = {one}, .io = &io});
  EXPECT_EQ(found.as_value(), q("[:find ?d :where [_ \"t107\" 1.0 ?d]]", one.inner.rows).as_value());
  EXPECT_EQ(io.other.seeks, 1u);
  EXPECT_LT(io.other.reads, 20u);
  static_assert(!query::detail::names_by_type<shelf>().contains(1));
}

}  // namespace cursor_test
