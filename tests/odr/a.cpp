#include <everything.hpp>

int included_backwards();

int main() { return included_backwards() == datolite::version_major ? 0 : 1; }
