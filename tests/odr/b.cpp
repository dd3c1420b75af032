#include <everything_backwards.hpp>

int included_backwards();
int included_backwards() { return datolite::version_major; }
