// The laws of Iterator (core/iterator.hpp), executable.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <datolite/core/iterator.hpp>
#include <datolite/core/reader.hpp>
#include <datolite/laws/model.hpp>
#include <datolite/laws/report.hpp>

namespace datolite::laws::detail {

/// Does `it` stand where the model stands? `how` is what was just done.
template <Iterator I, class How>
bool agrees(checker& c, const I& it, const model_iterator& m, How&& how) {
  if (!c.that(it.valid() == m.valid(), "Iterator: valid() iff it stands on a pair", [&] {
        return how() + (m.valid() ? " should stand on " + show_bytes(m.key()) + " and is at the end"
                                  : " should be at the end and stands on " + show_bytes(it.key()));
      })) {
    return false;
  }
  if (!m.valid()) return true;
  return c.that(bytes_view{it.key()} == m.key(), "Iterator: a move stands on the right key", [&] {
    return how() + " should stand on " + show_bytes(m.key()) + ", not " + show_bytes(it.key());
  }) && c.that(bytes_view{it.value()} == m.value(), "Iterator: value() is the key's value", [&] {
    return how() + ", at " + show_bytes(m.key()) + ": the value should be " + show_bytes(m.value()) +
           ", not " + show_bytes(it.value());
  });
}

/// Every move from every probe, and one step to either side of it, within `b`.
template <Reader R>
void check_moves_within(checker& c, const R& reader, const contents& all, const bounds& b,
                        const std::vector<bytes>& probes) {
  auto it = reader.open_iterator(b);
  model_iterator m{all, b};
  const auto in = [&](std::string did) { return did + " within " + show_bounds(b); };
  const auto step_both_ways = [&](auto&& move, const std::string& did) {
    move(it), move(m);
    if (!agrees(c, it, m, [&] { return in(did); }) || !m.valid()) return;
    it.next(), m.next();
    if (!agrees(c, it, m, [&] { return in(did + ", next()"); })) return;
    move(it), move(m);
    it.prev(), m.prev();
    agrees(c, it, m, [&] { return in(did + ", prev()"); });
  };
  c.that(!it.valid(), "Iterator: a fresh iterator stands at the end", [&] { return in("open_iterator"); });
  step_both_ways([](auto& i) { i.seek_first(); }, "seek_first()");
  step_both_ways([](auto& i) { i.seek_last(); }, "seek_last()");
  for (const bytes& key : probes) {
    step_both_ways([&](auto& i) { i.seek(key); }, "seek(" + show_bytes(key) + ")");
    step_both_ways([&](auto& i) { i.seek_for_prev(key); }, "seek_for_prev(" + show_bytes(key) + ")");
  }
}

/// Every pair, forwards and backwards, within `b`.
template <Reader R>
void check_scans_within(checker& c, const R& reader, const contents& all, const bounds& b) {
  auto it = reader.open_iterator(b);
  model_iterator m{all, b};
  it.seek_first(), m.seek_first();
  while (agrees(c, it, m, [&] { return "a scan within " + show_bounds(b); }) && m.valid())
    it.next(), m.next();
  it.seek_last(), m.seek_last();
  while (agrees(c, it, m, [&] { return "a scan backwards within " + show_bounds(b); }) && m.valid()) {
    it.prev(), m.prev();
  }
}

/// A random walk of `moves` moves within random bounds. Now and then the iterator itself is moved elsewhere.
template <Reader R>
void check_walk(checker& c, const R& reader, const contents& all, dice& d, material& some, int moves) {
  const bounds b = some.some_bounds();
  auto it = reader.open_iterator(b);
  model_iterator m{all, b};
  for (int i = 0; i < moves; ++i) {
    const std::size_t what = d.below(m.valid() ? 9 : 4);
    const bytes& key = some.probe();
    std::string did;
    switch (what) {
      case 0: it.seek(key), m.seek(key), did = "seek(" + show_bytes(key) + ")"; break;
      case 1:
        it.seek_for_prev(key), m.seek_for_prev(key), did = "seek_for_prev(" + show_bytes(key) + ")";
        break;
      case 2: it.seek_first(), m.seek_first(), did = "seek_first()"; break;
      case 3: it.seek_last(), m.seek_last(), did = "seek_last()"; break;
      case 4: {
        auto elsewhere = std::move(it);
        it = std::move(elsewhere), did = "a move of the object";
        break;
      }
      case 5:
      case 6: it.next(), m.next(), did = "next()"; break;
      default: it.prev(), m.prev(), did = "prev()"; break;
    }
    if (!agrees(c, it, m, [&] { return did + " in a walk within " + show_bounds(b); })) return;
  }
}

}  // namespace datolite::laws::detail
