// tx_schema: may a transaction change the schema in this way?
//
// An attribute needs an ident, a value type and a cardinality (in an open schema: an ident and a
// cardinality), and lives in the partition :db.part/db. Its value type never changes, nor what its tuples are
// made of. What its existing facts must then obey (one value an entity, one entity a value) is checked
// against the facts of now.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include <datolite/core/datom.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/value_order.hpp>
#include <datolite/datoms/bootstrap.hpp>
#include <datolite/datoms/db.hpp>
#include <datolite/datoms/entity_id.hpp>
#include <datolite/datoms/schema.hpp>
#include <datolite/datoms/tx_error.hpp>

namespace datolite::datoms {

class schema_check {
 public:
  schema_check(const db_view& before, const schema& after) noexcept : before_{before}, after_{after} {}

  /// Throws `incorrect` or `unsupported`, naming the attribute, if one of `added` and `retracted` may not be.
  void check(std::span<const datom> added, std::span<const datom> retracted) const {
    std::vector<entity_id> touched;
    for (const datom& d : added) {
      if (d.a == ids::install_partition) check_partition(d);
      if (is_schema_attribute(d.a)) check_value(d), touched.push_back(d.e);
    }
    for (const datom& d : retracted) {
      if (d.a == ids::install_partition) refuse_attribute("a partition stays: it cannot be retracted");
      if (d.a == ids::db_ident &&
          d.e < first_user_element) {  // nothing could be declared without these names
        refuse_attribute(shown(d.v) + " is built in; its name cannot be changed");
      }
      if (is_schema_attribute(d.a)) touched.push_back(d.e);
    }
    std::sort(touched.begin(), touched.end());
    touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
    for (const entity_id e : touched) {
      const auto about_e = [e](const datom& d) {
        return d.e == e && is_schema_attribute(d.a) && d.a != ids::db_ident && d.a != ids::install_partition;
      };
      const bool describes = std::any_of(added.begin(), added.end(), about_e);
      check_attribute(e, describes);
    }
    check_facts(added, touched);
  }

 private:
  static std::string about(entity_id e) { return "the entity " + std::to_string(e); }

  [[noreturn]] static void refuse_attribute(std::string what,
                                            error_category category = error_category::incorrect) {
    throw error{category, "db.error/invalid-attribute", std::move(what)};
  }

  /// Is the value of a schema attribute one that means something?
  void check_value(const datom& d) const {
    const auto means = [&](std::initializer_list<entity_id> allowed) {
      return std::find(allowed.begin(), allowed.end(), d.v.word()) != allowed.end();
    };
    const auto named = [&] {
      const auto ident = after_.ident(d.v.word());
      return ident ? shown(*ident) : std::to_string(d.v.word());
    };
    if (d.a == ids::value_type && kind_of_type(d.v.word()) == kind::nil) {
      refuse_attribute(named() + " is no value type, as :db/valueType of " + about(d.e));
    }
    if (d.a == ids::tuple_type) check_element_type(d.v, d.e);
    if (d.a == ids::tuple_types || d.a == ids::tuple_attrs) {
      const std::size_t size = d.v.elements().size();
      if (size < 2 || size > max_tuple_size) {
        refuse_attribute("a tuple has 2 to 8 elements, and " + shown(d.v) + " names " + std::to_string(size) +
                         ", for " + about(d.e));
      }
    }
    if (d.a == ids::tuple_attrs) check_named_parts(d);
    if (d.a == ids::tuple_types) {
      for (const value& type : d.v.elements()) check_element_type(type, d.e);
    }
    if (d.a == ids::cardinality && !means({ids::cardinality_one, ids::cardinality_many})) {
      refuse_attribute(named() + " is no cardinality, as :db/cardinality of " + about(d.e));
    }
    if (d.a == ids::unique && !means({ids::unique_value, ids::unique_identity})) {
      refuse_attribute(named() + " is no uniqueness, as :db/unique of " + about(d.e));
    }
    if (d.a == ids::db_ident && local_name(d.v.raw()).starts_with('_')) {
      refuse_attribute("an ident may not begin with '_', which marks a reverse attribute: " + shown(d.v));
    }
  }

  static void check_element_type(const value& type, entity_id e) {
    const kind named = type.is(kind::keyword) ? kind_of_type(type.raw()) : kind::nil;
    if (named != kind::nil && named != kind::tuple) return;
    refuse_attribute(shown(type) + " is no type that a tuple's element can have, for " + about(e));
  }

  void check_partition(const datom& d) const {
    const entity_id made = d.v.word();
    if (d.e != part_db) refuse_attribute("a partition is installed in :db.part/db, not in " + about(d.e));
    if (made < 0 || made > max_element || after_.is_installed(made) || !after_.ident(made)) {
      refuse_attribute(about(made) +
                       " cannot be a partition: it needs a :db/ident, an id in the partition "
                       ":db.part/db, and to be no attribute");
    }
  }

  static std::string_view local_name(std::string_view ident) {
    const std::size_t slash = ident.find('/');
    return slash == std::string_view::npos || slash == 0 ? ident : ident.substr(slash + 1);
  }

  void check_attribute(entity_id e, bool describes) const {
    const schema& before = *before_.state().attributes;
    const attribute_facts* const was = e <= max_element ? before.find(static_cast<attribute_id>(e)) : nullptr;
    const attribute_facts* const now = e <= max_element ? after_.find(static_cast<attribute_id>(e)) : nullptr;
    if (was == nullptr && now == nullptr) {
      if (describes) refuse_incomplete(e);
      return;
    }
    if (e < first_user_element) refuse_attribute(about(e) + " is built in; its schema cannot be changed");
    if (now == nullptr || !after_.is_complete(now->id, before_.state().open_schema)) refuse_incomplete(e);
    const std::string name = name_of(now->ident);
    if (was != nullptr && was->type != now->type) {
      refuse_attribute("the value type of " + name + " cannot be changed; make another attribute");
    }
    if (now->component && now->type != kind::ref) {
      refuse_attribute(name + " cannot be a component: its type is not :db.type/ref");
    }
    if (now->unique != uniqueness::none && now->many) {
      refuse_attribute(name + " cannot be unique: an attribute that is unique has cardinality one");
    }
    if (now->many && !after_.composites_with(now->id).empty()) {
      refuse_attribute(name + " is part of a composite tuple, and must have cardinality one");
    }
    check_shape(*now, was != nullptr);
  }

  /// Is what the tuples of `a` are made of said once, well, and for ever?
  void check_shape(const attribute_facts& a, bool existed) const {
    static const tuple_shape none;
    const schema& before = *before_.state().attributes;
    const tuple_shape* const told = after_.tuple_of(a.id);
    const tuple_shape& shape = told != nullptr ? *told : none;
    if (existed) {
      const tuple_shape* const had = before.tuple_of(a.id);
      if (!(shape == (had != nullptr ? *had : none))) {
        refuse_attribute("what the tuples of " + name_of(a.ident) +
                         " are made of cannot be changed; make another attribute");
      }
      return;
    }
    const int ways = int(shape.is_composite()) + int(!shape.types.empty()) + int(shape.each != kind::nil);
    if (a.type == kind::tuple ? ways != 1 : ways != 0) {
      refuse_attribute(
          name_of(a.ident) +
          " needs exactly one of :db/tupleAttrs (attributes), :db/tupleTypes and :db/tupleType if its "
          "type is :db.type/tuple, and none otherwise");
    }
    if (shape.is_composite()) check_parts(a, shape);
  }

  void check_parts(const attribute_facts& a, const tuple_shape& shape) const {
    if (a.many) refuse_attribute(name_of(a.ident) + " is made of attributes, and must have cardinality one");
    for (const attribute_id id : shape.parts) {
      const attribute_facts* const part = after_.find(id);
      if (part == nullptr || part->many || part->type == kind::tuple) {
        refuse_attribute((part != nullptr ? name_of(part->ident) : about(id)) +
                         " cannot be a part of the composite tuple " + name_of(a.ident) +
                         ": parts are attributes of cardinality one, and no tuples");
      }
    }
  }

  void check_named_parts(const datom& d) const {
    for (const value& name : d.v.elements()) {
      if (name.is(kind::keyword) && after_.find(name.raw()) != nullptr) continue;
      refuse_attribute(shown(name) + " is not an attribute, and so no part of the composite tuple of " +
                       about(d.e));
    }
  }

  [[noreturn]] void refuse_incomplete(entity_id e) const {
    const auto ident = after_.ident(e);
    refuse_attribute(
        (ident ? shown(*ident) : about(e)) +
        " is not a whole attribute: it needs :db/ident, :db/valueType and :db/cardinality, and an id in "
        "the partition :db.part/db");
  }

  /// Do the facts of altered attributes obey what the new schema says of them?
  void check_facts(std::span<const datom> added, const std::vector<entity_id>& touched) const {
    for (const entity_id e : touched) {
      if (e > max_element) continue;
      const auto id = static_cast<attribute_id>(e);
      const attribute_facts* const was = before_.state().attributes->find(id);
      const attribute_facts* const now = after_.find(id);
      if (was == nullptr || now == nullptr) continue;
      const bool narrower = was->many && !now->many;
      const bool becomes_unique = was->unique == uniqueness::none && now->unique != uniqueness::none;
      if (!narrower && !becomes_unique) continue;
      if (std::any_of(added.begin(), added.end(), [id](const datom& d) { return d.a == id; })) {
        refuse_attribute(name_of(now->ident) +
                         " is altered and given values in one transaction; make two of it");
      }
      if (narrower) check_single(*now);
      if (becomes_unique) check_distinct(*now);
    }
  }

  void check_single(const attribute_facts& a) const {
    std::optional<entity_id> last;
    each(a.id, [&](entity_id e, const value&) {
      if (last == e) {
        refuse_attribute(name_of(a.ident) + " cannot become of cardinality one: " + about(e) +
                         " has several values");
      }
      last = e;
    });
  }

  void check_distinct(const attribute_facts& a) const {
    std::vector<value> values;
    each(a.id, [&](entity_id, const value& v) { values.push_back(v); });
    std::sort(values.begin(), values.end(), stored_less{});
    const auto twice = std::adjacent_find(values.begin(), values.end());
    if (twice == values.end()) return;
    refuse_attribute(name_of(a.ident) + " cannot become unique: several entities have the value " +
                     shown(*twice));
  }

  template <class F>
  void each(attribute_id a, F&& f) const {
    const auto cursor = before_.open_cursor(index_order::aevt, components::e | components::v);
    datom_range range;
    range.index = index_order::aevt;
    range.a = a;
    cursor->seek(range);
    for (datom_columns batch; cursor->next_batch(batch, 1024);) {
      for (std::size_t i = 0; i < batch.size; ++i) f(batch.e[i], batch.v[i]);
    }
  }

  const db_view& before_;
  const schema& after_;
};

}  // namespace datolite::datoms
