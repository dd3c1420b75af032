// puller: pulls one entity after another by one pattern.
//
// What an entity has is a run of EAVT, and each reverse attribute one of VAET. The entities that one
// attribute leads to are read together, some dozens at a time, and stand on a stack of rows; one that turns
// out to be large is read again, by the attributes wanted. Its attributes are shown in the order of their
// keys; where one leads to other entities these are pulled one after another, on a stack of our own. What is
// finished stands on a third stack, from which vectors and maps are made when their last part is there.
//
// Used by one thread. Must not outlive the database.
#pragma once

#include <algorithm>
#include <array>
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
#include <datolite/query/detail/value_stack.hpp>
#include <datolite/query/pull_pattern.hpp>
#include <datolite/query/watch.hpp>

namespace datolite::query::detail {

class puller {
 public:
  /// Throws `db.error/history-db` if `db` shows a history. `limits`, which may be null, are polled once an
  /// entity.
  puller(const index_access& db, pull_pattern pattern, io_counters* io, const watch* limits = nullptr)
      : binding_{db, std::move(pattern)}, io_{io}, limits_{limits} {
    if (!db.shows_history()) return;
    throw error{error_category::unsupported, "db.error/history-db",
                "pull has no meaning on a history: it shows what was true at many moments; pull from the "
                "database itself, or as_of a moment"};
  }

  /// What the pattern shows of `e`: a map, {} if that is nothing.
  value operator()(entity_id e) {
    frames_.clear(), groups_.clear(), values_.clear(), depths_.clear(), done_.truncate(0);
    rows_.clear(), ends_.clear();
    path_.truncate(0);
    open(binding_.node(0), e, unread, path_.size());
    for (;;) {
      if (advance()) continue;
      value made = close();
      if (frames_.empty()) return made;
      if (!made.elements().empty()) done_.push(std::move(made));
    }
  }

 private:
  using expansion = bound_spec::expansion;

  static constexpr std::size_t together = 64;  ///< entities, at most, that are read together
  static constexpr std::size_t at_first = 64;  ///< datoms that are read before it is known how many there are
  static constexpr std::size_t unread = static_cast<std::size_t>(-1);  ///< no run of rows_

  /// The values of one attribute of an entity: `count` of `in` from `first` on.
  struct group {
    bound_spec* of;
    std::vector<value>* in;
    std::size_t first, count;

    std::span<value> values() const noexcept { return std::span{*in}.subspan(first, count); }
  };

  /// An entity being pulled. What it has in the shared stacks begins at these places.
  struct frame {
    bound_node* of;
    entity_id e;
    std::size_t start;  // where the way of its recursion begins
    std::size_t path, groups, values, depths, done;
    std::size_t next_group;
    bool inside;  // of a group that leads to entities; then:
    std::size_t next_value, group_done;
    std::size_t rows, ends;  // what was read of these entities begins here
    std::size_t next_run;    // of ends_
  };

  // -- frames

  /// Opens a frame for `e`, whose run is number `run` of those in rows_, or unread. `by` is the recursion or
  /// component that leads to it, if one does.
  void open(bound_node& node, entity_id e, std::size_t run, std::size_t start,
            const bound_spec* by = nullptr) {
    if (limits_ != nullptr) limits_->poll();
    const std::size_t depths = depths_.size();
    set_depths(node, by);
    frame& f = frames_.emplace_back();  // in place: a copy would wait for what was just written
    f.of = &node, f.e = e, f.start = start;
    f.path = path_.size(), f.groups = f.next_group = groups_.size(), f.values = values_.size();
    f.depths = depths, f.done = done_.size();
    read(node, e, run);
    if (by != nullptr) path_.push(start, e);
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
    value made = value::from_moved(kind::map, done_.from(f.done));
    done_.drop_nils(f.done);
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
    done_.truncate(to);
  }

  // -- attributes

  /// Shows attributes of the frame on top until one leads to an entity, to which it goes. False if none is
  /// left.
  bool advance() {
    frame& f = frames_.back();
    for (; f.next_group < groups_.size(); ++f.next_group) {
      const group& g = groups_[f.next_group];
      const bound_spec& spec = *g.of;
      if (spec.expands == expansion::none || g.count == 0) {
        if (!hand_on(spec, g)) show_plain(spec, g, f.e);
        continue;
      }
      if (spec.depth_slot != pull_spec::unlimited && depths_[f.depths + spec.depth_slot] == 0) continue;
      if (!f.inside) begin_group(f);
      while (f.next_value < g.count) {
        if (enter(f, g)) return true;
      }
      end_group(f, spec);
    }
    return false;
  }

  void begin_group(frame& f) {
    f.inside = true;
    f.next_value = 0, f.group_done = done_.size();
    f.rows = rows_.size, f.ends = f.next_run = ends_.size();
  }
  void end_group(frame& f, const bound_spec& spec) {
    f.inside = false;
    forget_rows(f);
    show_entities(spec, f.group_done);
  }

  /// Goes to the next entity of the frame's group. False if there is nothing to be read of it.
  bool enter(frame& f, const group& g) {
    const bound_spec& spec = *g.of;
    const value& to = g.values()[f.next_value++];
    if (!leads_on(f, spec, to)) return false;
    const entity_id e = to.word();  // what is read next may move `to`
    bound_node& node = spec.expands == expansion::pattern     ? binding_.node(spec.inner)
                       : spec.expands == expansion::recursion ? *f.of
                                                              : binding_.everything();
    if (f.next_run == ends_.size()) {
      forget_rows(f);
      read_together(node, f, g);
      f.next_run = f.ends;
    }
    const std::size_t run = f.next_run < ends_.size() ? f.next_run++ : unread;
    const bool recursion = spec.expands != expansion::pattern;
    open(node, e, run, recursion ? f.start : path_.size(), recursion ? &spec : nullptr);
    return true;
  }

  /// Whether `to` is an entity to go to; if not, shows what stands for it.
  bool leads_on(const frame& f, const bound_spec& spec, const value& to) {
    if (!to.is(kind::ref)) {
      if (spec.expands == expansion::component) return done_.push(to), false;
      refuse(invalid_pull,
             shown(spec.key) + " leads to no entity: the pattern's map needs refs, and it has the value " +
                 shown(to),
             spec.said->form);
    }
    if (!is_on_the_way(f, spec, to)) return true;
    done_.push(id_map(to.word()));
    return false;
  }
  bool is_on_the_way(const frame& f, const bound_spec& spec, const value& to) const {
    return spec.expands != expansion::pattern && path_.contains(f.start, to.word());
  }

  /// The entity that the frame goes to, and those that it will go to next. They ascend, as values and
  /// entities do in the indexes that they are read from.
  std::span<const entity_id> gather(const frame& f, const group& g,
                                    std::array<entity_id, together>& to) const {
    std::size_t n = 0;
    for (const value& next : g.values().subspan(f.next_value - 1)) {
      if (n == to.size() || !next.is(kind::ref)) break;
      if (n > 0 && is_on_the_way(f, *g.of, next)) continue;
      to[n++] = next.word();
    }
    return std::span{to}.first(n);
  }

  /// What was pulled of the entities that `spec` led to stands in `done_` from `from` on.
  void show_entities(const bound_spec& spec, std::size_t from) {
    std::optional<value> made;
    if (spec.many) {
      made = value::from_moved(kind::vector, done_.from(from));
    } else if (from < done_.size()) {
      made = std::move(done_[from]);
    }
    done_.truncate(from);
    show(spec, std::move(made));
  }

  /// Shows values as they are, if that is all there is to do.
  bool hand_on(const bound_spec& spec, const group& g) {
    if (!spec.hands_on || g.count == 0) return false;
    value& first = (*g.in)[g.first];
    if (first.is(kind::ref)) return false;
    done_.push(spec.key);
    if (spec.many)
      done_.push(value::from_moved(kind::vector, g.values()));
    else
      done_.push(std::move(first));
    return true;
  }

  void show_plain(const bound_spec& spec, const group& g, entity_id e) {
    const auto values = g.values();
    if (spec.is_id) return show(spec, value::ref(e));
    if (g.count == 0) {
      if (!spec.said->default_value) return show(spec, std::nullopt);
      done_.push(spec.key), done_.push(*spec.said->default_value);
      return;
    }
    if (!spec.many) return show(spec, plain(spec, values[0]));
    const std::size_t from = done_.size();
    for (value& v : values) done_.push(plain(spec, v));
    show_entities(spec, from);
  }

  void show(const bound_spec& spec, std::optional<value> found) {
    if (spec.transforms()) {
      naming_clause(spec.said->form, [&] {
        const value given = found ? *std::move(found) : value{};
        found = spec.said->xform({&given, 1});
      });
      if (found->is_nil()) return;
    }
    if (!found) return;
    done_.push(spec.key), done_.push(*std::move(found));
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

  static bool wants_forward(const bound_node& node) noexcept {
    return node.wildcard || !node.forward.empty();
  }

  datom_cursor& eavt() {
    if (eavt_ == nullptr) {
      eavt_ = binding_.db().open_cursor(index_order::eavt, components::a | components::v, io_);
    }
    return *eavt_;
  }

  /// Reads the beginnings of what the next entities of a group have onto rows_ and ends_, if there are
  /// several.
  void read_together(const bound_node& node, const frame& f, const group& g) {
    if (!wants_forward(node)) return;
    std::array<entity_id, together> kept;
    const auto entities = gather(f, g, kept);
    if (entities.size() < 2) return;
    datom_range range;
    range.e = entities[0];
    if (!node.wildcard && node.forward.size() == 1) range.a = node.forward[0]->facts->id;
    run_limits limits{.enough = rows_.size + 1024, .each = at_first};
    if (!range.a) limits.attributes = node.attributes;
    eavt().read_runs(range, components::e, entities, limits, rows_, ends_);
  }

  /// What was read of the entities that the frame has gone to is not needed any more.
  void forget_rows(const frame& f) {
    rows_.size = f.rows;
    rows_.a.resize(f.rows), rows_.v.resize(f.rows), ends_.resize(f.ends);
  }

  /// Adds the groups of what `node` wants of `e`, in the order of their keys.
  void read(bound_node& node, entity_id e, std::size_t run) {
    const std::size_t from = groups_.size();
    ++entity_;
    if (!group_run(node, run)) read_forward(node, e);
    if (node.has_twins) add_twins(from);
    for (bound_spec* const spec : node.reverse) read_reverse(*spec, e);
    for (bound_spec* const spec : node.standing) {
      if (spec->met != entity_) groups_.push_back({spec, &values_, 0, 0});
    }
    std::sort(groups_.begin() + static_cast<std::ptrdiff_t>(from), groups_.end(),
              [](const group& a, const group& b) { return a.of->rank < b.of->rank; });
  }

  /// Adds the groups of a run of rows_. False if it was not read, or there may be more of it.
  bool group_run(bound_node& node, std::size_t run) {
    if (run == unread) return false;
    std::size_t first = run == 0 ? 0 : ends_[run - 1];
    const std::size_t end = ends_[run];
    if (end - first == at_first) return false;
    std::size_t next = 0;  // of node.forward
    while (first < end) {
      const std::size_t from = first;
      const attribute_id at = rows_.a[from];
      while (++first < end && rows_.a[first] == at) {
      }
      bound_spec* const spec = find(node, next, at);
      if (spec != nullptr) {
        spec->met = entity_;
        groups_.push_back({spec, &rows_.v, from, std::min(first - from, spec->read_limit)});
      } else if (!node.wildcard && next == node.forward.size()) {
        break;
      }
    }
    return true;
  }

  /// Reads what `node` wants of `e`, however much else that has.
  void read_forward(bound_node& node, entity_id e) {
    if (!wants_forward(node)) return;
    datom_range range;
    range.e = e;
    if (!node.wildcard && node.forward.size() == 1) {
      range.a = node.forward[0]->facts->id;
    } else if (!node.wildcard) {
      range.start = range_bound{value::ref(node.forward.front()->facts->id), true};
      range.stop = range_bound{value::ref(node.forward.back()->facts->id), true};
    }
    for (bool more = true; more;) {
      eavt().seek(range);
      more = read_run(node, range);
    }
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
    groups_.push_back({&spec, &values_, values_.size(), 0});
  }

  /// Specs that name the same attribute have the same values, each up to its own limit: of the groups from
  /// `first` on.
  void add_twins(std::size_t first) {
    for (std::size_t i = groups_.size(); i > first; --i) {
      const group g = groups_[i - 1];
      groups_[i - 1].count = std::min(g.count, g.of->limit);
      for (bound_spec* twin = g.of->twin; twin != nullptr; twin = twin->twin) {
        twin->met = entity_;
        groups_.push_back({twin, g.in, g.first, std::min(g.count, twin->limit)});
      }
    }
  }

  void read_reverse(bound_spec& spec, entity_id e) {
    if (vaet_ == nullptr) vaet_ = binding_.db().open_cursor(index_order::vaet, components::e, io_);
    datom_range range;
    range.index = index_order::vaet;
    range.v = value::ref(e);
    range.a = spec.facts->id;
    vaet_->seek(range);
    group g{&spec, &values_, values_.size(), 0};
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
  const watch* limits_;
  std::unique_ptr<datom_cursor> eavt_, vaet_;
  datom_columns columns_;
  std::uint64_t entity_ = 0;  // how many were read

  datom_columns rows_;             // of entities that were read together, those of the open frames and groups
  std::vector<std::size_t> ends_;  // of each entity's

  std::vector<frame> frames_;
  std::vector<group> groups_;        // of all frames
  std::vector<value> values_;        // of groups that are not in rows_
  std::vector<std::size_t> depths_;  // of all frames
  value_stack done_;                 // keys and values of maps to be, entities of vectors to be
  pull_path path_;
};

}  // namespace datolite::query::detail
