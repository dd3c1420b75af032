// pull_binding: a pull pattern as one database understands it.
//
// Attributes have their ids and facts; what stands in a result is numbered in the order of its keys, so that
// maps need no sorting. Patterns are bound when they are first reached, and one with `*` grows by the
// attributes that it meets. Used by one thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <datolite/core/index_access.hpp>
#include <datolite/core/value.hpp>
#include <datolite/core/value_order.hpp>
#include <datolite/query/pull_pattern.hpp>

namespace datolite::query::detail {

/// One attribute to be pulled.
struct bound_spec {
  enum class expansion : std::uint8_t { none, pattern, recursion, component };

  const pull_spec* said = nullptr;  ///< null: found by `*`
  value key;
  const attribute_facts* facts = nullptr;  ///< null: not known here, or :db/id
  bool many = false;                       ///< its result is a vector
  expansion expands = expansion::none;
  std::size_t inner = 0;                          ///< the nested pattern
  std::size_t limit = pull_spec::unlimited;       ///< how many values the result has
  std::size_t read_limit = pull_spec::unlimited;  ///< how many values are read
  std::size_t depth_slot = pull_spec::unlimited;  ///< of a recursion with a depth: its number among these
  std::size_t rank = 0;                           ///< in the order of keys
  bool is_id = false;                             ///< :db/id
  bool shares = false;                            ///< its values with a twin
  bool hands_on = false;                          ///< its values are shown as they are, and nobody else's
  bound_spec* twin = nullptr;  ///< the next one that names the same attribute by another name
  std::uint64_t met = 0;       ///< the last entity that had it

  bool transforms() const noexcept { return said != nullptr && said->xform; }
  /// Whether it shows in the result of an entity that does not have it.
  bool stands_alone() const noexcept {
    return said != nullptr && (said->is_id() || said->default_value || said->xform);
  }
};

struct bound_node {
  bool wildcard = false;
  bool repeats_keys = false;                       ///< two specs have one key
  bool has_twins = false;                          ///< two specs name one attribute
  std::vector<std::unique_ptr<bound_spec>> specs;  ///< by rank; of those with one key the last counts
  std::vector<bound_spec*> forward;                ///< by id
  std::vector<attribute_id> attributes;            ///< theirs, if it asks for no others
  std::vector<bound_spec*> reverse;
  std::vector<bound_spec*> standing;  ///< those that stand alone
  std::vector<std::size_t> depths;    ///< of the recursions that have one
};

class pull_binding {
 public:
  pull_binding(const index_access& db, pull_pattern pattern)
      : db_{db}, pattern_{std::move(pattern)}, nodes_(pattern_.nodes().size()) {}

  const index_access& db() const noexcept { return db_; }

  /// The pattern number `number`; valid while this lives.
  bound_node& node(std::size_t number) {
    if (nodes_[number] == nullptr) nodes_[number] = bind(pattern_.nodes()[number]);
    return *nodes_[number];
  }

  /// [*], which components are shown by.
  bound_node& everything() {
    if (everything_ == nullptr) everything_ = bind(wildcard().nodes()[0]);
    return *everything_;
  }

  /// The spec for an attribute that `node` met and does not name; null if the database has no such attribute.
  /// O(specs of the node).
  bound_spec* discover(bound_node& node, attribute_id id) {
    const attribute_facts* const facts = db_.attribute(value::ref(id));
    if (facts == nullptr) return nullptr;
    auto made = std::make_unique<bound_spec>();
    made->key = facts->ident;
    made->facts = facts;
    made->many = facts->many;
    made->limit = made->read_limit = pull_spec{}.limit;
    made->hands_on = true;
    if (facts->component) made->expands = bound_spec::expansion::component;
    bound_spec* const spec = made.get();
    const auto by_key = [](const auto& s, const value& key) { return s->key < key; };
    node.specs.insert(std::lower_bound(node.specs.begin(), node.specs.end(), spec->key, by_key),
                      std::move(made));
    number_by_key(node);
    const auto by_id = [](const bound_spec* s, attribute_id a) { return s->facts->id < a; };
    node.forward.insert(std::lower_bound(node.forward.begin(), node.forward.end(), id, by_id), spec);
    return spec;
  }

 private:
  std::unique_ptr<bound_node> bind(const pull_node& said) const {
    auto out = std::make_unique<bound_node>();
    out->wildcard = said.wildcard;
    bool has_id = false;
    for (const pull_spec& spec : said.specs) {
      out->specs.push_back(bind(spec, *out));
      has_id = has_id || spec.is_id();
    }
    if (said.wildcard && !has_id) out->specs.push_back(bind(id_spec(), *out));
    std::stable_sort(out->specs.begin(), out->specs.end(),
                     [](const auto& a, const auto& b) { return a->key < b->key; });
    number_by_key(*out);
    for (const auto& spec : out->specs) {
      if (spec->stands_alone()) out->standing.push_back(spec.get());
      if (spec->facts == nullptr) continue;
      (spec->said->reverse ? out->reverse : out->forward).push_back(spec.get());
    }
    link_twins(*out);
    for (const auto& s : out->specs) s->hands_on = !s->shares && !s->transforms() && !s->is_id;
    if (!out->wildcard) {
      for (const bound_spec* spec : out->forward) out->attributes.push_back(spec->facts->id);
    }
    return out;
  }

  static const pull_pattern& wildcard() {
    static const pull_pattern all{value::vector({value::symbol("*")})};
    return all;
  }

  static const pull_spec& id_spec() {
    static const pull_pattern id{value::vector({value::keyword("db/id")})};
    return id.nodes()[0].specs[0];
  }

  std::unique_ptr<bound_spec> bind(const pull_spec& said, bound_node& in) const {
    auto out = std::make_unique<bound_spec>();
    out->said = &said;
    out->key = said.key;
    out->is_id = said.is_id();
    out->limit = said.limit;
    if (!said.is_id()) out->facts = db_.attribute(said.name);
    if (out->facts != nullptr) out->many = said.reverse ? !out->facts->component : out->facts->many;
    if (said.is == pull_spec::nested::pattern) {
      out->expands = bound_spec::expansion::pattern;
      out->inner = said.inner;
    } else if (said.is == pull_spec::nested::recursion) {
      out->expands = bound_spec::expansion::recursion;
      if (said.depth != pull_spec::unlimited) {
        out->depth_slot = in.depths.size();
        in.depths.push_back(said.depth);
      }
    } else if (!said.reverse && out->facts != nullptr && out->facts->component) {
      out->expands = bound_spec::expansion::component;
    }
    if (!out->many) out->limit = 1;
    out->read_limit = out->limit;
    return out;
  }

  static void number_by_key(bound_node& node) {
    for (std::size_t i = 0; i < node.specs.size(); ++i) {
      node.specs[i]->rank = i;
      if (i > 0 && node.specs[i]->key == node.specs[i - 1]->key) node.repeats_keys = true;
    }
  }

  /// Sorts the forward specs by id, and leaves only the first of those that name one attribute.
  static void link_twins(bound_node& node) {
    auto& all = node.forward;
    std::stable_sort(all.begin(), all.end(),
                     [](const bound_spec* a, const bound_spec* b) { return a->facts->id < b->facts->id; });
    std::size_t to = 0;
    for (bound_spec* const spec : all) {
      if (to > 0 && all[to - 1]->facts->id == spec->facts->id) {
        spec->twin = std::exchange(all[to - 1]->twin, spec);
        all[to - 1]->read_limit = std::max(all[to - 1]->read_limit, spec->limit);
        spec->shares = all[to - 1]->shares = true;
        node.has_twins = true;
      } else {
        all[to++] = spec;
      }
    }
    all.resize(to);
  }

  const index_access& db_;
  pull_pattern pattern_;
  std::vector<std::unique_ptr<bound_node>> nodes_;
  std::unique_ptr<bound_node> everything_;
};

}  // namespace datolite::query::detail
