// index_pattern: a data pattern as a search of datom indexes.
//
// A pattern over a database has up to five slots: entity, attribute, value, transaction, added. This header
// keeps what one pattern asks (copied, since the join comes later), and turns the components that are known
// at some moment, by constants or by bound rows, into the run of an index that is shortest by rule: the
// entity's own run first, then the attribute's values, then the value's references, then the attribute, then
// everything.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include <datolite/adapters/bound_conversion.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/value.hpp>
#include <datolite/core/value_equality.hpp>
#include <datolite/datoms/entity_id.hpp>
#include <datolite/query/pattern.hpp>

namespace datolite::adapters {

/// The slots of a pattern over datoms.
enum datom_slot : std::size_t { slot_e, slot_a, slot_v, slot_tx, slot_added, datom_slots };

constexpr components component_of(std::size_t slot) noexcept {
  constexpr components of_slot[] = {components::e, components::a, components::v, components::t,
                                    components::t};
  return of_slot[slot];
}

/// Components that are known. A value is known twice: as the query gave it, and as an index finds it.
struct known_components {
  std::optional<entity_id> e;
  std::optional<attribute_id> a;
  const attribute_facts* facts = nullptr;  ///< of `a`, if it is an attribute
  std::optional<value> v;                  ///< the stored value to search for
};

class index_pattern {
 public:
  /// Copies what it needs of `pattern`; `db` must outlive it. Throws `incorrect` if the pattern has more
  /// slots than a datom.
  index_pattern(const index_access& db, const query::clause_pattern& pattern);

  /// False if no datom can match.
  bool possible() const noexcept { return possible_; }

  /// What the constants make known.
  const known_components& known() const noexcept { return known_; }

  /// The constant of a slot, as the query gave it.
  const std::optional<value>& constant(std::size_t slot) const noexcept { return consts_[slot]; }

  /// The components that a cursor must deliver: those that the join looks at, and those that `matches` does.
  components wanted() const noexcept { return wanted_; }
  components joined() const noexcept { return joined_; }

  io_counters* io() const noexcept { return io_; }

  /// The run of an index that holds all datoms with these components.
  datom_range range_of(const known_components& known) const;

  /// Whether every datom of `range` has the pattern's constants, so that `matches` need not be asked.
  bool is_exact(const datom_range& range) const noexcept {
    return !consts_[slot_tx] && !consts_[slot_added] && (!consts_[slot_v] || range.v) &&
           (!known_.e || range.e) && (!known_.a || range.a);
  }

  /// The sets of slots in each of which no two of the datoms asked for are equal, into `out`; how many there
  /// are.
  std::size_t keys(std::array<query::slot_set, 3>& out) const;

  /// Whether the datom at `row` has the pattern's constants. The columns are those of a cursor over
  /// `wanted()`.
  bool matches(const datom_columns& rows, std::size_t row) const;

  /// The entity that `alias` names where an entity id stands; nothing if it names none.
  std::optional<entity_id> entity(const value& alias) const;

  /// The attribute that `alias` names; null if it names none.
  const attribute_facts* attribute(const value& alias) const {
    return db_->attribute(alias.is(kind::bigint) ? datolite::detail::canonical_scalar(alias) : alias);
  }

  /// Whether `v` names an entity otherwise than by its id.
  static bool is_alias(const value& v) noexcept { return v.is(kind::keyword) || v.is_sequential(); }

 private:
  void know_entity();
  void know_attribute();
  void know_value();
  void bound(datom_range& range, std::size_t slot, kind type) const;

  const index_access* db_;
  std::array<std::optional<value>, datom_slots> consts_;
  std::array<std::optional<value>, 3> starts_;
  std::array<std::optional<query::take_while>, 3> whiles_;
  query::slot_set past_;
  known_components known_;
  std::optional<entity_id>
      value_alias_;  ///< the entity that the constant in the value slot names, if it is an alias
  io_counters* io_;
  components wanted_ = components::none, joined_ = components::none;
  bool possible_ = true;
};

/// The slots of a pattern over `db` in which idents and lookup refs stand for entities.
inline query::slot_set slots_with_names(const index_access& db, const query::clause_pattern& pattern) {
  query::slot_set out;
  out.insert(slot_e), out.insert(slot_a);
  const attribute_facts* facts = nullptr;
  if (pattern.size() > slot_a && pattern.consts[slot_a]) facts = db.attribute(*pattern.consts[slot_a]);
  if (facts == nullptr || facts->type == kind::ref) out.insert(slot_v);
  return out;
}

/// The slots of a pattern over `db` whose rows give names: values of keyword and tuple attributes. What is found
/// where the attribute is not known is a value and no name: else whatever refers to an entity would wait
/// until the whole database has been read.
inline query::slot_set slots_giving_names(const index_access& db, const query::clause_pattern& pattern) {
  query::slot_set out;
  if (pattern.size() <= slot_v || pattern.consts[slot_v]) return out;
  const auto& a = pattern.consts[slot_a];
  const attribute_facts* facts = a ? db.attribute(*a) : nullptr;
  if (facts != nullptr && (facts->type == kind::keyword || facts->type == kind::tuple)) out.insert(slot_v);
  return out;
}

inline index_pattern::index_pattern(const index_access& db, const query::clause_pattern& pattern)
    : db_{&db}, past_{pattern.past}, io_{pattern.io} {
  if (pattern.size() > datom_slots) {
    throw error{
        error_category::incorrect, "db.error/invalid-data-pattern",
        "a pattern over a database has at most five slots: entity, attribute, value, transaction, added"};
  }
  for (std::size_t slot = 0; slot < pattern.size(); ++slot) consts_[slot] = pattern.consts[slot];
  for (std::size_t slot = 0; slot < pattern.size() && slot <= slot_v; ++slot) {
    starts_[slot] = pattern.starts[slot];
    whiles_[slot] = pattern.whiles[slot];
  }
  know_entity();
  know_attribute();
  know_value();
  for (std::size_t slot = 0; slot < datom_slots; ++slot) {
    if (!pattern.wanted.contains(slot) && !consts_[slot]) continue;
    wanted_ = wanted_ | component_of(slot);
    if (!consts_[slot]) joined_ = joined_ | component_of(slot);
  }
}

inline void index_pattern::know_entity() {
  if (!consts_[slot_e]) return;
  known_.e = entity(*consts_[slot_e]);
  if (!known_.e) possible_ = false;
}

inline void index_pattern::know_attribute() {
  const auto& alias = consts_[slot_a];
  if (!alias) return;
  known_.facts = attribute(*alias);
  if (known_.facts == nullptr) {
    possible_ = false;  // no datom has as its attribute what is no attribute
  } else {
    known_.a = known_.facts->id;
  }
}

inline void index_pattern::know_value() {
  const auto& given = consts_[slot_v];
  if (!given || !possible_) return;
  const bool may_refer = known_.facts == nullptr || known_.facts->type == kind::ref;
  if (may_refer && is_alias(*given)) value_alias_ = entity(*given);
  if (known_.facts == nullptr) return;
  if (known_.facts->type == kind::ref && is_alias(*given)) {
    if (value_alias_) known_.v = value::ref(*value_alias_);
    possible_ = value_alias_.has_value();
    return;
  }
  search_key key = key_for(known_.facts->type, *given);
  if (key.found == search_key::outcome::impossible) possible_ = false;
  if (key.found == search_key::outcome::exact) known_.v = std::move(key.key);
}

inline std::optional<entity_id> index_pattern::entity(const value& alias) const {
  switch (alias.kind()) {
    case kind::ref:
    case kind::long_: return alias.word();
    case kind::bigint: {  // a number is one entity however it is written
      const value id = datolite::detail::canonical_scalar(alias);
      return id.is(kind::long_) ? std::optional{id.word()} : std::nullopt;
    }
    case kind::keyword: return db_->entid(alias, io_);
    case kind::tuple:
    case kind::vector:
    case kind::list: {
      const auto parts = alias.elements();
      if (parts.size() != 2) return std::nullopt;
      const attribute_facts* facts = db_->attribute(parts[0]);
      if (facts == nullptr || facts->unique == uniqueness::none) return std::nullopt;
      return db_->entid(alias, io_);
    }
    default: return std::nullopt;
  }
}

inline datom_range index_pattern::range_of(const known_components& known) const {
  datom_range r;
  const kind type = known.facts != nullptr ? known.facts->type : kind::nil;
  if (known.e) {
    r.index = index_order::eavt;
    r.e = known.e;
    r.a = known.a;
    if (known.a && known.v) r.v = known.v;
    if (known.a && !known.v) bound(r, slot_v, type);
    return r;
  }
  if (known.a && known.v && (known.facts->indexed || type == kind::ref)) {
    r.index = known.facts->indexed ? index_order::avet : index_order::vaet;
    r.a = known.a;
    r.v = known.v;
    bound(r, slot_e, kind::ref);
    return r;
  }
  if (known.a) {
    r.a = known.a;
    r.index = index_order::avet;
    if (known.facts != nullptr && known.facts->indexed) bound(r, slot_v, type);
    if (r.start || r.stop) return r;
    r.index = index_order::aevt;
    bound(r, slot_e, kind::ref);
    return r;
  }
  if (known.v && known.v->is(kind::ref)) {
    r.index = index_order::vaet;
    r.v = known.v;
    return r;
  }
  r.index = index_order::eavt;
  bound(r, slot_e, kind::ref);
  return r;
}

inline std::size_t index_pattern::keys(std::array<query::slot_set, 3>& out) const {
  if (db_->shows_history()) return 0;
  std::size_t n = 0;
  const auto add = [&](std::initializer_list<std::size_t> slots) {
    query::slot_set key;
    for (const std::size_t slot : slots) {
      if (!consts_[slot]) key.insert(slot);
    }
    out[n++] = key;
  };
  add({slot_e, slot_a, slot_v});
  if (known_.facts == nullptr) return n;
  if (!known_.facts->many) add({slot_e});
  if (known_.facts->unique != uniqueness::none) add({slot_v});
  return n;
}

/// Sets the range's start and stop, on the component after the known ones, from the advice on `slot`.
inline void index_pattern::bound(datom_range& range, std::size_t slot, kind type) const {
  if (starts_[slot]) range.start = bound_for(type, *starts_[slot], true, !past_.contains(slot));
  if (whiles_[slot]) range.stop = stop_for(type, *whiles_[slot]);
}

inline bool index_pattern::matches(const datom_columns& rows, std::size_t row) const {
  if (known_.e && rows.e[row] != *known_.e) return false;
  if (known_.a && rows.a[row] != *known_.a) return false;
  if (const auto& wanted = consts_[slot_v]) {
    const value& v = rows.v[row];
    const bool referred = value_alias_ && v.is(kind::ref) && v.word() == *value_alias_;
    if (!referred && !query_equal(v, *wanted)) return false;
  }
  const std::int64_t t_op = consts_[slot_tx] || consts_[slot_added] ? rows.t_op[row] : 0;
  if (const auto& tx = consts_[slot_tx]) {
    if (!query_equal(value::ref(datoms::t_to_tx(t_op >> 1)), *tx)) return false;
  }
  const auto& added = consts_[slot_added];
  return !added || query_equal(value{(t_op & 1) != 0}, *added);
}

}  // namespace datolite::adapters
