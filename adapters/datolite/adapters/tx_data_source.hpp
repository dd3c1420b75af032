// tx_data_source: the datoms of one transaction (or any others) as a datasource.
//
//   const auto report = conn.transact(…);
//   q("[:find ?e ?v :in $ :where [?e :person/name ?v _ true]]", tx_data_source{report.db_after,
//   report.tx_data})
//
// Patterns are those of a database, [?e ?a ?v ?tx ?added]: attributes by ident, entities by ident or lookup
// ref, as the db has them. The datoms are looked through for each pattern; there are as many as one
// transaction has.
//
// Threads: as every source, it may be asked by many threads at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <datolite/adapters/index_relation.hpp>
#include <datolite/adapters/named_access.hpp>
#include <datolite/core/datom.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/datoms/datom_range.hpp>
#include <datolite/datoms/db.hpp>
#include <datolite/query/pattern.hpp>
#include <datolite/query/relation.hpp>

namespace datolite::adapters {

namespace detail {

/// Hands out those of some datoms that a range holds.
class listed_cursor final : public datom_cursor {
 public:
  listed_cursor(const std::vector<datom>& of, components wanted, io_counters* io)
      : datoms_{of}, wanted_{wanted}, io_{io}, at_{of.size()} {}

  void seek(const datom_range& range) override {
    range_ = range;
    at_ = 0;
    if (io_ != nullptr) ++io_->other.seeks;
  }

  bool next_batch(datom_columns& out, std::size_t at_most) override {
    out.clear();
    for (; at_ < datoms_.size() && out.size < at_most; ++at_) {
      if (io_ != nullptr) ++io_->other.steps;
      const datom& d = datoms_[at_];
      if (datoms::place_in(range_, d) != 0) continue;
      if (includes(wanted_, components::e)) out.e.push_back(d.e);
      if (includes(wanted_, components::a)) out.a.push_back(d.a);
      if (includes(wanted_, components::v)) out.v.push_back(d.v);
      if (includes(wanted_, components::t)) out.t_op.push_back(d.t_op);
      ++out.size;
    }
    if (io_ != nullptr) io_->other.reads += out.size;
    return out.size > 0;
  }

 private:
  const std::vector<datom>& datoms_;
  const components wanted_;
  io_counters* const io_;
  datom_range range_;
  std::size_t at_;
};

/// Some datoms, as far as an index_relation asks; names as the db has them.
class listed_access final : public named_access {
 public:
  listed_access(db of, std::vector<datom> datoms) : named_access{std::move(of)}, datoms_{std::move(datoms)} {}

  std::unique_ptr<datom_cursor> open_cursor(index_order, components wanted, io_counters* io) const override {
    return std::make_unique<listed_cursor>(datoms_, wanted, io);
  }
  void read(entity_id e, attribute_id a, std::vector<value>& out, io_counters*) const override {
    out.clear();
    for (const datom& d : datoms_) {
      if (d.e == e && d.a == a && d.added()) out.push_back(d.v);
    }
  }

  std::size_t size() const noexcept { return datoms_.size(); }

 private:
  std::vector<datom> datoms_;
};

}  // namespace detail

/// Keeps the db and the datoms.
class tx_data_source {
 public:
  tx_data_source(db names, std::vector<datom> datoms)
      : access_{std::make_shared<const detail::listed_access>(std::move(names), std::move(datoms))} {}

  index_relation extrel(const query::clause_pattern& pattern) const { return {*access_, pattern}; }

  query::slot_set resolves(const query::clause_pattern& pattern) const {
    return slots_with_names(*access_, pattern);
  }
  query::slot_set gives_names(const query::clause_pattern& pattern) const {
    return slots_giving_names(*access_, pattern);
  }

  std::optional<double> estimate(const query::clause_pattern& pattern) const {
    auto rows = static_cast<double>(access_->size());
    for (const auto& known : pattern.consts) rows /= known ? 4 : 1;
    return rows;
  }

 private:
  std::shared_ptr<const detail::listed_access> access_;
};

}  // namespace datolite::adapters
