// Queries over plain C++ data: what docs/query.md quotes.
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <datolite/query/query.hpp>

using namespace datolite::literals;
using datolite::q;
using datolite::value;

int failures = 0;

void expect(bool as_said) { failures += as_said ? 0 : 1; }

void joins() {
  // [joins]
  const std::vector<std::tuple<std::string, int>> ages{{"Ivan", 15}, {"Petr", 37}, {"Anna", 22}};
  const std::map<std::string, std::string> homes{{"Ivan", "Oslo"}, {"Anna", "Bergen"}};

  auto found = q<std::string, std::int64_t>(
      "[:find ?home ?age :in $ages $homes :where [$ages ?n ?age] [$homes ?n ?home] [(< 18 ?age)]]", ages,
      homes);
  for (auto [home, age] : found) expect(home == "Bergen" && age == 22);
  // [/joins]
  expect(found.size() == 1);
}

void inputs() {
  const std::vector<std::tuple<std::string, int>> ages{{"Ivan", 15}, {"Petr", 37}, {"Anna", 22}};
  // [inputs]
  const auto grown =
      datolite::prepare("[:find [?n ...] :in $ ?min [?n ...] :where [?n ?age] [(<= ?min ?age)]]");
  expect(q(grown, ages, 18, std::vector<std::string>{"Ivan", "Anna"}).collection() ==
         std::vector{value{"Anna"}});

  const auto odd = [](std::int64_t n) { return n % 2 != 0; };  // any callable
  expect(q("[:find ?n :in $ ?odd :where [?n ?age] [(?odd ?age)]]", ages, odd).size() == 2);
  // [/inputs]
}

void rules() {
  // [rules]
  const std::vector<std::tuple<std::string, std::string>> needs{
      {"app", "lib"}, {"lib", "libc"}, {"tool", "libc"}};
  const auto closure = R"([[(needs ?a ?b) [?a ?b]]
                           [(needs ?a ?b) [?a ?c] (needs ?c ?b)]])"_edn;
  expect(q("[:find ?b :in $ % :where (needs \"app\" ?b)]", needs, closure).as_value() ==
         R"(#{["lib"] ["libc"]})"_edn);
  // [/rules]
}

void statistics() {
  const std::vector<std::tuple<std::string, int>> ages{{"Ivan", 15}, {"Petr", 37}, {"Anna", 22}};
  // [statistics]
  const auto answer = q({.query = "[:find ?n :where [?n ?age] [(< ?age 30)]]",
                         .args = {ages},
                         .query_stats = true,
                         .io_context = "report/young"_kw});
  expect(*datolite::find_keyword(answer.io_stats(), "reads") == "{:other 3}"_edn);
  // [/statistics]
}

void explaining() {
  const std::vector<std::tuple<std::string, std::string>> needs{
      {"app", "lib"}, {"lib", "libc"}, {"tool", "libc"}, {"lib", "tool"}};
  // [explain]
  const auto rules = R"([[(needs ?a ?b) [?a ?b]]
                         [(needs ?a ?b) [?a ?c] (needs ?c ?b)]
                         [(one-way ?a ?b) (needs ?a ?b) (not [?b ?a])]])"_edn;
  const auto how =
      datolite::explain({.query = "[:find ?b :in $ % :where (one-way \"app\" ?b)]", .args = {needs, rules}});
  expect(how.tree == R"(`- (one-way "app" ?b)  rule, rows 1 -> 3, asked 1, answered 3
   `- [(one-way ?a ?b) (needs ?a ?b) (not [?b ?a])]  branch, gives answers
      |- (needs ?a ?b)  rule, rows 1 -> 3, asked 4, answered 3
      |  |- [(needs ?a ?b) [?a ?b]]  branch, gives answers and questions
      |  |  `- [?a ?b]  source, estimated 4, rows 4 -> 4 in 3 runs
      |  `- [(needs ?a ?b) [?a ?c] (needs ?c ?b)]  branch, gives questions, as another finds them
      `- (not [?b ?a])  not, rows 3 -> 3
         `- [?b ?a]  source, estimated 4, rows 3 -> 0
)");
  // [/explain]
}

// [protocol]
/// All numbers and their squares: endless, so it has to be told where to stop.
struct squares {
  std::vector<std::pair<std::int64_t, std::int64_t>> extrel(const datolite::query::clause_pattern& p) const {
    std::vector<std::pair<std::int64_t, std::int64_t>> rows;
    if (p.size() == 0 || !p.starts[0] || !p.whiles[0])
      throw std::invalid_argument{"a range of numbers is needed"};
    for (std::int64_t i = p.starts[0]->as_long(); (*p.whiles[0])(value{i}); ++i) {
      const bool fits = p.size() < 2 || !p.consts[1] || p.consts[1]->as_long() == i * i;  // the consts bind
      if (fits) rows.emplace_back(i, i * i);
    }
    return rows;  // a range of pairs can be joined as it is
  }
};
// [/protocol]

void protocol() {
  expect(q("[:find ?i . :where [?i 49] [(<= 0 ?i)] [(< ?i 100)]]", squares{}).scalar() == value{7});
}

int main() {
  protocol();
  joins();
  inputs();
  rules();
  statistics();
  explaining();
  return failures;
}
