// The definitions of entity.hpp.
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
#include <datolite/core/linkage.hpp>
#include <datolite/core/value.hpp>
#include <datolite/core/value_order.hpp>
#include <datolite/datoms/db.hpp>
#include <datolite/datoms/entity.hpp>
#include <datolite/datoms/tx_error.hpp>

namespace datolite {

struct entity::seen_entities : std::unordered_set<entity_id> {};

DATOLITE_INLINE std::optional<value> entity_values::first() const {
  return empty() ? std::nullopt : std::optional{values_.front()};
}

DATOLITE_INLINE entity::entity(datolite::db in, std::optional<entity_id> id) : in_{std::move(in)}, id_{id} {
  in_.view().refuse_history("an entity");
}

DATOLITE_INLINE bool entity::equals(const entity& other) const noexcept {
  return id_ == other.id_ && &in_.view().state() == &other.in_.view().state() &&
         in_.view().time() == other.in_.view().time() &&
         in_.view().predicates() == other.in_.view().predicates();
}

DATOLITE_INLINE datolite::entity db::entity(const value& alias) const {
  view_->refuse_history("an entity");
  return {*this, entid(alias)};
}

DATOLITE_INLINE std::vector<entity> entity_values::entities() const {
  std::vector<datolite::entity> all;
  for (const value& v : values_) {
    if (v.is(kind::ref)) all.emplace_back(in_, v.word());
  }
  return all;
}

DATOLITE_INLINE entity entity_values::entity() const {
  const bool refers = !empty() && values_.front().is(kind::ref);
  return {in_, refers ? std::optional{values_.front().word()} : std::nullopt};
}

DATOLITE_INLINE entity_values entity_values::operator[](std::string_view attribute) const {
  return entity()[attribute];
}

DATOLITE_INLINE entity_values entity::operator[](std::string_view name) const {
  if (name.starts_with(':')) name.remove_prefix(1);
  return get(value::keyword(name));
}

DATOLITE_INLINE entity_values entity::get(const value& attribute) const {
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

DATOLITE_INLINE entity_values entity::back_along(const value& attribute) const {
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

DATOLITE_INLINE std::vector<value> entity::keys() const {
  std::vector<value> all;
  if (!id_) return all;
  std::optional<attribute_id> last;
  for (const datom& d : in_.datoms(index_order::eavt, value::ref(*id_))) {
    if (std::exchange(last, d.a) == d.a) continue;
    if (const auto ident = in_.ident(d.a)) all.push_back(*ident);
  }
  return all;
}

DATOLITE_INLINE value entity::touch() const {
  seen_entities seen;
  return id_ ? touched(*id_, 0, seen) : value{};
}

DATOLITE_INLINE value entity::touched(entity_id e, int depth, seen_entities& seen) const {
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

DATOLITE_INLINE value entity::shown(const attribute_facts& a, const value& v, int depth,
                                    seen_entities& seen) const {
  if (!v.is(kind::ref)) return v;
  if (a.component) return touched(v.word(), depth + 1, seen);
  if (auto ident = in_.ident(v.word())) return *std::move(ident);
  const map_entry id[] = {{value::keyword("db/id"), value{v.word()}}};
  return make_map(id);
}

}  // namespace datolite
