// import: transaction data from files, all or nothing.
//
// Each top-level form of a file is one transaction; with a batch size, a longer form is cut into several, in which
// tempids keep their meaning. Whatever the number of transactions, the engine sees one commit at the end (or one a
// transaction, when batches are asked for, to bound the memory).
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

/// Every transaction of the files, in order. All are read before the first is applied.
inline std::vector<value> read_transactions(const std::vector<std::string>& files, progress& bar) {
  std::vector<value> all;
  for (const std::string& file : files) {
    bar.at(0, "reading " + file);
    const std::string text = contents(file);
    edn_reader forms{text, file};
    while (auto form = forms.next()) {
      if (!form->is_sequential()) {
        throw error{error_category::incorrect, "cli/no-transaction",
                    file + ":" + std::to_string(forms.line()) + ":" + std::to_string(forms.column()) +
                        ": a transaction is a vector of maps and lists, not a " +
                        std::string{to_string(form->kind())}};
      }
      all.push_back(std::move(*form));
    }
  }
  return all;
}

inline std::size_t forms_of(const std::vector<value>& transactions) {
  std::size_t forms = 0;
  for (const value& one : transactions) forms += one.elements().size();
  return forms;
}

inline import_report apply(connection& conn, const std::vector<value>& transactions, std::size_t batch,
                           progress& bar) {
  bar.expect(forms_of(transactions));
  datoms::tempid_bindings tempids;
  import_report report;
  std::size_t done = 0;
  for (const value& one : transactions) {
    std::span<const value> rest = one.elements();
    do {
      const auto part = rest.first(batch == 0 ? rest.size() : std::min(batch, rest.size()));
      bar.at(done, "applying " + std::to_string(part.size()) + " forms");
      const bool whole = part.size() == one.elements().size();
      const tx_report made = whole ? conn.transact(one) : conn.transact(value::vector(part), tempids);
      if (!whole) tempids.add(made.tempids);
      ++report.transactions;
      report.datoms += made.tx_data.size();
      rest = rest.subspan(part.size());
      done += part.size();
    } while (!rest.empty());
  }
  return report;
}

/// Removes a database that was made for an import that then failed.
class made_for_import {
 public:
  explicit made_for_import(std::string path) : path_{std::move(path)} {
    std::error_code ignored;
    fresh_ = !path_.empty() && !std::filesystem::exists(path_, ignored);
  }
  made_for_import(const made_for_import&) = delete;
  ~made_for_import() {
    if (!fresh_) return;
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
    std::filesystem::remove_all(path_ + "-lock", ignored);
  }
  void keep() noexcept { fresh_ = false; }

 private:
  std::string path_;
  bool fresh_;
};

inline import_report import(const import_options& wanted) {
  progress bar;
  const std::vector<value> transactions = read_transactions(wanted.files, bar);
  made_for_import made{path_of(wanted.url)};
  const any_storage store = engines::open_url(wanted.url);
  import_report report;
  if (wanted.batch == 0) {
    staged stage{store};
    // The stage lives in memory, but what it will be released into need not.
    const bool in_memory = store.durability() == durability_level::memory;
    connection conn{any_storage{stage},
                    {.open_schema = wanted.open_schema,
                     .layout = in_memory ? index_layout::typed : index_layout::packed,
                     .merge = merging::when_asked}};
    report = apply(conn, transactions, 0, bar);
    conn.merge();
    bar.at(forms_of(transactions), "writing");
    stage.release();
  } else {
    connection conn{store, {.open_schema = wanted.open_schema}};
    report = apply(conn, transactions, wanted.batch, bar);
    conn.merge();
  }
  made.keep();
  return report;
}

}  // namespace cli
