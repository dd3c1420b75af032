// Connections, branches and what is done through a connection, for `datolite::compiled`.
#include <datolite/datoms/bulk_load.hpp>
#include <datolite/datoms/connection.hpp>
#include <datolite/datoms/db_log.hpp>
#include <datolite/datoms/listen.hpp>
#include <datolite/datoms/store_check.hpp>
#include <datolite/datoms/transact_async.hpp>
