// cycle_join: two patterns that close a cycle, in one step.
//
//   [?a :r ?b] [?b :r ?c] [?a :r ?c]      with the rows of the first clause found
//
// Joined one after the other, the second makes a row of every path, most of which the third drops. Here the
// second's pairs (?b ?c) and the third's (?a ?c) are read once each and laid out as neighbours by ?b and by
// ?a; then, an ?a at a time, its neighbours are marked, and of the paths through each ?b only those to a
// marked ?c become rows, or are counted, if nothing else is wanted. Needs entity ids or longs in all slots,
// and numbers that lie densely enough to be marked, a bit each. Where both clauses read the same, as here, it
// is read once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <datolite/query/plan.hpp>
#include <datolite/query/relation.hpp>
#include <datolite/query/watch.hpp>

namespace datolite::query {

/// What a cycle's two steps gave.
struct cycle_rows {
  relation rows;            ///< of both; none if they were only counted
  bool counted = false;     ///< they were
  std::size_t found = 0;    ///< how many there are
  std::size_t between = 0;  ///< how many rows the first step would have given
};

namespace detail {

/// A range of numbers that lie densely enough to count by them.
struct dense_range {
  std::int64_t low = 0;
  std::size_t size = 0;

  /// The range of all numbers of `some`, and of those of `others`; nothing if they lie too far apart.
  static std::optional<dense_range> of(std::span<const std::int64_t> some,
                                       std::span<const std::int64_t> others = {}) {
    if (some.empty() && others.empty()) return dense_range{};
    std::int64_t low = std::numeric_limits<std::int64_t>::max(),
                 high = std::numeric_limits<std::int64_t>::min();
    for (const auto& numbers : {some, others}) {
      for (const std::int64_t n : numbers) low = std::min(low, n), high = std::max(high, n);
    }
    const auto range = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
    if (range >= 8 * (some.size() + others.size()) + 65'536) return std::nullopt;
    return dense_range{low, static_cast<std::size_t>(range) + 1};
  }

  /// REQUIRES: `number` is in the range.
  std::uint32_t place(std::int64_t number) const noexcept {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(number) - static_cast<std::uint64_t>(low));
  }
  std::int64_t number(std::uint32_t at) const noexcept { return low + static_cast<std::int64_t>(at); }
};

/// The neighbours of each number of a dense range, as places in another.
class adjacency {
 public:
  /// How far beyond the end may be read and written. Most have few neighbours: to copy eight at once costs
  /// less than a loop whose end cannot be foreseen.
  static constexpr std::size_t overrun = 8;

  /// Nothing if the numbers lie too far apart.
  static std::optional<adjacency> make(std::span<const std::int64_t> from, std::span<const std::int64_t> to,
                                       const dense_range& targets) {
    const auto range = dense_range::of(from);
    if (!range) return std::nullopt;
    adjacency out;
    out.range_ = *range;
    out.starts_.resize(range->size + 2);
    for (const std::int64_t w : from) ++out.starts_[range->place(w) + 1];
    std::partial_sum(out.starts_.begin(), out.starts_.end(), out.starts_.begin());
    out.to_.resize(to.size() + overrun);
    if (std::is_sorted(from.begin(), from.end())) {
      for (std::size_t i = 0; i < to.size(); ++i) out.to_[i] = targets.place(to[i]);
      return out;
    }
    std::vector<std::uint32_t> next{out.starts_};
    for (std::size_t i = 0; i < from.size(); ++i)
      out.to_[next[range->place(from[i])]++] = targets.place(to[i]);
    return out;
  }

  /// The neighbours of a number; `overrun` places more may be read.
  std::span<const std::uint32_t> of(std::int64_t number) const noexcept {
    const std::size_t at = place(number);
    return {to_.data() + starts_[at], to_.data() + starts_[at + 1]};
  }
  std::size_t count(std::int64_t number) const noexcept {
    const std::size_t at = place(number);
    return starts_[at + 1] - starts_[at];
  }

  /// Copies neighbours to `to`, where there is room for as many and `overrun` more.
  static void copy(std::span<const std::uint32_t> neighbours, std::uint32_t* to) noexcept {
    if (neighbours.size() <= overrun)
      std::memcpy(to, neighbours.data(), overrun * sizeof(std::uint32_t));
    else
      std::memcpy(to, neighbours.data(), neighbours.size() * sizeof(std::uint32_t));
  }
  static void fill(std::uint32_t with, std::size_t n, std::uint32_t* to) noexcept {
    if (n <= overrun)
      std::fill_n(to, overrun, with);
    else
      std::fill_n(to, n, with);
  }

 private:
  /// One beyond the range for all that have no neighbours.
  std::size_t place(std::int64_t number) const noexcept {
    const auto at = static_cast<std::uint64_t>(number) - static_cast<std::uint64_t>(range_.low);
    return at < range_.size ? at : range_.size;  // one below the range is the largest `at`
  }

  dense_range range_;
  std::vector<std::uint32_t> starts_;
  std::vector<std::uint32_t> to_;
};

/// How the second of two steps closes a cycle that the first opens.
struct cycle {
  std::size_t first_in, first_out;  ///< x slots of the first step: joined with ys, and new
  std::size_t second_in,
      second_out;                 ///< x slots of the second: joined with ys, and with what the first brought
  std::size_t y_first, y_second;  ///< columns of ys that these are joined with
};

/// Whether `first` and `second` are such steps; nothing if they are not.
inline std::optional<cycle> find_cycle(const plan_step& first, const plan_step& second) {
  const auto* p = std::get_if<pattern_step>(&first.is);
  const auto* q = std::get_if<pattern_step>(&second.is);
  if (p == nullptr || q == nullptr || !first.join.predicates.empty() || !second.join.predicates.empty())
    return std::nullopt;
  if (first.join.join.size() != 1 || first.join.project_x.size() != 1 || second.join.join.size() != 2 ||
      !second.join.project_x.empty() || first.join.distinct)
    return std::nullopt;
  const projection brought = first.join.project_x[0];
  cycle out{first.join.join[0].x, brought.from, 0, 0, first.join.join[0].y, 0};
  bool closes = false, opens = false;
  for (const join_pair& pair : second.join.join) {
    if (pair.y == brought.to) {
      out.second_out = pair.x, closes = true;
      continue;
    }
    for (const projection& kept : first.join.project_y) {
      if (kept.to == pair.y) out.second_in = pair.x, out.y_second = kept.from, opens = true;
    }
  }
  if (!closes || !opens || out.first_in == out.first_out || out.second_in == out.second_out)
    return std::nullopt;
  return out;
}

/// Whether two steps of data patterns ask the same of the same source.
inline bool ask_the_same(const plan_step& first, const plan_step& second) {
  const auto& p = std::get<pattern_step>(first.is);
  const auto& q = std::get<pattern_step>(second.is);
  const auto has_advice = [](const pattern_template& t) {
    const auto is_there = [](const auto& one) { return one.has_value(); };
    return t.is_late() || std::any_of(t.starts.begin(), t.starts.end(), is_there) ||
           std::any_of(t.whiles.begin(), t.whiles.end(), is_there);
  };
  return p.source == q.source && p.pattern->consts == q.pattern->consts &&
         p.pattern->repeated == q.pattern->repeated && !has_advice(*p.pattern) && !has_advice(*q.pattern);
}

/// Whether the two steps of a cycle read the same columns of the same pattern.
inline bool reads_the_same(const plan_step& first, const plan_step& second, const cycle& of) {
  return of.first_in == of.second_in && of.first_out == of.second_out && ask_the_same(first, second);
}

/// Pairs of numbers: two columns of a relation.
struct number_pairs {
  const column* from = nullptr;
  const column* to = nullptr;
  friend bool operator==(const number_pairs&, const number_pairs&) noexcept = default;
};

/// The pairs that the first step of a cycle would read, if they are those just found: `ys` are all rows of
/// `before`, which asks the same.
inline std::optional<number_pairs> read_before(const plan_step& before, const plan_step& first,
                                               const cycle& of, const relation& ys) {
  if (!std::holds_alternative<pattern_step>(before.is) || !before.binds_in.empty() || ys.width() != 2 ||
      !ys.is_distinct() || !before.join.predicates.empty() || !ask_the_same(before, first))
    return std::nullopt;
  number_pairs out;
  for (const projection& p : before.join.project_x) {
    if (p.from == of.first_in) out.from = &ys.column(p.to);
    if (p.from == of.first_out) out.to = &ys.column(p.to);
  }
  if (out.from == nullptr || out.to == nullptr) return std::nullopt;
  return out;
}

/// Two columns of all rows of a pattern.
inline join_plan two_slots(std::size_t in, std::size_t out) {
  join_plan all;
  all.project_x = {{in, 0}, {out, 1}};
  all.width = 2;
  all.distinct = true;
  return all;
}

inline number_pairs pairs_of(const relation& two_columns) {
  return {&two_columns.column(0), &two_columns.column(1)};
}

inline bool are_integral(const number_pairs& pairs) {
  return pairs.from->is_integral() && pairs.to->is_integral();
}

/// Whether the rows of a cycle that `second` closes are a set, as those of `ys` are.
inline bool keeps_a_set(const relation& ys, const plan_step& second) {
  return ys.is_distinct() && second.join.project_y.size() == ys.width() + 1;
}

/// Marks on the places of a dense range.
class place_marks {
 public:
  explicit place_marks(std::size_t places) : marks_(places) {}
  void set(std::span<const std::uint32_t> places, bool to) noexcept {
    for (const std::uint32_t p : places) marks_[p] = to;
  }
  /// 0 or 1.
  std::uint8_t operator[](std::uint32_t place) const noexcept { return marks_[place]; }

 private:
  std::vector<std::uint8_t> marks_;
};

class cycle_join {
 public:
  /// `opening` and `closing`: the rows of the two patterns, as two_slots shows them; maybe the same. `limits`
  /// may be null.
  cycle_join(const relation& ys, const cycle& of, number_pairs opening, number_pairs closing, watch* limits)
      : ys_{ys}, of_{of}, opening_{opening}, closing_{closing}, limits_{limits} {}

  /// The result of both steps, or only how many rows it has; nothing if the numbers do not fit.
  std::optional<cycle_rows> run(const plan_step& first, const plan_step& second, bool counts) {
    const auto opened = opening_.to->words(), closed = closing_.to->words();
    const auto targets = closing_ == opening_ ? dense_range::of(opened) : dense_range::of(opened, closed);
    if (!targets) return std::nullopt;
    targets_ = *targets;
    const auto paths = adjacency::make(opening_.from->words(), opened, targets_);
    std::optional<adjacency> others;
    if (closing_ != opening_) others = adjacency::make(closing_.from->words(), closed, targets_);
    const auto& ends = closing_ == opening_ ? paths : others;
    if (!paths || !ends) return std::nullopt;
    const auto by_first = ys_.column(of_.y_first).words();
    const auto by_second = ys_.column(of_.y_second).words();
    cycle_rows out;
    out.between = all_paths(*paths, by_first);
    const bool forward = out.between <= all_paths(*ends, by_second);
    side through{forward ? *paths : *ends, forward ? by_first : by_second};
    side from{forward ? *ends : *paths, forward ? by_second : by_first};
    const ordered_rows rows{from.of, through.of};
    if (counts) {
      out.counted = true;
      out.found = count(through, from);
    } else {
      find(through, from);
      rows.renumber(y_);
      out.rows = gather(first, second);
      out.found = out.rows.size();
    }
    return out;
  }

 private:
  /// The neighbours that a step reads, and whose they are in each row.
  struct side {
    const adjacency& along;
    std::span<const std::int64_t> of;
  };

  /// Two columns of the same rows, by the first; copied if they do not lie so.
  class ordered_rows {
   public:
    ordered_rows(std::span<const std::int64_t>& first, std::span<const std::int64_t>& second) {
      if (std::is_sorted(first.begin(), first.end())) return;
      rows_.resize(first.size());
      std::iota(rows_.begin(), rows_.end(), std::uint32_t{0});
      std::sort(rows_.begin(), rows_.end(),
                [&](std::uint32_t i, std::uint32_t j) { return first[i] < first[j]; });
      for (const std::uint32_t row : rows_) first_.push_back(first[row]), second_.push_back(second[row]);
      first = first_, second = second_;
    }
    /// What stands at these places.
    void renumber(std::vector<std::uint32_t>& places) const {
      if (rows_.empty()) return;
      for (std::uint32_t& p : places) p = rows_[p];
    }

   private:
    std::vector<std::uint32_t> rows_;
    std::vector<std::int64_t> first_, second_;
  };

  static std::size_t all_paths(const adjacency& along, std::span<const std::int64_t> from) {
    std::size_t sum = 0;
    for (const std::int64_t w : from) sum += along.count(w);
    return sum;
  }

  /// Rows with the same `from`, which lie together, are taken together: its neighbours are marked, the ends
  /// of the paths through these rows laid out in one array, with the rows if they are wanted, and `take`
  /// looks at them: take(ends, rows, how many, marks).
  template <bool Rows, class Take>
  void follow(const side& through, const side& from, Take take) const {
    place_marks marks{targets_.size};
    std::span<const std::uint32_t> marked;
    std::vector<std::uint32_t> ends(4096), rows(Rows ? ends.size() : 0);
    std::size_t n = 0, unpolled = 0;
    const auto show = [&] {
      take(ends.data(), rows.data(), std::exchange(n, 0), marks);
      if (unpolled > 65'536) poll(), unpolled = 0;
    };
    for (std::size_t row = 0; row < from.of.size();) {
      const std::int64_t group = from.of[row];
      marks.set(marked, false);
      marks.set(marked = from.along.of(group), true);
      unpolled += marked.size();
      for (; row < from.of.size() && from.of[row] == group; ++row) {
        const auto beyond = through.along.of(through.of[row]);
        const std::size_t room = beyond.size() + adjacency::overrun;
        if (n + room > ends.size()) {
          show();
          if (room > ends.size()) ends.resize(room), rows.resize(Rows ? room : 0);
        }
        adjacency::copy(beyond, ends.data() + n);
        if constexpr (Rows) adjacency::fill(static_cast<std::uint32_t>(row), beyond.size(), rows.data() + n);
        n += beyond.size(), unpolled += beyond.size() + 1;
      }
      show();
    }
  }

  void poll() const {
    if (limits_ != nullptr) limits_->poll(to_.size() * (sizeof(std::int64_t) + sizeof(std::uint32_t)));
  }

  std::size_t count(const side& through, const side& from) const {
    std::size_t found = 0;
    follow<false>(
        through, from,
        [&](const std::uint32_t* ends, const std::uint32_t*, std::size_t n, const place_marks& marks) {
          std::size_t marked = 0;
          for (std::size_t i = 0; i < n; ++i) marked += marks[ends[i]];
          found += marked;
        });
    return found;
  }

  /// Fills to_ and y_.
  void find(const side& through, const side& from) {
    follow<true>(
        through, from,
        [&](const std::uint32_t* ends, const std::uint32_t* rows, std::size_t n, const place_marks& marks) {
          const std::size_t before = y_.size();
          to_.resize(before + n), y_.resize(before + n);
          std::size_t at = before;
          for (std::size_t i = 0; i < n; ++i) {
            to_[at] = targets_.number(ends[i]), y_[at] = rows[i];
            at += marks[ends[i]];
          }
          to_.resize(at), y_.resize(at);
        });
  }

  relation gather(const plan_step& first, const plan_step& second) {
    relation out{second.join.width};
    const kind brought = opening_.to->word_kind();
    for (const projection& p : second.join.project_y) {
      column& to = out.column_to_fill(p.to);
      if (p.from == first.join.project_x[0].to) {
        to.take_words(brought, std::move(to_));
        continue;
      }
      for (const projection& kept : first.join.project_y) {
        if (kept.to == p.from) to.append(ys_.column(kept.from), y_);
      }
    }
    out.commit_rows(y_.size());
    if (keeps_a_set(ys_, second)) out.mark_distinct();
    return out;
  }

  const relation& ys_;
  const cycle& of_;
  number_pairs opening_, closing_;
  watch* limits_;
  dense_range targets_;
  std::vector<std::uint32_t> y_;  ///< the rows found: of ys
  column::word_vector to_;        ///< and what they brought
};

}  // namespace detail
}  // namespace datolite::query
