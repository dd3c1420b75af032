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

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include <datolite/datoms/connection.hpp>
#include <datolite/datoms/detail/connection.hpp>

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
  ~subscription() {
    if (sink_ != nullptr) sink_->stop();
  }

  /// Reports that the function has still to be called with. Any thread.
  std::size_t waiting() const { return sink_ == nullptr ? 0 : sink_->waiting(); }
  /// Calls that threw, and reports that memory had no room for.
  std::uint64_t failures() const noexcept { return sink_ == nullptr ? 0 : sink_->failures(); }

 private:
  friend subscription listen(connection& conn, std::function<void(const tx_report&)> call);

  class sink final : public datoms::detail::report_sink {
   public:
    explicit sink(std::function<void(const tx_report&)> call) : call_{std::move(call)} {}

    /// The thread keeps the sink, so that a listener may end its own subscription.
    void start(const std::shared_ptr<sink>& self) {
      thread_ = std::thread{[self] { self->work(); }};
    }

    void push(const tx_report& report) noexcept override {
      try {
        const std::lock_guard guard{mutex_};
        if (!stopped_) reports_.push_back(report);
      } catch (...) {
        failures_.fetch_add(1);
      }
      came_.notify_one();
    }
    void stop() noexcept {
      {
        const std::lock_guard guard{mutex_};
        if (std::exchange(stopped_, true)) return;
        reports_.clear();
      }
      came_.notify_one();
      // A listener that ends its own subscription cannot wait for itself.
      if (thread_.get_id() == std::this_thread::get_id()) {
        thread_.detach();
      } else {
        thread_.join();
      }
    }
    std::size_t waiting() const {
      const std::lock_guard guard{mutex_};
      return reports_.size() + (calling_ ? 1 : 0);
    }
    std::uint64_t failures() const noexcept { return failures_.load(); }

   private:
    void work() {
      std::unique_lock lock{mutex_};
      for (;;) {
        came_.wait(lock, [this] { return stopped_ || !reports_.empty(); });
        if (stopped_) return;
        const tx_report report = std::move(reports_.front());
        reports_.pop_front();
        calling_ = true;
        lock.unlock();
        try {
          call_(report);
        } catch (...) {
          failures_.fetch_add(1);
        }
        lock.lock();
        calling_ = false;
      }
    }

    std::function<void(const tx_report&)> call_;
    mutable std::mutex mutex_;
    std::condition_variable came_;
    std::deque<tx_report> reports_;  // these four are guarded by mutex_
    bool calling_ = false, stopped_ = false;
    std::atomic<std::uint64_t> failures_{0};
    std::thread thread_;
  };

  explicit subscription(std::shared_ptr<sink> made) noexcept : sink_{std::move(made)} {}
  std::shared_ptr<sink> sink_;
};

/// Calls `call` with the report of every transaction from now on, in order.
[[nodiscard]] inline subscription listen(connection& conn, std::function<void(const tx_report&)> call) {
  auto made = std::make_shared<subscription::sink>(std::move(call));
  made->start(made);
  subscription told{made};
  auto& shared = datoms::detail::connection_access::of(conn);
  const std::lock_guard guard{shared.writing};
  shared.sinks.push_back(made);
  return told;
}

}  // namespace datolite
