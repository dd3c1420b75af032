// Reading the repository's own files, for the tests of the house.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace datolite::house {

namespace fs = std::filesystem;

inline const fs::path root{DATOLITE_ROOT};

inline std::string read(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

inline std::vector<std::string> lines(std::string_view text) {
  std::vector<std::string> found;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    found.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return found;
}

/// Every file of the repository, relative to its root, sorted; not what was built, nor what git keeps.
inline std::vector<fs::path> files() {
  std::vector<fs::path> found;
  for (auto at = fs::recursive_directory_iterator{root}; at != fs::recursive_directory_iterator{}; ++at) {
    const fs::path path = at->path().lexically_relative(root);
    const std::string top = path.begin()->string();
    if (top == "build" || top == ".git" || top == ".cache") {
      at.disable_recursion_pending();
    } else if (at->is_regular_file()) {
      found.push_back(path);
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

inline bool starts_with(const fs::path& path, std::string_view with) { return path.string().starts_with(with); }

/// The layers whose headers are public.
inline bool is_public_header(const fs::path& path) {
  const std::string p = path.string();
  if (path.extension() != ".hpp") return false;
  for (std::string_view layer : {"include/", "engines/", "txn/", "query/", "adapters/", "tests/laws/"})
    if (p.starts_with(layer)) return true;
  return false;
}

/// How a header is included: "tests/laws/datolite/laws/x.hpp" is "datolite/laws/x.hpp".
inline std::string include_name(const fs::path& header) {
  const std::string p = header.string();
  return p.substr(p.find("datolite/"));
}

}  // namespace datolite::house
