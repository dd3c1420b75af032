// index_pull: pulls entities in the order of an index, as many as are asked for.
//
//   for (const value& film : index_pull(db, {.index = index_order::avet, .selector = "[:film/title
//   :film/year]",
//                                            .start = value::vector({"film/year"_kw, 1979}), .reverse =
//                                            true}))
//     …                                                          the films of 1979, of 1978, …
//
// AVET walks the values of an attribute and pulls the entities that have them, AEVT walks the entities of a
// ref attribute and pulls those that they refer to. The walk begins at `start`, [attribute value entity] or
// [attribute entity value], of which only the attribute must be there, and ends with the attribute's last
// datom, or with its first if it goes in reverse. Datoms are read a batch at a time, entities are pulled one
// by one when they are come to.
//
// Errors: `incorrect` for a `start` that does not fit the index; AVET of an attribute that is not indexed;
// AVET of an attribute of many values without a value to start from, whose entities would come several times;
// AEVT of an attribute that is no ref. As pull otherwise.
#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include <datolite/core/index_access.hpp>
#include <datolite/core/io_stats.hpp>
#include <datolite/core/value.hpp>
#include <datolite/query/pull.hpp>
#include <datolite/query/pull_pattern.hpp>

namespace datolite::query {

namespace detail {
class puller;
}

struct index_pull_request {
  index_order index = index_order::avet;  ///< avet or aevt
  pull_pattern selector;
  value start;  ///< a vector: the attribute, and where to begin
  bool reverse = false;
};

/// What `index_pull` gives: a range that can be gone through once, and reads as it is gone through. Used by
/// one thread.
class index_pull_results {
 public:
  /// `kept` is what `db` lives in, if it must be kept.
  index_pull_results(const index_access& db, const index_pull_request& request, io_counters* io,
                     std::shared_ptr<const void> kept);
  index_pull_results(index_pull_results&& other) noexcept;
  index_pull_results& operator=(index_pull_results&& other) noexcept;
  ~index_pull_results();

  class iterator {
   public:
    using value_type = value;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    iterator() noexcept = default;
    explicit iterator(index_pull_results& of) : of_{&of} { ++*this; }
    const value& operator*() const noexcept { return of_->current_; }
    iterator& operator++() {
      if (!of_->next()) of_ = nullptr;
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const noexcept { return of_ == nullptr; }

   private:
    index_pull_results* of_ = nullptr;
  };

  /// Goes on from where the last iterator stands, which is no use any more.
  iterator begin() { return iterator{*this}; }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  bool next();
  bool fill();

  std::shared_ptr<const void> kept_;
  std::unique_ptr<detail::puller> pull_;
  std::vector<datom_range> ranges_;  // those still to be read, the next one last
  bool by_value_;                    // entities are values
  std::unique_ptr<datom_cursor> cursor_;
  datom_columns read_;
  std::size_t at_ = 0, batch_ = 8;
  bool open_ = false;  // the cursor is within a range
  value current_;
};

/// Pulls along an index, lazily. A `db` that is an lvalue is referred to and must outlive the result, an
/// rvalue is kept.
template <class Db>
requires Pullable<std::remove_cvref_t<Db>> index_pull_results index_pull(Db&& db,
                                                                         const index_pull_request& request,
                                                                         io_counters* io = nullptr) {
  if constexpr (std::is_lvalue_reference_v<Db>) {
    return {detail::access_of(db), request, io, nullptr};
  } else {
    const auto kept = std::make_shared<const Db>(std::move(db));
    return {detail::access_of(*kept), request, io, kept};
  }
}

}  // namespace datolite::query

namespace datolite {

using query::index_pull;
using query::index_pull_request;

}  // namespace datolite

#ifndef DATOLITE_COMPILED
#include <datolite/query/detail/index_pull.hpp>
#endif
