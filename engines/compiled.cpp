// The memory engine, for `datolite::compiled`.
#include <datolite/engines/detail/memory.hpp>
