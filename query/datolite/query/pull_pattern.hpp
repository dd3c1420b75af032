// pull_pattern: what a pull takes of an entity, parsed once and used on any database.
//
//   [:name :age]                    attributes; what is not there is left out
//   [* {:part [:name]}]             all attributes, but one as said
//   [:ns/_friend]                   who refers to the entity
//   [{:friend [:name {:boss [:name]}]}]   what refs lead to
//   [:name {:friend 3}]             the same pattern again, three levels down; `...` without end
//   [(:alias :limit 10 :default "none" :as :also :xform str)]   options; also as a vector
//   [(limit :alias 10) (default :alias "none")]                 the older way to write two of them
//
// An attribute that is named twice counts as the last says. Attributes are looked up when pulling: one that
// the database does not know is an attribute that no entity has.
//
// Nothing recurses: patterns may nest as deep as memory allows. A copy shares the pattern; O(1).
// Threads: a pattern may be used by many threads at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <datolite/core/value.hpp>
#include <datolite/query/function.hpp>

namespace datolite::query {

/// One attribute of a pattern, with its options.
struct pull_spec {
  enum class nested : std::uint8_t {
    none,       ///< the values, refs as {:db/id …}; components whole
    pattern,    ///< what the pattern `inner` takes of the entities that refs lead to
    recursion,  ///< what the pattern that this stands in takes of them
  };
  static constexpr std::size_t unlimited = static_cast<std::size_t>(-1);

  value form;            ///< as it was written
  value name;            ///< the attribute, a keyword; without the underscore if `reverse`
  bool reverse = false;  ///< follows refs from their value to their entity
  value key;             ///< what it is called in the result
  std::optional<value> default_value;
  std::size_t limit = 1000;  ///< of the values that are taken where there can be many
  function xform;            ///< of what was found, or of nil; empty for none
  nested is = nested::none;
  std::size_t inner = 0;          ///< the number of the nested pattern
  std::size_t depth = unlimited;  ///< how many levels a recursion goes down

  bool is_id() const noexcept { return !reverse && name.is_keyword("db/id"); }
};

/// One vector of attributes, with or without `*`.
struct pull_node {
  bool wildcard = false;
  std::vector<pull_spec> specs;  ///< no attribute twice
};

class pull_pattern {
 public:
  /// The pattern that `form` says, a vector or a list, or a string of EDN. Throws `db.error/invalid-pull` (or
  /// `unknown-function` for an :xform), naming the part that is wrong. O(n log n).
  pull_pattern(const value& form);
  pull_pattern(std::string_view text) : pull_pattern{value{text}} {}
  pull_pattern(const std::string& text) : pull_pattern{std::string_view{text}} {}
  pull_pattern(const char* text) : pull_pattern{std::string_view{text}} {}

  const value& form() const noexcept;

  /// The pattern and those nested in it; the whole one is the first. Valid while a copy lives.
  std::span<const pull_node> nodes() const noexcept;

 private:
  struct state;
  std::shared_ptr<const state> shared_;
};

}  // namespace datolite::query

#ifndef DATOLITE_COMPILED
#include <datolite/query/detail/pull_pattern.hpp>
#endif
