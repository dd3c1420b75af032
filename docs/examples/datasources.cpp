// Datasources of every kind, queried: what docs/write-a-datasource.md quotes.
#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include <unistd.h>

#include <boost/hana/adapt_struct.hpp>

#include <datolite/adapters/key_relation.hpp>
#include <datolite/adapters/sorted_source.hpp>
#include <datolite/adapters/structs.hpp>
#include <datolite/adapters/traced_source.hpp>
#include <datolite/core/edn.hpp>
#include <datolite/core/unique_number.hpp>
#include <datolite/engines/memory.hpp>
#include <datolite/query/query.hpp>
#include <datolite/txn/transaction.hpp>

using namespace datolite::literals;
using datolite::q;
using datolite::to_edn;
using datolite::value;

// [member]
/// The squares of 0 to 999, as rows [n, n * n]. Nothing is stored.
struct squares {
  using row = std::tuple<std::int64_t, std::int64_t>;

  std::vector<row> extrel(const datolite::query::clause_pattern& pattern) const {
    const bool has_n = pattern.size() > 0;
    std::int64_t n = 0;
    if (has_n && pattern.starts[0] && pattern.starts[0]->is(datolite::kind::long_))
      n = std::max(n, pattern.starts[0]->as_long());  // advice: nothing below matters
    std::vector<row> rows;
    for (; n < 1000; ++n) {
      if (has_n && pattern.whiles[0] && !(*pattern.whiles[0])(n)) break;  // advice: the range ends here
      if (agrees(pattern, 0, n) && agrees(pattern, 1, n * n)) rows.emplace_back(n, n * n);
    }
    return rows;
  }

 private:
  /// Constants bind: a row that does not have them must not be there.
  static bool agrees(const datolite::query::clause_pattern& pattern, std::size_t slot, const value& v) {
    return slot >= pattern.size() || !pattern.consts[slot] || query_equal(*pattern.consts[slot], v);
  }
};
// [/member]

// [identity]
/// Prices that may change, and that say when they have.
struct price_list {
  std::map<std::string, std::int64_t> prices;
  datolite::unique_number version;

  void set(const std::string& what, std::int64_t price) {
    prices[what] = price;
    version = {};  // another number than any before
  }

  auto extrel(const datolite::query::clause_pattern& pattern) const {
    return datolite::extrel(prices, pattern);
  }
  double estimate(const datolite::query::clause_pattern&) const {  // asked once a set of prices
    return static_cast<double>(prices.size());
  }
  datolite::query::source_identity identity() const { return {version.get()}; }
};
// [/identity]

// [adl]
namespace phones {

/// A type of someone else's, which cannot get a member.
struct book {
  std::multimap<std::string, std::string> numbers;
};

/// What a pattern [?name ?number] asks of a book: read at the join, when the bound names are known.
struct found_numbers {
  const book* of;
  value name, number;  // constants; nil where there is none

  datolite::query::relation join_project_with(const datolite::query::relation& ys,
                                              const datolite::query::join_spec& spec) const {
    datolite::query::row_joiner join{ys, spec};
    for (const auto& [x, y] : spec.join) {
      if (x != 0) continue;
      for (std::size_t i = 0; i < ys.size(); ++i)  // the name is bound: look each of them up
        each(ys[i][y], [&](const auto& entry) { join.add(datolite::query::as_row(entry), i); });
      return std::move(join).finish();
    }
    each(name, [&](const auto& entry) { join.add(datolite::query::as_row(entry)); });
    return std::move(join).finish();
  }

 private:
  /// The entries of one name, or all of them for nil, that have the number.
  template <class F>
  void each(const value& who, F f) const {
    const bool known = who.is(datolite::kind::string);
    if (!known && !who.is_nil()) return;
    auto [from, to] = known ? of->numbers.equal_range(std::string{who.as_string()})
                            : std::pair{of->numbers.begin(), of->numbers.end()};
    for (; from != to; ++from) {
      if (number.is_nil() || query_equal(number, from->second)) f(*from);
    }
  }
};

found_numbers extrel(const book& source, const datolite::query::clause_pattern& pattern) {
  const auto constant = [&](std::size_t slot) {
    return slot < pattern.size() ? pattern.consts[slot].value_or(value{}) : value{};
  };
  return {&source, constant(0), constant(1)};
}

/// About how many rows that will be: the planner begins where there are few.
double estimate(const book& source, const datolite::query::clause_pattern& pattern) {
  return !pattern.consts.empty() && pattern.consts[0] ? 2.0 : static_cast<double>(source.numbers.size());
}

}  // namespace phones
// [/adl]

// [struct]
struct seat {
  int row;
  std::string place;
};
BOOST_HANA_ADAPT_STRUCT(seat, row, place);
// [/struct]

namespace {

int failures = 0;

void expect(const std::string& found, const std::string& wanted) {
  if (found == wanted) return;
  std::cerr << "found " << found << "\nnot   " << wanted << '\n';
  ++failures;
}

void plain() {
  // [plain]
  const std::vector<std::tuple<int, std::string>> seats{{1, "window"}, {12, "aisle"}, {12, "window"}};
  const std::map<std::string, int> limits{{"first", 3}, {"second", 20}};
  const auto found = q(R"([:find ?class ?place :in $seat $limit
                           :where [$seat ?row ?place] [$limit ?class ?max] [(<= ?row ?max)]])",
                       seats, limits);
  // [/plain]
  expect(to_edn(found.as_value()), R"(#{["first" "window"] ["second" "aisle"] ["second" "window"]})");
}

void by_member() {
  expect(to_edn(q("[:find ?n . :where [?n 144]]", squares{}).as_value()), "12");
  // [ask-member]
  const auto found =
      q("[:find ?n ?s :where [?n ?s] [(< 10 ?n)] [(< ?n 13)]]", squares{});  // makes 3 rows, not 1,000
  // [/ask-member]
  expect(to_edn(found.as_value()), "#{[11 121] [12 144]}");
}

void by_adl() {
  const phones::book book{{{"ada", "17"}, {"ada", "18"}, {"ben", "19"}}};
  const auto found = q("[:find ?number :in $ [?who ...] :where [?who ?number]]", book,
                       std::vector<std::string>{"ada", "cy"});
  expect(to_edn(found.as_value()), R"(#{["17"] ["18"]})");
  expect(to_edn(q("[:find ?who . :where [?who \"19\"]]", book).as_value()), R"("ben")");
}

void with_identity() {
  price_list list;
  list.set("tea", 3);
  const auto cheap = datolite::prepare("[:find [?w ...] :where [?w ?p] [(< ?p 5)] [?w ?q] [(<= ?p ?q)]]");
  expect(to_edn(q(cheap, list).as_value()), R"(#{"tea"})");
  list.set("salt", 2);
  list.set("tea", 9);
  expect(to_edn(q(cheap, list).as_value()), R"(#{"salt"})");
}

void sorted() {
  // [sorted]
  std::vector<std::tuple<int, std::string>> seats{{12, "aisle"}, {1, "window"}, {12, "window"}};
  std::sort(seats.begin(), seats.end());
  const auto found =
      q("[:find ?row ?place :where [?row ?place] [(< 10 ?row)]]", datolite::adapters::sorted(seats));
  // [/sorted]
  expect(to_edn(found.as_value()), R"(#{[12 "aisle"] [12 "window"]})");
}

// [file]
/// Prices in a file of records of two longs, product and price, that ascends by product. It is never read
/// whole.
struct price_file {
  std::string path;

  class position {
   public:
    explicit position(const std::string& path) : in_{path, std::ios::binary | std::ios::ate} {
      size_ = static_cast<std::size_t>(in_.tellg()) / sizeof record_;
    }

    /// Goes to the first record that is not before `key`: a product, or nothing.
    void seek(std::span<const value> key) {
      std::size_t from = 0, to = key.empty() ? 0 : size_;
      while (from < to) {
        const std::size_t middle = from + (to - from) / 2;
        load(middle);
        if (record_[0] < key[0].as_long())
          from = middle + 1;
        else
          to = middle;
      }
      load(from);
    }
    void next() { load(at_ + 1); }
    bool valid() const { return at_ < size_; }
    const std::array<std::int64_t, 2>& row() const { return record_; }

   private:
    void load(std::size_t at) {
      at_ = at;
      if (!valid()) return;
      in_.seekg(static_cast<std::streamoff>(at * sizeof record_));
      in_.read(reinterpret_cast<char*>(record_.data()), sizeof record_);
    }

    std::ifstream in_;
    std::size_t size_ = 0, at_ = 0;
    std::array<std::int64_t, 2> record_{};
  };

  std::vector<datolite::query::sorted_slot> sorted_by() const { return {{0, datolite::kind::long_}}; }
  position cursor(const datolite::query::clause_pattern&) const { return position{path}; }
};
// [/file]

void file() {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("datolite-prices-" + std::to_string(::getpid()))).string();
  {
    std::ofstream out{path, std::ios::binary};
    for (std::int64_t n = 0; n < 10'000; ++n) {
      const std::int64_t record[]{n, n % 100};
      out.write(reinterpret_cast<const char*>(record), sizeof record);
    }
  }
  // [ask-file]
  const std::vector<std::tuple<std::string, int>> basket{{"tea", 7000}, {"salt", 12}};
  datolite::io_counters io;
  const auto found = q({.query = "[:find ?what ?price :in $ $p :where [?what ?n] [$p ?n ?price]]",
                        .args = {basket, price_file{path}},
                        .io = &io});  // two seeks among 10,000 records
  // [/ask-file]
  expect(to_edn(found.as_value()), R"(#{["salt" 12] ["tea" 0]})");
  expect(std::to_string(io.other.seeks) + " " + std::to_string(io.other.reads), "2 4");
  std::filesystem::remove(path);
}

void keys() {
  // [keys]
  using datolite::kind;
  const datolite::adapters::key_layout seats{"seat/", {kind::long_, kind::string}};
  datolite::engines::memory store;
  auto t = datolite::ensure_transaction(store);
  t = put(std::move(t), seats.key(12, "window"), "");
  t = put(std::move(t), seats.key(1, "aisle"), "");
  const datolite::adapters::key_relation source{seats,
                                                t};  // a transaction, a snapshot, a storage: any Reader
  const auto found = q("[:find ?place . :where [?row ?place] [(< 10 ?row)]]", source);
  // [/keys]
  expect(to_edn(found.as_value()), R"("window")");
}

void structs() {
  // [structs]
  const std::vector<seat> seats{{1, "window"}, {12, "aisle"}};
  const auto found =
      q("[:find ?row ?place :where [?row ?place] [(< 10 ?row)]]", datolite::adapters::structs(seats));
  const std::vector<seat> far_back = datolite::adapters::rows_as<seat>(found);
  // [/structs]
  expect(std::to_string(far_back.at(0).row) + far_back.at(0).place, "12aisle");
}

void traced() {
  const std::vector<std::tuple<std::string, int>> rows{{"e1", 0}, {"e1", 2}, {"e1", 5}, {"e2", 3}};
  // [traced]
  const datolite::adapters::traced_source source{rows};
  q("[:find ?v :in $ [?e ...] :where [?e ?v] [(> ?v 1)] [(< ?v 4)]]", source,
    std::vector<std::string>{"e1", "e2"});
  std::cout << *source.trace();
  // [/traced]
  expect(to_edn(source.trace()->as_value()),
         "[{:consts [nil nil], :extrel 0, :past #{1}, :starts [nil 1], :wanted #{0 1}, :whiles [nil (< 4)]} "
         "{:distinct true, :join 0, :on [[0 0]], :predicates [(< x1 4) (> x1 1)], :project-x [[1 0]], "
         ":project-y [], "
         ":reads 4, :rows-in 2, :rows-out 2, :seeks 0, :steps 0}]");
}

}  // namespace

int main() {
  plain();
  by_member();
  by_adl();
  with_identity();
  sorted();
  file();
  keys();
  structs();
  traced();
  return failures == 0 ? 0 : 1;
}
