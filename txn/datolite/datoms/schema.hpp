// schema: what the datoms say about attributes and names.
//
// An immutable value, shared by every database value of the same schema. A transaction that touches the
// schema makes a new one from the old by its datoms; so it always equals what reading all datoms from the
// start would give.
//
// An entity is an attribute once it has an ident and either a value type or (in an open schema, where an
// attribute may hold values of any kind) a cardinality. What an attribute's tuples are made of, the
// predicates of its values and the partitions stand here too; who asks for them first asks whether there are
// any. A name that was replaced by another keeps resolving, until another entity takes it. The schema is the
// newest one also when the past is read.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <datolite/core/datom.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/value.hpp>
#include <datolite/datoms/bootstrap.hpp>
#include <datolite/datoms/entity_id.hpp>

namespace datolite::datoms {

inline constexpr std::size_t max_tuple_size = 8;  ///< and two at least

/// What the tuples of an attribute are made of: one of these.
struct tuple_shape {
  std::vector<attribute_id> parts;  ///< composite: the attributes whose values it is kept in step with
  std::vector<kind> types;          ///< heterogeneous: one type an element
  kind each = kind::nil;            ///< homogeneous: the type of all elements

  bool is_composite() const noexcept { return !parts.empty(); }
  bool is_empty() const noexcept { return parts.empty() && types.empty() && each == kind::nil; }
  friend bool operator==(const tuple_shape&, const tuple_shape&) = default;
};

class schema;
using schema_ptr = std::shared_ptr<const schema>;

class schema {
 public:
  schema();  ///< without attributes and names

  /// The facts of the attribute with the id `a`; null if there is none. Valid while this schema lives. O(1).
  const attribute_facts* find(attribute_id a) const noexcept {
    if (a >= by_id_.size() || by_id_[a] == nullptr || !by_id_[a]->is_attribute()) return nullptr;
    return &by_id_[a]->facts;
  }

  /// The facts of the attribute that the keyword `ident` (its text, without colon) names; null if it names
  /// none.
  const attribute_facts* find(std::string_view ident) const;

  /// The facts of the attribute that `alias` (a keyword, or an id as long or ref) names.
  const attribute_facts* find(const value& alias) const {
    if (alias.is(kind::keyword)) return find(alias.raw());
    if (!alias.is(kind::long_) && !alias.is(kind::ref)) return nullptr;
    const std::int64_t id = alias.word();
    return id < 0 || id > max_element ? nullptr : find(static_cast<attribute_id>(id));
  }

  /// The entity that the keyword `ident` names.
  std::optional<entity_id> entid(std::string_view ident) const;

  /// The keyword by which `e` goes.
  std::optional<value> ident(entity_id e) const;

  /// Every attribute's facts, by ascending id.
  std::vector<const attribute_facts*> attributes() const;

  /// Is `e` an attribute?
  bool is_installed(entity_id e) const noexcept {
    return e >= 0 && e <= max_element && find(static_cast<attribute_id>(e)) != nullptr;
  }

  /// Has the attribute all that it needs: an ident, a cardinality and, unless the schema is open, a type?
  bool is_complete(attribute_id a, bool open) const noexcept {
    return find(a) != nullptr && by_id_[a]->has_cardinality && (open || by_id_[a]->typed);
  }

  /// What the values of attribute `a` are made of; null if it is no attribute of tuples.
  const tuple_shape* tuple_of(attribute_id a) const noexcept {
    return a < by_id_.size() && by_id_[a] != nullptr && !by_id_[a]->shape.is_empty() ? &by_id_[a]->shape
                                                                                     : nullptr;
  }
  bool is_composite(attribute_id a) const noexcept {
    const tuple_shape* const shape = tuple_of(a);
    return shape != nullptr && shape->is_composite();
  }
  /// The type of element `at` of tuples of `shape`; nil if it may be any.  REQUIRES: they have so many.
  kind element_type(const tuple_shape& shape, std::size_t at) const noexcept {
    if (!shape.is_composite()) return shape.types.empty() ? shape.each : shape.types[at];
    const attribute_facts* const part = find(shape.parts[at]);
    return part == nullptr ? kind::nil : part->type;
  }
  /// The composite attributes that `a` is a part of.
  std::span<const attribute_id> composites_with(attribute_id a) const noexcept {
    if (a >= by_id_.size() || by_id_[a] == nullptr) return {};
    return by_id_[a]->composites;
  }
  /// The names, symbols, of the predicates that values of `a` must pass.
  std::span<const value> predicates_of(attribute_id a) const noexcept {
    if (a >= by_id_.size() || by_id_[a] == nullptr) return {};
    return by_id_[a]->predicates;
  }
  bool has_composites() const noexcept { return has_composites_; }
  bool has_predicates() const noexcept { return has_predicates_; }

  /// Is `e` a partition, installed or implicit?
  bool is_partition(entity_id e) const noexcept;

  /// The schema after one transaction's `datoms`; this very one when they do not touch it.
  static schema_ptr after(const schema_ptr& before, std::span<const datom> datoms);

  /// The schema of `datoms`, all (adding and retracting) datoms of schema attributes there ever were, in
  /// order of T.
  static schema_ptr of(std::span<const datom> datoms);

 private:
  struct entry {
    attribute_facts facts;
    bool typed = false;
    bool has_cardinality = false;
    bool index = false;  // :db/index itself; facts.indexed also counts uniqueness
    tuple_shape shape;
    std::vector<attribute_id> composites;  // those that this is a part of
    std::vector<value> predicates;
    bool is_attribute() const noexcept { return !facts.ident.is_nil() && (typed || has_cardinality); }
  };
  using entry_ptr = std::shared_ptr<const entry>;
  struct id_map;
  struct name_map;

  void apply(std::span<const datom> datoms);
  void name(const datom& d, bool adding);
  void forget_names_of_the_nameless(const datom& d);
  void install_partition(const datom& d, bool adding);
  std::shared_ptr<entry> draft_of(attribute_id id) const;
  void keep(std::shared_ptr<entry> draft);
  void compose(const datom& d);
  void describe(const datom& d, bool adding);

  std::vector<entry_ptr> by_id_;
  std::vector<entity_id> partitions_;
  bool has_composites_ = false, has_predicates_ = false;
  std::shared_ptr<id_map> ids_;
  std::shared_ptr<name_map> names_;
};

}  // namespace datolite::datoms

#ifndef DATOLITE_COMPILED
#include <datolite/datoms/detail/schema.hpp>
#endif
