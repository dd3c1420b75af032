#include <datolite/engines/leveldb.hpp>

#include <datolite/core/any_storage.hpp>
#include <datolite/core/explain.hpp>
#include <datolite/laws/storage.hpp>
#include <engines/temporary_directory.hpp>

#include <gtest/gtest.h>
#include <leveldb/write_batch.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

namespace leveldb_test {

using namespace datolite;
using namespace std::string_literals;
using datolite::test::temporary_directory;
namespace files = std::filesystem;
namespace laws = datolite::laws;
using engines::leveldb;
using contents = std::map<bytes, bytes>;

static_assert(explain_storage<leveldb>());

constexpr engines::leveldb_options quick{.durability = durability_level::process};

/// The category of what `body` throws; its message must name `named`.
template <class Body>
std::optional<error_category> category_of(Body&& body, const std::string& named = "") {
  try {
    body();
  } catch (const error& e) {
    EXPECT_NE(e.message().find(named), std::string::npos) << e.message();
    EXPECT_FALSE(e.code().empty());
    return e.category();
  }
  return std::nullopt;
}

synctag_t put(leveldb& to, bytes_view key, bytes_view value) {
  const change one{key, value};
  return to.commit({&one, 1});
}

template <class R>
contents all_of(const R& reader) {
  contents found;
  auto it = reader.open_iterator(everything());
  for (it.seek_first(); it.valid(); it.next()) found.emplace(it.key(), it.value());
  return found;
}

template <class R>
contents all_backwards(const R& reader) {
  contents found;
  auto it = reader.open_iterator(everything());
  for (it.seek_last(); it.valid(); it.prev()) found.emplace(it.key(), it.value());
  return found;
}

TEST(leveldb, keeps_every_law) {
  const temporary_directory home;
  int made = 0;
  EXPECT_EQ(laws::check_storage(
                [&] {
                  return leveldb{home / std::to_string(++made), quick};
                },
                {.histories = 3, .commits = 30}),
            laws::report{});
}

TEST(leveldb, keeps_every_law_behind_any_storage) {
  const temporary_directory home;
  int made = 0;
  EXPECT_EQ(laws::check_storage(
                [&] {
                  return any_storage{leveldb{home / std::to_string(++made), quick}};
                },
                {.histories = 1, .commits = 20}),
            laws::report{});
}

// -- opening
// -----------------------------------------------------------------------------------------------------

TEST(leveldb, second_opening_is_busy_whatever_the_path) {
  const temporary_directory home;
  const leveldb first{home / "db"};
  files::create_directory_symlink(home / "db", home / "link");
  for (const std::string& path : {home / "db", home / "link", home / "db/", home / "db/../db"}) {
    EXPECT_EQ(category_of([&] { leveldb{path}; }, "open already"), error_category::busy) << path;
  }
}

TEST(leveldb, second_opening_in_another_process_is_busy) {
  const temporary_directory home;
  const leveldb first{home / "db"};
  const pid_t child = ::fork();
  if (child == 0) std::_Exit(category_of([&] { leveldb{home / "db"}; }) == error_category::busy ? 0 : 1);
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(leveldb, raw_opening_by_somebody_else_is_busy) {
  const temporary_directory home;
  ::leveldb::Options options;
  options.create_if_missing = true;
  ::leveldb::DB* raw = nullptr;
  ASSERT_TRUE(::leveldb::DB::Open(options, files::canonical(home.path()).string(), &raw).ok());
  EXPECT_EQ(category_of([&] { leveldb{home.path().string()}; }), error_category::busy);
  delete raw;
  EXPECT_NO_THROW(leveldb{home.path().string()});
}

TEST(leveldb, missing_database_is_not_found_and_not_made) {
  const temporary_directory home;
  const engines::leveldb_options strict{.create_if_missing = false};
  EXPECT_EQ(category_of([&] { leveldb(home / "none", strict); }, "none"), error_category::not_found);
  EXPECT_FALSE(files::exists(home / "none"));
  EXPECT_EQ(category_of([&] { leveldb(home.path().string(), strict); }), error_category::not_found);
  EXPECT_TRUE(files::is_empty(home.path()));
  EXPECT_EQ(category_of([&] { leveldb(home / "no/parent"); }, "no/parent"), error_category::not_found);
  EXPECT_EQ(category_of([&] { leveldb(""); }), error_category::not_found);
}

TEST(leveldb, path_that_is_no_directory_is_incorrect) {
  const temporary_directory home;
  std::ofstream{home / "file"} << "text";
  EXPECT_EQ(category_of([&] { leveldb{home / "file"}; }, "file"), error_category::incorrect);
}

TEST(leveldb, path_without_permission_is_unavailable) {
  if (::geteuid() == 0) {
    EXPECT_EQ(category_of([] { leveldb{"/sys/datolite"}; }, "/sys/datolite"), error_category::unavailable);
    return;
  }
  const temporary_directory home;
  files::permissions(home.path(), files::perms::owner_read | files::perms::owner_exec);
  EXPECT_EQ(category_of([&] { leveldb{home / "db"}; }, "db"), error_category::unavailable);
  files::permissions(home.path(), files::perms::owner_all);
}

TEST(leveldb, use_after_fork_is_unavailable_in_the_child_and_harmless_to_the_parent) {
  const temporary_directory home;
  leveldb store{home / "db", quick};
  put(store, "k", "v");
  auto snapshot = store.snapshot();
  const pid_t child = ::fork();
  if (child == 0) {
    const auto refused = [](auto&& body) { return category_of(body, "fork") == error_category::unavailable; };
    bool right = refused([&] { (void)store.get("k"); }) && refused([&] { (void)snapshot.get("k"); }) &&
                 refused([&] { put(store, "k", "w"); }) && refused([&] { leveldb{home / "other"}; });
    { const leveldb gone{std::move(store)}; }
    std::_Exit(right ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(category_of([&] { leveldb{home / "db"}; }), error_category::busy) << "the child must not unlock";
  EXPECT_EQ(store.get("k")->view(), "v");
}

// -- closing
// -----------------------------------------------------------------------------------------------------

TEST(leveldb, close_frees_the_files_though_snapshots_live) {
  const temporary_directory home;
  leveldb store{home / "db", quick};
  put(store, "k", "v");
  const auto snapshot = store.snapshot();
  const auto copy = snapshot;
  const auto pinned = *store.get("k");
  store.close();
  leveldb again{home / "db", quick};
  EXPECT_EQ(again.get("k")->view(), "v");
  EXPECT_EQ(category_of([&] { (void)snapshot.get("k"); }, "closed"), error_category::unavailable);
  EXPECT_EQ(pinned.view(), "v");
}

TEST(leveldb, iterator_keeps_the_files_until_it_goes) {
  const temporary_directory home;
  leveldb store{home / "db", quick};
  put(store, "k", "v");
  {
    auto it = store.open_iterator(everything());
    it.seek_first();
    store.close();
    EXPECT_EQ(it.key(), "k");
    EXPECT_EQ(category_of([&] { it.next(); }, "closed"), error_category::unavailable);
    EXPECT_EQ(it.value(), "v");
    EXPECT_EQ(category_of([&] { leveldb{home / "db"}; }), error_category::busy);
  }
  EXPECT_NO_THROW(leveldb{home / "db"});
}

TEST(leveldb, without_close_the_last_snapshot_keeps_it_open) {
  const temporary_directory home;
  std::optional<leveldb> store{std::in_place, home / "db", quick};
  put(*store, "k", "v");
  std::optional snapshot{store->snapshot()};
  store.reset();
  EXPECT_EQ(snapshot->get("k")->view(), "v");
  EXPECT_EQ(category_of([&] { leveldb{home / "db"}; }), error_category::busy);
  snapshot.reset();
  EXPECT_NO_THROW(leveldb{home / "db"});
}

// -- limits
// ------------------------------------------------------------------------------------------------------

TEST(leveldb, value_of_100_megabytes_comes_back) {
  const temporary_directory home;
  bytes big(100'000'000, 'x');
  for (std::size_t i = 0; i < big.size(); i += 997) big[i] = static_cast<char>(i);
  {
    leveldb store{home / "db", quick};
    put(store, "big", big);
    EXPECT_TRUE(store.get("big")->view() == big);
  }
  const leveldb again{home / "db", quick};  // from the log, then from a table
  EXPECT_TRUE(again.get("big")->view() == big);
  auto it = again.open_iterator(everything());
  it.seek_last();
  ASSERT_TRUE(it.valid());
  EXPECT_TRUE(it.value() == big);
}

TEST(leveldb, key_over_the_limit_is_refused_before_anything_is_written) {
  const temporary_directory home;
  leveldb store{home / "db", quick};
  const bytes longest(store.max_key_size(), 'k');
  const bytes longer = longest + "k";
  put(store, longest, "v");
  EXPECT_EQ(store.get(longest)->view(), "v");
  const change batch[] = {{"a", "1"}, {longer, "2"}};
  EXPECT_EQ(category_of([&] { store.commit(batch); }), error_category::exhausted);
  EXPECT_EQ(all_of(store), (contents{{longest, "v"}}));
}

// -- damage
// ------------------------------------------------------------------------------------------------------

/// A closed database with pairs in tables of several blocks and others in its log.
contents make_database(const std::string& path) {
  contents all;
  const auto add = [&all](leveldb& store, int from, int to, std::size_t size) {
    for (int i = from; i < to; ++i) {
      const bytes key = "key-" + std::to_string(1000 + i);
      bytes value = "value " + std::to_string(i * 7919);
      value.resize(size, static_cast<char>('a' + i % 26));
      put(store, key, value);
      all[key] = value;
    }
  };
  engines::leveldb_options options = quick;
  options.block_size = 1024;
  options.compress = false;
  {
    leveldb store{path, options};
    add(store, 0, 60, 90);
  }
  {
    leveldb store{path, options};  // the first run is in a table now
    add(store, 30, 50, 40);
    const change gone{"key-1010", std::nullopt};
    store.commit({&gone, 1});
    all.erase("key-1010");
  }
  leveldb store{path, options};
  add(store, 55, 75, 40);
  add(store, 80, 81, 40'000);  // longer than a block of the log
  add(store, 81, 85, 20);
  return all;
}

bytes read_file(const files::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}
void write_file(const files::path& file, bytes_view text) {
  std::ofstream{file, std::ios::binary | std::ios::trunc}.write(text.data(),
                                                                static_cast<std::streamsize>(text.size()));
}

struct verdicts {
  int corrupt = 0, whole = 0;
};

/// Opens a damaged database and reads it in every way: each shows the right answer or throws `corrupt`.
void read_damaged(const std::string& path, const contents& right, const std::string& damage, verdicts& seen) {
  bool refused = false;
  const auto attempt = [&](const std::string& how, auto&& body) {
    try {
      body();
    } catch (const error& e) {
      EXPECT_EQ(e.category(), error_category::corrupt) << damage << ", " << how << ": " << e.message();
      refused = true;
    }
  };
  attempt("open", [&] {
    const leveldb store{path, quick};
    attempt("forwards", [&] { EXPECT_EQ(all_of(store), right) << damage; });
    attempt("backwards", [&] { EXPECT_EQ(all_backwards(store), right) << damage; });
    for (const bytes key : {"key-1000", "key-1010", "key-1045", "key-1057", "key-1080", "key-1084"}) {
      const auto expected = right.find(key);
      attempt("get", [&] {
        const auto found = store.get(key);
        EXPECT_EQ(found.has_value(), expected != right.end()) << damage << ", get " << key;
        if (found && expected != right.end()) {
          EXPECT_EQ(found->view(), expected->second) << damage;
        }
      });
      attempt("seek", [&] {
        auto it = store.open_iterator(everything());
        it.seek(key);
        const auto next = right.lower_bound(key);
        ASSERT_EQ(it.valid(), next != right.end()) << damage << ", seek " << key;
        if (it.valid()) {
          EXPECT_EQ(it.key(), next->first) << damage;
        }
      });
    }
  });
  ++(refused ? seen.corrupt : seen.whole);
}

bool holds_data(const files::path& file) {
  const std::string name = file.filename();
  return name.ends_with(".log") || name.ends_with(".ldb") || name.starts_with("MANIFEST") ||
         name == "CURRENT";
}

/// Damages every file of a closed database in turn, at each of `places(size)`, and reads it.
template <class Places, class Damage>
verdicts damage_everywhere(Places&& places, Damage&& damage) {
  const temporary_directory home;
  const contents right = make_database(home / "whole");
  verdicts seen;
  for (const auto& entry : files::directory_iterator{home / "whole"}) {
    if (!holds_data(entry.path())) continue;
    const bytes text = read_file(entry.path());
    for (const std::size_t at : places(text.size())) {
      bytes damaged = text;
      damage(damaged, at);
      files::remove_all(home / "damaged");
      files::copy(home / "whole", home / "damaged");
      write_file(home.path() / "damaged" / entry.path().filename(), damaged);
      read_damaged(home / "damaged", right,
                   entry.path().filename().string() + " at byte " + std::to_string(at), seen);
      if (::testing::Test::HasFailure()) return seen;
    }
  }
  return seen;
}

std::vector<std::size_t> every(std::size_t stride, std::size_t from, std::size_t size) {
  std::vector<std::size_t> places;
  for (std::size_t at = from; at < size; at += stride) places.push_back(at);
  return places;
}

TEST(leveldb, flipped_byte_in_log_or_table_is_corrupt_never_a_shorter_answer) {
  const verdicts seen =
      damage_everywhere([](std::size_t size) { return every(37, 0, size); },
                        [](bytes& text, std::size_t at) { text[at] = static_cast<char>(~text[at]); });
  EXPECT_GT(seen.corrupt, 500);
}

TEST(leveldb, flipped_bit_at_the_end_of_any_file_is_corrupt_never_a_shorter_answer) {
  // The ends of logs are where LevelDB alone takes damage for a crash.
  for (const int bit : {0, 3, 7}) {
    const verdicts seen = damage_everywhere(
        [](std::size_t size) { return every(1, size - std::min<std::size_t>(size, 200), size); },
        [&](bytes& text, std::size_t at) { text[at] = static_cast<char>(text[at] ^ (1 << bit)); });
    EXPECT_GT(seen.corrupt, 500);
  }
}

TEST(leveldb, zeros_in_the_middle_of_a_file_are_corrupt_never_a_shorter_answer) {
  const verdicts seen = damage_everywhere(
      [](std::size_t size) { return every(97, 0, size - std::min<std::size_t>(size, 600)); },
      [](bytes& text, std::size_t at) { text.replace(at, 512, bytes(512, '\0')); });
  EXPECT_GT(seen.corrupt, 100);
}

TEST(leveldb, missing_file_is_corrupt_never_a_shorter_answer) {
  const temporary_directory home;
  const contents right = make_database(home / "whole");
  verdicts seen;
  for (const auto& entry : files::directory_iterator{home / "whole"}) {
    if (!holds_data(entry.path())) continue;
    files::remove_all(home / "damaged");
    files::copy(home / "whole", home / "damaged");
    files::remove(home.path() / "damaged" / entry.path().filename());
    read_damaged(home / "damaged", right, "without " + entry.path().filename().string(), seen);
  }
  EXPECT_GE(seen.corrupt, 5);
  EXPECT_EQ(seen.whole, 0);
}

TEST(leveldb, iterator_throws_at_a_damaged_block_before_it_shows_what_lies_behind) {
  const temporary_directory home;
  engines::leveldb_options options = quick;
  options.block_size = 1024;
  options.compress = false;
  std::vector<bytes> keys;
  for (int i = 0; i < 400; ++i) keys.push_back("key-" + std::to_string(1000 + i));
  {
    leveldb store{home / "db", options};
    for (const bytes& key : keys) put(store, key, bytes(90, 'v'));
  }
  { const leveldb sorted{home / "db", options}; }
  for (const auto& entry : files::directory_iterator{home / "db"}) {
    if (entry.path().extension() != ".ldb") continue;
    bytes text = read_file(entry.path());
    text[text.size() / 2] ^= 1;
    write_file(entry.path(), text);
  }
  const leveldb store{home / "db", options};
  std::size_t shown = 0;
  auto it = store.open_iterator(until("key-1390"));
  EXPECT_EQ(category_of([&] {
              for (it.seek_first(); it.valid(); it.next()) EXPECT_EQ(it.key(), keys[shown++]);
            }),
            error_category::corrupt);
  EXPECT_EQ(category_of([&] { (void)it.valid(); }, "open another"), error_category::unavailable);
  EXPECT_GT(shown, 100U);
  shown = 390;
  EXPECT_EQ(category_of([&] {
              for (it.seek_last(); it.valid(); it.prev()) EXPECT_EQ(it.key(), keys[--shown]);
            }),
            error_category::corrupt);
  EXPECT_GT(shown, 100U);
  auto behind = store.open_iterator(everything());
  behind.seek("key-1380");
  EXPECT_EQ(behind.key(), "key-1380");
}

// -- a full disk
// -------------------------------------------------------------------------------------------------

/// While it lives, no file of this process may grow beyond `size` bytes: a full disk that needs no disk.
class file_size_limit {
 public:
  explicit file_size_limit(rlim_t size) {
    before_ = std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &limit_);
    rlimit less = limit_;
    less.rlim_cur = size;
    ::setrlimit(RLIMIT_FSIZE, &less);
  }
  file_size_limit(const file_size_limit&) = delete;
  file_size_limit& operator=(const file_size_limit&) = delete;
  ~file_size_limit() {
    ::setrlimit(RLIMIT_FSIZE, &limit_);
    std::signal(SIGXFSZ, before_);
  }

 private:
  rlimit limit_{};
  void (*before_)(int) = nullptr;
};

/// Commits of three changes each until one is refused; then everything acknowledged must be there, that one
/// must not, nothing more may be taken, and all must be so again after reopening.
void fill_until_refused(const std::string& path, const engines::leveldb_options& options, rlim_t limit,
                        std::size_t value_size) {
  contents right;
  {
    leveldb store{path, options};
    put(store, "first", "1");
    right["first"] = "1";
    const file_size_limit full{limit};
    std::optional<error_category> refusal;
    for (int i = 0; !refusal && i < 100'000; ++i) {
      const bytes key = std::to_string(1'000'000 + i);
      const bytes value(value_size, static_cast<char>('a' + i % 26));
      const bytes keys[] = {key + "a", key + "b", key + "c"};
      const change batch[] = {{keys[0], value}, {keys[1], value}, {keys[2], "last"}};
      refusal = category_of([&] { store.commit(batch); }, path);
      if (!refusal) right[keys[0]] = right[keys[1]] = value, right[keys[2]] = "last";
    }
    EXPECT_EQ(refusal, error_category::exhausted);
    EXPECT_TRUE(all_of(store) == right) << "reading goes on";
    EXPECT_EQ(category_of([&] { put(store, "more", "x"); }, "open it again"), error_category::unavailable);
    EXPECT_TRUE(all_of(store) == right);
  }
  leveldb again{path, options};
  EXPECT_TRUE(all_of(again) == right);
  put(again, "more", "x");
  EXPECT_EQ(again.get("more")->view(), "x");
}

TEST(leveldb, full_disk_is_exhausted_with_nothing_lost) {
  const temporary_directory home;
  fill_until_refused(home / "log", quick, 300'000, 1000);     // inside a record of the log
  fill_until_refused(home / "long", quick, 300'000, 50'000);  // inside a record of several blocks
  engines::leveldb_options durable = quick;
  durable.durability = durability_level::disk;
  fill_until_refused(home / "durable", durable, 100'000, 1000);
  engines::leveldb_options small = quick;  // in a table that the background writes
  small.write_buffer_size = 100'000;
  small.compress = false;
  fill_until_refused(home / "table", small, 120'000, 1000);
}

TEST(leveldb, full_disk_at_opening_is_exhausted_with_nothing_lost) {
  const temporary_directory home;
  const contents right = make_database(home / "db");
  {
    const file_size_limit full{60};
    EXPECT_EQ(category_of([&] { leveldb{home / "db", quick}; }, "db"), error_category::exhausted);
  }
  EXPECT_EQ(all_of(leveldb{home / "db", quick}), right);
}

}  // namespace leveldb_test
