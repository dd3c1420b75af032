// The definitions of db.hpp that read datoms.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <datolite/core/datom.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/linkage.hpp>
#include <datolite/datoms/datom_run.hpp>
#include <datolite/datoms/db.hpp>
#include <datolite/datoms/tx_error.hpp>
#include <datolite/datoms/tx_values.hpp>

namespace datolite {

namespace datoms::detail {

inline void refuse_unindexed(const attribute_facts& a) {
  if (a.indexed) return;
  throw error{error_category::incorrect, "db.error/attribute-not-indexed",
              "AVET holds only attributes with :db/index or :db/unique; " + shown(a.ident) + " has neither"};
}

inline const attribute_facts& known_attribute(const db_view& in, const value& alias) {
  if (const attribute_facts* const found = in.attribute(alias)) return *found;
  throw error{error_category::incorrect, "db.error/not-an-attribute",
              shown(alias) + " is not an attribute of this database"};
}

/// `v` as the attribute `a`, which is not a ref, would keep it; itself if it could not.
inline value stored_form(const db_view& in, const attribute_facts& a, const value& v) {
  return a.type == kind::tuple ? in.stored_tuple(a, v).value_or(v) : spelled_as(a.type, v);
}

/// Components as a caller gives them, in an index's order, resolved to what the index holds.
class named_components {
 public:
  named_components(const db_view& in, index_order index, std::span<const value> given) : in_{in} {
    constexpr const char* orders[] = {"eavt", "aevt", "avet", "vaet"};
    const std::string_view order = orders[static_cast<std::size_t>(index)];
    if (given.size() > order.size()) {
      throw error{error_category::incorrect, "db.error/invalid-components", "a datom has four components"};
    }
    order_ = order.substr(0, given.size());
    for (std::size_t i = 0; i < given.size(); ++i) {
      switch (order[i]) {
        case 'e': range_.e = entity(given[i]); break;
        case 'a': attribute(given[i], index); break;
        case 'v': range_.v = stored(given[i], index); break;
        default: t_ = moment(given[i]); break;
      }
    }
    range_.index = index;
  }

  /// The components that were given, as letters: "eav".
  std::string_view order() const noexcept { return order_; }
  /// What they hold in common; without T.
  const datom_range& range() const noexcept { return range_; }
  std::optional<std::int64_t> t() const noexcept { return t_; }
  /// The alias of an entity that there is none of, if one was given.
  const std::optional<value>& nobody() const noexcept { return nobody_; }

  /// The range of what follows the first `n` components, of which the last is a bound: inclusive if it is to
  /// be part of the range.
  datom_range beyond(std::size_t n, bool inclusive, bool descending) const {
    datom_range out;
    out.index = range_.index, out.descending = descending;
    for (std::size_t i = 0; i + 1 < n; ++i) {
      if (order_[i] == 'e') out.e = range_.e;
      if (order_[i] == 'a') out.a = range_.a;
      if (order_[i] == 'v') out.v = range_.v;
    }
    const char last = order_[n - 1];
    range_bound at{last == 'v' ? *range_.v : value::ref(last == 'e' ? *range_.e : entity_id{*range_.a}),
                   inclusive};
    (descending ? out.stop : out.start) = std::move(at);
    return out;
  }

 private:
  entity_id entity(const value& alias) {
    const auto found = in_.entid(alias);
    if (!found) nobody_ = alias;
    return found.value_or(0);
  }
  void attribute(const value& alias, index_order index) {
    facts_ = &known_attribute(in_, alias);
    if (index == index_order::avet) refuse_unindexed(*facts_);
    range_.a = facts_->id;
  }
  value stored(const value& v, index_order index) {
    if (index == index_order::vaet || facts_->type == kind::ref) return value::ref(entity(v));
    return stored_form(in_, *facts_, v);
  }
  static std::int64_t moment(const value& v) {
    if (v.is(kind::long_) || v.is(kind::ref)) return t_of_moment(v.word());
    throw error{error_category::incorrect, "db.error/invalid-components",
                "the fourth component is a T or a transaction's id, not " + shown(v)};
  }

  const db_view& in_;
  std::string_view order_;
  datom_range range_;
  const attribute_facts* facts_ = nullptr;
  std::optional<std::int64_t> t_;
  std::optional<value> nobody_;
};

}  // namespace datoms::detail

DATOLITE_INLINE datom_run db::matching(index_order index, std::span<const value> given) const {
  const datoms::detail::named_components named{*view_, index, given};
  if (named.nobody()) return {view_, {}};
  t_limits only;
  if (named.t()) only = {*named.t(), *named.t()};
  return {view_, {named.range()}, only};
}

/// The first range holds what has all the components, and each further one what follows a shorter prefix of
/// them.
DATOLITE_INLINE datom_run db::from(index_order index, std::span<const value> given, bool descending) const {
  const datoms::detail::named_components named{*view_, index, given};
  if (named.nobody()) {
    throw error{error_category::not_found, "db.error/not-an-entity",
                datoms::shown(*named.nobody()) + " names no entity, and so no place in an index"};
  }
  t_limits limits;
  std::vector<datom_range> ranges;
  std::size_t n = named.order().size();
  if (named.t()) {
    (descending ? limits.high : limits.low) = *named.t();
    ranges.push_back(named.range());
    ranges.back().descending = descending;
    --n;
  } else if (n == 0) {
    ranges.push_back(named.range());
    ranges.back().descending = descending;
  }
  for (bool inclusive = !named.t(); n > 0; --n, inclusive = false) {
    ranges.push_back(named.beyond(n, inclusive, descending));
  }
  return {view_, std::move(ranges), limits};
}

DATOLITE_INLINE datom_run db::index_range(const value& attribute, const std::optional<value>& start,
                                          const std::optional<value>& end) const {
  const attribute_facts& facts = datoms::detail::known_attribute(*view_, attribute);
  datoms::detail::refuse_unindexed(facts);
  const auto bound = [&](const value& given, bool inclusive) {
    if (facts.type != kind::ref)
      return range_bound{datoms::detail::stored_form(*view_, facts, given), inclusive};
    const auto e = view_->entid(given);
    if (e) return range_bound{value::ref(*e), inclusive};
    throw error{error_category::not_found, "db.error/not-an-entity",
                datoms::shown(given) + " names no entity, and so no place in an index"};
  };
  datom_range range;
  range.index = index_order::avet;
  range.a = facts.id;
  if (start) range.start = bound(*start, true);
  if (end) range.stop = bound(*end, false);
  return {view_, {std::move(range)}};
}

DATOLITE_INLINE std::vector<datom> db::datoms(const datom_range& range, io_counters* io) const {
  if (range.index == index_order::avet && range.a) {
    const attribute_facts* const facts = view_->attribute(value::ref(*range.a));
    if (facts != nullptr) datoms::detail::refuse_unindexed(*facts);
    if (facts == nullptr) {
      throw error{error_category::incorrect, "db.error/not-an-attribute",
                  "AVET holds attributes; " + std::to_string(*range.a) + " is the id of none"};
    }
  }
  return datom_run{view_, {range}, {}, io}.to_vector();
}

}  // namespace datolite
