// as_of_source: a database at every moment, the moment being a column before the others.
//
//   q("[:find ?tx ?e ?v :in $ $history :where [$history ?e :my/attr _ ?tx] [$ ?tx ?e :my/other-attr ?v]]",
//     as_of_source{db}, db.history())
//
// A pattern is that of a database with the moment in front, [?moment ?e ?a ?v ?tx ?added]: what the database
// showed as of then. The moment is a T, a transaction's id or an instant, and must be known: a constant, or
// bound by other clauses (it is `required`), for there is no end of moments.
//
// Cost: one join with the database for each distinct moment. Threads: as a db.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include <datolite/adapters/index_relation.hpp>
#include <datolite/adapters/kept_pattern.hpp>
#include <datolite/adapters/log_source.hpp>
#include <datolite/core/error.hpp>
#include <datolite/datoms/db.hpp>
#include <datolite/query/join_spec.hpp>
#include <datolite/query/pattern.hpp>
#include <datolite/query/relation.hpp>
#include <datolite/query/row_index.hpp>

namespace datolite::adapters {

/// The rows that one pattern asks for; the moments are looked at when they are joined.
class as_of_relation {
 public:
  as_of_relation(db of, const query::clause_pattern& pattern)
      : db_{std::move(of)}, pattern_{behind_the_moment(pattern)} {
    if (pattern.size() == 0) refuse();
    moment_ = pattern.consts[0];
    const index_pattern check{db_.access(), pattern_.view()};  // so that a bad pattern is refused here
    (void)check;
  }

  query::relation join_project_with(const query::relation& ys, const query::join_spec& spec) const {
    query::relation out{spec.width};
    if (moment_) {
      add(*moment_, ys, spec, out);
      return out;
    }
    const auto pair =
        std::find_if(spec.join.begin(), spec.join.end(), [](const auto& p) { return p.x == 0; });
    if (pair == spec.join.end()) refuse();
    const query::column& moments = ys.column(pair->y);
    std::vector<std::uint32_t> order(ys.size());
    std::iota(order.begin(), order.end(), std::uint32_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::uint32_t i, std::uint32_t j) {
      return stored_order(moments[i], moments[j]) < 0;
    });
    for (std::size_t from = 0; from < order.size();) {
      std::size_t to = from + 1;
      while (to < order.size() && stored_order(moments[order[from]], moments[order[to]]) == 0) ++to;
      const std::vector<std::uint32_t> rows{order.begin() + static_cast<std::ptrdiff_t>(from),
                                            order.begin() + static_cast<std::ptrdiff_t>(to)};
      add(moments[order[from]], query::gathered(ys, rows), spec, out);
      from = to;
    }
    return out;
  }

 private:
  [[noreturn]] static void refuse() {
    throw error{error_category::incorrect, "db.error/insufficient-binding",
                "the moment before an as-of pattern must be bound"};
  }

  static kept_pattern behind_the_moment(const query::clause_pattern& p) {
    if (p.size() == 0) return kept_pattern{p};
    const query::clause_pattern rest{p.consts.subspan(1),
                                     p.starts.subspan(1),
                                     p.whiles.subspan(1),
                                     query::slot_set{p.wanted.bits() >> 1},
                                     {},
                                     p.io,
                                     query::slot_set{p.past.bits() >> 1}};
    return kept_pattern{rest};
  }

  /// Adds the join of what the database showed at `moment` with `ys`, which all have that moment.
  void add(const value& moment, const query::relation& ys, const query::join_spec& spec,
           query::relation& out) const {
    std::vector<query::join_pair> join;
    for (const query::join_pair& p : spec.join) {
      if (p.x > 0) join.push_back({p.x - 1, p.y});
    }
    std::vector<query::projection> project_x;
    for (const query::projection& p : spec.project_x) {
      if (p.from == 0) refuse();
      project_x.push_back({p.from - 1, p.to});
    }
    std::vector<query::join_predicate> predicates;
    for (const query::join_predicate& p : spec.predicates) {
      std::vector<query::operand> operands{p.operands().begin(), p.operands().end()};
      for (query::operand& o : operands) {
        if (o.from != query::operand::source::x) continue;
        o = o.slot == 0 ? query::operand::of(moment) : query::operand::x(o.slot - 1);
      }
      if (p.opaque() != nullptr)
        predicates.emplace_back(*p.opaque(), std::move(operands));
      else
        predicates.emplace_back(p.op(), std::move(operands[0]), std::move(operands[1]));
    }
    std::stable_partition(predicates.begin(), predicates.end(),
                          [](const query::join_predicate& p) { return !p.uses_y(); });
    const query::join_spec inner{join,        project_x,  spec.project_y,
                                 predicates,  spec.width, spec.distinct,
                                 spec.limits, 0,          query::slot_set{spec.named.bits() >> 1}};
    const db then = db_.as_of(moment);
    const query::relation found = index_relation{then.access(), pattern_.view()}.join_project_with(ys, inner);
    std::vector<std::uint32_t> all(found.size());
    std::iota(all.begin(), all.end(), std::uint32_t{0});
    for (std::size_t slot = 0; slot < out.width(); ++slot)
      out.column_to_fill(slot).append(found.column(slot), all);
    out.commit_rows(found.size());
  }

  db db_;
  kept_pattern pattern_;
  std::optional<value> moment_;
};

/// Keeps the db.
class as_of_source {
 public:
  explicit as_of_source(db of) : db_{std::move(of)} {}

  as_of_relation extrel(const query::clause_pattern& pattern) const { return {db_, pattern}; }

  query::slot_set required(const query::clause_pattern&) const noexcept { return query::slot_set{1}; }

  query::slot_set resolves(const query::clause_pattern& p) const {
    if (p.size() < 2) return {};
    return query::slot_set{slots_with_names(db_.access(), behind_the_moment(p)).bits() << 1};
  }
  query::slot_set gives_names(const query::clause_pattern& p) const {
    if (p.size() < 2) return {};
    return query::slot_set{slots_giving_names(db_.access(), behind_the_moment(p)).bits() << 1};
  }

  std::optional<double> estimate(const query::clause_pattern& p) const {
    if (p.size() < 2) return std::nullopt;
    return index_relation{db_.access(), behind_the_moment(p)}.estimate();
  }

 private:
  static query::clause_pattern behind_the_moment(const query::clause_pattern& p) {
    return {p.consts.subspan(1), p.starts.subspan(1), p.whiles.subspan(1), {}, {}};
  }

  db db_;
};

}  // namespace datolite::adapters
