// source_identity: what a source shows, as numbers that can be kept and compared.
//
// A source that does not change, or that knows when it does, may offer `identity(source)` (a member, or found
// by argument-dependent lookup): a source_identity, or an empty optional where it has none. A query that is
// asked again of sources with the identities that they had, with the same inputs, is answered by the plan of
// then: no source is asked for estimates, nor for what it requires and names. One source without an identity,
// and the query is planned anew each time.
//
// Law: two sources of one type, or one source at two times, whose identities are equal have the same rows,
// and answer `estimate`, `required`, `resolves` and `gives_names` alike. So no number may serve twice while
// the program runs, and an address is none: take it from a unique_number, and another with each change.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <optional>

namespace datolite::query {

struct source_identity {
  std::uint64_t number = 0;            ///< of a unique_number
  std::array<std::int64_t, 3> view{};  ///< which view of what the number tells
  const void* type = nullptr;          ///< the engine's: tells sources of different types apart
  friend bool operator==(const source_identity&, const source_identity&) = default;
};

namespace detail {

namespace adl {

void identity() = delete;

template <class S>
concept HasIdentity = requires(const S& s) {
  { identity(s) } -> std::convertible_to<std::optional<source_identity>>;
};

template <class S>
std::optional<source_identity> call_identity(const S& s) {
  return identity(s);
}

}  // namespace adl

template <class S>
concept MemberIdentity = requires(const S& s) {
  { s.identity() } -> std::convertible_to<std::optional<source_identity>>;
};

}  // namespace detail

/// The source's identity, if it has one.
template <class S>
std::optional<source_identity> identity_of(const S& source) {
  if constexpr (detail::MemberIdentity<S>) {
    return source.identity();
  } else if constexpr (detail::adl::HasIdentity<S>) {
    return detail::adl::call_identity(source);
  } else {
    return std::nullopt;
  }
}

}  // namespace datolite::query
