// The definitions of tx_forms.hpp.
#pragma once

#include <datolite/datoms/tx_forms.hpp>

namespace datolite::datoms {

inline void form_reader::read(const value& tx_data) {
  const std::size_t size = size_of(tx_data);
  operations_.reserve(size);
  if (size > 16) recent_.resize(64);
  read_forms(tx_data);
}

/// About how many operations the data holds.
inline std::size_t form_reader::size_of(const value& tx_data) {
  std::size_t size = 0;
  for (const value& form : tx_data.elements()) {
    if (!form.is(kind::map)) ++size;
    for (const map_entry& entry : form.entries())
      size += entry.val.is_sequential() ? entry.val.elements().size() : 1;
  }
  return size;
}

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
  if (!before_db_) before_db_.emplace(before_.shared_state(), before_.time(), before_.predicates());
  const detail::function_scope running;
  try {
    return f(*before_db_, form.elements().subspan(1));
  } catch (const error& e) {
    throw error{e.category(), e.code(), e.message() + ", in " + shown(form),
                e.details().empty() ? form_details(form) : e.details()};
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
  expected_.push_back(parts[3].is_nil() ? value{} : typed(a, parts[3], form));
  if (detail::names_tempid(expected_.back()))
    refuse("db.error/tempid-in-cas", "a tempid names a new entity, which is the value of nothing yet", form);
  const auto which = static_cast<std::uint32_t>(expected_.size() - 1);
  operations_.push_back({e, &a, typed(a, parts[4], form), &form, operation_kind::cas, false, which});
}

inline void form_reader::read_map(const value& map, entity_code e) {
  in_map_ = true;
  for (const map_entry& entry : map.entries()) {
    if (!entry.key.is_keyword("db/id")) read_entry(entry, e, map);
  }
  in_map_ = false;
}

inline void form_reader::read_entry(const map_entry& entry, entity_code e, const value& map) {
  const auto [facts, back] = key(entry.key, map);
  const attribute_facts& a = *facts;
  if (back) return read_reverse(a, entry.val, e, map);
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

}  // namespace datolite::datoms
