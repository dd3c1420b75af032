// The definitions of index_pull.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <datolite/core/index_access.hpp>
#include <datolite/core/io_stats.hpp>
#include <datolite/core/linkage.hpp>
#include <datolite/core/value.hpp>
#include <datolite/query/detail/puller.hpp>
#include <datolite/query/detail/refuse.hpp>
#include <datolite/query/index_pull.hpp>

namespace datolite::query {

namespace detail {

/// The ranges of an index that a walk consists of.
class index_walk {
 public:
  index_walk(const index_access& db, const index_pull_request& request, io_counters* io)
      : db_{db}, request_{request}, io_{io}, parts_{request.start.elements()} {
    if (request.index != index_order::avet && request.index != index_order::aevt) {
      refuse_walk("index_pull walks AVET or AEVT");
    }
    if (!request.start.is_sequential() || parts_.empty() || parts_.size() > 3) {
      refuse_walk("index_pull starts at a vector of an attribute and up to two more components");
    }
    facts_ = db.attribute(parts_[0]);
    if (facts_ == nullptr) {
      refuse("db.error/not-an-attribute", shown(parts_[0]) + " names no attribute", request.start);
    }
    check();
  }

  /// In the order of the walk.
  std::vector<datom_range> ranges() const {
    datom_range all;
    all.index = request_.index;
    all.a = facts_->id;
    all.descending = request_.reverse;
    if (parts_.size() == 1) return {all};
    const bool by_value = request_.index == index_order::avet;
    const value second = by_value ? stored(parts_[1]) : entity(parts_[1]);
    datom_range beyond = all;
    bound(beyond, second, parts_.size() == 2);
    if (parts_.size() == 2) return {beyond};
    datom_range within = all;
    if (by_value) {
      within.v = second;
    } else {
      within.e = second.word();
    }
    bound(within, by_value ? entity(parts_[2]) : stored(parts_[2]), true);
    return {within, beyond};
  }

 private:
  [[noreturn]] void refuse_walk(const std::string& why) const {
    refuse("db.error/invalid-index-pull", why, request_.start);
  }

  void check() const {
    if (request_.index == index_order::aevt) {
      if (facts_->type != kind::ref)
        refuse_walk("along AEVT entities are values, and the attribute is no ref");
      return;
    }
    if (!facts_->indexed) {
      refuse("db.error/attribute-not-indexed", "AVET holds only attributes with :db/index or :db/unique",
             request_.start);
    }
    if (facts_->many && parts_.size() == 1) {
      refuse_walk(
          "an entity comes once for each of its values: an attribute of many needs a value to start from");
    }
  }

  /// `name` as a ref.
  value entity(const value& name) const {
    const auto e = db_.entid(name, io_);
    if (!e) refuse("db.error/not-an-entity", shown(name) + " names no entity", request_.start);
    return value::ref(*e);
  }

  /// A value as the attribute has them.
  value stored(const value& v) const {
    if (facts_->type == kind::ref) return entity(v);
    if (facts_->type != kind::nil && v.kind() != facts_->type) {
      refuse("db.error/wrong-type-for-attribute",
             shown(v) + " is a " + std::string{to_string(v.kind())} + ", and values of " +
                 shown(facts_->ident) + " are of type " + std::string{to_string(facts_->type)},
             request_.start);
    }
    return v;
  }

  void bound(datom_range& range, const value& at, bool inclusive) const {
    (request_.reverse ? range.stop : range.start) = range_bound{at, inclusive};
  }

  const index_access& db_;
  const index_pull_request& request_;
  io_counters* io_;
  std::span<const value> parts_;
  const attribute_facts* facts_ = nullptr;
};

}  // namespace detail

DATOLITE_INLINE index_pull_results::index_pull_results(const index_access& db, const index_pull_request& request,
                                              io_counters* io, std::shared_ptr<const void> kept)
    : kept_{std::move(kept)},
      pull_{std::make_unique<detail::puller>(db, request.selector, io)},
      ranges_{detail::index_walk{db, request, io}.ranges()},
      by_value_{request.index == index_order::aevt} {
  std::reverse(ranges_.begin(), ranges_.end());
  cursor_ = db.open_cursor(request.index, by_value_ ? components::v : components::e, io);
}

DATOLITE_INLINE index_pull_results::index_pull_results(index_pull_results&& other) noexcept = default;
DATOLITE_INLINE index_pull_results& index_pull_results::operator=(index_pull_results&& other) noexcept =
    default;
DATOLITE_INLINE index_pull_results::~index_pull_results() = default;

DATOLITE_INLINE bool index_pull_results::next() {
  if (at_ == read_.size && !fill()) return false;
  current_ = (*pull_)(by_value_ ? read_.v[at_].word() : read_.e[at_]);
  ++at_;
  return true;
}

/// The first batches are small: often the first few entities are all that is wanted.
DATOLITE_INLINE bool index_pull_results::fill() {
  at_ = 0;
  for (;;) {
    if (open_ && cursor_->next_batch(read_, batch_)) {
      batch_ = std::min<std::size_t>(2 * batch_, 256);
      return true;
    }
    open_ = !ranges_.empty();
    read_.clear();
    if (!open_) return false;
    cursor_->seek(ranges_.back());
    ranges_.pop_back();
  }
}

}  // namespace datolite::query
