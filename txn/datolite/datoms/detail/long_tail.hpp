// long_tail: when a database is opened whose log has far more than its blocks, that becomes blocks first,
// within a bound of memory.
//
// A bulk load that was killed leaves such a log: millions of datoms, which as novelty would take hundreds of
// bytes each. What it had spilled is gone; so the log is played into novelty up to the bound, that is spilled
// into a sorted run, and so on; then the runs are folded into the blocks (packed_fold.hpp), and what an
// earlier fold left behind is cleared away.
//
// Cost: some microseconds for each datom of the tail, once.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <datolite/core/any_storage.hpp>
#include <datolite/core/bounds.hpp>
#include <datolite/core/datom.hpp>
#include <datolite/core/value.hpp>
#include <datolite/datoms/datom_index.hpp>
#include <datolite/datoms/db.hpp>
#include <datolite/datoms/flat_key.hpp>
#include <datolite/datoms/packed_fold.hpp>
#include <datolite/datoms/packed_merge.hpp>
#include <datolite/datoms/packed_run.hpp>
#include <datolite/datoms/schema.hpp>
#include <datolite/datoms/tx_log.hpp>
#include <datolite/datoms/typed_index.hpp>

namespace datolite::datoms::detail {

inline constexpr std::size_t bytes_of_row = 88;  // with its prefix word, and the room that a tree leaves

/// How many bytes the rows of one fact take in a typed index, in all its trees: near enough, and not less.
inline std::size_t bytes_of_fact(const datom& d, const attribute_facts* facts) noexcept {
  const std::size_t rows = 2 + (facts != nullptr && facts->indexed ? 1 : 0) + (d.v.is(kind::ref) ? 1 : 0);
  const bool text = d.v.is_text() && d.v.raw().size() > value::inline_capacity;
  return rows * bytes_of_row + (text                                   ? d.v.raw().size() + 48
                                : d.v.is_text() || d.v.is_sequential() ? 128
                                                                       : 0);
}

/// Does an attribute that there was begin or cease to be indexed?
inline bool changes_indexed(const schema& before, const schema& after) {
  for (const attribute_facts* was : before.attributes()) {
    const attribute_facts* const now = after.find(was->id);
    if (was->indexed != (now != nullptr && now->indexed)) return true;
  }
  return false;
}

/// Do the records of the log after `t` take more than so many bytes? O(what it finds out).
inline bool is_tail_longer(const any_snapshot& in, std::int64_t t, std::size_t bytes) {
  auto it = in.open_iterator(between(log_key(t + 1), log_key(time_filter::end_of_time)));
  std::size_t n = 0;
  for (it.seek_first(); it.valid() && n <= bytes; it.next()) n += it.value().size();
  return n > bytes;
}

/// Throws `corrupt` if a record does not follow the one that left `last`.
inline void check_follows(const counters& last, const log_record& record) {
  if (record.previous_sum != 0 && last.log_sum != 0 &&
      (record.previous_t != last.basis_t || record.previous_sum != last.log_sum)) {
    flat::detail::throw_corrupt(log_key(record.t), "does not follow the transaction before it");
  }
}

/// The tail of a log as sorted runs, made from its records one after another.
class tail_player {
 public:
  /// Of what comes after `t`, where the schema and the counters are `then` and `last`; `memory` bounds the
  /// novelty.
  tail_player(std::int64_t t, schema_ptr then, const counters& last, std::size_t memory)
      : from_{t}, t_{t}, schema_{std::move(then)}, last_{last}, memory_{memory} {}

  /// Takes the next record. False, and it is not taken, if it changes what is indexed of an attribute that
  /// there was: runs do not know of facts that enter or leave AVET without being said again.
  bool play(const log_record& record) {
    check_follows(last_, record);
    schema_ptr after = schema::after(schema_, record.datoms);
    if (after != schema_ && changes_indexed(*schema_, *after)) return false;
    std::vector<datom> added, retracted;
    for (const datom& d : record.datoms) {
      bytes_ += bytes_of_fact(d, after->find(d.a));
      if (d.added()) {
        added.push_back(d);
      } else {
        retracted.push_back({d.e, d.a, d.v, make_t_op(record.retracted[retracted.size()], true)});
      }
    }
    datoms_ += record.datoms.size();
    fresh_->settle();
    fresh_->advance({record.t, added, retracted, schema_.get(), after.get()});
    schema_ = std::move(after), t_ = record.t;
    last_.basis_t = record.t, last_.log_sum = record.sum;
    if (bytes_ > memory_) spill();
    return true;
  }

  std::uint64_t datoms() const noexcept { return datoms_; }

  /// Makes blocks of what was played. Throws as fold_runs.
  void fold(any_storage& storage, const packed::fold_options& how, std::uint64_t token) {
    spill();
    std::uint64_t passed = 0;
    if (!runs_.empty()) packed::fold_runs(storage, how, token, runs_, passed);
  }

 private:
  void spill() {
    if (t_ == from_) return;
    const packed::base_ptr nothing = std::make_shared<const packed::base>();
    fresh_->empty_tail();
    const packed::sources in{nothing, &*fresh_, {}};
    const auto news_of = [&](packed::tree_id of) { return packed::tree_news{in, of, true}; };
    runs_.push_back(packed::make_run(from_, t_, news_of, {}, cache_));
    fresh_.emplace(closed_, t_);
    from_ = t_, bytes_ = 0;
    constexpr std::ptrdiff_t alike = 8;
    while (std::ssize(runs_) >= alike) {
      const auto first = runs_.end() - alike;
      if ((*first)->rows() > alike * runs_.back()->rows()) break;
      packed::run_ptr one = packed::unite({first, runs_.end()}, {}, cache_);
      runs_.erase(first, runs_.end());
      runs_.push_back(std::move(one));
    }
  }

  std::int64_t from_, t_;  // what is new begins behind the one, and goes up to the other
  schema_ptr schema_;
  counters last_;
  const std::size_t memory_;
  std::shared_ptr<const std::atomic<bool>> closed_ = std::make_shared<const std::atomic<bool>>(false);
  std::optional<typed::index> fresh_{std::in_place, closed_, from_};
  std::size_t bytes_ = 0;  // of these
  std::uint64_t datoms_ = 0;
  std::shared_ptr<packed::block_cache> cache_ = std::make_shared<packed::block_cache>(memory_ / 4);
  std::vector<packed::run_ptr> runs_;
};

}  // namespace datolite::datoms::detail
