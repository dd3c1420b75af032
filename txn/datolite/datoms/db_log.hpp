// db_log: the log as a db shows it.
//
// A db shows the transactions within its moment, a branch its own as well. The datoms are those that its
// predicates let pass; `history` makes no difference.
#pragma once

#include <cstdint>
#include <functional>

#include <datolite/datoms/db.hpp>
#include <datolite/datoms/log_record.hpp>

namespace datolite {

namespace datoms {

/// Called with a transaction; returns whether to go on.
using each_record = std::function<bool(const log_record&)>;

/// Calls `each` with the transactions of T in [start, end) that `view` shows, in order, until it returns
/// false; false if it did.
bool read_log(const db_view& view, std::int64_t start, std::int64_t end, const each_record& each);

}  // namespace datoms

}  // namespace datolite

#ifndef DATOLITE_COMPILED
#include <datolite/datoms/detail/db_log.hpp>
#endif
