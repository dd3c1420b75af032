// any_storage: a storage whose engine is chosen at run time.
//
// Intuition. A copyable handle that all its copies share, over any Storage. It models Storage itself, so
// whatever is written against the concept can be compiled once, against this type. The price is one virtual
// call an operation, and one allocation a snapshot or iterator. What the concept asks at compile time
// (`zero_copy`, `multi_process`) has the weaker answer here; the engine's own answer is there at run time.
//
// Threads: as the engine that it holds: many threads may read, commit and copy at once.
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <datolite/core/any_reader.hpp>
#include <datolite/core/bounds.hpp>
#include <datolite/core/bytes.hpp>
#include <datolite/core/change_source.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/reader.hpp>
#include <datolite/core/storage.hpp>
#include <datolite/core/writer.hpp>

namespace datolite {

class any_storage;

namespace detail {

/// Loads a run by one commit, for an engine that has nothing faster. Holds the whole run in memory meanwhile.
template <Writer W, class Next>
synctag_t commit_run(W& writer, Next&& next) {
  struct place {
    std::size_t key, value, end;
    bool removed;
  };
  bytes kept;
  std::vector<place> places;
  while (std::optional<change> one = next()) {
    const std::size_t at = kept.size();
    kept.append(one->key);
    const std::size_t middle = kept.size();
    if (one->value) kept.append(*one->value);
    places.push_back({at, middle, kept.size(), !one->value});
  }
  const bytes_view all{kept};
  std::vector<change> changes;
  changes.reserve(places.size());
  for (const place& p : places) {
    changes.push_back({all.substr(p.key, p.value - p.key), std::nullopt});
    if (!p.removed) changes.back().value = all.substr(p.value, p.end - p.value);
  }
  return writer.commit(changes, {});
}

class erased_snapshot : public erased_reader {
 public:
  virtual synctag_t synctag() const = 0;
};

template <Snapshot S>
class snapshot_model final : public reader_model<erased_snapshot, S> {
 public:
  using reader_model<erased_snapshot, S>::reader_model;
  synctag_t synctag() const override { return this->held_.synctag(); }
};

/// What is true of a storage besides its contents.
struct storage_traits {
  durability_level durability;
  std::size_t min_key_size, max_key_size, preferred_value_size;
  bool zero_copy, multi_process, bulk_loader;
  std::string_view engine_name;
};

class erased_storage : public erased_reader {
 public:
  virtual std::shared_ptr<const erased_snapshot> snapshot() const = 0;
  virtual synctag_t synctag() const = 0;
  virtual synctag_t commit(std::span<const change>, const demands&) = 0;
  virtual synctag_t bulk_load(change_source) = 0;
  virtual std::shared_ptr<erased_storage> fork() const = 0;  // null where the engine cannot
  virtual void close() = 0;
  virtual storage_traits traits() const = 0;
  virtual void* target(const void* type) noexcept = 0;
};

template <class T>
inline char type_mark{};  // its address names the type, so that no run-time type information is needed

}  // namespace detail

/// The name of an engine, for people: its own `engine_name()`, else its constant `name`, else "storage".
template <Storage S>
std::string_view engine_name(const S& storage) {
  if constexpr (requires {
                  { storage.engine_name() } -> std::convertible_to<std::string_view>;
                }) {
    return storage.engine_name();
  } else if constexpr (requires {
                         { S::name } -> std::convertible_to<std::string_view>;
                       }) {
    return S::name;
  } else {
    return "storage";
  }
}

/// A snapshot of any storage. Copies share it.
class any_snapshot {
 public:
  template <class S>
  requires(!std::same_as<S, any_snapshot> && Snapshot<S>) explicit any_snapshot(S held)
      : held_{std::make_shared<const detail::snapshot_model<S>>(std::move(held))} {}

  std::optional<any_pinned> get(bytes_view key) const& { return held_->get(key); }
  std::vector<std::optional<any_pinned>> get_many(std::span<const bytes_view> keys) const& {
    return held_->get_many(keys);
  }
  any_iterator open_iterator(const bounds& b) const& { return held_->open_iterator(b); }
  std::optional<any_pinned> get(bytes_view) const&& = delete;  // what it returns would outlive its reader
  std::vector<std::optional<any_pinned>> get_many(std::span<const bytes_view>) const&& = delete;
  any_iterator open_iterator(const bounds&) const&& = delete;

  synctag_t synctag() const { return held_->synctag(); }

 private:
  friend class any_storage;
  explicit any_snapshot(std::shared_ptr<const detail::erased_snapshot> held) : held_{std::move(held)} {}
  std::shared_ptr<const detail::erased_snapshot> held_;
};

/// A shared handle on any storage. After it was moved from, only destroying and assigning it make sense.
class any_storage {
 public:
  static constexpr bool zero_copy = false;
  static constexpr bool multi_process = false;

  template <class S>
  requires(!std::same_as<S, any_storage> && Storage<S>)
      any_storage(S engine);  // NOLINT: a storage is an any_storage, so the conversion is implicit

  std::optional<any_pinned> get(bytes_view key) const& { return held_->get(key); }
  std::vector<std::optional<any_pinned>> get_many(std::span<const bytes_view> keys) const& {
    return held_->get_many(keys);
  }
  any_iterator open_iterator(const bounds& b) const& { return held_->open_iterator(b); }
  std::optional<any_pinned> get(bytes_view) const&& = delete;  // what it returns would outlive its reader
  std::vector<std::optional<any_pinned>> get_many(std::span<const bytes_view>) const&& = delete;
  any_iterator open_iterator(const bounds&) const&& = delete;

  any_snapshot snapshot() const { return any_snapshot{held_->snapshot()}; }
  synctag_t synctag() const { return held_->synctag(); }
  synctag_t commit(std::span<const change> changes, const demands& d = {}) {
    return held_->commit(changes, d);
  }
  void close() { held_->close(); }

  /// Loads a strictly ascending run, all or nothing: by the engine's own `bulk_load`, else by one commit that
  /// holds the run in memory. `next` is any callable that returns the next change, or nothing at the end.
  template <class Next>
  requires std::convertible_to<std::invoke_result_t<Next&>, std::optional<change>> synctag_t
  bulk_load(Next&& next) {
    return held_->bulk_load(change_source{next});
  }

  /// An independent copy of the whole storage. `unsupported` where the engine has no `fork()`.
  any_storage fork() const;

  durability_level durability() const { return held_->traits().durability; }
  std::size_t min_key_size() const { return held_->traits().min_key_size; }
  std::size_t max_key_size() const { return held_->traits().max_key_size; }
  std::size_t preferred_value_size() const { return held_->traits().preferred_value_size; }

  bool is_zero_copy() const { return held_->traits().zero_copy; }          ///< the engine's `zero_copy`
  bool is_multi_process() const { return held_->traits().multi_process; }  ///< the engine's `multi_process`
  bool is_bulk_loader() const { return held_->traits().bulk_loader; }  ///< is `bulk_load` the engine's own?
  std::string_view engine_name() const { return held_->traits().engine_name; }  ///< "memory", "lmdb", …

  /// The engine itself if its type is `S`, else null. Valid while a copy of this handle lives.
  template <Storage S>
  S* target() const noexcept {
    return static_cast<S*>(held_->target(&detail::type_mark<S>));
  }

 private:
  explicit any_storage(std::shared_ptr<detail::erased_storage> held) : held_{std::move(held)} {}
  std::shared_ptr<detail::erased_storage> held_;
};

namespace detail {

template <Storage S>
class storage_model final : public reader_model<erased_storage, S> {
 public:
  using reader_model<erased_storage, S>::reader_model;

  std::shared_ptr<const erased_snapshot> snapshot() const override {
    return std::make_shared<const snapshot_model<snapshot_t<S>>>(this->held_.snapshot());
  }
  synctag_t synctag() const override { return this->held_.synctag(); }
  synctag_t commit(std::span<const change> changes, const demands& d) override {
    return this->held_.commit(changes, d);
  }
  synctag_t bulk_load(change_source next) override {
    if constexpr (loads) {
      return this->held_.bulk_load(next);
    } else {
      return commit_run(this->held_, next);
    }
  }
  std::shared_ptr<erased_storage> fork() const override {
    if constexpr (requires(const S& s) {
                    { s.fork() } -> std::convertible_to<S>;
                  }) {
      return std::make_shared<storage_model>(this->held_.fork());
    } else {
      return nullptr;
    }
  }
  void close() override { this->held_.close(); }
  storage_traits traits() const override {
    const S& s = this->held_;
    return {s.durability(),
            s.min_key_size(),
            s.max_key_size(),
            s.preferred_value_size(),
            S::zero_copy,
            S::multi_process,
            loads,
            datolite::engine_name(s)};
  }
  void* target(const void* type) noexcept override { return type == &type_mark<S> ? &this->held_ : nullptr; }

 private:
  static constexpr bool loads = requires(S & s, change_source next) { s.bulk_load(next); };
};

}  // namespace detail

template <class S>
requires(!std::same_as<S, any_storage> && Storage<S>) any_storage::any_storage(S engine)
    : held_{std::make_shared<detail::storage_model<S>>(std::move(engine))} {}

inline any_storage any_storage::fork() const {
  std::shared_ptr<detail::erased_storage> copy = held_->fork();
  if (copy == nullptr) {
    throw error{error_category::unsupported, "db.error/unsupported-operation",
                "cannot fork a storage of the engine " + std::string{engine_name()} +
                    ": only an engine with fork(), such as memory, can be copied as a whole"};
  }
  return any_storage{std::move(copy)};
}

static_assert(Snapshot<any_snapshot>);
static_assert(Storage<any_storage>);

}  // namespace datolite
