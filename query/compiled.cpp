// The evaluator, for `datolite::compiled`.
#include <datolite/query/query.hpp>
