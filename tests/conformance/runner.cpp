// Runs conformance cases: conformance [--engine memory|lmdb|leveldb] [--only REGEX] [--except REGEX] FILE…
//
// A file holds one EDN map a case: :case :schema :txs :query :view :args, and :expect or :expect-error. Prints every
// failing case with what was expected and what came, closes with "N passed, N failed", and exits 1 if any failed.
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include <stdlib.h>

#include <datolite/adapters/db_source.hpp>
#include <datolite/core/edn.hpp>
#include <datolite/core/value_comparison.hpp>
#include <datolite/core/value_equality.hpp>
#include <datolite/datoms/connection.hpp>
#include <datolite/engines/url.hpp>
#include <datolite/query/query.hpp>

namespace {

using namespace datolite;

/// A directory of its own for each database; gone with it.
class scratch {
 public:
  scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "conformance-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error{"no temporary directory can be made"};
    path_ = name;
  }
  scratch(const scratch&) = delete;
  ~scratch() { std::filesystem::remove_all(path_); }
  std::string operator/(const char* file) const { return (path_ / file).string(); }

 private:
  std::filesystem::path path_;
};

any_storage open_engine(const std::string& engine, const scratch& place) {
  if (engine == "memory") return engines::open_url("mem:");
  return engines::open_url(engine + ":" + (place / "db"), {.durability = durability_level::process});
}

bool agree(const value& expected, const value& found, bool ordered = true);

/// Whether each element of one can be paired with an element of the other that it agrees with.
bool agree_in_any_order(std::span<const value> expected, std::span<const value> found, bool ordered) {
  if (expected.size() != found.size()) return false;
  std::vector<bool> taken(found.size());
  for (const value& wanted : expected) {
    std::size_t i = 0;
    while (i < found.size() && (taken[i] || !agree(wanted, found[i], ordered))) ++i;
    if (i == found.size()) return false;
    taken[i] = true;
  }
  return true;
}

bool is_number(const value& v) {
  return v.is(kind::long_) || v.is(kind::ref) || v.is(kind::double_) || v.is(kind::float_) || v.is(kind::bigint);
}

std::optional<double> as_double(const value& v) {
  if (v.is(kind::double_)) return v.as_double();
  if (v.is(kind::float_)) return v.as_float();
  if (v.is(kind::long_) || v.is(kind::ref)) return static_cast<double>(v.word());
  return std::nullopt;
}

bool maps_agree(const value& expected, const value& found) {
  if (expected.entries().size() != found.entries().size()) return false;
  for (const map_entry& entry : expected.entries()) {
    bool met = false;
    for (const map_entry& other : found.entries()) {
      met = met || (agree(entry.key, other.key) && agree(entry.val, other.val, false));
    }
    if (!met) return false;
  }
  return true;
}

/// Whether what was found is what was expected: doubles within 1e-9, a whole double for a long; vectors inside a
/// map in any order.
bool agree(const value& expected, const value& found, bool ordered) {
  if (is_number(expected) && is_number(found)) {
    if (query_equal(expected, found)) return true;
    const auto x = as_double(expected);
    const auto y = as_double(found);
    const bool approximate = expected.is(kind::double_) || found.is(kind::double_);
    return approximate && x && y && std::abs(*x - *y) <= 1e-9 * std::max({1.0, std::abs(*x), std::abs(*y)});
  }
  if (expected.is(kind::map) && found.is(kind::map)) return maps_agree(expected, found);
  if (expected.is(kind::set) && found.is(kind::set)) {
    return agree_in_any_order(expected.elements(), found.elements(), ordered);
  }
  if (expected.is_sequential() && found.is_sequential()) {
    if (!ordered) return agree_in_any_order(expected.elements(), found.elements(), false);
    const auto a = expected.elements();
    const auto b = found.elements();
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (!agree(a[i], b[i])) return false;
    }
    return true;
  }
  return query_equal(expected, found);
}

/// By the find spec: relations and collections are compared without regard to order.
bool answers(const value& expected, const query::result& found) {
  const value got = found.as_value();
  const bool several =
      found.shape() == query::find_shape::relation || found.shape() == query::find_shape::collection;
  if (several) return agree_in_any_order(expected.elements(), got.elements(), true);
  return agree(expected, got);
}

const value& part(const value& one, const char* key) {
  static const value none;
  const value* found = find_keyword(one, key);
  return found != nullptr ? *found : none;
}

db view_of(const connection& conn, const value& view, const std::vector<std::int64_t>& ts) {
  const auto moment = [&](const char* key) -> std::optional<value> {
    const value& k = part(view, key);
    if (k.is_nil()) return std::nullopt;
    return value{k.as_long() == 0 ? 999 : ts.at(static_cast<std::size_t>(k.as_long()) - 1)};
  };
  db seen = conn.db();
  if (const auto t = moment("as-of")) seen = seen.as_of(*t);
  if (const auto t = moment("since")) seen = seen.since(*t);
  if (!part(view, "history").is_nil()) seen = seen.history();
  return seen;
}

/// Runs one case on a fresh database.
query::result run(const value& one, const std::string& engine) {
  const scratch place;
  connection conn{open_engine(engine, place)};
  if (!part(one, "schema").elements().empty()) conn.transact(part(one, "schema"));
  std::vector<std::int64_t> ts;
  for (const value& tx : part(one, "txs").elements()) ts.push_back(conn.transact(tx).t);
  const db seen = view_of(conn, part(one, "view"), ts);
  std::vector<query::argument> args;
  for (const value& arg : part(one, "args").elements()) {
    args.push_back(arg.is_symbol("$") ? query::argument{seen} : query::argument{arg});
  }
  return q({.query = part(one, "query"), .args = std::move(args)});
}

/// What is wrong with a case's outcome; empty if nothing is.
std::string failure(const value& one, const std::string& engine) {
  const bool refusal = !part(one, "expect-error").is_nil();
  try {
    const query::result found = run(one, engine);
    if (refusal) return "expected an error, got " + to_edn(found.as_value());
    if (answers(part(one, "expect"), found)) return {};
    return "expected " + to_edn(part(one, "expect")) + "\n  got      " + to_edn(found.as_value());
  } catch (const error& e) {
    if (refusal) return {};
    return "expected " + to_edn(part(one, "expect")) + "\n  got the error " + e.code() + ": " + e.message();
  }
}

std::string contents(const std::string& file) {
  std::ifstream in{file, std::ios::binary};
  if (!in) throw std::runtime_error{"cannot read " + file};
  std::ostringstream all;
  all << in.rdbuf();
  return all.str();
}

struct settings {
  std::string engine = "memory";
  std::optional<std::regex> only;
  std::optional<std::regex> except;
  std::vector<std::string> files;
};

settings read_arguments(int argc, char** argv) {
  settings out;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--engine" && i + 1 < argc) {
      out.engine = argv[++i];
    } else if (argument == "--only" && i + 1 < argc) {
      out.only = std::regex{argv[++i]};
    } else if (argument == "--except" && i + 1 < argc) {
      out.except = std::regex{argv[++i]};
    } else {
      out.files.push_back(argument);
    }
  }
  const bool known = out.engine == "memory" || out.engine == "lmdb" || out.engine == "leveldb";
  if (out.files.empty() || !known) {
    throw std::runtime_error{"usage: conformance [--engine memory|lmdb|leveldb] [--only REGEX] [--except REGEX] FILE..."};
  }
  return out;
}

int run_all(const settings& wanted) {
  int passed = 0;
  int failed = 0;
  for (const std::string& file : wanted.files) {
    const std::string text = contents(file);
    edn_reader cases{text, file};
    while (const auto one = cases.next()) {
      const std::string name{part(*one, "case").as_string()};
      if (wanted.only && !std::regex_search(name, *wanted.only)) continue;
      if (wanted.except && std::regex_search(name, *wanted.except)) continue;
      const std::string what = failure(*one, wanted.engine);
      ++(what.empty() ? passed : failed);
      if (!what.empty()) std::cout << "FAILED " << name << "\n  " << what << "\n";
    }
  }
  std::cout << passed << " passed, " << failed << " failed\n";
  return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run_all(read_arguments(argc, argv));
  } catch (const std::exception& e) {
    std::cerr << e.what() << "\n";
    return 2;
  }
}
