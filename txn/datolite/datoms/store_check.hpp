// store_check: is a database whole? Reads all of it, and says what is wrong and where.
//
// Asked are: every stored value's checksum; the chain of the log; of the packed layout, that each block is
// named by the directory, holds what it says, and that blocks and rows ascend; and that playing the log into
// an empty database gives what all four indexes show, present and past.
//
// Reads as other readers do: nothing is changed. A file that the engine itself trusts blindly (LMDB's) may
// kill the process that reads it; who must survive that, checks in a child process, as the program `datolite
// check` does.
//
// Cost: all of the database is read, and held once in memory as rows.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include <datolite/core/any_storage.hpp>

namespace datolite::datoms {

/// Told of each thing that is wrong.
using each_problem = std::function<void(const std::string&)>;

/// Calls `tell` with whatever is wrong with the database in `storage`, with its place; returns how much it
/// was.
std::size_t check_store(const any_storage& storage, const each_problem& tell);

}  // namespace datolite::datoms

#ifndef DATOLITE_COMPILED
#include <datolite/datoms/detail/store_check.hpp>
#endif
