// Connections and branches, for `datolite::compiled`.
#include <datolite/datoms/connection.hpp>
