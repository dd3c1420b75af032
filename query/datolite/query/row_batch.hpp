// row_batch: rows by column, as a source hands them to a join: a thousand or so at a time.
//
// A slot is words of one kind, values, one value for all rows, or absent (nil for all). Nothing is owned: a
// batch is valid while what it shows is. Values that the source does not need any more it may give away.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <datolite/core/value.hpp>
#include <datolite/query/relation.hpp>

namespace datolite::query {

struct batch_slot {
  enum class form : std::uint8_t { absent, words, values, same };
  form is = form::absent;
  kind word_kind = kind::nil;
  const std::int64_t* words = nullptr;
  const value* values = nullptr;
  value same_value{};
  value* own = nullptr;  ///< `values`, where the join may take them: nobody reads them again

  static batch_slot of_words(kind k, const std::int64_t* w) noexcept {
    return {form::words, k, w, nullptr, {}, nullptr};
  }
  static batch_slot of_values(const value* v) noexcept {
    return {form::values, kind::nil, nullptr, v, {}, nullptr};
  }
  /// Values that the join may take.
  static batch_slot of_own_values(value* v) noexcept { return {form::values, kind::nil, nullptr, v, {}, v}; }
  static batch_slot of_same(value v) noexcept {
    return {form::same, kind::nil, nullptr, nullptr, std::move(v), nullptr};
  }

  value operator[](std::size_t row) const noexcept {
    switch (is) {
      case form::words: return value::from_word(word_kind, words[row]);
      case form::values: return values[row];
      case form::same: return same_value;
      default: return {};
    }
  }
};

struct row_batch {
  std::span<const batch_slot> slots;
  std::size_t size = 0;
};

/// One row of a batch. Models SlotRow.
class batch_row {
 public:
  batch_row(const row_batch& of, std::size_t at) noexcept : of_{&of}, at_{at} {}
  std::size_t size() const noexcept { return of_->slots.size(); }
  value operator[](std::size_t slot) const noexcept { return of_->slots[slot][at_]; }

 private:
  const row_batch* of_;
  std::size_t at_;
};

/// The columns of a relation as the slots of a batch; `out` keeps them.
inline row_batch batch_of(const relation& rows, std::vector<batch_slot>& out) {
  out.clear();
  out.reserve(rows.width());
  for (std::size_t slot = 0; slot < rows.width(); ++slot) {
    const column& c = rows.column(slot);
    out.push_back(c.is_words() ? batch_slot::of_words(c.word_kind(), c.words().data())
                               : batch_slot::of_values(c.values().data()));
  }
  return {out, rows.size()};
}

}  // namespace datolite::query
