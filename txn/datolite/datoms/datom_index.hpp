// datom_index: the one seam between datoms and how they are kept.
//
// Everything above (database values, transactions, queries) reads datoms through `datom_index` and turns new
// ones into engine changes through `datom_index_model`; nobody above sees an encoded key. A new layout is a
// new model, and nothing else changes.
//
// Current facts and past facts are apart: a fact that is true carries the T of its assertion; one that is not
// any more is an interval (e, a, v, t_added, t_retracted). So the state at t is a filter: what is true with
// t_added <= t, and intervals with t_added <= t < t_retracted.
//
// Laws of a model, where `all` is the set of facts and intervals that its novelty made:
//   1. a cursor of index i and time f yields, for a range r, exactly the datoms of `all` that f shows and r
//   holds, in
//      i's order (values in stored order, T ascending last), or its reverse
//   2. after(i, n, snapshot after apply(n)) shows what i showed, and n
//   3. count(r) is exact when it is at most `exact_count_limit`
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <datolite/core/bytes.hpp>
#include <datolite/core/datom.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/io_stats.hpp>
#include <datolite/core/writer.hpp>
#include <datolite/datoms/schema.hpp>

namespace datolite::datoms {

class change_batch;

/// Which of the facts of all time a reader sees: those asserted after `since`, as they stood at `as_of`; or,
/// with `history`, every assertion and retraction of T in (since, as_of].
struct time_filter {
  static constexpr std::int64_t end_of_time = std::numeric_limits<std::int64_t>::max();

  std::int64_t as_of = end_of_time;  ///< inclusive
  std::int64_t since = -1;           ///< exclusive
  bool history = false;

  bool needs_past() const noexcept { return history || as_of != end_of_time; }
  bool shows(std::int64_t t) const noexcept { return since < t && t <= as_of; }
  friend bool operator==(const time_filter&, const time_filter&) = default;
};

/// What one transaction does to the facts.
struct novelty {
  std::int64_t t = 0;
  std::span<const datom> added;      ///< in EAVT order; none of them is a fact already
  std::span<const datom> retracted;  ///< in EAVT order, as they were asserted: t() is the T of the assertion
  const schema* before = nullptr;    ///< the schema that the facts so far were kept by
  const schema* after = nullptr;
};

/// Up to this many datoms are counted one by one; more are estimated.
inline constexpr std::uint64_t exact_count_limit = 128;

/// The datoms of one state. Immutable: many threads may read it at once.
class datom_index {
 public:
  virtual ~datom_index() = default;

  /// A cursor over `order` that sees what `time` shows, fills the `wanted` columns and counts in `io`. It
  /// must not outlive this index.
  virtual std::unique_ptr<datom_cursor> open_cursor(index_order order, components wanted,
                                                    const time_filter& time, io_counters* io) const = 0;

  /// How many datoms `range` holds; an estimate when they are more than `exact_count_limit`.
  virtual std::uint64_t count(const datom_range& range, const time_filter& time) const = 0;
};

/// What must be so for a merge to be committed: that nobody else has merged.
struct merge_demand {
  bytes key;
  std::optional<bytes> expected;  ///< empty: absent
};

/// How one layout keeps datoms in an engine whose states are `Snapshot`s.
template <class Snapshot>
class datom_index_model {
 public:
  virtual ~datom_index_model() = default;

  /// The datoms that a state of the engine holds.
  virtual std::shared_ptr<const datom_index> open(Snapshot snapshot) const = 0;

  /// Appends to `out` what the engine must change so that the datoms of `before` become those after `news`.
  virtual void apply(const datom_index& before, const novelty& news, change_batch& out) const = 0;

  /// The datoms after `news`, whose changes `snapshot` shows.
  virtual std::shared_ptr<const datom_index> after(const datom_index& before, const novelty& news,
                                                   Snapshot snapshot) const {
    (void)before, (void)news;
    return open(std::move(snapshot));
  }

  /// The datoms of `same`, which another model of this layout made; `snapshot` is of a copy of its engine.
  virtual std::shared_ptr<const datom_index> share(const datom_index& same, Snapshot snapshot) const {
    (void)same;
    return open(std::move(snapshot));
  }

  /// May rearrange `now`, an index of this model, so that what comes next costs less, if nobody but the
  /// caller's pointer holds it. If it throws, the index is not to be used any more.
  virtual void settle(const std::shared_ptr<const datom_index>& now) const { (void)now; }

  /// `now` is what the connection shows from now on; its transactions are committed.
  virtual void published(const std::shared_ptr<const datom_index>& now) const noexcept { (void)now; }
  /// The transactions of `one`, which is not the newest, are committed.
  virtual void kept(const datom_index& one) const { (void)one; }

  /// An index that shows what `one` does and on which after() may build; null if there is none any more.
  virtual std::shared_ptr<const datom_index> built_upon(const std::shared_ptr<const datom_index>& one) const {
    return one;
  }

  /// The T up to which an index that open() or reopen() has just given shows the log's transactions; the
  /// further ones are added to it by after(). Empty: it shows all of them.
  virtual std::optional<std::int64_t> opened_t(const datom_index& opened) const {
    (void)opened;
    return std::nullopt;
  }

  /// Do the indexes read from the snapshot that they are given with each transaction? If not, none need be
  /// taken.
  virtual bool reads_snapshots() const noexcept { return true; }

  /// An index to be used instead of `known` for what comes, because what lies below was rearranged in
  /// `snapshot`; null if it was not. As open(), it shows transactions up to opened_t().
  virtual std::shared_ptr<const datom_index> reopen(const datom_index& known, Snapshot snapshot) const {
    (void)known, (void)snapshot;
    return nullptr;
  }

  /// Is `state`, the engine's, so far from what `now` reads from that it had better be renewed?
  virtual bool is_behind(const datom_index& now, synctag_t state) const {
    (void)now, (void)state;
    return false;
  }
  /// `now`, which shows the same as ever, may read from `snapshot` instead of an older one.
  virtual void renew(const datom_index& now, Snapshot snapshot) const { (void)now, (void)snapshot; }

  /// Would it pay to merge() now?
  virtual bool is_merge_due(const datom_index& now) const {
    (void)now;
    return false;
  }

  /// Appends to `out` what the engine must change so that what it holds of the index itself is `now`, whose
  /// newest transaction is `t`, and sets what must hold for that. False if there is nothing to do.
  virtual bool merge(const datom_index& now, std::int64_t t, change_batch& out,
                     merge_demand& demanded) const {
    (void)now, (void)t, (void)out, (void)demanded;
    return false;
  }

  /// Indexes that do not read from the engine throw `unavailable` from now on, as those do that read from it.
  virtual void close() const noexcept {}
};

/// DatomIndex: a layout by its reading and its writing half.
template <class M, class Snapshot>
concept DatomIndex = std::derived_from<M, datom_index_model<Snapshot>>;

}  // namespace datolite::datoms
