// packed_block: some hundred datoms of one index as columns of bits, read where they stand. docs/format.md
// specifies the bytes.
//
// A block's rows are sorted by its index's order. The columns: e and T (of a past row, also how long it
// lasted), the row's group (its attribute and its value's kind), and its slot, which says the value: a number
// as the distance from its group's least, anything else as its position among the block's sorted texts. So a
// block of one attribute spends no bits on it, and comparing two values of a block compares numbers.
//
// The first 8 bytes are a checksum of the rest, seeded by the engine's key: a block that stands under
// another's key is damaged.
//
// Lifetime: a block is a view into the bytes it was made from. Threads: any number may read it.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <datolite/core/bytes.hpp>
#include <datolite/core/datom.hpp>
#include <datolite/core/encode.hpp>
#include <datolite/core/entity_set.hpp>
#include <datolite/core/value.hpp>
#include <datolite/core/value_batch.hpp>
#include <datolite/core/value_order.hpp>
#include <datolite/datoms/datom_range.hpp>
#include <datolite/datoms/flat_key.hpp>
#include <datolite/datoms/packed_bits.hpp>
#include <datolite/datoms/packed_column.hpp>
#include <datolite/datoms/packed_words.hpp>
#include <datolite/datoms/typed_row.hpp>

namespace datolite::datoms::packed {

inline constexpr unsigned char block_version = 1;

using typed::place;
using typed::row;

namespace detail {

using datolite::datoms::flat::detail::hex;
using datolite::datoms::flat::detail::throw_corrupt;

constexpr std::size_t block_head = 48, group_size = 16;

/// A value of a kind that is no word, of its bytes in a block.
inline value value_of_text(kind k, bytes_view text) {
  return is_nested(k) ? decode_value(text) : value::from_raw(k, text);
}

}  // namespace detail

/// The rows of one attribute whose values are of one kind.
struct group {
  attribute_id a = 0;
  datolite::kind kind = datolite::kind::nil;
  std::int64_t least = 0;  ///< of values that are numbers
};

class block {
 public:
  block() = default;
  /// The block that `stored` holds. Throws `corrupt`, naming `key`, if it does not match its checksum (asked
  /// only if `verify`) or its form; `unsupported` if a newer library wrote it.
  block(bytes_view key, bytes_view stored, bool verify);

  std::size_t size() const noexcept { return size_; }
  bool past() const noexcept { return past_; }
  index_order order() const noexcept { return order_; }

  std::int64_t e(std::size_t i) const noexcept { return plus(e_base_, e_[i]); }
  std::int64_t t_added(std::size_t i) const noexcept { return plus(t_base_, t_[i]); }
  std::int64_t t_retracted(std::size_t i) const noexcept { return past_ ? plus(t_added(i), lasted_[i]) : 0; }
  attribute_id a(std::size_t i) const noexcept { return group_of(i).a; }
  value v(std::size_t i) const { return value_in(group_of(i), slot_[i]); }
  /// REQUIRES: i < size().
  row at(std::size_t i) const {
    row r{e(i), a(i), order_, v(i), t_added(i), t_retracted(i)};
    return r;
  }

  // -- as they stand
  std::span<const group> groups() const noexcept { return groups_; }
  std::size_t group_number(std::size_t i) const noexcept { return group_[i]; }
  const group& group_of(std::size_t i) const noexcept { return groups_[group_[i]]; }
  /// Of a group of numbers, the distance from its least; else the position among the texts.
  std::uint64_t slot(std::size_t i) const noexcept { return slot_[i]; }
  std::size_t text_count() const noexcept { return text_count_; }
  bytes_view text(std::uint64_t slot) const noexcept {
    const std::uint64_t from = slot == 0 ? 0 : text_ends_[slot - 1];
    return {texts_ + from, static_cast<std::size_t>(text_ends_[slot] - from)};
  }

  /// No row's T of assertion is before the first, or after the second.
  std::int64_t first_t() const noexcept { return t_base_; }
  std::int64_t last_t() const noexcept {
    return plus(t_base_, t_.width() == 64 ? 0 : (std::uint64_t{1} << t_.width()) - 1);
  }

  /// The position of the first row of [from, to) that is not before `x`; `to` if there is none.
  std::size_t lower_bound(const row& x, std::size_t from, std::size_t to) const {
    return bisect(x, from, to);
  }
  std::size_t lower_bound(const place& x, std::size_t from, std::size_t to) const {
    // Where all that comes before e is the same in the whole block, e alone is searched.
    const bool one_a = groups_.size() == 1 && static_cast<std::int64_t>(groups_.front().a) == x.a;
    const int lead = order_ == index_order::eavt ? 1 : order_ == index_order::aevt && one_a ? 2 : 4;
    if (x.given < lead) return bisect(x, from, to);
    if (x.e < e_base_) return from;
    const std::uint64_t wanted = static_cast<std::uint64_t>(x.e) - static_cast<std::uint64_t>(e_base_);
    if (x.given == lead) return first_e(wanted, x.behind, from, to);
    from = first_e(wanted, false, from, to);
    return bisect(x, from, first_e(wanted, true, from, to));
  }
  /// As lower_bound, for what likely stands near `from`: O(log of how far away it is).
  std::size_t lower_bound_near(const place& x, std::size_t from, std::size_t to) const {
    return detail::gallop(from, to, [&](std::size_t i) { return compare(i, x) < 0; });
  }
  std::size_t lower_bound_near(const row& x, std::size_t from, std::size_t to) const {
    const group* const only = groups_.size() == 1 && groups_.front().a == x.a ? &groups_.front() : nullptr;
    const bool by_e = order_ == index_order::eavt || (order_ == index_order::aevt && only != nullptr);
    const bool by_word = !by_e && order_ != index_order::aevt && only != nullptr &&
                         detail::is_word(only->kind) && x.v.kind() == only->kind;
    if (!by_e && !by_word) {
      return detail::gallop(from, to, [&](std::size_t i) { return compare(i, x) < 0; });
    }
    // All that comes before this column is the same in the whole block.
    const bits& column = by_e ? e_ : slot_;
    const std::int64_t base = by_e ? e_base_ : only->least, wanted = by_e ? x.e : detail::word_of(x.v);
    if (wanted < base) return from;
    const std::uint64_t distance = static_cast<std::uint64_t>(wanted) - static_cast<std::uint64_t>(base);
    const std::size_t first = detail::gallop(from, to, [&](std::size_t i) { return column[i] < distance; });
    return detail::gallop(first, to,
                          [&](std::size_t i) { return column[i] == distance && compare(i, x) < 0; });
  }
  /// How runs that begin as `x` does, but for its number, are told apart in this block, if one column does
  /// so.
  std::optional<word_column> column_of(const place& x) const {
    const group* const only = groups_.size() == 1 && x.given > 0 ? &groups_.front() : nullptr;
    const bool one_a = only != nullptr && static_cast<std::int64_t>(only->a) == x.a;
    const bool by_e = (order_ == index_order::eavt && x.given == 1) ||
                      (order_ == index_order::aevt && one_a && x.given == 2);
    if (by_e) return word_column{e_, e_base_, size_};
    const bool by_word = only != nullptr && only->kind == x.v.kind() && detail::is_word(only->kind) &&
                         ((order_ == index_order::avet && one_a && x.given == 2) ||
                          (order_ == index_order::vaet && (x.given == 1 || (one_a && x.given == 2))));
    if (by_word) return word_column{slot_, only->least, size_};
    return std::nullopt;
  }
  /// The rows of [from, size()) that begin as `x` says, a place before rows.
  /// REQUIRES: no row before `from` begins so.
  std::pair<std::size_t, std::size_t> run(const place& x, std::size_t from) const {
    const std::size_t first = bisect(x, from, size_);
    place behind = x;
    behind.behind = true;
    return {first, detail::gallop(first, size_, [&](std::size_t i) { return compare(i, behind) < 0; })};
  }
  std::strong_ordering compare(std::size_t i, const row& x) const {
    const auto order = compare_leading(i, x, 3);
    return order != 0 ? order : t_added(i) <=> x.t_added;
  }
  /// Never equal: a place is no row.
  std::strong_ordering compare(std::size_t i, const place& x) const {
    const auto order = compare_leading(i, x, x.given);
    if (order != 0) return order;
    return x.behind ? std::strong_ordering::less : std::strong_ordering::greater;
  }

  /// Makes the values of a block's texts. Once a few long ones have been asked for, all are copied as one,
  /// and each value is a part of that: one allocation a block instead of one a text, and who keeps a value
  /// keeps at most `most_shared` bytes. Rows that name one text share one value where many do, where the
  /// block has more bytes of text than that, and where a text says a collection.
  class texts {
   public:
    static constexpr std::size_t most_shared = 16 << 10;

    void reset() noexcept { reset(nullptr, nullptr); }
    /// For a block that stands in `stored`, if it is not null: then values are parts of that. `kept`, if it
    /// is not null, is what its `kept_texts` gave. Both must last until the next reset.
    void reset(const value* stored, const std::vector<value>* kept) noexcept {
      long_ = 0;
      whole_ = value{};
      made_.clear();
      stored_ = stored, kept_ = kept;
    }
    /// By slot; null if they are not kept.
    const std::vector<value>* kept() const noexcept { return kept_; }
    /// Do rows share values, where `rows` rows of one group will be asked for?
    bool shares(const block& of, const group& in, std::size_t rows) {
      if (!made_.empty()) return true;
      if (!repeat(of, rows) && !detail::is_nested(in.kind) && of.text_bytes() <= most_shared) return false;
      made_.resize(of.text_count_);
      return true;
    }
    /// Values by slot, if they are kept or `rows` rows that will be asked for at once share so many that all
    /// are made first; else null.  REQUIRES: `in` is the block's only group.
    const value* all(const block& of, const group& in, std::size_t rows) {
      if (kept_ != nullptr) return kept_->data();
      if (!repeat(of, rows) || !shares(of, in, rows)) return nullptr;
      for (std::size_t slot = 0; slot < made_.size(); ++slot) shared(of, in, slot);
      return made_.data();
    }
    /// The same where none of them shares its bytes; null besides where it would not pay to ask.
    const value* all_inline(const block& of, const group& in, std::size_t rows) {
      const value* const by_slot = repeat(of, rows) ? all(of, in, rows) : nullptr;
      if (by_slot == nullptr) return nullptr;
      return std::all_of(by_slot, by_slot + of.text_count_, [](const value& v) { return v.is_inline(); })
                 ? by_slot
                 : nullptr;
    }
    /// REQUIRES: shares(of, in, …).
    const value& shared(const block& of, const group& in, std::uint64_t slot) {
      value& v = made_[slot];
      if (v.is_nil() || v.kind() != in.kind) v = make(of, in, slot);
      return v;
    }
    value get(const block& of, const group& in, std::uint64_t slot) {
      if (kept_ != nullptr && (*kept_)[slot].kind() == in.kind) return (*kept_)[slot];
      return shares(of, in, 1) ? shared(of, in, slot) : make(of, in, slot);
    }
    /// Says that so many will be asked for at once.
    void expect(std::size_t values) noexcept {
      if (values > few) long_ = few;
    }
    /// Makes a value at `to`, one of many.  REQUIRES: not shares(of, in, …).
    void make_at(value* to, value_batch_writer& by, const block& of, const group& in, std::uint64_t slot) {
      const bytes_view shown = of.text(slot);
      if (shown.size() <= value::inline_capacity || (!shares_whole() && long_ < few)) {
        ::new (static_cast<void*>(to)) value(make(of, in, slot));
      } else {
        by.part(to, whole(of), in.kind, place_in_whole(of, shown), shown.size());
      }
    }

   private:
    static constexpr std::size_t few = 4;

    static bool repeat(const block& of, std::size_t rows) noexcept { return 2 * of.text_count_ <= rows; }

    value make(const block& of, const group& in, std::uint64_t slot) {
      const bytes_view shown = of.text(slot);
      if (stored_ != nullptr && !detail::is_nested(in.kind))
        return stored_->part(in.kind, place_in_whole(of, shown), shown.size());
      const bool shares = shown.size() > value::inline_capacity && !detail::is_nested(in.kind) &&
                          of.text_bytes() <= most_shared && long_++ >= few;
      return shares ? whole(of).part(in.kind, place_in_whole(of, shown), shown.size())
                    : of.value_in(in, slot);
    }
    bool shares_whole() const noexcept { return stored_ != nullptr || !whole_.is_nil(); }
    /// What texts are parts of: the block's bytes, or a copy of its texts.
    const value& whole(const block& of) {
      if (!shares_whole()) whole_ = value::bytes({of.texts_, of.text_bytes()});
      return stored_ != nullptr ? *stored_ : whole_;
    }
    std::size_t place_in_whole(const block& of, bytes_view shown) const noexcept {
      return static_cast<std::size_t>(shown.data() -
                                      (stored_ != nullptr ? stored_->raw().data() : of.texts_));
    }

    friend class block;

    std::size_t long_ = 0;           // texts that were asked for and do not stand inline
    value whole_;                    // all texts of the block; nil until it pays
    const value* stored_ = nullptr;  // the block's bytes
    std::vector<value> made_;        // by slot, if rows share values
    const std::vector<value>* kept_ = nullptr;
  };

  /// May values be made of all its texts at once, and kept? Not where there are none, or one value would keep
  /// too much, or nobody can say how much.
  bool keeps_texts() const noexcept {
    return text_count_ > 0 && text_bytes() <= texts::most_shared &&
           std::none_of(groups_.begin(), groups_.end(),
                        [](const group& g) { return detail::is_nested(g.kind); });
  }
  /// What its texts say, by slot, each as a value of one of the kinds that it has. REQUIRES: keeps_texts().
  std::vector<value> kept_texts(const value* stored) const {
    std::vector<value> out(text_count_);
    texts memo;
    memo.reset(stored, nullptr);
    memo.long_ = texts::few;  // they will all be asked for
    for (std::size_t i = 0; i < size_; ++i) {
      const group& in = group_of(i);
      if (!detail::is_word(in.kind) && out[slot_[i]].is_nil()) out[slot_[i]] = memo.make(*this, in, slot_[i]);
    }
    return out;
  }
  /// How many bytes they take.
  std::size_t kept_texts_size(const value* stored) const noexcept {
    return sizeof(std::vector<value>) + text_count_ * sizeof(value) + (stored == nullptr ? text_bytes() : 0) +
           48;
  }

  /// The same as at(i), its text from `memo`, which has seen no other block since it was reset.
  /// REQUIRES: i < size().
  row at(std::size_t i, texts& memo) const {
    const group& in = group_of(i);
    const std::uint64_t slot = slot_[i];
    return {e(i),       in.a,
            order_,     detail::is_word(in.kind) ? value_in(in, slot) : memo.get(*this, in, slot),
            t_added(i), t_retracted(i)};
  }

  // -- columns of rows [from, from + n), appended
  void append_e(std::vector<entity_id>& to, std::size_t from, std::size_t n) const {
    e_.append(to, from, n, [base = e_base_](std::uint64_t x) { return plus(base, x); });
  }
  void append_e(std::vector<entity_id>& to, std::span<const std::uint32_t> rows) const {
    const std::size_t at = to.size();
    to.resize(at + rows.size());
    std::transform(rows.begin(), rows.end(), to.data() + at, [this](std::uint32_t i) { return e(i); });
  }
  /// Of the rows [from, from + n), appends to `rows` those of the entities `wanted`, and to `ids` which these
  /// are.
  void pick_among(const entity_set& wanted, std::size_t from, std::size_t n, std::vector<std::uint32_t>& rows,
                  std::vector<entity_id>& ids) const {
    const std::size_t row_at = rows.size(), id_at = ids.size();
    rows.resize(row_at + n), ids.resize(id_at + n);
    std::uint32_t* const row_to = rows.data() + row_at;
    entity_id* const id_to = ids.data() + id_at;
    std::size_t k = 0;
    e_.each(from, n, [&, base = e_base_](std::size_t i, std::uint64_t x) {
      const entity_id e = plus(base, x);
      row_to[k] = static_cast<std::uint32_t>(from + i), id_to[k] = e;
      k += wanted.contains(e) ? 1 : 0;
    });
    rows.resize(row_at + k), ids.resize(id_at + k);
  }
  void append_t_op(std::vector<std::int64_t>& to, std::size_t from, std::size_t n) const {
    t_.append(to, from, n, [base = t_base_](std::uint64_t x) { return make_t_op(plus(base, x), true); });
  }
  void append_a(std::vector<attribute_id>& to, std::size_t from, std::size_t n) const {
    group_.append(to, from, n, [groups = groups_.data()](std::uint64_t x) { return groups[x].a; });
  }
  void append_v(std::vector<value>& to, std::size_t from, std::size_t n, texts& memo) const {
    const auto append = [&](auto make) { slot_.append(to, from, n, make); };
    if (groups_.size() == 1) {
      const group& all = groups_.front();
      if (as_words(all, append)) return;
      if (const value* const by_slot = memo.all_inline(*this, all, n)) {
        return append([by_slot](std::uint64_t slot) -> const value& { return by_slot[slot]; });
      }
    }
    append_values(
        to, n, memo, [from](std::size_t i) { return from + i; },
        [&](auto&& put) { slot_.each(from, n, put); });
  }
  /// The same of the rows named.
  void append_v(std::vector<value>& to, std::span<const std::uint32_t> rows, texts& memo) const {
    append_values(
        to, rows.size(), memo, [rows](std::size_t i) { return rows[i]; },
        [&](auto&& put) {
          for (std::size_t i = 0; i < rows.size(); ++i) put(i, slot_[rows[i]]);
        });
  }

 private:
  template <class X>
  std::size_t bisect(const X& x, std::size_t from, std::size_t to) const {
    while (from < to) {
      const std::size_t middle = (from + to) / 2;
      if (compare(middle, x) < 0) {
        from = middle + 1;
      } else {
        to = middle;
      }
    }
    return from;
  }
  /// The first of rows [from, to), which ascend by e, whose e is at least so far from the base, or farther.
  std::size_t first_e(std::uint64_t distance, bool farther, std::size_t from, std::size_t to) const noexcept {
    while (from < to) {
      const std::size_t middle = (from + to) / 2;
      const std::uint64_t e = e_[middle];
      if (e < distance || (farther && e == distance)) {
        from = middle + 1;
      } else {
        to = middle;
      }
    }
    return from;
  }
  static std::int64_t plus(std::int64_t base, std::uint64_t distance) noexcept {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(base) + distance);
  }
  std::size_t text_bytes() const noexcept {
    return text_count_ == 0 ? 0 : static_cast<std::size_t>(text_ends_[text_count_ - 1]);
  }
  value value_in(const group& in, std::uint64_t slot) const {
    if (detail::is_word(in.kind)) return detail::value_of_word(in.kind, plus(in.least, slot));
    return detail::value_of_text(in.kind, text(slot));
  }
  std::strong_ordering compare_value(const group& in, std::uint64_t slot, const value& v) const {
    if (in.kind != v.kind()) return in.kind <=> v.kind();
    if (detail::is_word(in.kind)) return plus(in.least, slot) <=> detail::word_of(v);
    if (detail::is_nested(in.kind)) return stored_order(value_in(in, slot), v);
    return text(slot) <=> v.raw();
  }
  template <class X>
  std::strong_ordering compare_leading(std::size_t i, const X& x, std::size_t given) const {
    const auto leading = order_of(order_);
    for (std::size_t at = 0; at < given; ++at) {
      const std::strong_ordering order =
          leading[at] == components::e   ? e(i) <=> x.e
          : leading[at] == components::a ? static_cast<std::int64_t>(a(i)) <=> static_cast<std::int64_t>(x.a)
                                         : compare_value(group_of(i), slot_[i], x.v);
      if (order != 0) return order;
    }
    return std::strong_ordering::equal;
  }
  /// Calls use(make), where make(slot) is a value of `in`, if it is of a kind that is a number; else returns
  /// false. Columns are mostly of the kinds that have a case of their own.
  template <class Use>
  bool as_words(const group& in, Use&& use) const {
    const std::int64_t base = in.least;
    switch (in.kind) {
      case kind::long_: use([base](std::uint64_t x) { return value{plus(base, x)}; }); return true;
      case kind::ref: use([base](std::uint64_t x) { return value::ref(plus(base, x)); }); return true;
      case kind::instant: use([base](std::uint64_t x) { return value::instant(plus(base, x)); }); return true;
      default: break;
    }
    if (!detail::is_word(in.kind)) return false;
    use([this, &in](std::uint64_t x) { return value_in(in, x); });
    return true;
  }
  void check_slots(bytes_view key, std::size_t text_bytes) const;
  /// Appends `n` values: the i-th is that of the row `row(i)`; `each_slot(put)` calls put(i, slot) for each.
  template <class Row, class EachSlot>
  void append_values(std::vector<value>& to, std::size_t n, texts& memo, Row&& row,
                     EachSlot&& each_slot) const;

  std::size_t size_ = 0, text_count_ = 0;
  index_order order_ = index_order::eavt;
  bool past_ = false;
  std::int64_t e_base_ = 0, t_base_ = 0;
  bits e_, t_, lasted_, group_, slot_, text_ends_;
  const char* texts_ = nullptr;
  std::vector<group> groups_;
};

}  // namespace datolite::datoms::packed

#include <datolite/datoms/detail/packed_block.hpp>
