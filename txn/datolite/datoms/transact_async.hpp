// transact_async: transact without waiting.
//
//   auto coming = transact_async(conn, data);
//   …
//   tx_report report = coming.get();      // throws what `transact` would have thrown
//
// The transactions happen in the order of the calls, on a thread that the connection starts with the first of
// them; those that have come in meanwhile are kept together, by one commit of the engine. When the connection
// goes, those that wait are performed first.
#pragma once

#include <future>

#include <datolite/core/value.hpp>
#include <datolite/datoms/connection.hpp>
#include <datolite/datoms/tx_report.hpp>

namespace datolite {

/// Transacts `tx_data` soon; the future has what `conn.transact` would have returned or thrown. Any thread.
std::future<tx_report> transact_async(connection& conn, value tx_data);

}  // namespace datolite

#ifndef DATOLITE_COMPILED
#include <datolite/datoms/detail/transact_async.hpp>
#endif
