// doc_table: the rows of a table in a document, so that what a document promises is what a test asks for.
#pragma once

#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace datolite::test {

/// The cells of every row of the tables in `file` that starts with a cell in backquotes; the quotes are taken
/// off. No cell may hold a vertical bar.
inline std::vector<std::vector<std::string>> doc_table(const std::string& file) {
  std::vector<std::vector<std::string>> rows;
  std::ifstream in{file};
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("| `")) continue;
    std::vector<std::string> cells;
    for (std::size_t at = 1; at < line.size();) {
      const std::size_t bar = line.find('|', at);
      if (bar == line.npos) break;
      std::string_view cell{line.data() + at, bar - at};
      while (!cell.empty() && cell.front() == ' ') cell.remove_prefix(1);
      while (!cell.empty() && cell.back() == ' ') cell.remove_suffix(1);
      if (cell.size() >= 2 && cell.front() == '`' && cell.back() == '`')
        cell = cell.substr(1, cell.size() - 2);
      cells.emplace_back(cell);
      at = bar + 1;
    }
    rows.push_back(std::move(cells));
  }
  return rows;
}

}  // namespace datolite::test
