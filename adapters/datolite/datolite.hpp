// Everything that a program with an in-memory database needs. The engines that need a library are apart:
// <datolite/engines/lmdb.hpp>, <datolite/engines/leveldb.hpp>, and <datolite/engines/url.hpp> for all by URL.
#pragma once

#include <datolite/adapters/db_source.hpp>
#include <datolite/adapters/log_source.hpp>
#include <datolite/core/any_storage.hpp>
#include <datolite/core/edn.hpp>
#include <datolite/core/linkage.hpp>
#include <datolite/core/scan.hpp>
#include <datolite/datoms/connection.hpp>
#include <datolite/datoms/db_log.hpp>
#include <datolite/datoms/entity.hpp>
#include <datolite/engines/memory.hpp>
#include <datolite/query/index_pull.hpp>
#include <datolite/query/pull.hpp>
#include <datolite/query/query.hpp>
#include <datolite/txn/transaction.hpp>

namespace datolite {

DATOLITE_COMPILED_TEMPLATE(any_storage::any_storage(engines::memory));

}  // namespace datolite
