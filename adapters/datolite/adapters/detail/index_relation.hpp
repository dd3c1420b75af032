// The definitions of index_relation.hpp: the datoms of a pattern joined with a relation.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include <datolite/adapters/index_pattern.hpp>
#include <datolite/adapters/index_relation.hpp>
#include <datolite/adapters/word_groups.hpp>
#include <datolite/core/entity_set.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/linkage.hpp>
#include <datolite/core/value_order.hpp>
#include <datolite/query/batch_joiner.hpp>
#include <datolite/query/forced_way.hpp>
#include <datolite/query/join_spec.hpp>
#include <datolite/query/relation.hpp>
#include <datolite/query/row_batch.hpp>
#include <datolite/query/row_joiner.hpp>

namespace datolite::adapters {

namespace detail {

class index_join {
 public:
  static constexpr std::uint64_t steps_a_search = 24;

  /// Both must outlive it.
  index_join(const index_access& db, const index_pattern& pattern) noexcept : db_{&db}, pattern_{pattern} {}

  query::relation operator()(const query::relation& ys, const query::join_spec& spec) const;

 private:
  using numbers = query::batch_joiner::row_numbers;

  /// A datom as a row of five slots.
  class row {
   public:
    static constexpr std::size_t size() noexcept { return datom_slots; }
    const value& operator[](std::size_t slot) const noexcept { return slots_[slot]; }
    void set(std::size_t slot, value v) noexcept { slots_[slot] = std::move(v); }

   private:
    std::array<value, datom_slots> slots_;
  };

  /// What one row of ys makes known, and which row that is.
  struct binding {
    known_components known;
    std::size_t y;
  };

  struct joined_slots {
    std::array<std::optional<std::size_t>, datom_slots> y;  ///< the slot of ys that goes with each slot
    std::array<std::size_t, datom_slots> pair{};            ///< the number of that pair in the join map
    query::slot_set named;                                  ///< where ys may have names

    /// Whether `v`, which ys have for a slot, is another name of an entity.
    bool is_alias(std::size_t slot, const value& v) const noexcept {
      return named.contains(slot) && index_pattern::is_alias(v);
    }
    /// Whether it looks like one, and is a value.
    bool is_no_alias(std::size_t slot, const value& v) const noexcept {
      return !named.contains(slot) && index_pattern::is_alias(v);
    }
  };

  /// Datoms by column, as slots of a batch. What a slot needs that is no column of datoms is kept here.
  class batch {
   public:
    explicit batch(const index_pattern& of) : of_{&of} {}
    query::row_batch show(datom_columns& rows);

   private:
    const index_pattern* of_;
    std::array<query::batch_slot, datom_slots> slots_;
    std::vector<std::int64_t> a_, tx_, added_;
  };

  /// The state of one join: cursors opened so far, buffers.
  struct reading {
    explicit reading(const index_pattern& of) : shown{of} {}
    std::array<std::unique_ptr<datom_cursor>, 8> cursors;
    datom_columns columns, gathered;
    batch shown;
    numbers x, y;
  };

  static joined_slots slots_of(const query::join_spec& spec) {
    joined_slots out;
    out.named = spec.named;
    for (std::size_t i = 0; i < spec.join.size(); ++i) {
      const query::join_pair& p = spec.join[i];
      if (p.x < datom_slots && !out.y[p.x]) out.y[p.x] = p.y, out.pair[p.x] = i;
    }
    return out;
  }

  /// A cursor over an index. Of an exact range the constants' components need not be looked at.
  datom_cursor& cursor_over(reading& state, index_order index, bool exact) const {
    auto& cursor = state.cursors[static_cast<std::size_t>(index) * 2 + (exact ? 1 : 0)];
    if (cursor == nullptr) {
      cursor = db_->open_cursor(index, exact ? pattern_.joined() : pattern_.wanted(), pattern_.io());
    }
    return *cursor;
  }

  std::optional<binding> bind(const query::relation& ys, const joined_slots& slots, std::size_t y) const;
  std::optional<entity_id> entity(const joined_slots& slots, std::size_t slot, const value& given) const;
  bool bind_value(known_components& known, const joined_slots& slots, const value& given) const;
  bool worth_searching(const joined_slots& slots, std::size_t bindings) const;
  bool has_alias(const query::relation& ys, const joined_slots& slots) const;
  std::optional<std::size_t> searched_slot(const query::relation& ys, const joined_slots& slots) const;

  void scan(const query::relation& ys, const joined_slots& slots, query::batch_joiner& join) const;
  std::optional<entity_set> narrow(datom_range& range, const query::relation& ys,
                                   const joined_slots& slots) const;
  void search(const query::relation& ys, const joined_slots& slots, query::batch_joiner& join) const;
  void search_words(std::size_t slot, const query::relation& ys, const joined_slots& slots,
                    query::batch_joiner& join) const;
  datom_range range_to_search(const known_components& known, std::size_t slot, std::size_t searches) const;
  void gather(reading& state, const datom_range& range, std::span<const std::uint32_t> of_ys) const;
  void take(reading& state, std::size_t first, std::size_t end, bool all,
            std::span<const std::uint32_t> of_ys) const;
  static void pair_up(reading& state, std::size_t first, std::size_t end,
                      std::span<const std::uint32_t> of_ys);
  void flush(reading& state, query::batch_joiner& join, std::uint64_t agreed) const;

  query::relation join_aliases(const query::relation& ys, const joined_slots& slots,
                               const query::join_spec& spec) const;
  void present(row& to, const query::relation& ys, const joined_slots& slots, std::size_t y) const;
  bool is_aliased(const query::relation& ys, const joined_slots& slots, std::size_t y) const;

  static bool comes_before(const binding& b, const binding& c);

  const index_access* db_;
  const index_pattern& pattern_;
};

inline query::relation index_join::operator()(const query::relation& ys, const query::join_spec& spec) const {
  if (!pattern_.possible() || ys.empty()) {
    query::relation none{spec.width};
    none.mark_distinct();
    return none;
  }
  const joined_slots slots = slots_of(spec);
  if (has_alias(ys, slots)) return join_aliases(ys, slots, spec);
  std::array<query::slot_set, 3> keys;
  query::batch_joiner join{ys, spec, std::span{keys.data(), pattern_.keys(keys)}};
  if (!worth_searching(slots, ys.size())) {
    scan(ys, slots, join);
  } else if (const auto slot = searched_slot(ys, slots)) {
    search_words(*slot, ys, slots, join);
  } else {
    search(ys, slots, join);
  }
  return std::move(join).finish();
}

/// Whether to search an index for each binding: it must tell them apart, and they must be few beside the
/// datoms.
inline bool index_join::worth_searching(const joined_slots& slots, std::size_t bindings) const {
  const known_components& known = pattern_.known();
  const bool by_value = slots.y[slot_v] && known.facts != nullptr &&
                        (known.e || known.facts->indexed || known.facts->type == kind::ref);
  if (!slots.y[slot_e] && !slots.y[slot_a] && !by_value) return false;
  if (query::detail::scan_is_forced()) return false;
  if (bindings <= 1 || query::detail::search_is_forced()) return true;
  const std::uint64_t all = db_->count(pattern_.range_of(pattern_.known()));
  return bindings * steps_a_search < all;
}

/// The slot whose values alone a search goes by, all of them ids or longs: the entity, or the value of an
/// attribute whose values an index finds.
inline std::optional<std::size_t> index_join::searched_slot(const query::relation& ys,
                                                            const joined_slots& slots) const {
  if (slots.y[slot_a] || query::detail::is_forced(query::detail::way::search_any)) return std::nullopt;
  if (slots.y[slot_e]) {
    const bool alone =
        !slots.y[slot_v] || (pattern_.known().facts != nullptr && !pattern_.known().facts->many);
    return alone && ys.column(*slots.y[slot_e]).is_integral() ? std::optional<std::size_t>{slot_e}
                                                              : std::nullopt;
  }
  if (!slots.y[slot_v] || pattern_.known().e || pattern_.known().facts == nullptr) return std::nullopt;
  const attribute_facts& facts = *pattern_.known().facts;
  const bool found = facts.type == kind::ref || (facts.type == kind::long_ && facts.indexed);
  return found && ys.column(*slots.y[slot_v]).is_integral() ? std::optional<std::size_t>{slot_v}
                                                            : std::nullopt;
}

// -- batches

inline query::row_batch index_join::batch::show(datom_columns& rows) {
  using query::batch_slot;
  if (!rows.e.empty()) slots_[slot_e] = batch_slot::of_words(kind::ref, rows.e.data());
  if (!rows.a.empty() && !of_->constant(slot_a)) {
    a_.assign(rows.a.begin(), rows.a.end());
    slots_[slot_a] = batch_slot::of_words(kind::ref, a_.data());
  }
  if (!rows.v.empty()) slots_[slot_v] = batch_slot::of_own_values(rows.v.data());
  if (!rows.t_op.empty()) {
    tx_.clear(), added_.clear();
    for (const std::int64_t t_op : rows.t_op) {
      tx_.push_back(datoms::t_to_tx(t_op >> 1)), added_.push_back(t_op & 1);
    }
    slots_[slot_tx] = batch_slot::of_words(kind::ref, tx_.data());
    slots_[slot_added] = batch_slot::of_words(kind::boolean, added_.data());
  }
  for (std::size_t slot = 0; slot < datom_slots; ++slot) {
    if (of_->constant(slot)) slots_[slot] = batch_slot::of_same(*of_->constant(slot));
  }
  return {slots_, rows.size};
}

/// Reads all that the constants ask for.
inline void index_join::scan(const query::relation& ys, const joined_slots& slots,
                             query::batch_joiner& join) const {
  constexpr std::size_t first_batch = 128;
  constexpr std::size_t largest_batch = 1024;
  reading state{pattern_};
  datom_range range = pattern_.range_of(pattern_.known());
  const std::optional<entity_set> wanted = narrow(range, ys, slots);
  if (wanted) range.among = &*wanted;
  const bool exact = pattern_.is_exact(range);
  datom_cursor& cursor = cursor_over(state, range.index, exact);
  cursor.seek(range);
  for (std::size_t most = first_batch; !join.done() && cursor.next_batch(state.columns, most);
       most = largest_batch) {
    state.x.clear();
    if (exact) {
      state.x.resize(state.columns.size);
      std::iota(state.x.begin(), state.x.end(), std::uint32_t{0});
    } else {
      for (std::size_t i = 0; i < state.columns.size; ++i) {
        if (pattern_.matches(state.columns, i)) state.x.push_back(static_cast<std::uint32_t>(i));
      }
    }
    join.add(state.shown.show(state.columns), state.x);
  }
}

/// No entity but those that are bound is of interest: none outside their bounds, and where they lie close
/// together, none between them.
inline std::optional<entity_set> index_join::narrow(datom_range& range, const query::relation& ys,
                                                    const joined_slots& slots) const {
  const bool by_entity =
      range.index == index_order::aevt ||
      ((range.index == index_order::avet || range.index == index_order::vaet) && range.v && range.a);
  if (!slots.y[slot_e] || range.e || range.start || range.stop || !by_entity) return std::nullopt;
  const query::column& bound = ys.column(*slots.y[slot_e]);
  if (!bound.is_integral()) return std::nullopt;
  const auto [low, high] = std::minmax_element(bound.words().begin(), bound.words().end());
  range.start = range_bound{value::ref(*low), true};
  range.stop = range_bound{value::ref(*high), true};
  return entity_set::of(bound.words());
}

/// Adds the datoms of `range` to those gathered, each with every row of `of_ys`.
inline void index_join::gather(reading& state, const datom_range& range,
                               std::span<const std::uint32_t> of_ys) const {
  const bool exact = pattern_.is_exact(range);
  datom_cursor& cursor = cursor_over(state, range.index, exact);
  cursor.seek(range);
  while (cursor.next_batch(state.columns, 1024)) take(state, 0, state.columns.size, exact, of_ys);
}

/// Adds to those gathered what the pattern asks for of the datoms [first, end) that were read, all of them if
/// that is known, each with every row of `of_ys`.
inline void index_join::take(reading& state, std::size_t first, std::size_t end, bool all,
                             std::span<const std::uint32_t> of_ys) const {
  datom_columns &from = state.columns, &to = state.gathered;
  const std::size_t before = to.size;
  for (std::size_t i = first; i < end; ++i) {
    if (!all && !pattern_.matches(from, i)) continue;
    if (!from.e.empty()) to.e.push_back(from.e[i]);
    if (!from.a.empty()) to.a.push_back(from.a[i]);
    if (!from.v.empty()) to.v.push_back(std::move(from.v[i]));
    if (!from.t_op.empty()) to.t_op.push_back(from.t_op[i]);
    ++to.size;
  }
  pair_up(state, before, to.size, of_ys);
}

/// Pairs the datoms [first, end) of those gathered with every row of `of_ys`.
inline void index_join::pair_up(reading& state, std::size_t first, std::size_t end,
                                std::span<const std::uint32_t> of_ys) {
  if (of_ys.size() == 1) {
    state.y.insert(state.y.end(), end - first, of_ys[0]);
    state.x.resize(state.x.size() + (end - first));
    std::iota(state.x.end() - static_cast<std::ptrdiff_t>(end - first), state.x.end(),
              static_cast<std::uint32_t>(first));
    return;
  }
  for (std::size_t x = first; x < end; ++x) {
    state.x.insert(state.x.end(), of_ys.size(), static_cast<std::uint32_t>(x));
    state.y.insert(state.y.end(), of_ys.begin(), of_ys.end());
  }
}

inline void index_join::flush(reading& state, query::batch_joiner& join, std::uint64_t agreed) const {
  join.add_pairs(state.shown.show(state.gathered), state.x, state.y, agreed);
  state.gathered.clear();
}

/// The first of many searches. What entities have for one attribute stands together by attribute.
inline datom_range index_join::range_to_search(const known_components& known, std::size_t slot,
                                               std::size_t searches) const {
  constexpr std::size_t many = 4;
  datom_range out = pattern_.range_of(known);
  if (slot == slot_e && known.a && searches >= many) out.index = index_order::aevt;
  return out;
}

/// One search for each distinct word in the slot of ys.
inline void index_join::search_words(std::size_t slot, const query::relation& ys, const joined_slots& slots,
                                     query::batch_joiner& join) const {
  constexpr std::size_t enough = 1024;
  const word_groups all{ys.column(*slots.y[slot]).words()};
  const std::size_t pair = slots.pair[slot];
  const std::uint64_t agreed = pair < 64 ? std::uint64_t{1} << pair : 0;
  const bool refs = slot == slot_e || pattern_.known().facts->type == kind::ref;
  const std::int64_t first = all.distinct().front();
  known_components known = pattern_.known();
  if (slot == slot_e)
    known.e = first;
  else
    known.v = refs ? value::ref(first) : value{first};
  const datom_range range = range_to_search(known, slot, ys.size());
  const bool exact = pattern_.is_exact(range);
  reading state{pattern_};
  datom_cursor& cursor = cursor_over(state, range.index, exact);
  // Buffers that grow by doubling would cost as much as the search where it is short.
  const std::size_t room = std::min(2 * ys.size(), 2 * enough);
  std::vector<std::size_t> ends;
  ends.reserve(std::min(all.distinct().size(), room)), state.x.reserve(room), state.y.reserve(room);
  for (std::size_t done = 0; done < all.distinct().size() && !join.done(); done += ends.size()) {
    ends.clear();
    datom_columns& to = exact ? state.gathered : state.columns;
    to.clear();
    cursor.read_runs(range, component_of(slot), all.distinct().subspan(done), {.enough = enough}, to, ends);
    for (std::size_t i = 0, from = 0; i < ends.size(); from = ends[i++]) {
      if (exact)
        pair_up(state, from, ends[i], all.rows_of(done + i));
      else
        take(state, from, ends[i], false, all.rows_of(done + i));
    }
    flush(state, join, agreed);
  }
}

// -- bindings of any kind

/// What the row `y` of ys makes known, beside the constants; nothing if no datom can join with it.
inline std::optional<index_join::binding> index_join::bind(const query::relation& ys,
                                                           const joined_slots& slots, std::size_t y) const {
  binding b{pattern_.known(), y};
  if (slots.y[slot_e]) {
    const auto e = entity(slots, slot_e, ys[y][*slots.y[slot_e]]);
    if (!e || (b.known.e && *b.known.e != *e)) return std::nullopt;
    b.known.e = e;
  }
  if (slots.y[slot_a]) {
    const value given = ys[y][*slots.y[slot_a]];
    b.known.facts = slots.is_no_alias(slot_a, given) ? nullptr : pattern_.attribute(given);
    if (b.known.facts == nullptr || (b.known.a && *b.known.a != b.known.facts->id)) return std::nullopt;
    b.known.a = b.known.facts->id;
  }
  if (slots.y[slot_v] && !bind_value(b.known, slots, ys[y][*slots.y[slot_v]])) return std::nullopt;
  return b;
}

/// The entity that `given` stands for in a slot.
inline std::optional<entity_id> index_join::entity(const joined_slots& slots, std::size_t slot,
                                                   const value& given) const {
  return slots.is_no_alias(slot, given) ? std::nullopt : pattern_.entity(given);
}

inline bool index_join::bind_value(known_components& known, const joined_slots& slots,
                                   const value& given) const {
  if (known.facts == nullptr)
    return true;  // any kind of value may be meant: rows are compared, not searched for
  if (known.facts->type == kind::ref && index_pattern::is_alias(given)) {
    const auto e = entity(slots, slot_v, given);
    if (e) known.v = value::ref(*e);
    return e.has_value();
  }
  search_key key = key_for(known.facts->type, given);
  if (key.found == search_key::outcome::exact) known.v = std::move(key.key);
  return key.found != search_key::outcome::impossible;
}

inline bool index_join::comes_before(const binding& b, const binding& c) {
  if (b.known.a != c.known.a && !(b.known.e && c.known.e)) return b.known.a < c.known.a;
  if (b.known.e != c.known.e) return b.known.e < c.known.e;
  if (b.known.a != c.known.a) return b.known.a < c.known.a;
  if (!b.known.v || !c.known.v) return !b.known.v && c.known.v.has_value();
  return stored_order(*b.known.v, *c.known.v) < 0;
}

/// One search for each distinct binding.
inline void index_join::search(const query::relation& ys, const joined_slots& slots,
                               query::batch_joiner& join) const {
  constexpr std::size_t enough = 1024;
  std::vector<binding> bindings;
  bindings.reserve(ys.size());
  for (std::size_t y = 0; y < ys.size(); ++y) {
    if (auto b = bind(ys, slots, y)) bindings.push_back(std::move(*b));
  }
  std::sort(bindings.begin(), bindings.end(), comes_before);
  reading state{pattern_};
  numbers of_ys;
  for (std::size_t from = 0; from < bindings.size() && !join.done();) {
    of_ys.clear();
    std::size_t to = from;
    for (; to < bindings.size() && !comes_before(bindings[from], bindings[to]); ++to)
      of_ys.push_back(static_cast<std::uint32_t>(bindings[to].y));
    gather(state, pattern_.range_of(bindings[from].known), of_ys);
    if (state.gathered.size >= enough) flush(state, join, 0);
    from = to;
  }
  flush(state, join, 0);
}

// -- aliases among the bound values: a row at a time, for they are few

inline bool index_join::is_aliased(const query::relation& ys, const joined_slots& slots,
                                   std::size_t y) const {
  for (std::size_t slot : {slot_e, slot_a, slot_v}) {
    if (slots.y[slot] && slots.is_alias(slot, ys[y][*slots.y[slot]])) return true;
  }
  return false;
}

inline bool index_join::has_alias(const query::relation& ys, const joined_slots& slots) const {
  for (std::size_t slot : {slot_e, slot_a, slot_v}) {
    if (!slots.y[slot] || !slots.named.contains(slot)) continue;
    for (const value& v : ys.column(*slots.y[slot]).values()) {
      if (index_pattern::is_alias(v)) return true;
    }
  }
  return false;
}

/// Rows with aliases do not join by hash. Each is searched apart; the others are joined as ever.
inline query::relation index_join::join_aliases(const query::relation& ys, const joined_slots& slots,
                                                const query::join_spec& spec) const {
  query::row_joiner join{ys, spec};
  std::vector<binding> bindings;
  for (std::size_t y = 0; y < ys.size(); ++y) {
    if (auto b = bind(ys, slots, y)) bindings.push_back(std::move(*b));
  }
  std::sort(bindings.begin(), bindings.end(), comes_before);
  reading state{pattern_};
  for (std::size_t from = 0; from < bindings.size() && !join.done();) {
    std::size_t to = from;
    while (to < bindings.size() && !comes_before(bindings[from], bindings[to])) ++to;
    gather(state, pattern_.range_of(bindings[from].known), {});
    const query::row_batch rows = state.shown.show(state.gathered);
    for (std::size_t i = 0; i < rows.size; ++i) {
      row found;
      for (std::size_t slot = 0; slot < datom_slots; ++slot) found.set(slot, rows.slots[slot][i]);
      for (std::size_t b = from; b < to; ++b) {
        row seen = found;
        if (is_aliased(ys, slots, bindings[b].y)) present(seen, ys, slots, bindings[b].y);
        join.add(seen, bindings[b].y);
      }
    }
    state.gathered.clear();
    from = to;
  }
  return std::move(join).finish();
}

/// Shows entities in `to` under the alias by which the row `y` of ys knows them.
inline void index_join::present(row& to, const query::relation& ys, const joined_slots& slots,
                                std::size_t y) const {
  for (std::size_t slot : {slot_e, slot_a, slot_v}) {
    if (!slots.y[slot]) continue;
    const value given = ys[y][*slots.y[slot]];
    if (!slots.is_alias(slot, given) || !to[slot].is(kind::ref)) continue;
    const auto named = pattern_.entity(given);
    if (named && *named == to[slot].word()) to.set(slot, given);
  }
}

}  // namespace detail

DATOLITE_INLINE query::relation index_relation::join_project_with(const query::relation& ys,
                                                                  const query::join_spec& spec) const {
  return detail::index_join{*db_, pattern_}(ys, spec);
}

}  // namespace datolite::adapters
