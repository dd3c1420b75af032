// expect: a transaction stands on a snapshot: use ensure_transaction\(storage\)
// A storage answers with its newest state each time; a transaction needs one that stays.
#include <datolite/core/any_storage.hpp>
#include <datolite/txn/transaction.hpp>

void wrong(datolite::any_storage store) { (void)datolite::transaction_on(store); }
