// Connections, branches, what is done through a connection, and changes not committed, for `datolite::compiled`.
#include <datolite/datoms/detail/branching.hpp>
#include <datolite/datoms/detail/bulk_load.hpp>
#include <datolite/datoms/detail/connection.hpp>
#include <datolite/datoms/detail/datom_run.hpp>
#include <datolite/datoms/detail/db.hpp>
#include <datolite/datoms/detail/db_log.hpp>
#include <datolite/datoms/detail/entity.hpp>
#include <datolite/datoms/detail/listen.hpp>
#include <datolite/datoms/detail/schema.hpp>
#include <datolite/datoms/detail/store_check.hpp>
#include <datolite/datoms/detail/transact_async.hpp>
#include <datolite/datoms/detail/tx_functions.hpp>
#include <datolite/datoms/detail/xxhash.hpp>
#include <datolite/txn/detail/overlay_put.hpp>
