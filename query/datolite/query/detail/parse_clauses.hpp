// parse_clauses: clauses, bindings and terms from EDN forms.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <datolite/core/value.hpp>
#include <datolite/core/value_order.hpp>
#include <datolite/query/detail/names.hpp>
#include <datolite/query/detail/refuse.hpp>
#include <datolite/query/query_ast.hpp>

namespace datolite::query::detail {

/// Forms may nest no deeper than the EDN reader allows; values built in code meet the same bound here.
class depth_guard {
 public:
  depth_guard(std::size_t& depth, const value& form) : depth_{depth} {
    if (++depth_ > 512) {
      --depth_;
      throw error{
          error_category::incorrect, invalid_query,
          "the query nests its clauses deeper than 512 levels, in a " + std::string{to_string(form.kind())}};
    }
  }
  ~depth_guard() { --depth_; }
  depth_guard(const depth_guard&) = delete;
  depth_guard& operator=(const depth_guard&) = delete;

 private:
  std::size_t& depth_;
};

/// Refuses names of which one stands twice; `what` they are.
inline void refuse_repeated(const char* what, const std::vector<value>& names, const value& form) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (std::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(i), names[i]) !=
        names.begin() + static_cast<std::ptrdiff_t>(i)) {
      refuse(invalid_query, "the " + std::string{what} + " " + shown(names[i]) + " stands twice", form);
    }
  }
}

/// Whether it is a word that joins clauses, and so cannot name a rule.
inline bool is_connective(const value& name) noexcept {
  for (const char* word : {"and", "or", "or-join", "not", "not-join"}) {
    if (name.is_symbol(word)) return true;
  }
  return false;
}

class clause_parser {
 public:
  std::vector<clause> conjunction(std::span<const value> forms, const value& source) {
    std::vector<clause> out;
    for (const value& form : forms) append(out, form, source);
    return out;
  }

  binding_form binding(const value& form) {
    const depth_guard deeper{depth_, form};
    binding_form out;
    if (is_blank(form)) return out;
    if (is_variable(form)) {
      out.is = binding_form::type::scalar;
      out.variable = form;
      return out;
    }
    const auto parts = form.elements();
    if (!form.is(kind::vector) || parts.empty()) {
      refuse(invalid_query, "a binding is a variable, _, [?x ...], [?x ?y] or [[?x ?y]]", form);
    }
    if (parts.size() == 2 && parts[1].is_symbol("...")) {
      out.is = binding_form::type::collection;
      out.parts.push_back(binding(parts[0]));
      return out;
    }
    if (parts.size() == 1 && parts[0].is(kind::vector)) {
      out.is = binding_form::type::collection;
      out.parts.push_back(binding(parts[0]));
      if (out.parts[0].is == binding_form::type::collection)
        refuse(invalid_query, "a relation's row is a tuple", form);
      return out;
    }
    out.is = binding_form::type::tuple;
    for (const value& part : parts) out.parts.push_back(binding(part));
    return out;
  }

  /// Variables of a not-join or a rule's head; `allow_required` lets the first be a vector of required ones.
  std::pair<std::vector<value>, std::vector<value>> variables(std::span<const value> forms,
                                                              bool allow_required, const value& whole) {
    std::pair<std::vector<value>, std::vector<value>> out;  // required, free
    if (allow_required && !forms.empty() && is_form(forms[0])) {
      for (const value& v : forms[0].elements()) out.first.push_back(v);
      forms = forms.subspan(1);
    }
    out.second.assign(forms.begin(), forms.end());
    std::vector<value> all = out.first;
    all.insert(all.end(), out.second.begin(), out.second.end());
    for (const value& v : all) {
      if (!is_variable(v)) refuse(invalid_query, shown(v) + " is not a variable", whole);
    }
    if (all.empty()) refuse(invalid_query, "at least one variable must be named", whole);
    refuse_repeated("variable", all, whole);
    return out;
  }

 private:
  void append(std::vector<clause>& out, const value& form, const value& source) {
    const depth_guard deeper{depth_, form};
    if (form.is(kind::vector) || is_pattern_or_call(form)) {
      out.push_back(vector_clause(form, source));
    } else if (form.is(kind::list)) {
      list_clause(out, form, source);
    } else {
      refuse(invalid_query, "a clause is a vector or a list", form);
    }
  }

  /// Whether a list stands for the vector of its parts: it begins with no name, maybe after a source.
  static bool is_pattern_or_call(const value& form) {
    auto parts = form.elements();
    if (!form.is(kind::list) || parts.empty()) return false;
    if (is_source(parts[0])) parts = parts.subspan(1);
    return !parts.empty() && !is_plain_symbol(parts[0]) && !is_source(parts[0]);
  }

  static clause vector_clause(const value& form, const value& source) {
    const auto parts = form.elements();
    if (parts.empty()) refuse(invalid_query, "an empty clause says nothing", form);
    if (parts[0].is(kind::list)) return {form, call(form)};
    if (is_connective(parts[0]))
      refuse(invalid_query, shown(parts[0]) + " stands in parentheses, not in a vector", form);
    data_pattern out{source, {}};
    std::size_t first = 0;
    if (is_source(parts[0])) {
      out.source = parts[0];
      first = 1;
    }
    if (first == parts.size()) refuse(invalid_query, "a data pattern needs at least one slot", form);
    if (parts.size() - first > 64) refuse(invalid_query, "a data pattern has at most 64 slots", form);
    for (const value& part : parts.subspan(first)) out.terms.push_back(slot(part, form));
    return {form, std::move(out)};
  }

  static term slot(const value& part, const value& whole) {
    if (is_blank(part)) return {};
    if (is_variable(part)) return {term::type::variable, part};
    if (part.is(kind::symbol) && !is_plain_symbol(part)) {
      refuse(invalid_query, "the symbol " + shown(part) + " is neither a variable, a constant nor _", whole);
    }
    return {term::type::constant, part};
  }

  static term argument(const value& part, const value& whole) {
    if (is_variable(part)) return {term::type::variable, part};
    if (is_source(part)) return {term::type::source, part};
    if (part.is(kind::symbol)) {
      refuse(invalid_query,
             "the symbol " + shown(part) +
                 " is neither a variable, a source nor a constant (bring it as an input)",
             whole);
    }
    if (part.is(kind::list)) {
      const auto quoted = part.elements();
      if (quoted.size() == 2 && quoted[0].is_symbol("quote")) return {term::type::constant, quoted[1]};
      refuse(invalid_query, "calls do not nest; bind the result of " + shown(part) + " to a variable first",
             whole);
    }
    return {term::type::constant, part};
  }

  /// [(callee argument …)] or [(callee argument …) binding]
  static function_call call(const value& form) {
    const auto parts = form.elements();
    const auto inside = parts[0].elements();
    if (inside.empty() || !inside[0].is(kind::symbol) || is_source(inside[0]) || is_blank(inside[0])) {
      refuse(invalid_query, "a call begins with the name of a function", form);
    }
    function_call out{inside[0], {}, parts.size() == 1, {}};
    for (const value& part : inside.subspan(1)) out.arguments.push_back(argument(part, form));
    if (parts.size() > 2) refuse(invalid_query, "a call has one binding", form);
    if (parts.size() == 2) {
      clause_parser nested;
      naming_clause(form, [&] { out.result = nested.binding(parts[1]); });
    }
    return out;
  }

  void list_clause(std::vector<clause>& out, const value& form, const value& outer_source) {
    auto parts = form.elements();
    value source = outer_source;
    if (!parts.empty() && is_source(parts[0])) {
      source = parts[0];
      parts = parts.subspan(1);
    }
    if (parts.empty() || !parts[0].is(kind::symbol) || is_variable(parts[0]) || is_blank(parts[0])) {
      refuse(invalid_query,
             "a clause in parentheses begins with a rule's name, not, or, and, not-join or or-join", form);
    }
    const std::string_view name = parts[0].raw();
    parts = parts.subspan(1);
    if (name == "and") {
      if (parts.empty()) refuse(invalid_query, "and needs at least one clause", form);
      for (const value& part : parts) append(out, part, source);
    } else if (name == "not" || name == "not-join") {
      out.push_back({form, negated(form, name, parts, source)});
    } else if (name == "or" || name == "or-join") {
      out.push_back({form, alternatives(form, name, parts, source)});
    } else {
      out.push_back({form, called_rule(form, name, parts, source)});
    }
  }

  static rule_call called_rule(const value& form, std::string_view name, std::span<const value> parts,
                               const value& source) {
    rule_call out{source, value::symbol(name), {}};
    if (parts.empty()) refuse(invalid_query, "a rule is called with at least one argument", form);
    for (const value& part : parts) {
      if (is_source(part))
        refuse(invalid_query, "a source stands before a rule's name, not among its arguments", form);
      out.arguments.push_back(slot(part, form));
    }
    return out;
  }

  negation negated(const value& form, std::string_view name, std::span<const value> parts,
                   const value& source) {
    negation out{source, name == "not-join", {}, {}};
    if (out.names_variables) out.variables = join_variables(form, parts, false).second;
    if (parts.empty()) refuse(invalid_query, std::string{name} + " needs at least one clause", form);
    out.clauses = conjunction(parts, source);
    return out;
  }

  disjunction alternatives(const value& form, std::string_view name, std::span<const value> parts,
                           const value& source) {
    disjunction out{source, name == "or-join", {}, {}, {}};
    if (out.names_variables) std::tie(out.required, out.variables) = join_variables(form, parts, true);
    if (parts.empty()) refuse(invalid_query, std::string{name} + " needs at least one clause", form);
    for (const value& part : parts) out.branches.push_back(conjunction({&part, 1}, source));
    return out;
  }

  std::pair<std::vector<value>, std::vector<value>> join_variables(const value& form,
                                                                   std::span<const value>& parts,
                                                                   bool allow_required) {
    if (parts.empty() || !parts[0].is(kind::vector)) {
      refuse(invalid_query, "a vector of the variables that it shares must come first", form);
    }
    const auto named = parts[0].elements();
    parts = parts.subspan(1);
    return variables(named, allow_required, form);
  }

  std::size_t depth_ = 0;
};

}  // namespace datolite::query::detail
