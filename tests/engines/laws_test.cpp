// The laws find what is wrong: engines with one flaw each, and what is said of them.
#include <datolite/laws/storage.hpp>

#include <engines/scratch_engine.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace laws_test {

using namespace datolite;

enum class flaw {
  none,
  ignores_upper_bound,
  seeks_past_the_key,
  stops_at_the_first_key,
  starts_on_a_pair,
  prev_seeks_too_far,
  loses_empty_values,
  cuts_keys_at_zero,
  ignores_conditions,
  ignores_unmoved_since,
  takes_long_keys,
  writes_before_it_refuses,
  takes_any_order,
  repeats_synctags,
  shows_later_commits,
  loses_a_change_of_many,
  survives_close,
  forgets_on_reopen,
};

class flawed_iterator {
 public:
  flawed_iterator(scratch::iterator inner, flaw has) : inner_{std::move(inner)}, has_{has} {
    if (has_ == flaw::starts_on_a_pair) inner_.seek_first();
  }
  void seek(bytes_view key) {
    inner_.seek(key);
    if (has_ == flaw::seeks_past_the_key && inner_.valid() && inner_.key() == key) inner_.next();
  }
  void seek_for_prev(bytes_view key) {
    inner_.seek_for_prev(key);
    if (has_ == flaw::prev_seeks_too_far && inner_.valid() && inner_.key() != key) inner_.prev();
  }
  void seek_first() { inner_.seek_first(); }
  void seek_last() { inner_.seek_last(); }
  void next() { inner_.next(); }
  void prev() {
    const bytes here{inner_.key()};
    inner_.prev();
    if (has_ == flaw::stops_at_the_first_key && !inner_.valid()) inner_.seek(here);
  }
  bool valid() const { return inner_.valid(); }
  bytes_view key() const { return inner_.key(); }
  bytes_view value() const { return inner_.value(); }

 private:
  scratch::iterator inner_;
  flaw has_;
};

class flawed_snapshot {
 public:
  flawed_snapshot(scratch::snapshot inner, const scratch::engine* all, flaw has)
      : inner_{std::move(inner)}, all_{all}, has_{has} {}
  auto get(bytes_view key) const { return now().get(key); }
  flawed_iterator open_iterator(bounds b) const {
    if (has_ == flaw::ignores_upper_bound) b.upper.reset();
    return {now().open_iterator(b), has_};
  }
  synctag_t synctag() const { return inner_.synctag(); }

 private:
  scratch::snapshot now() const { return has_ == flaw::shows_later_commits ? all_->snapshot() : inner_; }
  scratch::snapshot inner_;
  const scratch::engine* all_;
  flaw has_;
};

class flawed {
 public:
  static constexpr bool zero_copy = false, multi_process = false;
  explicit flawed(flaw has) : has_{has} {}
  flawed_snapshot snapshot() const { return {inner_->snapshot(), inner_.get(), has_}; }
  auto get(bytes_view key) const { return snapshot().get(key); }
  auto open_iterator(const bounds& b) const { return snapshot().open_iterator(b); }
  synctag_t synctag() const { return inner_->synctag(); }
  synctag_t commit(std::span<const change> changes, demands wanted = {}) {
    std::vector<change> made{changes.begin(), changes.end()};
    for (change& c : made) {
      if (has_ == flaw::loses_empty_values && c.value && c.value->empty()) c.value.reset();
      if (has_ == flaw::cuts_keys_at_zero) c.key = c.key.substr(0, c.key.find('\0'));
    }
    if (has_ == flaw::writes_before_it_refuses && made.size() > 1) inner_->commit({made.data(), 1}, wanted);
    if (has_ == flaw::takes_any_order) {
      for (const change& c : changes) check_key_size(c.key, min_key_size(), max_key_size());
    } else {
      check_changes(changes, min_key_size(), has_ == flaw::takes_long_keys ? 1000 : max_key_size());
    }
    if (has_ == flaw::takes_any_order || has_ == flaw::cuts_keys_at_zero) {
      std::map<bytes_view, change> sorted;
      for (const change& c : made) sorted.insert_or_assign(c.key, c);
      made.clear();
      for (const auto& [key, c] : sorted) made.push_back(c);
    }
    if (has_ == flaw::ignores_conditions) wanted.conditions = {};
    if (has_ == flaw::ignores_unmoved_since) wanted.unmoved_since.reset();
    if (has_ == flaw::loses_a_change_of_many && made.size() > 20) made.erase(made.begin() + 7);
    const synctag_t now = synctag(), after = inner_->commit(made, wanted);
    return has_ == flaw::repeats_synctags ? now : after;
  }
  void close() {
    if (has_ != flaw::survives_close) inner_->close();
  }
  durability_level durability() const { return durability_level::memory; }
  std::size_t min_key_size() const { return 0; }
  std::size_t max_key_size() const { return 64; }
  std::size_t preferred_value_size() const { return 100; }

 private:
  std::unique_ptr<scratch::engine> inner_ = std::make_unique<scratch::engine>();
  flaw has_;
};

struct forgetful_place {
  flawed fresh() { return flawed{flaw::forgets_on_reopen}; }
  flawed reopen() { return fresh(); }
};

/// The laws must say `words` of an engine with the flaw. (Which one is a value, not a type: the laws are
/// compiled once.)
void expect_found(flaw has, const std::string& words) {
  const laws::options quick{.histories = 2, .commits = 30, .threads = 2, .many = 500};
  const laws::report said = has == flaw::forgets_on_reopen
                                ? laws::check_storage(forgetful_place{}, quick)
                                : laws::check_storage([has] { return flawed{has}; }, quick);
  std::string all;
  for (const std::string& line : said) all += line + "\n";
  EXPECT_NE(all.find(words), std::string::npos) << "flaw " << static_cast<int>(has) << "; the laws said:\n"
                                                << all;
  EXPECT_EQ(all.empty(), words.empty());
}

TEST(laws, say_nothing_of_an_engine_without_flaws) { expect_found(flaw::none, ""); }

TEST(laws, find_flaws_of_iterators) {
  expect_found(flaw::ignores_upper_bound, "Iterator: valid() iff it stands on a pair");
  expect_found(flaw::seeks_past_the_key, "Iterator: a move stands on the right key");
  expect_found(flaw::stops_at_the_first_key, "prev()");
  expect_found(flaw::starts_on_a_pair, "Iterator: a fresh iterator stands at the end");
  expect_found(flaw::prev_seeks_too_far, "seek_for_prev");
}

TEST(laws, find_flaws_of_contents) {
  expect_found(flaw::loses_empty_values, "Reader: get(k) finds k iff it is there");
  expect_found(flaw::cuts_keys_at_zero, "Reader: get(k) finds k iff it is there");
  expect_found(flaw::loses_a_change_of_many, "Reader: get(k)");
  expect_found(flaw::forgets_on_reopen, "Reader: get(k) finds k iff it is there");
}

TEST(laws, find_flaws_of_commits) {
  expect_found(flaw::ignores_conditions, "Writer: conflict iff a demand does not hold");
  expect_found(flaw::ignores_unmoved_since, "Writer: unmoved_since an earlier state is a conflict");
  expect_found(flaw::takes_long_keys, "Writer: a key over max_key_size() is refused");
  expect_found(flaw::writes_before_it_refuses, "a refused commit has moved the synctag");
  expect_found(flaw::takes_any_order, "Writer: keys that do not ascend strictly are incorrect");
  expect_found(flaw::repeats_synctags, "Writer: commit returns a synctag different from every earlier one");
}

TEST(laws, find_flaws_of_snapshots_and_lifetimes) {
  expect_found(flaw::shows_later_commits, "Reader: get(k)");
  expect_found(flaw::survives_close, "Storage: after close(), get is unavailable");
}

}  // namespace laws_test
