// traced: an engine that counts what is asked of it.
//
// Intuition. A storage around another, with the same contents and the same abilities, that tells what a piece
// of code costs in engine operations: where a query should seek once, a test can see that it does.
//
//   auto store = datolite::engines::traced{datolite::engines::memory{}};
//   auto counters = store.counters();           // stays readable when the store is moved into a connection
//   …
//   EXPECT_EQ(counters->counts().seeks, 1u);
//
// Threads: as the engine inside. Counts are relaxed atomics: exact once the threads that are counted have
// joined.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <datolite/core/bounds.hpp>
#include <datolite/core/bytes.hpp>
#include <datolite/core/reader.hpp>
#include <datolite/core/storage.hpp>
#include <datolite/core/writer.hpp>

namespace datolite::engines {

/// What was asked of an engine.
struct traced_counts {
  std::uint64_t gets = 0;       ///< keys looked up by get and get_many
  std::uint64_t iterators = 0;  ///< opened
  std::uint64_t seeks = 0;      ///< seek, seek_for_prev, seek_first, seek_last
  std::uint64_t steps = 0;      ///< next, prev
  std::uint64_t bytes = 0;  ///< of values that gets found, of keys and values that iterators came to stand on
  std::uint64_t snapshots = 0;
  std::uint64_t commits = 0;  ///< that returned, bulk loads included
  std::uint64_t changes = 0;  ///< in them

  friend bool operator==(const traced_counts&, const traced_counts&) = default;
  friend traced_counts operator-(traced_counts a, const traced_counts& b) noexcept {
    a.gets -= b.gets, a.iterators -= b.iterators, a.seeks -= b.seeks, a.steps -= b.steps;
    a.bytes -= b.bytes, a.snapshots -= b.snapshots, a.commits -= b.commits, a.changes -= b.changes;
    return a;
  }
};

/// Where a traced engine, its snapshots and iterators count.
class traced_counters {
 public:
  traced_counts counts() const noexcept {
    const auto at = [this](std::size_t i) { return all_[i].load(std::memory_order_relaxed); };
    return {at(gets),   at(iterators), at(seeks),   at(steps),
            at(bytes_), at(snapshots), at(commits), at(changes)};
  }
  void reset() noexcept {
    for (auto& one : all_) one.store(0, std::memory_order_relaxed);
  }

  enum which : std::size_t { gets, iterators, seeks, steps, bytes_, snapshots, commits, changes };
  void add(which what, std::uint64_t n = 1) noexcept { all_[what].fetch_add(n, std::memory_order_relaxed); }

 private:
  std::array<std::atomic<std::uint64_t>, 8> all_{};
};

template <Iterator I>
class traced_iterator {
 public:
  traced_iterator(I inner, std::shared_ptr<traced_counters> counters)
      : inner_{std::move(inner)}, counters_{std::move(counters)} {
    counters_->add(traced_counters::iterators);
  }

  void seek(bytes_view key) { counting(traced_counters::seeks), inner_.seek(key), stand(); }
  void seek_for_prev(bytes_view key) { counting(traced_counters::seeks), inner_.seek_for_prev(key), stand(); }
  void seek_first() { counting(traced_counters::seeks), inner_.seek_first(), stand(); }
  void seek_last() { counting(traced_counters::seeks), inner_.seek_last(), stand(); }
  void next() { counting(traced_counters::steps), inner_.next(), stand(); }
  void prev() { counting(traced_counters::steps), inner_.prev(), stand(); }
  bool valid() const { return inner_.valid(); }
  bytes_view key() const { return inner_.key(); }
  bytes_view value() const { return inner_.value(); }

 private:
  void counting(traced_counters::which what) { counters_->add(what); }
  void stand() {
    if (!inner_.valid()) return;
    counters_->add(traced_counters::bytes_,
                   bytes_view{inner_.key()}.size() + bytes_view{inner_.value()}.size());
  }

  I inner_;
  std::shared_ptr<traced_counters> counters_;
};

namespace detail {

/// get, get_many and open_iterator of `reader`, counted.
template <Reader R>
auto traced_get(const R& reader, bytes_view key, traced_counters& counters) {
  counters.add(traced_counters::gets);
  auto found = reader.get(key);
  if (found) counters.add(traced_counters::bytes_, bytes_view{found->view()}.size());
  return found;
}

template <Reader R>
auto traced_get_many(const R& reader, std::span<const bytes_view> keys, traced_counters& counters) {
  counters.add(traced_counters::gets, keys.size());
  auto found = datolite::get_many(reader, keys);
  for (const auto& one : found) {
    if (one) counters.add(traced_counters::bytes_, bytes_view{one->view()}.size());
  }
  return found;
}

}  // namespace detail

template <Snapshot S>
class traced_snapshot {
 public:
  traced_snapshot(S inner, std::shared_ptr<traced_counters> counters)
      : inner_{std::move(inner)}, counters_{std::move(counters)} {
    counters_->add(traced_counters::snapshots);
  }

  auto get(bytes_view key) const& { return detail::traced_get(inner_, key, *counters_); }
  auto get_many(std::span<const bytes_view> keys) const& {
    return detail::traced_get_many(inner_, keys, *counters_);
  }
  traced_iterator<iterator_t<S>> open_iterator(const bounds& b) const& {
    return {inner_.open_iterator(b), counters_};
  }
  void get(bytes_view) const&& = delete;  // what it returns would outlive its reader
  void get_many(std::span<const bytes_view>) const&& = delete;
  void open_iterator(const bounds&) const&& = delete;

  synctag_t synctag() const { return inner_.synctag(); }

 private:
  S inner_;
  std::shared_ptr<traced_counters> counters_;
};

/// `E`, counted. Models whatever of the storage concepts `E` models.
template <Storage E>
class traced {
 public:
  static constexpr bool zero_copy = E::zero_copy;
  static constexpr bool multi_process = E::multi_process;

  explicit traced(E engine) : engine_{std::move(engine)} {}

  const std::shared_ptr<traced_counters>& counters() const noexcept { return counters_; }
  traced_counts counts() const noexcept { return counters_->counts(); }
  void reset() noexcept { counters_->reset(); }
  E& engine() noexcept { return engine_; }
  const E& engine() const noexcept { return engine_; }

  auto get(bytes_view key) const& { return detail::traced_get(engine_, key, *counters_); }
  auto get_many(std::span<const bytes_view> keys) const& {
    return detail::traced_get_many(engine_, keys, *counters_);
  }
  traced_iterator<iterator_t<E>> open_iterator(const bounds& b) const& {
    return {engine_.open_iterator(b), counters_};
  }
  void get(bytes_view) const&& = delete;  // what it returns would outlive its reader
  void get_many(std::span<const bytes_view>) const&& = delete;
  void open_iterator(const bounds&) const&& = delete;

  traced_snapshot<snapshot_t<E>> snapshot() const { return {engine_.snapshot(), counters_}; }
  synctag_t synctag() const { return engine_.synctag(); }

  synctag_t commit(std::span<const change> changes, const demands& wanted = {}) {
    const synctag_t made = engine_.commit(changes, wanted);
    counters_->add(traced_counters::commits);
    counters_->add(traced_counters::changes, changes.size());
    return made;
  }

  template <class Next>
  requires BulkLoader<E> synctag_t bulk_load(Next&& next) {
    std::uint64_t loaded = 0;
    const synctag_t made = engine_.bulk_load([&]() -> std::optional<change> {
      std::optional<change> one = next();
      loaded += one.has_value();
      return one;
    });
    counters_->add(traced_counters::commits);
    counters_->add(traced_counters::changes, loaded);
    return made;
  }

  /// A fork of the engine, counted from zero on its own.
  traced fork() const requires requires(const E& e) { E{e.fork()}; }
  { return traced{engine_.fork()}; }

  void close() { engine_.close(); }
  durability_level durability() const { return engine_.durability(); }
  std::size_t min_key_size() const { return engine_.min_key_size(); }
  std::size_t max_key_size() const { return engine_.max_key_size(); }
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
  E engine_;
  std::shared_ptr<traced_counters> counters_ = std::make_shared<traced_counters>();
};

}  // namespace datolite::engines
