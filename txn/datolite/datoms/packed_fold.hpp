// packed_fold: sorted runs become blocks: the next generation, written by many bounded commits.
//
// New blocks stand under keys that no block of the present generation has, so that until the last commit,
// which swaps the manifest, the database is what it was. A mark says meanwhile that there may be blocks which
// no directory names; who folds next clears them away. Every commit demands that the manifest is what was
// read and that the mark is one's own: of two that fold, or a fold and a merge, one is told of a conflict. A
// mark names the process that folds, so that whoever comes later can tell whether it was left behind.
//
// Cost: the blocks that the runs fall into are read and written once; memory for one commit, one block of
// each run, and the directory of blocks.
#pragma once

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <datolite/core/any_storage.hpp>
#include <datolite/core/bounds.hpp>
#include <datolite/core/bytes.hpp>
#include <datolite/core/error.hpp>
#include <datolite/datoms/change_batch.hpp>
#include <datolite/datoms/detail/xxhash.hpp>
#include <datolite/datoms/packed_base.hpp>
#include <datolite/datoms/packed_directory.hpp>
#include <datolite/datoms/packed_merge.hpp>
#include <datolite/datoms/packed_run.hpp>

namespace datolite::datoms::packed {

/// A number that no other fold has, as good as surely: the process, and 32 bits of the moment and of what
/// folds.
inline std::uint64_t token_of_fold(const void* what) noexcept {
  std::timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const std::uint64_t words[] = {static_cast<std::uint64_t>(now.tv_sec),
                                 static_cast<std::uint64_t>(now.tv_nsec),
                                 reinterpret_cast<std::uintptr_t>(what)};
  return static_cast<std::uint64_t>(::getpid()) << 32 | (XXH3_64bits(words, sizeof words) >> 32);
}

/// May the fold whose mark this is still be at work? Sure only where it is not: a process's number is given
/// again.
inline bool may_be_folding(bytes_view mark) noexcept {
  if (mark.size() != sizeof(std::uint64_t)) return false;
  std::uint64_t process = 0;
  for (std::size_t i = 0; i < 4; ++i) process = process << 8 | static_cast<unsigned char>(mark[i]);
  if (process == 0 || process > std::numeric_limits<::pid_t>::max()) return false;
  return ::kill(static_cast<::pid_t>(process), 0) == 0 || errno == EPERM;
}

/// What a fold may use, and whom it tells.
struct fold_options {
  block_shape shape;
  std::size_t commit_bytes = std::size_t{4} << 20;  ///< after which a commit is made
  std::size_t cache_bytes = std::size_t{1} << 20;   ///< of the blocks that are there
  std::function<void()> each_commit{};              ///< called before each
  int attempts = 10;                                ///< where others merge or fold at the same time
  bool yields = false;  ///< to another fold that may be at work: then it throws `conflict`
};

/// One attempt to fold. What it writes is nothing to anybody before `finish` has swapped the manifest.
class folding final : public block_sink {
 public:
  folding(any_storage& storage, const fold_options& options, std::uint64_t token)
      : storage_{storage}, options_{options} {
    append_u64(token_, token);
    const any_snapshot now = storage.snapshot();
    const auto marked = now.get(fold_mark_key());
    if (marked) earlier_mark_ = bytes{marked->view()};
    if (auto about = read_manifest(now)) {
      found_ = encode_manifest(*about);
      old_ = std::make_shared<const base>(now, std::move(*about), false,
                                          std::make_shared<block_cache>(options.cache_bytes), nullptr);
    } else {
      old_ = std::make_shared<const base>();
    }
    next_ = old_->about();
    for (std::size_t number = 0; number < tree_count; ++number) {
      const directory& tree = old_->tree(tree_of(number));
      for (std::size_t i = 0; i < tree.size(); ++i) keys_.push_back(tree[i].key);
    }
    std::sort(keys_.begin(), keys_.end());
  }
  folding(const folding&) = delete;

  /// The T up to which the present blocks hold the log.
  std::int64_t since() const noexcept { return old_->t(); }

  /// Says that there may be blocks without a name, and clears away those that an earlier fold left.
  void begin() {
    if (earlier_mark_ && options_.yields && may_be_folding(*earlier_mark_)) {
      throw error{error_category::conflict, "db.error/folding", "another process is writing the indexes"};
    }
    change_batch mark;
    mark.put(fold_mark_key(), token_);
    const bytes key = fold_mark_key();
    condition same[] = {manifest_is(found_), {key, std::nullopt}};
    if (earlier_mark_) same[1].expected = *earlier_mark_;
    storage_.commit(mark.sorted(), {.conditions = same});
    if (earlier_mark_) clear_nameless();
  }

  /// Makes the blocks of one tree.
  template <class News>
  void fold(tree_id of, News& news) {
    next_.chunks[of.number()] =
        tree_merger{*old_, {}, of, news, options_.shape, next_.next_number, *this}.run();
  }

  /// Makes what was folded the state of the database, which holds the log up to `t`.
  void finish(std::int64_t t) {
    ++next_.generation;
    next_.t = t;
    bytes stored = encode_manifest(next_);
    pending_.put(manifest_key(), stored);
    commit();
    found_ = std::move(stored);
  }

  /// Lets go of what the new generation does not need, and of the mark. Whatever this cannot do, the next
  /// fold does.
  void clear() noexcept {
    try {
      for (const bytes& key : gone_) erase_now(key);
      pending_.erase(fold_mark_key());
      commit();
    } catch (...) {
    }
  }

  // -- block_sink
  void put(bytes_view key, bytes_view stored) override {
    pending_.put(key, stored);
    if (pending_.bytes_held() >= options_.commit_bytes) commit();
  }
  void erase(bytes_view key) override { gone_.emplace_back(key); }
  bool is_taken(bytes_view key) const override { return std::binary_search(keys_.begin(), keys_.end(), key); }

 private:
  static condition manifest_is(const std::optional<bytes>& stored) {
    static const bytes key = manifest_key();
    return {key, stored ? std::optional<bytes_view>{*stored} : std::nullopt};
  }
  void commit() {
    if (options_.each_commit) options_.each_commit();
    const bytes key = fold_mark_key();
    const condition unmoved[] = {manifest_is(found_), {key, bytes_view{token_}}};
    storage_.commit(pending_.sorted(), {.conditions = unmoved});
    pending_ = change_batch{};
  }
  void erase_now(bytes_view key) {
    pending_.erase(key);
    if (pending_.bytes_held() >= options_.commit_bytes) commit();
  }

  void clear_nameless() {
    const any_snapshot now = storage_.snapshot();
    const auto clear_in = [&](char from, char to, auto&& is_named) {
      auto it = now.open_iterator(between(bytes(1, from), bytes(1, to)));
      for (it.seek_first(); it.valid(); it.next()) {
        if (!is_named(it.key())) erase_now(it.key());
      }
    };
    const auto is_block = [&](bytes_view key) { return is_taken(key); };
    clear_in(current_tag, current_tag + 4, is_block), clear_in(past_tag, past_tag + 4, is_block);
    std::vector<bytes> chunks;
    for (std::size_t number = 0; number < tree_count; ++number) {
      for (const std::uint64_t n : old_->about().chunks[number])
        chunks.push_back(chunk_key(tree_of(number), n));
    }
    std::sort(chunks.begin(), chunks.end());
    clear_in(chunk_tag, chunk_tag + 1,
             [&](bytes_view key) { return std::binary_search(chunks.begin(), chunks.end(), key); });
    if (pending_.size() > 0) commit();
  }

  any_storage& storage_;
  const fold_options& options_;
  bytes token_;
  std::optional<bytes> found_, earlier_mark_;  // the manifest and the mark, as they stand in the engine
  base_ptr old_;
  manifest next_;
  std::vector<bytes_view> keys_;  // of the present blocks, ascending
  std::vector<bytes> gone_;
  change_batch pending_;
};

/// Folds what `news_of(tree_id, since)` says of the log up to `t`, where it begins at or before `since`, into
/// the blocks of the database in `storage`; tries again where somebody else merges meanwhile. False, with
/// nothing done, if the blocks hold the log up to another T than `only_since`. Throws the engine's errors;
/// the database is the same then, and this may be called again.
template <class NewsOf>
bool fold_into(any_storage& storage, const fold_options& options, std::uint64_t token, std::int64_t t,
               NewsOf&& news_of, std::optional<std::int64_t> only_since = {}) {
  for (int attempt = 1;; ++attempt) {
    try {
      folding one{storage, options, token};
      if (one.since() >= t) return true;  // somebody has merged all of it
      if (only_since && one.since() != *only_since) return false;
      one.begin();
      for (std::size_t number = 0; number < tree_count; ++number) {
        auto news = news_of(tree_of(number), one.since());
        one.fold(tree_of(number), news);
      }
      one.finish(t);
      one.clear();
      return true;
    } catch (const error& e) {
      if (e.category() != error_category::conflict || attempt >= options.attempts) throw;
    }
  }
}

/// Clears away the blocks that a fold left behind which broke off, and its mark. Throws as fold_into.
inline void clear_broken_fold(any_storage& storage, const fold_options& options, std::uint64_t token) {
  folding one{storage, options, token};
  one.begin();
  one.clear();
}

/// Folds runs that follow each other, as fold_into does; `passed` counts their rows that were dealt with.
inline void fold_runs(any_storage& storage, const fold_options& options, std::uint64_t token,
                      std::span<const run_ptr> runs, std::uint64_t& passed) {
  fold_into(storage, options, token, runs.back()->to, [&](tree_id of, std::int64_t since) {
    if (of.number() == 0) passed = 0;
    return run_news{runs, of, since, false, &passed};
  });
}

}  // namespace datolite::datoms::packed
