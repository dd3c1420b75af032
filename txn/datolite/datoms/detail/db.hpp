// The definitions of db.hpp: views, what they resolve, and moments. What reads runs of datoms is
// db_datoms.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <datolite/core/datom.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/io_stats.hpp>
#include <datolite/core/linkage.hpp>
#include <datolite/core/value.hpp>
#include <datolite/datoms/bootstrap.hpp>
#include <datolite/datoms/datom_index.hpp>
#include <datolite/datoms/db.hpp>
#include <datolite/datoms/entity_id.hpp>
#include <datolite/datoms/schema.hpp>
#include <datolite/datoms/tx_error.hpp>
#include <datolite/datoms/tx_values.hpp>

namespace datolite {

namespace datoms {

DATOLITE_INLINE bool db_view::shows_history() const noexcept { return time_.history; }

DATOLITE_INLINE const attribute_facts* db_view::attribute(const value& alias) const {
  return state_->attributes->find(alias);
}

DATOLITE_INLINE std::optional<value> db_view::ident(entity_id e) const {
  return state_->attributes->ident(e);
}

DATOLITE_INLINE std::unique_ptr<datom_cursor> db_view::open_cursor(index_order index, components wanted,
                                                                   io_counters* io) const {
  return open(index, wanted, time_, io);
}

DATOLITE_INLINE void db_view::refuse_history(std::string_view what) const {
  if (!time_.history) return;
  throw error{error_category::unsupported, "db.error/history-db",
              std::string{what} +
                  " has no meaning on a history: it shows what was true at many moments; "
                  "ask the database itself, or as_of a moment"};
}

DATOLITE_INLINE std::optional<entity_id> db_view::holder(attribute_id a, const value& v,
                                                         io_counters* io) const {
  time_filter time = time_;
  time.history = false;
  const auto cursor = open(index_order::avet, components::e, time, io);
  datom_range range;
  range.index = index_order::avet;
  range.a = a;
  range.v = v;
  cursor->seek(range);
  datom_columns found;
  if (!cursor->next_batch(found, 1)) return std::nullopt;
  return found.e.front();
}

DATOLITE_INLINE std::optional<entity_id> db_view::entid(const value& alias, io_counters* io) const {
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
  if (facts->type == kind::tuple) {
    const auto tuple = stored_tuple(*facts, parts[1], io);
    return tuple ? holder(facts->id, *tuple, io) : std::nullopt;
  }
  if (facts->type != kind::ref || parts[1].is(kind::ref))
    return holder(facts->id, spelled_as(facts->type, parts[1]), io);
  const auto target = entid(parts[1], io);
  return target ? holder(facts->id, value::ref(*target), io) : std::nullopt;
}

DATOLITE_INLINE std::optional<value> db_view::stored_tuple(const attribute_facts& a, const value& given,
                                                           io_counters* io) const {
  const tuple_shape* const shape = state_->attributes->tuple_of(a.id);
  std::vector<value> elements{given.elements().begin(), given.elements().end()};
  const std::size_t fixed = shape == nullptr ? 0 : std::max(shape->parts.size(), shape->types.size());
  if (!given.is_sequential() || shape == nullptr || (fixed != 0 && elements.size() != fixed))
    return std::nullopt;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const kind type = state_->attributes->element_type(*shape, i);
    if (elements[i].is_nil()) continue;
    if (type != kind::ref) {
      elements[i] = spelled_as(type, elements[i]);
      continue;
    }
    const auto target = entid(elements[i], io);
    if (!target) return std::nullopt;
    elements[i] = value::ref(*target);
  }
  return value::from_moved(kind::tuple, elements);
}

DATOLITE_INLINE void db_view::read_with(datom_cursor& cursor, const datom_range& range,
                                        std::vector<value>& out) const {
  cursor.seek(range);
  for (datom_columns batch; cursor.next_batch(batch, 64);) {
    out.insert(out.end(), std::make_move_iterator(batch.v.begin()), std::make_move_iterator(batch.v.end()));
  }
}

DATOLITE_INLINE void db_view::read(entity_id e, attribute_id a, std::vector<value>& out,
                                   io_counters* io) const {
  refuse_history("reading an entity");
  out.clear();
  const auto cursor = open_cursor(index_order::eavt, components::v, io);
  datom_range range;
  range.e = e;
  range.a = a;
  read_with(*cursor, range, out);
}

DATOLITE_INLINE void db_view::read_many(std::span<const entity_id> entities, attribute_id a,
                                        std::vector<value>& out, std::vector<std::size_t>& ends,
                                        io_counters* io) const {
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

DATOLITE_INLINE db::db(datoms::state_ptr state, datoms::time_filter time, datoms::predicates_ptr predicates)
    : view_{std::make_shared<const datoms::db_view>(std::move(state), time, std::move(predicates))} {}

DATOLITE_INLINE db db::at(datoms::time_filter time) const {
  return db{view_->shared_state(), time, view_->predicates()};
}

DATOLITE_INLINE std::vector<const attribute_facts*> db::attributes() const {
  return view_->state().attributes->attributes();
}

DATOLITE_INLINE std::int64_t db::t_from(const value& moment) const {
  return moment.is(kind::instant) ? t_of(moment, false) + 1 : t_of(moment, true);
}

DATOLITE_INLINE db db::as_of(const value& moment) const {
  datoms::time_filter time = view_->time();
  time.as_of = std::min(time.as_of, t_of(moment, true));
  return at(time);
}

DATOLITE_INLINE db db::since(const value& moment) const {
  datoms::time_filter time = view_->time();
  time.since = std::max(time.since, t_of(moment, true));
  return at(time);
}

DATOLITE_INLINE db db::history() const {
  datoms::time_filter time = view_->time();
  time.history = true;
  return at(time);
}

DATOLITE_INLINE db db::filter(datoms::datom_predicate predicate) const {
  auto all = is_filtered() ? *view_->predicates() : datoms::predicate_list{};
  all.push_back(std::move(predicate));
  return db{view_->shared_state(), view_->time(),
            std::make_shared<const datoms::predicate_list>(std::move(all))};
}

/// The T that `moment` names; of an instant, that of the last transaction before it, or not after it, and -1
/// if there is none.
DATOLITE_INLINE std::int64_t db::t_of(const value& moment, bool last_not_after) const {
  if (moment.is(kind::long_) || moment.is(kind::ref)) {
    const std::int64_t t = datoms::t_of_moment(moment.word());
    if (t >= 0 && t <= datoms::max_counter) return t;
  }
  if (!moment.is(kind::instant)) {
    throw error{error_category::incorrect, "db.error/invalid-moment",
                "a moment is a T, a transaction's id, or an instant, not " + datoms::shown(moment)};
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

}  // namespace datolite

#include <datolite/datoms/detail/db_datoms.hpp>
#include <datolite/datoms/detail/filtered_cursor.hpp>
