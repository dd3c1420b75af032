// flat_index: datoms as one engine pair a datom an index. Simple, right on every engine, the oracle of all
// layouts.
//
// It reads from any Reader: an engine's snapshot, or a transaction that is not committed. docs/datoms.md
// specifies the bytes.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <datolite/core/any_storage.hpp>
#include <datolite/core/bytes.hpp>
#include <datolite/core/datom.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/reader.hpp>
#include <datolite/datoms/change_batch.hpp>
#include <datolite/datoms/datom_index.hpp>
#include <datolite/datoms/flat_cursor.hpp>
#include <datolite/datoms/flat_key.hpp>
#include <datolite/datoms/flat_range.hpp>
#include <datolite/datoms/flat_write.hpp>

namespace datolite::datoms::flat {

/// How many current datoms each attribute has, by ascending id.
using attribute_counts = std::vector<std::pair<attribute_id, std::uint64_t>>;

namespace detail {

inline bytes counts_key() { return bytes(1, counts_tag); }

inline bytes encode_counts(const attribute_counts& counts) {
  bytes out(checksum_size, '\0');
  for (const auto& [a, n] : counts) put_varint(out, a), put_varint(out, n);
  const std::uint64_t sum = checksum(counts_key(), bytes_view{out}.substr(checksum_size));
  for (std::size_t i = 0; i < checksum_size; ++i) out[i] = static_cast<char>(sum >> (8 * i));
  return out;
}

inline attribute_counts decode_counts(bytes_view in) {
  check_sum(counts_key(), in);
  in.remove_prefix(checksum_size);
  attribute_counts counts;
  while (!in.empty()) {
    const auto a = take_varint(in), n = take_varint(in);
    if (!a || !n) throw_corrupt(counts_key(), "is cut short");
    counts.emplace_back(static_cast<attribute_id>(*a), *n);
  }
  return counts;
}

/// Where `body` stands between keys that share `common` bytes, as a number.
inline double position_of(bytes_view body, std::size_t common) noexcept {
  double at = 0, unit = 1;
  for (std::size_t i = common; i < body.size() && i < common + 8; ++i) {
    unit /= 256;
    at += static_cast<unsigned char>(body[i]) * unit;
  }
  return at;
}

}  // namespace detail

/// What any flat index knows besides its reader.
class counted_index : public datom_index {
 public:
  explicit counted_index(attribute_counts counts) : counts_{std::move(counts)} {
    for (const auto& one : counts_) total_ += one.second;
  }
  /// Is there an engine pair under `key`?
  virtual bool has_key(bytes_view key) const = 0;

  const attribute_counts& counts() const noexcept { return counts_; }
  std::uint64_t total() const noexcept { return total_; }
  std::uint64_t count_of(attribute_id a) const noexcept {
    const auto at = std::lower_bound(counts_.begin(), counts_.end(), std::pair{a, std::uint64_t{0}});
    return at == counts_.end() || at->first != a ? 0 : at->second;
  }

 private:
  attribute_counts counts_;
  std::uint64_t total_ = 0;
};

/// The datoms that a reader's pairs hold. Keeps the reader.
template <Reader R>
class index final : public counted_index {
 public:
  index(R reader, std::size_t value_limit)
      : counted_index{read_counts(reader)}, reader_{std::move(reader)}, value_limit_{value_limit} {}

  bool has_key(bytes_view key) const override { return reader_.get(key).has_value(); }

  std::unique_ptr<datom_cursor> open_cursor(index_order order, components wanted, const time_filter& time,
                                            io_counters* io) const override {
    return std::make_unique<cursor<R>>(reader_, order, wanted, time, value_limit_, io);
  }

  std::uint64_t count(const datom_range& range, const time_filter& time) const override {
    const auto by_attribute = range.index == index_order::aevt || range.index == index_order::avet;
    const std::uint64_t most = by_attribute && range.a ? count_of(*range.a) : total_of_all();
    const bool whole = !range.v && !range.e && !range.start && !range.stop && (by_attribute || !range.a);
    if (whole && time == time_filter{} && range.index != index_order::vaet &&
        (range.a || range.index != index_order::avet)) {
      return most;
    }
    cursor<R> exact{reader_, range.index, components::none, time, value_limit_, nullptr};
    exact.seek(range);
    datom_columns batch;
    exact.next_batch(batch, exact_count_limit + 1);
    if (batch.size <= exact_count_limit) return batch.size;
    return extrapolate(range, std::max<std::uint64_t>(most, exact_count_limit));
  }

 private:
  static attribute_counts read_counts(const R& reader) {
    const auto found = reader.get(detail::counts_key());
    return found ? detail::decode_counts(found->view()) : attribute_counts{};
  }
  std::uint64_t total_of_all() const noexcept { return total(); }

  /// As many as if the keys were as dense everywhere as at both ends.
  std::uint64_t extrapolate(const datom_range& range, std::uint64_t most) const {
    const key_range keys = make_key_range(range, value_limit_);
    bytes first[2], inner[2];
    std::uint64_t walked = exact_count_limit;
    for (const bool backward : {false, true}) {
      io_counts unread;
      run<R> rows{reader_, range.index, false};
      rows.seek(keys, backward, unread);
      if (!rows.valid()) return exact_count_limit + 1;  // all of them are past
      first[backward] = inner[backward] = rows.at().body;
      std::uint64_t steps = 0;
      for (; rows.valid() && steps < exact_count_limit; ++steps) {
        inner[backward] = rows.at().body;
        rows.advance(unread);
      }
      walked = std::min(walked, steps);
    }
    const auto [x, y] = std::mismatch(first[0].begin(), first[0].end(), first[1].begin(), first[1].end());
    const auto common = static_cast<std::size_t>(x - first[0].begin());
    const auto at = [&](const bytes& body) { return detail::position_of(body, common); };
    const double span = at(first[1]) - at(first[0]);
    const double near[2] = {at(inner[0]) - at(first[0]), at(first[1]) - at(inner[1])};
    if (!(span > 0) || !(near[0] > 0) || !(near[1] > 0)) return std::max(walked, most / 2);
    const double guess = static_cast<double>(walked) * span / std::sqrt(near[0] * near[1]);
    const auto low = static_cast<double>(exact_count_limit + 1), high = static_cast<double>(most);
    return static_cast<std::uint64_t>(std::clamp(guess, low, std::max(low, high)));
  }

  R reader_;
  std::size_t value_limit_;
};

/// The flat layout in an engine.
template <class Snapshot>
class model final : public datom_index_model<Snapshot> {
 public:
  /// `value_limit` is how long a value's bytes in a key may be: the database's own, from when it was made.
  model(std::size_t value_limit, std::size_t max_key_size) noexcept
      : value_limit_{value_limit}, max_key_size_{max_key_size} {}

  std::shared_ptr<const datom_index> open(Snapshot snapshot) const override {
    return std::make_shared<const index<Snapshot>>(std::move(snapshot), value_limit_);
  }

  void apply(const datom_index& before, const novelty& news, change_batch& out) const override {
    row_writer rows{out, value_limit_, max_key_size_};
    const auto& old = static_cast<const counted_index&>(before);
    attribute_counts counts = old.counts();
    count(counts, news.added, 1);
    count(counts, news.retracted, -1);
    out.put(detail::counts_key(), detail::encode_counts(counts));
    write_novelty(rows, news, [&old](bytes_view key) { return old.has_key(key); });
    if (news.before == news.after) return;
    for (const attribute_facts* facts : news.before->attributes()) {
      const attribute_facts* const now = news.after->find(facts->id);
      const bool held = facts->indexed, hold = now != nullptr && now->indexed;
      if (held != hold) rewrite_avet(rows, before, facts->id, hold, news);
    }
  }

 private:
  static void count(attribute_counts& counts, std::span<const datom> datoms, int by) {
    std::vector<attribute_id> touched;
    touched.reserve(datoms.size());
    for (const datom& d : datoms) touched.push_back(d.a);
    std::sort(touched.begin(), touched.end());
    for (auto from = touched.begin(); from != touched.end();) {
      const auto to = std::upper_bound(from, touched.end(), *from);
      auto at = std::lower_bound(counts.begin(), counts.end(), std::pair{*from, std::uint64_t{0}});
      if (at == counts.end() || at->first != *from) at = counts.insert(at, {*from, 0});
      const auto n = static_cast<std::uint64_t>(to - from);
      at->second = by > 0 ? at->second + n : at->second - std::min(at->second, n);
      from = to;
    }
  }

  std::size_t value_limit_, max_key_size_;
};

}  // namespace datolite::datoms::flat
