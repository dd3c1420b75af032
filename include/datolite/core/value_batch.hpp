// value_batch: many values made or dropped at once. Those next to each other that share a payload are counted
// together: one atomic operation for all of them, where each by itself would cost one.
//
// Threads: as values; a writer is used by one.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <vector>

#include <datolite/core/value.hpp>

namespace datolite {

/// Makes values where there are none yet. What was made is counted at the latest when the writer ends: until
/// then it must not be dropped or moved.
class value_batch_writer {
 public:
  value_batch_writer() = default;
  value_batch_writer(const value_batch_writer&) = delete;
  ~value_batch_writer() { settle(); }

  /// A copy of `from` at `to`. O(1).
  void copy(value* to, const value& from) noexcept {
    std::memcpy(static_cast<void*>(to), &from, sizeof from);
    if (from.is_shared()) count(from.payload());
  }
  /// whole.part(k, from, n) at `to`. O(1).  REQUIRES: part() would share `whole`'s bytes.
  void part(value* to, const value& whole, kind k, std::size_t from, std::size_t n) noexcept {
    ::new (static_cast<void*>(to)) value{whole.uncounted_part(k, from, n)};
    count(whole.payload());
  }

 private:
  void count(detail::shared_payload* of) noexcept {
    if (of != of_) settle(), of_ = of;
    ++more_;
  }
  void settle() noexcept {
    if (more_ != 0) of_->holders.fetch_add(more_, std::memory_order_relaxed);
    more_ = 0;
  }

  detail::shared_payload* of_ = nullptr;
  std::uint32_t more_ = 0;  // holders of it that are not counted yet
};

/// Empties `all`, which keeps its memory. O(n).
void drop_values(std::vector<value>& all) noexcept;

// ---------------------------------------------------------------------------------------------------------------

inline void drop_values(std::vector<value>& all) noexcept {
  // Another pass over them, which pays where many share; the values of a column are much alike.
  const auto may_share = [&](std::size_t i) { return all[i].is_shared() && !all[i].holds_values(); };
  if (!all.empty() && (may_share(0) || may_share(all.size() / 2) || may_share(all.size() - 1))) {
    detail::shared_payload* of = nullptr;
    std::uint32_t together = 0;
    const auto give_back = [&] {
      if (together == 0 || of->holders.fetch_sub(together, std::memory_order_acq_rel) != together) return;
      detail::free_payload(of, of->size);
    };
    for (value& one : all) {
      if (!one.is_shared() || one.holds_values()) continue;
      if (one.payload() != of) give_back(), of = one.payload(), together = 0;
      ++together;
      one.forget();
    }
    give_back();
  }
  all.clear();
}

}  // namespace datolite
