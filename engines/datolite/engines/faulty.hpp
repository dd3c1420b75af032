// faulty: an engine that fails where it is told to.
//
// Intuition. A storage around another that behaves like it, until the operation that a plan names: then it
// fails before that operation, after it, or so that nobody can say which. With lower limits it plays a
// smaller engine. So code above is tried against a bad disk and a narrow store by the memory engine.
//
//   auto store = datolite::engines::faulty{datolite::engines::memory{}};
//   auto faults = store.faults();               // stays usable when the store is moved into a connection
//   faults->arm({.at = 3, .when = fault_when::after, .operations = fault_on::commit});
//
// What a failure says. A read, and a commit that did not happen, throw the plan's category. A commit that
// happened, or may have, throws `unknown-outcome`: the laws of Writer allow nothing else.
//
// Threads: as the engine inside; operations of many threads are counted in some order.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <datolite/core/bounds.hpp>
#include <datolite/core/bytes.hpp>
#include <datolite/core/commit_checks.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/reader.hpp>
#include <datolite/core/storage.hpp>
#include <datolite/core/writer.hpp>

namespace datolite::engines {

enum class fault_when : std::uint8_t {
  before,   ///< the operation does not happen
  after,    ///< it happens, and fails all the same
  unknown,  ///< one of the two, by the plan's seed
};

/// Kinds of operations, to be combined with |.
namespace fault_on {
inline constexpr unsigned get = 1, open_iterator = 2, seek = 4, step = 8, snapshot = 16, commit = 32;
inline constexpr unsigned read = get | open_iterator | seek | step | snapshot;
inline constexpr unsigned all = read | commit;
}  // namespace fault_on

struct fault_plan {
  std::uint64_t at = 0;  ///< which operation fails, of those that count, from 1 on; 0: none
  fault_when when = fault_when::before;
  unsigned operations = fault_on::all;  ///< which count
  error_category category = error_category::unavailable;
  bool from_then_on = false;  ///< every later one that counts fails too, like a store that has gone
  std::uint64_t seed = 1;     ///< decides what `unknown` does
};

/// Where a faulty engine, its snapshots and iterators ask whether to fail.
class fault_control {
 public:
  /// Starts to count anew.
  void arm(const fault_plan& plan) {
    const std::lock_guard hold{mutex_};
    plan_ = plan, operations_ = 0, failures_ = 0;
  }
  void disarm() { arm({}); }

  std::uint64_t operations() const { return read(operations_); }  ///< that counted since arm()
  std::uint64_t failures() const { return read(failures_); }      ///< since arm()

  /// Does `operation`, or fails as planned.
  template <class Operation>
  std::invoke_result_t<Operation&> run(unsigned kind, Operation&& operation) {
    const std::optional<strike> struck = count(kind);
    if (!struck) return operation();
    if (struck->happens) (void)operation();
    throw error{struck->category, "db.error/injected-fault",
                "a failure was asked for at operation " + std::to_string(struck->at) +
                    ": this is a test's engine; disarm it to go on"};
  }

 private:
  struct strike {
    bool happens;
    error_category category;
    std::uint64_t at;
  };

  std::optional<strike> count(unsigned kind) {
    const std::lock_guard hold{mutex_};
    if (!(plan_.operations & kind)) return std::nullopt;
    ++operations_;
    if (plan_.at == 0 || operations_ < plan_.at || (operations_ > plan_.at && !plan_.from_then_on))
      return std::nullopt;
    ++failures_;
    const bool happens = plan_.when == fault_when::after || (plan_.when == fault_when::unknown && coin());
    const bool unclear = kind == fault_on::commit && plan_.when != fault_when::before;
    return strike{happens, unclear ? error_category::unknown_outcome : plan_.category, operations_};
  }

  bool coin() const { return ((plan_.seed + operations_) * 0x9E3779B97F4A7C15u >> 60) & 1; }

  std::uint64_t read(const std::uint64_t& number) const {
    const std::lock_guard hold{mutex_};
    return number;
  }

  mutable std::mutex mutex_;
  fault_plan plan_;
  std::uint64_t operations_ = 0, failures_ = 0;
};

/// What a smaller engine would take. The engine's own limits stay, too.
struct faulty_limits {
  std::size_t max_key_size = std::numeric_limits<std::size_t>::max();  ///< bytes
  std::size_t max_changes = std::numeric_limits<std::size_t>::max();   ///< in a commit
  std::size_t max_bytes = std::numeric_limits<std::size_t>::max();     ///< of keys and values in a commit
};

template <Iterator I>
class faulty_iterator {
 public:
  faulty_iterator(I inner, std::shared_ptr<fault_control> faults)
      : inner_{std::move(inner)}, faults_{std::move(faults)} {}

  void seek(bytes_view key) {
    faults_->run(fault_on::seek, [&] { inner_.seek(key); });
  }
  void seek_for_prev(bytes_view key) {
    faults_->run(fault_on::seek, [&] { inner_.seek_for_prev(key); });
  }
  void seek_first() {
    faults_->run(fault_on::seek, [&] { inner_.seek_first(); });
  }
  void seek_last() {
    faults_->run(fault_on::seek, [&] { inner_.seek_last(); });
  }
  void next() {
    faults_->run(fault_on::step, [&] { inner_.next(); });
  }
  void prev() {
    faults_->run(fault_on::step, [&] { inner_.prev(); });
  }
  bool valid() const { return inner_.valid(); }
  bytes_view key() const { return inner_.key(); }
  bytes_view value() const { return inner_.value(); }

 private:
  I inner_;
  std::shared_ptr<fault_control> faults_;
};

template <Snapshot S>
class faulty_snapshot {
 public:
  faulty_snapshot(S inner, std::shared_ptr<fault_control> faults)
      : inner_{std::move(inner)}, faults_{std::move(faults)} {}

  auto get(bytes_view key) const& {
    return faults_->run(fault_on::get, [&] { return inner_.get(key); });
  }
  faulty_iterator<iterator_t<S>> open_iterator(const bounds& b) const& {
    return {faults_->run(fault_on::open_iterator, [&] { return inner_.open_iterator(b); }), faults_};
  }
  void get(bytes_view) const&& = delete;  // what it returns would outlive its reader
  void open_iterator(const bounds&) const&& = delete;

  synctag_t synctag() const { return inner_.synctag(); }

 private:
  S inner_;
  std::shared_ptr<fault_control> faults_;
};

/// `E`, which fails as planned. Models whatever of the storage concepts `E` models. get_many is a loop of
/// gets, so that each can fail.
template <Storage E>
class faulty {
 public:
  static constexpr bool zero_copy = E::zero_copy;
  static constexpr bool multi_process = E::multi_process;

  explicit faulty(E engine, const faulty_limits& limits = {}) : engine_{std::move(engine)}, limits_{limits} {}

  const std::shared_ptr<fault_control>& faults() const noexcept { return faults_; }
  E& engine() noexcept { return engine_; }
  const E& engine() const noexcept { return engine_; }

  auto get(bytes_view key) const& {
    return faults_->run(fault_on::get, [&] { return engine_.get(key); });
  }
  faulty_iterator<iterator_t<E>> open_iterator(const bounds& b) const& {
    return {faults_->run(fault_on::open_iterator, [&] { return engine_.open_iterator(b); }), faults_};
  }
  void get(bytes_view) const&& = delete;  // what it returns would outlive its reader
  void open_iterator(const bounds&) const&& = delete;

  faulty_snapshot<snapshot_t<E>> snapshot() const {
    return {faults_->run(fault_on::snapshot, [&] { return engine_.snapshot(); }), faults_};
  }
  synctag_t synctag() const { return engine_.synctag(); }

  synctag_t commit(std::span<const change> changes, const demands& wanted = {}) {
    check_changes(changes, min_key_size(), max_key_size());
    batch_size size;
    for (const change& c : changes) add(size, c);
    return faults_->run(fault_on::commit, [&] { return engine_.commit(changes, wanted); });
  }

  template <class Next>
  requires BulkLoader<E> synctag_t bulk_load(Next&& next) {
    batch_size size;
    const auto checked = [&]() -> std::optional<change> {
      std::optional<change> one = next();
      if (one) check_key_size(one->key, min_key_size(), max_key_size()), add(size, *one);
      return one;
    };
    return faults_->run(fault_on::commit, [&] { return engine_.bulk_load(checked); });
  }

  /// A fork of the engine with the same limits and a plan of its own.
  faulty fork() const requires requires(const E& e) { E{e.fork()}; }
  { return faulty{engine_.fork(), limits_}; }

  void close() { engine_.close(); }
  durability_level durability() const { return engine_.durability(); }
  std::size_t min_key_size() const { return engine_.min_key_size(); }
  std::size_t max_key_size() const {
    return std::min<std::size_t>(engine_.max_key_size(), limits_.max_key_size);
  }
  std::size_t preferred_value_size() const { return engine_.preferred_value_size(); }
  std::string_view engine_name() const {
    if constexpr (requires { engine_.engine_name(); }) {
      return engine_.engine_name();
    } else if constexpr (requires { std::string_view{E::name}; }) {
      return E::name;
    } else {
      return "storage";
    }
  }

 private:
  struct batch_size {
    std::size_t changes = 0, bytes = 0;
  };

  void add(batch_size& size, const change& c) const {
    ++size.changes;
    size.bytes += c.key.size() + (c.value ? c.value->size() : 0);
    if (size.changes <= limits_.max_changes && size.bytes <= limits_.max_bytes) return;
    throw error{error_category::exhausted, "db.error/commit-too-large",
                "a commit may have at most " + std::to_string(limits_.max_changes) + " changes and " +
                    std::to_string(limits_.max_bytes) + " bytes here: commit less at once"};
  }

  E engine_;
  faulty_limits limits_;
  std::shared_ptr<fault_control> faults_ = std::make_shared<fault_control>();
};

}  // namespace datolite::engines
