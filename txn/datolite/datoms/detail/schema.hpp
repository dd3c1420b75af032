// The definitions of schema.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <datolite/core/datom.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/linkage.hpp>
#include <datolite/core/sole_holder.hpp>
#include <datolite/core/value.hpp>
#include <datolite/core/value_order.hpp>
#include <datolite/datoms/bootstrap.hpp>
#include <datolite/datoms/detail/text_hash.hpp>
#include <datolite/datoms/schema.hpp>

namespace datolite::datoms {

namespace detail {

inline std::vector<kind> types_named(const value& names) {
  std::vector<kind> types;
  for (const value& name : names.elements()) {
    types.push_back(name.is(kind::keyword) ? kind_of_type(name.raw()) : kind::nil);
  }
  return types;
}

}  // namespace detail

struct schema::id_map : std::unordered_map<std::string, entity_id, detail::text_hash, std::equal_to<>> {};
struct schema::name_map : std::unordered_map<entity_id, value> {};

DATOLITE_INLINE bool schema::is_partition(entity_id e) const noexcept {
  return implicit_part_id(e) || std::find(partitions_.begin(), partitions_.end(), e) != partitions_.end();
}

DATOLITE_INLINE schema::schema() : ids_{std::make_shared<id_map>()}, names_{std::make_shared<name_map>()} {}

DATOLITE_INLINE const attribute_facts* schema::find(std::string_view ident) const {
  const auto at = ids_->find(ident);
  if (at == ids_->end() || at->second < 0 || at->second > max_element) return nullptr;
  return find(static_cast<attribute_id>(at->second));
}

DATOLITE_INLINE std::optional<entity_id> schema::entid(std::string_view ident) const {
  const auto at = ids_->find(ident);
  return at == ids_->end() ? std::nullopt : std::optional{at->second};
}

DATOLITE_INLINE std::optional<value> schema::ident(entity_id e) const {
  const auto at = names_->find(e);
  return at == names_->end() ? std::nullopt : std::optional{at->second};
}

DATOLITE_INLINE std::vector<const attribute_facts*> schema::attributes() const {
  std::vector<const attribute_facts*> all;
  for (const entry_ptr& one : by_id_) {
    if (one != nullptr && one->is_attribute()) all.push_back(&one->facts);
  }
  return all;
}

DATOLITE_INLINE schema_ptr schema::after(const schema_ptr& before, std::span<const datom> datoms) {
  const auto matters = [](const datom& d) { return is_schema_attribute(d.a); };
  if (std::none_of(datoms.begin(), datoms.end(), matters)) return before;
  auto next = std::make_shared<schema>(*before);
  next->apply(datoms);
  return next;
}

DATOLITE_INLINE schema_ptr schema::of(std::span<const datom> datoms) {
  auto made = std::make_shared<schema>();
  for (std::size_t from = 0; from < datoms.size();) {
    std::size_t to = from;
    while (to < datoms.size() && datoms[to].t() == datoms[from].t()) ++to;
    made->apply(datoms.subspan(from, to - from));
    from = to;
  }
  return made;
}

DATOLITE_INLINE void schema::apply(std::span<const datom> datoms) {
  for (const bool adding : {false, true}) {  // a replacement is a retraction and an addition: in this order
    for (const datom& d : datoms) {
      if (d.added() != adding || !is_schema_attribute(d.a)) continue;
      if (d.a == ids::db_ident) name(d, adding);
      if (d.a == ids::install_partition) {
        install_partition(d, adding);
      } else if (d.e <= max_element) {
        describe(d, adding);
      }
    }
  }
  for (const datom& d : datoms) {  // when every name is known
    if (d.a == ids::tuple_attrs && d.added() && d.e <= max_element) compose(d);
  }
  for (const datom& d : datoms) forget_names_of_the_nameless(d);
}

DATOLITE_INLINE void schema::name(const datom& d, bool adding) {
  if (!is_sole_holder(names_)) names_ = std::make_shared<name_map>(*names_);
  if (!adding) {
    names_->erase(d.e);
    return;
  }
  if (!is_sole_holder(ids_)) ids_ = std::make_shared<id_map>(*ids_);
  names_->insert_or_assign(d.e, d.v);
  ids_->insert_or_assign(std::string{d.v.raw()}, d.e);
}

/// An entity that lost its ident and got no other one is not found by it any more.
DATOLITE_INLINE void schema::forget_names_of_the_nameless(const datom& d) {
  if (d.a != ids::db_ident || d.added() || names_->contains(d.e)) return;
  const auto at = ids_->find(d.v.raw());
  if (at == ids_->end() || at->second != d.e) return;
  if (!is_sole_holder(ids_)) ids_ = std::make_shared<id_map>(*ids_);
  ids_->erase(ids_->find(d.v.raw()));
}

DATOLITE_INLINE void schema::install_partition(const datom& d, bool adding) {
  if (!d.v.is(kind::ref)) return;
  std::erase(partitions_, d.v.word());
  if (adding) partitions_.push_back(d.v.word());
}

DATOLITE_INLINE std::shared_ptr<schema::entry> schema::draft_of(attribute_id id) const {
  const bool known = id < by_id_.size() && by_id_[id] != nullptr;
  auto draft = known ? std::make_shared<entry>(*by_id_[id]) : std::make_shared<entry>();
  draft->facts.id = id;
  return draft;
}
DATOLITE_INLINE void schema::keep(std::shared_ptr<entry> draft) {
  const attribute_id id = draft->facts.id;
  if (id >= by_id_.size()) by_id_.resize(id + 1);
  by_id_[id] = std::move(draft);
}

/// Ties a composite attribute and its parts. A name that is no attribute's is left out.
DATOLITE_INLINE void schema::compose(const datom& d) {
  auto composite = draft_of(static_cast<attribute_id>(d.e));
  composite->shape.parts.clear();
  for (const value& name : d.v.elements()) {
    const attribute_facts* const part = name.is(kind::keyword) ? find(name.raw()) : nullptr;
    if (part == nullptr) continue;
    composite->shape.parts.push_back(part->id);
    auto tied = draft_of(part->id);
    if (std::find(tied->composites.begin(), tied->composites.end(), composite->facts.id) ==
        tied->composites.end()) {
      tied->composites.push_back(composite->facts.id);
    }
    keep(std::move(tied));
  }
  keep(std::move(composite));
  has_composites_ = true;
}

DATOLITE_INLINE void schema::describe(const datom& d, bool adding) {
  auto draft = draft_of(static_cast<attribute_id>(d.e));
  const entity_id chosen = d.v.is(kind::ref) ? d.v.word() : 0;
  const bool flag = adding && d.v.is(kind::boolean) && d.v.as_boolean();
  switch (d.a) {
    case ids::db_ident: draft->facts.ident = adding ? d.v : value{}; break;
    case ids::value_type:
      draft->typed = adding;
      draft->facts.type = adding ? kind_of_type(chosen) : kind::nil;
      break;
    case ids::cardinality:
      draft->has_cardinality = adding;
      draft->facts.many = adding && chosen == ids::cardinality_many;
      break;
    case ids::unique:
      draft->facts.unique = !adding                          ? uniqueness::none
                            : chosen == ids::unique_identity ? uniqueness::identity
                                                             : uniqueness::value;
      break;
    case ids::is_component: draft->facts.component = flag; break;
    case ids::index: draft->index = flag; break;
    case ids::no_history: draft->facts.no_history = flag; break;
    case ids::tuple_type: draft->shape.each = adding ? kind_of_type(d.v.raw()) : kind::nil; break;
    case ids::tuple_types:
      draft->shape.types = adding ? detail::types_named(d.v) : std::vector<kind>{};
      break;
    case ids::tuple_attrs: draft->shape.parts.clear(); break;  // `compose` fills it again
    case ids::attr_preds:
      std::erase(draft->predicates, d.v);
      if (adding) draft->predicates.push_back(d.v);
      has_predicates_ = has_predicates_ || adding;
      break;
    default: break;
  }
  draft->facts.indexed = draft->index || draft->facts.unique != uniqueness::none;
  keep(std::move(draft));
}

}  // namespace datolite::datoms
