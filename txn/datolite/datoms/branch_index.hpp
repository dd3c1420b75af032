// branch_index: the datoms that a view of a db shows, and on them the facts of transactions that nobody
// commits.
//
// What `with` makes of a db of the past, or of one that is filtered: what the view hides is not there, what
// the branch's own transactions said is. It reads the view through its `datom_index`, whatever layout that
// has, and merges in the branch's facts, which it keeps sorted.
//
// A branch keeps as its own: the facts that it asserted, those that it ended (which the view still shows as
// current), and all facts of attributes that it began or ceased to index, whose AVET the view cannot serve.
//
// Cost: a range in which the branch has no facts is read as the view's own. A transaction copies the branch's
// facts, never the view's. Threads: immutable, as every datom_index.
#pragma once

#include <algorithm>
#include <compare>
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
#include <datolite/core/value_order.hpp>
#include <datolite/datoms/datom_index.hpp>
#include <datolite/datoms/datom_range.hpp>
#include <datolite/datoms/db.hpp>
#include <datolite/datoms/ordered_datoms.hpp>
#include <datolite/datoms/transact.hpp>
#include <datolite/datoms/tx_log.hpp>

namespace datolite::datoms {

/// A fact that a branch knows of.
struct branch_fact {
  static constexpr std::int64_t never = time_filter::end_of_time;

  datom asserted;
  std::int64_t t_retracted = never;
  bool of_view = false;    ///< the view shows its assertion; the branch only ended it
  bool forgotten = false;  ///< of_view, and of an attribute without history: it is as if it had never been
};

/// Whether `x` stands before `y` in `order`, T last.
inline bool stands_before(index_order order, const datom& x, const datom& y) {
  for (const components c : order_of(order)) {
    const std::strong_ordering by = c == components::e   ? x.e <=> y.e
                                    : c == components::a ? x.a <=> y.a
                                                         : stored_order(x.v, y.v);
    if (by != 0) return by < 0;
  }
  return x.t_op < y.t_op;
}

class branch_index final : public datom_index {
 public:
  using records = std::vector<std::shared_ptr<const log_record>>;

  /// The first transaction of a branch of `base`.
  branch_index(std::shared_ptr<const db_view> base, const prepared& made, log_record record);
  /// A further one.
  branch_index(const branch_index& before, const schema& so_far, const prepared& made, log_record record);
  branch_index(const branch_index&) = delete;  // `order_` refers to `asserted_`

  std::unique_ptr<datom_cursor> open_cursor(index_order order, components wanted, const time_filter& time,
                                            io_counters* io) const override;
  std::uint64_t count(const datom_range& range, const time_filter& time) const override;

  /// The view that this is a branch of.
  const db_view& base() const noexcept { return *base_; }
  /// The log's records of the branch's own transactions.
  const records& log() const noexcept { return log_; }

  /// The view as `time` sees it.
  db_view base_at(const time_filter& time) const {
    time_filter both = base_->time();
    both.as_of = std::min(both.as_of, time.as_of);
    both.since = std::max(both.since, time.since);
    both.history = time.history;
    return {base_->shared_state(), both, base_->predicates()};
  }

  /// The branch's facts in `range`, in its index's order, as positions.
  std::span<const std::uint32_t> own_in(const datom_range& range) const;
  const branch_fact& own(std::uint32_t at) const noexcept { return facts_[at]; }
  /// What the branch did to the fact that the view shows as `d`; null if nothing.
  const branch_fact* fate_of(const datom& d) const;
  /// Does the branch keep all facts of attribute `a`?
  bool keeps(attribute_id a) const noexcept { return std::binary_search(kept_.begin(), kept_.end(), a); }
  bool keeps_any() const noexcept { return !kept_.empty(); }

 private:
  void add(const branch_index* before, const schema& so_far, const prepared& made, log_record record);
  void keep(const branch_index* before, attribute_id a);
  void retract(const prepared& made);
  void sort();

  std::shared_ptr<const db_view> base_;
  std::vector<branch_fact> facts_;  // in EAVT order
  std::vector<attribute_id> kept_;  // ascending
  records log_;
  std::vector<datom> asserted_;  // of each fact, for `order_`
  std::optional<ordered_datoms> order_;
};

namespace detail {

/// Merges a view's datoms with a branch's.
class branch_cursor final : public datom_cursor {
 public:
  branch_cursor(const branch_index& in, index_order order, components wanted, const time_filter& time,
                io_counters* io)
      : in_{in}, base_{in.base_at(time)}, order_{order}, wanted_{wanted}, time_{time}, io_{io} {}

  void seek(const datom_range& range) override;
  bool next_batch(datom_columns& out, std::size_t at_most) override;

 private:
  std::unique_ptr<datom_cursor>& opened(std::unique_ptr<datom_cursor>& cursor, components wanted) {
    if (cursor == nullptr) cursor = base_.open_cursor(order_, wanted, io_);
    return cursor;
  }
  bool refill_base();
  bool refill_own();
  bool hides(const datom& d) const;
  void append(datom_columns& out, datom d);

  const branch_index& in_;
  const db_view base_;
  const index_order order_;
  const components wanted_;
  const time_filter time_;
  io_counters* const io_;

  std::unique_ptr<datom_cursor> plain_;  // reads what is wanted: where the branch has nothing to say
  std::unique_ptr<datom_cursor> whole_;  // reads all components: where it has
  datom_cursor* from_ = nullptr;         // the one that reads the present range; null if neither does
  bool merging_ = false, descending_ = false;
  std::span<const std::uint32_t> own_;  // the branch's facts that are left
  datom_columns batch_;
  std::size_t row_ = 0;
  std::optional<datom> next_base_;
  std::vector<datom> queue_;  // what the time shows of one fact, last first
};

inline void branch_cursor::seek(const datom_range& range) {
  own_ = in_.own_in(range);
  descending_ = range.descending;
  queue_.clear(), batch_.clear(), row_ = 0, next_base_.reset();
  const bool all_own = range.a && in_.keeps(*range.a);
  merging_ = !own_.empty() || all_own || (!range.a && in_.keeps_any());
  from_ = nullptr;
  if (!all_own) {
    from_ = (merging_ ? opened(whole_, components::all) : opened(plain_, wanted_)).get();
    from_->seek(range);
  }
}

inline bool branch_cursor::next_batch(datom_columns& out, std::size_t at_most) {
  if (!merging_) {
    if (from_ != nullptr) return from_->next_batch(out, at_most);
    out.clear();
    return false;
  }
  out.clear();
  while (out.size < at_most) {
    const bool base = refill_base(), own = refill_own();
    if (!base && !own) break;
    bool base_first = base;
    if (base && own) base_first = stands_before(order_, *next_base_, queue_.back()) != descending_;
    if (base_first) {
      append(out, *std::exchange(next_base_, std::nullopt));
    } else {
      append(out, std::move(queue_.back())), queue_.pop_back();
      if (io_ != nullptr) ++io_->of(order_).reads;
    }
  }
  return out.size > 0;
}

/// Sees that `next_base_` is the view's next datom that the branch does not hide; false if there is none.
inline bool branch_cursor::refill_base() {
  while (!next_base_) {
    if (row_ == batch_.size) {
      row_ = 0;
      if (from_ == nullptr || !from_->next_batch(batch_, 256)) {
        batch_.clear();
        return false;
      }
    }
    datom d{batch_.e[row_], batch_.a[row_], std::move(batch_.v[row_]), batch_.t_op[row_]};
    ++row_;
    if (!hides(d)) next_base_ = std::move(d);
  }
  return true;
}

inline bool branch_cursor::hides(const datom& d) const {
  if (in_.keeps(d.a)) return true;
  const branch_fact* const fate = d.added() ? in_.fate_of(d) : nullptr;
  if (fate == nullptr) return false;
  return fate->forgotten || (!time_.history && fate->t_retracted <= time_.as_of);
}

/// Sees that `queue_` ends with the branch's next datom; false if there is none.
inline bool branch_cursor::refill_own() {
  while (queue_.empty() && !own_.empty()) {
    const branch_fact& fact = in_.own(descending_ ? own_.back() : own_.front());
    own_ = descending_ ? own_.first(own_.size() - 1) : own_.subspan(1);
    const datom& d = fact.asserted;
    const bool ended = fact.t_retracted != branch_fact::never;
    const bool begins = !fact.of_view && time_.shows(d.t());
    if (begins && (time_.history || fact.t_retracted > time_.as_of || !ended)) queue_.push_back(d);
    if (time_.history && ended && !fact.forgotten && time_.shows(fact.t_retracted)) {
      queue_.push_back({d.e, d.a, d.v, make_t_op(fact.t_retracted, false)});
    }
    if (!descending_) std::reverse(queue_.begin(), queue_.end());
  }
  return !queue_.empty();
}

inline void branch_cursor::append(datom_columns& out, datom d) {
  if (includes(wanted_, components::e)) out.e.push_back(d.e);
  if (includes(wanted_, components::a)) out.a.push_back(d.a);
  if (includes(wanted_, components::v)) out.v.push_back(std::move(d.v));
  if (includes(wanted_, components::t)) out.t_op.push_back(d.t_op);
  ++out.size;
}

}  // namespace detail

// -- reading

inline std::unique_ptr<datom_cursor> branch_index::open_cursor(index_order order, components wanted,
                                                               const time_filter& time,
                                                               io_counters* io) const {
  return std::make_unique<detail::branch_cursor>(*this, order, wanted, time, io);
}

inline std::span<const std::uint32_t> branch_index::own_in(const datom_range& range) const {
  const auto all = order_->in(range.index);
  const auto from = std::partition_point(
      all.begin(), all.end(), [&](std::uint32_t at) { return place_in(range, asserted_[at]) < 0; });
  const auto to = std::partition_point(from, all.end(),
                                       [&](std::uint32_t at) { return place_in(range, asserted_[at]) == 0; });
  return {from, to};
}

inline const branch_fact* branch_index::fate_of(const datom& d) const {
  const auto before = [](const branch_fact& f, const datom& what) {
    return stands_before(index_order::eavt, f.asserted, what);
  };
  const auto at = std::lower_bound(facts_.begin(), facts_.end(), d, before);
  if (at == facts_.end() || stands_before(index_order::eavt, d, at->asserted)) return nullptr;
  return &*at;
}

inline std::uint64_t branch_index::count(const datom_range& range, const time_filter& time) const {
  const auto own = own_in(range);
  const bool all_own = range.a && keeps(*range.a);
  if (own.empty() && !all_own && (range.a || !keeps_any())) return base_at(time).count(range);
  const auto cursor = open_cursor(range.index, components::none, time, nullptr);
  cursor->seek(range);
  datom_columns batch;
  cursor->next_batch(batch, exact_count_limit + 1);
  if (batch.size <= exact_count_limit) return batch.size;
  return std::max((all_own ? 0 : base_at(time).count(range)) + own.size(), exact_count_limit + 1);
}

// -- making

inline branch_index::branch_index(std::shared_ptr<const db_view> base, const prepared& made,
                                  log_record record)
    : base_{std::move(base)} {
  add(nullptr, *base_->state().attributes, made, std::move(record));
}

inline branch_index::branch_index(const branch_index& before, const schema& so_far, const prepared& made,
                                  log_record record)
    : base_{before.base_}, facts_{before.facts_}, kept_{before.kept_}, log_{before.log_} {
  add(&before, so_far, made, std::move(record));
}

inline void branch_index::sort() {
  std::sort(facts_.begin(), facts_.end(), [](const branch_fact& x, const branch_fact& y) {
    return stands_before(index_order::eavt, x.asserted, y.asserted);
  });
}

inline void branch_index::add(const branch_index* before, const schema& so_far, const prepared& made,
                              log_record record) {
  if (made.attributes.get() != &so_far) {
    for (const attribute_facts* was : so_far.attributes()) {
      const attribute_facts* const now = made.attributes->find(was->id);
      if (was->indexed != (now != nullptr && now->indexed)) keep(before, was->id);
    }
    sort();
  }
  retract(made);
  for (const datom& d : made.added) facts_.push_back({d});
  sort();
  log_.push_back(std::make_shared<const log_record>(std::move(record)));
  asserted_.reserve(facts_.size());
  for (const branch_fact& f : facts_) asserted_.push_back(f.asserted);
  order_.emplace(asserted_, *made.attributes);
}

/// Ends the facts that a transaction retracts: the branch's own, or the view's.
inline void branch_index::retract(const prepared& made) {
  std::vector<branch_fact> of_view;
  bool erasing = false;
  for (const datom& d : made.retracted) {
    const attribute_facts* const facts = made.attributes->find(d.a);
    const bool forgotten = facts != nullptr && facts->no_history;
    const branch_fact* const own = fate_of(d);
    if (own == nullptr) {
      of_view.push_back({d, made.t, true, forgotten});
      continue;
    }
    branch_fact& ending = facts_[static_cast<std::size_t>(own - facts_.data())];
    ending.t_retracted = made.t;
    ending.forgotten = forgotten;
    erasing = erasing || forgotten;
  }
  if (erasing) std::erase_if(facts_, [](const branch_fact& f) { return f.forgotten && !f.of_view; });
  facts_.insert(facts_.end(), of_view.begin(), of_view.end());
}

/// Makes all facts of attribute `a`, of all time, the branch's own; `before` is the branch so far, if there
/// is one.
inline void branch_index::keep(const branch_index* before, attribute_id a) {
  if (keeps(a)) return;
  std::erase_if(facts_, [a](const branch_fact& f) { return f.asserted.a == a; });
  kept_.insert(std::upper_bound(kept_.begin(), kept_.end(), a), a);
  constexpr time_filter ever{.history = true};
  const auto history = before != nullptr
                           ? before->open_cursor(index_order::aevt, components::all, ever, nullptr)
                           : base_at(ever).open_cursor(index_order::aevt, components::all);
  datom_range range;
  range.index = index_order::aevt;
  range.a = a;
  history->seek(range);
  constexpr std::int64_t hidden = -1;  // a T that no view shows
  for (datom_columns batch; history->next_batch(batch, 256);) {
    for (std::size_t i = 0; i < batch.size; ++i) {
      const datom d{batch.e[i], batch.a[i], batch.v[i], batch.t_op[i]};
      branch_fact* const last = facts_.empty() ? nullptr : &facts_.back();
      const bool ends_last = !d.added() && last != nullptr && last->asserted.e == d.e &&
                             last->asserted.a == a && last->t_retracted == branch_fact::never &&
                             last->asserted.v == d.v;
      if (ends_last) {
        last->t_retracted = d.t();
      } else if (d.added()) {
        facts_.push_back({d});
      } else {
        facts_.push_back({{d.e, d.a, d.v, make_t_op(hidden, true)}, d.t()});
      }
    }
  }
}

}  // namespace datolite::datoms
