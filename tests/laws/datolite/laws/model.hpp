// model: the stupid thing that every storage is compared with, and the random material to compare them on.
//
// Contents are a std::map; std::string's own order is the order of bytes. A model_iterator obeys the laws of
// Iterator by doing what they say, word for word.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <datolite/core/bounds.hpp>
#include <datolite/core/bytes.hpp>
#include <datolite/core/commit_checks.hpp>
#include <datolite/core/writer.hpp>
#include <datolite/laws/report.hpp>

namespace datolite::laws {

using contents = std::map<bytes, bytes, std::less<>>;

/// A source of numbers that is the same on every machine (splitmix64).
class dice {
 public:
  explicit dice(std::uint64_t seed) : state_{seed} {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(next() % n); }  ///< REQUIRES: n > 0
  bool one_in(std::size_t n) { return below(n) == 0; }

 private:
  std::uint64_t state_;
};

/// The laws of Iterator over a map, done literally.
class model_iterator {
 public:
  model_iterator(const contents& all, const bounds& b)
      : bounds_{b},
        first_{all.lower_bound(b.lower)},
        end_{b.upper ? all.lower_bound(*b.upper) : all.end()} {
    if (b.upper && *b.upper <= b.lower) first_ = end_ = all.end();
    at_ = end_;
  }

  void seek(bytes_view key) {
    at_ = first_;
    while (at_ != end_ && bytes_view{at_->first} < key) ++at_;
  }
  void seek_for_prev(bytes_view key) {
    auto found = end_;
    for (auto i = first_; i != end_ && bytes_view{i->first} <= key; ++i) found = i;
    at_ = found;
  }
  void seek_first() { at_ = first_; }
  void seek_last() { at_ = first_ == end_ ? end_ : std::prev(end_); }
  void next() { ++at_; }
  void prev() { at_ = at_ == first_ ? end_ : std::prev(at_); }
  bool valid() const { return at_ != end_; }
  bytes_view key() const { return at_->first; }
  bytes_view value() const { return at_->second; }

 private:
  bounds bounds_;
  contents::const_iterator first_, end_, at_;
};

/// Changes that own their bytes, in the order that a commit wants them.
class batch {
 public:
  void put(bytes key, bytes value) { changes_[std::move(key)] = std::move(value); }
  void erase(bytes key) { changes_[std::move(key)] = std::nullopt; }
  std::size_t size() const { return changes_.size(); }

  std::vector<change> changes() const {
    std::vector<change> all;
    all.reserve(changes_.size());
    for (const auto& [key, value] : changes_) all.push_back({key, value});
    return all;
  }

  /// Does to `m` what a commit of these changes does to a storage. True if that changed it.
  bool apply(contents& m) const {
    bool changed = false;
    for (const auto& [key, value] : changes_) {
      const auto at = m.find(key);
      if (value) {
        changed |= at == m.end() || at->second != *value;
        m.insert_or_assign(key, *value);
      } else if (at != m.end()) {
        m.erase(at), changed = true;
      }
    }
    return changed;
  }

 private:
  std::map<bytes, std::optional<bytes>> changes_;
};

/// Keys and values of the awkward kinds: empty, with zeros and 0xFF, prefixes and neighbours of each other.
class material {
 public:
  material(dice& d, const options& o, std::size_t min_key, std::size_t max_key)
      : dice_{&d}, longest_value_{o.longest_value} {
    const std::size_t longest = std::max(min_key, std::min(max_key, o.longest_key));
    const auto keep = [&](bytes key) {
      if (key.size() < min_key) key.resize(min_key, '\0');
      if (key.size() <= longest) keys_.push_back(std::move(key));
    };
    keep({});
    while (keys_.size() < static_cast<std::size_t>(o.keys)) {
      bytes key = random_bytes(min_key + d.below(std::min<std::size_t>(longest - min_key + 1, 12)));
      keep(key);
      keep(key + '\0');
      keep(key + '\xFF');
      keep(prefix_successor(key));
      if (d.one_in(4)) keep(key + random_bytes(longest - key.size()));
    }
    for (const bytes& key : keys_) {
      probes_.push_back(key);
      probes_.push_back(key + '\0');
      probes_.push_back(prefix_successor(key));
      if (!key.empty()) probes_.push_back(key.substr(0, key.size() - 1));
    }
    probes_.push_back({});
    probes_.push_back(bytes(longest + 1, '\xFF'));
  }

  const bytes& key() { return keys_[dice_->below(keys_.size())]; }
  /// A key, a neighbour of one, or what no storage holds.
  const bytes& probe() { return probes_[dice_->below(probes_.size())]; }

  bytes value() {
    constexpr std::size_t sizes[] = {0, 0, 1, 7, 16, 100, 1000};
    if (dice_->one_in(16)) return random_bytes(dice_->below(longest_value_ + 1));
    return random_bytes(std::min(sizes[dice_->below(std::size(sizes))], longest_value_));
  }

  bounds some_bounds() {
    bounds b;
    if (!dice_->one_in(4)) b.lower = probe();
    if (!dice_->one_in(4)) b.upper = probe();
    if (b.upper && !dice_->one_in(4) && *b.upper < b.lower) std::swap(*b.upper, b.lower);
    return b;
  }

  batch some_batch(std::size_t max_changes) {
    batch b;
    const std::size_t size = dice_->one_in(8) ? max_changes : dice_->below(max_changes + 1);
    for (std::size_t i = 0; i < size; ++i) {
      dice_->one_in(3) ? b.erase(key()) : b.put(key(), value());
    }
    return b;
  }

 private:
  bytes random_bytes(std::size_t size) {
    constexpr char alphabet[] = {'\0', '\1', 'a', 'b', '\x7F', '\x80', '\xFE', '\xFF'};
    bytes made(size, '\0');
    for (char& c : made) c = alphabet[dice_->below(sizeof alphabet)];
    return made;
  }

  dice* dice_;
  std::size_t longest_value_;
  std::vector<bytes> keys_, probes_;
};

/// The size of a commit in a random history.
inline std::size_t few(const options& o) { return std::min<std::size_t>(24, o.max_changes); }

/// For messages: an interval.
inline std::string show_bounds(const bounds& b) {
  return "[" + show_bytes(b.lower) + ", " + (b.upper ? show_bytes(*b.upper) : std::string{"end"}) + ")";
}

}  // namespace datolite::laws
