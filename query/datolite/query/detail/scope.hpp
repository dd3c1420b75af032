// scope: the variables of one body while it is compiled, and which variables a clause mentions.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

#include <datolite/core/value.hpp>
#include <datolite/core/value_order.hpp>
#include <datolite/query/program.hpp>
#include <datolite/query/query_ast.hpp>

namespace datolite::query::detail {

/// Names in the order of their first mention, each once.
class name_list {
 public:
  /// The number of `name`, which is added if it is new.
  std::uint32_t number(const value& name) {
    if (const auto known = find(name)) return *known;
    names_.push_back(name);
    return static_cast<std::uint32_t>(names_.size() - 1);
  }
  std::optional<std::uint32_t> find(const value& name) const {
    const auto at = std::find(names_.begin(), names_.end(), name);
    if (at == names_.end()) return std::nullopt;
    return static_cast<std::uint32_t>(at - names_.begin());
  }
  bool contains(const value& name) const { return find(name).has_value(); }
  const std::vector<value>& names() const noexcept { return names_; }

 private:
  std::vector<value> names_;
};

inline void mention(const binding_form& form, name_list& out) {
  if (form.is == binding_form::type::scalar) out.number(form.variable);
  for (const binding_form& part : form.parts) mention(part, out);
}

inline void mention(const std::vector<term>& terms, name_list& out) {
  for (const term& t : terms) {
    if (t.is_variable()) out.number(t.what);
  }
}

/// Adds the variables of `c` that are visible outside it; those of negations only if `negations` says so.
inline void mention(const clause& c, name_list& out, bool negations) {
  const auto named = [&out](const std::vector<value>& variables) {
    for (const value& v : variables) out.number(v);
  };
  std::visit(
      [&](const auto& x) {
        using X = std::remove_cvref_t<decltype(x)>;
        if constexpr (std::is_same_v<X, data_pattern>) {
          mention(x.terms, out);
        } else if constexpr (std::is_same_v<X, function_call>) {
          mention(x.arguments, out);
          mention(x.result, out);
        } else if constexpr (std::is_same_v<X, rule_call>) {
          mention(x.arguments, out);
        } else if constexpr (std::is_same_v<X, negation>) {
          if (!negations) return;
          if (x.names_variables) return named(x.variables);
          for (const clause& inner : x.clauses) mention(inner, out, true);
        } else {
          if (x.names_variables) return named(x.required), named(x.variables);
          for (const auto& branch : x.branches) {
            for (const clause& inner : branch) mention(inner, out, true);
          }
        }
      },
      c.is);
}

}  // namespace datolite::query::detail
