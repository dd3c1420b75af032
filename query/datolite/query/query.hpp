// query: the door. Ask with `q`, ask often with `prepare`, ask for more with a `query_request`.
//
//   q("[:find ?n :in $ ?min :where [?e :age ?a] [(<= ?min ?a)] [?e :name ?n]]", db, 18)
//   q<std::string, std::int64_t>("[:find ?n ?a :where …]", db)        // rows as std::tuple
//   q({.query = "[:find …]", .args = {db}, .query_stats = true, .io_context = "my/report"_kw})
//
// The arguments go with the query's :in, in order; an lvalue datasource is referred to, an rvalue kept. Texts
// are parsed once: the last few hundred are remembered.
//
// Errors: `incorrect` with the clause in the message for a malformed query, an argument that does not fit, a
// clause whose variables nothing binds, a function that fails. Threads: everything here may be used by many
// threads at once.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <datolite/core/io_stats.hpp>
#include <datolite/core/value.hpp>
#include <datolite/query/argument.hpp>
#include <datolite/query/functions.hpp>
#include <datolite/query/result.hpp>
#include <datolite/query/watch.hpp>

namespace datolite::query {

/// A query, parsed and with its names resolved, to be asked many times. Copies share it; O(1).
class prepared {
 public:
  /// The query that `form` says.
  explicit prepared(const value& form);

  const value& form() const noexcept;

  struct state;
  const std::shared_ptr<state>& shared() const noexcept { return state_; }

 private:
  std::shared_ptr<state> state_;
};

/// A query as `q` takes it: text, EDN, or prepared.
class query_form {
 public:
  query_form(const char* text) : query_form{std::string_view{text}} {}
  query_form(const std::string& text) : query_form{std::string_view{text}} {}
  query_form(std::string_view text);  ///< parsed, or remembered
  query_form(const value& form);      ///< an EDN string is a query's text
  query_form(prepared p) noexcept : prepared_{std::move(p)} {}

  const prepared& get() const noexcept { return prepared_; }

 private:
  prepared prepared_;
};

/// A query to be asked often: parsed and resolved now.
inline prepared prepare(const query_form& form) { return form.get(); }

/// A query, its arguments, and what else is wanted.
struct query_request {
  query_form query;
  std::vector<argument> args = {};
  bool query_stats = false;   ///< fill result::query_stats
  value io_context = {};      ///< a keyword: fill result::io_stats, under this name
  io_counters* io = nullptr;  ///< count reads here too

  // What follows counts before what the query itself says.
  value order_by = {};                                 ///< as :order-by; nil: as the query says
  std::optional<std::int64_t> offset = std::nullopt;   ///< rows to leave out first
  std::optional<std::int64_t> limit = std::nullopt;    ///< rows at most, after the offset
  std::optional<std::int64_t> timeout = std::nullopt;  ///< milliseconds, then `interrupted` is thrown
  std::optional<cancellation> cancel = std::nullopt;   ///< another thread's way to stop it: `interrupted`
  std::optional<std::size_t> memory = std::nullopt;  ///< bytes for relations, beyond which it is `exhausted`
};

/// Asks. Also as datolite::q(request).
result query(const query_request& request);

/// How a query was answered: the plan as data, and as a tree to be read.
struct explanation {
  value plan;  ///< {:query … :steps [{:clause :by :estimated :rows-in :rows-out :binds :preds} …]}, and
               ///< what a step is made of (detail/explain_plan.hpp)
  std::string tree;  ///< a line a step
};

/// Asks, and says how: the steps in their order, what the sources promised for each clause by itself, and how
/// many rows went in and came out; of negations and of the branches of rules, too. Also as
/// datolite::explain(request).
explanation explain(const query_request& request);

namespace detail {

result answer(const prepared& query, std::span<const argument> arguments);

}  // namespace detail

}  // namespace datolite::query

namespace datolite {

using query::prepare;

/// Asks `form` about `arguments`. Without type arguments the answer is a `query::result`; with them, a
/// std::vector of std::tuple of these types.
template <class... T, class... Argument>
auto q(const query::query_form& form, Argument&&... arguments) {
  const std::array<query::argument, sizeof...(Argument)> all{
      query::argument{std::forward<Argument>(arguments)}...};
  auto found = query::detail::answer(form.get(), all);
  if constexpr (sizeof...(T) == 0) {
    return found;
  } else {
    return found.template as<T...>();
  }
}

inline query::result q(const query::query_request& request) { return query::query(request); }

using query::explain;

}  // namespace datolite

#ifndef DATOLITE_COMPILED
#include <datolite/query/detail/query_impl.hpp>
#endif
