// expect: extrel returns nothing: it must return rows that can be joined
#include <datolite/query/any_source.hpp>

namespace {

struct source {
  void extrel(const datolite::query::clause_pattern&) const {}
};

}  // namespace

static_assert(datolite::query::explain_extrel<source>());
