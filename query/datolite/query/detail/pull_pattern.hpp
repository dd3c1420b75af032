// The definitions of pull_pattern.hpp: a pattern is parsed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <datolite/core/edn.hpp>
#include <datolite/core/linkage.hpp>
#include <datolite/core/value.hpp>
#include <datolite/core/value_order.hpp>
#include <datolite/query/detail/names.hpp>
#include <datolite/query/detail/refuse.hpp>
#include <datolite/query/detail/xforms.hpp>
#include <datolite/query/pull_pattern.hpp>

namespace datolite::query {

namespace detail {

/// `text` as a symbol or, as some prefer, a string.
inline bool is_word(const value& v, std::string_view text) noexcept {
  return (v.is(kind::symbol) || v.is(kind::string)) && v.raw() == text;
}

class pull_parser {
 public:
  std::vector<pull_node> parse(const value& whole) {
    add_node(whole);
    while (!waiting_.empty()) {
      const auto [form, number] = std::move(waiting_.back());
      waiting_.pop_back();
      fill(number, form);
    }
    return std::move(nodes_);
  }

 private:
  std::size_t add_node(const value& form) {
    if (!is_form(form)) refuse(invalid_pull, "a pull pattern is a vector of attributes", form);
    if (form.elements().empty()) refuse(invalid_pull, "a pull pattern names at least one attribute", form);
    waiting_.emplace_back(form, nodes_.size());
    nodes_.emplace_back();
    return nodes_.size() - 1;
  }

  void fill(std::size_t number, const value& form) {
    std::vector<pull_spec> specs;
    bool wildcard = false;
    for (const value& part : form.elements()) {
      if (is_word(part, "*")) {
        wildcard = true;
      } else if (part.is(kind::map)) {
        if (part.entries().empty()) refuse(invalid_pull, "the map {} names no attribute", form);
        for (const map_entry& entry : part.entries()) specs.push_back(nested(entry, part));
      } else {
        specs.push_back(attribute(part, part));
      }
    }
    nodes_[number].wildcard = wildcard;
    nodes_[number].specs = last_of_each(std::move(specs));
  }

  /// {attribute pattern}, {attribute 3}, {attribute ...}
  pull_spec nested(const map_entry& entry, const value& form) {
    pull_spec out = attribute(entry.key, form);
    if (out.is_id()) refuse(invalid_pull, ":db/id is a number and leads to no entity", form);
    if (is_word(entry.val, "...")) {
      out.is = pull_spec::nested::recursion;
    } else if (entry.val.is(kind::long_)) {
      if (entry.val.word() < 1) refuse(invalid_pull, "a recursion goes at least one level down", form);
      out.is = pull_spec::nested::recursion;
      out.depth = static_cast<std::size_t>(entry.val.word());
    } else {
      out.inner = add_node(entry.val);
      out.is = pull_spec::nested::pattern;
    }
    return out;
  }

  /// :name, (:name :option value …), (limit :name 10), (default :name value); `form` is what it stands in.
  static pull_spec attribute(const value& part, const value& form) {
    pull_spec out;
    out.form = form;
    if (part.is(kind::keyword)) {
      name(out, part, part);
      return out;
    }
    const auto parts = part.elements();
    const bool older = is_form(part) && !parts.empty() && !parts[0].is(kind::keyword);
    if (!is_form(part) || parts.empty() || (older && parts.size() != 3)) refuse_attribute(part);
    if (older && is_word(parts[0], "limit")) {
      name(out, parts[1], part);
      option(out, value::keyword("limit"), parts[2], part);
    } else if (older && is_word(parts[0], "default")) {
      name(out, parts[1], part);
      option(out, value::keyword("default"), parts[2], part);
    } else if (older) {
      refuse_attribute(part);
    } else {
      name(out, parts[0], part);
      options(out, parts.subspan(1), part);
    }
    return out;
  }

  [[noreturn]] static void refuse_attribute(const value& part) {
    refuse(invalid_pull,
           "an attribute of a pull pattern is :name, *, {:name pattern}, {:name depth}, (:name :option value "
           "…), "
           "(limit :name n) or (default :name value)",
           part);
  }

  static void name(pull_spec& out, const value& name, const value& form) {
    if (!name.is(kind::keyword)) refuse_attribute(form);
    out.key = out.name = name;
    const auto forward = forward_name(name.raw());
    if (!forward) return;
    if (forward->empty() || forward->ends_with('/'))
      refuse(invalid_pull, shown(name) + " names no attribute to go back by", form);
    out.name = value::keyword(*forward);
    out.reverse = true;
  }

  static void options(pull_spec& out, std::span<const value> parts, const value& form) {
    if (parts.size() % 2 != 0) refuse(invalid_pull, "an option and its value belong together", form);
    for (std::size_t i = 0; i < parts.size(); i += 2) {
      for (std::size_t j = 0; j < i; j += 2) {
        if (parts[j] == parts[i]) refuse(invalid_pull, shown(parts[i]) + " is there twice", form);
      }
      option(out, parts[i], parts[i + 1], form);
    }
  }

  static void option(pull_spec& out, const value& which, const value& given, const value& form) {
    if (which.is_keyword("as")) {
      out.key = given;
    } else if (which.is_keyword("default")) {
      out.default_value = given;
    } else if (which.is_keyword("limit")) {
      const bool many = given.is(kind::long_) && given.word() > 0;
      if (!many && !given.is_nil()) refuse(invalid_pull, "a limit is a positive number or nil", form);
      out.limit = many ? static_cast<std::size_t>(given.word()) : pull_spec::unlimited;
    } else if (which.is_keyword("xform")) {
      if (!given.is(kind::symbol) && !given.is(kind::string)) {
        refuse(invalid_pull, "an :xform is the name of a function", form);
      }
      out.xform = find_xform(given.raw());
      if (!out.xform) refuse(unknown_function, "there is no function " + shown(given), form);
      if (!out.xform.takes(1)) refuse(wrong_arity, shown(given) + " does not take one argument", form);
    } else {
      refuse(invalid_pull, shown(which) + " is no option (:as :default :limit :xform)", form);
    }
  }

  static std::vector<pull_spec> last_of_each(std::vector<pull_spec> specs) {
    std::vector<std::size_t> order(specs.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto same = [&](std::size_t a, std::size_t b) {
      return specs[a].reverse == specs[b].reverse && specs[a].name == specs[b].name;
    };
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      if (specs[a].reverse != specs[b].reverse) return specs[b].reverse;
      return specs[a].name < specs[b].name;
    });
    std::vector<bool> kept(specs.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
      kept[order[i]] = i + 1 == order.size() || !same(order[i], order[i + 1]);
    }
    std::vector<pull_spec> out;
    for (std::size_t i = 0; i < specs.size(); ++i) {
      if (kept[i]) out.push_back(std::move(specs[i]));
    }
    return out;
  }

  std::vector<pull_node> nodes_;
  std::vector<std::pair<value, std::size_t>> waiting_;  // forms of nodes that are still empty
};

}  // namespace detail

struct pull_pattern::state {
  value form;
  std::vector<pull_node> nodes;
};

DATOLITE_INLINE const value& pull_pattern::form() const noexcept { return shared_->form; }
DATOLITE_INLINE std::span<const pull_node> pull_pattern::nodes() const noexcept { return shared_->nodes; }

DATOLITE_INLINE pull_pattern::pull_pattern(const value& form) {
  state made;
  made.form = form.is(kind::string) ? read_edn(form.raw(), "pull") : form;
  made.nodes = detail::pull_parser{}.parse(made.form);
  shared_ = std::make_shared<const state>(std::move(made));
}

}  // namespace datolite::query
