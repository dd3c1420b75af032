// batch_joiner: the join of batches of rows with a relation, column by column.
//
// What row_joiner does a row at a time, this does a batch at a time: conditions on x alone thin out a list of
// row numbers, the join gives pairs of row numbers, conditions on both thin these out, and the columns of the
// result are gathered from what is left. Nothing is allocated a row.
//
//   batch_joiner join{ys, spec};
//   for (…) { join.add(batch); if (join.done()) break; }
//   return std::move(join).finish();
//
// A source that searches says which rows go together: `add_pairs`. Cost: O(1) expected a row and a result.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <datolite/query/forced_way.hpp>
#include <datolite/query/join_spec.hpp>
#include <datolite/query/relation.hpp>
#include <datolite/query/row_batch.hpp>
#include <datolite/query/row_index.hpp>

namespace datolite::query {

namespace detail {

/// The rows of a column of words by word. Chains are in the order of the rows.
class word_index {
 public:
  static constexpr std::uint32_t none = 0xFFFF'FFFF;

  explicit word_index(std::span<const std::int64_t> words) : words_{words}, next_(words.size()) {
    const std::size_t buckets = std::bit_ceil(words.size() * 2 + 2);
    shift_ = 64 - std::countr_zero(buckets);
    heads_.assign(buckets, none);
    for (std::size_t i = words.size(); i-- > 0;) {
      std::uint32_t& head = heads_[bucket(words[i])];
      next_[i] = head;
      head = static_cast<std::uint32_t>(i);
    }
  }

  template <class F>
  void for_each(std::int64_t word, F&& f) const {
    for (std::uint32_t i = heads_[bucket(word)]; i != none; i = next_[i]) {
      if (words_[i] == word) f(i);
    }
  }

 private:
  std::size_t bucket(std::int64_t word) const noexcept {
    return static_cast<std::size_t>((static_cast<std::uint64_t>(word) * 0x9E37'79B9'7F4A'7C15u) >> shift_);
  }

  std::span<const std::int64_t> words_;
  std::vector<std::uint32_t> heads_, next_;
  int shift_;
};

/// The word by which a value joins with entity ids and longs; empty if it equals none.
inline std::optional<std::int64_t> integral_word(const value& v) {
  if (is_integral(v.kind())) return v.word();
  if (!v.is(kind::bigint)) return std::nullopt;
  const value canonical = query_canonical(v);
  return is_integral(canonical.kind()) ? std::optional{canonical.word()} : std::nullopt;
}

}  // namespace detail

class batch_joiner {
 public:
  using row_numbers = std::vector<std::uint32_t>;

  /// `keys`: sets of slots in each of which no two of the rows to be given are all query-equal. They spare
  /// looking for duplicates where there can be none. REQUIRES: `ys` and `spec` live as long as this.
  batch_joiner(const relation& ys, const join_spec& spec, std::span<const slot_set> keys = {})
      : ys_{&ys}, spec_{&spec}, result_{spec.width} {
    while (x_only_ < spec.predicates.size() && !spec.predicates[x_only_].uses_y()) ++x_only_;
    once_per_y_ = spec.distinct && spec.project_x.empty();
    if (once_per_y_) emitted_.resize(ys.size());
    left_ = ys.size();
    may_repeat_ = !cannot_repeat(keys);
    for (const join_pair& p : spec.join) need(p.x);
    for (const projection& p : spec.project_x) need(p.from);
    for (const join_predicate& p : spec.predicates) {
      for (const operand& o : p.operands()) {
        if (o.from == operand::source::x) need(o.slot);
      }
    }
  }

  batch_joiner(const batch_joiner&) = delete;
  batch_joiner& operator=(const batch_joiner&) = delete;

  /// Joins the rows of `xs` that `rows` numbers, in ascending order, with all rows of ys.
  void add(const row_batch& xs, row_numbers& rows) {
    if (xs.slots.size() < needed_) return;
    poll();
    filter_alone(xs, rows);
    x_.clear(), y_.clear();
    if (spec_->join.empty() || ys_->size() == 1) {
      for (std::size_t y = 0; y < ys_->size(); ++y) {
        x_.insert(x_.end(), rows.begin(), rows.end());
        y_.insert(y_.end(), rows.size(), static_cast<std::uint32_t>(y));
        if (x_.size() >= flush_at) flush(xs, 0);
      }
      return flush(xs, 0);
    }
    if (const auto by = word_pair(xs)) return add_by_words(xs, rows, *by);
    add_by_hash(xs, rows);
  }

  /// Joins all rows of `xs`.
  void add(const row_batch& xs) {
    row_numbers all(xs.size);
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint32_t>(i);
    add(xs, all);
  }

  /// Joins row `x[i]` of `xs` with row `y[i]` of ys, for every i. `agreed`: bits of the pairs of the join map
  /// on which they are known to agree. Uses up both lists.
  void add_pairs(const row_batch& xs, row_numbers& x, row_numbers& y, std::uint64_t agreed) {
    if (xs.slots.size() < needed_) return x.clear(), y.clear();
    poll();
    x_.swap(x), y_.swap(y);
    for (std::size_t i = 0; i < x_only_; ++i) thin(xs, spec_->predicates[i]);
    flush(xs, agreed);
    x_.swap(x), y_.swap(y);
    x.clear(), y.clear();
  }

  /// Whether no further row can change the result, or it has enough.
  bool done() { return left_ == 0 || (spec_->enough != 0 && has_enough()); }

  relation finish() && {
    if (!may_repeat_)
      result_.mark_distinct();
    else if (spec_->distinct)
      return distinct(std::move(result_));
    return std::move(result_);
  }

 private:
  static constexpr std::size_t flush_at = 4096;

  void need(std::size_t slot) noexcept { needed_ = std::max(needed_, slot + 1); }

  /// Rows that may repeat are counted when there are half as many again as at the last count.
  bool has_enough() {
    if (result_.size() < std::max(spec_->enough, counted_ + counted_ / 2)) return false;
    if (!may_repeat_ || !spec_->distinct) return true;
    result_ = distinct(std::move(result_));
    counted_ = result_.size();
    return counted_ >= spec_->enough;
  }

  void poll() const {
    if (spec_->limits != nullptr) spec_->limits->poll(result_.bytes());
  }

  /// Whether a row of the result tells which pair of rows it came from: then no two are equal.
  bool cannot_repeat(std::span<const slot_set> keys) const {
    if ((keys.empty() && !once_per_y_) || (ys_->size() > 1 && !ys_->is_distinct())) return false;
    std::vector<bool> told(ys_->width(), ys_->size() == 1);
    for (const projection& p : spec_->project_y) told[p.from] = true;
    slot_set shown;
    for (const projection& p : spec_->project_x) shown.insert(p.from);
    for (const join_pair& p : spec_->join) {
      if (told[p.y]) shown.insert(p.x);
    }
    bool x_told = once_per_y_;
    for (const slot_set key : keys) x_told = x_told || (key.bits() & ~shown.bits()) == 0;
    if (!x_told) return false;
    for (const join_pair& p : spec_->join) told[p.y] = told[p.y] || !once_per_y_;
    return std::find(told.begin(), told.end(), false) == told.end();
  }

  // -- conditions on x alone

  void filter_alone(const row_batch& xs, row_numbers& rows) const {
    for (std::size_t i = 0; i < x_only_ && !rows.empty(); ++i) {
      const join_predicate& p = spec_->predicates[i];
      if (p.opaque() == nullptr && filter_words(xs, p, rows)) continue;
      std::erase_if(rows, [&](std::uint32_t x) { return !p(batch_row{xs, x}, detail::no_row{}); });
    }
  }

  /// A comparison of a slot of longs with a constant long, if it is one.
  static bool filter_words(const row_batch& xs, const join_predicate& p, row_numbers& rows) {
    const operand& l = p.operands()[0];
    const operand& r = p.operands()[1];
    const bool straight = l.from == operand::source::x && r.from == operand::source::constant;
    const bool turned = l.from == operand::source::constant && r.from == operand::source::x;
    if ((!straight && !turned) || p.op() == comparison::starts_with) return false;
    const value& bound = straight ? r.constant : l.constant;
    const batch_slot& slot = xs.slots[straight ? l.slot : r.slot];
    const comparison op = straight ? p.op() : exchanged(p.op());
    if (slot.is == batch_slot::form::values) {
      std::erase_if(rows, [&](std::uint32_t x) { return !holds(op, slot.values[x], bound); });
      return true;
    }
    if (slot.is != batch_slot::form::words || !detail::is_integral(slot.word_kind) ||
        !detail::is_integral(bound.kind()))
      return false;
    const std::int64_t than = bound.word();
    std::erase_if(rows, [&](std::uint32_t x) { return !detail::holds_for(op, slot.words[x] <=> than); });
    return true;
  }

  // -- pairs

  /// The only pair of the join map, if ys has entity ids or longs there.
  std::optional<join_pair> word_pair(const row_batch& xs) const {
    if (spec_->join.size() != 1 || detail::is_forced(detail::way::hash)) return std::nullopt;
    const join_pair p = spec_->join[0];
    if (!ys_->column(p.y).is_integral()) return std::nullopt;
    const batch_slot& slot = xs.slots[p.x];
    if (slot.is == batch_slot::form::words && !detail::is_integral(slot.word_kind)) return std::nullopt;
    return p;
  }

  void add_by_words(const row_batch& xs, const row_numbers& rows, join_pair by) {
    const auto words = ys_->column(by.y).words();
    const batch_slot& slot = xs.slots[by.x];
    if (!sorted_) sorted_ = std::is_sorted(words.begin(), words.end());
    const bool merges = !detail::is_forced(detail::way::hash_words);
    if (merges && slot.is == batch_slot::form::words && *sorted_ && ascends(slot, rows)) {
      return merge(xs, rows, slot.words, words);
    }
    if (!by_word_) by_word_.emplace(words);
    const auto meet = [&](std::uint32_t x, std::int64_t w) {
      by_word_->for_each(w, [&](std::uint32_t y) { x_.push_back(x), y_.push_back(y); });
      if (x_.size() >= flush_at) flush(xs, 1);
    };
    if (slot.is == batch_slot::form::words) {
      for (const std::uint32_t x : rows) meet(x, slot.words[x]);
    } else {
      for (const std::uint32_t x : rows) {
        if (const auto w =
                detail::integral_word(slot.is == batch_slot::form::values ? slot.values[x] : slot[x]))
          meet(x, *w);
      }
    }
    flush(xs, 1);
  }

  bool ascends(const batch_slot& slot, const row_numbers& rows) const {
    if (rows.empty()) return true;
    for (std::size_t i = 1; i < rows.size(); ++i) {
      if (slot.words[rows[i]] < slot.words[rows[i - 1]]) return false;
    }
    return true;
  }

  /// Both ascend: one run through each. `merged_` is where the last batch ended, if this one goes on.
  void merge(const row_batch& xs, const row_numbers& rows, const std::int64_t* x_words,
             std::span<const std::int64_t> y_words) {
    std::size_t low = merged_;
    if (!rows.empty() && low > 0 && y_words[low - 1] >= x_words[rows[0]]) low = 0;
    const std::size_t end = y_words.size();
    for (const std::uint32_t x : rows) {
      const std::int64_t w = x_words[x];
      while (low < end && y_words[low] < w) ++low;
      if (low == end) break;
      if (y_words[low] != w) continue;
      for (std::size_t y = low; y < end && y_words[y] == w; ++y) {
        x_.push_back(x), y_.push_back(static_cast<std::uint32_t>(y));
      }
      if (x_.size() >= flush_at) flush(xs, 1);
    }
    merged_ = low;
    flush(xs, 1);
  }

  void add_by_hash(const row_batch& xs, const row_numbers& rows) {
    if (by_hash_.size() == 0) {
      by_hash_.reserve(ys_->size());
      for (std::size_t y = 0; y < ys_->size(); ++y) {
        std::size_t hash = 0;
        for (const join_pair& p : spec_->join) hash = hash_cell(hash, ys_->column(p.y), y);
        by_hash_.add(hash);
      }
    }
    for (const std::uint32_t x : rows) {
      std::size_t hash = 0;
      for (const join_pair& p : spec_->join) {
        const batch_slot& slot = xs.slots[p.x];
        hash =
            slot.is == batch_slot::form::values ? hash_with(hash, slot.values[x]) : hash_with(hash, slot[x]);
      }
      by_hash_.any(hash, [&](std::size_t y) {
        x_.push_back(x), y_.push_back(static_cast<std::uint32_t>(y));
        return false;
      });
      if (x_.size() >= flush_at) flush(xs, 0);
    }
    flush(xs, 0);
  }

  // -- conditions on both, and the result

  template <class F>
  void keep_pairs(F&& keep) {
    std::size_t to = 0;
    for (std::size_t i = 0; i < x_.size(); ++i) {
      if (!keep(x_[i], y_[i])) continue;
      x_[to] = x_[i], y_[to] = y_[i];
      ++to;
    }
    x_.resize(to), y_.resize(to);
  }

  void thin(const row_batch& xs, const join_predicate& p) {
    keep_pairs([&](std::uint32_t x, std::uint32_t y) { return p(batch_row{xs, x}, ys_->row(y)); });
  }

  void keep_agreeing(const row_batch& xs, join_pair p) {
    const batch_slot& slot = xs.slots[p.x];
    const column& of_y = ys_->column(p.y);
    if (slot.is == batch_slot::form::words && detail::is_integral(slot.word_kind) && of_y.is_integral()) {
      const auto words = of_y.words();
      return keep_pairs([&](std::uint32_t x, std::uint32_t y) { return slot.words[x] == words[y]; });
    }
    if (slot.is == batch_slot::form::values && !of_y.is_words()) {
      const auto values = of_y.values();
      return keep_pairs([&](std::uint32_t x, std::uint32_t y) { return same(slot.values[x], values[y]); });
    }
    keep_pairs([&](std::uint32_t x, std::uint32_t y) { return same(slot[x], of_y[y]); });
  }

  /// Puts the pairs that hold into the result, and forgets them.
  void flush(const row_batch& xs, std::uint64_t agreed) {
    for (std::size_t i = 0; i < spec_->join.size() && !x_.empty(); ++i) {
      if (i >= 64 || (agreed >> i & 1) == 0) keep_agreeing(xs, spec_->join[i]);
    }
    for (std::size_t i = x_only_; i < spec_->predicates.size() && !x_.empty(); ++i)
      thin(xs, spec_->predicates[i]);
    if (once_per_y_) {
      keep_pairs([&](std::uint32_t, std::uint32_t y) {
        if (emitted_[y]) return false;
        emitted_[y] = true;
        --left_;
        return true;
      });
    }
    if (!x_.empty()) emit(xs);
    x_.clear(), y_.clear();
    if (spec_->limits != nullptr && spec_->limits->most_bytes) poll();
  }

  /// Whether no value of the x slot goes to two places of the result. Rows of x are paired in ascending
  /// order, each with all its rows of ys before the next, but for a join without pairs.
  bool gives_once(std::size_t slot) const {
    std::size_t targets = 0;
    for (const projection& p : spec_->project_x) targets += p.from == slot ? 1 : 0;
    if (targets != 1 || (spec_->join.empty() && ys_->size() > 1)) return false;
    return std::adjacent_find(x_.begin(), x_.end(), std::greater_equal<>{}) == x_.end();
  }

  void emit(const row_batch& xs) {
    for (const projection& p : spec_->project_x) {
      const batch_slot& slot = xs.slots[p.from];
      column& to = result_.column_to_fill(p.to);
      switch (slot.is) {
        case batch_slot::form::words: to.append_words(slot.word_kind, {slot.words, xs.size}, x_); break;
        case batch_slot::form::values:
          if (slot.own != nullptr && gives_once(p.from))
            to.append_own_values({slot.own, xs.size}, x_);
          else
            to.append_values({slot.values, xs.size}, x_);
          break;
        default: to.append_many(slot[0], x_.size());
      }
    }
    for (const projection& p : spec_->project_y) {
      if (ys_->size() == 1)
        result_.column_to_fill(p.to).append_many(ys_->column(p.from)[0], y_.size());
      else
        result_.column_to_fill(p.to).append(ys_->column(p.from), y_);
    }
    result_.commit_rows(x_.size());
  }

  const relation* ys_;
  const join_spec* spec_;
  relation result_;
  std::optional<detail::word_index> by_word_;
  std::optional<bool> sorted_;
  row_index by_hash_;
  std::vector<bool> emitted_;
  row_numbers x_, y_;  ///< pairs found and not yet in the result
  std::size_t merged_ = 0;
  std::size_t x_only_ = 0;
  std::size_t needed_ = 0;
  std::size_t left_ = 0;
  std::size_t counted_ = 0;  ///< different rows of the result, when they were last counted
  bool once_per_y_ = false;
  bool may_repeat_ = false;
};

/// The join of a relation's rows with ys.
inline relation join_relation(const relation& xs, const relation& ys, const join_spec& spec) {
  const bool is_set = xs.is_distinct() && xs.width() <= slot_set::capacity;
  slot_set every;
  for (std::size_t slot = 0; is_set && slot < xs.width(); ++slot) every.insert(slot);
  batch_joiner join{ys, spec, std::span{&every, is_set ? 1u : 0u}};
  std::vector<batch_slot> slots;
  const row_batch all = batch_of(xs, slots);
  if (all.size > 0) join.add(all);
  return std::move(join).finish();
}

}  // namespace datolite::query
