// key_relation: tuples kept as sorted keys in any engine, snapshot or transaction, as a datasource.
//
//   key_layout seats{"seat/", {kind::long_, kind::string}};
//   t = put(std::move(t), seats.key(12, "window"), "");
//   q("[:find ?s :in $ :where [?row ?s] [(< 10 ?row)]]", key_relation{seats, t});
//
// A tuple is one key: the layout's prefix, then each element in order-preserving encoding (encode.hpp). So
// the tuples stand in stored order, and a subrange of them is one seek and the steps inside it.
//
// Elements are of the kind that the layout gives their slot. A slot of kind nil holds values of any kind; a
// query's constants and bounds then do not narrow the search, only the answer.
//
// Lifetime: a key_relation refers to its reader. Threads: as its reader.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <datolite/adapters/bound_conversion.hpp>
#include <datolite/adapters/encoded_row.hpp>
#include <datolite/adapters/kept_pattern.hpp>
#include <datolite/core/bounds.hpp>
#include <datolite/core/bytes.hpp>
#include <datolite/core/encode.hpp>
#include <datolite/core/reader.hpp>
#include <datolite/core/value.hpp>
#include <datolite/query/forced_way.hpp>
#include <datolite/query/join_spec.hpp>
#include <datolite/query/relation.hpp>
#include <datolite/query/row_joiner.hpp>
#include <datolite/query/source.hpp>

namespace datolite::adapters {

/// Where the tuples of one relation stand, and of what kinds their elements are.
class key_layout {
 public:
  key_layout(bytes_view start, std::vector<kind> slots) : start_{start}, slots_{std::move(slots)} {}

  /// What every key begins with.
  const bytes& start() const noexcept { return start_; }

  const std::vector<kind>& slots() const noexcept { return slots_; }

  /// The key of a tuple. Throws `incorrect` if it has another width or an element another kind.
  bytes key(const std::vector<value>& tuple) const;

  template <class... Elements>
  bytes key(const Elements&... elements) const {
    return key(std::vector<value>{value{elements}...});
  }

  /// The tuple of a key, replacing `out`. Throws `corrupt` if it is none.
  void read(bytes_view key, std::vector<value>& out) const;

 private:
  bytes start_;
  std::vector<kind> slots_;
};

/// The tuples that one data pattern asks for; sought at the join.
template <Reader R>
class key_rows {
 public:
  key_rows(const key_layout& layout, const R& reader, const query::clause_pattern& pattern)
      : layout_{&layout}, reader_{&reader}, pattern_{pattern} {}

  query::relation join_project_with(const query::relation& ys, const query::join_spec& spec) const {
    query::row_joiner join{ys, spec, key()};
    if (join.done()) return std::move(join).finish();
    subrange all{layout_->start(), 0, true};
    follow_constants(all);
    const std::optional<std::size_t> y = joined(spec, all.slot);
    if (y && all.possible && query::detail::searches(ys.size() <= bindings_searched_one_by_one)) {
      for (std::size_t i = 0; i < ys.size() && !join.done(); ++i) {
        subrange one = all;
        if (fix(one, ys[i][*y])) follow_constants(one);
        read(one, join, [&join, i](const encoded_row& x) { join.add(x, i); });
      }
    } else {
      read(all, join, [&join](const encoded_row& x) { join.add(x); });
    }
    return std::move(join).finish();
  }

 private:
  /// What tells the tuples apart: the slots without a constant. Empty if query equality does not tell
  /// encodings apart.
  query::slot_set key() const noexcept {
    query::slot_set all;
    const auto& slots = layout_->slots();
    for (std::size_t slot = 0; slot < slots.size(); ++slot) {
      const bool exact = slots[slot] == kind::long_ || slots[slot] == kind::ref ||
                         slots[slot] == kind::instant || slots[slot] == kind::string ||
                         slots[slot] == kind::keyword;
      if (!exact || slot >= query::slot_set::capacity) return {};
      if (slot >= pattern_.size() || !pattern_.constant(slot)) all.insert(slot);
    }
    return all;
  }

  /// An engine does not tell how many keys a range has: beyond this many bindings, one run is read for all.
  static constexpr std::size_t bindings_searched_one_by_one = 64;

  /// The keys that begin with `start`, which fixes the slots before `slot`.
  struct subrange {
    bytes start;
    std::size_t slot;
    bool possible;
  };

  static std::optional<std::size_t> joined(const query::join_spec& spec, std::size_t slot) {
    for (const query::join_pair& p : spec.join) {
      if (p.x == slot) return p.y;
    }
    return std::nullopt;
  }

  /// Fixes the next slot to `wanted`; false if the order does not help to find it.
  bool fix(subrange& r, const value& wanted) const {
    if (r.slot >= layout_->slots().size()) return false;
    const search_key key = key_for(layout_->slots()[r.slot], wanted);
    if (key.found == search_key::outcome::impossible) r.possible = false;
    if (key.found != search_key::outcome::exact) return false;
    encode_value(r.start, key.key);
    ++r.slot;
    return true;
  }

  void follow_constants(subrange& r) const {
    while (r.slot < pattern_.size() && pattern_.constant(r.slot) && fix(r, *pattern_.constant(r.slot)))
      continue;
  }

  /// The subrange, narrowed by the advice on its next slot.
  bounds bounds_of(const subrange& r) const {
    bounds out = prefix(r.start);
    if (r.slot >= pattern_.size() || r.slot >= layout_->slots().size()) return out;
    const kind type = layout_->slots()[r.slot];
    if (const auto start = pattern_.start(r.slot, type)) {
      out.lower = r.start;
      encode_value(out.lower, start->at);
      if (!start->inclusive) out.lower = prefix_successor(out.lower);
    }
    if (const auto stop = pattern_.stop(r.slot, type)) {
      bytes end = r.start;
      encode_value(end, stop->at);
      out.upper = stop->inclusive ? prefix_successor(end) : std::move(end);
    }
    return out;
  }

  template <class F>
  void read(const subrange& r, const query::row_joiner& join, F&& each) const {
    if (!r.possible) return;
    io_counts io;
    encoded_row row{layout_->slots().size()};
    const std::size_t start = layout_->start().size();
    auto at = reader_->open_iterator(bounds_of(r));
    ++io.seeks;
    for (at.seek_first(); at.valid() && !join.done(); at.next()) {
      ++io.steps, ++io.reads;
      row.show(at.key().substr(start));
      if (pattern_.matches(row, r.slot)) each(row);
    }
    if (pattern_.io() != nullptr) pattern_.io()->other += io;
  }

  const key_layout* layout_;
  const R* reader_;
  kept_pattern pattern_;
};

template <Reader R>
class key_relation {
 public:
  /// Refers to `reader`, which must outlive it.
  key_relation(key_layout layout, const R& reader) : layout_{std::move(layout)}, reader_{&reader} {}
  key_relation(key_layout layout, const R&& reader) = delete;

  const key_layout& layout() const noexcept { return layout_; }

  key_rows<R> extrel(const query::clause_pattern& pattern) const {
    if (pattern.size() > layout_.slots().size()) {
      throw error{error_category::incorrect, "db.error/invalid-data-pattern",
                  "a pattern of " + std::to_string(pattern.size()) + " slots over a relation of " +
                      std::to_string(layout_.slots().size())};
    }
    return {layout_, *reader_, pattern};
  }

  query::slot_set gives_names(const query::clause_pattern&) const {
    query::slot_set out;
    for (std::size_t slot = 0; slot < layout_.slots().size() && slot < query::slot_set::capacity; ++slot) {
      const kind k = layout_.slots()[slot];
      const bool sequence = k == kind::tuple || k == kind::vector || k == kind::list;
      if (k == kind::nil || k == kind::keyword || sequence) out.insert(slot);
    }
    return out;
  }

 private:
  key_layout layout_;
  const R* reader_;
};

// ---------------------------------------------------------------------------------------------------------------

inline bytes key_layout::key(const std::vector<value>& tuple) const {
  if (tuple.size() != slots_.size()) {
    throw error{error_category::incorrect, "db.error/invalid-tuple",
                "a tuple of " + std::to_string(tuple.size()) + " elements for a relation of " +
                    std::to_string(slots_.size())};
  }
  bytes out = start_;
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot] != kind::nil && tuple[slot].kind() != slots_[slot]) {
      throw error{error_category::incorrect, "db.error/wrong-type",
                  "slot " + std::to_string(slot) + " of the relation holds a " +
                      std::string{to_string(slots_[slot])} + ", not a " +
                      std::string{to_string(tuple[slot].kind())}};
    }
    encode_value(out, tuple[slot]);
  }
  return out;
}

inline void key_layout::read(bytes_view key, std::vector<value>& out) const {
  out.clear();
  bytes_view rest = key.substr(std::min(start_.size(), key.size()));
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) out.push_back(decode_value(rest));
  if (!rest.empty()) {
    throw error{error_category::corrupt, "db.error/corrupt",
                "a key of the relation \"" + start_ + "\" has more elements than its layout"};
  }
}

}  // namespace datolite::adapters
