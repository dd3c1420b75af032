// import: transaction data from files, all or nothing.
//
// Each top-level form of a file is one transaction; with a batch size, a longer form is cut into several, in which
// tempids keep their meaning. Files are read form by form, with a batch size element by element. A database that there
// was is given all of it by one commit of the engine, which is held in memory until then; with a batch size, or where
// the database is new, it is a bulk load, within a bound of memory. A new one gets its name when it is whole. Where
// another process transacts meanwhile, what is not committed yet is done again upon that. Where a batch is refused,
// those before it stay, also in a new database, and the message says how many.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <unistd.h>

#include <datolite/core/any_storage.hpp>
#include <datolite/core/error.hpp>
#include <datolite/core/value.hpp>
#include <datolite/datoms/bulk_load.hpp>
#include <datolite/datoms/connection.hpp>
#include <datolite/datoms/tempid_bindings.hpp>
#include <datolite/txn/staged.hpp>

#include <cli/database.hpp>
#include <cli/form_stream.hpp>
#include <cli/leftovers.hpp>

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

/// Throws for what is no transaction.
inline void check_transaction(const value& form, const std::string& file, const form_stream& forms) {
  if (form.is_sequential()) return;
  throw error{error_category::incorrect, "cli/no-transaction",
              file + ":" + std::to_string(forms.at().line) + ":" + std::to_string(forms.at().column) +
                  ": a transaction is a vector of maps and lists, not a " + std::string{to_string(form.kind())}};
}

/// Calls `each` with every transaction of the files, in order, and a part of it a `batch` if that is not 0: the form,
/// and whether it is a whole one.
template <class Each>
void each_transaction(const import_options& wanted, progress& bar, Each&& each) {
  for (const std::string& file : wanted.files) {
    form_stream forms{file};
    bar.expect(forms.size());
    const auto hand_on = [&](const value& form, bool is_whole) {
      bar.at(std::min(forms.offset(), forms.size()), file + ": applying " + std::to_string(form.elements().size()) + " forms");
      each(form, is_whole);
    };
    for (;;) {
      if (wanted.batch != 0 && forms.enter()) {
        std::vector<value> part;
        bool is_cut = false;
        const auto next = [&] {
          try {
            return forms.next_element();
          } catch (...) {
            if (part.size() == wanted.batch) hand_on(value::vector(part), false);
            throw;
          }
        };
        while (auto one = next()) {
          if (part.size() == wanted.batch) hand_on(value::vector(std::exchange(part, {})), false), is_cut = true;
          part.push_back(*std::move(one));
        }
        hand_on(value::vector(part), !is_cut);
      } else if (const auto form = forms.next()) {
        check_transaction(*form, file, forms);
        hand_on(*form, true);
      } else {
        break;
      }
    }
  }
}

/// Where a new database is made: it gets its name when it is whole, and is removed if it does not become so.
class made_for_import {
 public:
  explicit made_for_import(const std::string& url) : url_{url}, path_{path_of(url)} {
    if (path_.empty()) return;
    while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
    remove_leftovers(path_);
    std::error_code ignored;
    if (std::filesystem::exists(path_, ignored)) return;
    made_ = import_name(path_);
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

/// Nobody else may have what stands in a pipe a second time.
inline bool can_be_read_again(const std::vector<std::string>& files) {
  return std::all_of(files.begin(), files.end(), [](const std::string& file) {
    std::error_code failed;
    return file != "-" && std::filesystem::is_regular_file(file, failed);
  });
}

/// All of it by one commit. Where another process commits meanwhile, that is worked out again from what there is then.
inline import_report import_staged(const any_storage& store, const import_options& wanted, progress& bar) {
  constexpr int most_attempts = 5;
  for (int attempt = 1;; ++attempt) {
    staged stage{store};
    // The stage lives in memory, but what it will be released into need not.
    const bool in_memory = store.durability() == durability_level::memory;
    connection conn{any_storage{stage},
                    {.open_schema = wanted.open_schema,
                     .layout = in_memory ? index_layout::typed : index_layout::packed,
                     .merge = merging::when_asked}};
    import_report report;
    each_transaction(wanted, bar, [&](const value& one, bool) {
      report.datoms += conn.transact(one).tx_data.size();
      ++report.transactions;
    });
    conn.merge();
    bar.at(0, "writing");
    try {
      stage.release();
      return report;
    } catch (const error& e) {
      if (e.category() != error_category::conflict) throw;
      if (attempt < most_attempts && can_be_read_again(wanted.files)) continue;
      throw error{error_category::conflict, "cli/interrupted",
                  "another process has written to " + wanted.url +
                      " during the import, which has changed nothing: import again, or with --batch"};
    }
  }
}

/// A bulk load that goes on where another process transacts meanwhile: what the log has not of it is done again.
class persistent_load {
 public:
  persistent_load(connection conn, bulk_options options) : load_{std::move(conn), std::move(options)} {}

  /// Applies a transaction, a part of a larger form if it is not `whole`.
  void transact(const value& data, bool whole) {
    waiting_.push_back({data, whole});
    at_last([] {});
  }
  import_report finish() {
    at_last([&] { load_.finish(); });
    return report_;
  }
  /// After one was refused: the database keeps those before it, as far as the engine still takes them.
  import_report keep() noexcept {
    try {
      waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(applied_), waiting_.end());
      at_last([&] { load_.finish(); });
    } catch (...) {
    }
    return report_;
  }

 private:
  struct one {
    value data;
    bool whole;
    bulk_report made{};
  };

  /// Applies what waits, then does `step`: again from what the log has, as often as it is interrupted.
  template <class Step>
  void at_last(Step&& step) {
    constexpr int most_attempts = 100;
    for (int attempt = 0;; ++attempt) {
      try {
        if (attempt > 0) forget(load_.resume());
        for (; applied_ < waiting_.size(); ++applied_) apply(waiting_[applied_]);
        step();
        return settle(load_.logged_t());
      } catch (const error& e) {
        if (e.code() != "db.error/load-interrupted" || attempt == most_attempts) throw;
      }
    }
  }
  void apply(one& next) {
    next.made = next.whole ? load_.transact(next.data) : load_.transact(next.data, tempids_);
    if (!next.whole) tempids_.add(next.made.tempids);
  }
  /// The log has them up to `t`.
  void settle(std::int64_t t) {
    for (; applied_ > 0 && waiting_.front().made.t <= t; --applied_, waiting_.pop_front()) {
      const one& done = waiting_.front();
      ++report_.transactions, report_.datoms += done.made.datoms;
      if (!done.whole) logged_tempids_.add(done.made.tempids);
    }
  }
  /// What the log has not, has not happened: also what its tempids became.
  void forget(std::int64_t logged) {
    settle(logged);
    applied_ = 0;
    tempids_ = logged_tempids_;
  }

  bulk_load load_;
  std::deque<one> waiting_;  // what the log may not have
  std::size_t applied_ = 0;  // of these
  datoms::tempid_bindings tempids_, logged_tempids_;
  import_report report_;
};

/// Transaction by transaction, as they are read. `kept` is what the database has of them, also where it throws.
inline void import_in_bulk(connection& conn, const import_options& wanted, const std::string& directory, progress& bar,
                           import_report& kept) {
  persistent_load load{conn,
                       {.memory_bytes = wanted.memory << 20,
                        .spill_directory = directory,
                        .progress = [&](const bulk_progress& p) {
                          if (p.at == bulk_progress::phase::transacting) return;
                          bar.expect(p.total);
                          bar.at(p.done, "writing the indexes");
                        }}};
  const auto keep = [&] { return wanted.batch == 0 ? import_report{} : load.keep(); };
  try {
    each_transaction(wanted, bar, [&](const value& one, bool whole) { load.transact(one, whole); });
  } catch (const error& e) {
    kept = keep();
    if (kept.transactions == 0) throw;
    throw error{e.category(), e.code(),
                e.message() + " (the " + std::to_string(kept.transactions) + " transactions before it stay)",
                e.details()};
  } catch (...) {
    kept = keep();
    throw;
  }
  kept = load.finish();
}

inline import_report import(const import_options& wanted) {
  for (const std::string& file : wanted.files) check_readable(file);
  progress bar;
  made_for_import made{wanted.url};
  import_report report;
  if (wanted.batch == 0 && !made.is_new()) {
    report = import_staged(engines::open_url(made.url()), wanted, bar);
  } else {
    connection conn{engines::open_url(made.url()), {.open_schema = wanted.open_schema}};
    try {
      import_in_bulk(conn, wanted, made.directory(), bar, report);
    } catch (...) {
      conn.close();
      if (report.transactions > 0) made.keep();
      throw;
    }
    conn.close();
  }
  made.keep();
  return report;
}

}  // namespace cli
