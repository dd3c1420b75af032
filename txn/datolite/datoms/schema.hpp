// schema: what the datoms say about attributes and names.
//
// An immutable value, shared by every database value of the same schema. A transaction that touches the
// schema makes a new one from the old by its datoms; so it always equals what reading all datoms from the
// start would give.
//
// An entity is an attribute once it has an ident and either a value type or (in an open schema, where an
// attribute may hold values of any kind) a cardinality. A name that was replaced by another keeps resolving,
// until another entity takes it. The schema is the newest one also when the past is read.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <datolite/core/datom.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/value.hpp>
#include <datolite/datoms/bootstrap.hpp>
#include <datolite/datoms/entity_id.hpp>

namespace datolite::datoms {

class schema;
using schema_ptr = std::shared_ptr<const schema>;

class schema {
 public:
  /// The facts of the attribute with the id `a`; null if there is none. Valid while this schema lives. O(1).
  const attribute_facts* find(attribute_id a) const noexcept {
    if (a >= by_id_.size() || by_id_[a] == nullptr || !by_id_[a]->is_attribute()) return nullptr;
    return &by_id_[a]->facts;
  }

  /// The facts of the attribute that the keyword `ident` (its text, without colon) names; null if it names
  /// none.
  const attribute_facts* find(std::string_view ident) const {
    const auto at = ids_->find(ident);
    if (at == ids_->end() || at->second < 0 || at->second > max_element) return nullptr;
    return find(static_cast<attribute_id>(at->second));
  }

  /// The facts of the attribute that `alias` (a keyword, or an id as long or ref) names.
  const attribute_facts* find(const value& alias) const {
    if (alias.is(kind::keyword)) return find(alias.raw());
    if (!alias.is(kind::long_) && !alias.is(kind::ref)) return nullptr;
    const std::int64_t id = alias.word();
    return id < 0 || id > max_element ? nullptr : find(static_cast<attribute_id>(id));
  }

  /// The entity that the keyword `ident` names.
  std::optional<entity_id> entid(std::string_view ident) const {
    const auto at = ids_->find(ident);
    return at == ids_->end() ? std::nullopt : std::optional{at->second};
  }

  /// The keyword by which `e` goes.
  std::optional<value> ident(entity_id e) const {
    const auto at = names_->find(e);
    return at == names_->end() ? std::nullopt : std::optional{at->second};
  }

  /// Every attribute's facts, by ascending id.
  std::vector<const attribute_facts*> attributes() const {
    std::vector<const attribute_facts*> all;
    for (const entry_ptr& one : by_id_) {
      if (one != nullptr && one->is_attribute()) all.push_back(&one->facts);
    }
    return all;
  }

  /// Is `e` an attribute?
  bool is_installed(entity_id e) const noexcept {
    return e >= 0 && e <= max_element && find(static_cast<attribute_id>(e)) != nullptr;
  }

  /// Has the attribute all that it needs: an ident, a cardinality and, unless the schema is open, a type?
  bool is_complete(attribute_id a, bool open) const noexcept {
    return find(a) != nullptr && by_id_[a]->has_cardinality && (open || by_id_[a]->typed);
  }

  /// The schema after one transaction's `datoms`; this very one when they do not touch it.
  static schema_ptr after(const schema_ptr& before, std::span<const datom> datoms) {
    const auto matters = [](const datom& d) { return is_schema_attribute(d.a); };
    if (std::none_of(datoms.begin(), datoms.end(), matters)) return before;
    auto next = std::make_shared<schema>(*before);
    next->apply(datoms);
    return next;
  }

  /// The schema of `datoms`, all (adding and retracting) datoms of schema attributes there ever were, in
  /// order of T.
  static schema_ptr of(std::span<const datom> datoms) {
    auto made = std::make_shared<schema>();
    for (std::size_t from = 0; from < datoms.size();) {
      std::size_t to = from;
      while (to < datoms.size() && datoms[to].t() == datoms[from].t()) ++to;
      made->apply(datoms.subspan(from, to - from));
      from = to;
    }
    return made;
  }

 private:
  struct entry {
    attribute_facts facts;
    bool typed = false;
    bool has_cardinality = false;
    bool index = false;  // :db/index itself; facts.indexed also counts uniqueness
    bool is_attribute() const noexcept { return !facts.ident.is_nil() && (typed || has_cardinality); }
  };
  using entry_ptr = std::shared_ptr<const entry>;

  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };
  using id_map = std::unordered_map<std::string, entity_id, text_hash, std::equal_to<>>;
  using name_map = std::unordered_map<entity_id, value>;

  void apply(std::span<const datom> datoms) {
    for (const bool adding : {false, true}) {  // a replacement is a retraction and an addition: in this order
      for (const datom& d : datoms) {
        if (d.added() != adding || !is_schema_attribute(d.a)) continue;
        if (d.a == ids::db_ident) name(d, adding);
        if (d.e <= max_element) describe(d, adding);
      }
    }
    for (const datom& d : datoms) forget_names_of_the_nameless(d);
  }

  void name(const datom& d, bool adding) {
    if (names_.use_count() > 1) names_ = std::make_shared<name_map>(*names_);
    if (!adding) {
      names_->erase(d.e);
      return;
    }
    if (ids_.use_count() > 1) ids_ = std::make_shared<id_map>(*ids_);
    names_->insert_or_assign(d.e, d.v);
    ids_->insert_or_assign(std::string{d.v.raw()}, d.e);
  }

  /// An entity that lost its ident and got no other one is not found by it any more.
  void forget_names_of_the_nameless(const datom& d) {
    if (d.a != ids::db_ident || d.added() || names_->contains(d.e)) return;
    const auto at = ids_->find(d.v.raw());
    if (at == ids_->end() || at->second != d.e) return;
    if (ids_.use_count() > 1) ids_ = std::make_shared<id_map>(*ids_);
    ids_->erase(ids_->find(d.v.raw()));
  }

  void describe(const datom& d, bool adding) {
    const auto id = static_cast<attribute_id>(d.e);
    if (id >= by_id_.size()) by_id_.resize(id + 1);
    auto draft = by_id_[id] == nullptr ? std::make_shared<entry>() : std::make_shared<entry>(*by_id_[id]);
    draft->facts.id = id;
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
      default: break;
    }
    draft->facts.indexed = draft->index || draft->facts.unique != uniqueness::none;
    by_id_[id] = std::move(draft);
  }

  std::vector<entry_ptr> by_id_;
  std::shared_ptr<id_map> ids_ = std::make_shared<id_map>();
  std::shared_ptr<name_map> names_ = std::make_shared<name_map>();
};

}  // namespace datolite::datoms
