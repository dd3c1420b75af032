// The demo: 3,000 real packages into an engine, and five questions, with what each answer cost.
//
//   datolite_demo [lmdb] [leveldb] [memory]      (all three, in this order, when none is named)
//
// Reads tests/data/ below the current directory; keeps its stores in a temporary directory and removes them. Returns
// 1 if an answer is not the known one.
#include <datolite/datolite.hpp>
#include <datolite/engines/url.hpp>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using datolite::db;

/// One question, and how many rows are known to answer it.
struct question {
  const char* title;
  const char* query;
  std::function<datolite::query::result(const question&, const db&, datolite::io_counters&)> ask;
  std::size_t expected;
};

datolite::query::result plainly(const question& q, const db& of, datolite::io_counters& io) {
  return datolite::q({.query = q.query, .args = {of}, .io = &io});
}

const char* const what_needs = R"([[(needs ?p ?d) [?p :package/depends ?d]]
     [(needs ?p ?d) [?p :package/depends ?m] (needs ?m ?d)]])";

const std::vector<question>& questions() {
  static const std::vector<question> all{
      {"packages that depend directly on libc6",
       R"([:find ?name
     :where [?libc :package/name "libc6"] [?p :package/depends ?libc] [?p :package/name ?name]])",
       plainly, 1351},
      {"installed size from 1000 up to 2000 KiB: the range reaches the index, as a seek",
       R"([:find ?name ?size
     :where [?p :package/installed-size ?size] [(<= 1000 ?size)] [(< ?size 2000)] [?p :package/name ?name]])",
       plainly, 192},
      {"the same by an opaque C++ predicate: every size is read",
       R"([:find ?name ?size :in $ ?fits
     :where [?p :package/installed-size ?size] [(?fits ?size)] [?p :package/name ?name]])",
       [](const question& q, const db& of, datolite::io_counters& io) {
         const auto fits = [](std::int64_t size) { return 1000 <= size && size < 2000; };
         return datolite::q({.query = q.query, .args = {of, fits}, .io = &io});
       },
       192},
      {"network programs and the libraries over 5000 KiB that they depend on",
       R"([:find ?program ?library
     :where [?p :package/section "net"] [?p :package/depends ?l] [?l :package/section "libs"]
            [?l :package/installed-size ?size] [(< 5000 ?size)]
            [?p :package/name ?program] [?l :package/name ?library]])",
       plainly, 19},
      {"everything that python3 needs, by a recursive rule",
       R"([:find ?name :in $ %
     :where [?python :package/name "python3"] (needs ?python ?d) [?d :package/name ?name]])",
       [](const question& q, const db& of, datolite::io_counters& io) {
         return datolite::q({.query = q.query, .args = {of, datolite::read_edn(what_needs)}, .io = &io});
       },
       40},
  };
  return all;
}

double milliseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>{std::chrono::steady_clock::now() - start}.count();
}

std::string read_file(const fs::path& path) {
  std::ifstream in{path, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  if (!in || text.empty()) {
    throw datolite::error{datolite::error_category::not_found, "db.error/no-such-file",
                          path.string() + " cannot be read: run this from the repository's folder"};
  }
  return text;
}

/// Transacts one file's form; returns the number of datoms.
std::size_t import_file(datolite::connection& to, const fs::path& path) {
  return to.transact(datolite::read_edn(read_file(path), path.string())).tx_data.size();
}

void print_rows(const datolite::query::result& found) {
  constexpr std::size_t shown = 3;
  const datolite::value rows = found.as_value();  // a set: in order, so that every engine shows the same first ones
  for (std::size_t i = 0; i < std::min(shown, rows.elements().size()); ++i)
    std::printf("     %s\n", datolite::to_edn(rows.elements()[i], datolite::edn_style::plain).c_str());
  if (rows.elements().size() > shown) std::printf("     …\n");
}

/// What an answer cost, in columns, so that those of one kind stand below each other.
void print_cost(std::size_t rows, double taken, const datolite::io_counts& cost) {
  const auto number = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
  std::printf("   %5zu rows %8.2f ms   seeks %5llu   steps %5llu   reads %5llu\n", rows, taken,
              number(cost.seeks), number(cost.steps), number(cost.reads));
}

bool answer(const question& q, const db& of) {
  datolite::io_counters io;
  const auto start = std::chrono::steady_clock::now();
  const datolite::query::result found = q.ask(q, of, io);
  const double taken = milliseconds_since(start);

  std::printf("\n  %s\n     %s\n", q.title, q.query);
  print_rows(found);
  print_cost(found.size(), taken, io.total());
  if (found.size() == q.expected) return true;
  std::printf("   WRONG: %zu rows were expected\n", q.expected);
  return false;
}

bool show(const std::string& engine, const fs::path& folder) {
  const std::string url = engine == "memory" ? "mem:" : engine + ":" + (folder / ("packages." + engine)).string();
  datolite::connection conn{datolite::engines::open_url(url)};
  std::printf("\n== %s\n", engine.c_str());

  const auto start = std::chrono::steady_clock::now();
  const fs::path data{"tests/data"};
  std::size_t datoms = import_file(conn, data / "debian-schema.edn");
  datoms += import_file(conn, data / "debian-packages.edn");
  std::printf("   imported %zu datoms in %.0f ms, two transactions\n", datoms, milliseconds_since(start));

  bool right = true;
  for (const question& q : questions()) right = answer(q, conn.db()) && right;
  conn.close();
  return right;
}

/// A new directory, removed with all it holds at the end.
class scratch_directory {
 public:
  scratch_directory() {
    std::string name = (fs::temp_directory_path() / "datolite-demo-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw fs::filesystem_error{"mkdtemp", name, std::error_code{errno, std::generic_category()}};
    path_ = name;
  }
  scratch_directory(const scratch_directory&) = delete;
  scratch_directory& operator=(const scratch_directory&) = delete;
  ~scratch_directory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const noexcept { return path_; }

 private:
  fs::path path_;
};

}  // namespace

int main(int argc, char** argv) {
  try {
    std::vector<std::string> engines{argv + 1, argv + argc};
    if (engines.empty()) engines = {"lmdb", "leveldb", "memory"};
    const scratch_directory scratch;
    bool right = true;
    for (const std::string& engine : engines) right = show(engine, scratch.path()) && right;
    return right ? 0 : 1;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "demo: %s\n", e.what());
    return 1;
  }
}
