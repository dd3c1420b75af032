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
#include <datolite/datoms/detail/xxhash.hpp>
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
    const mark was = mark_now();
    packed_row made{r.e, r.t_added, r.t_retracted, group_for(r.a, r.v.kind()), 0};
    if (detail::is_word(r.v.kind())) {
      made.slot = static_cast<std::uint64_t>(detail::word_of(r.v));
    } else {
      scratch_.clear();
      if (detail::is_nested(r.v.kind())) encode_value(scratch_, r.v);
      made.slot = text_for(detail::is_nested(r.v.kind()) ? bytes_view{scratch_} : r.v.raw());
    }
    return take(made, was, most);
  }

  /// From now on `add_copies` means rows of `from`, which must live until then.
  void copy_from(const block& from) {
    from_ = &from;
    copied_.assign(from.text_count(), 0);
    copied_groups_.assign(from.groups().size(), 0);
  }
  /// Adds the rows [i, to) of that block, until one does not fit, whose position is returned. As with add,
  /// but no value is made, and a text is looked for once.
  std::size_t add_copies(std::size_t i, std::size_t to, std::size_t most) {
    while (i < to) {
      i = add_alike(i, to, most);
      if (i == to || !add_copy(i, most)) return i;
      ++i;
    }
    return i;
  }

  /// The i-th row added. REQUIRES: i < size().
  row at(std::size_t i) const {
    const packed_row& r = rows_[i];
    const grown& in = groups_[r.group];
    return {r.e,
            in.a,
            order_,
            detail::is_word(in.kind) ? detail::value_of_word(in.kind, static_cast<std::int64_t>(r.slot))
                                     : detail::value_of_text(in.kind, text(r.slot)),
            r.t_added,
            r.t_retracted};
  }
  /// REQUIRES: !empty().
  row back() const { return at(size() - 1); }
  attribute_id last_a() const noexcept { return groups_[rows_.back().group].a; }

  /// The block of the rows added, to stand under `key`. REQUIRES: !empty().
  bytes encode(bytes_view key);

  /// Forgets the rows.
  void clear() {
    rows_.clear(), groups_.clear(), texts_.clear(), arena_.clear();
    std::fill(table_.begin(), table_.end(), 0);
    std::fill(copied_.begin(), copied_.end(), 0);
    std::fill(copied_groups_.begin(), copied_groups_.end(), 0);
    now_ = {}, last_group_ = 0;
  }

 private:
  struct extents {
    std::int64_t e_least = 0, e_most = 0, t_least = 0, t_most = 0;
    std::uint64_t lasted = 0, slot = 0;  // or less, if that takes as many bits
  };
  /// The largest distances that the columns have room for, as wide as they are.
  struct limits {
    std::uint64_t e = 0, t = 0, lasted = 0, slot = 0;
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

  /// How much there was before a row came.
  struct mark {
    std::size_t texts, text_bytes, groups;
  };
  mark mark_now() noexcept {
    placed_ = no_place;
    return {texts_.size(), arena_.size(), groups_.size()};
  }

  bool add_copy(std::size_t i, std::size_t most) {
    const mark was = mark_now();
    const group& in = from_->group_of(i);
    const std::uint64_t slot = from_->slot(i);
    packed_row made{from_->e(i), from_->t_added(i), from_->t_retracted(i), group_for(in.a, in.kind), 0};
    if (detail::is_word(in.kind)) {
      made.slot = static_cast<std::uint64_t>(in.least) + slot;
    } else {
      made.slot = copied_[slot] != 0 ? copied_[slot] - 1 : text_for(from_->text(slot));
    }
    if (!take(made, was, most)) return false;
    copied_groups_[from_->group_number(i)] = made.group + 1;
    if (!detail::is_word(in.kind)) copied_[slot] = static_cast<std::uint32_t>(made.slot + 1);
    return true;
  }
  /// Adds rows of [i, to) as long as they are alike, as take_alike has it: the next one.
  std::size_t add_alike(std::size_t i, std::size_t to, std::size_t most) {
    for (; i < to && is_surely_room(most); ++i) {
      const std::size_t number = from_->group_number(i);
      const std::uint32_t group = copied_groups_[number];
      packed_row made{from_->e(i), from_->t_added(i), from_->t_retracted(i), group - 1, from_->slot(i)};
      if (group == 0) return i;
      if (detail::is_word(groups_[made.group].kind)) {
        made.slot += static_cast<std::uint64_t>(from_->groups()[number].least);
      } else if (copied_[made.slot] != 0) {
        made.slot = copied_[made.slot] - 1;
      } else {
        return i;
      }
      if (!take_alike(made)) return i;
    }
    return i;
  }

  /// Adds a row whose group and text are here already, if the block then takes no more than `most` bytes;
  /// else all is as it was.
  bool take(const packed_row& made, const mark& was, std::size_t most) {
    const bool is_new = texts_.size() != was.texts || groups_.size() != was.groups;
    if (!is_new && is_surely_room(most) && take_alike(made)) return true;
    extents then = now_;
    widen(then.e_least, then.e_most, made.e, empty());
    widen(then.t_least, then.t_most, made.t_added, empty());
    if (past_) then.lasted = std::max(then.lasted, distance(made.t_added, made.t_retracted));
    grown& in = groups_[made.group];
    const grown before = in;
    if (detail::is_word(in.kind)) {
      widen(in.least, in.most, static_cast<std::int64_t>(made.slot), !in.used);
      then.slot = std::max(then.slot, distance(in.least, in.most));
    }
    in.used = true;
    if (!empty() && taken(then, rows_.size() + 1) > most) {
      if (placed_ != no_place) table_[placed_] = 0;
      texts_.resize(was.texts), arena_.resize(was.text_bytes);
      in = before;
      groups_.resize(was.groups);
      return false;
    }
    now_ = then;
    rows_.push_back(made);
    measure();
    return true;
  }

  // Most rows make no column wider, and bring no text or group: for these, what the block takes need not be
  // summed up.

  /// Is there room for one more such row?
  bool is_surely_room(std::size_t most) const noexcept {
    return fixed_bytes_ + ((rows_.size() + 1) * row_bits_ + 5 * 7) / 8 <= most && !empty();
  }
  /// Adds a row if it is such a one. REQUIRES: is_surely_room; other rows have brought its group and text.
  bool take_alike(const packed_row& made) {
    const std::uint64_t lasted = past_ ? distance(made.t_added, made.t_retracted) : 0;
    if (distance(now_.e_least, made.e) > widest_.e || distance(now_.t_least, made.t_added) > widest_.t ||
        lasted > widest_.lasted) {
      return false;
    }
    grown& in = groups_[made.group];
    if (detail::is_word(in.kind)) {
      const auto word = static_cast<std::int64_t>(made.slot);
      if (distance(in.least, word) > widest_.slot) return false;
      in.most = std::max(in.most, word);
    }
    now_.e_most = std::max(now_.e_most, made.e), now_.t_most = std::max(now_.t_most, made.t_added);
    rows_.push_back(made);
    return true;
  }
  /// Notes how wide the columns are. Of a number below the least, the distance is above all limits.
  void measure() noexcept {
    const std::uint8_t e = width_of(distance(now_.e_least, now_.e_most)),
                       t = width_of(distance(now_.t_least, now_.t_most)), lasted = width_of(now_.lasted),
                       slot = slot_width(now_, texts_.size());
    const auto limit = [](std::uint8_t width) { return std::min(widest_of(width), ~std::uint64_t{0} >> 1); };
    widest_ = {limit(e), limit(t), limit(lasted), limit(slot)};
    row_bits_ = std::size_t{e} + t + lasted + slot + width_of(below(groups_.size()));
    fixed_bytes_ = taken({}, 0);
  }

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

  std::uint32_t group_for(attribute_id a, datolite::kind k) {
    const auto fits = [&](const grown& g) { return g.a == a && g.kind == k; };
    if (last_group_ < groups_.size() && fits(groups_[last_group_])) return last_group_;
    const auto at = std::find_if(groups_.begin(), groups_.end(), fits);
    last_group_ = static_cast<std::uint32_t>(at - groups_.begin());
    if (at == groups_.end()) groups_.push_back({a, k});
    return last_group_;
  }

  bytes_view text(std::size_t i) const noexcept { return {arena_.data() + texts_[i].from, texts_[i].size}; }

  /// The position of a text, which is added if it is new; then `placed_` is its place in the table.
  std::uint64_t text_for(bytes_view wanted) {
    if (2 * (texts_.size() + 1) > table_.size()) grow_table();
    std::size_t at = place_of(wanted);
    for (; table_[at] != 0; at = (at + 1) & (table_.size() - 1)) {
      if (text(table_[at] - 1) == wanted) return table_[at] - 1;
    }
    texts_.push_back({arena_.size(), wanted.size()});
    arena_.append(wanted);
    table_[placed_ = at] = static_cast<std::uint32_t>(texts_.size());
    return texts_.size() - 1;
  }
  std::size_t place_of(bytes_view of) const noexcept {
    return XXH3_64bits(of.data(), of.size()) & (table_.size() - 1);
  }
  void grow_table() {
    table_.assign(std::max<std::size_t>(64, 4 * table_.size()), 0);
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      std::size_t at = place_of(text(i));
      while (table_[at] != 0) at = (at + 1) & (table_.size() - 1);
      table_[at] = static_cast<std::uint32_t>(i + 1);
    }
  }

  const index_order order_;
  const bool past_;
  std::vector<packed_row> rows_;
  std::vector<grown> groups_;
  std::uint32_t last_group_ = 0;
  extents now_;
  limits widest_;                     // as measure() found, since when texts and groups are the same
  std::size_t row_bits_ = 0;          // of all columns
  std::size_t fixed_bytes_ = 0;       // of all but the columns
  std::vector<text_place> texts_;     // in the order in which they came
  bytes arena_;                       // their bytes
  std::vector<std::uint32_t> table_;  // open addressing, a power of two: 1 + position of a text, or 0
  std::size_t placed_ = no_place;
  bytes scratch_;
  const block* from_ = nullptr;               // that rows are copied from
  std::vector<std::uint32_t> copied_;         // by position of its texts: 1 + their positions here, or 0
  std::vector<std::uint32_t> copied_groups_;  // the same of its groups
};

inline bytes block_builder::encode(bytes_view key) {
  std::vector<std::uint32_t> sorted(texts_.size()), rank(texts_.size());
  for (std::size_t i = 0; i < sorted.size(); ++i) sorted[i] = static_cast<std::uint32_t>(i);
  const auto before = [this](auto x, auto y) { return text(x) < text(y); };
  if (!std::is_sorted(sorted.begin(), sorted.end(), before)) std::sort(sorted.begin(), sorted.end(), before);
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
    if (widths[width_at] == 0) return;
    bits_writer to{at, widths[width_at]};
    for (std::size_t i = 0; i < n; ++i) to.put(number(i));
    to.finish();
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
