// tx_forms: transaction data taken apart into operations on single facts.
//
// The forms are those of Datomic:
//   [:db/add e a v]  [:db/retract e a v]  [:db/retract e a]  [:db/retractEntity e]  [:db/cas e a old new]
//   {:db/id e, :attr v, :many [v …], :ref {nested map}, :ns/_attr e (the fact points the other way)}
//   [:my/fn arg …], a transaction function, which stands for the forms that it returns
// An entity is named by an id, an ident, a lookup ref (as the database stood before), or a tempid. Every name
// but a tempid is looked up here; tempids stay codes. Forms are a set: nothing here depends on their order,
// but for the order in which new entities get their ids.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <span>
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
#include <datolite/datoms/tempid.hpp>
#include <datolite/datoms/tx_error.hpp>
#include <datolite/datoms/tx_functions.hpp>
#include <datolite/datoms/tx_tempids.hpp>
#include <datolite/datoms/tx_values.hpp>

namespace datolite::datoms {

enum class operation_kind : std::uint8_t { add, retract, retract_attribute, retract_entity, cas, nothing };

/// One thing to do. Where `a` is of type ref, values are refs of entity codes.
struct operation {
  entity_code e;
  const attribute_facts* a = nullptr;
  value v;  ///< cas: the new value
  const value* form = nullptr;
  operation_kind what;
  bool unheld = false;         ///< a unique value that nobody has, as far as was asked
  std::uint32_t expected = 0;  ///< cas: which of the values expected
};

static_assert(sizeof(operation) == 48, "there may be very many of them");

/// An entity that must fulfil a spec (:db/ensure) when all is done.
struct ensured {
  entity_code e;
  entity_id spec;
  value form;
};

namespace detail {

/// Does `v` name an entity by its code, or hold a name that does?
inline bool names_tempid(const value& v) noexcept {
  if (v.is(kind::ref)) return v.word() < 0;
  if (!v.is(kind::tuple)) return false;
  for (const value& one : v.elements()) {
    if (one.is(kind::ref) && one.word() < 0) return true;
  }
  return false;
}

}  // namespace detail

class form_reader {
 public:
  /// All of these must outlive the reader; `t` is the T of the transaction being made.
  form_reader(const db_view& before, tempid_table& tempids, std::int64_t t) noexcept
      : before_{before}, tempids_{tempids}, t_{t} {}

  /// Appends the operations of `tx_data`, which must outlive them. Throws `incorrect`, naming the form.
  void read(const value& tx_data);

  std::vector<operation>& operations() noexcept { return operations_; }
  /// What each cas expects; nil: no value.
  const std::vector<value>& expected() const noexcept { return expected_; }
  std::vector<ensured>& ensures() noexcept { return ensures_; }
  /// Attributes that an open schema meets for the first time; their ids are not known yet.
  std::list<attribute_facts>& new_attributes() noexcept { return new_attributes_; }

 private:
  struct pending_map {
    const value* map;
    entity_code e;
  };

  static std::size_t size_of(const value& tx_data);
  void read_forms(const value& tx_data);
  void read_list(const value& form);
  void call(const value& form);
  value returned_by(const tx_functions::function& f, const value& form);
  void read_retract(std::span<const value> parts, const value& form);
  void read_ensure(entity_code e, const value& specs, const value& form);
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
  entity_id partition(entity_id named, const value& name, const value& form) const;
  entity_code in_partition(const value& name, entity_id partition, std::optional<std::int64_t> index,
                           const value& form);
  value typed(const attribute_facts& a, const value& v, const value& form);
  value typed_tuple(const attribute_facts& a, const value& v, const value& form);

  struct named_attribute {
    value name;
    const attribute_facts* facts = nullptr;
    bool back = false;  // the name is written in reverse, :ns/_name
  };

  named_attribute* recent(const value& name) noexcept;
  std::pair<const attribute_facts*, bool> key(const value& name, const value& map);
  const attribute_facts& attribute(const value& name, const value& form, bool may_create = false);
  const attribute_facts* reversed(const value& name) const;
  const attribute_facts& create(const value& name);
  bool is_lookup_ref(const value& v) const;
  void refuse_composite(const attribute_facts& a, const value& form) const;
  bool is_one_value(const attribute_facts& a, const value& v) const;
  bool carries_unique(const value& map) const;

  static constexpr int most_nested_calls = 256;     // a function's data may call, whose data may call …
  static constexpr int most_inner_calls = 100'000;  // in all

  const db_view& before_;
  tempid_table& tempids_;
  const std::int64_t t_;
  std::optional<db> before_db_;  // what functions get
  std::list<value> returned_;    // by functions: operations point into it
  int depth_ = 0, inner_calls_ = 0;
  bool in_map_ = false;  // is a map form read, in which maps may nest?
  std::vector<named_attribute>
      recent_;  // much data names the same attributes again and again; by hash, or none
  std::vector<operation> operations_;
  std::vector<value> expected_;
  std::vector<ensured> ensures_;
  std::list<attribute_facts> new_attributes_;
  std::vector<pending_map> nested_;  // found, not read yet: nothing recurses
};

}  // namespace datolite::datoms

#include <datolite/datoms/detail/tx_forms.hpp>
#include <datolite/datoms/detail/tx_names.hpp>
