// expect: resolves\(const clause_pattern&\) must be const and return a slot_set
#include <datolite/query/any_source.hpp>

#include <tuple>
#include <vector>

namespace {

struct source {
  std::vector<std::tuple<int, int>> extrel(const datolite::query::clause_pattern&) const { return {}; }
  datolite::query::slot_set resolves(const datolite::query::clause_pattern&) { return {}; }
};

}  // namespace

datolite::query::any_source wrong{source{}};
