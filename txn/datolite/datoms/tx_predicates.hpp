// tx_predicates: what an entity must be after a transaction that says so (:db/ensure).
//
// A spec is an entity with :db.entity/attrs (attributes that the entity needs, by keyword), :db.entity/preds
// (names of predicates of the database after and the entity), or both. It is looked up as it stands after the
// transaction, and so is the entity; a transaction that fails is refused as a whole.
#pragma once

#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <datolite/core/value.hpp>
#include <datolite/core/value_order.hpp>
#include <datolite/datoms/bootstrap.hpp>
#include <datolite/datoms/db.hpp>
#include <datolite/datoms/tx_error.hpp>
#include <datolite/datoms/tx_forms.hpp>
#include <datolite/datoms/tx_functions.hpp>

namespace datolite::datoms {

namespace detail {

/// Refuses `form` with `code` unless `predicate()` returns true; also if it throws.
template <class P>
void expect_true(P&& predicate, std::string_view code, std::string what, const value& form) {
  value said;
  try {
    said = predicate();
  } catch (const std::exception& e) {
    refuse(code, what + ": it threw " + e.what(), form);
  } catch (...) {
    refuse(code, what + ": it threw something that is no exception", form);
  }
  if (said == value{true}) return;
  refuse(code, what + ", which returned " + shown(said), form);
}

}  // namespace detail

class spec_check {
 public:
  /// `after` is the database after the transaction.
  explicit spec_check(const db& after) : after_{after} {}

  /// Throws `incorrect`, naming the form and what is missing, if one of `ensures` is not fulfilled.
  void check(std::span<const ensured> ensures) const {
    for (const ensured& one : ensures) check(one);
  }

 private:
  void check(const ensured& one) const {
    std::vector<value> attributes, predicates;
    after_.access().read(one.spec, ids::entity_attrs, attributes);
    after_.access().read(one.spec, ids::entity_preds, predicates);
    if (attributes.empty() && predicates.empty()) {
      refuse("db.error/not-a-spec",
             name(one.spec) + " is no entity spec: it has neither :db.entity/attrs nor :db.entity/preds",
             one.form);
    }
    check_attributes(one, attributes);
    for (const value& predicate : predicates) check_predicate(one, predicate);
  }

  void check_attributes(const ensured& one, std::span<const value> attributes) const {
    std::string missing;
    for (const value& attribute : attributes) {
      const attribute_facts* const facts = after_.attribute(attribute);
      std::vector<value> values;
      if (facts != nullptr) after_.access().read(one.e, facts->id, values);
      if (values.empty()) missing += ' ' + shown(attribute);
    }
    if (missing.empty()) return;
    refuse("db.error/entity-attr",
           "the entity " + std::to_string(one.e) + " lacks attributes of the spec " + name(one.spec) + ":" +
               missing,
           one.form);
  }

  void check_predicate(const ensured& one, const value& predicate) const {
    const tx_functions* const known = after_.view().state().functions.get();
    const auto* const passes = known == nullptr ? nullptr : known->find_entity_predicate(predicate.raw());
    const std::string of = shown(predicate) + " of the spec " + name(one.spec);
    if (passes == nullptr) {
      refuse("db.error/unknown-predicate",
             "the predicate " + of + " is not among the functions that the connection was given", one.form);
    }
    detail::expect_true([&] { return (*passes)(after_, one.e); }, "db.error/entity-pred",
                        "the entity " + std::to_string(one.e) + " failed the predicate " + of, one.form);
  }

  std::string name(entity_id e) const {
    const auto ident = after_.ident(e);
    return ident ? shown(*ident) : std::to_string(e);
  }

  const db& after_;
};

}  // namespace datolite::datoms
