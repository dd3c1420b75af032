#include <query/reference_evaluator.hpp>

#include <algorithm>
#include <span>
#include <utility>

#include <datolite/core/edn.hpp>
#include <datolite/core/value_comparison.hpp>
#include <datolite/core/value_equality.hpp>

namespace reference {

using datolite::kind;

class solver {
 public:
  explicit solver(evaluator& of)
      : sources{of.sources}, rules{of.rules}, found{of.found}, computed{of.computed} {}

  /// `input_names` are bound by every binding of `inputs`.
  rows answer(const value& query, std::vector<binding> inputs, std::set<std::string> input_names) {
    std::map<std::string, std::vector<value>> parts;
    std::string key;
    for (const value& v : query.elements()) {
      if (v.is(kind::keyword))
        key = v.raw();
      else
        parts[key].push_back(v);
    }
    const auto bindings = conjunction(parts["where"], std::move(inputs), input_names);
    for (const value& v : parts["find"]) {
      if (!input_names.contains(std::string{v.raw()})) throw stuck{"find"};
    }
    rows out;
    for (const binding& b : bindings) {
      row one;
      for (const value& v : parts["find"]) one.push_back(b.at(std::string{v.raw()}));
      out.insert(one);
    }
    return out;
  }

 private:
  static bool is_var(const value& v) { return v.is(kind::symbol) && v.raw().starts_with('?'); }
  static bool is_source(const value& v) { return v.is(kind::symbol) && v.raw().starts_with('$'); }
  static bool is_blank(const value& v) { return v.is_symbol("_"); }

  /// What a rule gives when it is called on `source`. Rules call no others on another source.
  const rows& answers(const std::string& source, const value& rule) {
    if (computed.insert(source).second) {
      const std::string outer = std::exchange(here, source);
      compute_rules();
      here = outer;
    }
    return found[source + " " + std::string{rule.raw()}];
  }

  void compute_rules() {
    for (bool changed = true; changed;) {
      changed = false;
      for (const auto& [name, branches] : rules) {
        for (const value& branch : branches) {
          const auto parts = branch.elements();
          std::set<std::string> bound;
          for (const binding& b : conjunction({parts.begin() + 1, parts.end()}, {binding{}}, bound)) {
            row one;
            for (const value& v : parts[0].elements().subspan(1)) one.push_back(b.at(std::string{v.raw()}));
            changed = found[here + " " + name].insert(one).second || changed;
          }
        }
      }
    }
  }

  /// `bound`: what is bound before, and then after.
  std::vector<binding> conjunction(std::vector<value> clauses, std::vector<binding> bindings,
                                   std::set<std::string>& bound) {
    while (!clauses.empty()) {
      std::size_t next = 0;
      while (next < clauses.size() && !ready(clauses[next], bound, others(clauses, next))) ++next;
      if (next == clauses.size()) throw stuck{"where"};
      const value clause = clauses[next];
      const auto around = others(clauses, next);
      clauses.erase(clauses.begin() + static_cast<std::ptrdiff_t>(next));
      if (!is_negation(clause)) bound.merge(visible(clause));
      std::set<binding> out;
      for (const binding& b : bindings) {
        for (binding& more : one(clause, b, around)) out.insert(std::move(more));
      }
      bindings.assign(out.begin(), out.end());
    }
    return bindings;
  }

  static void names(const value& form, std::set<std::string>& out) {
    if (is_var(form)) out.insert(std::string{form.raw()});
    for (const value& part : form.elements()) names(part, out);
  }
  static std::set<std::string> names(const value& form) {
    std::set<std::string> out;
    names(form, out);
    return out;
  }
  /// The variables of a clause that other clauses can see.
  static std::set<std::string> visible(const value& form) {
    if (form.is(kind::list) &&
        (form.elements()[0].is_symbol("not-join") || form.elements()[0].is_symbol("or-join"))) {
      return names(form.elements()[1]);
    }
    if (!form.is(kind::list)) return names(form);
    std::set<std::string> out;
    for (const value& part : form.elements()) {
      const auto some = visible(part);
      out.insert(some.begin(), some.end());
      if (is_var(part)) out.insert(std::string{part.raw()});
    }
    return out;
  }
  static std::set<std::string> others(const std::vector<value>& clauses, std::size_t but) {
    std::set<std::string> out;
    for (std::size_t i = 0; i < clauses.size(); ++i) {
      if (i == but || is_negation(clauses[i])) continue;
      const auto some = visible(clauses[i]);
      out.insert(some.begin(), some.end());
    }
    return out;
  }
  static bool is_negation(const value& c) {
    if (!c.is(kind::list)) return false;
    return c.elements()[0].is_symbol("not") || c.elements()[0].is_symbol("not-join");
  }

  static bool subset(const std::set<std::string>& a, const std::set<std::string>& b) {
    return std::includes(b.begin(), b.end(), a.begin(), a.end());
  }

  bool ready(const value& c, const std::set<std::string>& bound, const std::set<std::string>& around) {
    const auto parts = c.elements();
    if (c.is(kind::vector)) {
      return !parts[0].is(kind::list) || subset(names(parts[0]), bound);
    }
    if (is_negation(c)) {
      bool linked = false;
      for (const std::string& name : visible(c)) {
        if (!parts[0].is_symbol("not-join") && !around.contains(name) && !bound.contains(name)) continue;
        if (!bound.contains(name)) return false;
        linked = true;
      }
      return linked && inside_ready(c, bound, around);
    }
    if (parts[0].is_symbol("or") || parts[0].is_symbol("or-join")) {
      const bool join = parts[0].is_symbol("or-join");
      if (join && parts[1].elements()[0].is(kind::vector) && !subset(names(parts[1].elements()[0]), bound))
        return false;
      for (const value& branch : parts.subspan(join ? 2 : 1)) {
        if (!branch_ready(branch, bound, visible(c))) return false;
      }
    }
    return true;
  }

  /// Whether what a negation denies can be answered.
  bool inside_ready(const value& c, const std::set<std::string>& bound, const std::set<std::string>& around) {
    const bool join = c.elements()[0].is_symbol("not-join");
    std::set<std::string> kept;
    for (const std::string& name : visible(c)) {
      if (bound.contains(name) && (join || around.contains(name) || bound.contains(name))) kept.insert(name);
    }
    const auto parts = c.elements().subspan(join ? 2 : 1);
    return runs({parts.begin(), parts.end()}, kept);
  }

  bool branch_ready(const value& branch, std::set<std::string> bound, const std::set<std::string>& head) {
    std::set<std::string> kept;
    std::set_intersection(bound.begin(), bound.end(), head.begin(), head.end(),
                          std::inserter(kept, kept.end()));
    return runs(clauses_of(branch), kept) && subset(head, kept);
  }

  bool runs(std::vector<value> clauses, std::set<std::string>& kept) {
    for (bool progress = true; progress && !clauses.empty();) {
      progress = false;
      for (std::size_t i = 0; i < clauses.size(); ++i) {
        if (!ready(clauses[i], kept, others(clauses, i))) continue;
        if (!is_negation(clauses[i])) kept.merge(visible(clauses[i]));
        clauses.erase(clauses.begin() + static_cast<std::ptrdiff_t>(i));
        progress = true;
        break;
      }
    }
    return clauses.empty();
  }

  static std::vector<value> clauses_of(const value& branch) {
    const auto parts = branch.elements();
    if (branch.is(kind::list) && parts[0].is_symbol("and")) return {parts.begin() + 1, parts.end()};
    return {branch};
  }

  static std::set<std::string> keys(const binding& b) {
    std::set<std::string> out;
    for (const auto& [name, v] : b) out.insert(name);
    return out;
  }

  static bool unify(binding& b, const value& slot, const value& v) {
    if (is_blank(slot)) return true;
    if (!is_var(slot)) return datolite::query_equal(slot, v);
    const auto [at, added] = b.emplace(std::string{slot.raw()}, v);
    return added || datolite::query_equal(at->second, v);
  }

  static void match(const rows& all, std::span<const value> slots, const binding& b,
                    std::vector<binding>& out) {
    std::vector<const value*> known(slots.size());  // what stands in each slot, where that is known
    for (std::size_t i = 0; i < slots.size(); ++i) {
      const auto bound = is_var(slots[i]) ? b.find(std::string{slots[i].raw()}) : b.end();
      if (bound != b.end()) known[i] = &bound->second;
      if (!is_var(slots[i]) && !is_blank(slots[i])) known[i] = &slots[i];
    }
    for (const row& r : all) {
      bool fits = r.size() >= slots.size();
      for (std::size_t i = 0; fits && i < slots.size(); ++i)
        fits = known[i] == nullptr || datolite::query_equal(*known[i], r[i]);
      if (!fits) continue;
      binding more = b;
      for (std::size_t i = 0; fits && i < slots.size(); ++i) fits = unify(more, slots[i], r[i]);
      if (fits) out.push_back(std::move(more));
    }
  }

  std::vector<binding> one(const value& c, const binding& b, const std::set<std::string>& around) {
    const auto parts = c.elements();
    std::vector<binding> out;
    if (c.is(kind::vector)) {
      if (parts[0].is(kind::list)) return call(parts, b);
      match(sources[is_source(parts[0]) ? std::string{parts[0].raw()} : here],
            parts.subspan(is_source(parts[0]) ? 1 : 0), b, out);
      return out;
    }
    if (is_negation(c)) {
      const bool join = parts[0].is_symbol("not-join");
      binding inner;
      for (const auto& [name, v] : b) {
        if (join ? names(parts[1]).contains(name) : (around.contains(name) || b.contains(name)))
          inner.emplace(name, v);
      }
      std::set<std::string> bound = keys(inner);
      if (conjunction({parts.begin() + (join ? 2 : 1), parts.end()}, {inner}, bound).empty())
        out.push_back(b);
      return out;
    }
    if (parts[0].is_symbol("or") || parts[0].is_symbol("or-join")) {
      const auto head = visible(c);
      for (const value& branch : parts.subspan(parts[0].is_symbol("or-join") ? 2 : 1)) {
        binding inner;
        for (const auto& [name, v] : b) {
          if (head.contains(name)) inner.emplace(name, v);
        }
        std::set<std::string> bound = keys(inner);
        for (const binding& got : conjunction(clauses_of(branch), {inner}, bound)) {
          binding more = b;
          for (const std::string& name : head) more.insert_or_assign(name, got.at(name));
          out.push_back(std::move(more));
        }
      }
      return out;
    }
    const bool named = is_source(parts[0]);
    match(answers(named ? std::string{parts[0].raw()} : here, parts[named]), parts.subspan(named ? 2 : 1), b,
          out);
    return out;
  }

  /// Adds the ways in which `form` binds `v`.
  static void bind(const binding& b, const value& form, const value& v, std::vector<binding>& out) {
    if (!form.is(kind::vector)) {
      binding more = b;
      if (unify(more, form, v)) out.push_back(std::move(more));
      return;
    }
    if (!v.is_sequential()) throw std::invalid_argument{"binding"};
    const auto parts = form.elements();
    const bool many = parts.size() == 2 && parts[1].is_symbol("...");
    if (many || (parts.size() == 1 && parts[0].is(kind::vector))) {
      for (const value& one : v.elements()) bind(b, parts[0], one, out);
      return;
    }
    if (v.elements().size() < parts.size()) throw std::invalid_argument{"binding"};
    std::vector<binding> so_far{b};
    for (std::size_t i = 0; i < parts.size(); ++i) {
      std::vector<binding> next;
      for (const binding& one : so_far) bind(one, parts[i], v.elements()[i], next);
      so_far = std::move(next);
    }
    out.insert(out.end(), so_far.begin(), so_far.end());
  }

  static bool compares(std::string_view op, const value& a, const value& b) {
    if (op == "clojure.string/starts-with?")
      return a.is(kind::string) && b.is(kind::string) && a.as_string().starts_with(b.as_string());
    const auto order = datolite::compare_values(a, b);
    const bool same = datolite::query_equal(a, b);
    return op == "="    ? same
           : op == "<"  ? order < 0
           : op == "<=" ? order <= 0
           : op == ">"  ? order > 0
                        : order >= 0;
  }

  /// The value of an attribute of cardinality one, or of any other one of them; nil if there is none.
  value read(const value& source, const value& entity, const value& attribute) const {
    for (const row& r : sources[std::string{source.raw()}]) {
      if (datolite::query_equal(r[0], entity) && datolite::query_equal(r[1], attribute)) return r[2];
    }
    return {};
  }

  std::vector<binding> call(std::span<const value> parts, const binding& b) const {
    const auto inside = parts[0].elements();
    std::vector<value> a;
    for (const value& v : inside.subspan(1)) a.push_back(is_var(v) ? b.at(std::string{v.raw()}) : v);
    const std::string_view f = inside[0].raw();
    std::vector<binding> out;
    if (f == "untuple" && !a[0].is_sequential()) throw std::invalid_argument{"untuple"};
    if (f == "tuple") {
      bind(b, parts[1], value::vector(a), out);
    } else if (f == "ground" || f == "untuple") {
      bind(b, parts[1], a[0], out);
    } else if (f == "get-else") {
      const value known = read(a[0], a[1], a[2]);
      bind(b, parts[1], known.is_nil() ? a[3] : known, out);
    } else if (f == "missing?") {
      if (read(a[0], a[1], a[2]).is_nil()) out.push_back(b);
    } else if (f == "+") {
      if (!a[0].is(kind::long_)) throw std::invalid_argument{"+"};
      bind(b, parts[1], a[0].as_long() + a[1].as_long(), out);
    } else {
      const bool differs = f == "not=";  // it is `=` denied, of however many
      bool holds = true;
      for (std::size_t i = 1; i < a.size(); ++i) holds = holds && compares(differs ? "=" : f, a[i - 1], a[i]);
      if (differs) holds = !holds;
      if (holds) out.push_back(b);
    }
    return out;
  }

  std::string here = "$";  // the source of what names none
  std::map<std::string, rows>& sources;
  std::map<std::string, std::vector<value>>& rules;
  std::map<std::string, rows>& found;
  std::set<std::string>& computed;
};

rows evaluator::answer(const value& query, std::vector<binding> inputs, std::set<std::string> input_names) {
  return solver{*this}.answer(query, std::move(inputs), std::move(input_names));
}

}  // namespace reference
