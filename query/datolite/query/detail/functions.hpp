// The definitions of functions.hpp: the built-in functions, and those that users registered.
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <datolite/core/error.hpp>
#include <datolite/core/linkage.hpp>
#include <datolite/core/value.hpp>
#include <datolite/core/value_order.hpp>
#include <datolite/query/detail/arithmetic.hpp>
#include <datolite/query/detail/collection_functions.hpp>
#include <datolite/query/detail/names.hpp>
#include <datolite/query/detail/text_functions.hpp>
#include <datolite/query/function.hpp>
#include <datolite/query/functions.hpp>
#include <datolite/query/pattern.hpp>

namespace datolite::query {

namespace detail {

using arguments_view = std::span<const value>;

template <kind... K>
value is_one_of(arguments_view a) {
  return ((a[0].kind() == K) || ...);
}

inline value is_number(arguments_view a) {
  return is_one_of<kind::long_, kind::ref, kind::bigint, kind::float_, kind::double_, kind::bigdec>(a);
}

inline value type_of(arguments_view a) {
  return value::keyword("db.type/" + std::string{to_string(a[0].kind())});
}
inline value first_argument(arguments_view a) { return a[0]; }
inline value negation_of(arguments_view a) { return !is_true(a[0]); }
inline value all_true(arguments_view a) {
  for (const value& v : a) {
    if (!is_true(v)) return v;
  }
  return a.empty() ? value{true} : a.back();
}
inline value any_true(arguments_view a) {
  for (const value& v : a) {
    if (is_true(v)) return v;
  }
  return a.empty() ? value{} : a.back();
}

template <int Sign>
value has_sign(arguments_view a) {
  return sign(a[0]) == Sign;
}
template <bool Odd>
value has_parity(arguments_view a) {
  const auto n = integer_of(a[0]);
  return n && ((*n & 1) != 0) == Odd;
}

template <arithmetic_op Op>
value by_one(arguments_view a) {
  return apply(Op, a[0], value{1});
}

/// All neighbours stand in the relation.
template <comparison Op>
value chain(arguments_view a) {
  for (std::size_t i = 1; i < a.size(); ++i) {
    if (!holds(Op, a[i - 1], a[i])) return false;
  }
  return true;
}

/// Neighbours are equal, or numbers that amount to the same.
inline value same_amount(arguments_view a) {
  for (std::size_t i = 1; i < a.size(); ++i) {
    const bool equal = is_true(is_number(a.subspan(i, 1))) ? std::is_eq(compare_values(a[i - 1], a[i]))
                                                           : query_equal(a[i - 1], a[i]);
    if (!equal) return false;
  }
  return true;
}

inline value differ(arguments_view a) { return !is_true(chain<comparison::equal>(a)); }

inline value order_of(arguments_view a) {
  const auto order = compare_values(a[0], a[1]);
  if (order == std::partial_ordering::unordered) return {};
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

inline value starts_with(arguments_view a) { return holds(comparison::starts_with, a[0], a[1]); }
inline value make_tuple(arguments_view a) { return value::tuple(a); }
inline value make_vector(arguments_view a) { return value::vector(a); }
inline value take_tuple(arguments_view a) { return a[0].is_sequential() ? a[0] : value{}; }

struct builtin {
  std::string_view name;
  function::plain call;
  std::size_t least, most;
};

/// By name, sorted.
inline std::span<const builtin> builtins() {
  constexpr std::size_t any = function::any_number;
  using enum arithmetic_op;
  using c = comparison;
  static const auto table = [] {
    auto all = std::to_array<builtin>({
        {"*", fold<multiply>, 0, any},
        {"+", fold<add>, 0, any},
        {"-", fold<subtract>, 1, any},
        {"/", fold<divide>, 1, any},
        {"quot", twofold<quot>, 2, 2},
        {"rem", twofold<rem>, 2, 2},
        {"mod", twofold<mod>, 2, 2},
        {"inc", by_one<add>, 1, 1},
        {"dec", by_one<subtract>, 1, 1},
        {"max", extreme<c::greater>, 1, any},
        {"min", extreme<c::less>, 1, any},
        {"<", chain<c::less>, 1, any},
        {"<=", chain<c::less_equal>, 1, any},
        {">", chain<c::greater>, 1, any},
        {">=", chain<c::greater_equal>, 1, any},
        {"=", chain<c::equal>, 1, any},
        {"==", same_amount, 1, any},
        {"not=", differ, 1, any},
        {"!=", differ, 1, any},
        {"compare", order_of, 2, 2},
        {"even?", has_parity<false>, 1, 1},
        {"odd?", has_parity<true>, 1, 1},
        {"zero?", has_sign<0>, 1, 1},
        {"pos?", has_sign<1>, 1, 1},
        {"neg?", has_sign<-1>, 1, 1},
        {"not", negation_of, 1, 1},
        {"and", all_true, 0, any},
        {"or", any_true, 0, any},
        {"nil?", is_one_of<kind::nil>, 1, 1},
        {"some?", [](arguments_view a) -> value { return !a[0].is_nil(); }, 1, 1},
        {"true?", [](arguments_view a) -> value { return a[0].is(kind::boolean) && a[0].as_boolean(); }, 1,
         1},
        {"false?", [](arguments_view a) -> value { return a[0].is(kind::boolean) && !a[0].as_boolean(); }, 1,
         1},
        {"string?", is_one_of<kind::string>, 1, 1},
        {"keyword?", is_one_of<kind::keyword>, 1, 1},
        {"boolean?", is_one_of<kind::boolean>, 1, 1},
        {"int?", is_one_of<kind::long_, kind::ref>, 1, 1},
        {"number?", is_number, 1, 1},
        {"ground", first_argument, 1, 1},
        {"identity", first_argument, 1, 1},
        {"type", type_of, 1, 1},
        {"str", str, 0, any},
        {"subs", subs, 2, 3},
        {"count", count, 1, 1},
        {"name", name_part<false>, 1, 1},
        {"namespace", name_part<true>, 1, 1},
        {"keyword", make_name<true>, 1, 2},
        {"tuple", make_tuple, 0, any},
        {"vector", make_vector, 0, any},
        {"untuple", take_tuple, 1, 1},
        {"clojure.string/starts-with?", starts_with, 2, 2},
        {"clojure.string/ends-with?", ends_with, 2, 2},
        {"clojure.string/includes?", includes_text, 2, 2},
        {"clojure.string/blank?", is_blank_text, 1, 1},
        {"clojure.string/upper-case", with_case<'a', 'z', -32>, 1, 1},
        {"clojure.string/lower-case", with_case<'A', 'Z', 32>, 1, 1},
        {"clojure.string/capitalize", capitalize, 1, 1},
        {"clojure.string/index-of", index_of, 2, 2},
        {"clojure.string/join", join_text, 1, 2},
        {"clojure.string/replace", replace_text, 3, 3},
        {"clojure.string/reverse", reverse_text, 1, 1},
        {"clojure.string/split", split_text, 2, 2},
        {"clojure.string/trim", trim<true, true>, 1, 1},
        {"clojure.string/triml", trim<true, false>, 1, 1},
        {"clojure.string/trimr", trim<false, true>, 1, 1},
        {"re-find", re_find<false>, 2, 2},
        {"re-matches", re_find<true>, 2, 2},
        {"re-pattern", re_pattern, 1, 1},
        {"re-seq", re_seq, 2, 2},
        {"hash-map", hash_map, 0, any},
        {"array-map", hash_map, 0, any},
        {"list", make_list, 0, any},
        {"set", as_set, 1, 1},
        {"get", get, 2, 3},
        {"nth", nth, 2, 3},
        {"first", first, 1, 1},
        {"second", second, 1, 1},
        {"last", last, 1, 1},
        {"rest", rest, 1, 1},
        {"keys", keys, 1, 1},
        {"vals", vals, 1, 1},
        {"contains?", contains, 2, 2},
        {"empty?", is_empty, 1, 1},
        {"not-empty", not_empty, 1, 1},
        {"range", range, 1, 3},
        {"symbol", make_name<false>, 1, 2},
        {"pr-str", printed<edn_style::plain, false>, 0, any},
        {"prn-str", printed<edn_style::plain, true>, 0, any},
        {"print-str", printed<edn_style::bare, false>, 0, any},
        {"println-str", printed<edn_style::bare, true>, 0, any},
        {"int", to_long, 1, 1},
        {"long", to_long, 1, 1},
        {"double", to_double, 1, 1},
        {"boolean", to_boolean, 1, 1},
        {"abs", absolute, 1, 1},
        {"inst-ms", to_long, 1, 1},
        {"bit-and", bitwise<std::bit_and<std::int64_t>>, 2, any},
        {"bit-or", bitwise<std::bit_or<std::int64_t>>, 2, any},
        {"bit-xor", bitwise<std::bit_xor<std::int64_t>>, 2, any},
        {"symbol?", is_one_of<kind::symbol>, 1, 1},
        {"integer?", is_one_of<kind::long_, kind::ref, kind::bigint>, 1, 1},
        {"float?", is_one_of<kind::float_, kind::double_>, 1, 1},
        {"double?", is_one_of<kind::double_>, 1, 1},
        {"inst?", is_one_of<kind::instant>, 1, 1},
        {"uuid?", is_one_of<kind::uuid>, 1, 1},
        {"map?", is_one_of<kind::map>, 1, 1},
        {"set?", is_one_of<kind::set>, 1, 1},
        {"vector?", is_one_of<kind::vector, kind::tuple>, 1, 1},
        {"sequential?", is_one_of<kind::vector, kind::tuple, kind::list>, 1, 1},
        {"coll?", is_one_of<kind::vector, kind::tuple, kind::list, kind::set, kind::map>, 1, 1},
    });
    std::sort(all.begin(), all.end(), [](const builtin& a, const builtin& b) { return a.name < b.name; });
    return all;
  }();
  return table;
}

/// Functions that users registered, and how often one was.
struct function_registry {
  std::shared_mutex mutex;
  std::map<std::string, function, std::less<>> by_name;

  static function_registry& instance() {
    static function_registry registry;
    return registry;
  }
};

inline const builtin* find_builtin(std::string_view name) {
  name = without_core(name);
  const auto all = builtins();
  const auto at = std::lower_bound(all.begin(), all.end(), name,
                                   [](const builtin& b, std::string_view n) { return b.name < n; });
  return at != all.end() && at->name == name ? &*at : nullptr;
}

}  // namespace detail

DATOLITE_INLINE std::optional<comparison> find_comparison(std::string_view name) noexcept {
  name = detail::without_core(name);
  constexpr std::pair<std::string_view, comparison> all[] = {
      {"<", comparison::less},         {"<=", comparison::less_equal},
      {"=", comparison::equal},        {">=", comparison::greater_equal},
      {">", comparison::greater},      {"!=", comparison::not_equal},
      {"not=", comparison::not_equal}, {"clojure.string/starts-with?", comparison::starts_with}};
  for (const auto& [known, op] : all) {
    if (known == name) return op;
  }
  return std::nullopt;
}

DATOLITE_INLINE function find_function(std::string_view name) {
  if (const detail::builtin* b = detail::find_builtin(name)) return function{b->call, b->least, b->most};
  auto& registry = detail::function_registry::instance();
  const std::shared_lock lock{registry.mutex};
  const auto at = registry.by_name.find(name);
  return at == registry.by_name.end() ? function{} : at->second;
}

DATOLITE_INLINE void detail::register_function(std::string_view name, function made) {
  if (find_builtin(name) != nullptr) {
    throw error{error_category::incorrect, "db.error/invalid-function-name",
                "the function " + std::string{name} + " is built in; register yours under another name"};
  }
  auto& registry = function_registry::instance();
  const std::unique_lock lock{registry.mutex};
  registry.by_name.insert_or_assign(std::string{name}, std::move(made));
}

}  // namespace datolite::query
