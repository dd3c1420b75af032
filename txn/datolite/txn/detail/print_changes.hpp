// print_changes: a transaction's changes as EDN text.
#pragma once

#include <string>

#include <datolite/core/bytes.hpp>
#include <datolite/core/edn.hpp>
#include <datolite/core/encode.hpp>
#include <datolite/core/value.hpp>
#include <datolite/txn/detail/overlay.hpp>

namespace datolite::txn::detail {

/// Text as a string, so that people can read it, and other bytes as bytes.
inline void print_readable(std::string& out, bytes_view raw) {
  const std::size_t start = out.size();
  print_edn(out, value{raw});
  if (out[start] == '"') return;  // not a string that EDN can spell: it is not UTF-8
  out.resize(start);
  print_edn(out, value::bytes(raw));
}

/// A vector of [:put key bytes], [:put-value key value] and [:erase key], one a line.
inline std::string print_changes(const overlay& own) {
  std::string out{"["};
  for (auto&& [key, what] : own.changes()) {
    if (out.size() > 1) out += "\n ";
    out += what.removed() ? "[:erase " : what.form() == change_form::edn ? "[:put-value " : "[:put ";
    print_readable(out, key);
    if (!what.removed()) out += ' ';
    if (bytes_view raw = what.value(); what.form() == change_form::edn) {
      print_edn(out, decode_value(raw));
    } else if (!what.removed()) {
      print_readable(out, raw);
    }
    out += ']';
  }
  return out += ']';
}

}  // namespace datolite::txn::detail
