// The laws of datasources (query/source.hpp), executable: a source against the rows that it should have.
//
//   datolite::laws::check_source(source, {{1, "a"}, {2, "b"}})               empty if all laws hold
//
// The rows are all of the source's, each as long as its longest pattern. What names it resolves is told
// beside them, and may be left out.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <datolite/core/edn.hpp>
#include <datolite/core/value.hpp>
#include <datolite/core/value_equality.hpp>
#include <datolite/core/value_order.hpp>
#include <datolite/laws/report.hpp>
#include <datolite/query/join_spec.hpp>
#include <datolite/query/pattern.hpp>
#include <datolite/query/relation.hpp>
#include <datolite/query/source.hpp>

namespace datolite::laws {

using source_row = std::vector<value>;

namespace detail {

using source_rows = std::set<source_row>;  // of canonical values

inline source_row canonical_row(const source_row& row) {
  source_row out;
  for (const value& v : row) out.push_back(query_canonical(v));
  return out;
}

/// What a pattern is made of.
struct asked_pattern {
  std::vector<std::optional<value>> consts, starts;
  std::vector<std::optional<query::take_while>> whiles;

  explicit asked_pattern(std::size_t width) : consts(width), starts(width), whiles(width) {}

  query::clause_pattern view() const {
    query::slot_set all;
    for (std::size_t slot = 0; slot < consts.size(); ++slot) all.insert(slot);
    return {consts, starts, whiles, all, {}};
  }

  bool takes(const source_row& row) const {
    for (std::size_t slot = 0; slot < consts.size(); ++slot) {
      const value& v = row[slot];
      if (consts[slot] && !query_equal(*consts[slot], v)) return false;
      if (starts[slot] && !query::holds(query::comparison::less_equal, *starts[slot], v)) return false;
      if (whiles[slot] && !(*whiles[slot])(v)) return false;
    }
    return true;
  }

  std::string shown() const {
    std::string out = "[";
    for (std::size_t slot = 0; slot < consts.size(); ++slot) {
      out += (slot == 0 ? "" : " ") + (consts[slot] ? to_edn(*consts[slot]) : "_");
      if (starts[slot]) out += "(from " + to_edn(*starts[slot]) + ")";
      if (whiles[slot]) out += "(while " + to_edn(whiles[slot]->bound()) + ")";
    }
    return out + "]";
  }
};

inline std::string shown(const source_rows& rows) {
  std::string out;
  for (const source_row& row : rows) out += to_edn(value::vector(row)) + " ";
  return out;
}

/// Asks a source, and compares it with its rows.
template <query::ExtRel S>
class source_checker {
 public:
  source_checker(const S& of, const std::vector<source_row>& rows, const std::vector<value>& names,
                 const options& how)
      : of_{of}, names_{names}, how_{how}, random_{how.seed}, check_{how.seed} {
    for (const source_row& row : rows) rows_.push_back(canonical_row(row));
    width_ = rows_.empty() ? 0 : rows_.front().size();
  }

  report run() {
    for (int i = 0; i < how_.commits; ++i) {
      const asked_pattern asked = any_pattern();
      check_.section("Source: a pattern is answered", [&] { check(asked); });
    }
    return check_.failures();
  }

 private:
  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>{0, n - 1}(random_); }
  static bool is_name(const value& v) { return v.is(kind::keyword) || v.is_sequential(); }
  const value& any_value(std::size_t slot) { return rows_[below(rows_.size())][slot]; }

  asked_pattern any_pattern() {
    asked_pattern out{width_ == 0 ? 0 : 1 + below(width_)};
    for (std::size_t slot = 0; slot < out.consts.size(); ++slot) {
      if (below(3) == 0) out.consts[slot] = any_value(slot);
      if (!out.consts[slot] && below(4) == 0) out.starts[slot] = any_value(slot);
      if (!out.consts[slot] && below(4) == 0)
        out.whiles[slot].emplace(query::comparison::less, any_value(slot));
    }
    const query::slot_set resolved = query::resolves_of(of_, out.view());
    for (std::size_t slot = 0; slot < out.consts.size(); ++slot) {
      if (out.consts[slot] && resolved.contains(slot) && is_name(*out.consts[slot])) out.consts[slot].reset();
    }
    const query::slot_set needed = query::required_of(of_, out.view());
    for (std::size_t slot = 0; slot < needed.end() && slot < width_; ++slot) {
      if (!needed.contains(slot)) continue;
      while (out.consts.size() <= slot)
        out.consts.emplace_back(), out.starts.emplace_back(), out.whiles.emplace_back();
      out.consts[slot] = any_value(slot);
    }
    return out;
  }

  /// The rows of `asked` that agree with `ys`, which has one column, on `joined`. Consts are not asked for.
  source_rows join(const asked_pattern& asked, const query::relation& ys, std::optional<std::size_t> joined,
                   bool named = true) {
    const auto found = datolite::extrel(of_, asked.view());
    std::vector<query::projection> open;
    for (std::size_t slot = 0; slot < asked.consts.size(); ++slot) {
      if (!asked.consts[slot]) open.push_back({slot, open.size()});
    }
    std::vector<query::join_pair> on;
    if (joined) on.push_back({*joined, 0});
    query::join_spec spec{on, open, {}, {}, open.size(), false};
    if (!named) spec.named = {};
    const query::relation got = datolite::join_project_with(found, ys, spec);
    source_rows out;
    for (std::size_t i = 0; i < got.size(); ++i) {
      source_row row;
      for (const auto& known : asked.consts) row.push_back(known.value_or(value{}));
      for (const query::projection& p : open) row[p.from] = got[i][p.to];
      out.insert(canonical_row(row));
    }
    return out;
  }

  void check(const asked_pattern& asked) {
    const source_rows got = join(asked, query::relation::unit(), std::nullopt);
    check_rows(asked, got);
    check_join(asked, got);
    check_names(asked, got);
    if constexpr (query::detail::Seekable<S>) check_cursor(asked);
    const std::optional<double> promised = query::estimate_of(of_, asked.view());
    check_.that(!promised || (*promised >= 0 && !std::isnan(*promised)), "Source: an estimate is at least 0",
                [&] { return "for " + asked.shown(); });
  }

  /// Law 1.
  void check_rows(const asked_pattern& asked, const source_rows& got) {
    source_rows all;
    for (source_row row : rows_) {
      row.resize(asked.consts.size());
      if (asked.takes(row)) {
        check_.that(got.contains(row), "Source: no row that agrees with the pattern is missing",
                    [&] { return to_edn(value::vector(row)) + " for " + asked.shown(); });
      }
      all.insert(std::move(row));
    }
    for (const source_row& row : got) {
      check_.that(all.contains(row), "Source: every row is one of the source, with the pattern's consts",
                  [&] { return to_edn(value::vector(row)) + " for " + asked.shown(); });
    }
  }

  /// Law 2: what is bound by the join is as if it were looked for among the rows.
  void check_join(const asked_pattern& asked, const source_rows& got) {
    if (asked.consts.empty()) return;
    const std::size_t slot = below(asked.consts.size());
    if (asked.consts[slot]) return;
    const bool resolves = query::resolves_of(of_, asked.view()).contains(slot);
    query::relation ys{1};
    std::set<value> bound;
    for (std::size_t n = below(4); n > 0; --n) {
      const value v = any_value(slot);
      if (!(resolves && is_name(v)) && bound.insert(v).second) ys.append(std::vector<value>{v});
    }
    source_rows wanted, joined = join(asked, ys, slot);
    for (const source_row& row : got) {
      if (bound.contains(row[slot])) wanted.insert(row);
    }
    for (source_rows* rows : {&wanted, &joined})  // the advice may be followed or not
      std::erase_if(*rows,
                    [&](const source_row& row) { return bound.contains(row[slot]) && !asked.takes(row); });
    check_.that(joined == wanted, "Source: a join gives the rows that agree, and no others", [&] {
      return asked.shown() + " on slot " + std::to_string(slot) + " gives " + shown(joined) + "and not " +
             shown(wanted);
    });
  }

  /// Laws 4 and 5.
  void check_names(asked_pattern asked, const source_rows& got) {
    const query::slot_set given = query::gives_names_of(of_, asked.view());
    const query::slot_set resolved = query::resolves_of(of_, asked.view());
    for (const source_row& row : got) {
      for (std::size_t slot = 0; slot < row.size(); ++slot) {
        const bool told = asked.consts[slot] || given.contains(slot) || resolved.contains(slot);
        check_.that(told || !is_name(row[slot]), "Source: rows have names only where gives_names says so",
                    [&] { return to_edn(value::vector(row)) + " for " + asked.shown(); });
      }
    }
    for (std::size_t slot = 0; slot < asked.consts.size(); ++slot) {
      if (!resolved.contains(slot) || asked.consts[slot] || names_.empty()) continue;
      const value& name = names_[below(names_.size())];
      query::relation ys{1};
      ys.append(std::vector<value>{name});
      asked.starts[slot].reset(), asked.whiles[slot].reset();
      const source_rows joined = join(asked, ys, slot), unnamed = join(asked, ys, slot, false);
      source_rows same = join(asked, query::relation::unit(), std::nullopt);
      std::erase_if(same, [&](const source_row& row) { return row[slot] != query_canonical(name); });
      check_.that(unnamed == same, "Source: what the join says is no name is not resolved", [&] {
        return to_edn(name) + " in slot " + std::to_string(slot) + " of " + asked.shown() + " gives " +
               shown(unnamed) + "and not " + shown(same);
      });
      asked.consts[slot] = name;
      const source_rows looked_up = join(asked, query::relation::unit(), std::nullopt);
      asked.consts[slot].reset();
      check_.that(joined == looked_up, "Source: a name is resolved alike as a const and in a join", [&] {
        return to_edn(name) + " in slot " + std::to_string(slot) + " of " + asked.shown() + " gives " +
               shown(looked_up) + "as a const, in a join " + shown(joined);
      });
    }
  }

  /// The row at a cursor.
  template <class C>
  static source_row row_at(const C& at) {
    auto&& raw = at.row();
    const auto row = query::as_row(raw);
    source_row out;
    for (std::size_t slot = 0; slot < row.size(); ++slot) out.push_back(row[slot]);
    return out;
  }

  /// Law 6, and law 7 for one key.
  void check_cursor(const asked_pattern& asked) {
    const auto by = query::detail::ask_sorted::sorted_by(of_);
    auto at = query::detail::ask_sorted::cursor(of_, asked.view());
    const auto key_of = [&](const source_row& row, std::size_t length) {
      std::vector<value> key;
      for (std::size_t i = 0; i < length; ++i) key.push_back(row[by[i].slot]);
      return key;
    };
    std::vector<source_row> all;
    source_rows got;
    for (at.seek(std::vector<value>{}); at.valid(); at.next()) {
      all.push_back(row_at(at));
      for (const auto& [slot, is] : by) {
        check_.that(all.back()[slot].is(is), "Source: a sorted slot has the kind that sorted_by says",
                    [&] { return to_edn(value::vector(all.back())); });
      }
      check_.that(all.size() < 2 || !(key_of(all.back(), by.size()) < key_of(all[all.size() - 2], by.size())),
                  "Source: the rows of a cursor ascend by sorted_by",
                  [&] { return to_edn(value::vector(all.back())) + " for " + asked.shown(); });
      got.insert(canonical_row(all.back()));
    }
    for (source_row row : rows_) {
      source_row part = row;
      part.resize(asked.consts.size());
      check_.that(!asked.takes(part) || got.contains(row),
                  "Source: a cursor passes every row that the pattern asks for",
                  [&] { return to_edn(value::vector(row)) + " for " + asked.shown(); });
    }
    if (all.empty()) return;
    const std::vector<value> key = key_of(all[below(all.size())], below(by.size() + 1));
    const auto first = std::find_if(all.begin(), all.end(),
                                    [&](const source_row& row) { return !(key_of(row, key.size()) < key); });
    at.seek(key);
    check_.that(at.valid() && key_of(row_at(at), by.size()) == key_of(*first, by.size()),
                "Source: seek goes to the first row that is not before its key",
                [&] { return to_edn(value::vector(key)) + " for " + asked.shown(); });
  }

  const S& of_;
  std::vector<source_row> rows_;
  const std::vector<value>& names_;
  const options how_;
  std::mt19937_64 random_;
  checker check_;
  std::size_t width_ = 0;
};

}  // namespace detail

/// What laws `source` breaks, which should have `rows`. `names`: what it should take for entities where it
/// resolves names, and some that are none. `how.commits` is how many patterns are asked.
template <query::ExtRel S>
report check_source(const S& source, const std::vector<source_row>& rows,
                    const std::vector<value>& names = {}, const options& how = {}) {
  return detail::source_checker<S>{source, rows, names, how}.run();
}

}  // namespace datolite::laws
