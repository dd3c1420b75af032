// datom_set: a plain set of datoms as an index_access, with nothing of the datom store.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <datolite/core/index_access.hpp>
#include <datolite/core/value_order.hpp>

namespace datolite_test {

using namespace datolite;

class datom_set final : public index_access {
 public:
  /// Declares an attribute.
  attribute_facts& attribute(std::string_view name, kind type = kind::long_) {
    const auto id = static_cast<attribute_id>(100 + facts_.size());
    attribute_facts& made = facts_[id];
    made.id = id;
    made.ident = value::keyword(name);
    made.type = type;
    made.indexed = true;
    ids_[std::string{name}] = id;
    return made;
  }
  attribute_facts& many(std::string_view name, kind type = kind::long_) {
    attribute_facts& made = attribute(name, type);
    made.many = true;
    return made;
  }
  attribute_facts& part(std::string_view name, bool of_many = false) {
    attribute_facts& made = attribute(name, kind::ref);
    made.component = true;
    made.many = of_many;
    return made;
  }
  /// Another name for an attribute.
  void rename(std::string_view from, std::string_view to) {
    ids_[std::string{to}] = ids_.at(std::string{from});
  }

  void add(entity_id e, std::string_view a, value v) { add(e, ids_.at(std::string{a}), std::move(v)); }
  void add(entity_id e, attribute_id a, value v) {
    if (facts_.at(a).type == kind::ref && v.is(kind::long_)) v = value::ref(v.word());
    for (auto& index : sorted_) index.push_back({e, a, v, make_t_op(1000, true)});
    dirty_ = true;
  }
  /// Gives an entity a name.
  void name(entity_id e, std::string_view ident) { idents_[e] = value::keyword(ident); }

  const std::map<attribute_id, attribute_facts>& all_attributes() const { return facts_; }
  const std::vector<datom>& datoms() const { return index(index_order::eavt); }

  mutable std::size_t seeks = 0;
  bool history = false;

  bool shows_history() const noexcept override { return history; }
  const attribute_facts* attribute(const value& alias) const override {
    attribute_id id = 0;
    if (alias.is(kind::keyword)) {
      const auto known = ids_.find(std::string{alias.raw()});
      if (known == ids_.end()) return nullptr;
      id = known->second;
    } else if (alias.is(kind::long_) || alias.is(kind::ref)) {
      id = static_cast<attribute_id>(alias.word());
    }
    const auto found = facts_.find(id);
    return found == facts_.end() ? nullptr : &found->second;
  }
  std::optional<entity_id> entid(const value& alias, io_counters* = nullptr) const override {
    if (alias.is(kind::long_) || alias.is(kind::ref)) return alias.word();
    for (const auto& [e, ident] : idents_) {
      if (ident == alias) return e;
    }
    if (alias.is(kind::keyword)) return std::nullopt;
    const auto parts = alias.elements();
    if (parts.size() != 2)
      throw error{error_category::incorrect, "db.error/invalid-entity-alias", "no alias"};
    const attribute_facts* const a = attribute(parts[0]);
    for (const datom& d : datoms()) {
      if (a != nullptr && d.a == a->id && d.v == parts[1]) return d.e;
    }
    return std::nullopt;
  }
  std::optional<value> ident(entity_id e) const override {
    const auto known = idents_.find(e);
    return known == idents_.end() ? std::nullopt : std::optional{known->second};
  }
  std::unique_ptr<datom_cursor> open_cursor(index_order order, components wanted,
                                            io_counters*) const override {
    return std::make_unique<cursor>(*this, order, wanted);
  }
  std::uint64_t count(const datom_range& range) const override {
    cursor all{*this, range.index, components::none};
    all.seek(range);
    return all.left();
  }
  void read(entity_id e, attribute_id a, std::vector<value>& out, io_counters* = nullptr) const override {
    out.clear();
    for (const datom& d : datoms()) {
      if (d.e == e && d.a == a) out.push_back(d.v);
    }
  }

 private:
  class cursor final : public datom_cursor {
   public:
    cursor(const datom_set& of, index_order order, components wanted)
        : of_{of}, all_{of.index(order)}, order_{order}, wanted_{wanted} {}

    void seek(const datom_range& range) override {
      ++of_.seeks;
      descending_ = range.descending;
      first_ = static_cast<std::size_t>(
          std::partition_point(all_.begin(), all_.end(), [&](const datom& d) { return side(range, d) < 0; }) -
          all_.begin());
      last_ =
          static_cast<std::size_t>(std::partition_point(all_.begin(), all_.end(),
                                                        [&](const datom& d) { return side(range, d) <= 0; }) -
                                   all_.begin());
    }
    bool next_batch(datom_columns& out, std::size_t at_most) override {
      out.clear();
      for (; first_ < last_ && out.size < at_most; ++out.size) {
        const datom& d = all_[descending_ ? --last_ : first_++];
        if (includes(wanted_, components::e)) out.e.push_back(d.e);
        if (includes(wanted_, components::a)) out.a.push_back(d.a);
        if (includes(wanted_, components::v)) out.v.push_back(d.v);
        if (includes(wanted_, components::t)) out.t_op.push_back(d.t_op);
      }
      return out.size > 0;
    }
    std::size_t left() const { return last_ - first_; }

   private:
    /// Whether `d` stands before, in or after the range: -1, 0, 1.
    int side(const datom_range& range, const datom& d) const {
      for (const components c : order_of(order_)) {
        const value is = component(d, c);
        const auto wanted =
            c == components::e   ? (range.e ? std::optional{value::ref(*range.e)} : std::nullopt)
            : c == components::a ? (range.a ? std::optional{value::ref(*range.a)} : std::nullopt)
                                 : range.v;
        if (!wanted) {
          if (range.start && (is < range.start->at || (is == range.start->at && !range.start->inclusive)))
            return -1;
          if (range.stop && (is > range.stop->at || (is == range.stop->at && !range.stop->inclusive)))
            return 1;
          return 0;
        }
        if (is != *wanted) return is < *wanted ? -1 : 1;
      }
      return 0;
    }

    const datom_set& of_;
    const std::vector<datom>& all_;
    index_order order_;
    components wanted_;
    bool descending_ = false;
    std::size_t first_ = 0, last_ = 0;
  };

  static std::array<components, 3> order_of(index_order order) {
    using enum components;
    switch (order) {
      case index_order::eavt: return {e, a, v};
      case index_order::aevt: return {a, e, v};
      case index_order::avet: return {a, v, e};
      default: return {v, a, e};
    }
  }
  static value component(const datom& d, components c) {
    return c == components::e ? value::ref(d.e) : c == components::a ? value::ref(d.a) : d.v;
  }

  const std::vector<datom>& index(index_order order) const {
    if (std::exchange(dirty_, false)) {
      for (std::size_t i = 0; i < sorted_.size(); ++i) {
        const auto by = order_of(static_cast<index_order>(i));
        const auto compare = [&](const datom& x, const datom& y) {
          for (const components c : by) {
            const std::strong_ordering o = c == components::e   ? x.e <=> y.e
                                           : c == components::a ? x.a <=> y.a
                                                                : x.v <=> y.v;
            if (o != 0) return o;
          }
          return std::strong_ordering::equal;
        };
        std::sort(sorted_[i].begin(), sorted_[i].end(),
                  [&](const datom& x, const datom& y) { return compare(x, y) < 0; });
        sorted_[i].erase(std::unique(sorted_[i].begin(), sorted_[i].end(),
                                     [&](const datom& x, const datom& y) { return compare(x, y) == 0; }),
                         sorted_[i].end());
      }
    }
    return sorted_[static_cast<std::size_t>(order)];
  }

  std::map<attribute_id, attribute_facts> facts_;
  std::map<std::string, attribute_id> ids_;
  std::map<entity_id, value> idents_;
  mutable std::array<std::vector<datom>, 4> sorted_;
  mutable bool dirty_ = false;
};

}  // namespace datolite_test
