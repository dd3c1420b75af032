// tx_resolve: which entities the tempids of a transaction are.
//
// A tempid that is given the value of a unique identity becomes the entity that had it before; two tempids
// that are given the same one become one entity; what is left becomes new entities, in the order in which
// they were first named. It does not matter where in the data the identity stands. A tempid that turns out to
// be two entities is refused, and so is one that no fact is about.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <list>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <datolite/core/index_access.hpp>
#include <datolite/core/value_order.hpp>
#include <datolite/datoms/bootstrap.hpp>
#include <datolite/datoms/db.hpp>
#include <datolite/datoms/entity_id.hpp>
#include <datolite/datoms/tx_error.hpp>
#include <datolite/datoms/tx_forms.hpp>
#include <datolite/datoms/tx_tempids.hpp>
#include <datolite/datoms/word_order.hpp>

namespace datolite::datoms {

/// Who holds a unique value now. One cursor for many questions.
class holders {
 public:
  explicit holders(const db_view& in) : in_{in} {}

  std::optional<entity_id> of(attribute_id a, const value& v) {
    if (a != last_.a) {
      last_.index = index_order::avet;
      last_.a = a, last_.v.reset();
      none_ = in_.count(last_) == 0;
    }
    if (none_) return std::nullopt;
    if (cursor_ == nullptr) cursor_ = in_.open_cursor(index_order::avet, components::e);
    last_.v = v;
    cursor_->seek(last_);
    if (!cursor_->next_batch(found_, 1)) return std::nullopt;
    return found_.e.front();
  }

 private:
  const db_view& in_;
  std::unique_ptr<datom_cursor> cursor_;
  datom_range last_;
  bool none_ = false;  // nothing has the attribute of the last question
  datom_columns found_;
};

class id_resolver {
 public:
  id_resolver(const db_view& before, tempid_table& tempids, form_reader& forms) noexcept
      : before_{before},
        tempids_{tempids},
        operations_{forms.operations()},
        ensures_{forms.ensures()},
        new_attributes_{forms.new_attributes()} {}

  /// Gives every tempid its entity, and writes ids in the operations. `next` are the counters before, and are
  /// moved on. REQUIRES: the transaction has taken `next.next_t - 1` for its T.
  void resolve(counters& next) {
    describe_tempids();
    upsert();
    check_values();
    raise_above_explicit_ids(next);
    allocate(next);
    describe_new_attributes(next);
    for (operation& op : operations_) {
      op.e = tempids_.resolve(op.e);
      if (names_target(op)) op.v = resolved(op.v);
    }
    for (ensured& one : ensures_) one.e = tempids_.resolve(one.e);
  }

 private:
  struct identity_use {
    operation* op;
    bool asked = false;
  };

  static bool names_target(const operation& op) noexcept { return detail::names_tempid(op.v); }

  /// A value with what is known of the tempids in it. REQUIRES: there are some.
  value resolved(const value& v) const {
    if (v.is(kind::ref)) return value::ref(tempids_.resolve(v.word()));
    std::vector<value> elements{v.elements().begin(), v.elements().end()};
    for (value& one : elements) {
      if (one.is(kind::ref)) one = value::ref(tempids_.resolve(one.word()));
    }
    return value::from_moved(kind::tuple, elements);
  }

  template <class F>
  static void each_tempid(const value& v, F&& f) {
    if (v.is(kind::ref) && v.word() < 0) f(v.word());
    if (!v.is(kind::tuple)) return;
    for (const value& one : v.elements()) {
      if (one.is(kind::ref) && one.word() < 0) f(one.word());
    }
  }

  void describe_tempids() {
    for (const operation& op : operations_) {
      if (op.what != operation_kind::add) continue;
      if (op.e < 0) {
        tempids_.group_of(op.e).is_entity = true;
        if (op.a->id == ids::value_type || op.a->id == ids::cardinality)
          tempids_.group_of(op.e).partition = part_db;
      }
      const bool installs = op.a->id == ids::install_partition || op.a->id == ids::install_attribute;
      if (installs && op.v.word() < 0) tempids_.group_of(op.v.word()).partition = part_db;
    }
  }

  void upsert() {
    std::vector<identity_use> uses;
    bool by_ref = false;
    for (operation& op : operations_) {
      if (op.what != operation_kind::add || op.e >= 0 || op.a->unique != uniqueness::identity) continue;
      uses.push_back({&op});
      by_ref = by_ref || op.a->type == kind::ref || op.a->type == kind::tuple;
    }
    if (uses.empty()) return;
    holders held{before_};
    for (bool changed = true; changed;) {
      put_in_order(uses);
      changed = bind_to_holders(uses, held);
      changed = unite_equal_uses(uses) || changed;
      if (!by_ref) break;  // only an identity that is a ref can become known by another's being known
    }
  }

  /// By attribute and value, with what is known of tempids in it: so equals stand together, and who holds the
  /// values is met one after the other, not here and there.
  void put_in_order(std::vector<identity_use>& uses) const {
    std::vector<std::uint32_t> order(uses.size());
    std::iota(order.begin(), order.end(), std::uint32_t{0});
    for (identity_use& use : uses) {
      if (names_target(*use.op)) use.op->v = resolved(use.op->v);
    }
    sort_by_attribute_and_value(
        order, [&](std::uint32_t i) { return uses[i].op->a->id; },
        [&](std::uint32_t i) -> const value& { return uses[i].op->v; });
    std::vector<identity_use> sorted;
    sorted.reserve(uses.size());
    for (const std::uint32_t i : order) sorted.push_back(uses[i]);
    uses = std::move(sorted);
  }

  bool bind_to_holders(std::vector<identity_use>& uses, holders& held) {
    bool changed = false;
    for (identity_use& use : uses) {
      operation& op = *use.op;
      if (use.asked || names_target(op)) continue;
      use.asked = true;
      const auto holder = held.of(op.a->id, op.v);
      op.unheld = !holder;
      if (!holder) continue;
      changed = true;
      entity_id& id = tempids_.group_of(op.e).id;
      if (id >= 0 && id != *holder) refuse_two(op, id, *holder);
      id = *holder;
    }
    return changed;
  }

  /// REQUIRES: they are in order.
  bool unite_equal_uses(const std::vector<identity_use>& uses) {
    bool changed = false;
    for (std::size_t i = 1; i < uses.size(); ++i) {
      const operation &x = *uses[i - 1].op, &y = *uses[i].op;
      if (x.a != y.a || x.v != y.v || tempids_.root_of(x.e) == tempids_.root_of(y.e)) continue;
      const entity_id one = tempids_.group_of(x.e).id, other = tempids_.group_of(y.e).id;
      if (one >= 0 && other >= 0) {
        if (one != other) refuse_two(y, one, other);
        continue;
      }
      tempids_.unite(x.e, y.e);
      changed = true;
    }
    return changed;
  }

  [[noreturn]] void refuse_two(const operation& op, entity_id one, entity_id other) const {
    refuse("db.error/conflicting-upsert",
           "one tempid is two entities, " + std::to_string(one) + " and " + std::to_string(other) + " (by " +
               name_of(op.a->ident) + " " + shown(op.v) + ")",
           *op.form);
  }

  void check_values() {
    for (const operation& op : operations_) {
      if (op.what == operation_kind::retract_entity || !names_target(op)) continue;
      each_tempid(op.v, [&](entity_code code) { check_entity(code, *op.form, "is used as a value"); });
    }
    for (const ensured& one : ensures_) {
      if (one.e < 0) check_entity(one.e, one.form, "is to fulfil a spec");
    }
  }

  void check_entity(entity_code code, const value& form, std::string_view used) const {
    const tempid_table::entry& group = tempids_.group_of(code);
    if (group.is_entity || group.id >= 0) return;
    refuse("db.error/tempid-not-an-entity",
           (group.name.is_nil() ? std::string{"a map without :db/id"} : "the tempid " + shown(group.name)) +
               " " + std::string{used} + ", but no fact is about it",
           form);
  }

  /// An id that is written out must never be handed out to another entity.
  void raise_above_explicit_ids(counters& next) const {
    const auto see = [&](entity_id e) {
      const entity_id partition = part(e);
      if (partition != part_db) {
        next.next_t = std::max(next.next_t, counter_of(e) + 1);
      } else if (e <= max_element) {
        next.next_element = std::max(next.next_element, e + 1);
      }
    };
    for (const operation& op : operations_) {
      if (op.what != operation_kind::add && op.what != operation_kind::cas) continue;
      if (op.e >= 0) see(op.e);
      if (op.v.is(kind::ref) && op.v.word() >= 0) see(op.v.word());
      if (!op.v.is(kind::tuple)) continue;
      for (const value& one : op.v.elements()) {
        if (one.is(kind::ref) && one.word() >= 0) see(one.word());
      }
    }
  }

  static entity_id take_element(counters& next, const value& form) {
    if (next.next_element > max_element) {
      refuse("db.error/too-many-attributes",
             "a database has room for " + std::to_string(max_element) + " attributes and partitions", form,
             error_category::exhausted);
    }
    return next.next_element++;
  }

  void allocate(counters& next) {
    auto& entries = tempids_.entries();
    for (std::size_t at = 0; at < entries.size(); ++at) {
      tempid_table::entry& one = entries[at];
      if (one.group != at || one.id >= 0 || !one.is_entity) continue;
      one.id =
          one.partition == part_db ? take_element(next, *one.form) : entid_at(one.partition, next.next_t++);
    }
  }

  void describe_new_attributes(counters& next) {
    for (attribute_facts& made : new_attributes_) {
      made.id = static_cast<attribute_id>(take_element(next, made.ident));
      const schema& known = *before_.state().attributes;
      operations_.push_back(
          {made.id, known.find(ids::db_ident), made.ident, &made.ident, operation_kind::add});
      operations_.push_back({made.id, known.find(ids::cardinality), value::ref(ids::cardinality_one),
                             &made.ident, operation_kind::add});
    }
  }

  const db_view& before_;
  tempid_table& tempids_;
  std::vector<operation>& operations_;
  std::vector<ensured>& ensures_;
  std::list<attribute_facts>& new_attributes_;
};

}  // namespace datolite::datoms
