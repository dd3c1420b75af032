// column: the values of one slot, a row each, as compactly as they allow.
//
// Values that are all of one kind and need no more than a 64-bit word (refs, longs, instants, doubles,
// booleans …) stand as words, without a tag each; everything else as values. A column begins as words, and
// becomes one of values with the first value that is no word of the same kind. Joins that know words read
// `words()`; everyone else reads `column[i]`, a value.
//
// Threads: as a vector: many may read, or one may write.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

#include <datolite/core/value.hpp>
#include <datolite/query/pattern.hpp>
#include <datolite/query/spare_memory.hpp>

namespace datolite::query {

class column {
 public:
  using word_vector = std::vector<std::int64_t, detail::spare_allocator<std::int64_t>>;

  column() noexcept = default;

  std::size_t size() const noexcept { return is_words_ ? words_.size() : values_.size(); }
  bool empty() const noexcept { return size() == 0; }

  /// Whether all values stand as words of one kind, `word_kind()`. An empty column does.
  bool is_words() const noexcept { return is_words_; }
  kind word_kind() const noexcept { return kind_; }  ///< nil while the column is empty

  /// The words, or the values; the other is empty. Valid until the column changes.
  std::span<const std::int64_t> words() const noexcept { return words_; }
  std::span<const value> values() const noexcept { return values_; }

  /// Whether the words are entity ids or longs, which are query-equal when the words are.
  bool is_integral() const noexcept { return is_words_ && detail::is_integral(kind_); }

  value operator[](std::size_t i) const noexcept {
    return is_words_ ? value::from_word(kind_, words_[i]) : values_[i];
  }

  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = value;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = value;

    iterator() noexcept = default;
    iterator(const column& of, std::size_t at) noexcept : of_{&of}, at_{at} {}
    value operator*() const noexcept { return (*of_)[at_]; }
    iterator& operator++() noexcept { return ++at_, *this; }
    iterator operator++(int) noexcept { return {*of_, at_++}; }
    bool operator==(const iterator&) const noexcept = default;

   private:
    const column* of_ = nullptr;
    std::size_t at_ = 0;
  };
  iterator begin() const noexcept { return {*this, 0}; }
  iterator end() const noexcept { return {*this, size()}; }

  void reserve(std::size_t n);

  void push_back(const value& v) {
    if (takes_word(v.kind())) return words_.push_back(v.word());
    become_values();
    values_.push_back(v);
  }
  void push_back(value&& v) {
    if (takes_word(v.kind())) return words_.push_back(v.word());
    become_values();
    values_.push_back(std::move(v));
  }

  /// Appends `words[i]` for each `i` of `rows`, all of kind `k`.
  void append_words(kind k, std::span<const std::int64_t> words, std::span<const std::uint32_t> rows);

  /// Appends `values[i]` for each `i` of `rows`.
  void append_values(std::span<const value> values, std::span<const std::uint32_t> rows);
  /// The same, taking the values: those are nil afterwards, or as before.  REQUIRES: no row stands twice.
  void append_own_values(std::span<value> values, std::span<const std::uint32_t> rows);

  /// Appends `from[i]` for each `i` of `rows`.  REQUIRES: `from` is another column.
  void append(const column& from, std::span<const std::uint32_t> rows);

  /// Holds `words` of kind `k` from now on.  REQUIRES: the column is empty.
  void take_words(kind k, word_vector&& words) {
    if (words.empty()) return;
    words_ = std::move(words);
    kind_ = k;
  }

  /// Appends `v` `times` times.
  void append_many(const value& v, std::size_t times);

  void truncate(std::size_t keep);

  void clear() noexcept {
    words_.clear(), values_.clear();
    is_words_ = true;
    kind_ = kind::nil;
  }

  /// Bytes of memory held, shared texts left out.
  std::size_t bytes() const noexcept {
    return words_.capacity() * sizeof(std::int64_t) + values_.capacity() * sizeof(value);
  }

 private:
  /// Whether a value of kind `k` can be appended as a word; settles the kind of an empty column.
  bool takes_word(kind k) noexcept {
    if (!is_words_) return false;
    if (kind_ == k) return k != kind::nil;
    if (kind_ != kind::nil || !stands_in_a_word(k)) return false;
    kind_ = k;
    return true;
  }

  template <class Values, class Take>
  void append_all(Values values, std::span<const std::uint32_t> rows, Take take);
  void become_values();

  word_vector words_;
  std::vector<value, detail::spare_allocator<value>> values_;
  kind kind_ = kind::nil;
  bool is_words_ = true;
};

}  // namespace datolite::query

#ifndef DATOLITE_COMPILED
#include <datolite/query/detail/column.hpp>
#endif
