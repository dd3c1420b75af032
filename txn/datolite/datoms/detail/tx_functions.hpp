// The definitions of tx_functions.hpp.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <datolite/core/linkage.hpp>
#include <datolite/datoms/tx_functions.hpp>

namespace datolite::datoms {

DATOLITE_INLINE tx_functions::named& tx_functions::entry(std::string_view name) {
  return by_name_.try_emplace(std::string{name}).first->second;
}

DATOLITE_INLINE const tx_functions::named* tx_functions::known(std::string_view name) const {
  const auto at = by_name_.find(name);
  return at == by_name_.end() ? nullptr : &at->second;
}

DATOLITE_INLINE tx_functions& tx_functions::add(std::string_view name, function f) {
  entry(name).called = std::move(f);
  return *this;
}

DATOLITE_INLINE tx_functions& tx_functions::add_attribute_predicate(std::string_view name,
                                                                    attribute_predicate p) {
  entry(name).of_attribute = std::move(p);
  return *this;
}

DATOLITE_INLINE tx_functions& tx_functions::add_entity_predicate(std::string_view name, entity_predicate p) {
  entry(name).of_entity = std::move(p);
  return *this;
}

DATOLITE_INLINE const tx_functions::function* tx_functions::find(std::string_view name) const {
  const named* const one = known(name);
  return one != nullptr && one->called ? &one->called : nullptr;
}

DATOLITE_INLINE const tx_functions::attribute_predicate* tx_functions::find_attribute_predicate(
    std::string_view name) const {
  const named* const one = known(name);
  return one != nullptr && one->of_attribute ? &one->of_attribute : nullptr;
}

DATOLITE_INLINE const tx_functions::entity_predicate* tx_functions::find_entity_predicate(
    std::string_view name) const {
  const named* const one = known(name);
  return one != nullptr && one->of_entity ? &one->of_entity : nullptr;
}

}  // namespace datolite::datoms
