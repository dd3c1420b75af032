// packed_cursor: reads ranges of datoms from a packed index: its blocks, past ones where the time asks, and
// its novelty, merged.
//
// Most rows of most ranges stand in blocks and nowhere else, and are handed out as columns. A row of novelty,
// or of the past, is looked for in the present block, and what stands before it is handed out first: so the
// merge costs per such row, not per row of the range. What is new behind all else goes by column again.
//
// Threads: used by one. Must not outlive the index.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <datolite/core/datom.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/io_stats.hpp>
#include <datolite/datoms/datom_index.hpp>
#include <datolite/datoms/packed_base.hpp>
#include <datolite/datoms/packed_block.hpp>
#include <datolite/datoms/packed_rows.hpp>
#include <datolite/datoms/row_output.hpp>
#include <datolite/datoms/typed_index.hpp>

namespace datolite::datoms::packed {

/// What a cursor reads.
struct sources {
  base_ptr blocks;
  const typed::index* novelty = nullptr;
  std::span<const attribute_id> masked{};  ///< ascending; their rows in the blocks of AVET are out of date

  bool masks(index_order order, attribute_id a) const noexcept {
    return order == index_order::avet && std::binary_search(masked.begin(), masked.end(), a);
  }
};

class cursor final : public datom_cursor {
 public:
  /// `keeper` is what else must live as long as this.
  cursor(sources in, std::shared_ptr<const void> keeper, index_order order, components wanted,
         const time_filter& time, io_counters* io)
      : keeper_{std::move(keeper)},
        in_{std::move(in)},
        order_{order},
        wanted_{wanted},
        time_{time},
        io_{io == nullptr ? unread_ : io->of(order)},
        current_{*in_.blocks, {order, false}, io_},
        past_{*in_.blocks, {order, true}, io_},
        output_{wanted, time} {}

  void seek(const datom_range& range) override {
    between_ = typed::make_place_range(range);
    descending_ = range.descending;
    among_ = range.among;
    output_.begin(descending_);
    past_row_.reset();
    current_.clear(), past_.clear();
    masking_ = order_ == index_order::avet && !in_.masked.empty();
    const bool below = !(masking_ && range.a && in_.masks(order_, *range.a));
    masking_ = masking_ && !range.a;
    if (below) {
      current_.seek(between_, descending_);
      if (time_.needs_past()) past_.seek(between_, descending_), settle_past();
    }
    novelty_.seek(*in_.novelty, order_, between_, descending_);
  }

  bool next_batch(datom_columns& out, std::size_t at_most) override {
    out.clear();
    output_.resume(out, at_most);
    while (out.size < at_most) {
      const row* const other = next_other();
      if (other == nullptr && current_.at_end()) break;
      if (!current_.at_end()) {
        const std::size_t before =
            other == nullptr ? current_.to() - current_.from() : current_.count_before(*other);
        const bool whole = before == current_.to() - current_.from();
        if (before > 0) {
          hand_out(out, before, at_most);
          continue;
        }
        if (whole) continue;
      } else if (!past_row_ && novelty_.is_one_run()) {
        take_fresh(out, at_most);
        continue;
      }
      take_other(out, *other, at_most);
    }
    io_.reads += out.size;
    return out.size > 0;
  }

  void read_runs(datom_range range, components in, std::span<const std::int64_t> words, run_limits limits,
                 datom_columns& out, std::vector<std::size_t>& ends) override {
    const bool masks = order_ == index_order::avet && !in_.masked.empty();
    if (words.empty() || !typed::word_run::serves(range, in) || time_.needs_past() || masks)
      return datom_cursor::read_runs(std::move(range), in, words, limits, out, ends);
    set_word(range, in, words[0]);
    const typed::word_run run{range, in};
    novelty_ahead fresh{*in_.novelty, order_, run.at(words[0])};
    block_runs here{current_, run};
    picked_.clear(), picked_.reserve(std::min<std::size_t>(2 * words.size(), 256));
    typed::reserve_runs(out, wanted_, words.size(), limits.enough);
    for (std::size_t i = 0; i < words.size(); ++i) {
      const std::int64_t word = words[i];
      const bool plain = fresh.none() || !fresh.has(run.at(word));
      bool found = plain && here.find(word);
      if (!found) {
        show_picked(out);
        found = plain && here.reach(word);
      }
      if (found) {
        pick(*current_.last(), here.first(), here.end(), limits);
        ends.push_back(out.size + picked_.size());
      } else {
        datom_cursor::read_runs(range, in, words.subspan(i, 1), limits, out, ends);
        here.lose();
      }
      if (out.size + picked_.size() >= limits.enough) break;
    }
    show_picked(out);
    current_.clear(), past_.clear(), novelty_.clear();
  }

 private:
  /// Notes what the limits let through and the time shows of the rows [first, end) of the present block.
  void pick(const block& b, std::size_t first, std::size_t end, const run_limits& limits) {
    const bool all = time_.since < b.first_t();
    if (all) end = first + std::min(end - first, limits.each);
    const std::size_t n = picked_.size();
    picked_.resize(n + (end - first));
    std::uint32_t* to = picked_.data() + n;
    for (std::size_t i = first; i < end; ++i) {
      *to = static_cast<std::uint32_t>(i);
      to += all || time_.shows(b.t_added(i)) ? 1 : 0;
    }
    const std::size_t shown = std::min(static_cast<std::size_t>(to - picked_.data()) - n, limits.each);
    io_.reads += shown;
    picked_.resize(n + shown);
    if (shown == limits.each || limits.attributes.empty()) return;
    const auto last = std::span{picked_}.subspan(n);
    picked_.resize(n + keep_attributes(last, limits.attributes, [&](std::uint32_t at) { return b.a(at); }));
  }

  /// Hands out the rows of the present block that were noted.
  void show_picked(datom_columns& out) {
    if (picked_.empty()) return;
    const block& b = *current_.last();
    renew_memo();
    append_rows(out, b, picked_);
    picked_.clear();
  }

  /// Texts made so far are those of the present block.
  void renew_memo() {
    if (!includes(wanted_, components::v) || memo_of_ == current_.openings()) return;
    memo_of_ = current_.openings();
    current_.reset(memo_);
  }
  void note_made(const block& b, std::size_t n) const {
    if (memo_.kept() == nullptr && b.text_count() > 0) current_.note_made(n);
  }

  void append_rows(datom_columns& out, const block& b, std::span<const std::uint32_t> rows) {
    if (includes(wanted_, components::e)) b.append_e(out.e, rows);
    append_but_e(out, b, rows);
  }
  void append_but_e(datom_columns& out, const block& b, std::span<const std::uint32_t> rows) {
    if (includes(wanted_, components::a)) {
      for (const std::uint32_t at : rows) out.a.push_back(b.a(at));
    }
    if (includes(wanted_, components::t)) {
      for (const std::uint32_t at : rows) out.t_op.push_back(make_t_op(b.t_added(at), true));
    }
    if (includes(wanted_, components::v)) {
      b.append_v(out.v, rows, memo_);
      note_made(b, rows.size());
    }
    out.size += rows.size();
  }

  /// The next row that is not in the blocks of current facts.
  const row* next_other() const {
    const row* const fresh = novelty_.front();
    if (!past_row_) return fresh;
    if (fresh == nullptr) return &*past_row_;
    const auto order = typed::compare(*past_row_, *fresh, order_);
    return (descending_ ? order > 0 : order < 0) ? &*past_row_ : fresh;
  }

  /// REQUIRES: no row of the blocks of current facts comes before `other`.
  void take_other(datom_columns& out, const row& other, std::size_t at_most) {
    if (past_row_ && &other == &*past_row_) {
      output_.emit(out, other, at_most);
      past_.drop(1);
      settle_past();
      return;
    }
    if (!current_.at_end() && current_.is_front(other)) current_.drop(1);  // it has ended since
    if (!other.forgotten) output_.emit(out, other, at_most);
    novelty_.advance();
  }

  /// Takes what is new where nothing else is left, many rows at a time.
  void take_fresh(datom_columns& out, std::size_t at_most) {
    constexpr std::size_t chunk = 128;
    const row* rows[chunk];
    const std::size_t looked_at = novelty_.take(rows, std::min(chunk, at_most - out.size));
    std::size_t n = 0, shown = 0;
    for (std::size_t i = 0; i < looked_at; ++i) {
      const row* const r = rows[n] = rows[i];
      const bool shows = time_.shows(r->t_added);
      shown += shows ? 1 : 0;
      n += shows && (among_ == nullptr || among_->contains(r->e)) ? 1 : 0;
    }
    io_.reads += shown - n;  // what is left out counts as read
    output_.append_current(out, {rows, n});
  }

  /// Finds the next past row that the time shows something of.
  void settle_past() {
    past_row_.reset();
    for (; !past_.at_end(); past_.drop(1)) {
      const block& b = past_.shown();
      const std::size_t i = past_.front();
      const std::int64_t added = b.t_added(i), retracted = b.t_retracted(i);
      const bool shown = time_.history ? time_.shows(added) || time_.shows(retracted)
                                       : time_.shows(added) && retracted > time_.as_of;
      if (!shown || (masking_ && in_.masks(order_, b.a(i)))) continue;
      past_row_ = b.at(i);
      return;
    }
  }

  /// Hands out what the time shows of the next `n` rows of the present block, as far as there is room.
  void hand_out(datom_columns& out, std::size_t n, std::size_t at_most) {
    const block& b = current_.shown();
    renew_memo();
    const bool all = time_.since < b.first_t() && b.last_t() <= time_.as_of && !masking_;
    if (all && !descending_ && among_ != nullptr) {
      current_.drop(hand_out_among(out, b, n, at_most));
      return;
    }
    if (all && !descending_) {
      n = std::min(n, at_most - out.size);
      append_columns(out, b, current_.from(), n);
      current_.drop(n);
      return;
    }
    std::size_t taken = 0;
    for (; taken < n && out.size < at_most; ++taken) {
      const std::size_t i = descending_ ? current_.to() - 1 - taken : current_.from() + taken;
      if (!all && (!time_.shows(b.t_added(i)) || (masking_ && in_.masks(order_, b.a(i))))) continue;
      append_columns(out, b, i, 1);
    }
    current_.drop(taken);
  }

  /// Of the next `n` rows of `b`, hands out those of the entities wanted, as far as there is room: the values
  /// of others are never made. Returns how many rows it is done with.
  std::size_t hand_out_among(datom_columns& out, const block& b, std::size_t n, std::size_t at_most) {
    const std::size_t looked_at = std::min(n, at_most - out.size);
    picked_.clear();
    if (includes(wanted_, components::e)) {
      b.pick_among(*among_, current_.from(), looked_at, picked_, out.e);
    } else {
      ids_.clear();
      b.pick_among(*among_, current_.from(), looked_at, picked_, ids_);
    }
    append_but_e(out, b, picked_);
    io_.reads += looked_at - picked_.size();
    return looked_at;
  }

  void append_columns(datom_columns& out, const block& b, std::size_t from, std::size_t n) {
    if (includes(wanted_, components::e)) b.append_e(out.e, from, n);
    if (includes(wanted_, components::a)) b.append_a(out.a, from, n);
    if (includes(wanted_, components::v)) {
      b.append_v(out.v, from, n, memo_);
      note_made(b, n);
    }
    if (includes(wanted_, components::t)) b.append_t_op(out.t_op, from, n);
    out.size += n;
  }

  const std::shared_ptr<const void> keeper_;
  const sources in_;
  const index_order order_;
  const components wanted_;
  const time_filter time_;
  io_counts unread_;
  io_counts& io_;
  place_range between_;
  const entity_set* among_ = nullptr;
  bool descending_ = false, masking_ = false;
  block_run current_, past_;
  novelty_rows novelty_;
  typed::row_output output_;
  std::optional<row> past_row_;        // the next of `past_`
  std::vector<std::uint32_t> picked_;  // of the present block's rows those that are wanted, where not all are
  std::vector<entity_id> ids_;         // their entities, where nobody asked for them
  std::size_t memo_of_ = 0;
  block::texts memo_;
};

}  // namespace datolite::datoms::packed
