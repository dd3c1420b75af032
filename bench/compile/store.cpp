// A transaction map over the memory engine, without datoms or queries.
#include <datolite/engines/memory.hpp>
#include <datolite/txn/transaction.hpp>

void greet(datolite::engines::memory& store) {
  datolite::commit(store, datolite::put(datolite::ensure_transaction(store), "greeting", "hello"));
}
