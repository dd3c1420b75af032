// The definitions of row_index.hpp.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <datolite/core/linkage.hpp>
#include <datolite/core/value.hpp>
#include <datolite/core/value_equality.hpp>
#include <datolite/query/column.hpp>
#include <datolite/query/pattern.hpp>
#include <datolite/query/relation.hpp>
#include <datolite/query/row_index.hpp>

namespace datolite::query {

namespace detail {

DATOLITE_INLINE std::uint64_t hash_of_bigint(const value& v) {
  const value canonical = query_canonical(v);
  return is_integral(canonical.kind()) ? static_cast<std::uint64_t>(canonical.word()) : query_hash(v);
}

/// Whether all columns of both hold entity ids or longs.
inline bool are_words(const relation& rows, const relation& more) {
  for (std::size_t slot = 0; slot < more.width(); ++slot) {
    if (!more.column(slot).is_integral()) return false;
    if (!rows.empty() && !rows.column(slot).is_integral()) return false;
  }
  return true;
}

}  // namespace detail

DATOLITE_INLINE void row_index::grow(std::size_t rows) {
  const std::size_t buckets = std::bit_ceil(rows * 2);
  heads_.assign(buckets, none);
  nodes_.reserve(buckets / 2);
  for (std::size_t row = 0; row < nodes_.size(); ++row) {
    std::uint32_t& head = heads_[nodes_[row].tag & (buckets - 1)];
    nodes_[row].next = head;
    head = static_cast<std::uint32_t>(row);
  }
}

DATOLITE_INLINE void row_table::grow(std::size_t rows) {
  const std::size_t room = std::bit_ceil(rows * (rows < 1024 ? 4 : 2));  // small ones grow in long strides
  const entries before = std::exchange(entries_, entries(room));
  const std::size_t mask = entries_.size() - 1;
  for (const entry& e : before) {
    if (e.row == row_index::none) continue;
    std::size_t at = e.tag & mask;
    while (entries_[at].row != row_index::none) at = (at + 1) & mask;
    entries_[at] = e;
  }
}

DATOLITE_INLINE std::size_t hash_row(const relation& of, std::size_t i) {
  std::size_t out = of.width();
  for (std::size_t slot = 0; slot < of.width(); ++slot) out = hash_cell(out, of.column(slot), i);
  return out;
}

DATOLITE_INLINE void hash_rows(const relation& of, std::size_t first, std::span<std::size_t> out) {
  std::fill(out.begin(), out.end(), of.width());
  for (std::size_t slot = 0; slot < of.width(); ++slot) {
    const column& c = of.column(slot);
    if (c.is_integral()) {
      const std::int64_t* const words = c.words().data() + first;
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = hash_word(out[i], words[i]);
    } else {
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = hash_cell(out[i], c, first + i);
    }
  }
}

DATOLITE_INLINE std::size_t hash_cells(const relation& of, std::span<const std::size_t> slots,
                                       std::size_t i) {
  std::size_t out = slots.size();
  for (const std::size_t slot : slots) out = hash_cell(out, of.column(slot), i);
  return out;
}

DATOLITE_INLINE bool same_row(const relation& a, std::size_t i, const relation& b, std::size_t j) {
  for (std::size_t slot = 0; slot < a.width(); ++slot) {
    if (!same_cell(a.column(slot), i, b.column(slot), j)) return false;
  }
  return true;
}

DATOLITE_INLINE bool row_set::keep_last(relation& rows) {
  const std::size_t last = rows.size() - 1;
  if (is_known(rows, last)) {
    rows.truncate(last);
    return false;
  }
  return true;
}

template <class SameOld, class SameNew>
void row_set::take_fresh(const relation& more, std::size_t before, SameOld&& same_old, SameNew&& same_new) {
  fresh_.resize(more.size());
  std::uint32_t* const fresh = fresh_.data();
  std::size_t n = 0;
  for_each_hashed(more, [&](std::size_t i, std::size_t hash) {
    const std::size_t found = table_.find_or_add(hash, [&](std::size_t other) {
      return other < before ? same_old(i, other) : same_new(i, fresh[other - before]);
    });
    if (found == before + n) fresh[n++] = static_cast<std::uint32_t>(i);
  });
  fresh_.resize(n);
}

DATOLITE_INLINE void row_set::absorb(relation& rows, const relation& more) {
  catch_up(rows, rows.size());
  const std::size_t before = rows.size();
  table_.reserve(before + more.size());
  if (more.width() == 2 && detail::are_words(rows, more)) {
    const std::int64_t* const old_words[] = {rows.column(0).words().data(), rows.column(1).words().data()};
    const std::int64_t* const words[] = {more.column(0).words().data(), more.column(1).words().data()};
    take_fresh(
        more, before,
        [&](std::size_t i, std::size_t other) {
          return words[0][i] == old_words[0][other] && words[1][i] == old_words[1][other];
        },
        [&](std::size_t i, std::size_t other) {
          return words[0][i] == words[0][other] && words[1][i] == words[1][other];
        });
  } else {
    take_fresh(
        more, before, [&](std::size_t i, std::size_t other) { return same_row(more, i, rows, other); },
        [&](std::size_t i, std::size_t other) { return same_row(more, i, more, other); });
  }
  for (std::size_t slot = 0; slot < rows.width(); ++slot)
    rows.column_to_fill(slot).append(more.column(slot), fresh_);
  rows.commit_rows(fresh_.size());
  rows.mark_distinct();
}

DATOLITE_INLINE void row_set::catch_up(const relation& rows, std::size_t end) {
  while (table_.size() < end)
    table_.find_or_add(hash_row(rows, table_.size()), [](std::size_t) { return false; });
}

DATOLITE_INLINE bool row_set::is_known(const relation& rows, std::size_t last) {
  if (last < few && table_.size() == 0) {
    for (std::size_t other = 0; other < last; ++other) {
      if (same_row(rows, last, rows, other)) return true;
    }
    return false;
  }
  catch_up(rows, last);
  const auto same = [&](std::size_t other) { return same_row(rows, last, rows, other); };
  return table_.find_or_add(hash_row(rows, last), same) < last;
}

DATOLITE_INLINE relation gathered(const relation& of, std::span<const std::uint32_t> rows) {
  relation out{of.width()};
  for (std::size_t slot = 0; slot < of.width(); ++slot)
    out.column_to_fill(slot).append(of.column(slot), rows);
  out.commit_rows(rows.size());
  return out;
}

DATOLITE_INLINE relation distinct(relation rows) {
  if (!rows.is_distinct()) {
    row_table table;
    table.reserve(rows.size());
    std::vector<std::uint32_t> kept;
    kept.reserve(rows.size());
    for_each_hashed(rows, [&](std::size_t i, std::size_t hash) {
      const std::size_t end = kept.size();
      const auto same = [&](std::size_t n) { return same_row(rows, i, rows, kept[n]); };
      if (table.find_or_add(hash, same) == end) kept.push_back(static_cast<std::uint32_t>(i));
    });
    if (kept.size() < rows.size()) rows = gathered(rows, kept);
  }
  rows.mark_distinct();
  return rows;
}

}  // namespace datolite::query
