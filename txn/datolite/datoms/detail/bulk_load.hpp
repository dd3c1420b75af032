// The definitions of bulk_load.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <datolite/core/any_storage.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/linkage.hpp>
#include <datolite/core/sole_holder.hpp>
#include <datolite/datoms/bulk_load.hpp>
#include <datolite/datoms/detail/connection.hpp>
#include <datolite/datoms/detail/long_tail.hpp>
#include <datolite/datoms/packed_fold.hpp>
#include <datolite/datoms/packed_index.hpp>
#include <datolite/datoms/packed_run.hpp>
#include <datolite/datoms/packed_stack.hpp>
#include <datolite/datoms/transact.hpp>
#include <datolite/datoms/tx_predicates.hpp>

namespace datolite {

namespace datoms::detail {

inline constexpr std::size_t bulk_log_bytes = std::size_t{1} << 20;  // in one commit of records

}  // namespace datoms::detail

DATOLITE_INLINE bulk_load::bulk_load(connection conn, bulk_options options)
    : conn_{std::move(conn)}, options_{std::move(options)} {
  model_ = std::make_shared<const datoms::packed::stack_model>();
  cache_ = std::make_shared<datoms::packed::block_cache>(options_.memory_bytes / 8);
  begin();
}

/// Stands on what the connection shows; what is new there is new here.
DATOLITE_INLINE void bulk_load::begin() {
  auto& of = datoms::detail::connection_access::of(conn_);
  const std::lock_guard guard{of.writing};
  datoms::state_ptr now = of.basis();
  const auto* shown = dynamic_cast<const datoms::packed::index*>(now->index.get());
  packed_ = shown != nullptr;
  if (packed_ && !shown->masked().empty()) {
    of.merge_now();
    now = of.basis();
    shown = static_cast<const datoms::packed::index*>(now->index.get());
  }
  state_ = now;
  if (!packed_) return;
  datoms::packed::base_ptr blocks = shown->blocks();
  if (blocks == nullptr || !shown->masked().empty()) {
    throw error{error_category::conflict, "db.error/load-interrupted",
                "others merge this database all the time: begin the bulk load again"};
  }
  datoms::typed::index fresh{shown->fresh(), closed_};
  fresh_bytes_ = shown->fresh_size() * 4 * datoms::detail::bytes_of_row;
  index_ = std::make_shared<stack>(datoms::packed::levels{std::move(blocks), {}}, fresh);
  auto state = std::make_shared<datoms::db_state>(*now);
  state->index = index_, state->model = model_;
  state_ = std::move(state);
  if (fresh_bytes_ > options_.memory_bytes / 2) spill();
}

DATOLITE_INLINE void bulk_load::check_usable() const {
  datoms::detail::refuse_inside_function();
  if (!failed_) return;
  throw error{error_category::unavailable, "db.error/load-failed",
              "this bulk load has failed: what the log has of it, stays; begin another for the rest"};
}

/// What goes wrong in `step` ends the load.
template <class Step>
void bulk_load::or_fail(Step&& step) {
  failed_ = true;
  step();
  failed_ = false;
}

DATOLITE_INLINE std::size_t bulk_load::bytes_held() const noexcept {
  std::size_t n = fresh_bytes_ + pending_.bytes_held() + cache_->counted().bytes;
  if (index_ == nullptr) return n;
  for (const auto& one : index_->below().runs) n += one->held;
  return n;
}

DATOLITE_INLINE void bulk_load::tell(bulk_progress::phase at, std::uint64_t done, std::uint64_t total) const {
  if (options_.progress) options_.progress({at, done, total, bytes_held()});
}

DATOLITE_INLINE bulk_report bulk_load::transact_with(const value& tx_data,
                                                     const datoms::tempid_bindings* earlier) {
  check_usable();
  if (!packed_) return transact_plainly(tx_data, earlier);
  datoms::prepared made = datoms::prepare({state_, {}}, tx_data, datoms::detail::now(), earlier);
  if (datoms::detail::changes_indexed(*state_->attributes, *made.attributes)) {
    // Runs do not know of facts that enter or leave AVET without being said again: blocks do.
    or_fail([&] { fold(); });
    bulk_report done = transact_plainly(tx_data, earlier);
    or_fail([&] { begin(); });
    return done;
  }
  bulk_report done = take(std::move(made));
  tell(bulk_progress::phase::transacting, datoms_, datoms_);
  return done;
}

DATOLITE_INLINE bulk_report bulk_load::transact_plainly(const value& tx_data,
                                                        const datoms::tempid_bindings* earlier) {
  tx_report made = earlier == nullptr ? conn_.transact(tx_data) : conn_.transact(tx_data, *earlier);
  datoms_ += made.tx_data.size();
  if (!packed_) {
    state_ = made.db_after.view().shared_state();
    tell(bulk_progress::phase::transacting, datoms_, datoms_);
  }
  return {made.t, made.tx_data.size(), std::move(made.tempids)};
}

/// Writes the record of a transaction that was worked out, and enters its datoms into the index.
DATOLITE_INLINE bulk_report bulk_load::take(datoms::prepared made) {
  datoms::log_record record = datoms::record_of(made, state_->at);
  if (!made.ensures.empty()) {
    auto after = std::make_shared<datoms::db_state>(*state_);
    after->index = model_->after(*index_, made.news(*state_->attributes), state_->snapshot);
    after->attributes = made.attributes, after->at = made.after;
    datoms::spec_check{datolite::db{std::move(after)}}.check(made.ensures);
  }
  or_fail([&] {
    if (pending_.size() == 0) first_pending_ = made.t;
    datoms::write_log_record(record, [&](bytes_view key, bytes_view stored) { pending_.put(key, stored); });
    made.after.log_sum = record.sum;
    for (const datom& d : record.datoms)
      fresh_bytes_ += datoms::detail::bytes_of_fact(d, made.attributes->find(d.a));
    advance(made);
    datoms_ += record.datoms.size();
    if (pending_.bytes_held() >= std::min(options_.memory_bytes / 16, datoms::detail::bulk_log_bytes))
      flush();
    if (fresh_bytes_ > options_.memory_bytes / 2) spill();
  });
  return {made.t, record.datoms.size(), std::move(made.tempids)};
}

/// Goes on to the state after a transaction: in place, where nobody else holds the index.
DATOLITE_INLINE void bulk_load::advance(const datoms::prepared& made) {
  const datoms::schema_ptr before = state_->attributes;
  auto next = std::make_shared<datoms::db_state>(*state_);
  next->index = nullptr;
  state_ = next;
  if (!is_sole_holder(index_)) index_ = std::make_shared<stack>(*index_);
  index_->settle();
  index_->advance(made.news(*before));
  next->index = index_, next->attributes = made.attributes, next->at = made.after;
}

DATOLITE_INLINE void bulk_load::flush() {
  if (pending_.size() == 0) return;
  const bytes key = datoms::log_key(first_pending_);
  const condition absent[] = {{key, std::nullopt}};
  any_storage storage = conn_.storage();
  const bool was = std::exchange(failed_, true);
  try {
    storage.commit(pending_.sorted(), {.conditions = absent});
  } catch (const error& e) {
    if (e.category() != error_category::conflict) throw;
    interrupted_ = first_pending_ - 1;
    throw error{error_category::conflict, "db.error/load-interrupted",
                "another writer has committed the transaction with T " + std::to_string(first_pending_) +
                    " during this bulk load: what is in the log, stays; resume it, or begin another load for "
                    "the rest"};
  }
  failed_ = was;
  pending_ = datoms::change_batch{};
}

DATOLITE_INLINE std::int64_t bulk_load::logged_t() const noexcept {
  if (interrupted_) return *interrupted_;
  return pending_.size() == 0 ? state_->at.basis_t : first_pending_ - 1;
}

DATOLITE_INLINE std::int64_t bulk_load::resume() {
  if (!interrupted_) {
    check_usable();
    flush();
    return logged_t();
  }
  if (!index_->below()
           .runs.empty()) {  // all that was spilled is in the log, and others' transactions behind it
    std::uint64_t done = 0, total = 0;
    for (const auto& one : index_->below().runs) total += one->rows();
    const datoms::packed::fold_options how = how_to_fold(done, total);
    any_storage storage = conn_.storage();
    fold_runs(storage, how, datoms::packed::token_of_fold(this), index_->below().runs, done);
  }
  pending_ = datoms::change_batch{};
  begin();
  failed_ = false;
  return *std::exchange(interrupted_, std::nullopt);
}

/// Goes on with another index of the same state.
DATOLITE_INLINE void bulk_load::show(std::shared_ptr<stack> index) {
  auto next = std::make_shared<datoms::db_state>(*state_);
  next->index = index;
  state_ = std::move(next), index_ = std::move(index);
}

/// Writes what is new into a run.
DATOLITE_INLINE void bulk_load::write_run() {
  using namespace datoms::packed;
  flush();
  levels below = index_->below();
  const std::int64_t from = below.t(), to = state_->at.basis_t;
  if (to <= from) return;
  datoms::typed::index novelty = index_->fresh();
  novelty.empty_tail();
  const base_ptr nothing = std::make_shared<const base>();
  const sources in{nothing, &novelty, {}};
  const auto news_of = [&](tree_id of) { return tree_news{in, of, true}; };
  below.runs.push_back(make_run(from, to, news_of, options_.spill_directory, cache_));
  show(std::make_shared<stack>(std::move(below), datoms::typed::index{closed_, to}));
  fresh_bytes_ = 0;
  ++spills_;
}

/// Eight runs of like size become one, so that a search has few of them to look into: who is about to fold
/// them need not do it.
DATOLITE_INLINE void bulk_load::unite_runs() {
  using namespace datoms::packed;
  constexpr std::ptrdiff_t alike = 8;
  levels below = index_->below();
  bool united = false;
  for (auto& runs = below.runs; std::ssize(runs) >= alike; united = true) {
    const auto first = runs.end() - alike;
    if ((*first)->rows() > alike * runs.back()->rows()) break;
    run_ptr one = unite({first, runs.end()}, options_.spill_directory, cache_);
    runs.erase(first, runs.end());
    runs.push_back(std::move(one));
  }
  if (united) show(std::make_shared<stack>(std::move(below), datoms::typed::index{index_->fresh()}));
}

DATOLITE_INLINE void bulk_load::spill() {
  write_run();
  unite_runs();
}

/// Folds a load that needed no run. False, with nothing done, if that does not go.
DATOLITE_INLINE bool bulk_load::fold_in_memory(const datoms::packed::fold_options& how, std::uint64_t token,
                                               std::uint64_t& done, std::uint64_t& total) {
  using namespace datoms::packed;
  if (!index_->below().runs.empty()) return false;
  datoms::typed::index novelty = index_->fresh();
  novelty.empty_tail();
  const sources in{index_->below().bottom, &novelty, {}};
  const auto rows_in = [&](tree_id of) {
    std::uint64_t n = of.past ? 0 : novelty.current(of.order).size();
    for (std::size_t i = 0; of.past && i < novelty.past(of.order).count(); ++i)
      n += novelty.past(of.order)[i].size();
    return n;
  };
  for (std::size_t number = 0; number < tree_count; ++number) total += rows_in(tree_of(number));
  any_storage storage = conn_.storage();
  const auto news_of = [&](tree_id of, std::int64_t) {
    done = 0;
    for (std::size_t number = 0; number < of.number(); ++number) done += rows_in(tree_of(number));
    return tree_news{in, of};
  };
  return fold_into(storage, how, token, state_->at.basis_t, news_of, novelty.below());
}

DATOLITE_INLINE datoms::packed::fold_options bulk_load::how_to_fold(const std::uint64_t& done,
                                                                    const std::uint64_t& total) {
  const auto& of = datoms::detail::connection_access::of(conn_);
  return {.shape = static_cast<const datoms::packed::model&>(*of.model).shape(),
          .commit_bytes = std::clamp<std::size_t>(options_.memory_bytes / 16, 4u << 10, 8u << 20),
          .cache_bytes = options_.memory_bytes / 16,
          .each_commit = [&] { tell(bulk_progress::phase::building, std::min(done, total), total); }};
}

/// Merges everything into the blocks, and lets the connection read it.
DATOLITE_INLINE void bulk_load::fold() {
  using phase = bulk_progress::phase;
  flush();
  auto& of = datoms::detail::connection_access::of(conn_);
  std::uint64_t done = 0, total = 0;
  const datoms::packed::fold_options how = how_to_fold(done, total);
  if (state_->at.basis_t > index_->below().bottom->t()) {
    const std::uint64_t token = datoms::packed::token_of_fold(this);
    if (!fold_in_memory(how, token, done, total)) {
      write_run();
      total = 0;
      for (const auto& one : index_->below().runs) total += one->rows();
      any_storage storage = conn_.storage();
      fold_runs(storage, how, token, index_->below().runs, done);
    }
  }
  {
    const std::lock_guard guard{of.writing};
    of.refresh();
  }
  tell(phase::finished, total, total);
}

DATOLITE_INLINE void bulk_load::finish() {
  check_usable();
  if (!packed_) return tell(bulk_progress::phase::finished, datoms_, datoms_);
  fold();
  or_fail([&] { begin(); });
}

}  // namespace datolite
