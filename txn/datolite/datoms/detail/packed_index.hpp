// The definitions of packed_index.hpp: counting, and the index after a transaction.
#pragma once

#include <datolite/datoms/packed_index.hpp>

namespace datolite::datoms::packed {

inline std::shared_ptr<const index> index::after(const novelty& news) const {
  const base_ptr here = blocks();
  auto next = std::make_shared<index>(*this, of_, here, line_, closed_);
  if (news.before != news.after && here->t() >= 0) {
    for (const attribute_facts* was : news.before->attributes()) {
      const attribute_facts* const now = news.after->find(was->id);
      if (was->indexed == (now != nullptr && now->indexed)) continue;
      auto& masked = next->masked_;
      const auto at = std::lower_bound(masked.begin(), masked.end(), was->id);
      if (at == masked.end() || *at != was->id) masked.insert(at, was->id);
    }
  }
  next->t_ = news.t;
  next->novelty_.advance(news, [&](attribute_id a, std::vector<row>& current, std::vector<row>& past) {
    gather_indexed(*here, a, current, past);
  });
  return next;
}

/// The newest index, or the next one if that is retired meanwhile.
inline sources index::later_sources(std::shared_ptr<const index>& later) const {
  for (;;) {
    const auto in = line_.lock();
    later = in == nullptr ? nullptr : in->newest();
    if (later == nullptr) {
      throw error{error_category::unavailable, "db.error/closed",
                  "this database is old, and the connection that could answer for it is gone"};
    }
    if (base_ptr blocks = later->blocks()) return {std::move(blocks), &later->novelty_, later->masked_};
  }
}

/// Appends the rows that the blocks have of an attribute, by what AEVT says, and that the novelty does not
/// hide.
inline void index::gather_indexed(const base& in, attribute_id a, std::vector<row>& current,
                                  std::vector<row>& past) const {
  datom_range range;
  range.index = index_order::aevt;
  range.a = a;
  const place_range between = typed::make_place_range(range);
  io_counts unread;
  novelty_rows fresh;
  fresh.seek(novelty_, index_order::aevt, between, false);
  const auto take = [](std::vector<row>& to, row r) {
    r.order = index_order::avet;
    to.push_back(std::move(r));
  };
  block_run rows{in, {index_order::aevt, false}, unread};
  for (rows.seek(between, false); !rows.at_end(); rows.drop(1)) {
    row r = rows.shown().at(rows.front());
    while (fresh.front() != nullptr && typed::compare(*fresh.front(), r, index_order::aevt) < 0)
      fresh.advance();
    const bool hidden = fresh.front() != nullptr && typed::compare(*fresh.front(), r, index_order::aevt) == 0;
    if (!hidden) take(current, std::move(r));
  }
  block_run ended{in, {index_order::aevt, true}, unread};
  for (ended.seek(between, false); !ended.at_end(); ended.drop(1))
    take(past, ended.shown().at(ended.front()));
}

/// How many rows of one tree lie between two places: at most two blocks are read.
inline std::uint64_t index::count_blocks(const base& in, const place_range& between, bool past) {
  const tree_id id{between.low.order, past};
  const directory& all = in.tree(id);
  if (all.size() == 0) return 0;
  const auto rank = [&](const place& at) -> std::uint64_t {
    if (at.given == 0) return at.behind ? all.rows() : 0;
    const std::size_t i = all.find(at);
    const held_block held = in.read(id, i);
    return all.rows_before(i) + held.shown->lower_bound(at, 0, held.shown->size());
  };
  const std::uint64_t low = rank(between.low), high = rank(between.high);
  return high > low ? high - low : 0;
}

inline std::uint64_t index::count_in(const sources& in, const datom_range& range, const place_range& between,
                                     const time_filter& time) const {
  const std::uint64_t guess = estimate(in, between, time);
  if (time == time_filter{} && guess > 2 * exact_count_limit) return guess;
  cursor exact{in, nullptr, range.index, components::none, time, nullptr};
  exact.seek(range);
  datom_columns batch;
  exact.next_batch(batch, exact_count_limit + 1);
  return batch.size <= exact_count_limit ? batch.size : std::max<std::uint64_t>(batch.size, guess);
}

/// How many datoms the time shows, near enough: right for the present if no more than some thousand facts
/// ended since the last merge.
inline std::uint64_t index::estimate(const sources& in, const place_range& between,
                                     const time_filter& time) const {
  constexpr std::size_t most_looked_at = 4096;
  const index_order order = between.low.order;
  const bool by_attribute =
      between.low.given > 0 && between.high.given > 0 && between.low.a == between.high.a;
  const auto below = [&](bool past) -> std::uint64_t {
    if (order != index_order::avet || masked_.empty()) return count_blocks(*in.blocks, between, past);
    if (by_attribute && in.masks(order, static_cast<attribute_id>(between.low.a))) return 0;
    std::uint64_t n = count_blocks(*in.blocks, between, past);
    for (const attribute_id a : by_attribute ? std::span<const attribute_id>{} : std::span{masked_}) {
      place_range of_one{{.order = order, .given = 1, .a = a},
                         {.order = order, .given = 1, .behind = true, .a = a}};
      n -= std::min(n, count_blocks(*in.blocks, of_one, past));
    }
    return n;
  };
  std::uint64_t n = below(false) + novelty_.current(order).count_range(between.low, between.high);
  const typed::tail& newest = novelty_.newest();
  const auto lies = [&](const typed::tail::listing& in_tail) {
    return std::pair{newest.lower_bound(in_tail, order, between.low),
                     newest.lower_bound(in_tail, order, between.high)};
  };
  const auto [from, to] = lies(newest.current(order));
  n += to - from;
  std::uint64_t hidden = 0, past = 0;
  const auto [ended_from, ended_to] = lies(newest.past(order));
  for (std::size_t i = ended_from; i < ended_to; ++i) {
    hidden += newest.hides(newest.past(order)[i]) ? 1 : 0;
    ++past;
  }
  const typed::runs& ended = novelty_.past(order);
  const std::size_t in_runs = ended.count_range(between.low, between.high);
  past += in_runs;
  if (in_runs > most_looked_at) {
    hidden += in_runs;
  } else if (in_runs > 0) {
    typed::runs_reader rows;
    for (rows.seek(ended, between.low, between.high, false); rows.front() != nullptr; rows.advance()) {
      const row& r = *rows.front();
      hidden += r.t_added <= in.blocks->t() && !in.masks(order, r.a) ? 1 : 0;
    }
  }
  n -= std::min(n, hidden);
  if (time.needs_past()) n += (below(true) + past) * (time.history ? 2 : 1);
  return n;
}

}  // namespace datolite::datoms::packed
