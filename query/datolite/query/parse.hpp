// parse: queries and rules from EDN forms.
//
// A query is a vector, [:find ?x :in $ ?y :where …], or a map, {:find [?x] :in [$ ?y] :where […]}. Every form
// that is not a query is refused with an error that names the clause; nothing is looked up yet.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <datolite/core/value.hpp>
#include <datolite/query/detail/parse_clauses.hpp>
#include <datolite/query/detail/refuse.hpp>
#include <datolite/query/query_ast.hpp>

namespace datolite::query {

/// The query that `form` says. Throws `db.error/invalid-query`. O(size of form).
query_ast parse_query(const value& form);

/// The rules of a rule set: [[(head ?x) clause …] …]. Throws `db.error/invalid-query`. O(size of form).
std::vector<rule_branch> parse_rules(const value& form);

// ---------------------------------------------------------------------------------------------------------------

namespace detail {

inline bool is_direction(const value& v) noexcept { return v.is_keyword("asc") || v.is_keyword("desc"); }

/// A query's parts by keyword, whichever form it was written in.
class query_parts {
 public:
  explicit query_parts(const value& form) {
    if (form.is(kind::map)) {
      from_map(form);
    } else if (form.is(kind::vector) || form.is(kind::list)) {
      from_vector(form);
    } else {
      refuse(invalid_query, "a query is a vector or a map", form);
    }
  }

  /// The forms after a keyword; whether it was there at all.
  const std::vector<value>& operator[](std::string_view key) const { return parts_[at(key)]; }
  bool has(std::string_view key) const { return present_[at(key)]; }

 private:
  static constexpr std::array<std::string_view, 11> keys{
      "find", "with", "in", "where", "keys", "syms", "strs", "order-by", "offset", "limit", "timeout"};

  static std::size_t at(std::string_view key) {
    std::size_t i = 0;
    while (i < keys.size() && keys[i] != key) ++i;
    return i;
  }

  std::size_t begin_part(const value& key, const value& form) {
    const std::size_t i = key.is(kind::keyword) ? at(key.raw()) : keys.size();
    if (i == keys.size()) {
      refuse(
          invalid_query,
          shown(key) +
              " is not a part of a query (:find :with :in :where :keys :syms :strs :order-by :offset :limit "
              ":timeout)",
          form);
    }
    if (present_[i]) refuse(invalid_query, shown(key) + " is there twice", form);
    present_[i] = true;
    return i;
  }

  void from_vector(const value& form) {
    std::size_t current = keys.size();
    for (const value& part : form.elements()) {
      if (part.is(kind::keyword) && !(current == at("order-by") && is_direction(part))) {
        current = begin_part(part, form);
      } else if (current == keys.size()) {
        refuse(invalid_query, "a query begins with :find", form);
      } else {
        parts_[current].push_back(part);
      }
    }
  }

  void from_map(const value& form) {
    for (const map_entry& entry : form.entries()) {
      const std::size_t i = begin_part(entry.key, form);
      if (i >= at("offset") || (i == at("order-by") && is_variable(entry.val))) {
        parts_[i].push_back(entry.val);
        continue;
      }
      if (!entry.val.is(kind::vector) && !entry.val.is(kind::list)) {
        refuse(invalid_query, shown(entry.key) + " must be a vector", form);
      }
      parts_[i].assign(entry.val.elements().begin(), entry.val.elements().end());
    }
  }

  std::array<std::vector<value>, keys.size()> parts_;
  std::array<bool, keys.size()> present_{};
};

/// A pattern, or the name of an input that is one.
inline bool is_pull_pattern(const value& v) noexcept {
  return is_form(v) || v.is(kind::string) || is_variable(v) || is_plain_symbol(v);
}

inline find_element parse_find_element(const value& form, const value& query) {
  find_element out;
  out.form = form;
  if (is_variable(form)) {
    out.variable = form;
    return out;
  }
  const auto parts = form.elements();
  if (!form.is(kind::list) || parts.size() < 2 || !parts[0].is(kind::symbol)) {
    refuse(invalid_query,
           shown(form) + " cannot be found: a find element is a variable, an aggregate or a pull", query);
  }
  if (parts[0].is_symbol("pull")) {
    const std::size_t first = is_source(parts[1]) ? 2 : 1;
    out.is = find_element::type::pull;
    out.source = first == 2 ? parts[1] : default_source();
    if (parts.size() != first + 2 || !is_variable(parts[first])) {
      refuse(invalid_query, "a pull is (pull ?e pattern) or (pull $src ?e pattern)", form);
    }
    out.variable = parts[first], out.pattern = parts[first + 1];
    if (!is_pull_pattern(out.pattern)) {
      refuse(invalid_query, "a pull's pattern is a vector, a string or the name of an input", form);
    }
    return out;
  }
  const bool custom = parts[0].is_symbol("aggregate");
  out.is = find_element::type::aggregate;
  out.callee = parts[custom ? 1 : 0];
  for (const value& part : parts.subspan(custom ? 2 : 1)) {
    const auto is = is_variable(part) ? term::type::variable
                    : is_source(part) ? term::type::source
                                      : term::type::constant;
    out.arguments.push_back({is, part});
  }
  if (out.arguments.empty() || !out.arguments.back().is_variable()) {
    refuse(invalid_query, "an aggregate's last argument is the variable that it aggregates", form);
  }
  out.variable = out.arguments.back().what;
  out.arguments.pop_back();
  return out;
}

/// ?x … · [?x ...] · [?x ?y] · ?x .
inline void parse_find(query_ast& out, const std::vector<value>& forms) {
  std::vector<value> elements = forms;
  if (forms.size() == 2 && forms[1].is_symbol(".")) {
    out.shape = find_shape::scalar;
    elements.pop_back();
  } else if (forms.size() == 1 && forms[0].is(kind::vector)) {
    elements.assign(forms[0].elements().begin(), forms[0].elements().end());
    out.shape = find_shape::tuple;
    if (elements.size() == 2 && elements[1].is_symbol("...")) {
      out.shape = find_shape::collection;
      elements.pop_back();
    }
  }
  if (elements.empty()) refuse(invalid_query, "nothing is to be found", out.form);
  for (const value& element : elements) out.find.push_back(parse_find_element(element, out.form));
  std::vector<value> pulled;
  for (const find_element& element : out.find) {
    if (element.is != find_element::type::pull) continue;
    if (std::find(pulled.begin(), pulled.end(), element.variable) != pulled.end()) {
      refuse(invalid_query, "the variable " + shown(element.variable) + " is pulled twice", out.form);
    }
    pulled.push_back(element.variable);
  }
}

inline query_input parse_input(const value& form, clause_parser& parser) {
  query_input out;
  out.form = form;
  if (is_source(form)) {
    out.is = query_input::type::source;
    out.name = form;
  } else if (form.is_symbol("%")) {
    out.is = query_input::type::rules;
  } else if (is_plain_symbol(form)) {  // the name of a pull's pattern
    out.binding.is = binding_form::type::scalar;
    out.binding.variable = form;
  } else {
    naming_clause(form, [&] { out.binding = parser.binding(form); });
  }
  return out;
}

inline void parse_return_map(query_ast& out, const query_parts& parts) {
  constexpr std::pair<std::string_view, kind> ways[] = {
      {"keys", kind::keyword}, {"syms", kind::symbol}, {"strs", kind::string}};
  for (const auto& [key, as] : ways) {
    if (!parts.has(key)) continue;
    if (out.return_map_keys != kind::nil)
      refuse(invalid_query, "only one of :keys, :syms and :strs", out.form);
    out.return_map_keys = as;
    for (const value& name : parts[key]) {
      if (!name.is(kind::symbol))
        refuse(invalid_query, "the name " + shown(name) + " is not a symbol", out.form);
      out.return_map_names.push_back(as == kind::keyword  ? value::keyword(name.raw())
                                     : as == kind::symbol ? name
                                                          : value{name.raw()});
    }
    if (out.shape == find_shape::collection || out.shape == find_shape::scalar) {
      refuse(invalid_query, "maps cannot be made of a collection or a scalar", out.form);
    }
    if (out.return_map_names.size() != out.find.size()) {
      refuse(invalid_query, "there must be as many names as find elements", out.form);
    }
    refuse_repeated("name", out.return_map_names, out.form);
  }
}

/// ?x, (count ?x) or the number of a find element, each maybe followed by :asc or :desc; all of it maybe in
/// vectors.
inline void parse_order(std::vector<ordering>& out, std::span<const value> forms,
                        const std::vector<find_element>& find, const value& query) {
  for (std::size_t i = 0; i < forms.size(); ++i) {
    const value& form = forms[i];
    if (form.is(kind::vector)) {
      parse_order(out, form.elements(), find, query);
      continue;
    }
    ordering by;
    const auto at =
        std::find_if(find.begin(), find.end(), [&](const find_element& e) { return e.form == form; });
    if (at != find.end()) {
      by.element = static_cast<std::size_t>(at - find.begin());
    } else if (form.is(kind::long_) && form.word() >= 0 &&
               static_cast<std::size_t>(form.word()) < find.size()) {
      by.element = static_cast<std::size_t>(form.word());
    } else {
      refuse(invalid_query, ":order-by names " + shown(form) + ", which is no find element", query);
    }
    if (i + 1 < forms.size() && is_direction(forms[i + 1])) by.descending = forms[++i].is_keyword("desc");
    out.push_back(by);
  }
}

/// One number that is not negative; -1 is none.
inline std::optional<std::int64_t> parse_count(std::string_view key, const std::vector<value>& forms,
                                               const value& query) {
  if (forms.empty()) return std::nullopt;
  if (forms.size() != 1 || !forms[0].is(kind::long_) || forms[0].word() < -1) {
    refuse(invalid_query, ":" + std::string{key} + " is one number, 0 or more", query);
  }
  return forms[0].word() < 0 ? std::nullopt : std::optional{forms[0].word()};
}

inline void parse_options(query_ast& out, const query_parts& parts) {
  parse_order(out.options.order, parts["order-by"], out.find, out.form);
  out.options.offset = parse_count("offset", parts["offset"], out.form);
  out.options.limit = parse_count("limit", parts["limit"], out.form);
  out.options.timeout = parse_count("timeout", parts["timeout"], out.form);
}

inline rule_branch parse_rule(const value& form, clause_parser& parser) {
  const auto parts = form.elements();
  if (!is_form(form) || parts.empty() || !is_form(parts[0]) || parts[0].elements().empty()) {
    refuse(invalid_query, "a rule is [(name ?x …) clause …]", form);
  }
  const auto head = parts[0].elements();
  if (!head[0].is(kind::symbol) || is_variable(head[0]) || is_source(head[0])) {
    refuse(invalid_query, "a rule's head begins with its name", form);
  }
  if (is_connective(head[0])) refuse(invalid_query, "no rule can be called " + shown(head[0]), form);
  if (parts.size() < 2) refuse(invalid_query, "a rule needs at least one clause", form);
  auto [required, others] = parser.variables(head.subspan(1), true, form);
  rule_branch out{form, head[0], std::move(required), 0, {}};
  out.required = out.variables.size();
  out.variables.insert(out.variables.end(), others.begin(), others.end());
  if (out.variables.size() > 64) refuse(invalid_query, "a rule has at most 64 variables", form);
  out.body = parser.conjunction(parts.subspan(1), default_source());
  return out;
}

}  // namespace detail

inline query_ast parse_query(const value& form) {
  const detail::query_parts parts{form};
  detail::clause_parser parser;
  query_ast out;
  out.form = form;
  if (!parts.has("find")) detail::refuse(detail::invalid_query, "a query needs :find", form);
  detail::parse_find(out, parts["find"]);
  detail::parse_return_map(out, parts);
  detail::parse_options(out, parts);
  out.where = parser.conjunction(parts["where"], detail::default_source());
  for (const value& v : parts["with"]) {
    if (!detail::is_variable(v))
      detail::refuse(detail::invalid_query, detail::shown(v) + " is not a variable", form);
    for (const find_element& element : out.find) {
      if (element.variable == v) {
        detail::refuse(detail::invalid_query,
                       ":find and :with must not use the same variable " + detail::shown(v), form);
      }
    }
    out.with.push_back(v);
  }
  detail::refuse_repeated("variable", out.with, form);
  if (parts.has("in")) {
    for (const value& in : parts["in"]) out.inputs.push_back(detail::parse_input(in, parser));
    const auto are_rules = [](const query_input& in) { return in.is == query_input::type::rules; };
    if (std::count_if(out.inputs.begin(), out.inputs.end(), are_rules) > 1) {
      detail::refuse(detail::invalid_query, "the rules % are there twice", form);
    }
  } else {
    out.inputs_omitted = true;
    out.inputs.push_back({query_input::type::source, detail::default_source(), detail::default_source(), {}});
  }
  return out;
}

inline std::vector<rule_branch> parse_rules(const value& form) {
  if (!form.is(kind::vector) && !form.is(kind::list)) {
    detail::refuse(detail::invalid_query, "rules are a vector of rules", form);
  }
  detail::clause_parser parser;
  std::vector<rule_branch> out;
  for (const value& rule : form.elements()) out.push_back(detail::parse_rule(rule, parser));
  for (const rule_branch& rule : out) {
    for (const rule_branch& other : out) {
      if (other.name != rule.name) continue;
      if (other.variables.size() != rule.variables.size()) {
        detail::refuse(detail::wrong_arity,
                       "the rule " + detail::shown(rule.name) + " has heads of different size", rule.form);
      }
      if (other.required != rule.required) {
        detail::refuse(detail::wrong_arity,
                       "the heads of the rule " + detail::shown(rule.name) +
                           " differ in how many variables must be bound",
                       rule.form);
      }
    }
  }
  return out;
}

}  // namespace datolite::query
