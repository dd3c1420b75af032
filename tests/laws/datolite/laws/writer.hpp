// The laws of Writer (core/writer.hpp), executable, on a storage that is new and empty.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <datolite/core/storage.hpp>
#include <datolite/core/writer.hpp>
#include <datolite/laws/model.hpp>
#include <datolite/laws/reader.hpp>
#include <datolite/laws/report.hpp>

namespace datolite::laws::detail {

template <Writer W>
synctag_t commit(W& writer, const std::vector<change>& changes, const demands& d = {}) {
  return writer.commit(std::span<const change>{changes}, d);
}

/// Does `body` leave the storage as it is, throwing one of `wanted`?
template <Storage S, class Body>
void check_refusal(checker& c, S& s, const contents& all, std::initializer_list<error_category> wanted,
                   const std::string& law, Body&& body) {
  const synctag_t before = s.synctag();
  c.refuses(wanted, law, body);
  c.that(s.synctag() == before, law, [] { return "a refused commit has moved the synctag"; });
  c.section(law + ", and nothing is written", [&] { check_contents(c, s, all); });
}

/// Conditions that hold, that do not, and on keys that cannot be there.
template <Storage S>
void check_conditions(checker& c, S& s) {
  const bytes a(s.min_key_size() + 1, 'a'), b(s.min_key_size() + 1, 'b'), fresh(s.min_key_size() + 1, 'c');
  contents all{{a, "1"}, {b, ""}};
  commit(s, {{a, "1"}, {b, ""}});
  int round = 0;
  const auto demand = [&](std::vector<condition> conditions, bool holds, const std::string& said) {
    const bytes value = std::to_string(++round);
    const std::vector<change> changes{{fresh, value}};
    const auto go = [&] { commit(s, changes, demands{conditions, std::nullopt}); };
    if (!holds) {
      check_refusal(c, s, all, {error_category::conflict},
                    "Writer: conflict iff a demand does not hold: " + said, go);
      return;
    }
    c.section("Writer: a commit whose demands hold happens: " + said, go);
    all[fresh] = value;
    check_contents(c, s, all);
  };
  demand({{a, "1"}}, true, "the value expected");
  demand({{a, "2"}}, false, "another value");
  demand({{a, "11"}}, false, "a longer value");
  demand({{a, ""}}, false, "empty where it is not");
  demand({{a, std::nullopt}}, false, "absent where it is present");
  demand({{b, ""}}, true, "an empty value");
  demand({{b, std::nullopt}}, false, "absent where the value is empty");
  const bytes absent = a + '\0';
  demand({{absent, std::nullopt}}, true, "absent");
  demand({{absent, ""}}, false, "empty where it is absent");
  demand({{a, "1"}, {absent, std::nullopt}, {b, ""}}, true, "three that hold");
  demand({{a, "1"}, {absent, std::nullopt}, {b, "x"}}, false, "the last of three does not hold");
  demand({{fresh, bytes_view{all[fresh]}}}, true, "on the key that is written");
  if (s.min_key_size() > 0) demand({{{}, std::nullopt}}, true, "a key too short for the storage is absent");
  if (s.max_key_size() < (std::size_t{1} << 20)) {
    const bytes over(s.max_key_size() + 1, 'k');
    demand({{over, std::nullopt}}, true, "a key too long for the storage is absent");
    demand({{over, "1"}}, false, "a key too long for the storage has no value");
  }
}

/// unmoved_since, and what synctags say.
template <Storage S>
void check_synctags(checker& c, S& s) {
  const bytes key(s.min_key_size() + 1, 'k');
  contents all;
  std::vector<synctag_t> earlier{s.synctag()};
  c.that(s.synctag() == s.snapshot().synctag(), "Storage: synctag() names the state that snapshot() shows");
  for (int i = 0; i < 6; ++i) {
    const auto held = s.snapshot();
    const bytes value = std::to_string(i);
    const synctag_t tag = commit(s, {{key, value}}, demands{{}, s.synctag()});
    all[key] = value;
    c.that(std::find(earlier.begin(), earlier.end(), tag) == earlier.end(),
           "Writer: commit returns a synctag different from every earlier one");
    c.that(tag == s.synctag() && tag == s.snapshot().synctag(),
           "Writer: commit returns the synctag of the state that it made");
    c.that(held.synctag() == earlier.back(), "Storage: a snapshot's synctag names the state that it shows",
           [] { return "it moved with a later commit"; });
    for (const synctag_t old : earlier) {
      check_refusal(c, s, all, {error_category::conflict},
                    "Writer: unmoved_since an earlier state is a conflict", [&] {
                      commit(s, {{key, "lost"}}, demands{{}, old});
                    });
    }
    earlier.push_back(tag);
    (void)s.get(key);
    c.that(tag == s.synctag(), "Storage: reading does not move the synctag");
  }
  c.section("Writer: a commit of nothing happens", [&] { commit(s, {}, demands{{}, s.synctag()}); });
  const std::vector<condition> wrong{{key, std::nullopt}};
  check_refusal(c, s, all, {error_category::conflict}, "Writer: a commit of nothing checks its demands", [&] {
    commit(s, {}, demands{wrong, std::nullopt});
  });
  check_contents(c, s, all);
}

/// Keys at the limits are stored; keys over them are refused before anything is written, wherever they stand.
template <Storage S>
void check_limits(checker& c, S& s) {
  const std::size_t least = s.min_key_size(), most = s.max_key_size();
  c.that(least <= most && most > 0, "Storage: min_key_size() <= max_key_size()");
  const bytes first(std::max<std::size_t>(least, 1), '\1'), last(std::max<std::size_t>(least, 1), '\xFE');
  contents all{{first, "before"}};
  commit(s, {{first, "before"}});
  if (most < (std::size_t{1} << 20)) {
    const bytes at(most, 'm'), over(most + 1, 'm');
    const std::string law = "Writer: a key over max_key_size() is refused before anything is written";
    const auto over_limit = {error_category::exhausted, error_category::incorrect};
    check_refusal(c, s, all, over_limit, law, [&] { commit(s, {{first, "1"}, {over, "2"}, {last, "3"}}); });
    check_refusal(c, s, all, over_limit, law, [&] { commit(s, {{first, "1"}, {over, std::nullopt}}); });
    c.section("Writer: a key of max_key_size() is stored", [&] { commit(s, {{at, "at"}}); });
    all[at] = "at";
    check_reader(c, s, all);
    check_get(c, s, all, over);
    check_moves_within(c, s, all, between(first, over), {over, at, over + 'm'});
  }
  const bytes shortest(least, 's');
  c.section("Writer: a key of min_key_size() is stored", [&] { commit(s, {{shortest, "shortest"}}); });
  all[shortest] = "shortest";
  check_reader(c, s, all);
  if (least > 0) {
    const bytes under(least - 1, 'u');
    check_refusal(c, s, all, {error_category::incorrect, error_category::exhausted},
                  "Writer: a key under min_key_size() is refused before anything is written", [&] {
                    commit(s, {{under, "1"}, {last, "2"}});
                  });
    check_get(c, s, all, under);
  }
}

/// A batch that does not ascend is refused.
template <Storage S>
void check_order(checker& c, S& s) {
  const bytes a(s.min_key_size() + 1, 'a'), b(s.min_key_size() + 1, 'b'), z(s.min_key_size() + 1, 'z');
  contents all{{b, "1"}};
  commit(s, {{b, "1"}});
  const std::string law = "Writer: keys that do not ascend strictly are incorrect";
  check_refusal(c, s, all, {error_category::incorrect}, law, [&] { commit(s, {{b, "2"}, {a, "2"}}); });
  check_refusal(c, s, all, {error_category::incorrect}, law, [&] { commit(s, {{a, "2"}, {a, "3"}}); });
  check_refusal(c, s, all, {error_category::incorrect}, law, [&] {
    commit(s, {{b, std::nullopt}, {z, "2"}, {z, std::nullopt}});
  });
}

/// bulk_load, into an empty storage and into a full one, and when it fails half way.
template <BulkLoader S>
void check_bulk_load(checker& c, S& s, dice& d, material& some) {
  contents all;
  for (int round = 0; round < 3; ++round) {
    batch run = some.some_batch(200);
    std::vector<change> changes = run.changes();
    std::size_t i = 0;
    const auto next = [&]() -> std::optional<change> {
      if (i == changes.size()) return std::nullopt;
      return changes[i++];
    };
    synctag_t tag{};
    c.section("BulkLoader: a sorted run loads", [&] { tag = s.bulk_load(next); });
    run.apply(all);
    c.that(tag == s.synctag(), "BulkLoader: bulk_load returns the synctag of the state that it made");
    check_reader(c, s, all);

    struct gave_up {};
    i = 0;
    const batch other = some.some_batch(200);  // outlives the views that it gives out
    changes = other.changes();
    const std::size_t stop = d.below(changes.size() + 1);
    bool passed_through = false;
    try {
      s.bulk_load([&]() -> std::optional<change> {
        if (i == stop) throw gave_up{};
        return changes[i++];
      });
    } catch (const gave_up&) {
      passed_through = true;
    }
    c.that(passed_through, "BulkLoader: what next() throws passes through");
    c.section("BulkLoader: a load that fails leaves the contents", [&] { check_contents(c, s, all); });
  }
  const bytes key(s.min_key_size() + 1, 'k'), less(s.min_key_size() + 1, 'j');
  std::vector<change> wrong{{key, "1"}, {less, "2"}};
  std::size_t i = 0;
  check_refusal(c, s, all, {error_category::incorrect}, "BulkLoader: keys that do not ascend are incorrect",
                [&] {
                  s.bulk_load([&]() -> std::optional<change> {
                    if (i == wrong.size()) return std::nullopt;
                    return wrong[i++];
                  });
                });
}

}  // namespace datolite::laws::detail
