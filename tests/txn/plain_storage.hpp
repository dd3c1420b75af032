// The plainest storage there is: a std::map, copied for every snapshot. The transaction map is tested on it
// as well as on the engines, so that a fault can be told from an engine's.
#pragma once

#include <datolite/core/commit_checks.hpp>
#include <datolite/core/storage.hpp>

#include <map>
#include <memory>

namespace datolite::tests {

using contents = std::map<bytes, bytes, std::less<>>;

class plain_iterator {
 public:
  plain_iterator(const contents& all, const bounds& b)
      : all_{&all},
        first_{all.lower_bound(b.lower)},
        last_{!b.upper              ? all.end()
              : *b.upper <= b.lower ? first_
                                    : all.lower_bound(*b.upper)},
        at_{last_} {}

  void seek(bytes_view key) { at_ = inside(all_->lower_bound(key)); }
  void seek_for_prev(bytes_view key) {
    at_ = inside(all_->upper_bound(key));
    prev();
  }
  void seek_first() { at_ = first_; }
  void seek_last() {
    at_ = last_;
    prev();
  }
  void next() { ++at_; }
  void prev() { at_ = at_ == first_ ? last_ : std::prev(at_); }
  bool valid() const { return at_ != last_; }
  bytes_view key() const { return at_->first; }
  bytes_view value() const { return at_->second; }

 private:
  contents::const_iterator inside(contents::const_iterator found) const {
    if (first_ == last_ || found == all_->end()) return last_;
    if (last_ != all_->end() && found->first >= last_->first) return last_;
    return found->first < first_->first ? first_ : found;
  }

  const contents* all_;
  contents::const_iterator first_, last_, at_;
};

class plain_snapshot {
 public:
  plain_snapshot(std::shared_ptr<const contents> all, synctag_t tag) : all_{std::move(all)}, tag_{tag} {}

  std::optional<pinned_view> get(bytes_view key) const {
    const auto found = all_->find(key);
    return found == all_->end() ? std::nullopt : std::optional{pinned_view{found->second}};
  }
  plain_iterator open_iterator(const bounds& b) const { return {*all_, b}; }
  synctag_t synctag() const { return tag_; }

 private:
  std::shared_ptr<const contents> all_;
  synctag_t tag_;
};

/// Not for many threads.
class plain_storage {
 public:
  static constexpr bool zero_copy = true;
  static constexpr bool multi_process = false;

  explicit plain_storage(std::size_t longest_key = 511) : longest_key_{longest_key} {}

  std::optional<pinned_bytes> get(bytes_view key) const {
    const auto found = all_->find(key);
    return found == all_->end() ? std::nullopt : std::optional{pinned_bytes{found->second}};
  }
  plain_iterator open_iterator(const bounds& b) const { return {*all_, b}; }
  plain_snapshot snapshot() const { return {all_, synctag()}; }
  synctag_t synctag() const { return synctag_t{commits_}; }

  synctag_t commit(std::span<const change> changes, const demands& wanted) {
    check_changes(changes, min_key_size(), max_key_size());
    check_demands(*this, synctag(), wanted);
    auto next = std::make_shared<contents>(*all_);
    for (const change& c : changes) {
      if (c.value) {
        next->insert_or_assign(bytes{c.key}, bytes{*c.value});
      } else if (const auto found = next->find(c.key); found != next->end()) {
        next->erase(found);
      }
    }
    all_ = std::move(next);
    ++commits_;
    return synctag();
  }

  void close() {}
  durability_level durability() const { return durability_level::memory; }
  std::size_t min_key_size() const { return 1; }
  std::size_t max_key_size() const { return longest_key_; }
  std::size_t preferred_value_size() const { return 100; }
  std::uint64_t commits() const { return commits_; }

 private:
  std::shared_ptr<const contents> all_ = std::make_shared<const contents>();
  std::uint64_t commits_ = 0;
  std::size_t longest_key_;
};

static_assert(Storage<plain_storage>);

}  // namespace datolite::tests
