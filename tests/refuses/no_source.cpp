// expect: not a datasource: it must be a range of rows
#include <datolite/query/any_source.hpp>

namespace {

struct source {};

}  // namespace

datolite::query::any_source wrong{source{}};
