// Random pulls of random data show what a plain recursive pull shows.
#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <datolite/core/edn.hpp>
#include <datolite/query/pull.hpp>

#include <query/datom_set.hpp>
#include <support/effort.hpp>

#include <gtest/gtest.h>

namespace datolite_test {
namespace pull_random_test {

using map = std::map<value, value, stored_less>;

/// Pull as plainly as it can be written: a pattern's form, a list of datoms, recursion.
class plain_pull {
 public:
  explicit plain_pull(const datom_set& of) : of_{of} {}

  value operator()(const value& pattern, entity_id e) const { return as_value(show(pattern, e, {}, {})); }

 private:
  /// How far down each recursion may go, by its attribute and direction: two may be shown by one key.
  using depths_left = std::map<std::pair<std::string, bool>, std::int64_t>;

  struct spec {
    std::string name;
    bool reverse = false;
    value key, nested;
    std::optional<value> otherwise;
    std::size_t limit = 1000;
    bool counts = false;  // :xform count
  };

  static value as_value(const map& m) {
    std::vector<map_entry> entries;
    for (const auto& [key, v] : m) entries.push_back({key, v});
    return make_map(entries);
  }

  static spec read(const value& part) {
    spec out;
    const value name = part.is(kind::keyword) ? part : part.elements()[0];
    out.key = name;
    out.name = name.raw();
    out.reverse = out.name[0] == '_';
    if (out.reverse) out.name.erase(0, 1);
    if (part.is(kind::keyword)) return out;
    const auto options = part.elements().subspan(1);
    for (std::size_t i = 0; i < options.size(); i += 2) {
      const value& given = options[i + 1];
      if (options[i].is_keyword("as")) out.key = given;
      if (options[i].is_keyword("default")) out.otherwise = given;
      if (options[i].is_keyword("limit"))
        out.limit = given.is_nil() ? 1'000'000 : std::size_t(given.as_long());
      if (options[i].is_keyword("xform")) out.counts = true;
    }
    return out;
  }

  std::vector<value> values(entity_id e, const attribute_facts& a, bool reverse) const {
    std::vector<value> out;
    for (const datom& d : of_.datoms()) {
      if (d.a != a.id) continue;
      if (!reverse && d.e == e) out.push_back(d.v);
      if (reverse && d.v == value::ref(e)) out.push_back(value::ref(d.e));
    }
    return out;
  }

  map show(const value& pattern, entity_id e, const std::vector<entity_id>& way,
           const depths_left& depths) const {
    std::vector<spec> specs;
    bool all = false;
    const auto add = [&](spec s) {
      std::erase_if(specs, [&](const spec& o) { return o.name == s.name && o.reverse == s.reverse; });
      specs.push_back(std::move(s));
    };
    for (const value& part : pattern.elements()) {
      if (part.is_symbol("*")) {
        all = true;
      } else if (part.is(kind::map)) {
        for (const map_entry& entry : part.entries()) {
          spec s = read(entry.key);
          s.nested = entry.val;
          add(std::move(s));
        }
      } else {
        add(read(part));
      }
    }
    if (all) {
      std::vector<spec> found;
      for (const auto& [id, facts] : of_.all_attributes()) {
        const std::string name{facts.ident.raw()};
        const auto named = [&](const spec& s) { return s.name == name && !s.reverse; };
        if (std::none_of(specs.begin(), specs.end(), named)) found.push_back(read(facts.ident));
      }
      specs.insert(specs.begin(), found.begin(), found.end());
      const auto is_id = [](const spec& s) { return s.name == "db/id"; };
      if (std::none_of(specs.begin(), specs.end(), is_id)) specs.push_back(read(value::keyword("db/id")));
    }
    map out;
    for (const spec& s : specs) {
      std::optional<value> v = one(pattern, s, e, way, depths);
      if (v) out.insert_or_assign(s.key, *v);
    }
    return out;
  }

  static value id_map(const value& ref) { return make_map({{value::keyword("db/id"), ref}}); }

  /// What one spec shows of `e`; nothing if it is left out.
  std::optional<value> one(const value& pattern, const spec& s, entity_id e,
                           const std::vector<entity_id>& way, const depths_left& depths) const {
    const auto counted = [&](std::optional<value> v) {
      if (s.counts)
        v = v ? static_cast<std::int64_t>(v->is(kind::map) ? v->entries().size() : v->elements().size()) : 0;
      return v;
    };
    if (s.name == "db/id") return value::ref(e);
    const attribute_facts* const a = of_.attribute(value::keyword(s.name));
    const auto found = a == nullptr ? std::vector<value>{} : values(e, *a, s.reverse);
    if (found.empty()) return s.otherwise ? s.otherwise : counted(std::nullopt);
    const bool many = s.reverse ? !a->component : a->many;
    const std::size_t limit = many ? std::min(s.limit, found.size()) : 1;
    const bool recursion = s.nested.is(kind::long_) || s.nested.is_symbol("...");
    auto deeper = depths;
    if (s.nested.is(kind::long_)) {
      auto& left = deeper.emplace(std::pair{s.name, s.reverse}, s.nested.as_long()).first->second;
      if (left-- == 0) return std::nullopt;
    }
    std::vector<value> shown;
    for (std::size_t i = 0; i < limit; ++i) {
      const value& v = found[i];
      const bool part = !s.reverse && a->component && s.nested.is_nil();
      if (!v.is(kind::ref)) {
        shown.push_back(v);
      } else if (s.nested.is_nil() && !part) {
        shown.push_back(id_map(v));
      } else if ((recursion || part) && std::find(way.begin(), way.end(), v.word()) != way.end()) {
        shown.push_back(id_map(v));
      } else {
        auto further = way;
        further.push_back(v.word());
        const map inner = part        ? show(read_edn("[*]"), v.word(), further, {})
                          : recursion ? show(pattern, v.word(), further, deeper)
                                      : show(s.nested, v.word(), {}, {});
        if (!inner.empty()) shown.push_back(as_value(inner));
      }
    }
    if (many) return counted(value::vector(shown));
    return counted(shown.empty() ? std::nullopt : std::optional{shown[0]});
  }

  const datom_set& of_;
};

class generator {
 public:
  explicit generator(std::uint32_t seed) : random_{seed} {}

  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>{0, n - 1}(random_); }
  bool chance(std::size_t in) { return below(in) == 0; }

  /// Few entities and many refs: cycles, shared parts, entities that have nothing.
  void fill(datom_set& set) {
    set.attribute("a"), set.many("b"), set.attribute("r", kind::ref), set.many("s", kind::ref);
    set.part("p"), set.part("q", true);
    const std::size_t entities = 2 + below(8);
    const auto entity = [&] { return static_cast<entity_id>(1 + below(entities)); };
    std::set<std::pair<entity_id, std::string>> taken;
    for (std::size_t i = below(4 * entities); i > 0; --i) {
      const std::string name = std::vector<std::string>{"a", "b", "r", "s", "p", "q"}[below(6)];
      const entity_id e = entity();
      const bool one = name == "a" || name == "r" || name == "p";
      if (one && !taken.emplace(e, name).second) continue;
      set.add(e, name, name < "c" ? value{static_cast<std::int64_t>(below(5))} : value::ref(entity()));
    }
    if (chance(6)) crowd(set);
  }

  /// The first entity leads to more than are read together, some of them larger than what is read at first; a
  /// few lead back.
  void crowd(datom_set& set) {
    constexpr entity_id first = 100;
    const entity_id count = static_cast<entity_id>(40 + below(120));
    for (entity_id e = first; e < first + count; ++e) {
      set.add(1, "s", value::ref(e));
      const std::size_t values = chance(20) ? 40 + below(50) : below(4);
      for (std::size_t i = 0; i < values; ++i) set.add(e, "b", value{static_cast<std::int64_t>(i)});
      if (chance(2)) set.add(e, "a", value{static_cast<std::int64_t>(below(5))});
      if (e < first + 2 && chance(2)) set.add(e, "p", value::ref(1));
    }
  }

  std::string pattern(int depth = 0) {
    std::string out = "[";
    for (std::size_t i = 1 + below(4); i > 0; --i) out += (out.size() > 1 ? " " : "") + part(depth);
    return out + "]";
  }

 private:
  std::string part(int depth) {
    if (chance(5)) return "*";
    if (depth > 2 || chance(2)) return attribute(true);
    const std::string nested = chance(2)   ? pattern(depth + 1)
                               : chance(2) ? "..."
                                           : std::to_string(1 + below(3));
    return "{" + attribute(false) + " " + nested + "}";
  }

  std::string attribute(bool scalar) {
    const std::vector<std::string> refs{":r", ":s", ":p", ":q", ":_r", ":_s", ":_p", ":_q"};
    const std::vector<std::string> others{":a", ":b", ":db/id", ":unknown", ":_a"};
    const std::string name = scalar && chance(2) ? others[below(others.size())] : refs[below(refs.size())];
    if (!chance(3) || name == ":db/id") return name;
    std::string out = "(" + name;
    if (chance(3)) out += std::string{" :as "} + (chance(2) ? ":x" : ":y");
    if (chance(3)) out += " :default \"none\"";
    if (chance(3)) out += chance(4) ? " :limit nil" : " :limit " + std::to_string(1 + below(2));
    if (chance(3) && name != ":a") out += " :xform count";
    return out + ")";
  }

  std::mt19937 random_;
};

TEST(random_pull, shows_what_a_plain_recursive_pull_shows) {
  const std::uint32_t seed = 20261125;
  std::size_t shown = 0;
  const std::uint32_t rounds = datolite::test::rounds(1'500u, 15'000u);
  for (std::uint32_t round = 0; round < rounds; ++round) {
    generator make{seed + round};
    datom_set set;
    make.fill(set);
    const plain_pull plain{set};
    for (int i = 0; i < 4; ++i) {
      const std::string text = make.pattern();
      const pull_pattern pattern{text};
      for (entity_id e = 1; e < 6; ++e) {
        const value expected = plain(pattern.form(), e);
        const value found = pull(set, pattern, e);
        shown += found.entries().size();
        ASSERT_EQ(found, expected) << "seed " << seed + round << ", entity " << e << ", " << text
                                   << "\n  got      " << to_edn(found, edn_style::plain) << "\n  expected "
                                   << to_edn(expected, edn_style::plain);
      }
    }
  }
  EXPECT_GT(shown, 6 * rounds);
}

}  // namespace pull_random_test
}  // namespace datolite_test
