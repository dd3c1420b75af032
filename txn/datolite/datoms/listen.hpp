// listen: be told of each transaction, as its report, in order.
//
//   auto told = listen(conn, [](const tx_report& report) { … });      // until `told` is destroyed
//
// The function is called on a thread of its own, one report after another, so neither a slow one nor one that
// throws holds up a transaction or another listener. What it has not come to yet waits in memory: `waiting()`
// says how much.
//
// It is told of the transactions that this connection (with its copies) has acknowledged since; those of
// other processes it can find in the log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include <datolite/datoms/connection.hpp>
#include <datolite/datoms/tx_report.hpp>

namespace datolite {

/// A listener's hold. Movable; when it is destroyed, no further call begins, and one that runs is waited for.
class subscription {
 public:
  subscription() = default;
  subscription(subscription&&) noexcept = default;
  subscription& operator=(subscription&& other) noexcept {
    std::swap(sink_, other.sink_);
    return *this;
  }
  ~subscription();

  /// Reports that the function has still to be called with. Any thread.
  std::size_t waiting() const;
  /// Calls that threw, and reports that memory had no room for.
  std::uint64_t failures() const noexcept;

 private:
  friend subscription listen(connection& conn, std::function<void(const tx_report&)> call);

  class sink;
  explicit subscription(std::shared_ptr<sink> made) noexcept : sink_{std::move(made)} {}
  std::shared_ptr<sink> sink_;
};

/// Calls `call` with the report of every transaction from now on, in order.
[[nodiscard]] subscription listen(connection& conn, std::function<void(const tx_report&)> call);

}  // namespace datolite

#ifndef DATOLITE_COMPILED
#include <datolite/datoms/detail/listen.hpp>
#endif
