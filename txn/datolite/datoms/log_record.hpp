// log_record: one transaction, as the log keeps it.
#pragma once

#include <cstdint>
#include <vector>

#include <datolite/core/datom.hpp>

namespace datolite::datoms {

/// What a transaction left behind: itself, and where the counters stood after it.
struct log_record {
  std::int64_t t = 0;
  std::int64_t previous_t = 0;
  std::int64_t instant = 0;             ///< its :db/txInstant, milliseconds since 1970
  std::int64_t next_t = 0;              ///< the T of the next transaction
  std::int64_t next_element = 0;        ///< the id of the next attribute or partition
  std::vector<datom> datoms;            ///< its datoms, those that it retracts included
  std::vector<std::int64_t> retracted;  ///< for each retracting datom in turn, the T of the assertion it ends
  std::uint64_t previous_sum = 0;       ///< the checksum of the record before it; 0 in records of version 1
  std::uint64_t sum = 0;                ///< its own checksum, as it was read or written
};

}  // namespace datolite::datoms
