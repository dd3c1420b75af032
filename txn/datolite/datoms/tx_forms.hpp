// tx_forms: transaction data taken apart into operations on single facts.
//
// The forms are those of Datomic:
//   [:db/add e a v]  [:db/retract e a v]  [:db/retract e a]  [:db/retractEntity e]  [:db/cas e a old new]
//   {:db/id e, :attr v, :many [v …], :ref {nested map}, :ns/_attr e (the fact points the other way)}
// An entity is named by an id, an ident, a lookup ref (as the database stood before), or a tempid. Every name
// but a tempid is looked up here; tempids stay codes. Forms are a set: nothing here depends on their order,
// but for the order in which new entities get their ids.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <datolite/core/error.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/value.hpp>
#include <datolite/datoms/bootstrap.hpp>
#include <datolite/datoms/db.hpp>
#include <datolite/datoms/entity_id.hpp>
#include <datolite/datoms/tx_error.hpp>
#include <datolite/datoms/tx_tempids.hpp>
#include <datolite/datoms/tx_values.hpp>

namespace datolite::datoms {

enum class operation_kind : std::uint8_t { add, retract, retract_attribute, retract_entity, cas };

/// One thing to do. Where `a` is of type ref, values are refs of entity codes.
struct operation {
  operation_kind what;
  entity_code e;
  const attribute_facts* a = nullptr;
  value v;  ///< cas: the new value
  const value* form = nullptr;
  std::optional<value> old;  ///< cas: the value expected, or none
};

class form_reader {
 public:
  /// All of these must outlive the reader; `t` is the T of the transaction being made.
  form_reader(const db_view& before, tempid_table& tempids, std::int64_t t) noexcept
      : before_{before}, tempids_{tempids}, t_{t} {}

  /// Appends the operations of `tx_data`, which must outlive them. Throws `incorrect`, naming the form.
  void read(const value& tx_data);

  std::vector<operation>& operations() noexcept { return operations_; }
  /// Attributes that an open schema meets for the first time; their ids are not known yet.
  std::deque<attribute_facts>& new_attributes() noexcept { return new_attributes_; }

 private:
  struct pending_map {
    const value* map;
    entity_code e;
  };

  void read_list(const value& form);
  void read_map(const value& map, entity_code e);
  void read_entry(const map_entry& entry, entity_code e, const value& map);
  void read_reverse(const attribute_facts& a, const value& given, entity_code e, const value& map);
  void add(entity_code e, const attribute_facts& a, const value& v, const value& form);
  void read_cas(std::span<const value> parts, const value& form);

  entity_code map_entity(const value& map);
  entity_code entity(const value& name, const value& form);
  entity_code permanent(std::int64_t id, const value& name, const value& form);
  entity_code from_text(const value& name, const value& form);
  entity_code from_tag(const value& name, const value& form);
  entity_code from_lookup_ref(const value& name, const value& form);
  entity_code from_ident(std::string_view ident, const value& name, const value& form);
  entity_code target(const attribute_facts& a, const value& name, const value& form);
  entity_code nested(const attribute_facts& a, const value& map);
  value typed(const attribute_facts& a, const value& v, const value& form);

  const attribute_facts& attribute(const value& name, const value& form, bool may_create = false);
  const attribute_facts* reversed(const value& name) const;
  const attribute_facts& create(const value& name);
  bool is_lookup_ref(const value& v) const;
  bool carries_unique(const value& map) const;

  const db_view& before_;
  tempid_table& tempids_;
  const std::int64_t t_;
  std::vector<operation> operations_;
  std::deque<attribute_facts> new_attributes_;
  std::vector<pending_map> nested_;  // found, not read yet: nothing recurses
};

}  // namespace datolite::datoms

#include <datolite/datoms/detail/tx_forms.hpp>
