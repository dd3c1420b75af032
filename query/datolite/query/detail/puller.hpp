// puller: pulls one entity after another by one pattern.
//
// An entity is read whole when it is met: the attributes wanted are one run of EAVT, read in one pass, and
// each reverse attribute is a run of VAET. Then its attributes are shown in the order of their keys; where
// one leads to other entities these are pulled one after another, on a stack of our own. What is finished
// stands on a second stack, from which vectors and maps are made when their last part is there.
//
// Used by one thread. Must not outlive the database.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <datolite/core/error.hpp>
#include <datolite/core/index_access.hpp>
#include <datolite/core/io_stats.hpp>
#include <datolite/core/value.hpp>
#include <datolite/query/detail/pull_binding.hpp>
#include <datolite/query/detail/pull_path.hpp>
#include <datolite/query/detail/refuse.hpp>
#include <datolite/query/pull_pattern.hpp>

namespace datolite::query::detail {

class puller {
 public:
  /// Throws `db.error/history-db` if `db` shows a history.
  puller(const index_access& db, pull_pattern pattern, io_counters* io)
      : binding_{db, std::move(pattern)}, io_{io} {
    if (!db.shows_history()) return;
    throw error{error_category::unsupported, "db.error/history-db",
                "pull has no meaning on a history: it shows what was true at many moments; pull from the "
                "database itself, or as_of a moment"};
  }

  /// What the pattern shows of `e`: a map, {} if that is nothing.
  value operator()(entity_id e) {
    frames_.clear(), groups_.clear(), values_.clear(), depths_.clear(), done_.clear();
    path_.truncate(0);
    open(binding_.node(0), e, path_.size());
    for (;;) {
      if (frames_.back().next_group < groups_.size()) {
        advance();
        continue;
      }
      value made = close();
      if (frames_.empty()) return made;
      if (!made.elements().empty()) done_.push_back(std::move(made));
    }
  }

 private:
  using expansion = bound_spec::expansion;

  /// The values of one attribute of an entity: `count` of `values_` from `first` on.
  struct group {
    bound_spec* of;
    std::size_t first, count;
  };

  /// An entity being pulled. What it has in the shared stacks begins at these places.
  struct frame {
    bound_node* of;
    entity_id e;
    std::size_t start;  // where the way of its recursion begins
    std::size_t path, groups, values, depths, done;
    std::size_t next_group;
    std::size_t next_value = 0;  // of a group that leads to entities
    std::size_t group_done = 0;
    bool inside = false;  // that group
  };

  // -- frames

  /// `by` is the recursion or component that leads to `e`, if one does.
  void open(bound_node& node, entity_id e, std::size_t start, const bound_spec* by = nullptr) {
    frame f{
        &node,         e, start, path_.size(), groups_.size(), values_.size(), depths_.size(), done_.size(),
        groups_.size()};
    set_depths(node, by);
    read(node, e);
    if (by != nullptr) path_.push(start, e);
    frames_.push_back(f);
  }

  /// How far down recursions may still go: as far as the pattern says or, in a recursion, one level less.
  void set_depths(const bound_node& node, const bound_spec* by) {
    const bool recursion = by != nullptr && by->expands == expansion::recursion;
    for (std::size_t i = 0; i < node.depths.size(); ++i) {
      std::size_t depth = recursion ? depths_[frames_.back().depths + i] : node.depths[i];
      if (recursion && by->depth_slot == i) --depth;
      depths_.push_back(depth);
    }
  }

  /// The map of the frame on top, which is taken off.
  value close() {
    const frame& f = frames_.back();
    if (f.of->repeats_keys) keep_last_of_each_key(f.done);
    value made = value::from_moved(kind::map, std::span{done_}.subspan(f.done));
    done_.resize(f.done);
    groups_.resize(f.groups);
    values_.resize(f.values);
    depths_.resize(f.depths);
    path_.truncate(f.path);
    frames_.pop_back();
    return made;
  }

  void keep_last_of_each_key(std::size_t from) {
    std::size_t to = from;
    for (std::size_t i = from; i < done_.size(); i += 2) {
      if (to > from && done_[to - 2] == done_[i]) to -= 2;
      if (to != i) done_[to] = std::move(done_[i]), done_[to + 1] = std::move(done_[i + 1]);
      to += 2;
    }
    done_.resize(to);
  }

  // -- attributes

  /// Shows the next attribute of the frame on top, or goes to the next entity that it leads to.
  void advance() {
    frame& f = frames_.back();
    const group g = groups_[f.next_group];
    const bound_spec& spec = *g.of;
    if (!f.inside) {
      if (spec.expands == expansion::none || g.count == 0) {
        ++f.next_group;
        return show_plain(spec, g, f.e);
      }
      if (spec.depth_slot != pull_spec::unlimited && depths_[f.depths + spec.depth_slot] == 0) {
        ++f.next_group;
        return;
      }
      f.inside = true;
      f.next_value = g.first;
      f.group_done = done_.size();
    }
    if (f.next_value < g.first + g.count) return enter(spec, values_[f.next_value++]);
    f.inside = false;
    ++f.next_group;
    show_entities(spec, f.group_done);
  }

  void enter(const bound_spec& spec, const value& to) {
    if (!to.is(kind::ref)) {
      if (spec.expands == expansion::component) return done_.push_back(to);
      refuse(invalid_pull,
             shown(spec.key) + " leads to no entity: the pattern's map needs refs, and it has the value " +
                 shown(to),
             spec.said->form);
    }
    const entity_id e = to.word();
    const frame& f = frames_.back();
    if (spec.expands == expansion::pattern) return open(binding_.node(spec.inner), e, path_.size());
    if (path_.contains(f.start, e)) return done_.push_back(id_map(e));
    open(spec.expands == expansion::recursion ? *f.of : binding_.everything(), e, f.start, &spec);
  }

  /// What was pulled of the entities that `spec` led to stands in `done_` from `from` on.
  void show_entities(const bound_spec& spec, std::size_t from) {
    std::optional<value> made;
    if (spec.many) {
      made = value::from_moved(kind::vector, std::span{done_}.subspan(from));
    } else if (from < done_.size()) {
      made = std::move(done_[from]);
    }
    done_.resize(from);
    show(spec, std::move(made));
  }

  void show_plain(const bound_spec& spec, const group& g, entity_id e) {
    if (spec.is_id()) return show(spec, value::ref(e));
    if (g.count == 0) {
      if (!spec.said->default_value) return show(spec, std::nullopt);
      done_.push_back(spec.key), done_.push_back(*spec.said->default_value);
      return;
    }
    if (!spec.many) return show(spec, plain(spec, values_[g.first]));
    const std::size_t from = done_.size();
    for (std::size_t i = g.first; i < g.first + g.count; ++i) done_.push_back(plain(spec, values_[i]));
    show_entities(spec, from);
  }

  void show(const bound_spec& spec, std::optional<value> found) {
    if (spec.said != nullptr && spec.said->xform) {
      naming_clause(spec.said->form, [&] {
        const value given = found ? *std::move(found) : value{};
        found = spec.said->xform({&given, 1});
      });
      if (found->is_nil()) return;
    }
    if (!found) return;
    done_.push_back(spec.key), done_.push_back(*std::move(found));
  }

  /// A value as it is, a ref as a map with the entity's id and, if it has one, its name.
  value plain(const bound_spec& spec, value& v) const {
    if (!v.is(kind::ref)) return spec.shares ? v : std::move(v);
    const auto ident = binding_.db().ident(v.word());
    if (!ident) return id_map(v.word());
    value entries[] = {id_key(), value::ref(v.word()), value::keyword("db/ident"), *ident};
    return value::from_moved(kind::map, entries);
  }

  static value id_map(entity_id e) {
    value entries[] = {id_key(), value::ref(e)};
    return value::from_moved(kind::map, entries);
  }
  static value id_key() { return value::keyword("db/id"); }

  // -- reading

  /// Adds the groups of what `node` wants of `e`, in the order of their keys.
  void read(bound_node& node, entity_id e) {
    const std::size_t from = groups_.size();
    ++entity_;
    read_forward(node, e);
    for (bound_spec* const spec : node.reverse) read_reverse(*spec, e);
    for (bound_spec* const spec : node.standing) {
      if (spec->met != entity_) groups_.push_back({spec, 0, 0});
    }
    std::sort(groups_.begin() + static_cast<std::ptrdiff_t>(from), groups_.end(),
              [](const group& a, const group& b) { return a.of->rank < b.of->rank; });
  }

  void read_forward(bound_node& node, entity_id e) {
    if (node.forward.empty() && !node.wildcard) return;
    if (eavt_ == nullptr) {
      eavt_ = binding_.db().open_cursor(index_order::eavt, components::a | components::v, io_);
    }
    datom_range range;
    range.e = e;
    if (!node.wildcard && node.forward.size() == 1) {
      range.a = node.forward[0]->facts->id;
    } else if (!node.wildcard) {
      range.start = range_bound{value::ref(node.forward.front()->facts->id), true};
      range.stop = range_bound{value::ref(node.forward.back()->facts->id), true};
    }
    const std::size_t from = groups_.size();
    for (bool more = true; more;) {
      eavt_->seek(range);
      more = read_run(node, range);
    }
    for (std::size_t i = groups_.size(); i > from; --i) add_twins(i - 1);
  }

  /// Reads the run that the cursor stands before, until its end or until nothing of a batch was wanted. Then,
  /// if something can still come, it lets `range` begin there and returns true.
  bool read_run(bound_node& node, datom_range& range) {
    std::size_t next = 0;  // of node.forward
    bool any = false;      // whether `at` says an attribute
    attribute_id at = 0;
    bound_spec* spec = nullptr;  // of `at`; null if it is not wanted
    while (eavt_->next_batch(columns_, batch_size)) {
      bool wanted = false;
      for (std::size_t i = 0; i < columns_.size; ++i) {
        if (!any || columns_.a[i] != at) {
          any = true, at = columns_.a[i];
          spec = find(node, next, at);
          if (spec != nullptr) meet(*spec);
        }
        if (spec == nullptr || groups_.back().count == spec->read_limit) continue;
        values_.push_back(std::move(columns_.v[i]));
        ++groups_.back().count;
        wanted = true;
      }
      if (wanted) continue;
      while (next < node.forward.size() && node.forward[next]->facts->id <= at) ++next;
      if (range.a || (!node.wildcard && next == node.forward.size())) return false;
      range.start = node.wildcard ? range_bound{value::ref(at), false}
                                  : range_bound{value::ref(node.forward[next]->facts->id), true};
      return true;
    }
    return false;
  }

  /// The spec for attribute `id`, null if it is not wanted; `next` moves on. Ids are asked for in their
  /// order.
  bound_spec* find(bound_node& node, std::size_t& next, attribute_id id) {
    const auto& all = node.forward;
    while (next < all.size() && all[next]->facts->id < id) ++next;
    if (next < all.size() && all[next]->facts->id == id) return all[next];
    return node.wildcard ? binding_.discover(node, id) : nullptr;
  }

  void meet(bound_spec& spec) {
    spec.met = entity_;
    groups_.push_back({&spec, values_.size(), 0});
  }

  /// Specs that name the same attribute have the same values, each up to its own limit.
  void add_twins(std::size_t number) {
    const group g = groups_[number];
    groups_[number].count = std::min(g.count, g.of->limit);
    for (bound_spec* twin = g.of->twin; twin != nullptr; twin = twin->twin) {
      twin->met = entity_;
      groups_.push_back({twin, g.first, std::min(g.count, twin->limit)});
    }
  }

  void read_reverse(bound_spec& spec, entity_id e) {
    if (vaet_ == nullptr) vaet_ = binding_.db().open_cursor(index_order::vaet, components::e, io_);
    datom_range range;
    range.index = index_order::vaet;
    range.v = value::ref(e);
    range.a = spec.facts->id;
    vaet_->seek(range);
    group g{&spec, values_.size(), 0};
    while (g.count < spec.limit && vaet_->next_batch(columns_, std::min(spec.limit - g.count, batch_size))) {
      for (std::size_t i = 0; i < columns_.size && g.count < spec.limit; ++i, ++g.count) {
        values_.push_back(value::ref(columns_.e[i]));
      }
    }
    if (g.count == 0) return;
    spec.met = entity_;
    groups_.push_back(g);
  }

  static constexpr std::size_t batch_size = 64;

  pull_binding binding_;
  io_counters* io_;
  std::unique_ptr<datom_cursor> eavt_, vaet_;
  datom_columns columns_;
  std::uint64_t entity_ = 0;  // how many were read

  std::vector<frame> frames_;
  std::vector<group> groups_;        // of all frames
  std::vector<value> values_;        // of all groups
  std::vector<std::size_t> depths_;  // of all frames
  std::vector<value> done_;          // keys and values of maps to be, entities of vectors to be
  pull_path path_;
};

}  // namespace datolite::query::detail
