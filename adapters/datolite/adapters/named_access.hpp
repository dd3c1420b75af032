// named_access: what sources of datoms that are no index have in common: names as a db has them, and runs of
// an index found by looking through all.
//
// Threads: as the db, it may be asked by many threads at once.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include <datolite/core/datom.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/io_stats.hpp>
#include <datolite/datoms/db.hpp>

namespace datolite::adapters::detail {

class named_access : public index_access {
 public:
  explicit named_access(db of) : db_{std::move(of)} {}

  bool shows_history() const noexcept override { return true; }
  const attribute_facts* attribute(const value& alias) const override { return db_.attribute(alias); }
  std::optional<entity_id> entid(const value& alias, io_counters* io) const override {
    return db_.access().entid(alias, io);
  }
  std::optional<value> ident(entity_id e) const override { return db_.ident(e); }
  /// Nothing: looking through all once is always better than once a binding.
  std::uint64_t count(const datom_range&) const override { return 0; }

 protected:
  const db& named() const noexcept { return db_; }

 private:
  db db_;
};

}  // namespace datolite::adapters::detail
