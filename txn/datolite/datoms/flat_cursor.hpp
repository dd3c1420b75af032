// flat_cursor: reads ranges of datoms from the flat layout, rows of current and past merged as the time asks.
//
// A range costs one engine seek (two where the past is needed) and one step a row. The first range is read
// through an iterator bounded to it; a cursor that is used again keeps one iterator over the whole index and
// seeks in it.
//
// Threads: used by one. Must not outlive the reader.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <datolite/core/bounds.hpp>
#include <datolite/core/datom.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/io_stats.hpp>
#include <datolite/core/reader.hpp>
#include <datolite/core/value_order.hpp>
#include <datolite/datoms/datom_index.hpp>
#include <datolite/datoms/flat_key.hpp>
#include <datolite/datoms/flat_range.hpp>

namespace datolite::datoms::flat {

/// The rows of one index, current or past, between two keys, in either direction.
template <Reader R>
class run {
 public:
  run(const R& reader, index_order order, bool past) noexcept : reader_{reader}, order_{order}, past_{past} {}

  /// Stands on the first row (the last, if descending) with a key in [lower, upper), given as current rows'
  /// keys.
  void seek(const key_range& keys, bool descending, io_counts& io) {
    lower_ = keys.lower, upper_ = keys.upper, descending_ = descending, valid_ = false;
    constexpr char to_past = past_tag - current_tag;
    if (past_) {
      lower_[0] = static_cast<char>(lower_[0] + to_past);
      upper_[0] = static_cast<char>(upper_[0] + to_past);
    }
    if (lower_ >= upper_) return;
    ++io.seeks;
    switch (std::exchange(openings_, openings_ < 2 ? openings_ + 1 : openings_)) {
      case 0:
        it_.emplace(reader_.open_iterator(bounds{lower_, upper_}));
        descending ? it_->seek_last() : it_->seek_first();
        break;
      case 1: it_.emplace(reader_.open_iterator(prefix(bytes(1, tag_of(order_, past_))))); [[fallthrough]];
      default: seek_anywhere(io);
    }
    settle();
  }

  bool valid() const noexcept { return valid_; }
  const row& at() const noexcept { return row_; }
  bool past() const noexcept { return past_; }

  /// REQUIRES: valid().
  void advance(io_counts& io) {
    ++io.steps;
    descending_ ? it_->prev() : it_->next();
    settle();
  }

 private:
  void seek_anywhere(io_counts& io) {
    if (!descending_) return it_->seek(lower_);
    it_->seek_for_prev(upper_);
    if (it_->valid() && bytes_view{it_->key()} == upper_) ++io.steps, it_->prev();
  }

  void settle() {
    valid_ = it_->valid();
    if (!valid_) return;
    const bytes_view key = it_->key();
    if (openings_ > 1) valid_ = descending_ ? key >= bytes_view{lower_} : key < bytes_view{upper_};
    if (valid_) row_ = parse_row(order_, past_, key, it_->value());
  }

  const R& reader_;
  const index_order order_;
  const bool past_;
  bool descending_ = false, valid_ = false;
  int openings_ = 0;
  std::optional<iterator_t<R>> it_;
  bytes lower_, upper_;
  row row_;
};

template <Reader R>
class cursor final : public datom_cursor {
 public:
  cursor(const R& reader, index_order order, components wanted, const time_filter& time,
         std::size_t value_limit, io_counters* io)
      : order_{order},
        wanted_{wanted},
        time_{time},
        value_limit_{value_limit},
        io_{io == nullptr ? unread_ : io->of(order)},
        current_{reader, order, false},
        past_{reader, order, true} {}

  void seek(const datom_range& range) override {
    queue_.clear(), queued_ = 0;
    descending_ = range.descending;
    keys_ = make_key_range(range, value_limit_);
    current_.seek(keys_, descending_, io_);
    if (time_.needs_past()) past_.seek(keys_, descending_, io_);
  }

  bool next_batch(datom_columns& out, std::size_t at_most) override {
    out.clear();
    while (out.size < at_most) {
      if (queued_ < queue_.size()) {
        append(out, std::move(queue_[queued_++]));
        continue;
      }
      run<R>* const at = front();
      if (at == nullptr) break;
      if (!keys_.exact_v && at->at().v.size() >= kept_of(value_limit_)) {
        gather_group();
      } else if (!time_.history) {
        if (is_exact(at->at()) && shows(*at)) append_row(out, at->at());
        at->advance(io_);
      } else {
        queue_.clear(), queued_ = 0;
        if (is_exact(at->at())) enqueue(*at);
        at->advance(io_);
      }
    }
    io_.reads += out.size;
    return out.size > 0;
  }

 private:
  bool is_exact(const row& r) const noexcept { return !keys_.exact_v || r.whole == keys_.exact.whole; }

  /// The run whose row comes next; null at the end.
  run<R>* front() {
    if (!past_.valid()) return current_.valid() ? &current_ : nullptr;
    if (!current_.valid()) return &past_;
    const int order = current_.at().body.compare(past_.at().body);
    return (descending_ ? order >= 0 : order < 0) ? &current_ : &past_;
  }

  /// Is the row's fact true at the time, and new enough?  Not for history.
  bool shows(const run<R>& in) const noexcept {
    return time_.shows(in.at().t_added) && (!in.past() || in.at().t_retracted > time_.as_of);
  }

  bool wants(components c) const noexcept { return includes(wanted_, c); }

  void append(datom_columns& out, datom d) const {
    if (wants(components::e)) out.e.push_back(d.e);
    if (wants(components::a)) out.a.push_back(d.a);
    if (wants(components::v)) out.v.push_back(std::move(d.v));
    if (wants(components::t)) out.t_op.push_back(d.t_op);
    ++out.size;
  }

  void append_row(datom_columns& out, const row& r) const {
    if (wants(components::e)) out.e.push_back(r.e);
    if (wants(components::a)) out.a.push_back(r.a);
    if (wants(components::v)) out.v.push_back(value_of(r));
    if (wants(components::t)) out.t_op.push_back(make_t_op(r.t_added, true));
    ++out.size;
  }

  /// Adds to the queue what the time shows of a row, in the direction of reading.
  void enqueue(const run<R>& in) {
    const row& r = in.at();
    if (!time_.history) {
      if (shows(in)) queue_.push_back({r.e, r.a, value_of(r), make_t_op(r.t_added, true)});
      return;
    }
    const std::size_t from = queue_.size();
    if (time_.shows(r.t_added)) queue_.push_back({r.e, r.a, value_of(r), make_t_op(r.t_added, true)});
    if (in.past() && time_.shows(r.t_retracted)) {
      queue_.push_back({r.e, r.a, value_of(r), make_t_op(r.t_retracted, false)});
    }
    if (descending_) std::reverse(queue_.begin() + static_cast<std::ptrdiff_t>(from), queue_.end());
  }

  /// Queues all rows whose keys agree up to where values are cut, in the order of their values.
  void gather_group() {
    queue_.clear(), queued_ = 0;
    const bytes_view first = front()->at().body;
    const auto v_at = static_cast<std::size_t>(front()->at().v.data() - first.data());
    const bytes group{first.substr(0, v_at + kept_of(value_limit_))};
    for (run<R>* at = front(); at != nullptr && at->at().body.starts_with(group); at = front()) {
      const std::size_t from = queue_.size();
      enqueue(*at);
      if (queue_.size() > from && !in_bounds(queue_.back().v)) queue_.resize(from);
      at->advance(io_);
    }
    const auto less = [](const datom& x, const datom& y) {
      if (const auto order = stored_order(x.v, y.v); order != 0) return order < 0;
      if (x.a != y.a) return x.a < y.a;
      return x.e != y.e ? x.e < y.e : x.t_op < y.t_op;
    };
    std::sort(queue_.begin(), queue_.end(), less);
    if (descending_) std::reverse(queue_.begin(), queue_.end());
  }

  bool in_bounds(const value& v) const {
    if (keys_.start) {
      const auto order = stored_order(v, keys_.start->at);
      if (order < 0 || (order == 0 && !keys_.start->inclusive)) return false;
    }
    if (keys_.stop) {
      const auto order = stored_order(v, keys_.stop->at);
      if (order > 0 || (order == 0 && !keys_.stop->inclusive)) return false;
    }
    return true;
  }

  const index_order order_;
  const components wanted_;
  const time_filter time_;
  const std::size_t value_limit_;
  io_counts unread_;
  io_counts& io_;
  key_range keys_;
  bool descending_ = false;
  run<R> current_, past_;
  std::vector<datom> queue_;  // what was read ahead: a group of cut values, or both ends of an interval
  std::size_t queued_ = 0;    // how many of them were handed out
};

}  // namespace datolite::datoms::flat
