// branching: the state after a transaction, committed or not; the implementation of `with`.
#pragma once

#include <cstdint>
#include <ctime>
#include <memory>
#include <utility>

#include <datolite/core/any_storage.hpp>
#include <datolite/core/datom.hpp>
#include <datolite/core/linkage.hpp>
#include <datolite/core/value.hpp>
#include <datolite/datoms/branch_index.hpp>
#include <datolite/datoms/change_batch.hpp>
#include <datolite/datoms/datom_index.hpp>
#include <datolite/datoms/db.hpp>
#include <datolite/datoms/db_log.hpp>
#include <datolite/datoms/transact.hpp>
#include <datolite/datoms/tx_log.hpp>
#include <datolite/datoms/tx_predicates.hpp>
#include <datolite/datoms/tx_report.hpp>
#include <datolite/txn/transaction.hpp>

namespace datolite {

namespace datoms::detail {

/// Milliseconds since 1970.
inline std::int64_t now() {
  std::timespec at{};
  std::timespec_get(&at, TIME_UTC);
  return static_cast<std::int64_t>(at.tv_sec) * 1000 + at.tv_nsec / 1'000'000;
}

/// The engine changes of a transaction: the index's, and the log's.
inline log_record write_changes(const db_state& before, prepared& made, change_batch& out) {
  before.model->apply(*before.index, made.news(*before.attributes), out);
  log_record record = record_of(made, before.at);
  write_log_record(record, [&](bytes_view key, bytes_view stored) { out.put(key, stored); });
  made.after.log_sum = record.sum;
  return record;
}

/// The state after a transaction, which `snapshot` shows.
inline state_ptr state_after(const db_state& before, const prepared& made, any_snapshot snapshot) {
  auto index = before.model->after(*before.index, made.news(*before.attributes), snapshot);
  return std::make_shared<const db_state>(db_state{std::move(snapshot), std::move(index), made.attributes,
                                                   made.after, before.model, before.open_schema,
                                                   before.functions});
}

/// The state after a transaction that is not committed: a branch.
inline state_ptr branch_after(const db_state& before, const prepared& made, change_batch& changes) {
  auto branch = transaction_on(before.snapshot);
  branch.commit(changes.sorted());
  return state_after(before, made, any_snapshot{std::move(branch)});
}

/// The instant of the newest transaction of T up to `t`.
inline std::int64_t instant_at(const db_state& state, std::int64_t t) {
  const auto cursor = state.index->open_cursor(index_order::avet, components::v, {.as_of = t}, nullptr);
  datom_range range;
  range.index = index_order::avet;
  range.a = ids::tx_instant;
  range.descending = true;
  cursor->seek(range);
  datom_columns found;
  return cursor->next_batch(found, 1) ? found.v.front().word() : 0;
}

/// A view as what transactions build on: its clock stands where its moment does.
inline std::shared_ptr<const db_view> basis_of(const std::shared_ptr<const db_view>& view) {
  if (view->time().as_of >= view->state().at.basis_t) return view;
  auto state = std::make_shared<db_state>(view->state());
  state->at.instant = instant_at(*state, view->time().as_of);
  return std::make_shared<const db_view>(std::move(state), view->time(), view->predicates());
}

/// The state after a transaction that is not committed, of what a view shows.
inline state_ptr branch_after(const std::shared_ptr<const db_view>& before, const prepared& made,
                              const log_record& record) {
  auto after = std::make_shared<db_state>(before->state());
  const auto* const branch = dynamic_cast<const branch_index*>(before->state().index.get());
  if (branch != nullptr && before->is_whole()) {
    after->index = std::make_shared<const branch_index>(*branch, *before->state().attributes, made, record);
  } else {
    after->index = std::make_shared<const branch_index>(before, made, record);
  }
  after->attributes = made.attributes;
  after->at = made.after;
  return after;
}

}  // namespace datoms::detail

DATOLITE_INLINE tx_report db::with(const value& tx_data) const {
  view_->refuse_history("`with`");
  const auto basis = datoms::detail::basis_of(view_);
  const datoms::db_state& before = basis->state();
  datoms::prepared made = datoms::prepare(*basis, tx_data, datoms::detail::now());
  datoms::log_record record;
  datoms::state_ptr next;
  const bool whole =
      basis->is_whole() && dynamic_cast<const datoms::branch_index*>(before.index.get()) == nullptr;
  if (auto base = whole ? before.model->built_upon(before.index) : nullptr) {
    datoms::db_state same = before;
    same.index = std::move(base);
    datoms::change_batch changes;
    record = datoms::detail::write_changes(same, made, changes);
    next = datoms::detail::branch_after(same, made, changes);
  } else {
    record = datoms::record_of(made, before.at);
    next = datoms::detail::branch_after(basis, made, record);
  }
  const db after{std::move(next)};
  datoms::spec_check{after}.check(made.ensures);
  return {*this, after, std::move(record.datoms), std::move(made.tempids), made.t};
}

}  // namespace datolite
