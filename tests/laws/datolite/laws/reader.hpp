// The laws of Reader (core/reader.hpp), executable: a snapshot, a transaction or a storage against what it
// should hold.
//
//   datolite::laws::check_reader(snapshot, {{"a", "1"}, {"b", "2"}})        empty if all laws hold
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <datolite/core/reader.hpp>
#include <datolite/laws/iterator.hpp>
#include <datolite/laws/model.hpp>
#include <datolite/laws/report.hpp>

namespace datolite::laws {

namespace detail {

template <Reader R>
void check_get(checker& c, const R& reader, const contents& all, bytes_view key) {
  const auto found = reader.get(key);
  const auto wanted = all.find(key);
  const bool is = wanted != all.end();
  if (!c.that(static_cast<bool>(found) == is, "Reader: get(k) finds k iff it is there", [&] {
        return "get(" + show_bytes(key) + ") should " +
               (is ? "find " + show_bytes(wanted->second) : "find nothing");
      })) {
    return;
  }
  if (is) {
    c.that(bytes_view{found->view()} == wanted->second, "Reader: get(k) is k's value", [&] {
      return "get(" + show_bytes(key) + ") should be " + show_bytes(wanted->second) + ", not " +
             show_bytes(found->view());
    });
  }
}

/// Keys of `all` and neighbours of them that are not there, at most about `most` of each.
inline std::vector<bytes> probes_of(const contents& all, std::size_t most) {
  std::vector<bytes> probes{{}, "\xFF\xFF\xFF"};
  const std::size_t stride = all.size() / most + 1;
  std::size_t i = 0;
  for (const auto& [key, value] : all) {
    if (i++ % stride) continue;
    probes.push_back(key);
    probes.push_back(key + '\0');
    if (!key.empty()) probes.push_back(key.substr(0, key.size() - 1));
    probes.push_back(prefix_successor(key));
  }
  return probes;
}

template <Reader R>
void check_get_many(checker& c, const R& reader, const contents& all, const std::vector<bytes>& probes) {
  const std::vector<bytes_view> keys(probes.rbegin(), probes.rend());  // not in order, with repetitions
  const auto found = datolite::get_many(reader, std::span<const bytes_view>{keys});
  if (!c.that(found.size() == keys.size(), "Reader: get_many answers every key")) return;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto wanted = all.find(keys[i]);
    c.that(wanted == all.end() ? !found[i] : found[i] && bytes_view{found[i]->view()} == wanted->second,
           "Reader: get_many(keys)[i] == get(keys[i])", [&] { return "at " + show_bytes(keys[i]); });
  }
}

/// Gets and scans: what shows a wrong state fast.
template <Reader R>
void check_contents(checker& c, const R& reader, const contents& all) {
  for (const auto& [key, value] : all) check_get(c, reader, all, key);
  check_scans_within(c, reader, all, everything());
}

/// All laws. Within bounds of every kind when the contents are few, of a sample of them when they are many.
template <Reader R>
void check_reader(checker& c, const R& reader, const contents& all) {
  check_contents(c, reader, all);
  const std::vector<bytes> probes = probes_of(all, 8);
  for (const bytes& key : probes) check_get(c, reader, all, key);
  check_get_many(c, reader, all, probes);
  const std::vector<bytes> ends = probes_of(all, 3);
  for (const bytes& lower : ends) {
    check_moves_within(c, reader, all, from(lower), probes);
    check_moves_within(c, reader, all, until(lower), probes);
    check_scans_within(c, reader, all, prefix(lower));
    for (const bytes& upper : ends) check_moves_within(c, reader, all, between(lower, upper), probes);
  }
}

}  // namespace detail

/// The laws of Reader and Iterator that `reader` breaks, given that it holds `all`.
template <Reader R>
report check_reader(const R& reader, const contents& all, const options& o = {}) {
  checker c{o.seed};
  c.section("Reader: reading does not fail", [&] { detail::check_reader(c, reader, all); });
  dice d{o.seed};
  material some{d, o, 0, o.longest_key};
  c.section("Iterator: moving does not fail", [&] {
    for (int i = 0; i < 4 * o.histories; ++i) detail::check_walk(c, reader, all, d, some, 40);
  });
  return c.failures();
}

}  // namespace datolite::laws
