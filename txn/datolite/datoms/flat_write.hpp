// flat_write: what a transaction's novelty changes in the flat layout.
//
// Each index's rows are made in the order of their keys, so that the engine gets one sorted batch.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <datolite/core/datom.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/value_order.hpp>
#include <datolite/datoms/change_batch.hpp>
#include <datolite/datoms/datom_index.hpp>
#include <datolite/datoms/flat_key.hpp>
#include <datolite/datoms/ordered_datoms.hpp>
#include <datolite/datoms/schema.hpp>

namespace datolite::datoms::flat {

/// Makes rows, each index's in turn.
class row_writer {
 public:
  row_writer(change_batch& out, std::size_t value_limit, std::size_t max_key_size) noexcept
      : out_{out}, value_limit_{value_limit}, max_key_size_{max_key_size} {}

  void put_current(index_order order, const datom& d, const value_part& v) {
    make_key(key_, order, false, d.e, d.a, v.in_key);
    make_payload(payload_, key_, d.t(), std::nullopt, v.whole);
    put();
  }
  void erase_current(index_order order, const datom& d, const value_part& v) {
    make_key(key_, order, false, d.e, d.a, v.in_key);
    out_.erase(key_);
  }
  void put_past(index_order order, const datom& d, std::int64_t t_retracted, const value_part& v) {
    make_past_key(order, d, v);
    make_payload(payload_, key_, d.t(), t_retracted, v.whole);
    put();
  }
  void erase_past(index_order order, const datom& d, const value_part& v) {
    make_past_key(order, d, v);
    out_.erase(key_);
  }
  value_part part_of(const datom& d) const {
    value_part v;
    v.assign(d.v, value_limit_);
    return v;
  }
  std::size_t value_limit() const noexcept { return value_limit_; }

 private:
  void make_past_key(index_order order, const datom& d, const value_part& v) {
    make_key(key_, order, true, d.e, d.a, v.in_key);
    append_u64(key_, static_cast<std::uint64_t>(d.t()));
  }
  void put() {
    if (key_.size() > max_key_size_) {
      throw error{error_category::unsupported, "db.error/key-too-long",
                  "the engine's keys are too short for datoms: it takes " + std::to_string(max_key_size_) +
                      " bytes, a datom needs " + std::to_string(key_.size())};
    }
    out_.put(key_, payload_);
  }

  change_batch& out_;
  std::size_t value_limit_, max_key_size_;
  bytes key_, payload_;
};

/// A new fact whose value is cut must not take the key of another fact, whose value has the same hash.
[[noreturn]] inline void refuse_collision(const datom& d) {
  throw error{error_category::incorrect, "db.error/key-collision",
              "a long value of attribute " + std::to_string(d.a) + " for entity " + std::to_string(d.e) +
                  " begins as another of its values does and has the same hash; change one of them"};
}

/// Appends the rows of `news` to `to`. `has_key(key)` says whether the engine has a pair under a key now.
template <class HasKey>
void write_novelty(row_writer& to, const novelty& news, HasKey&& has_key) {
  const ordered_datoms added{news.added, *news.after};
  const ordered_datoms retracted{news.retracted, *news.before};
  const auto parts_of = [&](const ordered_datoms& datoms) {
    std::vector<value_part> parts(datoms.size());
    for (std::size_t i = 0; i < parts.size(); ++i) {
      parts[i].assign(datoms[static_cast<ordered_datoms::position>(i)].v, to.value_limit());
    }
    return parts;
  };
  const auto added_parts = parts_of(added);
  const auto retracted_parts = parts_of(retracted);
  bytes key;
  for (std::size_t i = 0; i < added.size(); ++i) {
    if (added_parts[i].whole.empty()) continue;
    const datom& d = news.added[i];
    make_key(key, index_order::eavt, false, d.e, d.a, added_parts[i].in_key);
    if (has_key(key)) refuse_collision(d);
  }
  for (const index_order order : all_orders) {
    for (const auto at : added.in(order)) to.put_current(order, added[at], added_parts[at]);
    for (const auto at : retracted.in(order)) to.erase_current(order, retracted[at], retracted_parts[at]);
  }
  const ordered_datoms passed{news.retracted, *news.after};
  for (const index_order order : all_orders) {
    for (const auto at : passed.in(order)) {
      const attribute_facts* const facts = news.after->find(passed[at].a);
      if (facts != nullptr && facts->no_history) continue;
      to.put_past(order, passed[at], news.t, retracted_parts[at]);
    }
  }
}

/// Appends the rows by which AVET comes to hold, or to hold no more, the attribute `a` of `before`, whose
/// facts were kept the other way so far.
inline void rewrite_avet(row_writer& to, const datom_index& before, attribute_id a, bool hold,
                         const novelty& news) {
  const auto is_retracted = [&](const datom& d) {
    return std::any_of(news.retracted.begin(), news.retracted.end(),
                       [&](const datom& r) { return r.e == d.e && r.a == d.a && r.v == d.v; });
  };
  datom_range range;
  range.index = index_order::aevt;
  range.a = a;
  const auto history = before.open_cursor(index_order::aevt, components::all, {.history = true}, nullptr);
  history->seek(range);
  std::optional<datom> open;  // an assertion whose retraction, if there is one, comes next
  const auto settle = [&](std::optional<std::int64_t> t_retracted) {
    if (!open) return;
    const value_part v = to.part_of(*open);
    if (t_retracted) {
      hold ? to.put_past(index_order::avet, *open, *t_retracted, v)
           : to.erase_past(index_order::avet, *open, v);
    } else if (!is_retracted(*open)) {
      hold ? to.put_current(index_order::avet, *open, v) : to.erase_current(index_order::avet, *open, v);
    }
    open.reset();
  };
  for (datom_columns batch; history->next_batch(batch, 256);) {
    for (std::size_t i = 0; i < batch.size; ++i) {
      const datom d{batch.e[i], batch.a[i], batch.v[i], batch.t_op[i]};
      settle(d.added() ? std::nullopt : std::optional{d.t()});
      if (d.added()) open = d;
    }
  }
  settle(std::nullopt);
}

}  // namespace datolite::datoms::flat
