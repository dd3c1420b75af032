// query_impl: the implementation of query.hpp: inputs are bound, plans remembered, queries remembered by
// their text.
#pragma once

#include <algorithm>
#include <cstddef>
#include <ctime>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <datolite/query/compile.hpp>
#include <datolite/query/destructure.hpp>
#include <datolite/query/detail/execute_steps.hpp>
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
    rules = given, compiled = made, plan = nullptr;
    return made;
  }

  /// The plan that `with` chooses. Remembers the last: estimates rarely change the order.
  std::shared_ptr<const body_plan> plan_for(const std::shared_ptr<const program>& of, const executor& with) {
    if (const auto last = last_plan(of); last != nullptr && has_one_order(*of)) return last;
    body_order order = with.order(*of->main, {}, callers_source);
    if (const auto last = last_plan(of); last != nullptr && last->order == order) return last;
    auto made = make_plan(of->main, std::move(order), {});
    const std::lock_guard lock{mutex};
    plan = made;
    return made;
  }

  const query_ast ast;
  bool takes_rules = false;

 private:
  std::shared_ptr<const body_plan> last_plan(const std::shared_ptr<const program>& of) {
    const std::lock_guard lock{mutex};
    return plan != nullptr && plan->of == of->main ? plan : nullptr;
  }

  /// Whether no estimate can change the order: at most one clause asks a source, and what else there is is
  /// known.
  static bool has_one_order(const program& of) {
    std::size_t asked = 0;
    for (const body_clause& c : of.main->clauses) {
      const auto* known = std::get_if<relation_clause>(&c.is);
      if (std::holds_alternative<pattern_clause>(c.is)) ++asked;
      if (std::holds_alternative<rule_clause>(c.is) || std::holds_alternative<not_clause>(c.is)) asked += 2;
      if (known != nullptr && known->input) asked += 2;
    }
    return asked < 2;
  }

  std::mutex mutex;
  value rules;
  std::shared_ptr<const program> compiled;
  std::shared_ptr<const body_plan> plan;
};

inline prepared::prepared(const value& form) : state_{std::make_shared<state>(form)} {}
inline const value& prepared::form() const noexcept { return state_->ast.form; }

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

inline query_form::query_form(std::string_view text) : prepared_{detail::query_cache::instance().get(text)} {}
inline query_form::query_form(const value& form)
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

inline result make_result(const std::shared_ptr<const program>& of, const environment& env, relation rows) {
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
    rows = grouping{*of, rows, columns, fixed, env}.run();
    for (std::size_t e = 0; e < columns.size(); ++e) columns[e] = e;
  }
  const auto is_pull = [](const found& f) { return f.is == find_element::type::pull; };
  if (std::any_of(of->find.begin(), of->find.end(), is_pull)) {
    if (of->shape == find_shape::scalar || of->shape == find_shape::tuple) rows.truncate(1);
    rows = find_pulls{*of, rows, columns, fixed, env}.run();
    for (std::size_t e = 0; e < columns.size(); ++e) columns[e] = e;
  }
  return {of, std::move(rows), std::move(columns), std::move(fixed)};
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

/// Answers; `report`, if not null, says what is wanted beyond the rows.
inline result answer_fully(const prepared& query, std::span<const argument> arguments,
                           const query_request* report) {
  const bool counts = report != nullptr && (!report->io_context.is_nil() || report->io != nullptr);
  const double started = counts ? milliseconds_now() : 0;
  input_binder inputs{*query.shared(), arguments};
  io_counters io;
  if (counts) inputs.env().io = &io;
  executor with{inputs.env()};
  const auto plan = query.shared()->plan_for(inputs.compiled(), with);
  rule_tables tables{with};
  body_frame frame{*plan, callers_source, tables, false};
  std::optional<statistics> seen;
  if (report != nullptr && report->query_stats) with.observe(frame, seen.emplace(*plan));
  result out = make_result(inputs.compiled(), inputs.env(), with.run(frame, relation::unit()));
  if (seen) out.set_query_stats(seen->as_value());
  if (counts && !report->io_context.is_nil()) {
    out.set_io_stats(io_stats_value(report->io_context, std::max(0.0, milliseconds_now() - started), io));
  }
  if (counts && report->io != nullptr) add_counts(*report->io, io);
  return out;
}

inline result answer(const prepared& query, std::span<const argument> arguments) {
  return answer_fully(query, arguments, nullptr);
}

}  // namespace detail

inline result query(const query_request& request) {
  return detail::answer_fully(request.query.get(), request.args, &request);
}

}  // namespace datolite::query
