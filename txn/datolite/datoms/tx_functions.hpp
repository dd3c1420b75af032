// tx_functions: the functions and predicates that transactions may name.
//
// They are given to a connection when it is made, and go with its databases: `transact` and `with` find the
// same.
//   a transaction function    [:my/fn arg …] in transaction data stands for the forms that it returns
//   an attribute predicate    :db.attr/preds of an attribute: each new value must pass it
//   an entity predicate       :db.entity/preds of a spec: the entity must pass it after the transaction
// A predicate is passed by `true` and by nothing else.
//
// Threads: many may call a function at once, on different databases; a registry must not change once a
// connection has it. A connection runs them while it makes the next state: a function that calls its `transact`
// or `sync` is refused, and a predicate must not; what they need is in the database that they get.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <datolite/core/datom.hpp>
#include <datolite/core/value.hpp>
#include <datolite/datoms/detail/text_hash.hpp>

namespace datolite {

namespace datoms {

class db;

class tx_functions {
 public:
  /// Gets the database before the transaction (never what other forms do), and the arguments as they were
  /// written; returns transaction data: a sequence or set of forms, calls included, or nil for none.
  using function = std::function<value(const db& before, std::span<const value> arguments)>;
  /// Gets a value of the attribute; `true` lets it pass. A lambda that returns bool will do.
  using attribute_predicate = std::function<value(const value& v)>;
  /// Gets the database after the transaction, and the entity.
  using entity_predicate = std::function<value(const db& after, entity_id e)>;

  /// Makes `f` known as `name` (without colon), instead of what was; keyword and symbol are the same to it.
  tx_functions& add(std::string_view name, function f);
  tx_functions& add_attribute_predicate(std::string_view name, attribute_predicate p);
  tx_functions& add_entity_predicate(std::string_view name, entity_predicate p);

  /// What goes by `name`; null if nothing does. Valid until this changes.
  const function* find(std::string_view name) const;
  const attribute_predicate* find_attribute_predicate(std::string_view name) const;
  const entity_predicate* find_entity_predicate(std::string_view name) const;

 private:
  /// What goes by one name, each as what it is.
  struct named {
    function called;
    attribute_predicate of_attribute;
    entity_predicate of_entity;
  };
  named& entry(std::string_view name);
  const named* known(std::string_view name) const;

  std::unordered_map<std::string, named, detail::text_hash, std::equal_to<>> by_name_;
};

}  // namespace datoms

using datoms::tx_functions;

}  // namespace datolite

#ifndef DATOLITE_COMPILED
#include <datolite/datoms/detail/tx_functions.hpp>
#endif
