// How the forms of a transaction name entities and attributes: definitions of tx_forms.hpp.
#pragma once

#include <cstring>

#include <datolite/datoms/tx_forms.hpp>

namespace datolite::datoms {

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
  if (!in_map_) {
    refuse(
        "db.error/invalid-nested-entity",
        "a map as the value of " + name_of(a.ident) + " stands in a map, not in [:db/add e a v] and its like",
        map);
  }
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

/// Where an attribute's name is kept for the next time; null if there is too little data to be worth it. Only
/// names that stand inline, or whose text is shared, are known again; the others are looked up.
inline form_reader::named_attribute* form_reader::recent(const value& name) noexcept {
  if (recent_.empty()) return nullptr;
  std::uint64_t words[2];
  static_assert(sizeof words == sizeof name);
  std::memcpy(words, static_cast<const void*>(&name), sizeof words);
  const std::uint64_t mixed = (words[0] ^ (words[1] << 17 | words[1] >> 47)) * 0x9E37'79B9'7F4A'7C15u;
  return &recent_[static_cast<std::size_t>(mixed >> 32) % recent_.size()];
}

/// The attribute that a key of `map` names, and whether it does so in reverse.
inline std::pair<const attribute_facts*, bool> form_reader::key(const value& name, const value& map) {
  named_attribute* const kept = recent(name);
  if (kept != nullptr && kept->facts != nullptr && kept->name.is_identical(name))
    return {kept->facts, kept->back};
  const attribute_facts* const back = reversed(name);
  if (back == nullptr) return {&attribute(name, map, true), false};
  if (kept != nullptr) *kept = {name, back, true};
  return {back, true};
}

inline const attribute_facts& form_reader::attribute(const value& name, const value& form, bool may_create) {
  named_attribute* const kept = recent(name);
  const bool known =
      kept != nullptr && kept->facts != nullptr && !kept->back && kept->name.is_identical(name);
  if (known) return *kept->facts;
  const attribute_facts* const found = before_.attribute(name);
  if (found != nullptr) {
    if (is_reserved_attribute(found->id)) {
      refuse("db.error/unsupported-attribute", name_of(found->ident) + " is not supported by this version",
             form, error_category::unsupported);
    }
    if (kept != nullptr) *kept = {name, found, false};
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
