// The definitions of transact_async.hpp.
#pragma once

#include <condition_variable>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <datolite/core/linkage.hpp>
#include <datolite/datoms/detail/connection.hpp>
#include <datolite/datoms/transact_async.hpp>

namespace datolite {

namespace datoms::detail {

class async_worker {
 public:
  explicit async_worker(connection_access::shared& of) : of_{of}, thread_{[this] { work(); }} {}
  async_worker(const async_worker&) = delete;
  async_worker& operator=(const async_worker&) = delete;
  ~async_worker() {
    {
      const std::lock_guard guard{mutex_};
      ending_ = true;
    }
    came_.notify_one();
    thread_.join();
  }

  std::future<tx_report> take(value tx_data) {
    std::future<tx_report> coming;
    {
      const std::lock_guard guard{mutex_};
      items_.push_back({std::move(tx_data), {}});
      coming = items_.back().promise.get_future();
    }
    came_.notify_one();
    return coming;
  }

 private:
  struct item {
    value tx_data;
    std::promise<tx_report> promise;
  };

  void work() {
    std::unique_lock lock{mutex_};
    for (;;) {
      came_.wait(lock, [this] { return ending_ || !items_.empty(); });
      if (items_.empty()) return;
      std::deque<item> taken = std::exchange(items_, {});
      lock.unlock();
      std::vector<tx_request> requests(taken.size());
      for (std::size_t i = 0; i < taken.size(); ++i) requests[i].tx_data = &taken[i].tx_data;
      of_.run(requests);
      for (std::size_t i = 0; i < taken.size(); ++i) keep(taken[i].promise, requests[i].outcome);
      lock.lock();
    }
  }
  static void keep(std::promise<tx_report>& promise, tx_outcome& outcome) {
    if (outcome.report) {
      promise.set_value(std::move(*outcome.report));
    } else {
      promise.set_exception(outcome.failure);
    }
  }

  connection_access::shared& of_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<item> items_;  // guarded by mutex_, as is ending_
  bool ending_ = false;
  std::thread thread_;  // last: it uses the rest
};

}  // namespace datoms::detail

DATOLITE_INLINE std::future<tx_report> transact_async(connection& conn, value tx_data) {
  auto& shared = datoms::detail::connection_access::of(conn);
  std::shared_ptr<datoms::detail::async_worker> worker;
  {
    const std::lock_guard guard{shared.queueing};
    if (shared.worker == nullptr) shared.worker = std::make_shared<datoms::detail::async_worker>(shared);
    worker = std::static_pointer_cast<datoms::detail::async_worker>(shared.worker);
  }
  return worker->take(std::move(tx_data));
}

}  // namespace datolite
