// What transactions over facts mean, slowly and in two pages: the oracle that the store is compared with.
//
// The database is a list of intervals; a transaction is a set of operations on entities by id, tempid or
// lookup ref. Nothing is shared with the library but values.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <datolite/core/value.hpp>
#include <datolite/core/value_order.hpp>
#include <datolite/datoms/entity_id.hpp>

namespace datolite_test {

using namespace datolite;

struct reference_attribute {
  std::int64_t id;
  bool many = false, ref = false, identity = false, unique = false, component = false;
};

/// An entity as data names it: an id, a tempid, or the value of the identity attribute (a lookup ref).
struct named {
  std::int64_t id = 0;
  std::string tempid{}, lookup{};
};

struct reference_operation {
  enum kind { add, retract, retract_attribute, retract_entity, cas } what;
  named e{};
  std::size_t a = 0;           ///< which attribute
  value v{};                   ///< unless the attribute is a ref
  named target{};              ///< if it is
  std::optional<value> old{};  ///< cas

  bool has_value() const { return what != retract_attribute && what != retract_entity; }
};

class reference_transactor {
 public:
  struct fact {
    std::int64_t e, a;
    value v;
    std::int64_t added, retracted = forever;
    bool current() const { return retracted == forever; }
  };
  struct outcome {
    std::set<std::string> refusals;  ///< codes that would each be right; empty if it happens
    std::map<std::string, std::int64_t> tempids;
    std::set<std::pair<std::string, bool>> datoms;  ///< as shown(), and whether added
    std::int64_t next_t = 0;
  };
  static constexpr std::int64_t forever = std::numeric_limits<std::int64_t>::max();

  reference_transactor(std::vector<reference_attribute> attributes, std::size_t identity)
      : attributes_{std::move(attributes)}, identity_{identity} {}

  const std::vector<fact>& facts() const { return facts_; }

  static std::string shown(std::int64_t e, std::int64_t a, const value& v) {
    return std::to_string(e) + " " + std::to_string(a) + " " + std::to_string(static_cast<int>(v.kind())) +
           " " + (v.is(kind::string) ? std::string{v.raw()} : std::to_string(v.word()));
  }

  /// Applies `operations` at `t`, or leaves everything as it is and says why.
  outcome transact(std::int64_t t, const std::vector<reference_operation>& operations) {
    outcome out;
    out.next_t = t + 1;
    std::vector<wish> wishes;
    if (!name_entities(operations, out)) return out;
    for (const reference_operation& op : operations) collect(op, out, wishes);
    check(wishes, out);
    if (!out.refusals.empty()) return out;
    const auto before = facts_;
    apply(t, wishes, out);
    if (!unique_values_are_unique()) {
      facts_ = before;
      out.refusals.insert("db.error/unique-conflict");
    }
    return out;
  }

 private:
  struct wish {
    std::int64_t e;
    std::size_t a;
    value v;
    bool add;
  };

  std::optional<std::int64_t> holder(std::size_t a, const value& v) const {
    for (const fact& f : facts_) {
      if (f.current() && f.a == attributes_[a].id && f.v == v) return f.e;
    }
    return std::nullopt;
  }

  /// Gives every tempid its entity, in the order in which the data first names them. False if one is refused.
  bool name_entities(const std::vector<reference_operation>& operations, outcome& out) const {
    std::vector<std::string> order;
    std::set<std::string> about;
    const auto see = [&](const named& n) {
      if (!n.lookup.empty() && !holder(identity_, value{n.lookup}))
        out.refusals.insert("db.error/not-an-entity");
      if (!n.tempid.empty() && std::find(order.begin(), order.end(), n.tempid) == order.end())
        order.push_back(n.tempid);
    };
    std::map<std::string, std::string> same;  // a tempid to the first of its group
    std::map<std::string, std::string> by_value;
    for (const reference_operation& op : operations) {
      see(op.e);
      if (op.has_value() && attributes_[op.a].ref) see(op.target);
      if (op.what == reference_operation::add && !op.e.tempid.empty()) about.insert(op.e.tempid);
    }
    for (const std::string& name : order) same[name] = name;
    for (bool moved = true; moved;) {  // the tempids that are given one identity are one
      moved = false;
      for (const reference_operation& op : operations) {
        if (op.what != reference_operation::add || op.e.tempid.empty() || op.a != identity_) continue;
        const auto [at, fresh] = by_value.try_emplace(std::string{op.v.raw()}, op.e.tempid);
        std::string a = same[at->second], b = same[op.e.tempid];
        if (fresh || a == b) continue;
        if (std::find(order.begin(), order.end(), b) < std::find(order.begin(), order.end(), a))
          std::swap(a, b);
        for (auto& [name, first] : same) {
          if (first == b) first = a;
        }
        moved = true;
      }
    }
    std::map<std::string, std::int64_t> ids;
    for (const reference_operation& op : operations) {
      if (op.what != reference_operation::add || op.e.tempid.empty() || op.a != identity_) continue;
      const auto found = holder(identity_, op.v);
      if (!found) continue;
      const auto [at, fresh] = ids.try_emplace(same[op.e.tempid], *found);
      if (!fresh && at->second != *found) out.refusals.insert("db.error/conflicting-upsert");
    }
    std::set<std::string> groups_about;
    for (const std::string& name : about) groups_about.insert(same[name]);
    for (const std::string& name : order) {
      const std::string& group = same[name];
      if (!groups_about.contains(group) && !ids.contains(group))
        out.refusals.insert("db.error/tempid-not-an-entity");
    }
    for (const std::string& name : order) {
      const std::string& group = same[name];
      if (!ids.contains(group)) ids[group] = datoms::entid_at(datoms::part_user, out.next_t++);
      out.tempids[name] = ids[group];
    }
    return out.refusals.empty();
  }

  std::int64_t id_of(const named& n, const outcome& out) const {
    if (!n.tempid.empty()) return out.tempids.at(n.tempid);
    return n.lookup.empty() ? n.id : *holder(identity_, value{n.lookup});
  }

  void collect(const reference_operation& op, outcome& out, std::vector<wish>& wishes) const {
    const std::int64_t e = id_of(op.e, out);
    if (op.what == reference_operation::retract_entity) return collect_entity(e, wishes);
    const reference_attribute& a = attributes_[op.a];
    const value v = a.ref ? value::ref(id_of(op.target, out)) : op.v;
    if (op.what == reference_operation::retract_attribute || op.what == reference_operation::cas) {
      std::optional<value> now;
      for (const fact& f : facts_) {
        if (!f.current() || f.e != e || f.a != a.id) continue;
        now = f.v;
        if (op.what == reference_operation::retract_attribute) wishes.push_back({e, op.a, f.v, false});
      }
      if (op.what == reference_operation::retract_attribute) return;
      if (now != op.old) out.refusals.insert("db.error/cas-failed");
    }
    wishes.push_back({e, op.a, v, op.what != reference_operation::retract});
  }

  void collect_entity(std::int64_t first, std::vector<wish>& wishes) const {
    std::set<std::int64_t> all{first};
    for (std::size_t size = 0; size != all.size();) {
      size = all.size();
      for (const fact& f : facts_) {
        if (f.current() && all.contains(f.e) && of(f.a).component) all.insert(f.v.word());
      }
    }
    for (const fact& f : facts_) {
      if (!f.current()) continue;
      const bool towards = f.v.is(kind::ref) && all.contains(f.v.word());
      if (all.contains(f.e) || towards) wishes.push_back({f.e, index_of(f.a), f.v, false});
    }
  }

  void check(const std::vector<wish>& wishes, outcome& out) const {
    for (const wish& x : wishes) {
      for (const wish& y : wishes) {
        if (x.e != y.e || x.a != y.a) continue;
        if (x.add != y.add && x.v == y.v) out.refusals.insert("db.error/datoms-conflict");
        if (x.add && y.add && !attributes_[x.a].many && x.v != y.v)
          out.refusals.insert("db.error/datoms-conflict");
      }
    }
  }

  void apply(std::int64_t t, const std::vector<wish>& wishes, outcome& out) {
    const auto find = [&](const wish& w) {
      return std::find_if(facts_.begin(), facts_.end(), [&](const fact& f) {
        return f.current() && f.e == w.e && f.a == attributes_[w.a].id && f.v == w.v;
      });
    };
    const auto end = [&](fact& f) {
      f.retracted = t;
      out.datoms.insert({shown(f.e, f.a, f.v), false});
    };
    for (const wish& w : wishes) {
      if (const auto f = find(w); !w.add && f != facts_.end()) end(*f);
    }
    for (const wish& w : wishes) {
      if (!w.add || find(w) != facts_.end()) continue;
      for (fact& f : facts_) {
        if (f.current() && !attributes_[w.a].many && f.e == w.e && f.a == attributes_[w.a].id) end(f);
      }
      facts_.push_back({w.e, attributes_[w.a].id, w.v, t});
      out.datoms.insert({shown(w.e, attributes_[w.a].id, w.v), true});
    }
  }

  bool unique_values_are_unique() const {
    for (std::size_t i = 0; i < facts_.size(); ++i) {
      if (!facts_[i].current() || !(of(facts_[i].a).unique || of(facts_[i].a).identity)) continue;
      for (std::size_t j = i + 1; j < facts_.size(); ++j) {
        if (facts_[j].current() && facts_[j].a == facts_[i].a && facts_[j].v == facts_[i].v) return false;
      }
    }
    return true;
  }

  std::size_t index_of(std::int64_t id) const {
    std::size_t i = 0;
    while (attributes_[i].id != id) ++i;
    return i;
  }
  const reference_attribute& of(std::int64_t id) const { return attributes_[index_of(id)]; }

  std::vector<reference_attribute> attributes_;
  std::size_t identity_;
  std::vector<fact> facts_;
};

}  // namespace datolite_test
