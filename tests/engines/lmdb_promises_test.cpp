// What the LMDB engine promises beyond the laws: growth, limits, slots, processes, failures.
#include <datolite/engines/lmdb.hpp>

#include <datolite/laws/model.hpp>
#include <engines/temporary_directory.hpp>
#include <support/children.hpp>

#include <gtest/gtest.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <latch>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace lmdb_promises_test {

using namespace datolite;
using datolite::test::temporary_directory;
using engines::lmdb, engines::lmdb_options, engines::lmdb_snapshot;
using contents = std::map<bytes, bytes>;
namespace files = std::filesystem;

constexpr lmdb_options quick{.durability = durability_level::process};

template <class Body>
std::optional<error> caught(Body&& body) {
  try {
    body();
  } catch (const error& e) {
    return e;
  }
  return std::nullopt;
}

/// The category of what `body` throws; its message must name `named`.
template <class Body>
std::optional<error_category> category_of(Body&& body, const std::string& named = "") {
  const auto e = caught(body);
  if (!e) return std::nullopt;
  EXPECT_NE(e->message().find(named), std::string::npos) << e->message();
  EXPECT_FALSE(e->code().empty());
  return e->category();
}

synctag_t put(lmdb& store, bytes_view key, bytes_view value, const demands& wanted = {}) {
  const change one[] = {{key, value}};
  return store.commit(one, wanted);
}

bytes numbered(std::size_t i) {
  std::string digits = std::to_string(i);
  return "key-" + std::string(8 - digits.size(), '0') + digits;
}

/// Commits `value` under the keys from `first` up to `last`; erases them if there is none.
void set_range(lmdb& store, std::size_t first, std::size_t last, std::optional<bytes_view> value) {
  std::vector<bytes> keys;
  for (std::size_t i = first; i < last; ++i) keys.push_back(numbered(i));
  std::vector<change> changes;
  for (const bytes& key : keys) changes.push_back({key, value});
  store.commit(changes);
}

template <class R>
contents all_of(const R& reader) {
  contents found;
  auto it = reader.open_iterator(everything());
  for (it.seek_first(); it.valid(); it.next()) found.emplace(it.key(), it.value());
  return found;
}

/// Runs `body` in a child process; true if it returned true.
template <class Body>
bool in_a_child(Body&& body) {
  return datolite::test::children_that_fail(1, [&](int) { return body(); }) == 0;
}

/// While it lives, no file of this process may be written beyond `bytes`.
class file_size_limit {
 public:
  explicit file_size_limit(std::size_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit less{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &less);
  }
  ~file_size_limit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

TEST(lmdb, grows_to_many_times_its_first_size_with_a_snapshot_held_and_when_deleting) {
  temporary_directory place;
  lmdb store{place / "grows.db", quick};
  set_range(store, 0, 100, "first");
  const lmdb_snapshot held = store.snapshot();
  const contents then = all_of(held);
  const std::size_t small = store.info().used_bytes;
  const bytes kilobyte(1000, 'x');
  for (std::size_t i = 0; i < 40; ++i) set_range(store, i * 1000, (i + 1) * 1000, kilobyte);
  const std::size_t large = store.info().used_bytes;
  EXPECT_GT(large, 100 * small);
  EXPECT_TRUE(all_of(held) == then);
  for (std::size_t i = 0; i < 40; ++i) set_range(store, i * 1000, (i + 1) * 1000, std::nullopt);
  EXPECT_GE(store.info().used_bytes, large) << "what the snapshot shows has not been written over";
  EXPECT_TRUE(all_of(held) == then);
  EXPECT_TRUE(all_of(store).empty());
}

TEST(lmdb, tells_how_far_the_oldest_snapshot_is_behind) {
  temporary_directory place;
  lmdb store{place / "old.db", quick};
  put(store, "a", "1");
  EXPECT_EQ(store.info().oldest_snapshot, 0u);
  std::optional<lmdb_snapshot> held{store.snapshot()};
  const lmdb_snapshot newer = [&] {
    for (int i = 0; i < 3; ++i) put(store, "b", std::to_string(i));
    return store.snapshot();
  }();
  put(store, "c", "1");
  EXPECT_EQ(store.info().oldest_snapshot, 4u);
  held.reset();
  EXPECT_EQ(store.info().oldest_snapshot, 1u);
}

TEST(lmdb, a_full_file_refuses_puts_whole_and_can_be_emptied) {
  temporary_directory place;
  lmdb_options small = quick;
  small.max_map_size = 4 << 20;
  lmdb store{place / "full.db", small};
  const bytes value(1000, 'x');
  std::size_t done = 0;
  const auto fill = [&] {
    return category_of(
        [&] {
          for (;; ++done) set_range(store, done * 50, (done + 1) * 50, value);
        },
        "max_map_size");
  };
  EXPECT_EQ(fill(), error_category::exhausted);
  EXPECT_GT(done, 40u) << "of the 4 MiB, at least half held data";
  EXPECT_EQ(all_of(store).size(), done * 50);
  {
    const lmdb_snapshot held = store.snapshot();  // what is erased cannot be used again yet
    for (std::size_t i = 0; i < done; i += 2) set_range(store, i * 50, (i + 1) * 50, std::nullopt);
    EXPECT_EQ(all_of(held).size(), done * 50);
  }
  EXPECT_EQ(all_of(store).size(), done / 2 * 50);
  const std::size_t full = done;
  EXPECT_EQ(fill(), error_category::exhausted);
  EXPECT_GE(done, full + full / 4) << "what was erased took new pairs";
  for (std::size_t i = 0; i < done; ++i) set_range(store, i * 50, (i + 1) * 50, std::nullopt);
  EXPECT_TRUE(all_of(store).empty());
}

TEST(lmdb, one_commit_cannot_use_up_what_deleting_needs) {
  temporary_directory place;
  lmdb_options small = quick;
  small.max_map_size = 2 << 20;
  lmdb store{place / "full.db", small};
  std::size_t most = 0;
  for (std::size_t kilobytes = 1024; kilobytes < 4096; kilobytes += 16) {  // up to twice what fits
    const bytes value(kilobytes * 1024, 'x');
    if (!caught([&] { put(store, "k", value), most = kilobytes; })) break;
  }
  for (std::size_t i = 0; !caught([&] { put(store, numbered(i), bytes(2000, 'y')); }); ++i) continue;
  const lmdb_snapshot held = store.snapshot();
  const contents all = all_of(held);
  std::vector<change> gone;
  for (const auto& [key, value] : all) gone.push_back({key, std::nullopt});
  EXPECT_EQ(category_of([&] { store.commit(gone); }), std::nullopt);
  EXPECT_TRUE(all_of(store).empty());
}

TEST(lmdb, a_thousand_snapshots_on_a_hundred_threads_leave_no_slot_behind) {
  temporary_directory place;
  lmdb store{place / "slots.db", quick};
  set_range(store, 0, 100, "1");
  std::atomic<int> wrong{0};
  std::latch all_taken{100};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 100; ++t) {
      threads.emplace_back([&] {
        std::vector<lmdb_snapshot> held;
        for (int i = 0; i < 10; ++i) held.push_back(store.snapshot());
        all_taken.arrive_and_wait();  // so that there are a thousand
        for (const lmdb_snapshot& s : held) wrong += !s.get(numbered(7));
      });
    }
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_LE(store.info().reader_slots_taken, 16u) << "a few are kept ready";
  // None of those kept holds pages: rewriting everything again and again stays within a small file.
  for (int i = 0; i < 50; ++i) set_range(store, 0, 100, bytes(1000, static_cast<char>('a' + i % 26)));
  EXPECT_LT(store.info().used_bytes, std::size_t{1} << 20);
}

TEST(lmdb, snapshots_beyond_the_slots_are_exhausted_and_come_back) {
  temporary_directory place;
  lmdb store{place / "slots.db", quick};
  put(store, "a", "1");
  std::vector<lmdb_snapshot> held;
  const auto take = [&] { held.push_back(store.snapshot()); };
  EXPECT_EQ(category_of(
                [&] {
                  for (;;) take();
                },
                "slots.db"),
            error_category::exhausted);
  EXPECT_EQ(held.size(), 4096u);
  EXPECT_EQ(store.info().reader_slots, 4096u);
  EXPECT_EQ(store.info().reader_slots_taken, 4096u);
  EXPECT_EQ(category_of([&] { (void)store.get("a"); }), error_category::exhausted);
  EXPECT_EQ(held.front().get("a")->view(), "1");
  EXPECT_EQ(category_of([&] { put(store, "a", "2"); }), std::nullopt);  // writing needs none
  held.pop_back();
  EXPECT_EQ(store.get("a")->view(), "2");
}

TEST(lmdb, slots_of_killed_processes_are_used_again) {
  temporary_directory place;
  const std::string path = place / "stale.db";
  lmdb store{path, quick};
  put(store, "a", "1");
  const auto die_holding = [&](std::size_t n) {
    const pid_t child = ::fork();
    if (child == 0) {
      lmdb own{path, quick};
      std::vector<lmdb_snapshot> held;
      for (std::size_t i = 0; i < n; ++i) held.push_back(own.snapshot());
      ::raise(SIGKILL);
    }
    ::waitpid(child, nullptr, 0);
  };
  die_holding(4000);
  EXPECT_GE(store.info().reader_slots_taken, 4000u);
  std::vector<lmdb_snapshot> held;
  for (int i = 0; i < 1000; ++i) held.push_back(store.snapshot());  // more than were left
  EXPECT_EQ(held.back().get("a")->view(), "1");
  held.clear();
  die_holding(4000);
  store.close();
  lmdb again{path, quick};  // clears them at once
  EXPECT_LE(again.info().reader_slots_taken, 16u);
}

TEST(lmdb, a_second_opening_in_one_process_is_busy_by_whatever_name) {
  temporary_directory place;
  const std::string path = place / "one.db";
  {
    lmdb store{path, quick};
    put(store, "a", "1");
    files::create_symlink(path, place / "soft.db");
    files::create_hard_link(path, place / "hard.db");
    for (const char* name : {"one.db", "soft.db", "hard.db"}) {
      EXPECT_EQ(category_of(
                    [&] {
                      lmdb{place / name, quick};
                    },
                    "this process has it open"),
                error_category::busy);
    }
  }
  for (const char* name : {"one.db", "soft.db"}) {
    const lmdb again{place / name, quick};
    EXPECT_EQ(again.get("a")->view(), "1");
  }
}

TEST(lmdb, close_lets_the_file_be_opened_again_once_the_last_snapshot_has_gone) {
  temporary_directory place;
  const std::string path = place / "one.db";
  lmdb store{path, quick};
  put(store, "a", "1");
  std::optional<lmdb_snapshot> held{store.snapshot()};
  auto found = held->get("a");
  store.close();
  EXPECT_EQ(category_of([&] { lmdb{path, quick}; }), error_category::busy);
  EXPECT_EQ(found->view(), "1");
  held.reset();
  lmdb again{path, quick};
  EXPECT_EQ(again.get("a")->view(), "1");
  EXPECT_EQ(category_of([&] { (void)store.get("a"); }, "one.db"), error_category::unavailable);
}

TEST(lmdb, a_dropped_handle_leaves_its_snapshots_readable) {
  temporary_directory place;
  std::optional<lmdb> store{std::in_place, place / "one.db", quick};
  put(*store, "a", "1");
  const lmdb_snapshot held = store->snapshot();
  auto it = held.open_iterator(everything());
  store.reset();
  EXPECT_EQ(held.get("a")->view(), "1");
  it.seek_first();
  EXPECT_EQ(it.value(), "1");
  EXPECT_EQ(category_of([&] { lmdb{place / "one.db", quick}; }), error_category::busy);
}

TEST(lmdb, close_may_be_called_while_others_read_and_write) {
  temporary_directory place;
  for (int round = 0; round < 20; ++round) {
    lmdb store{place / "one.db", quick};
    set_range(store, 0, 100, "1");
    std::atomic<int> wrong{0};
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        const auto e = caught([&] {
          for (std::size_t i = 0;; ++i) {
            const lmdb_snapshot s = store.snapshot();
            auto it = s.open_iterator(everything());
            for (it.seek_first(); it.valid(); it.next()) wrong += it.value() != "1";
            wrong += !store.get(numbered(i % 100));
            if (t == 0) set_range(store, i % 100, i % 100 + 1, "1");
          }
        });
        wrong += e->category() != error_category::unavailable;
      });
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{round % 5});
    store.close();
    threads.clear();
    EXPECT_EQ(wrong, 0);
  }
}

TEST(lmdb, a_second_process_reads_and_writes_the_same_file) {
  temporary_directory place;
  const std::string path = place / "shared.db";
  lmdb store{path, quick};
  const synctag_t before = put(store, "parent", "1");
  const lmdb_snapshot held = store.snapshot();
  EXPECT_TRUE(in_a_child([&] {
    lmdb own{path, quick};
    if (own.get("parent")->view() != "1") return false;
    put(own, "child", "2");
    const condition wrong[] = {{"parent", std::nullopt}};
    return category_of([&] { put(own, "x", "", {wrong, std::nullopt}); }) == error_category::conflict;
  }));
  EXPECT_FALSE(held.get("child"));
  EXPECT_EQ(store.get("child")->view(), "2");
  EXPECT_NE(store.synctag(), before);
  EXPECT_EQ(category_of([&] { put(store, "late", "", {{}, before}); }), error_category::conflict);
}

TEST(lmdb, commits_of_several_processes_happen_one_after_another) {
  temporary_directory place;
  const std::string path = place / "counter.db";
  const auto count = [&] {
    lmdb own{path, quick};
    for (int i = 0; i < 50;) {
      std::optional<bytes> now;
      if (const auto found = own.get("n")) now = bytes{found->view()};
      const condition as_read[] = {{"n", now ? std::optional<bytes_view>{*now} : std::nullopt}};
      const auto e = caught([&] {
        put(own, "n", std::to_string((now ? std::stoi(*now) : 0) + 1), {as_read, {}});
      });
      if (e && e->category() != error_category::conflict) return false;
      i += !e;
    }
    return true;
  };
  std::vector<pid_t> children;
  for (int i = 0; i < 3; ++i) {
    const pid_t child = ::fork();
    if (child == 0) std::_Exit(count() ? 0 : 1);
    children.push_back(child);
  }
  EXPECT_TRUE(count());
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ((lmdb{path, quick}.get("n")->view()), "200");
}

TEST(lmdb, after_fork_the_childs_use_is_unavailable_and_harms_nothing) {
  temporary_directory place;
  std::optional<lmdb> store{std::in_place, place / "forked.db", quick};
  set_range(*store, 0, 100, "old");
  std::optional<lmdb_snapshot> held{store->snapshot()};
  auto it = held->open_iterator(everything());
  it.seek_first();
  const contents then = all_of(*held);
  EXPECT_TRUE(in_a_child([&] {
    const auto refused = [](auto&& body) {
      return category_of(body, "forked.db") == error_category::unavailable;
    };
    const bool all = refused([&] { (void)store->get("a"); }) && refused([&] { (void)store->snapshot(); }) &&
                     refused([&] { put(*store, "a", "1"); }) && refused([&] { (void)held->get("a"); }) &&
                     refused([&] { it.next(); }) && refused([&] { (void)held->open_iterator(everything()); });
    held.reset();  // neither may free the parent's slot
    { auto gone = std::move(it); }
    store->close();
    store.reset();
    return all;
  }));
  for (int i = 0; i < 20; ++i) set_range(*store, 0, 100, "new");
  EXPECT_TRUE(all_of(*held) == then);
  it.next();
  EXPECT_EQ(it.key(), numbered(1));
}

TEST(lmdb, a_value_of_100_megabytes_is_stored_and_shown_without_a_copy) {
  temporary_directory place;
  const std::string path = place / "large.db";
  bytes large(100'000'000, '\0');
  for (std::size_t i = 0; i < large.size(); i += 997) large[i] = static_cast<char>(i);
  {
    lmdb store{path, quick};
    put(store, "large", large);
    const auto first = store.get("large"), second = store.get("large");
    EXPECT_EQ(first->view().data(), second->view().data());
    EXPECT_TRUE(first->view() == large);
  }
  lmdb again{path, quick};
  EXPECT_TRUE(again.get("large")->view() == large);
}

TEST(lmdb, keys_at_the_limit_are_stored_and_over_it_refused_before_anything_is_written) {
  temporary_directory place;
  lmdb store{place / "limits.db", quick};
  EXPECT_EQ(store.min_key_size(), 1u);
  EXPECT_EQ(store.max_key_size(), 511u);
  const bytes at(511, 'k'), over(512, 'k');
  const change good[] = {{"a", "1"}, {at, "2"}}, bad[] = {{"a", "3"}, {over, "4"}};
  store.commit(good);
  const synctag_t before = store.synctag();
  EXPECT_EQ(category_of([&] { store.commit(bad); }, "511"), error_category::exhausted);
  EXPECT_EQ(category_of([&] { put(store, "", "1"); }), error_category::incorrect);
  EXPECT_EQ(store.synctag(), before);
  EXPECT_EQ(all_of(store), (contents{{"a", "1"}, {at, "2"}}));
}

TEST(lmdb, a_full_disk_is_exhausted_and_loses_nothing) {
  for (const durability_level level : {durability_level::process, durability_level::disk}) {
    temporary_directory place;
    const std::string path = place / "full.db";
    std::size_t done = 0;
    {
      lmdb store{path, {.durability = level}};
      set_range(store, 0, 50, bytes(1000, 'x')), ++done;
      {
        const file_size_limit limit{2'000'000};  // no whole number of pages
        EXPECT_EQ(category_of(
                      [&] {
                        for (;; ++done) set_range(store, done * 50, (done + 1) * 50, bytes(1000, 'x'));
                      },
                      "full.db"),
                  error_category::exhausted);
        EXPECT_EQ(category_of([&] { put(store, "large", bytes(3'000'000, 'x')); }),
                  error_category::exhausted);
        EXPECT_EQ(all_of(store).size(), done * 50);
        EXPECT_FALSE(store.get("large"));
      }
      {
        const file_size_limit limit{
            store.info().used_bytes};  // a write that starts there is a signal by default
        EXPECT_EQ(category_of([&] { put(store, "large", bytes(3'000'000, 'x')); }),
                  error_category::exhausted);
      }
      set_range(store, done * 50, (done + 1) * 50, bytes(1000, 'x')), ++done;  // there is room again
    }
    EXPECT_GT(done, 10u);
    EXPECT_EQ(all_of(lmdb{path, quick}).size(), done * 50);
  }
}

TEST(lmdb, a_commit_whose_root_cannot_be_written_has_an_unknown_outcome) {
  temporary_directory place;
  const std::string path = place / "failing.db";
  lmdb store{path};
  put(store, "a", "1");
  int root_fd = -1;  // the descriptor that LMDB writes the root through
  for (int fd = 3; fd < 256; ++fd) {
    std::error_code none;
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags != -1 && (flags & O_DSYNC) &&
        files::read_symlink("/proc/self/fd/" + std::to_string(fd), none) == files::canonical(path)) {
      root_fd = fd;
    }
  }
  ASSERT_NE(root_fd, -1);
  const int unwritable = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::dup2(unwritable, root_fd);
  EXPECT_EQ(category_of([&] { put(store, "a", "2"); }, "failing.db"), error_category::unknown_outcome);
  EXPECT_EQ(category_of([&] { put(store, "a", "3"); }, "failing.db"), error_category::unavailable);
  store.close();
  ::close(unwritable);
  lmdb again{path};
  EXPECT_TRUE(again.get("a")->view() == "1" || again.get("a")->view() == "2");
  put(again, "a", "4");
}

TEST(lmdb, a_process_killed_while_it_commits_leaves_a_committed_state) {
  temporary_directory place;
  const std::string path = place / "killed.db";
  // Commit i writes i under "n" and under one of 40 keys, and erases another.
  const auto batch_of = [](std::uint64_t i) {
    laws::batch b;
    b.put("n", std::to_string(i));
    b.put(numbered(i % 40), bytes(i % 7 * 700, static_cast<char>('a' + i % 26)));
    if (i % 3 == 0) b.erase(numbered((i + 20) % 40));
    return b;
  };
  laws::contents model;
  std::uint64_t in_model = 0;
  for (int round = 0; round < 20; ++round) {
    int acknowledged[2];
    ASSERT_EQ(::pipe(acknowledged), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      lmdb own{path, quick};
      const auto found = own.get("n");
      for (std::uint64_t i = found ? std::stoull(bytes{found->view()}) + 1 : 1;; ++i) {
        own.commit(batch_of(i).changes());
        if (::write(acknowledged[1], &i, sizeof i) != sizeof i) std::_Exit(1);
      }
    }
    ::close(acknowledged[1]);
    std::uint64_t last = 0, i = 0;
    const std::uint64_t enough = in_model + 1 + static_cast<std::uint64_t>(round) * 3;
    while (last < enough && ::read(acknowledged[0], &i, sizeof i) == sizeof i) last = i;
    ::kill(child, SIGKILL);
    while (::read(acknowledged[0], &i, sizeof i) == sizeof i) last = i;
    ::close(acknowledged[0]);
    ::waitpid(child, nullptr, 0);
    lmdb store{path, quick};
    const std::uint64_t n = std::stoull(bytes{store.get("n")->view()});
    ASSERT_GE(n, last) << "an acknowledged commit was lost";
    while (in_model < n) batch_of(++in_model).apply(model);
    ASSERT_EQ(all_of(store), contents(model.begin(), model.end())) << "after commit " << n;
  }
}

TEST(lmdb, opening_what_is_no_store_says_so_and_leaves_it_alone) {
  temporary_directory place;
  const std::string text = place / "notes.txt", missing = place / "missing.db";
  std::ofstream{text} << std::string(10000, '.');
  EXPECT_EQ(category_of([&] { lmdb{text, quick}; }, "notes.txt"), error_category::corrupt);
  EXPECT_FALSE(files::exists(text + "-lock"));
  EXPECT_EQ(category_of([&] { lmdb{place.path().string(), quick}; }, "directory"), error_category::incorrect);
  lmdb_options existing = quick, read_only = quick;
  existing.create_if_missing = false;
  read_only.read_only = true;
  EXPECT_EQ(category_of([&] { lmdb{missing, existing}; }, "missing.db"), error_category::not_found);
  EXPECT_EQ(category_of([&] { lmdb{missing, read_only}; }, "missing.db"), error_category::not_found);
  EXPECT_FALSE(files::exists(missing) || files::exists(missing + "-lock"));
  EXPECT_EQ(category_of([&] { lmdb{place / "none/some.db", quick}; }, "none"), error_category::not_found);
  EXPECT_EQ(category_of([&] { lmdb{"", quick}; }), error_category::not_found);
}

TEST(lmdb, an_empty_file_is_made_a_store_only_where_the_options_say_so) {
  temporary_directory place;
  const std::string path = place / "empty.db";
  std::ofstream{path}.close();
  lmdb_options existing = quick;
  existing.create_if_missing = false;
  EXPECT_EQ(category_of([&] { lmdb{path, existing}; }, "empty.db"), error_category::not_found);
  EXPECT_EQ(files::file_size(path), 0u);
  EXPECT_EQ(category_of([&] { lmdb{path, quick}; }), std::nullopt);
}

TEST(lmdb, a_newer_format_is_unsupported) {
  temporary_directory place;
  const std::string path = place / "newer.db";
  put(*std::make_unique<lmdb>(path, quick), "a", "1");
  std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
  for (const int page : {0, 4096}) file.seekp(page + 20).write("\x02\0\0\0", 4);
  file.close();
  EXPECT_EQ(category_of([&] { lmdb{path, quick}; }, "newer.db"), error_category::unsupported);
}

TEST(lmdb, a_file_that_was_cut_short_is_corrupt_and_left_as_it_is) {
  temporary_directory place;
  const std::string path = place / "short.db";
  set_range(*std::make_unique<lmdb>(path, quick), 0, 2000, bytes(100, 'x'));
  const auto whole = files::file_size(path);
  for (const auto size : {whole - 4096, whole / 2, std::uintmax_t{8192}}) {
    files::resize_file(path, size);
    EXPECT_EQ(category_of([&] { lmdb{path, quick}; }, "short.db"), error_category::corrupt);
    EXPECT_EQ(files::file_size(path), size);
    lmdb_options read_only = quick;
    read_only.read_only = true;
    EXPECT_EQ(category_of(
                  [&] {
                    all_of(lmdb{path, read_only}.snapshot());
                  },
                  "short.db"),
              error_category::corrupt);
    EXPECT_EQ(files::file_size(path), size);
  }
}

TEST(lmdb, a_path_without_permission_is_unavailable) {
  temporary_directory place;
  const std::string path = place / "private.db";
  put(*std::make_unique<lmdb>(path, quick), "a", "1");
  files::permissions(place.path(),
                     files::perms::owner_all | files::perms::others_exec | files::perms::group_exec);
  files::permissions(path, files::perms::owner_read | files::perms::owner_write);
  EXPECT_TRUE(in_a_child([&] {
    if (::geteuid() == 0 && ::seteuid(65534) != 0) return false;  // root may read everything
    if (::geteuid() != 65534) files::permissions(path, files::perms::none);
    return category_of([&] { lmdb{path, quick}; }, "private.db") == error_category::unavailable;
  }));
}

TEST(lmdb, opened_read_only_it_reads_what_others_write_and_refuses_to) {
  temporary_directory place;
  const std::string path = place / "read.db";
  put(*std::make_unique<lmdb>(path, quick), "a", "1");
  lmdb_options read_only = quick;
  read_only.read_only = true;
  lmdb store{path, read_only};
  EXPECT_EQ(store.get("a")->view(), "1");
  EXPECT_EQ(category_of([&] { put(store, "a", "2"); }, "read_only"), error_category::unavailable);
  EXPECT_TRUE(in_a_child([&] { return put(*std::make_unique<lmdb>(path, quick), "a", "3"), true; }));
  EXPECT_EQ(store.get("a")->view(), "3");
}

TEST(lmdb, opening_does_not_wait_for_another_process_that_writes) {
  temporary_directory place;
  const std::string path = place / "busy.db";
  lmdb store{path, quick};
  put(store, "a", "1");
  bool opened = false, any = false;
  store.bulk_load([&]() -> std::optional<change> {
    if (std::exchange(any, true)) return std::nullopt;
    opened = in_a_child([&] {
      ::alarm(10);  // ends a child that waits
      const lmdb second{path, quick};
      return second.get("a")->view() == "1" && !second.get("b");
    });
    return change{"b", "2"};
  });
  EXPECT_TRUE(opened);
}

/// Leaves less address space than LMDB's engine asks for at first, whatever a sanitizer has taken already.
void little_address_space() {
  std::size_t pages = 0;
  std::ifstream{"/proc/self/statm"} >> pages;
  const std::size_t taken = pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  rlimit limit{};
  ::getrlimit(RLIMIT_AS, &limit);
  limit.rlim_cur = taken + (std::size_t{64} << 30);
  ::setrlimit(RLIMIT_AS, &limit);
}

/// A child that has the file at `path` open.
struct other_user {
  explicit other_user(const std::string& path) {
    int ready[2], done[2];
    if (::pipe(ready) != 0 || ::pipe(done) != 0) std::abort();
    child = ::fork();
    if (child == 0) {
      const lmdb store{path, quick};
      char any = 'y';
      (void)!::write(ready[1], &any, 1);
      ::close(done[1]);
      (void)!::read(done[0], &any, 1);
      ::_exit(0);
    }
    char open = 'n';
    (void)!::read(ready[0], &open, 1);
    EXPECT_EQ(open, 'y');
    for (const int fd : {ready[0], ready[1], done[0]}) ::close(fd);
    end = done[1];
  }
  void release() {
    if (end >= 0) ::close(std::exchange(end, -1)), ::waitpid(child, nullptr, 0);
  }
  ~other_user() { release(); }
  pid_t child = 0;
  int end = -1;
};

TEST(lmdb, a_lock_file_that_an_opener_left_half_made_hides_no_state_and_is_made_anew) {
  temporary_directory place;
  const std::string path = place / "half.db";
  {
    lmdb store{path, quick};
    for (const char* value : {"1", "2", "3"}) put(store, "a", value);
  }
  const auto leave_half_made = [&] {  // as LMDB makes it, before it writes down which state is the newest
    std::fstream lock{path + "-lock", std::ios::in | std::ios::out | std::ios::binary};
    lock.seekp(48).write("\0\0\0\0\0\0\0\0", 8);  // after magic, format and a mutex
  };
  for (const bool read_only : {false, true}) {
    lmdb_options how = quick;
    how.read_only = read_only;
    other_user other{path};
    leave_half_made();
    EXPECT_EQ(category_of([&] { const lmdb store{path, how}; }, "end every process"), error_category::busy);
    std::jthread lets_go{
        [&] { std::this_thread::sleep_for(std::chrono::milliseconds{50}), other.release(); }};
    const lmdb store{path, how};
    EXPECT_EQ(store.get("a")->view(), "3");
  }
}

TEST(lmdb, processes_that_open_a_file_at_once_with_little_address_space_see_its_newest_state) {
  temporary_directory place;
  const std::string path = place / "small.db";
  {
    lmdb store{path, quick};
    for (const char* value : {"1", "2", "3"}) put(store, "a", value);
  }
  const auto see_newest = [&](int) {
    little_address_space();
    return lmdb{path, quick}.get("a")->view() == "3";
  };
  EXPECT_EQ(datolite::test::children_that_fail(8, see_newest), 0);
}

TEST(lmdb, a_commit_inside_a_bulk_load_is_refused_instead_of_waiting_for_itself) {
  temporary_directory place;
  lmdb store{place / "nested.db", quick};
  EXPECT_EQ(category_of([&] {
              store.bulk_load([&]() -> std::optional<change> {
                put(store, "a", "1");
                return std::nullopt;
              });
            }),
            error_category::incorrect);
  put(store, "a", "2");
  EXPECT_EQ(store.get("a")->view(), "2");
}

TEST(lmdb, an_ascending_load_fills_its_pages) {
  temporary_directory place;
  lmdb bulk{place / "bulk.db", quick}, batches{place / "batches.db", quick};
  std::size_t i = 0;
  bytes key;
  const bytes value(100, 'x');
  bulk.bulk_load([&]() -> std::optional<change> {
    if (i == 20000) return std::nullopt;
    key = numbered(i++);
    return change{key, value};
  });
  for (std::size_t first = 0; first < 20000; first += 500) set_range(batches, first, first + 500, value);
  const std::size_t payload = 20000 * (12 + 100 + 8 + 2);  // with LMDB's header and offset of each
  EXPECT_LT(bulk.info().used_bytes, payload * 11 / 10);
  EXPECT_LT(batches.info().used_bytes, payload * 5 / 4);
  EXPECT_TRUE(all_of(bulk) == all_of(batches));
}

}  // namespace lmdb_promises_test
