// index_relation: the datoms that one data pattern asks of a database, read only when they are joined.
//
// At the join the bound values are known, and with them the choice: one run of one index for all, or one search a
// distinct binding. A search costs about as much as `steps_a_search` steps, so searching wins where the bindings are
// few beside the datoms. Bindings are searched in the order of the index, which lets cursors seek forward.
//
// Aliases. An ident or a lookup ref stands for its entity in the entity slot, in the attribute slot, and in the value
// slot of reference attributes, whether it came as a constant or is bound by the join; the result keeps it as given.
//
// Lifetime: refers to the database, which must outlive it. Threads: joins may run at once only if they count in
// different places.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <datolite/adapters/index_pattern.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/value_order.hpp>
#include <datolite/query/join_spec.hpp>
#include <datolite/query/relation.hpp>
#include <datolite/query/row_joiner.hpp>

namespace datolite::adapters {

class index_relation {
 public:
  static constexpr std::uint64_t steps_a_search = 8;

  index_relation(const index_access& db, const query::clause_pattern& pattern) : db_{&db}, pattern_{db, pattern} {}

  query::relation join_project_with(const query::relation& ys, const query::join_spec& spec) const;

  /// About how many datoms the pattern asks for.
  double estimate() const {
    if (!pattern_.possible()) return 0;
    return static_cast<double>(db_->count(pattern_.range_of(pattern_.known())));
  }

 private:
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

  /// The state of one join: cursors opened so far, buffers.
  struct reading {
    std::array<std::unique_ptr<datom_cursor>, 4> cursors;
    datom_columns columns;
    row current;
  };

  struct joined_slots {
    std::array<std::optional<std::size_t>, datom_slots> y;  ///< the slot of ys that goes with each slot
    bool any() const noexcept { return y[slot_e] || y[slot_a] || y[slot_v]; }
  };

  static joined_slots slots_of(const query::join_spec& spec) {
    joined_slots out;
    for (const query::join_pair& p : spec.join) {
      if (p.x < datom_slots && !out.y[p.x]) out.y[p.x] = p.y;
    }
    return out;
  }

  std::optional<binding> bind(const query::relation& ys, const joined_slots& slots, std::size_t y) const;
  bool bind_value(known_components& known, const value& given) const;
  bool worth_searching(std::size_t bindings) const;
  void search(std::vector<binding>& bindings, const query::relation& ys, const joined_slots& slots,
              query::row_joiner& join) const;
  void scan(const std::vector<binding>& aliased, const query::relation& ys, const joined_slots& slots,
            query::row_joiner& join) const;
  void present(row& to, const query::relation& ys, const joined_slots& slots, std::size_t y) const;
  void fill(row& to, const datom_columns& from, std::size_t at) const;
  bool has_alias(const query::relation& ys, const joined_slots& slots, std::size_t y) const;

  template <class F>
  void read(reading& state, const datom_range& range, const query::row_joiner& join, F&& each) const;

  const index_access* db_;
  index_pattern pattern_;
};

inline query::relation index_relation::join_project_with(const query::relation& ys,
                                                         const query::join_spec& spec) const {
  query::row_joiner join{ys, spec};
  if (!pattern_.possible() || join.done()) return std::move(join).finish();
  const joined_slots slots = slots_of(spec);
  if (slots.any() && worth_searching(ys.size())) {
    std::vector<binding> bindings;
    bindings.reserve(ys.size());
    for (std::size_t y = 0; y < ys.size(); ++y) {
      if (auto b = bind(ys, slots, y)) bindings.push_back(std::move(*b));
    }
    search(bindings, ys, slots, join);
  } else {
    std::vector<binding> aliased;
    for (std::size_t y = 0; slots.any() && y < ys.size(); ++y) {
      if (!has_alias(ys, slots, y)) continue;
      if (auto b = bind(ys, slots, y)) aliased.push_back(std::move(*b));
    }
    scan(aliased, ys, slots, join);
  }
  return std::move(join).finish();
}

inline bool index_relation::worth_searching(std::size_t bindings) const {
  if (bindings <= 1) return true;
  const std::uint64_t all = db_->count(pattern_.range_of(pattern_.known()));
  return bindings * steps_a_search < all;
}

/// What the row `y` of ys makes known, beside the constants; nothing if no datom can join with it.
inline std::optional<index_relation::binding> index_relation::bind(const query::relation& ys,
                                                                   const joined_slots& slots,
                                                                   std::size_t y) const {
  binding b{pattern_.known(), y};
  if (slots.y[slot_e]) {
    const auto e = pattern_.entity(ys[y][*slots.y[slot_e]]);
    if (!e || (b.known.e && *b.known.e != *e)) return std::nullopt;
    b.known.e = e;
  }
  if (slots.y[slot_a]) {
    const value& alias = ys[y][*slots.y[slot_a]];
    b.known.facts = pattern_.attribute(alias);
    if (b.known.facts == nullptr || (b.known.a && *b.known.a != b.known.facts->id)) return std::nullopt;
    b.known.a = b.known.facts->id;
  }
  if (slots.y[slot_v] && !bind_value(b.known, ys[y][*slots.y[slot_v]])) return std::nullopt;
  return b;
}

inline bool index_relation::bind_value(known_components& known, const value& given) const {
  if (known.facts == nullptr) return true;  // any kind of value may be meant: rows are compared, not searched for
  if (known.facts->type == kind::ref && index_pattern::is_alias(given)) {
    const auto e = pattern_.entity(given);
    if (e) known.v = value::ref(*e);
    return e.has_value();
  }
  search_key key = key_for(known.facts->type, given);
  if (key.found == search_key::outcome::exact) known.v = std::move(key.key);
  return key.found != search_key::outcome::impossible;
}

inline bool index_relation::has_alias(const query::relation& ys, const joined_slots& slots, std::size_t y) const {
  for (std::size_t slot : {slot_e, slot_a, slot_v}) {
    if (slots.y[slot] && index_pattern::is_alias(ys[y][*slots.y[slot]])) return true;
  }
  return false;
}

inline void index_relation::search(std::vector<binding>& bindings, const query::relation& ys,
                                   const joined_slots& slots, query::row_joiner& join) const {
  const auto order = [](const binding& b, const binding& c) {
    if (b.known.a != c.known.a && !(b.known.e && c.known.e)) return b.known.a < c.known.a;
    if (b.known.e != c.known.e) return b.known.e < c.known.e;
    if (b.known.a != c.known.a) return b.known.a < c.known.a;
    if (!b.known.v || !c.known.v) return !b.known.v && c.known.v.has_value();
    return stored_order(*b.known.v, *c.known.v) < 0;
  };
  std::sort(bindings.begin(), bindings.end(), order);
  reading state;
  for (std::size_t from = 0; from < bindings.size() && !join.done();) {
    std::size_t to = from + 1;
    while (to < bindings.size() && !order(bindings[from], bindings[to])) ++to;
    read(state, pattern_.range_of(bindings[from].known), join, [&](row& x) {
      for (std::size_t i = from; i < to; ++i) {
        if (!has_alias(ys, slots, bindings[i].y)) {
          join.add(x, bindings[i].y);
        } else {
          row seen = x;
          present(seen, ys, slots, bindings[i].y);
          join.add(seen, bindings[i].y);
        }
      }
    });
    from = to;
  }
}

/// Reads all that the constants ask for. Rows of ys with aliases do not join by hash; they are few, and tried apart.
inline void index_relation::scan(const std::vector<binding>& aliased, const query::relation& ys,
                                 const joined_slots& slots, query::row_joiner& join) const {
  reading state;
  read(state, pattern_.range_of(pattern_.known()), join, [&](row& x) {
    join.add(x);
    for (const binding& b : aliased) {
      row seen = x;
      present(seen, ys, slots, b.y);
      join.add(seen, b.y);
    }
  });
}

/// Shows entities in `to` under the alias by which the row `y` of ys knows them.
inline void index_relation::present(row& to, const query::relation& ys, const joined_slots& slots,
                                    std::size_t y) const {
  for (std::size_t slot : {slot_e, slot_a, slot_v}) {
    if (!slots.y[slot]) continue;
    const value& given = ys[y][*slots.y[slot]];
    if (!index_pattern::is_alias(given) || !to[slot].is(kind::ref)) continue;
    const auto named = pattern_.entity(given);
    if (named && *named == to[slot].word()) to.set(slot, given);
  }
}

inline void index_relation::fill(row& to, const datom_columns& from, std::size_t at) const {
  if (!from.e.empty()) to.set(slot_e, value::ref(from.e[at]));
  if (!from.a.empty()) to.set(slot_a, value::ref(from.a[at]));
  if (!from.v.empty()) to.set(slot_v, from.v[at]);
  if (!from.t_op.empty()) {
    to.set(slot_tx, value::ref(datoms::t_to_tx(from.t_op[at] >> 1)));
    to.set(slot_added, value{(from.t_op[at] & 1) != 0});
  }
  for (std::size_t slot = 0; slot < datom_slots; ++slot) {
    if (pattern_.constant(slot)) to.set(slot, *pattern_.constant(slot));
  }
}

template <class F>
void index_relation::read(reading& state, const datom_range& range, const query::row_joiner& join, F&& each) const {
  constexpr std::size_t first_batch = 64;
  constexpr std::size_t largest_batch = 1024;
  auto& cursor = state.cursors[static_cast<std::size_t>(range.index)];
  if (cursor == nullptr) cursor = db_->open_cursor(range.index, pattern_.wanted(), pattern_.io());
  cursor->seek(range);
  std::size_t batch = first_batch;
  while (!join.done() && cursor->next_batch(state.columns, batch)) {
    for (std::size_t i = 0; i < state.columns.size && !join.done(); ++i) {
      if (!pattern_.matches(state.columns, i)) continue;
      fill(state.current, state.columns, i);
      each(state.current);
    }
    batch = largest_batch;
  }
}

}  // namespace datolite::adapters
