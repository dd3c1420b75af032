// tx_tempids: the names that transaction data gives to entities whose ids are not known yet.
//
// A temporary name is a string, a negative long, `#db/id[:db.part/user -1]`, or nothing (a map without
// :db/id). Two of them may turn out to be one entity; so they form groups (union-find), and a group gets an
// id. While ids are not known, an entity is written as a code: an id as itself, a tempid as a negative
// number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include <datolite/core/datom.hpp>
#include <datolite/core/value.hpp>
#include <datolite/datoms/entity_id.hpp>
#include <datolite/datoms/tempid_bindings.hpp>

namespace datolite::datoms {

/// An entity id, or a tempid's code (negative).
using entity_code = std::int64_t;

namespace detail {

/// A hash table of indices; what they stand for, its user knows.
class index_table {
 public:
  /// The index that was added with a `hash` and is the `same`; `fresh`, which is added, if there is none.
  /// Amortised O(1).
  template <class Same>
  std::size_t find_or_add(std::uint64_t hash, std::size_t fresh, Same&& same) {
    if ((used_ + 1) * 2 > slots_.size()) grow();
    std::size_t at = place_of(hash);
    for (; slots_[at].index != none; at = (at + 1) & (slots_.size() - 1)) {
      if (slots_[at].hash == hash && same(std::size_t{slots_[at].index})) return slots_[at].index;
    }
    slots_[at] = {hash, static_cast<std::uint32_t>(fresh)};
    ++used_;
    return fresh;
  }

 private:
  static constexpr std::uint32_t none = 0xFFFF'FFFF;
  struct slot {
    std::uint64_t hash = 0;
    std::uint32_t index = none;
  };

  std::size_t place_of(std::uint64_t hash) const noexcept {
    return static_cast<std::size_t>(hash * 0x9E37'79B9'7F4A'7C15u >> 32) & (slots_.size() - 1);
  }
  void grow() {
    std::vector<slot> old(slots_.empty() ? 16 : slots_.size() * 2);
    old.swap(slots_);
    for (const slot& one : old) {
      if (one.index == none) continue;
      std::size_t at = place_of(one.hash);
      while (slots_[at].index != none) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = one;
    }
  }

  std::vector<slot> slots_;
  std::size_t used_ = 0;
};

}  // namespace detail

class tempid_table {
 public:
  struct entry {
    value name;                       ///< as it was written; nil if it was not
    const value* form = nullptr;      ///< where it first stood
    std::size_t group = 0;            ///< a member's index; a group's root is its own
    entity_id id = -1;                ///< of a root: the entity, once known
    entity_id partition = part_user;  ///< of a root: where a new entity goes
    bool is_entity = false;           ///< of a root: some fact is about it
  };

  static constexpr entity_code code_of(std::size_t at) noexcept { return -1 - static_cast<entity_code>(at); }
  static constexpr std::size_t index_of(entity_code code) noexcept {
    return static_cast<std::size_t>(-1 - code);
  }

  /// The code of a string.
  entity_code named(const value& text, const value& form) {
    const std::size_t at =
        by_text_.find_or_add(std::hash<std::string_view>{}(text.raw()), entries_.size(),
                             [&](std::size_t i) { return entries_[i].name.raw() == text.raw(); });
    return at == entries_.size() ? make(text, form) : code_of(at);
  }
  /// The code of a negative number: the user's own, or what `tempid` made.
  entity_code numbered(const value& number, std::int64_t id, entity_id partition, const value& form) {
    const std::size_t at =
        by_number_.find_or_add(static_cast<std::uint64_t>(id), entries_.size(),
                               [](std::size_t) { return true; });  // the number is its own hash
    return at == entries_.size() ? make(number, form, partition) : code_of(at);
  }
  entity_code unnamed(const value& form, entity_id partition = part_user) {
    return make(value{}, form, partition);
  }

  std::size_t root_of(entity_code code) noexcept {
    std::size_t at = index_of(code);
    while (entries_[at].group != at) {
      entries_[at].group = entries_[entries_[at].group].group;
      at = entries_[at].group;
    }
    return at;
  }
  entry& group_of(entity_code code) noexcept { return entries_[root_of(code)]; }

  /// What a code stands for now: an id if one is known, else its group's code.
  entity_code resolve(entity_code code) noexcept {
    if (code >= 0) return code;
    const std::size_t root = root_of(code);
    return entries_[root].id >= 0 ? entries_[root].id : code_of(root);
  }

  /// Makes the groups of two codes one. REQUIRES: not both have an id, or they have the same.
  void unite(entity_code x, entity_code y) noexcept {
    std::size_t into = root_of(x), from = root_of(y);
    if (into == from) return;
    if (from < into)
      std::swap(into, from);  // the first that was named leads: ids follow the order of writing
    entries_[from].group = into;
    entry &to = entries_[into], &gone = entries_[from];
    if (to.id < 0) to.id = gone.id;
    if (gone.partition != part_user) to.partition = gone.partition;
    to.is_entity = to.is_entity || gone.is_entity;
  }

  /// Gives the strings their entities of earlier transactions; the others may become entities in later ones.
  void recall(const tempid_bindings& earlier) {
    for (entry& one : entries_) {
      if (!one.name.is(kind::string)) continue;
      one.is_entity = true;
      if (const auto id = earlier.find(one.name.raw())) one.id = *id;
    }
  }

  std::vector<entry>& entries() noexcept { return entries_; }

 private:
  entity_code make(const value& name, const value& form, entity_id partition = part_user) {
    const std::size_t at = entries_.size();
    entries_.push_back({name, &form, at, -1, partition, false});
    return code_of(at);
  }

  std::vector<entry> entries_;
  detail::index_table by_text_, by_number_;
};

}  // namespace datolite::datoms
