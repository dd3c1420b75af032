// merged_iterator: a transaction's own changes laid over the pairs of what it stands on, as one Iterator.
//
// Invariants, while it stands on a pair with key k:
//   ahead   (after seek, seek_first, next): base_ stands on the first base key >= k, own_ on the first own
//           key >= k, or each at its end
//   behind  (after seek_for_prev, seek_last, prev): base_ on the last base key <= k, own_ on the last own
//           key <= k, or each before its beginning
//   at_ says which of the two shows the pair; where both stand on k, the own change does.
// A removal is never stood on: settling passes it, together with the base's pair that it hides. Turning round
// needs no search: whichever of the two does not stand on k is one step from where the other direction wants
// it.
//
// It keeps what it reads (the snapshot, and the changes as they were when it was opened), so that a
// transaction may be edited, or replaced, in the middle of a scan over it.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include <datolite/core/bounds.hpp>
#include <datolite/core/bytes.hpp>
#include <datolite/core/reader.hpp>
#include <datolite/txn/detail/overlay.hpp>

namespace datolite::txn::detail {

template <Reader Base>
class merged_iterator {
 public:
  merged_iterator(std::shared_ptr<const Base> below, const overlay& own, const bounds& within)
      : below_{std::move(below)},
        kept_{own},
        first_{kept_.changes().lower_bound(bytes_view{within.lower})},
        last_{!within.upper                   ? kept_.changes().end()
              : *within.upper <= within.lower ? first_
                                              : kept_.changes().lower_bound(bytes_view{*within.upper})},
        own_{last_},
        base_{below_->open_iterator(within)} {}

  void seek(bytes_view key) {
    at_ = position::end;
    base_.seek(key);
    own_ = first_ == last_ ? last_ : inside(kept_.changes().lower_bound(key));
    settle_ahead();
  }

  void seek_for_prev(bytes_view key) {
    at_ = position::end;
    base_.seek_for_prev(key);
    own_valid_ = first_ != last_ && step_back_from(inside(kept_.changes().upper_bound(key)));
    settle_behind();
  }

  void seek_first() {
    at_ = position::end;
    base_.seek_first();
    own_ = first_;
    settle_ahead();
  }

  void seek_last() {
    at_ = position::end;
    base_.seek_last();
    own_valid_ = step_back_from(last_);
    settle_behind();
  }

  void next() {
    const position from = std::exchange(at_, position::end);  // so that it stands nowhere if the base throws
    if (!ahead_) turn_ahead(from);
    if (from != position::own) base_.next();
    if (from != position::base) ++own_;
    settle_ahead();
  }

  void prev() {
    const position from = std::exchange(at_, position::end);
    if (ahead_) turn_behind(from);
    if (from != position::own) base_.prev();
    if (from != position::base) own_valid_ = step_back_from(own_);
    settle_behind();
  }

  bool valid() const noexcept { return at_ != position::end; }
  bytes_view key() const { return at_ == position::base ? bytes_view{base_.key()} : (*own_).first; }
  bytes_view value() const {
    return at_ == position::base ? bytes_view{base_.value()} : (*own_).second.value();
  }

 private:
  using own_iterator = decltype(std::declval<const overlay::map&>().begin());
  enum class position : std::uint8_t { end, base, own, both };  // both: the own change hides the base's pair

  /// The place in [first_, last_) nearest to `found`, which is where a search of all own changes ended.
  own_iterator inside(own_iterator found) const {
    const own_iterator end = kept_.changes().end();
    if (found == end) return last_;
    if (last_ != end && (*found).first >= (*last_).first) return last_;
    return (*found).first < (*first_).first ? first_
                                            : found;  // first_ comes before last_, so it stands on a change
  }

  bool step_back_from(own_iterator from) {
    own_ = from;
    if (from == first_) return false;
    --own_;
    return true;
  }

  void settle_ahead() {
    ahead_ = true;
    for (;;) {
      const bool in_base = base_.valid();
      if (own_ == last_) {
        at_ = in_base ? position::base : position::end;
        return;
      }
      const int order = in_base ? (*own_).first.compare(bytes_view{base_.key()}) : -1;
      if (order > 0) {
        at_ = position::base;
        return;
      }
      if (!(*own_).second.removed()) {
        at_ = order == 0 ? position::both : position::own;
        return;
      }
      if (order == 0) base_.next();
      ++own_;
    }
  }

  void settle_behind() {
    ahead_ = false;
    for (;;) {
      const bool in_base = base_.valid();
      if (!own_valid_) {
        at_ = in_base ? position::base : position::end;
        return;
      }
      const int order = in_base ? (*own_).first.compare(bytes_view{base_.key()}) : 1;
      if (order < 0) {
        at_ = position::base;
        return;
      }
      if (!(*own_).second.removed()) {
        at_ = order == 0 ? position::both : position::own;
        return;
      }
      if (order == 0) base_.prev();
      own_valid_ = step_back_from(own_);
    }
  }

  /// From behind to ahead, on the same pair.
  void turn_ahead(position on) {
    if (on == position::base) {
      if (own_valid_) ++own_;  // else it stands on first_ already
    } else if (on == position::own) {
      if (base_.valid()) {
        base_.next();
      } else {
        base_.seek_first();
      }
    }
  }

  /// From ahead to behind, on the same pair.
  void turn_behind(position on) {
    own_valid_ = on != position::base || step_back_from(own_);
    if (on == position::own) {
      if (base_.valid()) {
        base_.prev();
      } else {
        base_.seek_last();
      }
    }
  }

  std::shared_ptr<const Base> below_;
  overlay kept_;
  own_iterator first_;  // the own changes inside the bounds are [first_, last_)
  own_iterator last_;
  own_iterator own_;
  bool own_valid_ = false;  // behind: own_ stands on a change
  bool ahead_ = true;
  position at_ = position::end;
  iterator_t<Base> base_;
};

}  // namespace datolite::txn::detail
