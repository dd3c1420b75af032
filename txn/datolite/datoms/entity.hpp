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
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include <datolite/core/datom.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/value.hpp>
#include <datolite/core/value_order.hpp>
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
  std::optional<value> first() const { return empty() ? std::nullopt : std::optional{values_.front()}; }

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
  entity(datolite::db in, std::optional<entity_id> id) : in_{std::move(in)}, id_{id} {
    in_.view().refuse_history("an entity");
  }

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
  friend bool operator==(const entity& x, const entity& y) noexcept {
    return x.id_ == y.id_ && &x.in_.view().state() == &y.in_.view().state() &&
           x.in_.view().time() == y.in_.view().time() &&
           x.in_.view().predicates() == y.in_.view().predicates();
  }

 private:
  entity_values back_along(const value& attribute) const;
  using seen_entities = std::unordered_set<entity_id>;
  value touched(entity_id e, int depth, seen_entities& seen) const;
  value shown(const attribute_facts& a, const value& v, int depth, seen_entities& seen) const;

  datolite::db in_;
  std::optional<entity_id> id_;
};

// ---------------------------------------------------------------------------------------------------------------

inline datolite::entity db::entity(const value& alias) const {
  view_->refuse_history("an entity");
  return {*this, entid(alias)};
}

inline std::vector<entity> entity_values::entities() const {
  std::vector<datolite::entity> all;
  for (const value& v : values_) {
    if (v.is(kind::ref)) all.emplace_back(in_, v.word());
  }
  return all;
}

inline entity entity_values::entity() const {
  const bool refers = !empty() && values_.front().is(kind::ref);
  return {in_, refers ? std::optional{values_.front().word()} : std::nullopt};
}

inline entity_values entity_values::operator[](std::string_view attribute) const {
  return entity()[attribute];
}

inline entity_values entity::operator[](std::string_view name) const {
  if (name.starts_with(':')) name.remove_prefix(1);
  return get(value::keyword(name));
}

inline entity_values entity::get(const value& attribute) const {
  if (attribute.is(kind::keyword)) {
    const std::string_view name = attribute.raw();
    const std::size_t slash = name.find('/');
    const std::size_t at = slash == std::string_view::npos || slash == 0 ? 0 : slash + 1;
    if (at < name.size() && name[at] == '_') {
      return back_along(value::keyword(std::string{name.substr(0, at)}.append(name.substr(at + 1))));
    }
  }
  std::vector<value> found;
  const attribute_facts* const facts = in_.attribute(attribute);
  if (id_ && facts != nullptr) in_.access().read(*id_, facts->id, found);
  return {in_, std::move(found)};
}

inline entity_values entity::back_along(const value& attribute) const {
  std::vector<value> found;
  const attribute_facts* const facts = in_.attribute(attribute);
  if (facts != nullptr && facts->type != kind::ref && facts->type != kind::nil) {
    throw error{error_category::incorrect, "db.error/not-a-reference",
                "only references lead back: " + datoms::shown(attribute) + " takes values of type :db.type/" +
                    std::string{to_string(facts->type)}};
  }
  if (id_ && facts != nullptr) {
    const value self = value::ref(*id_), a = value::ref(facts->id);
    for (const datom& d : in_.datoms(index_order::vaet, self, a)) found.push_back(value::ref(d.e));
  }
  return {in_, std::move(found)};
}

inline std::vector<value> entity::keys() const {
  std::vector<value> all;
  if (!id_) return all;
  std::optional<attribute_id> last;
  for (const datom& d : in_.datoms(index_order::eavt, value::ref(*id_))) {
    if (std::exchange(last, d.a) == d.a) continue;
    if (const auto ident = in_.ident(d.a)) all.push_back(*ident);
  }
  return all;
}

inline value entity::touch() const {
  seen_entities seen;
  return id_ ? touched(*id_, 0, seen) : value{};
}

inline value entity::touched(entity_id e, int depth, seen_entities& seen) const {
  std::vector<map_entry> entries{{value::keyword("db/id"), value{e}}};
  if (depth == deepest_touch || !seen.insert(e).second) return make_map(entries);
  const std::vector<datom> all = in_.datoms(index_order::eavt, value::ref(e)).to_vector();
  for (std::size_t i = 0, to = 0; i < all.size(); i = to) {
    while (to < all.size() && all[to].a == all[i].a) ++to;
    const attribute_facts* const a = in_.attribute(value::ref(all[i].a));
    if (a == nullptr) continue;
    std::vector<value> values;
    for (std::size_t k = i; k < to; ++k) values.push_back(shown(*a, all[k].v, depth, seen));
    entries.push_back({a->ident, a->many ? make_set(values) : std::move(values.front())});
  }
  return make_map(entries);
}

inline value entity::shown(const attribute_facts& a, const value& v, int depth, seen_entities& seen) const {
  if (!v.is(kind::ref)) return v;
  if (a.component) return touched(v.word(), depth + 1, seen);
  if (auto ident = in_.ident(v.word())) return *std::move(ident);
  const map_entry id[] = {{value::keyword("db/id"), value{v.word()}}};
  return make_map(id);
}

}  // namespace datolite
