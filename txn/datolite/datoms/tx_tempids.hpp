// tx_tempids: the names that transaction data gives to entities whose ids are not known yet.
//
// A temporary name is a string, a negative long, `#db/id[:db.part/user -1]`, or nothing (a map without
// :db/id). Two of them may turn out to be one entity; so they form groups (union-find), and a group gets an
// id. While ids are not known, an entity is written as a code: an id as itself, a tempid as a negative
// number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <datolite/core/datom.hpp>
#include <datolite/core/value.hpp>
#include <datolite/datoms/entity_id.hpp>
#include <datolite/datoms/tempid_bindings.hpp>

namespace datolite::datoms {

/// An entity id, or a tempid's code (negative).
using entity_code = std::int64_t;

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

  /// The code of a string. `text` must outlive the table.
  entity_code named(const value& text, const value& form) {
    const auto [at, fresh] = by_text_.try_emplace(text.raw(), entries_.size());
    return fresh ? make(text, form) : code_of(at->second);
  }
  /// The code of a negative number: the user's own, or what `tempid` made.
  entity_code numbered(const value& number, std::int64_t id, entity_id partition, const value& form) {
    const auto [at, fresh] = by_number_.try_emplace(id, entries_.size());
    return fresh ? make(number, form, partition) : code_of(at->second);
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
    for (const auto& [text, at] : by_text_) {
      entry& one = entries_[at];
      one.is_entity = true;
      if (const auto id = earlier.find(text)) one.id = *id;
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
  std::unordered_map<std::string_view, std::size_t> by_text_;
  std::unordered_map<std::int64_t, std::size_t> by_number_;
};

}  // namespace datolite::datoms
