// expect: what extrel returns is not joinable: it must be a range of rows
#include <datolite/query/any_source.hpp>

namespace {

struct source {
  int extrel(const datolite::query::clause_pattern&) const { return 1; }
};

}  // namespace

datolite::query::any_source wrong{source{}};
