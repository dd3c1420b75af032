// The laws of Storage (core/storage.hpp), executable: the one line that says whether an engine is one.
//
//   for (const std::string& broken : datolite::laws::check_storage([] { return my_engine{}; }))
//   puts(broken.c_str());
//
// A factory makes stores: either a callable that returns a new, empty one, or an object with
//   fresh()    a new, empty store, at a place of its own
//   reopen()   the store at the place of the newest fresh(), opened again; leave it out where nothing
//   survives
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <datolite/core/storage.hpp>
#include <datolite/laws/model.hpp>
#include <datolite/laws/reader.hpp>
#include <datolite/laws/report.hpp>
#include <datolite/laws/threads.hpp>
#include <datolite/laws/writer.hpp>

namespace datolite::laws {

template <class F>
concept Factory = requires(F& f) {
  { f.fresh() } -> Storage;
}
|| requires(F& f) {
  { f() } -> Storage;
};

template <class F>
concept Reopener = Factory<F> && requires(F& f) {
  { f.reopen() } -> Storage;
};

namespace detail {

template <Factory F>
auto fresh(F& f) {
  if constexpr (requires { f.fresh(); }) {
    return f.fresh();
  } else {
    return f();
  }
}

/// One random history: commits with and without demands, snapshots held across them.
template <Storage S>
void check_history(checker& c, S& s, dice& d, const options& o, contents& all) {
  material some{d, o, s.min_key_size(), s.max_key_size()};
  std::deque<std::pair<snapshot_t<S>, contents>> held;
  std::set<synctag_t> tags{s.synctag()};
  for (int i = 0; i < o.commits && c.clean(); ++i) {
    const batch changes = some.some_batch(few(o));
    const bytes expected_key = some.probe();
    std::optional<bytes> expected;
    if (const auto at = all.find(expected_key); at != all.end()) expected = at->second;
    const bool wrong = d.one_in(6);
    if (wrong) expected = expected ? *expected + 'x' : bytes{};
    const std::vector<condition> conditions{{expected_key, expected}};
    demands wanted;
    if (wrong || d.one_in(3)) wanted.conditions = conditions;
    if (d.one_in(4)) wanted.unmoved_since = s.synctag();
    if (wrong) {
      check_refusal(c, s, all, {error_category::conflict}, "Writer: conflict iff a demand does not hold",
                    [&] { commit(s, changes.changes(), wanted); });
      continue;
    }
    const synctag_t before = s.synctag(), tag = commit(s, changes.changes(), wanted);
    const bool changed = changes.apply(all);
    c.that(tags.insert(tag).second || (!changed && tag == before),
           "Writer: commit returns a synctag different from every earlier one");
    c.that(tag == s.synctag(), "Writer: commit returns the synctag of the state that it made");
    check_contents(c, s, all);
    if (d.one_in(4)) held.emplace_back(s.snapshot(), all);
    if (held.size() > 6) held.erase(held.begin() + static_cast<std::ptrdiff_t>(d.below(held.size())));
    for (const auto& [snapshot, then] : held) {
      if (d.one_in(2)) check_contents(c, snapshot, then);
      check_walk(c, snapshot, then, d, some, 10);
    }
    check_walk(c, s, all, d, some, 30);
  }
  for (const auto& [snapshot, then] : held) check_reader(c, snapshot, then);
}

/// Large commits over many keys, of which some leave again: what a tree has to be split and joined for.
template <Storage S>
void check_large_commits(checker& c, S& s, dice& d, const options& o) {
  contents all;
  material some{d, o, s.min_key_size(), s.max_key_size()};
  const std::size_t most = std::min<std::size_t>(s.max_key_size(), s.min_key_size() + 200);
  const auto key = [&] {
    bytes k = std::to_string(d.below(static_cast<std::size_t>(2 * o.many)));
    k.resize(std::max(s.min_key_size(), k.size()), '#');
    if (d.one_in(4)) k.resize(std::max(k.size(), d.below(most + 1)), '\xFF');
    k.resize(std::min(k.size(), s.max_key_size()));
    return k;
  };
  const int rounds = 2 * o.many / static_cast<int>(o.max_changes) + 4;
  for (int i = 0; i < rounds && c.clean(); ++i) {
    const auto before = s.snapshot();
    const contents then = all;
    batch changes;
    const bool thin_out = i % 4 == 3;  // erases every other key in reach
    for (auto at = all.begin(); thin_out && at != all.end() && changes.size() < o.max_changes; ++at) {
      if (d.one_in(2)) changes.erase(at->first);
    }
    while (!thin_out && changes.size() < o.max_changes) {
      d.one_in(5) ? changes.erase(key()) : changes.put(key(), some.value());
    }
    commit(s, changes.changes());
    changes.apply(all);
    check_contents(c, s, all);
    check_contents(c, before, then);
    check_walk(c, s, all, d, some, 20);
  }
}

/// Moving a storage, a snapshot or a pinned leaves what they gave out as it is.
template <Storage S>
void check_moves(checker& c, S s) {
  const bytes key(s.min_key_size() + 1, 'k');
  contents all{{key, "short"}};
  commit(s, {{key, "short"}});
  auto snapshot = s.snapshot();
  auto found = snapshot.get(key);
  auto it = s.open_iterator(everything());
  it.seek_first();
  const bytes_view shown = found->view();
  auto found_elsewhere = std::move(found);
  auto snapshot_elsewhere = std::move(snapshot);
  S elsewhere = std::move(s);
  commit(elsewhere, {{key, "later"}});
  const std::string law = "Storage: moving it, its snapshots or pinned values leaves what they show";
  c.that(shown == "short" && found_elsewhere->view() == "short", law);
  c.that(it.valid() && bytes_view{it.value()} == "short", law, [] { return "an iterator of the storage"; });
  check_contents(c, snapshot_elsewhere, all);
  check_contents(c, elsewhere, contents{{key, "later"}});
}

/// After close() reads and commits are `unavailable`; what was handed out before stays.
template <Storage S>
void check_close(checker& c, S& s) {
  const bytes key(s.min_key_size() + 1, 'k');
  commit(s, {{key, "1"}, {key + 'k', "2"}});
  const auto snapshot = s.snapshot();
  const auto found = snapshot.get(key);
  const auto found_now = s.get(key);
  auto it = snapshot.open_iterator(everything());
  it.seek_first();
  const std::string law = "Storage: after close(), ";
  s.close();
  const auto gone = [&](const std::string& what, auto&& body) {
    c.refuses({error_category::unavailable}, law + what + " is unavailable", body);
  };
  gone("get", [&] { (void)s.get(key); });
  gone("open_iterator", [&] { (void)s.open_iterator(everything()); });
  gone("snapshot()", [&] { (void)s.snapshot(); });
  gone("commit", [&] { commit(s, {{key, "3"}}); });
  gone("commit of nothing", [&] { commit(s, {}); });
  gone("get of a snapshot", [&] { (void)snapshot.get(key); });
  gone("open_iterator of a snapshot", [&] { (void)snapshot.open_iterator(everything()); });
  gone("next() of an iterator", [&] { it.next(); });
  gone("seek() of an iterator", [&] { it.seek(key); });
  gone("seek_last() of an iterator", [&] { it.seek_last(); });
  c.that(found && found->view() == "1" && found_now && found_now->view() == "1",
         law + "a pinned keeps its view");
  c.section(law + "closing again does nothing", [&] { s.close(); });
}

/// What was committed is there when the place is opened again, closed before or not.
template <Reopener F>
void check_reopen(checker& c, F& f, dice& d, const options& o) {
  contents all;
  {
    auto s = f.fresh();
    check_history(c, s, d, o, all);
    s.close();
  }
  for (int i = 0; i < 3; ++i) {
    c.section("Storage: reopened, it holds what was committed", [&] {
      auto s = f.reopen();
      check_contents(c, s, all);
      material some{d, o, s.min_key_size(), s.max_key_size()};
      const batch more = some.some_batch(few(o));
      commit(s, more.changes());
      more.apply(all);
      check_contents(c, s, all);
    });
  }
}

}  // namespace detail

/// The laws of Storage, and of all that it consists of, that the stores of `factory` break; empty if all
/// hold. A second or two. One store is open at a time.
template <Factory F>
report check_storage(F&& factory, const options& o = {}) {
  checker c{o.seed};
  const auto on_fresh = [&](std::string_view what, auto&& body) {
    c.section(what, [&] {
      auto s = detail::fresh(factory);
      body(s);
    });
  };
  dice d{o.seed};
  on_fresh("Storage: a fresh store is empty", [&](auto& s) { detail::check_reader(c, s, {}); });
  on_fresh("Iterator: every edge", [&](auto& s) {
    const bytes k(s.min_key_size(), 'k');
    contents all;
    batch b;
    for (const char* tail : {"a", "ab", "b", "\x7F", "\x80", "\xFF", "\xFF\xFF"}) b.put(k + tail, tail);
    for (std::size_t zeros : {1u, 2u}) b.put(k + bytes(zeros, '\0'), {});
    detail::commit(s, b.changes());
    b.apply(all);
    detail::check_reader(c, s, all);
    detail::check_reader(c, s.snapshot(), all);
  });
  on_fresh("Writer: conditions", [&](auto& s) { detail::check_conditions(c, s); });
  on_fresh("Storage: synctags", [&](auto& s) { detail::check_synctags(c, s); });
  on_fresh("Writer: limits", [&](auto& s) { detail::check_limits(c, s); });
  on_fresh("Writer: order", [&](auto& s) { detail::check_order(c, s); });
  for (int i = 0; i < o.histories && c.clean(); ++i) {
    on_fresh("a random history", [&](auto& s) {
      contents all;
      detail::check_history(c, s, d, o, all);
    });
  }
  on_fresh("Writer: large commits", [&](auto& s) { detail::check_large_commits(c, s, d, o); });
  on_fresh("BulkLoader", [&](auto& s) {
    if constexpr (BulkLoader<std::remove_reference_t<decltype(s)>>) {
      material some{d, o, s.min_key_size(), s.max_key_size()};
      detail::check_bulk_load(c, s, d, some);
    }
  });
  c.section("Storage: moves", [&] { detail::check_moves(c, detail::fresh(factory)); });
  on_fresh("Storage: close", [&](auto& s) { detail::check_close(c, s); });
  if (o.threads > 0) {
    on_fresh("Storage: a shared snapshot", [&](auto& s) { detail::check_shared_snapshot(c, s, o); });
    on_fresh("Writer: many writers", [&](auto& s) { detail::check_many_writers(c, s, o); });
  }
  if constexpr (Reopener<std::remove_reference_t<F>>) {
    c.section("Storage: reopen", [&] { detail::check_reopen(c, factory, d, o); });
  }
  return c.failures();
}

}  // namespace datolite::laws
