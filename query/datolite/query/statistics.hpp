// statistics: what answering a query did, as EDN in Datomic's shape.
//
//   query_stats  {:query …, :phases [{:sched (((clause …))), :clauses [{:clause …, :rows-in 0, :rows-out 3,
//                  :binds-in (), :binds-out [?e], :preds ([…]), :expansion 3, :warnings {:unbound-vars
//                  #{?e}}}]}]}
//   io_stats     {:io-context :my/context, :api :query, :api-ms 0.3, :reads {:aevt 1351}, :seeks {…}, :steps
//   {…}}
//
// query_stats measures the joins, io_stats the reads behind them: a clause that joins few rows may have read
// many.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <datolite/core/edn.hpp>
#include <datolite/core/io_stats.hpp>
#include <datolite/core/value.hpp>
#include <datolite/core/value_order.hpp>
#include <datolite/query/executor.hpp>

namespace datolite::query {

/// Collects query_stats while the query runs.
class statistics final : public step_observer {
 public:
  explicit statistics(const body_plan& of) : of_{of} {}

  void step_done(const plan_step& step, std::size_t rows_in, std::size_t rows_out) override {
    std::vector<map_entry> out;
    const auto put = [&out](const char* key, value v) { out.push_back({value::keyword(key), std::move(v)}); };
    put("clause", std::holds_alternative<filter_step>(step.is) ? value{} : step.form);
    put("rows-in", static_cast<std::int64_t>(rows_in));
    put("rows-out", static_cast<std::int64_t>(rows_out));
    put("binds-in", names(step.binds_in, kind::list));
    put("binds-out", names(step.binds_out, kind::vector));
    if (rows_out > rows_in) put("expansion", static_cast<std::int64_t>(rows_out - rows_in));
    const value preds = predicates(step);
    if (!preds.elements().empty()) put("preds", preds);
    if (const value warning = warnings(step); !warning.is_nil()) put("warnings", warning);
    clauses_.push_back(make_map(out));
  }

  /// What was seen until now, as a map.
  value as_value() const {
    std::vector<value> order;
    for (const plan_step& step : of_.steps) {
      if (!std::holds_alternative<filter_step>(step.is)) order.push_back(step.form);
    }
    const value phase = make_map({{value::keyword("sched"), value::list({value::list(order)})},
                                  {value::keyword("clauses"), value::vector(clauses_)}});
    return make_map(
        {{value::keyword("query"), of_.of->form}, {value::keyword("phases"), value::vector({phase})}});
  }

 private:
  value names(const std::vector<var_id>& variables, kind as) const {
    std::vector<value> out;
    for (const var_id v : variables) out.push_back(of_.of->names[v]);
    return as == kind::list ? value::list(out) : value::vector(out);
  }

  static value predicates(const plan_step& step) {
    std::vector<value> out;
    for (const predicate_plan& p : step.join.predicates) {
      if (!p.form.is_nil()) out.push_back(p.form);
    }
    return value::list(out);
  }

  /// A pattern of which nothing is known reads its whole source.
  value warnings(const plan_step& step) const {
    const auto* p = std::get_if<pattern_step>(&step.is);
    if (p == nullptr || !step.join.join.empty()) return {};
    for (std::size_t i = 0; i < p->pattern->consts.size(); ++i) {
      if (p->pattern->consts[i] || p->pattern->starts[i] || p->pattern->whiles[i]) return {};
    }
    if (p->pattern->is_late()) return {};
    std::vector<value> out;
    for (const slot_term& t : std::get<pattern_clause>(of_.of->clauses[p->number].is).terms) {
      if (t.is_variable()) out.push_back(of_.of->names[t.id]);
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return make_map({{value::keyword("unbound-vars"), value::from_ordered(kind::set, out)}});
  }

  const body_plan& of_;
  std::vector<value> clauses_;
};

/// `counters` as a map. Indexes that were not touched are left out.
inline value io_stats_value(const value& context, double milliseconds, const io_counters& counters) {
  constexpr std::pair<index_order, const char*> indexes[] = {{index_order::eavt, "eavt"},
                                                             {index_order::aevt, "aevt"},
                                                             {index_order::avet, "avet"},
                                                             {index_order::vaet, "vaet"}};
  const auto by_index = [&](std::uint64_t io_counts::*what) {
    std::vector<map_entry> out;
    const auto add = [&](const char* name, const io_counts& counts) {
      if (counts.*what != 0) out.push_back({value::keyword(name), static_cast<std::int64_t>(counts.*what)});
    };
    for (const auto& [index, name] : indexes) add(name, counters.by_index[static_cast<std::size_t>(index)]);
    add("other", counters.other);
    return make_map(out);
  };
  return make_map({{value::keyword("io-context"), context},
                   {value::keyword("api"), value::keyword("query")},
                   {value::keyword("api-ms"), milliseconds},
                   {value::keyword("reads"), by_index(&io_counts::reads)},
                   {value::keyword("seeks"), by_index(&io_counts::seeks)},
                   {value::keyword("steps"), by_index(&io_counts::steps)},
                   {value::keyword("blocks"), by_index(&io_counts::blocks)}});
}

}  // namespace datolite::query
