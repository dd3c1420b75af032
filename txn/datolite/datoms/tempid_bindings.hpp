// tempid_bindings: what the string tempids of earlier transactions became.
//
// Data that is too large for one transaction is cut into several; with these, a tempid means the same entity
// in all of them. One that so far stands only in value positions gets its entity already, because a later
// transaction may be about it.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include <datolite/core/datom.hpp>
#include <datolite/core/value.hpp>
#include <datolite/datoms/detail/text_hash.hpp>

namespace datolite::datoms {

class tempid_bindings {
 public:
  /// The entity that the tempid became. O(1).
  std::optional<entity_id> find(std::string_view name) const {
    const auto at = known_.find(name);
    return at == known_.end() ? std::nullopt : std::optional{at->second};
  }

  /// Takes note of a transaction's tempids. A tempid that was known stays what it was.
  template <class Tempids>
  void add(const Tempids& tempids) {
    for (const auto& [name, e] : tempids) {
      if (name.is(kind::string)) known_.try_emplace(std::string{name.raw()}, e);
    }
  }

  std::size_t size() const noexcept { return known_.size(); }

 private:
  std::unordered_map<std::string, entity_id, detail::text_hash, std::equal_to<>> known_;
};

}  // namespace datolite::datoms
