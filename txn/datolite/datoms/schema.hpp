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
#include <datolite/core/sole_holder.hpp>
#include <datolite/core/value.hpp>
#include <datolite/core/value_order.hpp>
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
  bool is_partition(entity_id e) const noexcept {
    return implicit_part_id(e) || std::find(partitions_.begin(), partitions_.end(), e) != partitions_.end();
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
    tuple_shape shape;
    std::vector<attribute_id> composites;  // those that this is a part of
    std::vector<value> predicates;
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

  void name(const datom& d, bool adding) {
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
  void forget_names_of_the_nameless(const datom& d) {
    if (d.a != ids::db_ident || d.added() || names_->contains(d.e)) return;
    const auto at = ids_->find(d.v.raw());
    if (at == ids_->end() || at->second != d.e) return;
    if (!is_sole_holder(ids_)) ids_ = std::make_shared<id_map>(*ids_);
    ids_->erase(ids_->find(d.v.raw()));
  }

  void install_partition(const datom& d, bool adding) {
    if (!d.v.is(kind::ref)) return;
    std::erase(partitions_, d.v.word());
    if (adding) partitions_.push_back(d.v.word());
  }

  std::shared_ptr<entry> draft_of(attribute_id id) const {
    const bool known = id < by_id_.size() && by_id_[id] != nullptr;
    auto draft = known ? std::make_shared<entry>(*by_id_[id]) : std::make_shared<entry>();
    draft->facts.id = id;
    return draft;
  }
  void keep(std::shared_ptr<entry> draft) {
    const attribute_id id = draft->facts.id;
    if (id >= by_id_.size()) by_id_.resize(id + 1);
    by_id_[id] = std::move(draft);
  }

  /// Ties a composite attribute and its parts. A name that is no attribute's is left out.
  void compose(const datom& d) {
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

  static std::vector<kind> types_named(const value& names) {
    std::vector<kind> types;
    for (const value& name : names.elements()) {
      types.push_back(name.is(kind::keyword) ? kind_of_type(name.raw()) : kind::nil);
    }
    return types;
  }

  void describe(const datom& d, bool adding) {
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
      case ids::tuple_types: draft->shape.types = adding ? types_named(d.v) : std::vector<kind>{}; break;
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

  std::vector<entry_ptr> by_id_;
  std::vector<entity_id> partitions_;
  bool has_composites_ = false, has_predicates_ = false;
  std::shared_ptr<id_map> ids_ = std::make_shared<id_map>();
  std::shared_ptr<name_map> names_ = std::make_shared<name_map>();
};

}  // namespace datolite::datoms
