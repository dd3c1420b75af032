// tx_facts: what a transaction's operations change in the facts, as a set applied at one instant.
//
// Every operation is judged by the database before. An assertion of what is true already changes nothing, and
// neither does a retraction of what is not. A new value of an attribute of cardinality one retracts the old
// one. Two different values for it, or an assertion and a retraction of one fact, contradict each other and
// are refused; so is a unique value that would then belong to two entities.
//
// Then composite tuples are brought in step with their parts, of the entities whose parts were spoken of, be
// it only to say again what is true; and the new values are shown to their attributes' predicates.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <datolite/core/datom.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/value_order.hpp>
#include <datolite/datoms/db.hpp>
#include <datolite/datoms/entity_id.hpp>
#include <datolite/datoms/tx_error.hpp>
#include <datolite/datoms/tx_forms.hpp>
#include <datolite/datoms/tx_resolve.hpp>

namespace datolite::datoms {

class fact_maker {
 public:
  /// The transaction's own T is `t`; all of these must outlive this.
  fact_maker(const db_view& before, std::int64_t t) : before_{before}, t_{t} {}

  /// Works out `added` and `retracted`. REQUIRES: the operations name entities by their ids; `expected` is
  /// what their cas expect.
  void make(std::vector<operation> operations, std::span<const value> expected);

  std::vector<datom>& added() noexcept { return added_; }          ///< in EAVT order, of this T
  std::vector<datom>& retracted() noexcept { return retracted_; }  ///< in EAVT order, as they were asserted

 private:
  using wish = operation;  // once collected: a fact to be added or retracted

  struct origin {
    const value* form;
    bool unheld;  // as in operation
  };

  static constexpr std::size_t batch_size = 256;
  static bool same_fact(const wish& x, const wish& y) { return x.e == y.e && x.a == y.a && x.v == y.v; }
  static constexpr std::size_t small_run = 24;
  static bool before_in_eav(const wish& x, const wish& y);
  void collect(std::span<const value> expected);
  void sort_wishes();
  void wish_retraction(entity_id e, const attribute_facts* a, value v, const value* form) {
    wishes_.push_back({e, a, std::move(v), form, operation_kind::retract});
  }
  void compare(const operation& op, const value& expected);
  void collect_attribute(const operation& op);
  void collect_entity(const operation& op);
  void settle(std::span<const wish> of_one_attribute);
  void settle_one(std::span<const wish> wishes);
  void settle_many(std::span<const wish> wishes);
  void check_contradictions(std::span<const wish> wishes) const;
  void keep_composites();
  void keep_composite(entity_id e, attribute_id composite, const value* form, std::size_t added,
                      std::size_t retracted);
  value part_after(entity_id e, attribute_id a, std::size_t added, std::size_t retracted);
  void sort_again();
  void check_unique();
  void check_predicates() const;
  const schema& attributes() const noexcept { return *before_.state().attributes; }
  bool may_have_facts(entity_id e) const noexcept;
  bool read_facts(entity_id e, attribute_id a, const value* v);
  void retract_found(std::size_t at, entity_id e, attribute_id a);
  void add_new(const wish& w) {
    added_.push_back({w.e, w.a->id, w.v, make_t_op(t_, true)}), origins_.push_back({w.form, w.unheld});
  }
  bool is_retracted(entity_id e, attribute_id a, const value& v) const;
  [[noreturn]] void refuse_conflict(const wish& x, const wish& y) const;
  [[noreturn]] void refuse_unique(const datom& d, entity_id other, const value& form) const;

  const db_view& before_;
  const std::int64_t t_;
  std::vector<wish> wishes_;
  std::vector<datom> added_, retracted_;
  std::vector<origin> origins_;  // of each added
  std::unique_ptr<datom_cursor> facts_;
  datom_columns found_;
};

}  // namespace datolite::datoms

#include <datolite/datoms/detail/tx_facts.hpp>
