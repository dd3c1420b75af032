// The definitions of tx_facts.hpp.
#pragma once

#include <algorithm>
#include <functional>
#include <numeric>
#include <unordered_set>

#include <datolite/core/sort_prefix.hpp>
#include <datolite/datoms/tx_facts.hpp>
#include <datolite/datoms/tx_predicates.hpp>
#include <datolite/datoms/word_order.hpp>

namespace datolite::datoms {

inline void fact_maker::make(std::vector<operation> operations, std::span<const value> expected) {
  wishes_ = std::move(operations);
  collect(expected);
  sort_wishes();
  added_.reserve(wishes_.size() + 1), origins_.reserve(wishes_.size());  // the instant comes, too
  for (std::size_t from = 0; from < wishes_.size();) {
    std::size_t to = from;
    while (to < wishes_.size() && wishes_[to].e == wishes_[from].e && wishes_[to].a == wishes_[from].a) ++to;
    settle(std::span{wishes_}.subspan(from, to - from));
    from = to;
  }
  if (attributes().has_composites()) keep_composites();
  check_unique();
  if (attributes().has_predicates()) check_predicates();
}

// -- what the operations wish for

inline bool fact_maker::before_in_eav(const wish& x, const wish& y) {
  if (x.e != y.e) return x.e < y.e;
  if (x.a->id != y.a->id) return x.a->id < y.a->id;
  const auto order = stored_order(x.v, y.v);
  return order != 0 ? order < 0 : x.what > y.what;  // a retraction before an addition
}

/// First by entity, then those of each, which are few, among themselves.
inline void fact_maker::sort_wishes() {
  const auto by_entity = [](const wish& x, const wish& y) { return x.e < y.e; };
  if (!std::is_sorted(wishes_.begin(), wishes_.end(), by_entity)) {
    std::vector<worded> runs;  // of wishes for one entity, mostly what one form says
    for (std::size_t i = 0; i < wishes_.size(); ++i) {
      if (i == 0 || wishes_[i].e != wishes_[i - 1].e)
        runs.push_back(
            {sort_prefix<entity_id, std::less<>>::of(wishes_[i].e), static_cast<std::uint32_t>(i)});
    }
    sort_by_word(runs);
    std::vector<wish> sorted;
    sorted.reserve(wishes_.size());
    for (const worded& run : runs) {
      const entity_id e = wishes_[run.at].e;
      for (std::size_t i = run.at; i < wishes_.size() && wishes_[i].e == e; ++i)
        sorted.push_back(std::move(wishes_[i]));
    }
    wishes_ = std::move(sorted);
  }
  for (auto from = wishes_.begin(); from != wishes_.end();) {
    auto to = from;
    while (to != wishes_.end() && to->e == from->e) ++to;
    if (static_cast<std::size_t>(to - from) > small_run) {
      std::stable_sort(from, to, before_in_eav);
    } else {
      for (auto at = from; at != to; ++at) {
        if (at == from || !before_in_eav(*at, at[-1])) continue;
        std::rotate(std::upper_bound(from, at, *at, before_in_eav), at, at + 1);
      }
    }
    from = to;
  }
}

/// Turns every operation into wishes for single facts.
inline void fact_maker::collect(std::span<const value> expected) {
  bool gone = false;
  for (std::size_t i = 0, size = wishes_.size(); i < size; ++i) {
    if (wishes_[i].what <= operation_kind::retract) continue;
    const operation op = wishes_[i];
    if (op.what == operation_kind::cas) {
      compare(op, expected[op.expected]);
      wishes_[i].what = operation_kind::add;
      continue;
    }
    op.what == operation_kind::retract_attribute ? collect_attribute(op) : collect_entity(op);
    wishes_[i].what = operation_kind::nothing;
    gone = true;
  }
  if (gone) std::erase_if(wishes_, [](const wish& w) { return w.what == operation_kind::nothing; });
}

/// Is the value what a cas expects?
inline void fact_maker::compare(const operation& op, const value& expected) {
  const bool has = read_facts(op.e, op.a->id, nullptr);
  if (expected.is_nil() ? !has : has && found_.v[0] == expected) return;
  refuse("db.error/cas-failed",
         "the value is " + (has ? shown(found_.v[0]) : "none") + ", expected " +
             (expected.is_nil() ? "none" : shown(expected)),
         *op.form, error_category::conflict);
}

inline void fact_maker::collect_attribute(const operation& op) {
  if (!read_facts(op.e, op.a->id, nullptr)) return;
  do {
    for (const value& v : found_.v) wish_retraction(op.e, op.a, v, op.form);
  } while (facts_->next_batch(found_, batch_size));
}

/// Everything about the entity, everything that refers to it, and the same for its components.
inline void fact_maker::collect_entity(const operation& op) {
  std::vector<entity_id> left{op.e};
  std::unordered_set<entity_id> seen{op.e};
  const auto about = before_.open_cursor(index_order::eavt, components::all);
  const auto towards = before_.open_cursor(index_order::vaet, components::e | components::a);
  while (!left.empty()) {
    const entity_id e = left.back();
    left.pop_back();
    if (e < first_user_element || attributes().is_installed(e) || attributes().is_partition(e)) {
      refuse("db.error/schema-entity", "the entity " + std::to_string(e) + " is part of the schema",
             *op.form);
    }
    datom_range range;
    range.e = e;
    about->seek(range);
    for (datom_columns batch; about->next_batch(batch, 256);) {
      for (std::size_t i = 0; i < batch.size; ++i) {
        const attribute_facts* const a = attributes().find(batch.a[i]);
        if (a == nullptr || attributes().is_composite(a->id)) continue;  // those follow their parts
        wish_retraction(e, a, batch.v[i], op.form);
        if (!a->component || !batch.v[i].is(kind::ref)) continue;
        if (seen.insert(batch.v[i].word()).second) left.push_back(batch.v[i].word());
      }
    }
    datom_range refs;
    refs.index = index_order::vaet;
    refs.v = value::ref(e);
    towards->seek(refs);
    for (datom_columns batch; towards->next_batch(batch, 256);) {
      for (std::size_t i = 0; i < batch.size; ++i) {
        const attribute_facts* const a = attributes().find(batch.a[i]);
        if (a != nullptr) wish_retraction(batch.e[i], a, value::ref(e), op.form);
      }
    }
  }
}

// -- what comes of it

/// An id that was never handed out nor written down has no facts, so nothing need be read of it.
inline bool fact_maker::may_have_facts(entity_id e) const noexcept {
  const counters& at = before_.state().at;
  if (part(e) == part_db) return e > max_element || e < at.next_element;
  return counter_of(e) < at.next_t;
}

/// Finds the facts of `e` and `a` (with the value `v`, if it is given): their values and t_ops.
inline bool fact_maker::read_facts(entity_id e, attribute_id a, const value* v) {
  found_.clear();
  if (!may_have_facts(e)) return false;
  if (facts_ == nullptr) facts_ = before_.open_cursor(index_order::eavt, components::v | components::t);
  datom_range range;
  range.e = e;
  range.a = a;
  if (v != nullptr) range.v = *v;
  facts_->seek(range);
  return facts_->next_batch(found_, batch_size);
}

inline void fact_maker::retract_found(std::size_t at, entity_id e, attribute_id a) {
  retracted_.push_back({e, a, found_.v[at], found_.t_op[at]});
}

inline void fact_maker::settle(std::span<const wish> wishes) {
  check_contradictions(wishes);
  wishes[0].a->many ? settle_many(wishes) : settle_one(wishes);
}

inline void fact_maker::check_contradictions(std::span<const wish> wishes) const {
  for (std::size_t i = 1; i < wishes.size(); ++i) {
    if (wishes[i - 1].what != wishes[i].what && same_fact(wishes[i - 1], wishes[i])) {
      refuse_conflict(wishes[i - 1], wishes[i]);
    }
  }
  if (wishes[0].a->many) return;
  const wish* only = nullptr;
  for (const wish& w : wishes) {
    if (w.what != operation_kind::add) continue;
    if (only != nullptr && only->v != w.v) refuse_conflict(*only, w);
    only = &w;
  }
}

inline void fact_maker::settle_one(std::span<const wish> wishes) {
  const bool has = read_facts(wishes[0].e, wishes[0].a->id, nullptr);
  const auto added =
      std::find_if(wishes.begin(), wishes.end(), [](const wish& w) { return w.what == operation_kind::add; });
  if (added != wishes.end()) {
    if (has && found_.v[0] == added->v) return;
    if (has) retract_found(0, wishes[0].e, wishes[0].a->id);
    add_new(*added);
  } else if (has) {
    const auto hits = [&](const wish& w) { return w.v == found_.v[0]; };
    if (std::any_of(wishes.begin(), wishes.end(), hits)) retract_found(0, wishes[0].e, wishes[0].a->id);
  }
}

inline void fact_maker::settle_many(std::span<const wish> wishes) {
  for (std::size_t i = 0; i < wishes.size(); ++i) {
    const wish& w = wishes[i];
    if (i > 0 && same_fact(wishes[i - 1], w)) continue;
    const bool has = read_facts(w.e, w.a->id, &w.v);
    const bool adds = w.what == operation_kind::add;
    if (adds && !has) add_new(w);
    if (!adds && has) retract_found(0, w.e, w.a->id);
  }
}

// -- composite tuples

inline void fact_maker::keep_composites() {
  std::vector<attribute_id> touched;
  const std::size_t added = added_.size(), retracted = retracted_.size();
  for (std::size_t from = 0; from < wishes_.size();) {
    const entity_id e = wishes_[from].e;
    std::size_t to = from;
    touched.clear();
    for (; to < wishes_.size() && wishes_[to].e == e; ++to) {
      for (const attribute_id one : attributes().composites_with(wishes_[to].a->id)) {
        if (std::find(touched.begin(), touched.end(), one) == touched.end()) touched.push_back(one);
      }
    }
    for (const attribute_id one : touched) keep_composite(e, one, wishes_[from].form, added, retracted);
    from = to;
  }
  if (added_.size() != added || retracted_.size() != retracted) sort_again();
}

/// Makes a composite what its parts are after the transaction, of which the first `added` and `retracted`
/// tell.
inline void fact_maker::keep_composite(entity_id e, attribute_id composite, const value* form,
                                       std::size_t added, std::size_t retracted) {
  std::vector<value> elements;
  bool empty = true;
  for (const attribute_id part : attributes().tuple_of(composite)->parts) {
    elements.push_back(part_after(e, part, added, retracted));
    empty = empty && elements.back().is_nil();
  }
  const value now = empty ? value{} : value::from_moved(kind::tuple, elements);
  const bool has = read_facts(e, composite, nullptr);
  if (has && found_.v[0] == now) return;
  if (has) retract_found(0, e, composite);
  if (empty) return;
  added_.push_back({e, composite, now, make_t_op(t_, true)}), origins_.push_back({form, false});
}

/// The value of a part after the transaction; nil if it has none.
inline value fact_maker::part_after(entity_id e, attribute_id a, std::size_t added, std::size_t retracted) {
  const auto find = [&](const std::vector<datom>& in, std::size_t size) {
    const auto end = in.begin() + static_cast<std::ptrdiff_t>(size);
    const auto at =
        std::lower_bound(in.begin(), end, std::pair{e, a}, [](const datom& d, const auto& wanted) {
          return std::pair{d.e, d.a} < wanted;
        });
    return at != end && at->e == e && at->a == a ? &*at : nullptr;
  };
  if (const datom* const told = find(added_, added)) return told->v;
  if (find(retracted_, retracted) != nullptr) return {};
  return read_facts(e, a, nullptr) ? found_.v[0] : value{};
}

/// Composites were appended: puts them where they belong.
inline void fact_maker::sort_again() {
  const auto less = [](const datom& x, const datom& y) {
    if (x.e != y.e) return x.e < y.e;
    return x.a != y.a ? x.a < y.a : stored_order(x.v, y.v) < 0;
  };
  std::stable_sort(retracted_.begin(), retracted_.end(), less);
  std::vector<std::size_t> order(added_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t x, std::size_t y) { return less(added_[x], added_[y]); });
  std::vector<datom> added;
  std::vector<origin> origins;
  added.reserve(order.size()), origins.reserve(order.size());
  for (const std::size_t at : order) added.push_back(std::move(added_[at])), origins.push_back(origins_[at]);
  added_ = std::move(added), origins_ = std::move(origins);
}

// -- what the facts must obey

/// Shows every new value to the predicates of its attribute.
inline void fact_maker::check_predicates() const {
  for (std::size_t i = 0; i < added_.size(); ++i) {
    const datom& d = added_[i];
    for (const value& name : attributes().predicates_of(d.a)) {
      const tx_functions* const known = before_.state().functions.get();
      const auto* const passes = known == nullptr ? nullptr : known->find_attribute_predicate(name.raw());
      const std::string of = " of the attribute " + name_of(attributes().find(d.a)->ident);
      if (passes == nullptr) {
        refuse(
            "db.error/unknown-predicate",
            "the predicate " + shown(name) + of + " is not among the functions that the connection was given",
            *origins_[i].form);
      }
      detail::expect_true([&] { return (*passes)(d.v); }, "db.error/attr-pred",
                          "the value " + shown(d.v) + of + " of the entity " + std::to_string(d.e) +
                              " failed the predicate " + shown(name),
                          *origins_[i].form);
    }
  }
}

inline bool fact_maker::is_retracted(entity_id e, attribute_id a, const value& v) const {
  const auto less = [](const datom& d, const datom& wanted) {
    if (d.e != wanted.e) return d.e < wanted.e;
    return d.a != wanted.a ? d.a < wanted.a : stored_order(d.v, wanted.v) < 0;
  };
  const datom wanted{e, a, v, 0};
  const auto at = std::lower_bound(retracted_.begin(), retracted_.end(), wanted, less);
  return at != retracted_.end() && at->e == e && at->a == a && at->v == v;
}

inline void fact_maker::check_unique() {
  std::vector<std::uint32_t> unique;
  for (std::size_t i = 0; i < added_.size(); ++i) {
    const attribute_facts* const a = attributes().find(added_[i].a);
    if (a != nullptr && a->unique != uniqueness::none) unique.push_back(static_cast<std::uint32_t>(i));
  }
  if (unique.empty()) return;
  sort_by_attribute_and_value(
      unique, [&](std::uint32_t i) { return added_[i].a; },
      [&](std::uint32_t i) -> const value& { return added_[i].v; });
  holders held{before_};
  for (std::size_t i = 0; i < unique.size(); ++i) {
    const datom& d = added_[unique[i]];
    if (i > 0 && added_[unique[i - 1]].a == d.a && added_[unique[i - 1]].v == d.v) {
      refuse_unique(d, added_[unique[i - 1]].e, *origins_[unique[i]].form);
    }
    if (origins_[unique[i]].unheld) continue;
    const auto holder = held.of(d.a, d.v);
    if (holder && !is_retracted(*holder, d.a, d.v)) refuse_unique(d, *holder, *origins_[unique[i]].form);
  }
}

// -- refusals

inline void fact_maker::refuse_conflict(const wish& x, const wish& y) const {
  const auto said = [](const wish& w) {
    return "[" + std::string{w.what == operation_kind::add ? ":db/add " : ":db/retract "} +
           std::to_string(w.e) + " " + name_of(w.a->ident) + " " + shown(w.v) + "]";
  };
  refuse("db.error/datoms-conflict",
         "two facts of one transaction contradict each other, " + said(x) + " and " + said(y), *y.form);
}

inline void fact_maker::refuse_unique(const datom& d, entity_id other, const value& form) const {
  const attribute_facts* const a = attributes().find(d.a);
  refuse("db.error/unique-conflict",
         "the value " + shown(d.v) + " of the unique attribute " + name_of(a->ident) +
             " belongs to the entity " + std::to_string(other) + ", so the entity " + std::to_string(d.e) +
             " cannot have it",
         form, error_category::conflict);
}

}  // namespace datolite::datoms
