// What a database of facts is, in a page: the oracle that the store is compared with.
//
// Facts are intervals: from the T that asserted them to the T that retracted them. Everything else is a
// filter.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include <datolite/core/index_access.hpp>
#include <datolite/core/value_order.hpp>
#include <datolite/datoms/datom_index.hpp>

namespace datolite_test {

using namespace datolite;

struct model_attribute {
  attribute_id id;
  bool many, indexed, unique, ref;
};

struct model_operation {
  enum { add, retract, retract_attribute, retract_entity } what;
  entity_id e;
  attribute_id a;
  value v;
};

class fact_model {
 public:
  explicit fact_model(std::vector<model_attribute> attributes) : attributes_{std::move(attributes)} {}

  /// Applies `operations` as a set at `t`; false, and no effect, if they contradict one another or a unique
  /// value would belong to two entities.
  bool transact(std::int64_t t, const std::vector<model_operation>& operations) {
    std::vector<datom> adds, retracts;
    for (const model_operation& op : operations) {
      if (op.what == model_operation::add) adds.push_back({op.e, op.a, op.v, 0});
      if (op.what == model_operation::retract) retracts.push_back({op.e, op.a, op.v, 0});
      for (const fact& f : facts_) {
        if (!f.is_current()) continue;
        const bool in_attribute = op.what == model_operation::retract_attribute && f.e == op.e && f.a == op.a;
        const bool in_entity = op.what == model_operation::retract_entity &&
                               (f.e == op.e || (f.v.is(kind::ref) && f.v.word() == op.e));
        if (in_attribute || in_entity) retracts.push_back({f.e, f.a, f.v, 0});
      }
    }
    const auto same = [](const datom& x, const datom& y) { return x.e == y.e && x.a == y.a && x.v == y.v; };
    for (const datom& x : adds) {
      for (const datom& y : retracts) {
        if (same(x, y)) return false;
      }
      for (const datom& y : adds) {
        if (!attribute(x.a).many && x.e == y.e && x.a == y.a && x.v != y.v) return false;
      }
    }
    std::vector<fact> next = facts_;
    for (fact& f : next) {
      if (!f.is_current()) continue;
      for (const datom& d : retracts) {
        if (same(d, {f.e, f.a, f.v, 0})) f.until = t;
      }
      for (const datom& d : adds) {
        if (!attribute(f.a).many && d.e == f.e && d.a == f.a && d.v != f.v) f.until = t;
      }
    }
    for (const datom& d : adds) {
      const auto is_it = [&](const fact& f) { return f.is_current() && same(d, {f.e, f.a, f.v, 0}); };
      if (std::none_of(next.begin(), next.end(), is_it)) next.push_back({d.e, d.a, d.v, t});
    }
    for (const fact& x : next) {
      for (const fact& y : next) {
        const bool both = x.is_current() && y.is_current() && attribute(x.a).unique;
        if (both && x.a == y.a && x.v == y.v && x.e != y.e) return false;
      }
    }
    facts_ = std::move(next);
    return true;
  }

  /// What a cursor must yield.
  std::vector<datom> datoms(const datom_range& range, const datoms::time_filter& time) const {
    std::vector<datom> out;
    for (const fact& f : facts_) {
      if (!holds(range, f)) continue;
      if (time.history) {
        if (time.shows(f.since)) out.push_back({f.e, f.a, f.v, make_t_op(f.since, true)});
        if (!f.is_current() && time.shows(f.until)) out.push_back({f.e, f.a, f.v, make_t_op(f.until, false)});
      } else if (time.shows(f.since) && (f.is_current() || f.until > time.as_of)) {
        out.push_back({f.e, f.a, f.v, make_t_op(f.since, true)});
      }
    }
    std::sort(out.begin(), out.end(),
              [&](const datom& x, const datom& y) { return less(range.index, x, y); });
    if (range.descending) std::reverse(out.begin(), out.end());
    return out;
  }

 private:
  static constexpr std::int64_t now = std::numeric_limits<std::int64_t>::max();
  struct fact {
    entity_id e;
    attribute_id a;
    value v;
    std::int64_t since;
    std::int64_t until = now;
    bool is_current() const { return until == now; }
  };

  const model_attribute& attribute(attribute_id id) const {
    return *std::find_if(attributes_.begin(), attributes_.end(), [id](const auto& a) { return a.id == id; });
  }

  static bool less(index_order order, const datom& x, const datom& y) {
    const auto by = [&](char component) -> std::strong_ordering {
      switch (component) {
        case 'e': return x.e <=> y.e;
        case 'a': return x.a <=> y.a;
        default: return stored_order(x.v, y.v);
      }
    };
    constexpr const char* orders[] = {"eav", "aev", "ave", "vae"};
    for (const char* at = orders[static_cast<int>(order)]; *at != 0; ++at) {
      if (const auto c = by(*at); c != 0) return c < 0;
    }
    return x.t_op < y.t_op;
  }

  bool holds(const datom_range& range, const fact& f) const {
    if (range.index == index_order::avet && !attribute(f.a).indexed) return false;
    if (range.index == index_order::vaet && !attribute(f.a).ref) return false;
    if (range.e && *range.e != f.e) return false;
    if (range.a && *range.a != f.a) return false;
    if (range.v && *range.v != f.v) return false;
    constexpr const char* orders[] = {"eav", "aev", "ave", "vae"};
    value next;
    for (const char* at = orders[static_cast<int>(range.index)]; *at != 0; ++at) {
      if (*at == 'e' && !range.e) {
        next = value::ref(f.e);
        break;
      }
      if (*at == 'a' && !range.a) {
        next = value::ref(f.a);
        break;
      }
      if (*at == 'v' && !range.v) {
        next = f.v;
        break;
      }
    }
    if (range.start) {
      const auto c = stored_order(next, range.start->at);
      if (c < 0 || (c == 0 && !range.start->inclusive)) return false;
    }
    if (range.stop) {
      const auto c = stored_order(next, range.stop->at);
      if (c > 0 || (c == 0 && !range.stop->inclusive)) return false;
    }
    return true;
  }

  std::vector<model_attribute> attributes_;
  std::vector<fact> facts_;
};

}  // namespace datolite_test
