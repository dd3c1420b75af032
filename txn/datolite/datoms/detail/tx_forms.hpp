// The definitions of tx_forms.hpp.
#pragma once

#include <datolite/datoms/tx_forms.hpp>

namespace datolite::datoms {

inline void form_reader::read(const value& tx_data) { read_forms(tx_data); }

inline void form_reader::read_forms(const value& tx_data) {
  if (!tx_data.is_sequential() && !tx_data.is(kind::set)) {
    refuse("db.error/invalid-tx-data",
           "transaction data is a vector of forms, not a " + std::string{to_string(tx_data.kind())}, tx_data);
  }
  for (const value& form : tx_data.elements()) {
    if (form.is(kind::map)) {
      read_map(form, map_entity(form));
      while (!nested_.empty()) {
        const pending_map next = nested_.back();
        nested_.pop_back();
        read_map(*next.map, next.e);
      }
    } else if (form.is_sequential()) {
      read_list(form);
    } else {
      refuse("db.error/invalid-tx-form",
             "a form of a transaction is a map or a vector such as [:db/add e a v]", form);
    }
  }
}

inline void form_reader::read_list(const value& form) {
  const auto parts = form.elements();
  const auto expect = [&](std::size_t low, std::size_t high, std::string_view shape) {
    if (parts.size() >= low && parts.size() <= high) return;
    refuse("db.error/invalid-tx-form", "wrong number of parts; expected " + std::string{shape}, form);
  };
  const std::string_view name =
      !parts.empty() && parts[0].is(kind::keyword) ? parts[0].raw() : std::string_view{};
  if (name == "db/add") {
    expect(4, 4, "[:db/add e a v]");
    const attribute_facts& a = attribute(parts[2], form, true);
    add(entity(parts[1], form), a, parts[3], form);
  } else if (name == "db/retract") {
    expect(3, 4, "[:db/retract e a v] or [:db/retract e a]");
    read_retract(parts, form);
  } else if (name == "db/retractEntity" || name == "db.fn/retractEntity") {
    expect(2, 2, "[:db/retractEntity e]");
    const entity_code e = entity(parts[1], form);
    if (e < 0)
      refuse("db.error/tempid-in-retract", "a tempid names a new entity, which has no facts yet", form);
    operations_.push_back({e, nullptr, {}, &form, operation_kind::retract_entity});
  } else if (name == "db/cas" || name == "db.fn/cas") {
    expect(5, 5, "[:db/cas e a old new]");
    read_cas(parts, form);
  } else {
    call(form);
  }
}

inline void form_reader::read_retract(std::span<const value> parts, const value& form) {
  const entity_code e = entity(parts[1], form);
  if (e < 0)
    refuse("db.error/tempid-in-retract", "a tempid names a new entity, which has no facts yet", form);
  const attribute_facts& a = attribute(parts[2], form);
  if (a.id == ids::ensure) {
    refuse("db.error/invalid-tx-form", ":db/ensure is no fact, and cannot be retracted", form);
  }
  if (a.type == kind::tuple) refuse_composite(a, form);
  const bool whole = parts.size() == 3;
  operations_.push_back({e, &a, whole ? value{} : typed(a, parts[3], form), &form,
                         whole ? operation_kind::retract_attribute : operation_kind::retract});
}

// -- functions

/// What [name arg …] stands for is read in its place.
inline void form_reader::call(const value& form) {
  const auto parts = form.elements();
  const bool named = !parts.empty() && (parts[0].is(kind::keyword) || parts[0].is(kind::symbol));
  const tx_functions* const known = before_.state().functions.get();
  const tx_functions::function* const f = named && known != nullptr ? known->find(parts[0].raw()) : nullptr;
  if (f == nullptr) {
    refuse(
        "db.error/unknown-operation",
        "no operation of that name; there are :db/add, :db/retract, :db/retractEntity and :db/cas, and the "
        "transaction functions that the connection was given",
        form);
  }
  if (depth_ >= most_nested_calls || (depth_ > 0 && ++inner_calls_ > most_inner_calls)) {
    refuse("db.error/endless-tx-function",
           "transaction functions call one another without end: calls may nest " +
               std::to_string(most_nested_calls) + " deep, and be " + std::to_string(most_inner_calls) +
               " in all",
           form);
  }
  const value& made = returned_.emplace_back(returned_by(*f, form));
  if (made.is_nil()) return;
  const bool outermost = depth_++ == 0;
  try {
    read_forms(made);
  } catch (const error& e) {
    if (!outermost) throw;  // that one is what the user wrote
    throw error{e.category(), e.code(), e.message() + ", returned by " + shown(form), e.details()};
  }
  --depth_;
}

inline value form_reader::returned_by(const tx_functions::function& f, const value& form) {
  if (!before_db_) before_db_.emplace(before_.shared_state(), before_.time());
  const detail::function_scope running;
  try {
    return f(*before_db_, form.elements().subspan(1));
  } catch (const error& e) {
    refuse(e.code(), e.message(), form, e.category());
  } catch (const std::exception& e) {
    refuse("db.error/tx-function-failed", std::string{"the transaction function failed: "} + e.what(), form);
  } catch (...) {
    refuse("db.error/tx-function-failed", "the transaction function threw something that is no exception",
           form);
  }
}

// -- parts of forms

inline void form_reader::read_cas(std::span<const value> parts, const value& form) {
  const entity_code e = entity(parts[1], form);
  if (e < 0)
    refuse("db.error/tempid-in-cas", "a tempid names a new entity, which has no value to compare", form);
  const attribute_facts& a = attribute(parts[2], form);
  if (a.many) {
    refuse("db.error/cas-of-many",
           "the attribute " + name_of(a.ident) + " has many values; :db/cas compares one", form);
  }
  value old;
  if (!parts[3].is_nil()) old = typed(a, parts[3], form);
  operations_.push_back({e, &a, typed(a, parts[4], form), &form, operation_kind::cas, std::move(old)});
}

inline void form_reader::read_map(const value& map, entity_code e) {
  for (const map_entry& entry : map.entries()) {
    if (!entry.key.is_keyword("db/id")) read_entry(entry, e, map);
  }
}

inline void form_reader::read_entry(const map_entry& entry, entity_code e, const value& map) {
  if (const attribute_facts* const back = reversed(entry.key)) return read_reverse(*back, entry.val, e, map);
  const attribute_facts& a = attribute(entry.key, map, true);
  const bool several = entry.val.is(kind::set) || entry.val.is_sequential();
  if (!a.many || !several || is_one_value(a, entry.val)) return add(e, a, entry.val, map);
  for (const value& one : entry.val.elements()) add(e, a, one, map);
}

/// Is the collection `v` one value of `a` rather than several? A lookup ref is one, and so is a tuple.
inline bool form_reader::is_one_value(const attribute_facts& a, const value& v) const {
  if (a.type == kind::ref) return is_lookup_ref(v);
  if (a.type != kind::tuple || !v.is_sequential()) return false;
  const auto parts = v.elements();
  return std::none_of(parts.begin(), parts.end(), [](const value& one) { return one.is_sequential(); });
}

inline void form_reader::read_ensure(entity_code e, const value& specs, const value& form) {
  const bool several = (specs.is_sequential() || specs.is(kind::set)) && !is_lookup_ref(specs);
  const auto one = [&](const value& name) {
    const entity_code spec = entity(name, form);
    if (spec < 0) refuse("db.error/not-a-spec", "a spec must have been transacted before it is used", form);
    ensures_.push_back({e, spec, form});
  };
  if (!several) return one(specs);
  for (const value& name : specs.elements()) one(name);
}

inline void form_reader::read_reverse(const attribute_facts& a, const value& given, entity_code e,
                                      const value& map) {
  if (a.type != kind::ref) {
    refuse("db.error/reverse-of-no-ref",
           "only a ref can be written in reverse, and " + name_of(a.ident) + " is none", map);
  }
  if (a.id == ids::ensure) {
    refuse("db.error/invalid-tx-form", ":db/ensure is no fact, and cannot be written in reverse", map);
  }
  const auto one = [&](const value& from) {
    operations_.push_back({target(a, from, map), &a, value::ref(e), &map, operation_kind::add});
  };
  if ((given.is_sequential() || given.is(kind::set)) && !is_lookup_ref(given)) {
    for (const value& from : given.elements()) one(from);
  } else {
    one(given);
  }
}

inline void form_reader::add(entity_code e, const attribute_facts& a, const value& v, const value& form) {
  if (a.id == ids::ensure) return read_ensure(e, v, form);
  operations_.push_back({e, &a, typed(a, v, form), &form, operation_kind::add});
}

inline value form_reader::typed(const attribute_facts& a, const value& v, const value& form) {
  if (a.type == kind::ref) return value::ref(target(a, v, form));
  return a.type == kind::tuple ? typed_tuple(a, v, form) : convert_value({a, a.type}, v, form);
}

inline void form_reader::refuse_composite(const attribute_facts& a, const value& form) const {
  if (!before_.state().attributes->is_composite(a.id)) return;
  refuse("db.error/composite-tuple",
         name_of(a.ident) +
             " is kept in step with its parts; assert or retract these, and name the entity by its "
             "id or by the lookup ref [" +
             name_of(a.ident) + " value]",
         form);
}

inline value form_reader::typed_tuple(const attribute_facts& a, const value& v, const value& form) {
  refuse_composite(a, form);
  const schema& known = *before_.state().attributes;
  const tuple_shape& shape = *known.tuple_of(a.id);
  const auto given = v.elements();
  if (!v.is_sequential() || given.size() < 2 || given.size() > max_tuple_size ||
      (!shape.types.empty() && given.size() != shape.types.size())) {
    const std::string size = shape.types.empty() ? "2 to 8" : std::to_string(shape.types.size());
    refuse("db.error/wrong-type-for-attribute",
           "the attribute " + name_of(a.ident) + " takes tuples of " + size + " elements, and " + shown(v) +
               " is none",
           form);
  }
  std::vector<value> elements;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const kind type = known.element_type(shape, i);
    if (given[i].is_nil()) {
      elements.emplace_back();
    } else if (type == kind::ref) {
      elements.push_back(value::ref(entity(given[i], form)));
    } else {
      elements.push_back(convert_value({a, type, i}, given[i], form));
    }
  }
  return value::from_moved(kind::tuple, elements);
}

// -- entities

inline entity_code form_reader::map_entity(const value& map) {
  const value* const id = find_keyword(map, "db/id");
  return id == nullptr ? tempids_.unnamed(map) : entity(*id, map);
}

inline entity_code form_reader::entity(const value& name, const value& form) {
  switch (name.kind()) {
    case kind::long_:
    case kind::ref:
      if (name.word() >= 0) return permanent(name.word(), name, form);
      if (names_partition(name.word())) {
        const entity_id in = partition(part(name.word()), name, form);
        return in_partition(name, in, tempid_index(name.word()), form);
      }
      if (name.word() < last_user_index) return tempids_.numbered(name, name.word(), part_user, form);
      return in_partition(name, part_user, name.word(), form);
    case kind::string: return from_text(name, form);
    case kind::keyword: return from_ident(name.raw(), name, form);
    case kind::tagged: return from_tag(name, form);
    case kind::tuple:
    case kind::vector:
    case kind::list: return from_lookup_ref(name, form);
    default:
      refuse("db.error/not-an-entity",
             "a " + std::string{to_string(name.kind())} +
                 " names no entity; use an id, an ident, a lookup ref or a tempid",
             form);
  }
}

inline entity_code form_reader::permanent(std::int64_t id, const value& name, const value& form) {
  constexpr std::int64_t spare = std::int64_t{1} << 32;  // ids above it would leave no room for later ones
  if (!is_permanent(id) || counter_of(id) > max_counter - spare) {
    refuse("db.error/invalid-entity-id", shown(name) + " is no entity id", form);
  }
  return id;
}

inline entity_code form_reader::from_text(const value& name, const value& form) {
  const std::string_view text = name.raw();
  if (text == "datomic.tx") return t_to_tx(t_);
  if (text.starts_with(':')) return from_ident(text.substr(1), name, form);
  if (text.starts_with("datomic.")) {
    refuse("db.error/reserved-tempid", "tempids that begin with \"datomic.\" are reserved", form);
  }
  return tempids_.named(name, form);
}

inline entity_code form_reader::from_ident(std::string_view ident, const value& name, const value& form) {
  if (const auto id = before_.state().attributes->entid(ident)) return *id;
  refuse("db.error/not-an-entity", shown(name) + " is the ident of no entity", form);
}

/// #db/id[:db.part/user] or #db/id[:db.part/user -1]
inline entity_code form_reader::from_tag(const value& name, const value& form) {
  const auto tagged = name.elements();
  const auto parts = tagged[1].elements();
  if (!tagged[0].is_symbol("db/id") || !tagged[1].is_sequential() || parts.empty() || parts.size() > 2) {
    refuse("db.error/not-an-entity", shown(name) + " names no entity; a tempid is #db/id[partition index]",
           form);
  }
  const entity_id in = partition(entity(parts[0], form), parts[0], form);
  if (parts.size() == 1) return in_partition(value{}, in, std::nullopt, form);
  const std::int64_t index = parts[1].is(kind::long_) ? parts[1].word() : 0;
  if (index >= 0 || index < last_index) {
    refuse("db.error/invalid-tempid", "the index of a tempid is a negative number", form);
  }
  return in_partition(name, in, index, form);
}

/// `named`, if it is a partition; `name` is what the user called it.
inline entity_id form_reader::partition(entity_id named, const value& name, const value& form) const {
  if (named < 0) refuse("db.error/not-a-partition", "a tempid's partition must exist already", form);
  if (!before_.state().attributes->is_partition(named)) {
    refuse("db.error/not-a-partition",
           shown(name) + " is no partition; install it first, by :db.install/_partition :db.part/db", form);
  }
  return named;
}

/// A tempid in a partition; in that of transactions there is one, the present.
inline entity_code form_reader::in_partition(const value& name, entity_id partition,
                                             std::optional<std::int64_t> index, const value& form) {
  if (partition == part_tx) return t_to_tx(t_);
  if (!index) return tempids_.unnamed(form, partition);
  return tempids_.numbered(name, datoms::detail::make_tempid(partition, *index), partition, form);
}

inline entity_code form_reader::from_lookup_ref(const value& name, const value& form) {
  std::optional<entity_id> found;
  try {
    found = before_.entid(name);
  } catch (const error& e) {
    if (e.category() != error_category::incorrect) throw;
    refuse(e.code(), e.message(), form);
  }
  if (found) return *found;
  refuse("db.error/not-an-entity", "the lookup ref " + shown(name) + " finds no entity", form,
         error_category::not_found);
}

/// The entity that a ref attribute's value names.
inline entity_code form_reader::target(const attribute_facts& a, const value& name, const value& form) {
  if (name.is_nil()) {
    refuse("db.error/nil-value", "nil is not a value that the attribute " + name_of(a.ident) + " could have",
           form);
  }
  return name.is(kind::map) ? nested(a, name) : entity(name, form);
}

inline entity_code form_reader::nested(const attribute_facts& a, const value& map) {
  const bool may_be_new = a.component || find_keyword(map, "db/id") != nullptr || carries_unique(map);
  if (!may_be_new) {
    refuse("db.error/invalid-nested-entity",
           "a nested map needs :db/id or a unique attribute, or to be the value of a component attribute; " +
               name_of(a.ident) + " is none",
           map);
  }
  const entity_code e = map_entity(map);
  nested_.push_back({&map, e});
  return e;
}

// -- attributes

inline const attribute_facts& form_reader::attribute(const value& name, const value& form, bool may_create) {
  const attribute_facts* const found = before_.attribute(name);
  if (found != nullptr) {
    if (is_reserved_attribute(found->id)) {
      refuse("db.error/unsupported-attribute", name_of(found->ident) + " is not supported by this version",
             form, error_category::unsupported);
    }
    return *found;
  }
  if (may_create && before_.state().open_schema && name.is(kind::keyword)) return create(name);
  refuse("db.error/not-an-attribute", shown(name) + " is not an attribute of this database", form);
}

/// The attribute that :ns/_name points back along; null if `name` is no such name.
inline const attribute_facts* form_reader::reversed(const value& name) const {
  if (!name.is(kind::keyword)) return nullptr;
  const std::string_view text = name.raw();
  const std::size_t slash = text.find('/');
  const std::size_t at = slash == std::string_view::npos || slash == 0 ? 0 : slash + 1;
  if (at >= text.size() || text[at] != '_') return nullptr;
  const std::string forward = std::string{text.substr(0, at)}.append(text.substr(at + 1));
  return before_.state().attributes->find(std::string_view{forward});
}

inline const attribute_facts& form_reader::create(const value& name) {
  for (const attribute_facts& one : new_attributes_) {
    if (one.ident.raw() == name.raw()) return one;
  }
  attribute_facts& made = new_attributes_.emplace_back();
  made.ident = name;
  return made;
}

inline bool form_reader::is_lookup_ref(const value& v) const {
  if (!v.is_sequential() || v.elements().size() != 2 || !v.elements()[0].is(kind::keyword)) return false;
  const attribute_facts* const a = before_.attribute(v.elements()[0]);
  return a != nullptr && a->unique != uniqueness::none;
}

inline bool form_reader::carries_unique(const value& map) const {
  for (const map_entry& entry : map.entries()) {
    const attribute_facts* const a = before_.attribute(entry.key);
    if (a != nullptr && a->unique != uniqueness::none) return true;
  }
  return false;
}

}  // namespace datolite::datoms
