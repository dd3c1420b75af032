// ordered_datoms: the datoms of one transaction in the order of every index.
//
// The orders are derived, not sorted from nothing: AEVT from EAVT by attribute, AVET from AEVT attribute by
// attribute.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <datolite/core/datom.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/value.hpp>
#include <datolite/datoms/schema.hpp>
#include <datolite/datoms/word_order.hpp>

namespace datolite::datoms {

inline constexpr index_order all_orders[] = {index_order::eavt, index_order::aevt, index_order::avet,
                                             index_order::vaet};

/// Datoms given in EAVT order, and their positions in the order of every index that holds them.
class ordered_datoms {
 public:
  ordered_datoms(std::span<const datom> in_eavt, const schema& attributes) : datoms_{in_eavt} {
    eavt_.resize(datoms_.size());
    for (std::size_t i = 0; i < eavt_.size(); ++i) eavt_[i] = static_cast<position>(i);
    aevt_ = eavt_;
    sort_by_attribute(aevt_, [&](position at) { return datoms_[at].a; });
    for (auto from = aevt_.begin(); from != aevt_.end();) {
      const attribute_id a = datoms_[*from].a;
      const auto to = std::find_if(from, aevt_.end(), [&](position x) { return datoms_[x].a != a; });
      const attribute_facts* const facts = attributes.find(a);
      if (facts != nullptr && facts->indexed) append_by_value(avet_, {from, to});
      if (facts == nullptr || facts->type == kind::ref || facts->type == kind::nil) append_refs({from, to});
      from = to;
    }
    sort_by_value(vaet_,
                  [this](position at) -> const value& { return datoms_[at].v; });  // a and e ascend already
  }

  using position = std::uint32_t;
  std::span<const position> in(index_order order) const noexcept {
    switch (order) {
      case index_order::eavt: return eavt_;
      case index_order::aevt: return aevt_;
      case index_order::avet: return avet_;
      default: return vaet_;
    }
  }
  const datom& operator[](position at) const noexcept { return datoms_[at]; }
  std::size_t size() const noexcept { return datoms_.size(); }

 private:
  void append_by_value(std::vector<position>& to, std::span<const position> of_one_attribute) {
    const std::size_t from = to.size();
    to.insert(to.end(), of_one_attribute.begin(), of_one_attribute.end());
    sort_by_value(std::span{to}.subspan(from), [this](position at) -> const value& { return datoms_[at].v; });
  }
  void append_refs(std::span<const position> of_one_attribute) {
    for (const position at : of_one_attribute) {
      if (datoms_[at].v.is(kind::ref)) vaet_.push_back(at);
    }
  }

  std::span<const datom> datoms_;
  std::vector<position> eavt_, aevt_, avet_, vaet_;
};

}  // namespace datolite::datoms
