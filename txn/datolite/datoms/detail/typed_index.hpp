// The definitions of typed_index.hpp: how one state's trees and tail become the next one's.
#pragma once

#include <datolite/datoms/typed_index.hpp>

namespace datolite::datoms::typed {

namespace detail {

/// Which indexes hold a datom of the attribute that `facts` (or null) describes.
class places_of {
 public:
  places_of(const attribute_facts* facts, const value& v) noexcept {
    if (facts != nullptr && facts->indexed) orders_[n_++] = index_order::avet;
    if (v.is(kind::ref)) orders_[n_++] = index_order::vaet;
  }
  operator std::span<const index_order>() const noexcept { return {orders_, n_}; }

 private:
  index_order orders_[4] = {index_order::eavt, index_order::aevt};
  std::size_t n_ = 2;
};

/// For each of some datoms, the first with the same attribute and value, as far as AVET tells: rows made of
/// the one value share its text, which takes less memory, and less of the processor's cache.
inline std::vector<ordered_datoms::position> first_alike(const ordered_datoms& all) {
  const auto in_eavt = all.in(index_order::eavt), by_value = all.in(index_order::avet);
  std::vector<ordered_datoms::position> first(in_eavt.begin(), in_eavt.end());
  for (std::size_t i = 1; i < by_value.size(); ++i) {
    const datom &before = all[by_value[i - 1]], &d = all[by_value[i]];
    if (before.a == d.a && before.v == d.v) first[by_value[i]] = first[by_value[i - 1]];
  }
  return first;
}

/// `t` with `rows`, which ascend and are none of its own. Where they are many, it is built anew.
inline void insert_rows(tree& t, std::vector<row>& rows) {
  if (rows.size() < t.size() / 4) {
    t = std::move(t).insert_ascending(rows);
    return;
  }
  if (rows.empty()) return;
  tree::builder built;
  auto old = t.begin();
  for (row& r : rows) {
    for (; !old.at_end() && row_less{}(*old, r); ++old) built.append(*old);
    built.append(std::move(r));
  }
  for (; !old.at_end(); ++old) built.append(*old);
  t = std::move(built).finish();
}

/// `t` with the rows that `make(i)` makes for i in [0, n), which ascend and are none of its own. Those behind
/// all others, mostly all, go from a small buffer into leaves that become full.
template <class Make>
void insert_rows(tree& t, std::size_t n, const Make& make) {
  constexpr std::size_t at_once = 256;
  std::size_t i = 0;
  std::vector<row> rows;
  if (t.size() > 0) {
    const row& last = *std::prev(t.end());
    i = datolite::detail::count_before(n, [&](std::size_t at) { return row_less{}(make(at), last); });
    rows.reserve(i);
    for (std::size_t at = 0; at < i; ++at) rows.push_back(make(at));
    insert_rows(t, rows);
    rows.clear();
  }
  rows.reserve(std::min(n - i, at_once));
  while (i < n) {
    for (; i < n && rows.size() < at_once; ++i) rows.push_back(make(i));
    t = std::move(t).insert_ascending(rows);
    rows.clear();
  }
}

}  // namespace detail

inline void index::put(index_order order, std::vector<row>& rows) {
  detail::insert_rows(current_[at(order)], rows);
}
inline void index::take(index_order order, std::vector<row>& rows) {
  tree& from = current_[at(order)];
  from = std::move(from).erase_ascending(rows);
}

inline std::shared_ptr<const index> index::after(const novelty& news) const {
  auto next = std::make_shared<index>(*this);
  next->advance(news);
  return next;
}

inline void index::advance(const novelty& news, const rows_below& gather) {
  if (news.before != news.after) move_indexed(news, gather);
  const std::size_t rows = news.added.size() + news.retracted.size();
  const bool many = rows > tail::capacity / 2;
  if (many || rows > tail_.room()) empty_tail();
  many ? add_to_trees(news) : add_to_tail(news);
}

inline void index::add_to_tail(const novelty& news) {
  for (const datom& d : news.retracted) {
    const attribute_facts* const facts = news.after->find(d.a);
    tail_.end(d, news.t, detail::places_of{facts, d.v}, facts == nullptr || !facts->no_history);
  }
  for (const datom& d : news.added) tail_.add(d, detail::places_of{news.after->find(d.a), d.v});
}

inline void index::add_to_trees(const novelty& news) {
  const ordered_datoms added{news.added, *news.after};
  const ordered_datoms retracted{news.retracted, *news.after};
  const auto alike = detail::first_alike(added);
  for (const index_order order : all_orders) {
    std::vector<row> gone, remembered;
    for (const auto i : retracted.in(order)) {
      const datom& d = retracted[i];
      gone.push_back({d.e, d.a, order, d.v, d.t(), 0});
      const attribute_facts* const facts = news.after->find(d.a);
      row ended = gone.back();
      ended.t_retracted = news.t;
      ended.forgotten = facts != nullptr && facts->no_history;
      if (keeps(ended)) remembered.push_back(std::move(ended));
    }
    take(order, gone), past_[at(order)].add(std::move(remembered));
    const auto in_order = added.in(order);
    constexpr std::size_t ahead = 8;  // datoms and texts are asked of memory before they are read
    detail::insert_rows(current_[at(order)], in_order.size(), [&](std::size_t i) {
      if (i + 2 * ahead < in_order.size()) {
        __builtin_prefetch(&added[in_order[i + 2 * ahead]]);
        added[alike[in_order[i + ahead]]].v.prefetch();
      }
      const datom& d = added[in_order[i]];
      return row{d.e, d.a, order, added[alike[in_order[i]]].v, d.t(), 0};
    });
  }
}

inline void index::empty_tail() {
  if (tail_.empty()) return;
  for (const index_order order : all_orders) {
    std::vector<row> gone, remembered, fresh;
    const auto note = [&](std::vector<row>& to, std::size_t i) { to.emplace_back(tail_[i]).order = order; };
    const tail::listing &past = tail_.past(order), &current = tail_.current(order);
    gone.reserve(past.size()), remembered.reserve(past.size()), fresh.reserve(current.size());
    for (std::size_t i = 0; i < past.size(); ++i) {
      if (tail_.hides(past[i])) note(gone, past[i]);
      if (keeps(tail_[past[i]])) note(remembered, past[i]);
    }
    for (std::size_t i = 0; i < current.size(); ++i) note(fresh, current[i]);
    take(order, gone), put(order, fresh), past_[at(order)].add(std::move(remembered));
  }
  tail_ = {};
}

/// Fills or empties AVET for the attributes that begin or cease to be indexed.
inline void index::move_indexed(const novelty& news, const rows_below& gather) {
  for (const attribute_facts* was : news.before->attributes()) {
    const attribute_facts* const now = news.after->find(was->id);
    const bool hold = now != nullptr && now->indexed;
    if (was->indexed == hold) continue;
    empty_tail();
    const index_order from = hold ? index_order::aevt : index_order::avet;
    place low{.order = from, .given = 1, .a = was->id}, high = low;
    high.behind = true;
    std::vector<row> rows, ended;
    const auto take_from = [](std::vector<row>& to, const row& r) {
      to.push_back(r);
      to.back().order = index_order::avet;
    };
    const tree& all = current_[at(from)];
    for (auto i = all.lower_bound(low), end = all.lower_bound(high); i != end; ++i) take_from(rows, *i);
    runs& by_value = past_[at(index_order::avet)];
    if (!hold) {
      take(index_order::avet, rows);
      by_value.filter([&](const row& r) { return r.a != was->id; });
      continue;
    }
    runs_reader past;
    for (past.seek(past_[at(index_order::aevt)], low, high, false); past.front() != nullptr; past.advance()) {
      if (!past.front()->forgotten) take_from(ended, *past.front());
    }
    if (gather) gather(was->id, rows, ended);
    std::sort(rows.begin(), rows.end(), row_less{});
    std::sort(ended.begin(), ended.end(), row_less{});
    put(index_order::avet, rows);
    by_value.add(std::move(ended));
  }
}

}  // namespace datolite::datoms::typed
