// expect: use of deleted function
// What get finds may live in the snapshot, which goes with the transaction.
#include <datolite/core/any_storage.hpp>
#include <datolite/txn/transaction.hpp>

void wrong(const datolite::any_storage& store) { (void)get(datolite::ensure_transaction(store), "key"); }
