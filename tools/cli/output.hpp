// How the program shows rows: as a table for people, as JSON or EDN for programs.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iostream>
#include <ostream>
#include <string>
#include <vector>

#include <datolite/adapters/json.hpp>
#include <datolite/core/edn.hpp>
#include <datolite/core/value.hpp>

namespace cli {

using datolite::value;

enum class format { table, json, edn };

struct table {
  std::vector<std::string> columns;
  std::vector<std::vector<value>> rows;
};

/// `name`, or with a number behind it if a column has that name already: rows are printed as maps, too.
inline std::string unused_name(const std::string& name, const std::vector<std::string>& columns) {
  const auto used = [&](const std::string& one) { return std::find(columns.begin(), columns.end(), one) != columns.end(); };
  std::string out = name;
  for (int number = 2; used(out); ++number) out = name + "-" + std::to_string(number);
  return out;
}

/// A column's name as the key of an EDN map: a keyword, or a string where it is an expression.
inline std::string edn_key(const std::string& name) {
  return name.starts_with('(') ? datolite::to_edn(value{name}) : ":" + name;
}

/// Characters of UTF-8 text, not bytes.
inline std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xC0) != 0x80; }));
}

inline std::string cell(const value& v) {
  return v.is(datolite::kind::string) ? std::string{v.raw()} : datolite::to_edn(v, datolite::edn_style::plain);
}

inline bool is_number(const value& v) {
  using datolite::kind;
  return v.is(kind::long_) || v.is(kind::double_) || v.is(kind::ref) || v.is(kind::float_);
}

inline void print_aligned(std::ostream& out, const table& t) {
  std::vector<std::size_t> widths;
  for (const std::string& name : t.columns) widths.push_back(width_of(name));
  std::vector<std::vector<std::string>> cells;
  for (const auto& row : t.rows) {
    cells.emplace_back();
    for (std::size_t i = 0; i < row.size(); ++i) {
      cells.back().push_back(cell(row[i]));
      widths[i] = std::max(widths[i], width_of(cells.back().back()));
    }
  }
  const auto put = [&](const std::string& text, std::size_t i, bool right, bool last) {
    const std::string gap(widths[i] - width_of(text), ' ');
    out << (right ? gap + text : last ? text : text + gap) << (last ? "\n" : "  ");
  };
  for (std::size_t i = 0; i < t.columns.size(); ++i) {
    const bool right = !t.rows.empty() && is_number(t.rows[0][i]);
    put(t.columns[i], i, right, i + 1 == t.columns.size());
  }
  for (std::size_t r = 0; r < cells.size(); ++r) {
    for (std::size_t i = 0; i < cells[r].size(); ++i) {
      put(cells[r][i], i, is_number(t.rows[r][i]), i + 1 == cells[r].size());
    }
  }
}

/// JSON: an array with an object a row. EDN: a vector with a map a row.
inline void print(std::ostream& out, const table& t, format as) {
  if (as == format::table) return print_aligned(out, t);
  if (as == format::json) {
    auto all = datolite::adapters::json::array();
    for (const auto& row : t.rows) {
      auto one = datolite::adapters::json::object();
      for (std::size_t i = 0; i < row.size(); ++i) one[t.columns[i]] = datolite::adapters::to_json(row[i]);
      all.push_back(std::move(one));
    }
    out << all.dump(2) << "\n";
    return;
  }
  out << "[";
  const char* between = "";
  for (const auto& row : t.rows) {
    out << between << "{";
    for (std::size_t i = 0; i < row.size(); ++i) {
      out << (i == 0 ? "" : ", ") << edn_key(t.columns[i]) << " "
          << datolite::to_edn(row[i], datolite::edn_style::plain);
    }
    out << "}";
    between = "\n ";
  }
  out << "]\n";
}

}  // namespace cli
