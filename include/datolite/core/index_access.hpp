// index_access: what a query needs from a database beyond the datasource protocol.
//
// Pull, `get-else`, `missing?`, lookup refs and entity navigation use this interface and nothing else, so that
// any store of datoms can serve them. It shows one immutable state.
//
// Threads: an index_access may be used by many threads at once; a cursor by one. A cursor must not outlive the
// index_access that opened it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <datolite/core/datom.hpp>
#include <datolite/core/entity_set.hpp>
#include <datolite/core/io_stats.hpp>
#include <datolite/core/value.hpp>

namespace datolite {

enum class uniqueness : std::uint8_t { none, value, identity };

/// What the schema says of one attribute.
struct attribute_facts {
  attribute_id id = 0;
  value ident;  ///< a keyword
  kind type = kind::nil;
  bool many = false;
  bool indexed = false;  ///< its values can be searched: :db/index or :db/unique
  bool component = false;
  bool no_history = false;
  uniqueness unique = uniqueness::none;
};

/// One side of a range of values (or of entity ids, as refs).
struct range_bound {
  value at;
  bool inclusive = true;
};

/// A contiguous run of one index: the datoms that have the given leading components, and whose next component
/// lies between `start` and `stop` in stored order.
/// REQUIRES: the components given are a prefix of the index's order.
struct datom_range {
  index_order index = index_order::eavt;
  std::optional<entity_id> e{};
  std::optional<attribute_id> a{};
  std::optional<value> v{};
  std::optional<range_bound> start{};
  std::optional<range_bound> stop{};
  bool descending = false;  ///< from the last datom to the first
  /// Advice: whose datoms the reader wants. Those of other entities may be left out; they count as read. Must
  /// live until the next seek.
  const entity_set* among = nullptr;
};

/// How much to read of many runs.
struct run_limits {
  static constexpr std::size_t all = static_cast<std::size_t>(-1);
  std::size_t enough = all;  ///< no further run begins behind so many datoms
  std::size_t each = all;    ///< the first so many of each run, at least 1
  /// Of runs of fewer than `each` only the datoms with these attributes, which ascend, if there are any; the
  /// others count as read. REQUIRES: runs of entities in EAVT, without an attribute, by a cursor that reads a.
  std::span<const attribute_id> attributes{};
};

/// Reads runs of one index. Laws: after `seek(r)`, `next_batch` yields exactly the datoms of `r` (but for those that
/// `r.among` lets it leave out), in the index's order (or its reverse), and then returns false until the next seek. A fresh cursor yields nothing.
class datom_cursor {
 public:
  virtual ~datom_cursor() = default;

  /// Moves to the start of `range`. At most one search of the index, fewer when the cursor stands near.
  /// REQUIRES: range.index is the index that the cursor was opened on.
  virtual void seek(const datom_range& range) = 0;

  /// Replaces `out` by up to `at_most` further datoms of the range; false (and an empty `out`) at its end.
  virtual bool next_batch(datom_columns& out, std::size_t at_most) = 0;

  /// Reads many runs: `range` with each of `words` in turn, which ascend, for its entity (`in` is e) or its
  /// value (`in` is v; it stays of its kind, ref or long). Appends the datoms to `out`, and to `ends` how many
  /// there are in `out` after each run; stops behind the run with which there are `limits.enough`. The same as a
  /// seek and batches for each, which is also how it counts. REQUIRES: range has that component. The next read
  /// begins with a seek.
  virtual void read_runs(datom_range range, components in, std::span<const std::int64_t> words,
                         run_limits limits, datom_columns& out, std::vector<std::size_t>& ends);

 protected:
  static void set_word(datom_range& range, components in, std::int64_t word) {
    if (in == components::e)
      range.e = word;
    else
      range.v = range.v->is(kind::ref) ? value::ref(word) : value{word};
  }
};

class index_access {
 public:
  virtual ~index_access() = default;

  /// Whether it shows every assertion and retraction, instead of what is true at one moment.
  virtual bool shows_history() const noexcept { return false; }

  /// The facts of the attribute that `alias` (a keyword, or its id as long or ref) names; null if it names none.
  /// Valid while this lives. O(1).
  virtual const attribute_facts* attribute(const value& alias) const = 0;

  /// The entity that `alias` names: an id (whether or not it has datoms), an ident, or a lookup ref (a sequence of
  /// a unique attribute and a value). Empty if it names none; throws `incorrect` if it cannot name one.
  virtual std::optional<entity_id> entid(const value& alias, io_counters* io = nullptr) const = 0;

  /// The keyword by which `e` goes, if it has one.
  virtual std::optional<value> ident(entity_id e) const = 0;

  /// A cursor over `index` that fills the `wanted` columns and counts in `io`, which must outlive it.
  virtual std::unique_ptr<datom_cursor> open_cursor(index_order index, components wanted,
                                                    io_counters* io = nullptr) const = 0;

  /// An estimate of how many datoms `range` holds. Exact when it is small.
  virtual std::uint64_t count(const datom_range& range) const = 0;

  /// The values of attribute `a` of entity `e`, in stored order, replacing `out`. One search.
  virtual void read(entity_id e, attribute_id a, std::vector<value>& out, io_counters* io = nullptr) const = 0;

  /// `entid` of many aliases: `out[i]` is that of `aliases[i]`.
  virtual void entid_many(std::span<const value> aliases, std::vector<std::optional<entity_id>>& out,
                          io_counters* io = nullptr) const;

  /// `read` of many entities: the values of `entities[i]` are `out[ends[i - 1] … ends[i])`.
  virtual void read_many(std::span<const entity_id> entities, attribute_id a, std::vector<value>& out,
                         std::vector<std::size_t>& ends, io_counters* io = nullptr) const;
};

}  // namespace datolite

#ifndef DATOLITE_COMPILED
#include <datolite/core/detail/index_access.hpp>
#endif
