// How a connection transacts: one at a time, or several that wait by one commit of the engine.
//
// Whoever finds nobody at work leads: it performs all that wait, its own included, while others queue up
// behind it. So the more wait, the more share one commit (group commit, as DeWitt et al. 1984 describe it).
#pragma once

#include <datolite/datoms/connection.hpp>
#include <datolite/datoms/detail/connection.hpp>

namespace datolite {

namespace datoms::detail {

/// What the parts of a connection that live in other headers may touch.
struct connection_access {
  using shared = connection::shared;
  static shared& of(connection& conn) noexcept { return *conn.shared_; }
};

inline constexpr int most_attempts = 100;          // at building on a basis that others keep moving
inline constexpr std::size_t most_in_group = 256;  // transactions in one commit of the engine

}  // namespace datoms::detail

DATOLITE_INLINE tx_report connection::transact(const value& tx_data) {
  return transact_with(tx_data, nullptr);
}
DATOLITE_INLINE tx_report connection::transact(const value& tx_data, const datoms::tempid_bindings& earlier) {
  return transact_with(tx_data, &earlier);
}
DATOLITE_INLINE tx_report connection::transact_with(const value& tx_data,
                                                    const datoms::tempid_bindings* earlier) {
  datoms::detail::tx_request one{&tx_data, earlier, {}, false};
  shared_->run({&one, 1});
  return std::move(one.outcome.get());
}

DATOLITE_INLINE std::vector<tx_outcome> connection::transact_each(std::span<const value> all) {
  std::vector<datoms::detail::tx_request> requests;
  requests.reserve(all.size());
  for (const value& tx_data : all) requests.push_back({&tx_data, nullptr, {}, false});
  shared_->run(requests);
  std::vector<tx_outcome> outcomes;
  outcomes.reserve(all.size());
  for (auto& one : requests) outcomes.push_back(std::move(one.outcome));
  return outcomes;
}

/// Performs requests in their order, or waits until somebody has.
inline void connection::shared::run(std::span<request> mine) {
  datoms::detail::refuse_inside_function();
  std::unique_lock lock{queueing};
  queue.reserve(queue.size() + mine.size());
  for (request& one : mine) queue.push_back(&one);
  while (!mine.empty() && !mine.back().done) {
    if (leading) {
      turned.wait(lock);
      continue;
    }
    const auto end =
        queue.begin() + static_cast<std::ptrdiff_t>(std::min(queue.size(), datoms::detail::most_in_group));
    performed.assign(queue.begin(), end);
    queue.erase(queue.begin(), end);
    leading = true;
    lock.unlock();
    perform(performed);
    lock.lock();
    for (request* one : performed) one->done = true;
    leading = false;
    turned.notify_all();
  }
}

inline void connection::shared::perform(std::span<request* const> batch) noexcept {
  const std::lock_guard guard{writing};
  if (batch.size() > 1) {
    try {
      if (perform_together(batch)) return merge_if_due();
    } catch (...) {  // each will say by itself what hinders it
    }
  }
  for (request* one : batch) perform_alone(*one);
  merge_if_due();
}

inline void connection::shared::perform_alone(request& one) noexcept {
  try {
    one.outcome.report.emplace(transact(one));
    announce(*one.outcome.report);
  } catch (...) {
    one.outcome.failure = std::current_exception();
  }
}

inline tx_report connection::shared::transact(const request& one) {
  for (int attempt = 1;; ++attempt) {
    const datoms::state_ptr before = basis();
    const datoms::db_view view{before, {}};
    try {
      return commit(before, datoms::prepare(view, *one.tx_data, datoms::detail::now(), one.earlier));
    } catch (const error& e) {
      // Only the log's key tells that another writer was faster; what the data itself is refused for stays
      // refused.
      if (e.code() != "db.error/log-moved" || attempt == datoms::detail::most_attempts) throw;
    }
  }
}

/// Works the requests out one upon the other, and keeps those that are not refused by one commit. False, with
/// no outcome set and nothing done, if that did not go: then each is to be performed alone.
inline bool connection::shared::perform_together(std::span<request* const> batch) {
  const datoms::state_ptr base = basis();
  datoms::state_ptr now = base;
  auto pending = transaction_on(base->snapshot);
  std::vector<std::pair<request*, tx_outcome>> outcomes;
  std::size_t kept = 0;
  for (request* one : batch) {
    tx_outcome& outcome = outcomes.emplace_back(one, tx_outcome{}).second;
    try {
      datoms::prepared made = datoms::prepare({now, {}}, *one->tx_data, datoms::detail::now(), one->earlier);
      datoms::change_batch changes;
      datoms::log_record record = datoms::detail::write_changes(*now, made, changes);
      auto further = pending;
      further.commit(changes.sorted());
      datoms::state_ptr after = datoms::detail::state_after(*now, made, any_snapshot{further});
      datoms::spec_check{datolite::db{after}}.check(made.ensures);
      outcome.report.emplace(tx_report{datolite::db{now}, datolite::db{after}, std::move(record.datoms),
                                       std::move(made.tempids), made.t, storage.durability()});
      pending = std::move(further), now = std::move(after), ++kept;
    } catch (const error&) {
      outcome.failure = std::current_exception();
    }
  }
  if (kept > 0 && !commit_together(base, now, pending, outcomes)) return false;
  for (auto& [one, outcome] : outcomes) {
    if (outcome.report) announce(*outcome.report);
    one->outcome = std::move(outcome);
  }
  return true;
}

/// Commits what was worked out from `base` to `last`. False if it did not happen. Where that cannot be known,
/// the outcomes say so.
inline bool connection::shared::commit_together(const datoms::state_ptr& base, const datoms::state_ptr& last,
                                                const transaction<any_snapshot>& pending,
                                                std::span<std::pair<request*, tx_outcome>> outcomes) {
  const bytes key = datoms::log_key(base->at.next_t);
  const condition absent[] = {{key, std::nullopt}};
  const auto all_are_unknown = [&] {
    for (auto& [one, outcome] : outcomes) {
      if (!std::exchange(outcome.report, std::nullopt)) continue;
      outcome.failure = std::make_exception_ptr(
          error{error_category::unknown_outcome, "db.error/unknown-outcome",
                "the transactions that were committed together may have happened: look before trying again"});
    }
    return true;
  };
  synctag_t committed{};
  doubtful = true;  // until the engine has said what happened, and it has been read
  try {
    committed = txn::commit(storage, pending, {.conditions = absent});
  } catch (const error& e) {
    if (e.category() == error_category::unknown_outcome) return all_are_unknown();
    doubtful = false;  // any other error leaves the contents as they were
    return false;
  } catch (...) {
    return all_are_unknown();
  }
  try {
    publish(committed_state(base, last, committed));
  } catch (...) {
    return all_are_unknown();
  }
  for (const auto& [one, outcome] : outcomes) {
    if (outcome.report) model->kept(*outcome.report->db_after.view().state().index);
  }
  doubtful = false;
  return true;
}

/// The state of the storage after the commit that made `last` out of `base`.
inline datoms::state_ptr connection::shared::committed_state(const datoms::state_ptr& base,
                                                             const datoms::state_ptr& last,
                                                             synctag_t committed) {
  datoms::db_state real = *last;
  if (!model->reads_snapshots()) {
    real.snapshot = any_snapshot{datoms::late_snapshot{storage, committed}};
    return std::make_shared<const datoms::db_state>(std::move(real));
  }
  any_snapshot snapshot = storage.snapshot();
  if (snapshot.synctag() != committed) {  // others have committed since
    return datoms::detail::state_of(storage, base, model, open_schema, functions);
  }
  real.index = model->share(*last->index, snapshot);
  real.snapshot = std::move(snapshot);
  return std::make_shared<const datoms::db_state>(std::move(real));
}

/// Commits the changes of the transaction `t`, worked out from what the engine had at `basis`. That the log
/// has no record of it need not be read where nobody has committed since.
inline synctag_t connection::shared::commit_changes(synctag_t basis, std::int64_t t,
                                                    std::span<const change> changes) {
  const bytes key = datoms::log_key(t);
  const condition absent[] = {{key, std::nullopt}};
  for (demands wanted{.unmoved_since = basis};; wanted = {.conditions = absent}) {
    doubtful = true;  // until the engine has said what happened
    try {
      return storage.commit(changes, wanted);
    } catch (const error& e) {
      if (e.category() == error_category::unknown_outcome) throw;
      doubtful = false;  // any other error leaves the contents as they were
      if (e.category() != error_category::conflict) throw;
      if (wanted.unmoved_since) continue;
      throw error{error_category::conflict, "db.error/log-moved",
                  "another writer has committed the transaction with T " + std::to_string(t)};
    }
  }
}

/// Commits by one change of the engine, and publishes what came of it.
inline tx_report connection::shared::commit(const datoms::state_ptr& before, datoms::prepared made) {
  datoms::change_batch changes;
  datoms::log_record record = datoms::detail::write_changes(*before, made, changes);
  if (!made.ensures.empty()) {
    datoms::spec_check{datolite::db{datoms::detail::branch_after(*before, made, changes)}}.check(
        made.ensures);
  }
  const synctag_t committed = commit_changes(before->snapshot.synctag(), made.t, changes.sorted());
  datoms::state_ptr after;
  try {
    after = advance(before, made, committed);
  } catch (const error& e) {
    throw error{error_category::unknown_outcome, "db.error/committed-unread",
                "the transaction was committed, but the new state could not be read: " + e.message()};
  }
  doubtful = false;
  datoms::time_filter time;
  if (after->at.basis_t != made.t) time.as_of = made.t;  // others have committed since
  tx_report report{datolite::db{before},
                   datolite::db{after, time},
                   std::move(record.datoms),
                   std::move(made.tempids),
                   made.t,
                   storage.durability()};
  publish(std::move(after));
  return report;
}

inline datoms::state_ptr connection::shared::advance(const datoms::state_ptr& before,
                                                     const datoms::prepared& made, synctag_t committed) {
  if (!model->reads_snapshots()) {
    return datoms::detail::state_after(*before, made,
                                       any_snapshot{datoms::late_snapshot{storage, committed}});
  }
  any_snapshot snapshot = storage.snapshot();
  if (snapshot.synctag() != committed) {
    return datoms::detail::state_of(storage, before, model, open_schema, functions);
  }
  return datoms::detail::state_after(*before, made, std::move(snapshot));
}

DATOLITE_INLINE bool connection::merge() {
  datoms::detail::refuse_inside_function();
  datoms::state_ptr now;
  {
    const std::lock_guard guard{shared_->writing};
    now = shared_->basis();
  }
  datoms::change_batch changes;  // made while others transact
  datoms::merge_demand demanded;
  if (!shared_->model->merge(*now->index, now->at.basis_t, changes, demanded)) return false;
  const std::lock_guard guard{shared_->writing};
  return shared_->commit_merge(changes, demanded);
}

/// Merges all that is known. REQUIRES: `writing` is held.
inline bool connection::shared::merge_now() {
  const datoms::state_ptr now = basis();
  datoms::change_batch changes;
  datoms::merge_demand demanded;
  return model->merge(*now->index, now->at.basis_t, changes, demanded) && commit_merge(changes, demanded);
}

/// Commits a merge, and goes on from what it left. False if somebody else has merged. REQUIRES: `writing` is
/// held.
inline bool connection::shared::commit_merge(datoms::change_batch& changes,
                                             const datoms::merge_demand& demanded) {
  const condition unmerged[] = {
      {demanded.key, demanded.expected ? std::optional<bytes_view>{*demanded.expected} : std::nullopt}};
  doubtful = true;  // until the engine has said what happened, and it has been read
  try {
    storage.commit(changes.sorted(), {.conditions = unmerged});
  } catch (const error& e) {
    if (e.category() == error_category::unknown_outcome) throw;
    doubtful = false;  // any other error leaves the contents as they were
    if (e.category() != error_category::conflict) throw;
    return false;
  }
  refresh();
  return true;
}

/// A merge that does not go is tried again later, ever more rarely: what is new is in the log in any case.
/// REQUIRES: `writing` is held.
inline void connection::shared::merge_if_due() noexcept {
  try {
    if (options.merge != merging::inline_ || merge_waits > 0) {
      merge_waits -= merge_waits > 0 ? 1 : 0;
      return;
    }
    const datoms::state_ptr now = peek();
    if (doubtful || now == nullptr || !model->is_merge_due(*now->index)) return;
    merge_now();
    merge_failures = 0;
  } catch (...) {
    merge_failures = std::min<std::size_t>(merge_failures + 1, 10);
    merge_waits = std::size_t{1} << merge_failures;
  }
}

/// Tells those who listen. They are few, and gone ones are forgotten here.
inline void connection::shared::announce(const tx_report& report) noexcept {
  std::erase_if(sinks, [&](const std::weak_ptr<datoms::detail::report_sink>& one) {
    const auto sink = one.lock();
    if (sink != nullptr) sink->push(report);
    return sink == nullptr;
  });
}

}  // namespace datolite
