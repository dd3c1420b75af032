// EDN, read and printed, for `datolite::compiled`.
#include <datolite/core/detail/edn_printer.hpp>
#include <datolite/core/detail/edn_reader.hpp>
