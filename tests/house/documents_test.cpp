// The documents say what is so: the code in them is quoted from files that are compiled and run, and their
// links lead somewhere.
//
// A quotation is a fenced block right after a comment that names file and marker,
//     <!-- docs/examples/films.cpp:films -->
// and equals what stands in that file between the lines `// [films]` and `// [/films]`, whatever the
// indentation.
#include "files.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <regex>

namespace datolite::house {
namespace documents_test {

std::vector<fs::path> documents() {
  std::vector<fs::path> found;
  for (const fs::path& file : files())
    if (file.extension() == ".md") found.push_back(file);
  return found;
}

std::string without_common_indent(const std::vector<std::string>& block) {
  std::size_t indent = std::string::npos;
  for (const std::string& line : block)
    if (const auto first = line.find_first_not_of(' '); first != std::string::npos)
      indent = std::min(indent, first);
  std::string text;
  for (const std::string& line : block) text += line.substr(std::min(indent, line.size())) + "\n";
  return text;
}

/// What stands between the markers, or nothing when they are not there.
std::optional<std::string> marked(const fs::path& file, const std::string& marker) {
  std::vector<std::string> block;
  bool inside = false;
  for (const std::string& line : lines(read(root / file))) {
    if (line.find("// [" + marker + "]") != std::string::npos) {
      inside = true;
    } else if (line.find("// [/" + marker + "]") != std::string::npos) {
      return without_common_indent(block);
    } else if (inside) {
      block.push_back(line);
    }
  }
  return std::nullopt;
}

TEST(documents, quote_the_code_that_is_compiled) {
  static const std::regex quotation{R"(^<!-- ([^ :]+):([^ :]+) -->$)"};
  int quotations = 0;
  for (const fs::path& document : documents()) {
    const auto text = lines(read(root / document));
    for (std::size_t i = 0; i < text.size(); ++i) {
      std::smatch match;
      if (!std::regex_match(text[i], match, quotation)) continue;
      const std::string place = document.string() + ":" + std::to_string(i + 1);
      ASSERT_TRUE(i + 1 < text.size() && text[i + 1].starts_with("```"))
          << place << ": no code block follows";
      std::vector<std::string> block;
      for (i += 2; i < text.size() && !text[i].starts_with("```"); ++i) block.push_back(text[i]);
      const auto source = marked(match[1].str(), match[2].str());
      ASSERT_TRUE(source) << place << ": " << match[1] << " has no block " << match[2];
      EXPECT_EQ(without_common_indent(block), *source) << place << " differs from " << match[1];
      ++quotations;
    }
  }
  EXPECT_GT(quotations, 0);
}

/// C++ in the documents is a quotation, so that none goes stale.
TEST(documents, have_no_code_that_is_not_compiled) {
  for (const fs::path& document : documents()) {
    const auto text = lines(read(root / document));
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (!text[i].starts_with("```cpp") && !text[i].starts_with("```c++")) continue;
      EXPECT_TRUE(i > 0 && text[i - 1].starts_with("<!-- ")) << document << ":" << i + 1;
    }
  }
}

TEST(documents, have_no_dead_relative_link) {
  static const std::regex link{R"(\]\(([^)# ]+)(#[^) ]*)?\))"};
  for (const fs::path& document : documents()) {
    const std::string text = read(root / document);
    for (std::sregex_iterator at{text.begin(), text.end(), link}, end; at != end; ++at) {
      const std::string target = (*at)[1];
      if (target.find("://") != std::string::npos || target.starts_with("mailto:")) continue;
      EXPECT_TRUE(fs::exists(root / document.parent_path() / target)) << document << " links to " << target;
    }
  }
}

}  // namespace documents_test
}  // namespace datolite::house
