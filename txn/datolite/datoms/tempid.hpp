// tempid: temporary entity ids that a program makes.
//
// A temporary id is a negative number that names a partition and an index. Indices -1 to -100000 are the
// user's, who chooses them; `tempid(partition)` draws from -1000001 downwards, and within a transaction
// function from a range below that, so that what a function makes is never taken for what its caller made. In
// transaction data a bare -1 is short for the user's -1 in :db.part/user.
//
// Threads: drawing is safe from any, and no index is drawn twice in one process.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include <datolite/core/datom.hpp>
#include <datolite/core/error.hpp>
#include <datolite/datoms/entity_id.hpp>

namespace datolite::datoms {

inline constexpr std::int64_t last_user_index = -100000;
inline constexpr std::int64_t first_drawn_index = -1000001;
inline constexpr std::int64_t first_function_index = -(std::int64_t{1} << (counter_bits - 1)) - 1;
inline constexpr std::int64_t last_index = -(std::int64_t{1} << counter_bits) + 1;

/// The user's temporary id `n`, -1 to -100000, of `partition` (an id, explicit or implicit). Throws
/// `incorrect` for any other n.
constexpr entity_id tempid(entity_id partition, std::int64_t n) {
  if (n >= 0 || n < last_user_index) {
    throw error{error_category::incorrect, "db.error/invalid-tempid",
                "a program chooses temporary indices from -1 to -100000, not " + std::to_string(n) +
                    "; leave it out to be given one"};
  }
  return detail::make_tempid(partition, n);
}

/// Does the temporary id `e` name its partition? A bare negative number does not.
constexpr bool names_partition(entity_id e) noexcept { return e < 0 && (e >> 62 & 1) == 0; }

namespace detail {

inline std::atomic<std::int64_t> next_drawn_index{first_drawn_index};
inline std::atomic<std::int64_t> next_function_index{first_function_index};
inline thread_local int functions_running = 0;

/// While one lives, this thread runs a transaction function.
class function_scope {
 public:
  function_scope() noexcept { ++functions_running; }
  ~function_scope() { --functions_running; }
  function_scope(const function_scope&) = delete;
  function_scope& operator=(const function_scope&) = delete;
};

}  // namespace detail

/// A temporary id of `partition` that was never given out before. Throws `exhausted` when there is none left.
inline entity_id tempid(entity_id partition) {
  const bool in_function = detail::functions_running > 0;
  auto& next = in_function ? detail::next_function_index : detail::next_drawn_index;
  const std::int64_t index = next.fetch_sub(1, std::memory_order_relaxed);
  if (index < (in_function ? last_index : first_function_index + 1)) {
    throw error{error_category::exhausted, "db.error/no-tempid-left",
                "this process has used up its temporary ids"};
  }
  return detail::make_tempid(partition, index);
}

}  // namespace datolite::datoms
