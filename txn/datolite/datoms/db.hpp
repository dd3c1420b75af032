// db: the database at one moment, as a value.
//
// A db never changes, and is cheap to copy: it shows one state of the store, through one filter of time. What
// is committed later does not show in it. It serves `index_access`, which is all that queries need of it;
// through `datoms` and its like, and `entity`, it can be read directly.
//
// `as_of`, `since`, `history` and `filter` make other views of the same state, and may be combined in any
// order: what all of them show is shown. The schema and the idents are those of the state also when it shows
// an earlier moment (Datomic's rule); lookup refs are resolved against what the view shows.
//
// Threads: a db may be read by many threads at once.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <datolite/core/any_storage.hpp>
#include <datolite/core/datom.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/io_stats.hpp>
#include <datolite/core/unique_number.hpp>
#include <datolite/core/value.hpp>
#include <datolite/datoms/datom_index.hpp>
#include <datolite/datoms/datom_run.hpp>
#include <datolite/datoms/schema.hpp>

namespace datolite {

struct tx_report;
class entity;

namespace datoms {

class db;
struct log_record;

/// Whether a filtered db shows a datom. It is given the db as of the same moment, without predicates, `since`
/// and `history`. It must give the same answer whenever it is asked, and may be called by many threads at
/// once.
using datom_predicate = std::function<bool(const db&, const datom&)>;
using predicate_list = std::vector<datom_predicate>;
using predicates_ptr = std::shared_ptr<const predicate_list>;

/// The next ids that transactions hand out, and what the newest one left.
struct counters {
  std::int64_t basis_t = 0;
  std::int64_t next_t = 0;
  std::int64_t next_element = 0;
  std::int64_t instant = 0;   ///< of the newest transaction
  std::uint64_t log_sum = 0;  ///< the checksum of its record in the log; 0 if that is not known
};

class tx_functions;

/// One state of a store. Immutable and shared.
struct db_state {
  any_snapshot snapshot;
  std::shared_ptr<const datom_index> index;
  schema_ptr attributes;
  counters at;
  std::shared_ptr<const datom_index_model<any_snapshot>> model;  ///< how the index is kept
  bool open_schema = false;
  std::shared_ptr<const tx_functions> functions{};  ///< that transactions may name; or none
  unique_number number{};                           ///< what it is known by when it is gone
};

using state_ptr = std::shared_ptr<const db_state>;

/// A state through a filter of time and, if there are any, predicates, as the interface that queries use.
class db_view final : public index_access {
 public:
  db_view(state_ptr state, time_filter time, predicates_ptr predicates = nullptr)
      : state_{std::move(state)}, time_{time}, predicates_{std::move(predicates)} {}

  bool shows_history() const noexcept override;
  const attribute_facts* attribute(const value& alias) const override;
  std::optional<entity_id> entid(const value& alias, io_counters* io = nullptr) const override;
  std::optional<value> ident(entity_id e) const override;
  std::unique_ptr<datom_cursor> open_cursor(index_order index, components wanted,
                                            io_counters* io = nullptr) const override;
  std::uint64_t count(const datom_range& range) const override;
  void read(entity_id e, attribute_id a, std::vector<value>& out, io_counters* io = nullptr) const override;
  void read_many(std::span<const entity_id> entities, attribute_id a, std::vector<value>& out,
                 std::vector<std::size_t>& ends, io_counters* io = nullptr) const override;

  /// The entity that has `v` for the unique attribute `a`. One search.
  std::optional<entity_id> holder(attribute_id a, const value& v, io_counters* io = nullptr) const;

  /// A tuple as the attribute `a` of tuples keeps it: its elements may be written as in transaction data, in
  /// a vector, its refs by any name. Empty if it is none, or a ref's name names nobody.
  std::optional<value> stored_tuple(const attribute_facts& a, const value& given,
                                    io_counters* io = nullptr) const;

  const db_state& state() const noexcept { return *state_; }
  const state_ptr& shared_state() const noexcept { return state_; }
  const time_filter& time() const noexcept { return time_; }
  /// Does it show all that its state holds?
  bool is_whole() const noexcept { return time_ == time_filter{} && predicates_ == nullptr; }
  const predicates_ptr& predicates() const noexcept { return predicates_; }  ///< null if there are none

  /// Throws `unsupported` if this is a history, where `what` has no meaning.
  void refuse_history(std::string_view what) const;

 private:
  std::unique_ptr<datom_cursor> open(index_order index, components wanted, const time_filter& time,
                                     io_counters* io) const;
  void read_with(datom_cursor& cursor, const datom_range& range, std::vector<value>& out) const;

  state_ptr state_;
  time_filter time_;
  predicates_ptr predicates_;
};

}  // namespace datoms

namespace datoms {

class db {
 public:
  /// The interface for queries and other readers. Valid while a copy of this db lives.
  const index_access& access() const noexcept { return *view_; }

  /// The T of the newest transaction that it may show.
  std::int64_t basis_t() const noexcept { return view_->state().at.basis_t; }
  /// The T that the next transaction on it would take.
  std::int64_t next_t() const noexcept { return view_->state().at.next_t; }
  /// The T that `as_of` named, if it did; the T that `since` named; whether it is a history.
  std::optional<std::int64_t> as_of_t() const noexcept {
    if (view_->time().as_of == datoms::time_filter::end_of_time) return std::nullopt;
    return view_->time().as_of;
  }
  std::optional<std::int64_t> since_t() const noexcept {
    if (view_->time().since < 0) return std::nullopt;
    return view_->time().since;
  }
  bool is_history() const noexcept { return view_->time().history; }

  bool is_filtered() const noexcept { return view_->predicates() != nullptr; }

  /// The database as it was just after the transaction that `moment` names: a T, a transaction's id, or an
  /// instant (then the last transaction not after it). Throws `incorrect` for anything else.
  db as_of(const value& moment) const;
  /// Only what was asserted after `moment`.
  db since(const value& moment) const;
  /// Every assertion and retraction up to now, instead of what is true.
  db history() const;
  /// Only the datoms that `predicate`, and those of earlier filters, let pass. It is called for every datom
  /// that is read, on the reader's thread; what it throws, the reader gets.
  db filter(datoms::datom_predicate predicate) const;

  /// What would be if `tx_data` were transacted: a branch of what this db shows, which can be queried and
  /// built on like any other. What a view of time or a filter hides is not there for the transaction, nor in
  /// the branch; its own facts are, and predicates are not asked about them. It takes the T of `next_t()`, at
  /// an instant not before that of the last transaction shown. The storage is never touched. Throws as
  /// connection::transact, and `unsupported` on a history. Include connection.hpp or tx_report.hpp.
  tx_report with(const value& tx_data) const;

  /// The datoms that have these components, which are given in the index's order, as values or as C++ values
  /// that convert: an entity by id, ident or lookup ref; an attribute by ident or id; a value, or for a ref
  /// attribute whatever names the entity; a T or a transaction's id. Throws `incorrect` for an attribute that
  /// there is none of, and for AVET of one that is not indexed; an entity that there is none of has no
  /// datoms.
  template <class... Components>
  datom_run datoms(index_order index, const Components&... given) const {
    return matching(index, std::array<value, sizeof...(given)>{value{given}...});
  }

  /// The datoms from the first that has these components, or what comes next after where it would stand, to
  /// the end of the index. Throws as `datoms`, and `not-found` for an entity that there is none of.
  template <class... Components>
  datom_run seek_datoms(index_order index, const Components&... given) const {
    return from(index, std::array<value, sizeof...(given)>{value{given}...}, false);
  }

  /// The same backwards: from the last datom that has these components to the beginning of the index.
  template <class... Components>
  datom_run rseek_datoms(index_order index, const Components&... given) const {
    return from(index, std::array<value, sizeof...(given)>{value{given}...}, true);
  }

  /// The datoms of an attribute whose values lie between `start`, inclusive, and `end`, exclusive, in the
  /// order of the values; without one of them, from the first or to the last. Throws as `datoms`.
  datom_run index_range(const value& attribute, const std::optional<value>& start,
                        const std::optional<value>& end) const;

  /// The entity that `alias` names, to walk from (entity.hpp, which must be included); false if it names
  /// none. Throws `unsupported` on a history.
  datolite::entity entity(const value& alias) const;

  /// The T from which on transactions are not before `moment`: that of a T or a transaction's id; of an
  /// instant, one after the last transaction before it. Throws as `as_of`.
  std::int64_t t_from(const value& moment) const;

  /// Calls `each(const datoms::log_record&)` with the transactions of [start, end) that this db shows, in
  /// order, until it returns false; with their datoms as far as predicates let them pass. A moment is a T, a
  /// transaction's id, or an instant; without one, from the first or to the last. Include connection.hpp or
  /// db_log.hpp.
  void tx_range(const std::optional<value>& start, const std::optional<value>& end,
                const std::function<bool(const datoms::log_record&)>& each) const;

  /// The datoms of `range`, in its order. Throws `incorrect` for AVET of an attribute that is not indexed.
  std::vector<datom> datoms(const datom_range& range, io_counters* io = nullptr) const;

  /// As index_access has them.
  const attribute_facts* attribute(const value& alias) const { return view_->attribute(alias); }
  std::optional<entity_id> entid(const value& alias) const { return view_->entid(alias); }
  std::optional<value> ident(entity_id e) const { return view_->ident(e); }
  std::uint64_t count(const datom_range& range) const { return view_->count(range); }
  /// The facts of every attribute, by ascending id. Valid while a copy of this db lives.
  std::vector<const attribute_facts*> attributes() const;

  const datoms::db_view& view() const noexcept { return *view_; }
  explicit db(datoms::state_ptr state, datoms::time_filter time = {},
              datoms::predicates_ptr predicates = nullptr);

 private:
  std::int64_t t_of(const value& moment, bool last_not_after) const;
  db at(datoms::time_filter time) const;
  datom_run matching(index_order index, std::span<const value> given) const;
  datom_run from(index_order index, std::span<const value> given, bool descending) const;

  std::shared_ptr<const datoms::db_view> view_;
};

}  // namespace datoms

using datoms::db;  // defined there for argument-dependent lookup: what adapts it is found beside its parts

}  // namespace datolite

#ifndef DATOLITE_COMPILED
#include <datolite/datoms/detail/db.hpp>
#endif
