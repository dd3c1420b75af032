// filtered_cursor: the datoms of a cursor that a db's predicates let pass. Also the reading side of db_view,
// which chooses it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include <datolite/core/datom.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/linkage.hpp>
#include <datolite/datoms/db.hpp>

namespace datolite::datoms {

namespace detail {

class filtered_cursor final : public datom_cursor {
 public:
  filtered_cursor(const db_view& view, index_order order, components wanted, const time_filter& time,
                  io_counters* io)
      : plain_{view.shared_state(), {.as_of = time.as_of}},
        predicates_{view.predicates()},
        wanted_{wanted},
        from_{view.state().index->open_cursor(order, components::all, time, io)} {}

  void seek(const datom_range& range) override { from_->seek(range); }

  bool next_batch(datom_columns& out, std::size_t at_most) override {
    out.clear();
    while (out.size < at_most && add_passing(out, at_most - out.size)) {
    }
    return out.size > 0;
  }

  /// Reads up to `at_most` datoms, and appends those that pass to `out`; false at the end of the range.
  bool add_passing(datom_columns& out, std::size_t at_most) {
    if (!from_->next_batch(batch_, at_most)) return false;
    for (std::size_t i = 0; i < batch_.size; ++i) {
      datom d{batch_.e[i], batch_.a[i], std::move(batch_.v[i]), batch_.t_op[i]};
      if (passes(plain_, *predicates_, d)) append(out, std::move(d));
    }
    return true;
  }

  static bool passes(const db& plain, const predicate_list& predicates, const datom& d) {
    return std::all_of(predicates.begin(), predicates.end(),
                       [&](const datom_predicate& keep) { return keep(plain, d); });
  }

 private:
  void append(datom_columns& out, datom d) const {
    if (includes(wanted_, components::e)) out.e.push_back(d.e);
    if (includes(wanted_, components::a)) out.a.push_back(d.a);
    if (includes(wanted_, components::v)) out.v.push_back(std::move(d.v));
    if (includes(wanted_, components::t)) out.t_op.push_back(d.t_op);
    ++out.size;
  }

  db plain_;  // what the predicates see; it keeps what `from_` reads
  predicates_ptr predicates_;
  components wanted_;
  std::unique_ptr<datom_cursor> from_;
  datom_columns batch_;
};

}  // namespace detail

DATOLITE_INLINE std::unique_ptr<datom_cursor> db_view::open(index_order index, components wanted,
                                                            const time_filter& time, io_counters* io) const {
  if (predicates_ == nullptr) return state_->index->open_cursor(index, wanted, time, io);
  return std::make_unique<detail::filtered_cursor>(*this, index, wanted, time, io);
}

DATOLITE_INLINE std::uint64_t db_view::count(const datom_range& range) const {
  if (range.index == index_order::avet && range.a) {
    const attribute_facts* const facts = state_->attributes->find(*range.a);
    if (facts != nullptr && !facts->indexed)
      return 0;  // what a layout knows by attribute says nothing of AVET
  }
  if (predicates_ == nullptr) return state_->index->count(range, time_);
  constexpr std::uint64_t most_read =
      4096;  // of a longer run a part is read, and the rest taken to be like it
  constexpr std::uint64_t at_once = 64;
  detail::filtered_cursor cursor{*this, range.index, components::none, time_, nullptr};
  cursor.seek(range);
  datom_columns passed;
  std::uint64_t read = 0;
  for (; read < most_read; read += at_once) {
    if (!cursor.add_passing(passed, at_once)) return passed.size;
  }
  const double share = static_cast<double>(passed.size) / static_cast<double>(read);
  const auto guess =
      static_cast<std::uint64_t>(share * static_cast<double>(state_->index->count(range, time_)));
  return std::max({guess, std::uint64_t{passed.size}, exact_count_limit + 1});
}

}  // namespace datolite::datoms
