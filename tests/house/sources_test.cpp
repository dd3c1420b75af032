// What every source file keeps to, so that no reviewer need look for it.
#include "files.hpp"

#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>

namespace datolite::house {
namespace sources_test {

std::vector<fs::path> public_headers() {
  std::vector<fs::path> found;
  for (const fs::path& file : files())
    if (is_public_header(file)) found.push_back(file);
  return found;
}

std::vector<std::string> includes(const fs::path& file) {
  static const std::regex include{R"(^\s*#\s*include\s+([<"][^>"]+[>"]))"};
  std::vector<std::string> found;
  std::smatch match;
  for (const std::string& line : lines(read(root / file)))
    if (std::regex_search(line, match, include)) found.push_back(match[1]);
  return found;
}

bool is_source(const fs::path& file) { return file.extension() == ".hpp" || file.extension() == ".cpp"; }

TEST(headers, are_each_in_a_file_set) {
  std::set<std::string> listed;
  for (const std::string& line : lines(read(DATOLITE_HEADER_LIST)))
    if (!line.empty()) listed.insert(fs::path{line}.lexically_relative(root).string());
  for (const fs::path& header : public_headers())
    EXPECT_TRUE(listed.contains(header.string())) << header << " is in no layer's HEADERS";
}

/// Headers that no test reaches so, and why that is right.
const std::map<std::string, std::string> tested_otherwise{
    {"datolite/core/version.hpp", "numbers; the installed package is asked for by them"},
    {"datolite/core/linkage.hpp", "most of the suite links datolite::compiled, tests/odr does not"},
    {"datolite/core/commit_checks.hpp", "the laws reach it through every engine"},
};

/// A test (or an example, which is one) includes it, or includes a header of the same folder of which it is a
/// part.
TEST(headers, are_each_reached_by_a_test) {
  std::set<std::string> reached;
  for (const fs::path& file : files())
    if ((starts_with(file, "tests/") || starts_with(file, "docs/")) && is_source(file) &&
        !is_public_header(file))
      for (const std::string& name : includes(file)) reached.insert(name);
  const std::vector<fs::path> headers = public_headers();
  for (std::size_t before = 0; before != reached.size();) {
    before = reached.size();
    for (const fs::path& header : headers) {
      if (!reached.contains("<" + include_name(header) + ">")) continue;
      const std::string own = include_name(header);
      const std::string folder = "<" + own.substr(0, own.find('/', own.find('/') + 1) + 1);
      if (folder == "<") continue;  // the umbrella is no header's test
      for (const std::string& name : includes(header))
        if (name.starts_with(folder)) reached.insert(name);
    }
  }
  for (const fs::path& header : headers) {
    const std::string name = include_name(header);
    if (name.find("/detail/") != std::string::npos || tested_otherwise.contains(name)) continue;
    EXPECT_TRUE(reached.contains("<" + name + ">")) << "no test includes <" << name << ">";
  }
}

TEST(headers, open_with_their_purpose_and_pragma_once) {
  for (const fs::path& header : public_headers()) {
    const std::string text = read(root / header);
    EXPECT_TRUE(text.starts_with("// ")) << header;
    EXPECT_NE(text.find("\n#pragma once\n"), std::string::npos) << header;
  }
}

/// Longer than this, and a header has more than one purpose. What is in detail/ may take a little more.
TEST(headers, are_not_too_long_to_read) {
  for (const fs::path& header : public_headers()) {
    const bool inside = header.string().find("/detail/") != std::string::npos;
    EXPECT_LE(lines(read(root / header)).size(), inside ? 600u : 500u) << header;
  }
}

/// Which folders' headers a layer may include: the arrows of docs/architecture.md. The header verification
/// says the same by search path; this says it in a second.
TEST(arrows, run_one_way) {
  const std::map<std::string, std::set<std::string>> may_include{
      {"include", {"core"}},
      {"engines", {"core", "engines"}},
      {"txn", {"core", "txn", "datoms"}},
      {"query", {"core", "query"}},
      {"adapters", {"core", "engines", "txn", "datoms", "query", "adapters"}},
      {"tests", {"core", "engines", "txn", "query", "laws"}},
  };
  static const std::regex ours{R"(^<datolite/([a-z_]+)/(.*)>$)"};
  for (const fs::path& header : public_headers()) {
    const std::string layer = header.begin()->string();
    for (const std::string& name : includes(header)) {
      EXPECT_EQ(name.front(), '<') << header << " includes " << name << " by a relative path";
      std::smatch match;
      if (!std::regex_match(name, match, ours)) continue;
      EXPECT_TRUE(may_include.at(layer).contains(match[1].str())) << header << " includes " << name;
      if (!match[2].str().starts_with("detail/")) continue;
      EXPECT_TRUE(fs::exists(root / layer / "datolite" / match[1].str()))
          << header << " includes another's " << name;
    }
  }
}

/// Heavy packages, and the only places where they may be included.
TEST(arrows, keep_heavy_packages_where_they_are_needed) {
  const std::map<std::string, std::vector<std::string>> places{
      {"<range/v3/", {"adapters/", "tests/", "docs/"}},
      {"<boost/hana", {"adapters/", "tests/", "docs/"}},
      {"<boost/multiprecision",
       {"include/datolite/core/bignum.hpp", "include/datolite/core/detail/", "tests/"}},
      {"<gtest/", {"tests/"}},
      {"<rapidcheck", {"tests/"}},
      {"<benchmark/", {"bench/"}},
      {"<lmdb.h>", {"engines/", "tests/", "bench/"}},
      {"<leveldb/", {"engines/", "tests/", "bench/"}},
      {"<CLI/", {"tools/"}},
  };
  for (const fs::path& file : files()) {
    if (!is_source(file)) continue;
    for (const std::string& name : includes(file)) {
      for (const auto& [package, allowed] : places) {
        if (!name.starts_with(package)) continue;
        const auto here = [&](const std::string& place) { return starts_with(file, place); };
        EXPECT_TRUE(std::any_of(allowed.begin(), allowed.end(), here)) << file << " includes " << name;
      }
      EXPECT_FALSE(starts_with(file, "tests/laws/") && name.starts_with("<gtest")) << file;
    }
  }
}

/// Assembled, so that this file does not hold what it looks for.
TEST(sources, hold_nothing_that_only_one_machine_knows) {
  const std::string here[] = {std::string{"/wo"} + "rk/", std::string{"/ro"} + "ot/",
                              std::string{"/ho"} + "me/"};
  const std::string unfinished[] = {std::string{"TO"} + "DO", std::string{"FIX"} + "ME",
                                    std::string{"XX"} + "X:"};
  for (const fs::path& file : files()) {
    if (starts_with(file, "tests/data/") || starts_with(file, "tests/conformance/")) continue;
    const std::string text = read(root / file);
    for (const std::string& path : here)
      EXPECT_EQ(text.find(path), std::string::npos) << file << " names " << path;
    if (!is_source(file)) continue;
    for (const std::string& word : unfinished)
      EXPECT_EQ(text.find(word), std::string::npos) << file << " holds a " << word;
    if (is_public_header(file)) {
      EXPECT_EQ(text.find("__has_include"), std::string::npos) << file;
      EXPECT_EQ(text.find("#ifdef DATOLITE"), std::string::npos)
          << file << " changes its behaviour by a macro";
    }
  }
}

}  // namespace sources_test
}  // namespace datolite::house
