// The definitions of log_source.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <datolite/adapters/index_pattern.hpp>
#include <datolite/adapters/index_relation.hpp>
#include <datolite/adapters/kept_pattern.hpp>
#include <datolite/adapters/log_source.hpp>
#include <datolite/adapters/named_access.hpp>
#include <datolite/core/datom.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/io_stats.hpp>
#include <datolite/core/linkage.hpp>
#include <datolite/core/value.hpp>
#include <datolite/datoms/datom_range.hpp>
#include <datolite/datoms/db.hpp>
#include <datolite/datoms/db_log.hpp>
#include <datolite/query/any_source.hpp>
#include <datolite/query/join_spec.hpp>
#include <datolite/query/pattern.hpp>
#include <datolite/query/relation.hpp>

namespace datolite::adapters {

namespace detail {

/// Hands out the datoms of the log that a range holds, in the order of the log.
class log_cursor final : public datom_cursor {
 public:
  log_cursor(const db& of, const std::vector<t_span>& spans, components wanted, io_counters* io)
      : db_{of}, spans_{spans}, wanted_{wanted}, io_{io} {}

  void seek(const datom_range& range) override {
    found_.clear(), handed_out_ = 0;
    for (const t_span& span : spans_) {
      if (io_ != nullptr) ++io_->other.seeks;
      datoms::read_log(db_.view(), span.first, span.last + 1, [&](const datoms::log_record& one) {
        if (io_ != nullptr) ++io_->other.steps;
        for (const datom& d : one.datoms) {
          if (datoms::place_in(range, d) == 0) found_.push_back(d);
        }
        return true;
      });
    }
  }

  bool next_batch(datom_columns& out, std::size_t at_most) override {
    out.clear();
    for (; handed_out_ < found_.size() && out.size < at_most; ++handed_out_, ++out.size) {
      datom& d = found_[handed_out_];
      if (includes(wanted_, components::e)) out.e.push_back(d.e);
      if (includes(wanted_, components::a)) out.a.push_back(d.a);
      if (includes(wanted_, components::v)) out.v.push_back(std::move(d.v));
      if (includes(wanted_, components::t)) out.t_op.push_back(d.t_op);
    }
    if (io_ != nullptr) io_->other.reads += out.size;
    return out.size > 0;
  }

 private:
  const db db_;
  const std::vector<t_span>& spans_;
  const components wanted_;
  io_counters* const io_;
  std::vector<datom> found_;
  std::size_t handed_out_ = 0;
};

/// The log, as far as an index_relation asks: names as the db has them, runs of an index by filtering.
class log_access final : public named_access {
 public:
  log_access(db of, std::vector<t_span> spans) : named_access{std::move(of)}, spans_{std::move(spans)} {}

  std::unique_ptr<datom_cursor> open_cursor(index_order, components wanted, io_counters* io) const override {
    return std::make_unique<log_cursor>(named(), spans_, wanted, io);
  }
  void read(entity_id e, attribute_id a, std::vector<value>& out, io_counters* io) const override {
    named().access().read(e, a, out, io);
  }

 private:
  std::vector<t_span> spans_;
};

/// The T whose transaction has the id that `v` is; -1 if it is none.
inline std::int64_t t_of_id(const value& v) {
  const bool is_tx = (v.is(kind::ref) || v.is(kind::long_)) && datoms::part(v.word()) == datoms::part_tx;
  return is_tx ? datoms::tx_to_t(v.word()) : -1;
}

/// `span` as far as the pattern's constant and advice on the transaction allow.
inline t_span narrowed(t_span span, const query::clause_pattern& p) {
  if (p.size() <= slot_tx) return span;
  const auto integral = [](const value& v) { return v.is(kind::ref) || v.is(kind::long_); };
  const entity_id zero = datoms::t_to_tx(0);
  if (p.consts[slot_tx] && !p.consts[slot_tx]->is(kind::bigint)) {
    const std::int64_t t = t_of_id(*p.consts[slot_tx]);
    return {std::max(t < 0 ? span.last + 1 : t, span.first), std::min(t, span.last)};
  }
  if (p.starts[slot_tx] && integral(*p.starts[slot_tx]) && p.starts[slot_tx]->word() > zero) {
    span.first = std::max(span.first, p.starts[slot_tx]->word() - zero);
  }
  const auto& until = p.whiles[slot_tx];
  if (until && until->op() != query::comparison::starts_with && integral(until->bound())) {
    const std::int64_t beyond = until->op() == query::comparison::less ? 1 : 0;
    span.last =
        std::min(span.last, until->bound().word() < zero ? -1 : until->bound().word() - zero - beyond);
  }
  return span;
}

/// The rows that one pattern asks of a log.
class log_relation {
 public:
  log_relation(db of, t_span span, const query::clause_pattern& pattern);

  query::relation join_project_with(const query::relation& ys, const query::join_spec& spec) const;

 private:
  std::vector<t_span> spans(const query::relation& ys, const query::join_spec& spec) const;

  db db_;
  t_span span_;
  kept_pattern pattern_;
};

inline log_relation::log_relation(db of, t_span span, const query::clause_pattern& pattern)
    : db_{std::move(of)}, span_{narrowed(span, pattern)}, pattern_{pattern} {
  const index_pattern check{db_.access(), pattern};  // so that a bad pattern is refused here
  (void)check;
}

inline query::relation log_relation::join_project_with(const query::relation& ys,
                                                       const query::join_spec& spec) const {
  const log_access log{db_, spans(ys, spec)};
  return index_relation{log, pattern_.view()}.join_project_with(ys, spec);
}

/// What must be read: the transactions that ys name, where these are few, else the whole span.
inline std::vector<t_span> log_relation::spans(const query::relation& ys,
                                               const query::join_spec& spec) const {
  constexpr std::size_t few = 1000;
  const auto pair =
      std::find_if(spec.join.begin(), spec.join.end(), [](const auto& p) { return p.x == slot_tx; });
  if (pair == spec.join.end()) return {span_};
  std::vector<std::int64_t> ts;
  for (std::size_t y = 0; y < ys.size(); ++y) {
    const value& id = ys[y][pair->y];
    if (id.is(kind::bigint)) return {span_};
    const std::int64_t t = t_of_id(id);
    if (t >= span_.first && t <= span_.last) ts.push_back(t);
  }
  std::sort(ts.begin(), ts.end());
  ts.erase(std::unique(ts.begin(), ts.end()), ts.end());
  if (ts.size() > few) return {t_span{ts.front(), ts.back()}};
  std::vector<t_span> each;
  for (const std::int64_t t : ts) each.push_back({t, t});
  return each;
}

}  // namespace detail

DATOLITE_INLINE log_source::log_source(db of, const std::optional<value>& start,
                                       const std::optional<value>& end)
    : db_{std::move(of)} {
  if (start) span_.first = db_.t_from(*start);
  if (end) span_.last = db_.t_from(*end) - 1;
}

DATOLITE_INLINE query::any_ijoin log_source::extrel(const query::clause_pattern& pattern) const {
  return query::any_ijoin{detail::log_relation{db_, span_, pattern}};
}

DATOLITE_INLINE query::slot_set log_source::resolves(const query::clause_pattern& pattern) const {
  return slots_with_names(db_.access(), pattern);
}

DATOLITE_INLINE query::slot_set log_source::gives_names(const query::clause_pattern& pattern) const {
  return slots_giving_names(db_.access(), pattern);
}

DATOLITE_INLINE std::optional<double> log_source::estimate(const query::clause_pattern& pattern) const {
  if (pattern.size() > slot_tx && pattern.consts[slot_tx]) return 16.0;
  return std::nullopt;
}

}  // namespace datolite::adapters
