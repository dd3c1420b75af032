// tx_report: what a transaction did, or with `with` would do.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <datolite/core/datom.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/storage.hpp>
#include <datolite/core/value.hpp>
#include <datolite/core/value_order.hpp>
#include <datolite/datoms/db.hpp>
#include <datolite/datoms/entity_id.hpp>
#include <datolite/datoms/tempid.hpp>

namespace datolite {

/// What a transaction did.
struct tx_report {
  db db_before;
  db db_after;
  std::vector<datom> tx_data;  ///< its datoms; a replaced value's retraction before the new value
  std::vector<std::pair<value, entity_id>> tempids;  ///< as they were written, and the entities they became
  std::int64_t t = 0;
  durability_level durability = durability_level::memory;  ///< what its commit survives; of `with`, nothing

  /// The entity that a tempid became, whichever way it is written; empty if the transaction did not name it.
  /// "datomic.tx" is the transaction itself. O(number of tempids).
  std::optional<entity_id> resolve_tempid(const value& name) const {
    if (name == value{"datomic.tx"}) return datoms::t_to_tx(t);
    const std::optional<entity_id> number = number_of(name);
    if (number && datoms::part(*number) == datoms::part_tx) return datoms::t_to_tx(t);
    for (const auto& [written, e] : tempids) {
      if (written == name || (number && number_of(written) == number)) return e;
    }
    return std::nullopt;
  }

 private:
  /// The temporary id that a number or a #db/id literal stands for.
  std::optional<entity_id> number_of(const value& name) const {
    if (name.is(kind::long_) || name.is(kind::ref)) {
      const bool short_form = name.word() < 0 && name.word() >= datoms::last_user_index;
      return short_form ? datoms::tempid(datoms::part_user, name.word()) : name.word();
    }
    if (!name.is(kind::tagged) || !name.elements()[0].is_symbol("db/id")) return std::nullopt;
    const auto parts = name.elements()[1].elements();
    if (parts.size() != 2 || !parts[1].is(kind::long_)) return std::nullopt;
    const auto partition = db_before.entid(parts[0]);
    if (!partition) return std::nullopt;
    return datoms::detail::make_tempid(*partition, parts[1].word());
  }
};

}  // namespace datolite

#ifndef DATOLITE_COMPILED
#include <datolite/datoms/detail/branching.hpp>
#endif
