// db: the database at one moment, as a value.
//
// A db never changes, and is cheap to copy: it shows one state of the store, through one filter of time. What
// is committed later does not show in it. It serves `index_access`, which is all that queries need of it;
// through `datoms` it can be read directly.
//
// The schema and the idents are those of its state also when it shows an earlier moment (Datomic's rule).
//
// Threads: a db may be read by many threads at once.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <datolite/core/any_storage.hpp>
#include <datolite/core/datom.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/io_stats.hpp>
#include <datolite/core/value.hpp>
#include <datolite/datoms/datom_index.hpp>
#include <datolite/datoms/entity_id.hpp>
#include <datolite/datoms/schema.hpp>

namespace datolite {

struct tx_report;

namespace datoms {

/// The next ids that transactions hand out, and what the newest one left.
struct counters {
  std::int64_t basis_t = 0;
  std::int64_t next_t = 0;
  std::int64_t next_element = 0;
  std::int64_t instant = 0;  ///< of the newest transaction
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
};

using state_ptr = std::shared_ptr<const db_state>;

/// A state through a filter of time, as the interface that queries use.
class db_view final : public index_access {
 public:
  db_view(state_ptr state, time_filter time) : state_{std::move(state)}, time_{time} {}

  bool shows_history() const noexcept override { return time_.history; }
  const attribute_facts* attribute(const value& alias) const override {
    return state_->attributes->find(alias);
  }
  std::optional<entity_id> entid(const value& alias, io_counters* io = nullptr) const override;
  std::optional<value> ident(entity_id e) const override { return state_->attributes->ident(e); }
  std::unique_ptr<datom_cursor> open_cursor(index_order index, components wanted,
                                            io_counters* io = nullptr) const override {
    return state_->index->open_cursor(index, wanted, time_, io);
  }
  std::uint64_t count(const datom_range& range) const override { return state_->index->count(range, time_); }
  void read(entity_id e, attribute_id a, std::vector<value>& out, io_counters* io = nullptr) const override;
  void read_many(std::span<const entity_id> entities, attribute_id a, std::vector<value>& out,
                 std::vector<std::size_t>& ends, io_counters* io = nullptr) const override;

  /// The entity that has `v` for the unique attribute `a`. One search.
  std::optional<entity_id> holder(attribute_id a, const value& v, io_counters* io = nullptr) const;

  const db_state& state() const noexcept { return *state_; }
  const state_ptr& shared_state() const noexcept { return state_; }
  const time_filter& time() const noexcept { return time_; }

 private:
  void read_with(datom_cursor& cursor, const datom_range& range, std::vector<value>& out) const;
  void refuse_history(std::string_view what) const;
  std::optional<entity_id> holder_of_tuple(const attribute_facts& a, const value& given,
                                           io_counters* io) const;

  state_ptr state_;
  time_filter time_;
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

  /// The database as it was just after the transaction that `moment` names: a T, a transaction's id, or an
  /// instant (then the last transaction not after it). Throws `incorrect` for anything else.
  db as_of(const value& moment) const;
  /// Only what was asserted after `moment`.
  db since(const value& moment) const;
  /// Every assertion and retraction up to now, instead of what is true.
  db history() const;

  /// What would be if `tx_data` were transacted: a branch of this database, which can be queried and built on
  /// like any other. The storage is never touched. Include connection.hpp or tx_report.hpp. Not yet of a past
  /// moment.
  tx_report with(const value& tx_data) const;

  /// The datoms of `range`, in its order. Throws `incorrect` for AVET of an attribute that is not indexed.
  std::vector<datom> datoms(const datom_range& range, io_counters* io = nullptr) const;

  /// As index_access has them.
  const attribute_facts* attribute(const value& alias) const { return view_->attribute(alias); }
  std::optional<entity_id> entid(const value& alias) const { return view_->entid(alias); }
  std::optional<value> ident(entity_id e) const { return view_->ident(e); }
  std::uint64_t count(const datom_range& range) const { return view_->count(range); }
  /// The facts of every attribute, by ascending id. Valid while a copy of this db lives.
  std::vector<const attribute_facts*> attributes() const { return view_->state().attributes->attributes(); }

  const datoms::db_view& view() const noexcept { return *view_; }
  explicit db(datoms::state_ptr state, datoms::time_filter time = {})
      : view_{std::make_shared<const datoms::db_view>(std::move(state), time)} {}

 private:
  std::int64_t t_of(const value& moment, bool last_not_after) const;

  std::shared_ptr<const datoms::db_view> view_;
};

}  // namespace datoms

using datoms::db;  // defined there for argument-dependent lookup: what adapts it is found beside its parts

// ---------------------------------------------------------------------------------------------------------------

namespace datoms {

inline void db_view::refuse_history(std::string_view what) const {
  if (!time_.history) return;
  throw error{error_category::unsupported, "db.error/history-db",
              std::string{what} +
                  " has no meaning on a history: it shows what was true at many moments; "
                  "ask the database itself, or as_of a moment"};
}

inline std::optional<entity_id> db_view::holder(attribute_id a, const value& v, io_counters* io) const {
  time_filter time = time_;
  time.history = false;
  const auto cursor = state_->index->open_cursor(index_order::avet, components::e, time, io);
  datom_range range;
  range.index = index_order::avet;
  range.a = a;
  range.v = v;
  cursor->seek(range);
  datom_columns found;
  if (!cursor->next_batch(found, 1)) return std::nullopt;
  return found.e.front();
}

inline std::optional<entity_id> db_view::entid(const value& alias, io_counters* io) const {
  if (alias.is(kind::long_) || alias.is(kind::ref)) return alias.word();
  if (alias.is(kind::keyword)) return state_->attributes->entid(alias.raw());
  const auto parts = alias.elements();
  if (!alias.is_sequential() || parts.size() != 2) {
    throw error{error_category::incorrect, "db.error/invalid-entity-alias",
                std::string{"an entity is named by an id, a keyword, or a lookup ref [attribute value]; a "} +
                    std::string{to_string(alias.kind())} + " names none"};
  }
  const attribute_facts* const facts = attribute(parts[0]);
  if (facts == nullptr || facts->unique == uniqueness::none) {
    throw error{error_category::incorrect, "db.error/invalid-lookup-ref",
                "a lookup ref needs an attribute that is unique: " +
                    (facts == nullptr ? std::string{"its first part names no attribute"}
                                      : ":" + std::string{facts->ident.raw()} + " is not")};
  }
  if (facts->type == kind::tuple) return holder_of_tuple(*facts, parts[1], io);
  if (facts->type != kind::ref || parts[1].is(kind::ref)) return holder(facts->id, parts[1], io);
  const auto target = entid(parts[1], io);
  return target ? holder(facts->id, value::ref(*target), io) : std::nullopt;
}

/// The elements may be written as in transaction data: a vector, its refs by any name.
inline std::optional<entity_id> db_view::holder_of_tuple(const attribute_facts& a, const value& given,
                                                         io_counters* io) const {
  const tuple_shape* const shape = state_->attributes->tuple_of(a.id);
  std::vector<value> elements{given.elements().begin(), given.elements().end()};
  const std::size_t fixed = shape == nullptr ? 0 : std::max(shape->parts.size(), shape->types.size());
  if (!given.is_sequential() || shape == nullptr || (fixed != 0 && elements.size() != fixed))
    return std::nullopt;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    if (elements[i].is_nil() || state_->attributes->element_type(*shape, i) != kind::ref) continue;
    const auto target = entid(elements[i], io);
    if (!target) return std::nullopt;
    elements[i] = value::ref(*target);
  }
  return holder(a.id, value::from_moved(kind::tuple, elements), io);
}

inline void db_view::read_with(datom_cursor& cursor, const datom_range& range,
                               std::vector<value>& out) const {
  cursor.seek(range);
  for (datom_columns batch; cursor.next_batch(batch, 64);) {
    out.insert(out.end(), std::make_move_iterator(batch.v.begin()), std::make_move_iterator(batch.v.end()));
  }
}

inline void db_view::read(entity_id e, attribute_id a, std::vector<value>& out, io_counters* io) const {
  refuse_history("reading an entity");
  out.clear();
  const auto cursor = open_cursor(index_order::eavt, components::v, io);
  datom_range range;
  range.e = e;
  range.a = a;
  read_with(*cursor, range, out);
}

inline void db_view::read_many(std::span<const entity_id> entities, attribute_id a, std::vector<value>& out,
                               std::vector<std::size_t>& ends, io_counters* io) const {
  refuse_history("reading entities");
  out.clear(), ends.clear();
  const auto cursor =
      open_cursor(index_order::aevt, components::v, io);  // one attribute: neighbours stand together
  datom_range range;
  range.index = index_order::aevt;
  range.a = a;
  for (const entity_id e : entities) {
    range.e = e;
    read_with(*cursor, range, out);
    ends.push_back(out.size());
  }
}

}  // namespace datoms

inline std::int64_t db::t_of(const value& moment, bool last_not_after) const {
  if (moment.is(kind::long_) || moment.is(kind::ref)) return datoms::t_of_moment(moment.word());
  if (!moment.is(kind::instant)) {
    throw error{error_category::incorrect, "db.error/invalid-moment",
                std::string{"a moment is a T, a transaction's id, or an instant, not a "} +
                    std::string{to_string(moment.kind())}};
  }
  const auto cursor = view_->state().index->open_cursor(index_order::avet, components::e, {}, nullptr);
  datom_range range;
  range.index = index_order::avet;
  range.a = datoms::ids::tx_instant;
  range.stop = range_bound{moment, last_not_after};
  range.descending = true;
  cursor->seek(range);
  datom_columns found;
  return cursor->next_batch(found, 1) ? datoms::tx_to_t(found.e.front()) : -1;
}

inline db db::as_of(const value& moment) const {
  datoms::time_filter time = view_->time();
  time.as_of = std::min(time.as_of, t_of(moment, true));
  return db{view_->shared_state(), time};
}

inline db db::since(const value& moment) const {
  datoms::time_filter time = view_->time();
  time.since = std::max(time.since, t_of(moment, true));
  return db{view_->shared_state(), time};
}

inline db db::history() const {
  datoms::time_filter time = view_->time();
  time.history = true;
  return db{view_->shared_state(), time};
}

inline std::vector<datom> db::datoms(const datom_range& range, io_counters* io) const {
  if (range.index == index_order::avet && range.a) {
    const attribute_facts* const facts = view_->attribute(value::ref(*range.a));
    if (facts == nullptr || !facts->indexed) {
      throw error{error_category::incorrect, "db.error/attribute-not-indexed",
                  "AVET holds only attributes with :db/index or :db/unique; attribute " +
                      std::to_string(*range.a) + " has neither"};
    }
  }
  const auto cursor = view_->open_cursor(range.index, components::all, io);
  cursor->seek(range);
  std::vector<datom> out;
  for (datom_columns batch; cursor->next_batch(batch, 1024);) {
    for (std::size_t i = 0; i < batch.size; ++i) {
      out.push_back({batch.e[i], batch.a[i], std::move(batch.v[i]), batch.t_op[i]});
    }
  }
  return out;
}

}  // namespace datolite
