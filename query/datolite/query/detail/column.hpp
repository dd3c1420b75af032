// The definitions of column.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include <datolite/core/linkage.hpp>
#include <datolite/core/value.hpp>
#include <datolite/query/column.hpp>

namespace datolite::query {

namespace detail {

/// Room for `n` in all, growing by doubling.
inline void grow(column::word_vector& of, std::size_t n) {
  if (of.capacity() < n) of.reserve(std::max(of.size() * 2, n));
  of.resize(n);
}

}  // namespace detail

DATOLITE_INLINE void column::reserve(std::size_t n) { is_words_ ? words_.reserve(n) : values_.reserve(n); }

DATOLITE_INLINE void column::append_words(kind k, std::span<const std::int64_t> words,
                                          std::span<const std::uint32_t> rows) {
  if (rows.empty()) return;
  if (!takes_word(k)) {
    become_values();
    for (const std::uint32_t i : rows) values_.push_back(value::from_word(k, words[i]));
    return;
  }
  const std::size_t before = words_.size();
  words_.resize(before + rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) words_[before + i] = words[rows[i]];
}

template <class Values, class Take>
void column::append_all(Values values, std::span<const std::uint32_t> rows, Take take) {
  std::size_t done = 0;
  if (is_words_ && !rows.empty()) {
    const kind k = values[rows[0]].kind();
    if (takes_word(k)) {
      const std::size_t before = words_.size();
      detail::grow(words_, before + rows.size());
      std::int64_t* const to = words_.data() + before;
      for (; done < rows.size() && values[rows[done]].kind() == k; ++done)
        to[done] = values[rows[done]].word();
      words_.resize(before + done);
    }
  }
  if (done == rows.size()) return;
  become_values();
  if (values_.capacity() < values_.size() + rows.size() - done) {
    values_.reserve(std::max(values_.size() * 2, values_.size() + rows.size() - done));
  }
  for (; done < rows.size(); ++done) values_.push_back(take(values[rows[done]]));
}

DATOLITE_INLINE void column::append_values(std::span<const value> values,
                                           std::span<const std::uint32_t> rows) {
  append_all(values, rows, [](const value& v) -> const value& { return v; });
}

DATOLITE_INLINE void column::append_own_values(std::span<value> values, std::span<const std::uint32_t> rows) {
  append_all(values, rows, [](value& v) -> value&& { return std::move(v); });
}

DATOLITE_INLINE void column::append(const column& from, std::span<const std::uint32_t> rows) {
  from.is_words_ ? append_words(from.kind_, from.words_, rows) : append_values(from.values_, rows);
}

DATOLITE_INLINE void column::append_many(const value& v, std::size_t times) {
  if (times == 0) return;
  if (takes_word(v.kind())) return words_.resize(words_.size() + times, v.word());
  become_values();
  values_.resize(values_.size() + times, v);
}

DATOLITE_INLINE void column::truncate(std::size_t keep) {
  if (keep >= size()) return;
  is_words_ ? words_.resize(keep) : values_.resize(keep);
}

DATOLITE_INLINE void column::become_values() {
  if (!is_words_) return;
  values_.reserve(std::max<std::size_t>(8, words_.size() * 2));
  for (const std::int64_t w : words_) values_.push_back(value::from_word(kind_, w));
  words_ = {};
  is_words_ = false;
}

}  // namespace datolite::query
