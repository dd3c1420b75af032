#include <datolite/core/value.hpp>
#include <datolite/core/version.hpp>

int main() { return datolite::value{"a small program outside"}.as_string().empty() ? 1 : 0; }
