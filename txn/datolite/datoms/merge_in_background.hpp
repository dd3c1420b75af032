// merge_in_background: merges of a packed database on a thread of their own, so that no transaction waits for
// one.
//
//   connection conn{engine, {.merge = merging::when_asked}};
//   auto merging = merge_in_background(conn);      // until `merging` is destroyed
//
// After each transaction it asks whether a merge is due. Blocks are read and made while others transact; only
// the commit waits for its turn. What is transacted meanwhile stays novelty, read again from the log's tail.
// A merge that fails is counted (`failures()`) and tried again after the next transaction.
#pragma once

#include <datolite/datoms/connection.hpp>
#include <datolite/datoms/listen.hpp>

namespace datolite {

[[nodiscard]] inline subscription merge_in_background(connection& conn) {
  return listen(conn, [its = conn](const tx_report&) mutable {
    const db now = its.db();
    const datoms::db_state& state = now.view().state();
    if (state.model->is_merge_due(*state.index)) its.merge();
  });
}

}  // namespace datolite
