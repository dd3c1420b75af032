// Values compared, what all indexes have, and EDN, read and printed, for `datolite::compiled`.
#include <datolite/core/detail/datom.hpp>
#include <datolite/core/detail/edn_printer.hpp>
#include <datolite/core/detail/edn_reader.hpp>
#include <datolite/core/detail/entity_set.hpp>
#include <datolite/core/detail/index_access.hpp>
#include <datolite/core/detail/value_comparison.hpp>
#include <datolite/core/detail/value_equality.hpp>
#include <datolite/core/detail/value_order.hpp>
