// database_functions: get-else, get-some and missing?, which read attributes of entities.
//
//   [(get-else $ ?e :person/nick "none") ?nick]          the value, or the default
//   [(get-some $ ?e :person/nick :person/name) [?a ?v]]  the first attribute that has a value, as given, and
//   the value
//   [(missing? $ ?e :person/nick)]                       passes for entities without
//
// An attribute may be written in reverse: [(missing? $ ?e :person/_boss)] passes for those who are nobody's
// boss. They work on every source that offers `access()`, an index_access, and read through nothing else.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <datolite/core/error.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/io_stats.hpp>
#include <datolite/core/value.hpp>
#include <datolite/query/detail/names.hpp>

namespace datolite::query {

enum class database_function : std::uint8_t { none, get_else, get_some, missing };

/// The database function of that name; `none` if there is none.
constexpr database_function find_database_function(std::string_view name) noexcept {
  if (name == "get-else") return database_function::get_else;
  if (name == "get-some") return database_function::get_some;
  return name == "missing?" ? database_function::missing : database_function::none;
}

/// Whether it takes that many arguments, the source included.
constexpr bool takes(database_function f, std::size_t arguments) noexcept {
  switch (f) {
    case database_function::get_else: return arguments == 4;
    case database_function::get_some: return arguments >= 3;
    default: return arguments == 3;
  }
}

namespace detail {

/// The first entity that refers to `entity` by the attribute that `name` writes in reverse, :ns/_attribute;
/// none where it is no ref's. One search.
inline void read_reverse(const index_access& db, const value& entity, const value& name,
                         std::vector<value>& out, io_counters* io) {
  const auto forward = name.is(kind::keyword) ? forward_name(name.raw()) : std::nullopt;
  const attribute_facts* facts = forward ? db.attribute(value::keyword(*forward)) : nullptr;
  if (facts == nullptr || facts->type != kind::ref) return;
  const auto e = db.entid(entity, io);
  if (!e) return;
  const auto cursor = db.open_cursor(index_order::vaet, components::e, io);
  datom_range range;
  range.index = index_order::vaet;
  range.v = value::ref(*e);
  range.a = facts->id;
  cursor->seek(range);
  datom_columns found;
  if (cursor->next_batch(found, 1)) out.push_back(value::ref(found.e[0]));
}

}  // namespace detail

/// The values of `attribute` of `entity`, of one written in reverse the first; empty where either names
/// nothing. One search.
inline void read_attribute(const index_access& db, const value& entity, const value& attribute,
                           std::vector<value>& out, io_counters* io) {
  out.clear();
  const attribute_facts* facts = db.attribute(attribute);
  if (facts == nullptr) return detail::read_reverse(db, entity, attribute, out, io);
  if (const auto e = db.entid(entity, io)) db.read(*e, facts->id, out, io);
}

inline void refuse_nil_default(const value& v) {
  if (v.is_nil()) {
    throw error{error_category::incorrect, "db.error/nil-default",
                "get-else needs a default that is not nil"};
  }
}

/// The function's result; nil drops the row. `arguments` are those after the source.
inline value call(database_function f, const index_access& db, std::span<const value> arguments,
                  io_counters* io) {
  std::vector<value> found;
  const value& entity = arguments[0];
  if (f == database_function::get_some) {
    for (const value& attribute : arguments.subspan(1)) {
      read_attribute(db, entity, attribute, found, io);
      if (!found.empty()) return value::tuple({attribute, found[0]});
    }
    return {};
  }
  if (f == database_function::get_else) refuse_nil_default(arguments[2]);
  read_attribute(db, entity, arguments[1], found, io);
  if (f == database_function::missing) return found.empty();
  return found.empty() ? arguments[2] : found[0];
}

}  // namespace datolite::query
