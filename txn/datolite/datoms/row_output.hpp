// row_output: rows as the datoms that a time shows of them, appended to columns.
//
// Of a row that a history shows with both of its ends, the second one may have to wait for the next batch.
//
// Threads: used by one.
#pragma once

#include <cstddef>
#include <optional>
#include <ranges>
#include <span>
#include <utility>

#include <datolite/core/datom.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/datoms/datom_index.hpp>
#include <datolite/datoms/typed_row.hpp>

namespace datolite::datoms::typed {

class row_output {
 public:
  row_output(components wanted, const time_filter& time) : wanted_{wanted}, time_{time} {}

  /// Another range begins: nothing waits any more.
  void begin(bool descending) {
    descending_ = descending;
    half_.reset();
  }
  /// Makes room for some rows, which come one by one.
  void reserve(datom_columns& out) const {
    constexpr std::size_t some = 64;
    if (includes(wanted_, components::e)) out.e.reserve(some);
    if (includes(wanted_, components::a)) out.a.reserve(some);
    if (includes(wanted_, components::v)) out.v.reserve(some);
    if (includes(wanted_, components::t)) out.t_op.reserve(some);
  }

  /// Appends what waits, if there is room for it.
  void resume(datom_columns& out, std::size_t at_most) {
    if (half_ && out.size < at_most) append(out, *std::exchange(half_, std::nullopt), descending_);
  }

  /// Appends what the time shows of a row: in a history, perhaps both ends of its interval. REQUIRES: there
  /// is room for one.
  void emit(datom_columns& out, const row& r, std::size_t at_most) {
    if (!time_.history) {
      if (time_.shows(r.t_added) && (!r.past() || r.t_retracted > time_.as_of)) append(out, r, true);
      return;
    }
    const bool begins = time_.shows(r.t_added), ends = r.past() && time_.shows(r.t_retracted);
    if (begins != ends) {
      append(out, r, begins);
    } else if (begins) {
      append(out, r, !descending_);
      if (out.size < at_most) {
        append(out, r, descending_);
      } else {
        half_ = r;
      }
    }
  }

  /// Appends rows of current facts as assertions, a column at a time.
  void append_current(datom_columns& out, std::span<const row* const> rows) const {
    const auto append = [rows](auto& column, auto of) {
      const auto all = rows | std::views::transform(of);
      column.insert(column.end(), all.begin(), all.end());
    };
    if (includes(wanted_, components::e))
      append(out.e, [](const row* r) -> const entity_id& { return r->e; });
    if (includes(wanted_, components::a))
      append(out.a, [](const row* r) -> const attribute_id& { return r->a; });
    if (includes(wanted_, components::v)) append(out.v, [](const row* r) -> const value& { return r->v; });
    if (includes(wanted_, components::t)) {
      for (const row* r : rows) out.t_op.push_back(make_t_op(r->t_added, true));
    }
    out.size += rows.size();
  }

 private:
  void append(datom_columns& out, const row& r, bool added) const {
    if (includes(wanted_, components::e)) out.e.push_back(r.e);
    if (includes(wanted_, components::a)) out.a.push_back(r.a);
    if (includes(wanted_, components::v)) out.v.push_back(r.v);
    if (includes(wanted_, components::t)) {
      out.t_op.push_back(make_t_op(added ? r.t_added : r.t_retracted, added));
    }
    ++out.size;
  }

  const components wanted_;
  const time_filter time_;
  bool descending_ = false;
  std::optional<row> half_;  // of this interval the second end is still to be shown
};

}  // namespace datolite::datoms::typed
