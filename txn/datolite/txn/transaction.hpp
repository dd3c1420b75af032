// transaction: a storage's snapshot and the changes to be made to it, as one value.
//
//   auto t = ensure_transaction(store);              // a snapshot, and no changes
//   t = put(std::move(t), "doc-1", "text");          // bytes as they are …
//   t = put(std::move(t), "doc-2", 42);              // … or any EDN value, which get_value reads back
//   t = erase(std::move(t), "doc-0");
//   get(t, "doc-1");                                 // its own changes first, then the snapshot
//   for (auto [k, v] : scan(t, prefix("doc-"))) …    // merged, in both directions
//   commit(store, t);                                // the one place that touches the storage
//
// Every operation is a function from a transaction to a transaction. Given an lvalue it leaves that as it
// was, and the result shares with it what they have in common; given an rvalue it edits in place. Copying is
// O(1).
//
// A transaction is a Reader of what the storage would hold after its commit, a Snapshot, and a Writer
// (committing to it edits it), so that whatever is written against these works on it, another transaction
// included.
//
// Lifetime: what `get` returns is valid while it and the transaction that it was asked of live, edited or
// not. Scans and iterators show the transaction as it was when they were opened, so it may be edited in the
// middle of one.
//
// Threads: as any value: many may read one at once; who edits one must be alone with it. Copies are
// independent.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <datolite/core/bounds.hpp>
#include <datolite/core/bytes.hpp>
#include <datolite/core/commit_checks.hpp>
#include <datolite/core/encode.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/reader.hpp>
#include <datolite/core/scan.hpp>
#include <datolite/core/storage.hpp>
#include <datolite/core/value.hpp>
#include <datolite/core/writer.hpp>
#include <datolite/txn/changes.hpp>
#include <datolite/txn/detail/merged_iterator.hpp>
#include <datolite/txn/detail/overlay.hpp>
#include <datolite/txn/detail/print_changes.hpp>
#include <datolite/txn/detail/state_tag.hpp>

namespace datolite::txn {

/// The sizes of keys, in bytes, that the storage under a transaction takes. A key outside them is refused
/// when it is put, where the mistake is, rather than at the commit.
struct key_sizes {
  std::size_t shortest = 0;
  std::size_t longest = SIZE_MAX;
};

template <Snapshot Base>
class transaction {
  static_assert(!Storage<Base>,
                "datolite: a transaction stands on a snapshot: use ensure_transaction(storage)");

 public:
  using iterator = detail::merged_iterator<Base>;

  /// What `get` found: a change's value, which this keeps alive, or what the snapshot pinned.
  class pinned {
   public:
    bytes_view view() const noexcept { return below_ ? bytes_view{below_->view()} : own_; }

   private:
    friend class transaction;
    pinned(bytes_view own, detail::byte_arena kept) : own_{own}, kept_{std::move(kept)} {}
    explicit pinned(pinned_t<Base> below) : below_{std::move(below)} {}

    bytes_view own_;
    detail::byte_arena kept_;
    std::optional<pinned_t<Base>> below_;
  };

  explicit transaction(Base base, key_sizes sizes = {})
      : origin_{std::make_shared<const origin>(std::move(base), sizes)}, state_{origin_->base.synctag()} {}

  // -- as a Reader and a Snapshot

  std::optional<pinned> get(bytes_view key) const& {
    if (!own_.empty()) {
      if (const detail::pending* own = own_.find(key)) return show(*own);
    }
    if (auto below = origin_->base.get(key)) return pinned{*std::move(below)};
    return std::nullopt;
  }
  /// One request to the snapshot, for the keys that have no change of their own.
  std::vector<std::optional<pinned>> get_many(std::span<const bytes_view> keys) const&;
  iterator open_iterator(const bounds& within) const& {
    return {std::shared_ptr<const Base>{origin_, &origin_->base}, own_, within};
  }
  std::optional<pinned> get(bytes_view) const&& = delete;  // what it returns would outlive its reader
  std::vector<std::optional<pinned>> get_many(std::span<const bytes_view>) const&& = delete;
  iterator open_iterator(const bounds&) const&& = delete;

  /// Names the state that this shows: the snapshot's tag until the first edit, a new one after each.
  synctag_t synctag() const noexcept { return state_.get(); }
  /// Names the state of the storage that this stands on.
  synctag_t last_synctag() const { return origin_->base.synctag(); }
  const Base& snapshot_below() const noexcept { return origin_->base; }
  std::size_t min_key_size() const noexcept { return origin_->sizes.shortest; }
  std::size_t max_key_size() const noexcept { return origin_->sizes.longest; }

  // -- as a value: each has a free function of the same name

  transaction put(bytes_view key, bytes_view value) const& { return transaction{*this}.put(key, value); }
  transaction put(bytes_view key, bytes_view value) && { return edit(key, value, detail::change_form::raw); }
  transaction put_value(bytes_view key, const value& v) const& {
    return transaction{*this}.put_value(key, v);
  }
  transaction put_value(bytes_view key, const value& v) && {
    return edit(key, encode_value(v), detail::change_form::edn);
  }
  transaction erase(bytes_view key) const& { return transaction{*this}.erase(key); }
  transaction erase(bytes_view key) && { return edit(key, {}, detail::change_form::removal); }

  bool has_changes() const noexcept { return !own_.empty(); }
  change_list changes() const { return change_list{own_}; }

  // -- as a Writer

  /// Makes the changes here, all or none, if the demands hold of what this shows. The storage below is not
  /// touched.
  synctag_t commit(std::span<const change> changes, const demands& wanted = {});

  /// Its changes as EDN: a vector of [:put key bytes], [:put-value key value] and [:erase key], ascending by
  /// key.
  std::string to_edn() const { return detail::print_changes(own_); }

 private:
  struct origin {
    Base base;
    key_sizes sizes;
    origin(Base b, key_sizes s) : base{std::move(b)}, sizes{s} {}
  };

  std::optional<pinned> show(const detail::pending& own) const {
    if (own.removed()) return std::nullopt;
    return pinned{own.value(), own_.arena()};
  }

  transaction&& edit(bytes_view key, bytes_view value, detail::change_form form) {
    const auto [shortest, longest] = origin_->sizes;
    if (key.size() < shortest || key.size() > longest) check_key_size(key, shortest, longest);
    own_.put(key, value, form);
    state_.advance();
    return std::move(*this);
  }

  std::shared_ptr<const origin> origin_;
  detail::overlay own_;
  detail::state_tag state_;
};

template <Snapshot Base>
auto transaction<Base>::get_many(
    std::span<const bytes_view> keys) const& -> std::vector<std::optional<pinned>> {
  std::vector<std::optional<pinned>> found(keys.size());
  std::vector<bytes_view> asked;  // of the snapshot
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i != keys.size(); ++i) {
    if (const detail::pending* own = own_.find(keys[i])) {
      found[i] = show(*own);
    } else {
      asked.push_back(keys[i]), places.push_back(i);
    }
  }
  auto below = datolite::get_many(origin_->base, asked);
  for (std::size_t i = 0; i != below.size(); ++i) {
    if (below[i]) found[places[i]] = pinned{*std::move(below[i])};
  }
  return found;
}

template <Snapshot Base>
synctag_t transaction<Base>::commit(std::span<const change> changes, const demands& wanted) {
  check_changes(changes, min_key_size(), max_key_size());
  check_demands(*this, synctag(), wanted);
  if (changes.empty()) return synctag();
  detail::overlay next = own_;
  for (const change& c : changes) {
    if (c.value) {
      next.put(c.key, *c.value, detail::change_form::raw);
    } else {
      next.erase(c.key);
    }
  }
  own_ = std::move(next);
  state_.advance();
  return synctag();
}

// -- making one

/// A transaction on the newest state of `storage`. It keeps that snapshot, whatever is committed meanwhile.
template <Storage S>
transaction<snapshot_t<S>> ensure_transaction(const S& storage) {
  return transaction<snapshot_t<S>>{storage.snapshot(), {storage.min_key_size(), storage.max_key_size()}};
}

/// A transaction is one already: so a function may take either, and say `auto t = ensure_transaction(given)`.
template <Snapshot Base>
transaction<Base> ensure_transaction(const transaction<Base>& t) {
  return t;
}
template <Snapshot Base>
transaction<Base> ensure_transaction(transaction<Base>&& t) {
  return std::move(t);
}

/// A transaction that stands on `base`, which may be a transaction itself: `commit(outer, inner)` then makes
/// the inner one's changes in the outer one.
template <Snapshot Base>
transaction<Base> transaction_on(Base base) {
  key_sizes sizes;
  if constexpr (requires { base.min_key_size(), base.max_key_size(); }) {
    sizes = {base.min_key_size(), base.max_key_size()};
  }
  return transaction<Base>{std::move(base), sizes};
}

// -- operations: from a transaction to a transaction

namespace detail {

template <class T>
inline constexpr bool is_transaction = false;
template <class Base>
inline constexpr bool is_transaction<transaction<Base>> = true;

template <class T>
concept any_transaction = is_transaction<std::remove_cvref_t<T>>;

/// What `put` stores encoded. Text, and all else that shows as bytes, is bytes: there `value{…}` must be
/// said.
template <class V>
concept stored_as_edn = std::convertible_to<const V&, value> &&
    (!std::convertible_to<const V&, bytes_view> || std::same_as<V, std::nullptr_t>);

}  // namespace detail

/// `t` with `value` under `key`. Throws `exhausted` or `incorrect` if the storage takes no key of that size,
/// and leaves `t` as it was, an rvalue too. O(log changes), plus the bytes.
template <detail::any_transaction T>
std::remove_cvref_t<T> put(T&& t, bytes_view key, bytes_view value) {
  return std::forward<T>(t).put(key, value);
}

/// `t` with an EDN value under `key`, in the order-preserving encoding (encode.hpp).
template <detail::any_transaction T, detail::stored_as_edn V>
std::remove_cvref_t<T> put(T&& t, bytes_view key, const V& v) {
  return std::forward<T>(t).put_value(key, v);
}

/// `t` without `key`; the same whether it was there or not.
template <detail::any_transaction T>
std::remove_cvref_t<T> erase(T&& t, bytes_view key) {
  return std::forward<T>(t).erase(key);
}

/// `t` without the keys that it has inside `range`. Costs a scan of them.
template <detail::any_transaction T>
std::remove_cvref_t<T> erase(const T& t, const bounds& range) {
  std::remove_cvref_t<T> without = t;  // a copy even of an rvalue, which a failing scan leaves as it was
  for (auto [key, _] : scan(t, range)) without = std::move(without).erase(key);
  return without;
}

// -- reading

/// What `t` has under `key`: its own change, else what the snapshot has. Valid while it and `t` live.
template <Snapshot Base>
auto get(const transaction<Base>& t, bytes_view key) {
  return t.get(key);
}
template <Snapshot Base>
void get(const transaction<Base>&&, bytes_view) = delete;  // what it returns would outlive its reader

/// The EDN value that was put under `key`, in a transaction or any other Reader. Throws `corrupt` if the
/// bytes there are no encoded value.
template <Reader R>
std::optional<value> get_value(const R& reader, bytes_view key) {
  const auto found = reader.get(key);
  if (!found) return std::nullopt;
  bytes_view rest = found->view();
  try {
    value decoded = decode_value(rest);
    if (rest.empty()) return decoded;
  } catch (const error& e) {
    throw error{error_category::corrupt, "db.error/not-a-value",
                "under the key " + show_bytes(key) + " stands no encoded EDN value: " + e.message()};
  }
  throw error{error_category::corrupt, "db.error/not-a-value",
              "under the key " + show_bytes(key) + " stand " + std::to_string(rest.size()) +
                  " bytes after an encoded EDN value: it was put as bytes; read it with get"};
}

/// What `t` would commit, ascending by key.
template <Snapshot Base>
change_list changes(const transaction<Base>& t) {
  return t.changes();
}

/// Names the state of the storage that `t` stands on. Opaque: only equality means anything.
template <Snapshot Base>
synctag_t last_synctag(const transaction<Base>& t) {
  return t.last_synctag();
}

/// The demand that nobody has committed since `t` was begun: `commit(store, t, unmoved(t))`.
template <Snapshot Base>
demands unmoved(const transaction<Base>& t) {
  return {.unmoved_since = t.last_synctag()};
}

// -- committing

/// Makes `t`'s changes in `storage`, all or nothing, if the demands hold there; else throws `conflict`.
/// Returns the synctag of the new state. `t` is left as it is either way: after a conflict its changes can be
/// looked at, or made again on a new snapshot. Without changes and demands, nothing is asked of the storage.
template <Writer S, Snapshot Base>
requires requires(const S& s) {
  { s.synctag() } -> std::same_as<synctag_t>;
}
synctag_t commit(S& storage, const transaction<Base>& t, const demands& wanted = {}) {
  if (!t.has_changes() && wanted.conditions.empty() && !wanted.unmoved_since) return storage.synctag();
  const change_list all = t.changes();  // keeps the views below
  std::vector<change> batch;
  batch.reserve(all.size());
  for (const change& c : all) batch.push_back(c);
  return storage.commit(batch, wanted);
}

/// Prints its changes as EDN (see transaction::to_edn).
template <class Traits, Snapshot Base>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out,
                                             const transaction<Base>& t) {
  const std::string text = t.to_edn();
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  return out;
}

using datolite::scan;  // so that `scan(t)` finds them where `put(t)` is found
using datolite::scan_reverse;

}  // namespace datolite::txn

namespace datolite {

using txn::changes;
using txn::commit;
using txn::ensure_transaction;
using txn::erase;
using txn::get;
using txn::get_value;
using txn::last_synctag;
using txn::put;
using txn::transaction;
using txn::transaction_on;
using txn::unmoved;

}  // namespace datolite
