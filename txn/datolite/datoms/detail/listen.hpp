// The definitions of listen.hpp.
#pragma once

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

#include <datolite/core/linkage.hpp>
#include <datolite/datoms/detail/connection.hpp>
#include <datolite/datoms/listen.hpp>

namespace datolite {

class subscription::sink final : public datoms::detail::report_sink {
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

DATOLITE_INLINE subscription::~subscription() {
  if (sink_ != nullptr) sink_->stop();
}

DATOLITE_INLINE std::size_t subscription::waiting() const { return sink_ == nullptr ? 0 : sink_->waiting(); }

DATOLITE_INLINE std::uint64_t subscription::failures() const noexcept {
  return sink_ == nullptr ? 0 : sink_->failures();
}

DATOLITE_INLINE subscription listen(connection& conn, std::function<void(const tx_report&)> call) {
  auto made = std::make_shared<subscription::sink>(std::move(call));
  made->start(made);
  subscription told{made};
  auto& shared = datoms::detail::connection_access::of(conn);
  const std::lock_guard guard{shared.writing};
  shared.sinks.push_back(made);
  return told;
}

}  // namespace datolite
