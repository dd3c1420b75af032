// packed_build: makes blocks of sorted rows, each as full as its bytes allow.
//
// What a block will take is known before it is encoded: the extents of its columns and the bytes of its texts
// are kept up row by row. So rows are added until the next would pass the bound, and each is encoded once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include <datolite/core/bytes.hpp>
#include <datolite/core/encode.hpp>
#include <datolite/core/value.hpp>
#include <datolite/datoms/detail/hash.hpp>
#include <datolite/datoms/packed_bits.hpp>
#include <datolite/datoms/packed_block.hpp>

namespace datolite::datoms::packed {

class block_builder {
 public:
  block_builder(index_order order, bool past) noexcept : order_{order}, past_{past} {}

  std::size_t size() const noexcept { return rows_.size(); }
  bool empty() const noexcept { return rows_.empty(); }
  /// How many bytes `encode` would give now.
  std::size_t bytes_taken() const noexcept { return taken(now_, rows_.size()); }

  /// Adds a row, which ascends, unless the block would then take more than `most` bytes; a first row is
  /// always taken. O(1) amortised, and the size of the value.
  bool add(const row& r, std::size_t most) {
    extents then = now_;
    const std::size_t texts = texts_.size(), text_bytes = arena_.size(), groups = groups_.size();
    widen(then.e_least, then.e_most, r.e, empty());
    widen(then.t_least, then.t_most, r.t_added, empty());
    if (past_) then.lasted = std::max(then.lasted, distance(r.t_added, r.t_retracted));
    packed_row made{r.e, r.t_added, r.t_retracted, group_for(r), 0};
    grown& in = groups_[made.group];
    const grown before = in;
    std::size_t placed = no_place;
    if (detail::is_word(in.kind)) {
      const std::int64_t word = detail::word_of(r.v);
      widen(in.least, in.most, word, !in.used);
      made.slot = static_cast<std::uint64_t>(word);
      then.slot = std::max(then.slot, distance(in.least, in.most));
    } else {
      made.slot = text_for(r.v, placed);
    }
    in.used = true;
    if (!empty() && taken(then, rows_.size() + 1) > most) {
      if (placed != no_place) table_[placed] = 0;
      texts_.resize(texts), arena_.resize(text_bytes);
      in = before;
      groups_.resize(groups);
      return false;
    }
    now_ = then;
    rows_.push_back(made);
    return true;
  }

  /// The block of the rows added, to stand under `key`. REQUIRES: !empty().
  bytes encode(bytes_view key);

  /// Forgets the rows.
  void clear() {
    rows_.clear(), groups_.clear(), texts_.clear(), arena_.clear();
    std::fill(table_.begin(), table_.end(), 0);
    now_ = {}, last_group_ = 0;
  }

 private:
  struct extents {
    std::int64_t e_least = 0, e_most = 0, t_least = 0, t_most = 0;
    std::uint64_t lasted = 0, slot = 0;
  };
  struct grown {
    attribute_id a = 0;
    datolite::kind kind = datolite::kind::nil;
    bool used = false;
    std::int64_t least = 0, most = 0;
  };
  struct packed_row {
    std::int64_t e, t_added, t_retracted;
    std::uint32_t group;
    std::uint64_t slot;  // a number, or the position of a text as it came
  };
  struct text_place {
    std::size_t from, size;
  };
  static constexpr std::size_t no_place = ~std::size_t{0};

  static std::uint64_t distance(std::int64_t from, std::int64_t to) noexcept {
    return static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from);
  }
  static void widen(std::int64_t& least, std::int64_t& most, std::int64_t n, bool first) noexcept {
    least = first ? n : std::min(least, n);
    most = first ? n : std::max(most, n);
  }
  static std::uint64_t below(std::size_t n) noexcept { return n == 0 ? 0 : n - 1; }

  std::size_t taken(const extents& x, std::size_t n) const noexcept {
    const std::size_t texts = texts_.size(), text_bytes = arena_.size();
    return detail::block_head + groups_.size() * detail::group_size +
           bytes_of(n, width_of(distance(x.e_least, x.e_most))) +
           bytes_of(n, width_of(distance(x.t_least, x.t_most))) +
           (past_ ? bytes_of(n, width_of(x.lasted)) : 0) + bytes_of(n, width_of(below(groups_.size()))) +
           bytes_of(n, slot_width(x, texts)) + bytes_of(texts, width_of(text_bytes)) + text_bytes +
           bits_padding;
  }
  static std::uint8_t slot_width(const extents& x, std::size_t texts) noexcept {
    return width_of(std::max(x.slot, below(texts)));
  }

  std::uint32_t group_for(const row& r) {
    const auto fits = [&](const grown& g) { return g.a == r.a && g.kind == r.v.kind(); };
    if (last_group_ < groups_.size() && fits(groups_[last_group_])) return last_group_;
    const auto at = std::find_if(groups_.begin(), groups_.end(), fits);
    last_group_ = static_cast<std::uint32_t>(at - groups_.begin());
    if (at == groups_.end()) groups_.push_back({r.a, r.v.kind()});
    return last_group_;
  }

  bytes_view text(std::size_t i) const noexcept { return {arena_.data() + texts_[i].from, texts_[i].size}; }

  /// The position of a value's text, which is added if it is new; then `placed` is its place in the table.
  std::uint64_t text_for(const value& v, std::size_t& placed) {
    scratch_.clear();
    if (detail::is_nested(v.kind())) encode_value(scratch_, v);
    const bytes_view wanted = detail::is_nested(v.kind()) ? bytes_view{scratch_} : v.raw();
    if (2 * (texts_.size() + 1) > table_.size()) grow_table();
    std::size_t at = place_of(wanted);
    for (; table_[at] != 0; at = (at + 1) % table_.size()) {
      if (text(table_[at] - 1) == wanted) return table_[at] - 1;
    }
    texts_.push_back({arena_.size(), wanted.size()});
    arena_.append(wanted);
    table_[placed = at] = static_cast<std::uint32_t>(texts_.size());
    return texts_.size() - 1;
  }
  std::size_t place_of(bytes_view of) const noexcept {
    return XXH3_64bits(of.data(), of.size()) % table_.size();
  }
  void grow_table() {
    table_.assign(std::max<std::size_t>(64, 4 * table_.size()), 0);
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      std::size_t at = place_of(text(i));
      while (table_[at] != 0) at = (at + 1) % table_.size();
      table_[at] = static_cast<std::uint32_t>(i + 1);
    }
  }

  const index_order order_;
  const bool past_;
  std::vector<packed_row> rows_;
  std::vector<grown> groups_;
  std::uint32_t last_group_ = 0;
  extents now_;
  std::vector<text_place> texts_;     // in the order in which they came
  bytes arena_;                       // their bytes
  std::vector<std::uint32_t> table_;  // open addressing: 1 + position of a text, or 0
  bytes scratch_;
};

inline bytes block_builder::encode(bytes_view key) {
  std::vector<std::uint32_t> sorted(texts_.size()), rank(texts_.size());
  for (std::size_t i = 0; i < sorted.size(); ++i) sorted[i] = static_cast<std::uint32_t>(i);
  std::sort(sorted.begin(), sorted.end(), [this](auto x, auto y) { return text(x) < text(y); });
  for (std::size_t i = 0; i < sorted.size(); ++i) rank[sorted[i]] = static_cast<std::uint32_t>(i);
  bytes out(bytes_taken(), '\0');
  char* const head = out.data();
  const std::uint8_t widths[] = {width_of(distance(now_.e_least, now_.e_most)),
                                 width_of(distance(now_.t_least, now_.t_most)),
                                 width_of(now_.lasted),
                                 width_of(below(groups_.size())),
                                 slot_width(now_, texts_.size()),
                                 width_of(arena_.size())};
  head[8] = static_cast<char>(block_version);
  head[9] = static_cast<char>(static_cast<int>(order_) | (past_ ? 4 : 0));
  store_le(head + 10, static_cast<std::uint16_t>(groups_.size()));
  store_le(head + 12, static_cast<std::uint32_t>(rows_.size()));
  store_le(head + 16, now_.e_least);
  store_le(head + 24, now_.t_least);
  store_le(head + 32, static_cast<std::uint32_t>(texts_.size()));
  store_le(head + 36, static_cast<std::uint32_t>(arena_.size()));
  for (std::size_t i = 0; i < 6; ++i) head[40 + i] = static_cast<char>(widths[i]);
  char* at = head + detail::block_head;
  for (const grown& g : groups_) {
    store_le(at, g.a);
    at[4] = static_cast<char>(g.kind);
    store_le(at + 8, detail::is_word(g.kind) ? g.least : 0);
    at += detail::group_size;
  }
  const auto column = [&](std::size_t width_at, std::size_t n, auto&& number) {
    bits_writer to{at, widths[width_at]};
    for (std::size_t i = 0; i < n; ++i) to.put(number(i));
    at += bytes_of(n, widths[width_at]);
  };
  const std::size_t n = rows_.size();
  column(0, n, [&](std::size_t i) { return distance(now_.e_least, rows_[i].e); });
  column(1, n, [&](std::size_t i) { return distance(now_.t_least, rows_[i].t_added); });
  if (past_) column(2, n, [&](std::size_t i) { return distance(rows_[i].t_added, rows_[i].t_retracted); });
  column(3, n, [&](std::size_t i) { return rows_[i].group; });
  column(4, n, [&](std::size_t i) -> std::uint64_t {
    const grown& g = groups_[rows_[i].group];
    if (!detail::is_word(g.kind)) return rank[rows_[i].slot];
    return rows_[i].slot - static_cast<std::uint64_t>(g.least);
  });
  std::uint64_t end = 0;
  column(5, sorted.size(), [&](std::size_t i) { return end += text(sorted[i]).size(); });
  for (const std::uint32_t i : sorted) {
    std::memcpy(at, text(i).data(), text(i).size());
    at += text(i).size();
  }
  store_le(head, datoms::detail::checksum(key, bytes_view{out}.substr(8)));
  return out;
}

}  // namespace datolite::datoms::packed
