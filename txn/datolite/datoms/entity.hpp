// entity: walking from entity to entity, both ways along references.
//
//   const entity ivan = db.entity("[:person/email \"ivan@example.org\"]"_edn);
//   ivan["person/name"].first();                         // a value, if there is one
//   ivan["person/boss"]["person/name"].first();          // along a reference
//   for (const entity e : ivan["person/_boss"].entities()) …   // back along it: whose boss is he?
//
// An entity is a db and an id: nothing is read until it is asked for, and then what is asked for and no more.
// What is missing is empty, never an error: an alias that names nobody gives an entity that is false and has
// no values, an attribute that there is none of has no values. So a path may be followed without looking.
//
// Each [] is one search of an index. Threads: as the db.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <datolite/core/datom.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/value.hpp>
#include <datolite/datoms/db.hpp>

namespace datolite {

class entity;

/// What an entity has for an attribute: no value, one, or several in stored order. References are refs.
class entity_values {
 public:
  bool empty() const noexcept { return values_.empty(); }
  explicit operator bool() const noexcept { return !empty(); }
  std::size_t size() const noexcept { return values_.size(); }
  auto begin() const noexcept { return values_.begin(); }
  auto end() const noexcept { return values_.end(); }

  /// The first value; empty if there is none. Of cardinality one it is the value.
  std::optional<value> first() const;

  /// The entities that these values refer to; none where they are no references.
  std::vector<datolite::entity> entities() const;
  /// The first of them; false if there is none.
  datolite::entity entity() const;
  /// What the first of them has for a further attribute.
  entity_values operator[](std::string_view attribute) const;

 private:
  friend class datolite::entity;
  entity_values(db in, std::vector<value> values) : in_{std::move(in)}, values_{std::move(values)} {}

  db in_;
  std::vector<value> values_;
};

class entity {
 public:
  /// The entity `id` of `in`, or none. Throws `unsupported` on a history.
  entity(datolite::db in, std::optional<entity_id> id);

  /// Does it name an entity? One without datoms is one as well, and has no values.
  explicit operator bool() const noexcept { return id_.has_value(); }
  /// REQUIRES: it names one.
  entity_id id() const noexcept { return *id_; }
  const datolite::db& db() const noexcept { return in_; }

  /// What it has for the attribute that `name` names, as "person/name" or ":person/name"; with an underscore,
  /// as in "person/_boss", the entities that refer to it by the attribute. Throws `incorrect` if an attribute
  /// that is asked for backwards takes no references.
  entity_values operator[](std::string_view name) const;
  /// The same by a keyword, or an attribute's id.
  entity_values get(const value& attribute) const;

  /// The idents of the attributes that it has values for, by ascending id. Reads the whole entity.
  std::vector<value> keys() const;

  /// Everything about it as an EDN map: :db/id, and each attribute by its ident; values of cardinality many
  /// as a set; components as maps in turn, each entity once and down to `deepest_touch` levels; any other
  /// reference as the keyword by which it goes, or else as {:db/id …}. nil if it names none.
  value touch() const;
  static constexpr int deepest_touch = 128;

  /// The same id in the same state of a database, seen through the same views of time.
  friend bool operator==(const entity& x, const entity& y) noexcept { return x.equals(y); }

 private:
  bool equals(const entity& other) const noexcept;
  entity_values back_along(const value& attribute) const;
  struct seen_entities;
  value touched(entity_id e, int depth, seen_entities& seen) const;
  value shown(const attribute_facts& a, const value& v, int depth, seen_entities& seen) const;

  datolite::db in_;
  std::optional<entity_id> id_;
};

}  // namespace datolite

#ifndef DATOLITE_COMPILED
#include <datolite/datoms/detail/entity.hpp>
#endif
