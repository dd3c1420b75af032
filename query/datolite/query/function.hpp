// function: something a query can call, made from any C++ callable.
//
// A callable with plain parameters, such as [](std::int64_t a, std::string s) { … }, is called with the
// query's values converted to them; a generic one, such as [](const auto&... vs) { … }, gets `const value&`
// each; one that takes a `std::span<const value>` gets all arguments. What it returns becomes a value; void
// becomes nil.
//
// Threads: a function may be called by many threads at once when its callable may.
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <datolite/core/error.hpp>
#include <datolite/core/value.hpp>
#include <datolite/query/conversion.hpp>

namespace datolite::query {

class function;

namespace detail {

/// The parameter list of a callable that is not generic: `type` is a tuple of the decayed parameter types.
template <class F>
struct parameters {};
template <class R, class... P>
struct parameters<R (*)(P...)> {
  using type = std::tuple<std::remove_cvref_t<P>...>;
};
template <class R, class... P>
struct parameters<R (*)(P...) noexcept> : parameters<R (*)(P...)> {};
template <class C, class R, class... P>
struct parameters<R (C::*)(P...) const> : parameters<R (*)(P...)> {};
template <class C, class R, class... P>
struct parameters<R (C::*)(P...) const noexcept> : parameters<R (*)(P...)> {};

template <class F>
struct parameters_of : parameters<F> {};
template <class F>
requires requires { &F::operator(); }
struct parameters_of<F> : parameters<decltype(&F::operator())> {};

/// Not generic: its parameters can be seen. Only generic callables are tried with values, since trying
/// instantiates their bodies.
template <class F>
concept PlainCallable = requires {
  typename parameters_of<F>::type;
};

/// Takes all arguments at once.
template <class F>
concept SpanCallable = requires {
  requires std::same_as<typename parameters_of<F>::type, std::tuple<std::span<const value>>>;
};

template <std::size_t, class T>
using repeated = T;

template <class F, std::size_t... I>
constexpr bool takes_values(std::index_sequence<I...>) {
  return std::invocable<const F&, repeated<I, const value&>...>;
}

/// A generic callable that takes up to six values.
template <class F>
concept GenericCallable = takes_values<F>(std::make_index_sequence<0>{}) ||
    takes_values<F>(std::make_index_sequence<1>{}) || takes_values<F>(std::make_index_sequence<2>{}) ||
    takes_values<F>(std::make_index_sequence<3>{}) || takes_values<F>(std::make_index_sequence<4>{}) ||
    takes_values<F>(std::make_index_sequence<5>{}) || takes_values<F>(std::make_index_sequence<6>{});

[[noreturn]] inline void throw_wrong_arity(std::size_t given) {
  throw error{
      error_category::incorrect, "db.error/wrong-arity",
      "the function does not take " + std::to_string(given) + (given == 1 ? " argument" : " arguments")};
}

template <class F, class... A>
value call_for_value(const F& f, A&&... arguments) {
  if constexpr (std::is_void_v<std::invoke_result_t<const F&, A...>>) {
    std::invoke(f, std::forward<A>(arguments)...);
    return {};
  } else {
    return value{to_value(std::invoke(f, std::forward<A>(arguments)...))};
  }
}

template <class F, std::size_t N>
bool try_arity(const F& f, std::span<const value> arguments, value& out) {
  if constexpr (takes_values<F>(std::make_index_sequence<N>{})) {
    if (arguments.size() == N) {
      out = [&]<std::size_t... I>(std::index_sequence<I...>) { return call_for_value(f, arguments[I]...); }
      (std::make_index_sequence<N>{});
      return true;
    }
  }
  return false;
}

template <class F>
value call_with(const F& f, std::span<const value> arguments) {
  if constexpr (SpanCallable<F>) {
    return call_for_value(f, arguments);
  } else if constexpr (PlainCallable<F>) {
    using types = typename parameters_of<F>::type;
    if (arguments.size() != std::tuple_size_v<types>) throw_wrong_arity(arguments.size());
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return call_for_value(f, from_value<std::tuple_element_t<I, types>>(arguments[I])...);
    }
    (std::make_index_sequence<std::tuple_size_v<types>>{});
  } else {
    value out;
    const bool called = try_arity<F, 0>(f, arguments, out) || try_arity<F, 1>(f, arguments, out) ||
                        try_arity<F, 2>(f, arguments, out) || try_arity<F, 3>(f, arguments, out) ||
                        try_arity<F, 4>(f, arguments, out) || try_arity<F, 5>(f, arguments, out) ||
                        try_arity<F, 6>(f, arguments, out);
    if (!called) throw_wrong_arity(arguments.size());
    return out;
  }
}

}  // namespace detail

/// A type that `function` can be made from.
template <class F>
concept Callable = !Scalar<F> && !std::ranges::range<F> && !std::same_as<F, function> &&
                   (detail::PlainCallable<F> || detail::GenericCallable<F>);

class function {
 public:
  using plain = value (*)(std::span<const value>);

  function() noexcept = default;

  /// A function without state; takes from `least` to `most` arguments.
  explicit function(plain f, std::size_t least = 0, std::size_t most = any_number) noexcept
      : plain_{f}, least_{least}, most_{most} {}

  /// Any callable; it is moved or copied in.
  template <class F>
  requires Callable<std::decay_t<F>>
  explicit function(F&& f) : state_{std::make_shared<const std::decay_t<F>>(std::forward<F>(f))} {
    with_state_ = [](const void* state, std::span<const value> arguments) {
      return detail::call_with(*static_cast<const std::decay_t<F>*>(state), arguments);
    };
    if constexpr (!detail::SpanCallable<std::decay_t<F>> && detail::PlainCallable<std::decay_t<F>>) {
      least_ = most_ = std::tuple_size_v<typename detail::parameters_of<std::decay_t<F>>::type>;
    }
  }

  static constexpr std::size_t any_number = std::numeric_limits<std::size_t>::max();

  explicit operator bool() const noexcept { return plain_ != nullptr || with_state_ != nullptr; }
  bool takes(std::size_t arguments) const noexcept { return least_ <= arguments && arguments <= most_; }

  /// REQUIRES: *this holds a function. Throws what it throws, and `db.error/wrong-arity`.
  value operator()(std::span<const value> arguments) const {
    if (!takes(arguments.size())) detail::throw_wrong_arity(arguments.size());
    return plain_ != nullptr ? plain_(arguments) : with_state_(state_.get(), arguments);
  }

 private:
  plain plain_ = nullptr;
  value (*with_state_)(const void*, std::span<const value>) = nullptr;
  std::shared_ptr<const void> state_;
  std::size_t least_ = 0;
  std::size_t most_ = any_number;
};

}  // namespace datolite::query
