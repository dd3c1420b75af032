#include <datolite/engines/url.hpp>

#include <datolite/laws/storage.hpp>
#include <engines/temporary_directory.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace url_test {

using namespace datolite;
using namespace std::string_literals;
using datolite::test::temporary_directory;
using engines::open_url;

/// The error that opening `url` gives.
error refusal(std::string_view url, const engines::open_options& options = {}) {
  try {
    open_url(url, options);
  } catch (const error& e) {
    return e;
  }
  ADD_FAILURE() << url << " was opened";
  return {error_category::incorrect, "", ""};
}

TEST(open_url, scheme_chooses_the_engine) {
  const temporary_directory home;
  EXPECT_EQ(open_url("mem:").engine_name(), "memory");
  EXPECT_EQ(open_url("lmdb:" + home / "file").engine_name(), "lmdb");
  EXPECT_EQ(open_url("leveldb:" + home / "dir").engine_name(), "leveldb");
  EXPECT_TRUE(std::filesystem::is_regular_file(home / "file"));
  EXPECT_TRUE(std::filesystem::is_directory(home / "dir"));
}

TEST(open_url, path_may_hold_colons_and_spaces) {
  const temporary_directory home;
  open_url("lmdb:" + home / "a:b c");
  EXPECT_TRUE(std::filesystem::exists(home / "a:b c"));
}

TEST(open_url, what_was_committed_is_there_when_it_is_opened_again) {
  const temporary_directory home;
  for (const std::string& url : {"lmdb:" + home / "file", "leveldb:" + home / "dir"}) {
    const change one{"k", "v"};
    open_url(url, {.durability = durability_level::process}).commit({&one, 1});
    const any_storage again = open_url(url, {.create_if_missing = false});
    EXPECT_EQ(again.get("k")->view(), "v") << url;
    EXPECT_EQ(again.durability(), durability_level::disk) << url;
    EXPECT_EQ(refusal(url).category(), error_category::busy) << url;
  }
}

TEST(open_url, unknown_engine_is_refused_with_the_known_ones) {
  for (const char* url :
       {"", "films.db", "sqlite:films.db", ":films.db", "LMDB:films.db", "mem:path", "lmdb:", "leveldb:"}) {
    const error e = refusal(url);
    EXPECT_EQ(e.category(), error_category::incorrect) << url;
    for (const char* known : {"mem:", "lmdb:PATH", "leveldb:PATH", url}) {
      EXPECT_NE(e.message().find(known), std::string::npos) << e.message();
    }
  }
  EXPECT_EQ(refusal("lmdb:a\0b"s).category(), error_category::incorrect);
}

TEST(open_url, missing_database_is_not_found) {
  const temporary_directory home;
  for (const std::string& url : {"lmdb:" + home / "none", "leveldb:" + home / "none"}) {
    EXPECT_EQ(refusal(url, {.create_if_missing = false}).category(), error_category::not_found) << url;
    EXPECT_EQ(refusal(url + "/none").category(), error_category::not_found) << url;
  }
  EXPECT_TRUE(std::filesystem::is_empty(home.path()));
}

TEST(open_url, durability_that_an_engine_lacks_is_unsupported) {
  const temporary_directory home;
  EXPECT_EQ(open_url("mem:", {.durability = durability_level::memory}).durability(),
            durability_level::memory);
  for (const std::string& url : {"mem:"s, "lmdb:" + home / "file", "leveldb:" + home / "dir"}) {
    EXPECT_EQ(refusal(url, {.durability = durability_level::quorum}).category(), error_category::unsupported)
        << url;
  }
}

TEST(open_url, any_storage_over_lmdb_keeps_every_law) {
  const temporary_directory home;
  int made = 0;
  EXPECT_EQ(laws::check_storage([&] {
              return open_url("lmdb:" + home / std::to_string(++made),
                              {.durability = durability_level::process});
            }),
            laws::report{});
}

}  // namespace url_test
