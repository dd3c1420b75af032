// traced_source: a datasource that records what it is asked.
//
// A source around another, with the same rows. It forwards the datasource protocol and nothing else, so a
// query over it gets the plan, the answer and the counts that it gets without; and it shows that plan from
// the source's side: what was pushed down into `extrel`, how the joins came, what reading cost.
//
//   adapters::traced_source people{db};                                  // refers to an lvalue, keeps an
//   rvalue q("[:find ?n :where [?e :age ?a] [(< 17 ?a)] [?e :name ?n]]", people); std::cout <<
//   *people.trace();
//   // {:extrel 0, :consts [nil :age nil], :starts [nil nil 17], :past #{2}, :whiles [nil nil nil], :wanted
//   #{0 2}}
//   // {:join 0, :on [], :project-x [[0 0]], …, :predicates [(< 17 x2)], :rows-in 1, :rows-out 12, :seeks 1,
//   …}
//
// Threads: as the source inside; the trace may be read meanwhile. Copies share the trace.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <datolite/core/edn.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/io_stats.hpp>
#include <datolite/core/value.hpp>
#include <datolite/core/value_order.hpp>
#include <datolite/query/any_source.hpp>
#include <datolite/query/join_spec.hpp>
#include <datolite/query/pattern.hpp>
#include <datolite/query/relation.hpp>

namespace datolite::adapters {

/// One call of extrel: the pattern, copied.
struct traced_extrel {
  std::vector<std::optional<value>> consts, starts;
  std::vector<std::optional<query::take_while>> whiles;
  query::slot_set wanted, past;
  std::vector<query::slot_pair> repeated;
  io_counts cost;  ///< what was read before extrel returned

  /// As EDN: slots by position, a while as (op bound), sets of slots as sets.
  value as_value(std::size_t number) const;
};

/// One join with the rows that a call of extrel gave.
struct traced_join {
  std::size_t call = 0;  ///< number of that call
  std::vector<query::join_pair> on;
  std::vector<query::projection> project_x, project_y;
  std::vector<value>
      predicates;  ///< as EDN lists; x2 is slot 2 of the clause's rows, y0 slot 0 of those found so far
  bool distinct = false;
  std::size_t rows_in = 0, rows_out = 0;
  io_counts cost;

  value as_value() const;
};

/// What one traced source was asked, in order.
class source_trace {
  template <class F>
  auto locked(F&& f) const {
    const std::lock_guard lock{mutex_};
    return f();
  }

 public:
  std::vector<traced_extrel> calls() const {
    return locked([this] { return calls_; });
  }
  std::vector<traced_join> joins() const {
    return locked([this] { return joins_; });
  }
  void clear() {
    locked([this] { calls_.clear(), joins_.clear(); });
  }

  /// All of it as an EDN vector of maps, each join behind the call whose rows it joined.
  value as_value() const;

  /// Notes a call, and numbers it.
  std::size_t add(traced_extrel call) {
    return locked([&] { return calls_.push_back(std::move(call)), calls_.size() - 1; });
  }
  void add(traced_join join) {
    locked([&] { joins_.push_back(std::move(join)); });
  }

 private:
  mutable std::mutex mutex_;
  std::vector<traced_extrel> calls_;
  std::vector<traced_join> joins_;
};

/// A map a line.
inline std::ostream& operator<<(std::ostream& out, const source_trace& trace) {
  const value all = trace.as_value();
  for (const value& one : all.elements()) out << to_edn(one) << '\n';
  return out;
}

namespace detail {

/// Counts on the way to whoever asked for the counting.
struct traced_io {
  io_counters mine;
  io_counters* theirs;

  /// What was counted since the last time.
  io_counts take() {
    const io_counts all = mine.total();
    if (theirs != nullptr) {
      for (std::size_t i = 0; i < mine.by_index.size(); ++i) theirs->by_index[i] += mine.by_index[i];
      theirs->other += mine.other;
    }
    mine = {};
    return all;
  }
};

}  // namespace detail

/// Models query::IJoin.
class traced_rows {
 public:
  traced_rows(query::any_ijoin rows, std::shared_ptr<source_trace> trace, std::size_t call,
              std::unique_ptr<detail::traced_io> io)
      : rows_{std::move(rows)}, trace_{std::move(trace)}, call_{call}, io_{std::move(io)} {}

  query::relation join_project_with(const query::relation& ys, const query::join_spec& spec) const;
  bool always_scans() const { return rows_.always_scans(); }

 private:
  query::any_ijoin rows_;
  std::shared_ptr<source_trace> trace_;
  std::size_t call_;
  std::unique_ptr<detail::traced_io> io_;
};

/// Models query::ExtRel.
class traced_source {
 public:
  /// Refers to an lvalue, which must outlive this; keeps an rvalue.
  template <class S>
  requires(!std::is_same_v<std::remove_cvref_t<S>, traced_source>) explicit traced_source(S&& source)
      : inside_{std::forward<S>(source)} {}

  const std::shared_ptr<source_trace>& trace() const noexcept { return trace_; }

  traced_rows extrel(const query::clause_pattern& pattern) const {
    auto io = std::make_unique<detail::traced_io>(detail::traced_io{{}, pattern.io});
    query::clause_pattern counted = pattern;
    counted.io = &io->mine;
    query::any_ijoin rows = inside_.extrel(counted);
    const std::size_t number = trace_->add({{pattern.consts.begin(), pattern.consts.end()},
                                            {pattern.starts.begin(), pattern.starts.end()},
                                            {pattern.whiles.begin(), pattern.whiles.end()},
                                            pattern.wanted,
                                            pattern.past,
                                            {pattern.repeated.begin(), pattern.repeated.end()},
                                            io->take()});
    return {std::move(rows), trace_, number, std::move(io)};
  }

  query::slot_set required(const query::clause_pattern& pattern) const { return inside_.required(pattern); }
  query::slot_set resolves(const query::clause_pattern& pattern) const { return inside_.resolves(pattern); }
  query::slot_set gives_names(const query::clause_pattern& pattern) const {
    return inside_.gives_names(pattern);
  }

  std::optional<double> estimate(const query::clause_pattern& pattern) const {
    return inside_.estimate(pattern);
  }

  std::optional<query::source_identity> identity() const { return inside_.identity(); }

  /// That of the source inside, if it offers one. Reads through it are not recorded.
  const index_access* access() const { return inside_.access(); }

 private:
  query::any_source inside_;
  std::shared_ptr<source_trace> trace_ = std::make_shared<source_trace>();
};

// -------------------------------------------------------------------------------------------------------------

namespace detail {

class trace_map {
 public:
  void put(std::string_view key, value v) { entries_.push_back({value::keyword(key), std::move(v)}); }
  void put_cost(const io_counts& cost) {
    if (cost == io_counts{}) return;
    put("seeks", static_cast<std::int64_t>(cost.seeks));
    put("steps", static_cast<std::int64_t>(cost.steps));
    put("reads", static_cast<std::int64_t>(cost.reads));
  }
  value finish() const { return make_map(entries_); }

 private:
  std::vector<map_entry> entries_;
};

inline value slot_number(std::size_t slot) { return value{static_cast<std::int64_t>(slot)}; }

inline value slots_value(query::slot_set slots) {
  std::vector<value> all;
  for (std::size_t slot = 0; slot < slots.end(); ++slot) {
    if (slots.contains(slot)) all.push_back(slot_number(slot));
  }
  return make_set(all);
}

inline value slot_pair_value(std::size_t first, std::size_t second) {
  return value::vector({slot_number(first), slot_number(second)});
}

/// A pair [from to] a slot.
inline value projection_value(const std::vector<query::projection>& all) {
  std::vector<value> pairs;
  for (const query::projection& p : all) pairs.push_back(slot_pair_value(p.from, p.to));
  return value::vector(pairs);
}

inline value predicate_value(const query::join_predicate& p) {
  std::vector<value> out{value::symbol(p.opaque() != nullptr ? "fn" : query::to_string(p.op()))};
  for (const query::operand& o : p.operands()) {
    const char* side = o.from == query::operand::source::x ? "x" : "y";
    const bool constant = o.from == query::operand::source::constant;
    out.push_back(constant ? o.constant : value::symbol(side + std::to_string(o.slot)));
  }
  return value::list(out);
}

}  // namespace detail

inline value traced_extrel::as_value(std::size_t number) const {
  const auto values = [](const std::vector<std::optional<value>>& slots) {
    std::vector<value> all;
    for (const auto& slot : slots) all.push_back(slot.value_or(value{}));
    return value::vector(all);
  };
  std::vector<value> until, pairs;
  for (const auto& w : whiles) {
    until.push_back(w ? value::list({value::symbol(to_string(w->op())), w->bound()}) : value{});
  }
  for (const auto& [first, second] : repeated) {
    pairs.push_back(detail::slot_pair_value(first, second));
  }
  detail::trace_map out;
  out.put("extrel", detail::slot_number(number));
  out.put("consts", values(consts));
  out.put("starts", values(starts));
  out.put("whiles", value::vector(until));
  out.put("wanted", detail::slots_value(wanted));
  if (!past.empty()) out.put("past", detail::slots_value(past));
  if (!pairs.empty()) out.put("repeated", value::vector(pairs));
  out.put_cost(cost);
  return out.finish();
}

inline value traced_join::as_value() const {
  detail::trace_map out;
  out.put("join", detail::slot_number(call));
  std::vector<value> equal_slots;
  for (const auto& [x, y] : on) equal_slots.push_back(detail::slot_pair_value(x, y));
  out.put("on", value::vector(equal_slots));
  out.put("project-x", detail::projection_value(project_x));
  out.put("project-y", detail::projection_value(project_y));
  out.put("predicates", value::vector(predicates));
  if (distinct) out.put("distinct", true);
  out.put("rows-in", detail::slot_number(rows_in));
  out.put("rows-out", detail::slot_number(rows_out));
  out.put_cost(cost);
  return out.finish();
}

inline value source_trace::as_value() const {
  return locked([this] {
    std::vector<value> all;
    for (std::size_t number = 0; number < calls_.size(); ++number) {
      all.push_back(calls_[number].as_value(number));
      for (const traced_join& join : joins_) {
        if (join.call == number) all.push_back(join.as_value());
      }
    }
    return value::vector(all);
  });
}

inline query::relation traced_rows::join_project_with(const query::relation& ys,
                                                      const query::join_spec& spec) const {
  query::relation found = rows_.join_project_with(ys, spec);
  traced_join seen{call_,
                   {spec.join.begin(), spec.join.end()},
                   {spec.project_x.begin(), spec.project_x.end()},
                   {spec.project_y.begin(), spec.project_y.end()},
                   {},
                   spec.distinct,
                   ys.size(),
                   found.size(),
                   io_->take()};
  for (const query::join_predicate& p : spec.predicates)
    seen.predicates.push_back(detail::predicate_value(p));
  trace_->add(std::move(seen));
  return found;
}

}  // namespace datolite::adapters
