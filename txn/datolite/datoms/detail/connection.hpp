// The definitions of connection.hpp.
#pragma once

#include <time.h>

#include <algorithm>
#include <condition_variable>
#include <ctime>
#include <functional>
#include <mutex>
#include <span>
#include <string>

#include <datolite/core/linkage.hpp>
#include <datolite/core/sole_holder.hpp>
#include <datolite/datoms/bootstrap.hpp>
#include <datolite/datoms/connection.hpp>
#include <datolite/datoms/detail/branching.hpp>
#include <datolite/datoms/detail/long_tail.hpp>
#include <datolite/datoms/entity_id.hpp>
#include <datolite/datoms/flat_index.hpp>
#include <datolite/datoms/late_snapshot.hpp>
#include <datolite/datoms/log_record.hpp>
#include <datolite/datoms/packed_index.hpp>
#include <datolite/datoms/store_format.hpp>
#include <datolite/datoms/tempid.hpp>
#include <datolite/datoms/tx_log.hpp>
#include <datolite/datoms/typed_index.hpp>

namespace datolite {

namespace datoms::detail {

using model_ptr = std::shared_ptr<const datom_index_model<any_snapshot>>;

inline model_ptr model_of(const store_format& format, const any_storage& storage,
                          const connection_options& options) {
  if (format.layout == store_format::layout_kind::packed) {
    return std::make_shared<const packed::model>(
        storage, packed::packed_options{format.block_bytes, options.merge_least.value_or(format.merge_least),
                                        options.merge_share.value_or(format.merge_per_mille / 1000.0),
                                        options.cache_bytes, options.kept_generations});
  }
  if (format.layout == store_format::layout_kind::only_log) {
    return std::make_shared<const typed::model<any_snapshot>>();
  }
  return std::make_shared<const flat::model<any_snapshot>>(format.value_limit, storage.max_key_size());
}

/// All datoms of the attributes that make the schema, of all time, in order of T.
inline std::vector<datom> schema_datoms(const datom_index& index) {
  std::vector<datom> all;
  for (const bootstrap_attribute& a : bootstrap_attributes) {
    if (!is_schema_attribute(a.id)) continue;
    const auto cursor = index.open_cursor(index_order::aevt, components::all, {.history = true}, nullptr);
    datom_range range;
    range.index = index_order::aevt;
    range.a = a.id;
    cursor->seek(range);
    for (datom_columns batch; cursor->next_batch(batch, 1024);) {
      for (std::size_t i = 0; i < batch.size; ++i) {
        all.push_back({batch.e[i], batch.a[i], std::move(batch.v[i]), batch.t_op[i]});
      }
    }
  }
  std::stable_sort(all.begin(), all.end(), [](const datom& x, const datom& y) { return x.t() < y.t(); });
  return all;
}

/// The state after one more transaction of the log, which `snapshot` holds. Throws `corrupt` if the record
/// does not follow the one before it.
inline state_ptr state_after(const db_state& before, const log_record& record, const any_snapshot& snapshot) {
  check_follows(before.at, record);
  std::vector<datom> added, retracted;
  for (const datom& d : record.datoms) {
    if (d.added()) {
      added.push_back(d);
    } else {
      retracted.push_back({d.e, d.a, d.v, make_t_op(record.retracted[retracted.size()], true)});
    }
  }
  schema_ptr attributes = schema::after(before.attributes, record.datoms);
  auto index = before.model->after(
      *before.index, {record.t, added, retracted, before.attributes.get(), attributes.get()}, snapshot);
  return std::make_shared<const db_state>(
      db_state{snapshot,
               std::move(index),
               std::move(attributes),
               {record.t, record.next_t, record.next_element, record.instant, record.sum},
               before.model,
               before.open_schema,
               before.functions});
}

/// The state that an index shows which was just opened, up to `t`; the further transactions of the log are
/// missing.
inline db_state opened_state(const any_snapshot& snapshot, std::shared_ptr<const datom_index> index,
                             std::int64_t t, const model_ptr& model, bool open_schema,
                             const std::shared_ptr<const tx_functions>& functions) {
  if (t <= 0) return {snapshot, std::move(index), schema::of({}), {}, model, open_schema, functions};
  const auto last = log_record_of(snapshot, t, false);
  if (!last) flat::detail::throw_corrupt(log_key(t), "is missing: the log ends before what the indexes hold");
  schema_ptr attributes = schema::of(schema_datoms(*index));
  return {snapshot,
          std::move(index),
          std::move(attributes),
          {last->t, last->next_t, last->next_element, last->instant, last->sum},
          model,
          open_schema,
          functions};
}

/// The state that `storage` holds now. `known` is an earlier one, or null.
inline state_ptr state_of(const any_storage& storage, state_ptr known, const model_ptr& model,
                          bool open_schema, const std::shared_ptr<const tx_functions>& functions) {
  const any_snapshot snapshot = storage.snapshot();
  const auto newest = newest_log_record(snapshot);
  if (!newest) flat::detail::throw_corrupt(bytes(1, log_tag), "is missing: the database has no log");
  std::shared_ptr<const datom_index> index =
      known == nullptr ? nullptr : model->reopen(*known->index, snapshot);
  if (known == nullptr || index != nullptr || model->reads_snapshots()) {
    if (index == nullptr) index = model->open(snapshot);
    const std::int64_t t = model->opened_t(*index).value_or(newest->t);
    known = std::make_shared<const db_state>(
        opened_state(snapshot, std::move(index), t, model, open_schema, functions));
  }
  // A state that reads the log alone need not hold on to a snapshot.
  const any_snapshot shown =
      model->reads_snapshots() ? snapshot : any_snapshot{late_snapshot{storage, snapshot.synctag()}};
  read_log(snapshot, known->at.basis_t + 1, newest->next_t, [&](const log_record& record) {
    known = state_after(*known, record, shown);
    return true;
  });
  if (!model->reads_snapshots()) {
    auto moved = std::make_shared<db_state>(*known);
    moved->snapshot = shown;
    known = std::move(moved);
  }
  return known;
}

/// Makes blocks of what the log has beyond them, if a merge is due and that is more than memory should hold;
/// and clears away what a fold left behind that was killed. Where that fails, the log is played all the same.
inline void shorten_tail(any_storage& storage, const packed::model& model,
                         const connection_options& options) {
  const any_snapshot now = storage.snapshot();
  const auto mark = now.get(packed::fold_mark_key());
  const bool is_broken = mark && !packed::may_be_folding(mark->view());
  const auto about = packed::read_manifest(now);
  if (!is_broken && (mark || !is_tail_longer(now, about ? about->t : -1, options.cache_bytes / 8))) return;
  const std::shared_ptr<const datom_index> index = model.open(now);
  const auto& shown = static_cast<const packed::index&>(*index);
  const auto same = std::shared_ptr<const datom_index_model<any_snapshot>>{};
  const db_state known = opened_state(now, index, shown.t(), same, false, nullptr);
  tail_player tail{shown.t(), known.attributes, known.at, options.cache_bytes};
  read_log(now, known.at.basis_t + 1, time_filter::end_of_time,
           [&](const log_record& record) { return tail.play(record); });
  const packed::fold_options how{.shape = model.shape(), .attempts = 1, .yields = true};
  const std::uint64_t token = packed::token_of_fold(&storage);
  try {
    if (tail.datoms() > model.most_fresh(*shown.blocks())) {
      tail.fold(storage, how, token);
    } else if (is_broken) {
      packed::clear_broken_fold(storage, how, token);
    }
  } catch (const error& e) {
    if (e.category() == error_category::corrupt) throw;
  }
}

/// A state without datoms, for the first transaction to be made from.
class no_datoms final : public flat::counted_index {
 public:
  no_datoms() : counted_index{{}} {}
  bool has_key(bytes_view) const override { return false; }
  std::unique_ptr<datom_cursor> open_cursor(index_order, components, const time_filter&,
                                            io_counters*) const override {
    return nullptr;
  }
  std::uint64_t count(const datom_range&, const time_filter&) const override { return 0; }
};

/// Makes an empty storage a database, unless somebody else just did.
inline void bootstrap(any_storage& storage, const connection_options& options) {
  store_format format;
  format.open_schema = options.open_schema;
  const bool in_memory = storage.durability() == durability_level::memory;
  if (options.layout == index_layout::typed || (options.layout == index_layout::automatic && in_memory)) {
    format.layout = store_format::layout_kind::only_log;
  }
  if (options.layout == index_layout::packed || (options.layout == index_layout::automatic && !in_memory)) {
    format.layout = store_format::layout_kind::packed;
  }
  format.value_limit = flat::value_limit_for(storage.max_key_size());
  if (format.value_limit == 0 && format.layout == store_format::layout_kind::flat) {
    throw error{
        error_category::unsupported, "db.error/key-too-long",
        "the engine's keys are too short for datoms: " + std::to_string(storage.max_key_size()) + " bytes"};
  }
  format.merge_least = options.merge_least.value_or(format.merge_least);
  const std::size_t suits = storage.preferred_value_size();
  format.block_bytes = options.block_bytes != 0          ? options.block_bytes
                       : suits >= 2048 && suits <= 65536 ? suits
                                                         : 4080;
  if (options.merge_share) format.merge_per_mille = static_cast<std::uint64_t>(*options.merge_share * 1000);
  prepared first;
  first.t = bootstrap_t;
  first.added = bootstrap_datoms();
  std::sort(first.added.begin(), first.added.end(), before_in_eavt);
  first.attributes = schema::of(first.added);
  first.after = {bootstrap_t, first_user_t, first_user_element, 0, 0};
  change_batch changes;
  changes.put(format_key(), encode_format(format));
  const schema none;
  model_of(format, storage, options)
      ->apply(no_datoms{}, {first.t, first.added, {}, &none, first.attributes.get()}, changes);
  log_record record = record_of(first, {});
  write_log_record(record, [&](bytes_view key, bytes_view stored) { changes.put(key, stored); });
  const bytes key = format_key();
  const condition absent[] = {{key, std::nullopt}};
  try {
    storage.commit(changes.sorted(), {.conditions = absent});
  } catch (const error& e) {
    if (e.category() != error_category::conflict) throw;
  }
}

}  // namespace datoms::detail

namespace datoms::detail {

/// A transaction function runs while its connection is at work, which it would wait for without end.
inline void refuse_inside_function() {
  if (functions_running == 0) return;
  throw error{error_category::incorrect, "db.error/transact-in-function",
              "a transaction function cannot use its connection: let it return transaction data, and read "
              "from the db "
              "that it is given"};
}

/// One caller's transaction, waiting for its turn.
struct tx_request {
  const value* tx_data = nullptr;
  const tempid_bindings* earlier = nullptr;
  tx_outcome outcome;
  bool done = false;  // guarded by the connection's `queueing`
};

}  // namespace datoms::detail

struct connection::shared {
  explicit shared(any_storage given) : storage{std::move(given)} {}

  any_storage storage;
  datoms::detail::model_ptr model;
  bool open_schema = false;
  std::shared_ptr<const tx_functions> functions;
  connection_options options;

  std::mutex writing;     // held by whoever makes the next state
  bool doubtful = false;  // guarded by `writing`: the last commit's outcome is unknown

  mutable std::mutex publishing;
  datoms::state_ptr
      newest;  // guarded by `publishing`; null only where memory ran out, until it is read again

  datoms::state_ptr known() {
    if (datoms::state_ptr now = peek()) return now;
    const std::lock_guard guard{writing};
    return refresh();
  }
  datoms::state_ptr peek() const {
    const std::lock_guard guard{publishing};
    return newest;
  }
  void publish(datoms::state_ptr next) noexcept {
    model->published(next->index);
    renew(*next);
    const std::lock_guard guard{publishing};
    newest.swap(next);
  }

  /// Lets go of an old snapshot of the engine where a newer one does as well. If it does not go, it is tried
  /// again after the next transaction.
  void renew(const datoms::db_state& next) noexcept {
    try {
      if (model->is_behind(*next.index, next.snapshot.synctag()))
        model->renew(*next.index, storage.snapshot());
    } catch (...) {
    }
  }

  /// Reads the newest state from the storage. REQUIRES: `writing` is held.
  datoms::state_ptr refresh() {
    datoms::state_ptr read = datoms::detail::state_of(storage, peek(), model, open_schema, functions);
    publish(read);
    doubtful = false;
    return read;
  }

  /// The state to build on: what is known, unless the storage has moved since. REQUIRES: `writing` is held.
  datoms::state_ptr basis() {
    datoms::state_ptr now = settled();
    return doubtful || now == nullptr || storage.synctag() != now->snapshot.synctag() ? refresh() : now;
  }

  /// The newest state, after its index has put itself in order, in place, where nobody else looks at it.
  /// REQUIRES: `writing` is held.
  datoms::state_ptr settled() {
    const std::lock_guard guard{publishing};
    if (!is_sole_holder(newest)) return newest;
    try {
      model->settle(newest->index);
    } catch (...) {
      newest.reset();
      throw;
    }
    return newest;
  }

  // -- merging (detail/transacting.hpp)
  bool merge_now();
  bool commit_merge(datoms::change_batch& changes, const datoms::merge_demand& demanded);
  void merge_if_due() noexcept;
  std::size_t merge_failures = 0, merge_waits = 0;  // guarded by `writing`

  // -- transactions (detail/transacting.hpp)
  using request = datoms::detail::tx_request;

  void run(std::span<request> mine);
  void perform(std::span<request* const> batch) noexcept;
  void perform_alone(request& one) noexcept;
  bool perform_together(std::span<request* const> batch);
  bool commit_together(const datoms::state_ptr& base, const datoms::state_ptr& last,
                       const transaction<any_snapshot>& pending,
                       std::span<std::pair<request*, tx_outcome>> outcomes);
  datoms::state_ptr committed_state(const datoms::state_ptr& base, const datoms::state_ptr& last,
                                    synctag_t committed);
  tx_report transact(const request& one);
  tx_report commit(const datoms::state_ptr& before, datoms::prepared made);
  synctag_t commit_changes(synctag_t basis, std::int64_t t, std::span<const change> changes);
  datoms::state_ptr advance(const datoms::state_ptr& before, const datoms::prepared& made,
                            synctag_t committed);
  void announce(const tx_report& report) noexcept;

  std::mutex queueing;
  std::condition_variable turned;
  std::vector<request*> queue;      // guarded by `queueing`, as is `leading`
  bool leading = false;             // somebody performs what others wait for
  std::vector<request*> performed;  // by who leads; kept for its room

  std::vector<std::weak_ptr<datoms::detail::report_sink>> sinks;  // guarded by `writing`
  std::shared_ptr<void>
      worker;  // of transact_async; guarded by `queueing`. Last: it goes first, and uses the rest
};

DATOLITE_INLINE connection::connection(any_storage storage, connection_options options)
    : shared_{std::make_shared<shared>(std::move(storage))} {
  auto format = datoms::read_format(shared_->storage.snapshot());
  if (!format) {
    datoms::detail::bootstrap(shared_->storage, options);
    format = datoms::read_format(shared_->storage.snapshot());
  }
  shared_->model = datoms::detail::model_of(*format, shared_->storage, options);
  shared_->options = options;
  shared_->open_schema = format->open_schema;
  shared_->functions = std::move(options.functions);
  const std::lock_guard guard{shared_->writing};
  if (format->layout == datoms::store_format::layout_kind::packed &&
      shared_->options.merge == merging::inline_) {
    datoms::detail::shorten_tail(shared_->storage, static_cast<const datoms::packed::model&>(*shared_->model),
                                 shared_->options);
  }
  shared_->refresh();
}

DATOLITE_INLINE datoms::state_ptr connection::known() const { return shared_->known(); }
DATOLITE_INLINE void connection::tx_range(std::int64_t start, std::int64_t end,
                                          const std::function<bool(const datoms::log_record&)>& each) const {
  const datoms::state_ptr now = known();
  datoms::read_log(now->snapshot, datoms::t_of_moment(start),
                   std::min(datoms::t_of_moment(end), now->at.next_t), each);
}

DATOLITE_INLINE db connection::db() const { return datolite::db{known()}; }
DATOLITE_INLINE void connection::close() {
  shared_->storage.close();
  shared_->model->close();
}
DATOLITE_INLINE const any_storage& connection::storage() const noexcept { return shared_->storage; }

DATOLITE_INLINE connection connection::fork() const {
  datoms::detail::refuse_inside_function();
  const std::lock_guard guard{shared_->writing};
  const datoms::state_ptr now = shared_->basis();
  auto copy = std::make_shared<shared>(shared_->storage.fork());
  copy->model =
      datoms::detail::model_of(*datoms::read_format(now->snapshot), copy->storage, shared_->options);
  copy->open_schema = shared_->open_schema;
  copy->functions = shared_->functions;
  copy->options = shared_->options;
  datoms::db_state state = *now;
  state.snapshot = copy->storage.snapshot();
  state.index = copy->model->share(*now->index, state.snapshot);
  state.model = copy->model;
  copy->publish(std::make_shared<const datoms::db_state>(std::move(state)));
  return connection{std::move(copy)};
}

DATOLITE_INLINE db connection::sync() {
  datoms::detail::refuse_inside_function();
  const std::lock_guard guard{shared_->writing};
  return datolite::db{shared_->basis()};
}

DATOLITE_INLINE db connection::sync(std::int64_t t, std::int64_t most_milliseconds) {
  for (std::int64_t waited = 0;; ++waited) {
    datolite::db now = sync();
    if (now.basis_t() >= t) return now;
    if (waited >= most_milliseconds) {
      throw error{error_category::unavailable, "db.error/not-synced",
                  "the transaction with T " + std::to_string(t) + " did not come within " +
                      std::to_string(most_milliseconds) + " ms; the newest is " +
                      std::to_string(now.basis_t())};
    }
    const std::timespec millisecond{0, 1'000'000};
    ::nanosleep(&millisecond, nullptr);
  }
}

}  // namespace datolite

#include <datolite/datoms/detail/transacting.hpp>
