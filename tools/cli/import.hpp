// import: transaction data from files, all or nothing.
//
// Each top-level form of a file is one transaction; with a batch size, a longer form is cut into several, in which
// tempids keep their meaning. A database that there was is given all of it by one commit of the engine, which is held
// in memory until then; with a batch size, or where the database is new, it is a bulk load, within a bound of memory.
// A new one gets its name when it is whole.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <span>
#include <string>
#include <vector>

#include <unistd.h>

#include <datolite/core/edn.hpp>
#include <datolite/datoms/bulk_load.hpp>
#include <datolite/datoms/connection.hpp>
#include <datolite/txn/staged.hpp>

#include <cli/database.hpp>

namespace cli {

using namespace datolite;

struct import_options {
  std::string url;
  std::vector<std::string> files;
  std::size_t batch = 0;  ///< forms a transaction; 0 for all
  bool open_schema = false;
  std::size_t memory = 256;  ///< megabytes
};

/// One line on the standard error that says how far a long work is; nothing when that is no terminal. A transaction
/// is one step, however long; what is being done stands behind the bar.
class progress {
 public:
  progress() : shown_{isatty(STDERR_FILENO) == 1} {}
  progress(const progress&) = delete;
  ~progress() {
    if (shown_) std::fputs("\r\033[K", stderr);
  }
  /// How much there is to do.
  void expect(std::size_t all) noexcept { all_ = all; }
  void at(std::size_t done, const std::string& what) {
    if (!shown_) return;
    constexpr std::size_t width = 30;
    const std::size_t filled = all_ == 0 ? 0 : done * width / all_;
    std::fprintf(stderr, "\r[%s%s] %3zu %% %s\033[K", std::string(filled, '#').c_str(),
                 std::string(width - filled, ' ').c_str(), all_ == 0 ? 0 : done * 100 / all_, what.c_str());
    std::fflush(stderr);
  }

 private:
  std::size_t all_ = 0;
  bool shown_;
};

struct import_report {
  std::size_t transactions = 0;
  std::size_t datoms = 0;
};

/// Calls `each` with every transaction of a text, and where it stands.
template <class Each>
void each_transaction(const std::string& text, const std::string& file, Each&& each) {
  edn_reader forms{text, file};
  while (auto form = forms.next()) {
    if (!form->is_sequential()) {
      throw error{error_category::incorrect, "cli/no-transaction",
                  file + ":" + std::to_string(forms.line()) + ":" + std::to_string(forms.column()) +
                      ": a transaction is a vector of maps and lists, not a " + std::string{to_string(form->kind())}};
    }
    each(std::move(*form), forms.offset());
  }
}

/// Every transaction of the files, in order. All are read before the first is applied.
inline std::vector<value> read_transactions(const std::vector<std::string>& files, progress& bar) {
  std::vector<value> all;
  for (const std::string& file : files) {
    bar.at(0, "reading " + file);
    const std::string text = contents(file);
    each_transaction(text, file, [&](value&& one, std::size_t) { all.push_back(std::move(one)); });
  }
  return all;
}

inline std::size_t forms_of(const std::vector<value>& transactions) {
  std::size_t forms = 0;
  for (const value& one : transactions) forms += one.elements().size();
  return forms;
}

inline import_report apply(connection& conn, const std::vector<value>& transactions, progress& bar) {
  bar.expect(forms_of(transactions));
  import_report report;
  std::size_t done = 0;
  for (const value& one : transactions) {
    bar.at(done, "applying " + std::to_string(one.elements().size()) + " forms");
    report.datoms += conn.transact(one).tx_data.size();
    ++report.transactions;
    done += one.elements().size();
  }
  return report;
}

/// Where a new database is made: it gets its name when it is whole, and is removed if it does not become so.
class made_for_import {
 public:
  explicit made_for_import(const std::string& url) : url_{url}, path_{path_of(url)} {
    std::error_code ignored;
    if (path_.empty() || std::filesystem::exists(path_, ignored)) return;
    while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
    made_ = path_ + ".import-" + std::to_string(::getpid());
    url_ = url.substr(0, url.find(':') + 1) + made_;
  }
  made_for_import(const made_for_import&) = delete;
  ~made_for_import() {
    if (made_.empty()) return;
    std::error_code ignored;
    std::filesystem::remove_all(made_, ignored);
    std::filesystem::remove_all(made_ + "-lock", ignored);
  }
  bool is_new() const noexcept { return !made_.empty(); }
  /// What to open.
  const std::string& url() const noexcept { return url_; }
  /// Beside the database.
  std::string directory() const {
    const std::string beside = std::filesystem::path{path_}.parent_path().string();
    return path_.empty() ? std::string{} : beside.empty() ? std::string{"."} : beside;
  }
  /// It is whole, and closed.
  void keep() {
    if (made_.empty()) return;
    std::filesystem::rename(made_, path_);
    std::error_code ignored;
    std::filesystem::remove_all(made_ + "-lock", ignored);
    made_.clear();
  }

 private:
  std::string url_, path_, made_;
};

/// All of it by one commit.
inline import_report import_staged(const any_storage& store, const import_options& wanted, progress& bar) {
  const std::vector<value> transactions = read_transactions(wanted.files, bar);
  staged stage{store};
  // The stage lives in memory, but what it will be released into need not.
  const bool in_memory = store.durability() == durability_level::memory;
  connection conn{any_storage{stage},
                  {.open_schema = wanted.open_schema,
                   .layout = in_memory ? index_layout::typed : index_layout::packed,
                   .merge = merging::when_asked}};
  import_report report = apply(conn, transactions, bar);
  conn.merge();
  bar.at(forms_of(transactions), "writing");
  stage.release();
  return report;
}

/// Transaction by transaction, as they are read.
inline import_report import_in_bulk(connection& conn, const import_options& wanted, const std::string& directory,
                                    progress& bar) {
  import_report report;
  bulk_load load{conn,
                 {.memory_bytes = wanted.memory << 20,
                  .spill_directory = directory,
                  .progress = [&](const bulk_progress& p) {
                    if (p.at == bulk_progress::phase::transacting) return;
                    bar.expect(p.total);
                    bar.at(p.done, "writing the indexes");
                  }}};
  datoms::tempid_bindings tempids;
  for (const std::string& file : wanted.files) {
    const std::string text = contents(file);
    bar.expect(text.size());
    each_transaction(text, file, [&](const value& one, std::size_t at) {
      std::span<const value> rest = one.elements();
      do {
        bar.at(at, file + ": " + std::to_string(report.datoms) + " datoms");
        const auto part = rest.first(wanted.batch == 0 ? rest.size() : std::min(wanted.batch, rest.size()));
        const bool whole = part.size() == one.elements().size();
        const bulk_report made = whole ? load.transact(one) : load.transact(value::vector(part), tempids);
        if (!whole) tempids.add(made.tempids);
        ++report.transactions;
        report.datoms += made.datoms;
        rest = rest.subspan(part.size());
      } while (!rest.empty());
    });
  }
  load.finish();
  return report;
}

inline import_report import(const import_options& wanted) {
  progress bar;
  made_for_import made{wanted.url};
  import_report report;
  if (wanted.batch == 0 && !made.is_new()) {
    report = import_staged(engines::open_url(made.url()), wanted, bar);
  } else {
    connection conn{engines::open_url(made.url()),
                    {.open_schema = wanted.open_schema, .merge = merging::when_asked}};
    report = import_in_bulk(conn, wanted, made.directory(), bar);
    conn.close();
  }
  made.keep();
  return report;
}

}  // namespace cli
