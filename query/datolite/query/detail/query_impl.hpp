// query_impl: the implementation of query.hpp: inputs are bound, plans remembered, queries remembered by
// their text.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <limits>
#include <list>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <datolite/core/linkage.hpp>
#include <datolite/query/compile.hpp>
#include <datolite/query/destructure.hpp>
#include <datolite/query/detail/execute_steps.hpp>
#include <datolite/query/detail/explain_plan.hpp>
#include <datolite/query/detail/find_pulls.hpp>
#include <datolite/query/detail/group.hpp>
#include <datolite/query/executor.hpp>
#include <datolite/query/parse.hpp>
#include <datolite/query/query.hpp>
#include <datolite/query/statistics.hpp>

namespace datolite::query {

/// What a prepared query shares: the query, and what was last worked out for it.
struct prepared::state {
  explicit state(const value& form) : ast{parse_query(form)} {
    for (const query_input& in : ast.inputs) takes_rules = takes_rules || in.is == query_input::type::rules;
    if (!takes_rules) compiled = std::make_shared<const program>(compile(ast, {}));
  }

  /// The program with the rules `given`. Remembers the last.
  std::shared_ptr<const program> with_rules(const value& given) {
    if (!takes_rules) return compiled;
    {
      const std::lock_guard lock{mutex};
      if (compiled != nullptr && (given.is_identical(rules) || given == rules)) return compiled;
    }
    auto made = std::make_shared<const program>(
        compile(ast, parse_rules(given.is(kind::string) ? read_edn(given.as_string(), "rules") : given)));
    const std::lock_guard lock{mutex};
    rules = given, compiled = made;
    return made;
  }

  const query_ast ast;
  bool takes_rules = false;

 private:
  std::mutex mutex;
  value rules;
  std::shared_ptr<const program> compiled;
};

DATOLITE_INLINE prepared::prepared(const value& form) : state_{std::make_shared<state>(form)} {}
DATOLITE_INLINE const value& prepared::form() const noexcept { return state_->ast.form; }

namespace detail {

/// The queries last asked by their text.
class query_cache {
 public:
  static query_cache& instance() {
    static query_cache cache;
    return cache;
  }

  prepared get(std::string_view text) {
    {
      const std::lock_guard lock{mutex_};
      const auto known = by_text_.find(text);
      if (known != by_text_.end()) {
        recent_.splice(recent_.begin(), recent_, known->second);
        return known->second->second;
      }
    }
    prepared made{read_edn(text, "query")};
    const std::lock_guard lock{mutex_};
    if (by_text_.contains(text)) return made;
    recent_.emplace_front(std::string{text}, made);
    by_text_.emplace(recent_.front().first, recent_.begin());
    if (recent_.size() > capacity) {
      by_text_.erase(recent_.back().first);
      recent_.pop_back();
    }
    return made;
  }

 private:
  static constexpr std::size_t capacity = 256;
  using entry = std::pair<std::string, prepared>;

  std::mutex mutex_;
  std::list<entry> recent_;  // latest first; the keys below point into it
  std::unordered_map<std::string_view, std::list<entry>::iterator> by_text_;
};

}  // namespace detail

DATOLITE_INLINE query_form::query_form(std::string_view text)
    : prepared_{detail::query_cache::instance().get(text)} {}
DATOLITE_INLINE query_form::query_form(const value& form)
    : prepared_{form.is(kind::string) ? detail::query_cache::instance().get(form.as_string())
                                      : prepared{form}} {}

namespace detail {

/// The inputs of one execution, bound as :in says.
class input_binder {
 public:
  input_binder(prepared::state& of, std::span<const argument> arguments) : arguments_{arguments} {
    refuse_number(of.ast);
    program_ = of.with_rules(rules_argument(of.ast));
    env_.of = program_.get();
    env_.plans = program_->plans.get();
    env_.sources.reserve(program_->sources.size()), env_.values.reserve(program_->input_values);
    for (std::size_t i = 0; i < arguments.size(); ++i) bind(program_->inputs[i], arguments[i]);
    env_.values.resize(program_->input_values);
  }

  const std::shared_ptr<const program>& compiled() const noexcept { return program_; }
  environment& env() noexcept { return env_; }

 private:
  void refuse_number(const query_ast& of) const {
    const std::size_t wanted = of.inputs.size();
    if (arguments_.size() == wanted || (of.inputs_omitted && arguments_.empty())) return;
    refuse(wrong_input,
           std::string{arguments_.size() < wanted ? "too few" : "too many"} +
               " inputs: " + std::to_string(arguments_.size()) + " instead of " + std::to_string(wanted),
           of.form);
  }

  value rules_argument(const query_ast& of) const {
    for (std::size_t i = 0; i < of.inputs.size(); ++i) {
      if (of.inputs[i].is == query_input::type::rules) return arguments_[i].as_value(of.inputs[i].form);
    }
    return {};
  }

  void bind(const input_plan& in, const argument& given) {
    using use = input_plan::use;
    if (in.is == query_input::type::source) return env_.sources.push_back(given.as_source(in.form));
    if (in.is == query_input::type::rules) return;
    switch (in.as) {
      case use::none: return;
      case use::function: return env_.functions.push_back(given.as_function(in.form));
      case use::value: return naming_clause(in.form, [&] { env_.values.push_back(given.as_value(in.form)); });
      case use::tuple: return naming_clause(in.form, [&] { bind_tuple(in, given.as_value(in.form)); });
      case use::relation:
        return naming_clause(in.form, [&] {
          relation rows{in.binding.columns.size()};
          destructure(given.as_value(in.form), in.binding.form, rows);
          env_.relations.push_back(distinct(std::move(rows)));
        });
    }
  }

  void bind_tuple(const input_plan& in, const value& given) {
    relation row{in.values.size()};
    destructure(given, in.binding.form, row);
    if (row.empty()) refuse(wrong_input, "a variable that stands twice has two values", given);
    for (std::size_t i = 0; i < in.values.size(); ++i) env_.values.push_back(row.row(0)[i]);
  }

  std::span<const argument> arguments_;
  std::shared_ptr<const program> program_;
  environment env_;
};

/// The rows in order, without those that the offset and the limit leave out.
inline relation arranged(relation rows, const query_options& how, const std::vector<std::size_t>& columns,
                         const std::vector<value>& fixed) {
  if (how.order.empty() && !how.offset && !how.limit) return rows;
  std::vector<std::uint32_t> kept(rows.size());
  std::iota(kept.begin(), kept.end(), std::uint32_t{0});
  const auto at = [&](std::uint32_t row, std::size_t element) {
    const std::size_t column = columns[element];
    return column < rows.width() ? rows.row(row)[column] : fixed[column - rows.width()];
  };
  if (!how.order.empty()) {
    std::stable_sort(kept.begin(), kept.end(), [&](std::uint32_t i, std::uint32_t j) {
      for (const auto& [element, descending] : how.order) {
        const value x = at(i, element), y = at(j, element);
        if (comes_before(x, y)) return !descending;
        if (comes_before(y, x)) return descending;
      }
      return false;
    });
  }
  const auto first = std::min<std::size_t>(kept.size(), static_cast<std::size_t>(how.offset.value_or(0)));
  kept.erase(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(first));
  if (how.limit) kept.resize(std::min<std::size_t>(kept.size(), static_cast<std::size_t>(*how.limit)));
  return gathered(rows, kept);
}

/// Whether a query wants nothing but the number of its bindings.
inline bool only_counts(const program& of) {
  return std::all_of(of.find.begin(), of.find.end(), [](const found& f) {
    return f.is == find_element::type::aggregate && f.built_in == count_of && f.what.is_variable();
  });
}

/// The one group of a query that only counts; none if there is nothing to count.
inline relation counts_as_rows(const program& of, std::size_t counted) {
  relation out{of.find.size()};
  if (counted == 0) return out;
  for (std::size_t e = 0; e < of.find.size(); ++e) out.put(e, static_cast<std::int64_t>(counted));
  out.commit_rows(1);
  return out;
}

/// `counted`: how many rows there would be, if they were only counted.
inline result make_result(const std::shared_ptr<const program>& of, const environment& env, relation rows,
                          std::optional<std::size_t> counted, const query_options& how) {
  std::vector<std::size_t> columns;
  std::vector<value> fixed;
  columns.reserve(of->find.size());
  const auto& head = of->main->head;
  for (const found& f : of->find) {
    if (f.what.is_variable()) {
      const auto at = std::find(head.begin(), head.end(), f.what.id);
      columns.push_back(static_cast<std::size_t>(at - head.begin()));
    } else {
      columns.push_back(head.size() + fixed.size());
      fixed.push_back(env.values[f.what.id]);
    }
  }
  const auto is_aggregate = [](const found& f) { return f.is == find_element::type::aggregate; };
  if (std::any_of(of->find.begin(), of->find.end(), is_aggregate)) {
    rows = counted ? counts_as_rows(*of, *counted) : grouping{*of, rows, columns, fixed, env}.run();
    for (std::size_t e = 0; e < columns.size(); ++e) columns[e] = e;
  }
  rows = arranged(std::move(rows), how, columns, fixed);
  const auto is_pull = [](const found& f) { return f.is == find_element::type::pull; };
  if (std::any_of(of->find.begin(), of->find.end(), is_pull)) {
    if (of->shape == find_shape::scalar || of->shape == find_shape::tuple) rows.truncate(1);
    rows = find_pulls{*of, rows, columns, fixed, env}.run();
    for (std::size_t e = 0; e < columns.size(); ++e) columns[e] = e;
  }
  result out{of, std::move(rows), std::move(columns), std::move(fixed)};
  if (!how.order.empty()) out.set_ordered();
  return out;
}

/// How many different bindings suffice for the rows asked for; 0 if all are needed.
inline std::size_t enough_for(const program& of, const query_options& how) {
  const bool aggregates = std::any_of(of.find.begin(), of.find.end(),
                                      [](const found& f) { return f.is == find_element::type::aggregate; });
  if (!how.limit || !how.order.empty() || aggregates) return 0;
  constexpr std::int64_t most = 1'000'000;  // beyond, trying first is not worth it
  const std::int64_t offset = how.offset.value_or(0);
  return *how.limit > most || offset > most ? 0 : static_cast<std::size_t>(*how.limit + offset);
}

inline double milliseconds_now() noexcept {
  std::timespec now{};
  static_cast<void>(std::timespec_get(&now, TIME_UTC));
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

inline void add_counts(io_counters& to, const io_counters& from) noexcept {
  for (std::size_t i = 0; i < to.by_index.size(); ++i) to.by_index[i] += from.by_index[i];
  to.other += from.other;
}

/// The options of one execution: the query's own, and before them those of the request.
inline query_options options_of(const program& of, const query_ast& ast, const query_request* request) {
  query_options out = of.options;
  if (request == nullptr) return out;
  if (!request->order_by.is_nil()) {
    out.order.clear();
    parse_order(out.order, {&request->order_by, 1}, ast.find, ast.form);
  }
  if (request->offset) out.offset = std::max<std::int64_t>(0, *request->offset);
  if (request->limit) out.limit = *request->limit < 0 ? std::nullopt : request->limit;
  if (request->timeout) out.timeout = request->timeout;
  return out;
}

/// The moment so many milliseconds from now; one that never comes, if that is too far off to be counted.
inline std::int64_t deadline_after(std::int64_t milliseconds) noexcept {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const std::int64_t now = watch::now();
  return milliseconds > (most - now) / 1'000'000 ? most : now + milliseconds * 1'000'000;
}

/// The limits of a query with a deadline that may be earlier, while this lives.
class earlier_deadline {
 public:
  earlier_deadline(watch& of, std::optional<std::int64_t> deadline) noexcept : of_{of}, before_{of.deadline} {
    if (deadline && (!before_ || *deadline < *before_)) of_.deadline = deadline;
  }
  earlier_deadline(const earlier_deadline&) = delete;
  earlier_deadline& operator=(const earlier_deadline&) = delete;
  ~earlier_deadline() { of_.deadline = before_; }

 private:
  watch& of_;
  std::optional<std::int64_t> before_;
};

/// The limits of one execution; nothing if there are none.
inline std::optional<watch> limits_of(const query_options& how, const query_request* request) {
  watch out;
  if (how.timeout) out.deadline = deadline_after(*how.timeout);
  if (request != nullptr) out.cancelled = request->cancel, out.most_bytes = request->memory;
  if (!out.deadline && !out.cancelled && !out.most_bytes) return std::nullopt;
  return out;
}

/// Answers; `report`, if not null, says what is wanted beyond the rows. `within`: the limits of a query that
/// asks this one.
inline result answer_fully(const prepared& query, std::span<const argument> arguments,
                           const query_request* report, const environment* within = nullptr) {
  const bool counts = report != nullptr && (!report->io_context.is_nil() || report->io != nullptr);
  const double started = counts ? milliseconds_now() : 0;
  input_binder inputs{*query.shared(), arguments};
  const query_options how = options_of(*inputs.compiled(), query.shared()->ast, report);
  std::optional<watch> limits = limits_of(how, report);
  io_counters io;
  environment& env = inputs.env();
  if (counts) env.io = &io;
  if (within != nullptr) env.io = within->io, env.limits = within->limits;
  std::optional<earlier_deadline> until;
  if (env.limits != nullptr) {
    until.emplace(*env.limits, limits ? limits->deadline : std::nullopt);
  } else if (limits) {
    env.limits = &*limits;
  }
  if (env.limits != nullptr) env.limits->poll();
  executor with{env};
  const auto plan = with.plan(inputs.compiled()->main, {}, {}, callers_source);
  rule_tables tables{with};
  body_frame frame{*plan, callers_source, tables, false};
  frame.only_counts = only_counts(*inputs.compiled());
  std::optional<statistics> seen;
  if (report != nullptr && report->query_stats) with.observe(frame, seen.emplace(*plan));
  const std::size_t enough = enough_for(*inputs.compiled(), how);
  relation rows = enough == 0 ? with.run(frame, relation::unit()) : with.run_for(frame, enough);
  result out = make_result(inputs.compiled(), env, std::move(rows), frame.counted, how);
  if (seen) out.set_query_stats(seen->as_value());
  if (counts && !report->io_context.is_nil()) {
    out.set_io_stats(io_stats_value(report->io_context, std::max(0.0, milliseconds_now() - started), io));
  }
  if (counts && report->io != nullptr) add_counts(*report->io, io);
  return out;
}

DATOLITE_INLINE result answer(const prepared& query, std::span<const argument> arguments) {
  return answer_fully(query, arguments, nullptr);
}

}  // namespace detail

inline std::shared_ptr<const prepared> prepare_nested(const value& form) {
  return std::make_shared<const prepared>(query_form{form}.get());
}

inline value ask_nested(const prepared& query, const environment& within,
                        std::span<const nested_argument> arguments) {
  std::vector<argument> given;
  for (const nested_argument& a : arguments) {
    if (a.source != nullptr)
      given.emplace_back(*a.source);
    else
      given.emplace_back(a.given);
  }
  return detail::answer_fully(query, given, nullptr, &within).as_value();
}

DATOLITE_INLINE explanation explain(const query_request& request) {
  detail::input_binder inputs{*request.query.get().shared(), request.args};
  const query_options how =
      detail::options_of(*inputs.compiled(), request.query.get().shared()->ast, &request);
  std::optional<watch> limits = detail::limits_of(how, &request);
  if (limits) inputs.env().limits = &*limits;
  executor with{inputs.env()};
  const auto plan = with.plan(inputs.compiled()->main, {}, {}, callers_source);
  rule_tables tables{with};
  body_frame frame{*plan, callers_source, tables, false};
  with.run(frame, relation::unit());
  explanation out{detail::plan_explainer{with}.explain(frame), {}};
  detail::print_steps(out.tree, *find_keyword(out.plan, "steps"), "");
  return out;
}

DATOLITE_INLINE result query(const query_request& request) {
  return detail::answer_fully(request.query.get(), request.args, &request);
}

}  // namespace datolite::query
