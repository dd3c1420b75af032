// tx_schema: may a transaction change the schema in this way?
//
// An attribute needs an ident, a value type and a cardinality (in an open schema: an ident and a
// cardinality), and lives in the partition :db.part/db. Its value type never changes. What its existing facts
// must then obey (one value an entity, one entity a value) is checked against the facts of now.
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
      if (is_schema_attribute(d.a)) check_value(d), touched.push_back(d.e);
    }
    for (const datom& d : retracted) {
      if (d.a == ids::db_ident && d.e < first_user_element) {  // nothing could be declared without these names
        refuse_attribute(shown(d.v) + " is built in; its name cannot be changed");
      }
      if (is_schema_attribute(d.a)) touched.push_back(d.e);
    }
    std::sort(touched.begin(), touched.end());
    touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
    for (const entity_id e : touched) {
      const auto about_e = [e](const datom& d) {
        return d.e == e && is_schema_attribute(d.a) && d.a != ids::db_ident;
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
    if (d.a == ids::value_type && kind_of_type(d.v.word()) == kind::tuple) {
      refuse_attribute("attributes of type :db.type/tuple are not supported by this version",
                       error_category::unsupported);
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
