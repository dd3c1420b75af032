// bootstrap: the entities that every database starts with.
//
// The parts of the schema are entities themselves, with the ids that Datomic gives them, so that data which
// names them by number means the same here. A fresh database holds their datoms as one transaction, T 66, at
// the beginning of time (1970). The ids never change: they are in files.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <datolite/core/datom.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/value.hpp>
#include <datolite/datoms/entity_id.hpp>

namespace datolite::datoms {

/// Ids of the bootstrap entities that code asks for by name.
namespace ids {
inline constexpr attribute_id db_ident = 10;
inline constexpr attribute_id install_partition = 11;
inline constexpr attribute_id install_attribute = 13;
inline constexpr attribute_id value_type = 40;
inline constexpr attribute_id cardinality = 41;
inline constexpr attribute_id unique = 42;
inline constexpr attribute_id is_component = 43;
inline constexpr attribute_id index = 44;
inline constexpr attribute_id no_history = 45;
inline constexpr attribute_id tx_instant = 50;
inline constexpr attribute_id doc = 62;
inline constexpr attribute_id tuple_types = 63;
inline constexpr attribute_id tuple_type = 64;
inline constexpr attribute_id tuple_attrs = 66;
inline constexpr attribute_id ensure = 67;
inline constexpr attribute_id entity_attrs = 68;
inline constexpr attribute_id entity_preds = 69;
inline constexpr attribute_id attr_preds = 70;

inline constexpr entity_id cardinality_one = 35;
inline constexpr entity_id cardinality_many = 36;
inline constexpr entity_id unique_value = 37;
inline constexpr entity_id unique_identity = 38;
}  // namespace ids

struct named_entity {
  entity_id id;
  std::string_view ident;
};

struct named_type {
  entity_id id;
  std::string_view ident;
  kind type;
};

struct bootstrap_attribute {
  attribute_id id;
  std::string_view ident;
  kind type;
  bool many = false;
  bool index = false;
  uniqueness unique = uniqueness::none;
  bool reserved = false;  ///< known by name and id, but not served yet: its use is refused
  std::string_view doc = {};
};

inline constexpr named_entity bootstrap_entities[] = {
    {0, "db.part/db"},           {1, "db/add"},           {2, "db/retract"},
    {3, "db.part/tx"},           {4, "db.part/user"},     {35, "db.cardinality/one"},
    {36, "db.cardinality/many"}, {37, "db.unique/value"}, {38, "db.unique/identity"},
    {54, "db.fn/retractEntity"}, {55, "db.fn/cas"},
};

inline constexpr named_type bootstrap_types[] = {
    {20, "db.type/ref", kind::ref},         {21, "db.type/keyword", kind::keyword},
    {22, "db.type/long", kind::long_},      {23, "db.type/string", kind::string},
    {24, "db.type/boolean", kind::boolean}, {25, "db.type/instant", kind::instant},
    {27, "db.type/bytes", kind::bytes},     {28, "db.type/symbol", kind::symbol},
    {56, "db.type/uuid", kind::uuid},       {57, "db.type/double", kind::double_},
    {58, "db.type/float", kind::float_},    {59, "db.type/uri", kind::uri},
    {60, "db.type/bigint", kind::bigint},   {61, "db.type/bigdec", kind::bigdec},
    {65, "db.type/tuple", kind::tuple},
};

inline constexpr bootstrap_attribute bootstrap_attributes[] = {
    {ids::db_ident, "db/ident", kind::keyword, false, true, uniqueness::identity, false,
     "The keyword by which an entity goes."},
    {ids::install_partition, "db.install/partition", kind::ref, true},
    {12, "db.install/valueType", kind::ref, true},
    {ids::install_attribute, "db.install/attribute", kind::ref, true},
    {14, "db.install/function", kind::ref, true, false, uniqueness::none, true},
    {19, "db.alter/attribute", kind::ref, true},
    {ids::value_type, "db/valueType", kind::ref, false, false, uniqueness::none, false,
     "The type of an attribute's values."},
    {ids::cardinality, "db/cardinality", kind::ref, false, false, uniqueness::none, false,
     "Whether an entity has one value for an attribute, or many."},
    {ids::unique, "db/unique", kind::ref, false, false, uniqueness::none, false,
     "Whether a value belongs to one entity only, and whether it identifies that entity in transactions."},
    {ids::is_component, "db/isComponent", kind::boolean, false, false, uniqueness::none, false,
     "Whether what an attribute refers to is a part of the entity, and is retracted with it."},
    {ids::index, "db/index", kind::boolean, false, false, uniqueness::none, false,
     "Whether an attribute's values can be searched in their order."},
    {ids::no_history, "db/noHistory", kind::boolean, false, false, uniqueness::none, false,
     "Whether past values of an attribute are forgotten."},
    {ids::tx_instant, "db/txInstant", kind::instant, false, true, uniqueness::none, false,
     "When a transaction was made."},
    {ids::doc, "db/doc", kind::string, false, false, uniqueness::none, false, "What an entity is for."},
    {ids::tuple_types, "db/tupleTypes", kind::tuple, false, false, uniqueness::none, false,
     "The types of a tuple's elements, one by one, 2 to 8 of them."},
    {ids::tuple_type, "db/tupleType", kind::keyword, false, false, uniqueness::none, false,
     "The type of all elements of a tuple, of 2 to 8."},
    {ids::tuple_attrs, "db/tupleAttrs", kind::tuple, false, false, uniqueness::none, false,
     "The attributes, 2 to 8, whose values a tuple is made of."},
    {ids::ensure, "db/ensure", kind::ref, true, false, uniqueness::none, false,
     "A spec that an entity must fulfil after the transaction; kept nowhere."},
    {ids::entity_attrs, "db.entity/attrs", kind::keyword, true, false, uniqueness::none, false,
     "Of a spec: the attributes that an entity needs."},
    {ids::entity_preds, "db.entity/preds", kind::symbol, true, false, uniqueness::none, false,
     "Of a spec: predicates of the database and the entity."},
    {ids::attr_preds, "db.attr/preds", kind::symbol, true, false, uniqueness::none, false,
     "Predicates that every new value of an attribute must pass."},
};

/// The kind of values that the value type `type` (an entity such as :db.type/long) names; nil if it names
/// none.
constexpr kind kind_of_type(entity_id type) noexcept {
  for (const named_type& one : bootstrap_types) {
    if (one.id == type) return one.type;
  }
  return kind::nil;
}

/// The same by name: of `"db.type/long"`.
constexpr kind kind_of_type(std::string_view ident) noexcept {
  for (const named_type& one : bootstrap_types) {
    if (one.ident == ident) return one.type;
  }
  return kind::nil;
}

/// The value type that names `k`, an entity; -1 if none does.
constexpr entity_id type_of_kind(kind k) noexcept {
  for (const named_type& one : bootstrap_types) {
    if (one.type == k) return one.id;
  }
  return -1;
}

/// Is `a` one of the attributes whose datoms make the schema?
constexpr bool is_schema_attribute(attribute_id a) noexcept {
  if (a >= first_user_element) return false;
  if (a <= ids::install_partition) return a >= ids::db_ident;
  if (a <= ids::no_history) return a >= ids::value_type;
  return a == ids::tuple_types || a == ids::tuple_type || a == ids::tuple_attrs || a == ids::attr_preds;
}

/// Is `a` a bootstrap attribute that is not served yet?
constexpr bool is_reserved_attribute(attribute_id a) noexcept {
  if (a >= first_user_element) return false;
  for (const bootstrap_attribute& one : bootstrap_attributes) {
    if (one.id == a) return one.reserved;
  }
  return false;
}

/// The datoms of the first transaction of every database, in no particular order.
inline std::vector<datom> bootstrap_datoms() {
  std::vector<datom> out;
  const std::int64_t t_op = make_t_op(bootstrap_t, true);
  const auto add = [&](entity_id e, attribute_id a, value v) { out.push_back({e, a, std::move(v), t_op}); };
  for (entity_id partition : {part_db, part_tx, part_user}) {
    add(part_db, ids::install_partition, value::ref(partition));
  }
  for (const named_entity& one : bootstrap_entities) add(one.id, ids::db_ident, value::keyword(one.ident));
  for (const named_type& one : bootstrap_types) add(one.id, ids::db_ident, value::keyword(one.ident));
  for (const bootstrap_attribute& one : bootstrap_attributes) {
    add(one.id, ids::db_ident, value::keyword(one.ident));
    add(one.id, ids::value_type, value::ref(type_of_kind(one.type)));
    add(one.id, ids::cardinality, value::ref(one.many ? ids::cardinality_many : ids::cardinality_one));
    if (one.unique == uniqueness::identity) add(one.id, ids::unique, value::ref(ids::unique_identity));
    if (one.type == kind::tuple) add(one.id, ids::tuple_type, value::keyword("db.type/keyword"));
    if (one.index) add(one.id, ids::index, value{true});
    if (!one.doc.empty()) add(one.id, ids::doc, value{one.doc});
  }
  add(t_to_tx(bootstrap_t), ids::tx_instant, value::instant(0));
  return out;
}

}  // namespace datolite::datoms
