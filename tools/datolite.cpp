// datolite: a database at the command line.
#include <algorithm>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <cli/database.hpp>
#include <cli/export.hpp>
#include <cli/import.hpp>
#include <cli/output.hpp>
#include <datolite/adapters/db_source.hpp>
#include <datolite/core/edn.hpp>
#include <datolite/core/version.hpp>
#include <datolite/datoms/connection.hpp>
#include <datolite/datoms/entity_id.hpp>
#include <datolite/datoms/store_check.hpp>
#include <datolite/datoms/store_figures.hpp>
#include <datolite/engines/lmdb.hpp>
#include <datolite/query/parse.hpp>
#include <datolite/query/query.hpp>

namespace {

using namespace datolite;

struct settings {
  std::string url;
  cli::format format = cli::format::table;
  cli::import_options import;
  std::string output = "-";
  std::string query;
  std::vector<std::string> inputs;
  std::string as_of;
  bool stats = false;
  std::string form;
  std::int64_t from = 0;
  std::int64_t to = std::numeric_limits<std::int64_t>::max();
};

void run_import(const settings& s) {
  cli::import_options wanted = s.import;
  wanted.url = s.url;
  const cli::import_report done = cli::import(wanted);
  std::cerr << "imported " << done.datoms << " datoms in " << done.transactions
            << (done.transactions == 1 ? " transaction\n" : " transactions\n");
}

void run_export(const settings& s) {
  const connection conn = cli::open_existing(s.url);
  if (s.output == "-") return cli::export_transactions(conn, std::cout);
  std::ofstream out{s.output, std::ios::binary};
  cli::export_transactions(conn, out);
  out.close();
  if (!out) {
    throw error{error_category::unavailable, "cli/unwritable", "the file " + s.output + " could not be written"};
  }
}

/// The arguments in :in order: the database for $, the --in values for all else.
std::vector<query::argument> arguments_for(const query::query_ast& ast, const db& seen,
                                           const std::vector<std::string>& inputs) {
  std::vector<query::argument> args;
  std::size_t next = 0;
  for (const query::query_input& input : ast.inputs) {
    if (input.form.is_symbol("$")) {
      args.emplace_back(seen);
    } else if (next < inputs.size()) {
      args.emplace_back(read_edn(inputs[next], "--in"));
      ++next;
    } else {
      throw error{error_category::incorrect, "cli/too-few-inputs",
                  "the query's input " + to_edn(input.form) + " has no --in; they go in the order of :in"};
    }
  }
  if (next < inputs.size()) {
    throw error{error_category::incorrect, "cli/too-many-inputs",
                "there are " + std::to_string(inputs.size()) + " --in, but the query's :in takes " +
                    std::to_string(next)};
  }
  return args;
}

/// A find element's name as a column: "?name" without its question mark, an aggregate as it is written.
std::string column_name(const value& form) {
  return form.is(kind::symbol) ? std::string{form.raw().substr(1)} : to_edn(form);
}

void run_query(const settings& s) {
  const value form = read_edn(s.query == "-" ? cli::standard_input() : s.query, "query");
  const query::query_ast ast = query::parse_query(form);
  const connection conn = cli::open_existing(s.url);
  db seen = conn.db();
  if (!s.as_of.empty()) seen = seen.as_of(read_edn(s.as_of, "--as-of"));
  const auto found = q({.query = form,
                        .args = arguments_for(ast, seen, s.inputs),
                        .query_stats = s.stats,
                        .io_context = s.stats ? value::keyword("datolite/query") : value{}});
  cli::table out;
  for (const auto& element : ast.find) out.columns.push_back(cli::unused_name(column_name(element.form), out.columns));
  for (const auto& row : found) {
    out.rows.emplace_back();
    for (std::size_t i = 0; i < row.size(); ++i) out.rows.back().push_back(row[i]);
  }
  std::sort(out.rows.begin(), out.rows.end());
  cli::print(std::cout, out, s.format);
  if (s.format == cli::format::table) {
    std::cerr << out.rows.size() << (out.rows.size() == 1 ? " row\n" : " rows\n");
  }
  if (s.stats) std::cerr << to_edn(found.query_stats()) << "\n" << to_edn(found.io_stats()) << "\n";
}

void run_transact(const settings& s) {
  connection conn = cli::open_existing(s.url);
  const value data = read_edn(s.form == "-" ? cli::standard_input() : s.form, "transaction");
  const tx_report made = conn.transact(data);
  std::vector<map_entry> tempids;
  for (const auto& [name, e] : made.tempids) tempids.push_back({name, value{e}});
  cli::table out{{"t", "datoms", "tempids"},
                 {{value{made.t}, value{static_cast<std::int64_t>(made.tx_data.size())}, make_map(tempids)}}};
  cli::print(std::cout, out, s.format);
}

/// The bytes of the files below a path.
std::uintmax_t size_on_disk(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(path, ignored)) return std::filesystem::file_size(path, ignored);
  std::uintmax_t sum = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator{path, ignored}) {
    if (entry.is_regular_file(ignored)) sum += entry.file_size(ignored);
  }
  return sum;
}

std::int64_t count_datoms(const db& seen, attribute_id a) {
  datom_range range;
  range.index = index_order::aevt;
  range.a = a;
  const auto cursor = seen.access().open_cursor(index_order::aevt, components::e);
  cursor->seek(range);
  std::int64_t sum = 0;
  for (datom_columns batch; cursor->next_batch(batch, 1024);) sum += static_cast<std::int64_t>(batch.size);
  return sum;
}

/// Reads all of the database in a child process: an engine may trust a damaged file so far that it takes its process
/// along.
void run_check(const settings& s) {
  std::cout.flush();
  const pid_t child = ::fork();
  if (child == 0) {
    std::size_t problems = 1;
    try {
      problems = datoms::check_store(engines::open_url(s.url, {.create_if_missing = false}),
                                     [](const std::string& what) { std::cerr << "datolite: " << what << "\n"; });
    } catch (const std::exception& e) {
      const auto* const ours = dynamic_cast<const error*>(&e);
      std::cerr << "datolite: " << (ours != nullptr ? ours->message() : std::string{e.what()}) << "\n";
    }
    ::_exit(problems == 0 ? 0 : 1);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) {
    throw error{error_category::unavailable, "cli/no-child", "no process could be started to read the database in"};
  }
  if (WIFSIGNALED(status)) {
    throw error{error_category::corrupt, "cli/damaged",
                s.url + " is damaged so that reading it killed the process, by signal " + std::to_string(WTERMSIG(status)) +
                    ": restore it from a backup"};
  }
  if (WEXITSTATUS(status) != 0) {
    throw error{error_category::corrupt, "cli/damaged", s.url + " is not whole"};
  }
  std::cout << s.url << " is whole: every checksum, the log's chain, the order of all indexes, and that they hold what "
            << "the log says\n";
}

void run_compact(const settings& s) {
  connection conn = cli::open_existing(s.url);
  std::cout << (conn.merge() ? "merged what was new into blocks\n" : "nothing was new\n");
  if (s.output == "-") return;
  any_storage to = engines::open_url(s.output);
  auto present = to.open_iterator(everything());
  present.seek_first();
  if (present.valid()) {
    throw error{error_category::incorrect, "cli/not-empty", s.output + " is not empty: name a new place for --into"};
  }
  const any_snapshot all = conn.storage().snapshot();
  auto it = all.open_iterator(everything());
  it.seek_first();
  bool first = true;
  to.bulk_load([&]() -> std::optional<change> {
    if (!std::exchange(first, false)) it.next();
    if (!it.valid()) return std::nullopt;
    return change{it.key(), it.value()};
  });
  to.close();
  std::cout << "copied into " << s.output << "\n";
}

/// How a packed database stands, as rows of a name and a number. What holds back the engine's pages is known of all
/// processes where the engine is LMDB, in commits; in milliseconds of this process alone.
std::vector<std::pair<std::string, std::int64_t>> packed_rows(const connection& conn, const db& now) {
  std::vector<std::pair<std::string, std::int64_t>> rows;
  const auto f = datoms::figures_of(now);
  if (!f) return rows;
  const auto add = [&](std::string name, std::uint64_t n) { rows.emplace_back(std::move(name), static_cast<std::int64_t>(n)); };
  add("generation", f->generation);
  rows.emplace_back("merged-t", f->merged_t);
  add("novelty", f->novelty);
  const char* const names[] = {"eavt", "aevt", "avet", "vaet"};
  for (std::size_t i = 0; i < 4; ++i) {
    for (const bool past : {false, true}) {
      const datoms::tree_figures& t = (past ? f->past : f->current)[i];
      const std::string name = std::string{names[i]} + (past ? "-past" : "");
      add(name + "-rows", t.rows), add(name + "-blocks", t.blocks), add(name + "-bytes", t.bytes);
    }
  }
  add("snapshots-held", f->snapshots.number);
  rows.emplace_back("oldest-snapshot-milliseconds", f->snapshots.oldest_milliseconds);
  if (const auto* const lmdb = conn.storage().target<engines::lmdb>()) {
    add("oldest-snapshot-commits", lmdb->info().oldest_snapshot);
  }
  add("cache-hits", f->cache.hits), add("cache-misses", f->cache.misses), add("cache-bytes", f->cache.bytes);
  return rows;
}

void run_stats(const settings& s) {
  const connection conn = cli::open_existing(s.url);
  const db now = conn.db();
  cli::table out{{"attribute", "datoms"}, {}};
  std::int64_t all = 0;
  for (const attribute_facts* a : now.attributes()) {
    const std::int64_t n = count_datoms(now, a->id);
    if (n != 0) out.rows.push_back({a->ident, value{n}});
    all += n;
  }
  const std::string path = cli::path_of(s.url);
  const auto disk = static_cast<std::int64_t>(path.empty() ? 0 : size_on_disk(path));
  if (s.format != cli::format::table) {
    return cli::print(std::cout,
                      {{"engine", "basis-t", "datoms", "bytes-on-disk", "packed", "datoms-by-attribute"},
                       {{value{conn.storage().engine_name()}, value{now.basis_t()}, value{all}, value{disk}, [&] {
                           std::vector<map_entry> by;
                           for (const auto& [name, n] : packed_rows(conn, now)) by.push_back({value::keyword(name), value{n}});
                           return make_map(by);
                         }(), [&] {
                           std::vector<map_entry> by;
                           for (const auto& row : out.rows) by.push_back({row[0], row[1]});
                           return make_map(by);
                         }()}}},
                      s.format);
  }
  cli::print(std::cout, out, s.format);
  std::cout << "\nengine      " << conn.storage().engine_name() << "\ndurability  "
            << to_string(conn.storage().durability()) << "\nbasis T     " << now.basis_t() << "\ndatoms      " << all
            << " current facts\n";
  if (!path.empty()) std::cout << "on disk     " << disk << " bytes\n";
  for (const auto& [name, n] : packed_rows(conn, now)) std::cout << name << std::string(name.size() < 30 ? 30 - name.size() : 1, ' ') << n << "\n";
}

void run_log(const settings& s) {
  const connection conn = cli::open_existing(s.url);
  cli::table out{{"t", "instant", "datoms", "retractions"}, {}};
  conn.tx_range(std::max(s.from, datoms::first_user_t), s.to, [&](const datoms::log_record& tx) {
    out.rows.push_back({value{tx.t}, value::instant(tx.instant), value{static_cast<std::int64_t>(tx.datoms.size())},
                        value{static_cast<std::int64_t>(tx.retracted.size())}});
    return true;
  });
  cli::print(std::cout, out, s.format);
}

void run_schema(const settings& s) {
  const connection conn = cli::open_existing(s.url);
  const db now = conn.db();
  cli::table out{{"ident", "type", "cardinality", "unique", "index", "component"}, {}};
  for (const attribute_facts* a : now.attributes()) {
    if (a->id < datoms::first_user_element) continue;
    const value unique = a->unique == uniqueness::identity ? value::keyword("identity")
                         : a->unique == uniqueness::value  ? value::keyword("value")
                                                           : value{};
    out.rows.push_back({a->ident, a->type == kind::nil ? value{} : value::keyword(to_string(a->type)),
                        value::keyword(a->many ? "many" : "one"), unique, value{a->indexed}, value{a->component}});
  }
  cli::print(std::cout, out, s.format);
}

struct command {
  CLI::App* app;
  void (*run)(const settings&);
};

/// The option is read where it was parsed (`run`), not into a variable that all subcommands share: those that were
/// not asked for are given the environment's value too, and would write it over what was typed.
CLI::App* with_database(CLI::App* app) {
  app->add_option("--db", "the database: lmdb:PATH, leveldb:PATH, or mem: for one that is gone at the end")
      ->required()
      ->envname("DATOLITE_DB");
  return app;
}

CLI::App* with_format(CLI::App* app, settings& s) {
  static const std::map<std::string, cli::format> formats{
      {"table", cli::format::table}, {"json", cli::format::json}, {"edn", cli::format::edn}};
  app->add_option_function<std::string>(
         "--format", [&s](const std::string& name) { s.format = formats.at(name); }, "table, json or edn")
      ->check(CLI::IsMember(formats));
  return app;
}

std::vector<command> describe(CLI::App& app, settings& s) {
  std::vector<command> all;
  CLI::App* one = with_database(app.add_subcommand("import", "Applies transactions from EDN files, all or nothing"));
  one->add_option("FILE", s.import.files, "files of transactions, in order; - is the standard input")->required();
  one->add_option("--batch", s.import.batch,
                  "cut transactions into parts of so many forms; each is committed by itself, and stays if a later one fails")
      ->check(CLI::PositiveNumber);
  one->add_option("--memory", s.import.memory,
                  "megabytes that a new database's indexes, or those of batches, may take while they are made")
      ->check(CLI::PositiveNumber);
  one->add_flag("--open-schema", s.import.open_schema, "let a new database take attributes that were not declared");
  all.push_back({one, run_import});

  one = with_database(app.add_subcommand("export", "Writes all transactions as EDN, for import"));
  one->add_option("FILE", s.output, "where to; the standard output if left out");
  all.push_back({one, run_export});

  one = with_format(with_database(app.add_subcommand("query", "Asks a Datalog query")), s);
  one->add_option("QUERY", s.query, "the query as EDN; - reads it from the standard input")->required();
  one->add_option("--in", s.inputs, "the inputs other than $, as EDN, in the order of :in; may be repeated")
      ->allow_extra_args(false);
  one->add_option("--as-of", s.as_of, "ask the past: a T, a transaction's id, or an #inst");
  one->add_flag("--stats", s.stats, "tell on the standard error what it did and read");
  all.push_back({one, run_query});

  one = with_format(with_database(app.add_subcommand("transact", "Applies one transaction")), s);
  one->add_option("DATA", s.form, "transaction data as EDN; - reads it from the standard input")->required();
  all.push_back({one, run_transact});

  one = with_format(with_database(app.add_subcommand("stats", "Counts datoms by attribute, tells sizes")), s);
  all.push_back({one, run_stats});

  one = with_database(app.add_subcommand("check", "Reads all there is, and says what is wrong with it and where"));
  all.push_back({one, run_check});

  one = with_database(app.add_subcommand("compact", "Moves what is new into blocks"));
  one->add_option("--into", s.output, "copy the database into this new one as well, as small as it gets");
  all.push_back({one, run_compact});

  one = with_format(with_database(app.add_subcommand("log", "Lists transactions")), s);
  one->add_option("--from", s.from, "the first T");
  one->add_option("--to", s.to, "the T before which to stop");
  all.push_back({one, run_log});

  one = with_format(with_database(app.add_subcommand("schema", "Lists attributes")), s);
  all.push_back({one, run_schema});
  return all;
}

std::string version() {
  return std::to_string(version_major) + "." + std::to_string(version_minor) + "." + std::to_string(version_patch);
}

const char* const teaching = R"(
A first database:
  datolite import --db lmdb:films.db schema.edn films.edn
  datolite query --db lmdb:films.db '[:find ?t ?y :where [?f :film/title ?t] [?f :film/year ?y] [(< ?y 1980)]]'
  datolite query --db lmdb:films.db '[:find ?t :in $ ?y :where [?f :film/year ?y] [?f :film/title ?t]]' --in 1979
  datolite transact --db lmdb:films.db '[{:film/title "Alien" :film/year 1979}]'
where schema.edn holds
  [{:db/ident :film/title :db/valueType :db.type/string :db/cardinality :db.cardinality/one}
   {:db/ident :film/year  :db/valueType :db.type/long   :db/cardinality :db.cardinality/one :db/index true}]

Exit codes: 0 done, 1 refused or failed (the reason is on the standard error), 2 wrong usage.
DATOLITE_DB in the environment stands for --db.)";

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"datolite " + version() + ": an immutable database of facts, asked by Datalog"};
  app.require_subcommand(1);
  app.set_version_flag("--version", version());
  app.footer(teaching);
  settings s;
  const std::vector<command> commands = describe(app, s);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  try {
    for (const command& one : commands) {
      if (!one.app->parsed()) continue;
      s.url = one.app->get_option("--db")->as<std::string>();
      one.run(s);
    }
  } catch (const error& e) {
    std::cerr << "datolite: " << e.message() << "\n";
    return 1;
  } catch (const std::exception& e) {
    std::cerr << "datolite: " << e.what() << "\n";
    return 1;
  }
  if (std::cout.flush()) return 0;
  std::cerr << "datolite: the standard output could not be written\n";
  return 1;
}
