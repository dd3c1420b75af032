// The definitions of value_equality.hpp.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <datolite/core/detail/frame_stack.hpp>
#include <datolite/core/detail/hash.hpp>
#include <datolite/core/detail/number_order.hpp>
#include <datolite/core/detail/pair_walk.hpp>
#include <datolite/core/detail/value_order.hpp>
#include <datolite/core/linkage.hpp>
#include <datolite/core/value.hpp>
#include <datolite/core/value_equality.hpp>
#include <datolite/core/value_order.hpp>

namespace datolite {

namespace detail {

DATOLITE_INLINE value canonical_scalar(const value& v) {
  switch (v.kind()) {
    case kind::ref: return v.word();
    case kind::float_: return double{v.as_float()};
    case kind::bigint: {
      const auto fits = bigint_to_long(v.raw());
      return fits ? value{*fits} : v;
    }
    case kind::bigdec: {
      bigdec_parts p = take_apart_bigdec(v.raw());
      p.scale = p.digits.empty() ? 0 : static_cast<std::int64_t>(p.digits.size()) - p.exponent;
      std::string raw;
      append_bigdec(raw, p);
      return value::from_raw(kind::bigdec, raw);
    }
    default: return v;
  }
}

inline kind canonical_kind(kind k) noexcept { return k == kind::tuple || k == kind::list ? kind::vector : k; }

/// A map's entry among its canonical forms: by key, then by value.
inline int order_entries(const value* a, const value* b) {
  const int by_key = order_items(a, b);
  return by_key != 0 ? by_key : order_items(a + 1, b + 1);
}

/// Puts the canonical elements from `from` on into one collection of kind `k`, and takes them off.
inline value collect_canonical(kind k, std::vector<value>& done, std::size_t from) {
  const auto elements = [&] { return std::span<value>{done}.subspan(from); };
  if (k == kind::set || k == kind::map) {
    const std::size_t width = k == kind::map ? 2 : 1;
    const item_order order = k == kind::map ? order_entries : order_items;
    sort_values(elements(), width, order);
    std::size_t to = from + width;
    for (std::size_t i = to; i < done.size(); i += width) {
      if (order(&done[to - width], &done[i]) == 0) continue;
      for (std::size_t j = 0; j < width; ++j, ++to) {
        if (to != i + j) done[to] = std::move(done[i + j]);
      }
    }
    if (to < done.size()) done.resize(to);
  }
  value made = value::from_moved(canonical_kind(k), elements());
  done.resize(from);
  return made;
}

}  // namespace detail

DATOLITE_INLINE value query_canonical(const value& v) {
  if (!detail::is_collection(v.kind())) return detail::canonical_scalar(v);
  struct frame {
    const value* of;
    std::size_t next, first_done;
  };
  detail::frame_stack<frame> open;
  std::vector<value> done;
  done.reserve(8);
  open.push({&v, 0, 0});
  for (;;) {
    frame& top = open.top();
    const auto elements = top.of->elements();
    if (top.next < elements.size()) {
      const value& element = elements[top.next++];
      if (detail::is_collection(element.kind())) {
        open.push({&element, 0, done.size()});
      } else {
        done.push_back(detail::canonical_scalar(element));
      }
      continue;
    }
    value made = detail::collect_canonical(top.of->kind(), done, top.first_done);
    open.pop();
    if (open.empty()) return made;
    done.push_back(std::move(made));
  }
}

namespace detail {

/// REQUIRES: neither is a collection.
inline bool equal_scalars(const value& a, const value& b) {
  const kind x = a.kind(), y = b.kind();
  if (is_integer(x) && is_integer(y)) {
    if (x != kind::bigint && y != kind::bigint) return a.word() == b.word();
    if (x == y) return a.raw() == b.raw();
    const auto fits = bigint_to_long(x == kind::bigint ? a.raw() : b.raw());
    return fits && *fits == (x == kind::bigint ? b.word() : a.word());
  }
  if (is_floating(x) && is_floating(y)) return order_floating(floating(a), floating(b)) == 0;
  if (x != y) return false;
  if (x == kind::bigdec) return bigdec_number(a.raw()) == bigdec_number(b.raw());
  return order_alike(a, b) == 0;
}

struct equality_policy {
  using ordering = std::partial_ordering;  // equivalent, or else unordered
  bool descends(const value& a, const value& b) const noexcept {
    if (a.is_identical(b)) return false;
    return (a.is_sequential() && b.is_sequential()) || (a.is(kind::tagged) && b.is(kind::tagged));
  }
  ordering compare(const value& a, const value& b) const {
    bool equal = false;
    if (a.is_identical(b)) {
      equal = true;
    } else if (is_collection(a.kind()) || is_collection(b.kind())) {
      equal = a.kind() == b.kind() && (a == b || query_canonical(a) == query_canonical(b));
    } else {
      equal = equal_scalars(a, b);
    }
    return equal ? ordering::equivalent : ordering::unordered;
  }
};

/// REQUIRES: no collection.
inline std::uint64_t hash_scalar(const value& v) {
  switch (v.kind()) {
    case kind::long_:
    case kind::ref: return hash_word(static_cast<std::uint64_t>(v.word()));
    case kind::bigint:
      if (const auto fits = bigint_to_long(v.raw())) return hash_word(static_cast<std::uint64_t>(*fits));
      return hash_bytes(v.raw(), static_cast<std::uint64_t>(kind::bigint));
    case kind::float_:
    case kind::double_: {
      const double d = floating(v);
      std::uint64_t bits = ~std::uint64_t{0};
      if (d == d) std::memcpy(&bits, &d, sizeof bits);
      return hash_word(bits ^ 0x9E37'79B9'7F4A'7C15u);
    }
    case kind::bigdec: return hash_bytes(bigdec_number(v.raw()), static_cast<std::uint64_t>(kind::bigdec));
    case kind::nil:
    case kind::boolean:
    case kind::instant:
    case kind::character:
      return hash_word(static_cast<std::uint64_t>(v.is_nil() ? 0 : v.word()) +
                       (std::uint64_t{1} << 56) * static_cast<std::uint64_t>(v.kind()));
    default: return hash_bytes(v.raw(), static_cast<std::uint64_t>(v.kind()));
  }
}

/// Hashes a nested value as its leaves and brackets in turn; sets and maps in their canonical form.
inline std::uint64_t hash_nested(const value& v) {
  struct frame {
    const value *next, *end;
    bool
        canonical;  // so is all that it holds: making that anew on each level would be quadratic in the depth
  };
  std::vector<value> kept;  // canonical forms that frames point into
  frame_stack<frame> open;
  std::uint64_t hash = 0;
  const auto enter = [&](const value& from, bool canonical) {
    const bool rearranged = !canonical && (from.is(kind::set) || from.is(kind::map));
    if (rearranged) kept.push_back(query_canonical(from));
    const auto elements = rearranged ? kept.back().elements() : from.elements();
    hash = hash_both(hash, 0x100u + static_cast<std::uint64_t>(canonical_kind(from.kind())));
    open.push({elements.data(), elements.data() + elements.size(), canonical || rearranged});
  };
  enter(v, false);
  while (!open.empty()) {
    frame& top = open.top();
    if (top.next == top.end) {
      hash = hash_both(hash, 0xFFu);
      open.pop();
      continue;
    }
    const value& element = *top.next++;
    if (is_collection(element.kind())) {
      enter(element, top.canonical);
    } else {
      hash = hash_both(hash, hash_scalar(element));
    }
  }
  return hash;
}

}  // namespace detail

DATOLITE_INLINE bool query_equal(const value& a, const value& b) {
  if (a.is_identical(b)) return true;
  if (!detail::is_collection(a.kind()) && !detail::is_collection(b.kind()))
    return detail::equal_scalars(a, b);
  return detail::walk_pair(a, b, detail::equality_policy{}) == 0;
}

DATOLITE_INLINE std::size_t query_hash(const value& v) {
  return static_cast<std::size_t>(detail::is_collection(v.kind()) ? detail::hash_nested(v)
                                                                  : detail::hash_scalar(v));
}

}  // namespace datolite
