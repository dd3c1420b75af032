// pair_walk: compares two nested values side by side, without recursion.
#pragma once

#include <span>

#include <datolite/core/detail/frame_stack.hpp>
#include <datolite/core/value.hpp>

namespace datolite::detail {

/// The order of `a` and `b` under `policy`, which offers
///   ordering          the result's type, where `0` means "go on"
///   descends(x, y)    shall the two be compared element by element, shorter first?
///   compare(x, y)     the order of any other two
/// Elements are compared in turn; the first pair that is not equal decides. O(elements compared).
template <class Policy>
typename Policy::ordering walk_pair(const value& a, const value& b, Policy policy) {
  struct frame {
    const value *a, *a_end, *b, *b_end;
  };
  const auto frame_of = [](const value& x, const value& y) {
    const auto xs = x.elements(), ys = y.elements();
    return frame{xs.data(), xs.data() + xs.size(), ys.data(), ys.data() + ys.size()};
  };
  if (!policy.descends(a, b)) return policy.compare(a, b);
  frame_stack<frame> open;
  open.push(frame_of(a, b));
  while (!open.empty()) {
    frame& at = open.top();
    if (at.a == at.a_end || at.b == at.b_end) {
      if (at.a != at.a_end) return Policy::ordering::greater;
      if (at.b != at.b_end) return Policy::ordering::less;
      open.pop();
      continue;
    }
    const value &x = *at.a++, &y = *at.b++;
    if (policy.descends(x, y)) {
      open.push(frame_of(x, y));
      continue;
    }
    if (const auto order = policy.compare(x, y); order != 0) return order;
  }
  return Policy::ordering::equivalent;
}

}  // namespace datolite::detail
